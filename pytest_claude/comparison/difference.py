"""Typed differences between the trials of two models, in words. The only door to deepdiff."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Literal

from pytest_claude.behavior.profile import Profile
from pytest_claude.comparison.trial import Trial
from pytest_claude.transcript.quoting import cut, quote

Kind = Literal[
    "asks", "refused", "refuses", "declines", "parallel", "tools", "server", "arguments", "output",
    "stop", "cache", "effort", "served",
]  # fmt: skip

STEADY: frozenset[Kind] = frozenset({"refused", "refuses", "tools", "server", "stop"})
"""What two recordings of one request by one model have in common, in public recordings; the rest
differs now and then without any change of the model (docs/reference.md, "What is steady")."""

_LONGEST_REFUSAL = 200  # the API's own words name the parameter
_MOST_PLACES = 3
_LARGE = 200_000  # characters of JSON on both sides


@dataclass(frozen=True)
class Difference:
    """One change of behavior between baseline and candidate.

    Attributes:
        kind: What changed.
        sentence: What the candidate does, in words, without the counts.
        baseline: Trials of the baseline that behave so, and all of them.
        candidate: Trials of the candidate that behave so, and all of them.
        cassette: A trial of the candidate that shows it.
        interaction: Number of the interaction there.
    """

    kind: Kind
    sentence: str
    baseline: tuple[int, int]
    candidate: tuple[int, int]
    cassette: str | None
    interaction: int

    @property
    def steady(self) -> bool:
        """Whether one model asked twice would not differ so."""
        return self.kind in STEADY

    @property
    def counted(self) -> str:
        """The sentence with its counts.

        >>> Difference("asks", "asks for the unit", (0, 5), (4, 5), None, 1).counted
        'asks for the unit in 4 of 5 trials'
        """
        seen, of = self.candidate
        return f"{self.sentence} in {seen} of {of} trial{'s' if of != 1 else ''}"


def differences(base: Sequence[Trial], cand: Sequence[Trial]) -> tuple[Difference, ...]:
    """What changed, the one that explains the others first.

    A behavior changed when all trials of the baseline showed it, or none, and more than half of
    the candidate's trials do otherwise. One change shows in several ways (who asks calls no tool
    and stops otherwise); the order is asks, refused (by the API), refuses (the model), declines (in
    words), parallel, tools, server, arguments, output, stop, cache, effort, served, and the first
    is the one to tell. Trials without a profile do not count; those of which it is unread whether
    they ask don't in that.
    """
    alike = _alike(base, cand)
    old, new = _seen(base, alike), _seen(cand, alike)
    if not old or not new:
        return ()
    found = (_difference(kind, old, new) for kind in _ASPECTS)
    return tuple(difference for difference in found if difference is not None)


def shows(kind: Kind, base: Sequence[Trial], cand: Sequence[Trial]) -> Callable[[Trial], bool]:
    """Whether a trial behaves in the way that a difference of this kind tells of.

    Args:
        kind: The kind of a difference between `base` and `cand`.
        base: All trials of the baseline that the difference was made from.
        cand: All of the candidate.
    """
    alike = _alike(base, cand)
    old, new = _read(kind, _seen(base, alike)), _read(kind, _seen(cand, alike))
    behaves = _new_behavior(_ASPECTS[kind][0], old, new) if old and new else None
    if behaves is None:
        return lambda trial: False
    return lambda trial: trial.profile is not None and behaves(alike(trial.profile))


Seen = list[tuple[Trial, Profile]]


def _seen(trials: Sequence[Trial], alike: Callable[[Profile], Profile]) -> Seen:
    return [(trial, alike(trial.profile)) for trial in trials if trial.profile is not None]


def _alike(*sides: Sequence[Trial]) -> Callable[[Profile], Profile]:
    """Leaves out of all profiles what one of them, of an earlier version, does not say."""
    profiles = (trial.profile for side in sides for trial in side)
    if any(profile is not None and profile.fenced is None for profile in profiles):
        return partial(replace, fenced=None, declined=None, efforts=(), served=())
    return lambda profile: profile


def _read(kind: Kind, seen: Seen) -> Seen:
    """The trials that have a say in a change of this kind; none where most have none."""
    if kind != "asks":
        return seen
    read = [(trial, profile) for trial, profile in seen if profile.asks is not None]
    return read if 2 * len(read) > len(seen) else []


def _difference(kind: Kind, old: Seen, new: Seen) -> Difference | None:
    aspect, words = _ASPECTS[kind]
    old, new = _read(kind, old), _read(kind, new)
    behaves = _new_behavior(aspect, old, new) if old and new else None
    if behaves is None:
        return None
    showing = [(trial, profile) for trial, profile in new if behaves(profile)]
    trial, profile = showing[0]
    sentence = words(_usual(old, aspect), profile)
    if sentence is None:
        return None
    text, interaction = sentence
    before = sum(aspect(p) == aspect(profile) for _, p in old)
    return Difference(
        kind, text, (before, len(old)), (len(showing), len(new)),
        trial.cassette, trial.number_of(interaction),
    )  # fmt: skip


def _new_behavior(
    aspect: Callable[[Profile], Hashable], old: Seen, new: Seen
) -> Callable[[Profile], bool] | None:
    """Whether a trial behaves as most of the candidate's do and the baseline's did not."""
    before = Counter(aspect(profile) for _, profile in old)
    after = Counter(aspect(profile) for _, profile in new)
    changed = [value for value, seen in after.items() if not before[value] and 2 * seen > len(new)]
    usual = next((value for value, seen in before.items() if seen == len(old)), _MIXED)
    if changed:
        # Only one value can be shown by more than half of the trials.
        return lambda profile: aspect(profile) == changed[0]
    if usual is not _MIXED and 2 * after[usual] < len(new):
        # The usual behavior is gone, and nothing else took its place in most trials.
        return lambda profile: aspect(profile) != usual
    return None


_MIXED: Hashable = object()


def _usual(seen: Seen, aspect: Callable[[Profile], Hashable]) -> Profile:
    """A profile that shows what the baseline does most often."""
    most = Counter(aspect(profile) for _, profile in seen).most_common(1)[0][0]
    return next(profile for _, profile in seen if aspect(profile) == most)


Words = Callable[[Profile, Profile], tuple[str, int] | None]


def _asks(old: Profile, new: Profile) -> tuple[str, int]:
    if new.question is None:
        does = f"calls {_names(new)}" if new.tools else "answers"
        return f"{does} instead of asking", _first_place(new)
    instead = f" instead of calling {_names(old)}" if old.tools and not new.tools else ""
    return f"asks {quote(new.question)}{instead}", new.last


def _refused(old: Profile, new: Profile) -> tuple[str, int]:
    if new.is_refused and new.refusal is not None:
        return f"is refused with {cut(new.refusal, _LONGEST_REFUSAL)}", new.last
    return "is no longer refused", new.last


def _refuses(old: Profile, new: Profile) -> tuple[str, int]:
    refuses = new.refusal is not None and not new.is_refused
    return "refuses (stop reason `refusal`)" if refuses else "no longer refuses", new.last


def _declines(old: Profile, new: Profile) -> tuple[str, int]:
    if new.declined is None:
        return "no longer refuses in words", new.last
    instead = f" instead of calling {_names(old)}" if old.tools and not new.tools else ""
    return f"refuses in words, {quote(new.declined)}{instead}", new.last


def _parallel(old: Profile, new: Profile) -> tuple[str, int]:
    if not new.parallel:
        return f"calls {_list(old.parallel[0])} one at a time, not in parallel", new.last
    group = new.parallel[0]
    place = next((fact.interaction for fact in new.tools if fact.name == group[0]), new.last)
    return f"calls {_list(group)} in parallel", place


def _tools(old: Profile, new: Profile) -> tuple[str, int]:
    before, after = [fact.name for fact in old.tools], [fact.name for fact in new.tools]
    if not after:
        return f"does not call {_names(old)}", new.last
    if not before:
        return f"calls {_names(new)}, where no tool was called", _first_place(new)
    if sorted(before) == sorted(after):
        return f"calls {_names(new)} in another order ({_list(before)} before)", _first_place(new)
    return f"calls {_names(new)} instead of {_names(old)}", _first_place(new)


def _server(old: Profile, new: Profile) -> tuple[str, int]:
    if not new.server_tools:
        return f"does not use {_list(old.server_tools)} of the API", new.last
    instead = f" instead of {_list(old.server_tools)}" if old.server_tools else ""
    return f"uses {_list(new.server_tools)} of the API{instead}", new.last


def _arguments(old: Profile, new: Profile) -> tuple[str, int] | None:
    for before, after in zip(old.tools, new.tools, strict=False):
        if before.name == after.name and before.input != after.input:
            changes = _value_changes(before.input, after.input)
            return f"calls `{after.name}` with {changes}", after.interaction
    return None


def _output(old: Profile, new: Profile) -> tuple[str, int]:
    if not new.has_output:
        told = f"writes {new.around} characters of text around its JSON" if new.around else None
        return told or "answers with no JSON", new.last
    if not old.has_output:
        return "answers with JSON, where there was none", new.last
    if new.fenced != old.fenced:
        fence = "puts its JSON into a fence" if new.fenced else "puts its JSON into no fence"
        same = _canonical(old.output) == _canonical(new.output)
        return fence if same else f"{fence}, {_value_changes(old.output, new.output)}", new.last
    return f"answers with {_value_changes(old.output, new.output)}", new.last


def _stops(old: Profile, new: Profile) -> tuple[str, int]:
    return f"stops with `{new.stop_reason}` instead of `{old.stop_reason}`", new.last


def _cache(old: Profile, new: Profile) -> tuple[str, int] | None:
    if new.cache_read_tokens:
        return (
            None  # the first trial of a run finds a cold cache: that a later one reads is no news
        )
    written = f", writes {new.cache_write_tokens:,} to it" if new.cache_write_tokens else ""
    return f"reads nothing from the cache{written}", new.last


def _effort(old: Profile, new: Profile) -> tuple[str, int]:
    before, after = (_list(of.efforts) or "no effort" for of in (old, new))
    return f"is asked with {after} instead of {before}", new.last


def _served(old: Profile, new: Profile) -> tuple[str, int]:
    before, after = (_list(of.served) or "the model that is asked" for of in (old, new))
    return f"is answered by {after} instead of {before}", new.last


_ASPECTS: dict[Kind, tuple[Callable[[Profile], Hashable], Words]] = {
    "asks": (lambda p: p.asks, _asks),
    "refused": (lambda p: p.is_refused, _refused),
    "refuses": (lambda p: p.refusal is not None and not p.is_refused, _refuses),
    "declines": (lambda p: p.declined is not None, _declines),
    "parallel": (lambda p: p.parallel, _parallel),
    "tools": (lambda p: tuple(fact.name for fact in p.tools), _tools),
    "server": (lambda p: p.server_tools, _server),
    "arguments": (lambda p: tuple((f.name, _canonical(f.input)) for f in p.tools), _arguments),
    "output": (lambda p: (p.has_output, p.fenced, _canonical(p.output)), _output),
    "stop": (lambda p: p.stop_reason, _stops),
    "cache": (lambda p: bool(p.cache_read_tokens), _cache),
    "effort": (lambda p: p.efforts, _effort),
    "served": (lambda p: p.served, _served),
}


def _value_changes(old: Any, new: Any) -> str:
    """The places at which two JSON values differ: `$.gender` "man" instead of "male"."""
    if len(_canonical(old)) + len(_canonical(new)) > _LARGE:
        places = list(islice(_places(old, new, ()), _MOST_PLACES + 1))
        shown = ", ".join(_one_change(*place) for place in places[:_MOST_PLACES])
        more = " and more changes" if len(places) > _MOST_PLACES else ""
        return f"{shown}{more}" or "another value"
    from deepdiff import DeepDiff

    diff = DeepDiff(old, new, view="tree")
    words = [
        _one_change(level.path(output_format="list"), level.t1, level.t2, change)
        for change in sorted(diff)
        for level in diff[change]
    ]
    shown = ", ".join(sorted(words)[:_MOST_PLACES])
    rest = len(words) - _MOST_PLACES
    return f"{shown} and {rest} more changes" if rest > 0 else shown or "another value"


def _places(
    old: Any, new: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any, Any, str]]:
    """The differing places in order, item against item: what deepdiff takes minutes for."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in new or key not in old:
                change = "item_added" if key in new else "item_removed"
                yield (*path, key), old.get(key), new.get(key), change
            else:
                yield from _places(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for number, (left, right) in enumerate(zip(old, new, strict=False)):
            yield from _places(left, right, (*path, number))
        for number in range(len(new), len(old)):
            yield (*path, number), old[number], None, "item_removed"
        for number in range(len(old), len(new)):
            yield (*path, number), None, new[number], "item_added"
    else:
        yield path, old, new, "values_changed"


def _one_change(path: Iterable[str | int], old: Any, new: Any, change: str) -> str:
    where = "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    if change.endswith("_added"):
        return f"a new `{where}` {_value(new)}"
    if change.endswith("_removed"):
        return f"no `{where}` (was {_value(old)})"
    return f"`{where}` {_value(new)} instead of {_value(old)}"


def _first_place(profile: Profile) -> int:
    return profile.tools[0].interaction if profile.tools else profile.last


def _names(profile: Profile) -> str:
    return _list([fact.name for fact in profile.tools])


def _list(names: Sequence[str]) -> str:
    counted = Counter(names)
    return ", ".join(f"`{n}`" + (f" {_times(k)}" if k > 1 else "") for n, k in counted.items())


def _times(number: int) -> str:
    return "twice" if number == 2 else f"{number} times"


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _value(value: Any) -> str:
    return cut(json.dumps(value, ensure_ascii=False))
