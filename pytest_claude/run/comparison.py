"""What a run compares: two models over a suite, a suite with an earlier run, or two run files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from pytest_claude.models.ids import NO_NAMES, ModelNames, without_account
from pytest_claude.settings import RunSettings, Swap

Kind = Literal["bump", "baseline", "files"]


@dataclass(frozen=True)
class Comparison:
    """What is compared with what.

    Attributes:
        kind: "bump": two models over the suite; "baseline": this run with an earlier one of the
            same app; "files": two run files.
        pairs: Old and new model of each pair of a bump; empty in the other kinds.
        before: Name of the earlier side where it is no model: `last`, `git:REV`, a run file.
        after: Name of the later side where it is no model.
        names: What the project's own names of models stand for; no part of a run file.
    """

    kind: Kind
    pairs: tuple[Swap, ...] = ()
    before: str = ""
    after: str = ""
    names: ModelNames = field(default=NO_NAMES, compare=False, repr=False)

    @classmethod
    def of(cls, settings: RunSettings) -> Comparison | None:
        """What a run with these settings compares; None in a plain run."""
        if settings.bump:
            return cls("bump", settings.bump, names=settings.names)
        if settings.baseline is not None:
            return cls("baseline", before=settings.baseline, after="this run")
        return None

    @property
    def published(self) -> Comparison:
        """The same without the accounts that a model's id may hold."""
        pairs = (Swap(without_account(pair.old), without_account(pair.new)) for pair in self.pairs)
        return replace(self, pairs=tuple(pairs))

    @property
    def olds(self) -> frozenset[str]:
        """Canonical ids of the models under comparison; empty outside a bump."""
        return frozenset(self.names.canonical(pair.old) for pair in self.pairs)

    @property
    def sides(self) -> tuple[str, str]:
        """The names of both sides, as people read them."""
        if not self.pairs:
            return self.before, self.after
        return ", ".join(pair.old for pair in self.pairs), ", ".join(p.new for p in self.pairs)

    @property
    def title(self) -> str:
        """`OLD → NEW`, one pair after another."""
        if not self.pairs:
            return f"{self.before} → {self.after}"
        return ", ".join(f"{pair.old} → {pair.new}" for pair in self.pairs)

    @property
    def options(self) -> tuple[str, ...]:
        """What is typed to make it with pytest: `--claude-bump OLD=NEW`; nothing for two files."""
        if self.kind == "files":
            return ()
        if self.kind == "baseline":
            return (f"--claude-baseline {self.before}",)
        return tuple(f"--claude-bump {pair}" for pair in self.pairs)

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain JSON types."""
        pairs = [asdict(pair) for pair in self.pairs]
        return {"kind": self.kind, "pairs": pairs, "before": self.before, "after": self.after}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Comparison:
        """The comparison that `to_json` wrote."""
        return cls(**{**data, "pairs": tuple(Swap(**pair) for pair in data["pairs"])})
