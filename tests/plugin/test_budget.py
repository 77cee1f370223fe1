"""A budget stops a recording before the call that would cross it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from projects import NEW, OLD
from simulator import calls, cutting, says

XDIST = ("-p", "xdist", "-p", "pytest_claude.plugin")
TEXT = "x" * 400  # 100 tokens, as the simulator counts

SUITE = """
@pytest.mark.parametrize("number", range({tests}))
def test_asks(claude, number):
    ask(f"Question {{number}}")
"""


@pytest.fixture
def priced(project: Any) -> Any:
    """A project in which an answer costs a dollar, and as much is reserved for it."""
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\n"
        "claude_judge = 'never'\n"
        "claude_prices = ['claude-sonnet-4-5 input=0 output=10000',"
        " 'claude-sonnet-5-5 input=0 output=10000']\n"
    )
    project.personas(old=says(TEXT), new=says(TEXT))
    return project


def test_the_call_that_would_cross_the_budget_is_not_sent(priced: Any) -> None:
    priced.tests(SUITE.format(tests=5))
    result = priced.record("--claude-budget=3.50")
    result.assert_outcomes(passed=3, failed=2)
    assert len(priced.simulator.bodies) == 3
    assert len(priced.cassettes) == 3
    result.stdout.fnmatch_lines(
        [
            "E   *NotSent: not sent: the budget of $3.50 does not allow it",
            "*expected  a recording within --claude-budget",
            "*observed  $3.00 spent, and this call may cost $1.00",
            "*to go on  as the end of the run says, with another --claude-budget",
            "the budget of $3.50 stopped the recording: $3.00 were spent, 2 trials not*",
            "recorded; the rest costs about $2.00",
            "  to go on  repeat it with another --claude-budget: nothing is paid twice",
        ]
    )
    # The next run pays for what is missing alone.
    result = priced.record("--claude-budget=2")
    result.assert_outcomes(passed=5)
    assert len(priced.simulator.bodies) == 2
    result.stdout.fnmatch_lines(["*$2.00 of the budget of $2.00 were spent"])
    priced.run().assert_outcomes(passed=5)


def test_after_a_stop_of_all_anew_a_plain_recording_goes_on(priced: Any) -> None:
    priced.tests(SUITE.format(tests=4))
    priced.record("--claude-budget=2.5", mode="all").assert_outcomes(passed=2, failed=2)
    result = priced.record("--claude-budget=1.5")
    result.assert_outcomes(passed=3, failed=1)
    assert len(priced.simulator.bodies) == 1
    result = priced.record("--claude-budget=1.5", mode="all")
    told = " ".join(result.stdout.str().split())
    assert (
        "to go on repeat it with plain --claude-record and another --claude-budget: nothing is "
        "paid twice, and a trial that has a recording keeps it (--claude-record=all records and "
        "pays every trial anew)"
    ) in told
    priced.record("--claude-budget=1.5").assert_outcomes(passed=4)
    assert len(priced.simulator.bodies) == 1, "three have a recording"


def test_after_the_stop_no_later_test_calls_however_cheap_it_is(priced: Any) -> None:
    priced.tests(
        "def test_a(claude):\n    ask(max_tokens=100)\n\n"
        "def test_b(claude):\n    ask('dear', max_tokens=5000)\n\n"
        "def test_c(claude):\n    ask('cheap', max_tokens=1)\n"
    )
    priced.record("--claude-budget=3").assert_outcomes(passed=1, failed=2)
    assert len(priced.simulator.bodies) == 1


def test_a_trial_that_the_budget_stopped_keeps_what_was_answered(priced: Any) -> None:
    priced.tests(
        """
def test_asks_twice(claude):
    ask("one")
    ask("two")
