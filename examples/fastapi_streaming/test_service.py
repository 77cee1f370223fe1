import pytest
from fastapi.testclient import TestClient
from service import app


@pytest.fixture
def web():
    with TestClient(app) as client:
        yield client


def test_streams_the_answer(claude, web):
    with web.stream("POST", "/answers", json={"text": "When do you close?"}) as response:
        answer = "".join(response.iter_text())
    assert "18" in answer
    assert claude.reply.text == answer
    assert claude.within(time_to_first_token_s=5)


def test_a_request_without_a_question_asks_no_model(claude, web):
    assert web.post("/answers", json={}).status_code == 422
    assert claude.makes_no_call()
