"""Recording within the limits of an account that all workers share."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from simulator import Account, Reply, by_prompt, says, slow

from pytest_claude.recording import cassette

XDIST = ("-p", "xdist", "-p", "pytest_claude.plugin")
HELLO = says("Hello.")

MANY = """
@pytest.mark.parametrize("number", range(9))
def test_asks(claude, number):
    ask(f"Question {number}")
    assert claude.reply.text == "Hello."
"""


def contents(project: Any) -> dict[str, list[Any]]:
    """What each cassette holds, but for times and what is left of the limits."""
    held = {}
    for name in project.cassettes:
        entries = cassette.load(project.cassette(name), name)
        answers = [replace(each.response, timing=None, headers={}) for each in entries]
        held[name] = [*(each.request for each in entries), *answers]
    return held


@pytest.mark.parametrize(
    "limits", [{"at_a_time": 2}, {"per_minute": 8}, {"per_minute": 8, "tells": True}], ids=str
)
def test_workers_share_the_limits_and_record_what_one_process_does(
    project: Any, limits: dict[str, Any]
) -> None:
    project.personas(old=slow(HELLO, 0.2))
    project.app(sdk_in_children=True)
    project.tests(MANY)
    number = 9
    project.record().assert_outcomes(passed=number)
    alone = contents(project)
    for name in project.cassettes:
        project.cassette(name).unlink()
    project.account = Account(**limits)
    result = project.record(*XDIST, "-n4", "--claude-progress=json:progress.json")
    result.assert_outcomes(passed=number)
    assert contents(project) == alone
    end = json.loads((project.path / "progress.json").read_text().splitlines()[-1])
    assert (end["event"], end["calls"]) == ("end", number)
    assert end["waited_s"] > 0
    account = project.account
    assert len(account.answered) == number
    assert account.sent_while_closed(tolerance_s=0.15) == []
    refused = len(account.passed) - number
    assert refused == 0 if "tells" in limits else refused > 0
    project.run().assert_outcomes(passed=number)


BUSY = {"status": 529, "error": ("overloaded_error", "Overloaded")}
LIMITED = {"status": 429, "error": ("rate_limit_error", "Slow down")}

APP = """
import anthropic, asyncio, json, os, pytest

