"""`pytest-claude from`: traffic becomes cassettes and a test, which replays and gates a bump."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from identifiers import identifiers
from simulator import calls, says, script

from pytest_claude.cli import main
from pytest_claude.recording.cassette import load

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
TOOLS = [
    {"name": name, "description": name, "input_schema": {"type": "object"}}
    for name in ("lookup_order", "search", "refund")
]
ASKED = {"role": "user", "content": "I want a refund for order 1234."}
Turn = dict[str, Any]


def request(*messages: Turn, **more: Any) -> Turn:
    return {"model": OLD, "max_tokens": 100, "tools": TOOLS, "messages": list(messages), **more}


def tool(name: str, ident: str, **given: Any) -> Turn:
    return {"type": "tool_use", "id": ident, "name": name, "input": given}


def said(*blocks: Turn, stop: str = "end_turn") -> Turn:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": f"{OLD}-20250929",
        "content": list(blocks), "stop_reason": stop, "stop_sequence": None,
        "usage": {"input_tokens": 8, "output_tokens": 3},
    }  # fmt: skip


def text(words: str) -> Turn:
    return {"type": "text", "text": words}


def back(ident: str, content: str) -> Turn:
    result = {"type": "tool_result", "tool_use_id": ident, "content": content}
    return {"role": "user", "content": [result]}


LOOKUP = said(tool("lookup_order", "toolu_1", order_id="1234"), stop="tool_use")
SEARCH = said(
    tool("search", "toolu_2", query="when is a refund allowed after 30 days"), stop="tool_use"
)
DONE = said(text("Order 1234 can be refunded."))
TURN_1 = [{"role": "assistant", "content": LOOKUP["content"]}, back("toolu_1", "bought on 2 May")]
TURN_2 = [{"role": "assistant", "content": SEARCH["content"]}, back("toolu_2", "it is allowed")]
LOOP = [
    (request(ASKED), LOOKUP),
    (request(ASKED, *TURN_1), SEARCH),
    (request(ASKED, *TURN_1, *TURN_2), DONE),
]


def log(path: Path, *pairs: tuple[Turn, Turn]) -> None:
    lines = [json.dumps({"request": r, "response": s, "trace_id": "t1"}) for r, s in pairs]
    path.write_text("\n".join(lines))


@pytest.fixture
def made(
    project: Any, commands_in_process: None, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> Callable[..., str]:
    """Makes a test of calls: what the command prints."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p pytest_claude.plugin -W ignore")

    def make(
        *pairs: tuple[Turn, Turn], source: str = "jsonl", path: str = "log.jsonl", **more: str
    ):
        if pairs:
            log(project.path / path, *pairs)
        named = ((f"--{name.replace('_', '-')}", value) for name, value in more.items())
        words = [word for pair in named for word in pair if word is not None]
        status = main(["from", source, path, "--into", "tests", *words])
        printed = capsys.readouterr()
        assert status == 0, printed
        return " ".join(printed.out.split())

    return make


def cases(project: Any) -> list[Turn]:
    return [*map(json.loads, (project.path / "tests/traffic.jsonl").read_text().splitlines())]


def test_a_loop_is_one_case_that_replays_green_with_what_the_app_gave_back(project, made) -> None:
    printed = made(*LOOP)
    (case,) = cases(project)
    assert case["id"] == "i-want-a-refund-for"
    assert case["tags"] == ["calls lookup_order, search", "no system prompt"]
    assert case["source"] == "log.jsonl:1"
    assert case["request"] == LOOP[0][0]
    assert case["then"] == [TURN_1, TURN_2]
    path = f"tests/test_traffic/test_traffic[i-want-a-refund-for]/{OLD}.yaml"
    recorded = load(project.cassette(path), path)
    assert [entry.request.json() for entry in recorded] == [asked for asked, _ in LOOP]
    assert [entry.response.json() for entry in recorded] == [answer for _, answer in LOOP]
    assert "imported_from: a log of requests and replies\n" in project.cassette(path).read_text()
    assert "1 of 1 replay green, and what they do is accepted" in printed
    assert "3 records read in 1 file 3 calls of Claude 3 calls → 1 case (" in printed
    project.run("tests", "--claude-strict").assert_outcomes(passed=1)


