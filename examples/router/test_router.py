import pytest
from router import answer, route

QUESTIONS = {
    "I was charged twice for my order.": "billing",
    "My parcel is three days late.": "delivery",
}


@pytest.mark.parametrize(("question", "department"), QUESTIONS.items(), ids=QUESTIONS.values())
def test_names_the_department(claude, question, department):
    assert route(question) == department
    assert claude.where(model="claude-haiku-4-5").within(output_tokens=10)


def test_the_larger_model_answers(claude):
    assert "two days" in answer("How long does a parcel take?")
    assert claude.calls_model("claude-haiku-4-5", times=1)
    assert claude.calls_model("claude-sonnet-4-5", times=1)


def test_answers_and_does_not_ask_back(claude):
    answer("How do I get my money back?")
    assert not claude.where(model="claude-sonnet-4-5").asks_clarifying_question()
