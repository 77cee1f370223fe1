"""The way from a regression to a merged change: each command is printed by the one before."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from simulator import asks, by_prompt, calls

from pytest_claude import cli
from pytest_claude.cli import prune

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
ASKS = asks("Which order do you mean?")
CALLS = calls(("lookup_order", {"order_id": "1234"}))

SHAPES = {
    "a function": """
def test_refund(claude):
    ask(PROMPT)
    assert claude.calls_tool("lookup_order")
""",
    "a class": """
class TestDesk:
    def test_refund(self, claude):
        ask(PROMPT)
        assert claude.calls_tool("lookup_order")
""",
    "parameters": """
@pytest.mark.parametrize("what", ["one two", "it's", 'the "other"'])
def test_refund(claude, what):
    ask(f"{PROMPT} {what}")
    assert claude.calls_tool("lookup_order")
""",
    "an async app": """
import asyncio
from app import MODEL, TOOLS

async def answer(text):
    import anthropic
    async with anthropic.AsyncAnthropic() as client:
        return await client.messages.create(model=MODEL, max_tokens=100, tools=TOOLS,
            messages=[{"role": "user", "content": text}])

def test_refund(claude):
    asyncio.run(answer(PROMPT))
    assert claude.calls_tool("lookup_order")
""",
    "two prompts": """
def test_refund(claude):
    ask("stays")
    ask(PROMPT)
    assert len(claude.tool_calls) == 2
""",
}
STAYS = """
PROMPT = "A refund, please"

def test_hours(claude):
    ask("When do you open?")
    assert claude.calls_tool("lookup_order")
"""


class Way:
    """Runs what is printed, and nothing else."""

    def __init__(self, project: Any, capfd: Any) -> None:
        self.project = project
        self._capfd = capfd
        self.text = ""

    def type(self, line: str) -> int:
        """Run a command as it is typed, at the simulator where it records; its exit status."""
        status = 0
        for command in line.split(" && "):
            program, *words = shlex.split(command)
            status = status or self._run(program, words)
        self.text = self._capfd.readouterr().out
        return status

    def _run(self, program: str, words: list[str]) -> int:
        if program == "pytest-claude":
            return cli.main(words)
        if program in ("rm", "mv", "mkdir"):
            return subprocess.run([program, *words], check=False).returncode
        assert program == "pytest"
        return int(self.project.run(*words).ret)

    def printed(self, label: str) -> str:
        """The command that was printed under a label: on its line, or on the next."""
        found = re.search(rf"^  {label}(?:  +|\n    )(\S.*)$", self.text, re.MULTILINE)
        assert found, f"nothing is printed {label!r}:\n{self.text}"
        return found[1]


@pytest.fixture
def way(
    project: Any, capfd: Any, monkeypatch: Any, commands_in_process: None, short_gates: None
) -> Any:
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_claude.plugin")
    return Way(project, capfd)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("shape", SHAPES)
def test_three_commands_lead_from_red_to_shipped(way: Way, shape: str) -> None:
    project = way.project
    project.tests(STAYS + SHAPES[shape])
    project.personas(new=by_prompt({"mended": CALLS, "refund": ASKS}, CALLS))
    with project.server():
        assert way.type("pytest --claude-record") == 0
        assert way.type(f"pytest {BUMP} --claude-record") == 1
        assert "FAIL" in way.text
        edit(project.path / "test_app.py", "A refund, please", "A mended refund, please")
        assert way.type(way.printed("to try a fix")) == 0
        assert "test_hours" not in way.text, "only what failed is judged again"
        asked = len(project.simulator.bodies)
        assert way.type(way.printed("to judge all")) == 0
        assert len(project.simulator.bodies) == asked, "nothing is paid twice"
    assert way.type(way.printed("to repeat it")) == 0, "without a key"
    assert "PASS" in way.text
    assert "2nd edition of" in way.text
    assert way.type(way.printed("to adopt it")) == 0
    edit(project.path / "app.py", OLD, NEW)
    assert way.type("pytest") == 0


def test_adopt_ends_with_nothing_left_to_do(red: Way) -> None:
    project = red.project
    mend(red)
    (project.path / "settings.toml").write_text(f'[app]\nmodel = "{OLD}-20250929"\n')
    (project.path / "NOTES.md").write_text(f"We asked {OLD} before.\n")
    with project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    assert red.type(red.printed("to adopt it")) == 0
    assert f"  app.py:7  {OLD} → {NEW}\n" in red.text
    assert f"  settings.toml:2  {OLD}-20250929 → {NEW}\n" in red.text
    assert "NOTES.md" not in red.text
    assert "2 cassettes of the old model and 1 file of the gate have no use any more" in red.text
    assert "plain replay passes" in red.text
    remove = red.printed("to remove them")
    assert red.type(red.printed("to edit them")) == 0
    assert f'MODEL = "{NEW}"' in (project.path / "app.py").read_text()
    assert (project.path / "settings.toml").read_text() == f'[app]\nmodel = "{NEW}"\n'
    assert red.type(remove) == 0
    assert "removed 2 cassettes of the old model and 1 file of the gate" in red.text
    assert red.type("pytest") == 0
    assert red.type(remove) == 0, "there is nothing left"
    gate = f"_gate/{OLD}__{NEW}"
    trials = [f"{NEW}.yaml", *(f"{NEW}.{n}.yaml" for n in (2, 3, 4))]
    tests = ["test_hours", "test_refund"]
    kept = [f"test_app/{test}/{name}" for test in tests for name in trials]
    assert project.cassettes == sorted([f"{gate}/BUMP.md", *kept])


def test_adopt_asks_before_it_removes(red: Way, monkeypatch: Any) -> None:
    mend(red)
    with red.project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    questions: list[str] = []
    monkeypatch.setattr(prune, "is_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "y")
    assert red.type(red.printed("to adopt it")) == 0
    assert questions == ["\nremove 2 cassettes of the old model and 1 file of the gate? [y/N] "]
    assert not any("ledger" in name or OLD in Path(name).name for name in red.project.cassettes)


def test_adopt_says_where_the_apps_own_code_must_follow(way: Way) -> None:
    """A request that the bump adapted is not what the app sends once its model id is edited."""
    project = way.project
    project.tests("""
