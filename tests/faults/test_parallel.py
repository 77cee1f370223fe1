"""Many tests, workers, threads and tasks at once: each gets its own answers, nothing is lost."""

from __future__ import annotations

import pytest

XDIST = ("-p", "xdist", "-p", "pytest_claude.plugin")


@pytest.mark.fault("X03")
def test_a_worker_that_dies_while_recording_takes_only_its_test_with_it(project) -> None:
    project.tests(
        """
import os

@pytest.mark.parametrize("n", range(4))
def test_lives(claude, n):
    ask(f"order {n}")

def test_dies(claude):
    ask("the last words")
    if os.environ.get("DIES"):
        os._exit(3)
    ask("and more")
"""
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIES", "1")
        result = project.record(*XDIST, "-n2")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*worker 'gw?' crashed while running 'test_app.py::test_dies'*"])
    there = [name for name in project.cassettes if name.endswith(".yaml")]
    assert len(there) == 4
    result = project.record("-k", "test_dies")
    result.assert_outcomes(passed=1, deselected=4)
    result.stdout.fnmatch_lines(["1 answer of an interrupted recording taken from*"])
    assert [body["messages"][0]["content"] for body in project.simulator.bodies] == ["and more"]
    project.run("--claude-strict").assert_outcomes(passed=5)


SUITE = """
@pytest.mark.claude(trials=2)
@pytest.mark.parametrize("n", range(3))
def test_calls(n, claude):
    ask(f"order {n}")

def test_fails(claude):
    ask("fails")
    assert claude.calls_no_tool()

def test_stale(claude):
    ask("PROMPT")

def test_other(): pass
"""


def counted(result: pytest.RunResult) -> tuple[dict[str, int], list[str]]:
    """What pytest counted, and the section at the end."""
    lines = [line.strip() for line in result.outlines]
    begin = next(n for n, line in enumerate(lines) if "= claude =" in line)
    end = next(n for n in range(begin + 1, len(lines)) if lines[n].startswith("==="))
    return result.parseoutcomes(), lines[begin + 1 : end]


@pytest.mark.parametrize("dist", ["load", "loadscope", "loadfile", "worksteal"])
@pytest.mark.fault("X04")
def test_workers_count_and_say_what_one_process_does(project, dist: str) -> None:
    for name in ("test_app", "test_more"):
        project.tests(SUITE.replace("PROMPT", "before"), name)
    project.record().assert_outcomes(passed=10, failed=2)
    for name in ("test_app", "test_more"):
        project.tests(SUITE.replace("PROMPT", "after"), name)
    alone = counted(project.run("-p", "no:randomly"))
    assert alone[0] == {"passed": 8, "failed": 4}
    assert counted(project.run(*XDIST, "-n4", f"--dist={dist}")) == alone


@pytest.mark.fault("X04")
def test_each_of_two_environments_runs_and_counts_all(project) -> None:
    project.tests(SUITE.replace("PROMPT", "before"))
    project.record().assert_outcomes(passed=5, failed=1)
    result = project.run(*XDIST, "--dist=each", "--tx=2*popen")
    result.assert_outcomes(passed=10, failed=2)


TWICE = """
import pathlib

def first_run():
    ran = pathlib.Path("ran.txt").exists()
    pathlib.Path("ran.txt").touch()
    return not ran

@pytest.mark.parametrize("n", [1, 2])
def test_asks_twice(claude, n):
    assert [ask("one question").content[0].text for _ in "ab"] == ["answer 0", "answer 1"]
    if {fails}:
        assert not first_run()
"""
AGAIN = {
    "in any order": (["-p", "pytest_randomly", "-p", "pytest_claude.plugin"], False),
    "the same file twice": (["--keep-duplicates", "test_app.py", "test_app.py"], False),
    "what failed last": (["--lf"], True),
    "after a failure": (["-p", "pytest_rerunfailures", "--reruns=2"], True),
}


@pytest.mark.parametrize(("words", "fails"), AGAIN.values(), ids=AGAIN)
@pytest.mark.fault("X05")
def test_each_attempt_begins_with_the_first_answer(project, words: list[str], fails: bool) -> None:
    from simulator import says

    def persona(body, before):
        return says(f"answer {before % 2}")(body, before)

    project.personas(old=persona)
    project.tests(TWICE.format(fails=False))
    project.record().assert_outcomes(passed=2)
    project.tests(TWICE.format(fails=fails))
    if "--lf" in words:
        project.run().assert_outcomes(passed=1, failed=1)
        project.run(*words, "--claude-strict").assert_outcomes(passed=1)
        return
    result = project.run(*words, "--claude-strict")
    failed = 1 if fails else 0  # a rerun would roll the dice again: it is not made
    result.assert_outcomes(passed=(4 if words[0] == "--keep-duplicates" else 2) - failed,
                           failed=failed)  # fmt: skip


PARALLEL = """
import asyncio, threading, time
from concurrent.futures import ThreadPoolExecutor
import anthropic

def body(n):
    return {{"model": "claude-sonnet-4-5", "max_tokens": 9,
            "messages": [{{"role": "user", "content": f"question {{n}}"}}]}}

def test_tasks(claude):
    async def go():
        async with anthropic.AsyncAnthropic() as client:
            async def ask(n):
                await asyncio.sleep({pause})
                return n, (await client.messages.create(**body(n))).content[0].text
            return await asyncio.gather(*map(ask, range(5)))
    assert asyncio.run(go()) == [(n, f"question {{n}}") for n in range(5)]

def test_threads(claude):
    with anthropic.Anthropic() as client, ThreadPoolExecutor(10) as pool:
        def ask(n):
            time.sleep({pause})
            return n, client.messages.create(**body(n)).content[0].text
        assert list(pool.map(ask, range(10))) == [(n, f"question {{n}}") for n in range(10)]
"""


@pytest.mark.fault("X06", "X07")
def test_tasks_and_threads_get_their_own_answers_in_any_order(project) -> None:
    from simulator import says

    def echo(body, before):
        return says(body["messages"][0]["content"])(body, before)

    project.personas(old=echo)
    project.tests(PARALLEL.format(pause="n / 100"))
    project.record().assert_outcomes(passed=2)
    for pause in ("(10 - n) / 100", "0", "n % 3 / 100"):
        project.tests(PARALLEL.format(pause=pause))
        project.run("--claude-strict").assert_outcomes(passed=2)