BODY = {"model": "claude-sonnet-4-5", "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}]}
BASE = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")

def call(**more):
    with anthropic.Anthropic(max_retries=0) as client:
        return client.messages.create(**{**BODY, **more})
"""


def refused_first(**reply: Any) -> Any:
    """A persona that refuses what it is asked for the first time."""
    return lambda body, seen: HELLO(body, seen) if seen else Reply(**reply)


def test_a_529_holds_all_later_calls_until_its_pause_is_over(project: Any) -> None:
    project.personas(old=refused_first(**BUSY, headers={"retry-after": "0.8"}))
    project.tests(
        f"{APP}\n"
        """
def test_asks(claude):
    with pytest.raises(anthropic.APIStatusError):
        call()
    assert call().content[0].text == "Hello."
"""
    )
    project.record().assert_outcomes(passed=1)
    first, second = project.account.passed
    assert second.came - first.came >= 0.8
    (name,) = project.cassettes
    assert "interactions: 2" in project.cassette(name).read_text()
    project.run().assert_outcomes(passed=1)


@pytest.mark.parametrize("fault", ["", "claude.inject(max_tokens=1)"])
def test_a_call_that_is_held_when_its_test_ends_is_not_sent(project: Any, fault: str) -> None:
    project.personas(old=refused_first(**BUSY, headers={"retry-after": "0.5"}))
    project.tests(
        f"{APP}\n"
        """
import threading, time

def test_a(claude):
    with pytest.raises(anthropic.APIStatusError):
        call()
    FAULT
    late = threading.Thread(target=lambda: pytest.raises(anthropic.BadRequestError, call))
    late.start()
    time.sleep(0.1)

def test_b():
    time.sleep(1)
""".replace("FAULT", fault)
    )
    project.record().assert_outcomes(passed=1, failed=1)
    assert len(project.account.passed) == 1


def test_an_event_loop_goes_on_while_a_call_of_it_is_held(project: Any) -> None:
    project.personas(old=refused_first(**BUSY, headers={"retry-after": "1"}))
    project.tests(
        f"{APP}\n"
        """
def test_asks(claude, request):
    async def main():
        turns = 0
        async with anthropic.AsyncAnthropic(max_retries=0) as client:
            with pytest.raises(anthropic.APIStatusError):
                await client.messages.create(**BODY)
            task = asyncio.ensure_future(client.messages.create(**BODY))
            while not task.done():
                await asyncio.sleep(0.01)
                turns += 1
            return turns, await task
    turns, message = asyncio.run(main())
    assert message.content[0].text == "Hello."
    assert turns > 10 or not request.config.getoption("claude_record")
"""
    )
    project.record().assert_outcomes(passed=1)
    first, second = project.account.passed
    assert second.came - first.came >= 1


def test_an_event_loop_goes_on_while_a_cancelled_call_of_it_waits_for_the_limits(
    project: Any,
) -> None:
    project.personas(old=slow(HELLO, 1))
    project.tests(
        f"{APP}\n"
        """
import threading, time
from pytest_claude.plugin.scale.limits import limits_of

def test_asks(claude, request):
    held = threading.Event()

    def claims():
        with limits_of(request.config).held() as limits:
            return limits.claims

    def hold():
        with limits_of(request.config).held():
            held.set()
            time.sleep(0.6)

    async def main():
        async with anthropic.AsyncAnthropic(max_retries=0) as client:
            task = asyncio.ensure_future(client.messages.create(**BODY))
            while not claims():
                await asyncio.sleep(0.01)
            threading.Thread(target=hold).start()
            held.wait()
            task.cancel()
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            blocked_s = time.perf_counter() - began
            await asyncio.wait([task])
            return task.cancelled(), blocked_s

    cancelled, blocked_s = asyncio.run(main())
    assert cancelled and blocked_s < 0.4
    assert not claims()
"""
    )
    project.record().assert_outcomes(passed=1)


HTTP = """
import %s as http
HEADERS = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
"""
DOORS = {
    "SDK": "call()",
    "stream": """
    with anthropic.Anthropic(max_retries=0) as client:
        list(client.messages.create(**BODY, stream=True))""",
    "async SDK": """
    async def main():
        async with anthropic.AsyncAnthropic(max_retries=0) as client:
            await client.messages.create(**BODY)
    asyncio.run(main())""",
    "aiohttp": """
    async def main():
        own = anthropic.DefaultAioHttpClient()
        async with anthropic.AsyncAnthropic(max_retries=0, http_client=own) as client:
            await client.messages.create(**BODY)
    asyncio.run(main())""",
    "plain HTTP": """
    answer = http.post(f"{BASE}/v1/messages", json=BODY, headers=HEADERS, timeout=60)
    answer.raise_for_status()""",
    "boto3": """
    import boto3
    keys = {"aws_access_key_id": "AKIAX", "aws_secret_access_key": "secret-secret"}
    client = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=BASE, **keys)
    body = {"anthropic_version": "bedrock-2023-05-31", **BODY}
    model = body.pop("model").replace("claude", "us.anthropic.claude") + "-20250929-v1:0"
    client.invoke_model(modelId=model, body=json.dumps(body))["body"].read()
