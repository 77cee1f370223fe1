"""`pytest-claude coverage`: which recorded behavior could be otherwise, and no test would fail."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from simulator import by_prompt, calls, judges, says, script

from pytest_claude.cli import main

LOOKUP = calls(("lookup_order", {"order_id": "1234"}))
PERSONA = by_prompt(
    {
        "JSON": says('{"id": 7, "total": 1.5}'),
        "fence": says('```json\n{"id": 7}\n```'),
        "refund": says("Which order, please?"),
        "launder": says("", stop_reason="refusal"),
        "ships": says("It ships today."),
        "agent": script(LOOKUP, LOOKUP, says("It ships today.")),
    },
    LOOKUP,
)
AGENT = """
import app

def agent(messages=()):
    messages = [{"role": "user", "content": "agent"}]
    while True:
        reply = ask(messages=messages)
        uses = [block for block in reply.content if block.type == "tool_use"]
        if not uses:
            return reply.content[0].text
        results = [{"type": "tool_result", "tool_use_id": use.id, "content": str(use.input)}
                   for use in uses]
        messages = [*messages, {"role": "assistant", "content": reply.content},
                    {"role": "user", "content": results}]
"""


def cover(*words: str, rest: tuple[str, ...] = ()) -> int:
    return main(["coverage", *words, "--", "-p", "pytest_claude.plugin", "-W", "ignore", *rest])


@pytest.fixture
def covered(project: Any, commands_in_process: None, capsys: Any) -> Any:
    """What a test is found to look at: by behavior what noticed it; None where nothing did."""

    def of(source: str) -> dict[str, str | None]:
        project.tests(source)
        project.personas(old=PERSONA)
        project.record().assert_outcomes(passed=1)
        before = {name: project.cassette(name).read_bytes() for name in project.cassettes}
        capsys.readouterr()
        assert cover("--json") == 0
        found = json.loads(capsys.readouterr().out)
        assert found["not_read"] == {}
        assert {name: project.cassette(name).read_bytes() for name in project.cassettes} == before
        of_model = [b for b in found["behaviors"] if b["kind"] not in ("parameter", "model")]
        by = [[*b["looked_at_by"].values(), *(b["unknown"] and ["unknown"])] for b in of_model]
        names = [f"{behavior['kind']} {behavior['name']}".strip() for behavior in of_model]
        return {name: next(iter(each), None) for name, each in zip(names, by, strict=True)}

    return of


TOOL = {"tool lookup_order": None, "argument lookup_order.order_id": None,
        "stop reason tool_use": None}  # fmt: skip
TEXT = {"no question": None, "stop reason end_turn": None}
IDS = {"JSON field id": None, "JSON field total": None, "stop reason end_turn": None}
STATED: dict[str, tuple[str, str, dict[str, str | None]]] = {
    "nothing": ("x", "", TOOL),
    "a tool": (
        "x", "assert claude.calls_tool('lookup_order')", {**TOOL, "tool lookup_order": "calls_tool"}
    ),
    "the value of an argument": (
        "x", "assert claude.calls_tool('lookup_order', order_id='1234')",
        {**TOOL, "tool lookup_order": "calls_tool", "argument lookup_order.order_id": "calls_tool"},
    ),
    "an argument by hand": (
        "x", "assert claude.tool_calls[0].input['order_id']",
        {**TOOL, "tool lookup_order": "IndexError", "argument lookup_order.order_id": "KeyError"},
    ),
    "what the app got": (
        "x", "assert reply.content[-1].name == 'lookup_order'",
        {**TOOL, "tool lookup_order": "AttributeError"},
    ),
    "that no tool is called": ("ships", "assert claude.calls_no_tool()", TEXT),
    "a stop reason": (
        "ships", "assert claude.stops_with('end_turn')",
        {**TEXT, "stop reason end_turn": "stops_with"},
    ),
    "that it does not ask": (
        "ships", "assert not claude.asks_clarifying_question()",
        {**TEXT, "no question": "asks_clarifying_question"},
    ),
    "a word of the reply": (
        "ships", "assert 'ships' in claude.reply.text", {**TEXT, "no question": "assert"}
    ),
    "a question": (
        "refund", "assert claude.asks_clarifying_question()",
        {"question": "asks_clarifying_question", "stop reason end_turn": None},
    ),
    "a refusal": ("launder", "assert claude.refuses()", {"refusal": "refuses"}),
    "JSON": (
        "JSON", "assert claude.returns_json()", {**IDS, "stop reason end_turn": "returns_json"}
    ),
    "a field that the app reads": (
        "JSON", "import json; assert json.loads(reply.content[0].text)['total'] == 1.5",
        {**IDS, "JSON field total": "KeyError"},
    ),
    "a field in a fence": (
        "fence",
        "assert claude.returns_json({'required': ['id']}, where='anywhere')",
        {"JSON field id": "returns_json", "stop reason end_turn": "returns_json"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("prompt", "check", "by"), STATED.values(), ids=STATED)
def test_what_a_test_looks_at_is_what_it_fails_without(covered, prompt, check, by) -> None:
    assert covered(f"def test_a(claude):\n    reply = ask({prompt!r})\n    {check or 'pass'}") == by


def test_a_marker_and_the_accepted_behavior_look_too(covered) -> None:
    marked = "@pytest.mark.claude_as_recorded\ndef test_a():\n    ask('x')"
    assert covered(marked) == {
        "tool lookup_order": "behaves_as_recorded",
        "argument lookup_order.order_id": "behaves_as_recorded",
        "stop reason tool_use": "behaves_as_recorded",
    }


def test_an_agent_goes_on_with_the_recorded_answers_where_one_is_otherwise(covered) -> None:
    test = "def test_a(claude):\n    agent()\n    assert claude.calls_tool('lookup_order', times=2)"
    assert covered(AGENT + test) == {
        "tool lookup_order": "calls_tool",
        "argument lookup_order.order_id": None,
        "no question": None,
        "stop reason end_turn": None,
    }


def test_a_stream_is_altered_too(covered) -> None:
    test = """
