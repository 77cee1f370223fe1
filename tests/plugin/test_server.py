"""A program that the test starts is recorded and replayed through `claude_server`."""

from __future__ import annotations

FILE = "test_app/test_calls/claude-sonnet-4-5.yaml"
CHILD = """
import anthropic, sys

client = anthropic.Anthropic(max_retries=2)
body = {"model": "claude-sonnet-4-5", "max_tokens": 99,
        "messages": [{"role": "user", "content": sys.argv[1]}]}
print(client.messages.create(**body).content[0].text)
with client.messages.stream(**body) as stream:
    print(stream.get_final_text())
"""
TEST = """
import subprocess, sys

def test_calls(claude, claude_server):
    done = subprocess.run([sys.executable, "child.py", "{asked}"], env=claude_server.env,
                          capture_output=True, text=True)
    assert done.stdout == "Which order?\\nWhich order?\\n", done.stderr
    assert [reply.text for reply in claude.replies] == ["Which order?", "Which order?"]
    assert claude.asks_clarifying_question()
"""


def test_a_child_process_is_recorded_and_replayed(project) -> None:
    from simulator import says

    project.personas(old=says("Which order?"))
    (project.path / "child.py").write_text(CHILD)
    project.tests(TEST.replace("{asked}", "refund"))
    project.record().assert_outcomes(passed=1)
    assert project.cassettes == [FILE]
    assert "interactions: 2" in project.cassette(FILE).read_text()
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*started other programs*")


def test_a_miss_of_a_child_fails_the_test_at_its_first_attempt(project) -> None:
    from simulator import says

    project.personas(old=says("Which order?"))
    (project.path / "child.py").write_text(CHILD)
    project.tests(TEST.replace("{asked}", "refund"))
    project.record()
    project.tests(TEST.replace("{asked}", "hug"))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E   *CassetteMiss: no recording answers call 1: the prompt was edited (*"]
    )
    result.stdout.no_fnmatch_line("*more like it*")


def test_the_server_alone_makes_a_claude_test(project) -> None:
    project.tests(
        """
import anthropic

def test_calls(claude_server):
    client = anthropic.Anthropic(base_url=claude_server.url, api_key="k")
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9,
            "messages": [{"role": "user", "content": "x"}]}
    assert client.messages.create(**body).content[0].name == "lookup_order"
"""
    )
    project.record().assert_outcomes(passed=1)
    assert "interactions: 1" in project.cassette(FILE).read_text()
    project.run().assert_outcomes(passed=1)


def test_a_swap_reaches_the_child(project) -> None:
    from simulator import says

    project.personas(new=says("Which order?"))
    (project.path / "child.py").write_text(CHILD)
    project.tests(TEST.replace("{asked}", "refund"))
    swap = "--claude-swap=claude-sonnet-4-5=claude-sonnet-5-5"
    project.record(swap).assert_outcomes(passed=1)
    assert {body["model"] for body in project.simulator.bodies} == {"claude-sonnet-5-5"}
    project.run(swap).assert_outcomes(passed=1)
