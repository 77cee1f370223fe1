"""ModelFacts: the facts of one model, as plain data with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["active", "legacy", "deprecated", "retired"]
Sampling = Literal["all", "temperature_xor_top_p", "defaults_only"]
Tokenizer = Literal["pre-4-7", "opus-4-7"]

EFFORTS = ("low", "medium", "high", "xhigh", "max")
SAMPLING = ("temperature", "top_p", "top_k")


@dataclass(frozen=True)
class ModelFacts:
    """One model. A field that is None is unknown.

    Attributes:
        id: Canonical first-party id, without date.
        display_name: Its name in the documentation.
        line: "haiku", "sonnet", "opus", "fable" or "mythos".
        dated_ids: Its dated first-party ids.
        aliases: Other first-party ids.
        status: "active"; "legacy" (superseded), "deprecated" (its retirement is dated),
            "retired" (requests fail).
        released: Date, as are the following.
        deprecated_on: When its retirement was announced.
        retires_on: From this date on requests fail.
        retires_not_before: The earliest date of a retirement that is not dated yet.
        replacement: Canonical id of the model that is recommended in its place.
        context_tokens: Limit of prompt and answer together.
        max_output_tokens: Limit of `max_tokens`.
        thinking_default: What happens when a request does not mention thinking: "off", "on",
            "always_on", or "none" where the model can't think.
        thinking_modes: The values of `thinking.type` that it accepts.
        thinking_off_max_effort: The highest effort at which `disabled` is accepted.
        sampling: "all"; "temperature_xor_top_p": not both; "defaults_only".
        prefill: Whether the last message may be the assistant's.
        forced_tools: Whether `tool_choice` may be "any" or "tool".
        effort_levels: The accepted levels; empty where it has no effort parameter.
        effort_default: The level of a request that names none.
        structured_outputs: Whether it takes `output_config.format` and strict tools.
        cache_minimum_tokens: A shorter prompt is not cached.
        tokenizer: Models of one tokenizer count the same text alike.
        computer_tools: Types of computer-use tools it takes, by platform.
        platform_ids: Its ids on other platforms.
        notes: What else is known, one sentence each.
        sources: Where this was read.
        checked: Date of reading.
        limits_assumed_as: Where its own limits were not read: the model whose limits the rules
            assume; a finding says so.
    """

    id: str
    display_name: str
    line: str
    status: Status
    dated_ids: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    released: str | None = None
    deprecated_on: str | None = None
    retires_on: str | None = None
    retires_not_before: str | None = None
    replacement: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    thinking_default: Literal["off", "on", "always_on", "none"] | None = None
    thinking_modes: tuple[str, ...] | None = None
    thinking_off_max_effort: str | None = None
    sampling: Sampling | None = None
    prefill: bool | None = None
    forced_tools: bool | None = None
    effort_levels: tuple[str, ...] | None = None
    effort_default: str | None = None
    structured_outputs: bool | None = None
    cache_minimum_tokens: int | None = None
    tokenizer: Tokenizer | None = None
    computer_tools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    platform_ids: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    checked: str = "2026-11-22"
    limits_assumed_as: str | None = None
