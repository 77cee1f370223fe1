"""What the user reads of a preflight, as lines of at most 80 columns where text allows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_claude.models.bill import Bill, Money
from pytest_claude.models.facts import days_between
from pytest_claude.models.findings import Finding
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.preflight import Call, Group, Preflight, groups, known_id
from pytest_claude.models.prices import (
    NO_OVERRIDES,
    Price,
    PriceTable,
    rates,
    shown_model,
    unpriced_reason,
)
from pytest_claude.models.speed import Median, SpeedChange
from pytest_claude.report.numbers import count, day, dollars, plural, seconds
from pytest_claude.report.plan_words import expected_text, quick_bump
from pytest_claude.report.terminal import WIDTH, hanging
from pytest_claude.transcript.quoting import printable

_MOST = 5
_LABEL = 12
_PLACE = 54  # column of the tests beside a refusal


def preflight_lines(
    found: Preflight,
    money: Bill | None = None,
    speed: Sequence[SpeedChange] = (),
    *,
    overrides: PriceTable = NO_OVERRIDES,
    verbose: bool = False,
    command: str | None = None,
) -> list[str]:
    """The whole text of `pytest-claude preflight`.

    Args:
        found: What the rules say.
        money: What it would cost; None leaves that part out.
        speed: What changed in recorded speed.
        overrides: The user's own prices.
        verbose: Name every request and every source, not the first few.
        command: What shows every request; the last line, where anything was cut.
    """
    lines = [*hanging("", _title(found)), "", *_refused(found, verbose=verbose), *_unknown(found)]
    lines += changes_lines(found, verbose=verbose)
    lines += _labelled("Retires", _retirement(found))
    if found.others:
        named = ", ".join(f"{shown_model(m)} ({n})" for m, n in found.others.items())
        lines += _labelled("Left out", [f"requests for {named}; --from names them"])
    if money is not None:
        lines += _labelled("Costs", _money(money, found, overrides))
    lines += _labelled("Speed", speed_lines(speed))
    if command is not None and not verbose:
        lines.append(f"  to see every request  {command}")
    return lines


def refusal_lines(found: Preflight, *, verbose: bool = False) -> list[str]:
    """The first section of a bump: what NEW refuses, and what adapting settles of it."""
    return [] if not found.refused else _refused(found, verbose=verbose)


def changes_lines(found: Preflight, *, verbose: bool = False) -> list[str]:
    """What changes without an error, as the terminal tells it."""
    shown = silent_changes(found)
    if not shown:
        return []
    lines = ["What changes without an error"]
    for group in shown if verbose else shown[:_MOST]:
        head = f"{len(group.tests):>4} {'test ' if len(group.tests) == 1 else 'tests'}  "
        lines += hanging(head, change_words(group.finding))
        if verbose:
            lines += [f"{' ' * _LABEL}{source}" for source in group.finding.sources[:2]]
    rest = len(shown) - _MOST
    if rest > 0 and not verbose:
        lines.append(f"  … {rest} more (-v shows all, with their sources)")
    return lines


def silent_changes(found: Preflight) -> list[Group]:
    """What changes without an error, by tests; the documented tendencies last."""
    warnings = _by_tests(groups(found.judged, "warning"))
    tendencies = _by_tests(groups(found.judged, "behavior"))
    return [group for group in (*warnings, *tendencies) if group.finding.rule != "model-unknown"]


def change_words(finding: Finding) -> str:
    """What changes; of a tendency, in which respect."""
    if finding.dimension and finding.effect == "behavior":
        return f"{finding.dimension.replace('_', ' ')}: {finding.seen}"
    return finding.seen


def speed_lines(changes: Sequence[SpeedChange]) -> list[str]:
    """Medians with their 95 % intervals, one line per measure."""
    words = {"time_to_first_token_s": "first token", "output_tokens_per_s": "output tokens/s"}
    lines = []
    for change in changes:
        write = seconds if change.measure.endswith("_s") and "per" not in change.measure else count
        lines.append(
            f"{words.get(change.measure, change.measure):<16}"
            f"{_median(change.old, write)} → {_median(change.new, write)}  "
            f"median of {change.old.count} and {plural(change.new.count, 'call')}"
        )
    return lines


def retirement_line(facts: ModelFacts, today: str, tests: int) -> list[str]:
    """One model that retires soon, with the command that tells what breaks."""
    assert facts.retires_on is not None, "it retires"
    uses = "uses" if tests == 1 else "use"
    lines = [f"{facts.id} {_retires(facts, today)}; {plural(tests, 'test')} {uses} it"]
    if facts.replacement is not None:
        lines.append(f"  to see what breaks  pytest-claude preflight {facts.replacement}")
    return lines


# --- the parts -----------------------------------------------------------------------------------


def _title(found: Preflight) -> str:
    olds = ", ".join(shown_model(old) for old in found.olds) or "no model"
    tests, calls = plural(len(found.tests), "test"), plural(len(found.judged), "request")
    return f"{olds} → {shown_model(found.new)}: {tests}, {calls}; nothing was called"


def _refused(found: Preflight, *, verbose: bool) -> list[str]:
    refused = found.refused
    if not refused:
        if found.new_facts is None:
            return []
        return ["✔ no request would be refused"]
    statuses = sorted({f.status for each in refused for f in each.refusals if f.status})
    codes = " or ".join(map(str, statuses))
    tests = len({each.call.test for each in refused})
    lines = [
        f"✗ {plural(len(refused), 'request')} in {plural(tests, 'test')} would be refused "
        f"with HTTP {codes}"
    ]
    for group in groups(found.judged, "refused"):
        lines += _refusal(group, verbose=verbose)
    return lines


def _refusal(group: Group, *, verbose: bool) -> list[str]:
    finding, calls = group.finding, len(group.calls)
    head = f"  {calls} {printable(finding.seen)}"
    where = _modules(group.calls)
    gap = max(_PLACE - len(head), 2)
    fits = len(head) + gap + len(where) <= WIDTH
    lines = [f"{head}{' ' * gap}{where}"] if fits else [*hanging("  ", head[2:]), f"    {where}"]
    if finding.fix is not None:
        lines += hanging("    → ", finding.fix)
    lines.append(f"    {_settled(group)}")
    if finding.confidence != "documented":
        lines.append(f"    {_CONFIDENCE[finding.confidence]}")
    if verbose:
        lines += [f"    {finding.rule}, since {finding.since or 'an unknown day'}"]
        lines += [f"    the API: {finding.message}"] if finding.message else []
        lines += [f"    {source}" for source in finding.sources]
        lines += [f"    {call.test}\n      {call.cassette}, interaction {call.number}"
                  for call in group.calls]  # fmt: skip
    return [line for text in lines for line in text.split("\n")]


_CONFIDENCE = {
    "observed": "observed on the live API, not documented",
    "inferred": "inferred from the documentation",
    "assumed": "its limits were not read: assumed as those of its predecessor",
}


def _settled(group: Group) -> str:
    if group.settled == len(group.calls):
        return "a comparison adapts it; the app's own code must follow"
    if group.settled:
        return f"a comparison adapts {group.settled} of {len(group.calls)}"
    return "not adapted: a comparison is refused too, until the app is changed"


def _unknown(found: Preflight) -> list[str]:
    unknown = [g for g in groups(found.judged, "warning") if g.finding.rule == "model-unknown"]
    return [line for group in unknown for line in hanging("", f"{group.finding.seen}; "
            "--live asks the API")]  # fmt: skip


def _retirement(found: Preflight) -> list[str]:
    told = []
    today = found.on
    for facts in (*found.old_facts, found.new_facts):
        if facts is None or (facts is found.new_facts and facts in found.old_facts):
            continue
        new = "NEW " if facts is found.new_facts else f"{facts.id} "
        if facts.retires_on is not None and today is not None:
            when = _retires(facts, today).removeprefix("retires ").removeprefix("on ")
            told.append(f"{new}{when}")
        elif facts.retires_not_before is not None:
            told.append(f"{new}not before {day(facts.retires_not_before)}")
        else:
            told.append(f"{new}unknown")
    return ["; ".join(told)] if told else []


def _retires(facts: ModelFacts, today: str) -> str:
    assert facts.retires_on is not None, "it retires"
    left = days_between(today, facts.retires_on)
    if left < 0:
        return f"retired on {day(facts.retires_on)}"
    if left == 0:
        return f"retires on {day(facts.retires_on)}, today"
    return f"retires on {day(facts.retires_on)}, in {plural(left, 'day')}"


def _money(money: Bill, found: Preflight, overrides: PriceTable) -> list[str]:
    if not money.calls:
        return []
    if money.unpriced:
        return [unpriced_reason(money.unpriced)]
    if money.record_once is None:
        return ["unknown: no recorded request has a usage"]
    lines = [
        f"recording once: {plural(money.calls, 'call')}, about {_amount(money.record_once)}",
        f"bump, quick: {expected_text(quick_bump(money))}",
    ]
    old, new = money.per_request_old, money.per_request_new
    if old is not None and new is not None:
        lines.append(f"a request: {dollars(old.usd)} → {_amount(new)}")
    if money.month_old is not None and money.month_new is not None:
        lines.append(
            f"{money.requests_per_day:,} requests/day: {dollars(money.month_old.usd)} → "
            f"{_amount(money.month_new)} a month"
        )
        lines += _cached(money)
        lines.append(
            f"in batches: {dollars(_usd(money.batch_old))} → {dollars(_usd(money.batch_new))}"
        )
    lines += _rates(found, overrides)
    if money.thinking_unknown:
        lines.append("on NEW plus thinking, which is unknown before recording")
    if money.estimated:
        lines.append("on NEW tokens are estimated: another tokenizer, 1.0 to 1.35 times")
    if money.uncounted:
        lines.append(f"{plural(money.uncounted, 'call')} without a recorded usage left out")
    return lines


def _cached(money: Bill) -> list[str]:
    if not money.prefixes:
        return ["no two tests share a prefix: what caching saves is unknown"]
    longest = money.prefixes[0]
    if not any(prefix.cached_old or prefix.cached_new for prefix in money.prefixes):
        least = "unknown" if longest.minimum is None else f"{longest.minimum:,}"
        return [
            f"prefix cached: nothing; the longest shared prefix is about {longest.tokens:,} "
            f"tokens, the least that is cached {least}"
        ]
    return [
        f"prefix cached: {dollars(_usd(money.cached_old))} → {dollars(_usd(money.cached_new))} "
        f"(about {longest.tokens:,} tokens shared, requests evenly spread)"
    ]


def _rates(found: Preflight, overrides: PriceTable) -> list[str]:
    if len(found.olds) != 1 or found.olds[0] == known_id(found.new):
        return []
    old, new = rates(found.olds[0], overrides), rates(found.new, overrides)
    if old is None or new is None:
        return []
    return [f"per MTok in/out {_per_mtok(old)} → {_per_mtok(new)}, "
            f"cache read {dollars(old.cache_read)} → {dollars(new.cache_read)}"]  # fmt: skip


def _per_mtok(price: Price) -> str:
    return f"{dollars(price.input)}/{dollars(price.output).removeprefix('$')}"


def _amount(money: Money) -> str:
    if money.low_usd == money.high_usd:
        return dollars(money.usd)
    ends = (
        f"{dollars(money.low_usd).removeprefix('$')} to {dollars(money.high_usd).removeprefix('$')}"
    )
    return f"{dollars(money.usd)} ({ends})"


def _usd(money: Money | None) -> float | None:
    return None if money is None else money.usd


def _median(value: Median, write: object) -> str:
    assert callable(write)
    text = str(write(value.value))
    if value.low is None or value.high is None:
        return text
    return f"{text} ({str(write(value.low)).removesuffix(' s')} to {write(value.high)})"


def _by_tests(found: Sequence[Group]) -> list[Group]:
    return sorted(found, key=lambda group: -len(group.tests))


def _modules(calls: Sequence[Call]) -> str:
    """The test files with their number of requests, two at most."""
    counts = Counter(call.module for call in calls)
    named = [f"{printable(name)}{f' ({n})' if n > 1 else ''}" for name, n in counts.most_common()]
    rest = len(named) - 2
    return ", ".join([*named[:2], *([f"… {rest} more"] if rest > 0 else [])])


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    heads = [label.ljust(_LABEL), *[" " * _LABEL] * len(lines)]
    shown = (hanging(head, line) for head, line in zip(heads, lines, strict=False))
    return [line for lines in shown for line in lines]
