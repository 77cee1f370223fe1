"""A service that streams Claude's answer to the browser while it is written."""

from collections.abc import AsyncIterator

import anthropic
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

app = FastAPI()
claude = anthropic.AsyncAnthropic()


class Question(BaseModel):
    text: str


@app.post("/answers")
async def answers(question: Question) -> StreamingResponse:
    return StreamingResponse(pieces(question.text), media_type="text/plain")


async def pieces(text: str) -> AsyncIterator[str]:
    async with claude.messages.stream(
        model="claude-sonnet-4-5",
        max_tokens=1024,
        system="You answer questions about a public library. It opens at 9 and closes at 18.",
        messages=[{"role": "user", "content": text}],
    ) as stream:
        async for piece in stream.text_stream:
            yield piece
