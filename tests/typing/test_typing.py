"""mypy and pyright accept what a test author writes, and refuse what is misspelt."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

STATED = Path(__file__).with_name("stated.py")
TESTS = Path(__file__).parent.parent

WRONG = """
from pytest_claude import ClaudeFixture


def test_a(claude: ClaudeFixture) -> None:
    claude.calls_tols("a")
    claude.within(cost=1)
    claude.returns_json(where="text")
    claude.calls_tools(["a"], order="any")
    claude.refuses().catgory
    claude.calls_tool("a", times="1")
    claude.cites(1.5)
    claude.writes_valid_code("rust")
    claude.thinks(1)
"""
WRONG_LINES = [6, 7, 8, 9, 10, 11, 12, 13, 14]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, cwd=TESTS, timeout=600
    )


def needs(checker: str) -> None:
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: pip install -e '.[dev]'")


def test_mypy(tmp_path: Path) -> None:
    needs("mypy")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    cache = f"--cache-dir={tmp_path / 'cache'}"
    result = run("mypy", "--strict", "--config-file=", cache, str(STATED), str(wrong))
    errors = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert [line for line in errors if "wrong.py" not in line] == [], result.stdout
    lines = {int(line.partition("wrong.py:")[2].partition(":")[0]) for line in errors}
    assert sorted(lines) == WRONG_LINES, result.stdout


def test_pyright(tmp_path: Path) -> None:
    needs("pyright")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    result = run("pyright", "--outputjson", "--pythonpath", sys.executable, str(STATED), str(wrong))
    assert result.stdout.startswith("{"), f"pyright does not run here: {result.stderr[-200:]}"
    diagnostics = json.loads(result.stdout)["generalDiagnostics"]
    errors = [each for each in diagnostics if each["severity"] == "error"]
    mine = [each for each in errors if not each["file"].endswith("wrong.py")]
    assert mine == []
    lines = {each["range"]["start"]["line"] + 1 for each in errors}
    assert sorted(lines) == WRONG_LINES, result.stdout
