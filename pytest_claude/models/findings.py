"""Recorded requests against the rules of a model → findings.

What can't be seen in a request is not decided: whether a schema is too complex to compile, whether
thinking blocks were altered or are bound to another conversation, and settings of the account.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from pytest_claude.models.adapt import REWRITES
from pytest_claude.models.facts import facts_of
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.naming import unknown_model
from pytest_claude.models.rules import Rule, Stated, all_rules, limits_of
from pytest_claude.models.tables import DOCS


@dataclass(frozen=True, kw_only=True)
class Finding(Stated):
    """A rule that is about a request.

    Attributes:
        rule: Id of the rule.
        seen: What in the request it is about.
        mechanical: Whether `adapt` settles it in a comparison.
    """

    rule: str
    seen: str
    mechanical: bool = False


def findings(
    request: MessageRequest,
    target: str,
    *,
    old: str | None = None,
    on: str | None = None,
    facts: ModelFacts | None = None,
) -> tuple[Finding, ...]:
    """What the rules say of a request to `target`: refusals first.

    Args:
        request: The request; the model that it names does not count.
        target: Id of the model that would answer, of any platform.
        old: The model it was made for; None leaves out what only changes against a model.
        on: The date to judge by, as `YYYY-MM-DD`; None leaves out what depends on the day.
        facts: Facts of `target` that go before those of the data file.

    Returns:
        One finding per rule. For an unknown model a single one, which says so.
    """
    facts = facts or facts_of(target)
    unknown = unknown_model(target, facts)
    if unknown is not None:
        words, refused = unknown
        return (_unknown(target, words, refused=refused and request.direct),)
    assert facts is not None, "it is known"
    limits = limits_of(facts)
    before = None if old is None else facts_of(old)
    return tuple(
        _finding(rule, seen, facts, assumed=limits is not facts)
        for rule in all_rules()
        if (rule.platforms is None or request.platform in rule.platforms)
        and (rule.from_models is None or (before is not None and rule.from_models(before)))
        and rule.models(limits)
        and _holds(rule, facts, on)
        and (seen := rule.seen(request, limits)) is not None
    )


def refusals(
    request: MessageRequest, target: str, *, on: str | None = None, facts: ModelFacts | None = None
) -> tuple[Finding, ...]:
    """The findings of `findings`, whose arguments these are, for which the API refuses it."""
    every = findings(request, target, on=on, facts=facts)
    return tuple(each for each in every if each.effect == "refused")


RETIRED = "model-retired"


def _holds(rule: Rule, facts: ModelFacts, on: str | None) -> bool:
    """Whether the day `on` is one from which the rule holds; a retirement needs a day."""
    since = _since(rule, facts)
    if rule.id == RETIRED:
        # Some are still answered on the very day.
        return on is not None and since is not None and on > since
    return on is None or since is None or on >= since


def _since(rule: Rule, facts: ModelFacts) -> str | None:
    return facts.retires_on if rule.id == RETIRED else rule.since or facts.released


def _finding(rule: Rule, seen: str, facts: ModelFacts, *, assumed: bool) -> Finding:
    stated: dict[str, Any] = {each.name: getattr(rule, each.name) for each in fields(Stated)}
    stated |= {"since": _since(rule, facts)} | ({"confidence": "assumed"} if assumed else {})
    return Finding(rule=rule.id, seen=seen, mechanical=rule.id in REWRITES, **stated)


def _unknown(target: str, seen: str, *, refused: bool) -> Finding:
    if not refused:
        fix = "--live asks the API for its capabilities"
        return Finding(rule="model-unknown", effect="warning", seen=seen, fix=fix)
    return Finding(
        rule="model-not-found",
        effect="refused",
        seen=seen,
        fix="use an id of `pytest-claude models`",
        status=404,
        message=f"model: {target}" if len(target) <= 100 else None,
        confidence="inferred",
        sources=(DOCS + "api/errors",),
    )
