"""The section of a gate, and the run file: nothing is lost silently, all within 80 columns."""

from __future__ import annotations

import pytest

from pytest_claude.comparison.difference import Difference
from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Policy, TestVerdict
from pytest_claude.report.story import story
from pytest_claude.report.terminal import gate_lines
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.record import Run, TestResult, dumps, loads
from pytest_claude.settings import Swap


def run(*verdicts: TestVerdict, overall: str = "pass", **more: object) -> Run:
    decision = Decision(overall, verdicts, Policy())  # type: ignore[arg-type]
    results = tuple(
        TestResult(v.test, (Trial(v.test, "base", 0, "pass"),), notes=("n",)) for v in verdicts
    )
    comparison = Comparison("bump", (Swap("a", "b"),))
    return Run(comparison, decision, results=results, **more)  # type: ignore[arg-type]


def lines_of(run: Run, *, whole: bool = False) -> list[str]:
    return gate_lines(story(run), whole=whole)


def many(kind: str, number: int = 9) -> list[TestVerdict]:
    return [
        TestVerdict(f"t{n}", kind, values={"words": "why"}, baseline=(4, 5), candidate=(4, 4))  # type: ignore[arg-type]
        for n in range(number)
    ]


def test_long_lists_are_cut_and_counted_unless_all_are_asked_for() -> None:
    changed = run(*many("changed"))
    assert "  … 4 more (-vv shows all)" in lines_of(changed)
    assert any(line.startswith("  t8") for line in lines_of(changed, whole=True))
    assert all(len(line) <= 80 for line in lines_of(changed, whole=True))


@pytest.mark.parametrize("kind", ["regressed", "undecided"])
def test_every_test_that_keeps_the_gate_closed_is_named(kind: str) -> None:
    lines = lines_of(run(*many(kind), overall="fail"))
    assert any(line.startswith("  t8") for line in lines)


def test_a_test_that_did_not_arrive_is_named() -> None:
    lost = TestVerdict("t1", "undecided", "not_arrived")
    lines = lines_of(run(*many("unchanged", 1), lost, overall="undecided"))
    at = next(n for n, line in enumerate(lines) if line.startswith("  t1"))
    assert lines[at + 1] == (
        "    did not arrive: not collected, a lost worker, or the run was stopped"
    )


def test_what_is_accepted_is_told_apart_with_its_reason() -> None:
    why = {"why": "asks first now (until 2027-03-31)"}
    accepted = TestVerdict("t", "regressed", "accepted", why, (20, 20), (0, 4))
    lines = lines_of(run(accepted, *many("unchanged", 1)))
    at = next(n for n, line in enumerate(lines) if line.startswith("accepted, does not gate: 1"))
    assert lines[at + 2] == "    accepted: asks first now (until 2027-03-31)"


def test_a_difference_without_a_recording_names_no_place() -> None:
    silent = Difference("output", "answers nothing", (0, 4), (4, 4), None, 1)
    lines = lines_of(run(TestVerdict("t", "changed", differences=(silent,))))
    assert "    answers nothing in 4 of 4 trials" in lines
    assert not any("None" in line for line in lines)


def test_a_run_has_a_json_form() -> None:
    changed = run(*many("changed"), collected=("t0",))
    assert loads(dumps(changed), "x") == changed


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "pytest-claude run 99"}'])
def test_what_is_no_run_file_is_one_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match=r"x.json: no run file"):
        loads(text, "x.json")
