"""Where recordings lie: projects in one repository, other tools' folders, and the wrong place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_claude import cli
from pytest_claude.recording import cassette

TEST = """
def test_asks(claude):
    ask({prompt!r})
    assert claude.calls_tool("lookup_order")
"""
CHANGED = """
import pytest

@pytest.fixture(scope="session")
def greeting():
    from app import ask
    return ask("hello")
"""


@pytest.fixture
def repository(project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two projects with tests of one name, and a folder of tests without an ini file."""
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\naddopts = ['--import-mode=importlib']\n"
    )
    for name in ("services/desk", "services/shop", "plain"):
        tests = project.path / name / "tests"
        tests.mkdir(parents=True)
        (tests / "test_app.py").write_text(f"from app import ask\n{TEST.format(prompt=name)}")
        if name != "plain":
            (project.path / name / "pytest.ini").write_text("[pytest]\npythonpath = ../..\n")
    monkeypatch.syspath_prepend(project.path)  # where no ini file says so
    return project.path


def record_in(project, monkeypatch, *folders: str, arguments: tuple[str, ...] = ()) -> None:
    """Record the tests of each folder as a run in it does."""
    for folder in folders:
        with monkeypatch.context() as patch:
            patch.chdir(project.path / folder)
            project.record("--rootdir=.", *arguments).assert_outcomes(passed=1)


def move_of(result: pytest.RunResult) -> str:
    """The command that a miss shows, which may take several lines."""
    lines = [line[len("  to move it ") :] for line in result.outlines]
    begin = next(n for n, line in enumerate(result.outlines) if "to move it" in line)
    end = next(n for n in range(begin + 1, len(lines)) if result.outlines[n][:12].strip())
    return " ".join(line.strip() for line in lines[begin:end])


def files(root: Path) -> dict[str, bytes]:
    return {
        p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("cassettes/**/*.yaml")
    }


WORKERS = ("-p", "xdist", "-n2", "-p", "pytest_claude.plugin")
EACH = ("services/desk", "services/shop", "plain")


@pytest.mark.parametrize("workers", [(), WORKERS], ids=["alone", "two workers"])
@pytest.mark.fault("T08")
def test_a_run_from_the_root_replays_what_each_project_recorded(
    project, repository: Path, monkeypatch, workers: tuple[str, ...]
) -> None:
    record_in(project, monkeypatch, *EACH)
    before = files(repository)
    assert {name.partition("/cassettes/")[0] for name in before} == {*EACH}
    project.run("--claude-strict", *workers).assert_outcomes(passed=3)
    project.run("--claude-strict", "services").assert_outcomes(passed=2)
    monkeypatch.chdir(repository / "services")
    project.run("--claude-strict", "desk", "shop").assert_outcomes(passed=2)
    assert files(repository) == before


def test_what_the_root_records_again_is_the_same_file(project, repository, monkeypatch) -> None:
    record_in(project, monkeypatch, *EACH)
    before = files(repository)
    project.record(mode="all").assert_outcomes(passed=3)
    assert files(repository) == before
    labels = [cassette.read_label(repository / name) for name in before]
    assert {label.test for label in labels if label} == {"tests/test_app.py::test_asks"}


def test_a_new_test_is_recorded_beside_those_of_its_project(
    project, repository, monkeypatch
) -> None:
    record_in(project, monkeypatch, "services/desk")
    more = repository / "services/desk/tests/test_more.py"
    more.write_text(f"from app import ask\n{TEST.format(prompt='more')}")
    project.record().assert_outcomes(passed=4)
    there = {name.rpartition("/")[0] for name in files(repository)}
    assert there == {
        "services/desk/cassettes/tests/test_app/test_asks",
        "services/desk/cassettes/tests/test_more/test_asks",
        "cassettes/services/shop/tests/test_app/test_asks",  # it has no cassettes of its own
        "cassettes/plain/tests/test_app/test_asks",
    }
    project.run("--claude-strict").assert_outcomes(passed=4)
    monkeypatch.chdir(repository / "services/desk")
    project.run("--claude-strict").assert_outcomes(passed=2)


def test_a_folder_that_a_project_has_named_itself_is_found(
    project, repository, monkeypatch
) -> None:
    ini = repository / "services/desk/pytest.ini"
    ini.write_text(f"{ini.read_text()}claude_cassette_dir = kept/answers\n")
    record_in(project, monkeypatch, "services/desk")
    assert list(repository.glob("services/desk/kept/answers/tests/test_app/test_asks/*.yaml"))
    project.run("--claude-strict", "-k", "desk").assert_outcomes(passed=1, deselected=2)


