"""A problem of the recording edge fails its test, whatever the app does with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_claude.recording import cassette, partial
from pytest_claude.recording.entry import Recorded

FILE = "test_app/test_calls/claude-sonnet-4-5.yaml"
GOOD = """
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order")
"""

SWALLOWS = {
    "except Exception": "careless('changed')",
    "bare except": "try:\n        ask('changed')\n    except:\n        pass",
    "thread": (
        "import threading\n"
        "    t = threading.Thread(target=careless, args=('changed',)); t.start(); t.join()"
    ),
    "return in finally": (
        "def swallow():\n        try:\n            ask('changed')\n"
        "        finally:\n            return 1\n    swallow()"
    ),
    "gather": (
        "import asyncio, anthropic\n"
        "    async def go():\n"
        "        async with anthropic.AsyncAnthropic() as client:\n"
        "            call = client.messages.create(model='claude-sonnet-4-5', max_tokens=1,\n"
        "                messages=[{'role': 'user', 'content': 'x'}])\n"
        "            await asyncio.gather(call, return_exceptions=True)\n"
        "    asyncio.run(go())"
    ),
    "another exception": (
        "try:\n        ask('changed')\n    except BaseException:\n        raise ValueError('mine')"
    ),
    "skip": "try:\n        ask('changed')\n    except BaseException:\n        pytest.skip('mine')",
}


@pytest.mark.parametrize("body", SWALLOWS.values(), ids=SWALLOWS)
@pytest.mark.parametrize("marker", ["", "@pytest.mark.xfail"], ids=["plain", "xfail"])
@pytest.mark.fault("N05")
def test_a_miss_fails_the_test_whatever_the_app_does(project, body: str, marker: str) -> None:
    project.tests(GOOD)
    project.record()
    project.tests(f"{marker}\ndef test_calls(claude):\n    {body}")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   pytest_claude.CassetteMiss: no recording answers call 1: *"])


@pytest.mark.fault("M01", "N04")
def test_a_miss_is_one_attempt_and_one_screen(project) -> None:
    project.tests(GOOD)
    project.record()
    project.tests("def test_calls(claude):\n    try: ask('I want a hug')\n    except: pass")
    result = project.run()
    start = result.outlines.index(
        "E   pytest_claude.CassetteMiss: no recording answers call 1: "
        "the prompt was edited (`messages[0].content`)"
    )
    assert result.outlines[start + 1 : start + 14] == [
        "------------------------------------ claude ------------------------------------",
        "  expected   a recorded answer to POST /v1/messages (call 1, claude-sonnet-4-5)",
        "  observed   `messages[0].content` differs from the nearest recording; model,",
        "             tools, max_tokens are equal",
        "             the app caught the error",
        "  evidence   cassettes/test_app/test_calls/claude-sonnet-4-5.yaml,",
        "             interaction 1 of 1, word 4 of 4",
        "             -  I want a refund",
        "             +  I want a hug",
        "  called at  app.py, line 19, in ask",
        "  to record  pytest test_app.py::test_calls --claude-record",
        "==================================== claude ====================================",
        "1 test without a recording that fits, about 1 call to record",
    ]
    assert len(result.outlines) < 40


def test_a_miss_is_at_its_test_for_tools_that_go_to_the_line(project) -> None:
    project.tests("\n\ndef test_calls(claude):\n    careless()")
    line = "test_app.py:5: pytest_claude.CassetteMiss: no recording answers call 1: *"
    project.run("--tb=line").stdout.fnmatch_lines([line])


def test_another_model_is_named(project) -> None:
    project.tests(GOOD)
    project.record()
    project.pytester.makepyfile(
        app=(project.path / "app.py").read_text().replace("claude-sonnet-4-5", "claude-opus-5")
    )
    project.run().stdout.fnmatch_lines(["*: recorded for claude-sonnet-4-5, not for claude-opus-5"])


@pytest.mark.fault("M06")
def test_one_call_too_many_is_told_as_such(project) -> None:
    project.tests(GOOD)
    project.record()
    project.tests("def test_calls(claude):\n    ask()\n    ask()")
    project.run().stdout.fnmatch_lines(
        [
            "E   *CassetteMiss: no recording answers call 2: one call more than recorded",
            "  observed   the matching interaction was played",
        ]
    )


def test_one_edit_that_makes_many_tests_stale_is_told_once(project) -> None:
    tests = "\n".join(f"def test_{n}(claude):\n    ask('look at {n}')" for n in range(3))
    project.tests(tests)
    project.record()
    project.tests("\n".join(f"def test_{n}(claude):\n    ask('see {n}')" for n in range(3)))
    text = project.run().stdout.str()
    assert text.count("same cause as") == 0, "the numbers differ, so the edits do"
    system = "\n".join(
        f"def test_{n}(claude):\n    ask('look at {n}', system='be {{0}}')" for n in range(3)
    )
    project.tests(system.format("brief"))
    project.record(mode="all").assert_outcomes(passed=3)
    project.tests(system.format("kind"))
    result = project.run()
    result.assert_outcomes(failed=3)
    assert result.stdout.str().count("(same cause as test_app.py::test_0)") == 2
    result.stdout.fnmatch_lines(
        [
            "3 tests without a recording that fits, about 3 calls to record",
            "  the prompt was edited (`system`)   3 tests   3 calls",
            "  to record  pytest --claude-record",
        ]
    )
    assert len(result.outlines) < 40


BAD = {
    "empty": (lambda text: "", "is empty"),
    "blank": (lambda text: " \n\n", "is empty"),
    "cut": (
        lambda text: text[: text.index("  response:")],
        "is truncated: its end is missing",
    ),
    "no yaml": (lambda text: text.replace("version: 1", "version: [1"), "is no YAML at line *"),
    "a mistyped key": (
        lambda text: text.replace("    method: POST", "    methd: POST"),
        "*interaction 1: its request has no method",
    ),
    "a mapping for a body": (
        lambda text: text.replace("      string: |", "      string:"),
        "*(interaction 1)",
    ),
    "merge conflict": (
        lambda text: text.replace("- fingerprint:", "<<<<<<< HEAD\n- fingerprint:"),
        "holds a merge conflict at line *",
    ),
    "edited": (lambda text: text.replace('"1234"', '"4321"'), "was edited by hand: *"),
    "one interaction less": (
        lambda text: text.replace("interactions: 1", "interactions: 2"),
        "is truncated: 1 of 2 interactions are there",
    ),
    "newer": (
        lambda text: text.replace("pytest-claude 1", "pytest-claude 9"),
        "has the format 'pytest-claude 9', this pytest-claude reads 'pytest-claude 1': "
        "it needs a newer pytest-claude",
    ),
    "python tag": (
        lambda text: text.replace("version: 1", "version: !!python/object/apply:os.getcwd []"),
        "is no YAML at line 1: could not determine a constructor for the tag *",
    ),
    "other yaml": (lambda text: "a: 1\nb: 2\n", "is no recording of a known format (*a, b)"),
    "status as text": (
        lambda text: text.replace("code: 200", "code: '200'"),
        "*its response has no status.code, a number",
    ),
}


@pytest.mark.parametrize(("spoil", "reason"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("mode", ["none", "new_episodes"])
@pytest.mark.fault("C01", "C03", "C07", "C09", "C10", "C11")
def test_an_unreadable_cassette_is_never_taken_for_a_missing_one(
    project, spoil, reason: str, mode: str
) -> None:
    project.tests(GOOD)
    project.record()
    path = project.cassette(FILE)
    spoilt = spoil(path.read_text())
    assert spoilt != path.read_text()
    path.write_text(spoilt)
    project.tests("def test_calls(claude):\n    careless()")
    result = project.run() if mode == "none" else project.record(mode=mode)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [f"E   pytest_claude.UnreadableCassette: cassettes/{FILE}: {reason}"]
    )
    assert path.read_text() == spoilt
    if mode != "none":
        assert project.simulator.requests == []


@pytest.mark.parametrize(
    "change",
    [lambda data: data.replace(b"\n", b"\r\n"), lambda data: b"\xef\xbb\xbf" + data],
    ids=["CRLF", "BOM"],
)
@pytest.mark.fault("C04", "C05")
def test_what_an_editor_or_git_does_to_line_ends_is_survived(project, change) -> None:
    project.tests(GOOD)
    project.record()
    path = project.cassette(FILE)
    path.write_bytes(change(path.read_bytes()))
    project.run().assert_outcomes(passed=1)


@pytest.mark.fault("N01")
def test_a_call_outside_the_claude_tests_is_refused_and_told(project) -> None:
    project.tests(
        GOOD
        + """
