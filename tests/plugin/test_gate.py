"""The gate through the whole stack: pytest → HTTP → cassettes → verdict → the day after."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from simulator import asks, by_prompt, calls, flaky, overloaded, says, slow

from pytest_claude import cli
from pytest_claude.places import places_of
from pytest_claude.plugin.gate import attempts
from pytest_claude.run.ledger_file import LedgerFile
from pytest_claude.settings import RunSettings, Swap

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
PYTHON = sys.executable
BUMP = f"--claude-bump={OLD}={NEW}"
GATE = f"_gate/{OLD}__{NEW}"
ASKS = asks("Which order do you mean?")
CALLS = calls(("lookup_order", {"order_id": "1234"}))
SUITE = """
pytestmark = pytest.mark.claude(trials=4, pass_rate=0.5)

@pytest.mark.parametrize("n", range(3))
def test_steady(claude, n):
    ask(f"steady {n}")
    assert claude.calls_tool("lookup_order", order_id="1234")

def test_turns(claude):
    ask("turns")
    assert claude.calls_tool("lookup_order", order_id="1234")
"""
SENTENCE = 'asks "Which order do you mean?" instead of calling `lookup_order`'


@pytest.fixture(autouse=True)
def _sdk(project) -> None:
    """The SDK in children too: its requests are swapped."""
    project.app(sdk_in_children=True)


@pytest.fixture
def turned(project, recorded_once):
    """A candidate that asks instead of acting in half of one test's trials."""
    project.tests(SUITE)
    project.personas(new=by_prompt({"turns": flaky(CALLS, ASKS, 0.5, seed="b")}, CALLS))

    def record() -> None:
        project.record().assert_outcomes(passed=4)
        project.record(BUMP, "--claude-report=live.json")

    recorded_once(project, "turned", record)
    return project


def verdict(project, name: str) -> dict:
    found: dict = json.loads((project.path / name).read_text())
    return found


def test_a_candidate_that_asks_in_half_of_the_trials_fails_with_that_sentence(turned) -> None:
    result = turned.run(BUMP, "--claude-report=a.json")
    result.assert_outcomes(passed=3, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    run = verdict(turned, "a.json")
    assert run["sentence"] == "1 of 4 tests regressed"
    tests = run["decision"]["tests"]
    assert [t["test"] for t in tests if t["verdict"] == "regressed"] == ["test_app.py::test_turns"]
    assert any(SENTENCE in line for line in result.outlines)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="cuts the network with unshare")
def test_workers_and_a_cut_network_give_the_same_bytes(turned) -> None:
    turned.run(BUMP, "--claude-report=one.json")
    turned.run(BUMP, "-p", "xdist", "-n2", "--claude-report=two.json")
    command = [
        "unshare", "-rn", PYTHON, "-m", "pytest", "-q", "-p", "pytest_claude.plugin",
        BUMP, "--claude-report=cut.json", "-W", "ignore",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=turned.path, check=False, capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip("this system lets nobody make a network namespace")
    files = [(turned.path / f"{name}.json").read_bytes() for name in ("one", "two", "cut")]
    assert files[0] == files[1] == files[2]


def test_an_unchanged_flaky_app_passes(project) -> None:
    project.tests(SUITE)
    both = by_prompt({"turns": flaky(CALLS, ASKS, 0.25, seed="x")}, CALLS)
    project.personas(old=both, new=both)
    project.record()
    result = project.record(BUMP)
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "quick: 4 tests gated, 16 to * trials expected (at most 224), $0.* to $0.* (*)",
            "PASS  no test dropped by >= 0.5 *",
            "cost             x* (95%: * to *), $0.* → $0.*",
        ]
    )


def test_workers_say_what_a_gate_will_take_before_they_pay(project) -> None:
    project.tests(SUITE)
    project.personas(old=CALLS, new=CALLS)
    project.record()
    lines = project.record(BUMP, "-p", "xdist", "-n2").outlines
    said = next(n for n, line in enumerate(lines) if line.startswith("quick: "))
    assert lines[said].startswith("quick: 4 tests gated, 16 to ")
    assert said < next(n for n, line in enumerate(lines) if "[100%]" in line)
    assert sum(line.startswith("quick: ") for line in lines) == 1
    assert lines[said + 1].endswith("a test that fails its screen takes 24 to 40 trials more")
    assert lines[said + 2] == "  tests without a recording of their own are not counted (workers)"
    assert "reads what the rules leave open: one reply a trial at most" in lines[said + 3]


