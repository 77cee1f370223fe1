"""What each simulated model refuses, as documented on platform.claude.com in November 2026."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KNOWN = ("claude-sonnet-4-5", "claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-5",
         "claude-sonnet-5", "claude-sonnet-5-5")  # fmt: skip
_NO_PREFILL = ("claude-sonnet-4-6", "claude-opus-5", "claude-sonnet-5", "claude-sonnet-5-5")
_NO_SAMPLING = _NO_BUDGET = ("claude-opus-5", "claude-sonnet-5", "claude-sonnet-5-5")
_DEFAULTS = {"temperature": 1, "top_p": 0.99}


def refusal(model: str, body: Mapping[str, Any], version: str) -> str | None:
    """The message of the 400 that `model` answers to `body`, or None when it accepts it."""
    thinking = body.get("thinking") or {}
    choice = (body.get("tool_choice") or {}).get("type")
    sampling = [key for key in ("temperature", "top_p", "top_k") if key in body]
    if sampling and version >= "2026-10-21":
        return f"{sampling[0]}: Extra inputs are not permitted"
    if model in _NO_SAMPLING:
        for key in sampling:
            if body[key] != _DEFAULTS.get(key):
                return f"`{key}` is deprecated for this model."
    if thinking.get("type") == "enabled":
        if model in _NO_BUDGET:
            return (
                '"thinking.type.enabled" is not supported for this model. Use '
                '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
            )
        if thinking.get("budget_tokens", 0) >= body.get("max_tokens", 0):
            return "`max_tokens` must be greater than `thinking.budget_tokens`."
    if thinking.get("type") == "disabled" and model == "claude-sonnet-5-5":
        return (
            '"thinking.type.disabled" is not supported for this model. Use '
            '"thinking.type.between_tools" for the lowest thinking setting, or '
            '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
    if thinking.get("type") == "adaptive" and model in ("claude-sonnet-4-5", "claude-haiku-4-5"):
        return "adaptive thinking is not supported on this model"
    if choice in ("any", "tool") and model == "claude-sonnet-5-5":
        return 'tool_choice: type "tool" and "any" are not supported for this model.'
    if body["messages"][-1]["role"] == "assistant" and model in _NO_PREFILL:
        return (
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    return None
