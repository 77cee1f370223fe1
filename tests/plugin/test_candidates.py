"""Several candidates beside one baseline: `--claude-bump OLD=A,B@low`, `--claude-candidate`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest
from projects import NEW, OLD
from simulator import asks, by_prompt, calls, slow

from pytest_claude import cli
from pytest_claude.run.ledger_file import LedgerFile
from pytest_claude.run.merge import merged
from pytest_claude.run.record import loads

LOW, OPUS, HAIKU = f"{NEW}@low", "claude-opus-5-5", "claude-haiku-5-5"
ASKS = asks("Which order do you mean?")
CALLS = calls(("lookup_order", {"order_id": "1234"}))
WORDS = ("-p", "pytest_claude.plugin", "-W", "ignore")


def with_model(name: str) -> tuple[str, str]:
    """The option of the candidate whose app reads another model from its environment."""
    return "--claude-candidate", f"APP_MODEL={name}"


BUMP = f"--claude-bump={OLD}={LOW},{OPUS}"
ALL = (BUMP, *with_model(HAIKU))
ENVIRONMENTS = (*with_model(HAIKU), *with_model(OPUS))
COMPARED = """
pytestmark = pytest.mark.claude(trials=2)

def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order", order_id="1234")

def test_stays(claude):
    ask("stays")
    assert claude.stops_with("tool_use")
"""
PLAIN = """
@pytest.mark.parametrize("n", range(3))
@pytest.mark.claude(trials=2)
def test_calls(claude, n):
    ask(f"n {n}")
    assert claude.calls_tool("lookup_order")
