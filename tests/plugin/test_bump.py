"""Two models, test by test."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from simulator import Reply, asks, by_prompt, calls, says

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
CALL = ("lookup_order", {"order_id": "1234"})
GATE = f"_gate/{OLD}__{NEW}"


def test_the_trials_of_a_gate_lie_apart(bumped) -> None:
    lying = [path for path in bumped.cassettes if not path.startswith("_gate")]
    assert lying == [
        f"test_app/{test}/{OLD}{n}.yaml"
        for test in ("test_calls", "test_no_check", "test_stays")
        for n in (".2", "")
    ]
    gate = [path.removeprefix(f"{GATE}/") for path in bumped.cassettes if path not in lying]
    counted = Counter(path.rpartition("/")[0] for path in gate)
    # The screen took 4 and 8 trials; the one suspect's duel 20 of the baseline and a first look.
    assert counted == {
        "": 1,
        "cand/test_app/test_no_check": 4,
        "cand/test_app/test_stays": 4,
        "cand/test_app/test_calls": 8 + 4,
        "base_fresh/test_app/test_calls": 20,
    }
    assert "ledger.jsonl" in gate


EXPECTED = f"""\
E   regressed 22/22 → 0/12: asks "Which order do you mean?" instead of calling \
`lookup_order` in 12 of 12 trials
------------------------------------ claude ------------------------------------
candidate, trial 9
  expected      `lookup_order` called with order_id="1234"
  observed      no tool call; the reply says: "Which order do you mean?"
  evidence      cassettes/_gate/claude-sonnet-4-5__claude-sonnet-5-5/cand/
                test_app/test_calls/claude-sonnet-5-5.9.yaml, interaction 1 of 1
                  "Which order do you mean?"
  to repeat it  pytest test_app.py::test_calls --claude-bump {OLD}={NEW}
==================== claude-sonnet-4-5 → claude-sonnet-5-5 =====================
FAIL  1 of 3 tests regressed
a candidate that is no worse fails this gate with a chance of at most 5%

regressed: 1                                                baseline → candidate
  test_app.py::test_calls                                           22/22 → 0/12
    asks "Which order do you mean?" instead of calling `lookup_order` in 12 of
    12 trials
    in the duel 0 of 4 trials passed, 20 of 20 before: p 9.4e-05 <= 0.0309 (1 of
    1 suspect); first failing duel trial: 9
    cassettes/_gate/claude-sonnet-4-5__claude-sonnet-5-5/cand/test_app/
    test_calls/claude-sonnet-5-5.9.yaml, interaction 1

unchanged: 2

figures          ratio over the tests, sums of one trial of each of 3 tests
cost             x0.63 (95%: 0.49 to 0.80), $0.00085 → $0.00053
calls            x1.00 (95%: 1.00 to 1.00), 3 → 3
input tokens     x1.00 (95%: 1.00 to 1.00), 147 → 147
output tokens    x0.87 (95%: 0.49 to 1.56), 27 → 24
models           simulated by pytest-claude simulator: no real model's answers

what it can see  a drop of 0.5 in one test with probability 0.91, 0.42 with 0.80
trials           20 of the candidate + 20 fresh of the baseline, $0.0092 in all

  to read it
    pytest-claude inspect --transcript CASSETTE
  to try a fix
    pytest test_app.py::test_calls --claude-bump claude-sonnet-4-5=claude-sonnet-5-5 --claude-record
  to accept it
    @pytest.mark.claude_accept("claude-sonnet-4-5=claude-sonnet-5-5",
    reason="…", until="…")
  to repeat it  pytest --claude-bump claude-sonnet-4-5=claude-sonnet-5-5