def test_set_ups_and_shared_cassettes_of_a_project_are_found(
    project, repository, monkeypatch
) -> None:
    desk = repository / "services/desk"
    (desk / "conftest.py").write_text(CHANGED)
    (desk / "tests/test_app.py").write_text(
        "import pytest\nfrom app import ask\n@pytest.mark.claude(cassette='ours')\n"
        "def test_asks(claude, greeting):\n    ask('shared')\n    assert claude.replies\n"
    )
    record_in(project, monkeypatch, "services/desk")
    assert len(files(repository)) == 2
    project.run("--claude-strict", "-k", "desk").assert_outcomes(passed=1, deselected=2)


def test_a_long_name_is_cut_as_its_own_project_cuts_it(project, repository, monkeypatch) -> None:
    name = f"test_{'x' * 150}"
    file = repository / "services/desk/tests/test_app.py"
    file.write_text(file.read_text().replace("test_asks", name))
    record_in(project, monkeypatch, "services/desk")
    project.run("--claude-strict", "-k", "desk").assert_outcomes(passed=1, deselected=2)


@pytest.mark.fault("T08")
def test_a_missing_recording_that_lies_elsewhere_is_named_with_the_way_to_move_it(
    project, repository, monkeypatch
) -> None:
    (repository / ".git").mkdir()
    project.record().assert_outcomes(passed=3)
    monkeypatch.chdir(repository / "services/shop")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E   *: nothing is recorded where this run looks", "  it lies in*", "  to move it*"]
    )
    told = " ".join(" ".join(result.outlines).split())
    there = repository / "cassettes/services/shop/tests/test_app/test_asks"
    assert f"it lies in {there}" in told.replace("/ ", "/")
    subprocess.run(move_of(result), shell=True, check=True)
    project.run("--claude-strict").assert_outcomes(passed=1)
    monkeypatch.chdir(repository)
    project.run("--claude-strict", "-k", "shop").assert_outcomes(passed=1, deselected=2)


def test_a_recording_of_another_projects_test_is_not_named(
    project, repository, monkeypatch
) -> None:
    (repository / ".git").mkdir()
    record_in(project, monkeypatch, "services/desk")
    result = project.run("services")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E   *: nothing is recorded for this test"])
    result.stdout.no_fnmatch_line("*it lies in*")


def test_a_missing_first_trial_does_not_lie_where_the_second_does(project) -> None:
    project.tests(TEST.format(prompt="refund"))
    project.record("--claude-trials=2").assert_outcomes(passed=1)
    first, second = project.cassettes
    assert second.endswith(".2.yaml") != first.endswith(".2.yaml")
    project.cassette(first if second.endswith(".2.yaml") else second).unlink()
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *: nothing is recorded for this test"])


# --- other tools' folders -------------------------------------------------------------------

LAYOUTS = {
    "pytest-recording": ("tests/test_app.py", "tests/cassettes/test_app/test_asks.yaml"),
    "a folder of tests in another": (
        "tests/unit/test_app.py", "tests/unit/cassettes/test_app/test_asks.yaml"),
    "one tree for all": ("tests/unit/test_app.py", "tests/cassettes/unit/test_app/test_asks.yaml"),
    "a tree beside the tests": ("tests/unit/test_app.py", "fixtures/unit/test_app/test_asks.yaml"),
    "the tree of the whole path": (
        "tests/unit/test_app.py", "recorded/tests/unit/test_app/test_asks.yaml"),
    "pytest-vcr": ("tests/test_app.py", "tests/cassettes/test_asks.yaml"),
    "a class": ("tests/test_app.py", "tests/cassettes/test_app/TestDesk.test_asks.yaml"),
    "a parameter": ("tests/test_app.py", "tests/cassettes/test_app/test_asks[de].yaml"),
}  # fmt: skip


