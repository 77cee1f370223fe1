"""Reads a meeting out of a message, with instructor."""

import instructor
from pydantic import BaseModel, Field


class Meeting(BaseModel):
    title: str
    people: list[str] = Field(description="First names")
    day: str = Field(description="Day of the week")


def read_meeting(text: str) -> Meeting:
    client = instructor.from_provider("anthropic/claude-sonnet-4-5")
    return client.create(
        response_model=Meeting,
        max_tokens=500,
        messages=[{"role": "user", "content": f"Extract the meeting: {text}"}],
    )
