"""Gates in a repository of several projects: run in each or from its root, and adopted likewise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from projects import NEW, OLD
from simulator import asks, by_prompt, calls

from pytest_claude import cli

BUMP = f"--claude-bump={OLD}={NEW}"
WORKERS = ("-p", "xdist", "-n2", "-p", "pytest_claude.plugin")
DESK, SHOP = "services/desk", "services/shop"
CALLS = calls(("lookup_order", {"order_id": "1234"}))
TEST = """
import pytest
from app import ask

@pytest.fixture(scope="module")
def greeting():
    return ask({name!r} " says hello " + "long " * {words})

@pytest.mark.claude(trials={trials})
def test_calls(claude{fixture}):
    ask({name!r} " asks " + "long " * {words})
    assert claude.calls_tool("lookup_order")
"""


@pytest.fixture
def repository(project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two projects with tests of one name, and what both ask recorded in each."""
    project.personas(new=CALLS)
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\naddopts = ['--import-mode=importlib']\n"
    )
    for name in (DESK, SHOP):
        (project.path / name / "tests").mkdir(parents=True)
        (project.path / name / "pytest.ini").write_text("[pytest]\npythonpath = ../..\n")
        write(project.path, name)
        run_in(project, monkeypatch, name, "--claude-record").assert_outcomes(passed=1)
    return project.path


def write(
    repository: Path, name: str, *, words: int = 1, fixture: str = "", trials: int = 2
) -> None:
    text = TEST.format(name=name, words=words, fixture=fixture, trials=trials)
    (repository / name / "tests" / "test_app.py").write_text(text)


def run_in(project, monkeypatch, folder: str, *arguments: str) -> pytest.RunResult:
    """A run in a folder of the repository; it records where it is told to."""
    with monkeypatch.context() as patch, project.server():
        patch.chdir(project.path / folder)
        return project.run(*arguments)


def gate_in(project, monkeypatch, *folders: str, **outcomes: int) -> None:
    for folder in folders:
        result = run_in(project, monkeypatch, folder, BUMP, "--claude-record")
        result.assert_outcomes(**outcomes or {"passed": 1})


def files(root: Path, pattern: str = "cassettes/**/*.*") -> dict[str, bytes]:
    found = (path for path in root.rglob(pattern) if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


@pytest.mark.fault("T08")
@pytest.mark.parametrize("workers", [(), WORKERS], ids=["alone", "two workers"])
def test_a_run_from_the_root_replays_the_gate_of_each_project(
    project, repository: Path, monkeypatch, workers: tuple[str, ...]
) -> None:
    gate_in(project, monkeypatch, DESK, SHOP)
    before = files(repository)
    assert sum(name.endswith("ledger.jsonl") for name in before) == 2
    result = project.run(BUMP, *workers)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*PASS*"])
    project.run(BUMP, *workers, DESK).assert_outcomes(passed=1)
    assert files(repository) == before


def test_a_verdict_from_the_root_is_on_the_trials_of_the_project(
    project, repository: Path, monkeypatch
) -> None:
    project.personas(new=by_prompt({"desk": asks("Which order do you mean?")}, CALLS))
    gate_in(project, monkeypatch, DESK, failed=1)
    gate_in(project, monkeypatch, SHOP, passed=1)
    before = files(repository)
    result = project.run(BUMP)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"*{DESK}/cassettes/_gate/*"])
    assert files(repository) == before


def test_a_gate_of_a_project_goes_on_from_the_root_in_its_own_folder(
    project, repository: Path, monkeypatch
) -> None:
    gate_in(project, monkeypatch, DESK)
    ledger = next(repository.glob(f"{DESK}/cassettes/_gate/*/ledger.jsonl"))
    before = ledger.read_text()
    with project.server():
        project.run(BUMP, "--claude-record", "--claude-gate=thorough", DESK).assert_outcomes(
            passed=1
        )
    assert len(ledger.read_text().splitlines()) > len(before.splitlines())
    assert not (repository / "cassettes").exists()
    after = files(repository)
    run_in(project, monkeypatch, DESK, BUMP, "--claude-gate=thorough").assert_outcomes(passed=1)
    assert files(repository) == after


def test_another_attempt_from_the_root_is_the_next_one_of_the_project(
    project, repository: Path, monkeypatch
) -> None:
    gate_in(project, monkeypatch, DESK)
    with project.server():
        project.run(BUMP, "--claude-record=all", DESK).assert_outcomes(passed=1)
    assert list(repository.glob(f"{DESK}/cassettes/_gate/*/attempt2/ledger.jsonl"))
    run_in(project, monkeypatch, DESK, BUMP).assert_outcomes(passed=1)
    project.run(BUMP, DESK).assert_outcomes(passed=1)


# --- adopt ----------------------------------------------------------------------------------

PLUGIN = ("-p", "pytest_claude.plugin", "-W", "ignore")


def replayed(project, monkeypatch, capsys) -> None:
    """The adopted recordings are what plain replay plays, from the root and in each project."""
    monkeypatch.chdir(project.path)
    app = project.path / "app.py"
    app.write_text(app.read_text().replace(OLD, NEW))
    project.run("--claude-strict").assert_outcomes(passed=2)
    for name in (DESK, SHOP):
        with monkeypatch.context() as patch:
            patch.chdir(project.path / name)
            project.run("--claude-strict").assert_outcomes(passed=1)
            capsys.readouterr()
            assert cli.main(["check", "cassettes"]) == 0, capsys.readouterr()