"""
    )
    priced.record("--claude-budget=1.5").assert_outcomes(failed=1)
    (left,) = priced.cassettes
    assert left.endswith(".yaml.partial")
    priced.record("--claude-budget=1.5").assert_outcomes(passed=1)
    assert len(priced.simulator.bodies) == 1


def test_what_was_recorded_before_says_how_long_an_answer_is(priced: Any) -> None:
    priced.tests("def test_a(claude):\n    ask(max_tokens=900)\n")
    priced.record("--claude-budget=2").assert_outcomes(failed=1)
    priced.record("--claude-budget=9").assert_outcomes(passed=1)
    priced.record("--claude-budget=2", mode="all").assert_outcomes(passed=1)


def test_a_model_without_a_price_is_not_asked_even_once(priced: Any) -> None:
    priced.personas(**{"claude-unheard-of": says("Hello.")})
    priced.tests("def test_a(claude):\n    ask(model='claude-unheard-of')\n")
    result = priced.record("--claude-budget=3")
    result.assert_outcomes(failed=1)
    assert priced.simulator.bodies == []
    result.stdout.fnmatch_lines(
        [
            "E   *NotSent: not sent: the price of claude-unheard-of is unknown",
            "*observed  the price of claude-unheard-of is unknown: name it in claude_prices",
            "*(claude-unheard-of input=… output=…)",
        ]
    )


def test_workers_spend_one_budget(priced: Any) -> None:
    priced.tests(SUITE.format(tests=12))
    result = priced.record(*XDIST, "-n3", "--claude-budget=6.5")
    result.assert_outcomes(passed=6, failed=6)
    assert len(priced.simulator.bodies) == 6
    result.stdout.fnmatch_lines(["*the budget of $6.50 stopped the recording: $6.00 were spent*"])


def test_the_ini_key_is_a_budget_too_and_the_option_wins(priced: Any) -> None:
    priced.tests(SUITE.format(tests=3))
    ini = ("-o", "claude_budget=1")
    priced.record(*ini).assert_outcomes(passed=1, failed=2)
    priced.record(*ini, "--claude-budget", "$5").assert_outcomes(passed=3)


@pytest.mark.parametrize("value", ["0", "-1", "much", "1,5", "1e9"])
def test_a_budget_is_an_amount_of_dollars(priced: Any, value: str) -> None:
    priced.tests(SUITE.format(tests=1))
    result = priced.record(f"--claude-budget={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --claude-budget={value}: US dollars, more than 0*"])


def judged(priced: Any) -> None:
    """One test that asks once, and has the judge read the reply: a dollar each."""
    ini = priced.path / "pyproject.toml"
    text = ini.read_text().replace("'never'", "'always'").replace("claude_prices = [",
        "claude_prices = ['claude-haiku-5-5 input=0 output=10000', ")  # fmt: skip
    ini.write_text(text)
    priced.personas(**{"claude-haiku-5-5": says(TEXT)})
    priced.tests(
        """
def test_asks(claude):
    ask(max_tokens=100)
    claude.asks_clarifying_question()
"""
    )


def test_the_judge_is_paid_from_the_budget(priced: Any) -> None:
    judged(priced)
    result = priced.record("--claude-budget=1.5")
    assert [seen["model"] for seen in priced.simulator.bodies] == [OLD]
    result.stdout.fnmatch_lines(
        ["*left unread by claude-haiku-5-5: not sent: the budget of $1.50*"]
    )

    told = " ".join(result.stdout.str().split())
    assert "$1.00 were spent, 1 reply left unread by the judge to go on" in told
    assert "0 trials" not in told


@pytest.mark.parametrize("words", [(), ("--claude-budget=9",)], ids=["plain", "budget"])
def test_an_answer_of_the_judge_without_a_verdict_is_paid_and_counted(
    priced: Any, words: tuple[str, ...]
) -> None:
    judged(priced)
    result = priced.record(*words)
    assert len(priced.simulator.bodies) == 2
    told = result.stdout.str()
    assert "1 call made, $2.00 spent" in told
    assert ("$2.00 of the budget of $9.00 were spent" in told) == bool(words)


def test_a_cut_answer_costs_in_the_progress_what_it_costs_the_budget(priced: Any) -> None:
    priced.personas(old=cutting(says(TEXT), 4))
    priced.tests(
        """
def test_a(claude):
    import anthropic
    try:
        with anthropic.Anthropic(max_retries=0).messages.stream(
            model="claude-sonnet-4-5", max_tokens=300, messages=[{"role": "user", "content": "a"}]
        ) as stream:
            stream.get_final_message()
    except Exception:
        pass
"""
    )
    told = priced.record("--claude-budget=9").stdout.str()
    [spent] = re.findall(r"calls? made, (\S+) spent", told)
    assert f"{spent} of the budget of $9.00 were spent" in told


def test_a_stop_in_a_gate_is_undecided_and_never_a_pass(priced: Any) -> None:
    priced.app(sdk_in_children=True)
    priced.tests("def test_a(claude):\n    ask()\n    assert claude.reply.text\n")
    priced.record().assert_outcomes(passed=1)
    result = priced.record(
        f"--claude-bump={OLD}={NEW}", "--claude-budget=1.5", "--claude-report=run.json"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    run = json.loads((priced.path / "run.json").read_text())
    (verdict,) = run["decision"]["tests"]
    assert (run["decision"]["overall"], verdict["reason"]) == ("undecided", "budget")
    assert len(priced.simulator.bodies) == 1
    result.stdout.fnmatch_lines(["*trials were not sent: the budget was spent*"])
    priced.record(f"--claude-bump={OLD}={NEW}").assert_outcomes(passed=1)


def test_the_runs_of_a_bump_spend_one_budget(priced: Any, commands_in_process: None) -> None:
    from pytest_claude.cli import main

    priced.app(sdk_in_children=True)
    usual = calls(("lookup_order", {"order_id": "1234"}), text=TEXT)
    priced.personas(old=usual, new=says(TEXT))
    priced.tests("""
@pytest.mark.claude(trials=2)
@pytest.mark.parametrize("n", range(2))
def test_calls(claude, n):
    ask(f"refund {n}")
    assert claude.calls_tool("lookup_order")
""")
    priced.record().assert_outcomes(passed=2)
    with priced.server():
        status = main(["bump", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin", "-W", "ignore",
                       "--claude-record", "--claude-budget=12.5"])  # fmt: skip
        asked = len(priced.simulator.bodies)
    assert (status, asked) == (10, 12)
