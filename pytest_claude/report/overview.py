"""What the first screen of the page shows, composed from data: nothing is summed up by a model."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pytest_claude.report.candidates import Arm, Told
from pytest_claude.report.charts import Spread, nice_end, spread
from pytest_claude.report.commands import next_commands
from pytest_claude.report.figures import Figure, distribution
from pytest_claude.report.forecast import Forecast
from pytest_claude.report.heat import families
from pytest_claude.report.numbers import at_least, dollars, plural, times, written
from pytest_claude.report.row import Row
from pytest_claude.report.story import Group, Story, short_names

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
    """One row of the table of figures.

    Attributes:
        label: What it counts.
        sides: The figure of each side, as written.
        ratio: The ratio with its interval, as written; "" without one.
        spreads: How the trials of each side lie, by role.
        end: The end of the axis, as written.
        spoken: The row for a screen reader.
    """

    label: str
    sides: tuple[str, ...]
    ratio: str
    spreads: tuple[tuple[str, Spread], ...]
    end: str
    spoken: str


def overview_page(
    story: Story,
    *,
    origin: Origin,
    run_file: str | None,
    foretold: Forecast | None = None,
    trimmed: bool = False,
    first: int = 0,
    arm: Arm | None = None,
) -> dict[str, Any]:
    """The first screen of a run, by the names that the template has for its parts.

    Args:
        story: The run.
        origin: Where the report comes from.
        run_file: Path of the run file, for the commands.
        foretold: What a month costs, and what changes silently.
        trimmed: Whether transcripts were left out.
        first: The number of the first test among those of all candidates.
        arm: The candidate that the run is of, where there are several.
    """
    lede, rest = _lede(story)
    models = story.models or ("",)
    shorts = short_names(models) if story.compares else (models[0],)
    long_names = any(len(short) > _LONGEST_SHORT for short in shorts)
    return {
        "story": story,
        # What a pass may have missed is told below it.
        "headline": signs(f"{VERDICTS[story.overall]}: {story.headline.text}"),
        "lede": None if lede is None else signs(lede),
        "rest": signs(rest),
        "origin": str(origin),
        "figures": _hero(story),
        "meta": _trials(story),
        "commands": next_commands(story, run_file),
        "reasons": _reasons(story),
        "groups": tuple((group, _heading(group)) for group in story.groups),
        "legend": _LEGEND if story.compares else _LEGEND[:2],
        "shorts": shorts if story.compares else ("trials",),
        "long_names": long_names and story.compares,
        "numbers": {row.test: number for number, row in enumerate(story.rows, start=first)},
        "name": "" if arm is None else arm.name,
        "names": (),
        "notes": () if arm is None else arm.notes,
        "change_label": "cost" if any(f.unit == "usd" for f in story.figures) else "output",
        "measures": tuple(_measure(figure, story) for figure in story.figures),
        "measures_note": _measures_note(story),
        "shares_note": "On the trials of each test's first look. Reported, never gated: to gate "
        "one, assert it in a test.",
        "heat": families(story.rows),
        "forecast": foretold or Forecast(),
        "panels": bool(story.figures or story.compares) and story.overall != "nothing",
        "sight_note": _sight_note(story),
        "footer": _footer(run_file, trimmed),
    }


VERDICTS = {"pass": "Pass", "fail": "Fail", "undecided": "Undecided", "nothing": "Fail"}
"""What each verdict is called on the page."""
_LEGEND = (
    ("pass", "passed"),
    ("fail", "failed"),
    ("yes", "behaves that way"),
    ("no", "does not"),
)


def _lede(story: Story) -> tuple[str | None, str]:
    """The bold sentence, and what follows it."""
    if story.overall == "nothing":
        return None, "A gate without data does not pass." if story.compares else ""
    worst = [row.text for row in story.failing if row.text][:2]
    told = "; ".join(worst) or story.headline.caution
    lede = f"{told[:1].upper()}{told[1:]}." if told else None
    parts = []
    if changed := len(story.of("changed")):
        more = " more" if worst else ""
        verbs = "still passes but behaves" if changed == 1 else "still pass but behave"
        parts.append(f"{changed}{more} test{'s' if changed > 1 else ''} {verbs} differently.")
    parts += [f"{note[:1].upper()}{note[1:]}." for note in story.notes]
    return lede, " ".join(parts)


def _hero(story: Story) -> tuple[tuple[str, str], ...]:
    """At most four numbers that a reader asks for first."""
    if story.overall == "nothing":
        return ()
    wanted = ("cost_usd", "calls", "output_tokens")
    numbers = [
        (signs(times(figure.ratio)), f"{figure.label} per test")
        for figure in story.figures
        if figure.measure in wanted and figure.ratio is not None
    ]
    if story.sight is not None:
        drop, chance = story.sight.delta
        numbers.append((f"≥ {drop:g}", f"drop is caught with {at_least(chance)}"))
    return tuple(numbers)


def _sight_note(story: Story) -> str:
    sight = story.sight
    if sight is None:
        return ""
    suspects = plural(sight.suspects, "suspect") if sight.suspects else "no suspect"
    note = f"From a baseline that always passed, {suspects}."
    if sight.smaller is not None:
        note += f" Smaller drops may be missed: {sight.smaller[0]:g} is seen in 4 of 5 runs."
    return note


def _trials(story: Story) -> str:
    tests = plural(len(story.rows), "test")
    if not story.compares:
        number = sum(len(side.trials) for row in story.rows for side in row.sides)
        return f"{tests}, {plural(number, 'trial')}"
    return f"{tests}, {trials_made(story, 'the candidate')}"


def trials_made(told: Told, whose: str) -> str:
    """How many trials a gate read, and what they cost."""
    candidate, fresh = told.trials
    cost = "" if told.spent_usd is None else f", {dollars(told.spent_usd)} in all"
    return f"{candidate} trials of {whose} and {fresh} fresh ones of the baseline{cost}"


def _reasons(story: Story) -> tuple[tuple[str, int, str], ...]:
    """Why tests took no part, the most frequent reason first, with one test each."""
    reasons = Counter(row.text or "no reason given" for row in story.rows)
    first = {row.text or "no reason given": row.test for row in story.rows[::-1]}
    return tuple((reason, number, first[reason]) for reason, number in reasons.most_common(12))


def _heading(group: Group) -> str:
    heading = f"{group.title[:1].upper()}{group.title[1:]}"
    if group.word not in FOLDED:
        return heading
    flaky = sum(
        len(row.sides) == 2 and all(0 < side.passed[0] < side.passed[1] for side in row.sides)
        for row in group.rows
    )
    also = f", {flaky} flaky on both models" if flaky and group.word == "unchanged" else ""
    return f"{heading} · {plural(len(group.rows), 'test')}{also}"


FOLDED = ("unchanged", "not run", "passed")
"""The words whose tests are folded: there is nothing to do about them."""


def _measure(figure: Figure, story: Story) -> Measure:
    roles = ("base", "cand")[: len(figure.sides)]
    rows = [row for row in story.rows if len(row.sides) == len(roles)]
    values = [
        distribution([trial for row in rows for trial in row.sides[n].trials], figure.measure)
        for n in range(len(roles))
    ]
    end = nice_end(max((number for side in values for number in side), default=0))
    pairs = ((role, spread(side, end)) for role, side in zip(roles, values, strict=True))
    label = f"{figure.label[:1].upper()}{figure.label[1:]}"
    return Measure(
        f"{label}, median" if figure.trials else label,
        figure.shown_sides,
        signs(figure.shown_ratio),
        tuple((role, drawn) for role, drawn in pairs if drawn is not None),
        written(end, figure.unit),
        f"{label}: {' against '.join(figure.shown_sides)}",
    )


def _measures_note(story: Story) -> str:
    note = (
        "Sums of one trial of each test. Line: 10th to 90th percentile of the trials; dot: median."
    )
    if story.compares:
        note += " Ratio: geometric mean over the tests, each compared with itself."
        if not any(figure.unit == "s" for figure in story.figures) and not story.simulated_by:
            note += " Speed: not compared, no trials were run side by side."
    if story.simulated_by:
        note += f" The models are simulated by {story.simulated_by}: no time is a model's."
    return note


def change(row: Row) -> str:
    """How the cost of a test changed: `×1.36`; its output tokens where the price is unknown."""
    return "" if row.cost_ratio is None else signs(times(row.cost_ratio))


def signs(text: str) -> str:
    """The text with the signs that a page has: `×1.36`, `≥`."""
    return re.sub(r"\bx(?=\d)", "×", text).replace(">=", "≥").replace("<=", "≤")


def _footer(run_file: str | None, trimmed: bool) -> str:
    text = "Self-contained file, no requests."
    if trimmed:
        text += " Unchanged tests keep 2 trials a side."
    return f"{text} Data: {run_file}" if run_file else text
