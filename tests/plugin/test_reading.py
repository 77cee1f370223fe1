"""The replies that the rules leave open, read by a model while they are recorded."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from simulator import reads, says

from pytest_claude import cli

OLD, NEW, JUDGE = "claude-sonnet-4-5", "claude-sonnet-5-5", "claude-haiku-5-5"
OPEN = "K2 is 8,611 m high. Have you ever been to Pakistan?"
QUESTION = "Have you ever been to Pakistan?"
SURE = "Your order ships today."
CLARIFIES = "@pytest.mark.claude_clarifies\ndef test_asks():\n ask()"


def printed(result: Any) -> str:
    """What a run printed, its lines joined: long ones are wrapped."""
    return " ".join(result.stdout.str().split())


@pytest.fixture
def unsure(project: Any) -> Any:
    """A project whose app answers what the rules leave open, and a judge that says it asks."""
    project.personas(
        old=says(OPEN), **{JUDGE: reads("clarifying_question", QUESTION, "It waits for that.")}
    )
    project.tests(CLARIFIES)
    return project


def models(project: Any) -> list[str]:
    return [body["model"] for body in project.simulator.bodies]


def cassette(project: Any, test: str = "test_asks", model: str = OLD) -> Any:
    return project.cassette(f"test_app/{test}/{model}.yaml")


def test_what_the_rules_leave_open_is_read_once_recorded_and_replayed(unsure: Any) -> None:
    unsure.record().assert_outcomes(passed=1)
    assert models(unsure) == [OLD, JUDGE]
    text = cassette(unsure).read_text()
    assert f"judge: {JUDGE}" in text
    assert "kind: clarifying_question" in text
    assert "reason: It waits for that." in text
    assert text.count("- fingerprint: ") == 1
    unsure.run("--claude-strict").assert_outcomes(passed=1)
    assert models(unsure) == [OLD, JUDGE]


DROPPED = """
import anthropic, gc, weakref

def test_asks(claude, monkeypatch):
    client = anthropic.Anthropic()
    ref, pool = weakref.ref(client._client), type(client._client._transport._pool)
    handle = pool.handle_request

    def handled(self, request):
        gc.collect()
        # Closed by its finalizer, it would wait here for a lock of the pool that it has itself.
        assert ref() is not None
        return handle(self, request)

    monkeypatch.setattr(pool, "handle_request", handled)
    client.messages.create(model="claude-sonnet-4-5", max_tokens=10,
        messages=[{"role": "user", "content": "How high is K2?"}])
    del client
    assert claude.asks_clarifying_question()
