"""Record once, replay offline."""

from __future__ import annotations

import pytest
from projects import HTTP_LIBRARY
from simulator import Reply, overloaded, says

FILE = "test_app/test_calls/claude-sonnet-4-5.yaml"
TEST = """
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order", order_id="1234")
"""


@pytest.mark.fault("A05", "R06")
def test_record_then_replay_without_key_and_server(project) -> None:
    project.tests(TEST)
    project.record().assert_outcomes(passed=1)
    assert project.cassettes == [FILE]
    project.run().assert_outcomes(passed=1)


def test_replay_is_the_default_and_says_what_to_type(project) -> None:
    project.tests(TEST)
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   pytest_claude.CassetteMiss: no recording answers call 1: "
            "nothing is recorded for this test",
            "  expected   a recorded answer to POST /v1/messages (call 1, claude-sonnet-4-5)",
            "  observed   nothing is recorded for this test",
            "  evidence   cassettes/test_app/test_calls/claude-sonnet-4-5.yaml",
            "  to record  pytest test_app.py::test_calls --claude-record",
        ]
    )
    assert project.cassettes == []


def test_no_secret_reaches_the_disk(project) -> None:
    project.tests(
        """
def test_calls(claude):
    ask("my key is sk-ant-api03-not-a-real-key, and another sk-ant-api03-abcdefgh12345")
"""
    )
    project.record().assert_outcomes(passed=1)
    text = project.cassette(FILE).read_text()
    for secret in ("sk-ant", "Bearer", "11111111-2222", "__cf_bm", "127.0.0.1", "req_011"):
        assert secret not in text
    assert "https://api.anthropic.com/v1/messages" in text
    assert "my key is [redacted], and another [redacted]" in text
    project.run().assert_outcomes(passed=1)


def test_a_simulated_model_is_labelled(project) -> None:
    project.tests(TEST)
    project.record()
    assert "simulated_by: pytest-claude simulator" in project.cassette(FILE).read_text()


def test_a_reviewer_can_read_the_cassette(project) -> None:
    project.tests(TEST)
    project.record()
    lines = project.cassette(FILE).read_text().splitlines()
    assert "  - 'claude-sonnet-4-5 → tool_use: lookup_order(order_id=\"1234\")'" in lines
    assert '            "content": "I want a refund"' in lines


@pytest.mark.parametrize(
    ("arguments", "environment", "lines"),
    [
        (
            ["--claude-record"],
            {},
            [
                "ERROR: --claude-record needs ANTHROPIC_API_KEY, which is not set",
                "       to replay instead, leave --claude-record out",
            ],
        ),
        (
            ["--claude-record"],
            {"CI": "true", "ANTHROPIC_API_KEY": "sk-ant-x"},
            [
                "ERROR: --claude-record is refused while CI is set: it would pay and change files",
                "       to allow it, add --claude-record-in-ci",
            ],
        ),
        (
            ["--claude-record=al"],
            {},
            [
                "ERROR: --claude-record=al: not one of none, once, new_episodes, all, rewrite;",
                "       did you mean 'all'?",
            ],
        ),
        (
            ["--claude-trials=many"],
            {},
            [
                "ERROR: --claude-trials='many': a whole number of trials, 1 or more, or",
                "       `recorded`",
            ],
        ),
        (["--claude-adapt=of"], {}, ["ERROR: --claude-adapt=of: not one of auto, hook, off; did*"]),
        (
            ["--claude-report=x.htm"],
            {},
            ["ERROR: --claude-report x.htm: the suffix names the kind*"],
        ),
    ],
    ids=["no key", "CI", "mode", "trials", "adapt", "report"],
)
@pytest.mark.fault("A06", "N08")
def test_a_usage_error_is_one_sentence_and_status_4(
    project,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    lines: list[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    project.tests(TEST)
    result = project.run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(lines)
    result.stderr.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--claude-record", "test_one.py"],
        ["test_one.py", "--claude-record"],
        ["-q", "--claude-record", "test_one.py", "-x"],
        ["--claude-record=new_episodes", "test_one.py"],
        ["--claude-record", "all", "test_one.py"],
    ],
    ids=" ".join,
)
def test_a_path_after_the_bare_option_is_a_path(project, arguments: list[str]) -> None:
    project.tests("def test_one(claude): ask()", "test_one")
    project.tests("def test_two(claude): ask()", "test_two")
    with project.server():
        project.run(*arguments).assert_outcomes(passed=1)
    assert project.cassettes == ["test_one/test_one/claude-sonnet-4-5.yaml"]


