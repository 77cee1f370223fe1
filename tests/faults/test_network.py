"""Nothing reaches a model in replay: not with the plugin off, a proxy, or no credentials."""

from __future__ import annotations

import pytest
from plugin.test_doors import DOORS, PRELUDE, inner_test, missing

CALLS = "def test_calls(claude):\n    ask()\n"


@pytest.mark.fault("N09")
def test_without_the_plugin_a_claude_test_is_an_error_and_asks_nobody(project) -> None:
    project.tests(CALLS)
    project.record().assert_outcomes(passed=1)
    with project.server():
        result = project.run("-p", "no:claude")
        assert project.simulator.requests == []
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'claude' not found"])


def test_a_guard_of_claude_tests_alone_still_guards_them(project) -> None:
    project.tests(f"{CALLS}\ndef test_other():\n    ask('other')\n")
    project.record("-k", "test_calls").assert_outcomes(passed=1, deselected=1)
    project.tests(f"{CALLS.replace('ask()', 'ask(1 * chr(65))')}\ndef test_other():\n    ask()\n")
    with project.server():
        project.run("-o", "claude_guard=tests").assert_outcomes(passed=1, failed=1)
        assert [body["messages"][0]["content"] for body in project.simulator.bodies] == [
            "I want a refund"
        ]


PROXIED = """
import asyncio, json, socketserver, threading, urllib.request
import pytest

URL = "https://api.anthropic.com/v1/messages"
BODY = json.dumps({{"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}})

@pytest.fixture
def proxy(monkeypatch):
    asked = []
    class Proxy(socketserver.StreamRequestHandler):
        def handle(self):
            asked.append(self.rfile.readline())
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{{server.server_address[1]}}")
        yield asked
        server.shutdown()

def test_calls(claude, proxy):
    try:
        {road}
    finally:
        print("asked", [line for line in proxy if b"anthropic" in line])
"""
ROADS = {
    "urllib": "urllib.request.build_opener().open(URL, BODY.encode()).read()",
    "requests": "import requests; requests.post(URL, data=BODY)",
    "aiohttp": "import aiohttp\n        async def go():\n"
    "            async with aiohttp.ClientSession(trust_env=True) as session:\n"
    "                await session.post(URL, data=BODY)\n        asyncio.run(go())",
}


@pytest.mark.parametrize("recording", [False, True], ids=["replay", "while recording"])
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.fault("N10")
def test_a_library_without_a_door_is_refused_in_words_also_behind_a_proxy(
    project, road: str, recording: bool
) -> None:
    pytest.importorskip(road if road != "urllib" else "urllib.request", reason="not installed")
    project.pytester.makepyfile(test_app=PROXIED.format(road=ROADS[road]))
    result = project.record() if recording else project.run()
    result.assert_outcomes(failed=1)
    told = " ".join(" ".join(result.outlines).split())
    assert "api.anthropic.com" in told
    assert "a call that can't be replayed was refused" in told
    assert "to go on send it to the URL of the fixture `claude_server`" in told
    assert "asked []" in told


@pytest.mark.parametrize("door", ["Bedrock", "Vertex", "boto3 converse"])
@pytest.mark.fault("N11")
def test_a_platform_replays_without_credentials_and_asks_no_metadata_service(
    project, monkeypatch, door: str
) -> None:
    if (reason := missing(door)) is not None:
        pytest.skip(reason)
    from simulator import says

    project.personas(old=says("Which order do you mean?"))
    project.tests(f"{PRELUDE}\n{inner_test('test_door', DOORS[door][0], 'assert claude.replies')}")
    project.record().assert_outcomes(passed=1)
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(project.path))
    result = project.run("-o", "claude_network=none", "--claude-strict")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*refused*")
