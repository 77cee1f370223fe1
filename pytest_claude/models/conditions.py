"""The conditions of the rules, by the names that the data files use for them.

A condition on a request gives what the rule's words insert, one value or several; True where they
insert nothing; a false value where the rule is not about the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_claude.models import schemas
from pytest_claude.models.asked import Asked, as_mapping
from pytest_claude.models.model_facts import ModelFacts

OfModel = Callable[[ModelFacts], bool]
OfRequest = Callable[[Asked, ModelFacts], object]

EFFORTS = ("low", "medium", "high", "xhigh", "max")
SAMPLING = ("temperature", "top_p", "top_k")
_NEW_API = "2026-10-21"
_SMALL_MAX_TOKENS = 4096
_LEAST_BUDGET = 1024
_MOST_STRICT_TOOLS = 20
_LONGEST = 90  # characters of a value that are shown
_INTERLEAVED = "interleaved-thinking-2025-05-14"
_STREAMED_TOOLS = "fine-grained-tool-streaming-2025-05-14"
_BETAS_WITHOUT_EFFECT = frozenset({
    "effort-2025-11-24", "interleaved-thinking-2025-05-14",
    "fine-grained-tool-streaming-2025-05-14", "token-efficient-tools-2025-02-19",
    "output-128k-2025-02-19", "context-1m-2025-08-07", "prompt-caching-2024-07-31",
    "pdfs-2024-09-25", "token-counting-2024-11-01", "extended-cache-ttl-2025-04-11",
    "message-batches-2024-09-24",
})  # fmt: skip
_LONG_OUTPUT_BY_BETA = ("claude-3-7-sonnet", "claude-3-5-sonnet")
_CLAUDE_4_EDITOR = {  # came out with these models, and only they took it
    ("claude-opus-4", "text_editor_20250429"), ("claude-sonnet-4", "text_editor_20250429"),
}  # fmt: skip
_ADVISORS = ("claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5",
             "claude-fable-5-1", "claude-mythos-5", "claude-mythos-5-1")  # fmt: skip
_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_REASONING = re.compile(
    r"(show|write|explain|include).{0,30}(your )?(reasoning|thinking|chain.of.thought)",
    re.IGNORECASE,
)


def short(value: Any) -> str:
    """`value` as text, cut after 90 characters."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def thinks_by_default(facts: ModelFacts) -> bool:
    """Whether the model thinks when a request does not mention thinking."""
    return facts.thinking_default in ("on", "always_on")


def does_not_think_by_default(facts: ModelFacts) -> bool:
    """Whether the model is known not to think when a request does not mention thinking."""
    return facts.thinking_default in ("off", "none")


OF_MODELS: Mapping[str, OfModel] = {
    "accepts thinking enabled": lambda facts: "enabled" in (facts.thinking_modes or ()),
    "rejects thinking enabled": lambda facts: _rejects_mode(facts, "enabled"),
    "rejects thinking adaptive": lambda facts: _rejects_mode(facts, "adaptive"),
    "rejects thinking disabled": lambda facts: _rejects_mode(facts, "disabled"),
    "can't think": lambda facts: facts.thinking_default == "none",
    "thinks by default": thinks_by_default,
    "does not think by default": does_not_think_by_default,
    "limits effort without thinking": lambda facts: facts.thinking_off_max_effort is not None,
    "accepts default sampling only": lambda facts: facts.sampling == "defaults_only",
    "rejects two sampling parameters": lambda facts: (
        facts.sampling in ("defaults_only", "temperature_xor_top_p")
    ),
    "accepts a prefill": lambda facts: facts.prefill is True,
    "rejects a prefill": lambda facts: facts.prefill is False,
    "rejects a forced tool": lambda facts: facts.forced_tools is False,
    "accepts a computer toolset": lambda facts: any(
        "toolset" in kind for kind in facts.computer_tools.get("claude_api", ())
    ),
    "has no effort": lambda facts: facts.effort_levels == (),
    "has effort levels": lambda facts: bool(facts.effort_levels),
    "has a limit of output tokens": lambda facts: facts.max_output_tokens is not None,
    "rejects an output format": lambda facts: facts.structured_outputs is False,
    "has a cache minimum": lambda facts: facts.cache_minimum_tokens is not None,
    "has the tokenizer of Opus 4.7": lambda facts: facts.tokenizer == "opus-4-7",
    "has the tokenizer before Opus 4.7": lambda facts: facts.tokenizer == "pre-4-7",
    "retires on a day": lambda facts: facts.retires_on is not None,
    "is deprecated and retires on a day": lambda facts: (
        facts.status == "deprecated" and facts.retires_on is not None
    ),
    "is named as since Claude 4": lambda facts: bool(re.match(r"claude-[a-z]+-", facts.id)),
}


