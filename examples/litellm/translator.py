"""Translates through litellm, asynchronously and streamed."""

from collections.abc import AsyncIterator

import litellm

MODEL = "anthropic/claude-sonnet-4-5"


def prompt(text: str, language: str) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": f"Translate into {language}. Answer with the translation."},
        {"role": "user", "content": text},
    ]


async def translate(text: str, language: str) -> str:
    answer = await litellm.acompletion(MODEL, prompt(text, language), max_tokens=500)
    return answer.choices[0].message.content


async def stream(text: str, language: str) -> AsyncIterator[str]:
    parts = await litellm.acompletion(MODEL, prompt(text, language), max_tokens=500, stream=True)
    async for part in parts:
        yield part.choices[0].delta.content or ""