"""


def test_a_client_that_the_app_dropped_lives_until_the_judge_has_read(unsure: Any) -> None:
    unsure.tests(DROPPED)
    unsure.record().assert_outcomes(passed=1)
    assert models(unsure) == [OLD, JUDGE]


def test_recording_again_asks_nobody(unsure: Any) -> None:
    unsure.record()
    unsure.record().assert_outcomes(passed=1)
    assert models(unsure) == []


def bump(project: Any, *args: str, record: bool = True) -> Any:
    run = project.record if record else project.run
    return run("--claude-bump", f"{OLD}={NEW}", "--claude-report=run.json", *args)


def trials(project: Any) -> list[Any]:
    data = json.loads((project.path / "run.json").read_text())
    return [trial for test in data["tests"] for trial in test["trials"]]


def test_both_arms_of_a_bump_are_read_by_one_judge_and_profiles_say_so(unsure: Any) -> None:
    unsure.personas(new=says(SURE))
    unsure.tests("def test_asks(claude):\n ask()")
    unsure.record()
    assert models(unsure) == [OLD]  # nobody asks whether it asks
    result = bump(unsure)
    counted = Counter(models(unsure))
    by_stream = {
        stream: {t["profile"]["manner"] for t in trials(unsure) if t["stream"] == stream}
        for stream in ("base", "base_fresh", "cand")
    }
    assert by_stream["cand"] == {"answered"}
    assert by_stream["base"] | by_stream["base_fresh"] == {"asked"}
    # The recorded trial is read too, without the app being asked again: one call for each reply.
    assert counted[JUDGE] == counted[OLD] + 1
    replayed = bump(unsure, record=False)
    assert Counter(models(unsure)) == counted
    for said in (result, replayed):
        assert "asks" in printed(said)


def test_replies_that_another_judge_read_are_read_again_in_a_bump(unsure: Any) -> None:
    unsure.record()
    ini = "[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_judge_model = 'claude-opus-5'\n"
    unsure.pytester.makepyprojecttoml(ini)
    unsure.personas(new=says(SURE), **{"claude-opus-5": reads("answer_with_offer")})
    bump(unsure)
    counted = Counter(models(unsure))
    assert JUDGE not in counted
    assert counted["claude-opus-5"] == counted[OLD] + 1
    assert f"judge: {JUDGE}" in cassette(unsure).read_text()
    assert "judge: claude-opus-5" in cassette(unsure).read_text()


def test_a_recording_that_is_complete_has_only_the_judge_asked(unsure: Any) -> None:
    unsure.tests("def test_asks(claude):\n ask()")
    unsure.record()
    unsure.tests(CLARIFIES)
    result = unsure.run()
    result.assert_outcomes(failed=1)
    assert (
        f"hint no verdict of {JUDGE} is recorded; recording asks it alone, and not the app "
        "to have it read pytest test_app.py::test_asks --claude-record"
    ) in printed(result)
    assert "--claude-record=all" not in printed(result)
    unsure.record().assert_outcomes(passed=1)
    assert models(unsure) == [JUDGE]
    unsure.run("--claude-strict").assert_outcomes(passed=1)


def test_a_check_in_the_body_is_settled_too_and_says_who_read_it(unsure: Any) -> None:
    unsure.tests(
        "def test_asks(claude):\n"
        " ask()\n"
        " check = claude.asks_clarifying_question()\n"
        " assert check and check.certain and check.kind == 'clarifying_question'\n"
        " assert check.sentence == 'Have you ever been to Pakistan?'\n"
        " assert not claude.refuses()\n"
        " assert len(claude.replies) == 1 and claude.usage.output_tokens < 100\n"
        " assert not claude.asks_clarifying_question()"
    )
    recorded = unsure.record()
    assert models(unsure) == [OLD, JUDGE]
    for result in (recorded, unsure.run()):
        result.assert_outcomes(failed=1)
        assert f'observed it asks: "{QUESTION}" ({JUDGE} reads: It waits for that.)' in printed(
            result
        )


def test_a_refusal_that_the_rules_leave_open_is_read(unsure: Any) -> None:
    sentence = "I can't agree that 6 x 7 is 48."
    unsure.personas(
        old=says(f"{sentence} It is 42."), **{JUDGE: reads("refusal", sentence, "It declines.")}
    )
    unsure.tests("@pytest.mark.claude_refuses\ndef test_asks():\n ask()")
    unsure.record().assert_outcomes(passed=1)
    unsure.run("--claude-strict").assert_outcomes(passed=1)


def test_markers_on_several_replies_are_read_in_one_call(unsure: Any) -> None:
    unsure.tests(
        "@pytest.mark.claude_clarifies(conversation=0)\n"
        "@pytest.mark.claude_clarifies(conversation=1)\n"
        "def test_asks():\n"
        " ask('a', system='one')\n"
        " ask('b', system='two')"
    )
    unsure.record().assert_outcomes(passed=1)
    assert models(unsure) == [OLD, OLD, JUDGE]
    lines = unsure.simulator.bodies[-1]["messages"][0]["content"].splitlines()
    assert [json.loads(line)["prompt"] for line in lines[1:-1]] == ["b", "a"]
    unsure.run("--claude-strict").assert_outcomes(passed=1)


def test_a_reply_of_the_same_content_is_read_once(unsure: Any) -> None:
    unsure.tests(CLARIFIES.replace("def", "@pytest.mark.claude(trials=3)\ndef"))
    unsure.record().assert_outcomes(passed=1)
    assert Counter(models(unsure)) == {OLD: 3, JUDGE: 1}
    unsure.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("mode", "reply", "asked", "outcome"),
    [
        ("never", OPEN, [OLD], "failed"),
        ("guess", OPEN, [OLD], "failed"),
        ("guess", "What would you like me to change? Tell me more about it?", [OLD], "passed"),
        ("always", SURE, [OLD, JUDGE], "passed"),
        ("unsure", SURE, [OLD], "failed"),
    ],
)
def test_modes(unsure: Any, mode: str, reply: str, asked: list[str], outcome: str) -> None:
    unsure.pytester.makepyprojecttoml(
        f"[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_judge = '{mode}'\n"
    )
    unsure.personas(old=says(reply))
    unsure.record().assert_outcomes(**{outcome: 1})
    assert models(unsure) == asked
    unsure.run().assert_outcomes(**{outcome: 1})


# --- what is said of it -----------------------------------------------------------------------


def test_what_was_read_and_what_it_cost_is_said_at_the_end(unsure: Any) -> None:
    result = unsure.record()
    assert re.search(
        rf"{JUDGE} read 1 reply that the rules left open, for \$0\.000\d+ "
        r"\(claude_judge = never: it is not\)",
        printed(result),
    )
    assert "that the rules left open" not in printed(unsure.run())


def test_a_report_says_what_was_read_also_in_replay(unsure: Any) -> None:
    unsure.personas(new=says(SURE))
    unsure.tests("def test_asks(claude):\n ask()")
    bump(unsure)
    recorded = (unsure.path / "run.json").read_text()
    result = bump(unsure, "--claude-report=run.md", record=False)
    assert (unsure.path / "run.json").read_text() == recorded
    text = r"claude-haiku-5-5 read \d+ repl(y|ies) that the rules left open, for \$0\.00\d+"
    assert re.search(text, printed(result))
    assert re.search(text, (unsure.path / "run.md").read_text().replace("\\", ""))
    read = {(t["stream"] == "cand", each["model"]) for t in trials(unsure) for each in t["judged"]}
    assert read == {(False, JUDGE)}


# --- where it can't be asked ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "why"),
    [
        (says("", status=529, error=("overloaded_error", "Overloaded")), "HTTP 529: Overloaded"),
        (says("It asks."), "its answer is no verdict"),
        (reads("a question"), "its answer is no verdict"),
        (says("{", stop_reason="max_tokens"), "its answer is no verdict"),
    ],
)
def test_a_reply_stays_unread_where_the_judge_fails_and_recording_goes_on(
    unsure: Any, persona: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_claude.recording.asking._PAUSES_S", ())
    unsure.personas(**{JUDGE: persona})
    unsure.tests(f"{CLARIFIES}\ndef test_other(claude):\n ask('other')")
    result = unsure.record()
    result.assert_outcomes(passed=1, failed=1)
    assert f"1 reply left unread by {JUDGE}: {why}" in printed(result)
    assert models(unsure) == [OLD, JUDGE, OLD]
    unsure.personas(**{JUDGE: reads("clarifying_question")})
    unsure.record().assert_outcomes(passed=2)
    assert models(unsure) == [JUDGE]


def test_a_judge_that_is_not_there_is_asked_once_in_a_run(unsure: Any) -> None:
    unsure.personas(**{JUDGE: says("", status=404, error=("not_found_error", "model: x"))})
    unsure.tests(f"{CLARIFIES}\n@pytest.mark.claude_clarifies\ndef test_other():\n ask('other')")
    result = unsure.record()
    assert Counter(models(unsure)) == {OLD: 2, JUDGE: 1}
    assert f"2 replies left unread by {JUDGE}: HTTP 404: model: x" in printed(result)


def test_the_first_lines_say_how_many_replies_may_be_read_and_for_how_much(unsure: Any) -> None:
    unsure.tests(
        f"{CLARIFIES}\n"
        "@pytest.mark.claude(trials=3)\n"
        "def test_body(claude):\n ask('b')\n assert not claude.refuses()\n"
        "def test_other(claude):\n ask('o')"
    )
    result = unsure.record()
    assert re.search(
        rf"recording \(new_episodes\) to record: .* {JUDGE} reads what the rules leave open: "
        r"4 replies at most, "
        r"about \$0\.00\d+ \(claude_judge = never: none\)",
        printed(result),
    )
    assert "reads what the rules" not in printed(unsure.run())
    unsure.tests("def test_other(claude):\n ask('o')")
    assert "reads what the rules" not in printed(unsure.record())


# --- the file ---------------------------------------------------------------------------------


def test_plain_vcrpy_passes_over_the_rulings_and_an_accepted_edit_keeps_them(
    unsure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vcr.serialize import deserialize
    from vcr.serializers import yamlserializer

    unsure.record()
    path = cassette(unsure)
    requests, responses = deserialize(path.read_text(), yamlserializer)[:2]
    assert len(requests) == len(responses) == 1
    path.write_text(path.read_text().replace("K2 is 8,611 m", "K2 is 8611 m"))
    monkeypatch.chdir(unsure.path)
    assert cli.main(["check", "--accept", str(path)]) == 0
    assert f"judge: {JUDGE}" in path.read_text()
    # Another reply than was read: its verdict is gone.
    unsure.run().assert_outcomes(failed=1)


def test_what_the_judge_is_sent_is_redacted_and_what_it_says_too(
    unsure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "sk-ant-api03-" + "abcDEF123456" * 4
    unsure.personas(
        old=says(f"{OPEN} {secret}"), **{JUDGE: reads("partial", reason=f"It says {secret}.")}
    )
    unsure.tests(CLARIFIES.replace("ask()", f"ask('My key is {secret}')"))
    unsure.record().assert_outcomes(passed=1)
    assert secret not in json.dumps(unsure.simulator.bodies[1])
    assert secret not in cassette(unsure).read_text()
    unsure.run("--claude-strict").assert_outcomes(passed=1)


def test_what_claude_ignore_takes_out_makes_no_reply_unread(unsure: Any) -> None:
    unsure.tests(
        "import time\n"
        "@pytest.mark.claude_ignore('re:[0-9]+')\n"
        "@pytest.mark.claude_clarifies\n"
        "def test_asks():\n ask(f'It is {time.time_ns()}')"
    )
    unsure.record().assert_outcomes(passed=1)
    unsure.run("--claude-strict").assert_outcomes(passed=1)


def test_a_busy_judge_is_asked_again_and_not_waited_for_at_every_reply(
    unsure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    busy = {"status": 529, "error": ("overloaded_error", "Overloaded")}
    asks = reads("clarifying_question")

    def at_first(body: Any, seen: int) -> Any:
        return asks(body, seen) if seen else says("", **busy, headers={"retry-after": "7"})(body, 0)

    unsure.personas(**{JUDGE: at_first})
    unsure.record().assert_outcomes(passed=1)
    assert models(unsure) == [OLD, JUDGE, JUDGE]
    assert 7 in waited
    unsure.personas(**{JUDGE: says("", **busy)})
    marker = "@pytest.mark.claude_clarifies\n"
    unsure.tests(f"{marker}def test_a():\n ask('a')\n{marker}def test_b():\n ask('b')\n")
    unsure.record()
    assert Counter(models(unsure)) == {OLD: 2, JUDGE: 3 + 1}


def test_what_was_read_before_a_trial_was_interrupted_is_not_paid_for_again(unsure: Any) -> None:
    body = "def test_asks(claude):\n ask()\n assert claude.asks_clarifying_question()\n"
    unsure.tests(f"{body} raise KeyboardInterrupt\n")
    unsure.record()
    assert models(unsure) == [OLD, JUDGE]
    unsure.tests(body)
    unsure.record().assert_outcomes(passed=1)
    assert models(unsure) == []
    assert "kind: clarifying_question" in cassette(unsure).read_text()
    unsure.run("--claude-strict").assert_outcomes(passed=1)


def test_inspect_shows_how_the_judge_read_a_reply(
    unsure: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    unsure.record()
    assert cli.main(["inspect", str(cassette(unsure))]) == 0
    assert f"     {JUDGE} reads clarifying_question: It waits for that." in capsys.readouterr().out
    assert cli.main(["inspect", "--json", str(cassette(unsure))]) == 0
    read = json.loads(capsys.readouterr().out)["read_by_judge"]
    assert (read["judge"], read["kind"]) == (JUDGE, "clarifying_question")


@pytest.mark.usefixtures("commands_in_process")
def test_adopt_takes_the_readings_along(unsure: Any) -> None:
    unsure.personas(new=says(OPEN + " K2!"))
    unsure.record()
    assert bump(unsure).ret == 0
    assert cli.main(["adopt", f"{OLD}={NEW}", "--yes", "--", "-p", "pytest_claude.plugin"]) == 0
    app = unsure.path / "app.py"
    app.write_text(app.read_text().replace(OLD, NEW))
    assert f"judge: {JUDGE}" in cassette(unsure, model=NEW).read_text()
    unsure.run("--claude-strict").assert_outcomes(passed=1)


def test_replies_that_stay_unread_on_one_arm_are_no_difference(unsure: Any) -> None:
    """The candidate's judge fails: whether it asks is not known, and no change is claimed."""
    asks = reads("clarifying_question", QUESTION)

    def half(body: Any, seen: int) -> Any:
        is_new = "K2!" in json.dumps(body)
        return (
            says("", status=404, error=("not_found_error", "no"))(body, 0)
            if is_new
            else asks(body, seen)
        )

    unsure.personas(new=says(OPEN + " K2!"), **{JUDGE: half})
    unsure.tests("def test_asks(claude):\n ask()")
    unsure.record()
    result = bump(unsure)
    assert result.ret == 0
    assert {t["profile"]["manner"] for t in trials(unsure) if t["stream"] == "cand"} == {"unread"}
    assert "instead of" not in printed(result)