"""
HOW: dict[str, Any] = {}
"""What the run that recorded the three candidates asked and wrote."""


def reads_its_model(project: Any, *, sdk_in_children: bool = False) -> None:
    """Write the app: it takes its model from the environment when it is imported."""
    project.app(sdk_in_children=sdk_in_children)
    app = project.path / "app.py"
    app.write_text(
        app.read_text().replace(f'MODEL = "{OLD}"', f'MODEL = os.environ.get("APP_MODEL", "{OLD}")')
    )
    project.personas(**{OPUS: CALLS, HAIKU: CALLS})


@pytest.fixture
def compared(project: Any, recorded_once: Any) -> Any:
    """Three candidates are recorded: a model at an effort, which regresses, another, a variable."""
    reads_its_model(project, sdk_in_children=True)
    project.tests(COMPARED)
    project.personas(new=by_prompt({"stays": CALLS}, ASKS))

    def record() -> None:
        project.record().assert_outcomes(passed=2)
        result = project.record(*ALL, "--claude-report=run.json", "--junitxml=junit.xml")
        HOW.update(
            ret=result.ret,
            lines=result.outlines,
            bodies=project.simulator.bodies,
            run=(project.path / "run.json").read_text(),
            junit=(project.path / "junit.xml").read_text(),
            cassettes=project.cassettes,
        )

    recorded_once(project, "candidates", record)
    return project


@pytest.fixture
def plain(project: Any, short_gates: None) -> Any:
    """A recorded baseline whose app asks over plain HTTP: candidates set its variable."""
    reads_its_model(project)
    project.tests(PLAIN)
    project.record().assert_outcomes(passed=3)
    return project


def verdicts(project: Any, name: str = "run.json") -> list[tuple[str, dict[str, str]]]:
    """Of each candidate its verdict, and those of its tests by their names."""
    run = json.loads((project.path / name).read_text())
    return [
        (arm["decision"]["overall"],
         {t["test"].rpartition("::")[2]: t["verdict"] for t in arm["decision"]["tests"]})
        for arm in run["arms"]
    ]  # fmt: skip


def asked(project: Any) -> Counter[str]:
    """How often each model was asked."""
    return Counter(body["model"] for body in project.simulator.bodies)


# --- the folders and calls of a run -------------------------------------------------------------


def test_each_candidate_has_a_folder_beside_the_fresh_baseline_of_all(compared: Any) -> None:
    sides = {name.split("/")[2] for name in HOW["cassettes"] if name.startswith("_gate/")}
    (variable,) = (side for side in sides if "APP_MODEL" in side)
    assert sides == {"base_fresh", f"cand@{LOW}", f"cand@{OPUS}", variable}
    assert re.fullmatch(rf"cand@APP_MODEL={HAIKU}-[0-9a-f]{{8}}", variable)
    assert {name.split("/")[1] for name in HOW["cassettes"] if name.startswith("_gate/")} == {OLD}
    ledgers = {name for name in HOW["cassettes"] if name.endswith(".jsonl")}
    assert ledgers == {f"_gate/{OLD}/{side}/ledger.jsonl" for side in sides - {"base_fresh"}}


def test_as_many_calls_are_made_as_the_candidates_need_and_the_baseline_is_asked_once(
    compared: Any,
) -> None:
    of: dict[str, list[Any]] = {name: [] for name in (OLD, NEW, OPUS, HAIKU)}
    for body in HOW["bodies"]:
        of[body["model"]].append(body)
    decisions = [arm["decision"] for arm in json.loads(HOW["run"])["arms"]]
    taken = [decision["candidate_trials"] for decision in decisions]
    assert [len(of[name]) for name in (NEW, OPUS, HAIKU)] == taken
    # One suspect: the duel of one candidate alone takes as many.
    assert [decision["fresh_baseline_trials"] for decision in decisions] == [20, 0, 0]
    assert len(of[OLD]) == 20
    assert {body["output_config"]["effort"] for body in of[NEW]} == {"low"}
    assert not any("output_config" in body for body in of[OLD] + of[OPUS] + of[HAIKU])


def test_a_run_exits_by_its_worst_candidate_and_names_it_where_a_test_fails(compared: Any) -> None:
    assert HOW["ret"] == pytest.ExitCode.TESTS_FAILED
    lines = pytest.LineMatcher(HOW["lines"])
    lines.fnmatch_lines(
        [
            f"E   {LOW}: regressed 22/22 → 0/*: asks *",
            "FAIL  1 of 3 candidates fails, 2 pass; *",
            f"FAILED test_app.py::test_calls - {LOW}: regressed 22/22 *",
            "*1 failed, 1 passed*",
        ]
    )
    tests = ElementTree.fromstring(HOW["junit"]).iter("testcase")
    found = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in tests
    }
    verdict = {name: found["test_calls"][f"claude.verdict[{name}]"] for name in (LOW, OPUS)}
    assert verdict == {LOW: "regressed", OPUS: "unchanged"}
    assert found["test_stays"][f"claude.verdict[APP_MODEL={HAIKU}]"] == "unchanged"


@pytest.mark.parametrize(
    "more",
    [("-p", "xdist", "-n2"), ("-p", "pytest_randomly", "-p", "no:cacheprovider")],
    ids=["workers", "any order"],
)
def test_a_replay_gives_the_run_byte_for_byte_and_asks_nobody(
    compared: Any, more: tuple[str, ...]
) -> None:
    pytest.importorskip(more[1], reason="these runs use another plugin")
    before = compared.cassettes
    with compared.server():
        result = compared.run(*ALL, "--claude-report=replay.json", *more)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert compared.simulator.requests == []
    assert (compared.path / "replay.json").read_text() == HOW["run"]
    assert compared.cassettes == before


def test_one_candidate_that_passes_is_enough_where_that_was_said(compared: Any) -> None:
    result = compared.run(*ALL, "--claude-gate-any", "--claude-report=any.json")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "PASS  2 of 3 candidates pass, 1 fails; *",
            "one candidate that passes is enough (--claude-gate-any): where each of 3",
            "candidates drops a test by 0.5, some passes with probability <= 0.27 (<= 0.10 of",
            "one)",
        ]
    )
    assert [overall for overall, _ in verdicts(compared, "any.json")] == ["fail", "pass", "pass"]


def test_bump_and_show_take_several_candidates(
    compared: Any, commands_in_process: None, capfd: pytest.CaptureFixture[str]
) -> None:
    words = (*WORDS, *with_model(HAIKU), "--claude-report=bump.json")
    assert cli.main(["bump", f"{OLD}={LOW},{OPUS}", "--", *words]) == 1
    assert (compared.path / "bump.json").read_text() == HOW["run"]
    capfd.readouterr()
    assert cli.main(["show", "bump.json", "test_calls"]) == 0
    told = capfd.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("==== ")] == [
        f"==== {LOW}", f"==== {OPUS}", f"==== APP_MODEL={HAIKU}"
    ]  # fmt: skip
    assert "test_app.py::test_calls  regressed 22/22 → 0/12" in told


# --- attempts ---------------------------------------------------------------------------------


def test_a_candidate_that_is_added_is_an_attempt_of_its_own(plain: Any) -> None:
    with plain.server():
        plain.run(*ENVIRONMENTS, "--claude-record", "--claude-report=run.json").assert_outcomes(
            passed=3
        )
        assert asked(plain) == {HAIKU: 12, OPUS: 12}
        added = (*ENVIRONMENTS, *with_model(NEW))
        result = plain.run(*added, "--claude-record", "--claude-report=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [overall for overall, _ in verdicts(plain)] == ["pass", "pass", "fail"]
    assert asked(plain)[HAIKU] == asked(plain)[OPUS] == 12, "they have their verdict"
    apart = {name.split("/")[3] for name in plain.cassettes if "/attempt2/" in name}
    assert {side.partition("=")[0] for side in apart} == {"base_fresh", "cand@APP_MODEL"}
    result.stdout.fnmatch_lines(["*attempt 2: false alarms at most 10% over both attempts"])
    arms = [arm["decision"]["policy"]["arms"] for arm in run_of(plain)["arms"]]
    assert arms == [2, 2, 1]


def run_of(project: Any, name: str = "run.json") -> Any:
    return json.loads((project.path / name).read_text())


def test_candidates_that_share_their_chances_are_judged_together(plain: Any) -> None:
    with plain.server():
        plain.run(*ENVIRONMENTS, "--claude-record")
        before = [*plain.simulator.bodies]
        result = plain.run(*with_model(HAIKU), "--claude-record")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    plain.unwrapped(result.errlines).fnmatch_lines(
        [
            f"ERROR: --claude-candidate APP_MODEL={HAIKU}: it was compared together with "
            f"--claude-candidate APP_MODEL={OPUS}",
            "       to judge it, name all of them",
        ]
    )
    assert plain.simulator.bodies == before


def test_one_that_was_judged_alone_is_at_another_attempt(project: Any, short_gates: None) -> None:
    project.personas(new=CALLS, **{OPUS: CALLS})
    project.tests(PLAIN)
    project.record()
    project.record(f"--claude-bump={OLD}={NEW}").assert_outcomes(passed=3)
    project.app(sdk_in_children=True)
    words = f"--claude-bump={OLD}={NEW},{OPUS}", "--claude-report=run.json"
    result = project.record(*words)
    assert [arm["decision"]["attempt"] for arm in run_of(project)["arms"]] == [2, 1]
    result.stdout.fnmatch_lines(["*attempt 2: false alarms at most 10% over both attempts"])


def test_a_variable_that_changes_no_request_is_no_pass(plain: Any) -> None:
    plain.personas(old=CALLS)
    result = plain.record("--claude-candidate", "APP_MODLE=x", "--claude-report=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = "*its variables changed no request of any test; is a name misspelt?"
    result.stdout.fnmatch_lines(["UNDECIDED  the candidate is undecided", told])
    run = loads((plain.path / "run.json").read_text(), "run.json")
    assert (run.overall, merged([("run.json", run)]).overall) == ("undecided", "undecided")


def test_adopt_names_the_candidates_that_there_are(
    plain: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.record(*ENVIRONMENTS)
    monkeypatch.chdir(plain.path)
    assert cli.main(["adopt", "--candidate", "NOPE=1"]) == 4
    told = " ".join(capsys.readouterr().err.split())
    assert "adopt: NOPE=1 was compared with nothing; there are " in told
    assert " ".join(with_model(HAIKU)) in told


EDITED = PLAIN.replace('f"n {n}"', 'f"edited {n}"')


def test_an_edit_of_the_app_takes_the_trials_of_all_sides_anew(plain: Any) -> None:
    words = (*ENVIRONMENTS, "--claude-report=run.json")
    with plain.server():
        plain.run(*words, "--claude-record", "-p", "xdist", "-n2").assert_outcomes(passed=3)
        assert asked(plain) == {HAIKU: 12, OPUS: 12}
        plain.tests(EDITED)
        plain.run(*words).assert_outcomes(failed=3)
        result = plain.run(*words, "--claude-record")
        assert asked(plain) == {OLD: 6, HAIKU: 24, OPUS: 24}
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*2nd edition of 3 tests: *"])
    before = [arm["decision"] for arm in run_of(plain)["arms"]]
    plain.run(*words).assert_outcomes(passed=3)
    assert [arm["decision"] for arm in run_of(plain)["arms"]] == before


MIXED = """
import os