def recorded_by_vcrpy(project, path: Path) -> None:
    """A recording of the app as vcrpy makes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    project.pytester.makepyfile(
        test_theirs=f"import vcr\nfrom app import ask\ndef test_theirs():\n"
        f"    with vcr.use_cassette({str(path)!r}):\n        ask('hello')\n"
    )
    with project.server():
        project.run("test_theirs.py", "-p", "no:claude").assert_outcomes(passed=1)
    (project.path / "test_theirs.py").unlink()


def written(project, file: str, name: str) -> None:
    """A test of the app, of the kind that the name of its recording says."""
    body = "    ask('hello')\n    assert claude.calls_tool('lookup_order')\n"
    source = f"import pytest\nfrom app import ask\ndef test_asks(claude):\n{body}"
    if name.startswith("Test"):
        source = source.replace("def test_asks(", "class TestDesk:\n  def test_asks(self, ")
    if "[" in name:
        source = source.replace("def ", "@pytest.mark.parametrize('to', ['de'])\ndef ")
        source = source.replace("(claude)", "(claude, to)")
    path = project.path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


@pytest.mark.parametrize(("file", "recording"), LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("given", ["its folder", "the project"])
@pytest.mark.fault("T08")
def test_what_is_imported_is_where_replay_looks(
    project, monkeypatch, capsys, file: str, recording: str, given: str
) -> None:
    written(project, file, Path(recording).name)
    recorded_by_vcrpy(project, project.path / recording)
    path = "." if given == "the project" else Path(recording).parts[0]
    monkeypatch.chdir(project.path)
    assert cli.main(["import", path]) == 0
    assert "no test file" not in capsys.readouterr().out
    project.run("--claude-strict").assert_outcomes(passed=1)
    (new,) = (p for p in (project.path / "cassettes").rglob("*.yaml"))
    assert cli.main(["check", str(new)]) == 0
    label = cassette.read_label(new)
    assert label is not None
    assert label.test.startswith(f"{file}::")


def test_what_is_imported_from_the_root_is_where_each_project_looks(
    project, repository, monkeypatch
) -> None:
    for name in ("services/desk", "services/shop"):
        written(project, f"{name}/tests/test_app.py", "test_asks.yaml")
        theirs = repository / name / "tests/cassettes/test_app/test_asks.yaml"
        recorded_by_vcrpy(project, theirs)
    monkeypatch.chdir(repository)
    assert cli.main(["import", "services"]) == 0
    project.run("--claude-strict", "services").assert_outcomes(passed=2)
    for name in ("services/desk", "services/shop"):
        monkeypatch.chdir(repository / name)
        project.run("--claude-strict").assert_outcomes(passed=1)


def test_a_recording_that_is_named_after_no_test_file_is_told(project, monkeypatch, capsys) -> None:
    recorded_by_vcrpy(project, project.path / "old/test_gone/test_asks.yaml")
    monkeypatch.chdir(project.path)
    assert cli.main(["import", "old"]) == 0
    out = capsys.readouterr().out
    assert out.endswith(
        "1 of them named after no test file here\n"
        "to place one  pytest-claude import FILE --test NODEID\n"
    )


def test_a_command_that_moves_a_recording_can_be_typed_as_it_is(
    project, repository, monkeypatch
) -> None:
    """Parameters stand in brackets, which a shell reads as a pattern."""
    (repository / ".git").mkdir()
    written(project, "services/shop/tests/test_app.py", "test_asks[de].yaml")
    project.record("services").assert_outcomes(passed=2)
    monkeypatch.chdir(repository / "services/shop")
    command = move_of(project.run())
    assert "mv " in command
    assert "test_asks[de]'" in command
    subprocess.run(command, shell=True, check=True)
    project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.fault("T08", "T09")
def test_a_long_request_of_a_project_is_kept_in_its_own_folder(
    project, repository, monkeypatch
) -> None:
    source = "from app import ask\n\ndef test_asks(claude):\n    ask('long ' * 20_000)\n"
    for name in ("services/desk", "services/shop"):
        (repository / name / "tests" / "test_app.py").write_text(source)
        (repository / name / "cassettes").mkdir()
    project.record("services").assert_outcomes(passed=2)
    parts = sorted(path.relative_to(repository) for path in repository.rglob("_parts/*.txt"))
    assert [str(path.parent) for path in parts] == [
        "services/desk/cassettes/_parts", "services/shop/cassettes/_parts",
    ]  # fmt: skip
    project.run("services").assert_outcomes(passed=2)
    with monkeypatch.context() as patch:
        patch.chdir(repository / "services/desk")
        project.run("--rootdir=.").assert_outcomes(passed=1)
