"""How far a recording is, while it records; and that the next one goes on where it stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

import pytest
from projects import NEW, OLD
from simulator import Reply, calls, meeting, says

from pytest_claude.plugin.scale import progress

THREE = """
@pytest.mark.parametrize("n", [1, 2, 3])
def test_calls(claude, n):
    ask(f"question {n}")
    ask(f"and {n}")
"""
BUMP = f"--claude-bump={OLD}={NEW}"
XDIST = ("-p", "xdist", "-n", "2")
LINE = re.compile(
    r"claude: \d calls made(, about \d left)?, \$0\.\d+ (of about \$0\.\d+ )?spent"
    r"(, ends about \d\d:\d\d)?"
)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain line may follow another at once."""
    monkeypatch.setattr(progress, "_EVERY_S", 0.0)


def events(lines: list[str]) -> list[dict[str, Any]]:
    """The JSON objects that were written."""
    return [json.loads(line) for line in lines if line.startswith('{"event"')]


def shown(result: pytest.RunResult) -> list[str]:
    """The plain lines of progress."""
    return [line for line in result.outlines if re.match(r"claude: \d+ calls? made", line)]


@pytest.mark.parametrize("words", [(), XDIST, ("-v",)], ids=["plain", "xdist", "verbose"])
def test_plain_lines_say_what_is_made_left_and_spent(project, often, words) -> None:
    project.tests(THREE)
    if words == XDIST:
        project.app(sdk_in_children=True)
    result = project.record(*words)
    result.assert_outcomes(passed=3)
    lines = shown(result)
    assert all(LINE.fullmatch(line) for line in lines)
    made = [line.partition(",")[0] for line in lines]
    # Of two workers the first may be the one that says later what is left.
    assert made == [f"claude: {number} calls made" for number in (2, 4, 6)][-len(made) :]
    assert len(made) == 3 or words == XDIST
    assert "left" not in lines[-1]
    assert all("left" in line for line in lines[:-1])
    result.stdout.fnmatch_lines(["*to record: 3 trials, at least 3 calls*", "6 calls made, $0.*"])


def test_with_workers_the_head_comes_before_the_first_call_and_says_how_many(project) -> None:
    project.app(sdk_in_children=True)
    project.tests(THREE)
    project.record(*XDIST).assert_outcomes(passed=3)
    head, _, after = project.record(*XDIST, mode="all").stdout.str().partition("2 workers [3 item")
    assert re.search(r"^to record: 3 trials, 6 calls, \$[\d.]+, \d+ s with 2 workers$", head, re.M)
    assert "to record:" not in after


def test_a_short_recording_shows_no_line_and_quiet_none_at_all(project, monkeypatch) -> None:
    project.tests(THREE)
    assert shown(project.record()) == []
    monkeypatch.setattr(progress, "_EVERY_S", 0.0)
    for words in (["-q"], ["--claude-progress=off"]):
        result = project.record(*words, mode="all")
        assert shown(result) == []
        assert "6 calls made, $0." in result.stdout.str()


@pytest.mark.parametrize("words", [(), XDIST], ids=["one process", "xdist"])
def test_json_begins_with_the_numbers_of_the_dry_run(project, words) -> None:
    project.app(sdk_in_children=True)
    project.tests(THREE)
    project.record().assert_outcomes(passed=3)
    with project.server():
        json_ = "--claude-progress=json"
        dry = project.run("--claude-record=all", "--claude-dry-run", json_, *words)
        result = project.run("--claude-record=all", json_, *words)
        assert len(project.simulator.bodies) == 6
    [estimate] = events(dry.errlines)
    start, *during, end = events(result.errlines)
    assert (estimate.pop("event"), start.pop("event"), end["event"]) == ("estimate", "start", "end")
    assert start == {key: estimate[key] for key in start}
    assert (start["calls"], start["is_open"], start["trials"]) == ([6, 6], False, [3, 3])
    assert start["usd"] == [pytest.approx(end["usd"])] * 2
    assert [each["calls"] for each in during] == sorted(each["calls"] for each in during)
    assert during[-1] | {"event": "", "elapsed_s": 0} == end | {"event": "", "elapsed_s": 0}
    assert (end["calls"], end["trials"], end["left"], end["unpriced"]) == (6, 3, [0, 0], 0)