def _rejects_mode(facts: ModelFacts, mode: str) -> bool:
    return facts.thinking_modes is not None and mode not in facts.thinking_modes


def _thinking(*modes: str) -> OfRequest:
    return lambda asked, _: asked.thinking if asked.thinking in modes else None


def _effort(*levels: str) -> OfRequest:
    return lambda asked, _: asked.effort if asked.effort in levels else None


def _effort_above(asked: Asked, limit: str | None) -> Any:
    above = limit is not None and asked.effort in EFFORTS[EFFORTS.index(limit) + 1 :]
    return asked.effort if above else None


def _between_tools_fields(asked: Asked, _: ModelFacts) -> object:
    extra = asked.mapping("thinking").keys() & {"display", "budget_tokens", "block_binding"}
    return asked.thinking == "between_tools" and extra and min(extra)


def _between_tools_effort_per_message(asked: Asked, _: ModelFacts) -> object:
    configs = [as_mapping(message.get("output_config")) for message in asked.view.messages]
    differs = any("effort" in c and c["effort"] != asked.effort for c in configs)
    return asked.thinking == "between_tools" and differs


def _budget(asked: Asked) -> int | None:
    budget = asked.mapping("thinking").get("budget_tokens")
    return budget if asked.thinking == "enabled" and isinstance(budget, int) else None


def _budget_over_max_tokens(asked: Asked, _: ModelFacts) -> object:
    budget, limit = _budget(asked), asked.view.max_tokens
    # With interleaved thinking the budget may exceed max_tokens; its header may not be recorded.
    if budget is None or limit is None or not asked.headers_known or _INTERLEAVED in asked.betas:
        return None
    return (budget, limit) if budget >= limit else None


def _budget_too_small(asked: Asked, _: ModelFacts) -> object:
    budget = _budget(asked)
    return (budget,) if budget is not None and budget < _LEAST_BUDGET else None


def _results_without_thinking(asked: Asked, _: ModelFacts) -> object:
    """Tool results are sent back, but not the thinking before their calls."""
    messages = asked.view.messages
    if asked.thinking != "enabled" or len(messages) < 2 or messages[-2].get("role") != "assistant":
        return False
    turn, results = messages[-2].get("content"), messages[-1].get("content")
    answers = isinstance(results, list) and any(
        as_mapping(block).get("type") == "tool_result" for block in results
    )
    first = as_mapping(turn[0]).get("type") if isinstance(turn, list) and turn else None
    return answers and first in ("tool_use", "text")


def _other_sampling(asked: Asked, _: ModelFacts) -> object:
    for key, accepted in (("temperature", 1), ("top_p", 0.99)):
        value = asked.body.get(key)
        if value is not None and value != accepted:
            return f"`{key}` {short(value)}; only {accepted} is accepted"
    return "`top_k` is not accepted" if asked.body.get("top_k") is not None else None


def _two_samplings(asked: Asked, _: ModelFacts) -> object:
    return None not in (asked.body.get("temperature"), asked.body.get("top_p"))


def _sampling_while_thinking(asked: Asked, _: ModelFacts) -> object:
    if asked.thinking not in ("enabled", "adaptive"):
        return None
    temperature, top_p = asked.body.get("temperature"), asked.body.get("top_p")
    if temperature is not None and temperature != 1:
        return f"`temperature` {short(temperature)} while thinking; only 1 is accepted"
    if asked.body.get("top_k") is not None:
        return "`top_k` while thinking"
    low = isinstance(top_p, int | float) and top_p < 0.95
    return f"`top_p` {top_p} while thinking; from 0.95 on it is accepted" if low else None


def _on_new_api(asked: Asked) -> bool:
    return asked.version is not None and asked.version >= _NEW_API


def _sampling_on_new_api(asked: Asked, _: ModelFacts) -> object:
    sent = next((key for key in SAMPLING if key in asked.body), None)
    return (sent, asked.version) if sent and _on_new_api(asked) else None


def _document_of_assistant(asked: Asked, _: ModelFacts) -> object:
    return _on_new_api(asked) and _holds_block(asked, "document", "assistant")


def _citations_of_user(asked: Asked, _: ModelFacts) -> object:
    texts = (block for block in asked.blocks("user") if block.get("type") == "text")
    return _on_new_api(asked) and any(text.get("citations") for text in texts)


def _holds_block(asked: Asked, kind: str, role: str | None = None) -> bool:
    return any(block.get("type") == kind for block in asked.blocks(role))


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


