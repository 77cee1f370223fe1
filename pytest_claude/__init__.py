"""Behavior regression tests for applications built on Claude.

The names a test author imports. They are loaded on first use: pytest imports this package in
every run of every project that has it installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_claude.behavior.clarifying import Clarification, detect_clarification
    from pytest_claude.behavior.needle import Needle, needle
    from pytest_claude.behavior.timing import Pace
    from pytest_claude.errors import (
        CallOutsideTrial,
        CassetteMiss,
        CheckFailed,
        Explained,
        NoEvidence,
        NotOffered,
        NotSent,
        RecordingProblem,
        SettingsError,
        SpoiledTrial,
        UnknownSDK,
        UnreadableCassette,
        UnsavedCassette,
    )
    from pytest_claude.expect.judge import JudgeCheck
    from pytest_claude.expect.result import (
        Check,
        ClarificationCheck,
        Evidence,
        JsonCheck,
        RefusalCheck,
    )
    from pytest_claude.expect.view import FailedCall, Reply, ToolCall, View
    from pytest_claude.plugin.cases import Case, cases
    from pytest_claude.plugin.claude_fixture import ClaudeFixture
    from pytest_claude.recording.doors.server import ClaudeServer
    from pytest_claude.recording.faults import Injection
    from pytest_claude.recording.readers import Reader, register_reader
    from pytest_claude.transcript.interaction import Interaction, Request, Response, Timing
    from pytest_claude.transcript.model import (
        Answer,
        ErrorReply,
        ToolResult,
        ToolUse,
        Transcript,
        Usage,
    )
    from pytest_claude.transcript.parse import parse_transcript
    from pytest_claude.transcript.request import Attachment, RequestView

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Attachment",
    "CallOutsideTrial",
    "Case",
    "CassetteMiss",
    "Check",
    "CheckFailed",
    "Clarification",
    "ClarificationCheck",
    "ClaudeFixture",
    "ClaudeServer",
    "ErrorReply",
    "Evidence",
    "Explained",
    "FailedCall",
    "Injection",
    "Interaction",
    "JsonCheck",
    "JudgeCheck",
    "Needle",
    "NoEvidence",
    "NotOffered",
    "NotSent",
    "Pace",
    "Reader",
    "RecordingProblem",
    "RefusalCheck",
    "Reply",
    "Request",
    "RequestView",
    "Response",
    "SettingsError",
    "SpoiledTrial",
    "Timing",
    "ToolCall",
    "ToolResult",
    "ToolUse",
    "Transcript",
    "UnknownSDK",
    "UnreadableCassette",
    "UnsavedCassette",
    "Usage",
    "View",
    "cases",
    "detect_clarification",
    "needle",
    "parse_transcript",
    "register_reader",
]

# The modules below this package, with the names that are theirs.
_NAMES = {
    "behavior.clarifying": ("Clarification", "detect_clarification",),
    "behavior.needle": ("Needle", "needle",),
    "behavior.timing": ("Pace",),
    "errors": ("CallOutsideTrial", "CassetteMiss", "CheckFailed", "Explained", "NoEvidence",
               "NotOffered", "NotSent", "RecordingProblem", "SettingsError", "SpoiledTrial",
               "UnknownSDK", "UnreadableCassette", "UnsavedCassette",),
    "expect.judge": ("JudgeCheck",),
    "expect.result": ("Check", "ClarificationCheck", "Evidence", "JsonCheck", "RefusalCheck",),
    "expect.view": ("FailedCall", "Reply", "ToolCall", "View",),
    "plugin.cases": ("Case", "cases",),
    "plugin.claude_fixture": ("ClaudeFixture",),
    "recording.doors.server": ("ClaudeServer",),
    "recording.faults": ("Injection",),
    "recording.readers": ("Reader", "register_reader",),
    "transcript.interaction": ("Interaction", "Request", "Response", "Timing",),
    "transcript.model": ("Answer", "ErrorReply", "ToolResult", "ToolUse", "Transcript", "Usage",),
    "transcript.parse": ("parse_transcript",),
    "transcript.request": ("Attachment", "RequestView",),
}  # fmt: skip
_HOME = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """The public names, loaded or not, and those that Python gives a module."""
    return sorted([*__all__, *(name for name in globals() if name.startswith("__"))])
