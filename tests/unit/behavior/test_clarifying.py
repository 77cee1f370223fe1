"""The clarifying-question detector: rules about language."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_claude.behavior.clarifying import detect_clarification

ROWS = {
    "a question for a choice": ("Sure! Which of your two orders?", "clarifying_question"),
    "a request without a mark": ("Please provide your order id.", "clarifying_question"),
    "a need": ("I'd need to know which region you mean.", "clarifying_question"),
    "what is missing": (
        "I can file that, but the priority is missing from your message.",
        "clarifying_question",
    ),
    "should I": ("What city should I look up?", "clarifying_question"),
    "a partial answer": (
        "Assuming euros, that is 92. " + "The rate is of today. " * 20 + "Did you mean dollars?",
        "partial",
    ),
    "an offer": ("Your order ships today. Let me know if you need anything else.",
                 "answer_with_offer"),
    "a greeting": ("Hello! How can I help you today?", "answer_with_offer"),
    "a confirmation": ("I will cancel order 12. Shall I go ahead?", "confirmation_request"),
    "is that correct": ("One seat to Paris on May 3. Is that correct?", "confirmation_request"),
    "a refusal": ("I'm sorry, but I can't share customer data.", "refusal"),
    "a plain answer": ("Your order was delivered on Monday.", "answer"),
    "nothing": ("", "answer"),
    "code": ("Here it is:\n\n```python\nprint('Which city do you mean?')\n```", "answer"),
    "a quotation": ('He wrote: "Which order do you mean?" and left.', "answer"),
    "a heading": ("## Which order do you mean?\nThe last one is shipped first.", "answer"),
    "a dialogue": ("Clerk: Which size do you need?\nCustomer: A large one.", "answer"),
    "an FAQ": ("**What is your return policy?**\nThirty days.", "answer"),
    "rhetorical": ("What if you could fly? That was the idea of Lilienthal.", "answer"),
    "spanish": ("¿Cuál es tu número de pedido?", "clarifying_question"),
    "german": ("Welche Bestellung meinen Sie?", "clarifying_question"),
    "french": ("Pourriez-vous préciser la date ?", "clarifying_question"),
    "japanese": ("注文番号を教えてください。", "clarifying_question"),
    "chinese": ("请提供您的订单号。", "clarifying_question"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "kind"), ROWS.values(), ids=ROWS)
def test_what_a_reply_does(reply: str, kind: str) -> None:
    found = detect_clarification(reply)
    assert found.kind == kind, found
    assert found.asks == (kind in ("clarifying_question", "partial"))
    assert found.sentence is None or found.sentence in reply
    assert detect_clarification(reply) == found


def test_questions_that_were_ordered_are_an_answer() -> None:
    reply = "Here is the quiz.\nWhich city is the capital of France?\nWhich year is it?"
    assert detect_clarification(reply, prompt="Write a quiz on France").kind == "answer"


@pytest.mark.parametrize("piece", ["?", "a? ", "Can you ", "`", "**", '"', "\n", "if you "])
def test_a_huge_reply_is_looked_at_from_both_ends_only(piece: str) -> None:
    reply = "Which order do you mean?\n" + piece * (1_000_000 // len(piece))
    detect_clarification(reply)
    assert detect_clarification(reply + "\nPlease provide your order id.").asks


def test_precision_and_recall_on_labelled_replies(shared_dir: Path) -> None:
    """The first version's score; benchmarks come with the full detector."""
    lines = (shared_dir / "clarify" / "dev.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    asked = [(detect_clarification(r["reply"], prompt=r["prompt"] or None).asks, r) for r in rows]
    right = sum(asks and row["positive"] for asks, row in asked)
    precision = right / sum(asks for asks, _ in asked)
    recall = right / sum(row["positive"] for _, row in asked)
    in_code = [row for asks, row in asked if asks and row["hard_negative"] == "code"]
    assert (precision >= 0.92, recall >= 0.90, in_code) == (True, True, []), (precision, recall)
