"""What looks like the API and is none: a team's own mocks; and a gateway, which is paid for.

No test here reaches a network: a gateway is a process of its own on this machine, and no child of
the one that runs the tests. What it answers is made up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = [
    pytest.mark.skipif(
        not hasattr(os, "fork"), reason="needs fork: a gateway is a process that nobody waits for"
    ),
    # Inner tests leave connections open; that is no matter of ours.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

PYTHON = sys.executable
SDK = metadata.version("anthropic").partition(".")[0]
SERVER = """
import http.server, json, os, sys

ANSWER = json.dumps({
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "made up"}], "stop_reason": "end_turn",
    "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 2},
}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open(sys.argv[1], "a") as hits:
            hits.write(self.command + " " + self.path + "\\n")
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    do_GET = do_POST

    def log_message(self, *words):
        pass


def server():
    return http.server.HTTPServer(("127.0.0.1", 0), Handler)
"""
DAEMON = """
import os, sys
from made_up import server

serving = server()
if os.fork():
    os._exit(0)
print(os.getpid(), serving.server_port, flush=True)
os.close(1)
serving.serve_forever()
"""

PRELUDE = """
import asyncio, http.client, json, os, socket, subprocess, sys, threading, urllib.request
import aiohttp, anthropic
import HTTP_LIBRARY as http_library

BODY = {"model": "claude-sonnet-4-5", "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}]}
KEY = {"x-api-key": "k"}


def by_urllib(base):
    asked = urllib.request.Request(base + "/v1/messages", json.dumps(BODY).encode(), KEY)
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)["content"][0]["text"]


def by_http_client(base):
    connection = http.client.HTTPConnection(base.removeprefix("http://"))
    connection.request("POST", "/v1/messages", json.dumps(BODY), KEY)
    text = connection.getresponse().read()
    connection.close()
    return json.loads(text)["content"][0]["text"]


def by_aiohttp(base):
    async def ask():
        async with aiohttp.ClientSession(base) as session:
            async with session.post("/v1/messages", data=json.dumps(BODY), headers=KEY) as answer:
                return (await answer.json())["content"][0]["text"]
    return asyncio.run(ask())


def by_httpx(base):
    answer = http_library.post(base + "/v1/messages", json=BODY, headers=KEY)
    return answer.raise_for_status().json()["content"][0]["text"]


def by_the_sdk(base):
    with anthropic.Anthropic(api_key="k", base_url=base) as client:
        return client.messages.create(**BODY).content[0].text
"""
ROADS = ["urllib", "http_client", "aiohttp", "httpx", "the_sdk"]
UNREPLAYED = ROADS[:3]
CALLS = "def test_calls(claude):\n    ask()\n"


@pytest.fixture
def made_up(project) -> Path:
    """A project that holds a claude test and a made-up server; the file of what that was asked."""
    library = "httpx" if SDK == "0" else "httpx2"
    project.pytester.makepyfile(made_up=SERVER, roads=PRELUDE.replace("HTTP_LIBRARY", library))
    project.tests(CALLS, "test_calls")
    project.record()
    return project.path / "hits.txt"


@pytest.fixture
def gateway(project, made_up: Path) -> Iterator[SimpleNamespace]:
    """A gateway on this machine: its `url`, and what it was asked."""
    project.pytester.makepyfile(daemon=DAEMON)
    words = [PYTHON, "-S", "daemon.py", str(made_up)]
    with subprocess.Popen(words, cwd=project.path, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        pid, port = started.stdout.readline().split()
        started.wait()
    yield SimpleNamespace(
        url=f"http://127.0.0.1:{port}",
        port=int(port),
        hits=lambda: made_up.read_text().split("\n")[:-1] if made_up.exists() else [],
    )
    os.kill(int(pid), signal.SIGKILL)


OWN = {
    "this process": """