def test_json_can_go_to_a_file(project) -> None:
    project.tests(THREE)
    result = project.record("--claude-progress=json:progress.jsonl")
    assert events(result.errlines) == []
    lines = (project.path / "progress.jsonl").read_text().splitlines()
    assert [each["event"] for each in events(lines)][:: len(lines) - 1] == ["start", "end"]


@pytest.mark.parametrize("more", [(), ("--claude-dry-run",)], ids=["recording", "dry run"])
def test_a_file_that_cannot_be_written_is_told_before_the_first_call(project, more) -> None:
    project.tests(THREE)
    path = project.path / "nowhere" / "progress.jsonl"
    result = project.record(f"--claude-progress=json:{path}", *more)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --claude-progress=json:*: No such file or directory"])
    assert project.simulator.requests == []


def test_in_a_gate_what_is_left_is_a_range_that_no_trial_is_counted_in_twice(project) -> None:
    project.app(sdk_in_children=True)
    project.personas(new=calls(("lookup_order", {"order_id": "1234"})))
    project.tests(
        "def test_calls(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')"
    )
    project.record().assert_outcomes(passed=1)
    result = project.record(BUMP, "--claude-progress=json")
    start, *during, end = events(result.errlines)
    assert start["trials"][0] == 4 <= start["trials"][1]
    assert [each["trials"] for each in during] == [1, 2, 3, 4]
    for each in during:
        assert each["left"] == [max(0, n - each["trials"]) for n in start["trials"]]
    assert end["calls"] == 4 == len(project.simulator.bodies)


def test_an_unknown_price_is_unknown(project, often) -> None:
    project.tests("def test_calls(claude):\n    ask(model='claude-next-1')\n    ask()")
    project.personas(**{"claude-next-1": says("Hello.")})
    result = project.record("--claude-progress=json")
    end = events(result.errlines)[-1]
    assert (end["calls"], end["unpriced"]) == (2, 1)
    result.stdout.fnmatch_lines(["2 calls made, $0.* spent, cost of 1 call unknown"])
    project.tests("def test_calls(claude):\n    ask('more', model='claude-next-1')")
    result = project.record()
    result.stdout.fnmatch_lines(["1 call made, cost unknown"])


