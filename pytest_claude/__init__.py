"""Behavior regression tests for applications built on Claude.

The names a test author imports. They are loaded on first use: pytest imports this package in
every run of every project that has it installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_claude.behavior.clarifying import Clarification, detect_clarification
    from pytest_claude.behavior.needle import Needle, needle
    from pytest_claude.errors import (
        CallOutsideTrial,
        CassetteMiss,
        CheckFailed,
        NoEvidence,
        NotOffered,
        RecordingProblem,
        SettingsError,
        SpoiledTrial,
        UnknownSDK,
        UnreadableCassette,
        UnsavedCassette,
    )
    from pytest_claude.expect.judge import JudgeCheck
    from pytest_claude.expect.result import Check, ClarificationCheck, JsonCheck, RefusalCheck
    from pytest_claude.expect.view import FailedCall, Reply, ToolCall, View
    from pytest_claude.plugin.claude_fixture import ClaudeFixture
    from pytest_claude.recording.doors.server import ClaudeServer
    from pytest_claude.recording.faults import Injection
    from pytest_claude.recording.readers import register_reader

__version__ = "0.1.0"

__all__ = [
    "CallOutsideTrial",
    "CassetteMiss",
    "Check",
    "CheckFailed",
    "Clarification",
    "ClarificationCheck",
    "ClaudeFixture",
    "ClaudeServer",
    "FailedCall",
    "Injection",
    "JsonCheck",
    "JudgeCheck",
    "Needle",
    "NoEvidence",
    "NotOffered",
    "RecordingProblem",
    "RefusalCheck",
    "Reply",
    "SettingsError",
    "SpoiledTrial",
    "ToolCall",
    "UnknownSDK",
    "UnreadableCassette",
    "UnsavedCassette",
    "View",
    "detect_clarification",
    "needle",
    "register_reader",
]

_HOME = {
    "CallOutsideTrial": "errors",
    "CassetteMiss": "errors",
    "Check": "expect.result",
    "CheckFailed": "errors",
    "Clarification": "behavior.clarifying",
    "ClarificationCheck": "expect.result",
    "ClaudeFixture": "plugin.claude_fixture",
    "ClaudeServer": "recording.doors.server",
    "FailedCall": "expect.view",
    "Injection": "recording.faults",
    "JsonCheck": "expect.result",
    "JudgeCheck": "expect.judge",
    "Needle": "behavior.needle",
    "NoEvidence": "errors",
    "NotOffered": "errors",
    "RecordingProblem": "errors",
    "RefusalCheck": "expect.result",
    "Reply": "expect.view",
    "SettingsError": "errors",
    "SpoiledTrial": "errors",
    "ToolCall": "expect.view",
    "UnknownSDK": "errors",
    "UnreadableCassette": "errors",
    "UnsavedCassette": "errors",
    "View": "expect.view",
    "detect_clarification": "behavior.clarifying",
    "needle": "behavior.needle",
    "register_reader": "recording.readers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
