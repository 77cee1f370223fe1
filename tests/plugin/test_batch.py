"""`--claude-batch`: what is missing is recorded through the Message Batches API."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from projects import BUMPED, NEW, OLD, Project
from simulator import Reply, by_prompt, calls, says, script
from simulator.server import Seen

from pytest_claude.recording import cassette

# Each waits for an answer before it asks more, or does not; all must end as if recorded directly.
SUITE = """
import asyncio
import anthropic

BODY = {"model": "claude-sonnet-4-5", "max_tokens": 100}

def turn(client, messages, **more):
    answer = client.messages.create(**BODY, messages=messages, **more)
    said = "".join(block.text for block in answer.content if block.type == "text")
    return [*messages, {"role": "assistant", "content": said}, {"role": "user", "content": "go on"}]

def test_loop(claude):
    messages = [{"role": "user", "content": "loop"}]
    with anthropic.Anthropic() as client:
        for _ in range(3):
            messages = turn(client, messages)
    assert [reply.text for reply in claude.replies] == ["first", "second", "third"]

def test_stream(claude):
    with anthropic.Anthropic() as client:
        messages = [{"role": "user", "content": "a stream"}]
        with client.messages.stream(**BODY, messages=messages) as stream:
            texts = [*stream.text_stream]
    assert "".join(texts) == "A stream is told in several pieces." and len(texts) > 1

@pytest.mark.claude(trials=3, pass_rate=0.1)
def test_trials(claude):
    ask("the same thrice")
    assert claude.replies[0].text == "answer 1"

def test_gather(claude):
    async def one(client, n):
        await client.messages.create(**BODY, messages=[{"role": "user", "content": f"task {n}"}])

    async def all_():
        async with anthropic.AsyncAnthropic() as client:
            await asyncio.gather(*(one(client, n) for n in range(50)))

    asyncio.run(all_())

def test_error_path(claude):
    try:
        ask("might fail")
    except anthropic.APIError:
        careless("why did it fail?")
    assert claude.replies[-1].text == "hello"

@pytest.fixture(scope="module")
def greeting():
    return ask("a fixture").content[0].text

def test_fixture(claude, greeting):
    assert greeting == "hello"
    ask("after the fixture")

@pytest.mark.claude_within(total_s=60)
def test_time(claude):
    ask("how fast")

def test_count(claude):
    with anthropic.Anthropic() as client:
        asked = {"model": BODY["model"], "messages": [{"role": "user", "content": "count"}]}
        tokens = client.messages.count_tokens(**asked).input_tokens
    ask(f"there are {tokens}")

@pytest.mark.claude_calls_no_tool
def test_fails(claude):
    ask("fails")
"""


def persona(body, seen: int) -> Reply:
    first = body["messages"][0]["content"]
    play = {
        "loop": script(says("first"), says("second"), says("third")),
        "a stream": says("A stream is told in several pieces."),
        "the same thrice": says(f"answer {seen}"),
        "fails": calls(("lookup_order", {"order_id": "1"})),
    }.get(first, says("hello"))
    return play(body, seen)


@pytest.fixture(autouse=True)
def _personas(project: Project) -> None:
    project.personas(old=persona)


def batched(project: Project, *arguments: str) -> pytest.RunResult:
    return project.record(*arguments, "--claude-batch")


def prompts(project: Project, *, in_batch: bool) -> Counter[str]:
    """How often each prompt was paid for."""
    paid = (params for params, batch in project.simulator.billed if batch == in_batch)
    return Counter(json.dumps(params["messages"]) for params in paid)


def told(result: pytest.RunResult) -> str:
    return re.sub(r"\s+", " ", result.stdout.str())


def answers(project: Project) -> dict[str, list[object]]:
    """What each cassette holds, but for what every answer has of its own."""
    held = {}
    for name in project.cassettes:
        entries = cassette.load(project.cassette(name), name)
        held[name] = [
            (
                entry.request.body,
                re.sub(rb'msg_\w+|"service_tier": "\w+"', b"", entry.response.body),
            )
            for entry in entries
            if b'"stream": true' not in entry.request.body
        ]
        if "gather" in name:  # which of two calls at once begins first is not settled
            held[name].sort(key=str)
    return held


def test_a_suite_is_recorded_in_as_many_rounds_as_its_longest_loop_has_turns(project) -> None:
    project.app(sdk_in_children=True)
    project.tests(SUITE)
    result = batched(project)
    result.assert_outcomes(passed=8, failed=1)
    simulator = project.simulator
    assert len(simulator.batches) == 3
    sizes = [len(batch.requests) for batch in simulator.batches.values()]
    assert sizes == [1 + 1 + 3 + 50 + 1 + 1 + 1 + 1, 1 + 1, 1]
    (alone,) = prompts(project, in_batch=False)
    assert "how fast" in alone
    in_batch = prompts(project, in_batch=True)
    assert in_batch.pop('[{"role": "user", "content": "the same thrice"}]') == 3
    assert {*in_batch.values()} == {1}
    assert not any("why did it fail" in prompt for prompt in in_batch)
    said = told(result)
    assert re.search(r"62 calls answered in batches, in 3 rounds: \$([\d.]+) instead of", said)
    assert "1 call recorded directly, not in a batch: counts of tokens" in said
    assert "1 call recorded directly, not in a batch: tests that check times" in said
    assert "interrupted" not in said
    assert not [name for name in project.cassettes if not name.endswith(".yaml")]
    recorded = answers(project)
    stream = project.cassette("test_app/test_stream/claude-sonnet-4-5.yaml").read_text()
    assert "content_block_delta" in stream
    assert "first_byte_s" not in stream
    project.run().assert_outcomes(passed=8, failed=1)
    # Recorded directly it is the same.
    shutil.rmtree(project.path / "cassettes")
    project.record().assert_outcomes(passed=8, failed=1)
    assert answers(project) == recorded


SMALL = """
import os
from pathlib import Path

