"""The fixtures, of a few lines each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from pytest_claude.plugin.claude_fixture import ClaudeFixture
    from pytest_claude.recording.doors.server import ClaudeServer

# The sentence is for the test that asked.
__tracebackhide__ = True

CURRENT = pytest.StashKey["ClaudeFixture"]()

_UNSEEN = (
    "request.getfixturevalue('claude') can't be seen before the test runs: "
    "take the fixture as an argument, or mark the test with @pytest.mark.claude"
)
_LIVE = (
    "a test that is marked claude(live=True) reaches the API itself, and the fixture sees nothing "
    "of it: state what your app returns, or leave live=True out"
)


@pytest.fixture
def claude(request: pytest.FixtureRequest) -> ClaudeFixture:
    """What Claude did in this test: `claude.calls_tool("lookup_order")` and other checks.

    Requesting it makes the test a claude test: its model traffic is recorded or replayed.

    calls_tool: Whether the client tool `name` was called, with at least the given arguments.
    calls_server_tool: Whether a tool that the API runs itself was called.
    calls_no_tool: Whether no client tool was called.
    calls_tools: Whether these client tools were called, in an order or in any.
    calls_in_parallel: Whether one reply calls all these client tools.
    passes_valid_arguments: Whether every call satisfies the tool's own `input_schema`.
    asks_clarifying_question: Whether the last reply asks for what it needs instead of guessing.
    returns_json: Whether the last reply is JSON, and satisfies `schema` if one is given.
    refuses: Whether the last reply refuses, by the stop reason or in words.
    stops_with: Whether the last reply ended with the stop reason `reason`.
    is_truncated: Whether the last reply was cut at its limit of tokens.
    finds: Whether the last reply states the fact that a `needle` hides in its document.
    cites: Whether the last reply cites a document, and its citations hold there.
    writes_valid_code: Whether the last reply writes code that parses and fits a module.
    thinks: Whether any reply thought before it answered, visibly or not.
    within: Whether the run stays within these limits, each reached at most.
    reads_cache: Whether some input, or a share of all, is read from the prompt cache.
    calls_model: Whether the app asks a model, before any swap.
    makes_no_call: Whether the app made no request to the API.
    behaves_as_recorded: Whether it does what was accepted of the test.
    judge: Whether another model finds that a rubric holds for what was said.

    What was said: replies, reply, conversations, where(model=, system=, tool_offered=),
    tool_calls, server_tool_calls, usage, cost_usd, uncached_cost_usd, timing, errors.
    """
    return _running(request)


# A function called pytest_… in a plugin would be taken for a hook.
@pytest.fixture(name="pytest_claude")
def claude_alias(request: pytest.FixtureRequest) -> ClaudeFixture:
    """The same as `claude`, for projects that have a fixture of that name."""
    return _running(request)


@pytest.fixture
def claude_server(request: pytest.FixtureRequest) -> Iterator[ClaudeServer]:
    """A stand-in for the Claude API that other programs can ask, at `claude_server.url`.

    Pass `env=claude_server.env` to the program: what it asks belongs to this test and is recorded
    or replayed. Requesting it makes the test a claude test.
    """
    _running(request)
    from pytest_claude.recording.doors.server import ClaudeServer

    server = ClaudeServer()
    yield server
    server.close()


def _running(request: pytest.FixtureRequest) -> ClaudeFixture:
    try:
        return cast("ClaudeFixture", request.node.stash[CURRENT])
    except KeyError:
        live = request.node.get_closest_marker("claude") is not None
        raise pytest.UsageError(_LIVE if live else _UNSEEN) from None