TWO_CALLS = """
def test_calls(claude):
    ask("one")
    ask("{second}")
"""


def test_new_episodes_keeps_what_fits_and_drops_what_is_not_used(project) -> None:
    project.tests(TWO_CALLS.format(second="two"))
    project.record()
    project.tests(TWO_CALLS.format(second="three"))
    project.record().assert_outcomes(passed=1)
    assert [body["messages"][0]["content"] for body in project.simulator.bodies] == ["three"]
    text = project.cassette(FILE).read_text()
    assert '"two"' not in text
    assert "interactions: 2" in text
    project.run().assert_outcomes(passed=1)


def test_once_never_touches_an_existing_cassette(project) -> None:
    project.tests(TWO_CALLS.format(second="two"))
    project.record(mode="once").assert_outcomes(passed=1)
    before = project.cassette(FILE).read_bytes()
    project.tests(TWO_CALLS.format(second="three"))
    project.record(mode="once").assert_outcomes(failed=1)
    assert project.cassette(FILE).read_bytes() == before
    project.tests("def test_calls(claude):\n    ask('one')")
    project.record(mode="once").assert_outcomes(passed=1)
    assert project.cassette(FILE).read_bytes() == before, "nothing is dropped either"


@pytest.mark.parametrize("mode", ["all", "rewrite"])
def test_all_asks_again(project, mode: str) -> None:
    project.tests(TEST)
    project.record()
    project.personas(old=says("Hello."))
    project.record(mode=mode).assert_outcomes(failed=1)
    assert "Hello." in project.cassette(FILE).read_text()


@pytest.mark.fault("W06")
def test_a_failed_trial_is_kept_like_any_other(project) -> None:
    project.tests("def test_calls(claude):\n    ask()\n    assert False")
    project.record().assert_outcomes(failed=1)
    assert project.cassettes == [FILE]


@pytest.mark.fault("W05")
def test_an_interrupted_trial_stays_partial_and_the_old_cassette_whole(project) -> None:
    project.tests(TEST)
    project.record()
    before = project.cassette(FILE).read_bytes()
    project.tests("def test_calls(claude):\n    ask('other')\n    raise KeyboardInterrupt")
    project.record(mode="all")
    assert project.cassette(FILE).read_bytes() == before
    assert project.cassettes == [FILE, f"{FILE}.partial"]
    assert "other" in project.cassette(f"{FILE}.partial").read_text()
    project.tests(TEST)
    project.run().assert_outcomes(passed=1)


@pytest.mark.fault("W10")
def test_recording_the_same_again_changes_no_byte(project) -> None:
    project.tests(TEST)
    project.record()
    before = project.cassette(FILE).read_bytes()
    project.record(mode="all").assert_outcomes(passed=1)
    assert project.cassette(FILE).read_bytes() == before


