"""The table of models, as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_claude.models.facts import Use, days_between
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.naming import near_miss
from pytest_claude.models.prices import Price
from pytest_claude.report.numbers import day, plural
from pytest_claude.transcript.quoting import printable


def models_lines(
    models: Sequence[ModelFacts], prices: Mapping[str, Price | None], today: str
) -> list[str]:
    """One row per model: status, retirement, price in and out, thinking by default and how.

    Args:
        models: The models, in order.
        prices: Their list prices by id.
        today: The day from which days are counted, as `YYYY-MM-DD`.
    """
    rows = [("model", "status", "retires", "$/MTok", "thinking")]
    for facts in models:
        price = prices.get(facts.id)
        money = "unknown" if price is None else f"{_plain(price.input)}/{_plain(price.output)}"
        rows.append((facts.id, facts.status, _retires(facts, today), money, _thinking(facts)))
    widths = [max(len(row[n]) for row in rows) for n in range(4)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  "
        f"{row[3]:>{widths[3]}}  {row[4]}"
        for row in rows
    ]


def _plain(usd: float) -> str:
    """Without what a price does not need: 3, 0.25.

    >>> _plain(3.0), _plain(0.25)
    ('3', '0.25')
    """
    return f"{usd:.4f}".rstrip("0").rstrip(".")


def _retires(facts: ModelFacts, today: str) -> str:
    if facts.retires_on is not None:
        left = days_between(today, facts.retires_on)
        return day(facts.retires_on) + (f" ({left} d)" if left >= 0 else "")
    if facts.retires_not_before is not None:
        return f"not before {day(facts.retires_not_before).split(' ', 1)[1]}"
    return "unknown"


def _thinking(facts: ModelFacts) -> str:
    if facts.thinking_default is None:
        return "unknown"
    if facts.thinking_default == "always_on":
        return "always"
    modes = facts.thinking_modes or ()
    how = "adaptive" if "adaptive" in modes else "budget" if "enabled" in modes else None
    return facts.thinking_default if how is None else f"{facts.thinking_default}, {how}"


def scan_lines(
    uses: Sequence[tuple[str, int, Use]], today: str, within: int | None, unread: int = 0
) -> list[str]:
    """Each place that names a model, the places of one file together, and their sum.

    Args:
        uses: The file, the line and the model of each place, in order.
        today: The day from which days are counted, as `YYYY-MM-DD`.
        within: A model that retires within so many days counts as retiring; None: none does.
        unread: How many files are no text, or too large to be read.
    """
    skipped = [f"{plural(unread, 'file')} not read: no UTF-8, or above 1 MB"] if unread else []
    if not uses:
        return ["no file names a model", *skipped]
    rows = [
        (f"{printable(path)}:{line}", use.name, use.form, _fate(use, today))
        for path, line, use in uses
    ]
    widths = [max(len(row[n]) for row in rows) for n in range(3)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    ]
    files, models = {path for path, _, _ in uses}, {use.model or use.name for _, _, use in uses}
    total = f"{plural(len(uses), 'place')} in {plural(len(files), 'file')}: "
    retired = {use.model for _, _, use in uses if use.retires_within(today, 0)}
    retiring = {use.model for _, _, use in uses if use.retires_within(today, within)} | retired
    of = f"{plural(len(models), 'model')}, {len(retired)} retired"
    if within is not None:
        of += f", {len(retiring - retired)} retiring within {plural(within, 'day')}"
    lines += [f"{total}{of}", *skipped]
    moves = dict.fromkeys(
        f"{use.model}={use.replacement}"
        for _, _, use in uses
        if use.model in retiring and use.replacement
    )
    return [*lines, *(f"  to see what breaks  pytest --claude-bump {move}" for move in moves)]


def _fate(use: Use, today: str) -> str:
    if use.model is None:
        return near_miss(use.name) or "unknown here"
    if use.retires_on is None:
        return f"{use.status}, no retirement is set"
    left = days_between(today, use.retires_on)
    when = f"retires {day(use.retires_on)} (in {plural(left, 'day')})"
    if left <= 0:
        when = f"retired since {day(use.retires_on)}"
    return f"{when}, {use.replacement} takes its place" if use.replacement else when
