"""What the wire did is told apart from what the model did: live, and from recordings."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from simulator import Reply, asks, by_prompt, calls, cutting, failing, served_by

from pytest_claude.recording import cassette, partial

OLD, NEW, OTHER = "claude-sonnet-4-5", "claude-sonnet-5-5", "claude-opus-4-8"
BUMP = f"--claude-bump={OLD}={NEW}"
GATE = f"_gate/{OLD}__{NEW}"
CALLS = calls(("lookup_order", {"order_id": "1234"}), text="Let me look at it, one moment please.")
APP = """
import anthropic
from app import TOOLS

def answer(text):
    body = {"model": "claude-sonnet-4-5", "max_tokens": 100, "tools": TOOLS,
            "messages": [{"role": "user", "content": text}]}
    with anthropic.Anthropic(max_retries=0) as client:
        try:
            with client.messages.stream(**body) as stream:
                return stream.get_final_message()
        except Exception:
            return "Sorry, please try again later."
"""
TEST = """
def test_looks_up(claude):
    answer("Where is order 1234?")
    assert claude.calls_tool("lookup_order")
"""


def http(status: int, kind: str = "some_error", message: str = "Sorry."):
    return lambda request, seen: Reply(status=status, error=(kind, message))


CREDIT = "Your credit balance is too low to access the Anthropic API."
WIRE = {
    "busy": (http(529, "overloaded_error"), "errors", "service"),
    "limited": (http(429, "rate_limit_error"), "errors", "service"),
    "overloads within": (failing(CALLS, 4), "errors", "service"),
    "breaks within": (failing(CALLS, 3, "api_error"), "errors", "service"),
    "limits at once": (failing(CALLS, 0, "rate_limit_error"), "errors", "service"),
    "cuts": (cutting(CALLS, 4), "errors", "cut"),
    "knows no key": (http(401, "authentication_error"), "account", "account"),
    "forbids": (http(403, "permission_error"), "account", "account"),
    "has no such model": (http(404, "not_found_error", f"model: {NEW}"), "account", "account"),
    "wants money": (http(400, "invalid_request_error", CREDIT), "account", "account"),
    "falls back": (served_by(OTHER, CALLS), "other_model", "other_model"),
    "refuses": (http(400, "invalid_request_error", "tools: no"), "refused", None),
    "acts": (CALLS, None, None),
}
SUITE = f"""
@pytest.mark.parametrize("wire", {[*WIRE]})
def test_wire(claude, wire):
    answer(wire)
    assert claude.calls_tool("lookup_order")
