"""The dry run of a recording: it says what would be called, and sends and writes nothing."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from plugin.test_doors import DOORS, PRELUDE, inner_test, missing
from projects import BUMPED, NEW, OLD

from pytest_claude import cli
from pytest_claude.recording.locking import WriteLock

DRY = ("--claude-record", "--claude-dry-run")
BUMP = f"--claude-bump={OLD}={NEW}"
XDIST = ("-p", "xdist", "-n", "2")


def files_of(project) -> dict[str, bytes]:
    """All files of a project but what Python compiles."""
    paths = (path for path in project.path.rglob("*") if "__pycache__" not in path.parts)
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def dry(project, *arguments: str, **outcomes: int) -> str:
    """A dry run in which nothing is sent or written, and what it printed."""
    before = files_of(project)
    with project.server():
        result = project.run(*DRY, *arguments)
        assert project.simulator.requests == []
    assert result.ret == 0
    assert files_of(project) == before
    if outcomes:
        result.assert_outcomes(**outcomes)
    return result.stdout.str()


def section(printed: str) -> list[str]:
    """The lines of the section `claude`."""
    after = re.split("^=+ claude =+$", printed, flags=re.MULTILINE)[-1]
    return re.split("^=+ ", after, flags=re.MULTILINE)[0].strip().splitlines()


@pytest.mark.parametrize("code", [code for code, _ in DOORS.values()], ids=DOORS)
def test_no_door_sends_anything(project, request, code: str) -> None:
    if (reason := missing(request.node.callspec.id)) is not None:
        pytest.skip(reason)
    project.tests(f"{PRELUDE}\n{inner_test('test_calls', code, 'assert seen')}")
    printed = dry(project, skipped=1)
    assert "a recording would call in 1 test" in printed
    assert "at least 1 call," in printed


TRIALS = """
@pytest.mark.claude(trials=3)
def test_calls(claude):
    careless()
    careless("again")
    assert False
