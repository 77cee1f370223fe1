"""Each check: a function of a transcript. The methods of `View` are these and nothing more.

They need no pytest: a transcript comes from recorded interactions, and a check that is given one
answers true, false or unknown.
"""

from __future__ import annotations

from pytest_claude.expect.checks.answer import (
    StopReason,
    asks_clarifying_question,
    is_truncated,
    refuses,
    stops_with,
    thinks,
)
from pytest_claude.expect.checks.arguments import passes_valid_arguments
from pytest_claude.expect.checks.code import writes_valid_code
from pytest_claude.expect.checks.documents import cites, finds
from pytest_claude.expect.checks.evidence import gap, gap_of_reply
from pytest_claude.expect.checks.json_answer import returns_json
from pytest_claude.expect.checks.limits import within
from pytest_claude.expect.checks.order import calls_in_parallel, calls_tools
from pytest_claude.expect.checks.tools import calls_no_tool, calls_server_tool, calls_tool
from pytest_claude.expect.checks.traffic import calls_model, makes_no_call, reads_cache

__all__ = [
    "StopReason",
    "asks_clarifying_question",
    "calls_in_parallel",
    "calls_model",
    "calls_no_tool",
    "calls_server_tool",
    "calls_tool",
    "calls_tools",
    "cites",
    "finds",
    "gap",
    "gap_of_reply",
    "is_truncated",
    "makes_no_call",
    "passes_valid_arguments",
    "reads_cache",
    "refuses",
    "returns_json",
    "stops_with",
    "thinks",
    "within",
    "writes_valid_code",
]