"""


def decision(project, name: str) -> dict:
    found: dict = json.loads((project.path / name).read_text())["decision"]
    return found


def reasons(project, name: str) -> dict[str, str | None]:
    tests = decision(project, name)["tests"]
    return {test["test"].partition("[")[2].rstrip("]"): test["reason"] for test in tests}


def voids(project, name: str) -> dict[str, set[str | None]]:
    tests = json.loads((project.path / name).read_text())["tests"]
    return {
        test["test"].partition("[")[2].rstrip("]"): {
            trial["void"] for trial in test["trials"] if trial["stream"] == "cand"
        }
        for test in tests
    }


def as_before(project) -> int:
    """Make cassettes of what was answered and not kept, as other tools and versions do."""
    root = project.path / "cassettes" / GATE
    (root / "ledger.jsonl").unlink()
    for path in [*root.rglob(f"*{partial.SUFFIX}")]:
        whole = path.with_name(path.name.removesuffix(partial.SUFFIX))
        cassette.save(whole, partial.load(whole), ["one call"])
        path.unlink()
    return len([*root.rglob("*.yaml")])


def test_what_the_wire_did_is_void_live_and_in_replay(project) -> None:
    project.tests(APP + SUITE)
    project.personas(new=by_prompt({f"^{name}$": of for name, (of, *_) in WIRE.items()}, CALLS))
    project.record().assert_outcomes(passed=len(WIRE))
    live = project.record(BUMP, "--claude-report=live.json")
    assert live.ret == pytest.ExitCode.TESTS_FAILED
    expected = {name: reason for name, (_, reason, _) in WIRE.items()}
    assert reasons(project, "live.json") == expected
    assert voids(project, "live.json") == {name: {void} for name, (*_, void) in WIRE.items()}
    # Two trials that are no evidence, or refused alike, are enough; what passes takes four.
    asked = Counter(b["messages"][0]["content"] for b in project.simulator.bodies)
    assert asked == {name: 4 if name == "acts" else 2 for name in WIRE}
    project.run(BUMP, "--claude-report=replay.json")
    assert decision(project, "replay.json") == decision(project, "live.json")
    # Recordings tell the same by themselves.
    assert as_before(project) == 4 + 2 * (len(WIRE) - 1)
    project.run(BUMP, "--claude-report=again.json")
    assert reasons(project, "again.json") == expected
    assert voids(project, "again.json") == voids(project, "live.json")


def test_a_baseline_of_which_the_service_failed_is_no_evidence_and_replays_as_it_is(
    project,
) -> None:
    project.tests(APP + TEST)
    project.personas(new=CALLS)
    project.record()
    project.record(BUMP).assert_outcomes(passed=1)
    base = project.cassette(f"test_app/test_looks_up/{OLD}.yaml")
    base.unlink()
    project.personas(old=failing(CALLS, 4))
    first = project.record()
    first.stdout.fnmatch_lines(
        ["E   *SpoiledTrial: the API ended an answer in `overloaded_error`: nothing was recorded"]
    )
    cassette.save(base, partial.load(base), ["one call"])
    base.with_name(base.name + partial.SUFFIX).unlink()
    project.run().stdout.fnmatch_lines(["E   *NoEvidence: *call 1 failed with*"])
    project.run(BUMP).stdout.fnmatch_lines(
        ["UNDECIDED  1 of 1 test: 1 of 1 trials ended in errors of the service"]
    )


@pytest.mark.parametrize(
    ("old", "says"),
    [
        (failing(CALLS, 4), "6 of 6 trials ended in errors of the service"),
        (served_by(OTHER, CALLS), f"in 6 of 6 trials {OTHER} answered, not"),
    ],
    ids=["overload", "other model"],
)
def test_a_duel_with_a_baseline_that_is_not_there_stops(project, old, says: str) -> None:
    project.tests(APP + TEST)
    project.personas(new=asks("Which order do you mean?"))
    project.record()
    project.personas(old=old)
    project.record(BUMP).stdout.fnmatch_lines([f"UNDECIDED  1 of 1 test: {says}"])
    asked = Counter(body["model"] for body in project.simulator.bodies)
    assert asked == {NEW: 8, OLD: 6}, "more than a fifth of the baseline's 20 + 6"


def test_one_void_trial_is_replaced_and_named(project) -> None:
    project.tests(APP + TEST)

    def falls_back_once(request, seen):
        return (CALLS if seen != 1 else served_by(OTHER, CALLS))(request, seen)

    project.personas(new=falls_back_once)
    project.record()
    result = project.record(BUMP, "--claude-report=bump.md")
    result.assert_outcomes(passed=1)
    told = f"1 void trial: {OTHER} answered, not {NEW}"
    result.stdout.fnmatch_lines(["PASS  *", told])
    assert told in (project.path / "bump.md").read_text().replace("`", "")
    assert len(project.simulator.bodies) == 5
    project.run(BUMP).stdout.fnmatch_lines(["PASS  *", told])


def test_another_model_is_named_with_what_to_type(project) -> None:
    project.tests(APP + TEST)
    project.personas(new=served_by(OTHER, CALLS))
    project.record()
    result = project.record(BUMP)
    result.assert_outcomes(failed=1)
    again = f"pytest {BUMP.replace('=', ' ', 1)} --claude-record=all"
    result.stdout.fnmatch_lines(
        [
            f"  observed      call 1 was answered by {OTHER}",
            f"UNDECIDED  1 of 1 test: in 2 of 2 trials {OTHER} answered, not",
            f"           {NEW}",
            "  to ask again",
            f"    {again}",
        ]
    )
    assert "to adopt it" not in result.stdout.str()
    # What was answered is paid for: it is not asked again, but by another attempt.
    project.record(BUMP).stdout.fnmatch_lines(["UNDECIDED  *"])
    assert project.simulator.bodies == []
    project.personas(new=CALLS)
    project.record(BUMP, mode="all").stdout.fnmatch_lines(["PASS  *", "attempt 2: *"])


def test_a_line_of_the_map_makes_evidence_of_what_was_paid(project) -> None:
    project.tests(APP + TEST)
    project.personas(new=served_by("prod-sonnet", CALLS))
    project.record()
    line = f"prod-sonnet = {NEW}"
    with project.server():
        result = project.run(BUMP, "--claude-record")
        result.stdout.fnmatch_lines([f"  if the same   add to claude_model_map: {line}"])
        project.pytester.makepyprojecttoml(
            f"[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_model_map = ['{line}']\n"
        )
        project.run(BUMP, "--claude-record", "--claude-report=live.json").assert_outcomes(passed=1)
        assert len(project.simulator.bodies) == 4, "two of the four trials were there"
    project.run(BUMP, "--claude-report=replay.json").assert_outcomes(passed=1)
    assert decision(project, "replay.json") == decision(project, "live.json")


def test_a_stream_that_is_sent_again_is_kept_with_who_ended_the_first(project) -> None:
    project.tests(
        APP
        + """
def test_looks_up(claude):
    if isinstance(answer("refund"), str):
        answer("refund")
    assert claude.calls_tool("lookup_order")
"""
    )
    project.personas(
        old=lambda request, seen: (CALLS if seen else cutting(CALLS, 4))(request, seen)
    )
    project.record().assert_outcomes(passed=1)
    text = Path(project.cassette(f"test_app/test_looks_up/{OLD}.yaml")).read_text()
    assert text.count("      complete: false\n      ended: cut\n") == 1
    project.run("--claude-strict").assert_outcomes(passed=1)
