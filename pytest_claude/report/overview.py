"""What the first screen of the page shows, composed from data: nothing is summed up by a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_claude.report.advice import Command, next_commands
from pytest_claude.report.charts import Spread, nice_end, spread
from pytest_claude.report.entry import Entry, Kind
from pytest_claude.report.fact import Fact, facts_of
from pytest_claude.report.forecast import Forecast
from pytest_claude.report.heat import Family, families
from pytest_claude.report.numbers import factor, percent_change, plural, written
from pytest_claude.report.outline import Outline, short_names

_LONGEST_SHORT = 8  # characters of a model's short name beside its dots


@dataclass(frozen=True)
class Origin:
    """Where a report comes from; known at the edge alone.

    Attributes:
        project: Name of the project's folder.
        made: When, for people: "22 Nov 2026 14:02 UTC".
        commit: Of the working tree; None when unknown.
    """

    project: str = ""
    made: str = ""
    commit: str | None = None

    def __str__(self) -> str:
        at = f"@{self.commit[:7]}" if self.commit else ""
        return " · ".join(part for part in (self.made, f"{self.project}{at}") if part)


@dataclass(frozen=True)
class Measure:
    """One row of the table of numbers."""

    label: str
    means: tuple[str, ...]
    spreads: tuple[tuple[str, Spread], ...]
    end: str
    ratio: str
    spoken: str
    interval: str | None = None


@dataclass(frozen=True)
class Overview:
    """The first screen."""

    outline: Outline
    title: str
    headline: str
    seal: Kind
    lede: str | None
    rest: str
    origin: str
    figures: tuple[tuple[str, str], ...]
    meta: tuple[str, ...]
    commands: tuple[Command, ...]
    reasons: tuple[tuple[str, int, str], ...]
    groups: tuple[tuple[Kind, str, tuple[Entry, ...]], ...]
    legend: tuple[tuple[str, str], ...]
    shorts: tuple[str, ...]
    long_names: bool
    numbers: Mapping[str, int]
    change_label: str
    measures: tuple[Measure, ...]
    measures_note: str
    shares_note: str
    panels: bool
    heat: tuple[Family, ...]
    forecast: Forecast
    sight_note: str
    footer: str


def overview_page(
    outline: Outline,
    *,
    origin: Origin,
    run_file: str | None,
    foretold: Forecast | None = None,
    trimmed: bool = False,
) -> Overview:
    """The first screen of a run."""
    # What a pass may have missed is told below it.
    headline = f"{_WORDS[outline.overall]}: {outline.headline.partition(' (')[0]}"
    if outline.overall == "nothing":
        headline = "Fail: nothing was compared" if outline.bump else "No claude test ran"
    lede, rest = _lede(outline)
    models = outline.models or ("",)
    shorts = short_names(models) if outline.bump else (models[0],)
    long_names = any(len(short) > _LONGEST_SHORT for short in shorts)
    base = [trial for entry in outline.entries for side in entry.sides[:1] for trial in side.trials]
    cand = [trial for entry in outline.entries for side in entry.sides[1:] for trial in side.trials]
    measures = tuple(_measure(fact, shorts, outline.bump) for fact in outline.facts)
    note = "Line: 10th to 90th percentile of the trials; dot: median; axis from 0."
    if outline.bump:
        note += " Ratio: geometric mean over the tests, 95%."
        if not any(fact.unit == "s" for fact in outline.facts) and not outline.simulated_by:
            note += " Speed: not compared, no trials were run side by side."
    if outline.simulated_by:
        note += f" The models are simulated by {outline.simulated_by}: no time is a model's."
    return Overview(
        outline=outline,
        title=headline,
        headline=_signs(headline),
        seal=_SEALS[outline.overall],
        lede=None if lede is None else _signs(lede),
        rest=_signs(rest),
        origin=str(origin),
        figures=_figures(outline),
        meta=(_trials(outline, len(base), len(cand)),),
        commands=next_commands(outline, run_file),
        reasons=_reasons(outline),
        groups=_groups(outline),
        legend=_LEGEND if outline.bump else _LEGEND[:2],
        shorts=shorts if outline.bump else ("trials",),
        long_names=long_names and outline.bump,
        numbers={entry.test: number for number, entry in enumerate(outline.entries)},
        change_label="cost" if any(f.unit == "usd" for f in outline.facts) else "output",
        measures=measures,
        measures_note=note,
        shares_note="On the trials of each test's first look. Reported, never gated: to gate one, "
        "assert it in a test.",
        heat=families(outline.entries),
        forecast=foretold or Forecast(),
        panels=bool(measures or outline.bump) and outline.overall != "nothing",
        sight_note=_sight_note(outline),
        footer=_footer(run_file, trimmed),
    )


_WORDS = {"pass": "Pass", "fail": "Fail", "undecided": "Undecided", "nothing": "Fail"}
_SEALS: Mapping[str, Kind] = {
    "pass": "passed",
    "fail": "failed",
    "undecided": "undecided",
    "nothing": "ungated",
}
_LEGEND = (
    ("pass", "passed"),
    ("fail", "failed"),
    ("yes", "behaves that way"),
    ("no", "does not"),
)
_HEADINGS: Mapping[Kind, str] = {
    "regressed": "Regressed · fails the gate",
    "undecided": "Undecided · data are missing",
    "improved": "Improved",
    "changed": "Changed · does not gate",
    "failed": "Failed",
}


def _lede(outline: Outline) -> tuple[str | None, str]:
    """The bold sentence, and what follows it."""
    if outline.overall == "nothing":
        _, _, why = outline.headline.partition(": ")
        return (f"{why[:1].upper()}{why[1:]}." if why else None), (
            "A gate without data does not pass." if outline.bump else ""
        )
    worst = [e.sentence for e in outline.of("regressed", "undecided", "failed") if e.sentence][:2]
    told = "; ".join(worst)
    if outline.overall == "pass" and outline.bump:
        told = outline.headline.partition(" (")[2].removesuffix(")")
    lede = f"{told[:1].upper()}{told[1:]}." if told else None
    parts = []
    if changed := len(outline.of("changed")):
        behave = "behaves" if changed == 1 else "behave"
        more = " more" if worst else ""
        verb = "still passes" if changed == 1 else "still pass"
        parts.append(f"{plural(changed, 'test').replace(' ', more + ' ')} {verb} but {behave} "
                     "differently.")  # fmt: skip
    if outline.bump and outline.rule:
        parts.append(f"{outline.rule[:1].upper()}{outline.rule[1:]}.")
    return lede, " ".join(parts)


def _figures(outline: Outline) -> tuple[tuple[str, str], ...]:
    """At most four numbers that a reader asks for first."""
    if not outline.bump or outline.overall == "nothing":
        return ()
    wanted = {"cost": "cost per trial", "output tokens": "output tokens",
              "calls": "calls per trial", "time to first token": "time to first token"}  # fmt: skip
    found = []
    for fact in outline.facts:
        ratio = factor(_mean(fact.base), _mean(fact.cand)).replace("x", "×")
        if fact.label in wanted and ratio:
            found.append((ratio, wanted[fact.label]))
    if outline.sight is not None:
        drop, chance = outline.sight.delta
        caught = f"{int(chance * 100 + 1e-9) / 100:.2f}"
        found.append((f"≥ {drop:g}", f"drop is caught with {caught}"))
    return tuple(found[-4:])


def _sight_note(outline: Outline) -> str:
    sight = outline.sight
    if sight is None:
        return outline.rule
    suspects = plural(sight.suspects, "suspect") if sight.suspects else "no suspect"
    told = f"From a baseline that always passed, {suspects}."
    if sight.smaller is not None:
        told += f" Smaller drops may be missed: {sight.smaller[0]:g} is seen in 4 of 5 runs."
    return told


def _trials(outline: Outline, base: int, cand: int) -> str:
    tests = plural(len(outline.entries), "test")
    if not outline.bump:
        return f"{tests}, {plural(base, 'trial')}"
    return f"{tests}, {base} baseline and {cand} candidate trials"


def _reasons(outline: Outline) -> tuple[tuple[str, int, str], ...]:
    """Why tests took no part, the most frequent reason first, with one test each."""
    reasons = Counter(entry.sentence or "no reason given" for entry in outline.entries)
    first = {entry.sentence or "no reason given": entry.test for entry in outline.entries[::-1]}
    return tuple((reason, number, first[reason]) for reason, number in reasons.most_common(12))


def _groups(outline: Outline) -> tuple[tuple[Kind, str, tuple[Entry, ...]], ...]:
    kinds = dict.fromkeys(entry.kind for entry in outline.entries)
    return tuple((kind, _heading(kind, outline.of(kind)), outline.of(kind)) for kind in kinds)


def _heading(kind: Kind, entries: Sequence[Entry]) -> str:
    if kind in _HEADINGS:
        return _HEADINGS[kind]
    name = {"unchanged": "Unchanged", "ungated": "Not gated", "passed": "Passed"}.get(
        kind, "Not run"
    )
    told = f"{name} · {plural(len(entries), 'test')}"
    flaky = sum(
        len(e.sides) == 2 and all(0 < side.fraction[0] < side.fraction[1] for side in e.sides)
        for e in entries
    )
    return f"{told}, {flaky} flaky on both models" if flaky and kind == "unchanged" else told


def _measure(fact: Fact, shorts: Sequence[str], bump: bool) -> Measure:
    sides = (("base", fact.base), ("cand", fact.cand))[: 2 if bump else 1]
    spreads = [(role, values) for role, values in sides]
    end = nice_end(max((*fact.base, *fact.cand)))
    drawn = tuple((role, s) for role, values in spreads if (s := spread(values, end)) is not None)
    middle = median_of if fact.unit == "s" else _mean
    means = tuple(written(middle(values), fact.unit) for _, values in sides)
    ratio = factor(middle(fact.base), middle(fact.cand)).replace("x", "×")
    if fact.ratio is not None:
        ratio = f"×{fact.ratio:.2f}"
    if bump and not (_mean(fact.base) and _mean(fact.cand)):
        ratio = f"none on {shorts[1 if _mean(fact.base) else 0]}"
    label = fact.label[:1].upper() + fact.label[1:]
    if fact.unit == "s":
        label += ", median"
    interval = None
    if fact.interval is not None:
        interval = "{:.2f}–{:.2f}".format(*fact.interval)
    return Measure(
        label="of these thinking" if fact.label.startswith("of these") else label,
        means=means,
        spreads=drawn,
        end=f"{written(end, fact.unit)}",
        ratio=ratio,
        interval=interval,
        spoken=f"{label}: {' against '.join(means)} on average",
    )


def change(entry: Entry) -> str:
    """How a test's cost changed, in percent; its output tokens where the price is unknown.

    Nothing where neither is known on both sides.
    """
    if len(entry.sides) != 2:
        return ""
    facts = {fact.label: fact for fact in facts_of(*(side.trials for side in entry.sides))}
    fact = facts.get("cost") or facts.get("output tokens")
    return "" if fact is None else percent_change(_mean(fact.base), _mean(fact.cand))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def median_of(values: Sequence[float]) -> float | None:
    """The median, or None when there is nothing."""
    return median(values) if values else None


def _signs(text: str) -> str:
    return text.replace(">=", "≥").replace("<=", "≤")


def _footer(run_file: str | None, trimmed: bool) -> str:
    told = "Self-contained file, no requests."
    if trimmed:
        told += " Unchanged tests keep 2 trials a side."
    return f"{told} Data: {run_file}" if run_file else told
