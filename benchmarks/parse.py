"""Reading a stream of 20 MB, in units of `json.loads` on the same events.

python benchmarks/parse.py [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from pytest_claude.transcript.stream import assemble, read_events


def stream(pieces: int) -> bytes:
    """A stream of text deltas, about 130 bytes each."""
    start = {"type": "message_start", "message": {"model": "claude-sonnet-4-5", "content": []}}
    block = {"type": "text", "text": ""}
    events: list[dict[str, Any]] = [
        start,
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(
            {"type": "content_block_delta", "index": 0,
             "delta": {"type": "text_delta", "text": f"piece {n:07} of it"}}
            for n in range(pieces)
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
        {"type": "message_stop"},
    ]  # fmt: skip
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


def seconds(work: Callable[[], Any]) -> float:
    """CPU of one run."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak(work: Callable[[], Any]) -> int:
    """The most bytes that a run holds at once."""
    tracemalloc.start()
    work()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    body = stream(150_000)
    whole = b"[" + b",".join(e.split(b"data: ")[1] for e in body.split(b"\n\n")[:-1]) + b"]"
    floor, ours = [], []
    for _ in range(5):
        floor.append(seconds(lambda: json.loads(whole)))
        ours.append(seconds(lambda: assemble(read_events(body))))
    half = stream(75_000)
    found = {
        "megabytes": len(body) / 1e6,
        "ratio": statistics.median(ours) / statistics.median(floor),
        "memory_ratio_of_twice_the_length": peak(lambda: assemble(read_events(body)))
        / peak(lambda: assemble(read_events(half))),
    }
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print(f"{found['ratio']:.2f} × json.loads (target ≤ 3) on {found['megabytes']:.0f} MB")
        print(f"{found['memory_ratio_of_twice_the_length']:.2f} × memory for twice the length")
    return 0


if __name__ == "__main__":
    sys.exit(main())
