"""Wider fixtures that ask the model, in a gate: a set-up of their own for each trial."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from simulator import asks, by_prompt, calls

from pytest_claude.report.story import story
from pytest_claude.run.record import loads

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
GATE = f"_gate/{OLD}__{NEW}"
ASKS = asks("Which order do you mean?")
CALLS = calls(("lookup_order", {"order_id": "1234"}))

SUITE = """
from pathlib import Path

@pytest.fixture(scope="{scope}")
def database():
    with Path("databases").open("a") as file:
        file.write("one ")

@pytest.fixture(scope="{scope}")
def greeting(database):
    return ask("set-up").stop_reason

@pytest.fixture(scope="{scope}")
def twice(greeting):
    return [greeting, greeting]

class TestAll:
    def test_one(self, claude, greeting):
        ask("one")
        assert greeting == "tool_use"

    @pytest.mark.claude
    def test_two(self, twice):
        assert twice[0] == "tool_use"
"""


def run_file(project: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.path / name).read_text())
    return found


def verdicts(project: Any, name: str) -> dict[str, tuple[str, int]]:
    tests = run_file(project, name)["decision"]["tests"]
    return {of["test"].rpartition("::")[2]: (of["verdict"], of["recorded"]) for of in tests}


def asked(project: Any, model: str, prompt: str) -> int:
    bodies = [body for body in project.simulator.bodies if body["model"] == model]
    return sum(body["messages"][-1]["content"] == prompt for body in bodies)


@pytest.mark.parametrize("scope", ["class", "module", "session"])
def test_each_trial_of_the_candidate_has_its_own_set_up_and_a_scope_shares_it(
    project: Any, scope: str
) -> None:
    project.tests(SUITE.format(scope=scope))
    project.personas(new=CALLS)
    project.record("--claude-trials=3").assert_outcomes(passed=2)
    (project.path / "databases").unlink()
    project.record(BUMP, "--claude-report=live.json").assert_outcomes(passed=2)
    # The recorded trials of the baseline shared one set-up: they are one trial.
    assert verdicts(project, "live.json") == {
        "test_one": ("unchanged", 1),
        "test_two": ("unchanged", 1),
    }
    assert (asked(project, NEW, "set-up"), asked(project, NEW, "one")) == (4, 4)
    assert asked(project, OLD, "set-up") == 0
    assert (project.path / "databases").read_text() == "one ", "it asks no model and stays"
    set_ups = [path for path in project.cassettes if path.startswith(f"{GATE}/cand/")]
    assert sum(f"/@fixtures/{scope}/greeting/{NEW}" in path for path in set_ups) == 4
    project.run(BUMP, "--claude-report=replay.json").assert_outcomes(passed=2)
    assert run_file(project, "replay.json") == run_file(project, "live.json")


def test_what_a_set_up_is_answered_decides_about_the_tests_of_its_scope(project: Any) -> None:
    project.tests(SUITE.format(scope="module"))
    project.personas(new=by_prompt({"set-up": ASKS}, CALLS))
    project.record().assert_outcomes(passed=2)
    project.record(BUMP, "--claude-report=live.json").assert_outcomes(failed=2)
    assert verdicts(project, "live.json") == {
        "test_one": ("regressed", 1),
        "test_two": ("regressed", 1),
    }
    # 8 trials of the screen and 4 of the duel, 20 of today's baseline; test_two paid for none.
    assert (asked(project, NEW, "set-up"), asked(project, OLD, "set-up")) == (12, 20)
    decision = run_file(project, "live.json")["decision"]
    project.run(BUMP, "--claude-report=replay.json").assert_outcomes(failed=2)
    assert run_file(project, "replay.json")["decision"] == decision
    # One stratum: 1 trial of the baseline against 4 of the candidate, not 2 against 8.
    assert decision["p_suite"] == pytest.approx(1 / 5)


def test_one_bad_answer_to_a_set_up_is_no_regression(project: Any) -> None:
    sent = []

    def once(body: Any, seen: Any) -> Any:
        sent.append(body)
        return (ASKS if len(sent) == 1 else CALLS)(body, seen)

    project.tests(SUITE.format(scope="session"))
    project.personas(new=by_prompt({"set-up": once}, CALLS))
    project.record()
    project.record(BUMP, "--claude-report=live.json").assert_outcomes(passed=2)
    assert set(verdicts(project, "live.json").values()) == {("unchanged", 1)}
    trials = run_file(project, "live.json")["tests"][0]["trials"]
    assert [t["outcome"] for t in trials if t["stream"] == "cand"] == ["fail", *["pass"] * 7]


OTHERWISE = (
    """
@pytest.fixture(scope="module")
def greeting():
    answer = ask("set-up")
    assert answer.stop_reason == "tool_use"
    return answer

def test_one(claude, greeting):
    pass
""",
    """
@pytest.fixture(scope="module")
def greeting():
    return ask("set-up").stop_reason

