"""The run file: its schema, its versions."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import jsonschema
import pytest
import report_samples as samples

from pytest_claude.behavior.profile import Profile, ToolFact
from pytest_claude.comparison.difference import Difference
from pytest_claude.comparison.trial import CheckNote, Trial
from pytest_claude.gating.decision import Decision, SetVerdict, TestVerdict
from pytest_claude.gating.measures import Ratio
from pytest_claude.gating.policy import Policy
from pytest_claude.report.story import story
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.record import InSet, Stale, TestResult, dumps, loads, schema
from pytest_claude.settings import Swap


@pytest.mark.parametrize("name", sorted(samples.RUNS))
def test_what_is_written_satisfies_the_schema(name: str) -> None:
    jsonschema.validate(
        json.loads(dumps(samples.RUNS[name])), schema(), jsonschema.Draft202012Validator
    )


@pytest.mark.parametrize("name", sorted(samples.RUNS))
def test_reading_gives_what_was_written(name: str) -> None:
    assert loads(dumps(samples.RUNS[name]), "run.json") == samples.RUNS[name]


@pytest.mark.parametrize(
    ("cls", "more"),
    [
        (CheckNote, set()), (Comparison, set()), (Decision, {"v", "attempt"}), (Difference, set()),
        (InSet, set()), (Policy, set()), (Profile, set()), (Ratio, set()), (SetVerdict, set()),
        (Stale, set()),        (TestResult, set()), (TestVerdict, set()),
        (ToolFact, set()), (Trial, {"v"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_the_schema_knows_every_field(cls: Any, more: set[str]) -> None:
    shape = schema()["$defs"][cls.__name__]
    assert set(shape["properties"]) == {field.name for field in fields(cls) if field.compare} | more
    assert set(shape["required"]) == set(shape["properties"])


@pytest.mark.parametrize("name", sorted(schema()["$defs"]))
def test_the_schema_says_what_a_field_means(name: str) -> None:
    shape = schema()["$defs"][name]
    assert shape["description"]
    silent = [field for field, told in shape.get("properties", {}).items()
              if "description" not in told]  # fmt: skip
    assert silent == []


VERSION_1 = """{
 "format": "pytest-claude run 1", "pairs": ["claude-sonnet-4-5=claude-sonnet-5-5"],
 "verdict": "fail", "sentence": "1 of 1 test regressed", "rule": "plain rule",
 "collected": ["t.py::t"],
 "tests": [{"test": "t.py::t", "trials": [
   {"test": "t.py::t", "stream": "base", "index": 0, "outcome": "pass", "cause": null,
    "models": ["claude-sonnet-4-5"], "cassette": "c.yaml", "interactions": 1, "checks": [],
    "profile": null, "rewrites": [], "simulated_by": null}],
  "verdict": {"kind": "regressed", "reason": "it failed", "baseline": [1, 1],
   "candidate": [0, 1], "differences": []},
  "unused": [], "notes": [], "stale": null, "planned": 1}]
}"""


def test_a_run_file_of_version_1_is_read() -> None:
    run = loads(VERSION_1, "old.json")
    assert run.comparison == Comparison("bump", (Swap("claude-sonnet-4-5", "claude-sonnet-5-5"),))
    assert run.decision is not None
    assert run.decision.overall == "fail"
    (row,) = story(run).rows
    assert (row.word, row.rates, row.text) == ("regressed", "1/1", "it failed")
    assert run.results[0].trials[0].cassette == "c.yaml"
