"""What recording and replaying cost, beside the SDK alone, vcrpy and pytest-recording.

    python benchmarks/replay.py [--json] [--rounds N] [--only NAME]

Ratios within one run count, milliseconds do not: all variants of a row run in the same process,
interleaved round by round or block by block, on CPU time, medians. The floor is the SDK itself with
one shared client on `MockTransport`, with the same requests and responses. Rows that run pytest
measure the CPU of child processes, and take a run that only collects off. The time to the first
token is wall time, because that is what an app feels.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import vcr

from pytest_claude.recording import cassette
from pytest_claude.recording.doors import patching
from pytest_claude.recording.doors.line import line
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.run.place import FileNames
from pytest_claude.settings import RecordMode
from pytest_claude.transcript.interaction import Interaction, Request, Response

MODEL = "claude-sonnet-4-5"
FILE = f"{MODEL}.yaml"
URL = "https://api.anthropic.com/v1/messages"
SYSTEM = "You answer the customers of a hardware store, briefly and politely. " * 60
TEXT = "The hammer is on its way to you and will arrive on Thursday. " * 40
JSON = {"content-type": "application/json"}
BLOCK = 10  # calls, between which floor and ours take turns
MATCH_ON = ["method", "host", "path", "query", "body"]

Run = Callable[[], None]


def body(question: str | list[Any]) -> dict[str, Any]:
    """A request of about 5 kB."""
    messages = [{"role": "user", "content": question}] if isinstance(question, str) else question
    return {"model": MODEL, "max_tokens": 100, "system": SYSTEM, "messages": messages}


def answer(text: str = TEXT) -> dict[str, Any]:
    """A response of about 3 kB."""
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1200, "output_tokens": 700},
    }


def interaction(request: dict[str, Any]) -> Interaction:
    """The request with its answer, as recorded."""
    sent = Request("POST", URL, json.dumps(request).encode(), JSON)
    return Interaction(sent, Response(200, json.dumps(answer()).encode(), JSON))


def save(path: Path, requests: list[dict[str, Any]]) -> None:
    """A cassette of ours with these requests."""
    cassette.save(path, [Recorded.of(interaction(request)) for request in requests])


def shared_client() -> anthropic.Anthropic:
    """The floor's client."""
    data = json.dumps(answer()).encode()
    mock = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=JSON, content=data))
    return anthropic.Anthropic(api_key="x", http_client=httpx2.Client(transport=mock))


@contextmanager
def trial(folder: Path, mode: RecordMode = "none") -> Iterator[None]:
    """One trial of ours, as the plugin opens and closes it."""
    place = Place(Folder((folder,), FileNames(), folder), 0, "pytest")
    recorder = Recorder(place, mode, redaction=Redaction())
    with line(recorder):
        yield
    recorder.close(ended=True)


