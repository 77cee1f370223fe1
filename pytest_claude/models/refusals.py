"""The requests that models refuse: one rule each, with the API's words where they are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pytest_claude.models import schemas
from pytest_claude.models.asked import Asked, as_mapping
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rule import Rule

Seen = Callable[[Asked, ModelFacts], str | None]

EFFORTS = ("low", "medium", "high", "xhigh", "max")
_NEW_API = "2026-10-21"
_INTERLEAVED = "interleaved-thinking-2025-05-14"
_TAKEN_ONCE = {  # what came out with the first Claude 4 models
    ("claude-opus-4", "text_editor_20250429"), ("claude-sonnet-4", "text_editor_20250429"),
}  # fmt: skip
_ADVISORS = ("claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5",
             "claude-fable-5-1", "claude-mythos-5", "claude-mythos-5-1")  # fmt: skip
_FAST = ("claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-fable-5-2",
         "claude-mythos-5-2")  # fmt: skip
_ONCE_FAST = ("claude-opus-4-6", "claude-opus-4-7")  # whether they still are is not known
_GENERATION_5_5 = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
_USE_ADAPTIVE = (
    'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
)
_TROUBLES = "build-with-claude/thinking-troubleshooting"
_THINKING = "build-with-claude/thinking"
_STRUCTURED = "build-with-claude/structured-outputs"
_CONVERSE = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html"
_SKILL = "https://github.com/Piebald-AI/claude-code-system-prompts"


def _every(_: ModelFacts) -> bool:
    return True


def _named(*ids: str) -> Callable[[ModelFacts], bool]:
    return lambda facts: facts.id in ids


def _lacks_mode(mode: str) -> Callable[[ModelFacts], bool]:
    return lambda facts: facts.thinking_modes is not None and mode not in facts.thinking_modes


def _all(*conditions: Callable[[ModelFacts], bool]) -> Callable[[ModelFacts], bool]:
    return lambda facts: all(condition(facts) for condition in conditions)


def _thinks_manually(facts: ModelFacts) -> bool:
    return "enabled" in (facts.thinking_modes or ())


def _thinking(mode: str) -> Seen:
    words = f'`thinking.type: "{mode}"` is not supported'
    return lambda asked, _: words if asked.thinking == mode else None


# --- the model ---------------------------------------------------------------------------------


def _retired(asked: Asked, facts: ModelFacts) -> str | None:
    return None if not asked.direct else f"{facts.id} was retired on {facts.retires_on}"


def _completion(asked: Asked, facts: ModelFacts) -> str | None:
    return "the old Text Completions API" if asked.kind == "complete" and asked.direct else None


# --- thinking ----------------------------------------------------------------------------------


def _thinking_at_all(asked: Asked, facts: ModelFacts) -> str | None:
    return "thinking is not supported" if asked.thinking in ("enabled", "adaptive") else None


def _disabled_at_high_effort(asked: Asked, facts: ModelFacts) -> str | None:
    high = asked.thinking == "disabled" and _above(asked.effort, facts.thinking_off_max_effort)
    return f'thinking disabled at effort "{asked.effort}"' if high else None


def _between_at_high_effort(asked: Asked, facts: ModelFacts) -> str | None:
    high = asked.thinking == "between_tools" and _above(asked.effort, "high")
    return f'thinking between_tools at effort "{asked.effort}"' if high else None


def _above(effort: Any, limit: str | None) -> bool:
    return limit is not None and effort in EFFORTS and EFFORTS.index(effort) > EFFORTS.index(limit)


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


# --- sampling ----------------------------------------------------------------------------------


def _non_default_sampling(asked: Asked, facts: ModelFacts) -> str | None:
    for key, accepted in (("temperature", 1), ("top_p", 0.99)):
        value = asked.body.get(key)
        if value is not None and value != accepted:
            return f"`{key}` {_short(value)}; only {accepted} is accepted"
    return "`top_k` is not accepted" if asked.body.get("top_k") is not None else None


def _both_samplings(asked: Asked, facts: ModelFacts) -> str | None:
    both = asked.body.get("temperature") is not None and asked.body.get("top_p") is not None
    return "`temperature` and `top_p` together" if both else None


def _sampling_while_thinking(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.thinking not in ("enabled", "adaptive"):
        return None
    temperature, top_p = asked.body.get("temperature"), asked.body.get("top_p")
    if temperature is not None and temperature != 1:
        return f"`temperature` {_short(temperature)} while thinking; only 1 is accepted"
    if asked.body.get("top_k") is not None:
        return "`top_k` while thinking"
    low = isinstance(top_p, int | float) and top_p < 0.95
    return f"`top_p` {top_p} while thinking; from 0.95 on it is accepted" if low else None


def _sampling_on_new_api(asked: Asked, facts: ModelFacts) -> str | None:
    sent = [key for key in ("temperature", "top_p", "top_k") if key in asked.body]
    if not sent or not _on_new_api(asked):
        return None
    return f"`{sent[0]}` with anthropic-version {asked.version}"


def _on_new_api(asked: Asked) -> bool:
    return asked.version is not None and asked.version >= _NEW_API


# --- messages ----------------------------------------------------------------------------------


def _document_of_assistant(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(block.get("type") == "document" for block in asked.blocks("assistant"))
    return "`document` in an assistant message" if found and _on_new_api(asked) else None


def _citations_of_user(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(b.get("type") == "text" and b.get("citations") for b in asked.blocks("user"))
    return "`citations` on a user's text" if found and _on_new_api(asked) else None


def _prefill(asked: Asked, facts: ModelFacts) -> str | None:
    return "ends with an assistant message (prefill)" if _prefilled(asked) else None


def _prefill_with_tools(asked: Asked, facts: ModelFacts) -> str | None:
    both = _prefilled(asked) and asked.view.tools
    return "ends with an assistant message (prefill) and offers tools" if both else None


def _prefilled(asked: Asked) -> bool:
    """Whether the last message is text of the assistant, not a turn that the API paused."""
    messages = asked.view.messages
    if not messages or messages[-1].get("role") != "assistant":
        return False
    content = messages[-1].get("content")
    if isinstance(content, str):
        return True
    last = content[-1] if isinstance(content, list) and content else None
    return as_mapping(last).get("type") == "text"


def _video(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(block.get("type") == "video" for block in asked.blocks())
    return "a video; it takes text, images and documents" if found else None


def _uploaded_file(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(as_mapping(block.get("source")).get("type") == "file" for block in asked.blocks())
    if not found or not asked.headers_known:
        return None
    beta = any(beta.startswith("files-api-") for beta in asked.betas)
    return None if beta else "an uploaded file without the beta header of the Files API"


# --- tools -------------------------------------------------------------------------------------


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
                return f"{_short(model)} can't advise it"
    return None


# --- output ------------------------------------------------------------------------------------


def _effort_at_all(asked: Asked, facts: ModelFacts) -> str | None:
    return "`effort` is not supported" if asked.effort is not None else None


def _effort_level(asked: Asked, facts: ModelFacts) -> str | None:
    levels = facts.effort_levels
    if not levels or asked.effort is None or asked.effort in levels:
        return None
    return f'effort "{_short(asked.effort)}"; it has {", ".join(levels)}'


def _max_tokens(asked: Asked, facts: ModelFacts) -> str | None:
    sent, limit = asked.view.max_tokens, facts.max_output_tokens
    if sent is None or limit is None or sent <= limit or asked.kind == "batch":
        return None  # a batch may ask for more with a beta
    if any(beta.startswith("output-") for beta in asked.betas) or not _limit_is_one(asked, facts):
        return None
    return f"`max_tokens` {sent:,}; at most {limit:,}"


def _limit_is_one(asked: Asked, facts: ModelFacts) -> bool:
    """Whether no beta raised the limit of this model, or we would see it."""
    return facts.id not in ("claude-3-7-sonnet", "claude-3-5-sonnet") or asked.headers_known


def _old_format_name(asked: Asked, facts: ModelFacts) -> str | None:
    if "output_format" not in asked.body or not asked.headers_known:
        return None
    beta = any(beta.startswith("structured-outputs-") for beta in asked.betas)
    return None if beta else "`output_format` without its beta header"


def _citations_with_format(asked: Asked, facts: ModelFacts) -> str | None:
    both = asked.format is not None and _cites(asked)
    return "citations and an output format together" if both else None


def _citations(asked: Asked, facts: ModelFacts) -> str | None:
    return "citations are not supported" if _cites(asked) else None


def _cites(asked: Asked) -> bool:
    return any(as_mapping(b.get("citations")).get("enabled") is True for b in asked.blocks())


def _output_format(asked: Asked, facts: ModelFacts) -> str | None:
    return "an output format is not supported" if asked.format is not None else None


def _structured(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.format is not None:
        return "an output format is not supported"
    strict = any(tool.get("strict") is True for tool in asked.view.tools)
    return "strict tools are not supported" if strict else None


def _no_schema(asked: Asked, facts: ModelFacts) -> str | None:
    lacks = asked.format is not None and asked.format.get("schema") is None
    return "an output format without a schema" if lacks else None


def _schemas(asked: Asked) -> Iterator[tuple[str, Any]]:
    """The schemas that are compiled, with where they are."""
    if asked.format is not None:
        yield "output format", asked.format.get("schema")
    for tool in asked.view.tools:
        if tool.get("strict") is True:
            yield f"strict tool {_short(tool.get('name'))}", tool.get("input_schema")


def _of_schemas(look: Callable[[Any], str | None], words: str) -> Seen:
    def seen(asked: Asked, facts: ModelFacts) -> str | None:
        for where, schema in _schemas(asked) if facts.structured_outputs is not False else ():
            if (found := look(schema)) is not None:
                return f"{where}: {words.format(_short(found))}"
        return None

    return seen


def _speed(asked: Asked, facts: ModelFacts) -> str | None:
    return '`speed: "fast"` is not supported' if asked.body.get("speed") == "fast" else None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 90 else f"{text[:90]}…"


def _refused(
    rule: str,
    models: Callable[[ModelFacts], bool],
    seen: Seen,
    fix: str | None,
    message: str | None = None,
    **more: Any,
) -> Rule:
    more.setdefault("status", 400)
    return Rule(rule, "refused", models, seen, fix, message=message, **more)


_UNSUPPORTED = '"thinking.type.{}" is not supported for this model. '

REFUSALS: tuple[Rule, ...] = (
    _refused(
        "model-retired", lambda facts: facts.retires_on is not None, _retired,
        "use its replacement (`pytest-claude models` names it)",
        status=404, platforms=("anthropic",),
        sources=("about-claude/model-deprecations",),
    ),
    _refused(
        "text-completions", _every, _completion, "the Messages API",
        '"<model>" is not supported on this API. Please use the Messages API instead.',
        sources=("api/complete",),
    ),
    _refused(
        "thinking-enabled", _lacks_mode("enabled"), _thinking("enabled"),
        'thinking {"type": "adaptive"} and output_config.effort',
        _UNSUPPORTED.format("enabled") + _USE_ADAPTIVE,
        sources=("api/errors", _TROUBLES, "models/sonnet-5-5/migration-guide"),
    ),
    _refused(
        "thinking-unsupported", lambda facts: facts.thinking_default == "none", _thinking_at_all,
        "leave thinking out", confidence="inferred", sources=(_THINKING,),
    ),
    _refused(
        "thinking-disabled-always-on",
        _all(_lacks_mode("disabled"), lambda facts: facts.id in (
            "claude-opus-5-5", "claude-fable-5-1", "claude-mythos-5-1", "claude-fable-5-2",
            "claude-mythos-5-2")),
        _thinking("disabled"), "leave thinking out; lower output_config.effort",
        _UNSUPPORTED.format("disabled") + _USE_ADAPTIVE,
        sources=("models/opus-5-5/whats-new-opus-5-5", "models/fable-5-1/migration-guide"),
    ),
    _refused(
        "thinking-disabled-fable5",
        _named("claude-fable-5", "claude-mythos-5", "claude-mythos-preview"),
        _thinking("disabled"), "leave thinking out",
        _UNSUPPORTED.format("disabled") + "Thinking defaults to adaptive mode when not specified; "
        'use "thinking.type.enabled" with "budget_tokens" for extended thinking.',
        sources=("api/errors",),
    ),
    _refused(
        "thinking-disabled-sonnet55", _named("claude-sonnet-5-5"), _thinking("disabled"),
        'thinking {"type": "between_tools"}, effort high or lower',
        _UNSUPPORTED.format("disabled") + 'Use "thinking.type.between_tools" for the lowest '
        'thinking setting, or "thinking.type.adaptive" and "output_config.effort" to control '
        "thinking behavior.",
        sources=("models/sonnet-5-5/migration-guide",),
    ),
    _refused(
        "thinking-disabled-high-effort", lambda facts: facts.thinking_off_max_effort is not None,
        _disabled_at_high_effort, "effort high or lower, or let it think",
        sources=(_TROUBLES,
                 "build-with-claude/prompt-engineering/prompting-claude-haiku-5-5"),
    ),
    _refused(
        "thinking-adaptive-old", _lacks_mode("adaptive"), _thinking("adaptive"),
        'thinking {"type": "enabled", "budget_tokens": N}',
        "adaptive thinking is not supported on this model", sources=("api/errors", _TROUBLES),
    ),
    _refused(
        "thinking-between-tools", lambda facts: facts.id != "claude-sonnet-5-5",
        _thinking("between_tools"), "only claude-sonnet-5-5 accepts it",
        _UNSUPPORTED.format("between_tools").strip(), sources=(_TROUBLES,),
    ),
    _refused(
        "between-tools-effort", _named("claude-sonnet-5-5"), _between_at_high_effort,
        "effort high or lower, or thinking adaptive",
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
    _refused(
        "between-tools-fields", _named("claude-sonnet-5-5"), _between_fields,
        "between_tools takes no other field",
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
    _refused(
        "between-tools-per-message-effort", _named("claude-sonnet-5-5"), _between_per_message,
        "thinking adaptive for an effort per message",
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
    _refused(
        "budget-ge-max-tokens", _every, _budget_over_max_tokens, "raise max_tokens",
        "`max_tokens` must be greater than `thinking.budget_tokens`.", confidence="observed",
        sources=(_SKILL,),
    ),
    _refused(
        "budget-below-1024", _every, _budget_too_small, "a budget of at least 1,024",
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        sources=("https://pypi.org/project/anthropic/2.12.0/",),
    ),
    _refused(
        "thinking-block-missing", _thinks_manually, _bare_tool_use,
        "send the assistant's blocks back as they came, thinking first",
        "messages.<i>.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
        "`<type>`. When `thinking` is enabled, a final `assistant` message must start with a "
        "thinking block.",
        sources=(_THINKING,),
    ),
    _refused(
        "sampling-non-default", lambda facts: facts.sampling == "defaults_only",
        _non_default_sampling, "remove it", "`temperature` is deprecated for this model.",
        sources=(_THINKING, "models/haiku-5-5/migration-guide",
                 "models/sonnet-5-5/migration-guide"),
    ),
    _refused(
        "sampling-both",
        lambda facts: facts.sampling in ("defaults_only", "temperature_xor_top_p"),
        _both_samplings, "send at most one",
        "`temperature` and `top_p` cannot both be specified for this model. "
        "Please use only one.",
        sources=("about-claude/models/migration-guide",),
    ),
    _refused(
        "sampling-with-thinking-old", _thinks_manually, _sampling_while_thinking,
        "remove it", "`temperature` may only be set to 1 when thinking is enabled.",
        sources=(_THINKING,),
    ),
    _refused(
        "sampling-api-2026-10-21", _every, _sampling_on_new_api,
        "remove it, or pin anthropic-version 2023-06-01",
        "temperature: Extra inputs are not permitted", since=_NEW_API,
        sources=("api/migration-2026-10-21",),
    ),
    _refused(
        "document-in-assistant-api-2026-10-21", _every, _document_of_assistant,
        "move the document to a user message", since=_NEW_API,
        sources=("api/migration-2026-10-21",),
    ),
    _refused(
        "citations-in-user-text-api-2026-10-21", _every, _citations_of_user,
        "drop the citations of user texts", since=_NEW_API,
        sources=("api/migration-2026-10-21",),
    ),
    _refused(
        "prefill", lambda facts: facts.prefill is False, _prefill,
        "output_config.format with a JSON schema, or say it in the system prompt",
        "This model does not support assistant message prefill. "
        "The conversation must end with a user message.",
        sources=("api/errors",),
    ),
    _refused(
        "prefill-with-tools", lambda facts: facts.prefill is True and "-3" in facts.id,
        _prefill_with_tools, "end with a user message",
        "Your API request included an `assistant` message in the final position, which would "
        "pre-fill the `assistant` response. When using tools, pre-filling the `assistant` "
        "response is not supported.",
        confidence="observed", platforms=("bedrock",),
    ),
    _refused(
        "video", _every, _video, "send frames as images", confidence="observed",
        sources=(_CONVERSE,),
    ),
    _refused(
        "uploaded-file", _every, _uploaded_file, "anthropic-beta: files-api-2025-04-14",
        platforms=("anthropic",), sources=("build-with-claude/files",),
    ),
    _refused(
        "forced-tool-choice", lambda facts: facts.forced_tools is False, _forced,
        "tool_choice auto, strict: true, and say in the prompt when to call it",
        'tool_choice: type "tool" and "any" are not supported for this model.',
        sources=("models/opus-5-5/whats-new-opus-5-5", "models/sonnet-5-5/whats-new-sonnet-5-5",
                 "models/fable-5-1/migration-guide"),
    ),
    _refused(
        "forced-tool-with-manual-thinking", _thinks_manually,
        _forced_while_thinking("enabled"), "tool_choice auto",
        "Thinking may not be enabled when tool_choice forces tool use.",
        sources=("build-with-claude/thinking-tool-workflows",),
    ),
    _refused(
        # The documentation of autumn 2026 says that adaptive thinking takes a forced tool; the
        # live API refused it on these models in May 2026.
        "forced-tool-with-adaptive-thinking", _named("claude-sonnet-4-6", "claude-opus-4-8"),
        _forced_while_thinking("adaptive"), "tool_choice auto",
        "Thinking may not be enabled when tool_choice forces tool use.", confidence="observed",
    ),
    _refused(
        "forced-tool-bedrock-sonnet5", _named("claude-sonnet-5"), _forced_while_not_disabled,
        "thinking disabled alongside a forced tool", platforms=("bedrock",),
        sources=(_SKILL,),
    ),
    _refused(
        "effort-unsupported", lambda facts: facts.effort_levels == (), _effort_at_all,
        "leave effort out", confidence="inferred", sources=("build-with-claude/effort",),
    ),
    _refused(
        "effort-level", lambda facts: bool(facts.effort_levels), _effort_level,
        "a level that it has", "This model does not support effort level",
        sources=("build-with-claude/effort",),
    ),
    _refused(
        "max-tokens-over-limit", lambda facts: facts.max_output_tokens is not None, _max_tokens,
        "lower max_tokens", "max_tokens: <n> > <limit>, which is the maximum allowed number of "
        "output tokens for <model>", sources=("models/overview",),
    ),
    _refused(
        "computer-tool-old-toolset", _takes_toolset, _old_computer_tool,
        "{type: computer_toolset_20260801}, no name, no beta header",
        "'<model>' does not support tool types: <type>.",
        platforms=("anthropic", "foundry", "vertex"),
        sources=("models/sonnet-5-5/whats-new-sonnet-5-5", "models/haiku-5-5/migration-guide"),
    ),
    _refused(
        "fgts-header-with-toolset", _named(*_GENERATION_5_5), _streaming_header_with_toolset,
        "eager_input_streaming: true per tool", sources=("models/sonnet-5-5/migration-guide",),
    ),
    _refused(
        "text-editor-old",
        lambda facts: re.match(r"claude-[a-z]+-", facts.id) is not None,
        _tool_type("text_editor_20241022", "text_editor_20250124", "text_editor_20250429"),
        "text_editor_20250728, named str_replace_based_edit_tool; undo_edit is gone",
        sources=("about-claude/models/migration-guide",),
    ),
    _refused(
        "code-execution-legacy", _named("claude-haiku-5-5", "claude-sonnet-5-5"),
        _tool_type("code_execution_20250522"), "code_execution_20260521",
        sources=("models/sonnet-5-5/migration-guide",),
    ),
    _refused(
        "output-format-param", _every, _old_format_name, "output_config.format",
        sources=("models/sonnet-5-5/migration-guide",),
    ),
    _refused(
        "citations-with-format", _every, _citations_with_format, "one or the other",
        sources=(_STRUCTURED,),
    ),
    _refused(
        "citations-unsupported", _named("claude-3-haiku"), _citations, "leave citations out",
        "'<model>' does not support citations.", sources=("build-with-claude/citations",),
    ),
    _refused(
        "structured-outputs-unsupported", lambda facts: facts.structured_outputs is False,
        _output_format, "ask for JSON in the prompt, or with a tool",
        "'<model>' does not support output format.", sources=(_STRUCTURED,),
    ),
    _refused(
        "structured-outputs-bedrock", _named("claude-sonnet-5-5", "claude-haiku-5-5"), _structured,
        "validate the tool's input in code", platforms=("bedrock",),
        sources=("models/sonnet-5-5/migration-guide", "models/haiku-5-5/migration-guide"),
    ),
    _refused(
        "schema-missing", _every, _no_schema, "output_config.format.schema",
        "output_format.schema: Field required", confidence="observed", sources=(_STRUCTURED,),
    ),
    _refused(
        "schema-open-object", _every,
        _of_schemas(schemas.open_object, "{} lacks additionalProperties: false"),
        "additionalProperties: false on every object",
        "For 'object' type, 'additionalProperties' must be explicitly set to false",
        sources=(_STRUCTURED,),
    ),
    _refused(
        "schema-keyword", _every, _of_schemas(schemas.unsupported_keyword, "{}"),
        "take it out of the schema and say it in the description", sources=(_STRUCTURED,),
    ),
    _refused(
        "schema-outside-reference", _every,
        _of_schemas(schemas.outside_reference, "$ref {} leaves the schema"),
        "put the definition into $defs", sources=(_STRUCTURED,),
    ),
    _refused(
        "strict-tools-limit", _every, _many_strict_tools, "at most 20 strict tools",
        sources=(_STRUCTURED,),
    ),
    _refused(
        "advisor-pairing", _named("claude-sonnet-5-5"), _advisor,
        "pair it with an accepted advisor", sources=("models/sonnet-5-5/whats-new-sonnet-5-5",),
    ),
    _refused(
        "fast-mode", lambda facts: facts.id not in (*_FAST, *_ONCE_FAST), _speed, "drop speed",
        confidence="inferred", sources=("build-with-claude/fast-mode",),
    ),
)  # fmt: skip