def test_forgot_the_fixture():
    with pytest.raises(BaseException):
        ask()
"""
    )
    project.record("-k", "test_calls")
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   *CallOutsideTrial: POST api.anthropic.com/v1/messages outside a claude test *",
            "=* claude *=",
            "1 problem outside the claude tests",
            "  POST api.anthropic.com/v1/messages outside a claude test *",
        ]
    )


@pytest.mark.fault("M05")
def test_a_recording_that_is_not_played_is_told(project) -> None:
    project.tests("def test_calls(claude):\n    ask('one')\n    ask('two')")
    project.record()
    project.tests("def test_calls(claude):\n    ask('one')")
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "1 recording was not played (the app calls less)",
            f"  cassettes/{FILE}, interaction 2 of 2",
        ]
    )


def test_green_replay_says_one_line(project) -> None:
    project.tests(GOOD)
    project.record()
    lines = project.run().outlines
    assert [line for line in lines if "claude" in line and "plugins:" not in line] == [
        "claude: 1 of 1 test, replay only"
    ]


@pytest.mark.fault("A04")
def test_a_stream_that_the_server_cut_is_not_recorded_and_one_that_is_replays_as_cut(
    project,
) -> None:
    from simulator import cutting, says

    project.personas(old=cutting(says("A long answer that is never finished."), 4))
    project.tests(
        """
