"""check and prune: cassettes that no test asks any more."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from simulator import Reply
from simulator.platforms import event_stream
from simulator.wire import events, message

from pytest_claude import cli
from pytest_claude.recording import cassette
from pytest_claude.recording.entry import Recorded
from pytest_claude.run.place import Layout
from pytest_claude.transcript.interaction import Interaction, Request, Response

MODEL = "claude-sonnet-4-5.yaml"
TESTS = """
@pytest.fixture(scope="module")
def greeting():
    return ask("hello")

@pytest.fixture(scope="class")
def farewell():
    return ask("bye")

@pytest.mark.parametrize("word", ["two words", "three"])
def test_asks(claude, word, greeting):
    ask(word)

class TestDesk:
    def test_closes(self, claude, farewell):
        ask("close")
"""
LEFT = [
    "test_app/@fixtures/class/farewell", "test_app/@fixtures/module/greeting",
    "test_app/TestDesk.test_closes", "test_app/test_asks[three]",
    "test_app/test_asks[two_words]-e6d41469",
]  # fmt: skip

Command = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def command(project, monkeypatch, capsys) -> Command:
    """Type a command in the project; its status, and the lines it prints."""
    monkeypatch.chdir(project.path)

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        capsys.readouterr()
        status = cli.main(arguments)
        out, err = capsys.readouterr()
        return status, out.splitlines(), err.splitlines()

    return run


@pytest.fixture
def recorded(project, recorded_once):
    """A project with a cassette for each of its tests and wider fixtures."""
    project.tests(TESTS)
    recorded_once(project, "housekeeping", lambda: project.record().assert_outcomes(passed=3))
    assert folders(project.path) == LEFT
    return project


def folders(path: Path) -> list[str]:
    root = path / "cassettes"
    return sorted({p.parent.relative_to(root).as_posix() for p in root.rglob("*.yaml*")})


def test_check_finds_no_orphan_where_every_cassette_has_its_test(recorded, command) -> None:
    assert command("check") == (0, ["5 good, 0 bad"], [])


@pytest.mark.fault("M10")
def test_check_names_a_renamed_test(recorded, command) -> None:
    recorded.tests(TESTS.replace("test_closes", "test_closes_it").replace('"three"', '"thee"'))
    assert command("check") == (0, [
        "orphaned  cassettes/test_app/TestDesk.test_closes: no test asks it",
        "  was its test renamed?  mv cassettes/test_app/TestDesk.test_closes "
        "cassettes/test_app/TestDesk.test_closes_it",
        "orphaned  cassettes/test_app/test_asks[three]: no test asks it",
        "  it is kept: its test has other parameters now, which an option or a file may change",
        "5 good, 0 bad, 2 orphaned",
        "to remove what is orphaned  pytest-claude prune",
    ], [])  # fmt: skip


def test_check_names_a_renamed_class(recorded, command) -> None:
    recorded.tests(TESTS.replace("class TestDesk", "class TestOpeningHours"))
    assert command("check") == (0, [
        "orphaned  cassettes/test_app/TestDesk.test_closes: no test asks it",
        "  was its test renamed?  mv cassettes/test_app/TestDesk.test_closes "
        "cassettes/test_app/TestOpeningHours.test_closes",
        "5 good, 0 bad, 1 orphaned",
        "to remove what is orphaned  pytest-claude prune",
    ], [])  # fmt: skip


def test_a_module_that_moved_is_found_again(recorded, command) -> None:
    (recorded.path / "sub").mkdir()
    (recorded.path / "test_app.py").rename(recorded.path / "sub" / "test_app.py")
    (recorded.path / "sub" / "app.py").write_text((recorded.path / "app.py").read_text())
    _, out, _ = command("check")
    assert out[0] == "orphaned  cassettes/test_app/@fixtures/class/farewell: no test asks it"
    asks = "  was its test renamed?  "
    moves = [line.removeprefix(asks) for line in out if line.startswith(asks)]
    assert moves[0] == (
        "mkdir -p cassettes/sub/test_app && mv cassettes/test_app/TestDesk.test_closes "
        "cassettes/sub/test_app/TestDesk.test_closes"
    )
    assert out[-2] == "5 good, 0 bad, 5 orphaned"
    for move in moves:
        subprocess.run(move, shell=True, check=True)
    _, out, _ = command("check")
    assert out[-2] == "5 good, 0 bad, 2 orphaned", "the fixtures' are left"


def test_a_path_is_checked_without_its_tests(recorded, command) -> None:
    (recorded.path / "test_app.py").write_text("raise SystemExit('collected')")
    assert command("check", "cassettes") == (0, ["5 good, 0 bad"], [])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ValueError(1)", "pytest --collect-only exits with 2: ValueError: 1"),
        ("", "pytest --collect-only finds no test"),
    ],
    ids=["error", "no test"],
)
def test_without_the_tests_the_rest_is_checked(recorded, command, source: str, said: str) -> None:
    (recorded.path / "test_app.py").write_text(source)
    told = [f"orphaned cassettes were not looked for: {said}"]
    assert command("check") == (0, ["5 good, 0 bad"], told)


@pytest.mark.parametrize("words", ["-k other", "-m other", "--lf", "-q", "--ignore=test_app.py"])
def test_what_a_project_leaves_out_is_no_orphan(recorded, command, words: str) -> None:
    recorded.pytester.makepyprojecttoml(
        f"[tool.pytest.ini_options]\npythonpath = ['.']\naddopts = '{words}'\n"
    )
    recorded.tests("def test_other(): assert False", "test_other")
    cache = recorded.path / ".pytest_cache" / "v" / "cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text('{"test_app.py::test_asks[three]": true}')
    assert command("check") == (0, ["5 good, 0 bad"], [])


def test_a_module_that_is_skipped_keeps_its_cassettes(recorded, command) -> None:
    recorded.tests("pytest.skip('not here', allow_module_level=True)")
    recorded.tests("def test_other(): pass", "test_other")
    assert command("check") == (0, ["5 good, 0 bad"], [])


def test_names_that_a_folder_cannot_have_are_found_again(recorded, command) -> None:
    recorded.tests("def test_other(): pass")
    for folder, id_ in (
        ("", "test_ü b.py::test_1"),
        ("my tests", "my tests/test_b.py::test_1"),
        ("", "../other/test_b.py::test_1"),
        ("", "unknown/sub/test_b.py::test_1"),
    ):
        if not id_.startswith(("..", "unknown")):
            path = recorded.path / id_.partition("::")[0]
            (recorded.path / folder).mkdir(exist_ok=True)
            path.write_text("import pytest\npytest.skip('no', allow_module_level=True)")
        copy(recorded, str(Layout().test(id_).plain))
    command("prune", "--yes")
    kept = {str(Layout().test(id_).plain) for id_ in (
        "test_ü b.py::test_1", "my tests/test_b.py::test_1", "../other/test_b.py::test_1",
        "unknown/sub/test_b.py::test_1")}  # fmt: skip
    assert kept | set(LEFT[:2]) == set(folders(recorded.path)), "what other tests had is gone"


def copy(project, folder: str) -> None:
    """A cassette of the project in another folder too."""
    source = project.cassette(f"{LEFT[2]}/{MODEL}")
    target = project.path / "cassettes" / folder / MODEL
    target.parent.mkdir(parents=True)
    target.write_bytes(source.read_bytes())


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("def test_1(x): pass", True),
        ("@pytest.mark.parametrize('x', [])\ndef test_old(x): pass", False),
        ("@pytest.mark.parametrize('x', ['new'])\ndef test_old(x): pass", False),
        ("import os\nif os.environ.get('NIGHTLY'):\n    def test_old(x): pass", False),
    ],
    ids=["gone", "no parameter", "another parameter", "under a condition"],
)
def test_a_test_that_may_be_there_is_told_and_kept(recorded, command, source: str, gone) -> None:
    recorded.tests("@pytest.fixture\ndef x(): pass\ndef test_0(): pass\n" + source, "test_more")
    copy(recorded, "test_more/test_old[opus]")
    _, out, _ = command("prune", "--yes")
    assert out[0] == "orphaned  cassettes/test_more/test_old[opus]: no test asks it"
    assert any(line.startswith("  it is kept: ") for line in out) is not gone
    assert ("test_more/test_old[opus]" in folders(recorded.path)) is not gone


def test_a_file_beside_a_module_that_pytest_did_not_take_keeps_its_cassettes(
    recorded, command
) -> None:
    (recorded.path / "test_app.md").write_text(">>> 1\n1\n")
    copy(recorded, "test_app/test_app.md")
    assert command("prune", "--yes") == (0, ["no cassette is orphaned"], [])


def test_two_tests_that_are_gone_are_not_moved_to_one(recorded, command) -> None:
    recorded.tests(TESTS.replace("test_closes", "test_closes_it"))
    copy(recorded, "test_app/TestDesk.test_closes_at")
    _, out, _ = command("check")
    assert sum("was its test renamed?" in line for line in out) == 1


def test_what_an_interrupted_run_left_of_an_unknown_test_is_kept(recorded, command) -> None:
    copy(recorded, "checkout/refunds")
    whole = recorded.path / "cassettes/checkout/refunds" / MODEL
    whole.rename(f"{whole}.partial")
    assert command("prune", "--yes") == (0, ["no cassette is orphaned"], [])


def test_a_link_to_nothing_is_no_cassette(recorded, command) -> None:
    recorded.cassette("test_app/test_gone").mkdir()
    recorded.cassette("test_app/test_gone/x.yaml").symlink_to("nowhere")
    assert command("prune") == (0, ["no cassette is orphaned"], [])


@pytest.mark.parametrize(
    ("ini", "told"),
    [
        ("addopts = 'test_app.py::TestDesk'", "pytest is told to run test_app.py::TestDesk alone"),
        ("claude_cassette_dir = '../elsewhere'", "is outside the project"),
    ],
    ids=["a test in addopts", "a shared folder"],
)
def test_prune_refuses_what_it_cannot_know(recorded, command, ini: str, told: str) -> None:
    recorded.pytester.makepyprojecttoml(f"[tool.pytest.ini_options]\npythonpath = ['.']\n{ini}\n")
    status, out, err = command("prune", "--yes")
    assert (status, out) == (1, [])
    assert told in err[0]


def test_gates_and_other_tools_recordings_are_no_orphans(bumped, command) -> None:
    bumped.tests("def test_other(): pass")
    foreign = bumped.cassette("test_app/test_mine.yaml")
    foreign.write_text("version: 1\ninteractions: []\n")
    _, out, _ = command("check")
    assert [line for line in out if line.startswith("orphaned")] == [
        f"orphaned  cassettes/test_app/{name}: no test asks it"
        for name in ("test_calls", "test_no_check", "test_stays")
    ]


def test_prune_lists_first_and_removes_on_yes(recorded, command) -> None:
    recorded.tests("def test_other(): pass")
    left = recorded.cassette("test_app/test_asks[three]/claude-opus-5.2.yaml.partial")
    left.touch()
    left.with_name(".claude-opus-5.2.yaml.1.tmp").touch()
    (left.parent / MODEL).replace(left.parent / "claude-opus-5.2.yaml")
    notes = recorded.cassette("test_app/TestDesk.test_closes/notes.md")
    notes.touch()
    status, out, err = command("prune")
    assert (status, err) == (0, [])
    assert out[0] == "orphaned  cassettes/test_app/TestDesk.test_closes: no test asks it"
    assert out[-1] == "nothing is removed; to remove 4 files  pytest-claude prune --yes"
    assert folders(recorded.path) == LEFT
    assert command("prune", "--yes")[1] == [*out[:-1], "4 files removed"]
    assert recorded.cassettes == [
        "test_app/@fixtures/class/farewell/claude-sonnet-4-5.yaml",
        "test_app/@fixtures/module/greeting/claude-sonnet-4-5.yaml",
        "test_app/TestDesk.test_closes/notes.md",
    ]
    assert not left.parent.exists()
    assert command("prune") == (0, ["no cassette is orphaned"], [])


def test_prune_removes_what_a_module_leaves_with_its_folder(recorded, command) -> None:
    (recorded.path / "test_app.py").unlink()
    recorded.tests("def test_other(): pass", "test_other")
    status, out, _ = command("prune", "--yes")
    assert (status, out[-1]) == (0, "5 files removed")
    assert list((recorded.path / "cassettes").iterdir()) == []


@pytest.mark.parametrize(("typed", "removed"), [("y", True), ("", False)], ids=["yes", "no"])
def test_prune_asks_on_a_terminal(recorded, command, monkeypatch, typed: str, removed) -> None:
    recorded.tests(TESTS.replace("test_closes", "test_other"))
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or typed)
    assert command("prune")[0] == 0
    assert asked == ["remove 1 file? [y/N] "]
    assert (LEFT[2] not in folders(recorded.path)) is removed


def test_the_end_of_what_is_typed_is_no(recorded, command, monkeypatch) -> None:
    def end(question: str) -> str:
        raise EOFError

    recorded.tests(TESTS.replace("test_closes", "test_other"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", end)
    assert command("prune")[0] == 0
    assert folders(recorded.path) == LEFT


@pytest.mark.fault("M10")
def test_prune_removes_nothing_when_the_tests_are_not_known(recorded, command) -> None:
    recorded.tests("raise ValueError")
    told = "FAIL nothing is removed: pytest --collect-only exits with 2: ValueError"
    assert command("prune", "--yes") == (1, [], [told])
    assert folders(recorded.path) == LEFT


def test_prune_leaves_gates_and_other_tools_recordings_alone(bumped, command) -> None:
    bumped.tests("def test_other(): pass")
    foreign = bumped.cassette("test_app/test_mine.yaml")
    foreign.write_text("version: 1\ninteractions: []\n")
    before = bumped.cassettes
    assert command("prune", "--yes")[0] == 0
    left = [name for name in before if name.startswith("_gate/")]
    assert left
    assert bumped.cassettes == [*left, "test_app/test_mine.yaml"]


@pytest.mark.fault("S14")
def test_check_finds_a_committed_secret(recorded, command, monkeypatch) -> None:
    key = "sk-ant-api03-" + "abcDEF123456" * 8
    test = "cassettes/test_app/TestDesk.test_closes"
    path = recorded.path / test / MODEL
    path.write_text(path.read_text().replace('"close"', f'"close, with {key}"'))
    told = f"FAIL {test}/{MODEL}, interaction 1: holds an Anthropic key ending in 3456"
    repair = "     to repair  rotate the key, then record the test again"
    status, out, err = command("check", "cassettes")
    assert (status, out) == (1, ["4 good, 1 bad"])
    assert "edited by hand" in err[0]
    assert err[2:] == [told.replace(", interaction 1", ""), repair]
    command("check", "--accept", str(path))
    assert command("check", "cassettes") == (1, ["4 good, 1 bad"], [told, repair])
    monkeypatch.setenv("SHOP_API_KEY", "hello")
    assert command("check", "cassettes")[2] == [told, repair], "too short to be one"


@pytest.mark.parametrize("name", ["foreign.yaml", "keys.yaml.gz"])
def test_check_finds_secrets_in_other_tools_recordings(recorded, command, monkeypatch, name):
    monkeypatch.setenv("SHOP_API_KEY", "company-token-1")
    body = '{"model": "m", "messages": [{"role": "user", "content": "company-token-1"}]}'
    said = "".join(
        f'event: content_block_delta\ndata: {{"type": "content_block_delta", "index": 0, '
        f'"delta": {{"type": "text_delta", "text": "{piece}"}}}}\n\n'
        for piece in ("it is AKIA", "QQQQ7777QQQQ7777", ".")
    )
    text = json.dumps({"version": 1, "interactions": [{
        "request": {"method": "POST", "uri": "https://api.anthropic.com/v1/messages", "body": text,
                    "headers": {"x-api-key": [key]}},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {},
                     "body": {"string": said}},
    } for text, key in ((body, "x"), ("", f"ghp_{'a1B2' * 9}"))]})  # fmt: skip
    path = recorded.path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    status, _, err = command("check", name)
    assert (status, err[::2]) == (1, [
        f"FAIL {name}, interaction 1: holds the value of SHOP_API_KEY",
        f"FAIL {name}, interaction 1: holds an AWS access key id ending in 7777",
        f"FAIL {name}, interaction 2: holds a GitHub token ending in a1B2",
    ])  # fmt: skip


ADDED = [
    ".gitattributes: added cassettes/** text eol=lf linguist-generated",
    ".gitattributes: added cassettes/**/behavior.json -linguist-generated",
    ".gitattributes: added cassettes/_parts/** -text linguist-generated",
    ".gitignore: added cassettes/**/*.partial",
    ".gitignore: added cassettes/**/*.tmp",
]


@pytest.mark.fault("W08")
def test_init_tells_git_about_cassettes_once(project, command) -> None:
    assert command("init") == (0, ADDED, [])
    attributes, ignored = (project.path / name for name in (".gitattributes", ".gitignore"))
    assert attributes.read_text() == (
        "cassettes/** text eol=lf linguist-generated\n"
        "cassettes/**/behavior.json -linguist-generated\n"
        "cassettes/_parts/** -text linguist-generated\n"
    )
    assert ignored.read_text() == "cassettes/**/*.partial\ncassettes/**/*.tmp\n"
    assert command("init")[1] == [".gitattributes: nothing to add", ".gitignore: nothing to add"]
    assert ignored.read_text() == "cassettes/**/*.partial\ncassettes/**/*.tmp\n"


def test_init_leaves_every_line_that_is_there(project, command, monkeypatch) -> None:
    attributes, ignored = (project.path / name for name in (".gitattributes", ".gitignore"))
    attributes.write_bytes(b"*.png binary\r\ncassettes/** -diff\r\n")
    ignored.write_bytes(b"caf\xe9\r\n*.partial")
    (project.path / "sub").mkdir()
    monkeypatch.chdir(project.path / "sub")
    assert command("init")[1] == [
        "../.gitattributes: added cassettes/**/behavior.json -linguist-generated",
        "../.gitattributes: added cassettes/_parts/** -text linguist-generated",
        "../.gitignore: added cassettes/**/*.tmp",
    ]  # fmt: skip
    assert attributes.read_bytes() == (
        b"*.png binary\r\ncassettes/** -diff\r\n"
        b"cassettes/**/behavior.json -linguist-generated\r\n"
        b"cassettes/_parts/** -text linguist-generated\r\n"
    )
    assert ignored.read_bytes() == b"caf\xe9\r\n*.partial\r\ncassettes/**/*.tmp\r\n"


def test_init_means_the_projects_own_folder_as_git_reads_it(project, command) -> None:
    path = project.path / "my cassettes" / "test_app" / "test_calls" / MODEL
    path.parent.mkdir(parents=True)
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\nclaude_cassette_dir = 'my cassettes'\n"
    )
    assert command("init")[0] == 0
    git = partial(subprocess.run, cwd=project.path, check=True, capture_output=True, text=True)
    git(["git", "init", "-q"])
    assert git(["git", "check-attr", "-a", str(path)]).stdout.count(": set") == 2
    assert git(["git", "check-ignore", f"{path}.partial"]).stdout
    assert command("init")[1][0].endswith(": nothing to add")


def test_init_without_a_folder_of_the_project_is_a_usage_error(project, command) -> None:
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\nclaude_cassette_dir = '../elsewhere'\n"
    )
    status, out, err = command("init")
    assert (status, out) == (4, [])
    assert " ".join(err).startswith("ERROR: init: claude_cassette_dir=../elsewhere is no folder of")
    assert not (project.path / ".gitignore").exists()


def test_another_rootdir_makes_no_cassette_orphaned(recorded, command, monkeypatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--rootdir ..")
    status, out, [told] = command("prune", "--yes")
    assert (status, out) == (1, [])
    assert told.startswith("FAIL nothing is removed: pytest's rootdir is ")
    assert folders(recorded.path) == LEFT


def test_import_tells_what_it_can_not_redact(tmp_path: Path, capsys) -> None:
    said = message(Reply("It is sk-ant-api03-abcdefgh."), {"model": "m"}, "1")
    frames = b"".join(event_stream(events(said)))
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke-with-response-stream"
    exchange = Interaction(Request("POST", url, b'{"messages": []}'), Response(200, frames))
    cassette.save(tmp_path / "old" / "x.yaml", [Recorded.of(exchange)])
    assert cli.main(["check", str(tmp_path / "old")]) == 1
    assert "interaction 1: holds an Anthropic key ending in efgh" in capsys.readouterr().err
    into = tmp_path / "new"
    assert cli.main(["import", str(tmp_path / "old"), "--into", str(into)]) == 1
    told = "x.yaml: a binary stream holds what must not be stored: nothing is written\n"
    assert capsys.readouterr().err.endswith(told)
    assert not into.exists()