"""


def test_a_call_that_the_app_catches_ends_the_test_as_not_run(project) -> None:
    project.tests(TRIALS)
    printed = dry(project, "-rs", skipped=1)
    assert f"dry run: call 1 of trial 1 would ask {OLD}" in printed
    total, *models, command = section(printed)[1:]
    assert re.fullmatch(r"  at least 3 calls, \$[\d.]+ to \$[\d.]+, time unknown", total)
    assert [line.partition(",")[0] for line in models] == [f"  {OLD}  at least 3 calls"]
    assert command == "  to record  pytest --claude-record"


def test_what_is_recorded_says_how_many_calls_a_trial_makes_and_what_they_take(project) -> None:
    project.tests(TRIALS)
    project.record().assert_outcomes(failed=1)
    printed = dry(project, "-rs", skipped=1)
    assert "dry run: all its calls are recorded; it fails: " in printed
    assert section(printed)[0].endswith("a recording would send nothing")
    printed = dry(project, "--claude-record=all", skipped=1)
    total, model, command = section(printed)[1:]
    assert re.fullmatch(r"  6 calls, \$[\d.]+, \d+ s", total)
    assert model.startswith(f"  {OLD}  6 calls, $")
    assert command == "  to record  pytest --claude-record=all"


def test_of_an_edited_test_the_calls_after_the_edit_count_in_each_trial(project) -> None:
    project.tests(TRIALS)
    project.record().assert_outcomes(failed=1)
    project.tests(TRIALS.replace('"again"', '"edited"'))
    assert section(dry(project, skipped=1))[1].startswith("  3 calls, $")


@pytest.mark.parametrize("words", [(), XDIST], ids=["one process", "xdist"])
def test_a_gate_is_estimated_by_model_from_what_is_recorded(bumped, words) -> None:
    assert section(dry(bumped, BUMP, *words, skipped=3))[0].endswith("would send nothing")
    shutil.rmtree(bumped.cassette("_gate"))
    head, gate, rests, *_, total, model, command = section(dry(bumped, BUMP, *words, skipped=3))
    assert head == "dry run: nothing was sent; a recording would call in 3 tests"
    assert re.fullmatch(
        r"quick: 3 tests gated, 12 to 16 trials expected \(at most .*\), \$.* to .*", gate
    )
    assert rests.startswith("  estimated: ")
    assert re.fullmatch(r"  12 to 16 calls, \d+ s( with 2 workers)?", total)
    assert re.fullmatch(rf"  {NEW}  12 to 16 calls, \$[\d.]+ to \$[\d.]+", model)
    workers = "-n 2 " if words else ""
    assert command == f"  to record  pytest {workers}--claude-bump {OLD}={NEW} --claude-record"


def test_a_gate_without_recordings_is_estimated_by_what_its_tests_ask_first(bumped) -> None:
    shutil.rmtree(bumped.cassette(""))
    printed = dry(bumped, BUMP, "-rs", skipped=3)
    assert f"call 1 of trial 1 would ask {OLD}" in printed
    _, gate, _, total, *models, _ = section(printed)
    assert re.match(r"quick: 3 tests gated, \d+ to \d+ trials expected .*, \$.* to \$", gate)
    assert total == "  at least 18 calls, time unknown"
    assert [line.partition(", ")[0] for line in models] == [
        f"  {OLD}  at least 6 calls",
        f"  {NEW}  at least 12 calls",
    ]


def test_of_an_edited_test_a_gate_takes_the_baseline_anew(bumped) -> None:
    bumped.tests(BUMPED.replace('ask("stays")', 'ask("edited")', 1))
    _, gate, *_, old, new, _ = section(dry(bumped, BUMP, skipped=3))
    assert gate.startswith("quick: 3 tests gated, 6 trials expected ")
    assert [line.split()[0] for line in (old, new)] == [OLD, NEW]


def test_workers_deliver_to_the_controller(project) -> None:
    project.app(sdk_in_children=True)
    project.tests(TRIALS + TRIALS.replace("test_calls", "test_more"))
    head, total, *_ = section(dry(project, *XDIST, skipped=2))
    assert head == "dry run: nothing was sent; a recording would call in 2 tests"
    assert total.startswith("  at least 6 calls, $")


def test_a_price_that_is_unknown_is_never_zero(project) -> None:
    asks = "def test_{}(claude):\n    ask(model='{}')\n"
    project.tests(asks.format("a", "claude-haiku-4-5") + asks.format("b", "claude-next-1"))
    _, total, known, unknown, why, *_ = section(dry(project, skipped=2))
    assert total == "  at least 2 calls, cost unknown, time unknown"
    assert re.fullmatch(r"  claude-haiku-4-5  at least 1 call, \$[\d.]+ to \$[\d.]+", known)
    assert unknown == "  claude-next-1     at least 1 call, cost unknown"
    assert why.startswith("the price of claude-next-1 is unknown: name it in claude_prices")


def test_it_implies_a_recording_and_needs_neither_a_key_nor_leave_in_ci(
    project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.tests(TRIALS)
    monkeypatch.setenv("CI", "1")
    result = project.run("--claude-dry-run")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        [
            "claude: 1 of 1 test, dry run of recording (new_episodes): nothing is sent",
            "to record: 3 trials, at least 3 calls, cost unknown, time unknown",
            "  at least 3 calls, $*",
        ]
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--claude-record=none"], "*--claude-record=none: nothing would be recorded*"),
        ([BUMP, "--claude-continue=run.json"], "*says what it still needs"),
    ],
)
def test_what_records_nothing_new_has_no_dry_run(project, words, told: str) -> None:
    project.tests(TRIALS)
    result = project.run("--claude-dry-run", *words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    project.unwrapped(result.errlines).fnmatch_lines([f"ERROR: --claude-dry-run and {told}"])


OTHERS = """
@pytest.fixture(autouse=True)
def elsewhere(monkeypatch):  # a server in the process of the tests is theirs
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://api.anthropic.com")

