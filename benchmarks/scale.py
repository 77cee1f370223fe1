"""How fast a suite is recorded by many workers, beside what the limits of the account allow.

    python benchmarks/scale.py [--calls N] [--workers N] [--latency S] [--only NAME] [--json]

Each row records a suite of tests of one call each at a simulated API that has limits. Wall time
counts, for the calls wait on the network: from the first call to the last answer, for xdist hands
no test out before all workers have started. The simulated API shares the cores of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from simulator import Account, Simulator, says, slow  # noqa: E402

MODEL = "claude-sonnet-4-5"
SUITE = f"""
import anthropic, pytest

@pytest.mark.parametrize("number", range({{calls}}))
def test_asks(claude, number):
    with anthropic.Anthropic() as client:
        client.messages.create(model="{MODEL}", max_tokens=100,
            messages=[{{{{"role": "user", "content": f"Question {{{{number}}}}"}}}}])
    assert claude.reply.text == "Hello."
"""
WITHIN = 1.3  # times what the limit allows


@dataclass(frozen=True)
class Row:
    """One recording.

    Attributes:
        name: The limits.
        allowed_s: What they allow, and the number of workers.
        took_s: From the first call to the last answer.
        whole_s: What pytest took.
        made: Calls that were answered.
        refused: Calls that were answered 429.
        while_closed: Calls that came while a refused one said to wait.
    """

    name: str
    allowed_s: float
    took_s: float
    whole_s: float
    made: int
    refused: int
    while_closed: int

    @property
    def ratio(self) -> float:
        return self.took_s / self.allowed_s


def measure(name: str, account: Account, allowed_s: float, args: argparse.Namespace) -> Row:
    """Record the suite at an API with these limits."""
    persona = slow(says("Hello."), args.latency)
    with tempfile.TemporaryDirectory() as folder, Simulator({MODEL: persona}, account) as simulator:
        Path(folder, "test_scale.py").write_text(SUITE.format(calls=args.calls))
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        whole_s = run(folder, args.workers, simulator.url)
    took_s = max(each.went or 0 for each in account.passed) - account.passed[0].came
    closed = account.sent_while_closed(tolerance_s=0.1)
    refused = len(account.passed) - len(account.answered)
    made = len(account.answered)
    return Row(name, allowed_s, took_s, whole_s, made, refused, len(closed))


def run(folder: str, workers: int, url: str) -> float:
    """Seconds that pytest takes to record the suite."""
    words = ["-q", "-p", "no:randomly", "-n", str(workers), "--claude-record"]
    command = [sys.executable, "-m", "pytest", *words]
    environment = {**os.environ, "ANTHROPIC_API_KEY": "sk-ant-none", "ANTHROPIC_BASE_URL": url}
    environment.pop("CI", None)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    calls, latency = args.calls, args.latency
    free_s = calls * latency / args.workers
    minute_s = max(free_s, (calls - 100) / 100 * 60)
    rows = {
        "no limit": (Account(), free_s),
        "8 at a time": (Account(at_a_time=8), max(free_s, calls * latency / 8)),
        "100 a minute": (Account(per_minute=100, tells=True), minute_s),
        "100 a minute, which it does not tell": (Account(per_minute=100), minute_s),
    }
    failed = False
    for name, (account, allowed_s) in rows.items():
        if args.only not in name:
            continue
        row = measure(name, account, allowed_s, args)
        failed |= row.ratio > WITHIN or row.made != calls or row.while_closed > 0
        if args.json:
            print(json.dumps({**asdict(row), "ratio": row.ratio}))
        else:
            print(
                f"{row.name}: {row.took_s:.1f} s, {row.ratio:.2f} x what it allows, and "
                f"{row.whole_s:.1f} s with the start; {row.made} calls of {calls}, "
                f"{row.refused} refused, {row.while_closed} in a pause",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
