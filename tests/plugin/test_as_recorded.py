"""`claude.behaves_as_recorded()`: accepted by the first recording, moved by one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from projects import KEY
from simulator import Persona, Reply, asks, by_prompt, calls, overloaded, says

from pytest_claude.cli import main

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
STATED = """
def test_a(claude):
    careless()
    assert claude.behaves_as_recorded()
"""
MARKED = """
@pytest.mark.claude_as_recorded
def test_a():
    careless()
"""
LOOKUP = calls(("lookup_order", {"order_id": "1234"}))
SHIPS = says("It ships today.")
NOTHING = "nothing is accepted: no test here states claude.behaves_as_recorded() and passes"
RED = [
    "  expected      tools: lookup_order; stop: tool_use",
    "  observed      tools: none; stop: end_turn",
    "  evidence      cassettes/test_app/test_a/claude-sonnet-4-5.yaml,",
    "                interaction 1 of 1",
    '                  "It ships today."',
    "  accepted in   cassettes/test_app/test_a/behavior.json",
    "  to accept it  pytest-claude accept test_app.py::test_a",
    "  to redo it    pytest test_app.py::test_a --claude-record=all",
]


def accepted(project: Any, test: str = "test_a") -> Path:
    path: Path = project.cassette(f"test_app/{test}/behavior.json")
    return path


def accept(*tests: str, rest: tuple[str, ...] = ()) -> int:
    return main(["accept", *tests, "--", "-p", "pytest_claude.plugin", "-W", "ignore", *rest])


def in_turn(*personas: Persona) -> Persona:
    """Plays the k-th persona in the k-th trial."""
    return lambda request, seen: personas[seen % len(personas)](request, seen)


def facts(project: Any, test: str = "test_a") -> Any:
    return json.loads(accepted(project, test).read_text())["behavior"]


@pytest.fixture
def recorded(project: Any) -> Any:
    """A project with a test whose first recording was accepted."""
    project.tests(STATED)
    project.record().assert_outcomes(passed=1)
    return project


def test_the_first_recording_is_accepted_and_replays_green(recorded) -> None:
    assert json.loads(accepted(recorded).read_text()) == {
        "version": 1,
        "trials": 1,
        "behavior": {
            "arguments": {"lookup_order": {"order_id": "string"}},
            "asks": False,
            "fence": False,
            "output": "no JSON",
            "parallel": [],
            "refused": False,
            "refuses": False,
            "server": [],
            "stop": "tool_use",
            "tools": ["lookup_order"],
        },
    }
    before = accepted(recorded).read_bytes()
    recorded.run().assert_outcomes(passed=1)
    assert accepted(recorded).read_bytes() == before


@pytest.mark.parametrize("source", [STATED, MARKED], ids=["check", "marker"])
def test_recording_again_moves_nothing_and_what_is_red_then_stays_red(project, source) -> None:
    project.tests(source)
    project.record().assert_outcomes(passed=1)
    before = accepted(project).read_bytes()
    project.personas(old=SHIPS)
    for result in (project.record(mode="all"), project.run(), project.record()):
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["E *tools: none instead of lookup_order, and 1 more change*", *RED]
        )
    assert accepted(project).read_bytes() == before


def test_the_command_accepts_what_is_recorded_offline(recorded, commands_in_process, capsys):
    recorded.personas(old=SHIPS)
    recorded.record(mode="all")
    before = recorded.cassette(f"test_app/test_a/{OLD}.yaml").read_bytes()
    assert accept("test_app.py::test_a") == 0
    told = " ".join(capsys.readouterr().out.split())
    for line in (
        "accepted in cassettes/test_app/test_a/behavior.json: review and commit it",
        "tools: none instead of lookup_order",
        "stop: end_turn instead of tool_use",
    ):
        assert f"test_app.py::test_a: {line}" in told
    assert facts(recorded)["tools"] == []
    assert recorded.cassette(f"test_app/test_a/{OLD}.yaml").read_bytes() == before
    recorded.run().assert_outcomes(passed=1)


def test_the_command_starts_pytest_and_accepts_what_its_workers_replay(recorded) -> None:
    recorded.tests("\n".join(STATED.replace("test_a", f"test_{name}") for name in "abcd"))
    recorded.record()
    for name in "abcd":
        accepted(recorded, f"test_{name}").unlink()
    assert accept("test_app.py", rest=("-p", "xdist", "-n", "2")) == 0
    assert [facts(recorded, f"test_{name}")["tools"] for name in "abcd"] == [["lookup_order"]] * 4


def test_without_an_accepted_behavior_the_check_is_unknown(recorded, commands_in_process) -> None:
    accepted(recorded).unlink()
    result = recorded.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   pytest_claude.NoEvidence: no evidence: no behavior of this test is accepted yet",
            "  expected      the accepted behavior",
            "  observed      no behavior of this test is accepted yet",
            "  to accept it  pytest-claude accept test_app.py::test_a",
        ]
    )
    assert not accepted(recorded).exists()
    assert accept("test_app.py::test_a") == 0
    recorded.run().assert_outcomes(passed=1)


def test_a_test_that_fails_accepts_nothing(project, commands_in_process) -> None:
    project.tests(f"{STATED}    assert not claude.calls_tool('lookup_order')")
    project.record().assert_outcomes(failed=1)
    assert not accepted(project).exists()
    assert accept("test_app.py") == 1
    assert not accepted(project).exists()


def test_a_trial_that_was_not_answered_accepts_nothing(project) -> None:
    project.personas(old=overloaded(9, SHIPS))
    project.tests(STATED)
    project.record().assert_outcomes(failed=1)
    assert not accepted(project).exists()


def test_a_refusal_by_the_api_is_accepted_by_the_command_alone(
    project, commands_in_process
) -> None:
    refusing = Reply(status=400, error=("invalid_request_error", "max_tokens: too large"))
    project.personas(old=lambda request, seen: refusing)
    project.tests(STATED)
    result = project.record()
    result.assert_outcomes(failed=1)
    project.unwrapped(result.outlines).fnmatch_lines(
        [
            "E *no behavior of this test is accepted yet: the API refused the last request",
            "  to accept it *pytest-claude accept test_app.py::test_a",
        ]
    )
    assert not accepted(project).exists()
    assert accept("test_app.py") == 0
    assert facts(project)["refused"] is True
    project.run().assert_outcomes(passed=1)


def test_the_first_recording_says_what_it_wrote(project) -> None:
    project.tests(STATED)
    line = "test_app.py::test_a: accepted in cassettes/test_app/test_a/behavior.json: review and"
    assert line in " ".join(project.record().outlines)
    assert line not in " ".join(project.record(mode="all").outlines)


def test_a_recording_that_replays_one_of_several_trials_accepts_nothing(
    project, commands_in_process
) -> None:
    project.tests(STATED)
    project.record()
    accepted(project).unlink()
    project.personas(old=SHIPS)
    project.tests(TRIALS.format(""))
    result = project.record()
    result.assert_outcomes(failed=1)
    told = " ".join(" ".join(result.outlines).split())
    assert "no evidence: no behavior of this test is accepted yet: some of its trials" in told
    assert "to accept it pytest-claude accept test_app.py::test_a" in told
    for again in (project.record(), project.run()):
        again.assert_outcomes(failed=1)
    assert not accepted(project).exists()
    assert accept("test_app.py") == 0
    project.run().assert_outcomes(passed=1)


def test_no_secret_is_kept(project) -> None:
    project.personas(old=calls(("lookup_order", {KEY: "1234"})))
    project.tests(STATED)
    project.record().assert_outcomes(passed=1)
    assert facts(project)["arguments"]["lookup_order"] == {"*": "string"}
    assert KEY not in accepted(project).read_text()
    project.run().assert_outcomes(passed=1)


def test_a_dry_run_writes_nothing(recorded) -> None:
    accepted(recorded).unlink()
    recorded.record("--claude-dry-run")
    assert not accepted(recorded).exists()


def test_a_run_that_swaps_models_accepts_nothing(project) -> None:
    project.app(sdk_in_children=True)
    project.tests(STATED)
    project.record(f"--claude-swap={OLD}={NEW}").assert_outcomes(failed=1)
    assert not accepted(project).exists()


def test_the_command_says_where_nothing_is_stated(project, commands_in_process, capsys) -> None:
    project.tests("def test_a(claude):\n    ask()")
    project.record()
    assert accept("test_app.py") == 1
    told = capsys.readouterr()
    assert "test_a:" not in told.out
    assert NOTHING in told.err


def test_the_command_tells_nothing_of_tests_that_do_not_state_the_check(
    recorded, commands_in_process, capsys
) -> None:
    recorded.tests(f"{STATED}\ndef test_b(claude):\n    ask()")
    recorded.record()
    capsys.readouterr()
    assert accept("test_app.py") == 0
    told = capsys.readouterr().out
    assert "test_a: accepted in" in told
    assert "test_b" not in told


def test_a_test_that_is_expected_to_fail_accepts_nothing(
    recorded, commands_in_process, capsys
) -> None:
    before = accepted(recorded).read_bytes()
    recorded.tests(f"@pytest.mark.xfail{STATED}    assert not claude.replies")
    assert accept("test_app.py") == 1
    assert NOTHING in capsys.readouterr().err
    assert accepted(recorded).read_bytes() == before


@pytest.mark.parametrize(
    "option",
    [
        f"--claude-swap={OLD}={NEW}",
        BUMP,
        "--claude-candidate=MODE=fast",
        "--claude-baseline=last",
        "--claude-dry-run",
    ],
)
@pytest.mark.parametrize("place", ["typed", "addopts"])
def test_the_command_refuses_runs_that_show_no_behavior_of_the_test(
    recorded, commands_in_process, capsys, monkeypatch, option: str, place: str
) -> None:
    recorded.personas(old=SHIPS, new=SHIPS)
    recorded.record(mode="all")
    before = accepted(recorded).read_bytes()
    if place == "addopts":
        monkeypatch.setenv("PYTEST_ADDOPTS", option)
    rest = (option,) if place == "typed" else ()
    assert accept("test_app.py", rest=rest) == pytest.ExitCode.USAGE_ERROR
    assert accepted(recorded).read_bytes() == before


# --- several trials -------------------------------------------------------------------------

TRIALS = "@pytest.mark.claude(trials=3{})" + STATED


def test_what_the_recorded_trials_agree_on_is_steady(project) -> None:
    noted = calls(("lookup_order", {"order_id": "1", "note": "x"}))
    project.personas(old=in_turn(LOOKUP, noted, LOOKUP))
    project.tests(TRIALS.format(""))
    project.record().assert_outcomes(passed=1)
    assert facts(project)["arguments"] == {"lookup_order": {"note": "varies", "order_id": "string"}}
    assert facts(project)["declines"] is False
    project.run().assert_outcomes(passed=1)
    project.personas(old=calls(("lookup_order", {"order_id": 1234})))
    result = project.record(mode="all")
    result.stdout.fnmatch_lines(
        [
            "*(0 of 3 trials passed, 3 needed: pass_rate 1.0)",
            "  expected      arguments.lookup_order.order_id: string",
            "  observed      arguments.lookup_order.order_id: number",
        ]
    )


def test_a_trial_that_fails_has_no_say_in_what_is_accepted(project) -> None:
    project.personas(old=in_turn(LOOKUP, SHIPS, LOOKUP))
    project.tests(TRIALS.format(", pass_rate=0.6") + "    assert claude.calls_tool('lookup_order')")
    project.record().assert_outcomes(passed=1)
    assert json.loads(accepted(project).read_text())["trials"] == 2
    assert facts(project)["tools"] == ["lookup_order"]
    project.run().assert_outcomes(passed=1)


def test_one_trial_that_differs_switches_nothing_off(project) -> None:
    project.personas(old=in_turn(LOOKUP, LOOKUP, SHIPS, LOOKUP, LOOKUP))
    project.tests("@pytest.mark.claude(trials=5, pass_rate=0.8)" + STATED)
    result = project.record("--claude-report=run.json")
    result.assert_outcomes(passed=1)
    assert (facts(project)["tools"], facts(project)["stop"]) == (["lookup_order"], "tool_use")
    (told,) = json.loads((project.path / "run.json").read_text())["tests"]
    assert [trial["outcome"] for trial in told["trials"]].count("pass") == 4
    assert told["trials"][2]["checks"][0]["outcome"] is False
    project.run().assert_outcomes(passed=1)
    project.personas(old=SHIPS)
    result = project.record(mode="all")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*(0 of 5 trials passed, 4 needed: pass_rate 0.8)"])


def test_where_too_few_trials_agree_that_is_told(project) -> None:
    project.personas(old=in_turn(LOOKUP, SHIPS, LOOKUP))
    project.tests(TRIALS.format(""))
    result = project.record()
    result.assert_outcomes(passed=1)
    assert facts(project)["tools"] == "varies"
    told = " ".join(result.outlines)
    assert "test_app.py::test_a: its trials differ in tools, stop: " in told


def test_the_command_takes_all_recorded_trials(project, commands_in_process) -> None:
    project.tests(STATED)
    project.record("--claude-trials=4").assert_outcomes(passed=1)
    accepted(project).unlink()
    assert accept("test_app.py") == 0
    assert json.loads(accepted(project).read_text())["trials"] == 4


# --- what may differ ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ignore",
    ["['tools', 'stop']", "('tools', 'stop')"],
)
def test_what_is_ignored_may_differ(project, ignore: str) -> None:
    project.tests(STATED)
    project.record()
    project.tests(STATED.replace("recorded()", f"recorded(ignore={ignore})"))
    project.personas(old=SHIPS)
    project.record(mode="all").assert_outcomes(passed=1)
    project.tests(MARKED.replace("recorded", f"recorded(ignore={ignore})"))
    project.run().assert_outcomes(passed=1)


MISUSES = {
    "ignore='tool'": "ignore='tool': no kind 'tool'; did you mean 'tools'? Kinds: asks, *",
    "ignore=['stop.x']": "ignore='stop.x': 'stop' has no parts; write ignore='stop'",
    "ignore='arguments.'": "ignore='arguments.': an empty name *",
    "ignore=3": "*",
    "ignor='stop'": "unknown setting 'ignor'; did you mean 'ignore'?*",
}


@pytest.mark.parametrize(("given", "told"), MISUSES.items(), ids=MISUSES)
def test_a_slip_in_the_marker_is_a_usage_error(project, given: str, told: str) -> None:
    project.tests(MARKED.replace("recorded", f"recorded({given})"))
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    project.unwrapped(result.errlines).fnmatch_lines([f"*claude_as_recorded(*): {told}"])


def test_a_slip_in_the_check_names_the_nearest_kind(recorded) -> None:
    recorded.tests(STATED.replace("recorded()", "recorded(ignore='argument.*.id')"))
    result = recorded.run()
    result.stdout.fnmatch_lines(
        ["E *TypeError: ignore='argument.[*].id': no kind 'argument'; did you mean 'arguments'?*"]
    )


def test_the_check_is_asked_after_the_last_call(project) -> None:
    project.tests(f"{STATED}    careless('more')\n    assert claude.behaves_as_recorded()")
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *TypeError: behaves_as_recorded was asked before other calls*"])
    assert not accepted(project).exists()


def test_a_call_after_the_check_fails_the_test(project) -> None:
    project.tests(f"{STATED}    careless('b')")
    early = "E *TypeError: behaves_as_recorded was asked before other calls*"
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([early])
    assert not accepted(project).exists()
    project.tests(STATED)
    project.record().assert_outcomes(passed=1)
    project.tests(f"{STATED}    careless('b')")
    for result in (project.record(), project.run()):
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines([early])


# --- files ----------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_never_taken_for_a_missing_one(recorded) -> None:
    accepted(recorded).write_text("<<<<<<< ours\n")
    for result in (recorded.run(), recorded.record()):
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["E *cassettes/test_app/test_a/behavior.json: *"])
    assert accepted(recorded).read_text() == "<<<<<<< ours\n"


def test_a_file_that_lacks_a_kind_is_named(recorded) -> None:
    data = json.loads(accepted(recorded).read_text())
    del data["behavior"]["tools"]
    accepted(recorded).write_text(json.dumps(data))
    result = recorded.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *cassettes/test_app/test_a/behavior.json: *it does not tell 'tools'*"]
    )


def test_a_file_that_cannot_be_written_fails_its_test(project, monkeypatch) -> None:
    from pytest_claude import accepted_files

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(accepted_files, "write_atomically", full)
    project.tests(STATED)
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *behavior.json could not be saved: No space left on device"])


def test_tests_that_share_a_cassette_have_each_their_own_behavior(project, capsys) -> None:
    project.personas(old=by_prompt({"b": SHIPS}, LOOKUP))
    project.tests(
        "pytestmark = pytest.mark.claude(cassette='both')\n"
        + STATED
        + STATED.replace("test_a", "test_b").replace("careless()", "careless('b')")
    )
    project.record().assert_outcomes(passed=2)
    assert project.cassettes == [
        f"both/{OLD}.yaml",
        "test_app/test_a/behavior.json",
        "test_app/test_b/behavior.json",
    ]
    project.run().assert_outcomes(passed=2)
    capsys.readouterr()
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "3 good, 0 bad\n"


def test_what_is_accepted_is_orphaned_and_pruned_with_its_test(recorded, capsys) -> None:
    capsys.readouterr()
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "2 good, 0 bad\n"
    recorded.cassette(f"test_app/test_a/{OLD}.yaml").unlink()
    assert main(["prune", "--yes"]) == 0
    assert capsys.readouterr().out == "no cassette is orphaned\n"
    recorded.tests("def test_other(): pass")
    assert main(["prune", "--yes"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("orphaned  cassettes/test_app/test_a: no test asks it\n")
    assert told.endswith("\n1 file removed\n")
    assert recorded.cassettes == []


def test_check_names_a_file_that_cannot_be_read(recorded, capsys) -> None:
    accepted(recorded).write_text('{"version": 2}')
    assert main(["check", str(accepted(recorded))]) == 1
    told = capsys.readouterr().err
    assert "behavior.json: a later version of pytest-claude wrote it" in told


def test_commands_that_read_recordings_leave_it_alone(recorded, capsys) -> None:
    assert main(["inspect", "cassettes"]) == 0
    assert main(["export", "cassettes", "--into", "plain"]) == 0
    assert "behavior.json" not in "".join(capsys.readouterr())


# --- bumps ----------------------------------------------------------------------------------


def test_in_a_bump_both_models_are_held_to_what_is_accepted_of_the_old_one(project) -> None:
    project.app(sdk_in_children=True)
    project.personas(new=asks("Which order do you mean?"))
    project.tests(STATED)
    project.record().assert_outcomes(passed=1)
    before = accepted(project).read_bytes()
    result = project.record(BUMP, "--claude-report=run.json")
    result.assert_outcomes(failed=1)
    (verdict,) = json.loads((project.path / "run.json").read_text())["decision"]["tests"]
    assert verdict["verdict"] == "regressed"
    base, cand = verdict["baseline"], verdict["candidate"]
    assert (base[0], cand[0]) == (base[1], 0)
    result.stdout.fnmatch_lines(["  expected *asks: no; *tools: lookup_order; *"])
    assert accepted(project).read_bytes() == before
    assert [name for name in project.cassettes if name.endswith(".json")] == [
        "test_app/test_a/behavior.json"
    ]


def test_in_a_bump_nothing_is_accepted_where_nothing_was(project) -> None:
    project.app(sdk_in_children=True)
    project.tests(STATED)
    project.record().assert_outcomes(passed=1)
    accepted(project).unlink()
    result = project.record(BUMP)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not accepted(project).exists()
