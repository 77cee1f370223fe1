"""Whether a trial behaves as was accepted of its test: the check that no assertion is written for.

It looks at the whole trial, so it is a check of the fixture and not one of every view.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pytest_claude.behavior.accepted import KINDS, SHAPED, Accepted, Change, Facts, Rule, facts
from pytest_claude.behavior.profile import profile
from pytest_claude.expect.checks.evidence import (
    calls_in,
    counted,
    ends,
    gap,
    quoted_reply,
    tool_evidence,
)
from pytest_claude.expect.checks.offered import near
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.quoting import cut

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

NAME = "behaves_as_recorded"
_MOST = 5  # changes that are told
_LONGEST = 120  # characters of a fact
_NOTHING = "no behavior of this test is accepted yet"
_BUSY = 429
_PLAIN = Reading()


def behaves_as_recorded(
    transcript: Transcript,
    accepted: Accepted | None,
    *,
    ignore: str | Iterable[str] = (),
    reading: Reading = _PLAIN,
) -> Check:
    """Whether a trial behaves as accepted.

    Unknown where nothing was accepted, where nothing was said, and where it is in doubt whether the
    last reply asks, as it is accepted to do. Other facts that are in doubt are not compared.

    Args:
        transcript: What was said in the trial.
        accepted: What was accepted of its test; None where nothing was.
        ignore: What may differ: a kind, or a place in the arguments or in the JSON of the answer.
        reading: The roles of the project's tools.

    Raises:
        TypeError: `ignore` names no kind.

    >>> from pytest_claude.transcript.model import Transcript
    >>> behaves_as_recorded(Transcript(()), None).outcome is None
    True
    """
    return compared(transcript, behavior(transcript, reading), ignored(ignore), accepted)


def compared(
    transcript: Transcript,
    new: Facts | None,
    rules: tuple[Rule, ...],
    accepted: Accepted | None,
    why: str = "",
) -> Check:
    """The same check, where what the trial showed has been read.

    Args:
        transcript: What was said in the trial.
        new: What it showed; None where it showed nothing.
        rules: What may differ.
        accepted: What was accepted of its test; None where nothing was.
        why: Why nothing was, in words that follow that it was not.
    """
    if new is None:
        missing = gap(transcript) or ""
        at = ends(transcript.answers)
        return Check(NAME, None, "the accepted behavior", missing, missing, at)
    if accepted is None:
        nothing = _NOTHING + (f": {why}" if why else "")
        return Check(NAME, None, "the accepted behavior", nothing, nothing)
    changes = accepted.changes(new, rules)
    if not changes and _is_open(accepted, new, rules):
        doubt = "it is in doubt whether the reply asks"
        return Check(NAME, None, "asks: yes", doubt, doubt, quoted_reply(transcript))
    if not changes:
        held = f"as in {counted(accepted.trials, 'accepted trial')}"
        return Check(NAME, True, "the accepted behavior", held, held)
    expected, observed = _told(changes, new=False), _told(changes, new=True)
    return Check(NAME, False, expected, observed, _instead(changes), _evidence(transcript))


def accepted_lines(path: str, before: Accepted | None, after: Accepted) -> list[str]:
    """The lines on accepted behavior that was written: the file, and all that moved."""
    moved = [] if before is None else before.moved(after)
    if before is not None and before.facts == after.facts:
        return [f"accepted in {path}: it behaves as accepted before"]
    places = ", ".join(cut(".".join(place)) for place in after.varying)
    return [
        f"accepted in {path}: review and commit it",
        *(_moved(change) for change in moved),
        *([f"its trials differ in {places}: anything is accepted there"] if places else ()),
    ]


def _moved(change: Change) -> str:
    if len(change.path) == 1 and None in (change.accepted, change.new):
        held = (
            "no longer held"
            if change.new is None
            else f"{_fact(change, change.new)}, held from now on"
        )
        return f"{_name(change)}: {held}"
    return _instead([change])


def behavior(transcript: Transcript, reading: Reading) -> dict[str, Any] | None:
    """What a trial showed; None where it showed nothing.

    A refusal by the API is a fact. A busy or failing API is not a fact.
    """
    last = transcript.last
    refused = last is not None and 400 <= last.status < 500 and last.status != _BUSY
    if gap(transcript) is not None and (transcript.pending or not refused):
        return None
    return facts(
        profile(
            transcript,
            output_tools=reading.output_tools,
            asking_tools=reading.asking_tools,
            settle=reading.settle,
        )
    )


def ignored(ignore: str | Iterable[str]) -> tuple[Rule, ...]:
    """What may differ, as it is written in a test.

    Raises:
        TypeError: A rule names no kind, or a place where there is none.

    >>> ignored("arguments.*.id")
    (('arguments', '*', 'id'),)
    """
    rules = (ignore,) if isinstance(ignore, str) else tuple(ignore)
    return tuple(map(_rule, rules))


def _rule(text: object) -> Rule:
    if not isinstance(text, str):
        raise TypeError(f"ignore={text!r}: a text such as 'stop' or 'arguments.*.id'")
    kind, *names = text.split(".")
    if kind not in KINDS:
        raise TypeError(f"ignore={text!r}: no kind {kind!r}{near(kind, KINDS)} {_kinds()}")
    if names and kind not in SHAPED:
        raise TypeError(f"ignore={text!r}: {kind!r} has no parts; write ignore={kind!r}")
    if not all(names):
        raise TypeError(f"ignore={text!r}: an empty name between two dots, or at the end")
    return kind, *names


def _kinds() -> str:
    return f"Kinds: {', '.join(KINDS)}."


def _is_open(accepted: Accepted, new: Facts, rules: tuple[Rule, ...]) -> bool:
    asked = accepted.facts.get("asks") is True and ("asks",) not in rules
    return asked and "asks" not in new


def _instead(changes: list[Change]) -> str:
    first, more = changes[0], len(changes) - 1
    text = f"{_name(first)}: {_fact(first, first.new)} instead of {_fact(first, first.accepted)}"
    return text + (f", and {counted(more, 'more change')}" if more else "")


def _told(changes: list[Change], *, new: bool) -> str:
    facts = (f"{_name(c)}: {_fact(c, c.new if new else c.accepted)}" for c in changes[:_MOST])
    more = len(changes) - _MOST
    return "; ".join(facts) + (f"; and {counted(more, 'more change')}" if more > 0 else "")


def _name(change: Change) -> str:
    return cut(".".join(change.path))


def _fact(change: Change, fact: Any) -> str:
    """A fact in words; the one that a change has before or after it."""
    match fact:
        case None:
            return "absent"
        case bool():
            return "yes" if fact else "no"
        case str():
            return cut(fact)
        case [] if change.path[0] not in SHAPED:
            return "none"
        case list() if change.path[0] not in SHAPED:
            groups = (each if isinstance(each, str) else " + ".join(each) for each in fact)
            return cut(", ".join(groups), _LONGEST)
    return cut(json.dumps(fact, ensure_ascii=False), _LONGEST)


def _evidence(transcript: Transcript) -> tuple[Evidence, ...]:
    last = transcript.last
    if last is not None and last.error is not None:
        return (Evidence(last.number, (f"HTTP {last.status}: {last.error.message}",)),)
    calls = calls_in(transcript)
    return tool_evidence(calls) if calls else quoted_reply(transcript)