def test_an_estimate_knows_what_recorded_trials_came_to_once_a_gate_has_read_them(project) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.personas(old=ASKS, new=ASKS)
    project.record("--claude-trials=5")
    project.record(BUMP).stdout.fnmatch_lines(["quick: 1 test gated, 4 to 8 trials expected *"])
    again = project.record(BUMP, "--collect-only", mode="all")
    again.stdout.fnmatch_lines(["quick: 1 test gated, 4 trials expected *"])


@pytest.mark.parametrize("quiet", ["-q", "-qq"])
def test_a_quiet_run_says_the_whole_headline(project, quiet: str) -> None:
    project.tests(SUITE)
    project.personas(old=CALLS, new=CALLS)
    project.record()
    project.record(BUMP, "--claude-report=run.json").assert_outcomes(passed=4)
    shown = " ".join(line.strip() for line in project.run(BUMP, quiet).outlines)
    assert f"PASS  {verdict(project, 'run.json')['sentence']}" in shown


@pytest.mark.usefixtures("commands_in_process")
def test_bump_runs_pytest_as_often_as_several_workers_need(project, capfd) -> None:
    project.tests(SUITE)
    project.personas(new=by_prompt({"turns": ASKS}, CALLS))
    project.record()
    capfd.readouterr()
    words = ["-p", "pytest_claude.plugin", "-p", "xdist", "-n2", "-W", "ignore"]
    with project.server():
        status = cli.main(["bump", f"{OLD}={NEW}", "--", *words, "--claude-record"])
    assert status == 1
    told = capfd.readouterr().out
    assert told.count("test session starts") == 2, told
    assert "UNDECIDED  1 of 4 tests" in told
    assert "    a suspect: lacks fresh trials, 20 of the baseline and 4 of the candidate" in told
    assert f"  to finish\n    pytest-claude bump {OLD}={NEW} -- -n 2 --claude-record\n" in told
    assert "FAIL  1 of 4 tests regressed" in told
    # The second run took the duel only, and its verdict is that of one process.
    alone = project.run(BUMP, "--claude-report=alone.json")
    alone.assert_outcomes(passed=3, failed=1)
    bodies = [body["model"] for body in project.simulator.bodies]
    assert (bodies.count(NEW), bodies.count(OLD)) == (3 * 4 + 8 + 4, 20)


def test_a_service_that_fails_voids_a_trial_and_the_next_takes_its_place(project) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.personas(new=overloaded(3, CALLS))  # one call and the SDK's two retries
    project.record()
    result = project.record(BUMP, "--claude-report=live.json")
    result.assert_outcomes(passed=1)
    cand = [path for path in project.cassettes if path.startswith(f"{GATE}/cand")]
    assert [Path(path).name for path in cand] == [
        *(f"{NEW}.{n}.yaml" for n in (2, 3, 4, 5)),
        f"{NEW}.yaml.partial",
    ]
    project.run(BUMP, "--claude-report=replay.json").assert_outcomes(passed=1)
    (project.path / "cassettes" / GATE / "ledger.jsonl").unlink()
    project.run(BUMP, "--claude-report=rebuilt.json").assert_outcomes(passed=1)
    for name in ("live", "replay", "rebuilt"):
        trials = verdict(project, f"{name}.json")["tests"][0]["trials"]
        outcomes = [t["outcome"] for t in trials if t["stream"] == "cand"]
        assert outcomes == ["void", "pass", "pass", "pass", "pass"], name


def test_asking_again_after_a_verdict_is_another_attempt(bumped) -> None:
    result = bumped.record(BUMP, "-k", "stays", mode="all")
    result.assert_outcomes(passed=1, deselected=2)
    result.stdout.fnmatch_lines(["attempt 2: false alarms at most 10% over both attempts"])
    second = [path for path in bumped.cassettes if path.startswith(f"{GATE}/attempt2/")]
    assert len([path for path in second if path.endswith(".yaml")]) == 4
    assert f"{GATE}/cand/test_app/test_stays/{NEW}.yaml" in bumped.cassettes
    asked = {body["model"] for body in bumped.simulator.bodies}
    assert asked == {NEW}, "the recorded baseline is not paid for again"