=========================== short test summary info ============================
FAILED test_app.py::test_calls - regressed 22/22 → 0/12: asks "Which order do...
"""


def test_the_whole_text_of_a_red_bump(bumped) -> None:
    result = bumped.run(BUMP)
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["test_app.py .. * [[] 66%]", "test_app.py F"])
    start = next(n for n, line in enumerate(result.outlines) if line.startswith("E   regressed"))
    read = f"cassettes/{GATE}/cand/test_app/test_calls/{NEW}.9.yaml"
    expected = EXPECTED.replace("CASSETTE", read).splitlines()
    assert result.outlines[start : start + len(expected)] == expected


@pytest.mark.child
def test_any_order_and_any_workers_give_the_same_verdict_file(bumped) -> None:
    alone = bumped.run(BUMP, "--claude-report=alone.json")
    ways = {
        "workers": ["-p", "xdist", "-n2"],
        "files": ["-p", "xdist", "-n2", "--dist=loadfile"],
        "order": ["-p", "randomly", "-p", "no:cacheprovider", "--randomly-seed=7"],
    }
    one = (bumped.path / "alone.json").read_bytes()
    for way, words in ways.items():
        result = bumped.run(BUMP, *words, f"--claude-report={way}.json")
        result.assert_outcomes(passed=2, failed=1)
        assert result.ret == alone.ret == pytest.ExitCode.TESTS_FAILED
        assert (bumped.path / f"{way}.json").read_bytes() == one
        result.stdout.fnmatch_lines(["FAIL  1 of 3 tests regressed"])


def test_a_green_bump(bumped) -> None:
    result = bumped.run(BUMP, "-k", "stays")
    result.assert_outcomes(passed=1, deselected=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "PASS  no test dropped by >= 0.5; 2 of 3 tests not run on the candidate (each",
            "      such drop is caught with probability >= 0.91; smaller drops may be missed)",
        ]
    )


@pytest.mark.fault("G01")
def test_nothing_gateable_is_never_a_pass(project) -> None:
    project.tests("def test_idle(claude):\n    pass\n\ndef test_b(claude):\n    ask()\n")
    project.record()
    result = project.record(BUMP, "-k", "idle")
    result.assert_outcomes(passed=1, deselected=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = project.unwrapped(result.outlines).str()
    assert "FAIL  nothing was compared: 2 tests, deselected (1); no model call: not" in told


@pytest.mark.fault("G01")
def test_a_missing_side_is_undecided_and_red(bumped) -> None:
    for path in (bumped.path / "cassettes" / GATE / "cand/test_app/test_stays").iterdir():
        path.unlink()
    (bumped.path / "cassettes" / GATE / "ledger.jsonl").unlink()
    result = bumped.run(BUMP, "-k", "stays or calls")
    result.assert_outcomes(failed=2, deselected=1)
    result.stdout.fnmatch_lines(
        [
            "FAIL  1 of 2 tests regressed; 1 undecided; 1 of 3 *",
            "undecided: 1 *",
            "  to finish",
            "    pytest --claude-bump * --claude-record",
        ]
    )


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n2"]], ids=["alone", "xdist"])
@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("claude-sonnet-5-5", "--claude-bump 'claude-sonnet-5-5': expected OLD=NEW, for example"),
        (
            "claude-opus-5=claude-sonnet-5-5",
            "--claude-bump claude-opus-5=claude-sonnet-5-5: no selected test asks claude-opus-5; "
            "they ask claude-sonnet-4-5 (3)",
        ),
        (
            "claude-sonnet-4-5=claude-opus-5",
            "--claude-bump claude-sonnet-4-5=claude-opus-5: nothing is recorded for "
            "claude-opus-5 in 3 tests\n",
        ),
        (
            "claude-sonnet-4-5=claude-sonet-5-5",
            "--claude-bump claude-sonnet-4-5=claude-sonet-5-5: nothing is recorded for "
            "claude-sonet-5-5 in 3 tests; claude-sonet-5-5 is not known here; did you mean "
            "claude-sonnet-5-5?\n",
        ),
    ],
    ids=["no equals sign", "OLD unused", "NEW unrecorded", "NEW misspelt"],
)
def test_a_bump_that_can_compare_nothing_is_a_usage_error(
    bumped, option: str, text: str, workers: list[str]
) -> None:
    result = bumped.run(f"--claude-bump={option}", *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = bumped.unwrapped([*result.errlines, *result.outlines]).str()
    assert f"ERROR: {text}" in told
    assert "Traceback" not in told
    assert "INTERNALERROR" not in told


def test_a_dated_or_platform_id_is_the_same_model(bumped) -> None:
    result = bumped.run(f"--claude-bump=claude-sonnet-4-5-20250929={NEW}", "-k", "stays")
    result.stdout.fnmatch_lines(["PASS  *"])


def test_requests_are_adapted_and_listed(project) -> None:
    project.personas(old=says("Hi."), new=says("Hi."))
    project.tests(
        """
