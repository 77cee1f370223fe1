"""Where files are and what checkouts make of them: names, links, line ends, locks, merges."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from faults.disk import Disk, tree
from simulator import calls

from pytest_claude import cli
from pytest_claude.errors import SettingsError, UnreadableCassette
from pytest_claude.recording import cassette, partial
from pytest_claude.recording.entry import Recorded, reads_back
from pytest_claude.recording.readers import read_text
from pytest_claude.run.ledger_file import LedgerFile
from pytest_claude.transcript.interaction import Interaction, Request, Response, Timing
from pytest_claude.transcript.parse import parse_transcript

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
CALLS = calls(("lookup_order", {"order_id": "1234"}))
URL = "https://api.anthropic.com/v1/messages"
ONE = "def test_calls(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')"
FOLDER = "test_app/test_calls"
FILE = f"{FOLDER}/{OLD}.yaml"


@pytest.fixture
def recorded(project: Any, recorded_once: Any) -> Any:
    """A project with one cassette."""
    project.tests(ONE)
    recorded_once(project, "places", lambda: project.record().assert_outcomes(passed=1))
    return project


@pytest.fixture
def gated(project: Any, recorded_once: Any) -> Any:
    """A project with a gate that passed."""
    project.app(sdk_in_children=True)
    project.tests(ONE)
    project.personas(new=CALLS)

    def record() -> None:
        project.record().assert_outcomes(passed=1)
        project.record(f"--claude-bump={OLD}={NEW}").assert_outcomes(passed=1)

    recorded_once(project, "places-gated", record)
    return project


# --- names ----------------------------------------------------------------------------------


@pytest.mark.fault("P02")
def test_ids_that_differ_in_case_or_unicode_form_alone_have_files_of_their_own(
    project: Any,
) -> None:
    words = ["é", "e\u0301", "É", "ﬁ", "fi", "ß", "ss", "K", "\u212a"]
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\n"
        "disable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n"
    )
    project.tests(
        f"@pytest.mark.parametrize('word', {words!r})\n"
        "def test_asks(claude, word):\n    ask(word)\n    assert claude.replies\n"
    )
    project.record().assert_outcomes(passed=len(words))
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        names = {unicodedata.normalize(form, name).casefold() for name in project.cassettes}  # type: ignore[arg-type]
        assert len(names) == len(words)
    project.run("--claude-strict").assert_outcomes(passed=len(words))


@pytest.mark.fault("P06")
def test_one_name_in_two_modules_classes_and_folders_has_files_of_its_own(project: Any) -> None:
    body = "(self, claude):\n        ask({!r})\n        assert claude.replies\n"
    classes = "".join(
        f"class {name}:\n    def test_calls{body.format(name)}\n" for name in ("TestA", "TestB")
    )
    project.tests(classes)
    project.tests(classes, "test_other")
    (project.path / "sub").mkdir()
    shutil.copy(project.path / "test_app.py", project.path / "sub")
    words = ("--import-mode=importlib",)
    project.record(*words).assert_outcomes(passed=6)
    assert len(project.cassettes) == 6
    project.run(*words, "--claude-strict").assert_outcomes(passed=6)


@pytest.mark.fault("P07")
def test_the_same_cassette_is_found_from_wherever_pytest_is_started(
    recorded: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root, config = str(recorded.path), str(recorded.path / "pyproject.toml")
    (recorded.path / "sub").mkdir()
    for cwd, words in {
        recorded.path / "sub": ["..", "--import-mode=importlib"],
        tmp_path / "away": ["-c", config, "--rootdir", root, root],
        tmp_path: [f"{root}/test_app.py::test_calls", "--rootdir", root],  # as an IDE calls it
    }.items():
        cwd.mkdir(exist_ok=True)
        monkeypatch.chdir(cwd)
        recorded.run(*words, "--claude-strict").assert_outcomes(passed=1)
    assert recorded.cassettes == [FILE]


# --- checkouts ------------------------------------------------------------------------------


def test_a_replay_writes_nothing_and_needs_no_place_to_write(recorded: Any) -> None:
    with Disk(recorded.path) as disk:
        recorded.run("-p", "no:cacheprovider", "--claude-strict").assert_outcomes(passed=1)
    assert disk.steps == []


def test_a_replayed_gate_writes_nothing_and_needs_no_place_to_write(gated: Any) -> None:
    with Disk(gated.path) as disk:
        gated.run("-p", "no:cacheprovider", f"--claude-bump={OLD}={NEW}").assert_outcomes(passed=1)
    assert disk.steps == []


@pytest.mark.usefixtures("commands_in_process")
@pytest.mark.fault("C04")
def test_a_gate_with_the_line_ends_of_windows_is_replayed_and_adopted_once(
    gated: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bump = f"--claude-bump={OLD}={NEW}"
    gated.run(bump, "--claude-report=a.json").assert_outcomes(passed=1)
    with_crlf(gated.path / "cassettes")
    before = tree(gated.path / "cassettes")
    gated.run(bump, "--claude-report=b.json").assert_outcomes(passed=1)
    a, b = ((gated.path / name).read_bytes() for name in ("a.json", "b.json"))
    assert a == b
    assert tree(gated.path / "cassettes") == before
    monkeypatch.chdir(gated.path)
    words = ["adopt", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin", "-W", "ignore"]
    assert cli.main(words) == 0
    assert "moved 4 cassettes of 1 test" in capsys.readouterr().out
    with_crlf(gated.path / "cassettes", "\n")
    assert cli.main(words) == 0
    assert "have no use any more" in capsys.readouterr().out


def with_crlf(root: Path, end: str = "\r\n") -> None:
    """Give all files below `root` other line ends, as a checkout of git does."""
    for path in root.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_text("utf-8").replace("\n", end).encode())


def test_a_partial_file_with_the_line_ends_of_windows_is_gone_on_with(recorded: Any) -> None:
    path = recorded.cassette(FILE)
    (entry,) = cassette.load(path, FILE)
    path.unlink()
    partial.append(path, entry)
    left = partial.partial_of(path)
    left.write_bytes(left.read_bytes().replace(b"\n", b"\r\n"))
    recorded.record().assert_outcomes(passed=1)
    assert recorded.simulator.bodies == []
    assert recorded.cassettes == [FILE]


# --- symbolic links -------------------------------------------------------------------------


@pytest.fixture(params=["the file", "its folder", "its module"])
def linked(recorded: Any, request: pytest.FixtureRequest, tmp_path_factory: Any) -> Any:
    """A project in which a symbolic link leads out of the folder of cassettes."""
    names = {"the file": FILE, "its folder": FOLDER, "its module": "test_app"}
    inside = recorded.cassette(names[request.param])
    recorded.outside = tmp_path_factory.mktemp("outside") / inside.name
    shutil.move(inside, recorded.outside)
    inside.symlink_to(recorded.outside)
    return recorded


def test_what_is_read_through_a_link_out_of_the_root_is_told(linked: Any) -> None:
    result = linked.run("--claude-strict")
    result.assert_outcomes(passed=1)
    told = " ".join(result.stdout.str().split())
    assert f"cassettes/{FILE} is behind a symbolic link: it is {linked.outside}" in told


@pytest.mark.parametrize("mode", ["new_episodes", "all"])
@pytest.mark.fault("P03")
def test_nothing_is_written_through_a_link_out_of_the_root(linked: Any, mode: str) -> None:
    before = tree(linked.outside.parent)
    linked.tests(ONE.replace("ask()", "ask('something else')"))
    result = linked.record(mode=mode)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"E   *UnsavedCassette: cassettes/{FILE} is not written: it is behind a symbolic link *"]
    )
    assert linked.simulator.requests == [], "nothing was paid"
    assert tree(linked.outside.parent) == before


def test_a_link_that_stays_below_the_root_is_nobodys_concern(recorded: Any) -> None:
    recorded.cassette(FOLDER).rename(recorded.cassette("test_app/elsewhere"))
    recorded.cassette(FOLDER).symlink_to("elsewhere")
    assert "symbolic link" not in recorded.run("--claude-strict").stdout.str()
    recorded.tests(ONE.replace("ask()", "ask('something else')"))
    recorded.record().assert_outcomes(passed=1)
    recorded.run("--claude-strict").assert_outcomes(passed=1)


def test_a_root_that_is_a_link_is_the_root(recorded: Any, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside") / "cassettes"
    shutil.move(recorded.path / "cassettes", outside)
    (recorded.path / "cassettes").symlink_to(outside)
    recorded.tests(ONE.replace("ask()", "ask('something else')"))
    recorded.record().assert_outcomes(passed=1)
    assert "symbolic link" not in recorded.run("--claude-strict").stdout.str()


def test_an_interrupted_recording_is_not_written_through_a_link(
    recorded: Any, tmp_path_factory: Any
) -> None:
    target = tmp_path_factory.mktemp("outside") / "precious.txt"
    target.write_text("mine")
    partial.partial_of(recorded.cassette(FILE)).symlink_to(target)
    recorded.record(mode="all").assert_outcomes(failed=1)
    assert target.read_text() == "mine"


def test_no_ledger_is_written_through_a_link(gated: Any, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("outside") / "_gate"
    shutil.move(gated.cassette("_gate"), outside)
    gated.cassette("_gate").symlink_to(outside)
    before = tree(outside)
    gated.record(f"--claude-bump={OLD}={NEW}", mode="all").assert_outcomes(failed=1)
    assert {body["model"] for body in gated.simulator.bodies} <= {OLD}
    assert tree(outside) == before


@pytest.mark.usefixtures("commands_in_process")
def test_adopt_and_import_write_nothing_through_a_link(
    gated: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: Any,
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "test_calls"
    shutil.move(gated.cassette(FOLDER), outside)
    gated.cassette(FOLDER).symlink_to(outside)
    before = tree(gated.path / "cassettes")
    monkeypatch.chdir(gated.path)
    words = ["adopt", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin", "-W", "ignore"]
    assert cli.main(words) == 4
    told = " ".join(capsys.readouterr().err.split())
    assert "test_calls/claude-sonnet-5-5.yaml is behind a link out of cassettes; nothing" in told
    assert tree(gated.path / "cassettes") == before
    foreign = gated.path / "theirs" / FOLDER
    foreign.parent.mkdir(parents=True)
    cassette.save(foreign.with_suffix(".yaml"), [one(b'{"model": "claude-opus-5"}')])
    assert cli.main(["import", "theirs", "--into", "cassettes"]) == 1
    assert "out of cassettes" in capsys.readouterr().err
    assert tree(outside).keys() == {f"{OLD}.yaml"}


# --- systems and editors -----------------------------------------------------------------------


@pytest.mark.child
@pytest.mark.usefixtures("cold_python")
@pytest.mark.fault("W11")
def test_a_machine_without_unicode_records_text_that_a_person_can_read(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    project.tests("def test_calls(claude):\n    ask('\\u4f60\\u597d caf\\xe9')\n")
    with project.server():
        run = project.pytester.runpytest_subprocess
        words = ("-p", "pytest_claude.plugin", "--claude-report=run.json", "--claude-report=run.md")
        run(*words, "--claude-record").assert_outcomes(passed=1)
    data = project.cassette(FILE).read_bytes()
    assert "你好 café".encode() in data
    assert b"\r" not in data
    run(*words, "--claude-strict").assert_outcomes(passed=1)
    project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.fault("C12")
def test_an_accepted_edit_replays_whatever_length_and_encoding_the_headers_said(
    recorded: Any,
) -> None:
    path = recorded.cassette(FILE)
    stale = (
        "    headers:\n      content-length:\n      - '7'\n      content-encoding:\n      - gzip\n"
    )
    head, response = path.read_text().split("  response:\n")
    response = response.replace("    headers:\n", stale, 1).replace("1234", "123456789")
    path.write_text(f"{head}  response:\n{response}")
    assert cli.main(["check", "--accept", str(path)]) == 0
    recorded.tests(
        "def test_calls(claude):\n    ask()\n"
        "    assert claude.calls_tool('lookup_order', order_id='123456789')"
    )
    recorded.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.parametrize("mode", ["none", "new_episodes", "all"])
@pytest.mark.fault("C15")
def test_a_cassette_that_may_not_be_read_is_not_a_missing_one(
    recorded: Any, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    before, read = recorded.cassette(FILE).read_bytes(), Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == Path(FILE).name:
            raise PermissionError(13, "Permission denied")
        return read(path)

    recorded.tests(ONE.replace("ask()", "careless()"))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        result = recorded.run() if mode == "none" else recorded.record(mode=mode)
    result.assert_outcomes(failed=1)
    if mode != "all":
        wanted = f"E   *UnreadableCassette: cassettes/{FILE}: can't be read: Permission denied"
        result.stdout.fnmatch_lines([wanted])
    assert recorded.cassette(FILE).read_bytes() == before


@pytest.mark.fault("W05")
def test_a_test_that_ends_the_program_has_its_answers_kept(recorded: Any) -> None:
    before = recorded.cassette(FILE).read_bytes()
    recorded.tests("import sys\ndef test_calls(claude):\n    ask('other')\n    sys.exit(3)")
    recorded.record(mode="all")
    held = [e.request.body for e in partial.load(recorded.cassette(FILE))]
    if recorded.cassette(FILE).read_bytes() != before:
        held += [e.request.body for e in cassette.load(recorded.cassette(FILE), FILE)]
    assert len(held) == 1
    assert b"other" in held[0]


# --- formats --------------------------------------------------------------------------------


def one(request: bytes = b"{}", response: bytes = b"{}", **more: Any) -> Recorded:
    kind = {"content-type": "application/json"}
    headers = kind | more.pop("headers", {})
    answer = Response(200, response, headers, **more)
    return Recorded.of(Interaction(Request("POST", URL, request, kind), answer))


@pytest.mark.parametrize("depth", [150, 2_000, 50_000])
def test_a_deeply_nested_body_is_kept_as_it_came(tmp_path: Path, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    asked = b'{"model": "m", "messages": [], "metadata": %s}' % deep
    said = b'{"type": "message", "role": "assistant", "content": [], "x": %s}' % deep
    path = tmp_path / "m.yaml"
    cassette.save(path, [one(asked, said)])
    (entry,) = cassette.load(path, "m.yaml")
    assert reads_back(one(asked, said))
    assert b"".join(entry.reread().response.body.split()) == b"".join(said.split())
    parse_transcript([entry.interaction])


UNCOUNTED = [
    "    body:\n      string: other\n",
    "  response:\n    status:\n      code: 500\n    body:\n      string: other\n",
    "      total_s: [1\n",
    "      chunks: [['x', 1], 5]\n",
    "\t\x07: *a\n",
]


@pytest.mark.parametrize("lines", UNCOUNTED)
def test_what_the_hash_does_not_count_changes_no_answer_and_raises_nothing(
    tmp_path: Path, lines: str
) -> None:
    path = tmp_path / "m.yaml"
    cassette.save(path, [one(response=b'{"said": "this"}', timing=Timing(0.1, 0.2))])
    path.write_text(path.read_text().replace("# end", f"{lines}# end"))
    (entry,) = cassette.load(path, "m.yaml")
    for response in (entry.response, entry.reread().response):
        assert (response.status, response.json()) == (200, {"said": "this"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("complete: false", "xcomplete: false"),
        ("ended: left", "ended: cut"),
        ("https://api.anthropic.com", "https://api: *a"),
        ("https://api.anthropic.com", "'https://api.anthropic.com"),
        ("['49']", "['49'"),
    ],
)
def test_what_would_change_an_answer_counts(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "m.yaml"
    limit = {"anthropic-ratelimit-requests-remaining": "49"}
    cassette.save(path, [one(timing=Timing(0.1, 0.2), ended="left", headers=limit)])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UnreadableCassette, match=r"is no YAML|was edited by hand"):
        cassette.load(path, "m.yaml")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"version": 2, "interactions": [1], "interactions": []}', "'interactions' twice"),
        ('{"log": {"entries": [{"request": {}, "request": {}}]}}', "'request' twice"),
        ("interactions: []\ninteractions: []\n", "'interactions' twice"),
    ],
    ids=["JSON", "HAR", "YAML"],
)
def test_a_key_that_is_there_twice_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(UnreadableCassette, match=f"holds the key {reason} at line"):
        read_text(text, "x")


@pytest.mark.parametrize("at", ["head", "trials"])
def test_a_merge_conflict_in_a_ledger_is_told_with_its_line(gated: Any, at: str) -> None:
    path = gated.cassette(f"_gate/{OLD}__{NEW}/ledger.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    number = 1 if at == "head" else 3
    lines.insert(number - 1, "<<<<<<< HEAD\n")
    path.write_text("".join(lines))
    result = gated.run(f"--claude-bump={OLD}={NEW}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = " ".join(result.stderr.str().split())
    assert f"ledger.jsonl: holds a merge conflict at line {number} to repair take one" in told


def test_a_line_of_a_ledger_is_counted_from_its_head() -> None:
    with pytest.raises(SettingsError, match=r"^l:2: not a trial"):
        LedgerFile.loads('{"gate": {}}\n{"a": 1}\n', "l")


@pytest.mark.fault("C03")
def test_a_conflict_of_every_style_is_no_cassette(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    cassette.save(path, [one()])
    text = path.read_text()
    for line in range(1, text.count("\n") + 1):
        lines = text.splitlines(keepends=True)
        lines[line:line] = ["<<<<<<< ours\n", "||||||| base\n", "=======\n", ">>>>>>> theirs\n"]
        path.write_text("".join(lines))
        with pytest.raises(UnreadableCassette, match=f"holds a merge conflict at line {line + 1}"):
            cassette.load(path, "m.yaml")
        half = [each for each in lines if not each.startswith("<<<<<<<")]  # not all was taken out
        path.write_text("".join(half))
        with pytest.raises(UnreadableCassette):
            cassette.load(path, "m.yaml")


# --- forks ----------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_that_swallows_its_error_is_told_by_the_parent(recorded: Any) -> None:
    recorded.tests(
        """
import os

def test_calls(claude):
    ask()
    child = os.fork()
    if child == 0:
        try:
            ask("in the child")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
"""
    )
    result = recorded.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *CallOutsideTrial: a forked process asked a model: *"])
