"""A suite that several machines record in parts."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from projects import NEW, OLD
from simulator import asks, by_prompt, calls

from pytest_claude import cli

BUMP = f"--claude-bump={OLD}={NEW}"
CALLS = calls(("lookup_order", {"order_id": "1234"}))
SUITE = """
def test_refund(claude):
    ask("refund")
    assert claude.calls_tool("lookup_order")

def test_hours(claude):
    ask("hours")
    assert claude.calls_tool("lookup_order")
"""


def on_each_machine(project: Any, *words: str) -> None:
    """Record each test in a checkout of its own, then bring the cassettes together."""
    root, before = project.path / "cassettes", project.path / "before"
    root.mkdir(exist_ok=True)
    shutil.copytree(root, before)
    for name in ("refund", "hours"):
        report = f"--claude-report=shard-{name}.json"
        project.record("-k", name, *words, report)
        root.rename(project.path / name)
        shutil.copytree(before, root)
    for name in ("refund", "hours"):
        shutil.copytree(project.path / name, root, dirs_exist_ok=True)


def test_cassettes_of_several_machines_are_one_recording(project: Any) -> None:
    project.tests(SUITE)
    on_each_machine(project)
    assert len(project.cassettes) == 2
    project.run("--claude-strict").assert_outcomes(passed=2)


def test_a_gate_that_machines_record_in_parts_is_merged(
    project: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    project.tests(SUITE)
    project.personas(new=by_prompt({"refund": asks("Which order?")}, CALLS))
    project.record().assert_outcomes(passed=2)
    on_each_machine(project, BUMP)
    names = [str(project.path / f"{name}.json") for name in ("shard-refund", "shard-hours", "all")]
    assert cli.main(["merge", *names[:2], "-o", names[2]]) == 1
    merged = json.loads((project.path / "all.json").read_text())["decision"]
    assert {test["test"]: test["verdict"] for test in merged["tests"]} == {
        "test_app.py::test_refund": "regressed",
        "test_app.py::test_hours": "unchanged",
    }
    project.run(BUMP, "--claude-report=replay.json")
    replayed = json.loads((project.path / "replay.json").read_text())["decision"]
    assert replayed == merged