@pytest.mark.parametrize("more", [
    {"thinking": {"type": "enabled", "budget_tokens": 50}},
    {"tool_choice": {"type": "any"}},
], ids=["budget", "forced"])
def test_adapted(claude, more):
    ask("x", **more)
    assert claude.stops_with("end_turn")
"""
    )
    project.record()
    result = project.record(BUMP)
    result.stdout.fnmatch_lines(
        [
            "PASS  *",
            "adapted for the candidate: 2 tests; the app's own code must follow",
            "  thinking budget 50 → adaptive (1 test)",
            "  tool_choice any → auto (1 test)",
        ]
    )
    new = [body for body in project.simulator.bodies if body["model"] == NEW]
    assert [body.get("thinking") for body in new] == 4 * [{"type": "adaptive"}] + 4 * [None]
    assert [body.get("tool_choice") for body in new] == 4 * [None] + 4 * [{"type": "auto"}]
    project.run(BUMP).assert_outcomes(passed=2)


def test_what_the_candidate_refuses_all_the_same_is_a_failure(project) -> None:
    project.personas(old=says("Hi."), new=says("Hi."))
    project.tests(
        """
def test_budget(claude):
    ask("x", thinking={"type": "enabled", "budget_tokens": 50})
    assert claude.stops_with("end_turn")
"""
    )
    project.record()
    result = project.record(BUMP, "--claude-adapt=off", "--claude-record-refused")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            'E   refused 1/1 → 0/2: is refused with HTTP 400: "thinking.type.enabled" is not*',
            "  expected  the test passes as often as on the baseline",
            "  observed  passed trials: 1/1 → 0/2",
            "refused by the API: 1 *",
        ]
    )
    assert [path for path in project.cassettes if path.endswith(".yaml")] == [
        *(f"{GATE}/cand/test_app/test_budget/{NEW}{n}.yaml" for n in (".2", "")),
        f"test_app/test_budget/{OLD}.yaml",
    ]


def test_a_project_adapts_its_own_requests(project) -> None:
    project.personas(old=says("Hi."), new=says("Hi."))
    project.pytester.makeconftest(
        """
def pytest_claude_adapt_request(body, old, new):
    assert (old, new) == ("claude-sonnet-4-5", "claude-sonnet-5-5")
    return {**body, "max_tokens": 77}
"""
    )
    project.tests("def test_a(claude):\n    ask()\n    assert claude.stops_with('end_turn')")
    project.record()
    project.record(BUMP).stdout.fnmatch_lines(
        ["  rewritten by pytest_claude_adapt_request (1 test)"]
    )
    assert project.simulator.bodies[-1]["max_tokens"] == 77


def test_swap_runs_the_unchanged_app_on_another_model(project) -> None:
    project.tests(
        """
def test_a(claude):
    ask()
    assert claude.asks_clarifying_question()
    assert claude.reply.model == "claude-sonnet-4-5"
    assert claude.reply.served_model == "claude-sonnet-5-5"
"""
    )
    swap = f"--claude-swap={OLD}={NEW}"
    project.record(swap).assert_outcomes(passed=1)
    assert project.cassettes == [f"test_app/test_a/{NEW}.yaml"]
    project.run(swap).assert_outcomes(passed=1)
    project.run().assert_outcomes(failed=1)


def test_extra_body_cannot_bring_the_old_model_back(project) -> None:
    project.tests(
        """
def test_a(claude):
    ask(extra_body={"model": "claude-sonnet-4-5", "top_k": 3})
