"""Every way in which a test can end, in a gate: its status and reason, the headline, the exit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from simulator import Reply, asks, by_prompt, cached, calls, served_by

from pytest_claude import cli

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
ASKS = asks("Which order do you mean?")
CALLS = calls(("lookup_order", {"order_id": "1234"}))

IS_NEW = """
import time
from pathlib import Path

def is_new(name):
    '''Whether the test runs for the second time: its one trial of the old model comes first.'''
    seen = Path(f"ran-{name}")
    again = seen.exists()
    seen.touch()
    return again
"""
SUITE = """
import unittest

def tool(text):
    return ask(text).stop_reason == "tool_use"

# --- what the model does -----------------------------------------------------------------------

def test_passes(claude):
    assert tool("stays")

def test_states_nothing(claude):
    ask("stays")

def test_states_nothing_and_changes(claude):
    ask("turns")

def test_plain_assert(claude):
    assert tool("turns")

@pytest.mark.claude
def test_marked_plain_assert():
    assert tool("turns")

def test_check(claude):
    ask("turns")
    assert claude.calls_tool("lookup_order")

@pytest.mark.claude_calls_tool("lookup_order")
def test_marker():
    ask("turns")

@pytest.mark.claude
class TestCase(unittest.TestCase):
    def test_subtest(self):
        with self.subTest("calls"):
            assert tool("turns")

@pytest.fixture
def needs_a_call():
    assert tool("turns")

def test_set_up_that_asks(claude, needs_a_call):
    pass

@pytest.fixture
def ends_with_a_call():
    yield
    assert tool("turns")

def test_teardown(claude, ends_with_a_call):
    assert tool("stays")

def test_raises_after_its_call(claude):
    if not tool("turns"):
        raise ValueError("no tool was called")

def test_is_mended(claude):
    assert tool("mends")

@pytest.mark.xfail
def test_xfails(claude):
    assert not tool("stays")

@pytest.mark.xfail
def test_xpasses_on_new(claude):
    assert tool("mends")

@pytest.mark.xfail(strict=True)
def test_xpasses_strictly_on_new(claude):
    assert tool("mends")

@pytest.mark.flaky(reruns=3)
def test_is_not_run_again(claude):
    assert tool("turns")

def test_is_refused(claude):
    ask("refused")

def test_fails_on_both(claude):
    assert not tool("stays")

# --- what is no evidence -----------------------------------------------------------------------

def test_is_denied(claude):
    assert tool("denied")

def test_is_answered_by_another_model(claude):
    assert tool("another")

def test_is_answered_from_a_cache(claude):
    assert tool("cached")

@pytest.mark.timeout(1)
def test_times_out_on_new(claude):
    assert tool("stays")
    if is_new("timeout"):
        time.sleep(30)

# --- what could not be run ---------------------------------------------------------------------

def test_crashes(claude):
    {}["MISSING"]

def test_crashes_on_new(claude):
    if is_new("crash"):
        {}["MISSING"]
    assert tool("stays")

@pytest.fixture
def broken():
    raise RuntimeError("no database")

def test_set_up(claude, broken):
    assert tool("stays")

@pytest.fixture
def broken_on_new():
    if is_new("set-up"):
        raise RuntimeError("no database")

def test_set_up_on_new(claude, broken_on_new):
    assert tool("stays")

def test_skips_on_new(claude):
    if is_new("skip"):
        pytest.skip("not today")
    assert tool("stays")

# --- what is not to run ------------------------------------------------------------------------

def test_skips(claude):
    pytest.skip("not today")

@pytest.mark.skip(reason="not today")
def test_is_marked_to_skip(claude):
    assert tool("turns")

@pytest.mark.xfail(run=False)
def test_xfails_unrun(claude):
    assert tool("turns")

@pytest.mark.claude(live=True)
def test_live():
    pass

def test_asks_another_model(claude):
    ask("turns", model="claude-haiku-4-5")

def test_asks_nothing(claude):
    pass

def test_chosen_by_name(claude):
    assert tool("turns")
