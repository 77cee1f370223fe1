"""Which tools were called over the run: in what order, together, with what else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from pytest_claude.behavior.tools import DEFAULT_OUTPUT_TOOLS, roles
from pytest_claude.expect.checks.evidence import (
    call_text,
    calls_in,
    counted,
    instead,
    names_text,
    quoted_reply,
    times_text,
    tool_evidence,
    unknown,
)
from pytest_claude.expect.checks.offered import check_offered, near
from pytest_claude.expect.checks.tools import fits
from pytest_claude.expect.result import Check
from pytest_claude.transcript.model import Transcript

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

Order = Literal["strict", "unordered", "subset", "superset"]
WantedCall: TypeAlias = str | tuple[str, Mapping[str, Any]]

_ORDERS = get_args(Order)
Wanted = tuple[str, Mapping[str, Any]]


def calls_tools(
    transcript: Transcript,
    calls: Sequence[WantedCall],
    /,
    *,
    order: Order = "strict",
    offered: bool = True,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
) -> Check:
    """Whether these client tools were called.

    What counts as a call: as in `calls_tool`, over all replies in the order they were sent,
    and in the order of the blocks within one. Output and asking tools count where `calls`
    names them.

    Args:
        calls: Names of tools, or pairs of a name and the arguments it has at least.
        order: "strict": these, in this order, and no others. "unordered": these and no
            others, in any order. "subset": no call outside the list, however often.
            "superset": at least these, each as often as it is listed.
        offered: Refuse names that no request offered; False switches that off.
        output_tools: Globs of tools whose input is the answer. A method takes this and the
            following from the project's settings.
        asking_tools: Globs of tools that ask the user.

    Raises:
        NotOffered: No request offered such a tool, or it has no such argument.
        TypeError: `calls` is not a list of calls, or `order` is not one of the four.
    """
    wanted = _wanted(calls)
    if order not in _ORDERS:
        raise TypeError(f"order={order!r}{near(str(order), _ORDERS)} Known: {', '.join(_ORDERS)}")
    expected = _EXPECTED[order].format(", ".join(map(_shown, wanted)) or "none")
    if (missing := unknown("calls_tools", transcript, expected)) is not None:
        return missing
    for name, arguments in wanted if offered else ():
        check_offered(transcript, name, arguments)
    acts = roles(transcript, output_tools, asking_tools).acts
    names = {name for name, _ in wanted}
    made = [(a, use) for a, use in calls_in(transcript) if use.name in names or acts(use)]
    wrong = _WRONG[order](wanted, [(use.name, use.input) for _, use in made])
    observed, reason = instead(transcript), "no tool call"
    if made:
        observed = reason = f"calls {', '.join(f'`{use.name}`' for _, use in made)}"
    evidence = tool_evidence(made) or quoted_reply(transcript)
    return Check("calls_tools", wrong is None, expected, observed, wrong or reason, evidence)


def calls_in_parallel(
    transcript: Transcript, first: str, second: str, /, *more: str, offered: bool = True
) -> Check:
    """Whether one reply calls all these client tools.

    What counts as a call: as in `calls_tool`. A name that is given twice must be called twice in
    that reply.

    Args:
        first: A tool.
        second: Another tool, or the same.
        more: Further tools.
        offered: Refuse names that no request offered; False switches that off.

    Raises:
        NotOffered: No request offered such a tool.
    """
    names = Counter([first, second, *more])
    often = {name: f" ({times_text(n)})" if n > 1 else "" for name, n in names.items()}
    listed = " and ".join(f"`{name}`{often[name]}" for name in names)
    expected = f"{listed} called in one reply"
    if (missing := unknown("calls_in_parallel", transcript, expected)) is not None:
        return missing
    for name in names if offered else ():
        check_offered(transcript, name, {})
    calls = [(answer, use) for answer, use in calls_in(transcript) if use.name in names]
    for answer in transcript.answered:
        if not names - Counter(use.name for use in answer.tool_uses):
            observed = f"{listed} called in reply {answer.number}"
            evidence = tool_evidence((a, use) for a, use in calls if a is answer)
            return Check("calls_in_parallel", True, expected, observed, observed, evidence)
    absent = names - Counter(use.name for _, use in calls)
    if not calls:
        observed = instead(transcript)
    elif absent:
        observed = f"no call of {names_text(absent)}"
        if lacking := [name for name in absent if names[name] > absent[name]]:
            observed = f"one call of {names_text(lacking)}"
    else:
        places = ", ".join(f"`{use.name}` in reply {answer.number}" for answer, use in calls[:5])
        observed = f"one after the other: {places}"
    reason = "not called in one reply" if not absent else observed
    evidence = tool_evidence(calls) or quoted_reply(transcript)
    return Check("calls_in_parallel", False, expected, observed, reason, evidence)


def _wanted(calls: Sequence[WantedCall]) -> list[Wanted]:
    if isinstance(calls, str):
        raise TypeError(f"{calls!r}: a list of calls; one tool is asked by calls_tool({calls!r})")
    wanted: list[Wanted] = []
    for call in calls:
        name, arguments = (call, {}) if isinstance(call, str) else call
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise TypeError(f"{call!r}: the name of a tool, or a pair of name and arguments")
        wanted.append((name, arguments))
    return wanted


_EXPECTED = {
    "strict": "the calls {}, in this order, and no others",
    "unordered": "the calls {}, in any order, and no others",
    "subset": "no call but {}",
    "superset": "at least the calls {}",
}


def _shown(call: Wanted) -> str:
    name, arguments = call
    return f"`{call_text(name, arguments) if arguments else name}`"


Made = Sequence[tuple[str, Any]]


def _strict(wanted: Sequence[Wanted], made: Made) -> str | None:
    for number, (call, (name, given)) in enumerate(zip(wanted, made, strict=False), start=1):
        if not _is(call, name, given):
            other = call_text(name, given) if name == call[0] else name
            return f"call {number} is `{other}`, not {_shown(call)}"
    if len(made) < len(wanted):
        return f"no call {len(made) + 1}, {_shown(wanted[len(made)])}"
    if len(made) > len(wanted):
        return f"{counted(len(made) - len(wanted), 'call')} more: `{made[len(wanted)][0]}`"
    return None


def _unordered(wanted: Sequence[Wanted], made: Made) -> str | None:
    if (missing := _superset(wanted, made)) is not None or len(made) <= len(wanted):
        return missing
    return f"{counted(len(made) - len(wanted), 'call')} more than listed"


def _subset(wanted: Sequence[Wanted], made: Made) -> str | None:
    for name, given in made:
        if not any(_is(call, name, given) for call in wanted):
            listed = name in {call[0] for call in wanted}
            return f"calls `{call_text(name, given) if listed else name}`, which is not listed"
    return None


def _superset(wanted: Sequence[Wanted], made: Made) -> str | None:
    """Each wanted call needs a made call of its own: a matching by augmenting paths."""
    taken: dict[int, int] = {}

    def place(number: int, tried: set[int]) -> bool:
        for at, (name, given) in enumerate(made):
            if at not in tried and _is(wanted[number], name, given):
                tried.add(at)
                if at not in taken or place(taken[at], tried):
                    taken[at] = number
                    return True
        return False

    for number, call in enumerate(wanted):
        if not place(number, set()):
            again = any(other[0] == call[0] for other in wanted[:number])
            return f"no {'further ' if again else ''}call of {_shown(call)}"
    return None


def _is(call: Wanted, name: str, given: Any) -> bool:
    return call[0] == name and fits(given, call[1])


_WRONG = {"strict": _strict, "unordered": _unordered, "subset": _subset, "superset": _superset}
