"""How right and how fast the clarifying-question detector is, on labelled replies.

python benchmarks/clarification.py [--json]

The replies are `clarify/dev.jsonl` in the folder that PYTEST_CLAUDE_SHARED names, else in `shared`
beside the checkout; they are not part of the repository. The files of the tests, which are, follow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pytest_claude.behavior.clarifying import Clarification, detect_clarification

ROOT = Path(__file__).parent.parent
Row = dict[str, Any]
Scored = Sequence[tuple[Row, Clarification]]
ASKING = ("clarifying_question", "partial")
LONG = {
    "question marks": "?",
    "requests": "Could you tell me ",
    "nested quotation marks": '"“«',
    "unclosed fences": "```\n",
    "one long line": "a, ",
    "questions": "a? ",
    "Japanese questions": "何か？",
}


def labelled() -> list[Row] | None:
    """The labelled replies, or None where they are not to be found."""
    shared = Path(os.environ.get("PYTEST_CLAUDE_SHARED", ROOT.parent / "shared"))
    path = shared / "clarify" / "dev.jsonl"
    if not path.is_file():
        return None
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def own() -> dict[str, list[Row]]:
    """The replies of the tests by file, in the form of the labelled ones."""
    blank = {"prompt": "", "tool_call": False}
    return {
        path.stem: [
            {**blank, **row, "label": row["kind"], "positive": row["kind"] in ASKING}
            for row in map(json.loads, path.read_text("utf-8").splitlines())
        ]
        for path in sorted((ROOT / "tests/unit/behavior/replies").glob("*.jsonl"))
    }


def judged(rows: Sequence[Row], *, prompt: bool) -> Scored:
    """Each reply with what the detector says of it."""
    return [
        (
            row,
            detect_clarification(
                row["reply"],
                prompt=(row["prompt"] or None) if prompt else None,
                tool_call=row["tool_call"],
            ),
        )
        for row in rows
    ]


def ratio(part: int, whole: int) -> float | None:
    """A share, or None of nothing."""
    return part / whole if whole else None


def f1(right: int, said: int, true: int) -> float | None:
    """The harmonic mean of precision and recall."""
    return 2 * right / (said + true) if said + true else None


def scores(found: Scored) -> dict[str, Any]:
    """Precision, recall and F1 of asking, F1 of refusals, accuracy over the six kinds."""
    right = sum(c.asks and row["positive"] for row, c in found)
    said, true = sum(c.asks for _, c in found), sum(row["positive"] for row, _ in found)
    refused = sum(c.kind == "refusal" == row["label"] for row, c in found)
    refusals = [sum(c.kind == "refusal" for _, c in found),
                sum(row["label"] == "refusal" for row, _ in found)]  # fmt: skip
    return {
        "replies": len(found),
        "precision": ratio(right, said),
        "recall": ratio(right, true),
        "f1": f1(right, said, true),
        "refusal_f1": f1(refused, *refusals),
        "kinds": ratio(sum(c.kind == row["label"] for row, c in found), len(found)),
    }


def false_positives(found: Scored) -> dict[str, str]:
    """Per kind of trap: how many are taken for asking, of how many."""
    traps: dict[str, list[bool]] = {}
    for row, c in found:
        if not row["positive"]:
            traps.setdefault(row["hard_negative"], []).append(c.asks)
    return {trap: f"{sum(asked)}/{len(asked)}" for trap, asked in sorted(traps.items())}


def band(found: Scored) -> dict[str, Any]:
    """What lies in the band that says of itself to be unsure, and what outside."""
    unsure = [(row, c) for row, c in found if not c.certain]
    sure = [(row, c) for row, c in found if c.certain]

    def right(part: Scored) -> dict[str, Any]:
        asks = sum(c.asks == row["positive"] for row, c in part)
        kinds = sum(c.kind == row["label"] for row, c in part)
        return {"asks": ratio(asks, len(part)), "kinds": ratio(kinds, len(part))}

    return {
        "unsure_share": ratio(len(unsure), len(found)),
        "unsure": right(unsure),
        "sure": right(sure),
    }


def milliseconds(work: Callable[[], Any]) -> float:
    """CPU of one run."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def timing(rows: Sequence[Row]) -> dict[str, float]:
    """Milliseconds per reply."""
    taken = sorted(
        milliseconds(lambda row=row: detect_clarification(row["reply"], prompt=row["prompt"]))  # type: ignore[misc]
        for row in rows
        for _ in range(3)
    )
    return {
        "median_ms": statistics.median(taken),
        "p95_ms": taken[int(len(taken) * 0.95)],
        "worst_ms": taken[-1],
    }