@pytest.mark.fault("A03")
def test_an_overloaded_api_spoils_the_trial(project) -> None:
    project.personas(old=overloaded(99, says("never")))
    project.tests("def test_calls(claude):\n    careless()")
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *SpoiledTrial: the API answered 529: nothing was recorded"])
    assert project.cassettes == [f"{FILE}.partial"]


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.fault("W07")
def test_a_failing_service_leaves_the_old_cassette(project, status: int) -> None:
    from simulator import Reply

    project.tests(TWO_CALLS.format(second="two"))
    project.record()
    before = project.cassette(FILE).read_bytes()
    failing = Reply(status=status, error=("some_error", "out of order"))

    def second_fails(body, seen):
        first = body["messages"][0]["content"] == "one"
        return says("fine")(body, seen) if first else failing

    project.personas(old=second_fails)
    project.tests(TWO_CALLS.format(second="two").replace("    ask(", "    careless("))
    result = project.record(mode="all")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E   *SpoiledTrial: the API answered {status}: *"])
    assert project.cassette(FILE).read_bytes() == before
    # What was paid for and whole is not paid again; the error is not taken for an answer.
    project.personas(old=says("fine"))
    project.cassette(FILE).unlink()
    project.record().assert_outcomes(passed=1)
    assert [body["messages"][0]["content"] for body in project.simulator.bodies] == ["two"]


@pytest.mark.fault("A01")
def test_a_retried_error_is_replayed_without_waiting(project) -> None:
    project.personas(old=overloaded(1, says("Hello.")))
    project.tests(
        """
import time

def test_calls(claude, request, monkeypatch):
    waits = []
    if not request.config.getoption("claude_record"):
        monkeypatch.setattr(time, "sleep", waits.append)
    ask()
    assert sum(waits) < 0.1
    assert claude.reply.text == "Hello."
    assert len(claude.replies) == 1
"""
    )
    project.record().assert_outcomes(passed=1)
    assert "interactions: 2" in project.cassette(FILE).read_text()
    project.run().assert_outcomes(passed=1)


@pytest.mark.fault("W04")
def test_a_disk_that_refuses_fails_the_test(project) -> None:
    (project.path / "cassettes").write_text("a file, not a folder")
    project.tests("def test_calls(claude):\n    careless()")
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   pytest_claude.UnsavedCassette: *could not be saved*"])
    assert project.simulator.requests == [], "nothing was paid"


def test_plain_vcrpy_replays_our_cassette(project) -> None:
    project.tests(TEST)
    project.record()
    project.pytester.makepyfile(
        test_plain="""
import vcr
from app import ask

def test_plain(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    match = ["method", "host", "path", "body"]
    path = "cassettes/test_app/test_calls/claude-sonnet-4-5.yaml"
    with vcr.use_cassette(path, record_mode="none", match_on=match):
        assert ask().content[0].name == "lookup_order"
"""
    )
    project.run("test_plain.py", "-p", "no:claude").assert_outcomes(passed=1)


@pytest.mark.fault("C17")
def test_we_replay_a_plain_vcrpy_cassette(project) -> None:
    project.pytester.makepyfile(
        test_plain="""
import vcr
from app import ask

def test_plain():
    with vcr.use_cassette("cassettes/test_app/test_calls/claude-sonnet-4-5.yaml"):
        ask()
"""
    )
    with project.server():
        project.run("test_plain.py", "-p", "no:claude").assert_outcomes(passed=1)
    project.tests(TEST)
    project.run("test_app.py").assert_outcomes(passed=1)
    foreign = project.cassette(FILE).read_text()
    assert "__cf_bm" in foreign
    assert project.run("test_app.py").ret == 0
    assert project.cassette(FILE).read_text() == foreign, "a replay rewrites nothing"
    # Recorded on, it becomes ours: what another tool kept of keys and cookies goes.
    project.tests("def test_calls(claude):\n    ask()\n    ask('more')")
    project.record("test_app.py").assert_outcomes(passed=1)
    text = project.cassette(FILE).read_text()
    assert "interactions: 2" in text
    for secret in ("__cf_bm", "11111111-2222", "sk-ant", "Bearer"):
        assert secret not in text


def test_what_an_interrupted_recording_paid_for_is_not_paid_again(project) -> None:
    project.tests("def test_calls(claude):\n    ask('one')\n    raise KeyboardInterrupt")
    project.record("-k", "test_calls").stdout.fnmatch_lines(
        [
            "the recording was interrupted; what was answered is kept and not paid again",
            "  to go on  pytest -k test_calls --claude-record",
        ]
    )
    with project.cassette(f"{FILE}.partial").open("a") as file:
        file.write("- request:\n    method: PO")  # the process was killed while it wrote
    project.tests("def test_calls(claude):\n    ask('one')\n    ask('two')")
    project.record().assert_outcomes(passed=1)
    assert [body["messages"][0]["content"] for body in project.simulator.bodies] == ["two"]
    assert project.cassettes == [FILE]
    project.run().assert_outcomes(passed=1)