@pytest.fixture
def own(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", HITS])
    serving = server()
    threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()
""",
    "a child": """
CHILD = '''
from made_up import server
serving = server()
print(serving.server_port, flush=True)
serving.serve_forever()
'''

@pytest.fixture
def own():
    words = [PYTHON, "-c", CHILD, HITS]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        yield f"http://localhost:{child.stdout.readline().strip()}"
        child.terminate()
""",
}


def inner(code: str, made_up: Path, own: str = "this process") -> str:
    names = f"PYTHON, HITS = {PYTHON!r}, {str(made_up)!r}\n"
    return f"from roads import *\nfrom made_up import server\n{names}{OWN[own]}\n{code}"


def words_of(result: pytest.RunResult) -> str:
    """What was printed, without its line breaks."""
    return " ".join(" ".join(result.outlines).split())


@pytest.mark.parametrize("own", OWN)
@pytest.mark.fault("T06")
def test_a_teams_own_server_is_left_alone_outside_claude_tests(project, made_up, own) -> None:
    roads = "".join(f"def test_{r}(own):\n    assert by_{r}(own) == 'made up'\n" for r in ROADS)
    project.tests(inner(roads, made_up, own), "test_mocked")
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(passed=len(ROADS) + 1)
    result.stdout.no_fnmatch_line("*refused*")
    assert len(made_up.read_text().splitlines()) == len(ROADS)


@pytest.mark.parametrize("marker", ["", "@pytest.mark.claude\n"], ids=["other test", "claude test"])
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.fault("T07")
def test_a_gateway_on_this_machine_is_the_apis(project, gateway, road: str, marker: str) -> None:
    project.tests(
        f"from roads import *\n{marker}def test_asks():\n    by_{road}({gateway.url!r})\n"
    )
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    assert gateway.hits() == []
    if not marker:
        result.stdout.fnmatch_lines(
            [
                f"E   *: POST 127.0.0.1:{gateway.port}/v1/messages outside a claude test was *",
                "  or for all *claude_guard = tests *",
            ]
        )
    elif road in UNREPLAYED:
        assert "to go on send it to the URL of the fixture `claude_server`" in words_of(result)
    else:
        result.stdout.fnmatch_lines(["E   *CassetteMiss: *"])


@pytest.mark.fault("T07")
def test_a_base_url_with_a_slash_at_its_end_opens_no_road(project, gateway) -> None:
    project.tests(f"from roads import *\ndef test_asks():\n    by_urllib('{gateway.url}/')\n")
    project.run().assert_outcomes(passed=1, failed=1)
    assert gateway.hits() == []


def test_a_refused_call_fails_its_test_also_where_the_app_swallows_it(project, gateway) -> None:
    project.tests(
        "from roads import *\ndef test_asks():\n    try:\n"
        f"        by_urllib({gateway.url!r})\n    except Exception:\n        pass\n"
    )
    project.run().assert_outcomes(passed=1, failed=1)
    assert gateway.hits() == []


ANYTHING = {
    "a path of no API": "urllib.request.urlopen(os.environ['ANTHROPIC_BASE_URL'] + '/else').read()",
    "a socket": "socket.create_connection(('127.0.0.1', PORT)).close()",
    "httpx": "http_library.get(os.environ['ANTHROPIC_BASE_URL'] + '/else').raise_for_status()",
}


@pytest.mark.parametrize("variable", ["ANTHROPIC_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL"])
@pytest.mark.parametrize("road", ANYTHING.values(), ids=ANYTHING)
@pytest.mark.parametrize("marker", ["", "@pytest.mark.claude\n"], ids=["other test", "claude test"])
def test_all_that_a_base_url_names_is_the_apis(
    project, gateway, monkeypatch, variable: str, road: str, marker: str
) -> None:
    monkeypatch.setenv(variable, gateway.url)
    code = road.replace("PORT", str(gateway.port)).replace("ANTHROPIC_BASE_URL", variable)
    project.tests(f"from roads import *\n{marker}def test_asks():\n    {code}\n")
    project.run("test_app.py", "test_calls.py").assert_outcomes(passed=1, failed=1)
    assert gateway.hits() == []


def test_of_a_base_url_with_a_path_only_what_is_below_it_is_the_apis(
    project, gateway, monkeypatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"{gateway.url}/claude")
    tests = "from roads import *\n"
    for name, path in {"below": "/claude/else", "beside": "/claudette", "other": "/"}.items():
        tests += f"def test_{name}():\n    urllib.request.urlopen('{gateway.url}{path}').read()\n"
    project.tests(tests)
    project.run().assert_outcomes(passed=3, failed=1)
    assert gateway.hits() == ["GET /claudette", "GET /"]


def test_without_its_shape_and_name_a_server_of_the_machine_is_not_touched(
    project, gateway
) -> None:
    project.tests(
        "from roads import *\ndef test_reads(claude):\n    ask()\n"
        f"    urllib.request.urlopen('{gateway.url}/v1/messages').read()\n"
        f"    http_library.get('{gateway.url}/orders').raise_for_status()\n"
    )
    project.record().assert_outcomes(passed=2)
    project.run().assert_outcomes(passed=2)
    assert gateway.hits() == ["GET /v1/messages", "GET /orders"] * 2


@pytest.mark.parametrize("road", [*UNREPLAYED, "requests"])
def test_what_cant_be_recorded_is_refused_while_recording(project, gateway, road: str) -> None:
    if road == "requests":
        pytest.importorskip("requests", reason="requests is not installed")
    project.tests(
        "from roads import *\ndef by_requests(base):\n    import requests\n"
        "    return requests.post(base + '/v1/messages', json=BODY).json()\n"
        f"def test_asks(claude):\n    by_{road}({gateway.url!r})\n"
    )
    result = project.record("test_app.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *: a call that can't be replayed was refused"])
    assert gateway.hits() == []
    assert project.cassettes == ["test_calls/test_calls/claude-sonnet-4-5.yaml"]


def test_a_connection_that_no_library_of_ours_opens_is_refused_while_recording(project) -> None:
    project.tests(
        "import socket\ndef test_asks(claude):\n    ask()\n"
        "    socket.getaddrinfo('api.anthropic.com', 443)\n"
    )
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E   *: a connection to api.anthropic.com: a call that can't be *"]
    )


def test_a_call_of_another_thread_to_no_model_opens_no_road_while_recording(
    project, made_up
) -> None:
    code = """
def test_asks(claude):
    ask()
    with socket.create_server(("127.0.0.1", 0)) as slow:
        url = f"http://127.0.0.1:{slow.getsockname()[1]}/orders"
        other = threading.Thread(target=http_library.get, args=(url,))
        other.start()
        asked, _ = slow.accept()
        with asked:
            asked.recv(9)
            try:
                socket.getaddrinfo("api.anthropic.com", 443)
            finally:
                asked.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
                other.join()
"""
    project.tests(f"from roads import *\n{code}")
    result = project.record("test_app.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E   *: a connection to api.anthropic.com: a call that can't be *"]
    )


def test_a_gateway_is_recorded_and_replayed_through_the_sdk(project, gateway) -> None:
    project.tests(
        "from roads import *\ndef test_asks(claude):\n"
        f"    assert by_the_sdk({gateway.url!r}) == by_httpx({gateway.url!r}) == 'made up'\n"
        "    assert claude.stops_with('end_turn')\n"
    )
    project.record("test_app.py").assert_outcomes(passed=1)
    assert gateway.hits() == ["POST /v1/messages"] * 2
    project.run("--claude-strict").assert_outcomes(passed=2)
    assert len(gateway.hits()) == 2


@pytest.mark.parametrize("road", ["urllib", "the_sdk"])
@pytest.mark.fault("T07")
def test_a_call_to_a_gateway_at_import_is_reported(project, gateway, road: str) -> None:
    project.tests(f"from roads import *\nby_{road}({gateway.url!r})\ndef test_a(): pass\n")
    result = project.run()
    result.assert_outcomes(passed=2)
    expected = f"a model was asked (POST 127.0.0.1:{gateway.port}/v1/messages): imports are not"
    assert expected in words_of(result)


def test_a_call_to_a_server_of_the_tests_at_import_is_not_reported(project, made_up) -> None:
    code = """
sys.argv[1:] = [HITS]
serving = server()
threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True).start()
ADDRESS = f"http://127.0.0.1:{serving.server_port}"