HAIKU = "haiku" in os.environ.get("APP_MODEL", "")

@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-5-5"])
@pytest.mark.claude(trials=2)
def test_calls(claude, model):
    ask(model=os.environ.get("APP_MODEL") or model)
    assert claude.calls_tool("lookup_order")
    assert not HAIKU
"""


def test_variables_are_compared_over_tests_of_other_models_too(
    project: Any, short_gates: None
) -> None:
    reads_its_model(project, sdk_in_children=True)
    project.personas(new=CALLS)
    project.tests(MIXED)
    project.record()
    words = (BUMP.replace(LOW, NEW).replace(f",{OPUS}", ""), *with_model(HAIKU))
    project.record(*words, "--claude-report=run.json")
    on_old, on_another = f"test_calls[{OLD}]", f"test_calls[{OPUS}]"
    assert verdicts(project) == [
        ("pass", {on_old: "unchanged", on_another: "not run"}),
        ("fail", {on_old: "regressed", on_another: "regressed"}),
    ]
    assert asked(project) == {OLD: 8, OPUS: 8, NEW: 4, HAIKU: 16}
    before = (project.path / "run.json").read_text()
    project.run(*words, "--claude-report=run.json")
    assert (project.path / "run.json").read_text() == before


# --- what is no pass ----------------------------------------------------------------------------

KINDS = """
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order")