import anthropic, app

def test_a(claude):
    asked = [{"role": "user", "content": "JSON"}]
    with anthropic.Anthropic() as client:
        with client.messages.stream(model=app.MODEL, max_tokens=9, messages=asked) as stream:
            text = stream.get_final_text()
    assert '"id": 7' in text
"""
    assert covered(test) == {**IDS, "JSON field id": "assert"}


def test_what_follows_from_another_answer_and_is_not_recorded_is_not_known(covered) -> None:
    test = """
def test_a(claude):
    if len(ask("x").content) == 1 and ask("x").content[-1].type != "tool_use":
        ask("another")
"""
    found = covered(test)
    assert found["tool lookup_order"] == "unknown"


def test_a_verdict_of_a_judge_is_not_known(project, covered) -> None:
    project.personas(**{"claude-haiku-5-5": judges("met")})
    found = covered("def test_a(claude):\n    ask('ships')\n    assert claude.judge('It is kind.')")
    assert found == {"no question": "unknown", "stop reason end_turn": None}  # it sees no reason


@pytest.fixture
def two_tests(project: Any, commands_in_process: None) -> Any:
    project.tests(
        "@pytest.mark.claude_ignore('$.max_tokens')\n"
        "def test_a(claude):\n    ask('JSON')\n"
        "def test_b(claude):\n    assert ask('x').stop_reason == 'tool_use'\n"
        "def test_c(claude):\n    ask('x')\n    assert claude.calls_tool('lookup_order')\n"
    )
    project.personas(old=PERSONA)
    project.record().assert_outcomes(passed=3)
    return project


TABLE = """\
behavior                        shown by  looked at by
JSON field id                   1 test    no test: test_app.py::test_a
JSON field total                1 test    no test: test_app.py::test_a
stop reason end_turn            1 test    no test: test_app.py::test_a
argument lookup_order.order_id  2 tests   no test: test_app.py::test_b, test_app.py::test_c
stop reason tool_use            2 tests   assert, in 1 of them; not by test_app.py::test_c
parameter max_tokens            3 tests   replay, in 2 of them; not by test_app.py::test_a
tool lookup_order               2 tests   assert, calls_tool
parameter messages              3 tests   replay
model claude-sonnet-4-5         3 tests   replay
parameter tools                 3 tests   replay

