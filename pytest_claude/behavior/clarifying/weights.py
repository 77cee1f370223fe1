"""Weights: what each feature says for and against each kind of reply, learned from labelled ones.

`weights.bin` holds 32-bit hashes of features in ascending order and, for each class in turn, one
signed byte a feature; `weights.json` holds the classes, what a unit of their bytes is, and the
line that makes a probability of a sum. `benchmarks/train_clarification.py` writes both.
"""

from __future__ import annotations

import json
import math
import struct
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_FARTHEST = 30.0  # a sum beyond it is no surer


@dataclass(frozen=True)
class Weights:
    """The weights of the features, by class.

    Attributes:
        rows: Row of a feature by its hash.
        columns: Weights of all rows, in units, by class.
        classes: For each class its `unit`, `bias` (of the sum), and the line `slope`, `offset`
            that makes a calibrated logit of the sum.
        thresholds: The probabilities beyond which a verdict is certain.
    """

    rows: Mapping[int, int]
    columns: Mapping[str, Sequence[int]]
    classes: Mapping[str, Mapping[str, float]]
    thresholds: Mapping[str, float]

    def rows_of(self, features: Iterable[int]) -> set[int]:
        """The rows of the features that have a weight, each once."""
        return {row for row in map(self.rows.get, features) if row is not None}

    def sum_of(self, rows: Iterable[int], name: str) -> float:
        """What some features say together for a class; more is more."""
        return self.classes[name]["unit"] * sum(map(self.columns[name].__getitem__, rows))

    def probability(self, rows: Iterable[int], name: str) -> float:
        """The chance that a reply with these features is of a class."""
        line = self.classes[name]
        total = line["slope"] * (line["bias"] + self.sum_of(rows, name)) + line["offset"]
        return 1 / (1 + math.exp(-max(-_FARTHEST, min(_FARTHEST, total))))


@cache
def weights() -> Weights:
    """The weights of this version; they are read on first use."""
    folder = resources.files("pytest_claude.behavior.clarifying")
    facts: dict[str, Any] = json.loads(folder.joinpath("weights.json").read_text("utf-8"))
    stored = folder.joinpath("weights.bin").read_bytes()
    count: int = facts["features"]
    columns = {
        name: array("b", stored[(4 + n) * count : (5 + n) * count])
        for n, name in enumerate(facts["classes"])
    }
    rows = {key: row for row, key in enumerate(struct.unpack_from(f"<{count}I", stored))}
    return Weights(rows, columns, facts["classes"], facts["thresholds"])