def _file_without_beta(asked: Asked, _: ModelFacts) -> object:
    files = any(as_mapping(block.get("source")).get("type") == "file" for block in asked.blocks())
    return files and asked.headers_known and not _has_beta(asked, "files-api-")


def _has_beta(asked: Asked, beginning: str) -> bool:
    return any(beta.startswith(beginning) for beta in asked.betas)


def _forced_tool(*thinking: str) -> OfRequest:
    return lambda asked, _: asked.forces_tool and asked.thinking in thinking and asked.thinking


def _tool_types(asked: Asked) -> list[str]:
    return [kind for tool in asked.view.tools if isinstance(kind := tool.get("type"), str)]


def _tool_type(*kinds: str) -> OfRequest:
    def condition(asked: Asked, facts: ModelFacts) -> object:
        old = [kind for kind in kinds if (facts.id, kind) not in _CLAUDE_4_EDITOR]
        return next((kind for kind in _tool_types(asked) if kind in old), None)

    return condition


def _other_computer_tool(asked: Asked, facts: ModelFacts) -> object:
    platform = {"vertex": "google_cloud", "bedrock": "bedrock"}.get(asked.platform, "claude_api")
    accepted = facts.computer_tools.get(platform, ())
    kinds = (kind for kind in _tool_types(asked) if kind.startswith("computer_2025"))
    return next((kind for kind in kinds if kind not in accepted), None)


def _streaming_beta_with_toolset(asked: Asked, _: ModelFacts) -> object:
    toolset = any(re.match(r"(computer|browser)_toolset_", kind) for kind in _tool_types(asked))
    return toolset and _STREAMED_TOOLS in asked.betas


def _strict_tools(asked: Asked) -> int:
    return sum(tool.get("strict") is True for tool in asked.view.tools)


def _many_strict_tools(asked: Asked, _: ModelFacts) -> object:
    strict = _strict_tools(asked)
    return strict if strict > _MOST_STRICT_TOOLS else None


def _other_advisor(asked: Asked, _: ModelFacts) -> object:
    for tool in asked.view.tools:
        model = tool.get("model")
        if str(tool.get("type")).startswith("advisor") and isinstance(model, str):
            if model not in _ADVISORS:
                return (short(model),)
    return None


def _other_effort(asked: Asked, facts: ModelFacts) -> object:
    levels = facts.effort_levels
    if not levels or asked.effort is None or asked.effort in levels:
        return None
    return short(asked.effort), ", ".join(levels)


def _over_max_tokens(asked: Asked, facts: ModelFacts) -> object:
    sent, limit = asked.view.max_tokens, facts.max_output_tokens
    if sent is None or limit is None or sent <= limit or asked.kind == "batch":
        return None  # a batch may ask for more with a beta
    # A beta raised the limit of some models; its header may not be recorded.
    raised = facts.id in _LONG_OUTPUT_BY_BETA and not asked.headers_known
    return None if raised or _has_beta(asked, "output-") else (sent, limit)


def _format_without_beta(asked: Asked, _: ModelFacts) -> object:
    sent = "output_format" in asked.body and asked.headers_known
    return sent and not _has_beta(asked, "structured-outputs-")


def _cites(asked: Asked) -> bool:
    return any(as_mapping(b.get("citations")).get("enabled") is True for b in asked.blocks())


def _structured(asked: Asked, _: ModelFacts) -> object:
    if asked.format is not None:
        return "an output format is"
    return "strict tools are" if _strict_tools(asked) else None


def _schemas(asked: Asked) -> Iterator[tuple[str, Any]]:
    """The schemas that the API compiles, with where they are."""
    if asked.format is not None:
        yield "output format", asked.format.get("schema")
    for tool in asked.view.tools:
        if tool.get("strict") is True:
            yield f"strict tool {short(tool.get('name'))}", tool.get("input_schema")


def _schema_with(fault: Callable[[Any], str | None]) -> OfRequest:
    def condition(asked: Asked, facts: ModelFacts) -> object:
        compiled = () if facts.structured_outputs is False else _schemas(asked)
        faults = ((where, fault(schema)) for where, schema in compiled)
        return next(((where, short(each)) for where, each in faults if each is not None), None)

    return condition


def _little_room(asked: Asked, _: ModelFacts) -> object:
    sent = asked.view.max_tokens
    small = sent is not None and sent < _SMALL_MAX_TOKENS and asked.thinking != "disabled"
    return _SMALL_MAX_TOKENS if small else None


def _thinking_hidden(asked: Asked, _: ModelFacts) -> object:
    thinks = any(block.get("type") == "thinking" for block in asked.response)
    return thinks and "display" not in asked.mapping("thinking")


