"""Which models were called, whether any was, and what was read from the prompt cache."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable

from pytest_claude.errors import NotOffered
from pytest_claude.expect.checks.evidence import counted, ends, unknown
from pytest_claude.expect.checks.tools import check_times
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import canonical_model
from pytest_claude.transcript.model import Transcript

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

_MOST = 5

Canonical = Callable[[str], str]
"""Any id of a model, or a project's own name of it → its canonical id."""


def makes_no_call(transcript: Transcript) -> Check:
    """Whether the app made no request to the API: true or false, never unknown.

    Counts as a request: every call, also one that failed, one in flight, a batch or a count of
    tokens.
    """
    expected = "no call to a model"
    number = len(transcript.answers) + transcript.pending + transcript.injected
    number += transcript.others
    observed = counted(number, "call") if number else "no call"
    evidence = tuple(
        Evidence(answer.number, (f"{answer.request.method} {answer.request.path}",))
        for answer in transcript.answers[:_MOST]
    )
    return Check("makes_no_call", number == 0, expected, observed, observed, evidence)


def calls_model(
    transcript: Transcript,
    model: str,
    *,
    times: int | None = None,
    canonical: Canonical = canonical_model,
) -> Check:
    """Whether the app asks a model: at least once, or exactly `times` times.

    What the app asked for counts, before any swap and also where another model answered. Dates and
    the spellings of platforms don't count. Calls that failed count.

    Args:
        model: Any id of it, or a name of `claude_model_map`.
        times: How often; None for at least once.
        canonical: Gives a model's ids one name. A method takes the project's.

    Raises:
        TypeError: `times` is not a number of times.
        NotOffered: No call asks it, and no model of this name is known; the text names the
            nearest one.
    """
    check_times(times)
    wanted = canonical(model)
    asked = Counter(canonical(a.model) for a in transcript.answers if a.model)
    number = asked[wanted]
    is_known = facts_of(wanted) is not None or wanted != canonical_model(model)
    if not number and not is_known:
        raise NotOffered(f"{model!r}: no such model is known{_nearest(wanted, asked)}")
    often = "" if times is None else f" {times} times" if times != 1 else " once"
    expected = f"{wanted} is asked{often}"
    others = ", ".join(f"{name} ({n})" for name, n in sorted(asked.items()) if name != wanted)
    told = f"{wanted} is asked {'once' if number == 1 else f'{number} times'}" if number else ""
    observed = "; ".join(filter(None, (told, f"the app asks {others}" if others else "")))
    observed = observed or "no model is asked"
    holds = bool(number) if times is None else number == times
    if not (holds and times is None):  # one more call could change it
        if (missing := unknown("calls_model", transcript, expected)) is not None:
            return missing
    of_it = [a for a in transcript.answers if a.model and canonical(a.model) == wanted]
    return Check("calls_model", holds, expected, observed, observed, ends(of_it))


def _nearest(wanted: str, asked: Counter[str]) -> str:
    near = difflib.get_close_matches(wanted, list(asked), n=1, cutoff=0.5)
    return f"; the app asks {near[0]!r}" if near else ""


def reads_cache(transcript: Transcript, *, min_share: float = 0.0) -> Check:
    """Whether the run reads from the prompt cache: some tokens, and `min_share` of its input.

    The share is the tokens that were read from the cache over all input tokens, those read from
    it and written to it included, of all answered calls together. The first call of a run can
    read only what an earlier run has written.

    Args:
        min_share: From 0 to 1; at least so much must be read.

    Raises:
        TypeError: `min_share` is not a number from 0 to 1.
    """
    if isinstance(min_share, bool) or not isinstance(min_share, int | float):
        raise TypeError(f"min_share={min_share!r}: a number from 0 to 1")
    if not 0 <= min_share <= 1:
        raise TypeError(f"min_share={min_share!r}: a number from 0 to 1")
    at_least = f"at least {min_share:.0%} of the input" if min_share else "some of the input"
    expected = f"{at_least} is read from the cache"
    if (missing := unknown("reads_cache", transcript, expected)) is not None:
        return missing
    usages = [answer.usage for answer in transcript.answers if answer.status < 400]
    totals = [usage.all_input_tokens for usage in usages]
    evidence = ends(transcript.answers)
    if None in totals:
        why = "an answer does not state its input tokens"
        return Check("reads_cache", None, expected, why, why, evidence)
    total = sum(count or 0 for count in totals)
    read = sum(usage.cache_read_tokens or 0 for usage in usages)
    share = read / total if total else 0.0
    observed = f"{read:,} of {total:,} input tokens are read from it, {share:.0%}"
    holds = read > 0 and share >= min_share
    facts = {"share": share}
    return Check("reads_cache", holds, expected, observed, observed, evidence, facts=facts)
