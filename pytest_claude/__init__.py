"""Behavior regression tests for applications built on Claude.

The names a test author imports. They are loaded on first use: pytest imports this package in
every run of every project that has it installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_claude.behavior.clarifying import Clarification, detect_clarification
    from pytest_claude.errors import (
        CallOutsideTrial,
        CassetteMiss,
        CheckFailed,
        NoEvidence,
        NotOffered,
        RecordingProblem,
        SettingsError,
        SpoiledTrial,
        UnreadableCassette,
        UnsavedCassette,
    )
    from pytest_claude.expect.result import Check, ClarificationCheck, JsonCheck
    from pytest_claude.expect.view import Reply, ToolCall, View
    from pytest_claude.plugin.claude_fixture import ClaudeFixture

__version__ = "0.1.0"

__all__ = [
    "CallOutsideTrial",
    "CassetteMiss",
    "Check",
    "CheckFailed",
    "Clarification",
    "ClarificationCheck",
    "ClaudeFixture",
    "JsonCheck",
    "NoEvidence",
    "NotOffered",
    "RecordingProblem",
    "Reply",
    "SettingsError",
    "SpoiledTrial",
    "ToolCall",
    "UnreadableCassette",
    "UnsavedCassette",
    "View",
    "detect_clarification",
]

_HOME = {
    "CallOutsideTrial": "errors",
    "CassetteMiss": "errors",
    "Check": "expect.result",
    "CheckFailed": "errors",
    "Clarification": "behavior.clarifying",
    "ClarificationCheck": "expect.result",
    "ClaudeFixture": "plugin.claude_fixture",
    "JsonCheck": "expect.result",
    "NoEvidence": "errors",
    "NotOffered": "errors",
    "RecordingProblem": "errors",
    "Reply": "expect.view",
    "SettingsError": "errors",
    "SpoiledTrial": "errors",
    "ToolCall": "expect.view",
    "UnreadableCassette": "errors",
    "UnsavedCassette": "errors",
    "View": "expect.view",
    "detect_clarification": "behavior.clarifying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
