"""Suites of one call per test, recorded without a model: what `scale.py` measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.entry import Recorded
from pytest_claude.run.place import ORDINARY, FileNames, Layout, Side, gate_names
from pytest_claude.transcript.interaction import Interaction, Request, Response

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
KEY = "sk-ant-api03-not-a-real-key"
URL = "https://api.anthropic.com/v1/messages"
JSON = {"content-type": "application/json"}
REPLY = "I looked at your order. The hammer will arrive on Thursday. " * 5

_APP = f'''
import anthropic, pytest

CLIENTS = []

def client():
    if {{each}} or not CLIENTS:
        CLIENTS[:] = [anthropic.Anthropic(api_key="{KEY}")]
    return CLIENTS[0]

@pytest.mark.parametrize("number", range({{tests}}))
def test_asks({{fixture}}number):
    answer = client().messages.create(model="{OLD}", max_tokens=100,
        messages=[{{{{"role": "user", "content": f"Question {{{{number}}}}"}}}}])
    assert {{check}}
'''

# The rounds of batches are processes of their own: the one that was started ends last.
_PEAK = """
import atexit, pathlib, resource

peak = pathlib.Path(__file__).with_name("peak")
usage = resource.getrusage
atexit.register(lambda: peak.write_text(str(usage(resource.RUSAGE_SELF).ru_maxrss)))
"""


@dataclass(frozen=True)
class Spent:
    """What a run of pytest took.

    Attributes:
        cpu_s: CPU time in seconds, of the processes that it started too.
        peak_kb: Its peak of memory.
        largest_kb: The peak of the largest of its processes.
    """

    cpu_s: float
    peak_kb: int
    largest_kb: int


def of_ours(folder: Path, tests: int, *, each: bool = True) -> Path:
    """A suite that uses our fixture, not recorded; with a client for each test, or one for all."""
    check = 'claude.stops_with("end_turn")'
    text = _APP.format(tests=tests, fixture="claude, ", check=check, each=each)
    return _project(folder, text)


def bare(folder: Path, tests: int, *, each: bool = True) -> Path:
    """The same calls by the SDK alone."""
    check = 'answer.stop_reason == "end_turn"'
    return _project(folder, _APP.format(tests=tests, fixture="", check=check, each=each))


def _project(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "test_scale.py").write_text(text)
    (folder / "conftest.py").write_text(_PEAK)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return folder


def data_set(folder: Path, number: int) -> Path:
    """A test of so many cases."""
    text = 'import pytest_claude\n\n@pytest_claude.cases("cases.jsonl")\n'
    _project(folder, f"{text}def test_asks(case, claude): pass\n")
    rows = ({"id": f"c{n}", "prompt": REPLY, "tags": [f"t{n % 7}"]} for n in range(number))
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def recorded(folder: Path, tests: int, *, base: int = 1, cand: int = 0) -> Path:
    """A suite of ours with so many trials of a test on the baseline and the candidate."""
    of_ours(folder, tests)
    layout = Layout.below(folder / "cassettes", folder)
    sides = (ORDINARY, OLD, base), (Side(gate_names([(OLD, NEW)])[0], stream="cand"), NEW, cand)
    for number in range(tests):
        test = f"test_scale.py::test_asks[{number}]"
        for side, model, trials in sides:
            place = folder / "cassettes" / layout.test(test, side).folders[-1]
            for index in range(trials):
                entry = Recorded.of(_interaction(model, number, f"{side.stream}{index}"))
                text = cassette.dumps([entry], label=Label(test=test, model=model))
                place.mkdir(parents=True, exist_ok=True)
                (place / FileNames.spellings(model, index)[1]).write_text(text, "utf-8")
    return folder


def _interaction(model: str, number: int, trial: str) -> Interaction:
    messages = [{"role": "user", "content": f"Question {number}"}]
    sent = {"model": model, "max_tokens": 100, "messages": messages}
    answer = {
        "id": f"msg_{number}_{trial}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": REPLY}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 70},
    }
    request = Request("POST", URL, json.dumps(sent).encode(), JSON)
    return Interaction(request, Response(200, json.dumps(answer).encode(), JSON))


def run(folder: Path, *words: str, url: str | None = None) -> Spent:
    """One run of pytest, whose tests must pass."""
    dropped = ("PYTEST_ADDOPTS", "CI", "PYTHONDONTWRITEBYTECODE")
    environment = {k: v for k, v in os.environ.items() if k not in dropped}
    # Bytecode is kept, as where a plugin is installed; an SDK's own warnings are not measured.
    environment |= {"PYTHONWARNINGS": "ignore", "ANTHROPIC_API_KEY": KEY}
    if url is not None:
        environment["ANTHROPIC_BASE_URL"] = url
    off = [word for name in ("randomly", "cacheprovider", "xdist") for word in ("-p", f"no:{name}")]
    command = [sys.executable, "-m", "pytest", "-q", *off, *words]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(printed[-3000:])
    peak_kb = int((folder / "peak").read_text())
    return Spent(used.ru_utime + used.ru_stime, peak_kb, used.ru_maxrss)
