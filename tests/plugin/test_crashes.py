"""Whatever kills a recording: the old cassette is whole and no paid answer is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude.recording import cassette, files, partial
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.locking import WriteLock
from pytest_claude.transcript.interaction import Interaction, Request, Response

FILE = "test_app/test_calls/claude-sonnet-4-5.yaml"
SIX = """
def test_calls(claude):
    for number in range(6):
        answer = ask(f"question {number}")
        with open("got.txt", "a") as file:
            file.write(answer.id + "\\n")
"""
PYTEST = ("-m", "pytest", "-q", "-p", "pytest_claude.plugin", "--claude-record=all")


def entry(number: int) -> Recorded:
    request = Request("POST", "https://api.anthropic.com/v1/messages", b'{"n": %d}' % number)
    return Recorded.of(Interaction(request, Response(200, b'{"answer": %d}' % number)))


@pytest.mark.parametrize("answers", [1, 3, 5])
@pytest.mark.child
@pytest.mark.fault("W01")
def test_a_killed_recording_loses_nothing(project, answers: int) -> None:
    from simulator import Reply, meeting, says

    project.tests(SIX)
    project.record().assert_outcomes(passed=1)
    before = project.cassette(FILE).read_bytes()

    def play(body, seen) -> Reply:
        if body["messages"][0]["content"] == f"question {answers}":
            meeting.reach("the call that the kill cuts")
            meeting.wait("the end of the test")
        return says("Hello.")(body, seen)

    project.personas(old=play)
    with project.server():
        command = [sys.executable, *PYTEST]
        with subprocess.Popen(command, cwd=project.path, stdout=subprocess.DEVNULL) as process:
            meeting.wait("the call that the kill cuts")
            project.kill(process)
    assert process.returncode == -signal.SIGKILL
    meeting.clear()
    assert (project.path / "got.txt").read_text().count("\n") == 6 + answers
    path = project.cassette(FILE)
    assert path.read_bytes() == before
    assert len(partial.load(path)) == answers
    # The next run says so, and replays the old cassette.
    result = project.run()
    result.assert_outcomes(passed=1)
    told = " ".join(line.strip() for line in result.outlines)
    assert f"an interrupted recording left {answers} answer" in told
    # Going on pays only for what is missing.
    path.unlink()
    project.personas(old=says("Hello."))
    project.record().assert_outcomes(passed=1)
    assert len(project.simulator.bodies) == 6 - answers
    assert project.cassettes == [FILE]


def test_every_cut_of_a_partial_file_gives_whole_answers(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    texts = []
    for number in range(3):
        partial.append(path, entry(number))
        texts.append(partial.partial_of(path).stat().st_size)
    whole = partial.partial_of(path).read_bytes()
    for end in range(len(whole)):
        partial.partial_of(path).write_bytes(whole[:end])
        found = [recorded.response.body for recorded in partial.load(path)]
        expected = sum(end >= size for size in texts)
        assert found == [b'{\n  "answer": %d\n}\n' % n for n in range(expected)]


@pytest.mark.fault("W03")
def test_a_full_disk_while_recording_fails_the_test(project, monkeypatch) -> None:
    project.tests("def test_calls(claude):\n    ask()")
    project.record()
    before = project.cassette(FILE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "append", full)
        result = project.record(mode="all")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *UnsavedCassette: *could not be saved: No space left*"])
    assert project.cassette(FILE).read_bytes() == before


@pytest.mark.fault("W09")
def test_two_processes_do_not_record_one_test_at_once(project) -> None:
    project.tests("def test_calls(claude):\n    careless()")
    other = WriteLock(project.cassette(FILE))
    try:
        result = project.record()
    finally:
        other.release()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *UnsavedCassette: * is being recorded by another process"])
    assert project.simulator.requests == [], "nothing was paid"
    project.record().assert_outcomes(passed=1)


@pytest.mark.fault("W04")
def test_a_read_only_folder_is_told_before_the_first_paid_call(project, monkeypatch) -> None:
    project.tests("def test_calls(claude):\n    careless()")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        result = project.record("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *UnsavedCassette: *could not be saved: Permission denied"])
    assert project.simulator.requests == []


def test_a_kill_between_the_save_and_the_clean_up_doubles_no_answer(project) -> None:
    project.tests("def test_calls(claude):\n    ask('one')\n    ask('two')")
    project.record().assert_outcomes(passed=1)
    path = project.cassette(FILE)
    for entry_ in cassette.load(path, "x"):
        partial.append(path, entry_)  # what such a death leaves
    result = project.run("--claude-strict")
    result.assert_outcomes(passed=1)
    assert "interrupted" not in result.stdout.str()
    project.tests("def test_calls(claude):\n    ask('one')\n    ask('more')\n    assert False")
    project.record().assert_outcomes(failed=1)
    questions = [json.loads(e.request.body)["messages"] for e in cassette.load(path, "x")]
    assert [q[0]["content"] for q in questions] == ["one", "more", "two"]


FORKS = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

def test_calls(claude):
    ask("before")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        try:
            pool.submit(ask, "in the child").result()
        except BaseException as error:
            pass  # an error of the SDK does not survive pickling
"""


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_pays_for_nothing_that_nobody_would_keep(project) -> None:
    project.tests(FORKS)
    told = {
        "new_episodes": "CallOutsideTrial: a forked process asked a model: that can't be recorded*",
        # The spoiled trial is kept aside and is no recording.
        "none": "CassetteMiss: no recording answers call 1: nothing is recorded for this test",
    }
    run = project.pytester.runpytest_subprocess
    with project.server():
        for mode, problem in told.items():
            result = run("-p", "pytest_claude.plugin", f"--claude-record={mode}")
            result.assert_outcomes(failed=1)
            result.stdout.fnmatch_lines([f"E   *{problem}"])
        asked = [body["messages"][0]["content"] for body in project.simulator.bodies]
    assert asked == ["before"]


