"""Sums up a ticket with Claude on Amazon Bedrock."""

from anthropic import AnthropicBedrock


def summarize(ticket: str) -> str:
    client = AnthropicBedrock(aws_region="us-east-1")
    message = client.messages.create(
        model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        max_tokens=200,
        system="Sum up the ticket in one sentence.",
        messages=[{"role": "user", "content": ticket}],
    )
    return message.content[0].text