def test_a(claude):
    ask("Hours?", max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024})
    assert claude.calls_tool("lookup_order")
""")
    project.personas(new=CALLS)
    with project.server():
        assert way.type("pytest --claude-record") == 0
        assert way.type(f"pytest {BUMP} --claude-record") == 0
    assert way.type(way.printed("to adopt it")) == 0
    assert "plain replay is not green" in way.text
    assert "`thinking" in way.text.partition("plain replay on the new model:")[2]


REFUND = STAYS + SHAPES["a function"]
MENDS = {"mended": CALLS, "refund": ASKS}


@pytest.fixture(scope="session")
def told_red() -> list[str]:
    """What the bump that regressed has printed, where it was run already."""
    return []


@pytest.fixture
def red(way: Way, recorded_once: Any, told_red: list[str]) -> Way:
    """A bump that regressed."""
    way.project.tests(REFUND)
    way.project.personas(new=by_prompt(MENDS, CALLS))

    def record() -> None:
        with way.project.server():
            assert way.type("pytest --claude-record") == 0
            assert way.type(f"pytest {BUMP} --claude-record") == 1
        told_red.append(way.text)

    recorded_once(way.project, "red", record)
    (way.text,) = told_red
    return way


def mend(way: Way, old: str = "A refund", new: str = "A mended refund") -> None:
    edit(way.project.path / "test_app.py", old, new)


def trials_of(project: Any, test: str) -> list[str]:
    return [name for name in project.cassettes if "_gate" in name and f"/{test}/" in name]


def test_what_the_app_asks_no_more_is_dropped_and_told_in_one_line(red: Way) -> None:
    project = red.project
    assert len(trials_of(project, "test_refund")) == 8 + 8
    mend(red)
    with project.server():
        red.type(red.printed("to try a fix"))
    assert len(trials_of(project, "test_refund")) == 4
    told = "test_app.py::test_refund, recorded over: behaves as before in 1 trial; 16 trials of"
    assert told in " ".join(red.text.split())
    assert red.text.count("what it asked before") == 1
    assert len(trials_of(project, "test_hours")) == 4, "what was not edited stays"


def test_the_recordings_of_a_renamed_class_are_found_before_they_are_paid_again(
    way: Way, capfd: Any
) -> None:
    project = way.project
    project.tests('PROMPT = "A mended refund"\n' + SHAPES["a class"])
    project.personas(new=CALLS)
    with project.server():
        assert way.type("pytest --claude-record") == 0
    edit(project.path / "test_app.py", "TestDesk", "TestDeskOfTwo")  # the old name begins the new
    move = "mv cassettes/test_app/TestDesk.test_refund cassettes/test_app/TestDeskOfTwo.test_refund"
    assert way.type("pytest") == 1
    assert move in " ".join(way.text.split())
    project.run(BUMP)
    assert move in capfd.readouterr().err
    with project.server():
        project.run(BUMP, "--claude-record", "--collect-only")
        assert move in capfd.readouterr().out
    assert way.type(move) == 0
    with project.server():
        assert way.type(f"pytest {BUMP} --claude-record") == 0
        assert {body["model"] for body in project.simulator.bodies} == {NEW}
    edit(
        project.path / "test_app.py",
        "TestDeskOfTwo:",
        "TestDeskOfTwo:\n    pass\n\nclass TestDesk:",
    )
    assert way.type("pytest") == 1
    assert "to move it" not in way.text, "the class that recorded it is there"


@pytest.mark.parametrize("edited", ["the first request", "a later request", "another preset"])
def test_an_edit_that_is_undone_is_another_attempt(way: Way, edited: str) -> None:
    project, red = way.project, way
    project.tests(STAYS + SHAPES["two prompts" if "later" in edited else "a function"])
    project.personas(new=by_prompt(MENDS, CALLS))
    preset = " --claude-gate standard" if "preset" in edited else ""
    with project.server():
        assert way.type("pytest --claude-record") == 0
        assert way.type(f"pytest {BUMP} --claude-record") == 1
        mend(red)
        assert red.type(f"pytest {BUMP} --claude-record{preset}") == 0
    mend(red, "A mended refund", "A refund")
    with project.server():
        assert red.type(f"pytest {BUMP} --claude-record --claude-report=live.json") == 1
    told = " ".join(red.text.split())
    assert "2nd edition of 1 test: a drop that persists through both is missed with" in told
    assert "1 test came back to an edition that was judged before: attempt 2 of it" in told
    red.type(f"pytest {BUMP} --claude-report=replay.json")
    files = ((project.path / f"{name}.json").read_text() for name in ("replay", "live"))
    replay, live = (json.loads(file)["decision"] for file in files)
    assert replay == live


def test_a_clock_in_the_prompt_is_no_edit_and_is_told_with_what_to_type(
    way: Way, monkeypatch: Any
) -> None:
    project = way.project
    project.tests("""
