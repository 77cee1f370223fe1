"""Whether a model calls the tools of a recorded case again: what may be worded otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_claude.expect.following import given_back


def goes_on(recorded: Any, new: Any, name: str = "value") -> bool:
    def call(ident: str, value: Any) -> dict[str, Any]:
        return {"type": "tool_use", "id": ident, "name": "refund", "input": {name: value}}

    turns = [{"role": "assistant", "content": [call("a", recorded)]}]
    return given_back([call("b", new)], turns) is not None


@pytest.mark.parametrize(
    ("recorded", "new"),
    [
        ("10 EUR", "9000 EUR"),
        ("Ida Meyer", "Bob Thief"),
        ("SELECT * FROM orders", "DROP TABLE orders"),
        ("delete from orders where customer is null", "delete from users where customer is null"),
        ("rm -rf the old build of today", "rm -rf the whole home of today"),
        ("/srv/a copy of all our orders", "/srv/a copy of all our users"),
        ("for each in orders: print(each) and stop", "for each in users: print(each) and stop"),
        ("the price = what they paid last", "the price = what we paid them"),
        ("Please give 10 EUR to the customer", "Please give 9000 EUR to the customer"),
        ("Please give Ida Meyer her money back", "Please give Bob Thief her money back"),
        ("send 10 EUR from Ida to Bob today", "send 10 EUR from Bob to Ida today"),
        ("it is the order with id A-100-7", "it is the order with id A-100-8"),
        ("write to ida@example.com about this order", "write to bob@example.com about this order"),
        ("the balance is now at -5 percent", "the balance is now at 5 percent"),
        (["a b", 1], ["a b", 2]),
        ({"to": {"name": "Ida Meyer"}}, {"to": {"name": "Bob Thief"}}),
        ("refund policy", "return policy"),
        (1, "1"),
    ],
)
def test_names_amounts_ids_and_code_may_not_differ(recorded: Any, new: Any) -> None:
    assert not goes_on(recorded, new)
    assert not goes_on(new, recorded)
    assert goes_on(recorded, recorded)


@pytest.mark.parametrize("name", ["sql", "command", "Path"])
def test_an_argument_that_is_called_code_may_not_differ(name: str) -> None:
    one, other = "move all of the files away", "take all of the files away"
    assert goes_on(one, other)
    assert not goes_on(one, other, name)


@pytest.mark.parametrize(
    ("recorded", "new"),
    [
        ("when is a refund allowed after 30 days", "is any refund possible after 30 days"),
        ("We sent it to Ida Meyer. She waits now.", "It was sent to Ida Meyer. Now she waits."),
        ("Hello Ida,\n\nThank you for your patience!", "Hello Ida,\nMany thanks for your time."),
        ("I think I'm the one who asked", "that is what I asked for — the one"),
        ("It costs (10 EUR), as the customer said.", "The customer said it costs 10 EUR today."),
    ],
)
def test_a_sentence_with_the_same_facts_may_be_worded_otherwise(recorded: str, new: str) -> None:
    assert goes_on(recorded, new)
    assert goes_on(new, recorded)


def test_the_id_of_a_call_does_not_make_another_tool_the_same() -> None:
    call = {"type": "tool_use", "id": "call_0", "name": "refund", "input": {}}
    turns = [{"role": "assistant", "content": [call]}]
    assert given_back([{**call, "name": "delete"}], turns) is None