@pytest.mark.claude(live=True)
def test_live():
    pass

@pytest.mark.skip
def test_skipped(claude):
    ask("skipped")

def test_skips(claude):
    pytest.skip("why not")

@pytest.mark.xfail
def test_xfail(claude):
    ask("xfail")
    assert 0

@pytest.fixture
def broken():
    raise ValueError("no database")

def test_crash(claude, broken):
    ask("crash")

def test_raises(claude):
    raise ValueError("before it asks")

def test_silent(claude):
    pass

def test_other():
    assert 0
"""


def test_other_kinds_of_tests_end_as_in_a_bump_of_one(plain: Any) -> None:
    plain.tests(KINDS)
    plain.record()
    told = []
    with plain.server():
        for options in (ENVIRONMENTS, (f"--claude-bump={OLD}={OPUS}",)):
            result = plain.run(*options, "--claude-record", "--claude-report=run.json", "-rs")
            run = run_of(plain)
            for arm in run.get("arms") or [run]:
                tests = {t["test"]: (t["verdict"], t["reason"]) for t in arm["decision"]["tests"]}
                told.append((arm["decision"]["overall"], tests, result.parseoutcomes()))
            result.stdout.fnmatch_lines_random(
                ["E*ValueError: no database", "E*ValueError: before it asks", "SKIPPED*why not"]
            )
    assert told[0] == told[1] == told[2]
    assert told[0][0] == "undecided"
    outcomes = {"passed": 4, "failed": 2, "skipped": 2, "errors": 1}
    assert told[0][2] == outcomes


def test_tests_that_are_not_chosen_are_not_compared(plain: Any) -> None:
    result = plain.record(*ENVIRONMENTS, "--claude-report=run.json", "-k", "n1 or 1")
    result.assert_outcomes(passed=1, deselected=2)
    assert asked(plain) == {HAIKU: 4, OPUS: 4}
    tests = {"test_calls[0]": "not run", "test_calls[1]": "unchanged", "test_calls[2]": "not run"}
    assert verdicts(plain) == [("pass", tests)] * 2
    result = plain.record(*ENVIRONMENTS, "--claude-report=run.json", "-k", "nothing")
    assert result.ret != pytest.ExitCode.OK


def test_a_module_that_can_not_be_imported_is_no_pass(plain: Any) -> None:
    plain.tests(PLAIN, "test_more")
    plain.record().assert_outcomes(passed=6)
    module = plain.path / "test_more.py"
    text = module.read_text()
    module.write_text(f"import nothing_there\n{text}")
    words = (*ENVIRONMENTS, "--claude-report=run.json", "--claude-record")
    with plain.server():
        result = plain.run(*words)
        assert (result.ret, plain.simulator.bodies) == (pytest.ExitCode.INTERRUPTED, [])
        result = plain.run(*words, "--continue-on-collection-errors")
        result.assert_outcomes(passed=3, errors=1)
        assert [overall for overall, _ in verdicts(plain)] == ["undecided", "undecided"]
        # On one candidate alone.
        here = "'haiku' in os.environ.get('APP_MODEL', '')"
        module.write_text(f"import os\nif {here}: import nothing_there\n{text}")
        result = plain.run(*words)
        result.stdout.fnmatch_lines([f"claude: the run of APP_MODEL={HAIKU} broke:"])
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        assert [overall for overall, _ in verdicts(plain)] == ["undecided", "pass"]
        result = plain.run(*words, "--continue-on-collection-errors")
        assert "INTERNALERROR" not in result.stdout.str()
        assert [overall for overall, _ in verdicts(plain)] == ["undecided", "pass"]


# --- a run that is cut --------------------------------------------------------------------------

DIES = """
import os
import signal

