"""How right and how fast the clarifying-question detector is, on labelled replies.

python benchmarks/clarification.py [--json]

The replies are `clarify/pool.jsonl` in the folder that PYTEST_CLAUDE_SHARED names, else in `shared`
beside the checkout; they are not part of the repository. Each is judged by weights that were
learned without its source: `out_of_source.json`, which `train_clarification.py` wrote. The files of
the tests, which the shipped weights were learned from, follow.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_claude.behavior.clarifying import detect_clarification
from pytest_claude.behavior.clarifying.case import case_of
from pytest_claude.behavior.clarifying.verdict import Verdict, settle
from pytest_claude.behavior.rubric import OpenReply, rubric_request
from pytest_claude.models.prices import cost_usd
from pytest_claude.settings import JUDGE_MODEL
from pytest_claude.transcript.model import Usage

ROOT = Path(__file__).parent.parent
Row = dict[str, Any]
Scored = Sequence[tuple[Row, Verdict]]
Figures = dict[str, float | int | None]
ASKING = ("clarifying_question", "partial")
FEWEST = 20  # replies of a source that has a line of its own
BANDS = (0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.01)  # of what is said
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
    path = shared / "clarify" / "pool.jsonl"
    if not path.is_file():
        return None
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def out_of_source(rows: Sequence[Row]) -> Scored:
    """Each reply with the verdict by weights that were learned without its source."""
    learned = json.loads((ROOT / "benchmarks" / "out_of_source.json").read_text("utf-8"))
    scored = []
    for row in rows:
        chances = dict(zip(learned["classes"], learned["chances"][row["id"]], strict=True))
        case = case_of(row["reply"], row["prompt"] or None, tool_call=row["tool_call"])
        scored.append((row, settle(case, chances)))
    return scored


def groups(scored: Scored) -> dict[str, Scored]:
    """The replies that have a line of the table in common; sources by size."""
    shares: dict[str, list[tuple[Row, Verdict]]] = defaultdict(list)
    sources: dict[str, list[tuple[Row, Verdict]]] = defaultdict(list)
    for row, verdict in scored:
        names = ["all", "English" if row["lang"] == "en" else "other languages"]
        names += ["at random"] if row["draw"] == "natural" else []
        names += ["by Claude"] if "claude" in (row["model"] or "").lower() else []
        for name in names:
            shares[name].append((row, verdict))
        sources[row["source"].rpartition("/")[2][:24]].append((row, verdict))
    ordered = sorted(sources.items(), key=lambda item: -len(item[1]))
    return {**shares, **{name: part for name, part in ordered if len(part) >= FEWEST}}


def ratio(part: float, whole: float) -> float | None:
    """A share, or None of nothing."""
    return part / whole if whole else None


def f1(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """The harmonic mean of precision and recall, of what is said and what is true."""
    right = sum(said and true for said, true in pairs)
    return ratio(2 * right, sum(said + true for said, true in pairs))


def figures(scored: Scored) -> Figures:
    """How right the best guess is, how often a verdict is certain, and how right it is then."""
    certain = [(row, v) for row, v in scored if v.doubt is None]
    refusals = [row["label"] == "refusal" for row, v in certain if v.kind == "refusal"]
    offers = [v.asks is True for row, v in scored if row["label"] == "answer_with_offer"]
    right = sum(bool(v.asks) == (row["label"] in ASKING) for row, v in certain)
    return {
        "replies": len(scored),
        "f1": f1([(v.kind in ASKING, row["label"] in ASKING) for row, v in scored]),
        "certain": ratio(len(certain), len(scored)),
        "right": ratio(right, len(certain)),
        "refusal_f1": f1([(v.kind == "refusal", row["label"] == "refusal") for row, v in scored]),
        "certain_refusals": len(refusals),
        "refusals_right": ratio(sum(refusals), len(refusals)),
        "offers_asked": ratio(sum(offers), len(offers)),
    }


def reliability(scored: Scored) -> list[Figures]:
    """By band of the chance that is said: replies, the mean chance, and the share that asks."""
    bands = []
    for low, high in itertools.pairwise(BANDS):
        part = [(v.chance, row["label"] in ASKING) for row, v in scored if low <= v.chance < high]
        said = ratio(sum(chance for chance, _ in part), len(part))
        true = ratio(sum(asks for _, asks in part), len(part))
        bands.append({"from": low, "replies": len(part), "said": said, "true": true})
    return bands


def drift(scored: Scored) -> Figures:
    """The mean chance that is said of a group of replies, and the share of it that asks."""
    said = ratio(sum(v.chance for _, v in scored), len(scored))
    true = ratio(sum(row["label"] in ASKING for row, _ in scored), len(scored))
    return {"said": said, "true": true}


def read_by_judge(scored: Scored) -> Figures:
    """How right the whole is where a judge, played by the second annotator, reads the rest."""
    both = [(row, v) for row, v in scored if row.get("label2")]
    whole = [
        (
            row["label2"] in ASKING if v.doubt is not None else bool(v.asks),
            row["label"] in ASKING,
        )
        for row, v in both
    ]
    return {
        "replies": len(both),
        "read": ratio(sum(v.doubt is not None for _, v in both), len(both)),
        "right": ratio(sum(said == true for said, true in whole), len(whole)),
        "f1": f1(whole),
    }


def judge_cost(tests: int = 100, unsure: float = 0.4) -> Figures:
    """What the judge adds to the price of the reference suite, recorded once.

    A test makes one call on Sonnet with 1,500 tokens in and 300 out. A token is taken for three
    characters, which is more than it is in English, and a judge's answer for 120 tokens.
    """
    reply = OpenReply("x" * 4 * 300, "x" * 2_000, tools=("lookup_order", "refund"))
    text = json.dumps(rubric_request([reply]))
    app = cost_usd(Usage(input_tokens=1_500, output_tokens=300), "claude-sonnet-5-5")
    reading = cost_usd(Usage(input_tokens=len(text) // 3, output_tokens=120), JUDGE_MODEL)
    assert app is not None, "its price is known"
    assert reading is not None, "its price is known"
    suite, added = tests * app, tests * unsure * reading
    return {"suite_usd": suite, "judge_usd": added, "adds": added / suite}


def by_file() -> dict[str, Figures]:
    """What the shipped weights say of the replies of the tests, by file."""
    shown: dict[str, Figures] = {}
    for path in sorted((ROOT / "tests/unit/behavior/replies").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found = [
            (row["kind"] in ASKING,
             detect_clarification(row["reply"], prompt=row.get("prompt"),
                                  tool_call=row.get("tool_call", False)))
            for row in rows
        ]  # fmt: skip
        certain = [(asks, c) for asks, c in found if c.certain]
        shown[path.stem] = {
            "replies": len(rows),
            "f1": f1([(c.asks, asks) for asks, c in found]),
            "certain": ratio(len(certain), len(rows)),
            "right": ratio(sum(c.asks == asks for asks, c in certain), len(certain)),
        }
    return shown


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
    """All figures that need the labelled replies."""
    scored = out_of_source(rows)
    parts = groups(scored)
    return {
        "out_of_source": {name: figures(part) for name, part in parts.items()},
        "reliability": reliability(scored),
        "drift": {name: drift(part) for name, part in parts.items()},
        "judge": read_by_judge(scored),
        "timing": timing(rows),
    }


def shown(value: float | None) -> str:
    """A figure of four characters."""
    return "  – " if value is None else f"{value:4.2f}"


def labelled_lines(found: Mapping[str, Any]) -> list[str]:
    """What was measured on the labelled replies, as lines of text."""
    lines = ["by weights that were learned without the source of the reply",
             "                         replies  F1    certain: share, right   refusals: F1, "
             "certain, right   offers asked   chance: said, true"]  # fmt: skip
    for name, row in found["out_of_source"].items():
        drifted = found["drift"][name]
        lines.append(
            f"{name:24} {row['replies']:7}   {shown(row['f1'])}           {shown(row['certain'])}  "
            f"{_third(row['right'])}            {shown(row['refusal_f1'])}     "
            f"{row['certain_refusals']:3}   {shown(row['refusals_right'])}           "
            f"{_third(row['offers_asked'])}          {shown(drifted['said'])}  "
            f"{shown(drifted['true'])}"
        )
    lines += ["", "the chance that a reply asks     replies   said   true"]
    lines += [
        f"  from {band['from']:4.2f}                     {band['replies']:7}   "
        f"{shown(band['said'])}   {shown(band['true'])}"
        for band in found["reliability"]
    ]
    whole, each = found["judge"], found["timing"]
    lines += [
        "",
        f"with a judge, played by the second annotator, on {whole['replies']} replies: it reads "
        f"{shown(whole['read'])}, the whole is right in {_third(whole['right'])}, "
        f"F1 {_third(whole['f1'])} (targets ≥ .97, ≥ .95)",
    ]
    return [
        *lines, "",
        f"per reply: median {each['median_ms']:.2f} ms (target ≤ 1), "
        f"95th percentile {each['p95_ms']:.2f} ms, worst {each['worst_ms']:.2f} ms", "",
    ]  # fmt: skip


def _third(value: float | None) -> str:
    return "   – " if value is None else f"{value:5.3f}"


def table(found: Mapping[str, Any]) -> list[str]:
    """The figures as lines of text."""
    lines = labelled_lines(found) if "out_of_source" in found else []
    cost = found["cost"]
    lines += [
        f"the judge adds {cost['adds']:.1%} to the price of the reference suite (target ≤ 5 %): "
        f"${cost['judge_usd']:.4f} to ${cost['suite_usd']:.2f}",
        "",
    ]
    lines += ["learned from, by file of the tests   replies   F1   certain: share, right"]
    lines += [
        f"{name:34} {row['replies']:9}   {shown(row['f1'])}          {shown(row['certain'])}  "
        f"{shown(row['right'])}"
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
    found["cost"] = judge_cost()
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    if rows is None:
        print(
            "No labelled replies: set PYTEST_CLAUDE_SHARED to the folder that holds "
            "clarify/pool.jsonl. Only the replies of the tests are judged.",
        )
    print("\n".join(table(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