import os

def test_a(claude):
    ask("It is " + os.environ["TODAY"] + ". When do you open?")
    assert claude.calls_tool("lookup_order")
""")
    project.personas(new=CALLS)
    with project.server():
        for day, command in enumerate(["", BUMP, BUMP], start=1):
            monkeypatch.setenv("TODAY", f"2026-11-0{day}")
            assert way.type(f"pytest {command} --claude-record") == 0
    told = " ".join(way.text.split())
    assert "`messages[0].content` changes from run to run" in told
    assert 'to ignore it: @pytest.mark.claude_ignore("dates")' in told
    assert "edition of 1 test: a drop" not in told
    assert "attempt 2 of it, false alarms at most 0.1" in told, "the same was asked again"
    edit(
        project.path / "test_app.py",
        "def test_a",
        '@pytest.mark.claude_ignore("dates")\ndef test_a',
    )
    monkeypatch.setenv("TODAY", "2026-11-04")
    with project.server():
        assert way.type(f"pytest {BUMP} --claude-record") == 0
        assert not project.simulator.bodies


@pytest.mark.parametrize("where", ["the first request", "a later request"])
def test_what_is_random_in_a_prompt_makes_another_attempt_of_each_recording(
    way: Way, where: str
) -> None:
    """No rule covers it: the trials are taken again, and the FAIL before them is told."""
    project = way.project
    first = "" if "first" in where else "    ask('When do you open?')\n"
    project.tests(f"""
import random

@pytest.mark.claude(trials=4)
def test_a(claude):
{first}    ask(f"I am number {{random.random()}}. A refund, please.")
    assert claude.calls_tool("lookup_order")
