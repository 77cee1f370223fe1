"""Every door to a model: recorded and replayed by the same test code."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from urllib.parse import unquote

import anthropic
import pytest
from filelock import FileLock
from simulator import by_prompt, reads, says

SDK = int(anthropic.__version__.partition(".")[0])
HTTP = "httpx" if SDK == 0 else "httpx2"
SAYS = "I'm sorry. Which order do you mean?"

PRELUDE = f"""
import asyncio, functools, json, os, threading
from concurrent.futures import ThreadPoolExecutor
import anthropic
import {HTTP} as http

BODY = {{"model": "claude-sonnet-4-5", "max_tokens": 99,
        "messages": [{{"role": "user", "content": "I want a refund"}}]}}
BASE = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
RECORDING = "ANTHROPIC_BASE_URL" in os.environ
MORE = {{"base_url": BASE}} if RECORDING else {{}}  # where a platform's client looks
AT_IMPORT = anthropic.Anthropic(api_key="x", base_url=BASE)


def body(text):
    prompt = f"{{BODY['messages'][0]['content']}}: {{text}}"
    return {{**BODY, "messages": [{{"role": "user", "content": prompt}}]}}


def said(message):
    return "".join(part.text for part in message.content)


def streamed(events):
    return "".join(e.delta.text for e in events if e.type == "content_block_delta")


def drained(stream):
    with stream:
        return stream.get_final_text()


async def astreamed(events):
    return "".join([e.delta.text async for e in events if e.type == "content_block_delta"])


async def adrained(stream):
    async with stream as opened:
        return await opened.get_final_text()


def run(make):
    async def go():
        async with anthropic.AsyncAnthropic() as client:
            return await make(client)
    return asyncio.run(go())


def bedrock(asynchronous=False):
    kind = anthropic.AsyncAnthropicBedrock if asynchronous else anthropic.AnthropicBedrock
    keys = {{"aws_access_key": "AKIAX", "aws_secret_key": "secret-secret"}} if RECORDING else {{}}
    return kind(aws_region="us-east-1", **keys, **MORE)


def vertex(asynchronous=False):
    kind = anthropic.AsyncAnthropicVertex if asynchronous else anthropic.AnthropicVertex
    key = {{"access_token": "ya29.token"}} if RECORDING else {{}}
    base = {{"base_url": BASE + "/v1"}} if RECORDING else {{}}
    return kind(project_id="my-project", region="us-east5", **key, **base)


def foundry():
    return anthropic.AnthropicFoundry(
        api_key="key", **({{"base_url": BASE + "/anthropic/"}} if RECORDING
                         else {{"resource": "my-resource"}}))


@functools.cache
def boto():
    import boto3
    keys = {{"aws_access_key_id": "AKIAX", "aws_secret_access_key": "secret-secret",
            "endpoint_url": BASE}} if RECORDING else {{}}
    return boto3.client("bedrock-runtime", region_name="us-east-1", **keys)


def aws():
    keys = {{"aws_access_key": "AKIAX", "aws_secret_key": "secret-secret"}} if RECORDING else {{}}
    return anthropic.AnthropicAWS(aws_region="us-east-1", workspace_id="w", **keys, **MORE)


def google():
    key = {{"token_provider": lambda: "ya29.token"}} if RECORDING else {{}}
    return anthropic.AnthropicGoogleCloud(
        project="my-project", location="us-east5", workspace_id="w", **key, **MORE)


def mantle():
    keys = {{"aws_access_key": "AKIAX", "aws_secret_key": "secret-secret"}} if RECORDING else {{}}
    return anthropic.AnthropicBedrockMantle(aws_region="us-east-1", **keys, **MORE)