"""

ENDINGS: Mapping[str, tuple[str, str | None]] = {
    "test_passes": ("unchanged", None),
    "test_states_nothing": ("unchanged", None),
    "test_states_nothing_and_changes": ("changed", None),
    "test_plain_assert": ("regressed", None),
    "test_marked_plain_assert": ("regressed", None),
    "test_check": ("regressed", None),
    "test_marker": ("regressed", None),
    "TestCase::test_subtest": ("regressed", None),
    "test_set_up_that_asks": ("regressed", None),
    "test_teardown": ("regressed", None),
    "test_raises_after_its_call": ("regressed", None),
    "test_is_mended": ("changed", "already_failing"),
    "test_xfails": ("unchanged", None),
    "test_xpasses_on_new": ("changed", None),
    "test_xpasses_strictly_on_new": ("regressed", None),
    "test_is_not_run_again": ("regressed", None),
    "test_is_refused": ("regressed", "refused"),
    "test_fails_on_both": ("unchanged", "already_failing"),
    "test_is_denied": ("undecided", "account"),
    "test_is_answered_by_another_model": ("undecided", "other_model"),
    "test_is_answered_from_a_cache": ("undecided", "copies"),
    "test_times_out_on_new": ("undecided", "timed_out"),
    "test_crashes": ("undecided", "aborted"),
    "test_crashes_on_new": ("undecided", "aborted"),
    "test_set_up": ("undecided", "aborted"),
    "test_set_up_on_new": ("undecided", "aborted"),
    "test_skips_on_new": ("undecided", "skipped"),
    "test_skips": ("not run", "skipped"),
    "test_is_marked_to_skip": ("not run", "skipped"),
    "test_xfails_unrun": ("not run", "skipped"),
    "test_live": ("not run", "live"),
    "test_asks_another_model": ("not run", "asks_no_old"),
    "test_asks_nothing": ("not run", "no_model_call"),
    "test_chosen_by_name": ("not run", "deselected"),
}
NOT_RUN = [test for test, (status, _) in ENDINGS.items() if status == "not run"]
UNDECIDED = [test for test, (status, _) in ENDINGS.items() if status == "undecided"]
REGRESSED = [test for test, (status, _) in ENDINGS.items() if status == "regressed"]
HEADLINE = (
    f"FAIL  {len(REGRESSED)} of {len(ENDINGS) - len(NOT_RUN)} tests regressed; "
    f"{len(UNDECIDED)} undecided; 1 test that failed on the baseline passes on the candidate; "
    f"{len(NOT_RUN)} of {len(ENDINGS)} tests not run on the candidate"
)


REFUSED = Reply(status=400, error=("invalid_request_error", "not for this model"))
DENIED = Reply(status=403, error=("permission_error", "not for this key"))
ON_NEW = {
    "turns": ASKS,
    "refused": lambda body, seen: REFUSED,
    "denied": lambda body, seen: DENIED,
    "another": served_by("claude-haiku-4-5", CALLS),
    "cached": cached(CALLS),
}
PLUGINS = ("-p", "pytest_timeout", "-p", "pytest_rerunfailures", "--reruns=1")
ON_ALL = (*PLUGINS, "-k", "not chosen_by_name")


def run_file(project: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.path / name).read_text())
    return found


def endings(run: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {
        test["test"].removeprefix("test_app.py::"): (test["verdict"], test["reason"])
        for test in run["decision"]["tests"]
    }


def afresh(project: Any) -> None:
    for seen in project.path.glob("ran-*"):
        seen.unlink()


def joined(result: pytest.RunResult) -> str:
    return " ".join(line.strip() for line in result.outlines)


@pytest.fixture
def suite(project: Any, short_gates: None) -> Any:
    project.tests(IS_NEW + SUITE)
    project.personas(old=by_prompt({"mends": ASKS}, CALLS), new=by_prompt(ON_NEW, CALLS))
    project._personas["claude-haiku-4-5"] = CALLS
    project.record(*PLUGINS)
    return project


def test_each_ending_has_its_status_and_none_is_green_by_omission(suite: Any) -> None:
    afresh(suite)
    live = suite.record(BUMP, *ON_ALL, "--claude-report=live.json")
    assert endings(run_file(suite, "live.json")) == ENDINGS
    assert live.ret == pytest.ExitCode.TESTS_FAILED
    assert HEADLINE in joined(live)
    afresh(suite)
    replay = suite.run(BUMP, *ON_ALL, "--claude-report=replay.json")
    assert HEADLINE in joined(replay)
    decision = run_file(suite, "live.json")["decision"]
    assert run_file(suite, "replay.json")["decision"] == decision
    # Each alone beside a test that passes: what was not chosen keeps the run from passing, what
    # was chosen is counted.
    for test in UNDECIDED:
        afresh(suite)
        result = suite.run(BUMP, *PLUGINS, f"test_app.py::{test}", "test_app.py::test_passes")
        assert result.ret == pytest.ExitCode.TESTS_FAILED, test
        assert "UNDECIDED  1 of 2 tests: " in joined(result), test
    for test in NOT_RUN[:-1]:
        result = suite.run(BUMP, *PLUGINS, f"test_app.py::{test}", "test_app.py::test_passes")
        assert result.ret == pytest.ExitCode.OK, test
        assert "PASS  no test dropped by >= 0.5; 1 of 2 tests not run on" in joined(result), test


@pytest.mark.child
def test_two_workers_end_each_test_as_one_process_does(suite: Any, capfd: Any) -> None:
    afresh(suite)
    words = ["-p", "pytest_claude.plugin", "-p", "xdist", "-n2", "-W", "ignore", *ON_ALL]
    with suite.server():
        status = cli.main(
            ["bump", f"{OLD}={NEW}", "--", *words, "--claude-record", "--claude-report=two.json"]
        )
    assert status == 1
    assert endings(run_file(suite, "two.json")) == ENDINGS
    printed = " ".join(line.strip() for line in capfd.readouterr().out.splitlines())
    assert HEADLINE in printed


def test_a_crash_shows_its_exception(project: Any) -> None:
    project.tests("def test_a(claude):\n    {}['MISSING']\n")
    result = project.record(BUMP)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "UNDECIDED  1 of 1 test: failed before its first call: KeyError: 'MISSING'" in joined(
        result
    )
    result.stdout.fnmatch_lines(["E * KeyError: 'MISSING'"])


@pytest.mark.parametrize("marker", ["", "@pytest.mark.claude(cassette='both')\n"])
def test_an_app_that_swallows_what_kept_it_from_calling_is_not_left_out(
    project: Any, marker: str
) -> None:
    project.tests(
        "import os\n"
        f"{marker}def test_a(claude):\n    if os.environ.get('APP_KEY'):\n        ask('stays')\n"
    )
    project.personas(new=CALLS)
    project._monkeypatch.setenv("APP_KEY", "k")
    project.record().assert_outcomes(passed=1)
    project.record(BUMP).assert_outcomes(passed=1)
    project._monkeypatch.delenv("APP_KEY")
    result = project.run(BUMP)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "UNDECIDED  1 of 1 test: the app made no call, and its recording has some" in joined(
        result
    )


@pytest.mark.parametrize(
    "app", ["careless('turns')", "(careless('turns') or ask('stays', model=OTHER))"]
)
def test_a_refusal_that_the_app_swallows_is_a_refusal(project: Any, app: str) -> None:
    project.tests(f"OTHER = 'claude-haiku-4-5'\ndef test_a(claude):\n    {app}\n")
    project._personas["claude-haiku-4-5"] = CALLS
    project.personas(new=lambda body, seen: REFUSED)
    project.record()
    project.record(BUMP, "--claude-report=live.json")
    assert endings(run_file(project, "live.json")) == {"test_a": ("regressed", "refused")}
    assert [body["model"] for body in project.simulator.bodies].count(NEW) == 2
    project.run(BUMP, "--claude-report=replay.json")
    decision = run_file(project, "live.json")["decision"]
    assert run_file(project, "replay.json")["decision"] == decision


def test_a_hook_that_brings_the_old_model_back_is_no_pass(project: Any) -> None:
    project.tests("def test_a(claude):\n    ask('stays')\n")
    project.pytester.makeconftest(
        "def pytest_claude_adapt_request(body, old, new):\n    return {**body, 'model': old}\n"
    )
    project.personas(new=CALLS)
    project.record()
    result = project.record(BUMP)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "call 1 of the candidate asked claude-sonnet-4-5: the swap did not reach it" in joined(
        result
    )


def test_what_lf_deselects_after_us_is_told_as_deselected(project: Any) -> None:
    project.tests(
        "def test_a(claude):\n    assert ask('stays').stop_reason == 'tool_use'\n"
        "def test_b(claude):\n    assert ask('turns').stop_reason == 'tool_use'\n"
    )
    project.personas(new=by_prompt({"turns": ASKS}, CALLS))
    project.record()
    project.record(BUMP, "--claude-report=both.json").assert_outcomes(passed=1, failed=1)
    result = project.run(BUMP, "--lf", "--claude-report=one.json")
    assert endings(run_file(project, "one.json")) == {
        "test_a": ("not run", "deselected"),
        "test_b": ("regressed", None),
    }
    assert "FAIL  1 of 1 test regressed; 1 of 2 tests not run on the candidate" in joined(result)
    result.stdout.fnmatch_lines(["claude: 1 of 1 test, replay only, *"])
    # What was left out keeps what the ledger holds of it.
    project.run(BUMP, "--claude-report=again.json")
    assert run_file(project, "again.json") == run_file(project, "both.json")


def test_a_verdict_from_before_a_test_was_judged_is_gone_on_with_and_pays_for_it_alone(
    project: Any,
) -> None:
    project.tests(
        "def test_a(claude):\n    ask('stays')\n    assert claude.calls_tool('lookup_order')\n"
        "def test_b(claude):\n    assert ask('stays').stop_reason == 'tool_use'\n"
    )
    project.personas(new=CALLS)
    project.record()
    project.record(BUMP, "test_app.py::test_a").assert_outcomes(passed=1)
    before = project.run(BUMP)
    assert before.ret == pytest.ExitCode.TESTS_FAILED
    assert "UNDECIDED  1 of 2 tests: too few trials to judge" in joined(before)
    before.stdout.fnmatch_lines(
        [
            "undecided: 1 *",
            "  test_app.py::test_b *",
            "  to finish",
            f"    pytest --claude-bump {OLD}={NEW} --claude-record",
        ]
    )
    project.record(BUMP).assert_outcomes(passed=2)
    asked = [body["model"] for body in project.simulator.bodies]
    assert asked == [NEW] * 4, "what test_a showed is not paid for again"
    project.run(BUMP).assert_outcomes(passed=2)


IN_TWO_WAYS = pytest.mark.parametrize(
    "workers", [[], ["-p", "xdist", "-n2"]], ids=["alone", "xdist"]
)


DESELECTS = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    left = [item for item in items if item.name == "test_a"]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]
"""