def test_a():
    assert by_urllib(ADDRESS) == by_the_sdk(ADDRESS) == "made up"

by_urllib(ADDRESS), by_the_sdk(ADDRESS)
"""
    before = [*sys.argv]
    project.tests(inner(code, made_up))
    result = project.run()
    sys.argv[:] = before
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*while the tests were imported*")


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.fault("N03")
def test_any_library_asks_our_own_server(project, made_up, road: str) -> None:
    project.tests(
        "from roads import *\ndef test_asks(claude, claude_server):\n"
        f"    by_{road}(claude_server.url)\n    assert claude.stops_with('end_turn')\n"
    )
    from simulator import says

    project.personas(old=says("Hello."))
    project.record("test_app.py").assert_outcomes(passed=1)
    assert "interactions: 1" in project.cassette(
        "test_app/test_asks/claude-sonnet-4-5.yaml").read_text()  # fmt: skip
    project.run("--claude-strict", "test_app.py").assert_outcomes(passed=1)


# --- mocks, in a claude test ----------------------------------------------------------------


@pytest.mark.parametrize("own", OWN)
def test_a_miss_names_the_teams_own_server(project, made_up, own: str) -> None:
    project.tests(inner("def test_asks(claude, own):\n    by_the_sdk(own)\n", made_up, own))
    result = project.run("test_app.py")
    result.assert_outcomes(failed=1)
    who = "the tests started" if own == "a child" else "of this process"
    assert "CassetteMiss" in words_of(result)
    assert f"{who}, stands in for the API here; recordings answer a claude test" in words_of(result)
    assert not made_up.exists()


def test_a_recording_of_a_teams_own_server_says_so(project, made_up) -> None:
    project.tests(inner("def test_asks(claude, own):\n    by_the_sdk(own)\n", made_up))
    result = project.record("test_app.py")
    result.assert_outcomes(passed=1)
    assert "a server of this process, answered what is recorded as answers" in words_of(result)


def test_what_a_teams_own_server_answers_is_told_where_it_is_not_recorded(project, made_up) -> None:
    project.tests(inner("def test_asks(claude, own):\n    ask()\n    by_urllib(own)\n", made_up))
    for result in (project.record("test_app.py"), project.run("test_app.py")):
        result.assert_outcomes(passed=1)
        words = words_of(result)
        assert "a server of this process, looks like the API: what it answers" in words


REFUSES_FILES = """
import builtins