def test_one(claude):
    ask("one")

def test_two(claude):
    variable = os.environ.get("PYTEST_CLAUDE_BATCH", "")
    Path("collect" if "collects" in variable else "write").touch()
    ask("two")
    ask("three")
"""


def test_a_batch_is_recorded_by_workers_too(project) -> None:
    project.tests(SMALL)
    result = batched(project, "-p", "xdist", "-n", "2")
    result.assert_outcomes(passed=2)
    assert len(project.simulator.batches) == 2
    assert not prompts(project, in_batch=False)
    assert "3 calls answered in batches, in 2 rounds" in told(result)
    project.run().assert_outcomes(passed=2)


KILLS = int(os.environ.get("PYTEST_CLAUDE_KILLS", "5"))
"""How often a run is killed in each phase; 50 are a benchmark."""
PYTEST = ("-m", "pytest", "-q", "-p", "pytest_claude.plugin", "--claude-batch")


def kill_in(phase: str, number: int, project: Project, process: subprocess.Popen[bytes]) -> None:
    """Kill a run in a phase, the first time as soon as it begins, then later and later."""
    simulator, place = project.simulator, project.path / phase

    def kill(seen: Seen) -> None:
        is_submit = seen.method == "POST" and seen.path.endswith("/batches")
        if is_submit if phase == "submit" else seen.path.rpartition("/")[2].startswith("msgbatch"):
            project.kill(process)

    place.unlink(missing_ok=True)
    if phase in ("submit", "poll"):
        simulator.on_request = kill
    while process.poll() is None:
        if place.exists():
            time.sleep(number * 0.02)
            project.kill(process)
        time.sleep(0.002)
    simulator.on_request = lambda seen: None


@pytest.mark.fault("W01")
@pytest.mark.child
@pytest.mark.parametrize("phase", ["collect", "submit", "poll", "write"])
def test_a_killed_run_is_gone_on_with_and_pays_nothing_twice(project, phase: str) -> None:
    project.tests(SMALL)
    with project.server():
        words = [sys.executable, *PYTEST]
        for number in range(KILLS):
            with subprocess.Popen(words, cwd=project.path) as process:
                kill_in(phase, number, project, process)
        last = subprocess.run(words, cwd=project.path, check=False)
    assert last.returncode == 0
    assert [name.partition("/")[2] for name in project.cassettes] == [
        "test_one/claude-sonnet-4-5.yaml", "test_two/claude-sonnet-4-5.yaml"
    ]  # fmt: skip
    assert {*prompts(project, in_batch=True).values()} == {1}
    assert len(prompts(project, in_batch=True)) == 3
    assert not prompts(project, in_batch=False)
    project.run().assert_outcomes(passed=2)


@pytest.mark.fault("W01")
def test_what_is_in_a_batch_is_not_recorded_directly(project) -> None:
    project.tests(SMALL)
    journal = project.cassette("batches.partial")
    entry = {
        "run": "0" * 12,
        "written": "2999-01-01T00:00:00+00:00",
        "size": 1,
        "items": {"a": "t"},
        "batch": "b",
    }
    journal.parent.mkdir()
    journal.write_text(json.dumps({"format": "pytest-claude batches 1", "batches": [entry]}))
    result = project.record()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [*filter(None, result.errlines)] == [
        "ERROR: --claude-record: batches hold answers that are not recorded yet: 1 call",
        "       to take them, add --claude-batch",
        "       to pay for them again, delete cassettes/batches.partial",
    ]


@pytest.mark.usefixtures("short_gates")
def test_a_bump_takes_its_trials_in_batches_and_ends_as_it_would_without(project) -> None:
    project.app(sdk_in_children=True)
    project.tests(BUMPED)
    stays = calls(("lookup_order", {"order_id": "1234"}))
    project.personas(old=stays, new=by_prompt({"stays": stays}, says("Which order do you mean?")))
    project.record().assert_outcomes(passed=3)
    plain = project.record(f"--claude-bump={OLD}={NEW}")
    trials = Counter(params["model"] for params, _ in project.simulator.billed)
    shutil.rmtree(project.path / "cassettes" / "_gate")
    result = batched(project, f"--claude-bump={OLD}={NEW}")
    assert result.parseoutcomes() == plain.parseoutcomes()
    paid = Counter(params["model"] for params, in_batch in project.simulator.billed if in_batch)
    assert paid == trials
    assert not prompts(project, in_batch=False)
    assert project.run(f"--claude-bump={OLD}={NEW}").parseoutcomes() == plain.parseoutcomes()


def test_recording_anew_in_a_batch_replaces_what_was_recorded(project) -> None:
    project.tests(SMALL)
    project.record().assert_outcomes(passed=2)
    before = answers(project)
    project.personas(old=says("other"))
    with project.server():
        result = project.run("--claude-record=all", "--claude-batch")
    result.assert_outcomes(passed=2)
    assert len(project.simulator.batches) == 2
    assert not prompts(project, in_batch=False)
    assert answers(project).keys() == before.keys()
    assert answers(project) != before


def test_a_gateway_without_batches_is_asked_directly(project) -> None:
    project.tests(SMALL)
    with project.server():
        project.simulator.has_batches = False
        result = project.run("--claude-batch")
    result.assert_outcomes(passed=2)
    assert {*prompts(project, in_batch=False).values()} == {1}
    assert "3 calls recorded directly, not in a batch: a gateway without batches" in told(result)


def test_rounds_that_cannot_collect_record_nothing_directly(project) -> None:
    project.tests(SMALL)
    project.pytester.makeconftest(
        "import os\ndef pytest_sessionstart():\n"
        "    if 'collects' in os.environ.get('PYTEST_CLAUDE_BATCH', ''): os._exit(3)\n"
    )
    result = batched(project)
    result.assert_outcomes(failed=2)
    assert "not recorded: a round ended with the exit status 3" in told(result)
    assert not project.simulator.billed


def test_a_batch_that_may_cost_more_than_the_budget_is_not_submitted(project) -> None:
    project.tests(SMALL)
    result = batched(project, "--claude-budget=0.00001")
    result.assert_outcomes(failed=2)
    assert not project.simulator.batches
    assert not project.simulator.billed
    said = told(result)
    assert "the budget of $0.000010 allows no batch that may cost" in said
    assert "the budget of $0.000010 stopped the recording: $0.00 were spent" in said
    batched(project, "--claude-budget=0.01").assert_outcomes(passed=2)
    assert {*prompts(project, in_batch=True).values()} == {1}


def test_a_program_that_outlives_a_round_does_not_hold_it_up(project) -> None:
    project.tests(
        "import subprocess, sys, os\n"
        "def test_one(claude):\n"
        "    if 'collects' in os.environ['PYTEST_CLAUDE_BATCH']:\n"
        "        sleeper = subprocess.Popen(['sleep', '600'])\n"
        "        print(sleeper.pid, file=open('sleepers', 'a'))\n"
        "    ask('one')\n"
    )
    began = time.monotonic()
    batched(project, "-s").assert_outcomes(passed=1)
    assert time.monotonic() - began < 300
    for process in (project.path / "sleepers").read_text().split():
        os.kill(int(process), signal.SIGKILL)


def test_what_a_waiting_trial_had_in_its_hands_is_dropped_where_a_plugin_keeps_its_error(
    project,
) -> None:
    project.app(sdk_in_children=True)
    project.pytester.makeconftest("""
        import traceback
        import weakref
        from pathlib import Path
        import pytest

        HELD, KEPT = weakref.WeakSet(), []

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            if call.excinfo is not None:
                KEPT.append(call.excinfo)
                for frame, _ in traceback.walk_tb(call.excinfo.value.__traceback__):
                    frame.f_locals
            return (yield)

        def pytest_sessionfinish():
            with Path("held").open("a") as file:
                file.write(f"{len(KEPT)} errors, {len(HELD)} clients held\\n")
        """)
    project.tests(
        "from conftest import HELD\n"
        "class Client:\n"
        "    pass\n"
        "def test_one(claude):\n"
        "    client = Client()\n"
        "    HELD.add(client)\n"
        "    ask('one')\n"
    )
    batched(project).assert_outcomes(passed=1)
    rounds = (project.path / "held").read_text().splitlines()
    assert rounds[0] == "1 errors, 0 clients held"