@IN_TWO_WAYS
@pytest.mark.parametrize("by", ["--lf", "another plugin"])
def test_what_is_deselected_is_told_in_one_process_and_by_workers(
    project: Any, workers: list[str], by: str
) -> None:
    project.tests(
        "def test_a(claude):\n    ask('stays')\n"
        "def test_b(claude):\n    assert ask('turns').stop_reason == 'tool_use'\n"
    )
    project.personas(new=by_prompt({"turns": ASKS}, CALLS))
    project.record()
    project.record(BUMP).assert_outcomes(passed=1, failed=1)
    if by != "--lf":
        project.pytester.makeconftest(DESELECTS)
    words = [*workers, *(["--lf"] if by == "--lf" else []), "--claude-report=run.json"]
    result = project.run(BUMP, *words)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert endings(run_file(project, "run.json")) == {
        "test_a": ("not run", "deselected"),
        "test_b": ("regressed", None),
    }


@IN_TWO_WAYS
def test_ctrl_c_keeps_the_run_from_passing(project: Any, workers: list[str]) -> None:
    project.tests(
        "import os\n"
        "taken = []\n"
        "def test_a(claude):\n    ask()\n"
        "def test_b(claude):\n    ask('b')\n    taken.append(1)\n"
        "    if os.path.exists('stop') and len(taken) == 3:\n"
        "        raise KeyboardInterrupt\n"
    )
    project.personas(new=CALLS)
    project.record()
    (project.path / "stop").touch()
    result = project.record(BUMP, *workers, "--claude-report=run.json")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "UNDECIDED  1 of 2 tests: the run was stopped before a decision" in joined(result)
    assert endings(run_file(project, "run.json"))["test_b"] == ("undecided", "not_arrived")


