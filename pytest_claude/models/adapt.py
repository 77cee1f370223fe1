"""Rewrite a request where the candidate needs it: the mechanical part of a model bump.

Each rewrite is a function keyed by the id of the rule that the model would refuse. It changes
what no app could keep (a thinking budget is legal on claude-sonnet-4-5 and refused by
claude-sonnet-5-5), never the prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.models.facts import facts_of
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rules import refused_by

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
    facts = facts_of(target)
    rewrites: list[Rewrite] = []
    if facts is None:
        return adapted, ()
    on_bedrock = "anthropic." in target or target.startswith("arn:")
    for rule, rewrite in REWRITES.items():
        if (rule == _ON_BEDROCK and not on_bedrock) or (rule in _NOT_ON_BEDROCK and on_bedrock):
            continue
        if refused_by(rule, target) and (words := rewrite(adapted, facts)):
            rewrites.append(Rewrite(rule, words))
    return adapted, tuple(rewrites)


# --- sampling ------------------------------------------------------------------------------------


def _drop_sampling(body: dict[str, Any], facts: ModelFacts) -> str | None:
    # A default value is accepted, except together: dropping all of them is always legal
    # and changes nothing where they were defaults.
    dropped = [f"{key} {body.pop(key)}" for key in _SAMPLING if body.get(key) is not None]
    return f"{', '.join(dropped)} dropped" if dropped else None


def _drop_sampling_while_thinking(body: dict[str, Any], facts: ModelFacts) -> str | None:
    if _typed(body.get("thinking"), "enabled", "adaptive") is None:
        return None
    low_top_p = isinstance(top_p := body.get("top_p"), int | float) and top_p < 0.95
    odd = [key for key in ("temperature", "top_k") if body.get(key) not in (None, 1)]
    odd += ["top_p"] if low_top_p else []
    dropped = [f"{key} {body.pop(key)}" for key in odd]
    return f"{', '.join(dropped)} dropped (it thinks)" if dropped else None


def _keep_temperature_only(body: dict[str, Any], facts: ModelFacts) -> str | None:
    if body.get("temperature") is None or body.get("top_p") is None:
        return None
    return f"top_p {body.pop('top_p')} dropped (temperature is kept)"


# --- thinking ------------------------------------------------------------------------------------


def _budget_to_adaptive(body: dict[str, Any], facts: ModelFacts) -> str | None:
    thinking = _typed(body.get("thinking"), "enabled")
    if thinking is None:
        return None
    budget = thinking.get("budget_tokens")
    body["thinking"] = {"type": "adaptive"}
    if "display" in thinking:
        body["thinking"]["display"] = thinking["display"]
    return f"thinking budget {budget} → adaptive"


def _disabled_to_between_tools(body: dict[str, Any], facts: ModelFacts) -> str | None:
    if _typed(body.get("thinking"), "disabled") is None:
        return None
    body["thinking"] = {"type": "between_tools"}
    return "thinking disabled → between_tools"


def _disabled_to_default(body: dict[str, Any], facts: ModelFacts) -> str | None:
    if _typed(body.get("thinking"), "disabled") is None:
        return None
    del body["thinking"]
    return "thinking disabled → left out (the model always thinks)"


def _between_tools_to_disabled(body: dict[str, Any], facts: ModelFacts) -> str | None:
    if _typed(body.get("thinking"), "between_tools") is None:
        return None
    if "disabled" in (facts.thinking_modes or ()):
        body["thinking"] = {"type": "disabled"}
        return "thinking between_tools → disabled"
    del body["thinking"]
    return "thinking between_tools → left out"


def _only_the_type(body: dict[str, Any], facts: ModelFacts) -> str | None:
    thinking = _typed(body.get("thinking"), "between_tools")
    extra = sorted(key for key in thinking or () if key != "type")
    if not extra:
        return None
    body["thinking"] = {"type": "between_tools"}
    return f"thinking {', '.join(extra)} dropped (between_tools takes none)"


def _no_thinking(body: dict[str, Any], facts: ModelFacts) -> str | None:
    thinking = _typed(body.get("thinking"), "enabled", "adaptive")
    if thinking is None:
        return None
    del body["thinking"]
    return f"thinking {thinking['type']} → left out (the model can't think)"


# --- effort --------------------------------------------------------------------------------------


def _drop_effort(body: dict[str, Any], facts: ModelFacts) -> str | None:
    config = body.get("output_config")
    if not isinstance(config, Mapping) or config.get("effort") is None:
        return None
    _set_config(body, {key: value for key, value in config.items() if key != "effort"})
    return f"effort {config['effort']} dropped"


def _nearest_effort(body: dict[str, Any], facts: ModelFacts) -> str | None:
    levels = facts.effort_levels or ()
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, Mapping) else None
    if effort not in _EFFORTS or effort in levels:
        return None
    lower = [level for level in _EFFORTS[: _EFFORTS.index(effort)] if level in levels]
    return _set_effort(body, lower[-1]) if lower else None


def _high_effort(thinking: str) -> Callable[[dict[str, Any], ModelFacts], str | None]:
    def rewrite(body: dict[str, Any], facts: ModelFacts) -> str | None:
        config = body.get("output_config")
        above = isinstance(config, Mapping) and config.get("effort") in ("xhigh", "max")
        if not above or _typed(body.get("thinking"), thinking) is None:
            return None
        return _set_effort(body, "high")

    return rewrite


def _set_effort(body: dict[str, Any], level: str) -> str:
    config = body["output_config"]
    body["output_config"] = {**config, "effort": level}
    return f"effort {config['effort']} → {level}"


def _set_config(body: dict[str, Any], config: dict[str, Any]) -> None:
    if config:
        body["output_config"] = config
    else:
        del body["output_config"]


# --- tools ---------------------------------------------------------------------------------------


def _forced_to_auto(body: dict[str, Any], facts: ModelFacts) -> str | None:
    choice = _typed(body.get("tool_choice"), "any", "tool")
    if choice is None:
        return None
    kept = {key: value for key, value in choice.items() if key == "disable_parallel_tool_use"}
    body["tool_choice"] = {"type": "auto", **kept}
    return f"tool_choice {choice['type']} → auto"


def _forced_to_auto_while(*modes: str) -> Callable[[dict[str, Any], ModelFacts], str | None]:
    def rewrite(body: dict[str, Any], facts: ModelFacts) -> str | None:
        thinks = _typed(body.get("thinking"), *modes) is not None
        return _forced_to_auto(body, facts) if thinks else None

    return rewrite


def _disable_for_forced(body: dict[str, Any], facts: ModelFacts) -> str | None:
    forced = _typed(body.get("tool_choice"), "any", "tool") is not None
    if not forced or _typed(body.get("thinking"), "disabled") is not None:
        return None
    body["thinking"] = {"type": "disabled"}
    return "thinking → disabled (for the forced tool)"


def _newer_tool(
    old: Callable[[str, ModelFacts], bool], new: dict[str, Any], *without: str
) -> Callable[[dict[str, Any], ModelFacts], str | None]:
    def rewrite(body: dict[str, Any], facts: ModelFacts) -> str | None:
        tools = body.get("tools")
        changed = []
        if isinstance(tools, list | tuple):
            tools = list(tools)
            for number, tool in enumerate(tools):
                kind = tool.get("type") if isinstance(tool, Mapping) else None
                if isinstance(kind, str) and old(kind, facts):
                    kept = {key: value for key, value in tool.items() if key not in without}
                    tools[number] = {**kept, **new}
                    changed.append(kind)
            body["tools"] = tools if changed else body["tools"]
        return f"tool type {', '.join(changed)} → {new['type']}" if changed else None

    return rewrite


def _old_computer(kind: str, facts: ModelFacts) -> bool:
    return kind.startswith("computer_2025") and kind not in facts.computer_tools.get(
        "claude_api", ()
    )


def _old_editor(kind: str, facts: ModelFacts) -> bool:
    return kind in ("text_editor_20241022", "text_editor_20250124", "text_editor_20250429")


def _old_execution(kind: str, facts: ModelFacts) -> bool:
    return kind == "code_execution_20250522"


# --- other ---------------------------------------------------------------------------------------


def _lower_max_tokens(body: dict[str, Any], facts: ModelFacts) -> str | None:
    sent, limit = body.get("max_tokens"), facts.max_output_tokens
    if not isinstance(sent, int) or isinstance(sent, bool) or limit is None or sent <= limit:
        return None
    body["max_tokens"] = limit
    return f"max_tokens {sent} → {limit}"


def _drop_speed(body: dict[str, Any], facts: ModelFacts) -> str | None:
    if body.get("speed") != "fast":
        return None
    del body["speed"]
    return "speed fast dropped"


def _typed(value: Any, *names: str) -> Mapping[str, Any] | None:
    """`value`, when it is a mapping of one of the types."""
    return value if isinstance(value, Mapping) and value.get("type") in names else None


_SAMPLING = ("temperature", "top_p", "top_k")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_ON_BEDROCK = "forced-tool-bedrock-sonnet5"
_NOT_ON_BEDROCK = ("computer-tool-old-toolset",)

# In order: what one leaves behind, a later one may still have to mend.
REWRITES: dict[str, Callable[[dict[str, Any], ModelFacts], str | None]] = {
    "thinking-enabled": _budget_to_adaptive,
    "thinking-unsupported": _no_thinking,
    "thinking-disabled-sonnet55": _disabled_to_between_tools,
    "thinking-disabled-always-on": _disabled_to_default,
    "thinking-disabled-fable5": _disabled_to_default,
    "thinking-between-tools": _between_tools_to_disabled,
    "between-tools-fields": _only_the_type,
    "effort-unsupported": _drop_effort,
    "effort-level": _nearest_effort,
    "thinking-disabled-high-effort": _high_effort("disabled"),
    "between-tools-effort": _high_effort("between_tools"),
    "sampling-non-default": _drop_sampling,
    "sampling-with-thinking-old": _drop_sampling_while_thinking,
    "sampling-both": _keep_temperature_only,
    "forced-tool-choice": _forced_to_auto,
    "forced-tool-with-manual-thinking": _forced_to_auto_while("enabled"),
    "forced-tool-with-adaptive-thinking": _forced_to_auto_while("adaptive"),
    _ON_BEDROCK: _disable_for_forced,
    "computer-tool-old-toolset": _newer_tool(
        _old_computer, {"type": "computer_toolset_20260801"}, "name"
    ),
    "text-editor-old": _newer_tool(
        _old_editor, {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}
    ),
    "code-execution-legacy": _newer_tool(_old_execution, {"type": "code_execution_20260521"}),
    "max-tokens-over-limit": _lower_max_tokens,
    "fast-mode": _drop_speed,
}
"""The rewrite of each rule that has a mechanical one."""
