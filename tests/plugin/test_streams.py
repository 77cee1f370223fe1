"""Streams are recorded as they pass, and replayed as they were."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from simulator import meeting, says

FILE = "test_app/test_calls/claude-sonnet-4-5.yaml"
HEAD = """
import anthropic, asyncio, json, time
from simulator import meeting


BODY = {"model": "claude-sonnet-4-5", "max_tokens": 99,
        "messages": [{"role": "user", "content": "refund"}]}
"""
TEXT = "Please tell me which of your two orders you mean."
FIRST_DELTA = 3  # number of the event: the start of message and block and a ping come before
STOP_REASON = 5  # where the text is one piece


@pytest.mark.fault("A11")
def test_chunks_pass_as_they_arrive_and_their_times_are_kept(project) -> None:
    def taken_before(number: int) -> None:
        if number >= FIRST_DELTA:  # the SDK keeps the ping to itself
            meeting.wait(f"{number - 2} events taken")

    project.personas(
        old=lambda body, seen: replace(says(TEXT)(body, seen), before_event=taken_before)
    )
    project.tests(
        HEAD
        + """
def test_calls(claude, request, monkeypatch):
    waits = []
    recording = bool(request.config.getoption("claude_record"))
    if not recording:
        monkeypatch.setattr(time, "sleep", waits.append)
    with anthropic.Anthropic().messages.create(**BODY, stream=True) as stream:
        for number, event in enumerate(stream):
            meeting.reach(f"{number} events taken")
    assert number > 6
    assert not waits
    timing = claude.reply.timing
    assert timing.first_byte_s < timing.first_token_s < timing.total_s
    assert [at for at, _ in timing.chunks] == sorted(at for at, _ in timing.chunks)
    assert sum(size for _, size in timing.chunks) > 500
    json.dump([timing.first_token_s, timing.total_s], open(f"times-{recording}.json", "w"))
"""
    )
    # That it ends says it: the model sends no event before the app has the one before.
    project.record().assert_outcomes(passed=1)
    text = project.cassette(FILE).read_text()
    assert "      complete: true\n      first_byte_s: " in text
    assert "      chunks: [[0." in text
    project.run().assert_outcomes(passed=1)
    recorded, replayed = (
        json.loads((project.path / f"times-{kind}.json").read_text()) for kind in (True, False)
    )
    assert replayed == recorded


LEAVES = {
    "leaves and closes": "with client.messages.create(**BODY, stream=True) as stream:\n"
    "        next(e for e in stream if e.type == 'content_block_delta')",
    "leaves without closing": "stream = client.messages.create(**BODY, stream=True)\n"
    "    next(e for e in stream if e.type == 'content_block_delta')",
    "is cancelled": """async def reads(begun):
        async with anthropic.AsyncAnthropic(max_retries=0) as client:
            async for _ in await client.messages.create(**BODY, stream=True):
                begun.set()
    async def cancelled():
        begun = asyncio.Event()
        task = asyncio.create_task(reads(begun))
        await asyncio.wait_for(begun.wait(), 60)
        task.cancel()
        await asyncio.wait([task])
    asyncio.run(cancelled())""",
}


@pytest.fixture
def halting(project):
    """A model that says one piece and no more until the app has left."""

    def before_event(number: int) -> None:
        if number > FIRST_DELTA:
            meeting.wait("the end of the test")

    project.personas(
        old=lambda body, seen: replace(says(TEXT)(body, seen), before_event=before_event)
    )
    return project


@pytest.mark.parametrize("code", LEAVES.values(), ids=LEAVES)
@pytest.mark.fault("T04")
def test_a_stream_that_the_app_left_is_never_a_whole_answer(halting, code: str) -> None:
    test = (
        HEAD
        + "def test_calls(claude):\n    client = anthropic.Anthropic(max_retries=0)\n    "
        + code
        + "\n    with pytest.raises(AssertionError, match='not read to its end|no answer yet'):\n"
        "        bool(claude.stops_with('end_turn'))\n"
    )
    halting.tests(test)
    halting.record().assert_outcomes(passed=1)
    assert "complete: false\n      ended: left\n" in halting.cassette(FILE).read_text()
    halting.run("--claude-strict").assert_outcomes(passed=1)
    # An app that reads on in the replay meets the end that the recording had.
    halting.tests(
        HEAD
        + """
def test_calls(claude):
    client = anthropic.Anthropic(max_retries=0)
    with pytest.raises(Exception, match="the app left the recorded stream here|Connection error"):
        with client.messages.create(**BODY, stream=True) as stream:
            list(stream)
"""
    )
    result = halting.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E   pytest_claude.RecordingProblem: the app reads on where it left the recorded answer *"]
    )


@pytest.mark.fault("T04")
def test_an_answer_that_the_app_left_at_its_stop_reason_is_whole(project) -> None:
    def before_event(number: int) -> None:
        if number > STOP_REASON:
            meeting.wait("the end of the test")

    persona = says("Which order?")
    project.personas(old=lambda body, seen: replace(persona(body, seen), before_event=before_event))
    project.tests(
        HEAD
        + """
def test_calls(claude):
    with anthropic.Anthropic(max_retries=0).messages.create(**BODY, stream=True) as stream:
        next(event for event in stream if event.type == "message_delta")
    assert claude.asks_clarifying_question()
    assert claude.usage.output_tokens == 3
"""
    )
    project.record().assert_outcomes(passed=1)
    assert "ended: left" in project.cassette(FILE).read_text()
    project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.fault("T04")
def test_an_app_that_gave_up_gives_up_again(halting) -> None:
    halting.tests(
        HEAD
        + """
async def reads():
    async with anthropic.AsyncAnthropic(max_retries=0) as client:
        async with client.messages.stream(**BODY) as stream:
            return await stream.get_final_text()

async def answers():
    try:
        return await asyncio.wait_for(reads(), 1)
    except asyncio.TimeoutError:
        async with anthropic.AsyncAnthropic() as client:
            again = {**BODY, "messages": [{"role": "user", "content": "shorter"}]}
            return (await client.messages.create(**again)).content[0].text

def test_calls(claude):
    assert "two orders" in asyncio.run(answers())
    assert len(claude.replies) == 1
"""
    )
    halting.record().assert_outcomes(passed=1)
    assert "complete: false\n      ended: left\n" in halting.cassette(FILE).read_text()
    halting.run("--claude-strict").assert_outcomes(passed=1)


def test_an_answer_without_recorded_times_says_so(project) -> None:
    project.tests("def test_calls(claude):\n    ask()\n    assert claude.reply.timing is None\n")
    project.pytester.makepyfile(
        test_plain="""
import vcr
from app import ask

def test_plain():
    with vcr.use_cassette("cassettes/test_app/test_calls/claude-sonnet-4-5.yaml"):
        ask()
"""
    )
    with project.server():
        project.run("test_plain.py", "-p", "no:claude").assert_outcomes(passed=1)
    project.run("test_app.py").assert_outcomes(passed=1)
