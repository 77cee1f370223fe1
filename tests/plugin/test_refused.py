"""What an app meets where no answer is: an ordinary error of its own library, which says why."""

from __future__ import annotations

import importlib.util
import json

import anthropic
import pytest
from simulator import says

HTTP, AIOHTTP = (
    ("httpx", "httpx_aiohttp") if anthropic.__version__.startswith("0.") else ("httpx2", "aiohttp")
)
BODY = '{"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [USER]}'

ROADS = {
    "the SDK": ("anthropic.Anthropic().messages.create(**BODY)", "BadRequestError"),
    "a stream": (
        "list(anthropic.Anthropic().messages.create(**BODY, stream=True))",
        "BadRequestError",
    ),
    "counting": ("anthropic.Anthropic().messages.count_tokens(**COUNTED)", "BadRequestError"),
    "the models": ("list(anthropic.Anthropic().models.list())", "BadRequestError"),
    "async": ("awaited(lambda c: c.messages.create(**BODY))", "BadRequestError"),
    "async over aiohttp": (
        "awaited(lambda c: c.messages.create(**BODY), anthropic.DefaultAioHttpClient())",
        "BadRequestError",
    ),
    "Bedrock": (
        "anthropic.AnthropicBedrock(aws_region='us-east-1').messages.create(**BODY)",
        "BadRequestError",
    ),
    "Vertex": (
        "anthropic.AnthropicVertex(project_id='p', region='us-east5').messages.create(**BODY)",
        "BadRequestError",
    ),
    "plain HTTP": ("http.post(URL, json=BODY).raise_for_status()", "HTTPStatusError"),
    "converse": ("bedrock.converse(**CONVERSE)", "ValidationException"),
    "converse_stream": (
        "list(bedrock.converse_stream(**CONVERSE)['stream'])",
        "ValidationException",
    ),
    "invoke_model": (
        "bedrock.invoke_model(modelId=CONVERSE['modelId'], body=json.dumps(BODY))",
        "ValidationException",
    ),
    "aiohttp": ("asyncio.run(posted())", "ClientConnectionError"),
    "urllib": ("urllib.request.urlopen(URL, b'{}')", "URLError"),
    "another program": (
        "subprocess.run([sys.executable, '-c', CHILD], env=served.env, check=True)",
        "",
    ),
}
TESTS = f"""
import asyncio, json, subprocess, sys, urllib.request
import aiohttp, anthropic, boto3
import {HTTP} as http

USER = {{"role": "user", "content": "Hi"}}
BODY = {BODY}
COUNTED = {{key: BODY[key] for key in ("model", "messages")}}
CONVERSE = {{"modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "messages": [{{"role": "user", "content": [{{"text": "Hi"}}]}}]}}
URL = "https://api.anthropic.com/v1/messages"
bedrock = boto3.client("bedrock-runtime", region_name="us-east-1")
CHILD = '''
import json, os, urllib.request, urllib.error
request = urllib.request.Request(os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
    b'{{"model": "claude-sonnet-4-5", "messages": []}}', {{"anthropic-version": "2023-06-01"}})
try:
    urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    assert error.code == 400 and error.headers["x-should-retry"] == "false"
    assert b"no recording answers call 1" in error.read()
'''

def awaited(make, http_client=None):
    async def go():
        async with anthropic.AsyncAnthropic(http_client=http_client) as client:
            return await make(client)
    return asyncio.run(go())

async def posted():
    async with aiohttp.ClientSession() as session:
        await session.post(URL, json=BODY)

@pytest.fixture
def served(request):
    return request.getfixturevalue("claude_server") if "program" in request.node.name else None

@pytest.mark.parametrize(("name", "code"), ROADS)
def test_asks(claude, name, code, served):
    try:
        eval(code)
    except Exception as error:
        kind = type(error).__name__
        kind = error.response["Error"]["Code"] if kind == "ClientError" else kind
        with open("met.jsonl", "a") as file:
            print(json.dumps([name, kind, str(error)]), file=file)
"""


def test_each_door_gives_an_error_of_its_own_once(project) -> None:
    roads = {
        name: (code, kind)
        for name, (code, kind) in ROADS.items()
        if name != "async over aiohttp" or importlib.util.find_spec(AIOHTTP) is not None
    }
    project.tests(TESTS.replace("ROADS", repr([(name, code) for name, (code, _) in roads.items()])))
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(failed=len(roads))
    met = [json.loads(line) for line in (project.path / "met.jsonl").read_text().splitlines()]
    assert {name: kind for name, kind, _ in met} == {
        name: kind for name, (_, kind) in roads.items() if kind
    }
    for name, _, text in met:
        words = "no recording answers call 1: nothing is recorded for this test"
        assert ("refused" if name in ("aiohttp", "urllib") else words) in text
    assert "more like it in this trial" not in result.stdout.str(), "none of them tried again"


