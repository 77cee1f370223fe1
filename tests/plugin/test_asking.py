"""Prompts without an app: `claude.ask` makes calls like an app's."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from simulator import calls, overloaded, says

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
INI = "[tool.pytest.ini_options]\nclaude_model = 'claude-sonnet-4-5'\n"


@pytest.fixture
def prompts(project: Any) -> Any:
    """A project without an app."""
    project.pytester.makepyprojecttoml(INI)
    project.personas(old=says("Paris."), new=says("It is Paris."))
    return project


def write(project: Any, source: str) -> None:
    project.pytester.makepyfile(test_app=dedent(source))


def test_a_prompt_is_recorded_and_replayed_without_an_app(prompts: Any) -> None:
    write(
        prompts,
        """
        def test_capital(claude):
            reply = claude.ask("The capital of France?", system="Be short.")
            assert reply.text == "Paris." and reply.model == claude.model == "claude-sonnet-4-5"
            assert reply.stops_with("end_turn") and claude.stops_with("end_turn")
            assert len(claude.replies) == 1
        """,
    )
    prompts.record().assert_outcomes(passed=1)
    assert prompts.simulator.bodies == [
        {
            "max_tokens": 1024,
            "messages": [{"role": "user", "content": "The capital of France?"}],
            "model": OLD,
            "system": "Be short.",
        }
    ]
    assert prompts.cassettes == [f"test_app/test_capital/{OLD}.yaml"]
    prompts.run("--claude-strict").assert_outcomes(passed=1)


ASYNC = """
    import asyncio

    def test_capital(claude):
        async def body():
            one, two = await asyncio.gather(
                claude.ask_async("The capital of France?", stream={stream}),
                claude.ask_async("The capital of Spain?", stream={stream}))
            assert one.request.messages[0]["content"] == "The capital of France?"
            assert two.request.messages[0]["content"] == "The capital of Spain?"
            assert one.text == two.text == "Paris."
        asyncio.run(body())
    """


@pytest.mark.parametrize("stream", [False, True])
def test_each_asynchronous_prompt_gets_its_own_reply(prompts: Any, stream: bool) -> None:
    write(prompts, ASYNC.format(stream=stream))
    prompts.record().assert_outcomes(passed=1)
    prompts.run("--claude-strict").assert_outcomes(passed=1)


def test_tools_messages_a_stream_and_another_model(prompts: Any) -> None:
    prompts.personas(new=calls(("search", {"q": "x"})))
    write(
        prompts,
        """
        TOOLS = [{"name": "search", "input_schema": {"type": "object"}}]

        def test_search(claude):
            messages = [{"role": "user", "content": "Find x."}]
            reply = claude.ask(messages, tools=TOOLS, model="claude-sonnet-5-5", stream=True,
                               max_tokens=50)
            assert reply.calls_tool("search", q="x") and claude.calls_tool("search")
        """,
    )
    prompts.record().assert_outcomes(passed=1)
    assert prompts.simulator.bodies[0]["max_tokens"] == 50
    prompts.run("--claude-strict").assert_outcomes(passed=1)


def test_the_reply_is_the_one_that_followed_the_retries(prompts: Any) -> None:
    prompts.personas(old=overloaded(1, says("Paris.")))
    write(prompts, "def test_capital(claude):\n assert claude.ask('Capital?').text == 'Paris.'")
    prompts.record().assert_outcomes(passed=1)
    prompts.run("--claude-strict").assert_outcomes(passed=1)


def test_a_prompt_is_swapped_like_an_app(prompts: Any) -> None:
    write(
        prompts,
        """
        def test_capital(claude):
            reply = claude.ask("The capital of France?")
            assert (reply.model, reply.served_model) == ("claude-sonnet-4-5", "claude-sonnet-5-5")
        """,
    )
    swap = f"--claude-swap={OLD}={NEW}"
    prompts.record(swap).assert_outcomes(passed=1)
    prompts.run(swap).assert_outcomes(passed=1)


def test_an_error_of_the_api_is_the_sdks(prompts: Any) -> None:
    prompts.personas(old=says("", status=400, error=("invalid_request_error", "No.")))
    write(
        prompts,
        """
        import anthropic, pytest

        def test_capital(claude):
            with pytest.raises(anthropic.BadRequestError):
                claude.ask("The capital of France?")
        """,
    )
    prompts.record().assert_outcomes(passed=1)


def test_without_a_model_the_user_is_told_what_to_set(prompts: Any) -> None:
    prompts.pytester.makepyprojecttoml("[tool.pytest.ini_options]\n")
    write(prompts, "def test_capital(claude):\n claude.ask('Capital?')")
    text = " ".join(prompts.run().stdout.str().split())
    assert (
        "SettingsError: claude.model is not set: put claude_model = <a model id> "
        "into the ini file, or pass model= to claude.ask"
    ) in text


def test_a_client_that_is_a_mock_is_told(prompts: Any) -> None:
    write(
        prompts,
        """
        from unittest import mock

        def test_capital(claude):
            with mock.patch("anthropic.Anthropic"):
                claude.ask("Capital?")
        """,
    )
    text = " ".join(prompts.run().stdout.str().split())
    assert (
        "SettingsError: claude.ask: the call did not pass through pytest-claude; "
        "is the client or its transport replaced by a mock?"
    ) in text