def test_a_new_model_is_given_the_recorded_results_until_it_leaves_the_path(project, made) -> None:
    made(*LOOP)
    words = ("--claude-swap", f"{OLD}={NEW}", "--claude-record")
    way = calls(("lookup_order", {"order_id": "1234"}))
    other = calls(("search", {"query": "is any refund possible after 30 days"}))
    project.personas(new=script(way, other, says("It can be refunded.")))
    with project.server():
        project.run("tests", *words).assert_outcomes(passed=1)
    given = project.simulator.bodies[-1]["messages"][-1]["content"][0]
    assert given["content"] == "it is allowed"
    assert given["tool_use_id"] != "toolu_2"
    project.personas(new=script(way, calls(("refund", {"order_id": "1234"}))))
    with project.server():
        result = project.run("tests", "--claude-swap", f"{OLD}={NEW}", "--claude-record=all")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*changed at step 2 of 3: calls refund({*1234*}) instead of search(*"]
    )
    assert len(project.simulator.bodies) == 2, "what comes after is not asked"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([tool("lookup_order", "x", order_id="1235")], "lookup_order({*1235*"),
        ([tool("lookup_order", "x", order_id="1234"), tool("search", "y", query="a b")], "search("),
        ([text("Which order?")], "no tool call"),
    ],
    ids=["another argument", "one more call", "no call"],
)
def test_another_argument_or_call_leaves_the_path(project, made, content, told) -> None:
    made(*LOOP)
    blocks = [(b["name"], b["input"]) for b in content if b["type"] == "tool_use"]
    project.personas(new=calls(*blocks) if blocks else says("Which order?"))
    with project.server():
        result = project.run("tests", "--claude-swap", f"{OLD}={NEW}", "--claude-record")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*changed at step 1 of 3: *{told}*"])


@pytest.mark.parametrize(
    ("pairs", "reply", "told"),
    [
        (LOOP[:2], says("Which one?"), "2 of 2: no tool call instead of search({*"),
        (LOOP[:2], calls(("search", {"query": "x"})), "2 of 2: calls search({*x*}) instead of *"),
        ([*LOOP[:1], (LOOP[1][0], DONE)], calls(("refund", {})),
         "2 of 2: calls refund({}) instead of no tool call"),
        ([*LOOP[:1], (LOOP[1][0], DONE)],
         says("", status=400, error=("invalid_request_error", "No.")),
         "2 of 2: HTTP 400: No. instead of no tool call"),
    ],
    ids=["a text for a call", "another call", "a call for a text", "a refusal for a text"],
)  # fmt: skip
def test_the_last_reply_is_on_the_path_too(project, made, pairs, reply, told) -> None:
    made(*pairs)
    way = calls(("lookup_order", {"order_id": "1234"}))
    project.personas(new=script(way, reply))
    with project.server():
        result = project.run("tests", "--claude-swap", f"{OLD}={NEW}", "--claude-record")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*changed at step {told}*"])


def test_the_test_gates_a_bump(project, made, short_gates) -> None:
    made((request(ASKED), LOOKUP))
    with project.server():
        result = project.run("tests", "--claude-bump", f"{OLD}={NEW}", "--claude-record")
    result.stdout.fnmatch_lines(["*asks*instead of calling*lookup_order*"])
    assert result.ret == 1


def test_a_refusal_of_the_api_is_behavior_of_its_case(project, made) -> None:
    project.tests("def test_a():\n    careless('x', )\n")
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "no prefill"}}
    cassette = {
        "version": 1,
        "interactions": [
            {
                "request": {"method": "POST", "uri": "https://api.anthropic.com/v1/messages",
                            "headers": {}, "body": json.dumps(request(ASKED))},
                "response": {"status": {"code": status, "message": ""}, "headers": {},
                             "body": {"string": json.dumps(error)}},
            }
            for status in (400, 529)
        ],
    }  # fmt: skip
    (project.path / "old.yaml").write_text(json.dumps(cassette))
    printed = made(source="cassettes", path="old.yaml")
    assert cases(project)[0]["tags"][0] == "refused by the API"
    assert "1 left out: failed" in printed
    project.run("tests").assert_outcomes(passed=1)


def test_nothing_that_is_there_is_written_over(project, made, capsys) -> None:
    made(*LOOP)
    before = (project.path / "tests/test_traffic.py").read_bytes()
    assert main(["from", "jsonl", "log.jsonl", "--into", "tests"]) == 4
    told = capsys.readouterr().err
    assert "to write another one  add --name NAME" in told
    remove = "tests/test_traffic.py tests/traffic.jsonl cassettes/tests/test_traffic"
    assert f"to write it anew      rm -r {remove}  first" in told
    assert (project.path / "tests/test_traffic.py").read_bytes() == before
    made(name="Other_2")
    project.run("tests").assert_outcomes(passed=2)


def test_the_hook_of_the_project_takes_names_out_of_cases_and_cassettes(project, made) -> None:
    project.pytester.makeconftest(
        "def pytest_claude_redact(body):\n    return body.replace('Ada', '[customer]')\n"
    )
    made((request({"role": "user", "content": "I am Ada, ada@example.com"}), said(text("Ada!"))))
    text_of_all = "".join(
        p.read_text() for p in project.path.rglob("*") if p.suffix in (".yaml", ".jsonl", ".py")
        and p.name not in ("conftest.py", "log.jsonl")
    )  # fmt: skip
    assert "Ada" not in text_of_all
    assert "I am [customer], [email-1]" in text_of_all
    project.run("tests").assert_outcomes(passed=1)