def _caches(asked: Asked, _: ModelFacts) -> object:
    system = asked.body.get("system")
    blocks = [*asked.blocks(), *asked.view.tools, *(system if isinstance(system, list) else [])]
    return "cache_control" in asked.body or any(
        "cache_control" in as_mapping(block) for block in blocks
    )


OF_REQUESTS: Mapping[str, OfRequest] = {
    "sent to Anthropic's API": lambda asked, _: asked.direct,
    "a text completion": lambda asked, _: asked.kind == "complete" and asked.direct,
    "thinking not mentioned": lambda asked, _: asked.body.get("thinking") is None,
    "thinking enabled": _thinking("enabled"),
    "thinking adaptive": _thinking("adaptive"),
    "thinking disabled": _thinking("disabled"),
    "thinking between_tools": _thinking("between_tools"),
    "thinking enabled or adaptive": _thinking("enabled", "adaptive"),
    "thinking disabled at a high effort": lambda asked, facts: (
        asked.thinking == "disabled" and _effort_above(asked, facts.thinking_off_max_effort)
    ),
    "thinking between_tools at a high effort": lambda asked, _: (
        asked.thinking == "between_tools" and _effort_above(asked, "high")
    ),
    "thinking between_tools with other fields": _between_tools_fields,
    "thinking between_tools, effort per message": _between_tools_effort_per_message,
    "budget not below max_tokens": _budget_over_max_tokens,
    "budget too small": _budget_too_small,
    "tool results without thinking": _results_without_thinking,
    "thinking in the answer, no display": _thinking_hidden,
    "sampling other than the defaults": _other_sampling,
    "temperature and top_p": _two_samplings,
    "sampling while thinking": _sampling_while_thinking,
    "sampling on the API of 2026-10-21": _sampling_on_new_api,
    "document of the assistant on the API of 2026-10-21": _document_of_assistant,
    "citations of the user on the API of 2026-10-21": _citations_of_user,
    "prefill": lambda asked, _: _prefilled(asked),
    "prefill and tools": lambda asked, _: _prefilled(asked) and asked.view.tools and True,
    "video": lambda asked, _: _holds_block(asked, "video"),
    "image": lambda asked, _: _holds_block(asked, "image"),
    "uploaded file without its beta": _file_without_beta,
    "tools": lambda asked, _: bool(asked.view.tools),
    "forced tool": lambda asked, _: asked.forces_tool,
    "forced tool, thinking enabled": _forced_tool("enabled"),
    "forced tool, thinking adaptive": _forced_tool("adaptive"),
    "forced tool, thinking not disabled": lambda asked, _: (
        asked.forces_tool and asked.thinking != "disabled"
    ),
    "computer tool that it does not accept": _other_computer_tool,
    "beta of streamed tools with a toolset": _streaming_beta_with_toolset,
    "old text editor": _tool_type(
        "text_editor_20241022", "text_editor_20250124", "text_editor_20250429"
    ),
    "old code execution": _tool_type("code_execution_20250522"),
    "too many strict tools": _many_strict_tools,
    "advisor that it does not accept": _other_advisor,
    "effort": lambda asked, _: asked.effort is not None,
    "no effort": lambda asked, _: asked.effort is None,
    "effort low": _effort("low"),
    "effort low or medium": _effort("low", "medium"),
    "effort xhigh": _effort("xhigh"),
    "effort that it does not have": _other_effort,
    "max_tokens over its limit": _over_max_tokens,
    "max_tokens small for thinking": _little_room,
    "output_format without its beta": _format_without_beta,
    "output format": lambda asked, _: asked.format is not None,
    "output format without a schema": lambda asked, _: (
        asked.format is not None and asked.format.get("schema") is None
    ),
    "output format and citations": lambda asked, _: asked.format is not None and _cites(asked),
    "output format and tools, thinking disabled": lambda asked, _: (
        asked.thinking == "disabled" and asked.format is not None and bool(asked.view.tools)
    ),
    "output format or strict tools": _structured,
    "citations": lambda asked, _: _cites(asked),
    "schema with an open object": _schema_with(schemas.open_object),
    "schema with an unsupported keyword": _schema_with(schemas.unsupported_keyword),
    "schema with an outside reference": _schema_with(schemas.outside_reference),
    "speed fast": lambda asked, _: asked.body.get("speed") == "fast",
    "prompt asks for JSON": lambda asked, _: (
        asked.format is None and _JSON.search(asked.prompt) is not None
    ),
    "prompt asks for the reasoning": lambda asked, _: _REASONING.search(asked.prompt) is not None,
    "prompt cached": _caches,
    "beta without effect": lambda asked, _: min(asked.betas & _BETAS_WITHOUT_EFFECT, default=None),
    "service tier auto": lambda asked, _: asked.body.get("service_tier") == "auto",
}