ON_BEDROCK = {{**BODY, "model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}}
PLAIN = {{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
         "messages": BODY["messages"]}}
CONVERSE = {{"modelId": ON_BEDROCK["model"],
            "messages": [{{"role": "user", "content": [{{"text": "I want a refund"}}]}}]}}


def asked_by_a_program(url):
    import subprocess, sys
    child = ("import json, sys, urllib.request as web\\n"
             "body, headers = sys.argv[2].encode(), {{'x-api-key': 'k'}}\\n"
             "asked = web.Request(sys.argv[1] + '/v1/messages', body, headers)\\n"
             "print(json.load(web.urlopen(asked))['content'][0]['text'])")
    words = [sys.executable, "-S", "-c", child, url, json.dumps(BODY)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout
"""

ASK = "client.messages.create(**BODY)"
# What it is: code that sets `seen`, and how many requests it sends.
DOORS: dict[str, tuple[str, int]] = {
    "create": ("seen = said(anthropic.Anthropic().messages.create(**BODY))", 1),
    "async create": (f"seen = said(run(lambda client: {ASK}))", 1),
    "stream=True": (
        "seen = streamed(anthropic.Anthropic().messages.create(**BODY, stream=True))",
        1,
    ),
    "async stream=True": (
        "async def go(client):\n"
        "    return await astreamed(await client.messages.create(**BODY, stream=True))\n"
        "seen = run(go)",
        1,
    ),
    "stream()": ("seen = drained_of(anthropic.Anthropic().messages.stream(**BODY))", 1),
    "async stream()": (
        "async def go(client):\n    return await adrained(client.messages.stream(**BODY))\n"
        "seen = run(go)",
        1,
    ),
    "beta create": ("seen = said(anthropic.Anthropic().beta.messages.create(**BODY))", 1),
    "beta stream": (
        "seen = streamed(anthropic.Anthropic().beta.messages.create(**BODY, stream=True))",
        1,
    ),
    "the tool runner": (
        "from anthropic import beta_tool\n"
        "@beta_tool\n"
        "def lookup(order_id: str) -> str:\n"
        '    """Look up an order."""\n'
        "    return 'sent'\n"
        "runner = anthropic.Anthropic().beta.messages.tool_runner(**BODY, tools=[lookup])\n"
        "seen = said(runner.until_done())",
        1,
    ),
    "with_raw_response": (
        "raw = anthropic.Anthropic().messages.with_raw_response.create(**BODY)\n"
        "seen = said(raw.parse())",
        1,
    ),
    "with_streaming_response": (
        "with anthropic.Anthropic().messages.with_streaming_response.create(**BODY) as raw:\n"
        "    seen = json.loads(b''.join(raw.iter_bytes()))['content']",
        1,
    ),
    "async with_streaming_response": (
        "async def go(client):\n"
        "    async with client.messages.with_streaming_response.create(**BODY) as raw:\n"
        "        return json.loads(await raw.read())['content']\n"
        "seen = run(go)",
        1,
    ),
    "count_tokens": (
        "plain = {k: v for k, v in BODY.items() if k != 'max_tokens'}\n"
        "seen = anthropic.Anthropic().messages.count_tokens(**plain).input_tokens",
        1,
    ),
    "batches": (
        "batches = anthropic.Anthropic().messages.batches\n"
        "made = batches.create(requests=[{'custom_id': 'a', 'params': BODY}])\n"
        "assert batches.retrieve(made.id).processing_status == 'ended'\n"
        "seen = [said(found.result.message) for found in batches.results(made.id)]",
        4,
    ),
    "models": ("seen = [m.id for m in anthropic.Anthropic().models.list()]", 1),
    "files, two in one test": (
        "files = anthropic.Anthropic().beta.files\n"
        "seen = [files.upload(file=(name, b'hello', 'text/plain')).filename\n"
        "        for name in ('a.txt', 'b.txt')]",
        2,
    ),
    "Bedrock": ("seen = said(bedrock().messages.create(**ON_BEDROCK))", 1),
    "Bedrock stream": (
        "seen = streamed(bedrock().messages.create(**ON_BEDROCK, stream=True))",
        1,
    ),
    "async Bedrock stream": (
        "async def go():\n"
        "    events = await bedrock(True).messages.create(**ON_BEDROCK, stream=True)\n"
        "    return await astreamed(events)\n"
        "seen = asyncio.run(go())",
        1,
    ),
    "Vertex": ("seen = said(vertex().messages.create(**BODY))", 1),
    "Vertex stream": ("seen = streamed(vertex().messages.create(**BODY, stream=True))", 1),
    "async Vertex": (
        "async def go():\n    return said(await vertex(True).messages.create(**BODY))\n"
        "seen = asyncio.run(go())",
        1,
    ),
    "Foundry": ("seen = said(foundry().messages.create(**BODY))", 1),
    "Foundry stream": ("seen = streamed(foundry().messages.create(**BODY, stream=True))", 1),
    "Claude on AWS": ("seen = said(aws().messages.create(**BODY))", 1),
    "Claude on Google Cloud": ("seen = said(google().messages.create(**BODY))", 1),
    "Bedrock Mantle": ("seen = said(mantle().messages.create(**BODY))", 1),
    "boto3 invoke": (
        "answer = boto().invoke_model(modelId=ON_BEDROCK['model'], body=json.dumps(PLAIN))\n"
        "seen = json.loads(answer['body'].read())['content'][0]['text']",
        1,
    ),
    "boto3 invoke with a response stream": (
        "answer = boto().invoke_model_with_response_stream(\n"
        "    modelId=ON_BEDROCK['model'], body=json.dumps(PLAIN))\n"
        "events = [json.loads(e['chunk']['bytes']) for e in answer['body']]\n"
        "seen = ''.join(e['delta']['text'] for e in events if e['type'] == 'content_block_delta')",
        1,
    ),
    "boto3 converse": (
        "answer = boto().converse(**CONVERSE)\n"
        "seen = answer['output']['message']['content'][0]['text']",
        1,
    ),
    "boto3 converse, a stream": (
        "events = boto().converse_stream(**CONVERSE)['stream']\n"
        "deltas = [e['contentBlockDelta']['delta'] for e in events if 'contentBlockDelta' in e]\n"
        "seen = ''.join(delta['text'] for delta in deltas)",
        1,
    ),
    "claude_server": ("seen = asked_by_a_program(claude_server.url)", 1),
    "plain HTTP": (
        "answer = http.post(f'{BASE}/v1/messages', json=BODY, timeout=60,\n"
        "                   headers={'x-api-key': 'k'})\n"
        "seen = answer.json()['content'][0]['text']",
        1,
    ),
    "plain HTTP, a stream": (
        "with http.stream('POST', f'{BASE}/v1/messages', json={**BODY, 'stream': True},\n"
        "                 headers={'x-api-key': 'k'}, timeout=60) as answer:\n"
        "    lines = [line.removeprefix('data: ') for line in answer.iter_lines()]\n"
        "deltas = (json.loads(line)['delta'] for line in lines if '\"text_delta\"' in line)\n"
        "seen = ''.join(delta['text'] for delta in deltas)",
        1,
    ),
    "plain async HTTP": (
        "async def go():\n"
        "    async with http.AsyncClient(timeout=60) as client:\n"
        "        return (await client.post(f'{BASE}/v1/messages', json=BODY,\n"
        "                                  headers={'x-api-key': 'k'})).json()\n"
        "seen = asyncio.run(go())['content']",
        1,
    ),
    "aiohttp": (
        "async def go():\n"
        "    http_client = anthropic.DefaultAioHttpClient()\n"
        "    async with anthropic.AsyncAnthropic(http_client=http_client) as client:\n"
        "        text = await adrained(client.messages.stream(**BODY))\n"
        f"        return [text, said(await {ASK})]\n"
        "seen = asyncio.run(go())",
        2,
    ),
    "a thread": (
        "seen = []\n"
        "def work():\n"
        "    seen.append(said(anthropic.Anthropic().messages.create(**BODY)))\n"
        "thread = threading.Thread(target=work); thread.start(); thread.join()",
        1,
    ),
    "a thread pool": (
        "client = anthropic.Anthropic()\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    ask = lambda n: client.messages.create(**body(f'part {n}'))\n"
        "    answers = pool.map(ask, range(8))\n"
        "    seen = [said(answer) for answer in answers]",
        8,
    ),
    "gather": (
        "async def go(client):\n"
        "    calls = (client.messages.create(**body(f'part {n}')) for n in range(8))\n"
        "    return [said(answer) for answer in await asyncio.gather(*calls)]\n"
        "seen = run(go)",
        8,
    ),
    "tasks": (
        "async def go(client):\n"
        "    calls = [client.messages.create(**body(str(n))) for n in (1, 2)]\n"
        "    tasks = [asyncio.create_task(call) for call in calls]\n"
        "    return [said(await task) for task in reversed(tasks)]\n"
        "seen = run(go)",
        2,
    ),
    "a client built at import": ("seen = said(AT_IMPORT.messages.create(**BODY))", 1),
    "another client's copy": (
        "seen = said(anthropic.Anthropic().with_options(max_retries=0).messages.create(**BODY))",
        1,
    ),
}
SAYS_NOTHING = ("count_tokens", "models", "files, two in one test")
CLIENTS = {
    "aws": "AnthropicAWS",
    "google": "AnthropicGoogleCloud",
    "mantle": "AnthropicBedrockMantle",
}
NEEDS = {
    "boto3": "boto3",
    "Bedrock": "boto3",
    "Vertex": "google.auth",
    "aiohttp": "aiohttp" if SDK else "httpx_aiohttp",
    "tool runner": "anthropic.lib.tools",
}


def missing(door: str) -> str | None:
    """Why a door can't be opened here; None where it can."""
    for client in re.findall(r"\b(aws|google|mantle)\(\)", DOORS[door][0]):
        if not hasattr(anthropic, CLIENTS[client]):
            return f"this SDK has no {CLIENTS[client]}"
    for part, package in NEEDS.items():
        if part in door and importlib.util.find_spec(package) is None:
            return f"{package} is not installed"
    return None


def inner_test(name: str, code: str, end: str) -> str:
    """A test that goes through a door, and ends in a line of its own."""
    code = code.replace("drained_of(", "(lambda m: drained(m.__enter__()))(")
    fixtures = "claude, claude_server" if "claude_server" in code else "claude"
    lines = [*code.splitlines(), end]
    return f"def {name}({fixtures}):\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(("code", "requests"), DOORS.values(), ids=DOORS)
def test_a_door_is_recorded_and_replayed(project, request, code: str, requests: int) -> None:
    door = request.node.callspec.id
    if (reason := missing(door)) is not None:
        pytest.skip(reason)
    project.personas(old=lambda body, before: says(f"{SAYS} {_asked(body)}")(body, before))
    end = "open('seen.json', 'w').write(json.dumps(seen))"
    project.tests(f"{PRELUDE}\n{inner_test('test_calls', code, end)}")
    project.record().assert_outcomes(passed=1)
    first = json.loads((project.path / "seen.json").read_text())
    if door not in SAYS_NOTHING:
        assert SAYS in json.dumps(first)
    (project.path / "seen.json").unlink()
    project.run("--claude-strict").assert_outcomes(passed=1)
    assert json.loads((project.path / "seen.json").read_text()) == first
    [name] = project.cassettes
    text = project.cassette(name).read_text()
    assert re.search(r"\n  interactions: (\d+)\n", text)[1] == str(requests)
    for secret in ("AKIAX", "secret-secret", "ya29", "my-project"):
        assert secret not in text
    assert sum("/v1/" in s.path or "/model/" in s.path for s in project.simulator.requests) == (
        requests
    )


def _asked(body) -> str:
    return str(body["messages"][-1]["content"])[-10:]


BUMP = "--claude-bump=claude-sonnet-4-5=claude-sonnet-5-5"
KEPT = "assert claude.asks_clarifying_question()"
BUMPED = [door for door in DOORS if door not in SAYS_NOTHING]


@pytest.fixture
def verdicts(
    project, short_gates, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """By door, the verdicts of one suite that goes through all of them; it is bumped once."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root  # of all workers
    kept = root / "verdicts-of-doors.json"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            kept.write_text("{}")  # what fails is not tried again for each door
            kept.write_text(json.dumps(_bump_every_door(project)))
    return json.loads(kept.read_text())


@pytest.mark.parametrize("door", BUMPED)
def test_a_door_is_bumped_as_the_sdks_own(request, door: str) -> None:
    if (reason := missing(door)) is not None:
        pytest.skip(reason)
    verdicts = request.getfixturevalue("verdicts")
    assert verdicts[door] == {"lost": "regressed", "kept": "unchanged"} == verdicts["create"]


def _bump_every_door(project) -> dict[str, dict[str, str]]:
    """By door, the verdict on the test that NEW fails and on the one that it passes."""
    new = by_prompt({"kept": says(SAYS)}, says("Your refund is on its way."))
    project.personas(old=says(SAYS), new=new)
    doors = [door for door in BUMPED if missing(door) is None]
    for kind in ("lost", "kept"):
        tests = (
            inner_test(f"test_{number}", DOORS[door][0].replace("range(8)", "range(2)"), KEPT)
            for number, door in enumerate(doors)
        )
        prelude = PRELUDE.replace("I want a refund", kind)
        project.tests("\n".join([prelude, *tests]), name=f"test_{kind}")
    # pytest parses the whole module for each failure that it shows in its own way.
    assert project.record(BUMP, "--claude-report=paid.json", "--tb=native").ret == 1
    signed = [seen for seen in project.simulator.requests if is_signed(seen)]
    assert bool(signed) == (missing("boto3 converse") is None)
    for seen in signed:
        assert_signed_as_sent(seen)
    decision = json.loads((project.path / "paid.json").read_text())["decision"]
    assert project.run(BUMP, "test_kept.py").ret == 0, "what was recorded is what is looked for"
    of = {test["test"]: test["verdict"] for test in decision["tests"]}
    return {
        door: {kind: of[f"test_{kind}.py::test_{number}"] for kind in ("lost", "kept")}
        for number, door in enumerate(doors)
    }


@pytest.mark.parametrize(
    ("doors", "ids"),
    [
        (("Bedrock", "create"), {"/model/us.anthropic.claude-sonnet-5-5/invoke", "/v1/messages"}),
        (
            ("boto3 converse", "Vertex"),
            {
                "/model/us.anthropic.claude-sonnet-5-5/converse",
                "/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/"
                "claude-sonnet-5-5:rawPredict",
            },
        ),
    ],
)
def test_two_doors_of_one_suite_are_bumped_by_one_command(project, doors, ids) -> None:
    for door in doors:
        if (reason := missing(door)) is not None:
            pytest.skip(reason)
    project.personas(old=says(SAYS), new=says(SAYS))
    for number, door in enumerate(doors):
        tests = f"{PRELUDE}\n{inner_test('test_door', DOORS[door][0], KEPT)}"
        project.tests(tests.replace("I want a refund", door), name=f"test_{number}")
    result = project.record(BUMP)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["PASS  *"])
    assert {unquote(seen.path) for seen in project.simulator.requests} >= ids
    for seen in filter(is_signed, project.simulator.requests):
        assert_signed_as_sent(seen)
    assert project.run(BUMP).ret == 0


TWO_UNKNOWN = """
def ask_profile():
    base = os.environ.get("ANTHROPIC_BASE_URL", "https://bedrock-runtime.us-east-1.amazonaws.com")
    profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/0old"
    path = "/model/" + profile.replace("/", "%2F") + "/invoke"
    http.post(base + path, json=PLAIN, headers={"x-api-key": "k"}).raise_for_status()

def test_profile(claude):
    ask_profile()
    assert claude.asks_clarifying_question()

def test_create(claude):
    anthropic.Anthropic().messages.create(**BODY)
    assert claude.asks_clarifying_question()
"""
MAPPED = """
[tool.pytest.ini_options]
pythonpath = ['.']
claude_model_map = [
    '0old = claude-sonnet-4-5',
    {more}
]
"""
USAGE_ERROR = """
ERROR: --claude-bump claude-sonnet-4-5=claude-sonnet-5-5:
       it is not known what NEW is called in the place of
       0old, asked by test_app.py::test_profile
       to go on, add to claude_model_map, with its name or ARN there for NAME:
       NAME = claude-sonnet-5-5 for 0old
"""


def test_a_profile_without_a_counterpart_is_a_usage_error_before_the_first_call(project) -> None:
    project.pytester.makepyprojecttoml(MAPPED.format(more=""))
    project.personas(**dict.fromkeys(("0old", "1new", "old", "new"), says(SAYS)))
    project.tests(f"{PRELUDE}{TWO_UNKNOWN}")
    assert project.record().ret == 0
    result = project.record(BUMP)
    assert result.ret == 4
    assert "\n".join(result.errlines).strip() == USAGE_ERROR.strip()
    assert project.simulator.requests == []
    new = "arn:aws:bedrock:us-east-1:210987654321:application-inference-profile/1new"
    more = f"'{new} = claude-sonnet-5-5 for 0old'"
    project.pytester.makepyprojecttoml(MAPPED.format(more=more))
    assert project.record(BUMP).ret == 0
    paths = {unquote(seen.path) for seen in project.simulator.requests}
    assert f"/model/{new}/invoke" in paths
    for name in project.cassettes:
        assert "210987654321" not in project.cassette(name).read_text()


def test_without_recordings_such_a_test_pays_nothing_and_the_others_go_on(project) -> None:
    project.pytester.makepyprojecttoml(MAPPED.format(more=""))
    project.personas(**{"0old": says(SAYS), "old": says(SAYS), "new": says(SAYS)})
    project.tests(f"{PRELUDE}{TWO_UNKNOWN}")
    result = project.record(BUMP)
    assert result.ret == 1
    assert {seen.path for seen in project.simulator.requests} == {"/v1/messages"}
    result.stdout.fnmatch_lines(
        [
            "*not sent: what claude-sonnet-5-5 is called in the place of 0old is not known",
            "*to say it  claude_model_map: NAME = claude-sonnet-5-5 for 0old",
        ]
    )


def test_a_bump_adapts_a_request_of_converse(project) -> None:
    if (reason := missing("boto3 converse")) is not None:
        pytest.skip(reason)
    project.personas(old=says(SAYS), new=says(SAYS))
    project.pytester.makeconftest(
        """
def pytest_claude_adapt_request(body, old, new):
    assert body["model"] == "us.anthropic.claude-sonnet-5-5"
    return {**body, "max_tokens": body["max_tokens"] + 1}
"""
    )
    code = """
more = {"inferenceConfig": {"maxTokens": 2000, "temperature": 0.5}}
thinks = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
boto().converse(**CONVERSE, **more)
boto().converse(**CONVERSE, inferenceConfig={"maxTokens": 2000},
                additionalModelRequestFields=thinks)
""".strip()
    project.tests(f"{PRELUDE}\n{inner_test('test_door', code, KEPT)}")
    result = project.record(BUMP)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*temperature 0.5 dropped*", "*thinking budget 1024 → adaptive*"])
    sent = [seen for seen in project.simulator.requests if "sonnet-5-5" in seen.path]
    assert [seen.body["inferenceConfig"] for seen in sent[:2]] == [{"maxTokens": 2001}] * 2
    assert sent[1].body["additionalModelRequestFields"] == {"thinking": {"type": "adaptive"}}
    assert project.run(BUMP).ret == 0


def is_signed(seen) -> bool:
    """Whether a request carries a signature of AWS."""
    return seen.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256")


def assert_signed_as_sent(seen) -> None:
    """The signature is one of what arrived."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    stated = seen.headers["authorization"]
    scope, names, signature = re.findall(r"(?:Credential|SignedHeaders|Signature)=([^,]+)", stated)
    _, _, region, service, _ = scope.split("/")
    headers = {name: seen.headers[name] for name in names.split(";")}
    url = f"http://{seen.headers['host']}{seen.target}"
    request = AWSRequest(seen.method, url, headers=headers, data=seen.data)
    request.context["timestamp"] = seen.headers["x-amz-date"]
    signer = SigV4Auth(Credentials("AKIAX", "secret-secret"), service, region)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    assert signer.signature(to_sign, request) == signature, seen.path
    assert int(seen.headers["content-length"]) == len(seen.data)


def test_a_call_that_aiohttp_makes_itself_is_not_paid_for(project) -> None:
    pytest.importorskip("aiohttp")
    project.tests(
        f"""{PRELUDE}
import aiohttp

def test_calls(claude):
    async def go():
        async with aiohttp.ClientSession() as session:
            await session.post(f"{{BASE}}/v1/messages", json=BODY)
    asyncio.run(go())
"""
    )
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a call that can't be replayed was refused*"])
    assert project.simulator.requests == []


def test_an_apps_own_mock_transport_is_left_alone(project) -> None:
    project.tests(
        f"""{PRELUDE}
ANSWER = {{"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
          "stop_reason": "end_turn", "stop_sequence": None,
          "usage": {{"input_tokens": 1, "output_tokens": 1}}}}

def test_calls(claude):
    mock = http.MockTransport(lambda request: http.Response(200, json=ANSWER))
    client = anthropic.Anthropic(api_key="k", http_client=http.Client(transport=mock))
    assert client.messages.create(**BODY).id == "msg_1"
    assert not claude.replies
"""
    )
    project.record().assert_outcomes(passed=1)
    assert project.cassettes == []
    project.run().assert_outcomes(passed=1)


def test_the_answers_of_a_batch_are_replies(project) -> None:
    project.personas(old=says("Which order do you mean?"))
    project.tests(
        f"""{PRELUDE}
def test_calls(claude):
    batches = anthropic.Anthropic().messages.batches
    made = batches.create(requests=[{{"custom_id": n, "params": BODY}} for n in "ab"])
    assert [result.custom_id for result in batches.results(made.id)] == ["a", "b"]
    assert [reply.text for reply in claude.replies] == ["Which order do you mean?"] * 2
    assert claude.reply.request.messages == tuple(BODY["messages"])
    assert claude.asks_clarifying_question()
"""
    )
    project.record().assert_outcomes(passed=1)
    assert project.cassettes == ["test_app/test_calls/claude-sonnet-4-5.yaml"]
    project.run("--claude-strict").assert_outcomes(passed=1)


def test_thirty_identical_requests_get_each_answer_once(project) -> None:
    project.personas(old=lambda body, before: says(f"answer {before}")(body, before))
    project.tests(
        f"""{PRELUDE}
def test_calls(claude):
    client = anthropic.Anthropic()
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda n: said(client.messages.create(**BODY)), range(30)))
    assert sorted(answers) == sorted(f"answer {{n}}" for n in range(30))
"""
    )
    project.record().assert_outcomes(passed=1)
    project.run("--claude-strict").assert_outcomes(passed=1)
    project.run("--claude-strict").assert_outcomes(passed=1)


TWO_MODELS = """
def test_calls(claude):
    for model in {order}:
        ask("the same question", model=model)
    assert len(claude.replies) == 2
"""


def test_whichever_of_two_models_is_asked_first_the_recording_is_found(project) -> None:
    models = ["claude-sonnet-4-5", "claude-opus-5"]
    project.personas(**{models[1]: says("Hello.")})
    project.tests(TWO_MODELS.format(order=models))
    project.record().assert_outcomes(passed=1)
    before = project.cassettes
    project.tests(TWO_MODELS.format(order=models[::-1]))
    project.run("--claude-strict").assert_outcomes(passed=1)
    for mode in ("once", "new_episodes", "all"):
        project.record(mode=mode).assert_outcomes(passed=1)
        assert project.cassettes == before
        assert len(project.simulator.bodies) == (2 if mode == "all" else 0)


READ_BY = {
    "create": "/v1/messages",
    "async create": "/v1/messages",
    "Bedrock": "/model/us.anthropic.claude-haiku-5-5/invoke",
    "async Bedrock stream": "/model/us.anthropic.claude-haiku-5-5/invoke",
    "Vertex": "/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/"
    "claude-haiku-5-5:rawPredict",
    "boto3 converse": "/model/us.anthropic.claude-haiku-5-5/invoke",
    "Foundry": "/anthropic/v1/messages",
    "Bedrock Mantle": "/v1/messages",
}


@pytest.mark.parametrize("door", [door for door in READ_BY if door in DOORS])
def test_what_the_rules_leave_open_is_read_by_the_door_of_the_app(project, door: str) -> None:
    if (reason := missing(door)) is not None:
        pytest.skip(reason)
    open_reply = "K2 is 8,611 m high. Have you ever been to Pakistan?"
    project.personas(old=says(open_reply), **{"claude-haiku-5-5": reads("clarifying_question")})
    body = inner_test("test_door", DOORS[door][0], KEPT)
    project.tests(f"{PRELUDE}\n{body}")
    result = project.record()
    result.assert_outcomes(passed=1)
    paths = [unquote(seen.path) for seen in project.simulator.requests]
    assert paths[-1] == READ_BY[door]
    for seen in filter(is_signed, project.simulator.requests):
        assert_signed_as_sent(seen)
    project.run("--claude-strict").assert_outcomes(passed=1)
