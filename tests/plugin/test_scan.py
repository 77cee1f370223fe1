"""`pytest-claude scan`, as a user types it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from pytest_claude import cli, clock

FILES = {
    "app/desk.py": 'MODEL = "claude-sonnet-4-5-20250929"\nTOOL = "claude-code"\n',
    "app/settings.toml": 'big = "us.anthropic.claude-opus-4-5-20251101-v1:0"\nown = "our-sonnet"\n',
    ".github/workflows/ci.yml": "env:\n  MODEL: claude-haiku-5-5  # pinned\n",
    "notes.ipynb": '{"cells": [{"source": ["model = \\"claude-next-1\\""]}]}\n',
    "vertex.env": "MODEL=claude-haiku-4-5@20251001\n",
    "README.md": "We use claude-sonnet-4-5.\n",
    "cassettes/test_a/test_b/claude-sonnet-4-5.yaml": "model: claude-sonnet-4-5\n",
    "node_modules/a/index.js": 'const m = "claude-sonnet-4-5"\n',
    "pytest.ini": "[pytest]\nclaude_model_map =\n    our-sonnet = claude-sonnet-5-5\n",
}
DAY = "2026-11-20"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "today", lambda: DAY)
    return tmp_path


def scan(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    status = cli.main(["scan", *arguments])
    return status, capsys.readouterr().out.splitlines()


def places(lines: list[str]) -> dict[str, str]:
    found = (json.loads(line) for line in lines)
    return {f"{each['path']}:{each['line']}": f"{each['form']} {each['model']}" for each in found}


EXPECTED = {
    ".github/workflows/ci.yml:2": "alias claude-haiku-5-5",
    "app/desk.py:1": "dated claude-sonnet-4-5",
    "app/settings.toml:1": "dated claude-opus-4-5",
    "app/settings.toml:2": "own claude-sonnet-5-5",
    "notes.ipynb:1": "unknown None",
    "vertex.env:1": "dated claude-haiku-4-5",
}


def test_every_id_of_source_configuration_workflows_and_notebooks_is_listed(
    project, capsys
) -> None:
    _, lines = scan(capsys, "--json")
    assert places(lines) == EXPECTED


def test_the_json_says_which_models_retire_within_the_days(project, capsys) -> None:
    _, lines = scan(capsys, "--json", "--within", "10")
    uses = [json.loads(line) for line in lines]
    assert {use["name"] for use in uses if use["retiring"]} == {"claude-sonnet-4-5-20250929"}
    assert not any(json.loads(line)["retiring"] for line in scan(capsys, "--json", "--within=9")[1])


def test_in_a_repository_the_files_are_those_that_git_knows_or_would_add(project, capsys) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    (project / ".gitignore").write_text("node_modules\nvertex.env\n", "utf-8")
    _, lines = scan(capsys, "--json")
    kept = {place: of for place, of in EXPECTED.items() if not place.startswith("vertex.env")}
    assert places(lines) == kept


def test_a_file_that_is_named_itself_is_read_whatever_it_is(project, capsys) -> None:
    _, lines = scan(capsys, "--json", "README.md", "app")
    assert set(places(lines)) == {
        "README.md:1", "app/desk.py:1", "app/settings.toml:1", "app/settings.toml:2",
    }  # fmt: skip


def test_the_lines_say_what_becomes_of_each_model_and_what_to_type(project, capsys) -> None:
    status, lines = scan(capsys)
    assert status == 1
    retiring = next(line for line in lines if line.startswith("app/desk.py:1"))
    assert retiring.endswith(
        "dated    retires 30 Nov 2026 (in 10 days), claude-sonnet-5-5 takes its place"
    )
    assert "active, no retirement is set" in next(line for line in lines if "ci.yml" in line)
    assert next(line for line in lines if "ipynb" in line).endswith("unknown here")
    assert "  to see what breaks  pytest --claude-bump claude-sonnet-4-5=claude-sonnet-5-5" in lines


@pytest.mark.parametrize(
    ("arguments", "ini", "status"),
    [
        ((), "", 1), (("--within", "9"), "", 0), (("--within", "10"), "", 1),
        (("--within", "off"), "", 0), ((), "claude_retirement_days = 9", 0),
        (("--within", "10"), "claude_retirement_days = off", 1),
    ],
    ids=str,
)  # fmt: skip
def test_the_exit_status_says_whether_a_model_retires_soon(
    project, capsys, arguments, ini, status
) -> None:
    (project / "pytest.ini").write_text(f"[pytest]\n{ini}\n", "utf-8")
    assert scan(capsys, *arguments, "app/desk.py")[0] == status


def test_a_model_that_is_retired_counts_too(project, capsys, monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: "2026-12-01")
    status, lines = scan(capsys, "--within", "0", "app/desk.py")
    assert status == 1
    assert "retired since 30 Nov 2026" in lines[0]


def test_what_is_retired_is_counted_though_nobody_looks_ahead(project, capsys, monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: "2026-12-01")
    status, lines = scan(capsys, "--within", "off", "app/desk.py")
    assert status == 0
    assert "1 place in 1 file: 1 model, 1 retired" in lines


def test_files_that_are_not_read_are_counted_and_one_that_is_named_is_read(project, capsys) -> None:
    (project / "app/latin.py").write_bytes(b'# \xe9\nMODEL = "claude-haiku-4-5"\n')
    _, lines = scan(capsys, "app")
    assert "1 file not read: no UTF-8, or above 1 MB" in lines
    _, lines = scan(capsys, "--json", "app/latin.py")
    assert places(lines) == {"app/latin.py:2": "alias claude-haiku-4-5"}


def test_bad_input_is_one_sentence_and_a_usage_error(project, capsys) -> None:
    assert cli.main(["scan", "nowhere"]) == 4
    assert "scan nowhere: no such file or folder" in capsys.readouterr().err
    assert cli.main(["scan", "--within", "soon"]) == 4
    assert "--within = soon: a whole number of days, or off" in capsys.readouterr().err


def test_nothing_to_list_is_said(project, capsys) -> None:
    assert scan(capsys, "pytest.ini") == (0, ["no file names a model"])
