"""Refused for how the request asks to think."""

from __future__ import annotations

from typing import Any

from pytest_claude.models.asked import Asked, as_mapping
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.refusals.common import (
    SKILL,
    THINKING_PAGE,
    Models,
    Seen,
    every,
    named,
    refused,
    thinks_manually,
)
from pytest_claude.models.rule import Rule

_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_INTERLEAVED = "interleaved-thinking-2025-05-14"
_USE_ADAPTIVE = (
    'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
)
_UNSUPPORTED = '"thinking.type.{}" is not supported for this model. '
_TROUBLES = "build-with-claude/thinking-troubleshooting"


def _lacks_mode(mode: str) -> Models:
    return lambda facts: facts.thinking_modes is not None and mode not in facts.thinking_modes


def _all(*conditions: Models) -> Models:
    return lambda facts: all(condition(facts) for condition in conditions)


def _thinking(mode: str) -> Seen:
    words = f'`thinking.type: "{mode}"` is not supported'
    return lambda asked, _: words if asked.thinking == mode else None


def _thinking_at_all(asked: Asked, facts: ModelFacts) -> str | None:
    return "thinking is not supported" if asked.thinking in ("enabled", "adaptive") else None


def _disabled_at_high_effort(asked: Asked, facts: ModelFacts) -> str | None:
    high = asked.thinking == "disabled" and _above(asked.effort, facts.thinking_off_max_effort)
    return f'thinking disabled at effort "{asked.effort}"' if high else None


def _between_at_high_effort(asked: Asked, facts: ModelFacts) -> str | None:
    high = asked.thinking == "between_tools" and _above(asked.effort, "high")
    return f'thinking between_tools at effort "{asked.effort}"' if high else None


def _above(effort: Any, limit: str | None) -> bool:
    return limit is not None and effort in _EFFORTS[_EFFORTS.index(limit) + 1 :]


def _between_fields(asked: Asked, facts: ModelFacts) -> str | None:
    extra = asked.mapping("thinking").keys() & {"display", "budget_tokens", "block_binding"}
    if asked.thinking != "between_tools" or not extra:
        return None
    return f"thinking between_tools with `{min(extra)}`"