""")
    project.personas(new=asks("Which order do you mean?"))
    with project.server():
        assert way.type("pytest --claude-record") == 0
        assert way.type(f"pytest {BUMP} --claude-record") == 1
    project.personas(new=CALLS)
    with project.server():
        assert way.type(f"pytest {BUMP} --claude-record") == 0
    told = " ".join(way.text.split())
    assert "edition of 1 test: a drop" not in told
    assert "attempt 2 of it, false alarms at most 0.1" in told


def test_the_candidates_own_adaptation_is_followed_too(red: Way) -> None:
    project = red.project
    project.pytester.makeconftest(
        "def pytest_claude_adapt_request(body, old, new):\n"
        "    text = body['messages'][0]['content'].replace('A refund', 'A mended refund')\n"
        "    return {**body, 'messages': [{'role': 'user', 'content': text}]}\n"
    )
    with project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 0
        assert [body["model"] for body in project.simulator.bodies] == [NEW] * 4
    assert red.type(red.printed("to repeat it")) == 0
    fresh = [name for name in trials_of(project, "test_refund") if "base_fresh" in name]
    assert len(fresh) == 8, "the baseline was asked the same"


def test_a_replay_takes_what_its_verdict_read(red: Way) -> None:
    """A trial that a cut run or a merge left beside the others is not in the way."""
    mend(red)
    with red.project.server():
        assert red.type(red.printed("to try a fix")) == 0
    again = red.printed("to repeat it")
    one = red.project.cassette(next(n for n in red.project.cassettes if n.endswith("-5-5.4.yaml")))
    other = one.with_name(one.name.replace(".4.", ".5."))
    other.write_text(one.read_text().replace("A mended refund", "Another refund"))
    assert red.type(again) == 0
    assert "PASS" in red.text


def test_what_was_recorded_beyond_the_marker_is_not_paid_for_again(red: Way) -> None:
    project = red.project
    with project.server():
        assert red.type("pytest --claude-record --claude-trials=5") == 0
    mend(red)
    with project.server():
        red.type(f"pytest test_app.py::test_refund {BUMP} --claude-record")
        assert [body["model"] for body in project.simulator.bodies] == [OLD] + [NEW] * 4


def test_commands_are_typed_where_pytest_was_started(way: Way, monkeypatch: Any) -> None:
    project = way.project
    project.tests(REFUND)
    project.personas(new=by_prompt(MENDS, CALLS))
    (project.path / "pytest.ini").touch()
    (project.path / "docs").mkdir()
    monkeypatch.chdir(project.path / "docs")
    with project.server():
        assert way.type("pytest .. --claude-record") == 0
        assert way.type(f"pytest .. {BUMP} --claude-record") == 1
        assert "../test_app.py::test_refund" in way.printed("to try a fix")
        assert "../test_app.py::test_refund" in way.printed("to repeat it")
        mend(way)
        assert way.type(way.printed("to try a fix")) == 0
        assert way.type(way.printed("to judge all")) == 0
    assert way.type(way.printed("to adopt it")) == 0


@pytest.mark.child
def test_two_workers_are_led_the_same_way(red: Way, monkeypatch: Any) -> None:
    project = red.project
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_claude.plugin,xdist.plugin")
    with project.server():
        assert red.type(f"pytest-claude bump {OLD}={NEW} -- -n 2 --claude-record") == 1
        mend(red)
        assert red.type(red.printed("to try a fix")) == 0
        assert red.type(red.printed("to judge all")) == 0
    assert red.type(red.printed("to repeat it")) == 0
    assert red.type(red.printed("to adopt it")) == 0
    edit(project.path / "app.py", OLD, NEW)
    assert red.type("pytest") == 0


ROUTER = """
def test_route(claude):
    ask("Which desk?", model="claude-haiku-4-5")
    ask("A refund, please")
    assert len(claude.tool_calls) == 2