def growth() -> dict[str, list[float]]:
    """Milliseconds for half a megabyte and for one of the same thing over and over."""
    return {
        name: [
            milliseconds(lambda p=piece, n=size: detect_clarification(p * (n // len(p))))  # type: ignore[misc]
            for size in (500_000, 1_000_000)
        ]
        for name, piece in LONG.items()
    }


def measure(rows: Sequence[Row]) -> dict[str, Any]:
    """All figures."""
    found = judged(rows, prompt=True)
    clear = [(row, c) for row, c in found if not row["borderline"] and not row.get("borderline2")]
    languages = sorted({row["lang"] for row in rows})
    return {
        "scores": {
            "with the prompt": scores(found),
            "without the prompt": scores(judged(rows, prompt=False)),
            "borderline left out": scores(clear),
            **{lang: scores([(r, c) for r, c in found if r["lang"] == lang]) for lang in languages},
        },
        "false_positives": false_positives(found),
        "certain": band(found),
        "timing": timing(rows),
    }


def offers(found: Scored) -> float | None:
    """The share of offers and confirmations that are taken for asking."""
    kinds = ("answer_with_offer", "confirmation_request")
    asked = [c.asks for row, c in found if row["label"] in kinds]
    return ratio(sum(asked), len(asked))


def by_file() -> dict[str, dict[str, Any]]:
    """The scores on each file of the tests, with the prompts and without."""
    return {
        name: {
            **scores(judged(rows, prompt=True)),
            "offers": offers(judged(rows, prompt=True)),
            "f1_without": scores(judged(rows, prompt=False))["f1"],
        }
        for name, rows in own().items()
    }


def shown(value: float | None) -> str:
    return "   – " if value is None else f"{value:5.3f}"


def table(found: dict[str, Any]) -> list[str]:
    """The figures as lines of text."""
    lines = []
    if "scores" in found:
        lines += ["                      n  precision recall   F1    refusal F1  six kinds"]
        for name, row in found["scores"].items():
            lines.append(
                f"{name:20} {row['replies']:4}    {shown(row['precision'])}  {shown(row['recall'])}"
                f"  {shown(row['f1'])}    {shown(row['refusal_f1'])}     {shown(row['kinds'])}"
            )
        lines += ["", "taken for asking, by kind of trap"]
        lines += [f"  {name:22} {count}" for name, count in found["false_positives"].items()]
        unsure = found["certain"]
        lines += ["", f"unsure: {unsure['unsure_share']:.0%} of the replies"]
        for name in ("unsure", "sure"):
            lines.append(
                f"  right when {name:8} asks {shown(unsure[name]['asks'])}"
                f"   six kinds {shown(unsure[name]['kinds'])}"
            )
        each = found["timing"]
        lines += [
            "",
            f"per reply: median {each['median_ms']:.2f} ms (target ≤ 1), "
            f"95th percentile {each['p95_ms']:.2f} ms, worst {each['worst_ms']:.2f} ms",
        ]
    lines += [
        "",
        "by file of the tests    n  precision recall   F1   six kinds  offers  F1 unprompted",
    ]
    lines += [
        f"{name:20} {row['replies']:4}    {shown(row['precision'])}  {shown(row['recall'])}"
        f"  {shown(row['f1'])}  {shown(row['kinds'])}    {shown(row['offers'])}"
        f"    {shown(row['f1_without'])}"
        for name, row in found["own"].items()
    ]
    lines += ["", "0.5 MB and 1 MB of"]
    lines += [
        f"  {name:24} {half:7.0f} ms {whole:7.0f} ms"
        for name, (half, whole) in found["growth"].items()
    ]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = labelled()
    found = {**(measure(rows) if rows is not None else {}), "own": by_file(), "growth": growth()}
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    if rows is None:
        print(
            "No labelled replies: set PYTEST_CLAUDE_SHARED to the folder that holds "
            "clarify/dev.jsonl. Only long replies are timed.",
        )
    print("\n".join(table(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
