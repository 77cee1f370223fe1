"""The clarifying-question detector: what it says of replies in seven languages.

Its weights were learned from the replies in `replies` too, so these tests say what it does today;
how right it is on others is measured on sources that it had not learned from.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.behavior.clarifying import Clarification, detect_clarification
from pytest_claude.behavior.clarifying.case import case_of
from pytest_claude.behavior.clarifying.verdict import Verdict, settle

REPLIES = Path(__file__).parent / "replies"
ASKING = ("clarifying_question", "partial")


def _rows() -> list[Any]:
    rows = []
    for path in sorted(REPLIES.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            name = f"{row['kind']}: {' '.join(row['reply'].split())[:70]}"
            marks = [pytest.mark.xfail(reason=row["limit"])] if "limit" in row else []
            rows.append(pytest.param(row, id=name, marks=marks))
    return rows


@pytest.mark.parametrize("row", _rows())
def test_what_a_reply_does(row: dict[str, Any]) -> None:
    found = detect_clarification(
        row["reply"], prompt=row.get("prompt"), tool_call=row.get("tool_call", False)
    )
    assert found.certain != row.get("unsure", False), found
    if found.certain:
        assert found.asks == (row["kind"] in ASKING), found
        assert found.kind == row.get("taken_for", row["kind"]), found


SAID = {
    "a question is shown without the marks around it": (
        "Sure!\n\n1. **Which region** should I use?\n",
        Clarification(
            "clarifying_question", True, "**Which region** should I use?", "asks-which", True
        ),
    ),
    "the last request is the one that decides": (
        "Which order is it? Please provide your zip code as well.",
        Clarification(
            "clarifying_question",
            True,
            "Please provide your zip code as well.",
            "asks-to-tell",
            True,
        ),
    ),
    "an offer is the sentence that offers": (
        "It ships today. Let me know if you need anything else.",
        Clarification(
            "answer_with_offer",
            False,
            "Let me know if you need anything else.",
            "offers-on-request",
            True,
        ),
    ),
    "a refusal is the sentence that declines": (
        "I understand. I can't share customer data. Is there anything else?",
        Clarification("refusal", False, "I can't share customer data.", "declines", True),
    ),
    "a confirmation is the sentence that asks for a yes": (
        "This deletes 14 files. Shall I go ahead?",
        Clarification("confirmation_request", False, "Shall I go ahead?", "asks-to-go-ahead", True),
    ),
    "a plain answer has no sentence": (
        "It ships today.",
        Clarification("answer", False, None, "answers", True),
    ),
    "nothing says nothing": ("", Clarification("answer", False, None, "says-nothing", True)),
    "JSON is no sentence": (
        '{"question": "Which city?"}',
        Clarification("answer", False, None, "says-nothing", True),
    ),
    "a wrapped sentence is found whole, as it stands": (
        "To go on I need\nyour order id.",
        Clarification(
            "clarifying_question",
            True,
            "To go on I need\nyour order id.",
            "says-it-needs",
            True,
        ),
    ),
    "an abbreviation ends no sentence": (
        "Which unit (e.g. kg or lb) do you want?",
        Clarification(
            "clarifying_question",
            True,
            "Which unit (e.g. kg or lb) do you want?",
            "asks-which",
            True,
        ),
    ),
}


@pytest.mark.parametrize(("reply", "found"), SAID.values(), ids=SAID)
def test_it_names_the_sentence_and_the_rule(reply: str, found: Clarification) -> None:
    said = detect_clarification(reply)
    assert replace(found, chance=said.chance, refuses=said.refuses, category=said.category) == said


DOUBTFUL = {
    "a question after a long answer": "The two differ in speed. " * 20 + "Which model is yours?",
    "a request after a long answer": "The two differ in speed. " * 20 + "Please send me the log.",
    "a list of questions and no more": "1. Who are you?\n2. What is that?\n3. Where is it?",
    "a question that keeps one company": "K2 is 8,611 m high. Have you ever been to Pakistan?",
    "an assumption that may be corrected": "That is 92 euros. Tell me if you meant dollars.",
}


@pytest.mark.parametrize("reply", DOUBTFUL.values(), ids=DOUBTFUL)
def test_weak_signs_are_said_to_be_weak(reply: str) -> None:
    assert not detect_clarification(reply).certain


def test_a_question_beside_a_tool_call_is_less_certain() -> None:
    reply = "I've started the search. Which dates work for you?"
    assert detect_clarification(reply).certain
    assert not detect_clarification(reply, tool_call=True).certain


def test_a_refusal_beside_a_tool_call_is_none() -> None:
    reply = "I don't have access to a booking tool. Let me search for one."
    assert detect_clarification(reply).kind == "refusal"
    assert detect_clarification(reply, tool_call=True).kind == "answer"


FRAMES = {
    "a fence": "```text\n{}\n```",
    "a fence with a language and a longer end": "```python\n{}\n````",
    "a fence that is not closed": "~~~\n{}",
    "inline code": "It prints `{}` and stops.",
    "indented code": "It prints:\n\n    {}\n\nand stops.",
    "straight quotation marks": 'The clerk says "{}" and waits.',
    "curly quotation marks": "The clerk says “{}” and waits.",
    "guillemets": "The clerk says «{}» and waits.",
    "corner brackets": "The clerk says 「{}」 and waits.",
    "a block quotation": "> {}\n\nThat is from the manual.",
    "a table": "| {} | yes |\n|---|---|\n| a | b |",
    "a heading": "## {}\n\nThe last one is meant.",
    "a tag": "<p>The end.</p><img alt='{}'>",
    "a dialogue": "Clerk: {}\nCustomer: The second.\nClerk: Thank you.",
    "a letter": "Here you are.\n\nDear Ms Hall,\n\n{}\n\nBest regards,\nJo",
    "questions and answers": "Q: {}\nA: The second.",
    "a question in bold with its answer": "**{}**\nThe last one is meant.",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_what_is_shown_is_not_asked(frame: str) -> None:
    question = "Which order do you mean?"
    assert detect_clarification(question).asks
    assert detect_clarification(f"Sure.\n\n{question}").asks
    assert not detect_clarification(frame.format(question)).asks
    after = f"{frame.format('It is done.')}\n"
    if "~~~" not in frame:
        assert detect_clarification(f"{after}\n\n{question}").asks


@pytest.mark.parametrize(
    "piece",
    ["?", "a? ", "？", "Could you tell me ", "If you ", "`", "```\n", "**", '"', "“", "<a", "\n",
     "a", "Name: a?\n", "1. a?\n", "> ", "か？", "I need the ", "please first "],
)  # fmt: skip
def test_a_megabyte_of_anything_ends(piece: str) -> None:
    assert detect_clarification(piece * (1_000_000 // len(piece))).rule


def test_a_request_at_the_end_of_a_megabyte_is_found() -> None:
    reply = "It is done.\n" * 90_000 + "\nPlease provide your order id."
    assert detect_clarification(reply).sentence == "Please provide your order id."
    reply = "Which order do you mean?\n\n```\n" + "x = 1\n" * 200_000 + "```\n"
    assert detect_clarification(reply).sentence == "Which order do you mean?"


@pytest.fixture(scope="module")
def labelled(shared_dir: Path) -> list[dict[str, Any]]:
    lines = (shared_dir / "clarify" / "dev.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("with_prompt", [True, False], ids=["with the prompt", "without it"])
def test_scores_on_labelled_replies(labelled: list[dict[str, Any]], with_prompt: bool) -> None:
    found = [
        (
            row,
            detect_clarification(
                row["reply"],
                prompt=row["prompt"] or None if with_prompt else None,
                tool_call=row["tool_call"],
            ),
        )
        for row in labelled
    ]
    right = sum(c.asks and row["positive"] for row, c in found)
    refused = sum(c.kind == "refusal" == row["label"] for row, c in found)
    refusals = sum((c.kind == "refusal") + (row["label"] == "refusal") for row, c in found)
    assert right / sum(c.asks for _, c in found) >= 0.90, "precision"
    assert right / sum(row["positive"] for row, _ in found) >= 0.95, "recall"
    assert 2 * refused / refusals >= 0.90, "F1 of refusals"
    assert sum(c.kind == row["label"] for row, c in found) / len(found) >= 0.85, "six kinds"
    certain = [c.asks == row["positive"] for row, c in found if c.certain]
    assert sum(certain) >= 0.99 * len(certain), "certain"
    for trap, share in {"trailing_offer": 0.10, "confirmation": 0.10, "code": 0}.items():
        of_it = [c for row, c in found if row["hard_negative"] == trap]
        assert sum(c.asks for c in of_it) <= share * len(of_it), trap
        assert not any(c.asks and c.certain for c in of_it), trap


def test_what_is_said_to_be_unsure_is_a_small_part(labelled: list[dict[str, Any]]) -> None:
    found = [detect_clarification(r["reply"], prompt=r["prompt"] or None) for r in labelled]
    assert sum(not c.certain for c in found) <= 0.30 * len(found)


@pytest.fixture(scope="module")
def unseen(shared_dir: Path, request: pytest.FixtureRequest) -> list[tuple[Any, Verdict]]:
    """Labelled replies with the verdict by weights that were learned without their source."""
    stored = request.config.rootpath / "benchmarks" / "out_of_source.json"
    learned = json.loads(stored.read_text("utf-8"))
    found = []
    for line in (shared_dir / "clarify" / "pool.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        chances = dict(zip(learned["classes"], learned["chances"][row["id"]], strict=True))
        case = case_of(row["reply"], row["prompt"] or None, tool_call=row["tool_call"])
        found.append((row, settle(case, chances)))
    return found


def test_certain_verdicts_hold_on_sources_that_were_not_learned_from(
    unseen: list[tuple[Any, Verdict]],
) -> None:
    certain = [(row, v) for row, v in unseen if v.doubt is None]
    right = [v.asks == (row["label"] in ASKING) for row, v in certain]
    assert len(certain) >= 0.60 * len(unseen)
    assert sum(right) >= 0.97 * len(certain)
    foreign = [ok for ok, (row, _) in zip(right, certain, strict=True) if row["lang"] != "en"]
    assert sum(foreign) >= 0.97 * len(foreign) > 0
    refusals = [row["label"] == "refusal" for row, v in certain if v.kind == "refusal"]
    assert sum(refusals) >= 0.95 * len(refusals) > 0


def test_a_polite_offer_is_hardly_ever_certainly_asking(unseen: list[tuple[Any, Verdict]]) -> None:
    offers = [v.asks for row, v in unseen if row["label"] == "answer_with_offer"]
    assert sum(asks is True for asks in offers) <= 0.02 * len(offers)


def test_the_best_guess_is_as_good_as_the_rules_were(unseen: list[tuple[Any, Verdict]]) -> None:
    said = [(v.kind in ASKING, row["label"] in ASKING) for row, v in unseen]
    right = sum(guess and true for guess, true in said)
    assert 2 * right / sum(guess + true for guess, true in said) >= 0.80


def test_with_a_judge_that_reads_the_rest_the_whole_is_as_right_as_people_agree(
    unseen: list[tuple[Any, Verdict]],
) -> None:
    both = [(row, v) for row, v in unseen if row.get("label2")]
    assert len(both) >= 200
    pairs = [
        (
            row["label2"] in ASKING if v.doubt is not None else bool(v.asks),
            row["label"] in ASKING,
        )
        for row, v in both
    ]
    right = sum(said and true for said, true in pairs)
    assert sum(said == true for said, true in pairs) >= 0.97 * len(pairs)
    assert 2 * right / sum(said + true for said, true in pairs) >= 0.95
