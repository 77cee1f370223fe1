"""The examples in docstrings run, and a contributor can list the fixtures of this repository."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_claude

PACKAGE = Path(pytest_claude.__file__).parent
ROOT = Path(__file__).parent.parent.parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text("utf-8") and "demo" not in path.parts
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_run(name: str) -> None:
    tried = doctest.testmod(importlib.import_module(name))
    assert tried.attempted
    assert not tried.failed


def test_the_fixtures_of_this_repository_can_be_listed() -> None:
    # pytest 9.2 can't with --doctest-modules: it reads the fixtures of a module twice, and sorts.
    command = [sys.executable, "-m", "pytest", "--fixtures", "-q", "tests/unit/test_simulator.py"]
    command += ["-W", "ignore:assertions not in test modules"]  # what pytest says of `python -O`
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stdout
    assert "\nclaude -- " in listed.stdout