MISTAKES = {
    "a rule": (
        '@pytest.mark.claude_ignore(lambda body: {**body, "user": body["metadata"]["user_id"]})',
        "", "KeyError: 'metadata'", "*test_app.py, line *",
    ),
    "a library that guards files": (
        "", "def pytest_claude_redact(body): open(__file__).close()\n"
        "import builtins\n"
        "def guarded(*args): raise PermissionError('Blocking call to io.open')\n"
        "open = guarded", "PermissionError: Blocking call to io.open", "*conftest.py, line 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("marker", "conftest", "cause", "where"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("mode", ["replay", "record"])
def test_what_our_own_edge_raises_is_never_green(
    project, marker: str, conftest: str, cause: str, where: str, mode: str
) -> None:
    project.pytester.makeconftest(conftest)
    project.tests(
        f"{marker}\ndef test_calls(claude):\n    careless()\n    assert claude.makes_no_call()"
    )
    result = project.record() if mode == "record" else project.run()
    result.assert_outcomes(failed=1)
    told = [
        f"E   pytest_claude.RecordingProblem: a call could not be recorded or replayed: {cause}",
        f"  observed  {cause}", where,
    ]  # fmt: skip
    result.stdout.fnmatch_lines(told)
    assert project.cassettes == []
    assert "more like it" not in result.stdout.str(), "the SDK did not try again"
    if mode == "record":
        assert project.simulator.bodies == [], "nothing was paid"


def test_a_hook_that_fails_on_the_candidate_is_never_green(project) -> None:
    project.tests(
        "def test_calls(claude):\n    careless()\n    assert claude.calls_tool('lookup_order')"
    )
    project.personas(new=says("Hello."))
    project.record().assert_outcomes(passed=1)
    project.pytester.makeconftest(
        "def pytest_claude_adapt_request(body, old, new):\n    return body['thinking']"
    )
    result = project.record("--claude-bump=claude-sonnet-4-5=claude-sonnet-5-5")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *could not be recorded or replayed: KeyError: 'thinking'"])
    assert project.simulator.bodies == [], "nothing was paid"


def test_a_trial_that_is_not_kept_pays_for_nothing_more(project, monkeypatch) -> None:
    from pytest_claude.recording import files

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    project.tests("def test_calls(claude):\n    assert ask('one')\n    careless('two')")
    with monkeypatch.context() as patch:
        patch.setattr(files, "append", full)
        result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *UnsavedCassette: *could not be saved: No space left*"])
    assert [b["messages"][0]["content"] for b in project.simulator.bodies] == ["one"]
    assert "more like it" not in result.stdout.str()


IN_THE_LOOP = """
import asyncio, builtins, io, os
import anthropic

@pytest.fixture
def no_file_in_the_loop(monkeypatch):
    def guard(owner, name):
        real = getattr(owner, name)
        def guarded(*args, **kwargs):
            if asyncio._get_running_loop() is not None:
                raise RuntimeError(f"{name}{args} in the event loop")
            return real(*args, **kwargs)
        monkeypatch.setattr(owner, name, guarded)
    for owner, names in {builtins: ["open"], io: ["open"],
                         os: ["open", "listdir", "scandir", "stat", "mkdir", "replace"]}.items():
        for name in names:
            guard(owner, name)

async def asks(client, text, stream=False):
    answer = await client.messages.create(
        model="claude-sonnet-4-5", max_tokens=9, messages=[{"role": "user", "content": text}],
        stream=stream)
    if stream:
        async for event in answer:
            pass

def test_calls(claude, no_file_in_the_loop):
    client = anthropic.AsyncAnthropic(max_retries=0)
    client._platform = "Linux"  # the SDK finds it out in a thread, and its tasks go on in any order

    async def go():
        async with client:
            await asyncio.gather(*(asks(client, f"{n}", stream=n == 1) for n in (1, 2, 3)))
            await asks(client, "4CHANGED")
    asyncio.run(go())
    asked = [reply.request.messages[0]["content"] for reply in claude.replies]
    assert asked == ["1", "2", "3", "4CHANGED"], "tasks begin in the order in which they ask"
"""


def test_no_file_is_opened_in_the_event_loop_of_an_app(project) -> None:
    project.personas(old=says("Hello."))
    project.tests(IN_THE_LOOP.replace("CHANGED", ""))
    project.record().assert_outcomes(passed=1)
    project.run("--claude-strict").assert_outcomes(passed=1)
    text = project.cassette("test_app/test_calls/claude-sonnet-4-5.yaml").read_text()
    asked = [n for n in "1234" for _ in range(text.count(f'"content": "{n}"'))]
    assert asked == ["1", "2", "3", "4"]
    project.tests(IN_THE_LOOP.replace("CHANGED", "!"))
    miss = "E   *CassetteMiss: no recording answers call 4: the prompt was edited (*"
    project.run().stdout.fnmatch_lines([miss])
    (project.path / "test_app.py").rename(project.path / "test_elsewhere.py")
    result = project.run("test_elsewhere.py")
    result.stdout.fnmatch_lines(["E   *CassetteMiss: *: nothing is recorded for this test"])
