"""Faults that a test injects: offline, without touching the recordings or what Claude did."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest
from simulator import calls, judges, overloaded, says

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
TEXT = "Your refund of 19.90 arrives on 4 May, by bank transfer, as agreed."


@pytest.fixture
def desk(project: Any) -> Any:
    """A project whose app answers with a long text."""
    project.personas(old=says(TEXT))
    return project


def write(project: Any, source: str) -> None:
    project.pytester.makepyfile(
        test_app="import anthropic, pytest\nfrom app import MODEL, ask\n" + dedent(source)
    )


def said(result: Any) -> str:
    """What a run printed, its lines joined: long ones are wrapped."""
    return " ".join(result.stdout.str().split())


# --- errors -----------------------------------------------------------------------------------


def test_an_error_reaches_the_app_as_the_apis_without_any_recording(desk: Any) -> None:
    write(
        desk,
        """
        @pytest.mark.parametrize(("status", "kind", "message"), [
            (400, "invalid_request_error", "The request is invalid."),
            (404, "not_found_error", "The requested resource could not be found."),
            (418, "invalid_request_error", "Refused."),
            (429, "rate_limit_error", "This request would exceed your account's rate limit."),
            (502, "api_error", "Internal server error"),
            (529, "overloaded_error", "Overloaded"),
        ])
        def test_error(claude, status, kind, message):
            times = 3 if status >= 429 else 1
            injected = claude.inject(status=status, times=times)
            with pytest.raises(anthropic.APIStatusError) as caught:
                ask()
            assert caught.value.status_code == status
            assert caught.value.body == {
                "type": "error", "error": {"type": kind, "message": message},
                "request_id": "req_011injected"}
            assert caught.value.request_id == "req_011injected"
            assert len(injected.requests) == times
            assert injected.requests[0].messages[0]["content"] == "I want a refund"
        """,
    )
    desk.run().assert_outcomes(passed=6)
    assert not (desk.path / "cassettes").exists()


def test_headers_and_message_are_the_tests_and_the_sdk_does_not_wait(desk: Any) -> None:
    write(
        desk,
        """
        def test_error(claude, monkeypatch):
            waits = []
            monkeypatch.setattr("time.sleep", waits.append)
            claude.inject(status=429, times=3, headers={"Retry-After": "3600"}, message="Slow down")
            with pytest.raises(anthropic.RateLimitError, match="Slow down") as caught:
                ask()
            assert caught.value.response.headers["retry-after"] == "3600"
            assert waits == [0.001, 0.001]
        """,
    )
    desk.run().assert_outcomes(passed=1)


FLAKY = """
    import asyncio

    BODY = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}

    def test_retried(claude):
        claude.inject(status=529, times=2)
        assert ask().content[0].text == claude.reply.text
        assert len(claude.replies) == 1

    def test_given_up(claude):
        claude.inject(status=529)
        with anthropic.Anthropic() as client, pytest.raises(anthropic.APIStatusError):
            client.with_options(max_retries=0).messages.create(**BODY)
        with anthropic.Anthropic() as client:
            assert client.messages.create(**BODY).content[0].text == claude.reply.text

    def test_asynchronous(claude):
        async def body():
            async with anthropic.AsyncAnthropic() as client:
                return await client.messages.create(**BODY)
        claude.inject(status=500, times=2)
        assert asyncio.run(body()).content[0].text == claude.reply.text

    @pytest.mark.parametrize("how", ["create", "stream"])
    def test_streamed(claude, how):
        claude.inject(status=429)
        with anthropic.Anthropic() as client:
            if how == "create":
                list(client.messages.create(**BODY, stream=True))
            else:
                with client.messages.stream(**BODY) as stream:
                    stream.get_final_message()
        assert claude.reply.text
    """


def test_the_next_try_is_answered_as_ever_and_an_error_is_neither_paid_nor_stored(
    desk: Any,
) -> None:
    write(desk, FLAKY)
    desk.record().assert_outcomes(passed=5)
    assert len(desk.simulator.bodies) == 5
    text = "".join(desk.cassette(name).read_text() for name in desk.cassettes)
    assert "injected" not in text
    assert text.count("\n- fingerprint:") == 5
    desk.run("--claude-strict").assert_outcomes(passed=5)


def test_a_test_that_was_recorded_without_faults_meets_them(desk: Any) -> None:
    write(desk, "def test_it(claude):\n ask()")
    desk.record()
    write(
        desk,
        """
        def test_it(claude):
            first = claude.inject(status=529)
            second = claude.inject(status=400)
            with pytest.raises(anthropic.BadRequestError):
                ask()
            assert (len(first.requests), len(second.requests)) == (1, 1)
            assert repr(first) == "<injected status=529: met by 1 of 1 calls>"
            ask()
        """,
    )
    desk.run("--claude-strict").assert_outcomes(passed=1)


def test_what_is_injected_is_no_evidence(desk: Any) -> None:
    write(
        desk,
        """
        @pytest.mark.parametrize("fault", [{"status": 400}, {"max_tokens": 2}])
        def test_it(claude, fault):
            claude.inject(**fault)
            try:
                ask()
            except anthropic.APIStatusError:
                pass
            assert claude.replies == () and claude.tool_calls == ()
            assert claude.usage.output_tokens is None
            assert not claude.stops_with("max_tokens")
        """,
    )
    desk.record()
    result = desk.run("--claude-report=run.json")
    result.assert_outcomes(failed=2)
    words = "no evidence: a fault that the test injected answered every call"
    assert said(result).count(f"E pytest_claude.NoEvidence: {words}") == 2
    tests = json.loads((desk.path / "run.json").read_text())["tests"]
    assert [test["trials"][0]["profile"] for test in tests] == [None, None]


# --- streams ----------------------------------------------------------------------------------

STREAMED = """
    import asyncio

    BODY = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}

    def read(**more):
        text = ""
        with anthropic.Anthropic() as client:
            for event in client.messages.create(**BODY, stream=True):
                if event.type == "content_block_delta":
                    text += event.delta.text
                    seen.append(text)
        return text

    @pytest.fixture(autouse=True)
    def seen():
        global seen
        seen = []
    """


def test_a_cut_stream_breaks_as_the_connection_would_and_comes_whole_the_next_time(
    desk: Any,
) -> None:
    write(
        desk,
        STREAMED
        + """
    @pytest.mark.parametrize("pieces", [0, 2, 500])
    def test_cut(claude, pieces):
        claude.inject(cut_stream_after=pieces)
        with pytest.raises(Exception, match="claude.inject cut the stream here"):
            read()
        assert len(seen) == min(pieces, 6)
        assert claude.replies == ()
        whole = read()
        assert whole == claude.reply.text and len(claude.replies) == 1

    def test_asynchronous(claude):
        async def body():
            async with anthropic.AsyncAnthropic() as client:
                async with client.messages.stream(**BODY) as stream:
                    async for text in stream.text_stream:
                        seen.append(text)
        claude.inject(cut_stream_after=1)
        with pytest.raises(Exception, match="claude.inject cut the stream here"):
            asyncio.run(body())
        assert len(seen) == 1

    def test_given_up(claude):
        claude.inject(cut_stream_after=1)
        with pytest.raises(Exception, match="claude.inject cut the stream here"):
            read()
    """,
    )
    desk.record().assert_outcomes(passed=5)
    assert len(desk.simulator.bodies) == 5  # the cut answer is the one that comes the next time
    desk.run("--claude-strict").assert_outcomes(passed=5)


def test_an_answer_that_was_only_met_by_a_fault_stays_recorded(desk: Any) -> None:
    given_up = """
    def test_given_up(claude):
        claude.inject(cut_stream_after=1)
        with pytest.raises(Exception, match="claude.inject cut the stream here"):
            read()
    """
    write(desk, STREAMED + given_up)
    desk.record().assert_outcomes(passed=1)
    text = desk.cassette(desk.cassettes[0]).read_text()
    assert "message_stop" in text
    desk.record(mode="all").assert_outcomes(passed=1)
    assert desk.cassette(desk.cassettes[0]).read_text() == text
    desk.record().assert_outcomes(passed=1)
    assert desk.simulator.bodies == []


def test_a_stream_ends_in_an_error(desk: Any) -> None:
    write(
        desk,
        STREAMED
        + """
    def test_error(claude):
        claude.inject(status=529, cut_stream_after=2)
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            read()
        assert len(seen) == 2
        assert claude.replies == ()
    """,
    )
    desk.record().assert_outcomes(passed=1)
    desk.run("--claude-strict").assert_outcomes(passed=1)


def test_a_fault_waits_where_the_api_itself_failed(desk: Any) -> None:
    desk.personas(old=overloaded(1, says(TEXT)))
    write(
        desk,
        STREAMED
        + """
    def test_cut(claude):
        injected = claude.inject(cut_stream_after=2)
        with pytest.raises(Exception, match="claude.inject cut the stream here"):
            read()
        assert len(seen) == 2 and len(injected.requests) == 1
        assert read() == claude.reply.text
    """,
    )
    desk.record().assert_outcomes(passed=1)
    assert len(desk.simulator.bodies) == 2
    desk.run("--claude-strict").assert_outcomes(passed=1)


def test_a_slow_stream_is_an_answer_like_any_other(desk: Any) -> None:
    write(
        desk,
        STREAMED
        + """
    def test_slow(claude, monkeypatch):
        waits = []
        monkeypatch.setattr("pytest_claude.recording.doors.streams.time.sleep", waits.append)
        claude.inject(slow_stream_s=0.25)
        assert read() == claude.reply.text
        assert waits.count(0.25) > 8
        assert claude.reply.timing.total_s < 2

    def test_asynchronous(claude):
        async def body():
            async with anthropic.AsyncAnthropic() as client:
                async with client.messages.stream(**BODY) as stream:
                    return await stream.get_final_text()
        claude.inject(slow_stream_s=0.001)
        assert asyncio.run(body()) == claude.reply.text
    """,
    )
    desk.record().assert_outcomes(passed=2)
    desk.run("--claude-strict").assert_outcomes(passed=2)


# --- max_tokens -------------------------------------------------------------------------------


def test_an_answer_stops_at_max_tokens(desk: Any) -> None:
    write(
        desk,
        """
        BODY = {"model": MODEL, "max_tokens": 100,
                "messages": [{"role": "user", "content": "Hi"}]}

        @pytest.mark.parametrize("tokens", [3, 1000])
        @pytest.mark.parametrize("stream", [False, True])
        def test_it(claude, stream, tokens):
            claude.inject(max_tokens=tokens)
            with anthropic.Anthropic() as client:
                if stream:
                    with client.messages.stream(**BODY) as events:
                        message = events.get_final_message()
                else:
                    message = client.messages.create(**BODY)
            assert message.stop_reason == "max_tokens"
            text = "Your refund of 19.90 arrives on 4 May, by bank transfer, as agreed."
            assert message.content[0].text == text[:tokens * 4]
            assert message.usage.output_tokens <= tokens
            assert claude.replies == ()
        """,
    )
    desk.record().assert_outcomes(passed=4)
    desk.run("--claude-strict").assert_outcomes(passed=4)


def test_a_tool_call_that_does_not_fit_has_no_arguments(desk: Any) -> None:
    desk.personas(old=calls(("lookup_order", {"order_id": "1234"}), text="Let me look."))
    write(
        desk,
        """
        def test_it(claude):
            claude.inject(max_tokens=5)
            text, use = ask().content
            assert (text.text, use.name, use.input) == ("Let me look.", "lookup_order", {})
        """,
    )
    desk.record().assert_outcomes(passed=1)
    desk.run("--claude-strict").assert_outcomes(passed=1)


# --- what no call met -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("claude.inject(status=529)", "claude.inject(status=529, times=1) was met by no call"),
        (
            "claude.inject(status=529, times=4)\n    with pytest.raises(Exception): ask()",
            "claude.inject(status=529, times=4) was met by 3 of 4 calls",
        ),
        (
            "claude.inject(cut_stream_after=1)\n    ask()",
            "claude.inject(cut_stream_after=1, times=1) was met by no call",
        ),
    ],
)
def test_a_fault_that_no_call_met_fails_the_test(desk: Any, body: str, words: str) -> None:
    write(desk, f"def test_it(claude):\n    {body}\n")
    result = desk.record()
    result.assert_outcomes(failed=1)
    assert f"E {words}" in said(result)
    assert (
        "expected each injected fault is met by as many calls as the test said "
        f"observed {words} "
        "to go on inject before the app calls; lower times=; the SDK's retries count as calls, "
        "cut_stream_after and slow_stream_s need a stream"
    ) in said(result)


def test_a_test_that_failed_is_told_for_its_own_reason(desk: Any) -> None:
    write(desk, "def test_it(claude):\n    claude.inject(status=529)\n    assert 1 == 2")
    result = desk.run()
    assert "assert 1 == 2" in said(result)
    assert "was met by" not in said(result)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            "",
            "TypeError: claude.inject(): name one fault: status, cut_stream_after, max_tokens, "
            "slow_stream_s; only status and cut_stream_after go together",
        ),
        ("max_tokens=1, slow_stream_s=1", "TypeError: claude.inject(max_tokens, slow_stream_s): n"),
        (
            "max_tokens=1, message='No'",
            "TypeError: claude.inject: headers and message belong to a status",
        ),
        ("status=200", "ValueError: claude.inject(status=200): an HTTP error, 400 to 599"),
        ("status=True", "ValueError: claude.inject(status=True): an HTTP error, 400 to 599"),
        ("cut_stream_after=-1", "ValueError: claude.inject(cut_stream_after=-1): a whole number, "),
        ("max_tokens=0", "ValueError: claude.inject(max_tokens=0): a whole number, 1 or more"),
        ("slow_stream_s=0", "ValueError: claude.inject(slow_stream_s=0): seconds, more than 0"),
        ("status=529, times=0", "ValueError: claude.inject(times=0): a whole number, 1 or more"),
    ],
)
def test_a_misuse_is_told(desk: Any, arguments: str, words: str) -> None:
    write(desk, f"def test_it(claude):\n    claude.inject({arguments})")
    assert words in said(desk.run())


# --- other doors, other calls -----------------------------------------------------------------


def test_the_judge_meets_no_fault_and_counting_tokens_none(desk: Any) -> None:
    desk.personas(**{"claude-haiku-4-5": judges("met")})
    write(
        desk,
        """
        def test_it(claude):
            ask()
            injected = claude.inject(status=400)
            with anthropic.Anthropic() as client:
                client.messages.count_tokens(model=MODEL, messages=[
                    {"role": "user", "content": "Hi"}])
            assert claude.judge("It is polite", model="claude-haiku-4-5")
            assert injected.requests == ()
            with pytest.raises(anthropic.BadRequestError):
                ask("Hi")
        """,
    )
    desk.record().assert_outcomes(passed=1)
    desk.run("--claude-strict").assert_outcomes(passed=1)


def test_a_prompt_without_an_app_meets_faults(desk: Any) -> None:
    write(
        desk,
        """
        def test_it(claude):
            claude.inject(max_tokens=1)
            reply = claude.ask("Hi", model=MODEL)
            assert (reply.text, reply.stop_reason) == ("Your", "max_tokens")
            assert claude.replies == ()
        """,
    )
    desk.record().assert_outcomes(passed=1)
    desk.run().assert_outcomes(passed=1)


def test_plain_http_a_child_process_and_boto3_meet_errors(desk: Any) -> None:
    write(
        desk,
        """
        import subprocess, sys, httpx

        BODY = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
        CHILD = '''if True:
            import anthropic
            with anthropic.Anthropic(max_retries=0) as client:
                try:
                    client.messages.create(model="claude-sonnet-4-5", max_tokens=5,
                                           messages=[{"role": "user", "content": "Hi"}])
                except anthropic.APIStatusError as error:
                    print(error.status_code)
        '''

        def test_http(claude):
            claude.inject(status=529)
            answer = httpx.post("https://api.anthropic.com/v1/messages", json=BODY)
            assert answer.status_code == 529

        def test_child(claude, claude_server):
            claude.inject(status=529)
            done = subprocess.run([sys.executable, "-c", CHILD], text=True,
                                  env=claude_server.env, capture_output=True)
            assert done.stdout == "529\\n", done.stderr

        def test_boto3(claude, monkeypatch):
            import boto3, botocore.config, botocore.exceptions, json
            config = botocore.config.Config(retries={"total_max_attempts": 1})
            client = boto3.client("bedrock-runtime", region_name="us-east-1", config=config)
            claude.inject(status=429)
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                client.invoke_model(modelId="anthropic.claude-sonnet-4-5-20250929-v1:0",
                                    body=json.dumps(BODY))
            assert caught.value.response["Error"]["Code"] == "ThrottlingException"
        """,
    )
    desk.run().assert_outcomes(passed=3)


def test_a_stream_of_bedrock_is_cut_and_other_faults_of_it_are_told(desk: Any) -> None:
    write(
        desk,
        """
        def read():
            text = []
            with anthropic.AnthropicBedrock(aws_region="us-east-1", aws_access_key="x",
                                            aws_secret_key="x") as client:
                client.base_url = __import__("os").environ.get("ANTHROPIC_BASE_URL",
                                                               "https://bedrock.test")
                for event in client.messages.create(
                    model="anthropic.claude-sonnet-4-5-20250929-v1:0", max_tokens=100, stream=True,
                    messages=[{"role": "user", "content": "Hi"}],
                ):
                    if event.type == "content_block_delta":
                        text.append(event.delta.text)
                        seen.append(event)
            return "".join(text)

        seen = []

        def test_cut(claude):
            claude.inject(cut_stream_after=2)
            with pytest.raises(Exception, match="claude.inject cut the stream here"):
                read()
            assert len(seen) == 2
            assert read() == claude.reply.text

        def test_max_tokens(claude):
            claude.inject(max_tokens=2)
            read()
        """,
    )
    for result in (desk.record(), desk.run()):
        result.assert_outcomes(passed=1, failed=1)
        assert "E claude.inject(max_tokens=2, times=1) was met by no call" in said(result)


def test_a_bump_meets_the_faults_on_both_arms(desk: Any) -> None:
    desk.personas(new=says(TEXT))
    write(
        desk,
        """
        def test_it(claude):
            injected = claude.inject(status=529)
            ask()
            assert claude.stops_with("end_turn") and len(injected.requests) == 1
        """,
    )
    desk.record("--claude-bump", f"{OLD}={NEW}").assert_outcomes(passed=1)
    desk.run("--claude-bump", f"{OLD}={NEW}", "--claude-strict").assert_outcomes(passed=1)
