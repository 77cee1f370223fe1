"""Refused for the tools, and the choice among them."""

from __future__ import annotations

import re

from pytest_claude.models.asked import Asked
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.refusals.common import (
    SKILL,
    STRUCTURED_PAGE,
    Seen,
    every,
    named,
    refused,
    short,
    thinks_manually,
)
from pytest_claude.models.rule import Rule

_TAKEN_ONCE = {  # what came out with the first Claude 4 models
    ("claude-opus-4", "text_editor_20250429"), ("claude-sonnet-4", "text_editor_20250429"),
}  # fmt: skip
_ADVISORS = ("claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5",
             "claude-fable-5-1", "claude-mythos-5", "claude-mythos-5-1")  # fmt: skip
_GENERATION_5_5 = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")


def _forced(asked: Asked, facts: ModelFacts) -> str | None:
    return '`tool_choice` "tool" and "any" are not supported' if asked.forces_tool else None


def _forced_while_thinking(*modes: str) -> Seen:
    def seen(asked: Asked, facts: ModelFacts) -> str | None:
        both = asked.forces_tool and asked.thinking in modes
        return f"a forced `tool_choice` with thinking {asked.thinking}" if both else None

    return seen


def _forced_while_not_disabled(asked: Asked, facts: ModelFacts) -> str | None:
    both = asked.forces_tool and asked.thinking != "disabled"
    return "a forced `tool_choice` without thinking disabled" if both else None


def _tool_types(asked: Asked) -> list[str]:
    return [kind for tool in asked.view.tools if isinstance(kind := tool.get("type"), str)]


def _old_computer_tool(asked: Asked, facts: ModelFacts) -> str | None:
    platform = {"vertex": "google_cloud", "bedrock": "bedrock"}.get(asked.platform, "claude_api")
    accepted = facts.computer_tools.get(platform, ())
    for kind in _tool_types(asked):
        if kind.startswith("computer_2025") and kind not in accepted:
            return f"tool type {kind}"
    return None


def _takes_toolset(facts: ModelFacts) -> bool:
    return any("toolset" in kind for kind in facts.computer_tools.get("claude_api", ()))


def _streaming_header_with_toolset(asked: Asked, facts: ModelFacts) -> str | None:
    toolset = any(re.match(r"(computer|browser)_toolset_", kind) for kind in _tool_types(asked))
    both = toolset and "fine-grained-tool-streaming-2025-05-14" in asked.betas
    return "the beta fine-grained-tool-streaming with a toolset" if both else None


def _tool_type(*kinds: str) -> Seen:
    def seen(asked: Asked, facts: ModelFacts) -> str | None:
        old = [kind for kind in kinds if (facts.id, kind) not in _TAKEN_ONCE]
        found = next((kind for kind in _tool_types(asked) if kind in old), None)
        return f"tool type {found}" if found else None

    return seen


def _many_strict_tools(asked: Asked, facts: ModelFacts) -> str | None:
    strict = sum(tool.get("strict") is True for tool in asked.view.tools)
    return f"{strict} strict tools; at most 20" if strict > 20 else None


def _advisor(asked: Asked, facts: ModelFacts) -> str | None:
    for tool in asked.view.tools:
        model = tool.get("model")
        if str(tool.get("type")).startswith("advisor") and isinstance(model, str):
            if model not in _ADVISORS:
                return f"{short(model)} can't advise it"
    return None


RULES: tuple[Rule, ...] = (
    refused(
        "forced-tool-choice", lambda facts: facts.forced_tools is False, _forced,
        "tool_choice auto, strict: true, and say in the prompt when to call it",
        'tool_choice: type "tool" and "any" are not supported for this model.',
        sources=("models/opus-5-5/whats-new-opus-5-5", "models/sonnet-5-5/whats-new-sonnet-5-5",
                 "models/fable-5-1/migration-guide"),
    ),
    refused(
        "forced-tool-with-manual-thinking", thinks_manually,
        _forced_while_thinking("enabled"), "tool_choice auto",
        "Thinking may not be enabled when tool_choice forces tool use.",
        sources=("build-with-claude/thinking-tool-workflows",),
    ),
    refused(
        # The documentation of autumn 2026 says that adaptive thinking takes a forced tool; the
        # live API refused it on these models in May 2026.
        "forced-tool-with-adaptive-thinking", named("claude-sonnet-4-6", "claude-opus-4-8"),
        _forced_while_thinking("adaptive"), "tool_choice auto",
        "Thinking may not be enabled when tool_choice forces tool use.", confidence="observed",
    ),
    refused(
        "forced-tool-bedrock-sonnet5", named("claude-sonnet-5"), _forced_while_not_disabled,
        "thinking disabled alongside a forced tool", platforms=("bedrock",),
        sources=(SKILL,),
    ),
    refused(
        "computer-tool-old-toolset", _takes_toolset, _old_computer_tool,
        "{type: computer_toolset_20260801}, no name, no beta header",
        "'<model>' does not support tool types: <type>.",
        platforms=("anthropic", "foundry", "vertex"),
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5", "models/haiku-5-5/migration-guide"),
    ),
    refused(
        "fgts-header-with-toolset", named(*_GENERATION_5_5), _streaming_header_with_toolset,
        "eager_input_streaming: true per tool", sources=("models/sonnet-5-5/migration-guide",),
    ),
    refused(
        "text-editor-old",
        lambda facts: re.match(r"claude-[a-z]+-", facts.id) is not None,
        _tool_type("text_editor_20241022", "text_editor_20250124", "text_editor_20250429"),
        "text_editor_20250728, named str_replace_based_edit_tool; undo_edit is gone",
        sources=("about-claude/models/migration-guide",),
    ),
    refused(
        "code-execution-legacy", named("claude-haiku-5-5", "claude-sonnet-5-5"),
        _tool_type("code_execution_20250522"), "code_execution_20260521",
        sources=("models/sonnet-5-5/migration-guide",),
    ),
    refused(
        "strict-tools-limit", every, _many_strict_tools, "at most 20 strict tools",
        sources=(STRUCTURED_PAGE,),
    ),
    refused(
        "advisor-pairing", named("claude-sonnet-5-5"), _advisor,
        "pair it with an accepted advisor", sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
)  # fmt: skip