@pytest.mark.claude(live=True)
def test_live(claude):
    ask()

def test_of_others():
    careless()

@pytest.fixture
def answer():
    return ask()

def test_in_a_set_up(answer):
    assert answer

def test_asks_nothing(claude):
    pass
"""


@pytest.mark.parametrize("guard", ["session", "tests"])
def test_live_tests_and_those_of_others_are_not_run_where_they_ask(project, guard: str) -> None:
    project.pytester.makepyprojecttoml(
        f"[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_guard = '{guard}'\n"
    )
    project.tests(OTHERS + "\ndef test_offline(): pass\n")
    printed = dry(project, "-rs", skipped=4, passed=1)
    assert "dry run: it is live, and asks the API itself" in printed
    assert "2 calls outside the claude tests, not counted:" in printed


AT_IMPORT = {
    "the SDK": "ANSWER = ask()",
    "another library": "import urllib.request\nurllib.request.urlopen(URL + '/v1/messages', b'{}')",
}


@pytest.mark.parametrize("where", ["conftest.py", "test_app.py"])
@pytest.mark.parametrize("code", AT_IMPORT.values(), ids=AT_IMPORT)
def test_what_is_asked_at_import_is_not_sent(
    project, monkeypatch: pytest.MonkeyPatch, where: str, code: str
) -> None:
    url = "https://api.anthropic.com"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
    project.tests("def test_calls(claude):\n    ask()")
    with (project.path / where).open("a") as file:
        file.write(f"\nfrom app import ask\nURL = {url!r}\n{code}\n")
    result = project.run("--claude-dry-run")
    assert result.ret in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)
    printed = result.stdout.str() + result.stderr.str()
    assert "outside a claude test was refused (--claude-dry-run)" in printed


def test_what_a_session_asks_once_is_counted_once(project) -> None:
    project.tests(
        """
@pytest.fixture(scope="session")
def answer():
    return careless()

@pytest.mark.parametrize("n", range(3))
def test_calls(claude, answer, n):
    assert answer
"""
    )
    printed = dry(project, skipped=3)
    assert section(printed)[1].startswith("  at least 1 call, $")
    project.record().assert_outcomes(passed=3)
    assert section(dry(project, skipped=3))[0].endswith("would send nothing")


def test_what_tests_share_is_counted_once(project) -> None:
    project.tests(
        """
@pytest.mark.claude(cassette="both")
@pytest.mark.parametrize("n", range(3))
def test_calls(claude, n):
    ask()
"""
    )
    assert section(dry(project, skipped=3))[1].startswith("  at least 1 call, $")


def test_what_was_paid_before_an_interrupt_is_not_counted_and_stays_as_it_is(project) -> None:
    project.tests("def test_calls(claude):\n    ask('one')\n    raise KeyboardInterrupt")
    project.record("-p", "no:cacheprovider")
    project.tests("def test_calls(claude):\n    ask('one')\n    ask('two')")
    other = WriteLock(project.cassette(f"test_app/test_calls/{OLD}.yaml"))  # it records now
    try:
        printed = dry(project, "-rs", skipped=1)
    finally:
        other.release()
    assert "dry run: call 2 of trial 1 would ask" in printed
    assert "1 recording is incomplete" in printed


REDACT = """
def pytest_claude_redact(body):
    return body.replace("our secret", "[ours]")
