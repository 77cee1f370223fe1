"""Learn the weights by which the detector of clarifying questions judges a reply.

python benchmarks/train_clarification.py REPLIES.jsonl... [--out-of-source PATH]

Needs numpy and scikit-learn, which the package does not. Each file holds labelled replies, one JSON
object a line (`reply`, `prompt`, `tool_call`, `label`, `source`, `id`); our own replies, which the
tests hold, are added. Written are `weights.bin` and `weights.json` of the package: hashes of
features and numbers, no text. With `--out-of-source` the chances of each reply by the weights
that were learned without its source are written too, by its id: `clarification.py` reads them.

Sources are held out together where their replies are alike (`ALIKE`). The line from a sum to a
probability and the thresholds are chosen on sums of sources that were held out.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from pytest_claude.behavior.clarifying.case import case_of, looked_at
from pytest_claude.behavior.clarifying.features import of_form, of_sentence
from pytest_claude.behavior.clarifying.signs import (
    argues,
    asks_plainly,
    declines_nothing,
    only_offers,
    requests_at_end,
)

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "pytest_claude" / "behavior" / "clarifying"
OWN = "own"  # our replies: written for tests, so never held out to measure
KEPT = 16_384  # features
SOURCES = 2  # in which a feature was seen, or it is left out
OWN_WEIGHT = 0.5  # of a reply that was written for the tests
STRENGTH = 0.5  # inverse of the penalty on weights
FOLDS = 12  # of sources that are held out together
TARGETS = {
    "asks": 0.98, "asks_plainly": 0.99, "asks_not": 0.98, "refuses": 0.95, "refuses_not": 0.97,
}  # fmt: skip
"""The share of verdicts beyond a threshold that shall be right where a source is held out, among
the English replies that no form settles."""

CLASSES = {
    "asks": ("clarifying_question", "partial"),
    "partial": ("partial",),
    "confirmation_request": ("confirmation_request",),
    "answer": ("answer",),
    "answer_with_offer": ("answer_with_offer",),
    "refusal": ("refusal",),
}
ALIKE = {  # names of one source in two files, and sources of the same airline and shop
    "tau-bench": "tau", "sierra-research/tau-bench": "tau", "WhissleAI/tau2-bench-w": "tau",
    "arena-hard": "lm-sys", "lm-sys/arena-hard-auto": "lm-sys", "lm-sys/FastChat": "lm-sys",
    "fastchat": "lm-sys", "allenai/WildBench": "lm-sys", "mistral-interact": "mistral",
    "HBX-hbx/Mistral-Interact": "mistral", "hh-rlhf": "hh", "anthropics/hh-rlhf": "hh",
    "authored": OWN, "claude-cookbooks": "anthropics/claude-cookbooks",
}  # fmt: skip
Row = dict[str, Any]


def labelled(path: Path) -> list[Row]:
    """The labelled replies of a file, each with the sources that it is held out with."""
    rows = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        source = row["source"]
        if source == "claude-cassette":
            source = row["ref"].partition(":")[0]
        rows.append({**row, "source": source, "group": ALIKE.get(source, source)})
    return rows


def own() -> list[Row]:
    """The replies of the tests."""
    return [
        {"prompt": "", "tool_call": False, **row, "label": row["kind"], "group": OWN,
         "source": path.stem, "id": None}
        for path in sorted((ROOT / "tests/unit/behavior/replies").glob("*.jsonl"))
        for row in map(json.loads, path.read_text("utf-8").splitlines())
    ]  # fmt: skip


def features_of(row: Row) -> set[int]:
    """The hashes of a reply's features; and the row is told which thresholds it is under."""
    prompt = row["prompt"] or None
    case = case_of(row["reply"], prompt, tool_call=row["tool_call"])
    reading = case.reading
    says = reading.english and bool(reading.sentences)
    row["open"] = {
        "asks": says,
        "asks_plainly": says and asks_plainly(case),
        "asks_not": says and not (only_offers(reading) or requests_at_end(reading)),
        "refuses": says and not argues(reading),
        "refuses_not": says and not declines_nothing(reading),
    }
    features = set(of_form(case))
    return features.union(*map(of_sentence, looked_at(reading)))


def incidence(found: Sequence[set[int]], columns: dict[int, int]) -> csr_matrix:
    """Replies by features: 1 where a reply has the feature."""
    indices = [[columns[key] for key in keys if key in columns] for keys in found]
    starts = np.cumsum([0, *map(len, indices)])
    flat = np.array([n for row in indices for n in row], dtype=np.int32)
    return csr_matrix((np.ones(len(flat)), flat, starts), shape=(len(found), len(columns)))