7 of 21 recorded behaviors, counted by test, could be otherwise, and the test would not fail
checks to paste: pytest-claude suggest
"""


def test_the_table_begins_with_what_no_test_looks_at(two_tests, capsys) -> None:
    capsys.readouterr()
    assert cover() == 0
    told = capsys.readouterr()
    assert told.out == TABLE
    assert told.err == ""


def test_workers_of_xdist_say_the_same(two_tests, capsys, monkeypatch) -> None:
    monkeypatch.setattr("pytest_claude.cli.probed.subprocess", subprocess)
    capsys.readouterr()
    assert cover(rest=("-p", "xdist", "-n", "2")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines[1:11]) == sorted(TABLE.splitlines()[1:11])


def test_tests_that_are_not_replayed_are_named(two_tests, capsys) -> None:
    two_tests.tests(
        "def test_a(claude):\n    ask('new')\n"
        "def test_b(claude):\n    ask('x')\n    assert 0\n"
        "def test_c(claude):\n    pass\n"
    )
    two_tests.record()
    two_tests.cassette("test_app/test_a/claude-sonnet-4-5.yaml").unlink()
    capsys.readouterr()
    assert cover() == 0
    told = capsys.readouterr()
    assert told.out.startswith("behavior  shown by  looked at by\n\n0 of 0 recorded behaviors")
    first, *others = told.err.splitlines()
    assert first.startswith("not read: test_app.py::test_a: no recording")
    assert others == [
        "not read: test_app.py::test_b: it fails in replay",
        "not read: test_app.py::test_c: it makes no call to a model",
    ]


ONCE = """
import pathlib

def test_file(claude):
    with pathlib.Path("out.txt").open("x") as file:
        file.write(ask("ships").content[0].text)

seen = []
def test_list(claude):
    seen.append(ask("ships"))
    assert len(seen) == 1

more = []
def test_third(claude):
    more.append(ask("ships"))
    assert len(more) < 3

def test_steady(claude):
    ask("ships")
