"""Run files of earlier versions, brought to today's form.

The only place that reads a fact from words: files of versions 1 and 2 say some in no other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pytest_claude.gating.decision import VERSION, Decision, TestVerdict
from pytest_claude.gating.status import Reason
from pytest_claude.run.comparison import Comparison
from pytest_claude.settings import Swap

_LEFT_OUT: tuple[tuple[str, Reason], ...] = (
    ("skipped", "skipped"),
    ("no model call", "no_model_call"),
    ("asks ", "asks_no_old"),
    ("no claude check", "no_check"),
    ("only in ", "one_run_only"),
)


def upgraded(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a run file in today's form; what is of another format comes back as it is."""
    if data.get("format") == "pytest-claude run 1":
        data = _from_1(data)
    return _from_2(data) if data.get("format") == "pytest-claude run 2" else data


def _from_1(data: Mapping[str, Any]) -> dict[str, Any]:
    """Verdicts of version 1 were reached without statistics, by a plain rule."""
    decision = None
    if data["verdict"] is not None:
        tests = [_verdict_1(test) for test in data["tests"] if test.get("verdict") is not None]
        rest = asdict(Decision(data["verdict"], ()))
        ordered = sorted(tests, key=lambda test: str(test["test"]))
        decision = {**rest, "v": 1, "tests": ordered}
    title = ", ".join(pair.replace("=", " → ", 1) for pair in data["pairs"])
    return {**data, "format": "pytest-claude run 2", "title": title, "decision": decision}


def _verdict_1(test: Mapping[str, Any]) -> dict[str, Any]:
    verdict = test["verdict"]
    same = {key: verdict[key] for key in ("baseline", "candidate", "differences")}
    plain = asdict(TestVerdict(test["test"], verdict["kind"]))
    read = {"used": [verdict["candidate"][1], 0], "recorded": verdict["baseline"][1]}
    return {**plain, **same, **read, "detail": verdict["reason"]}


def _from_2(data: Mapping[str, Any]) -> dict[str, Any]:
    """Version 2 had one word for what was compared, and reasons in words."""
    decision = data["decision"]
    if decision is not None:
        tests = [_verdict_2(test) for test in decision["tests"]]
        sums = [_ratio_2(ratio) for ratio in decision["ratios"]]
        decision = {**decision, "v": VERSION, "tests": tests, "ratios": sums}
    comparison = None if decision is None else _comparison(data["title"], data["pairs"])
    return {
        **data,
        "format": "pytest-claude run 3",
        "comparison": None if comparison is None else comparison.to_json(),
        "decision": decision,
        "tests": [_result_2(test) for test in data["tests"]],
    }


def _comparison(title: str, pairs: list[str]) -> Comparison:
    if pairs:
        halves = (pair.partition("=") for pair in pairs)
        return Comparison("bump", tuple(Swap(old, new) for old, _, new in halves))
    before, _, after = title.partition(" → ")
    return Comparison("baseline" if after == "this run" else "files", (), before, after)


def _verdict_2(verdict: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(verdict)
    detail, accepted = fields.pop("detail", None), fields.pop("accepted", None)
    reason = fields.get("reason")
    if fields["verdict"] == "not gated":
        fields["verdict"], reason = "not run", _left_out(detail or "")
    differences = fields["differences"]
    if accepted is not None:
        reason, detail = "accepted", accepted
    elif fields["verdict"] == "regressed" and differences and _is_refused(differences[0]):
        reason = "refused"
    words = {} if detail is None else {"words": detail}
    return {**fields, "reason": reason, "values": words}


def _ratio_2(ratio: Mapping[str, Any]) -> dict[str, Any]:
    """Version 2 had the means over the tests, today the sums."""
    sums = {side: ratio[side] * ratio["tests"] for side in ("baseline", "candidate")}
    return {key: value for key, value in {**ratio, **sums}.items() if key != "of_sums"}


def _result_2(result: Mapping[str, Any]) -> dict[str, Any]:
    fields = dict(result)
    detail = fields.pop("not_gated", None)
    why = None if detail is None else {"reason": "wide_fixture", "values": {"words": detail}}
    return {**fields, "not_run": why}


def _left_out(detail: str) -> Reason:
    for start, reason in _LEFT_OUT:
        if detail.startswith(start):
            return reason
    return "wide_fixture"


def _is_refused(difference: Mapping[str, Any]) -> bool:
    sentence: str = difference["sentence"]
    return difference["kind"] == "refuses" and sentence.startswith("is refused with")
