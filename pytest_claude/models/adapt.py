"""Rewrite a request where the candidate needs it: the mechanical part of a model bump.

Each rewrite is a function keyed by the id of the rule that the model would refuse. It changes
what no app could keep (a thinking budget is legal on claude-sonnet-4-5 and refused by
claude-sonnet-5-5), never the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.models.facts import facts_of
from pytest_claude.models.model_facts import EFFORTS, SAMPLING, ModelFacts
from pytest_claude.models.rules import limits_of, rules_by_id
from pytest_claude.transcript.json_values import mapping

Body = Mapping[str, Any]
Change = Callable[[dict[str, Any], ModelFacts], str | None]
"""Changes a body in place for a model; in words what was changed, or None for nothing."""


@dataclass(frozen=True)
class Rewrite:
    """One change made to a request on the candidate arm.

    Attributes:
        rule: Id of the rule that made it necessary.
        words: What was changed, for the report.
    """

    rule: str
    words: str


def adapt(
    body: Body, target: str, *, bedrock: bool = False
) -> tuple[dict[str, Any], tuple[Rewrite, ...]]:
    """`body` as `target` accepts it, and what was changed; `body` itself is left alone.

    Args:
        body: The JSON body of a request for a message.
        target: Id of the model that would answer, of any platform; for one that is not known
            nothing is changed.
        bedrock: Whether it answers on Bedrock, also where `target` does not show it.

    >>> adapt({"tool_choice": {"type": "any"}}, "claude-sonnet-5-5")[0]
    {'tool_choice': {'type': 'auto'}}
    """
    adapted = dict(body)
    facts = facts_of(target)
    if facts is None:
        return adapted, ()
    rewrites: list[Rewrite] = []
    rules, limits = rules_by_id(), limits_of(facts)
    bedrock = bedrock or "anthropic." in target or target.startswith("arn:")
    elsewhere = _NOT_ON_BEDROCK if bedrock else _BEDROCK
    for rule, change in REWRITES.items():
        applies = rule != elsewhere and rules[rule].models(limits)
        if applies and (words := change(adapted, facts)):
            rewrites.append(Rewrite(rule, words))
    return adapted, tuple(rewrites)


def _typed(value: Any, *names: str) -> Mapping[str, Any] | None:
    """`value`, when it is a mapping of one of the types."""
    return value if isinstance(value, Mapping) and value.get("type") in names else None


# --- sampling ------------------------------------------------------------------------------------


def _drop_sampling_while_thinking(body: dict[str, Any], facts: ModelFacts) -> str | None:
    if _typed(body.get("thinking"), "enabled", "adaptive") is None:
        return None
    low_top_p = isinstance(top_p := body.get("top_p"), int | float) and top_p < 0.95
    odd = [key for key in ("temperature", "top_k") if body.get(key) not in (None, 1)]
    return _dropped(body, [*odd, "top_p"] if low_top_p else odd, " (it thinks)")


def _keep_temperature_only(body: dict[str, Any], facts: ModelFacts) -> str | None:
    both = None not in (body.get("temperature"), body.get("top_p"))
    return _dropped(body, ["top_p"] if both else [], " (temperature is kept)")


def _dropped(body: dict[str, Any], keys: list[str], why: str = "") -> str | None:
    dropped = [f"{key} {body.pop(key)}" for key in keys]
    return f"{', '.join(dropped)} dropped{why}" if dropped else None


def _lower_max_tokens(body: dict[str, Any], facts: ModelFacts) -> str | None:
    sent, limit = body.get("max_tokens"), facts.max_output_tokens
    if not isinstance(sent, int) or isinstance(sent, bool) or limit is None or sent <= limit:
        return None
    body["max_tokens"] = limit
    return f"max_tokens {sent} → {limit}"


# --- thinking ------------------------------------------------------------------------------------


def _budget_to_adaptive(body: dict[str, Any], facts: ModelFacts) -> str | None:
    thinking = _typed(body.get("thinking"), "enabled")
    if thinking is None:
        return None
    kept = {key: value for key, value in thinking.items() if key == "display"}
    body["thinking"] = {"type": "adaptive", **kept}
    return f"thinking budget {thinking.get('budget_tokens')} → adaptive"


def _thinking(*modes: str, to: str | None = None, why: str = "") -> Change:
    """From one of the modes to another where the model has it; else left out."""

    def change(body: dict[str, Any], facts: ModelFacts) -> str | None:
        thinking = _typed(body.get("thinking"), *modes)
        if thinking is None:
            return None
        if to is not None and to in (facts.thinking_modes or ()):
            body["thinking"] = {"type": to}
            return f"thinking {thinking['type']} → {to}"
        del body["thinking"]
        return f"thinking {thinking['type']} → left out{why}"

    return change


def _only_the_type(body: dict[str, Any], facts: ModelFacts) -> str | None:
    thinking = _typed(body.get("thinking"), "between_tools")
    extra = sorted(key for key in thinking or () if key != "type")
    if not extra:
        return None
    body["thinking"] = {"type": "between_tools"}
    return f"thinking {', '.join(extra)} dropped (between_tools takes none)"


# --- effort --------------------------------------------------------------------------------------


def _effort(body: dict[str, Any]) -> Any:
    return mapping(body.get("output_config")).get("effort")


def _set_effort(body: dict[str, Any], level: str) -> str:
    sent = _effort(body)
    body["output_config"] = {**body["output_config"], "effort": level}
    return f"effort {sent} → {level}"


def _drop_effort(body: dict[str, Any], facts: ModelFacts) -> str | None:
    effort = _effort(body)
    if effort is None:
        return None
    config = {key: value for key, value in body["output_config"].items() if key != "effort"}
    body["output_config"] = config
    if not config:
        del body["output_config"]
    return f"effort {effort} dropped"


def _nearest_effort(body: dict[str, Any], facts: ModelFacts) -> str | None:
    levels, effort = facts.effort_levels or (), _effort(body)
    if effort not in EFFORTS or effort in levels:
        return None
    lower = [level for level in EFFORTS[: EFFORTS.index(effort)] if level in levels]
    return _set_effort(body, lower[-1]) if lower else None


def _high_effort(thinking: str) -> Change:
    def change(body: dict[str, Any], facts: ModelFacts) -> str | None:
        above = _effort(body) in ("xhigh", "max") and _typed(body.get("thinking"), thinking)
        return _set_effort(body, "high") if above else None

    return change


# --- tools ---------------------------------------------------------------------------------------


def _forced_to_auto(*thinking: str) -> Change:
    """A forced tool to auto, where the request asks to think in one of the modes, if any."""

    def change(body: dict[str, Any], facts: ModelFacts) -> str | None:
        choice = _typed(body.get("tool_choice"), "any", "tool")
        if choice is None or (thinking and _typed(body.get("thinking"), *thinking) is None):
            return None
        kept = {key: value for key, value in choice.items() if key == "disable_parallel_tool_use"}
        body["tool_choice"] = {"type": "auto", **kept}
        return f"tool_choice {choice['type']} → auto"

    return change


def _disable_for_forced(body: dict[str, Any], facts: ModelFacts) -> str | None:
    forced = _typed(body.get("tool_choice"), "any", "tool") is not None
    if not forced or _typed(body.get("thinking"), "disabled") is not None:
        return None
    body["thinking"] = {"type": "disabled"}
    return "thinking → disabled (for the forced tool)"


def _newer_tool(old: str, new: dict[str, Any], *without: str) -> Change:
    """Each tool whose type matches `old`, and which the model does not take, to `new`."""

    def change(body: dict[str, Any], facts: ModelFacts) -> str | None:
        tools, accepted = body.get("tools"), facts.computer_tools.get("claude_api", ())
        changed, newer = [], []
        for tool in tools if isinstance(tools, list | tuple) else ():
            kind = mapping(tool).get("type")
            if isinstance(kind, str) and re.match(old, kind) and kind not in accepted:
                changed.append(kind)
                tool = {key: value for key, value in tool.items() if key not in without} | new
            newer.append(tool)
        if not changed:
            return None
        body["tools"] = newer
        return f"tool type {', '.join(changed)} → {new['type']}"

    return change


_BEDROCK = "forced-tool-bedrock-sonnet5"
_NOT_ON_BEDROCK = "computer-tool-old-toolset"

# In order: what one leaves behind, a later one may still have to mend.
REWRITES: dict[str, Change] = {
    "thinking-enabled": _budget_to_adaptive,
    "thinking-unsupported": _thinking("enabled", "adaptive", why=" (the model can't think)"),
    "thinking-disabled-sonnet55": _thinking("disabled", to="between_tools"),
    "thinking-disabled-always-on": _thinking("disabled", why=" (the model always thinks)"),
    "thinking-disabled-fable5": _thinking("disabled", why=" (the model always thinks)"),
    "thinking-between-tools": _thinking("between_tools", to="disabled"),
    "between-tools-fields": _only_the_type,
    "effort-unsupported": _drop_effort,
    "effort-level": _nearest_effort,
    "thinking-disabled-high-effort": _high_effort("disabled"),
    "between-tools-effort": _high_effort("between_tools"),
    # A default value is accepted, except together: dropping all of them is always legal
    # and changes nothing where they were defaults.
    "sampling-non-default": lambda body, _: _dropped(
        body, [key for key in SAMPLING if body.get(key) is not None]
    ),
    "sampling-with-thinking-old": _drop_sampling_while_thinking,
    "sampling-both": _keep_temperature_only,
    "forced-tool-choice": _forced_to_auto(),
    "forced-tool-with-manual-thinking": _forced_to_auto("enabled"),
    "forced-tool-with-adaptive-thinking": _forced_to_auto("adaptive"),
    _BEDROCK: _disable_for_forced,
    _NOT_ON_BEDROCK: _newer_tool("computer_2025", {"type": "computer_toolset_20260801"}, "name"),
    "text-editor-old": _newer_tool(
        "text_editor_(20241022|20250124|20250429)$",
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
    ),
    "code-execution-legacy": _newer_tool(
        "code_execution_20250522$", {"type": "code_execution_20260521"}
    ),
    "max-tokens-over-limit": _lower_max_tokens,
    "fast-mode": lambda body, _: _dropped(body, ["speed"] if body.get("speed") == "fast" else []),
}
"""The rewrite of each rule that has a mechanical one."""