def refuse_files(monkeypatch):
    for owner, name in ((builtins, "open"), (os, "listdir"), (os, "scandir"), (os, "readlink")):
        def guarded(*args, real=getattr(owner, name), **kwargs):
            if asyncio._get_running_loop() is not None:
                raise RuntimeError(f"{args} in the event loop")
            return real(*args, **kwargs)
        monkeypatch.setattr(owner, name, guarded)

def by_the_async_sdk(base):
    async def ask():
        async with anthropic.AsyncAnthropic(api_key="k", base_url=base, max_retries=0) as client:
            return (await client.messages.create(**BODY)).content[0].text
    return asyncio.run(ask())
"""


@pytest.mark.parametrize("based", [False, True], ids=["", "named by a base URL"])
@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("road", ["the_async_sdk", "aiohttp"])
def test_a_teams_own_server_is_looked_for_in_no_event_loop(
    project, made_up, road: str, own: str, based: bool
) -> None:
    base = "monkeypatch.setenv('ANTHROPIC_BASE_URL', own)" if based else ""
    code = f"""
def test_other(own, monkeypatch):
    {base or "pass"}
    refuse_files(monkeypatch)
    assert by_{road}(own) == "made up"

def test_asks(claude, own, monkeypatch):
    refuse_files(monkeypatch)
    by_{road}(own)
    ask()