def test_a_secret_is_in_no_file_that_is_written(project, made) -> None:
    key = "sk-ant-api03-not-a-real-key-but-as-long-as-one"
    asked = {"role": "user", "content": f"I set ANTHROPIC_API_KEY={key}, and it fails."}
    call = said(tool("search", "toolu_9", query=f"{key} fails"), stop="tool_use")
    turns = [{"role": "assistant", "content": call["content"]}, back("toolu_9", f"no {key}")]
    made((request(asked), call), (request(asked, *turns), said(text(f"Revoke {key}."))))
    written = [p for p in project.path.rglob("*") if p.is_file() and p.name != "log.jsonl"]
    assert [p for p in written if key in p.read_text()] == []
    assert "and it fails." in cases(project)[0]["prompt"]
    project.run("tests", "--claude-strict").assert_outcomes(passed=1)


def test_cases_that_the_hook_makes_the_same_are_one(project, made) -> None:
    project.pytester.makeconftest(
        "import re\ndef pytest_claude_redact(body):\n    return re.sub('Ada|Bo', '[who]', body)\n"
    )
    pairs = [(request({"role": "user", "content": f"I am {n}"}), DONE) for n in ("Ada", "Bo")]
    assert "1 case left out: what is taken out told them from others" in made(*pairs)
    assert [case["prompt"] for case in cases(project)] == ["I am [who]"]


def test_cassettes_that_are_there_are_found_before_anything_is_written(
    project, made, capsys
) -> None:
    made(*LOOP)
    before = {path: project.cassette(path).read_bytes() for path in project.cassettes}
    for path in (project.path / "tests").iterdir():
        path.unlink() if path.is_file() else None
    new = request({"role": "user", "content": "A new one"})
    log(project.path / "log.jsonl", (new, DONE), *LOOP[:2], (LOOP[2][0], said(text("No."))))
    assert main(["from", "jsonl", "log.jsonl", "--into", "tests"]) == 4
    told = capsys.readouterr().err
    assert "cassettes/tests/test_traffic is there already" in told
    assert "rm -r cassettes/tests/test_traffic  first" in told
    assert {path: project.cassette(path).read_bytes() for path in project.cassettes} == before
    assert not (project.path / "tests/test_traffic.py").exists()


def test_the_name_of_a_file_betas_and_tags_are_redacted_too(project, made) -> None:
    key = "sk-ant-api03-not-a-real-key-but-as-long-as-one"
    tools = [{"name": "ask_ida@example.com", "input_schema": {"type": "object"}}]
    asked = request(ASKED, tools=tools, betas=[f"x-{key}"])
    call = said(tool("ask_ida@example.com", "toolu_1"), stop="tool_use")
    log(project.path / "bo@example.com.jsonl", (asked, call))
    made(path="bo@example.com.jsonl")
    written = [p for p in project.path.rglob("*") if p.is_file() and "example.com" not in p.name]
    found = [p for p in written for each in (key, "ida@", "bo@") if each in p.read_text()]
    assert found == []
    assert cases(project)[0]["betas"].startswith("x-")


def test_a_call_that_no_sdk_can_send_is_named_and_left_out(project, made) -> None:
    half = request({"role": "user", "content": "half an emoji \ud83d"})
    endless = request(ASKED, temperature=float("inf"))
    whole = (request({"role": "user", "content": "hi"}), said(text("half an emoji \ud83d")))
    printed = made(
        (half, DONE), (endless, DONE), (request(ASKED), said(tool("\ud83d", "x"))), whole
    )
    assert "3 left out: broken log.jsonl:1: its request holds half a character" in printed
    assert "log.jsonl:2: it is not as expected: ValueError('inf is no number of JSON')" in printed
    assert "1 of 1 replay green, and what they do is accepted" in printed


def test_a_case_that_is_red_is_named_and_no_bump_is_offered(project, made, capsys) -> None:
    project.pytester.makeconftest(
        "def pytest_runtest_setup(item):\n    assert 'bad' not in item.name\n"
    )
    pairs = [(request({"role": "user", "content": word}), DONE) for word in ("good", "bad")]
    log(project.path / "log.jsonl", *pairs)
    assert main(["from", "jsonl", "log.jsonl", "--into", "tests"]) == 1
    printed = capsys.readouterr().out
    assert "1 of 2 replay green; no bump can be gated" in printed
    assert "  red: tests/test_traffic.py::test_traffic[bad]\n" in printed
    assert "accepted" not in printed.partition("1 of 2")[2]
    assert "to gate a bump" not in printed