@IN_TWO_WAYS
def test_a_module_that_cannot_be_collected_keeps_the_run_from_passing(
    project: Any, workers: list[str]
) -> None:
    project.tests("def test_a(claude):\n    ask()\n")
    project.tests("def test_b(claude):\n    ask('b')\n", "test_other")
    project.personas(new=CALLS)
    project.record().assert_outcomes(passed=2)
    project.record(BUMP).assert_outcomes(passed=2)
    project.tests("import a_module_that_is_not_there\n", "test_other")
    project.tests("import a_module_that_is_not_there\n", "test_never_recorded")
    words = [*workers, "--continue-on-collection-errors", "--claude-report=run.json"]
    result = project.run(BUMP, *words)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "UNDECIDED  1 of 2 tests" in joined(result)
    assert endings(run_file(project, "run.json")) == {
        "test_a": ("unchanged", None),
        "test_other.py": ("undecided", "not_arrived"),
    }


EDITED = """
def test_passes(claude):
    ask("stays")

def test_misses(claude):
    ask({prompt!r})

def test_misses_unseen(claude):
    careless({prompt!r})

def test_misses_later(claude):
    ask("stays")
    careless({prompt!r})

def test_misses_on_new(claude):
    ask({prompt!r} if is_new("one") else "stays")

def test_misses_on_new_unseen(claude):
    careless({prompt!r} if is_new("two") else "stays")

def test_calls_nothing_on_new(claude):
    if {prompt!r} == "stays" or not is_new("three"):
        ask("stays")

def test_calls_nothing_on_old(claude):
    if {prompt!r} == "stays" or is_new("four"):
        ask("stays")
"""


