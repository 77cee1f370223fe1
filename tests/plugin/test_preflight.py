"""What a run says of its models: before a bump, before a call is paid, before a retirement."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulator import by_prompt, calls, says

from pytest_claude.comparison.trial import Trial
from pytest_claude.places import places_of
from pytest_claude.plugin.gate import preflight
from pytest_claude.recording import cassette
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.veto import veto
from pytest_claude.run.record import Run, TestResult
from pytest_claude.settings import RunSettings, Swap
from pytest_claude.transcript.interaction import Interaction, Request, Response, Timing

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
PREFILLED = """
def test_prefills(claude):
    ask(messages=[{"role": "user", "content": "JSON"}, {"role": "assistant", "content": "{"}])
    assert claude.stops_with("end_turn")
"""
FORCES = """
def test_forces(claude):
    ask("x", tool_choice={"type": "any"})
    assert claude.stops_with("end_turn")
"""


@pytest.fixture
def recorded(project: Any) -> Any:
    """A project whose baseline is recorded: one request is adapted, one is refused."""
    project.personas(old=says("Hi."), new=says("Hi."))
    project.tests(PREFILLED + FORCES)
    project.record().assert_outcomes(passed=2)
    return project


def lines_of(result: pytest.RunResult, first: str, last: str) -> list[str]:
    lines = result.outlines
    return lines[lines.index(first) : lines.index(last) + 1]


def test_a_bump_begins_with_what_the_candidate_refuses(recorded: Any) -> None:
    result = recorded.record(BUMP)
    assert lines_of(
        result,
        f"preflight {OLD}={NEW}:",
        "    not adapted: a comparison is refused too, until the app is changed",
    ) == [
        f"preflight {OLD}={NEW}:",
        "✗ 2 requests in 2 tests would be refused with HTTP 400",
        '  1 `tool_choice` "tool" and "any" are not supported  test_app.py',
        "    → tool_choice auto, strict: true, and say in the prompt when to call it",
        "    a comparison adapts it; the app's own code must follow",
        "  1 ends with an assistant message (prefill)          test_app.py",
        "    → output_config.format with a JSON schema, or say it in the system prompt",
        "    not adapted: a comparison is refused too, until the app is changed",
    ]
    first = result.outlines.index(f"preflight {OLD}={NEW}:")
    assert first < next(n for n, line in enumerate(result.outlines) if line.startswith("test_app"))


def test_each_of_two_pairs_has_a_heading_of_its_own(project: Any) -> None:
    other = "claude-haiku-4-5"
    project.personas(**{"old": says("Hi."), "new": says("Hi."), other: says("Hi.")})
    project.tests(PREFILLED + FORCES.replace('"x"', f'"x", model="{other}"'))
    project.record().assert_outcomes(passed=2)
    result = project.record(BUMP, f"--claude-bump={other}={NEW}")
    told = [line for line in result.outlines if line.startswith(("preflight", "✗"))]
    refused = "✗ 1 request in 1 test would be refused with HTTP 400"
    assert told == [f"preflight {OLD}={NEW}:", refused, f"preflight {other}={NEW}:", refused]


def test_workers_leave_it_to_the_end(recorded: Any) -> None:
    recorded.record(BUMP, "--claude-record-refused")
    result = recorded.run(BUMP, "-p", "xdist", "-n", "1")
    result.stdout.fnmatch_lines(
        ["=* preflight =*", f"preflight {OLD}={NEW}:", "✗ 2 requests in 2 tests *",
         f"=* {OLD} → {NEW} =*"]
    )  # fmt: skip


def test_nothing_is_said_where_nothing_is_refused(project: Any) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.personas(new=calls(("lookup_order", {"order_id": "1"})))
    project.record()
    assert "preflight" not in project.record(BUMP).stdout.str()


def test_a_call_that_is_known_to_be_refused_is_not_paid_for(recorded: Any) -> None:
    result = recorded.record(BUMP)
    asked = [body for body in recorded.simulator.bodies if body["model"] == NEW]
    assert asked
    assert all(body["tool_choice"] == {"type": "auto"} for body in asked), "only what is adapted"
    text = result.stdout.str()
    for line in (
        "UNDECIDED  1 of 2 tests: 2 of 2 trials were not sent: claude-sonnet-5-5 refuses",
        " --claude-record --claude-record-refused",
        "unchanged: 1\n",
        "  observed    ends with an assistant message (prefill) (HTTP 400, rule prefill)",
        "  the API     This model does not support assistant message prefill. The",
        "  to mend it  output_config.format with a JSON schema, or say it in the system",
        "  to send it  add --claude-record-refused",
    ):
        assert line in text
    assert result.ret == 1


def test_it_is_paid_for_when_told_so_and_replayed_then(recorded: Any) -> None:
    # Each refusal is an error of the SDK, whose source pytest would read for each traceback.
    short = "--tb=native"
    recorded.record(BUMP, "--claude-record-refused", short)
    sent = [body for body in recorded.simulator.bodies if body["model"] == NEW]
    assert any(body["messages"][-1]["role"] == "assistant" for body in sent)
    told = "is refused with HTTP 400: This model does not support assistant message prefill"
    assert told in recorded.run(BUMP, short).stdout.str().replace("\n    ", " ")
    recorded.record(BUMP, short)  # what is recorded is not asked again
    assert [body for body in recorded.simulator.bodies if body["model"] == NEW] == []


REFUSED = f"""
def test_refused(claude):
    with pytest.raises(Exception):
        ask("x", model="{NEW}", tool_choice={{"type": "any"}})
    assert claude.errors[0].status == 400
