"""The example apps: what is committed replays, and all of it is recorded anew from nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from projects import warm_python  # noqa: F401  # a fixture
from simulator import Simulator
from simulator.examples import NEW, OLD, RED, environment, models

EXAMPLES = sorted(path.parent for path in Path(__file__).parents[2].glob("examples/*/test_*.py"))
# The models may have retired by the day on which this runs.
REPLAY = ("--claude-strict", "-o", "claude_retirement_days=off")
BUMP = (f"--claude-bump={OLD}={NEW}", "--claude-report=run.json")


@pytest.fixture(params=EXAMPLES, ids=lambda folder: folder.name)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an example."""
    project = tomllib.loads((request.param / "pyproject.toml").read_text("utf-8"))["project"]
    for needed in map(Requirement, project["dependencies"]):
        found = [part.version for part in metadata.distributions(name=needed.name)]
        if not any(needed.specifier.contains(version) for version in found):
            pytest.skip(f"{needed} is not installed; `nox -s examples` runs this")
    ignore = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    return shutil.copytree(request.param, tmp_path / request.param.name, ignore=ignore)


@pytest.fixture
def run(
    example: Path,
    warm_python: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., int]:
    """Runs pytest in the example, as a process of its own: frameworks keep state."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def start(*options: str) -> int:
        words = [warm_python, "-m", "pytest", "-p", "pytest_claude.plugin", *options]
        return subprocess.run(words, cwd=example, check=False).returncode

    return start


def check_verdict(example: Path, status: int) -> None:
    """The bump had the verdict that is told in examples/README.md."""
    decision = json.loads((example / "run.json").read_text("utf-8"))["decision"]
    regressed = [test["test"] for test in decision["tests"] if test["verdict"] == "regressed"]
    told = RED.get(example.name)
    assert regressed == ([told] if told else [])
    assert (decision["overall"], status) == (("fail", 1) if told else ("pass", 0))


def test_an_example_and_its_bump_replay(example: Path, run: Callable[..., int]) -> None:
    assert run(*REPLAY) == 0
    check_verdict(example, run(*BUMP))


def test_an_example_and_its_bump_are_recorded(
    example: Path, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = {*example.rglob("*.yaml")}
    shutil.rmtree(example / "cassettes")
    with Simulator(models(example.name)) as simulator:
        for name, value in environment(simulator.url).items():
            monkeypatch.setenv(name, value)
        assert run("--claude-record") == 0
        check_verdict(example, run("--claude-record", *BUMP))
    assert {*example.rglob("*.yaml")} == committed


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_every_cassette_says_that_its_models_are_simulated(folder: Path) -> None:
    texts = [path.read_text("utf-8") for path in folder.rglob("*.yaml")]
    assert texts
    assert all("simulated_by: pytest-claude simulator\n" in text for text in texts)
