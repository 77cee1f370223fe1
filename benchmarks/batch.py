"""A big suite through the Message Batches API: rounds, price, memory of the controller.

    python benchmarks/batch.py [SINGLE] [LOOPS]

Records SINGLE tests of one call (300) and LOOPS agents of three turns (40) at a simulated API with
`--claude-batch` and directly, and compares the outcomes of both in replay.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from simulator import Simulator, by_prompt, calls, says, script  # noqa: E402

MODEL = "claude-sonnet-4-5"
TESTS = """
import os

import httpx2 as http
import pytest


def ask(messages):
    answer = http.post(
        os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com") + "/v1/messages",
        json={{"model": "{model}", "max_tokens": 100, "messages": messages}},
        headers={{"x-api-key": os.environ.get("ANTHROPIC_API_KEY", "k")}},
        timeout=60,
    )
    return answer.raise_for_status().json()["content"]


@pytest.mark.parametrize("number", range({single}))
def test_single(claude, number):
    ask([{{"role": "user", "content": f"single {{number}}"}}])
    assert claude.calls_tool("look") if number % 7 else claude.calls_no_tool()


@pytest.mark.parametrize("number", range({loops}))
def test_loop(claude, number):
    messages = [{{"role": "user", "content": f"loop {{number}}"}}]
    for _ in range(3):
        said = ask(messages)
        messages += [{{"role": "assistant", "content": said}}, {{"role": "user", "content": "on"}}]
    assert claude.replies[-1].text == "third"
"""
PERSONA = by_prompt(
    {r"^single \d*[05]$": says("I don't look.")},
    by_prompt({"^loop": script(says("first"), says("second"), says("third"))}, calls(("look", {}))),
)


def main(single: int, loops: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        text = TESTS.format(single=single, loops=loops, model=MODEL)
        outcomes = []
        for way in ("--claude-batch", "--claude-record"):
            place = Path(folder, way)
            place.mkdir()
            (place / "test_suite.py").write_text(text)
            with Simulator({MODEL: PERSONA}) as simulator:
                began = time.perf_counter()
                _, printed, peak = run(place, simulator.url, way)
                took = time.perf_counter() - began
                outcome, _, _ = run(place, "http://127.0.0.1:9", "-rA")
                outcomes.append(outcome)
                in_batch = [batched for _, batched in simulator.billed]
                print(
                    f"{way}: {took:.1f} s, {peak / 1024:.0f} MB, {len(in_batch)} calls billed, "
                    f"{sum(in_batch)} of them in {len(simulator.batches)} batches"
                )
                print("\n".join(re.findall(r"^.*answered in batches.*\n.*$", printed, re.M)))
        same = outcomes[0] == outcomes[1]
        print(f"{len(outcomes[0])} outcomes in replay, {'the same' if same else 'others'}")
        return not same


def run(folder: Path, url: str, *words: str) -> tuple[list[str], str, int]:
    """The outcome of each test in replay, what was printed, and the peak memory in kB."""
    environment = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-simulated"}
    environment.pop("CI", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider",
               "--tb=no", *words]  # fmt: skip
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, _, used = os.wait4(process.pid, 0)
    return sorted(re.findall(r"^(?:PASSED|FAILED) \S+", printed, re.M)), printed, used.ru_maxrss


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(numbers + [300, 40][len(numbers) :])))