@IN_TWO_WAYS
def test_a_miss_on_either_model_is_undecided(project: Any, workers: list[str]) -> None:
    project.tests(IS_NEW + EDITED.format(prompt="stays"))
    project.personas(new=CALLS)
    project.record()
    afresh(project)
    project.record(BUMP).assert_outcomes(passed=8)
    project.tests(IS_NEW + EDITED.format(prompt="edited"))
    afresh(project)
    result = project.run(BUMP, *workers, "--claude-report=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "UNDECIDED  7 of 8 tests: " in joined(result)
    found = endings(run_file(project, "run.json"))
    assert found.pop("test_passes") == ("unchanged", None)
    assert set(found.values()) == {("undecided", "aborted")}


BROKEN_ON_OLD = """
def is_broken(name):
    return Path("broken").exists() and not is_new(name)

def test_passes(claude):
    ask("stays")

def test_is_denied(claude):
    careless("denied")

def test_is_answered_by_another_model(claude):
    ask("another")

def test_is_refused(claude):
    careless("refused")

@pytest.mark.timeout(1)
def test_times_out(claude):
    ask("stays")
    if is_broken("time"):
        time.sleep(30)

def test_crashes(claude):
    if is_broken("crash"):
        {}["MISSING"]
    ask("stays")

@pytest.fixture
def set_up():
    assert not is_broken("set-up")

def test_set_up(claude, set_up):
    ask("stays")

def test_fails(claude):
    ask("stays")
    assert not is_broken("assert")

def test_skips(claude):
    if is_broken("skip"):
        pytest.skip("not today")
    ask("stays")
"""


@IN_TWO_WAYS
def test_each_ending_of_the_baseline_alone_has_its_status(
    project: Any, short_gates: None, workers: list[str]
) -> None:
    project.tests(IS_NEW + BROKEN_ON_OLD)
    old = {name: ON_NEW[name] for name in ("denied", "another", "refused")}
    project.personas(old=by_prompt(old, CALLS), new=CALLS)
    project.record("-p", "pytest_timeout")
    (project.path / "broken").touch()
    words = (BUMP, "-p", "pytest_timeout", *workers, "--claude-report=run.json")
    result = project.record(*words)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "UNDECIDED  5 of 8 tests: " in joined(result)
    assert "1 of 9 tests not run on the candidate" in joined(result)
    assert endings(run_file(project, "run.json")) == {
        "test_passes": ("unchanged", None),
        "test_is_denied": ("undecided", "account"),
        "test_is_answered_by_another_model": ("undecided", "other_model"),
        "test_is_refused": ("changed", None),
        "test_times_out": ("undecided", "timed_out"),
        "test_crashes": ("undecided", "aborted"),
        "test_set_up": ("undecided", "aborted"),
        "test_fails": ("unchanged", "already_failing"),
        "test_skips": ("not run", "skipped"),
    }


@IN_TWO_WAYS
def test_a_module_that_skips_itself_is_named(project, workers: list[str]) -> None:
    """pytest collects nothing of it: none of its tests has a status."""
    project.tests("def test_a(claude):\n    ask()\n    assert claude.reply\n")
    project.tests("def test_b(claude):\n    ask('b')\n", "test_other")
    project.record().assert_outcomes(passed=2)
    skips = "pytest.skip('not today', allow_module_level=True)\n"
    project.tests(f"{skips}def test_b(claude):\n    ask('b')\n", "test_other")
    project.tests(f"{skips}def test_c(claude):\n    ask('c')\n", "test_never_recorded")
    result = project.record(BUMP, *workers)
    assert result.ret == 0
    text = project.unwrapped(result.outlines).str()
    assert text.count("test_other.py skipped itself: its recorded tests were not run on") == 1
    assert "test_never_recorded" not in text