def _between_per_message(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.thinking != "between_tools":
        return None
    configs = [as_mapping(message.get("output_config")) for message in asked.view.messages]
    differs = any("effort" in c and c["effort"] != asked.effort for c in configs)
    return "thinking between_tools with an effort per message" if differs else None


def _budget_over_max_tokens(asked: Asked, facts: ModelFacts) -> str | None:
    budget, limit = asked.mapping("thinking").get("budget_tokens"), asked.view.max_tokens
    if asked.thinking != "enabled" or not isinstance(budget, int) or limit is None:
        return None
    # With interleaved thinking the budget may exceed max_tokens; its header may not be recorded.
    if not asked.headers_known or _INTERLEAVED in asked.betas or budget < limit:
        return None
    return f"`budget_tokens` {budget} is not below `max_tokens` {limit}"


def _budget_too_small(asked: Asked, facts: ModelFacts) -> str | None:
    budget = asked.mapping("thinking").get("budget_tokens")
    small = asked.thinking == "enabled" and isinstance(budget, int) and budget < 1024
    return f"`budget_tokens` {budget}; at least 1,024" if small else None


def _bare_tool_use(asked: Asked, facts: ModelFacts) -> str | None:
    """Tool results are sent back, but not the thinking before their calls."""
    messages = asked.view.messages
    if asked.thinking != "enabled" or len(messages) < 2 or messages[-2].get("role") != "assistant":
        return None
    turn, results = messages[-2].get("content"), messages[-1].get("content")
    answers = isinstance(results, list) and any(
        as_mapping(block).get("type") == "tool_result" for block in results
    )
    first = as_mapping(turn[0]).get("type") if isinstance(turn, list) and turn else None
    if not answers or first not in ("tool_use", "text"):
        return None
    return "tool results without the thinking block before their calls"


RULES: tuple[Rule, ...] = (
    refused(
        "thinking-enabled", _lacks_mode("enabled"), _thinking("enabled"),
        'thinking {"type": "adaptive"} and output_config.effort',
        _UNSUPPORTED.format("enabled") + _USE_ADAPTIVE,
        sources=("api/errors", _TROUBLES, "models/sonnet-5-5/migration-guide"),
    ),
    refused(
        "thinking-unsupported", lambda facts: facts.thinking_default == "none", _thinking_at_all,
        "leave thinking out", confidence="inferred", sources=(THINKING_PAGE,),
    ),
    refused(
        "thinking-disabled-always-on",
        _all(_lacks_mode("disabled"), lambda facts: facts.id in (
            "claude-opus-5-5", "claude-fable-5-1", "claude-mythos-5-1", "claude-fable-5-2",
            "claude-mythos-5-2")),
        _thinking("disabled"), "leave thinking out; lower output_config.effort",
        _UNSUPPORTED.format("disabled") + _USE_ADAPTIVE,
        sources=("models/opus-5-5/whats-new-opus-5-5", "models/fable-5-1/migration-guide"),
    ),
    refused(
        "thinking-disabled-fable5",
        named("claude-fable-5", "claude-mythos-5", "claude-mythos-preview"),
        _thinking("disabled"), "leave thinking out",
        _UNSUPPORTED.format("disabled") + "Thinking defaults to adaptive mode when not specified; "
        'use "thinking.type.enabled" with "budget_tokens" for extended thinking.',
        sources=("api/errors",),
    ),
    refused(
        "thinking-disabled-sonnet55", named("claude-sonnet-5-5"), _thinking("disabled"),
        'thinking {"type": "between_tools"}, effort high or lower',
        _UNSUPPORTED.format("disabled") + 'Use "thinking.type.between_tools" for the lowest '
        'thinking setting, or "thinking.type.adaptive" and "output_config.effort" to control '
        "thinking behavior.",
        sources=("models/sonnet-5-5/migration-guide",),
    ),
    refused(
        "thinking-disabled-high-effort", lambda facts: facts.thinking_off_max_effort is not None,
        _disabled_at_high_effort, "effort high or lower, or let it think",
        sources=(_TROUBLES,
                 "build-with-claude/prompt-engineering/prompting-claude-haiku-5-5"),
    ),
    refused(
        "thinking-adaptive-old", _lacks_mode("adaptive"), _thinking("adaptive"),
        'thinking {"type": "enabled", "budget_tokens": N}',
        "adaptive thinking is not supported on this model", sources=("api/errors", _TROUBLES),
    ),
    refused(
        "thinking-between-tools", lambda facts: facts.id != "claude-sonnet-5-5",
        _thinking("between_tools"), "only claude-sonnet-5-5 accepts it",
        _UNSUPPORTED.format("between_tools").strip(), sources=(_TROUBLES,),
    ),
    refused(
        "between-tools-effort", named("claude-sonnet-5-5"), _between_at_high_effort,
        "effort high or lower, or thinking adaptive",
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
    refused(
        "between-tools-fields", named("claude-sonnet-5-5"), _between_fields,
        "between_tools takes no other field",
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
    refused(
        "between-tools-per-message-effort", named("claude-sonnet-5-5"), _between_per_message,
        "thinking adaptive for an effort per message",
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
    refused(
        "budget-ge-max-tokens", every, _budget_over_max_tokens, "raise max_tokens",
        "`max_tokens` must be greater than `thinking.budget_tokens`.", confidence="observed",
        sources=(SKILL,),
    ),
    refused(
        "budget-below-1024", every, _budget_too_small, "a budget of at least 1,024",
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        sources=("https://pypi.org/project/anthropic/2.12.0/",),
    ),
    refused(
        "thinking-block-missing", thinks_manually, _bare_tool_use,
        "send the assistant's blocks back as they came, thinking first",
        "messages.<i>.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
        "`<type>`. When `thinking` is enabled, a final `assistant` message must start with a "
        "thinking block.",
        sources=(THINKING_PAGE,),
    ),
)  # fmt: skip