"""


def test_of_a_test_that_does_not_pass_twice_it_is_not_known_what_it_looks_at(
    project, commands_in_process, capsys
) -> None:
    project.tests(ONCE)
    project.personas(old=PERSONA)
    project.record().assert_outcomes(passed=4)
    (project.path / "out.txt").unlink()
    capsys.readouterr()
    assert cover("--json") == 0
    found = json.loads(capsys.readouterr().out)
    for behavior in found["behaviors"]:
        held = behavior["kind"] in ("model", "parameter")
        looking = {test.rpartition("_")[2] for test in behavior["looked_at_by"]}
        unknown = {test.rpartition("_")[2] for test in behavior["unknown"]}
        assert looking == ({"file", "list", "third", "steady"} if held else set())
        assert unknown == (set() if held else {"file", "list", "third"})
    otherwise = "run once more on the same answers, it ends otherwise"
    assert found["not_known"]["test_app.py::test_list"] == f"{otherwise}: assert 2 == 1"
    assert found["not_known"]["test_app.py::test_third"] == f"{otherwise}: assert 5 < 3"
    (project.path / "out.txt").unlink()
    assert cover("test_app.py::test_file") == 0
    told = capsys.readouterr()
    assert "no question              1 test    not known: test_app.py::test_file\n" in told.out
    assert "the test would not fail; of 2 it is not known\n" in told.out
    assert told.err.startswith(f"not known: test_app.py::test_file: {otherwise}: FileExistsError")


MARKED = {
    "may fail": ("xfail", "assert claude.calls_tool('lookup_order')", []),
    "fails, as expected": ("xfail", "assert claude.refuses()", []),
    "must fail": ("xfail(strict=True)", "assert not claude.calls_tool('lookup_order')", ["tool"]),
    "is skipped by its body": (
        "usefixtures()", "claude.tool_calls or pytest.skip('no call')", []
    ),
}  # fmt: skip


@pytest.mark.parametrize(("mark", "check", "noticed"), MARKED.values(), ids=MARKED)
def test_a_test_looks_at_what_turns_pytest_red(
    project, commands_in_process, capsys, mark, check, noticed
) -> None:
    project.tests(f"@pytest.mark.{mark}\ndef test_a(claude):\n    ask('x')\n    {check}\n")
    project.record()
    capsys.readouterr()
    assert cover("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["not_read"], found["not_known"]) == ({}, {})
    of_model = [b for b in found["behaviors"] if b["kind"] not in ("parameter", "model")]
    assert len(of_model) == 3
    assert [b["kind"] for b in of_model if b["looked_at_by"]] == noticed
    assert not any(behavior["unknown"] for behavior in of_model)


def test_one_name_in_several_tests_counts_in_each_and_those_that_do_not_look_are_named(
    project, commands_in_process, capsys
) -> None:
    project.tests(
        "import json\n"
        "def test_order(claude):\n    assert json.loads(ask('JSON').content[0].text)['id']\n"
        + "\n".join(f"def test_user_{n}(claude):\n    ask('JSON')" for n in range(4))
    )
    project.personas(old=PERSONA)
    project.record().assert_outcomes(passed=5)
    capsys.readouterr()
    assert cover() == 0
    lines = capsys.readouterr().out.splitlines()
    others = ", ".join(f"test_app.py::test_user_{n}" for n in range(3))
    row = f"JSON field id            5 tests   KeyError, in 1 of them; not by {others} and 1 more"
    assert row in lines
    assert "14 of 35 recorded behaviors, counted by test, could be otherwise" in lines[-2]


def test_a_fault_of_ours_on_one_test_is_named_and_the_others_are_read(
    two_tests, capsys, monkeypatch
) -> None:
    from pytest_claude.plugin import probing

    asked = iter(["the first"])

    def faulty(*arguments: Any) -> Any:
        if next(asked, None):
            raise ValueError("half a reply")
        return shown(*arguments)

    shown = probing.shown
    monkeypatch.setattr(probing, "shown", faulty)
    capsys.readouterr()
    assert cover() == 0
    told = capsys.readouterr()
    assert "tool lookup_order               2 tests   assert, calls_tool" in told.out
    fault = "a fault of pytest-claude: ValueError: half a reply"
    assert told.err == f"not read: test_app.py::test_a: {fault}\n"


def test_an_ordinary_replay_alters_nothing(two_tests) -> None:
    two_tests.tests("def test_a(claude):\n    ask('another')")
    two_tests.run().assert_outcomes(failed=1)


def test_the_table_is_a_section_of_the_reports_of_the_replay(two_tests, capsys) -> None:
    capsys.readouterr()
    assert cover("--report", "out/page.html", "--report", "out/note.md") == 0
    assert capsys.readouterr().out == TABLE
    page = (two_tests.path / "out/page.html").read_text("utf-8")
    note = (two_tests.path / "out/note.md").read_text("utf-8")
    section = page[page.index('id="tested"') :].partition("</section>")[0]
    plain = re.sub(r"<wbr>|</?code>|<svg.*?</svg> ?", "", section)
    assert "7 of 21 recorded behaviors, counted by test, could be otherwise" in plain
    row = "JSON field id</td><td>1 test</td><td>no test: test_app.py::test_a</td>"
    assert f"<tr><td>{row}</tr>" in plain
    assert "| `JSON field id` | 1 test | no test: test\\_app" in note
    assert "test_app.py::test_a" in page[: page.index('id="tested"')]


def test_a_report_that_is_not_asked_for_coverage_has_no_such_section(two_tests) -> None:
    two_tests.run("--claude-report=page.html", "--claude-report=note.md")
    for name in ("page.html", "note.md"):
        assert "could be otherwise" not in (two_tests.path / name).read_text("utf-8")


def test_a_report_of_another_kind_or_at_a_place_that_refuses_is_told(two_tests, capsys) -> None:
    assert cover("--report", "page.pdf") == 4
    assert "coverage --report page.pdf: the suffix names the kind" in capsys.readouterr().err
    assert cover("--report", "test_app.py/page.md") == 1
    assert "page.md could not be written: " in capsys.readouterr().err


@pytest.mark.usefixtures("cold_python")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows shows no line meanwhile")
@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "2"]], ids=["", "xdist"])
def test_a_terminal_shows_meanwhile_how_many_tests_are_done(two_tests, workers) -> None:
    import pty

    ours, theirs = pty.openpty()
    words = ["coverage", "--", "-p", "pytest_claude.plugin", "-W", "ignore", *workers]
    command = [sys.executable, "-m", "pytest_claude.cli", *words]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, text=True, check=False)
    shown = os.read(ours, 9_999).decode()
    os.close(theirs)
    os.close(ours)
    assert ran.returncode == 0
    assert shown == "".join(
        f"\r\x1b[K{line}"
        for line in (
            "replaying: test 1 of 3",
            "replaying: test 2 of 3",
            "replaying: test 3 of 3",
            "",
        )
    )
