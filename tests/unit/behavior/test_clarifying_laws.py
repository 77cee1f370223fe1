"""Laws of the clarifying-question detector: what holds for any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.behavior.clarifying import detect_clarification

WORDS = st.sampled_from(
    ["Which", "order", "do", "you", "mean", "?", "Please", "provide", "your", "id", ".", "\n",
     "\n\n", "```", "`", '"', "“", "”", "**", "- ", "1. ", "> ", "| ", "# ", "I", "can't", "need",
     "the", "if", "let me know", "would you like", "me to", "shall I", "go ahead", ":", "Clerk:",
     "Dear Ms Hall,", "Best regards,", "¿", "Soll ich", "您", "请提供", "吗", "？",
     "教えてください", "。", "…", "e.g. "]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(WORDS, max_size=40).map(" ".join),
    st.lists(WORDS, max_size=40).map("".join),
)
PROMPTS = st.one_of(st.none(), TEXTS, st.sampled_from(["Write a quiz", "Translate this: a b c"]))


@given(reply=TEXTS, prompt=PROMPTS, tool_call=st.booleans())
def test_any_text_has_one_verdict_with_its_sentence(
    reply: str, prompt: str | None, tool_call: bool
) -> None:
    found = detect_clarification(reply, prompt=prompt, tool_call=tool_call)
    assert found == detect_clarification(reply, prompt=prompt, tool_call=tool_call)
    assert found.asks == (found.kind in ("clarifying_question", "partial"))
    assert (found.sentence is None) == (found.kind == "answer")
    assert found.sentence is None or (found.sentence and found.sentence in reply)
    assert found.rule


@given(reply=TEXTS)
def test_a_reply_in_a_fence_asks_nothing(reply: str) -> None:
    found = detect_clarification(f"`````\n{reply.replace('`', '')}\n`````")
    assert found.kind == "answer"


@given(reply=TEXTS)
def test_blanks_around_a_reply_change_nothing(reply: str) -> None:
    plain, padded = detect_clarification(reply), detect_clarification(f"\n\n{reply}\n\n")
    assert (plain.kind, plain.sentence) == (padded.kind, padded.sentence)
