"""litellm brings a transport of its own; unpatched, its asynchronous calls would go live."""

from __future__ import annotations

import importlib.util

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("litellm") is None,
    reason="litellm is not installed; `nox -s litellm` runs this",
)

TESTS = """
import asyncio, os
import litellm

BASE = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
CALL = {"model": "anthropic/claude-sonnet-4-5", "max_tokens": 99, "api_key": "k", "api_base": BASE,
        "messages": [{"role": "user", "content": "refund"}]}

def test_sync(claude):
    assert litellm.completion(**CALL).choices[0].message.content == "Which order?"
    assert claude.asks_clarifying_question()

def test_async(claude):
    answer = asyncio.run(litellm.acompletion(**CALL))
    assert answer.choices[0].message.content == "Which order?"
    assert claude.asks_clarifying_question()

def test_async_stream(claude):
    async def go():
        stream = await litellm.acompletion(**CALL, stream=True)
        return "".join([part.choices[0].delta.content or "" async for part in stream])
    assert asyncio.run(go()) == "Which order?"
    assert claude.asks_clarifying_question()
"""


def test_litellm_is_recorded_and_replayed(project, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator import says

    # It fetches a price list when it is imported.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    project.personas(old=says("Which order?"))
    project.pytester.makepyfile(test_app=TESTS)
    arguments = ("-p", "pytest_claude.plugin", "-p", "no:cacheprovider")
    with project.server():
        run = project.pytester.runpytest_subprocess
        run(*arguments, "--claude-record").assert_outcomes(passed=3)
        assert len(project.simulator.bodies) == 3
    run(*arguments, "--claude-strict").assert_outcomes(passed=3)
