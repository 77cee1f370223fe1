"""What is kept of a response's headers: an app that reads them is green in replay too."""

from __future__ import annotations

from typing import Any

import pytest
from projects import OLD
from simulator import Reply

from pytest_claude.recording.cassette import content_hash
from pytest_claude.recording.doors.edge import replayed_headers
from pytest_claude.recording.entry import Recorded, reads_back
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets
from pytest_claude.transcript.interaction import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
JSON = {"content-type": "application/json"}
LIMITS = {
    "anthropic-priority-input-tokens-limit": "10000",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-tokens-reset": "2026-11-30T12:00:00Z",
}


def entry(headers: dict[str, str], body: bytes = b'{"id":"msg_1"}', status: int = 200) -> Recorded:
    kept = Redaction(Secrets({})).response_headers(headers.items())
    return Recorded.of(Interaction(Request("POST", URL, b"{}"), Response(status, body, kept)))


APP = """
import anthropic, time

def call():
    with anthropic.Anthropic() as client:
        return client.messages.with_raw_response.create(
            model="claude-sonnet-4-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
"""


@pytest.mark.fault("T02")
def test_what_an_app_reads_while_recording_it_reads_in_replay(project: Any) -> None:
    replies = [
        Reply(status=429, headers={"retry-after": "1", **LIMITS}),
        Reply(text="Hello.", headers=LIMITS),
    ]
    project.personas(**{"old": lambda body, before: replies[min(before, 1)]})
    project.tests(
        f"{APP}\n"
        """
def test_headers(claude):
    answer = call()
    assert int(answer.headers["anthropic-ratelimit-requests-remaining"]) == 49
    assert answer.headers["anthropic-ratelimit-tokens-reset"].startswith("2026-11-30T12")
    assert answer.headers["anthropic-priority-input-tokens-limit"] == "10000"
    assert answer.headers["request-id"].startswith("req_")
    assert answer.parse()._request_id == answer.headers["request-id"]

def test_limited(claude):
    with anthropic.Anthropic(max_retries=0) as client:
        try:
            client.messages.create(model="claude-sonnet-4-5", max_tokens=8,
                messages=[{"role": "user", "content": "Hi"}])
        except anthropic.RateLimitError as error:
            assert error.request_id.startswith("req_")
            time.sleep(int(error.response.headers["retry-after"]))
            client.messages.create(model="claude-sonnet-4-5", max_tokens=8,
                messages=[{"role": "user", "content": "Hi"}])
"""
    )
    project.record().assert_outcomes(passed=2)
    project.run().assert_outcomes(passed=2)


def test_the_limits_of_the_account_are_no_content() -> None:
    first = entry({**JSON, **LIMITS})
    second = entry({**JSON, **dict.fromkeys(LIMITS, "0")})
    assert first.text != second.text
    assert (
        content_hash("", [first]) == content_hash("", [second]) == content_hash("", [entry(JSON)])
    )


def test_an_unchanged_answer_keeps_the_limits_it_was_recorded_with(project: Any) -> None:
    left = iter(range(100, 0, -1))
    said = lambda body, before: Reply(  # noqa: E731
        text="Hello.", headers={"anthropic-ratelimit-requests-remaining": str(next(left))}
    )
    project.personas(**{"old": said})
    project.tests("def test_app(claude):\n    ask()\n")
    project.record().assert_outcomes(passed=1)
    (name,) = project.cassettes
    before = project.cassette(name).read_bytes()
    assert b"anthropic-ratelimit-requests-remaining: ['100']" in before
    project.record(mode="all").assert_outcomes(passed=1)
    assert project.cassette(name).read_bytes() == before


@pytest.mark.parametrize(
    "value",
    ["49", "2026-11-30T12:00:00Z", "it's", 'say "49"', "a, b", "[x]", "a: b", "a #b", "", "é", "-"],
)
def test_any_value_reads_back(value: str) -> None:
    recorded = entry({**JSON, "anthropic-ratelimit-x": value, "anthropic-ratelimit-y": value})
    assert reads_back(recorded)
    assert Recorded.read(recorded.text).response.headers["anthropic-ratelimit-y"] == value


def test_the_id_of_a_request_is_made_of_what_its_answer_holds() -> None:
    def made(body: bytes, status: int = 200, url: str = URL) -> dict[str, str]:
        return replayed_headers(Response(status, body, {}), url)

    assert made(b"1") == made(b"1") != made(b"2")
    assert made(b'{"request_id":"req_7"}', 529)["request-id"] == "req_7"
    assert made(b"<html>", 502)["request-id"].startswith("req_")
    assert "x-amzn-requestid" in made(b"1", url="https://bedrock/model/m/invoke")
    assert replayed_headers(Response(200, b"1", {"request-id": "theirs"}), URL) == {
        "request-id": "theirs"
    }


def test_a_name_of_a_downloaded_file_is_kept_and_ids_of_people_are_not() -> None:
    sent = {
        "content-disposition": 'attachment; filename="a.csv"',
        "anthropic-organization-id": "11111111-2222-3333-4444-555555555555",
        "request-id": "req_1",
        "set-cookie": "a=b",
        "cf-ray": "8",
    }
    recorded = entry(sent)
    assert recorded.response.headers == {"content-disposition": sent["content-disposition"]}
    assert reads_back(recorded)


@pytest.mark.fault("S07")
def test_an_account_is_named_in_no_cassette(project: Any) -> None:
    project.personas(**{"old": lambda body, before: Reply(text="Hello.", headers=LIMITS)})
    project.tests("def test_app(claude):\n    ask()\n")
    project.record().assert_outcomes(passed=1)
    (name,) = project.cassettes
    text = project.cassette(name).read_text()
    assert "11111111-2222" not in text
    assert "req_011simulated" not in text
    assert OLD in text
