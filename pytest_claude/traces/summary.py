"""What a user reads of traffic that became a test: every record that was read is in it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import canonical_model
from pytest_claude.traces.cases import begins_late
from pytest_claude.traces.clusters import Cluster
from pytest_claude.traces.model import Case, LeftOut, Why
from pytest_claude.traces.request import DEFAULTS

_MOST = 10  # of what is named one by one
_TOLD: Mapping[Why, str] = {
    "failed": "failed (an error is told, or one of the key or the service)",
    "cut": "cut: a stream without its end, or a text of JSON (exporters limit attributes)",
}
_DROPPED = {"thinking": "thinking of earlier turns without the signature that the API asks for"}
_KINDS = {"email": "e-mail address", "phone": "phone number", "card": "card number",
          "iban": "account number"}  # fmt: skip


@dataclass
class Tally:
    """What was read of a source.

    Attributes:
        calls: The calls that a test can be made of.
        left_out: How many records were left out, by the reason.
        vendors: How many calls asked another vendor's model, by the model.
        broken: What could not be read, one by one.
    """

    calls: int = 0
    left_out: Counter[Why] = field(default_factory=Counter)
    vendors: Counter[str] = field(default_factory=Counter)
    broken: list[LeftOut] = field(default_factory=list)

    def leave_out(self, record: LeftOut) -> None:
        """Count a record that was left out."""
        self.left_out[record.why] += 1
        if record.why == "another vendor's model":
            self.vendors[record.detail] += 1
        elif record.why == "broken":
            self.broken.append(record)

    @property
    def read(self) -> int:
        """All records."""
        return self.calls + self.left_out.total()


def read_lines(tally: Tally, files: int) -> Iterator[str]:
    """What was read, and what of it is no call."""
    yield f"{counted(tally.read, 'record')} read in {counted(files, 'file')}"
    yield f"  {counted(tally.calls, 'call')} of Claude"
    for why in get_args(Why):
        if number := tally.left_out[why]:
            vendors = ", ".join(f"{m} {n:,}" for m, n in tally.vendors.most_common(_MOST))
            which = f": {vendors}" if why == "another vendor's model" else ""
            yield f"  {number:,} left out: {_TOLD.get(why, why)}{which}"
            named = tally.broken if why == "broken" else []
            yield from (f"    {record.source}: {record.detail}" for record in named[:_MOST])
            if (more := len(named) - _MOST) > 0:
                yield f"    and {more:,} more"


def chosen_lines(
    tally: Tally, cases: int, clusters: Sequence[Cluster], number: int | None
) -> Iterator[str]:
    """How the calls became cases, and which of them were chosen."""
    distinct = sum(len(cluster.cases) for cluster in clusters)
    taken = {id(c): min(number or len(c.cases), len(c.cases)) for c in clusters}
    yield (
        f"{counted(tally.calls, 'call')} → {counted(cases, 'case')} (the loop of an agent is one); "
        f"{cases - distinct:,} of them ask what another one asks"
    )
    if late := sum(begins_late(case) for cluster in clusters for case in cluster.cases):
        told = counted(late, "case")
        yield f"begin with results of tools whose call is not in the export: {told}"
    most = "all of them" if number is None else f"at most {number} of each (--n)"
    yield (
        f"{counted(len(clusters), 'cluster')} by model, system prompt, tools and what the model "
        f"did; {most}: {counted(sum(taken.values()), 'case')}"
    )
    by_size = sorted(clusters, key=lambda cluster: -len(cluster.cases))
    for cluster in by_size[:_MOST]:
        told = ", ".join((canonical_model(cluster.model), *cluster.tags))
        yield f"  {taken[id(cluster)]:,} of {len(cluster.cases):,}: {told}"
    if (more := len(clusters) - _MOST) > 0:
        yield f"  and {counted(more, 'cluster')} more"


def changed_lines(cases: Sequence[Case], taken_out: Mapping[str, int] | None) -> Iterator[str]:
    """What is unknown, filled in, and taken out; None where personal data was kept."""
    asked = Counter(str(case.request["model"]) for case in cases)
    for model, number in asked.most_common():
        if facts_of(model) is None:
            yield f"asked in {counted(number, 'case')}: {model}, an id that is not known here"
    filled = Counter(each for case in cases for each in case.filled)
    for name, number in filled.most_common():
        yield f"filled in, in {counted(number, 'case')}: {name} = {DEFAULTS[name]}"
    dropped = Counter(each for case in cases for each in case.dropped)
    for name, number in dropped.most_common(_MOST):
        why = _DROPPED.get(name, f"the field {name}, which the API does not know")
        yield f"left out of {counted(number, 'case')}: {why}"
    if taken_out is None:
        yield "personal data is kept (--keep-personal-data)"
    else:
        told = (counted(taken_out[k], noun) for k, noun in _KINDS.items() if taken_out.get(k))
        out = ", ".join(told) or "nothing was found"
        yield f"personal data taken out: {out}; names only by the hook pytest_claude_redact"


def counted(number: int, noun: str) -> str:
    """`1 case`, `2 cases`, `3 addresses`."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"
