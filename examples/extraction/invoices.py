"""Reads an invoice out of a mail, as a typed object (structured outputs)."""

from typing import Literal

import anthropic
from pydantic import BaseModel


class Invoice(BaseModel):
    number: str
    total: float
    currency: Literal["EUR", "USD"]
    due: str | None


def read_invoice(mail: str) -> Invoice:
    client = anthropic.Anthropic()
    message = client.messages.parse(
        model="claude-sonnet-4-5",
        max_tokens=1024,
        system="Extract the invoice. What the mail does not say is null; never guess.",
        messages=[{"role": "user", "content": mail}],
        output_format=Invoice,
    )
    assert message.parsed_output is not None
    return message.parsed_output
