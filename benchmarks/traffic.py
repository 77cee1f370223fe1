"""What 10,000 spans of traffic cost that become a test: time and memory.

    python benchmarks/traffic.py [--spans N] [--words N] [--prompts] [--json]

An export of OpenTelemetry is made: agents of two to six calls, each with its history, some spans of
tools and of another vendor's model; --words N makes the spans longer, --prompts gives each agent a
system prompt of its own, of 400 words. `pytest-claude from otel` reads it, writes the test and
replays it. Wall time counts, and the peak of memory of the command and of the programs that it
starts. Exit: 1 if a goal is missed: 60 s and 1 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Any

MODEL = "claude-sonnet-4-5"
APPS = 8
WORDS = ("order", "parcel", "invoice", "refund", "size", "colour", "late", "broken", "missing",
         "return", "address", "gift", "voucher", "delivery", "stock", "warranty")  # fmt: skip
TOOLS = [
    {"type": "function", "name": f"tool_{n}", "description": "Does what it says. " * 20,
     "parameters": {"type": "object", "properties": {"id": {"type": "string"}}}}
    for n in range(4)
]  # fmt: skip
LOOKED_UP = [f"{a}{b}{c}" for a in ascii_lowercase for b in "aeiou" for c in ascii_lowercase]
_GOAL_S, _GOAL_MB = 60, 1_000


def attribute(name: str, value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else json.dumps(value)
    return {"key": name, "value": {"stringValue": text}}


def span(trace: int, number: int, attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        "traceId": f"{trace:032x}", "spanId": f"{number:016x}", "name": "chat",
        "startTimeUnixNano": str(10**18 + number), "status": {},
        "attributes": [attribute(*each) for each in attributes.items()],
    }  # fmt: skip


def spans(number: int, words: int, *, prompts: bool = False) -> Iterator[dict[str, Any]]:
    """So many spans, the same each time."""
    random, made, trace = Random(1), 0, 0
    while made < number:
        trace += 1
        app = trace % APPS
        asked = " ".join(random.choices(WORDS, k=40))
        messages: list[dict[str, Any]] = [
            {"role": "user", "parts": [{"type": "text", "content": f"Order {trace}: {asked}"}]}
        ]
        own = " ".join(random.sample(LOOKED_UP, k=400)) if prompts else ""
        steps = 2 + trace % 5
        for step in range(steps):
            call = {"type": "tool_call", "id": f"toolu_{made}", "name": f"tool_{step % 4}",
                    "arguments": {"id": str(trace)}}  # fmt: skip
            last = step == steps - 1
            text = {"type": "text", "content": " ".join(random.choices(WORDS, k=80))}
            part = text if last else call
            out = {"role": "assistant", "parts": [part], "finish_reason": "stop"}
            yield span(trace, made, {
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
                "gen_ai.request.model": "gpt-4o" if trace % 10 == 0 else MODEL,
                "gen_ai.system_instructions": [
                    {"type": "text", "content": f"You are app {app}. {own}" + "Be kind. " * 100}],
                "gen_ai.input.messages": messages, "gen_ai.output.messages": [out],
                "gen_ai.tool.definitions": TOOLS,
            })  # fmt: skip
            result = " ".join(random.choices(WORDS, k=words))
            back = {"type": "tool_call_response", "id": f"toolu_{made}", "response": result}
            messages = [*messages, {"role": "assistant", "parts": [call]},
                        {"role": "tool", "parts": [back]}]  # fmt: skip
            yield span(trace, made + 1, {"gen_ai.operation.name": "execute_tool"})
            made += 2


def main() -> int:
    """Make an export, time the command, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=100, help="of what a tool gives back")
    parser.add_argument("--prompts", action="store_true", help="a system prompt for each agent")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        with (folder / "spans.jsonl").open("w") as file:
            for each in spans(options.spans, options.words, prompts=options.prompts):
                scope = [{"scope": {}, "spans": [each]}]
                line = {"resourceSpans": [{"resource": {}, "scopeSpans": scope}]}
                file.write(json.dumps(line) + "\n")
        size = (folder / "spans.jsonl").stat().st_size
        words = ["from", "otel", "spans.jsonl", "--into", "tests"]
        start = time.perf_counter()
        ran = subprocess.run(
            [sys.executable, "-m", "pytest_claude.cli", *words],
            cwd=folder, check=False, capture_output=True, text=True, env={**os.environ},
        )  # fmt: skip
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_024
    row = {"spans": options.spans, "export_mb": round(size / 1e6), "seconds": round(seconds, 1),
           "peak_mb": round(peak), "progress_lines": len(ran.stderr.splitlines())}  # fmt: skip
    print(json.dumps(row) if options.json else "  ".join(f"{k} {v:,}" for k, v in row.items()))
    if ran.returncode:
        print(ran.stdout, ran.stderr, file=sys.stderr)
    return int(bool(ran.returncode) or seconds > _GOAL_S or peak > _GOAL_MB)


if __name__ == "__main__":
    sys.exit(main())
