"""In replay no model traffic leaves the process, by whatever road; other network is untouched."""

from __future__ import annotations

import subprocess
import sys

import pytest

GOOD = "def test_calls(claude):\n    ask()\n"
REFUSED = "E   *CallOutsideTrial: *"

ROADS = {
    "urllib": """
import urllib.request as u

u.urlopen(u.Request("https://api.anthropic.com/v1/messages", data=b"{}"))
""",
    "http.client": """
with closing(http.client.HTTPSConnection("api.anthropic.com")) as c:
    c.request("POST", "/v1/messages", b"{}")
""",
    "a socket": """
socket.create_connection(("api.anthropic.com", 443))
""",
    "a resolver in a thread": """
async def go():
    await asyncio.get_running_loop().getaddrinfo("api.anthropic.com", 443)
asyncio.run(go())
""",
    "a proxy": """
with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as c:
    c.set_tunnel("api.anthropic.com", 443)
    c.request("POST", "/v1/messages", b"{}")
""",
    "a gateway through a plain proxy": """
with closing(http.client.HTTPConnection("127.0.0.1", port)) as c:
    c.request("POST", "http://gateway.example/v1/messages", b'{"model": "m", "messages": []}')
""",
    "Bedrock": """
socket.getaddrinfo("bedrock-runtime.us-east-1.amazonaws.com", 443)
""",
    "aiohttp": """
import aiohttp
async def go():
    async with aiohttp.ClientSession() as session:
        await session.post("https://api.anthropic.com/v1/messages", json={})
asyncio.run(go())
""",
}
LISTENER = """
import asyncio, http.client, socket
from contextlib import closing

@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
"""


def _indented(code: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in code.strip().splitlines())


@pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)
@pytest.mark.parametrize("marker", ["", "@pytest.mark.claude\n"], ids=["other test", "claude test"])
@pytest.mark.fault("N01")
def test_no_road_leads_to_a_model(project, road: str, marker: str) -> None:
    project.tests(
        f"{LISTENER}\n{GOOD}\n{marker}def test_elsewhere(port):\n"
        f"    try:\n{_indented(road, 8)}    except BaseException:\n        pass\n"
    )
    project.record("-k", "test_calls")
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([REFUSED])


OTHER = {
    "a local server": """
socket.create_connection(("127.0.0.1", port)).close()
""",
    "a request to it": """
with closing(http.client.HTTPConnection("127.0.0.1", port)) as c:
    c.request("POST", "/v1/messages", b'{"model": "m", "messages": []}')
""",
    "a path that is no URL": """
with closing(http.client.HTTPConnection("127.0.0.1", port)) as c:
    c.request("GET", "//[a")
    c.close()
    c.request("GET", "http://shop.example:99999/")
""",
    "a unix socket": """
for end in socket.socketpair():
    with end:
        pass
""",
    "another host": """
with pytest.raises(OSError):
    socket.getaddrinfo("db.invalid", 5432)
""",
}


@pytest.mark.parametrize("road", OTHER.values(), ids=OTHER)
@pytest.mark.fault("N07")
def test_other_network_is_not_touched(project, road: str) -> None:
    project.tests(f"{LISTENER}\n{GOOD}\ndef test_elsewhere(port):\n{_indented(road, 4)}")
    project.record("-k", "test_calls")
    project.run().assert_outcomes(passed=2)


@pytest.mark.fault("N06", "N07")
def test_a_closed_network_leaves_loopback_and_named_hosts_open(project) -> None:
    (project.path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_network = 'none'\n"
        "claude_allow_hosts = ['db.invalid']\n"
    )
    project.tests(
        f"""{LISTENER}
{GOOD}
def test_loopback(port):
    socket.create_connection(("localhost", port)).close()

def test_named_host():
    with pytest.raises(OSError):
        socket.getaddrinfo("db.invalid", 5432)

@pytest.mark.parametrize("host", ["example.com", "db.invalid.evil.test", "127.0.0.1.evil.test"])
def test_other_host(host):
    with pytest.raises(BaseException):
        socket.getaddrinfo(host, 443)
"""
    )
    project.record("-k", "test_calls")
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(
        ["E   *a connection to example.com was refused: claude_network = none"]
    )


def test_a_live_test_reaches_the_api(project) -> None:
    project.tests(f"{GOOD}\n@pytest.mark.claude(live=True)\ndef test_live():\n    ask('live')\n")
    project.record("-k", "test_calls")
    with project.server():
        project.run().assert_outcomes(passed=2)
        assert [b["messages"][0]["content"] for b in project.simulator.bodies] == ["live"]
    assert project.cassettes == ["test_app/test_calls/claude-sonnet-4-5.yaml"]


def test_the_fixture_of_a_live_test_says_that_it_sees_nothing(project) -> None:
    project.tests("@pytest.mark.claude(live=True)\ndef test_live(claude):\n    pass\n")
    result = project.record()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E*UsageError: a test that is marked claude(live=True) reaches*"])