def test_an_interrupted_recording_of_all_anew_goes_on_with_a_plain_one(project) -> None:
    project.tests("def test_calls(claude):\n    ask('one')\n    raise KeyboardInterrupt")
    told = " ".join(project.record(mode="all").stdout.str().split())
    assert "to go on pytest --claude-record " in f"{told} ", "=all would pay again"
    assert "(--claude-record=all records and pays every trial anew)" in told
    project.tests("def test_calls(claude):\n    ask('one')\n    ask('two')")
    project.record().assert_outcomes(passed=1)
    assert [body["messages"][0]["content"] for body in project.simulator.bodies] == ["two"]


def test_a_report_that_cannot_be_written_is_told_and_red(project) -> None:
    project.tests(TEST)
    project.record()
    (project.path / "dir.json").mkdir()
    result = project.run("--claude-report=dir.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*dir.json could not be written: Is a directory"])


@pytest.mark.fault("C18")
def test_a_large_cassette_is_told(project, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_claude.recording import opening

    project.tests(TEST)
    project.record()
    monkeypatch.setattr(opening, "_LARGE", 100)  # a real one of 100 MB takes too long here
    result = project.run()
    result.assert_outcomes(passed=1)
    assert f"cassettes/{FILE} is large" in result.stdout.str()


@pytest.mark.fault("N10")
def test_a_proxy_in_the_environment_is_not_asked(project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.tests(TEST)
    project.record()
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    project.run().assert_outcomes(passed=1)


@pytest.mark.fault("M09")
def test_a_difference_in_a_large_image_is_told_in_few_words(project) -> None:
    image = (
        "ask([{'type': 'image', 'source': {'type': 'base64', 'media_type': 'image/png', "
        "'data': LETTER * 1_000_000}}])"
    )
    project.tests(f"def test_calls(claude):\n    {image.replace('LETTER', repr('a'))}")
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)
    project.tests(f"def test_calls(claude):\n    {image.replace('LETTER', repr('b'))}")
    result = project.run()
    result.assert_outcomes(failed=1)
    assert len(result.stdout.str()) < 3000
    assert "messages[0].content[0].source.data" in result.stdout.str()


AIOHTTP = """
import anthropic, asyncio

def test_calls(claude):
    async def go():
        async with anthropic.AsyncAnthropic(
            http_client=anthropic.DefaultAioHttpClient()
        ) as client:
            body = {"model": "claude-sonnet-4-5", "max_tokens": 9,
                    "messages": [{"role": "user", "content": "x"}]}
            await client.messages.create(**body)
            async with client.messages.stream(**body) as stream:
                await stream.get_final_message()
    asyncio.run(go())
    assert len(claude.replies) == 2
"""


def test_the_aiohttp_transport_is_replayed_too(project) -> None:
    import anthropic

    try:
        anthropic.DefaultAioHttpClient()
    except RuntimeError:
        pytest.skip("this SDK's aiohttp client needs a package that is not installed")
    project.tests(AIOHTTP)
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)


KEYED = """
import os

def test_calls(claude):
    ask(f"the token is {os.environ.get('COMPANY_AUTH_TOKEN', '')}, keep it", stream=STREAM)
"""