@pytest.mark.parametrize("n", range(3))
@pytest.mark.claude(trials=2)
def test_calls(claude, n):
    if n == 1 and "haiku" in os.environ.get("APP_MODEL", "") and os.path.exists("die"):
        os.unlink("die")
        os.kill(os.getpid(), signal.SIGKILL)
    ask(f"n {n}")
    assert claude.calls_tool("lookup_order")
"""


@pytest.mark.parametrize("more", [(), ("--claude-gate-any",)], ids=["each", "any"])
def test_a_process_that_is_killed_is_no_pass_and_the_next_run_goes_on(
    plain: Any, more: tuple[str, ...]
) -> None:
    plain.tests(DIES)
    (plain.path / "die").touch()
    words = (*ENVIRONMENTS, *more, "--claude-report=run.json", "--claude-record")
    with plain.server():
        result = plain.run(*words)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines([f"claude: the run of APP_MODEL={HAIKU} broke:"])
        assert [overall for overall, _ in verdicts(plain)] == ["undecided", "pass"]
        plain.run(*words).assert_outcomes(passed=3)
        assert asked(plain) == {HAIKU: 12, OPUS: 12}, "nothing is paid twice"
    assert [overall for overall, _ in verdicts(plain)] == ["pass", "pass"]


@pytest.mark.usefixtures("cold_python")
def test_what_was_paid_before_an_interrupt_is_kept(plain: Any) -> None:
    words = (*ENVIRONMENTS, "--claude-report=run.json", "--claude-record")
    with plain.server():

        def interrupt(_seen: Any) -> None:
            if len(plain.simulator.bodies) == 7:
                os.kill(os.getpid(), signal.SIGINT)
            if len(plain.simulator.bodies) >= 7:
                time.sleep(1)  # no answer comes before the signal

        plain.simulator.on_request = interrupt
        assert plain.run(*words).ret == pytest.ExitCode.INTERRUPTED
        assert len(plain.simulator.bodies) < 24, "all processes are stopped"
        assert "pass" not in {overall for overall, _ in verdicts(plain)}
        plain.simulator.on_request = lambda seen: None
        plain.run(*words).assert_outcomes(passed=3)
        # The calls that were under way are asked again.
        assert len(plain.simulator.bodies) in (24, 25, 26)
    assert [overall for overall, _ in verdicts(plain)] == ["pass", "pass"]


@pytest.mark.usefixtures("cold_python")
def test_no_process_goes_on_when_its_run_is_killed(plain: Any) -> None:
    plain.personas(**{HAIKU: slow(CALLS, 0.4), OPUS: slow(CALLS, 0.4)})
    words = [sys.executable, "-m", "pytest", *WORDS, *ENVIRONMENTS, "--claude-record"]
    with plain.server():
        run = subprocess.Popen(words, cwd=plain.path, stdout=subprocess.DEVNULL)
        while not plain.simulator.bodies:
            time.sleep(0.05)
        run.kill()
        run.wait()
        time.sleep(3)
        made = len(plain.simulator.bodies)
        time.sleep(2)
        assert len(plain.simulator.bodies) == made < 24


# --- what a recording may cost ------------------------------------------------------------------


def test_a_dry_run_tells_of_each_candidate_and_sends_nothing(plain: Any) -> None:
    before = plain.cassettes
    result = plain.record(*ENVIRONMENTS, "--claude-dry-run", "--claude-report=run.json")
    assert (result.ret, plain.simulator.requests) == (pytest.ExitCode.OK, [])
    assert plain.cassettes == before
    result.stdout.fnmatch_lines(
        [
            f"APP_MODEL={HAIKU}: quick: 3 tests gated, 12 *",
            f"APP_MODEL={OPUS}: quick: 3 tests gated, 12 *",
            f"APP_MODEL={HAIKU}:",
            "  dry run: nothing was sent; *",
            f"APP_MODEL={OPUS}:",
            "in all $*; what they share is counted for each candidate",
        ]
    )


def test_a_dry_run_whose_process_is_killed_fails(plain: Any) -> None:
    plain.tests(DIES)
    (plain.path / "die").touch()
    result = plain.record(*ENVIRONMENTS, "--claude-dry-run")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"claude: the run of APP_MODEL={HAIKU} broke:"])


def test_the_candidates_share_one_budget(plain: Any) -> None:
    prices = [f"{name} input=0 output=10000" for name in (OLD, HAIKU, OPUS)]
    plain.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_judge = 'never'\n"
        f"claude_prices = {prices}\n"
    )
    text = asks("x" * 400)  # 100 tokens, as the simulator counts: a dollar
    plain.personas(**{OLD: text, HAIKU: text, OPUS: text})
    plain.tests(PLAIN.replace('calls_tool("lookup_order")', 'stops_with("end_turn")'))
    plain.record(mode="all")
    words = (*ENVIRONMENTS, "--claude-record", "--claude-report=run.json")
    with plain.server():
        result = plain.run(*words, "--claude-budget=5.50")
        assert len(plain.simulator.billed) == 5
        assert "pass" not in {overall for overall, _ in verdicts(plain)}
        result.stdout.fnmatch_lines(
            ["the budget of $5.50 stopped the recording: $5.00 were spent, *"]
        )
        assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_candidates_are_recorded_in_batches(plain: Any) -> None:
    words = (*ENVIRONMENTS, "--claude-report=run.json")
    plain.record(*words, "--claude-batch").assert_outcomes(passed=3)
    in_batches = Counter((body["model"], batch) for body, batch in plain.simulator.billed)
    assert in_batches == {(HAIKU, True): 12, (OPUS, True): 12}
    before = (plain.path / "run.json").read_text()
    plain.run(*words).assert_outcomes(passed=3)
    assert (plain.path / "run.json").read_text() == before


# --- wide fixtures, projects below, earlier files -----------------------------------------------

WIDE = """
from pathlib import Path

