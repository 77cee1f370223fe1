"""The conditions of the rules, by the names that the data files use for them.

A condition on a request gives what the rule's words insert, one value or several; True where they
insert nothing; a false value where the rule is not about the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_claude.models import schemas
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import EFFORTS, SAMPLING, ModelFacts
from pytest_claude.transcript.json_values import mapping, mappings

OfModel = Callable[[ModelFacts], bool]
OfRequest = Callable[[MessageRequest, ModelFacts], object]

_NEW_API = "2026-10-21"
_SMALL_MAX_TOKENS = 4096
_LEAST_BUDGET = 1024
_MOST_STRICT_TOOLS = 20
_LONGEST = 90  # characters of a value that are shown
_INTERLEAVED = "interleaved-thinking-2025-05-14"
_STREAMED_TOOLS = "fine-grained-tool-streaming-2025-05-14"
_NO_EFFECT = frozenset({
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
    return lambda request, _: request.thinking if request.thinking in modes else None


def _effort(*levels: str) -> OfRequest:
    return lambda request, _: request.effort if request.effort in levels else None


def _effort_above(request: MessageRequest, limit: str | None) -> Any:
    above = limit is not None and request.effort in EFFORTS[EFFORTS.index(limit) + 1 :]
    return request.effort if above else None


def _between_tools_fields(request: MessageRequest, _: ModelFacts) -> object:
    extra = request.mapping("thinking").keys() & {"display", "budget_tokens", "block_binding"}
    return request.thinking == "between_tools" and extra and min(extra)


def _between_tools_effort_per_message(request: MessageRequest, _: ModelFacts) -> object:
    configs = [mapping(message.get("output_config")) for message in request.view.messages]
    differs = any("effort" in c and c["effort"] != request.effort for c in configs)
    return request.thinking == "between_tools" and differs


def _budget(request: MessageRequest) -> int | None:
    budget = request.mapping("thinking").get("budget_tokens")
    return budget if request.thinking == "enabled" and isinstance(budget, int) else None


def _budget_over_max_tokens(request: MessageRequest, _: ModelFacts) -> object:
    budget, limit = _budget(request), request.view.max_tokens
    # With interleaved thinking the budget may exceed max_tokens; its header may not be recorded.
    interleaved = _INTERLEAVED in request.betas or not request.headers_known
    over = budget is not None and limit is not None and budget >= limit and not interleaved
    return (budget, limit) if over else None


def _budget_too_small(request: MessageRequest, _: ModelFacts) -> object:
    budget = _budget(request)
    return (budget,) if budget is not None and budget < _LEAST_BUDGET else None


def _results_without_thinking(request: MessageRequest, _: ModelFacts) -> object:
    """Tool results are sent back, but not the thinking before their calls."""
    messages: list[Mapping[str, Any]] = [{}, {}, *request.view.messages]
    before, last = messages[-2:]
    turn, results = before.get("content"), last.get("content")
    if request.thinking != "enabled" or before.get("role") != "assistant":
        return False
    answers = isinstance(results, list) and any(
        mapping(block).get("type") == "tool_result" for block in results
    )
    first = mapping(turn[0]).get("type") if isinstance(turn, list) and turn else None
    return answers and first in ("tool_use", "text")


def _other_sampling(request: MessageRequest, _: ModelFacts) -> object:
    for key, accepted in (("temperature", 1), ("top_p", 0.99)):
        value = request.body.get(key)
        if value is not None and value != accepted:
            return f"`{key}` {short(value)}; only {accepted} is accepted"
    return "`top_k` is not accepted" if request.body.get("top_k") is not None else None


def _sampling_while_thinking(request: MessageRequest, _: ModelFacts) -> object:
    if request.thinking not in ("enabled", "adaptive"):
        return None
    temperature, top_p = request.body.get("temperature"), request.body.get("top_p")
    if temperature is not None and temperature != 1:
        return f"`temperature` {short(temperature)} while thinking; only 1 is accepted"
    if request.body.get("top_k") is not None:
        return "`top_k` while thinking"
    low = isinstance(top_p, int | float) and top_p < 0.95
    return f"`top_p` {top_p} while thinking; from 0.95 on it is accepted" if low else None


def _on_new_api(request: MessageRequest) -> bool:
    return request.version is not None and request.version >= _NEW_API


def _sampling_on_new_api(request: MessageRequest, _: ModelFacts) -> object:
    sent = next((key for key in SAMPLING if key in request.body), None)
    return (sent, request.version) if sent and _on_new_api(request) else None


def _holds_block(request: MessageRequest, kind: str, role: str | None = None) -> bool:
    return any(block.get("type") == kind for block in request.blocks(role))


def _prefilled(request: MessageRequest) -> bool:
    """Whether the last message is text of the assistant, not a turn that the API paused."""
    messages = request.view.messages
    if not messages or messages[-1].get("role") != "assistant":
        return False
    content = messages[-1].get("content")
    if isinstance(content, str):
        return True
    last = content[-1] if isinstance(content, list) and content else None
    return mapping(last).get("type") == "text"


def _has_beta(request: MessageRequest, beginning: str) -> bool:
    return any(beta.startswith(beginning) for beta in request.betas)


def _lacks_beta(request: MessageRequest, beginning: str) -> bool:
    return request.headers_known and not _has_beta(request, beginning)


def _forced_tool(*thinking: str) -> OfRequest:
    return lambda request, _: request.forces_tool and request.thinking in thinking


def _tool_types(request: MessageRequest) -> list[str]:
    return [kind for tool in request.view.tools if isinstance(kind := tool.get("type"), str)]


def _tool_type(*kinds: str) -> OfRequest:
    def condition(request: MessageRequest, facts: ModelFacts) -> object:
        old = [kind for kind in kinds if (facts.id, kind) not in _CLAUDE_4_EDITOR]
        return next((kind for kind in _tool_types(request) if kind in old), None)

    return condition


def _other_computer_tool(request: MessageRequest, facts: ModelFacts) -> object:
    platform = {"vertex": "google_cloud", "bedrock": "bedrock"}.get(request.platform, "claude_api")
    accepted = facts.computer_tools.get(platform, ())
    kinds = (kind for kind in _tool_types(request) if kind.startswith("computer_2025"))
    return next((kind for kind in kinds if kind not in accepted), None)


def _streaming_beta_with_toolset(request: MessageRequest, _: ModelFacts) -> object:
    toolset = any(re.match(r"(computer|browser)_toolset_", kind) for kind in _tool_types(request))
    return toolset and _STREAMED_TOOLS in request.betas


def _strict_tools(request: MessageRequest) -> int:
    return sum(tool.get("strict") is True for tool in request.view.tools)


def _many_strict_tools(request: MessageRequest, _: ModelFacts) -> object:
    strict = _strict_tools(request)
    return strict if strict > _MOST_STRICT_TOOLS else None


def _other_advisor(request: MessageRequest, _: ModelFacts) -> object:
    for tool in request.view.tools:
        model = tool.get("model")
        if str(tool.get("type")).startswith("advisor") and isinstance(model, str):
            if model not in _ADVISORS:
                return (short(model),)
    return None


def _other_effort(request: MessageRequest, facts: ModelFacts) -> object:
    levels = facts.effort_levels
    if not levels or request.effort is None or request.effort in levels:
        return None
    return short(request.effort), ", ".join(levels)


def _over_max_tokens(request: MessageRequest, facts: ModelFacts) -> object:
    sent, limit = request.view.max_tokens, facts.max_output_tokens
    if sent is None or limit is None or sent <= limit or request.kind == "batch":
        return None  # a batch may ask for more with a beta
    # A beta raised the limit of some models; its header may not be recorded.
    raised = facts.id in _LONG_OUTPUT_BY_BETA and not request.headers_known
    return None if raised or _has_beta(request, "output-") else (sent, limit)


def _cites(request: MessageRequest) -> bool:
    return any(mapping(b.get("citations")).get("enabled") is True for b in request.blocks())


def _structured(request: MessageRequest, _: ModelFacts) -> object:
    if request.format is not None:
        return "an output format is"
    return "strict tools are" if _strict_tools(request) else None


def _schemas(request: MessageRequest) -> Iterator[tuple[str, Any]]:
    """The schemas that the API compiles, with where they are."""
    if request.format is not None:
        yield "output format", request.format.get("schema")
    for tool in request.view.tools:
        if tool.get("strict") is True:
            yield f"strict tool {short(tool.get('name'))}", tool.get("input_schema")


def _schema_with(fault: Callable[[Any], str | None]) -> OfRequest:
    def condition(request: MessageRequest, facts: ModelFacts) -> object:
        compiled = () if facts.structured_outputs is False else _schemas(request)
        faults = ((where, fault(schema)) for where, schema in compiled)
        return next(((where, short(each)) for where, each in faults if each is not None), None)

    return condition


def _little_room(request: MessageRequest, _: ModelFacts) -> object:
    sent = request.view.max_tokens
    small = sent is not None and sent < _SMALL_MAX_TOKENS and request.thinking != "disabled"
    return _SMALL_MAX_TOKENS if small else None


def _caches(request: MessageRequest, _: ModelFacts) -> object:
    system = mappings(request.body.get("system"))
    parts = [request.body, *request.blocks(), *request.view.tools, *system]
    return any("cache_control" in part for part in parts)


OF_REQUESTS: Mapping[str, OfRequest] = {
    "sent to Anthropic's API": lambda request, _: request.direct,
    "a text completion": lambda request, _: request.kind == "complete" and request.direct,
    "thinking not mentioned": lambda request, _: request.body.get("thinking") is None,
    "thinking enabled": _thinking("enabled"),
    "thinking adaptive": _thinking("adaptive"),
    "thinking disabled": _thinking("disabled"),
    "thinking between_tools": _thinking("between_tools"),
    "thinking enabled or adaptive": _thinking("enabled", "adaptive"),
    "thinking disabled at a high effort": lambda request, facts: (
        request.thinking == "disabled" and _effort_above(request, facts.thinking_off_max_effort)
    ),
    "thinking between_tools at a high effort": lambda request, _: (
        request.thinking == "between_tools" and _effort_above(request, "high")
    ),
    "thinking between_tools with other fields": _between_tools_fields,
    "thinking between_tools, effort per message": _between_tools_effort_per_message,
    "budget not below max_tokens": _budget_over_max_tokens,
    "budget too small": _budget_too_small,
    "tool results without thinking": _results_without_thinking,
    "thinking in the answer, no display": lambda request, _: (
        any(block.get("type") == "thinking" for block in request.response)
        and "display" not in request.mapping("thinking")
    ),
    "sampling other than the defaults": _other_sampling,
    "temperature and top_p": lambda request, _: (
        None not in (request.body.get("temperature"), request.body.get("top_p"))
    ),
    "sampling while thinking": _sampling_while_thinking,
    "sampling on the API of 2026-10-21": _sampling_on_new_api,
    "document of the assistant on the API of 2026-10-21": lambda request, _: (
        _on_new_api(request) and _holds_block(request, "document", "assistant")
    ),
    "citations of the user on the API of 2026-10-21": lambda request, _: (
        _on_new_api(request)
        and any(b.get("citations") for b in request.blocks("user") if b.get("type") == "text")
    ),
    "prefill": lambda request, _: _prefilled(request),
    "prefill and tools": lambda request, _: _prefilled(request) and request.view.tools and True,
    "video": lambda request, _: _holds_block(request, "video"),
    "image": lambda request, _: _holds_block(request, "image"),
    "uploaded file without its beta": lambda request, _: (
        any(mapping(b.get("source")).get("type") == "file" for b in request.blocks())
        and _lacks_beta(request, "files-api-")
    ),
    "tools": lambda request, _: bool(request.view.tools),
    "forced tool": lambda request, _: request.forces_tool,
    "forced tool, thinking enabled": _forced_tool("enabled"),
    "forced tool, thinking adaptive": _forced_tool("adaptive"),
    "forced tool, thinking not disabled": lambda request, _: (
        request.forces_tool and request.thinking != "disabled"
    ),
    "computer tool that it does not accept": _other_computer_tool,
    "beta of streamed tools with a toolset": _streaming_beta_with_toolset,
    "old text editor": _tool_type(
        "text_editor_20241022", "text_editor_20250124", "text_editor_20250429"
    ),
    "old code execution": _tool_type("code_execution_20250522"),
    "too many strict tools": _many_strict_tools,
    "advisor that it does not accept": _other_advisor,
    "effort": lambda request, _: request.effort is not None,
    "no effort": lambda request, _: request.effort is None,
    "effort low": _effort("low"),
    "effort low or medium": _effort("low", "medium"),
    "effort xhigh": _effort("xhigh"),
    "effort that it does not have": _other_effort,
    "max_tokens over its limit": _over_max_tokens,
    "max_tokens small for thinking": _little_room,
    "output_format without its beta": lambda request, _: (
        "output_format" in request.body and _lacks_beta(request, "structured-outputs-")
    ),
    "output format": lambda request, _: request.format is not None,
    "output format without a schema": lambda request, _: (
        request.format is not None and request.format.get("schema") is None
    ),
    "output format and citations": lambda request, _: (
        request.format is not None and _cites(request)
    ),
    "output format and tools, thinking disabled": lambda request, _: (
        request.thinking == "disabled" and request.format is not None and bool(request.view.tools)
    ),
    "output format or strict tools": _structured,
    "citations": lambda request, _: _cites(request),
    "schema with an open object": _schema_with(schemas.open_object),
    "schema with an unsupported keyword": _schema_with(schemas.unsupported_keyword),
    "schema with an outside reference": _schema_with(schemas.outside_reference),
    "speed fast": lambda request, _: request.body.get("speed") == "fast",
    "prompt asks for JSON": lambda request, _: (
        request.format is None and _JSON.search(request.prompt) is not None
    ),
    "prompt asks for the reasoning": lambda request, _: (
        _REASONING.search(request.prompt) is not None
    ),
    "prompt cached": _caches,
    "beta without effect": lambda request, _: min(request.betas & _NO_EFFECT, default=None),
    "service tier auto": lambda request, _: request.body.get("service_tier") == "auto",
}