def test_what_another_attempt_left_out_stays_at_the_one_before(bumped) -> None:
    first = bumped.path / "cassettes" / GATE / "ledger.jsonl"
    before = first.read_bytes()
    bumped.personas(new=CALLS)
    bumped.record(BUMP, "-k", "calls", mode="all").assert_outcomes(passed=1, deselected=2)
    bumped.run(BUMP, "--claude-report=replay.json").assert_outcomes(passed=3)
    bumped.run(BUMP, "-p", "xdist", "-n2", "--claude-report=two.json").assert_outcomes(passed=3)
    went_on = bumped.record(BUMP, "--claude-report=live.json")
    went_on.assert_outcomes(passed=3)
    went_on.stdout.fnmatch_lines(
        ["attempt 2 (of 1 of 3 tests): false alarms at most 10% over both attempts"]
    )
    assert bumped.simulator.bodies == [], "nothing is paid for twice"
    decision = verdict(bumped, "replay.json")["decision"]
    assert {t["test"]: (t["verdict"], t["attempt"]) for t in decision["tests"]} == {
        "test_app.py::test_calls": ("unchanged", None),
        "test_app.py::test_stays": ("unchanged", 1),
        "test_app.py::test_no_check": ("unchanged", 1),
    }
    assert verdict(bumped, "two.json") == verdict(bumped, "replay.json")
    assert verdict(bumped, "live.json")["decision"] == decision
    assert first.read_bytes() == before


def test_the_ledger_of_an_attempt_is_read_once_for_all_tests(tmp_path, monkeypatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(attempts, "read_ledger", lambda path: read.append(path) or LedgerFile())
    settings = RunSettings(tmp_path, bump=(Swap(OLD, NEW),), attempt=2)
    found = attempts.Attempts(settings, places_of(settings))
    assert [found.of(f"test_app.py::test_{n}") for n in range(3)] == [1, 1, 1]
    assert len(read) == 1


def test_a_ci_run_does_not_ask_again_until_the_verdict_pleases(bumped, monkeypatch) -> None:
    monkeypatch.setenv("CI", "1")
    before = bumped.cassettes
    result = bumped.record(BUMP, "--claude-record-in-ci", mode="all")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: --claude-record=all would be attempt 2 at this bump; while CI is set",
            "       there is 1",
            "       to replay the verdict, leave --claude-record out; to ask again, do it by hand",
        ]
    )
    assert bumped.cassettes == before


def test_a_regression_is_accepted_until_a_day(bumped) -> None:
    mark = f'@pytest.mark.claude_accept("{OLD}={NEW}", reason="asks first now", until="%s")\n'
    source = (bumped.path / "test_app.py").read_text()
    for day, red in (("2999-12-31", False), ("2020-01-31", True)):
        marked = source.replace("def test_calls", mark % day + "def test_calls")
        (bumped.path / "test_app.py").write_text(marked)
        result = bumped.run(BUMP)
        result.assert_outcomes(passed=2 if red else 3, failed=int(red))
        if red:
            result.stdout.fnmatch_lines(
                ["test_app.py::test_calls gates again: asks first now (until 2020-01-31)"]
            )
        else:
            result.stdout.fnmatch_lines(
                ["PASS  *", "accepted, does not gate: 1 *",
                 "    accepted: asks first now (until 2999-12-31)"]
            )  # fmt: skip


ADOPTED = """
@pytest.mark.claude(trials=%d)
def test_stays(claude):
    ask("stays")
    assert claude.calls_tool("lookup_order")
"""