"""
    project.tests(inner(REFUSES_FILES + code, made_up, own))
    result = project.run("test_app.py", "-p", "no:randomly")
    words = words_of(result)
    assert "in the event loop" not in words
    result.assert_outcomes(passed=1, failed=1)
    if road == "aiohttp":
        assert "looks like the API: what it answers a claude test is not recorded" in words
    else:
        assert "stands in for the API here; recordings answer a claude test" in words


RESPX = """
import anthropic, httpx, respx
from made_up import ANSWER
from roads import BODY, by_the_sdk

URL = "https://api.anthropic.com/v1/messages"

def by_respx(router):
    router.post(URL).mock(return_value=httpx.Response(200, content=ANSWER))
    if anthropic.__version__.startswith("0."):  # later ones are on httpx2, which respx lets be
        return by_the_sdk("https://api.anthropic.com")
    return httpx.post(URL, json=BODY).json()["content"][0]["text"]
"""


@pytest.mark.parametrize("using", ["httpcore", "httpx"])
@pytest.mark.fault("T06")
def test_respx_is_left_alone_outside_claude_tests_and_named_inside(
    project, made_up, using: str
) -> None:
    pytest.importorskip("respx", reason="respx is not installed")
    project.tests(
        f"{RESPX}\ndef test_other():\n    with respx.mock(using={using!r}) as router:\n"
        "        assert by_respx(router) == 'made up'\n"
        f"def test_asks(claude):\n    with respx.mock(using={using!r}) as router:\n"
        "        by_respx(router)\n    assert claude.stops_with('end_turn')\n"
    )
    for record in (True, False):
        result = project.record("test_app.py") if record else project.run("test_app.py")
        result.assert_outcomes(passed=1, failed=1)
        answered = record or using == "httpx"
        told = "respx answered" if answered else "respx stands in for the API here"
        assert told in words_of(result)
    assert project.cassettes == ["test_calls/test_calls/claude-sonnet-4-5.yaml"]


def test_beside_a_mock_of_other_hosts_claude_is_recorded_and_replayed(project, made_up) -> None:
    pytest.importorskip("respx", reason="respx is not installed")
    project.tests(
        """
import httpx, respx

def test_asks(claude):
    with respx.mock(assert_all_called=False) as router:
        router.get("https://weather.example/").mock(return_value=httpx.Response(200, text="dry"))
        router.route(host="127.0.0.1").pass_through()
        assert httpx.get("https://weather.example/").text == "dry"
        ask()
    assert claude.calls_tool("lookup_order")
"""
    )
    project.record("test_app.py").assert_outcomes(passed=1)
    project.run("test_app.py", "--claude-strict").assert_outcomes(passed=1)


@pytest.mark.fault("T06")
def test_vcrpys_use_cassette_is_left_alone_outside_claude_tests_and_named_inside(
    project, made_up
) -> None:
    cassette = "cassettes/test_calls/test_calls/claude-sonnet-4-5.yaml"
    project.tests(
        f"""
import vcr

def test_other():
    with vcr.use_cassette({cassette!r}, record_mode="none"):
        assert ask().content[0].name == "lookup_order"

def test_asks(claude):
    with vcr.use_cassette({cassette!r}, record_mode="none"):
        ask()
    assert claude.calls_tool("lookup_order")
"""
    )
    result = project.run("test_app.py", "-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    words = words_of(result)
    # vcrpy before 8.2 patches below us: it would answer what we have not answered.
    below = "vcr.use_cassette stands in for the API here; recordings answer a claude test"
    above = "no call reached the API: vcr.use_cassette answered, and a mock is no model"
    assert above in words or below in words
