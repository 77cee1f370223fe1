"""Calls that a test makes itself: a prompt without an app, and the question to the judge.

The only place that calls the SDK. It is imported when a test asks: what an app does with its own
client is none of our business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.recording.call import Call, calls_made

# A problem is shown, and a debugger opened, in the test that asked.
__tracebackhide__ = True

_MAX_TOKENS = 1_024

Prompt = str | Sequence[Mapping[str, Any]]
"""One message of the user, or all messages of a conversation."""


def prompt_body(
    prompt: Prompt, system: Any, tools: Sequence[Mapping[str, Any]] | None, more: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of `messages.create` for a prompt."""
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
    optional = {"system": system, "tools": tools}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"max_tokens": _MAX_TOKENS, "messages": messages, **given, **more}


def ask(arguments: Mapping[str, Any]) -> Call:
    """The call that `messages.create(**arguments)` made; a stream is read to its end."""
    import anthropic

    with calls_made() as made, anthropic.Anthropic() as client:
        answer = client.messages.create(**arguments)
        if arguments.get("stream"):
            for _ in answer:
                pass
    return _last(made)


async def ask_async(arguments: Mapping[str, Any]) -> Call:
    """The same through the asynchronous client."""
    import anthropic

    with calls_made() as made:
        async with anthropic.AsyncAnthropic() as client:
            answer = await client.messages.create(**arguments)
            if arguments.get("stream"):
                async for _ in answer:
                    pass
    return _last(made)


def ask_judge(body: Mapping[str, Any]) -> Call | str:
    """The judge's answered call, or why there is none; an error of the API is an answer."""
    import anthropic

    # SDKs from before structured outputs have no such parameter.
    arguments = {name: value for name, value in body.items() if name != "output_config"}
    extra = {"output_config": body["output_config"]}
    cause = "the call did not pass through pytest-claude"
    with calls_made() as made:
        try:
            with anthropic.Anthropic() as client:
                client.messages.create(**arguments, extra_body=extra)
        except anthropic.AnthropicError as error:
            cause = str(error)
    answered = [call for call in made if call.interaction is not None]
    return answered[-1] if answered else cause


def _last(made: Sequence[Call]) -> Call:
    if not made:
        raise SettingsError(
            "claude.ask: the call did not pass through pytest-claude; "
            "is the client or its transport replaced by a mock?"
        )
    return made[-1]
