"""What a run compares: two models over a suite, a suite with an earlier run, or two run files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import NO_NAMES, ModelNames, without_account
from pytest_claude.settings import RunSettings, Swap

Kind = Literal["bump", "baseline", "files", "environment"]


@dataclass(frozen=True)
class Comparison:
    """What is compared with what.

    Attributes:
        kind: "bump": two models over the suite; "baseline": this run with an earlier one of the
            same app; "files": two run files; "environment": the app as it is, and with variables
            set.
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
        if settings.part is not None:
            candidate = settings.part.candidate
            after = "" if candidate is None else candidate.name
            return cls("environment", before="the app as it is", after=after, names=settings.names)
        if settings.baseline is not None:
            return cls("baseline", before=settings.baseline, after="this run")
        return None

    @property
    def published(self) -> Comparison:
        """The same without the accounts that a model's id may hold."""
        pairs = (
            replace(pair, old=without_account(pair.old), new=without_account(pair.new))
            for pair in self.pairs
        )
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
        olds = dict.fromkeys(pair.old for pair in self.pairs)
        return ", ".join(olds), ", ".join(pair.candidate for pair in self.pairs)

    @property
    def title(self) -> str:
        """`OLD → NEW`, one pair after another."""
        if not self.pairs:
            return f"{self.before} → {self.after}"
        return ", ".join(f"{pair.old} → {pair.candidate}" for pair in self.pairs)

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


def check_bump(
    bump: Comparison,
    models: Mapping[str, Collection[str]],
    hint: Callable[[str], str | None],
    *,
    recording: bool,
    there: bool,
) -> None:
    """Refuse a bump that has nothing to compare.

    Args:
        bump: What is to be compared.
        models: Canonical ids of the models that the recordings of each selected test ask.
        hint: What a model's name is nearly, in words; None where it is known.
        recording: Whether the API may be called: a test without a recording may ask OLD then.
        there: Whether the candidate's trials are recorded, or can be.

    Raises:
        SettingsError: With the models that are asked, or with what to type.
    """
    option = " ".join(bump.options)
    if not models:
        raise SettingsError(f"{option}: no claude test was selected")
    tests = Counter(model for asked in models.values() for model in set(asked))
    for old in (bump.names.canonical(pair.old) for pair in bump.pairs):
        if old not in tests and (all(models.values()) or not recording):
            seen = ", ".join(f"{model} ({number})" for model, number in sorted(tests.items()))
            words = f"they ask {seen}" if seen else "none has a recording"
            raise SettingsError(f"{option}: no selected test asks {old}; {words}")
    if not there:
        using = sum(not bump.olds.isdisjoint(asked) for asked in models.values())
        new = ", ".join(pair.new for pair in bump.pairs)
        hints = "".join(
            f"; {near}" for pair in bump.pairs if (near := hint(bump.names.resolved(pair.new)))
        )
        raise SettingsError(
            f"{option}: nothing is recorded for {new} in {using:,} test{'' if using == 1 else 's'}"
            f"{hints}\n       to record it, add --claude-record"
        )