def measured(variants: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each variant, round by round, in rotating order."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    names = list(variants)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            gc.collect()
            start = time.process_time()
            variants[name]()
            seconds[name].append(time.process_time() - start)
    return seconds


def ratio(seconds: dict[str, list[float]], over: str, under: str) -> float:
    """The median of `over` in units of the median of `under`."""
    return statistics.median(seconds[over]) / statistics.median(seconds[under])


# --- in process -----------------------------------------------------------------------------


def one_call_per_test(folder: Path, rounds: int) -> dict[str, Any]:
    """One call and one cassette per test; the app builds its client in each test."""
    number = 200
    requests = [body(f"question {n}") for n in range(number)]
    for n, request in enumerate(requests):
        save(folder / str(n) / FILE, [request])
    client = shared_client()

    def floor() -> None:
        for request in requests:
            client.messages.create(**request)

    def ours() -> None:
        for n, request in enumerate(requests):
            with trial(folder / str(n)):
                anthropic.Anthropic(api_key="x").messages.create(**request)

    def vcrpy() -> None:
        for n, request in enumerate(requests[:20]):
            path = str(folder / str(n) / FILE)
            with vcr.use_cassette(path, record_mode="none", match_on=MATCH_ON):
                anthropic.Anthropic(api_key="x").messages.create(**request)

    seconds = measured({"floor": floor, "ours": ours}, rounds)
    with unpatched():
        seconds |= measured({"vcrpy": vcrpy}, 3)
    return {
        "ratio": ratio(seconds, "ours", "floor"),
        "vcrpy": ratio(seconds, "vcrpy", "floor") * number / 20,
        "ms": statistics.median(seconds["ours"]) / number * 1000,
    }


def one_big_cassette(folder: Path, rounds: int) -> dict[str, Any]:
    """Many calls in one cassette: per call, and what loading the file costs.

    Few calls of ours and of the floor by turns: what else runs on the machine meets both.
    """
    found: dict[str, Any] = {}
    for number in (30, 300, 3000):
        found[str(number)] = _one_size(folder / str(number), number, rounds)
    found["ratio"] = max(size["ratio"] for size in found.values())
    return found


def _one_size(folder: Path, number: int, rounds: int) -> dict[str, float]:
    client, first = shared_client(), body("loads the cassette")
    requests = [body(f"question {n}") for n in range(number)]
    save(folder / FILE, [first, *requests])
    sample = requests[:: max(1, number // 300)] * (1 if number > 100 else 10)
    ratios: list[float] = []
    loads: list[float] = []

    def spent(asked: anthropic.Anthropic, block: list[dict[str, Any]]) -> float:
        start = time.process_time()
        for request in block:
            asked.messages.create(**request)
        return time.process_time() - start

    for _ in range(rounds):
        for begin in range(0, len(sample), number):
            started, in_blocks = time.process_time(), 0.0
            with trial(folder):
                real = anthropic.Anthropic(api_key="x")
                real.messages.create(**first)
                for at in range(begin, min(begin + number, len(sample)), BLOCK):
                    block = sample[at : at + BLOCK]
                    ours = spent(real, block)
                    with line(None):
                        floor = spent(client, block)
                    ratios.append(ours / floor)
                    in_blocks += ours + floor
            loads.append(time.process_time() - started - in_blocks)
    return {
        "ratio": statistics.median(ratios),
        "load_ms_per_interaction": statistics.median(loads) / number * 1000,
    }


def agent(folder: Path, rounds: int) -> dict[str, Any]:
    """An agent of 50 turns that sends its whole history in each: the whole test."""
    history: list[Any] = []
    requests = []
    for turn in range(50):
        result = {"type": "tool_result", "tool_use_id": f"t{turn}", "content": f"row {turn}; " * 80}
        history.append({"role": "user", "content": [result] if turn else "Begin."})
        requests.append(body(list(history)))
        use = {"type": "tool_use", "id": f"t{turn + 1}", "name": "look", "input": {"q": "x" * 50}}
        said = {"type": "text", "text": "I look at the next row. " * 15}
        history.append({"role": "assistant", "content": [said, use]})
    save(folder / FILE, requests)
    client = shared_client()

    def floor() -> None:
        for request in requests:
            client.messages.create(**request)

    def ours() -> None:
        with trial(folder):
            real = anthropic.Anthropic(api_key="x")
            for request in requests:
                real.messages.create(**request)

    def vcrpy() -> None:
        with vcr.use_cassette(str(folder / FILE), record_mode="none", match_on=MATCH_ON):
            real = anthropic.Anthropic(api_key="x")
            for request in requests:
                real.messages.create(**request)

    seconds = measured({"floor": floor, "ours": ours}, rounds)
    with unpatched():
        seconds |= measured({"vcrpy": vcrpy}, 1)
    return {
        "ratio": ratio(seconds, "ours", "floor"),
        "vcrpy": ratio(seconds, "vcrpy", "floor"),
        "megabytes": (folder / FILE).stat().st_size / 1e6,
    }


@contextmanager
def unpatched() -> Iterator[None]:
    """vcrpy patches the same classes."""
    patching.uninstall()
    try:
        yield
    finally:
        patching.install()


# --- recording, from a server in another process --------------------------------------------


class Paced(BaseHTTPRequestHandler):
    """Answers at once, or streams eleven pieces 50 ms apart."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not request.get("stream"):
            data = json.dumps(answer()).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        start = {**answer(), "content": [], "stop_reason": None}
        self.event("message_start", message=start)
        block = {"type": "text", "text": ""}
        self.event("content_block_start", index=0, content_block=block)
        for _ in range(11):
            time.sleep(0.05)
            delta = {"type": "text_delta", "text": "piece "}
            self.event("content_block_delta", index=0, delta=delta)
        self.event("content_block_stop", index=0)
        self.event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9})
        self.event("message_stop")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, kind: str, **data: Any) -> None:
        text = f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.flush()


@contextmanager
def server() -> Iterator[str]:
    """A server in a process of its own: its CPU is not ours."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()


def serve() -> None:
    """Serve until killed; prints the port."""
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Paced)
    listening.daemon_threads = True
    print(listening.server_port, flush=True)
    listening.serve_forever()


def first_token(folder: Path, rounds: int) -> dict[str, Any]:
    """Wall time to the first text of a stream: as it is, recorded by us, recorded by vcrpy."""

    def first(base: str) -> float:
        with anthropic.Anthropic(api_key="x", base_url=base) as client:
            start = time.perf_counter()
            with client.messages.create(**body("go"), stream=True) as stream:
                at = next(time.perf_counter() for e in stream if e.type == "content_block_delta")
                for _ in stream:
                    pass
        return at - start

    seconds: dict[str, list[float]] = {"direct": [], "ours": [], "vcrpy": []}
    with server() as base:
        for number in range(rounds + 2):
            seconds["direct"].append(first(base))
            with trial(folder / f"ours{number}", "all"):
                seconds["ours"].append(first(base))
            if number < 2:
                with unpatched(), vcr.use_cassette(str(folder / f"vcr{number}.yaml")):
                    seconds["vcrpy"].append(first(base))
    return {
        "ratio": ratio(seconds, "ours", "direct"),
        "vcrpy": ratio(seconds, "vcrpy", "direct"),
        "direct_ms": statistics.median(seconds["direct"]) * 1000,
    }


def recording_overhead(folder: Path, rounds: int) -> dict[str, Any]:
    """CPU that recording adds to a call, at the beginning and at the end of a long test."""
    calls = 100

    def each(base: str) -> list[float]:
        spent = []
        with anthropic.Anthropic(api_key="x", base_url=base) as client:
            for number in range(calls):
                start = time.process_time()
                client.messages.create(**body(f"question {number}"))
                spent.append(time.process_time() - start)
        return spent

    plain: list[list[float]] = []
    recorded: list[list[float]] = []
    whole: list[float] = []
    with server() as base:
        for number in range(rounds):
            plain.append(each(base))
            start = time.process_time()
            with trial(folder / str(number), "all"):
                recorded.append(each(base))
            whole.append((time.process_time() - start - sum(plain[-1])) / calls)

    def added(first: int, last: int) -> float:
        over = statistics.median(s for run in recorded for s in run[first:last])
        return (over - statistics.median(s for run in plain for s in run[first:last])) * 1000

    return {
        "first_ms": added(1, 11),
        "hundredth_ms": added(90, 100),
        "with_saving_ms": statistics.median(whole) * 1000,
    }


# --- under pytest ---------------------------------------------------------------------------

APP = f"""
import anthropic
SYSTEM = {SYSTEM!r}

def ask(text):
    body = {{"model": {MODEL!r}, "max_tokens": 100, "system": SYSTEM,
            "messages": [{{"role": "user", "content": text}}]}}
    return anthropic.Anthropic(api_key="x").messages.create(**body)
"""


def child_cpu(folder: Path, *arguments: str) -> float:
    """CPU seconds of one pytest run."""
    # Bytecode is kept, as where a plugin is installed: it would be compiled anew in every run.
    dropped = ("PYTEST_ADDOPTS", "CI", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    environment = {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONWARNINGS": "ignore"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def project(folder: Path, tests: str) -> Path:
    """A folder with the app and one test module."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(APP)
    (folder / "test_app.py").write_text(textwrap.dedent(tests))
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    return folder


OURS = ("-p", "pytest_claude.plugin")
THEIRS = ("-p", "pytest_recording.plugin")


def under_pytest(folder: Path, rounds: int) -> dict[str, Any]:
    """One call per test with pytest around it, against pytest-recording.

    What the first test costs both (the SDK imports its resources then) is taken off too: the
    figure is the slope between a short and a long run.
    """
    spent: dict[str, float] = {}
    for name, plugin, kind in (("ours", OURS, OURS_TESTS), ("theirs", THEIRS, THEIR_TESTS)):
        net = []
        for number in (SHORT, LONG):
            where = project(folder / f"{name}{number}", kind.format(number=number))
            cassettes = where / "cassettes" / "test_app"
            for n in range(number):
                test = f"test_asks[{n}]"
                path = cassettes / test / FILE if name == "ours" else cassettes / f"{test}.yaml"
                save(path, [body(f"question {n}")])
            runs = [
                child_cpu(where, *plugin) - child_cpu(where, *plugin, "--collect-only")
                for _ in range(rounds)
            ]
            net.append(statistics.median(runs))
        spent[name] = (net[1] - net[0]) / (LONG - SHORT)
    return {
        "times_faster": spent["theirs"] / spent["ours"],
        "ms": spent["ours"] * 1000,
        "pytest_recording_ms": spent["theirs"] * 1000,
    }


SHORT, LONG = 20, 220
OURS_TESTS = """
import pytest
from app import ask

@pytest.mark.parametrize("n", range({number}))
def test_asks(claude, n):
    assert ask(f"question {{n}}").stop_reason == "end_turn"
"""
THEIR_TESTS = f"""
import pytest
from app import ask

@pytest.fixture(scope="module")
def vcr_config():
    return {{{{"match_on": {MATCH_ON!r}}}}}

@pytest.mark.vcr
@pytest.mark.parametrize("n", range({{number}}))
def test_asks(n):
    assert ask(f"question {{{{n}}}}").stop_reason == "end_turn"
"""


def miss(folder: Path, rounds: int) -> dict[str, Any]:
    """From a request that no recording answers to the failed test."""
    number = 60
    tests = f"""
        import pytest
        from app import ask

        @pytest.mark.parametrize("n", range({number}))
        def test_asks(claude, n):
            ask(f"WORD {{n}}")
        """
    good = project(folder / "good", tests.replace("WORD", "question"))
    stale = project(folder / "stale", tests.replace("WORD", "query"))
    for n in range(number):
        for where in (good, stale):
            path = where / "cassettes" / "test_app" / f"test_asks[{n}]" / FILE
            save(path, [body(f"question {n}")])
    seconds: dict[str, list[float]] = {"good": [], "stale": []}
    for _ in range(min(rounds, 3)):
        seconds["good"].append(child_cpu(good, *OURS))
        seconds["stale"].append(child_cpu(stale, *OURS))
    more = statistics.median(seconds["stale"]) - statistics.median(seconds["good"])
    return {"ms": more / number * 1000}


def unused(folder: Path, rounds: int) -> dict[str, Any]:
    """200 trivial tests with the plugin installed and not used."""
    tests = "import pytest\n@pytest.mark.parametrize('n', range(200))\ndef test(n): pass\n"
    where = project(folder, tests)
    seconds: dict[str, list[float]] = {"bare": [], "ours": [], "recording": []}
    for _ in range(max(rounds, 15)):
        seconds["bare"].append(child_cpu(where))
        seconds["ours"].append(child_cpu(where, *OURS))
        seconds["recording"].append(child_cpu(where, *THEIRS))
    return {
        "ratio": ratio(seconds, "ours", "bare"),
        "pytest_recording": ratio(seconds, "recording", "bare"),
    }


# --- the table ------------------------------------------------------------------------------

ROWS: dict[str, tuple[Callable[[Path, int], dict[str, Any]], str, str, float]] = {
    # name: function, what is compared, the figure, its target
    "one_call_per_test": (one_call_per_test, "× floor, new client per test", "ratio", 2.5),
    "under_pytest": (under_pytest, "times faster than pytest-recording", "times_faster", -6),
    "one_big_cassette": (one_big_cassette, "× floor per call, worst of 30…3000", "ratio", 1.3),
    "agent": (agent, "× floor, 50 turns, whole test", "ratio", 2.5),
    "miss": (miss, "ms from request to failed test", "ms", 50),
    "unused": (unused, "× bare pytest, 200 trivial tests", "ratio", 1.05),
    "first_token": (first_token, "× unrecorded", "ratio", 1.1),
    "recording_overhead": (recording_overhead, "ms CPU per call, the 100th", "hundredth_ms", 3),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="all figures as one JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=list(ROWS), action="append")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        threading.Thread(target=serve).run()
        return 0
    warnings.simplefilter("ignore")
    patching.install()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="pytest-claude-benchmark-") as name:
        for row in options.only or ROWS:
            results[row] = found = ROWS[row][0](Path(name) / row, options.rounds)
            if not options.json:
                print(_line(row, found), flush=True)
    if options.json:
        print(json.dumps({"sdk": anthropic.__version__, "rows": results}, indent=1))
    return 0


def _line(row: str, found: dict[str, Any]) -> str:
    _, what, figure, target = ROWS[row]
    limit = f"≥ {-target:g}" if target < 0 else f"≤ {target:g}"
    more = {key: value for key, value in found.items() if key != figure}
    rest = ", ".join(f"{key} {_short(value)}" for key, value in more.items())
    return f"{row:<20}{found[figure]:7.2f} {what} (target {limit}){f'; {rest}' if rest else ''}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {number:.2f}" for key, number in value.items()) + ")"
    return f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
