"""The fixtures, of a few lines each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_claude.plugin.claude_fixture import ClaudeFixture

# The sentence is for the test that asked.
__tracebackhide__ = True

CURRENT = pytest.StashKey["ClaudeFixture"]()


@pytest.fixture
def claude(request: pytest.FixtureRequest) -> ClaudeFixture:
    """What Claude did in this test: `claude.calls_tool("lookup_order")` and other checks.

    Requesting it makes the test a claude test: its model traffic is recorded or replayed.
    """
    return _running(request)


# A function called pytest_… in a plugin would be taken for a hook.
@pytest.fixture(name="pytest_claude")
def claude_alias(request: pytest.FixtureRequest) -> ClaudeFixture:
    """The same as `claude`, for projects that have a fixture of that name."""
    return _running(request)


def _running(request: pytest.FixtureRequest) -> ClaudeFixture:
    try:
        found: ClaudeFixture = request.node.stash[CURRENT]
        return found
    except KeyError:
        raise pytest.UsageError(
            "request.getfixturevalue('claude') can't be seen before the test runs: "
            "take the fixture as an argument, or mark the test with @pytest.mark.claude"
        ) from None
