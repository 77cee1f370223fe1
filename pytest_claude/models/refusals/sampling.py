"""Refused for temperature, top_p or top_k."""

from __future__ import annotations

from pytest_claude.models.asked import Asked
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.refusals.common import (
    NEW_API,
    THINKING_PAGE,
    every,
    on_new_api,
    refused,
    short,
    thinks_manually,
)
from pytest_claude.models.rule import Rule


def _non_default_sampling(asked: Asked, facts: ModelFacts) -> str | None:
    for key, accepted in (("temperature", 1), ("top_p", 0.99)):
        value = asked.body.get(key)
        if value is not None and value != accepted:
            return f"`{key}` {short(value)}; only {accepted} is accepted"
    return "`top_k` is not accepted" if asked.body.get("top_k") is not None else None


def _both_samplings(asked: Asked, facts: ModelFacts) -> str | None:
    both = asked.body.get("temperature") is not None and asked.body.get("top_p") is not None
    return "`temperature` and `top_p` together" if both else None


def _sampling_while_thinking(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.thinking not in ("enabled", "adaptive"):
        return None
    temperature, top_p = asked.body.get("temperature"), asked.body.get("top_p")
    if temperature is not None and temperature != 1:
        return f"`temperature` {short(temperature)} while thinking; only 1 is accepted"
    if asked.body.get("top_k") is not None:
        return "`top_k` while thinking"
    low = isinstance(top_p, int | float) and top_p < 0.95
    return f"`top_p` {top_p} while thinking; from 0.95 on it is accepted" if low else None


def _sampling_on_new_api(asked: Asked, facts: ModelFacts) -> str | None:
    sent = [key for key in ("temperature", "top_p", "top_k") if key in asked.body]
    if not sent or not on_new_api(asked):
        return None
    return f"`{sent[0]}` with anthropic-version {asked.version}"


RULES: tuple[Rule, ...] = (
    refused(
        "sampling-non-default", lambda facts: facts.sampling == "defaults_only",
        _non_default_sampling, "remove it", "`temperature` is deprecated for this model.",
        sources=(THINKING_PAGE, "models/haiku-5-5/migration-guide",
                 "models/sonnet-5-5/migration-guide"),
    ),
    refused(
        "sampling-both",
        lambda facts: facts.sampling in ("defaults_only", "temperature_xor_top_p"),
        _both_samplings, "send at most one",
        "`temperature` and `top_p` cannot both be specified for this model. "
        "Please use only one.",
        sources=("about-claude/models/migration-guide",),
    ),
    refused(
        "sampling-with-thinking-old", thinks_manually, _sampling_while_thinking,
        "remove it", "`temperature` may only be set to 1 when thinking is enabled.",
        sources=(THINKING_PAGE,),
    ),
    refused(
        "sampling-api-2026-10-21", every, _sampling_on_new_api,
        "remove it, or pin anthropic-version 2023-06-01",
        "temperature: Extra inputs are not permitted", since=NEW_API,
        sources=("api/migration-2026-10-21",),
    ),
)  # fmt: skip