"""
HAIKU = "claude-haiku-4-5"


def test_two_models_of_a_router_together(way: Way) -> None:
    project = way.project
    project.tests(ROUTER)
    project.personas(new=by_prompt(MENDS, CALLS), **{HAIKU: CALLS, "claude-haiku-5-5": CALLS})
    pairs = f"--claude-bump {OLD}={NEW} --claude-bump {HAIKU}=claude-haiku-5-5"
    with project.server():
        assert way.type("pytest --claude-record") == 0
        assert way.type(f"pytest {pairs} --claude-record") == 1
        mend(way)
        assert way.type(way.printed("to try a fix")) == 0
    assert way.type(way.printed("to repeat it")) == 0
    assert way.type(way.printed("to adopt it")) == 0
    edit(project.path / "app.py", OLD, NEW)
    edit(project.path / "test_app.py", HAIKU, "claude-haiku-5-5")
    assert way.type("pytest") == 0


def test_one_model_of_a_router_alone(way: Way) -> None:
    project = way.project
    project.tests(ROUTER)
    project.personas(new=by_prompt(MENDS, CALLS), **{HAIKU: CALLS})
    with project.server():
        assert way.type("pytest --claude-record") == 0
        assert way.type(f"pytest {BUMP} --claude-record") == 1
        mend(way)
        assert way.type(way.printed("to try a fix")) == 0
    assert way.type(way.printed("to repeat it")) == 0
    assert way.type(way.printed("to adopt it")) == 0
    edit(project.path / "app.py", OLD, NEW)
    assert way.type("pytest") == 0


def test_a_router_is_told_how_to_judge_its_models_together_and_each_alone(way: Way) -> None:
    project, haiku = way.project, "claude-haiku-5-5"
    project.tests(ROUTER)
    project.personas(new=CALLS, **{HAIKU: CALLS, haiku: ASKS})
    with project.server():
        assert way.type("pytest --claude-record") == 0
        assert way.type(f"pytest {BUMP} --claude-record") == 0
        both = way.printed("to judge both")
        assert way.type(both) == 1
        alone = re.findall(r"^  one alone\n    (.*)$", way.text, re.MULTILINE)
        accept = re.findall(rf'claude_accept\("({OLD}={NEW}|{HAIKU}={haiku})"', way.text)
        assert [way.type(line) for line in alone] == [0, 1], "only the second makes it fail"
    marks = (
        f'@pytest.mark.claude_accept("{pair}", reason="r", until="2999-01-01")' for pair in accept
    )
    edit(project.path / "test_app.py", "def test_route", "\n".join([*marks, "def test_route"]))
    assert way.type(both.removesuffix(" --claude-record")) == 0
    assert "accepted, does not gate: 1" in way.text


def test_at_a_terminal_bump_says_where_one_is(red: Way, monkeypatch: Any) -> None:
    line = f"pytest-claude bump {OLD}={NEW}"
    assert red.type(line) == 1
    assert "where you are" not in red.text
    monkeypatch.setattr("pytest_claude.cli.bump.is_terminal", lambda: True)
    assert red.type(line) == 1
    assert "where you are:  judge → [mend and try a fix] → judge all → adopt\n" in red.text


def test_what_is_judged_after_an_adoption_is_judged_and_adopted_again(red: Way) -> None:
    project = red.project
    mend(red)
    with project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    assert red.type(red.printed("to adopt it")) == 0
    mend(red, "A mended refund", "Again a mended refund")
    with project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    assert red.type(red.printed("to adopt it")) == 0
    assert "moved 8 cassettes of 2 tests" in red.text
    mend(red, "Again a mended refund", "A refund")
    with project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 1
    before = project.cassettes
    assert red.type(f"pytest-claude adopt --yes --edit {OLD}={NEW}") == 1
    assert "nothing was moved: the verdict is FAIL" in red.text
    assert project.cassettes == before


def test_a_part_of_a_gate_is_not_adopted(red: Way) -> None:
    mend(red)
    with red.project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    before = red.project.cassettes
    for part in ("-k hours", "test_app.py::test_hours"):
        assert red.type(f"pytest-claude adopt --yes {OLD}={NEW} -- {part}") == 4
        assert red.project.cassettes == before


@pytest.mark.parametrize("stop", ["a typo", "ctrl-C"])
def test_an_edition_that_failed_is_counted_whatever_comes_between(red: Way, stop: str) -> None:
    project = red.project
    mend(red)
    broken = {"a typo": "aks(PROMPT)", "ctrl-C": "raise KeyboardInterrupt"}[stop]
    text = (project.path / "test_app.py").read_text()
    (project.path / "test_app.py").write_text(text.replace("ask(PROMPT)", broken))
    with project.server():
        assert red.type(f"pytest {BUMP} --claude-record") != 0
        (project.path / "test_app.py").write_text(text)
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    assert "2nd edition of 1 test" in red.text
    assert red.type(red.printed("to repeat it")) == 0
    assert "2nd edition of 1 test" in red.text


def test_a_verdict_of_one_preset_is_replayed_after_a_run_of_another(red: Way) -> None:
    mend(red)
    with red.project.server():
        assert red.type(f"pytest {BUMP} --claude-gate thorough --claude-record") == 0
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    assert red.type(f"pytest {BUMP} --claude-gate thorough") == 0


def test_what_another_model_of_the_app_recorded_stays(way: Way, monkeypatch: Any) -> None:
    project = way.project
    project.tests("""
import os
MODEL = os.environ.get("M", "claude-sonnet-4-5")

def test_a(claude):
    ask("stays", model=MODEL)

def test_b(claude):
    ask("stays")
