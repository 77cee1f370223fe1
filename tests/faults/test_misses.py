"""Where a miss happened, and what it says of the file it looked into."""

from __future__ import annotations

from typing import Any

import pytest

DESK = """
import asyncio, threading
import anthropic

BODY = {"model": "claude-sonnet-4-5", "max_tokens": 9,
        "messages": [{"role": "user", "content": "Where is my parcel?"}]}

def plainly():
    with anthropic.Anthropic() as client:
        client.messages.create(**BODY)  # here

def in_a_stream():
    with anthropic.Anthropic() as client, client.messages.stream(**BODY) as stream:  # here
        stream.get_final_text()

async def ask():
    async with anthropic.AsyncAnthropic() as client:
        await client.messages.create(**BODY)  # here

def in_a_loop():
    asyncio.run(ask())

def in_a_thread():
    thread = threading.Thread(target=swallowed)
    thread.start()
    thread.join()

def swallowed():
    try:
        plainly()
    except anthropic.APIError:
        pass
"""


@pytest.mark.parametrize(
    ("way", "function"),
    [
        ("plainly", "plainly"),
        ("in_a_stream", "in_a_stream"),
        ("in_a_loop", "ask"),
        ("in_a_thread", "plainly"),
    ],
)
def test_a_miss_names_the_line_of_the_app(project: Any, way: str, function: str) -> None:
    project.pytester.makepyfile(desk=DESK)
    project.tests(f"import desk\n\ndef test_desk(claude):\n    desk.{way}()\n")
    lines = DESK.strip().splitlines()
    start = next(n for n, line in enumerate(lines) if f"def {function}(" in line)
    number = next(n for n, line in enumerate(lines) if n > start and "# here" in line) + 1
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"  called at  desk.py, line {number}, in {function}"])


POINTER = f"""version https://git-lfs.github.com/spec/v1
oid sha256:{"4d" * 32}
size 12345
"""


@pytest.mark.fault("T11")
def test_a_pointer_of_git_lfs_is_called_one(project: Any) -> None:
    project.tests("def test_a(claude):\n    ask()\n")
    project.record().assert_outcomes(passed=1)
    (name,) = project.cassettes
    project.cassette(name).write_text(POINTER)
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*UnreadableCassette: cassettes/test_app/test_a/claude-sonnet-4-5.yaml: is a pointer "
            "of Git LFS, not its content",
            "  to repair  git lfs pull*",
        ]
    )
    assert project.cassette(name).read_text() == POINTER
