"""One miss is one red test, whatever loop, portal or thread its call went through."""

from __future__ import annotations

import pytest
from simulator import says

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"

# A test that misses, one whose call is recorded, and one that calls no model.
APP = """
import anthropic, app

def body(text):
    return {"model": app.MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": text}]}

async def said(text):
    async with anthropic.AsyncAnthropic() as client:
        return (await client.messages.create(**body(text))).content[0].text
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

async def answers(request):
    return PlainTextResponse(await said(request.query_params["q"]))

def answers_in_a_thread(request):
    client = anthropic.Anthropic()
    with client:
        message = client.messages.create(**body(request.query_params["q"]))
    return PlainTextResponse(message.content[0].text)

async def healthy(request):
    return PlainTextResponse("yes")

@pytest.fixture(scope="session")
def web():
    routes = [Route("/a", answers), Route("/t", answers_in_a_thread), Route("/healthy", healthy)]
    with TestClient(Starlette(routes=routes), raise_server_exceptions=RAISES) as client:
        yield client

def test_a_first(claude, web):
    assert web.get("/ROUTE", params={"q": "CHANGED"}).status_code == 200

def test_b_next(claude, web):
    assert web.get("/ROUTE", params={"q": "two"}).text == "Hello."
    assert claude.stops_with("end_turn")

def test_c_healthy(web):
    assert web.get("/healthy").text == "yes"
"""
ASYNC_TESTS = """
@pytest.fixture(SCOPE)
async def database():
    yield {"orders": []}

MARK
async def test_a_first(claude, database):
    await said("CHANGED")

MARK
async def test_b_next(claude, database):
    assert await said("two") == "Hello."
    assert claude.stops_with("end_turn")

MARK
async def test_c_healthy(database):
    assert database == {"orders": []}
"""
ANYIO = """
@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"
""" + ASYNC_TESTS.replace("SCOPE", 'scope="module"').replace("MARK", "@pytest.mark.anyio")
ASYNCIO = "import pytest_asyncio\n" + ASYNC_TESTS.replace(
    "@pytest.fixture(SCOPE)", '@pytest_asyncio.fixture(scope="module", loop_scope="module")'
).replace("MARK", '@pytest.mark.asyncio(loop_scope="module")')
WORKER = """
import queue, threading

jobs, results = queue.Queue(), queue.Queue()

def work():
    client = anthropic.Anthropic(api_key="k")
    while True:
        try:
            results.put(client.messages.create(**body(jobs.get())).content[0].text)
        except Exception as error:
            results.put(error)

def asked(text):
    jobs.put(text)
    result = results.get(timeout=60)
    if isinstance(result, Exception):
        raise result
    return result

@pytest.fixture(scope="session", autouse=True)
def worker():
    threading.Thread(target=work, daemon=True).start()

def test_a_first(claude):
    asked("CHANGED")

def test_b_next(claude):
    assert asked("two") == "Hello."
    assert claude.stops_with("end_turn")

def test_c_healthy():
    assert jobs.empty()
"""
SWALLOWED = WORKER.replace(
    '    asked("CHANGED")', '    with pytest.raises(anthropic.APIError):\n        asked("CHANGED")'
)
TASK_GROUP = ASYNCIO.replace(
    '    await said("CHANGED")',
    '    async with asyncio.TaskGroup() as group:\n'
    '        group.create_task(said("CHANGED"))\n        group.create_task(said("two"))',
).replace("import pytest_asyncio", "import asyncio, pytest_asyncio")  # fmt: skip

WEB = STARLETTE.replace("RAISES", "True")
# Where the scope of its loops is not set, it warns.
PYTEST_ASYNCIO = (
    "-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function",
)  # fmt: skip
FRAMEWORKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "TestClient": (WEB.replace("ROUTE", "a"), ()),
    "TestClient, a threaded endpoint": (WEB.replace("ROUTE", "t"), ()),
    "TestClient that gives 500": (STARLETTE.replace("RAISES", "False").replace("ROUTE", "a"), ()),
    "anyio": (ANYIO, ("-p", "anyio.pytest_plugin")),
    "pytest-asyncio": (ASYNCIO, PYTEST_ASYNCIO),
    "a task group": (TASK_GROUP, PYTEST_ASYNCIO),
    "a worker thread": (WORKER, ()),
}
MISS = "E   pytest_claude.CassetteMiss: no recording answers call *: the prompt was edited (*"


@pytest.mark.parametrize(("tests", "plugins"), FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_one_miss_is_one_red_test(project, tests: str, plugins: tuple[str, ...]) -> None:
    project.personas(old=says("Hello."), new=says("Hello."))
    bump = f"--claude-bump={OLD}={NEW}"
    both = (*plugins, "-p", "no:randomly")
    project.tests(APP + tests.replace("CHANGED", "one"))
    project.record(*both).assert_outcomes(passed=3)
    project.record(*both, bump).assert_outcomes(passed=3)
    project.tests(APP + tests.replace("CHANGED", "One!"))
    for options in ((), (bump,)):
        result = project.run(*both, *options)
        result.assert_outcomes(passed=2, failed=1)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        result.stdout.fnmatch_lines([MISS, "FAILED test_app.py::test_a_first *"])


def test_a_swallowed_miss_is_one_red_test_too(project) -> None:
    project.personas(old=says("Hello."))
    project.tests(APP + WORKER.replace("CHANGED", "one"))
    project.record("-p", "no:randomly").assert_outcomes(passed=3)
    project.tests(APP + SWALLOWED.replace("CHANGED", "One!"))
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines([MISS, "*the app caught the error"])