"""


def test_a_plain_recording_does_not_pay_for_what_is_refused_either(project: Any) -> None:
    project.personas(new=says("Hi."))
    project.tests(REFUSED)
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"E   pytest_claude.NotSent: not sent: {NEW} refuses it: `tool_choice` *",
            f"  expected    a request that {NEW} accepts",
            "  observed    `tool_choice` *",
            "  to mend it  *",
            "  to send it  add --claude-record-refused",
        ]
    )
    assert project.simulator.bodies == []


def test_a_refusal_that_a_test_is_about_is_recorded_when_told_so(project: Any) -> None:
    project.personas(new=says("Hi."))
    project.tests(REFUSED)
    project.record("--claude-record-refused").assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)
    project.record().assert_outcomes(passed=1)  # what is recorded is not asked again
    project.record(mode="all").assert_outcomes(failed=1)
    project.run().assert_outcomes(passed=1)  # and what was recorded is kept


@pytest.mark.parametrize(
    ("host", "model", "forbidden"),
    [
        ("https://api.anthropic.com", NEW, True),
        ("https://gateway.example", NEW, False),  # it may alter a request on the way
        ("https://api.anthropic.com", "claude-next-9", False),  # nothing is known of it
        ("https://api.anthropic.com", OLD, False),
        ("https://api.anthropic.com", "claude-3-7-sonnet", False),  # retired, as far as we know
    ],
)
def test_only_what_is_known_to_be_refused_is_not_paid_for(
    host: str, model: str, forbidden: bool
) -> None:
    body = {"model": model, "max_tokens": 9, "temperature": 0.2,
            "messages": [{"role": "user", "content": "x"}]}  # fmt: skip
    request = Request("POST", f"{host}/v1/messages", json.dumps(body).encode())
    forbids = veto((), RunSettings(Path(), record_mode="once"), "2026-11-22")
    assert forbids is not None
    assert (forbids(request) is not None) is forbidden


# --- retirements ----------------------------------------------------------------------------------

SOON = [
    "claude-sonnet-4-5 retires on 30 Nov 2026, in 8 days; 2 tests use it",
    "  to see what breaks  pytest-claude preflight claude-sonnet-5-5",
]


@pytest.fixture
def retiring(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    project.tests("def test_a(claude):\n    ask()\n\ndef test_b(claude):\n    ask('b')\n")
    project.record().assert_outcomes(passed=2)
    monkeypatch.setattr("pytest_claude.clock.today", lambda: "2026-11-22")
    return project


def test_a_model_that_retires_soon_is_told_in_one_line(retiring: Any) -> None:
    result = retiring.run()
    result.assert_outcomes(passed=2)
    assert lines_of(result, *SOON) == SOON
    assert result.ret == 0


def test_it_is_told_with_its_command_in_a_quiet_gate_too(retiring: Any) -> None:
    lines = retiring.run("-q", "--claude-baseline=last").outlines
    assert [lines[lines.index(SOON[0]) + n] for n in (0, 1)] == SOON


def test_strict_fails_for_it(retiring: Any) -> None:
    result = retiring.run("--claude-strict")
    assert SOON[0] in result.outlines
    assert result.ret == 1


def test_workers_tell_it_too(retiring: Any) -> None:
    result = retiring.run("-p", "xdist", "-n", "2")
    assert SOON[0] in result.outlines


@pytest.mark.parametrize(("days", "told"), [("8", True), ("7", False), ("off", False)])
def test_how_far_it_looks_ahead_is_a_setting(retiring: Any, days: str, told: bool) -> None:
    result = retiring.run("-o", f"claude_retirement_days={days}", "--claude-strict")
    assert (SOON[0] in result.outlines) == told
    assert result.ret == int(told)


def test_a_wrong_number_of_days_is_a_usage_error(retiring: Any) -> None:
    result = retiring.run("-o", "claude_retirement_days=soon")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "ERROR: claude_retirement_days = soon: a whole number of days, or off"
    assert told in result.errlines


def test_a_bump_away_from_it_does_not_repeat_it(retiring: Any) -> None:
    retiring.personas(new=by_prompt({}, says("Hi.")))
    assert SOON[0] not in retiring.record(BUMP).outlines


# --- speed ----------------------------------------------------------------------------------------


def test_recorded_speed_is_told_after_the_verdict(tmp_path: Path) -> None:
    told: list[str] = []
    for stream, model, first in (("base", OLD, 0.5), ("cand", NEW, 1.0)):
        request = Request("POST", "https://api.anthropic.com/v1/messages",
                          b'{"model": "%s", "messages": []}' % model.encode())  # fmt: skip
        body = b'{"type": "message", "content": [], "usage": {"output_tokens": 51}}'
        answer = Response(200, body, {}, Timing(0.1, first + 1, first))
        cassette.save(tmp_path / f"{stream}.yaml", [Recorded.of(Interaction(request, answer))])
    for verbosity in (0, 1):
        config = SimpleNamespace(rootpath=tmp_path, get_verbosity=lambda v=verbosity: v)
        settings = RunSettings(cassette_root=tmp_path, bump=(Swap(OLD, NEW),))
        trials = (Trial("a", "base", 0, "pass", cassette="base.yaml"),
                  Trial("a", "cand", 0, "pass", cassette="cand.yaml"))  # fmt: skip
        results = SimpleNamespace(
            run=Run(results=(TestResult("a", trials),)), collected={}, shared={}
        )
        section = preflight.BumpPreflight(config, settings, results, places_of(settings))  # type: ignore[arg-type]
        reporter = SimpleNamespace(section=print, write_line=told.append)
        hook = section.pytest_terminal_summary(reporter)
        next(hook)
        with pytest.raises(StopIteration):
            hook.send(None)
    assert told == [
        "first token     0.50 s → 1.00 s  median of 1 and 1 call",
        "output tokens/s 50 → 50  median of 1 and 1 call",
    ], "with -v alone: it reads every cassette again"


def test_simulated_answers_have_no_speed(recorded: Any) -> None:
    recorded.record(BUMP)
    assert "median of" not in recorded.run(BUMP, "-v").stdout.str()


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n1"]], ids=["alone", "xdist"])
def test_an_id_that_is_nearly_a_known_one_is_told_before_the_tests(
    project: Any, workers: list[str]
) -> None:
    project.app(sdk_in_children=True)
    project.personas(old=says("Hi."), **{"claude-sonnet-5-6": says("Hi.")})
    project.tests("def test_a(claude):\n    ask()\n    assert claude.stops_with('end_turn')")
    result = project.record(f"--claude-bump={OLD}=claude-sonnet-5-6", *workers)
    assert result.ret == pytest.ExitCode.OK, "it may be newer than what is known"
    hint = "claude: claude-sonnet-5-6 is not known here; did you mean claude-sonnet-5-5?"
    assert result.outlines.count(hint) == 1
    result.stdout.fnmatch_lines([hint, "*test_app.py*" if not workers else "1 worker *"])