def test_an_answer_that_comes_after_the_test_is_kept_for_the_next_run(project) -> None:
    from simulator import meeting, says

    def waits(body, seen):
        if "slow" in str(body["messages"]):
            meeting.reach("the call is under way")
            meeting.wait("the next test")
        return says("Hello.")(body, seen)

    project.personas(old=waits)
    project.tests(
        """
import threading
from simulator import meeting

threads = []

def test_calls(claude):
    ask("one")
    thread = threading.Thread(target=ask, args=["slow"])
    threads.append(thread)
    thread.start()
    meeting.wait("the call is under way")

def test_other():
    meeting.reach("the next test")
    threads[0].join()
"""
    )
    result = project.record("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E   *the test ended while call 2 was under way*"])
    assert len(partial.load(project.cassette(FILE))) == 2
    project.tests("def test_calls(claude):\n    ask('one')\n    ask('slow')")
    project.record().assert_outcomes(passed=1)
    assert project.simulator.bodies == [], "both were paid for already"
    project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.child
@pytest.mark.fault("X01")
def test_two_hundred_tests_recorded_by_eight_workers(project) -> None:
    pytest.importorskip("xdist")
    project.pytester.makepyfile(
        test_many="""
import os
import httpx2 as http
import pytest

BASE = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")

@pytest.mark.parametrize("n", range(200))
def test_calls(claude, n):
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9,
            "messages": [{"role": "user", "content": f"question {n}"}]}
    http.post(f"{BASE}/v1/messages", json=body, headers={"x-api-key": "k"},
              timeout=60).raise_for_status()
    assert claude.replies
""".replace("httpx2", _http_library())
    )
    workers = ("-p", "xdist", "-n", "8", "-p", "no:cacheprovider")
    with project.server():
        run = project.pytester.runpytest_subprocess
        run("-p", "pytest_claude.plugin", *workers, "--claude-record").assert_outcomes(passed=200)
        asked = sorted(body["messages"][0]["content"] for body in project.simulator.bodies)
    assert asked == sorted(f"question {n}" for n in range(200))
    assert len(project.cassettes) == 200
    for name in project.cassettes:
        assert len(cassette.load(project.cassette(name), name)) == 1
    run("-p", "pytest_claude.plugin", "--claude-strict").assert_outcomes(passed=200)


def _http_library() -> str:
    import anthropic

    return "httpx" if anthropic.__version__.startswith("0.") else "httpx2"