def test_the_day_after_adoption_replay_is_as_adopt_said(project, capsys) -> None:
    project.tests(ADOPTED % 4 + (ADOPTED % 6).replace("test_stays", "test_more"))
    project.personas(new=CALLS)
    project.record()
    project.record(BUMP).assert_outcomes(passed=2)
    assert cli.main(["adopt", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "moved 8 cassettes of 2 tests" in told
    assert "  test_app.py::test_more  asks for 6 trials, 4 recorded: a miss" in told
    note = (project.path / "cassettes" / GATE / "BUMP.md").read_text()
    assert note.startswith(f"# {OLD} → {NEW}\n\nPASS: no test dropped by >= 0.5")
    app = (project.path / "app.py").read_text()
    (project.path / "app.py").write_text(app.replace(f'"{OLD}"', f'"{NEW}"'))
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_app.py::test_more - *CassetteMiss*"])


@pytest.mark.usefixtures("commands_in_process")
def test_adopt_moves_nothing_when_the_verdict_is_no_pass(bumped, capsys) -> None:
    before = bumped.cassettes
    words = [f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin", "-W", "ignore"]
    assert cli.main(["adopt", *words]) == 1
    told = capsys.readouterr().out
    assert "nothing was moved: the verdict is FAIL" in told
    assert f"  to adopt it all the same  pytest-claude adopt --anyway {OLD}={NEW}" in told
    assert bumped.cassettes == before


@pytest.mark.usefixtures("commands_in_process")
def test_adopt_replaces_the_recordings_of_a_test_that_asks_a_model_that_stays_first(
    project, capsys
) -> None:
    project.tests(
        """
import anthropic

@pytest.mark.claude(trials=2)
def test_routes(claude):
    anthropic.Anthropic().messages.create(
        model="claude-haiku-4-5", max_tokens=9, messages=[{"role": "user", "content": "which?"}]
    )
    ask()
    assert claude.calls_tool("lookup_order")
"""
    )
    project.personas(new=CALLS, **{"claude-haiku-4-5": CALLS})
    project.record("--claude-trials=6")
    project.record(BUMP).assert_outcomes(passed=1)
    assert cli.main(["adopt", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "moved 4 cassettes of 1 test" in told
    assert [path for path in project.cassettes if not path.startswith("_gate")] == [
        f"test_app/test_routes/claude-haiku-4-5{n}.yaml" for n in (".2", ".3", ".4", "")
    ]
    app = (project.path / "app.py").read_text()
    (project.path / "app.py").write_text(app.replace(f'"{OLD}"', f'"{NEW}"'))
    project.run().assert_outcomes(passed=1)


EDITED = """
@pytest.mark.claude(trials=%d)
def test_a(claude):
    ask("%s")
    assert claude.calls_tool("lookup_order")
"""


@pytest.mark.parametrize("reference", ["last", "git:HEAD", "old.json"])
def test_an_edited_prompt_is_compared_with_an_earlier_run(project, reference: str) -> None:
    project.tests(EDITED % (1, "kind"))
    project.personas(old=by_prompt({"rude": ASKS}, CALLS))
    project.record("-p", "cacheprovider", "--claude-report=old.json", "--claude-trials=10")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        author = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *author, *words], cwd=project.path, check=True)
    project.tests(EDITED % (1, "rude"))
    result = project.record(f"--claude-baseline={reference}", "-p", "cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["quick: 1 test gated, 4 to 12 trials expected (at most 28), $* to $* (at most $*)",
         "  estimated: * takes 4 to 20 trials more", "",
         "FAIL  1 of 1 test regressed", "  test_app.py::test_a * 10/10 → 0/12"]
    )  # fmt: skip
    result.stdout.no_fnmatch_line("*to see it, record more of the baseline*")
    assert any(path.startswith("_gate/baseline__") for path in project.cassettes)
    again = project.run(f"--claude-baseline={reference}", "-p", "cacheprovider")
    again.stdout.fnmatch_lines(["FAIL  1 of 1 test regressed"])


def test_a_baseline_of_too_few_trials_says_so_before_it_is_paid_for(project) -> None:
    project.tests(EDITED % (1, "kind"))
    project.personas(old=by_prompt({"rude": ASKS}, CALLS))
    project.record("-p", "cacheprovider")
    project.tests(EDITED % (1, "rude"))
    result = project.record("--claude-baseline=last", "-p", "cacheprovider")
    result.stdout.fnmatch_lines(
        [
            "with 1 recorded baseline trial a drop of 0.5 is seen with probability 0.00",
            "  to see it, record more of the baseline  pytest --claude-record --claude-trials 15",
            "test_app.py *",
        ]
    )


def test_the_red_run_after_an_edit_and_a_run_of_a_few_tests_are_no_baseline(project) -> None:
    other = "\ndef test_b(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')"
    project.tests(EDITED % (10, "kind") + other)
    project.personas(old=by_prompt({"rude": ASKS}, CALLS))
    project.record("-p", "cacheprovider").assert_outcomes(passed=2)
    project.tests(EDITED % (10, "rude") + other)
    project.record("-p", "cacheprovider").assert_outcomes(passed=1, failed=1)
    project.run("-p", "cacheprovider", "-k", "test_b").assert_outcomes(passed=1, deselected=1)
    result = project.record("--claude-baseline=last", "-p", "cacheprovider")
    result.stdout.fnmatch_lines(["FAIL  1 of 2 tests regressed", "*test_a*10/10 → 0/12"])


def test_drift_of_one_model_id(project) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.record()
    result = project.record(f"--claude-bump={OLD}={OLD}")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*{OLD} → {OLD}*", "PASS  *"])


def test_pytests_own_features_keep_their_meaning(project) -> None:
    project.tests(
        """
import unittest

@pytest.mark.xfail(reason="known")
def test_xfail(claude):
    ask("asks")
    assert claude.calls_tool("lookup_order")

def test_skip(claude):
    pytest.skip("not today")

@pytest.fixture(scope="module")
def app():
    return ask

def test_module_app(claude, app):
    app()
    assert claude.calls_tool("lookup_order")

@pytest.mark.claude
class TestCase(unittest.TestCase):
    def test_unittest(self):
        for n in range(2):
            with self.subTest(n=n):
                ask()
                self.assertTrue(self.claude.calls_tool("lookup_order"))

def test_broken(claude, missing):
    ask()
"""
    )
    project.personas(old=by_prompt({"asks": ASKS}, CALLS), new=by_prompt({"asks": ASKS}, CALLS))
    project.record()
    result = project.record(BUMP, "-k", "not broken")
    result.assert_outcomes(passed=3, skipped=1, deselected=1)
    result.stdout.fnmatch_lines(
        ["PASS  *", "not run: 2 *", "    deselected", "    skipped: not today"]
    )
    broken = project.run(BUMP)
    assert broken.ret == pytest.ExitCode.TESTS_FAILED
    broken.stdout.no_fnmatch_line("PASS *")


@pytest.mark.parametrize(
    ("words", "ini", "text"),
    [
        (
            ["--claude-gate=medium", BUMP],
            "",
            "--claude-gate=medium: not one of quick, standard, thorough",
        ),
        (
            [BUMP],
            "claude_gate = 'medium'",
            "claude_gate=medium: not one of quick, standard, thorough",
        ),
        (["--claude-continue=x.json"], "", "--claude-continue needs the --claude-bump that it"),
        ([BUMP, "--claude-continue=x.json"], "", "x.json: the run file could not be read: No such"),
        ([BUMP, "--claude-baseline=last"], "", "--claude-baseline and --claude-bump: one of them"),
        (["--claude-baseline=last"], "", "--claude-baseline last: no earlier run is kept"),
        (["--claude-baseline=git:nope"], "", "--claude-baseline git:nope: "),
        (
            [BUMP, f"--claude-bump={OLD}=claude-opus-5-5"],
            "",
            f"--claude-bump {OLD}={NEW} --claude-bump {OLD}=claude-opus-5-5: two models for one "
            f"{OLD}; name one",
        ),
        (
            [BUMP, f"--claude-bump=us.anthropic.{OLD}-20250929-v1:0=claude-opus-5-5"],
            "",
            f"--claude-bump {OLD}={NEW} --claude-bump us.anthropic.{OLD}-20250929-v1:0",
        ),
        (
            [f"--claude-bump={OLD}={OLD}", f"--claude-swap={OLD}={NEW}"],
            "",
            "--claude-swap and --claude-bump: one of them, not both",
        ),
        ([BUMP], "claude_max_cost_ratio = 'much'", "claude_max_cost_ratio = much: a number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
@pytest.mark.fault("G03")
def test_what_is_no_gate_is_one_sentence(bumped, words: list[str], ini: str, text: str) -> None:
    (bumped.path / "pyproject.toml").write_text(
        f"[tool.pytest.ini_options]\npythonpath = ['.']\n{ini}\n"
    )
    result = bumped.run(*words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = bumped.unwrapped([*result.errlines, *result.outlines]).str()
    assert f"ERROR: {text}" in told.replace(f"{bumped.path}/", "")
    assert "Traceback" not in told


def test_a_retired_candidate_is_refused_before_it_is_paid_for(bumped) -> None:
    result = bumped.record(f"--claude-bump={OLD}=claude-3-7-sonnet-20250219")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert bumped.simulator.requests == []
    assert "is retired since 2026-02-19" in bumped.unwrapped(result.errlines).str()


@pytest.mark.parametrize(
    ("mark", "text"),
    [
        ('"x"', "claude_accept 'x': expected OLD=NEW"),
        ('"a=b", reason="r"', 'until= is a day, for example "2027-03-31"'),
        ('"a=b", until="2027-03-31"', "reason= says why the change is accepted"),
        ('"a=b", reasn="r"', "unknown setting 'reasn'; did you mean 'reason'?"),
    ],
)
def test_an_acceptance_without_reason_or_day_is_refused(project, mark: str, text: str) -> None:
    project.tests(f"@pytest.mark.claude_accept({mark})\ndef test_a(claude):\n    ask()")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert text in project.unwrapped(result.errlines).str()


def test_the_verdict_of_two_merged_shards_is_that_of_one_run(turned, capsys) -> None:
    turned.run(BUMP, "--claude-report=whole.json")
    turned.run(BUMP, "-k", "steady", "--claude-report=one.json")
    turned.run(BUMP, "-k", "turns", "--claude-report=two.json")
    names = [str(turned.path / f"{name}.json") for name in ("one", "two", "merged")]
    capsys.readouterr()
    assert cli.main(["merge", *names[:2], "-o", names[2]]) == 1, capsys.readouterr()
    whole, merged = verdict(turned, "whole.json"), verdict(turned, "merged.json")
    assert merged["decision"] == whole["decision"]
    assert merged["tests"] == whole["tests"]


def test_a_baseline_that_is_not_served_any_more_clears_nobody(project) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.record()
    project.personas(new=ASKS)
    del project._personas[OLD]
    result = project.record(BUMP)
    result.stdout.no_fnmatch_line("PASS*")
    denied = f'6 of 6 trials were denied: the API answered 404, "model: {OLD}"'
    assert denied in " ".join(result.stdout.str().split())


def test_a_retired_baseline_is_judged_by_its_recordings(project, monkeypatch) -> None:
    monkeypatch.setattr("pytest_claude.clock.today", lambda: "2026-12-24")
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.personas(new=ASKS)
    project.record("--claude-trials=10")
    with project.server():
        monkeypatch.setattr("pytest_claude.plugin.gate.comparison._BASE_URL", "UNSET_HERE")
        result = project.run(BUMP, "--claude-record")
    result.assert_outcomes(failed=1)
    told = "the baseline is retired: drift since its recording is not excluded"
    result.stdout.fnmatch_lines(["FAIL  1 of 1 test regressed", told])
    assert not any("base_fresh" in path for path in project.cassettes)
    project.run(BUMP).stdout.fnmatch_lines(["FAIL  1 of 1 test regressed", told])


def test_what_fails_when_a_module_is_torn_down_is_told_though_its_test_waits(project) -> None:
    project.tests(
        """
@pytest.fixture(scope="module")
def room():
    yield
    raise RuntimeError("the room is in disorder")

def test_a(claude, room):
    ask()
    assert claude.calls_tool("lookup_order")
"""
    )
    project.personas(new=ASKS)
    project.record()
    result = project.record(BUMP)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert result.parseoutcomes()["errors"] >= 1
    assert "the room is in disorder" in result.stdout.str()


def test_the_head_says_how_long_the_trials_take_by_the_recorded_times(project) -> None:
    project.tests("def test_a(claude): ask()\n")
    project.personas(old=slow(says("Hi."), 0.3))
    project.record()
    head = project.record(BUMP, "--collect-only")
    head.stdout.fnmatch_lines(["quick: 1 test gated, *", "  1*s*, by the recorded times"])
    assert project.simulator.bodies == []


def test_bump_fails_where_pytest_fails_beside_a_pass(project, commands_in_process, capfd) -> None:
    project.tests("def test_a(claude): ask()\n\ndef test_other(): assert False\n")
    project.personas(new=CALLS)
    project.record()
    words = ("-p", "pytest_claude.plugin", "-W", "ignore", "--claude-record")
    with project.server():
        assert cli.main(["bump", f"{OLD}={NEW}", "--", *words]) == 1
    assert "PASS  no test dropped" in capfd.readouterr().out