@pytest.mark.claude
def test_one(request):
    assert request.getfixturevalue("greeting") == "tool_use"
""",
)


@pytest.mark.parametrize("suite", OTHERWISE, ids=["fails itself", "is asked for in the test"])
def test_a_set_up_is_evidence_however_the_test_meets_it(project: Any, suite: str) -> None:
    project.tests(suite)
    project.personas(new=by_prompt({"set-up": ASKS}, CALLS))
    project.record().assert_outcomes(passed=1)
    project.record(BUMP, "--claude-report=live.json")
    assert verdicts(project, "live.json") == {"test_one": ("regressed", 1)}
    project.run(BUMP, "--claude-report=replay.json")
    decision = run_file(project, "live.json")["decision"]
    assert run_file(project, "replay.json")["decision"] == decision


@pytest.mark.child
def test_two_workers_judge_set_ups_as_one_process_does(project: Any) -> None:
    project.tests(SUITE.format(scope="session"))
    project.personas(new=CALLS)
    project.record()
    result = project.record(BUMP, "-p", "xdist", "-n2", "--claude-report=two.json")
    result.assert_outcomes(passed=2)
    project.run(BUMP, "--claude-report=one.json").assert_outcomes(passed=2)
    assert run_file(project, "one.json")["decision"] == run_file(project, "two.json")["decision"]


ASKS_TWICE = """
@pytest.fixture(scope="module")
def greeting():
    yield ask("set-up").stop_reason
    ask("teardown")

def test_one(claude, greeting):
    ask("one")
    assert greeting == "tool_use"

@pytest.mark.claude
def test_two(greeting):
    assert greeting == "tool_use"

@pytest.mark.claude
@pytest.mark.parametrize("n", [1, 2])
def test_three(greeting, n):
    assert greeting == "tool_use"

def test_crashes(claude):
    {}["MISSING"]
"""
PRICE = f"input=0 output={1_000_000 / 9}"  # an answer has 9 tokens
ONE_DOLLAR_A_CALL = f"""
[tool.pytest.ini_options]
pythonpath = ['.']
claude_prices = ['{OLD} {PRICE}', '{NEW} {PRICE}']
"""


@pytest.mark.parametrize(
    "workers",
    [
        pytest.param([], id="alone"),
        pytest.param(["-p", "xdist", "-n2"], id="xdist", marks=pytest.mark.child),
    ],
)
def test_each_set_up_is_paid_once_however_many_tests_share_it(
    project: Any, workers: list[str]
) -> None:
    project.pytester.makepyprojecttoml(ONE_DOLLAR_A_CALL)
    project.tests(ASKS_TWICE)
    project.personas(new=CALLS)
    project.record()
    live = project.record(BUMP, *workers, "--claude-report=live.json")
    assert len(project.simulator.bodies) == 12, "4 set-ups, 4 teardowns, 4 trials of test_one"
    live.stdout.fnmatch_lines(
        [
            "figures * sums of one trial of each of 4 tests",
            "cost             x1.00 (95%: 1.00 to 1.00), $2.00 → $2.00",
            "calls            x1.00 (95%: 1.00 to 1.00), 2 → 2",
            "trials           16 of the candidate, $12.00 in all",
        ]
    )
    replay = project.run(BUMP, "--claude-report=replay.json")
    replay.stdout.fnmatch_lines(["trials           16 of the candidate, $12.00 in all"])
    assert run_file(project, "replay.json") == run_file(project, "live.json")


def test_a_plain_run_counts_a_set_up_once_too(project: Any) -> None:
    project.pytester.makepyprojecttoml(ONE_DOLLAR_A_CALL)
    project.tests(ASKS_TWICE.partition("def test_crashes")[0])
    project.record("--claude-trials=3", "--claude-report=run.json", "--junitxml=run.xml")
    figures = story(loads((project.path / "run.json").read_text(), "run.json")).figures
    assert [(of.measure, of.sides, of.tests) for of in figures[:2]] == [
        ("cost_usd", (pytest.approx(2),), 4),
        ("calls", (2,), 4),
    ]
    costs = re.findall(r'"claude.cost_usd" value="(.*?)"', (project.path / "run.xml").read_text())
    assert costs == ["3", "1", "1", "1"]


@pytest.mark.parametrize("suite", [SUITE.format(scope="module"), ASKS_TWICE])
def test_adopted_set_ups_answer_plain_replay(project: Any, monkeypatch: Any, suite: str) -> None:
    from pytest_claude import cli

    suite = suite.partition("def test_crashes")[0]
    project.tests(suite)
    project.personas(new=CALLS)
    project.record()
    project.record(BUMP)
    app = project.path / "app.py"
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p pytest_claude.plugin -W ignore")
    assert cli.main(["adopt", f"{OLD}={NEW}"]) == 0
    app.write_text(app.read_text().replace(OLD, NEW))
    result = project.run("--claude-strict")
    assert result.parseoutcomes().keys() == {"passed"}
