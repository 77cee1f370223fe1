"""What changes without an error when a request goes to another model: hints with their source."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_claude.models.asked import Asked, as_mapping
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rule import Rule

_SKILL = "https://github.com/Piebald-AI/claude-code-system-prompts"
_SDK = "https://pypi.org/project/anthropic/2.14.0/"
_SONNET_GUIDE = "models/sonnet-5-5/migration-guide"
_HAIKU_GUIDE = "models/haiku-5-5/migration-guide"
_GUIDE = "about-claude/models/migration-guide"

_BEFORE_4_5 = ("claude-opus-4-1", "claude-opus-4", "claude-sonnet-4", "claude-3-7-sonnet",
               "claude-3-5-sonnet", "claude-3-5-haiku", "claude-3-opus", "claude-3-sonnet",
               "claude-3-haiku")  # fmt: skip
_BEFORE_4_6 = ("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5", *_BEFORE_4_5)
_CLASSIFIED = ("claude-opus-5", "claude-opus-5-5", "claude-sonnet-5", "claude-sonnet-5-5",
               "claude-haiku-5-5", "claude-fable-5", "claude-fable-5-1")  # fmt: skip
_HIGH_RESOLUTION = ("claude-opus-4-7", "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5",
                    "claude-sonnet-5", "claude-sonnet-5-5", "claude-haiku-5-5")  # fmt: skip
_NO_PRIORITY = ("claude-haiku-5-5", "claude-fable-5-1", "claude-mythos-5-1", "claude-opus-5",
                "claude-sonnet-5")  # fmt: skip
_DEAD_BETAS = frozenset({
    "effort-2025-11-24", "interleaved-thinking-2025-05-14",
    "fine-grained-tool-streaming-2025-05-14", "token-efficient-tools-2025-02-19",
    "output-128k-2025-02-19", "context-1m-2025-08-07", "prompt-caching-2024-07-31",
    "pdfs-2024-09-25", "token-counting-2024-11-01", "extended-cache-ttl-2025-04-11",
    "message-batches-2024-09-24",
})  # fmt: skip
_ENOUGH_TOKENS = 4096
_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_REASONING = re.compile(
    r"(show|write|explain|include).{0,30}(your )?(reasoning|thinking|chain.of.thought)",
    re.IGNORECASE,
)

When = Callable[[Asked], bool]


def _named(*ids: str) -> Callable[[ModelFacts], bool]:
    return lambda facts: facts.id in ids


def _thinks_by_default(facts: ModelFacts) -> bool:
    return facts.thinking_default in ("on", "always_on")


def _does_not_by_default(facts: ModelFacts) -> bool:
    return facts.thinking_default in ("off", "none")


# --- what a change is about ----------------------------------------------------------------------


def _always(asked: Asked) -> bool:
    return True


def _thinking_disabled(asked: Asked) -> bool:
    return bool(asked.thinking == "disabled")


def _offers_tools(asked: Asked) -> bool:
    return bool(asked.view.tools)


def _names_effort(asked: Asked) -> bool:
    return asked.effort is not None


def _effort_low(asked: Asked) -> bool:
    return asked.effort in ("low", "medium")


def _effort_lowest(asked: Asked) -> bool:
    return bool(asked.effort == "low")


def _effort_xhigh(asked: Asked) -> bool:
    return bool(asked.effort == "xhigh")


def _json_in_prompt(asked: Asked) -> bool:
    return asked.format is None and _JSON.search(asked.prompt) is not None


def _has_format(asked: Asked) -> bool:
    return asked.format is not None


def _forces(asked: Asked) -> bool:
    return asked.forces_tool


def _reasoning_in_reply(asked: Asked) -> bool:
    return _REASONING.search(asked.prompt) is not None


def _format_with_tools_unthinking(asked: Asked) -> bool:
    return _thinking_disabled(asked) and _has_format(asked) and _offers_tools(asked)


def _thinking_unasked(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.body.get("thinking") is not None:
        return None
    return "thinking is on by default and counts against max_tokens"


def _first_block(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.body.get("thinking") is not None:
        return None
    return "the first block may be thinking: code that reads content[0].text breaks"


def _little_room(asked: Asked, facts: ModelFacts) -> str | None:
    sent = asked.view.max_tokens
    small = sent is not None and sent < _ENOUGH_TOKENS and asked.thinking != "disabled"
    return (
        f"max_tokens below {_ENOUGH_TOKENS:,} while it thinks: the reply may be cut"
        if small
        else None
    )


def _budget_kept(asked: Asked, facts: ModelFacts) -> str | None:
    return (
        "a thinking budget is deprecated, still accepted" if asked.thinking == "enabled" else None
    )


def _display_omitted(asked: Asked, facts: ModelFacts) -> str | None:
    thinks = any(block.get("type") == "thinking" for block in asked.response)
    if not thinks or "display" in asked.mapping("thinking"):
        return None
    return "thinking text is empty by default (display omitted)"


def _other_effort(asked: Asked, facts: ModelFacts) -> str | None:
    if asked.effort is not None:
        return None
    return f"effort is {facts.effort_default} by default (other models: high)"


def _more_tokens(asked: Asked, facts: ModelFacts) -> str | None:
    return "about 30% more tokens for the same text (another tokenizer; 1.0 to 1.35 times)"


def _images(asked: Asked, facts: ModelFacts) -> str | None:
    found = any(block.get("type") == "image" for block in asked.blocks())
    return "images in higher resolution: up to 4,784 tokens each (was 1,568)" if found else None


def _cache_minimum(asked: Asked, facts: ModelFacts) -> str | None:
    if facts.cache_minimum_tokens is None or not _caches(asked):
        return None
    return (
        f"prompt cache from {facts.cache_minimum_tokens:,} tokens; a shorter prompt is not cached"
    )


def _caches(asked: Asked) -> bool:
    system = asked.body.get("system")
    blocks = [*asked.blocks(), *asked.view.tools, *(system if isinstance(system, list) else [])]
    return "cache_control" in asked.body or any(
        "cache_control" in as_mapping(block) for block in blocks
    )


def _dead_betas(asked: Asked, facts: ModelFacts) -> str | None:
    dead = sorted(asked.betas & _DEAD_BETAS)
    return f"beta header {dead[0]} has no effect: remove it" if dead else None


def _refuses_openly(asked: Asked, facts: ModelFacts) -> str | None:
    return "may refuse with HTTP 200, stop_reason refusal and empty content"


def _priority(asked: Asked, facts: ModelFacts) -> str | None:
    return (
        "no Priority Tier: runs at standard tier"
        if asked.body.get("service_tier") == "auto"
        else None
    )


def _retires(asked: Asked, facts: ModelFacts) -> str | None:
    return f"{facts.id} is deprecated; it retires on {facts.retires_on}"


def _warning(
    rule: str,
    dimension: str | None,
    models: Callable[[ModelFacts], bool],
    seen: Callable[[Asked, ModelFacts], str | None],
    sources: tuple[str, ...],
    *,
    fix: str | None = None,
    from_models: Callable[[ModelFacts], bool] | None = None,
) -> Rule:
    return Rule(
        rule, "warning", models, seen, fix, dimension=dimension, from_models=from_models,
        sources=sources,
    )  # fmt: skip


def _behavior(
    rule: str,
    dimension: str,
    models: tuple[str, ...],
    from_models: tuple[str, ...] | None,
    when: When,
    words: str,
    sources: tuple[str, ...],
) -> Rule:
    return Rule(
        rule, "behavior", _named(*models), lambda asked, _: words if when(asked) else None,
        dimension=dimension, from_models=None if from_models is None else _named(*from_models),
        sources=sources,
    )  # fmt: skip


CHANGES: tuple[Rule, ...] = (
    _warning(
        "model-deprecated", None,
        lambda facts: facts.status == "deprecated" and facts.retires_on is not None, _retires,
        ("about-claude/model-deprecations", _SDK), fix="plan the bump before that day",
    ),
    _warning(
        "thinking-on-by-default", "thinking", _thinks_by_default, _thinking_unasked,
        (_SONNET_GUIDE, _HAIKU_GUIDE, "models/opus-5-5/migration-guide", _GUIDE),
        fix="raise max_tokens; or between_tools on Sonnet 5.5, disabled on Opus 5, Sonnet 5 and "
        "Haiku 5.5, low effort elsewhere",
        from_models=_does_not_by_default,
    ),
    _warning(
        "small-max-tokens", "stop_reason", _thinks_by_default, _little_room,
        (_SONNET_GUIDE, _HAIKU_GUIDE), fix="raise max_tokens",
    ),
    _warning(
        "tokenizer", "token_count", lambda facts: facts.tokenizer == "opus-4-7", _more_tokens,
        ("about-claude/pricing", _SONNET_GUIDE, _HAIKU_GUIDE),
        from_models=lambda facts: facts.tokenizer == "pre-4-7",
    ),
    _warning(
        "content0", "response_shape", _thinks_by_default, _first_block,
        (_SONNET_GUIDE, _HAIKU_GUIDE, "models/opus-5-5/whats-new-opus-5-5"),
        fix="select blocks by type", from_models=_does_not_by_default,
    ),
    _warning(
        "thinking-enabled-deprecated", "thinking", _named("claude-opus-4-6", "claude-sonnet-4-6"),
        _budget_kept, ("build-with-claude/thinking-troubleshooting", _SDK),
        fix="thinking adaptive and effort",
    ),
    _warning(
        "display-omitted", "thinking", lambda facts: facts.tokenizer == "opus-4-7"
        and facts.id != "claude-mythos-preview", _display_omitted, (_SONNET_GUIDE, _GUIDE),
        fix='thinking.display: "summarized"',
    ),
    _warning(
        "effort-default-changed", "effort", _named("claude-opus-5-5", "claude-haiku-5-5"),
        _other_effort, ("models/opus-5-5/whats-new-opus-5-5", "models/overview"),
        fix="set effort",
    ),
    _warning(
        "image-tokens", "token_count", _named(*_HIGH_RESOLUTION), _images, (_SONNET_GUIDE, _GUIDE),
        from_models=lambda facts: facts.id not in _HIGH_RESOLUTION,
    ),
    _warning(
        "cache-minimum", "cost", lambda facts: facts.cache_minimum_tokens is not None,
        _cache_minimum, ("build-with-claude/prompt-caching",),
    ),
    _warning(
        "beta-headers-dead", None, lambda facts: facts.tokenizer == "opus-4-7"
        or facts.id in ("claude-opus-4-6", "claude-sonnet-4-6"), _dead_betas,
        (_SONNET_GUIDE, _GUIDE, _SDK),
    ),
    _warning(
        "refusal-new", "refusal", _named(*_CLASSIFIED), _refuses_openly,
        ("build-with-claude/refusals-and-fallback", _SONNET_GUIDE, _HAIKU_GUIDE),
        from_models=lambda facts: facts.id not in _CLASSIFIED,
    ),
    _warning(
        "priority-tier", None, _named(*_NO_PRIORITY), _priority,
        (_HAIKU_GUIDE, "models/fable-5-1/migration-guide"),
    ),
    _behavior('narration-in-thinking', 'narration_between_tools', ('claude-opus-5-5', 'claude-sonnet-5-5', 'claude-fable-5-1', 'claude-fable-5-2', 'claude-mythos-5-1', 'claude-mythos-5-2'), None, _offers_tools,
        'text between tool calls comes back as thinking blocks (progress updates), empty at the default display',
        ('models/opus-5-5/whats-new-opus-5-5', 'models/sonnet-5-5/whats-new-sonnet-5-5',)),
    _behavior('effort-recalibrated', 'effort', ('claude-sonnet-5-5', 'claude-opus-5-5'), None, _names_effort,
        'an effort level does not give the same amount of thinking as on the predecessor: repeat the sweep',
        ('models/sonnet-5-5/whats-new-sonnet-5-5', 'models/opus-5-5/whats-new-opus-5-5',)),
    _behavior('reasoning-in-reply', 'refusal', ('claude-opus-5-5', 'claude-sonnet-5-5', 'claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2'), None, _reasoning_in_reply,
        'asking for the reasoning in the reply can be declined as reasoning_extraction',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5', 'models/opus-5-5/whats-new-opus-5-5', _SKILL,)),
    _behavior('b-37-parallel', 'parallel_tool_calls', ('claude-3-7-sonnet',), None, _always,
        'may make fewer parallel tool calls than other models',
        ('agents-and-tools/tool-use/implement-tool-use',)),
    _behavior('b-4-concise', 'verbosity', ('claude-sonnet-4-5', 'claude-opus-4-5', 'claude-haiku-4-5'), ('claude-3-7-sonnet',), _always,
        'more concise; may skip the summary after actions',
        ('about-claude/models/whats-new-claude-4-5',)),
    _behavior('b-4-literal', 'literal_instruction_following', ('claude-sonnet-4-5', 'claude-opus-4-5'), ('claude-3-7-sonnet',), _always,
        'trained for precise instruction following; needs explicit direction',
        ('about-claude/models/whats-new-claude-4-5',)),
    _behavior('b-45-trailing-newline', 'tool_input_format', ('claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2', 'claude-haiku-4-5', 'claude-haiku-5-5', 'claude-mythos-5', 'claude-mythos-5-1', 'claude-mythos-5-2', 'claude-mythos-preview', 'claude-opus-4-5', 'claude-opus-4-6', 'claude-opus-4-7', 'claude-opus-4-8', 'claude-opus-5', 'claude-opus-5-5', 'claude-sonnet-4-5', 'claude-sonnet-4-6', 'claude-sonnet-5', 'claude-sonnet-5-5'), _BEFORE_4_5, _always,
        'trailing newlines in tool string parameters are kept',
        ('models/sonnet-5-5/migration-guide', 'models/haiku-5-5/migration-guide',)),
    _behavior('b-46-escaping', 'tool_input_format', ('claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2', 'claude-haiku-5-5', 'claude-mythos-5', 'claude-mythos-5-1', 'claude-mythos-5-2', 'claude-mythos-preview', 'claude-opus-4-6', 'claude-opus-4-7', 'claude-opus-4-8', 'claude-opus-5', 'claude-opus-5-5', 'claude-sonnet-4-6', 'claude-sonnet-5', 'claude-sonnet-5-5'), _BEFORE_4_6, _always,
        'JSON escaping in tool input may differ (Unicode, slash): compare parsed values, not text',
        ('about-claude/models/migration-guide', 'models/sonnet-5-5/migration-guide',)),
    _behavior('b-46-overtrigger', 'tool_call_rate', ('claude-opus-4-6', 'claude-sonnet-4-6', 'claude-opus-4-5'), None, _always,
        'prompts that shout (CRITICAL, MUST) over-trigger tools',
        (_SKILL,)),
    _behavior('b-46-latex', 'text_format', ('claude-opus-4-6',), None, _always,
        'LaTeX for mathematics by default',
        (_SKILL,)),
    _behavior('b-46-summaries', 'verbosity', ('claude-opus-4-6', 'claude-sonnet-4-6'), None, _always,
        'may skip the summary after a tool call',
        (_SKILL,)),
    _behavior('b-47-literal', 'literal_instruction_following', ('claude-opus-4-7',), ('claude-opus-4-6',), _always,
        'more literal, above all at low effort; does not generalize an instruction',
        (_SKILL,)),
    _behavior('b-47-fewer-tools', 'tool_call_rate', ('claude-opus-4-7',), ('claude-opus-4-6',), _always,
        'uses tools less often and reasons more',
        (_SKILL,)),
    _behavior('b-47-fewer-subagents', 'subagents', ('claude-opus-4-7',), ('claude-opus-4-6',), _always,
        'spawns fewer subagents',
        (_SKILL,)),
    _behavior('b-47-length', 'verbosity', ('claude-opus-4-7', 'claude-sonnet-5'), None, _always,
        'length follows task complexity: shorter on look-ups, longer on open questions',
        (_SKILL,)),
    _behavior('b-47-tone', 'tone', ('claude-opus-4-7',), None, _always,
        'more direct, fewer emoji, less validation',
        (_SKILL,)),
    _behavior('b-48-asks', 'clarifying_questions', ('claude-opus-4-8',), ('claude-opus-4-7',), _always,
        'pauses to ask on minor decisions, closes with an offer',
        (_SKILL,)),
    _behavior('b-48-search', 'tool_call_rate', ('claude-opus-4-8',), ('claude-opus-4-7',), _always,
        'search triggers slightly more, fewer rounds; knowledge retrieval less',
        (_SKILL,)),
    _behavior('b-48-narration', 'narration_between_tools', ('claude-opus-4-8',), ('claude-opus-4-7',), _always,
        'more text between tool calls, longer wrap-ups',
        (_SKILL,)),
    _behavior('b-48-thinking-off-verbose', 'verbosity', ('claude-opus-4-8',), None, _thinking_disabled,
        'with thinking off, writes its reasoning into the reply',
        (_SKILL,)),
    _behavior('b-5-longer', 'verbosity', ('claude-opus-5',), ('claude-opus-4-8',), _always,
        'longer replies and longer written documents; effort is not the lever',
        (_SKILL,)),
    _behavior('b-5-scope', 'scope', ('claude-opus-5',), ('claude-opus-4-8',), _always,
        'adds steps that were not asked for',
        (_SKILL,)),
    _behavior('b-5-subagents', 'subagents', ('claude-opus-5',), ('claude-opus-4-8',), _always,
        'delegates more readily (opposite of 4.8)',
        (_SKILL,)),
    _behavior('b-5-verify', 'self_verification', ('claude-opus-5',), ('claude-opus-4-8',), _always,
        'verifies unasked; instructions to verify cause too much of it',
        (_SKILL,)),
    _behavior('b-5-toolcall-as-text', 'tool_call_shape', ('claude-opus-5',), None, _thinking_disabled,
        'with thinking disabled a tool call can arrive as plain text: the turn completes, the call never runs',
        (_SKILL,)),
    _behavior('b-5-thinking-tags', 'text_format', ('claude-opus-5',), None, _thinking_disabled,
        'with thinking disabled, <thinking> or other internal tags can appear in the reply',
        (_SKILL,)),
    _behavior('b-55o-fewer-tokens', 'cost', ('claude-opus-5-5',), ('claude-opus-5',), _always,
        'finishes the same task with fewer tokens; output more than 30% faster',
        ('build-with-claude/prompt-engineering/prompting-claude-opus-5-5',)),
    _behavior('b-55o-more-thinking', 'thinking', ('claude-opus-5-5',), ('claude-opus-5',), _always,
        'more thinking per turn at the same effort, most at xhigh and max',
        ('models/opus-5-5/whats-new-opus-5-5',)),
    _behavior('b-55o-refusals', 'refusal', ('claude-opus-5-5',), ('claude-opus-5',), _always,
        'adds a biology classifier and reasoning_extraction',
        ('models/opus-5-5/whats-new-opus-5-5',)),
    _behavior('b-s5-agentic', 'tool_call_rate', ('claude-sonnet-5',), ('claude-sonnet-4-6',), _always,
        'reaches for tools and self-checks more readily; with thinking disabled less likely to use tools',
        (_SKILL,)),
    _behavior('b-s5-literal', 'literal_instruction_following', ('claude-sonnet-5',), ('claude-sonnet-4-6',), _always,
        'literal, above all at low effort',
        (_SKILL,)),
    _behavior('b-s55-asks', 'clarifying_questions', ('claude-sonnet-5-5',), ('claude-sonnet-5',), _effort_low,
        'pauses to confirm a plan, asks what it could answer, stops after one part',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-s55-scope', 'scope', ('claude-sonnet-5-5',), None, _always,
        'adds tests, docs and small files unasked at every effort level',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-s55-search', 'tool_call_rate', ('claude-sonnet-5-5',), None, _always,
        'sometimes answers from training knowledge when a search would help',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-s55-json-prompted', 'json_output', ('claude-sonnet-5-5',), None, _json_in_prompt,
        'JSON asked for in the prompt: often works in the text and writes the JSON last, sometimes a draft before it',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-s55-json-structured', 'json_output', ('claude-sonnet-5-5',), None, _has_format,
        'with structured outputs it may skip thinking: valid JSON, less accurate on multi-step work; at low/medium occasionally thinks until max_tokens',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-s55-tool-names', 'tool_call_shape', ('claude-sonnet-5-5',), None, _always,
        'occasionally a tool name differs in letter case, or a parameter has a slightly different name',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-s55-injection', 'refusal', ('claude-sonnet-5-5',), None, _always,
        'may take text after a tool result (or inside tool_result) for injection and ignore it or ask',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-s55-low-verify', 'self_verification', ('claude-sonnet-5-5',), None, _effort_lowest,
        'reports a change as done without running a check',
        ('build-with-claude/prompt-engineering/prompting-claude-sonnet-5-5',)),
    _behavior('b-h55-json-tool-skip', 'tool_call_rate', ('claude-haiku-5-5',), None, _format_with_tools_unthinking,
        'with thinking off and a JSON output format the model skips a tool call it needs',
        ('build-with-claude/prompt-engineering/prompting-claude-haiku-5-5',)),
    _behavior('b-h55-forced-no-thinking', 'thinking', ('claude-haiku-5-5',), None, _forces,
        'a forced tool_choice is accepted, but the response starts with the call and has no thinking',
        ('models/haiku-5-5/migration-guide',)),
    _behavior('b-h55-early-stop', 'early_stop', ('claude-haiku-5-5',), None, _always,
        'in long agent prompts stops early and hands back; at low effort skips searches and checks',
        ('build-with-claude/prompt-engineering/prompting-claude-haiku-5-5',)),
    _behavior('b-h55-empty-reply', 'response_shape', ('claude-haiku-5-5',), None, _effort_xhigh,
        'in multi-turn chat at xhigh the whole answer can be in thinking, with no visible text',
        ('build-with-claude/prompt-engineering/prompting-claude-haiku-5-5',)),
    _behavior('b-h55-system-drift', 'system_prompt_adherence', ('claude-haiku-5-5',), None, _always,
        'chatbots drift from the system prompt when users argue',
        ('build-with-claude/prompt-engineering/prompting-claude-haiku-5-5',)),
    _behavior('b-fable-long-turns', 'latency', ('claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2'), None, _always,
        'single requests of many minutes at higher effort',
        (_SKILL,)),
    _behavior('b-fable-actions', 'scope', ('claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2'), None, _always,
        'unrequested adjacent actions (drafts, backup branches)',
        (_SKILL,)),
    _behavior('b-fable-early-stop', 'early_stop', ('claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2'), None, _always,
        'ends with a statement of intent without the tool call, or asks permission it does not need',
        (_SKILL,)),
)  # fmt: skip
