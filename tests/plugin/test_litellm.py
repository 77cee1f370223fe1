"""litellm brings a transport of its own; unpatched, its asynchronous calls would go live."""

from __future__ import annotations

import importlib.util
import json
from urllib.parse import unquote

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
    from simulator import says, slow

    # It fetches a price list when it is imported.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # It leaves a stream at the stop reason, where the end has not arrived by then.
    project.personas(old=slow(says("Which order?"), 0, chunk_delay_s=0.02))
    project.pytester.makepyfile(test_app=TESTS)
    arguments = ("-p", "pytest_claude.plugin", "-p", "no:cacheprovider")
    with project.server():
        run = project.pytester.runpytest_subprocess
        run(*arguments, "--claude-record").assert_outcomes(passed=3)
        assert len(project.simulator.bodies) == 3
    run(*arguments, "--claude-strict").assert_outcomes(passed=3)


BUMPED = """
import os
from test_app import BASE, CALL, asyncio, litellm

ON_BEDROCK = {"model": "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "max_tokens": 99,
              "aws_bedrock_runtime_endpoint": BASE, "aws_region_name": "us-east-1",
              "aws_access_key_id": "AKIAX", "aws_secret_access_key": "secret-secret"}


def asks(prompt, **call):
    return {**CALL, **call, "messages": [{"role": "user", "content": prompt}]}

def test_sync_kept(claude):
    litellm.completion(**asks("kept"))
    assert claude.asks_clarifying_question()

def test_async_lost(claude):
    asyncio.run(litellm.acompletion(**asks("lost")))
    assert claude.asks_clarifying_question()

def test_bedrock_kept(claude):
    litellm.completion(**ON_BEDROCK, messages=[{"role": "user", "content": "kept"}])
    assert claude.asks_clarifying_question()
"""


def test_litellm_is_bumped(project, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator import by_prompt, says

    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    project.personas(
        old=says("Which order?"), new=by_prompt({"kept": says("Which order?")}, says("Done."))
    )
    project.pytester.makepyfile(test_app=TESTS, test_bumped=BUMPED)
    arguments = ("-p", "pytest_claude.plugin", "-p", "no:cacheprovider", "test_bumped.py")
    bump = "--claude-bump=claude-sonnet-4-5=claude-sonnet-5-5"
    run = project.pytester.runpytest_subprocess
    with project.server():
        result = run(*arguments, bump, "--claude-record", "--claude-report=run.json")
    decision = json.loads((project.path / "run.json").read_text())["decision"]
    verdicts = {test["test"].partition("::")[2]: test["verdict"] for test in decision["tests"]}
    assert verdicts == {
        "test_sync_kept": "unchanged",
        "test_async_lost": "regressed",
        "test_bedrock_kept": "unchanged",
    }
    assert result.ret == 1
    paths = {unquote(seen.path) for seen in project.simulator.requests}
    assert "/model/us.anthropic.claude-sonnet-5-5/converse" in paths
