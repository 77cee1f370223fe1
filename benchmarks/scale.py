"""What a large suite costs: time and memory by tests, trials and calls that wait.

    python benchmarks/scale.py [PART …] [--json] [--rounds N]

Parts, all of them without one:

    limits   how fast a suite is recorded by many workers, beside what the limits of the account
             allow ([--calls N] [--workers N] [--latency S] [--only NAME])
    replay   a replayed trial of a gate beside a replayed plain test: CPU time, and memory
    record   a recorded test beside the same call by the SDK alone: CPU time
    whole    a gate of many trials, replayed and reported in one process: time, and peak memory
             ([--tests N] [--trials N])
    cases    what 1,000 cases of a data set add to the collection: CPU time
    waiting  memory of the process that submits batches, by calls that wait ([--waiting N])

`limits` records a suite of tests of one call each at a simulated API that has limits. Wall time
counts, for the calls wait on the network: from the first call to the last answer, for xdist hands
no test out before all workers have started. The simulated API shares the cores of the machine.

The other parts take CPU time and the peak of memory of whole runs of pytest, medians of N rounds.
What one more test costs is the slope between a short and a long suite. Exit: 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import suites  # noqa: E402
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


def limits(args: argparse.Namespace) -> Iterator[Figure]:
    """Record one suite under each of several limits."""
    calls, latency = args.calls, args.latency
    free_s = calls * latency / args.workers
    minute_s = max(free_s, (calls - 100) / 100 * 60)
    rows = {
        "no limit": (Account(), free_s),
        "8 at a time": (Account(at_a_time=8), max(free_s, calls * latency / 8)),
        "100 a minute": (Account(per_minute=100, tells=True), minute_s),
        "100 a minute, which it does not tell": (Account(per_minute=100), minute_s),
    }
    for name, (account, allowed_s) in rows.items():
        if args.only in name:
            row = measure(name, account, allowed_s, args)
            yield Figure(f"{name}: time beside what it allows", row.ratio, WITHIN, asdict(row))
            yield Figure(f"{name}: calls made that were not needed", row.made - calls, 0)
            yield Figure(f"{name}: calls in a pause", row.while_closed, 0)


# --- one process ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """One figure that was measured.

    Attributes:
        name: What it is, with its unit.
        value: What was measured.
        goal: The most that it should be.
        more: Further figures, by name.
    """

    name: str
    value: float
    goal: float
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def line(self) -> str:
        """The figure in words."""
        more = ", ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}"
                         for k, v in self.more.items())  # fmt: skip
        return f"{self.name}: {self.value:.2f} (goal <= {self.goal:g}{f'; {more}' if more else ''})"


SHORT, LONG = 100, 400


def slope(rounds: int, run: Callable[[int], suites.Spent]) -> tuple[float, float]:
    """CPU time in ms and memory in kB that one more test takes; `run` runs so many tests."""
    ends = []
    for tests in (SHORT, LONG):
        spent = [run(tests) for _ in range(rounds)]
        cpu_s = statistics.median(each.cpu_s for each in spent)
        ends.append((cpu_s, statistics.median(each.peak_kb for each in spent)))
    (short_s, short_kb), (long_s, long_kb) = ends
    tests = LONG - SHORT
    return (long_s - short_s) / tests * 1000, (long_kb - short_kb) / tests


def replay(args: argparse.Namespace) -> Iterator[Figure]:
    """One more replayed trial: of a plain run, and of a gate of 4 trials on each model."""
    with tempfile.TemporaryDirectory() as folder:
        for tests in (SHORT, LONG):
            suites.recorded(Path(folder, str(tests)), tests, base=4, cand=4)
        plain_ms, plain_kb = slope(args.rounds, lambda n: suites.run(Path(folder, str(n))))
        gate_ms, gate_kb = slope(
            args.rounds, lambda n: suites.run(Path(folder, str(n)), suites.BUMP)
        )
    ms = {"gate_trial_ms": gate_ms / 8, "plain_test_ms": plain_ms}
    yield Figure("CPU of a gate trial beside a plain test", gate_ms / 8 / plain_ms, 1.3, ms)
    yield Figure("memory of a gate trial, kB", gate_kb / 8, 6, {"plain_test_kb": plain_kb})


def record(args: argparse.Namespace) -> Iterator[Figure]:
    """One more recorded test, and one more test of the SDK alone."""
    from replay import server

    with server() as url:
        for each, clients in ((True, "a client for each test"), (False, "one client for all")):
            taken: list[float] = []
            for make, word in ((suites.bare, "-q"), (suites.of_ours, "--claude-record=all")):
                with tempfile.TemporaryDirectory() as folder:
                    for tests in (SHORT, LONG):
                        make(Path(folder, str(tests)), tests, each=each)

                    def run(n: int, folder: str = folder, word: str = word) -> suites.Spent:
                        return suites.run(Path(folder, str(n)), word, url=url)

                    taken.append(slope(args.rounds, run)[0])
            sdk_ms, ours_ms = taken
            name = f"CPU of a recorded test over the SDK, ms, {clients}"
            yield Figure(name, ours_ms - sdk_ms, 4, {"sdk_ms": sdk_ms})


def whole(args: argparse.Namespace) -> Iterator[Figure]:
    """Many trials replayed and reported in one process."""
    with tempfile.TemporaryDirectory() as name:
        base = args.trials // 2
        folder = suites.recorded(
            Path(name, "suite"), args.tests, base=base, cand=args.trials - base
        )
        reports = [f"--claude-report=run.{kind}" for kind in ("json", "md", "html")]
        spent = suites.run(folder, suites.BUMP, *reports)
    trials = args.tests * args.trials
    more = {"cpu_s": spent.cpu_s, "cpu_ms_per_trial": spent.cpu_s / trials * 1000}
    yield Figure(f"peak memory of {trials:,} trials, MB", spent.peak_kb / 1024, 1000, more)


def waiting(args: argparse.Namespace) -> Iterator[Figure]:
    """Memory of the process that submits batches, beyond that of the same tests without us."""
    ours_kb = []
    for tests in (100, args.waiting):
        with tempfile.TemporaryDirectory() as folder:
            suite = suites.of_ours(Path(folder, "ours"), tests)
            with Simulator({MODEL: says("Hello.")}) as simulator:
                ours = suites.run(suite, "--claude-batch", url=simulator.url)
                alone = suites.bare(Path(folder, "alone"), tests)
                without = suites.run(alone, "-p", "no:claude", url=simulator.url)
        ours_kb.append(ours.peak_kb - without.peak_kb)
    few, many = ours_kb
    more = {"few_mb": few / 1024, "many_mb": many / 1024, "largest_mb": ours.largest_kb / 1024,
            "kb_per_call": (many - few) / (args.waiting - 100)}  # fmt: skip
    yield Figure(f"memory with {args.waiting:,} calls that wait beside 100", many / few, 1.2, more)


def cases(args: argparse.Namespace) -> Iterator[Figure]:
    """The collection of 1,000 cases beside that of one."""
    cpu_s = []
    for number in (1, 1000):
        with tempfile.TemporaryDirectory() as name:
            folder = suites.data_set(Path(name, "suite"), number)
            runs = [suites.run(folder, "--collect-only", "-q") for _ in range(args.rounds)]
            cpu_s.append(statistics.median(run.cpu_s for run in runs))
    yield Figure("CPU of the collection of 1,000 cases, s", cpu_s[1] - cpu_s[0], 1)


PARTS = {part.__name__: part for part in (limits, replay, record, whole, cases, waiting)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", metavar="PART")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--only", default="", help="limits: the rows whose names hold this")
    parser.add_argument("--tests", type=int, default=5000)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--waiting", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if unknown := [part for part in args.part if part not in PARTS]:
        parser.error(f"no part {unknown[0]!r}: they are {', '.join(PARTS)}")
    missed = False
    for part in args.part or PARTS:
        for figure in PARTS[part](args):
            missed |= figure.value > figure.goal
            print(json.dumps(asdict(figure)) if args.json else figure.line, flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