def test_another_word_is_a_usage_error(project) -> None:
    result = project.record("--claude-progress=jsn")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *--claude-progress=jsn: not one of json, json:PATH, off*"])


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix is needed to look at")
@pytest.mark.parametrize("style", ["progress", "classic"])
def test_on_a_terminal_the_line_stands_after_what_pytest_printed(project, style: str) -> None:
    import pty

    project.app(sdk_in_children=True)
    project.tests(THREE)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-p", "pytest_claude.plugin", "--claude-record"]
    command += ["-o", f"console_output_style={style}"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "PY_COLORS": "0"}
    with project.server():
        environment |= {n: os.environ[n] for n in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL")}
        with subprocess.Popen(
            command, cwd=project.path, stdout=theirs, stderr=theirs, env=environment
        ) as process:
            os.close(theirs)
            written = _read(ours)
        assert process.returncode == 0
    live = (
        r"test_app\.py \x1b\[K  \$[\d.]+ of about \$[\d.]+, ends \d\d:\d\d, "
        r"2 calls, about 4 left\x1b"
    )
    assert re.search(live, written)
    screen = [line for line in _on_screen(written) if line.startswith("test_app.py ")]
    end = "[100%]".rjust(100 - len("test_app.py ...") - 1) if style == "progress" else ""
    assert screen == [f"test_app.py ...{end}"]


def _read(terminal: int) -> str:
    pieces = []
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux's end of a terminal
            piece = b""
        if not piece:
            os.close(terminal)
            return b"".join(pieces).decode()
        pieces.append(piece)


def _on_screen(written: str) -> list[str]:
    """The lines that are left of what was written with carriage returns, erasures and steps."""
    lines = []
    for text in written.split("\n"):
        line, at = "", 0
        for piece in re.findall(r"\x1b\[\d*[A-Za-z]|\r|[^\x1b\r]+", text):
            if piece == "\r":
                at = 0
            elif piece == "\x1b[K":
                line = line[:at]
            elif piece.endswith("D") and piece.startswith("\x1b"):
                at -= int(piece[2:-1])
            elif not piece.startswith("\x1b"):
                line = line[:at].ljust(at) + piece + line[at + len(piece) :]
                at += len(piece)
        lines.append(line.rstrip())
    return lines


# --- going on where a recording stopped -----------------------------------------------------

MANY = """
@pytest.mark.parametrize("n", range(6))
def test_calls(claude, n):
    ask(f"question {n}")
    {then}
    ask(f"and {n}")
"""
STOPS = {
    "Ctrl-C": "if n == 1: raise KeyboardInterrupt",
    "an exit": "if n == 1: pytest.exit('enough')",
}


INCOMPLETE = "1 recording is incomplete, and --claude-record goes on with it:"


def unbroken(lines: list[str]) -> str:
    """What was printed, without the ends of lines."""
    return " ".join(line.strip() for line in lines)


@pytest.mark.parametrize("then", STOPS.values(), ids=STOPS)
def test_a_stopped_recording_names_what_the_next_one_goes_on_with(project, then: str) -> None:
    project.tests(MANY.replace("{then}", then))
    stopped = project.record("-p", "no:randomly")
    assert f"{INCOMPLETE} test_app/test_calls[1]/{OLD}.yaml" in unbroken(stopped.outlines)
    project.tests(MANY.replace("{then}", "pass"))
    assert f"{INCOMPLETE} test_app" in unbroken(project.run("--claude-dry-run").outlines)
    result = project.record("-p", "no:randomly")
    result.assert_outcomes(passed=6)
    before, _, after = unbroken(result.outlines).partition("test_app.py ")
    assert f"{INCOMPLETE} test_app/test_calls[1]" in before
    assert INCOMPLETE not in after
    assert len(project.simulator.bodies) == 2 * 6 - 3  # test 0 is whole; of 1 there is one call
    project.run("--claude-strict").assert_outcomes(passed=6)


LOST = """
import os

@pytest.mark.parametrize("n", range(5))
def test_calls(claude, n, monkeypatch):
    ask(f"question {n}")
    if os.path.exists("lost"):
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    ask(f"and {n}")
"""


@pytest.mark.parametrize("words", [(), XDIST], ids=["one process", "xdist"])
def test_after_a_lost_network_no_answer_is_paid_again(project, words) -> None:
    if not words:
        project.pytester.makeconftest("import anthropic\nanthropic.Anthropic.max_retries = 0")
    project.tests(LOST)
    (project.path / "lost").touch()
    lost = project.record(*words)
    lost.assert_outcomes(failed=5)
    named = "5 recordings are incomplete, and --claude-record goes on with them: "
    assert re.search(rf"{named}(test_app/\S+\.yaml, ){{2}}\S+ and 2 more", unbroken(lost.outlines))
    assert len(project.simulator.bodies) == 5
    (project.path / "lost").unlink()
    result = project.record(*words)
    result.assert_outcomes(passed=5)
    assert named in unbroken(result.outlines)
    asked = sorted(body["messages"][0]["content"] for body in project.simulator.bodies)
    assert asked == [f"and {n}" for n in range(5)]


@pytest.mark.child
@pytest.mark.skipif(sys.platform == "win32", reason="no process is killed so on Windows")
def test_a_recording_that_was_killed_is_named_at_the_start_of_the_next(project) -> None:
    def play(body: Any, seen: int) -> Reply:
        if body["messages"][0]["content"] == "and 2":
            meeting.reach("the call that the kill cuts")
            meeting.wait("the end of the test")
        return says("Hello.")(body, seen)

    project.personas(old=play)
    project.tests(MANY.replace("{then}", "pass"))
    with project.server():
        command = [sys.executable, "-m", "pytest", "-p", "pytest_claude.plugin"]
        command += ["-p", "no:randomly", "--claude-record"]
        with subprocess.Popen(command, cwd=project.path, stdout=subprocess.DEVNULL) as process:
            meeting.wait("the call that the kill cuts")
            project.kill(process)
    assert process.returncode == -signal.SIGKILL
    meeting.clear()
    project.personas(old=says("Hello."))
    result = project.record("-p", "no:randomly")
    result.assert_outcomes(passed=6)
    before = unbroken(result.outlines).partition("test_app.py ")[0]
    assert f"{INCOMPLETE} test_app/test_calls[2]" in before
    assert len(project.simulator.bodies) == 2 * 6 - 5