class Learner:
    """The labelled replies as numbers."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        found = [features_of(row) for row in rows]
        self.hashes = np.array(sorted(set().union(*found)), dtype=np.int64)
        self.has = incidence(found, {int(key): n for n, key in enumerate(self.hashes)})
        self.labels = np.array([row["label"] for row in rows])
        self.groups = np.array([row["group"] for row in rows])
        self.weights = np.where(self.groups == OWN, OWN_WEIGHT, 1.0)
        names = sorted({row["source"] for row in rows})
        numbers = [names.index(row["source"]) for row in rows]
        ones = np.ones(len(rows))
        self.by_source = csr_matrix((ones, (numbers, np.arange(len(rows)))))

    def learn(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Columns kept, their weights by class, and the biases, from the chosen replies.

        The weights are rounded to what is stored.
        """
        per_source = self.by_source[:, chosen] @ self.has[chosen]
        per_source.data[:] = 1
        kept = np.flatnonzero(np.asarray(per_source.sum(0)).ravel() >= SOURCES)
        models = self._fitted(kept, chosen)
        size = np.max([abs(m.coef_[0]) / abs(m.coef_[0]).max() for m in models], axis=0)
        if len(kept) > KEPT:
            kept = np.sort(kept[np.argsort(-size, kind="stable")[:KEPT]])
            models = self._fitted(kept, chosen)
        weights = np.array([model.coef_[0] for model in models])
        units = units_of(weights)
        rounded = np.round(weights / units[:, None]) * units[:, None]
        return kept, rounded, np.array([model.intercept_[0] for model in models])

    def _fitted(self, kept: np.ndarray, chosen: np.ndarray) -> list[LogisticRegression]:
        has = self.has[chosen][:, kept]
        return [
            LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0).fit(
                has, np.isin(self.labels[chosen], kinds), sample_weight=self.weights[chosen]
            )
            for kinds in CLASSES.values()
        ]

    def sums_out_of_source(self) -> np.ndarray:
        """The sum of each reply by class, learned without its source; NaN for our own."""
        sums = np.full((len(self.rows), len(CLASSES)), np.nan)
        folds = np.array([fold_of(group, self.groups) for group in self.groups])
        for fold in sorted(set(folds) - {-1}):
            held = folds == fold
            kept, weights, biases = self.learn(np.flatnonzero(~held))
            sums[held] = self.has[held][:, kept] @ weights.T + biases
            print(f"held out {sorted(set(self.groups[held]))}", file=sys.stderr)
        return sums


def fold_of(group: str, groups: np.ndarray) -> int:
    """The number of a group's fold: a large group has one of its own."""
    if group == OWN:
        return -1
    names, counts = np.unique(groups[groups != OWN], return_counts=True)
    large = [name for _, name in sorted(zip(-counts, names, strict=True))][: FOLDS - 2]
    return large.index(group) if group in large else FOLDS - 2 + crc32(group.encode()) % 2


def units_of(weights: np.ndarray) -> np.ndarray:
    """What one unit of a stored byte is worth, by class."""
    return np.maximum(abs(weights).max(1), 1e-9) / 127


def line_through(sums: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the line that makes calibrated logits of sums."""
    line = LogisticRegression(C=1e3).fit(sums[:, None], true)
    return float(line.coef_[0, 0]), float(line.intercept_[0])


def threshold(chances: np.ndarray, right: np.ndarray, share: float) -> float:
    """The lowest chance from which on at least a share of the verdicts is right."""
    order = np.argsort(-chances, kind="stable")
    enough = np.flatnonzero(np.cumsum(right[order]) >= share * np.arange(1, len(right) + 1))
    return float(chances[order][enough[-1]]) if len(enough) else 1.0


def calibrated(
    learner: Learner, sums: np.ndarray
) -> tuple[dict[str, tuple[float, float]], np.ndarray, dict[str, float]]:
    """The line of each class, the chances out of source, and the thresholds."""
    held = ~np.isnan(sums[:, 0])
    true = {name: np.isin(learner.labels, kinds) for name, kinds in CLASSES.items()}
    lines = {name: line_through(sums[held, n], true[name][held]) for n, name in enumerate(CLASSES)}
    slopes, offsets = np.array(list(lines.values())).T
    chances = 1 / (1 + np.exp(-(sums * slopes + offsets)))
    thresholds = {}
    for key, share in TARGETS.items():
        name = "asks" if key.startswith("asks") else "refusal"
        side = not key.endswith("_not")
        among = held & np.array([row["open"][key] for row in learner.rows])
        chance, is_true = chances[among, list(CLASSES).index(name)], true[name][among]
        found = threshold(chance if side else 1 - chance, is_true == side, share)
        thresholds[key] = found if side else 1 - found
    return lines, chances, thresholds


def write(
    learner: Learner, lines: dict[str, tuple[float, float]], thresholds: dict[str, float]
) -> None:
    """Learn from all replies, and write the weights."""
    kept, weights, biases = learner.learn(np.arange(len(learner.rows)))
    units = units_of(weights)
    stored = np.round(weights / units[:, None]).astype(np.int8)
    keys = [int(key) for key in learner.hashes[kept]]
    binary = struct.pack(f"<{len(keys)}I", *keys) + stored.tobytes()
    (PACKAGE / "weights.bin").write_bytes(binary)
    facts = {
        "features": len(keys),
        "thresholds": {name: round(value, 4) for name, value in thresholds.items()},
        "classes": {
            name: {
                "unit": float(f"{units[n]:.6g}"),
                "bias": round(float(biases[n]), 5),
                "slope": round(lines[name][0], 5),
                "offset": round(lines[name][1], 5),
            }
            for n, name in enumerate(CLASSES)
        },
    }
    (PACKAGE / "weights.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("replies", nargs="+", type=Path)
    parser.add_argument("--out-of-source", type=Path)
    options = parser.parse_args()
    rows = [row for path in options.replies for row in labelled(path)] + own()
    learner = Learner(rows)
    sums = learner.sums_out_of_source()
    lines, chances, thresholds = calibrated(learner, sums)
    write(learner, lines, thresholds)
    if options.out_of_source:
        by_id = {
            row["id"]: [round(float(chance), 4) for chance in chances[n]]
            for n, row in enumerate(rows)
            if row["id"] and not np.isnan(chances[n, 0])
        }
        text = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in by_id.items())
        header = f'{{"classes": {json.dumps(list(CLASSES))}, "chances": {{\n{text}\n}}}}\n'
        options.out_of_source.write_text(header, "utf-8")
    print(json.dumps(thresholds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
