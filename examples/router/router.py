"""A small model names the department, a larger one answers in its name."""

import anthropic

DEPARTMENTS = {
    "billing": "You are the billing desk. Refunds take five days and need no form.",
    "delivery": "You are the delivery desk. Parcels take two days.",
}
client = anthropic.Anthropic()


def route(question: str) -> str:
    label = ask(
        "claude-haiku-4-5",
        f"Answer with one word, {' or '.join(DEPARTMENTS)}: who should answer this?",
        question,
    )
    return label.strip().lower()


def answer(question: str) -> str:
    return ask("claude-sonnet-4-5", DEPARTMENTS[route(question)], question)


def ask(model: str, system: str, question: str) -> str:
    message = client.messages.create(
        model=model,
        max_tokens=500,
        system=system,
        messages=[{"role": "user", "content": question}],
    )
    return "".join(block.text for block in message.content if block.type == "text")