def test_each_model_has_its_bump_and_an_unknown_one_is_named(project, made) -> None:
    models = ("anthropic/claude-sonnet-4.5", "claude-haiku-4-5", "anthropic/claude-next-9.5")
    printed = made(*(({**request(ASKED), "model": model}, DONE) for model in models))
    for model in ("claude-sonnet-4-5", "claude-haiku-4-5", "claude-next-9.5"):
        assert f"to gate a bump pytest-claude bump {model}=NEW" in printed
    assert "asked in 1 case: claude-next-9.5, an id that is not known here" in printed


def test_no_personal_data_is_in_any_file_that_is_written(project, made) -> None:
    values = identifiers()
    pairs = []
    for n, value in enumerate(values):
        asked = {"role": "user", "content": f"Order 1000{n}: I am {value}"}
        call = said(tool("search", f"toolu_{n}", who={value: [value]}), stop="tool_use")
        turns = [
            {"role": "assistant", "content": call["content"]},
            back(f"toolu_{n}", json.dumps({"note": f"a\n{value}"})),
        ]
        first = request(asked, system=f"It is {value}.", metadata={"user_id": value})
        second = {**first, "messages": [asked, *turns]}
        pairs += [(first, call), (second, said(text(f"Thank you, {value}!")))]
    printed = made(*pairs, n="all")
    assert "taken out: 50 e-mail addresses, 50 phone numbers, 50 card numbers, 50 acc" in printed
    written = [p for p in project.path.rglob("*") if p.is_file() and p.name != "log.jsonl"]
    texts = {p: re.sub(r"[ -]", "", p.read_text()).casefold() for p in written}
    left = [(value, path) for value in values for path, each in texts.items()
            if re.sub(r"[ -]", "", value).casefold() in each]  # fmt: skip
    assert left == []
    prompts = sorted(case["prompt"].partition(": I am [")[0] for case in cases(project))
    assert prompts == sorted(f"Order 1000{n}" for n in range(200)), "order numbers survive"
    made(*pairs[:2], name="kept", path="few.jsonl", keep_personal_data=None)
    assert values[0] in (project.path / "tests/kept.jsonl").read_text()


def test_of_each_cluster_so_many_are_taken_and_the_same_each_time(project, made) -> None:
    pairs = [
        (request({"role": "user", "content": f"Where is order {n}?"}), said(text(f"It is {n}.")))
        for n in range(9)
    ]
    printed = made(*pairs, *pairs[:4], n="3", name="few")
    assert "13 calls → 13 cases (the loop of an agent is one); 4 of them ask what" in printed
    assert "3 of 9: claude-sonnet-4-5, answers, no system prompt" in printed
    few = (project.path / "tests/few.jsonl").read_text()
    made(*reversed(pairs), n="3", name="again")
    again = (project.path / "tests/again.jsonl").read_text()
    assert {*map(_asked, few.splitlines())} == {*map(_asked, again.splitlines())}
    made(n="all", name="all_of_them")
    assert len((project.path / "tests/all_of_them.jsonl").read_text().splitlines()) == 9


def _asked(line: str) -> str:
    return str(json.loads(line)["request"]["messages"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["otel", "missing.json", "--into", "tests"], "from otel missing.json: no such file"),
        (["jsonl", "log.jsonl", "--into", "tests", "--name", "Two Words"], "--name Two Words: let"),
        (["jsonl", "log.jsonl", "--into", "/elsewhere"], "--into /elsewhere: it is not below"),
        (["otel", "log.jsonl", "--into", "tests"], "from otel: no call of Claude to make a test"),
    ],
)
def test_a_misuse_is_told_in_one_sentence(project, capsys, words, told) -> None:
    log(project.path / "log.jsonl", (request(ASKED), DONE))
    assert main(["from", *words]) == 4
    assert told in " ".join(capsys.readouterr().err.split())
    assert not (project.path / "tests").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["jsonl", "x", "--into", "tests", "--n", "0"], "'0': a whole number of cases"),
        (["excel", "x", "--into", "tests"], "invalid choice: 'excel'"),
    ],
)
def test_a_word_that_is_none_of_the_command_names_those_that_are(capsys, words, told) -> None:
    with pytest.raises(SystemExit, match="4"):
        main(["from", *words])
    assert told in capsys.readouterr().err


def test_a_broken_line_is_named_and_every_record_is_counted(project, made) -> None:
    other = {**request(ASKED), "model": "gpt-4o"}
    log(project.path / "log.jsonl", *LOOP, (other, DONE))
    with (project.path / "log.jsonl").open("a") as file:
        file.write('\n{"request": {"mod\n{"request": {}}\n')
    printed = made()
    assert "6 records read in 1 file 3 calls of Claude" in printed
    assert "2 left out: broken log.jsonl:5: no JSON: " in printed
    assert "log.jsonl:6: it has none of request, input, " in printed
    assert "1 left out: another vendor's model: gpt-4o 1" in printed
