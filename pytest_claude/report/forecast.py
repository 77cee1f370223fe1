"""What the recorded requests tell beyond the verdict: silent changes, and the bill of a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_claude.models.bill import DAYS_OF_A_MONTH, Bill, bill
from pytest_claude.models.ids import ModelNames
from pytest_claude.models.message_request import request_of
from pytest_claude.models.prefixes import Prefix
from pytest_claude.models.preflight import Call, preflight
from pytest_claude.models.prices import NO_OVERRIDES, PriceTable
from pytest_claude.report.conversation import Lookup
from pytest_claude.report.numbers import dollars, plural
from pytest_claude.report.preflight import change_words, silent_changes
from pytest_claude.report.row import Side
from pytest_claude.report.story import Story

REQUESTS_PER_DAY = 1_000
_CACHED = "With the shared prefix cached"


@dataclass(frozen=True)
class Silent:
    """One thing that changes without an error.

    Attributes:
        tests: How many tests send such a request.
        words: What changes; names are in backquotes.
        source: Where it is documented; empty where nowhere.
    """

    tests: int
    words: str
    source: str


@dataclass(frozen=True)
class Way:
    """One way to run the same requests for a month.

    Attributes:
        label: The way.
        detail: What it rests on; empty where nothing is to be said.
        usd: Dollars on the baseline and on the candidate.
        most: The dearest side of all ways.
    """

    label: str
    detail: str
    usd: tuple[float, float]
    most: float = 0.0

    @property
    def amounts(self) -> tuple[str, ...]:
        """The dollars, as written."""
        return tuple(map(dollars, self.usd))

    @property
    def bars(self) -> tuple[float, ...]:
        """The dollars as percent of the dearest way."""
        return tuple(100 * usd / self.most for usd in self.usd)


@dataclass(frozen=True)
class Forecast:
    """What the recorded requests of a bump tell beyond the verdict.

    Attributes:
        silent: What changes without an error, by the number of tests.
        ways: What a month costs; empty where a price or a usage is unknown.
        about: What the ways are counted from.
        note: What must be known to read them.
    """

    silent: tuple[Silent, ...] = ()
    ways: tuple[Way, ...] = ()
    about: str = ""
    note: str = ""


def forecast(story: Story, transcripts: Lookup, prices: PriceTable = NO_OVERRIDES) -> Forecast:
    """What the first trial of each test on either side tells, in a run with two sides.

    Args:
        story: The run.
        transcripts: Gives the transcript of a cassette.
        prices: The user's own prices, and the project's own names of models.
    """
    compared = [row for row in story.rows if len(row.sides) == 2]
    names = prices.names
    base, cand = (
        [call for row in compared for call in _first_calls(row.sides[n], transcripts, names)]
        for n in (0, 1)
    )
    silent: dict[str, Silent] = {}
    for pair in story.comparison.pairs if story.comparison is not None else ():
        moved = preflight(base, names.resolved(pair.new), olds=[names.resolved(pair.old)])
        for group in silent_changes(moved):
            words = change_words(group.finding)
            source = next(iter(group.finding.sources), "")
            silent.setdefault(words, Silent(len(group.tests), words, source))
    both = {call.test for call in base} & {call.test for call in cand}
    base, cand = ([call for call in calls if call.test in both] for calls in (base, cand))
    ways, about, note = _month(base, cand, prices)
    if story.simulated_by:
        note = f"{note} The usage is simulated by {story.simulated_by}.".strip()
    return Forecast(tuple(silent.values()), ways, about, note)


def _first_calls(side: Side, transcripts: Lookup, names: ModelNames) -> Iterator[Call]:
    """The app's calls of the first trial whose recording is here."""
    for trial in side.trials:
        transcript = transcripts(trial.cassette) if trial.cassette else None
        if transcript is None or trial.cassette is None:
            continue
        module = trial.test.partition("::")[0]
        for answer in trial.own(transcript).answers:
            if not answer.judges:
                yield Call(trial.test, module, trial.cassette, answer.number, 1,
                           request_of(answer, names), answer)  # fmt: skip
        return


def _month(
    base: Sequence[Call], cand: Sequence[Call], prices: PriceTable
) -> tuple[tuple[Way, ...], str, str]:
    """The ways, what they are counted from, and what must be known to read them."""
    if not base or not cand:
        return (), "", ""
    # The same tasks a day: where the candidate calls more often, it makes more requests.
    often = round(REQUESTS_PER_DAY * len(cand) / len(base))
    old, new = _bill(base, REQUESTS_PER_DAY, prices), _bill(cand, often, prices)
    shared = old.prefixes and new.prefixes
    detail = _prefixes(old.prefixes[0], new.prefixes[0]) if shared else ""
    ways = [
        Way(label, detail if label == _CACHED else "", (before.usd, after.usd))
        for label, before, after in (
            ("As recorded", old.month_old, new.month_old),
            (_CACHED, old.cached_old if shared else None, new.cached_old),
            ("In batches, no caching", old.batch_old, new.batch_old),
        )
        if before is not None and after is not None and max(before.usd, after.usd)
    ]
    most = max((usd for way in ways for usd in way.usd), default=0.0)
    if not ways:
        return (), "", ""
    tests = plural(len({call.test for call in base}), "test")
    about = f"{_pair(REQUESTS_PER_DAY, often)} requests a day, usage as recorded in {tests}"
    caching = (
        "Caching: the requests come evenly over the day."
        if shared
        else "No two tests begin their requests alike: what caching saves is unknown."
    )
    note = f"Month = {DAYS_OF_A_MONTH} days. {caching}"
    return tuple(replace(way, most=most) for way in ways), about, note


def _bill(calls: Sequence[Call], requests_per_day: int, prices: PriceTable) -> Bill:
    """What the calls cost on the models that they asked."""
    model = calls[0].request.model or ""
    return bill(calls, model, requests_per_day=requests_per_day, overrides=prices)


def _prefixes(old: Prefix, new: Prefix) -> str:
    tokens, least = _pair(old.tokens, new.tokens), _pair(old.minimum, new.minimum)
    return f"about {tokens} tokens, cached from {least}"


def _pair(old: int | None, new: int | None) -> str:
    """`812 → 1,056`, or one number where both are equal."""
    words = ["unknown" if number is None else f"{number:,}" for number in (old, new)]
    return " → ".join(dict.fromkeys(words))
