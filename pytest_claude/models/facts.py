"""Which requests a model refuses, by rule: facts with their date and sources.

Collected 2026-11-22 from platform.claude.com: the migration guides of Sonnet 5.5, Opus 5.5,
Haiku 5.5 and Fable 5.1, docs/en/api/errors and docs/en/build-with-claude/thinking. A model that
is not listed under a rule is not known to refuse it.
"""

from __future__ import annotations

_FABLE_5 = ("claude-fable-5", "claude-mythos-5")
_FABLE_5_NEXT = ("claude-fable-5-1", "claude-fable-5-2", "claude-mythos-5-1", "claude-mythos-5-2")
_SINCE_OPUS_4_7 = (
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-sonnet-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    *_FABLE_5,
    *_FABLE_5_NEXT,
)

REFUSED_BY: dict[str, frozenset[str]] = {
    "sampling-non-default": frozenset({*_SINCE_OPUS_4_7, "claude-mythos-preview"}),
    "thinking-enabled": frozenset(_SINCE_OPUS_4_7),
    "thinking-disabled-sonnet55": frozenset({"claude-sonnet-5-5"}),
    "thinking-disabled-always-on": frozenset({"claude-opus-5-5", *_FABLE_5_NEXT}),
    "thinking-disabled-fable5": frozenset({*_FABLE_5, "claude-mythos-preview"}),
    "forced-tool-choice": frozenset({"claude-opus-5-5", "claude-sonnet-5-5", *_FABLE_5_NEXT}),
}
"""Canonical ids of the models that answer HTTP 400 to what the rule describes."""