import anthropic

def test_calls(claude):
    client = anthropic.Anthropic(max_retries=0)
    with pytest.raises(Exception, match="peer closed|was cut"):
        with client.messages.stream(model="claude-sonnet-4-5", max_tokens=9,
                                    messages=[{"role": "user", "content": "x"}]) as stream:
            stream.get_final_message()
    with pytest.raises(AssertionError, match="stream of call 1 was not read to its end"):
        bool(claude.stops_with("end_turn"))
"""
    )
    project.record().stdout.fnmatch_lines(
        ["E   *SpoiledTrial: the connection broke in an answer: nothing was recorded"]
    )
    path = project.cassette(FILE)
    for entries in (partial.load(path), [without_who_ended_it(e) for e in partial.load(path)]):
        cassette.save(path, entries, ["one call"])
        assert "complete: false" in path.read_text()
        project.run().assert_outcomes(passed=1)


def without_who_ended_it(entry: Recorded) -> Recorded:
    """As recordings were that did not say whether the server or the app ended a stream."""
    cut = replace(entry.interaction.response, ended="unknown")
    return Recorded.of(replace(entry.interaction, response=cut))


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n1"]], ids=["alone", "xdist"])
def test_cassettes_of_a_folder_above_are_named_when_there_is_no_ini_file(
    project, workers: list[str]
) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.record()
    (project.path / "pyproject.toml").unlink()
    sub = project.path / "sub"
    sub.mkdir()
    for name in ("app.py", "test_app.py"):
        (project.path / name).rename(sub / name)
    result = project.run(f"--rootdir={sub}", str(sub), *workers)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "no cassettes/ in pytest's rootdir, but one in a folder above it",
            "  to use it  touch pytest.ini",
        ]
    )
    (project.path / "pytest.ini").touch()
    assert "no cassettes/" not in project.run(str(sub), *workers).stdout.str()
    (project.path / "pytest.ini").unlink()
    (sub / "test_app.py").write_text("def test_other(): pass")
    others = project.run(f"--rootdir={sub}", str(sub), *workers)
    assert "no cassettes/" not in others.stdout.str(), "these may be another library's"


def test_cassettes_of_a_folder_below_are_named_too(project) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.record()
    (project.path / "pyproject.toml").unlink()
    sub = project.path / "sub"
    sub.mkdir()
    for name in ("app.py", "test_app.py", "cassettes"):
        (project.path / name).rename(sub / name)
    project.run(str(sub)).stdout.fnmatch_lines(
        [
            "no cassettes/ in pytest's rootdir, but one in a folder below it",
            "  to use it  touch sub/pytest.ini",
        ]
    )
    (sub / "pytest.ini").touch()
    project.run(str(sub)).assert_outcomes(passed=1)


def test_a_test_without_a_recording_may_have_been_renamed(project) -> None:
    source = "def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')"
    renamed = "  if renamed  pytest-claude check names the folder to move"
    project.tests(source)
    assert renamed not in project.run().outlines, "nothing else is recorded either"
    project.record()
    project.tests(source.replace("test_a", "test_b"))
    assert renamed in project.run().outlines