""")
    project.personas(new=CALLS, **{HAIKU: CALLS})
    monkeypatch.setenv("M", HAIKU)
    with project.server():
        assert way.type("pytest --claude-record --claude-trials 5") == 0
        monkeypatch.delenv("M")
        assert way.type(f"pytest {BUMP} --claude-record") == 0
    assert sum(HAIKU in name for name in project.cassettes) == 5


def test_merged_shards_know_of_the_editions_too(red: Way) -> None:
    mend(red)
    with red.project.server():
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    for name in ("refund", "hours"):
        assert red.type(f"pytest {BUMP} -k {name} --claude-report={name}.json") == 0
    assert red.type("pytest-claude merge refund.json hours.json -o both.json") == 0
    run = json.loads((red.project.path / "both.json").read_text())
    editions = {test["test"]: test["editions"] for test in run["decision"]["tests"]}
    assert editions == {"test_app.py::test_refund": 2, "test_app.py::test_hours": 1}


@pytest.mark.parametrize("stream", ["cand", "base_fresh"])
def test_a_file_of_the_gate_that_cannot_be_read_is_recorded_again_by_one_command(
    red: Way, stream: str
) -> None:
    file = next(n for n in red.project.cassettes if f"/{stream}/" in n and n.endswith(".2.yaml"))
    path = red.project.cassette(file)
    whole = path.read_text()
    path.write_text(f"<<<<<<< HEAD\n{whole}")
    assert red.type(f"pytest {BUMP}") == 1
    assert "holds a merge conflict at line 1" in red.text
    finish = red.printed("to finish")
    assert finish.startswith(f"rm cassettes/{file} && pytest ")
    path.write_text(whole)
    assert red.type(f"pytest {BUMP}") == 1
    assert "FAIL  1 of 2 tests regressed\n" in red.text, "a file that is restored is read"
    path.write_text(whole[:-30])
    with red.project.server():
        red.type(f"pytest {BUMP} --claude-record")
        assert not red.project.simulator.bodies, "nothing is paid beside a file that is there"
        assert red.type(red.printed("to finish")) == 1
        # At most two: a new simulator begins to count its answers anew, and one may be a copy.
        assert 1 <= len(red.project.simulator.bodies) <= 2
    assert "FAIL  1 of 2 tests regressed\n" in red.text
    assert red.type(f"pytest {BUMP}") == 1
    assert "FAIL  1 of 2 tests regressed\n" in red.text


def test_two_shards_and_their_merge_are_led_the_same_way(way: Way) -> None:
    project = way.project
    project.tests(STAYS + SHAPES["a function"])
    project.personas(new=by_prompt({"mended": CALLS, "refund": ASKS}, CALLS))
    shards = {"one.json": "test_app.py::test_hours", "two.json": "test_app.py::test_refund"}
    with project.server():
        assert way.type("pytest --claude-record") == 0
        statuses = [
            way.type(f"pytest {BUMP} --claude-record {tests} --claude-report={report}")
            for report, tests in shards.items()
        ]
        assert statuses == [0, 1]
        assert way.type(f"pytest-claude merge {' '.join(shards)} -o both.json") == 1
        assert "FAIL  1 of 2 tests regressed" in way.text
        edit(project.path / "test_app.py", "A refund, please", "A mended refund, please")
        assert way.type(way.printed("to try a fix")) == 0
        assert way.type(way.printed("to judge all")) == 0
    assert way.type(way.printed("to repeat it")) == 0
    assert way.type(way.printed("to adopt it")) == 0
    edit(project.path / "app.py", OLD, NEW)
    assert way.type("pytest") == 0


def test_a_second_call_of_adopt_goes_on_whatever_the_verdict_did_not_read(red: Way) -> None:
    """Trials beyond the verdict's stay in the gate's folder, and are nothing to judge again."""
    mend(red)
    with red.project.server():
        assert red.type(f"pytest {BUMP} --claude-gate thorough --claude-record") == 0
        assert red.type(f"pytest {BUMP} --claude-record") == 0
    assert red.type(red.printed("to adopt it")) == 0
    remove = red.printed("to remove them")
    assert red.type(red.printed("to edit them")) == 0
    assert f'MODEL = "{NEW}"' in (red.project.path / "app.py").read_text()
    assert red.type(remove) == 0
    assert red.type("pytest") == 0
    assert [n for n in red.project.cassettes if "_gate" in n] == [f"_gate/{OLD}__{NEW}/BUMP.md"]