def test_a_thread_that_outlives_its_test_fails_the_session(project) -> None:
    project.tests(GOOD)
    project.record()
    project.tests(
        """
import threading

go_on = threading.Event()

def late():
    go_on.wait()
    try:
        ask("late")
    except BaseException:
        pass

thread = threading.Thread(target=late)

def test_calls(claude):
    ask()
    thread.start()

def test_zz_waits():
    go_on.set()
    thread.join()
"""
    )
    result = project.run("-p", "no:randomly")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["1 problem outside the claude tests"])


def test_a_refused_call_between_green_tests_fails_the_run(project) -> None:
    project.tests(GOOD)
    project.record()
    project.pytester.makeconftest(
        "from app import careless\n"
        "def pytest_runtest_logfinish():\n"
        "    try:\n"
        "        careless()\n"
        "    except BaseException:\n"
        "        pass\n"
    )
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 problem outside the claude tests"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.fault("N02")
def test_a_call_at_import_is_reported(project) -> None:
    project.tests(GOOD)
    project.record()
    project.tests(
        "import socket\ntry:\n    socket.getaddrinfo('api.anthropic.com', 443)\n"
        "except OSError:\n    pass\n" + GOOD
    )
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "while the tests were imported, a model was asked (a connection to",
            "api.anthropic.com): *",
        ]
    )


@pytest.mark.fault("N03")
def test_a_program_that_a_claude_test_starts_is_told(project) -> None:
    project.tests(
        "import subprocess, sys\n"
        "def test_calls(claude):\n    ask()\n    subprocess.run([sys.executable, '-c', ''])\n"
    )
    project.record()
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["claude tests started other programs (python*): what those*"])


def test_what_the_sdk_starts_itself_is_not_told(project) -> None:
    project.tests("def test_calls(claude):\n    import ctypes.util\n"
                  "    ctypes.util.find_library('ssl')\n    ask()\n")  # fmt: skip
    project.record()
    project.run().stdout.no_fnmatch_line("*other programs*")


@pytest.mark.usefixtures("cold_python")
def test_an_http_library_imported_in_the_test_is_seen(project) -> None:
    project.pytester.makepyfile(
        test_late="""
import sys

def test_calls(claude):
    assert "httpx" not in sys.modules
    import httpx
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9,
            "messages": [{"role": "user", "content": "Hi"}]}
    import os
    base = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
    answer = httpx.post(f"{base}/v1/messages", json=body, headers={"x-api-key": "k"}, timeout=60)
    assert answer.json()["role"] == "assistant"
"""
    )
    with project.server():
        run = project.pytester.runpytest_subprocess
        plugin = ("-p", "pytest_claude.plugin", "-p", "no:cacheprovider")
        run(*plugin, "--claude-record").assert_outcomes(passed=1)
    run(*plugin).assert_outcomes(passed=1)


def test_an_sdk_that_is_not_what_we_patch_is_one_clear_error(project, monkeypatch) -> None:
    from anthropic import _base_client

    project.tests(GOOD + "\ndef test_more(claude):\n    ask('more')\n")
    project.record()

    def request(self, something_else):
        raise AssertionError("because it is never called")

    monkeypatch.setattr(_base_client.SyncAPIClient, "request", request)
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(errors=2)
    text = result.stdout.str()
    # The second text where this suite's own session has patched the class before.
    known = ("SyncAPIClient.request is not what it was", "did not pass our patch")
    assert any(f"{words}" in text for words in known)
    assert "can't record or replay here: " in text
    assert text.count("(same cause as test_app.py::test_calls)") == 1


def test_a_request_that_our_patch_does_not_see_is_one_clear_error(project, monkeypatch) -> None:
    import anthropic

    project.tests(GOOD)
    project.record()
    library = __import__(anthropic.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])

    class Elsewhere(library.HTTPTransport):
        def handle_request(self, request):
            return library.Response(200, json={})

    monkeypatch.setattr(library.Client, "_init_transport", lambda *args, **kwargs: Elsewhere())
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a request of anthropic * did not pass our patch*"])


LATE = """
import pathlib, threading

def late():
    threading.main_thread().join()
    try:
        ask("late")
    except BaseException as error:
        pathlib.Path("late.txt").write_text(type(error).__name__)

def test_calls(claude):
    ask()
    threading.Thread(target=late).start()
"""


@pytest.mark.usefixtures("cold_python")
def test_a_thread_that_outlives_pytest_reaches_no_model(project) -> None:
    project.app(sdk_in_children=True)
    project.tests(GOOD)
    project.record()
    project.tests(LATE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pytest_claude.plugin"]
    with project.server():
        done = subprocess.run(command, cwd=project.path, capture_output=True)
        assert project.simulator.bodies == []
    assert done.returncode == 0, done.stdout
    assert (project.path / "late.txt").read_text() == "BadRequestError"


def test_a_pytest_within_a_test_leaves_the_guard_as_it_was(project) -> None:
    from pytest_claude.recording.doors import guard, line

    project.tests(GOOD)
    project.record()
    before = line.current(), guard._watch
    project.run().assert_outcomes(passed=1)
    assert (line.current(), guard._watch) == before