@pytest.mark.usefixtures("commands_in_process")
@pytest.mark.fault("T08", "T09")
def test_what_is_adopted_from_the_root_is_kept_in_each_project_with_its_parts(
    project, repository: Path, monkeypatch, capsys
) -> None:
    for name in (DESK, SHOP):
        write(repository, name, words=20_000, fixture=", greeting", trials=1)
        result = run_in(project, monkeypatch, name, "--claude-record=all")
        result.assert_outcomes(passed=1)
    with project.server():
        project.run(BUMP, "--claude-record").assert_outcomes(passed=2)
    assert len(list(repository.glob("cassettes/_parts/*.txt"))) == 4
    monkeypatch.chdir(repository)
    assert cli.main(["adopt", "--yes", f"{OLD}={NEW}", "--", *PLUGIN]) == 0, capsys.readouterr()
    adopted = [name for name in files(repository) if name.endswith(".yaml")]
    assert adopted
    assert all(name.startswith((DESK, SHOP)) and NEW in name for name in adopted)
    named = capsys.readouterr().out.partition("these places name the old model:")[2]
    assert "  app.py:" in named
    assert ".yaml:" not in named
    replayed(project, monkeypatch, capsys)


@pytest.mark.usefixtures("commands_in_process")
def test_a_gate_that_was_run_in_both_places_is_adopted_from_the_root(
    project, repository: Path, monkeypatch, capsys
) -> None:
    with project.server():
        project.run(BUMP, "--claude-record").assert_outcomes(passed=2)
    write(repository, DESK, words=20_000)
    run_in(project, monkeypatch, DESK, "--claude-record=all").assert_outcomes(passed=1)
    gate_in(project, monkeypatch, DESK)
    monkeypatch.chdir(repository)
    assert cli.main(["adopt", f"{OLD}={NEW}", "--", *PLUGIN]) == 0, capsys.readouterr()
    replayed(project, monkeypatch, capsys)


@pytest.mark.usefixtures("commands_in_process")
def test_the_gates_of_projects_are_adopted_from_the_root(
    project, repository: Path, monkeypatch, capsys
) -> None:
    gate_in(project, monkeypatch, DESK, SHOP)
    monkeypatch.chdir(repository)
    assert cli.main(["adopt", f"{OLD}={NEW}", "--", *PLUGIN]) == 0, capsys.readouterr()
    told = capsys.readouterr().out
    for name in (DESK, SHOP):
        assert f"{name}:\n" in told
        assert list(repository.glob(f"{name}/cassettes/_gate/*/BUMP.md"))
    assert not (repository / "cassettes").exists()
    replayed(project, monkeypatch, capsys)


def test_a_gate_of_a_project_that_goes_on_from_the_root_keeps_its_preset(
    project, repository: Path, monkeypatch
) -> None:
    gate_in(project, monkeypatch, DESK)
    with project.server():
        project.run(BUMP, "--claude-record", "--claude-gate=thorough").assert_outcomes(passed=2)
    ledger = next(repository.glob(f"{DESK}/cassettes/_gate/*/ledger.jsonl"))
    head = json.loads(ledger.read_text().partition("\n")[0])["gate"]
    assert head["presets"] == {"tests/test_app.py::test_calls": "thorough"}


@pytest.mark.parametrize("keeps", ["cassettes", f"{DESK}/cassettes"])
def test_a_fail_of_the_root_is_not_hidden_by_a_gate_of_the_project(
    project, repository: Path, monkeypatch, keeps: str
) -> None:
    project.personas(new=asks("Which order do you mean?"))
    gate_in(project, monkeypatch, ".", failed=2)
    project.personas(new=CALLS)
    gate_in(project, monkeypatch, DESK)
    result = project.run(BUMP)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "\n".join([*result.outlines, *result.errlines])
    removals = [line.split()[2] for line in told.splitlines() if line.split()[:2] == ["rm", "-r"]]
    assert [path.split("/_gate/")[0] for path in removals] == [f"{DESK}/cassettes", "cassettes"]
    for path in removals:
        if not path.startswith(keeps):
            shutil.rmtree(repository / path)
    if keeps == "cassettes":
        project.run(BUMP).assert_outcomes(failed=2)
    else:
        project.run(BUMP, DESK).assert_outcomes(passed=1)


def test_projects_whose_baselines_differ_are_not_judged_together(
    project, repository: Path, monkeypatch
) -> None:
    gate_in(project, monkeypatch, DESK, SHOP)
    ledger = next(repository.glob(f"{DESK}/cassettes/_gate/*/ledger.jsonl"))
    ledger.write_text(ledger.read_text().replace('"callable"', '"retired"', 1))
    result = project.run(BUMP)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "\n".join([*result.outlines, *result.errlines])
    assert all(f"{name}/cassettes/_gate/" in told for name in (DESK, SHOP))
    assert "run pytest in the folder of each project" in told
    run_in(project, monkeypatch, SHOP, BUMP).assert_outcomes(passed=1)
