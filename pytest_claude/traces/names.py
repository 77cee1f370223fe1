"""What exports call the parts of a call: the table that reads all of them.

A name may be a path: `outputs/usage_metadata/input_tokens`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_claude.traces.messages import structured

_OPTIONS = ("max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "tool_choice",
            "thinking", "output_config", "service_tier")  # fmt: skip
# OpenTelemetry; OpenInference; Langfuse: by its UI and API, and to a bucket; Braintrust; LangSmith.
_OPTIONS_IN = ("gen_ai.request.", "llm.invocation_parameters/", "modelParameters/",
               "model_parameters/", "metadata/", "extra/invocation_params/",
               "extra/metadata/ls_")  # fmt: skip
_OTHERWISE = {
    "stop_sequences": ("llm.chat.stop_sequences",),
    "max_tokens": ("modelParameters/maxTokens", "metadata/max_completion_tokens"),
}

OPTIONS: Mapping[str, tuple[str, ...]] = {
    name: (*(f"{prefix}{name}" for prefix in _OPTIONS_IN), *_OTHERWISE.get(name, ()))
    for name in _OPTIONS
}
"""The options of a request."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "kind": ("gen_ai.operation.name", "openinference.span.kind", "llm.request.type", "run_type",
             "span_attributes/type", "type"),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system",
                 "extra/metadata/ls_provider", "metadata/provider"),
    "model": ("gen_ai.request.model", "request_data/model", "llm.model_name", "model",
              "providedModelName", "provided_model_name", "metadata/model",
              "extra/invocation_params/model", "extra/invocation_params/model_name",
              "extra/metadata/ls_model_name", "input/model", "inputs/model"),
    "served": ("gen_ai.response.model", "response_data/message/model", "outputs/model"),
    "request": ("request_data", "inputs", "input"),
    "messages": ("gen_ai.input.messages", "gen_ai.prompt", "llm.input_messages",
                 "ai.prompt.messages"),
    "system": ("gen_ai.system_instructions",),
    "tools": ("gen_ai.tool.definitions", "llm.request.functions", "llm.tools", "metadata/tools",
              "extra/invocation_params/tools", "modelParameters/tools", "model_parameters/tools",
              "model_request_parameters/function_tools", "ai.prompt.tools"),
    "reply": ("gen_ai.output.messages", "gen_ai.completion", "response_data", "llm.output_messages",
              "outputs", "output"),
    "id": ("gen_ai.response.id",),
    "stop": ("gen_ai.response.finish_reasons", "llm.response.finish_reason"),
    "error": ("error.type", "error", "statusMessage", "status_message", "exception_message",
              "exception_type"),
    "input_tokens": ("usageDetails/input", "usage_details/input", "usage/input", "inputUsage",
                     "promptTokens"),
    "input_tokens with cached ones": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
        "metrics/prompt_tokens", "prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens",
                      "llm.token_count.completion", "usageDetails/output", "usage_details/output",
                      "usage/output", "outputUsage", "completionTokens",
                      "metrics/completion_tokens", "completion_tokens"),
    "cache_read_input_tokens": ("gen_ai.usage.cache_read.input_tokens",
                                "gen_ai.usage.cache_read_input_tokens",
                                "usageDetails/cache_read_input_tokens",
                                "usage_details/cache_read_input_tokens",
                                "llm.token_count.prompt_details.cache_read",
                                "metrics/prompt_cached_tokens"),
    "cache_creation_input_tokens": ("gen_ai.usage.cache_creation.input_tokens",
                                    "gen_ai.usage.cache_creation_input_tokens",
                                    "usageDetails/cache_creation_input_tokens",
                                    "usage_details/cache_creation_input_tokens",
                                    "llm.token_count.prompt_details.cache_write",
                                    "metrics/prompt_cache_creation_tokens"),
}  # fmt: skip
"""Everything else of a call. `request` may hold a whole request, or only its messages."""

FIELDS = frozenset({
    "cache_control", "compaction", "container", "context_management", "fallbacks", "inference_geo",
    "max_tokens", "mcp_servers", "messages", "metadata", "model", "output_config", "output_format",
    "prompt", "service_tier", "speed", "stop_sequences", "system", "temperature", "thinking",
    "tool_choice", "tools", "top_k", "top_p",
})  # fmt: skip
"""The fields of a request; `prompt` is what others call the messages."""

CALLS = ("chat", "text_completion", "completion", "generate_content", "llm", "generation")
"""What a span says of itself, in lower case, that is a call to a model."""

STOPS: Mapping[str, str] = {
    "stop": "end_turn", "end_turn": "end_turn", "tool_call": "tool_use", "tool_calls": "tool_use",
    "tool_use": "tool_use", "function_call": "tool_use", "length": "max_tokens",
    "max_tokens": "max_tokens", "content_filter": "refusal", "refusal": "refusal",
    "stop_sequence": "stop_sequence", "pause_turn": "pause_turn",
    "model_context_window_exceeded": "model_context_window_exceeded",
}  # fmt: skip
"""Reasons to stop, in the words of the Messages API."""


def named(fields: Mapping[str, Any], name: str, of: Mapping[str, tuple[str, ...]] = NAMES) -> Any:
    """What a span says under any of the names of a part; None where it says nothing."""
    return next((value for path in of[name] if (value := at(fields, path)) is not None), None)


def at(fields: Mapping[str, Any], path: str) -> Any:
    """What is at a path; None where nothing is there."""
    value: Any = fields
    for step in path.split("/"):
        value = structured(value)
        value = value.get(step) if isinstance(value, Mapping) else None
    return None if value in ("", [], {}) else value