@pytest.mark.parametrize("token", ["another-token-22", "", "company-token-1"])
@pytest.mark.parametrize("rules", ["", "@pytest.mark.claude_ignore('uuids')"], ids=["", "ignore"])
@pytest.mark.fault("S09")
def test_what_was_redacted_replays_with_any_key(project, monkeypatch, token, rules) -> None:
    project.tests(KEYED.replace("def test", f"{rules}\ndef test").replace("STREAM", "False"))
    monkeypatch.setenv("COMPANY_AUTH_TOKEN", "company-token-1")
    project.record().assert_outcomes(passed=1)
    recorded = project.cassette(FILE).read_text()
    assert "the token is [redacted], keep it" in recorded
    monkeypatch.setenv("COMPANY_AUTH_TOKEN", token)
    project.run("--claude-strict").assert_outcomes(passed=1)
    project.record().assert_outcomes(passed=1)
    assert project.simulator.bodies == []
    assert project.cassette(FILE).read_text() == recorded


def test_a_miss_shows_no_secret_that_is_sent_or_recorded(project, monkeypatch) -> None:
    source = "def test_calls(claude):\n    ask('use the token %s-token-1 here' % 'company')"
    project.tests(source)
    project.record()
    monkeypatch.setenv("COMPANY_AUTH_TOKEN", "company-token-1")
    project.tests(source.replace("here", "there"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*-  *token [[]redacted] here", "*+  *token [[]redacted] there"])
    result.stdout.no_fnmatch_line("*company-token-1*")


def test_what_became_a_secret_after_it_was_recorded_still_replays(project, monkeypatch) -> None:
    project.tests("def test_calls(claude):\n    ask('use company-token-1')\n    ask('more')")
    project.record()
    monkeypatch.setenv("COMPANY_AUTH_TOKEN", "company-token-1")
    project.run("--claude-strict").assert_outcomes(passed=1)
    project.tests("def test_calls(claude):\n    ask('use company-token-1')\n    ask('less')")
    project.record().assert_outcomes(passed=1)
    assert len(project.simulator.bodies) == 1
    assert "company-token-1" not in project.cassette(FILE).read_text()


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_key_that_the_model_repeats_is_redacted(project, stream) -> None:
    project.personas(old=says("Of course: sk-ant-api03-not-a-real-key, as you said."))
    project.tests(
        "import anthropic, app\n"
        "def test_calls(claude):\n"
        "    asked = {'role': 'user', 'content': 'what is my key?'}\n"
        "    with anthropic.Anthropic() as client:\n"
        "        body = {'model': app.MODEL, 'max_tokens': 9, 'messages': [asked]}\n"
        f"        list(client.messages.create(**body, stream={stream}))\n"
        "    assert claude.reply.text == 'Of course: [redacted], as you said.'\n"
    )
    project.record().assert_outcomes(passed=1)
    text = project.cassette(FILE).read_text()
    assert "Of course: [redacted], as you said." in text
    assert "real" not in text, "no piece of it"
    project.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("abc", "has fewer than 8 characters"),
        ("anthropic", "reads like a word"),
        ("placeholder", "reads like a placeholder"),
    ],
)
@pytest.mark.fault("S11")
def test_a_credential_that_is_not_redacted_is_told_once(project, monkeypatch, value, why) -> None:
    asked = f"(claude):\n    ask('{value}')\n"
    project.tests(f"def test_calls{asked}def test_more{asked}")
    monkeypatch.setenv("COMPANY_API_KEY", value)
    told = f"COMPANY_API_KEY {why}: it is not redacted*"
    result = project.record()
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([told])
    assert sum("COMPANY_API_KEY" in line for line in result.outlines) == 1
    assert f'"content": "{value}"' in project.cassette(FILE).read_text()
    project.run().stdout.no_fnmatch_line(told)


UNREACHED = [
    "E   pytest_claude.SpoiledTrial: the API was not reached: nothing was recorded",
    "  expected   an answer of the model to record",
    "  observed   ConnectError: *, retries included",
    "  to record  pytest test_app.py::test_a --claude-record",
]


@pytest.mark.parametrize("asks", ["ask", "careless"])
def test_an_api_that_is_not_reached_is_no_behavior(project, monkeypatch, asks: str) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-api03-not-a-real-key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    project.tests(f"def test_a(claude):\n    {asks}()\n    assert claude.refuses()")
    result = project.run("--claude-record")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(UNREACHED[:3])
    result.stdout.fnmatch_lines(UNREACHED[3:])
    caught = "             the app caught the error"
    assert (caught in result.outlines) is (asks == "careless")
    result.stdout.no_fnmatch_line("*Connection error.*")
    assert not (project.path / "cassettes").exists() or not project.cassettes