@pytest.fixture(scope="module")
def greeting(tmp_path_factory):
    with Path("folders").open("a") as file:
        print(tmp_path_factory.getbasetemp(), file=file)
    return ask("set-up").stop_reason

@pytest.mark.claude(trials=2)
def test_calls(claude, greeting):
    ask("call")
    assert claude.calls_tool("lookup_order")
"""


def test_what_wider_fixtures_ask_is_apart_for_each_candidate(plain: Any) -> None:
    plain.tests(WIDE)
    plain.personas(**{OPUS: by_prompt({"call": ASKS}, CALLS)})
    plain.record()
    words = (*ENVIRONMENTS, "--claude-report=run.json")
    plain.record(*words, f"--basetemp={plain.path / 'kept'}")
    prompts = Counter(
        (body["model"], body["messages"][0]["content"]) for body in plain.simulator.bodies
    )
    each = {HAIKU: 4, OPUS: 8, OLD: 8}
    assert prompts == {(name, text): n for name, n in each.items() for text in ("set-up", "call")}
    folders = {*(plain.path / "folders").read_text().split()}
    assert len(folders) >= 4, "each process empties its own"
    set_ups = Counter(name.split("/")[2] for name in plain.cassettes if "/@fixtures/" in name)
    assert sorted(set_ups.values()) == [1, 4, 8, 8], "the first: of the baseline as it was"
    assert [overall for overall, _ in verdicts(plain)] == ["pass", "fail"]
    before = (plain.path / "run.json").read_text()
    plain.run(*words)
    assert (plain.path / "run.json").read_text() == before


def test_a_project_below_keeps_its_own_gate_of_several_candidates(
    plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = plain.path / "desk"
    (below / "tests").mkdir(parents=True)
    (below / "pytest.ini").write_text("[pytest]\npythonpath = ..\n")
    (plain.path / "test_app.py").rename(below / "tests" / "test_desk.py")
    (plain.path / "conftest.py").rename(below / "conftest.py")
    words = (*ENVIRONMENTS, "--claude-report=run.json")
    with monkeypatch.context() as patch, plain.server():
        patch.chdir(below)
        plain.run("--claude-record").assert_outcomes(passed=3)
        plain.run(*words, "--claude-record").assert_outcomes(passed=3)
        calls = asked(plain)
    assert calls == {OLD: 6, HAIKU: 12, OPUS: 12}
    of_below = run_of(plain, "desk/run.json")
    with plain.server():
        plain.run("desk", *words, "--claude-record").assert_outcomes(passed=3)
        assert plain.simulator.bodies == []
    assert [arm["decision"]["overall"] for arm in run_of(plain)["arms"]] == ["pass", "pass"]
    assert len(of_below["arms"]) == 2
    assert not [name for name in plain.cassettes if name.startswith("_gate/")]


# --- what can't be compared -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((f"--claude-bump={OLD}={NEW}@lo,{OPUS}",), "*@lo: the effort is not one of *'low'?"),
        ((f"--claude-bump={OLD}={NEW}@HIGH,{OPUS}",), "*@HIGH: the effort is not one of *'high'?"),
        (("--claude-candidate", "A=1 A=2"), "*A is set twice"),
        (("--claude-candidate", "PROXY=http://u:p@host"), "*PROXY looks like a secret*"),
        ((f"--claude-bump={OLD}=claude-opus-4-6@xhigh,{NEW}",),
         "*the efforts of claude-opus-4-6: low, medium, high, max"),
        ((f"--claude-bump={OLD}=no-model-of-ours@low,{NEW}",), "*no-model-of-ours: none is known"),
        ((f"--claude-bump={OLD}={NEW},{NEW}",), f"*{NEW} is named twice as a candidate"),
        ((f"--claude-bump={OLD}={NEW},anthropic.{NEW}",),
         f"*{NEW} and anthropic.{NEW}: one candidate under two names"),
        ((f"--claude-bump={OLD}={NEW},{OPUS}", f"--claude-bump={HAIKU}={NEW}"),
         "*several candidates are compared with one OLD; name one --claude-bump"),
        ((f"--claude-bump={OLD}={NEW},",), "*expected OLD=NEW, *"),
        ((*with_model(NEW), "--claude-baseline=last"),
         "*--claude-baseline and --claude-candidate: one of them, not both"),
        ((*with_model(NEW), f"--claude-swap={OLD}={NEW}"),
         "*--claude-swap and --claude-candidate: one of them, not both"),
        ((f"--claude-bump={OLD}={NEW},{OPUS}", "--claude-continue=run.json"),
         "*goes on by itself; type it again with --claude-record"),
        (("--claude-candidate", "APP_API_KEY=abc"), "*APP_API_KEY looks like a secret*"),
        (("--claude-candidate", "APP MODEL=x"), "*expected \"NAME=VALUE …\", *"),
        (("--claude-candidate", "APP_MODEL='x"), "*No closing quotation"),
        ((f"--claude-bump={OLD}={NEW}", "--claude-gate-any"), "*needs several candidates, *"),
        ((f"--claude-bump={OLD}={NEW},claude-3-opus-20240229",), "*is retired since *"),
        ((*ENVIRONMENTS, "-p", "xdist", "--tx=popen", "--dist=load"), "*compared on this machine*"),
    ],
)  # fmt: skip
def test_what_can_not_be_compared_is_said_before_the_first_call(
    project: Any, words: tuple[str, ...], told: str
) -> None:
    project.tests(PLAIN)
    project.record()
    result = project.record(*words)
    assert (result.ret, project.simulator.requests) == (pytest.ExitCode.USAGE_ERROR, [])
    assert not [name for name in project.cassettes if name.startswith("_gate")]
    project.unwrapped([*result.errlines, *result.outlines]).fnmatch_lines([told])


@pytest.mark.parametrize("words", [ENVIRONMENTS, (f"--claude-bump={OLD}={NEW},{OPUS}",)])
def test_a_replay_of_candidates_that_were_never_recorded_says_so(
    plain: Any, words: tuple[str, ...]
) -> None:
    result = plain.run(*words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    plain.unwrapped(result.errlines).fnmatch_lines(["*--claude-record*"])


def test_ledgers_and_run_files_from_before_there_were_several_candidates_are_read(
    bumped: Any,
) -> None:
    ledger = bumped.cassette(f"_gate/{OLD}__{NEW}/ledger.jsonl").read_text()
    assert '"arms"' not in ledger.partition("\n")[0]
    assert LedgerFile.loads(ledger, "ledger.jsonl").arms == ()
    bumped.run(f"--claude-bump={OLD}={NEW}", "--claude-report=run.json")
    data = run_of(bumped)
    for new in ("arms", "any_arm"):
        data.pop(new, None)
    data["decision"]["policy"].pop("arms")
    data["comparison"] = {k: v for k, v in data["comparison"].items() if k != "environment"}
    run = loads(json.dumps(data), "run.json")
    assert (run.arms, run.any_arm, run.overall) == ((), False, "fail")
