"""What the two models of each example app answer, OLD before NEW.

The shifts are the documented ones, as in the demo: NEW calls tools together and asks where OLD
guessed. The wording is ours.
"""

from __future__ import annotations

import json

from simulator.personas import Persona, Reply, by_prompt, calls, reads, says, script

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
# Whose bump fails on purpose, and the test that says so.
RED = {"router": "test_router.py::test_answers_and_does_not_ask_back"}


def _weather(city: str) -> tuple[str, dict[str, str]]:
    return "get_weather", {"city": city}


def _stock(item: str) -> tuple[str, dict[str, str]]:
    return "stock", {"item": item}


def _invoice(number: str, total: float, currency: str, due: str | None) -> Persona:
    return says(json.dumps({"number": number, "total": total, "currency": currency, "due": due}))


def _advice(text: str, block_card: bool) -> Persona:
    return says(json.dumps({"text": text, "block_card": block_card}))


def _agent(thought: str) -> Persona:
    """Looks the order up, and thinks first: the Agent SDK asks for it."""
    tools = (("mcp__shop__lookup_order", {"order_id": "1234"}),)
    return script(
        lambda request, seen: Reply(tools=tools, thinking=thought),
        says("Your hammer ships today.", thinking=thought),
    )


_pack = says("Take an umbrella and boots for Bergen, and a shirt for Seville.")
_pieces = says("We have 12 hammers; the saw is sold out.")
_asks_where = says("Which cities are you going to?")
_invoices = by_prompt(
    {
        "2026-117": _invoice("2026-117", 1190.0, "EUR", "2026-12-14"),
        "2026-118": _invoice("2026-118", 40.0, "USD", None),
    },
    says("{}"),
)
_meeting = {"title": "Plan the release", "people": ["Ada", "Grace"], "day": "Tuesday"}
_bank = by_prompt(
    {
        "100 euros": script(
            calls(("balance", {})),
            _advice("Yes, 20.50 euros will be left.", block_card=False),
        ),
        "lost my card": script(
            calls(("balance", {})), _advice("Your card is blocked.", block_card=True)
        ),
    },
    says("How can I help you?"),
)
_parcel = {"parcel": says("A parcel takes two days.")}
_translation = says("Die Säge ist stumpf.")

_departments = by_prompt({"charged|money": says("billing")}, says("delivery"))
_MODELS: dict[str, tuple[Persona, Persona]] = {
    "agent_sdk": (_agent("They name the order."), _agent("")),
    "bedrock": (
        says("The saw of order 1235 does not cut, and the customer has written twice."),
        says("A customer wrote twice: the saw of order 1235 does not cut."),
    ),
    "extraction": (_invoices, _invoices),
    "fastapi_streaming": (says("We close at 18."), says("The library closes at 18.")),
    "instructor": (calls(("Meeting", _meeting)), calls(("Meeting", _meeting))),
    "langgraph": (
        by_prompt(
            {"hammers": script(calls(_stock("hammer")), calls(_stock("saw")), _pieces)},
            says("Good morning! What do you need?"),
        ),
        by_prompt(
            {"hammers": script(calls(_stock("hammer"), _stock("saw")), _pieces)},
            says("Good morning!"),
        ),
    ),
    "litellm": (_translation, _translation),
    "pydantic_ai": (_bank, _bank),
    "router": (
        by_prompt(_parcel, says("Your money is back within five days. You need no form.")),
        by_prompt(_parcel, says("Happy to help. Could you tell me your order number?")),
    ),
    "tool_loop": (
        by_prompt(
            {"Bergen": script(calls(_weather("Bergen")), calls(_weather("Seville")), _pack)},
            _asks_where,
        ),
        by_prompt(
            {"Bergen": script(calls(_weather("Bergen"), _weather("Seville")), _pack)}, _asks_where
        ),
    ),
}


def models(example: str) -> dict[str, Persona]:
    """The personas of an example, by model."""
    old, new = _MODELS[example]
    return {
        OLD: old,
        NEW: new,
        "claude-haiku-4-5": _departments,
        "claude-haiku-5-5": reads("answer"),
    }


def environment(url: str) -> dict[str, str]:
    """What leads each SDK and framework to a simulator."""
    return {
        "ANTHROPIC_API_KEY": "sk-ant-simulated-key",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_BEDROCK_BASE_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIASIMULATED",
        "AWS_SECRET_ACCESS_KEY": "simulated-secret",
    }