"""


def test_what_a_recording_would_store_otherwise_answers_and_stays_as_it_is(project) -> None:
    project.tests("def test_calls(claude):\n    ask('our secret ' + 3000 * 'x')\n    ask('more')")
    project.record().assert_outcomes(passed=1)
    project.pytester.makeconftest(REDACT)
    printed = dry(project, "-o", "claude_store_requests=1 kB", skipped=1)
    assert section(printed)[0].endswith("would send nothing")


REFUSED = """
def test_calls(claude):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    ask(model="claude-opus-5-5", thinking=thinking, max_tokens=2000)
"""


def test_what_a_model_would_refuse_is_not_counted_as_sent(project) -> None:
    project.tests(REFUSED)
    printed = dry(project, "-rs", skipped=1)
    assert "dry run: not sent: claude-opus-5-5 refuses it" in printed
    assert "1 test would ask what a model refuses, which is not sent (-rs says what)" in printed


def test_a_reply_that_a_judge_would_read_is_not_judged_without_it(project) -> None:
    project.tests("def test_calls(claude):\n    ask()\n    assert claude.judge('It is kind.')")
    printed = dry(project, skipped=1)
    assert section(printed)[1].startswith("  at least 1 call")


def test_it_leaves_the_last_failures_and_writes_no_report(project) -> None:
    project.tests("def test_calls(claude):\n    ask()\n    assert False")
    project.record().assert_outcomes(failed=1)
    printed = dry(project, "--lf", "--claude-report=run.json", skipped=1)
    assert "no report is written: a dry run tests nothing" in printed
    project.run("--lf").assert_outcomes(failed=1)


def test_a_change_of_the_app_is_estimated_before_it_is_compared(project) -> None:
    project.tests("def test_calls(claude):\n    ask()\n    assert claude.tool_calls")
    project.record().assert_outcomes(passed=1)
    project.tests("def test_calls(claude):\n    ask('edited')\n    assert claude.tool_calls")
    printed = dry(project, "--claude-baseline=last", "-rs", skipped=1)
    assert "dry run: call 1 of trial 1 would ask" in printed
    assert re.match(r"quick: 1 test gated, \d+ (to \d+ )?trials expected", section(printed)[1])


@pytest.mark.usefixtures("commands_in_process")
def test_the_command_that_drives_a_gate_has_a_dry_run_too(bumped, capsys) -> None:
    before = files_of(bumped)
    with bumped.server():
        words = ["bump", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin", "--claude-dry-run"]
        assert cli.main(words) == 0
        assert bumped.simulator.requests == []
    assert files_of(bumped) == before
    printed = capsys.readouterr().out
    assert "dry run: nothing was sent" in printed
    assert "no report is written" not in printed  # of the file that the command reads


def test_the_command_keeps_what_was_typed_of_money_trials_and_workers(project) -> None:
    project.tests(TRIALS)
    words = ["--claude-trials=2", "--claude-budget=$5", "--claude-record-refused", "--claude-batch"]
    command = section(dry(project, *words, *XDIST, "--claude-record=all", skipped=1))[-1]
    assert command == (
        "  to record  pytest -n 2 --claude-record-refused --claude-batch --claude-budget '$5' "
        "--claude-trials 2 --claude-record=all"
    )


@pytest.mark.parametrize("words", [(), XDIST], ids=["one process", "xdist"])
def test_a_program_that_a_test_starts_has_no_real_key(project, monkeypatch, words) -> None:
    names = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]
    for name in names:
        monkeypatch.setenv(name, "sk-ant-real")
    project.tests(
        "import os, subprocess, sys\n"
        f"NAMES = {names}\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "@pytest.mark.skipif('not os.environ.get(\"ANTHROPIC_API_KEY\")', reason='no key')\n"
        "def test_a(claude, n):\n"
        "    code = 'import os, sys; print([os.environ[n] for n in sys.argv[1:]])'\n"
        "    words = [sys.executable, '-c', code, *NAMES]\n"
        "    done = subprocess.run(words, capture_output=True, text=True, check=True)\n"
        "    assert 'real' not in done.stdout, done.stdout\n"
        "    ask()\n"
    )
    result = project.run("--claude-dry-run", *words, "-rs")
    result.assert_outcomes(skipped=2)
    printed = " ".join(result.stdout.str().split())
    assert f"would ask {OLD}" in printed
    assert "no key" not in printed
    assert "dry run: nothing was sent by the tests themselves; a recording would call" in printed
    assert "(python" in printed
    assert "what those ask a model is neither seen nor counted" in printed
    assert [os.environ[name] for name in names] == ["sk-ant-real"] * 2