"""
    )
    project.record(f"--claude-swap={OLD}={NEW}").assert_outcomes(passed=1)
    assert project.simulator.bodies[0]["model"] == NEW
    assert "top_k" not in project.simulator.bodies[0]


def test_what_fails_already_and_what_only_changed_pass(project) -> None:
    project.personas(
        old=by_prompt({"better": says("Hello.")}, calls(CALL)),
        new=by_prompt({"better": calls(CALL)}, calls(CALL, CALL)),
    )
    project.tests(
        """
def test_better(claude):
    ask("better")
    assert claude.calls_tool("lookup_order")

def test_twice(claude):
    ask()
    assert claude.calls_tool("lookup_order")
"""
    )
    project.record()
    result = project.record(BUMP)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "PASS  *",
            "not gateable: 1 (already failing)",
            "changed, does not gate: 2 *",
            "  test_app.py::test_better * 0/1 → 4/4",
            "    calls `lookup_order`, where no tool was called in 4 of 4 trials",
            "    failed on the baseline, passes in 4 of 4 trials of the candidate",
            "  test_app.py::test_twice * 1/1 → 4/4",
            "    calls `lookup_order` twice in parallel in 4 of 4 trials",
        ]
    )


def test_a_test_on_another_model_is_not_gated(project) -> None:
    project.personas(**{"claude-haiku-4-5": says("Hi.")}, new=calls(CALL))
    project.tests(
        """
def test_old(claude):
    ask()
    assert claude.calls_tool("lookup_order")

def test_other(claude):
    ask(model="claude-haiku-4-5")
    assert claude.stops_with("end_turn")
"""
    )
    project.record()
    result = project.record(BUMP)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["not run: 1 *", "    asks claude-haiku-4-5"])
    assert f"{GATE}/cand/test_app/test_other/claude-haiku-4-5.yaml" not in project.cassettes


def test_an_overloaded_candidate_is_undecided_not_regressed(project) -> None:
    project.personas(new=lambda request, seen: Reply(status=529))
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.record()
    result = project.record(BUMP)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["UNDECIDED  1 of 1 test: 2 of 2 trials ended in errors of the service"]
    )
    project.run(BUMP).stdout.fnmatch_lines(["UNDECIDED  *"])


@pytest.mark.usefixtures("cold_python")
def test_a_lost_worker_is_never_a_pass(bumped) -> None:
    tests = bumped.path / "test_app.py"
    tests.write_text(tests.read_text() + "\n\ndef test_dies(claude):\n    import os; os._exit(1)\n")
    result = bumped.pytester.runpytest_subprocess(
        "-p", "pytest_claude.plugin", "-p", "xdist", "-n1", "--max-worker-restart=0", BUMP,
        "-k", "stays or dies", "-W", "ignore",
    )  # fmt: skip
    assert result.ret != 0
    assert "PASS " not in result.stdout.str()


def test_the_run_file_holds_the_evidence(bumped) -> None:
    bumped.run(BUMP, "--claude-report=bump.json")
    run = json.loads((bumped.path / "bump.json").read_text())
    assert (run["verdict"], run["pairs"]) == ("fail", [f"{OLD}={NEW}"])
    assert run["sentence"] == "1 of 3 tests regressed"
    tests = run["decision"]["tests"]
    test = next(t for t in tests if t["test"] == "test_app.py::test_calls")
    assert (test["verdict"], test["stage"], test["first_failure"]) == ("regressed", "duel", 8)
    first = test["differences"][0]
    assert first["cassette"] == f"cassettes/{GATE}/cand/test_app/test_calls/{NEW}.yaml"
    assert [d["kind"] for d in test["differences"]] == ["asks", "tools", "stop"]
    trials = next(t for t in run["tests"] if t["test"] == "test_app.py::test_calls")["trials"]
    assert Counter(t["stream"] for t in trials) == {"base": 2, "base_fresh": 20, "cand": 12}


def test_what_a_model_says_cannot_drive_the_terminal(project) -> None:
    project.personas(
        old=calls(CALL), new=asks("Which \x1b[31mred\x07\n::error::order do you mean?")
    )
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.record()
    result = project.record(BUMP)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "\x1b[31mred" not in text
    assert r"\x1b[31mred\x07" in text
    assert "::error" not in text
