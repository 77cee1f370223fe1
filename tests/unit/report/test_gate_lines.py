"""The section of a gate, and the run file: nothing is lost silently, all within 80 columns."""

from __future__ import annotations

import pytest

from pytest_claude.comparison.difference import Difference
from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Policy, TestVerdict
from pytest_claude.run.record import Run, TestResult, dumps, loads
from pytest_claude.report.terminal import gate_lines


def run(*verdicts: TestVerdict, overall: str = "pass", **more: object) -> Run:
    decision = Decision(overall, verdicts, Policy())  # type: ignore[arg-type]
    results = tuple(
        TestResult(v.test, (Trial(v.test, "base", 0, "pass"),), notes=("n",)) for v in verdicts
    )
    return Run("a → b", ("a=b",), decision, results=results, **more)  # type: ignore[arg-type]


def many(kind: str, number: int = 9) -> list[TestVerdict]:
    return [
        TestVerdict(f"t{n}", kind, detail="why", baseline=(4, 5), candidate=(4, 4))  # type: ignore[arg-type]
        for n in range(number)
    ]


def test_long_lists_are_cut_and_counted_unless_all_are_asked_for() -> None:
    changed = run(*many("changed"))
    assert "  … 4 more (-vv shows all)" in gate_lines(changed)
    assert any(line.startswith("  t8") for line in gate_lines(changed, whole=True))
    assert all(len(line) <= 80 for line in gate_lines(changed, whole=True))


@pytest.mark.parametrize("kind", ["regressed", "undecided"])
def test_every_test_that_keeps_the_gate_closed_is_named(kind: str) -> None:
    lines = gate_lines(run(*many(kind), overall="fail"))
    assert any(line.startswith("  t8") for line in lines)


def test_a_test_that_did_not_arrive_is_named() -> None:
    lines = gate_lines(run(*many("unchanged", 1), overall="undecided", collected=("t0", "t1")))
    at = lines.index("did not arrive (a lost worker, or the run was stopped)")
    assert lines[at + 1] == "  t1"


def test_what_is_accepted_is_told_apart_with_its_reason() -> None:
    accepted = TestVerdict("t", "regressed", accepted="asks first now (until 2027-03-31)",
                           baseline=(20, 20), candidate=(0, 4))  # fmt: skip
    lines = gate_lines(run(accepted, *many("unchanged", 1)))
    at = next(n for n, line in enumerate(lines) if line.startswith("regressed and accepted: 1"))
    assert lines[at + 2] == "    accepted: asks first now (until 2027-03-31)"


def test_a_difference_without_a_recording_names_no_place() -> None:
    silent = Difference("output", "answers nothing", (0, 4), (4, 4), None, 1)
    lines = gate_lines(run(TestVerdict("t", "changed", differences=(silent,))))
    assert "    answers nothing in 4 of 4 trials" in lines
    assert not any("None" in line for line in lines)


def test_a_run_has_a_json_form() -> None:
    changed = run(*many("changed"), collected=("t0",))
    assert loads(dumps(changed), "x") == changed


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "pytest-claude run 99"}'])
def test_what_is_no_run_file_is_one_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match=r"x.json: no run file"):
        loads(text, "x.json")