""",
    "claude_server": """
    import urllib.request as web
    made = web.Request(f"{claude_server.url}/v1/messages", json.dumps(BODY).encode(), HEADERS)
    web.urlopen(made).read()""",
}


@pytest.mark.parametrize("door", DOORS)
def test_a_429_is_waited_out_at_every_door_and_the_app_sees_nothing_of_it(
    project: Any, door: str
) -> None:
    from projects import HTTP_LIBRARY

    if door in ("aiohttp", "boto3"):
        pytest.importorskip(door)
    project.personas(old=refused_first(**LIMITED, headers={"retry-after": "0.4"}))
    fixtures = "claude, claude_server" if door == "claude_server" else "claude"
    code = DOORS[door]
    code = code if code.startswith("\n") else f"\n    {code}"
    project.tests(f"{APP}{HTTP % HTTP_LIBRARY}\ndef test_asks({fixtures}):{code}\n"
                  '    assert claude.reply.text == "Hello."\n')  # fmt: skip
    project.record().assert_outcomes(passed=1)
    first, second = project.account.passed
    assert second.came - first.came >= 0.4
    (name,) = project.cassettes
    (entry,) = cassette.load(project.cassette(name), name)
    assert entry.response.status == 200
    assert entry.response.timing is None or entry.response.timing.first_byte_s < 0.4


def test_a_pause_that_nobody_can_wait_for_is_told_and_no_later_test_calls(project: Any) -> None:
    limited = Reply(**LIMITED, headers={"retry-after": "7200", "x-should-retry": "false"})
    project.personas(old=by_prompt({"first": lambda body, seen: limited}, HELLO))
    project.tests("def test_a(claude):\n    ask('first')\n\ndef test_b(claude):\n    ask('b')\n")
    result = project.record()
    result.assert_outcomes(failed=2)
    assert len(project.account.passed) == 1
    result.stdout.fnmatch_lines(
        [
            "E   *SpoiledTrial: the API answered 429: nothing was recorded",
            "E   *NotSent: not sent: the API asks to wait 7*s more",
            "*to go on*repeat the command later: what is recorded is not paid again",
        ]
    )


def test_a_mock_of_the_test_that_answers_429_holds_nothing(project: Any) -> None:
    pytest.importorskip("respx", reason="the mock is respx's")
    pytest.importorskip("httpx", reason="respx mocks httpx")
    project.tests(
        """
import httpx, respx

def test_is_limited(claude):
    with respx.mock(using="httpcore") as mock:
        route = mock.post("https://api.anthropic.com/v1/messages")
        route.respond(429, headers={"retry-after": "200"})
        for _ in "ab":
            answer = httpx.post("https://api.anthropic.com/v1/messages", json={"model": "m"})
            assert answer.status_code == 429
        assert route.call_count == 2
"""
    )
    project.record().assert_outcomes(passed=1)


def test_a_mock_of_the_test_needs_no_budget(project: Any) -> None:
    pytest.importorskip("respx", reason="the mock is respx's")
    pytest.importorskip("httpx", reason="respx mocks httpx")
    project.tests(
        """
import asyncio, httpx, respx

URL = "https://api.anthropic.com/v1/messages"
BODY = {"model": "claude-unheard-of", "max_tokens": 10**9, "messages": []}

def test_is_mocked(claude):
    async def main():
        async with httpx.AsyncClient() as client:
            return await client.post(URL, json=BODY)
    with respx.mock(using="httpcore") as mock:
        mock.post(URL).respond(200, json={"its": "own"})
        answers = [httpx.post(URL, json=BODY), asyncio.run(main())]
    assert [answer.json() for answer in answers] == [{"its": "own"}] * 2
"""
    )
    project.record("--claude-budget=0.01").assert_outcomes(passed=1)


@pytest.mark.parametrize("spec", ["ssh=nobody@127.0.0.1", "2*ssh=h//python=python3", "socket=h:1"])
def test_workers_on_another_machine_are_refused_in_one_sentence(project: Any, spec: str) -> None:
    pytest.importorskip("xdist")
    project.tests("def test_a(claude):\n    ask()\n")
    result = project.record(*XDIST, "-d", f"--tx={spec}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = project.unwrapped(result.errlines)
    told.fnmatch_lines([f"ERROR: --tx {spec}: --claude-record needs workers on this machine*"])
    assert project.account.passed == []


def test_replay_imports_nothing_of_the_limits(project: Any) -> None:
    project.tests(
        """
import sys

def test_a(claude, request):
    ask()
    names = (
        "plugin.scale.limits", "recording.limits", "recording.admission", "recording.shared_state"
    )
    imported = [name for name in names if f"pytest_claude.{name}" in sys.modules]
    assert len(imported) == (4 if request.config.getoption("claude_record") else 0)
"""
    )
    project.record().assert_outcomes(passed=1)
    project.pytester.runpytest_subprocess("-p", "pytest_claude.plugin").assert_outcomes(passed=1)
