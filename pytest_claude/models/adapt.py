"""Rewrite a request where the candidate needs it: the mechanical part of a model bump.

Each rewrite is a function keyed by the id of the rule that the model would refuse. It changes
what no app could keep (a thinking budget is legal on claude-sonnet-4-5 and refused by
claude-sonnet-5-5), never the prompt or the tools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.models.facts import REFUSED_BY
from pytest_claude.models.ids import canonical_model

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Rewrite:
    """One change made to a request on the candidate arm.

    Attributes:
        rule: Id of the rule that made it necessary.
        words: What was changed, for the report.
    """

    rule: str
    words: str


def adapt(body: Body, target: str) -> tuple[dict[str, Any], tuple[Rewrite, ...]]:
    """`body` as `target` accepts it, and what was changed; `body` itself is left alone.

    >>> adapt({"tool_choice": {"type": "any"}}, "claude-sonnet-5-5")[0]
    {'tool_choice': {'type': 'auto'}}
    """
    adapted = dict(body)
    rewrites = []
    for rule, rewrite in _REWRITES.items():
        if canonical_model(target) in REFUSED_BY[rule] and (words := rewrite(adapted)):
            rewrites.append(Rewrite(rule, words))
    return adapted, tuple(rewrites)


def _drop_sampling(body: dict[str, Any]) -> str | None:
    # A default value is accepted, except together: dropping all of them is always legal
    # and changes nothing where they were defaults.
    dropped = [f"{key} {body.pop(key)}" for key in _SAMPLING if body.get(key) is not None]
    return f"{', '.join(dropped)} dropped" if dropped else None


def _budget_to_adaptive(body: dict[str, Any]) -> str | None:
    thinking = _typed(body.get("thinking"), "enabled")
    if thinking is None:
        return None
    budget = thinking.get("budget_tokens")
    body["thinking"] = {"type": "adaptive"}
    if "display" in thinking:
        body["thinking"]["display"] = thinking["display"]
    return f"thinking budget {budget} → adaptive"


def _disabled_to_between_tools(body: dict[str, Any]) -> str | None:
    if _typed(body.get("thinking"), "disabled") is None:
        return None
    body["thinking"] = {"type": "between_tools"}
    return "thinking disabled → between_tools"


def _disabled_to_default(body: dict[str, Any]) -> str | None:
    if _typed(body.get("thinking"), "disabled") is None:
        return None
    del body["thinking"]
    return "thinking disabled → left out (the model always thinks)"


def _forced_to_auto(body: dict[str, Any]) -> str | None:
    choice = _typed(body.get("tool_choice"), "any", "tool")
    if choice is None:
        return None
    kept = {key: value for key, value in choice.items() if key == "disable_parallel_tool_use"}
    body["tool_choice"] = {"type": "auto", **kept}
    return f"tool_choice {choice['type']} → auto"


def _typed(value: Any, *names: str) -> Mapping[str, Any] | None:
    """`value`, when it is a mapping of one of the types."""
    return value if isinstance(value, Mapping) and value.get("type") in names else None


_SAMPLING = ("temperature", "top_p", "top_k")
_REWRITES: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "sampling-non-default": _drop_sampling,
    "thinking-enabled": _budget_to_adaptive,
    "thinking-disabled-sonnet55": _disabled_to_between_tools,
    "thinking-disabled-always-on": _disabled_to_default,
    "thinking-disabled-fable5": _disabled_to_default,
    "forced-tool-choice": _forced_to_auto,
}