def test_a_key_that_is_no_good_is_told_in_the_words_of_the_api(project) -> None:
    wrong = Reply(status=401, error=("authentication_error", "invalid x-api-key"))
    project.personas(old=lambda request, seen: wrong)
    project.tests("def test_a(claude):\n    ask()\n    assert claude.refuses()")
    result = project.record()
    result.assert_outcomes(failed=1)
    start = result.outlines.index("  expected   an answer of the model to record")
    assert result.outlines[start + 1 : start + 5] == [
        "  observed   HTTP 401 to call 1",
        '  the API    "invalid x-api-key"',
        "  to go on   set a key that may ask this: ANTHROPIC_API_KEY, as a rule",
        "  to record  pytest test_app.py::test_a --claude-record",
    ]


def test_a_prompt_that_itself_says_redacted_is_no_pattern(project) -> None:
    project.tests("def test_calls(claude):\n    ask('The patient [redacted] has a cold')")
    project.record().assert_outcomes(passed=1)
    for name in ("Bob", "Washington", "Bob Miller", "7481230", '{"name": "A1b2C3d4"}'):
        project.tests(f"def test_calls(claude):\n    ask('The patient {name} has a cold')")
        project.run().assert_outcomes(failed=1)


def test_a_key_in_the_id_of_a_test_is_in_no_file_name(project) -> None:
    project.tests(
        "@pytest.mark.parametrize('key', ['sk-ant-api03-abcdefgh', 'sk-ant-api03-12345678'])\n"
        "def test_calls(claude, key):\n    ask('hello')"
    )
    project.record().assert_outcomes(passed=2)
    assert len(project.cassettes) == 2
    assert "sk-ant" not in str(project.cassettes)
    project.run("--claude-strict").assert_outcomes(passed=2)


CERTIFICATES = f"""
import os, pathlib, shutil, ssl
import {HTTP_LIBRARY} as library

def context(**how):
    return library.HTTPTransport(**how)._pool._ssl_context

def test_certificates(claude, monkeypatch, tmp_path):
    usual = context()
    assert context() is usual and context(verify=True) is usual
    assert library.Client()._transport._pool._ssl_context is usual
    assert library.AsyncClient()._transport._pool._ssl_context is usual
    others = [context(verify=False), context(verify=library.create_ssl_context()),
              context(trust_env=False)]
    certificates = tmp_path / "authority.pem"
    shutil.copy(os.environ["SSL_CERT_FILE"], certificates)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    others.append(context())
    os.utime(certificates, ns=(1, 1))
    others.append(context())
    real = ssl.SSLContext
    monkeypatch.setattr(ssl, "create_default_context", lambda **how: real(ssl.PROTOCOL_TLS_CLIENT))
    monkeypatch.setattr(ssl, "SSLContext", type("OfTheSystem", (real,), {{}}))
    others.append(context())
    assert len({{id(each) for each in (usual, *others)}}) == 7
    assert library.create_ssl_context() is not library.create_ssl_context()

def test_elsewhere():
    assert context() is not context()
"""


@pytest.mark.parametrize("how", ["record", "run"])
def test_the_usual_clients_of_claude_tests_share_the_certificates(project, how: str) -> None:
    project.tests(CERTIFICATES)
    getattr(project, how)().assert_outcomes(passed=2)


def test_clients_that_offer_http_2_share_none_with_others(project) -> None:
    pytest.importorskip("h2")
    project.tests(
        f"from {HTTP_LIBRARY} import HTTPTransport\n"
        "def test_offers(claude):\n"
        "    one, two, three = (HTTPTransport(http2=h)._pool._ssl_context\n"
        "                       for h in (False, True, True))\n"
        "    assert one is not two is three"
    )
    project.record().assert_outcomes(passed=1)
