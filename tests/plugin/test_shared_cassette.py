"""`@pytest.mark.claude(cassette="name")`: one cassette for several tests."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest
from simulator import calls

from pytest_claude.cli import main
from pytest_claude.recording import cassette

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
FILE = f"checkout/refunds/{OLD}.yaml"
BUMP = f"--claude-bump={OLD}={NEW}"
TESTS = """
pytestmark = pytest.mark.claude(cassette="checkout/refunds")

def test_one(claude):
    ask("both"); ask("one")
    assert len(claude.replies) == 2

def test_two(claude):
    ask("both"); ask("two")
    assert len(claude.replies) == 2

@pytest.mark.parametrize("word", ["both", "three"])
def test_words(claude, word):
    ask(word)
    assert claude.calls_tool("lookup_order")
"""


def prompts(project: Any, name: str = FILE) -> list[str]:
    """What the recorded requests of a cassette ask, in order."""
    entries = cassette.load(project.cassette(name), name)
    return [entry.request.json()["messages"][0]["content"] for entry in entries]


@pytest.fixture
def shared(project: Any) -> Any:
    """A project whose four tests share one recorded cassette."""
    project.tests(TESTS)
    project.record().assert_outcomes(passed=4)
    return project


def test_what_one_test_recorded_is_replayed_by_the_others(shared: Any) -> None:
    assert shared.cassettes == [FILE]
    assert prompts(shared) == ["both", "one", "two", "three"]
    assert len(shared.simulator.bodies) == 4
    before = shared.cassette(FILE).read_bytes()
    shared.run("--claude-strict").assert_outcomes(passed=4)
    result = shared.run("-k", "three", "--claude-strict")
    result.assert_outcomes(passed=1)
    assert "not played" not in result.stdout.str()
    shared.record("-k", "two").assert_outcomes(passed=1)
    assert shared.cassette(FILE).read_bytes() == before


def test_a_test_that_records_keeps_what_the_others_use(shared: Any) -> None:
    shared.tests(TESTS.replace('ask("one")', 'ask("edited")').replace("== 2", "== 9", 1))
    result = shared.record("-k", "test_one")
    result.assert_outcomes(failed=1)  # what failed is kept too
    assert "recorded over" not in result.stdout.str()
    assert prompts(shared) == ["both", "one", "two", "three", "edited"]
    shared.run("-k", "not test_one", "--claude-strict").assert_outcomes(passed=3)


def test_a_miss_names_the_shared_cassette(shared: Any) -> None:
    shared.tests(TESTS.replace('ask("two")', 'ask("too")'))
    result = shared.run("-k", "test_two")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"  evidence   cassettes/{FILE},", "*interaction 1 of 4,*"])
    assert " 1 call " in result.stdout.str()


def test_each_trial_has_a_file_and_a_test_takes_the_trials_it_asks_for(project: Any) -> None:
    project.tests(TESTS.replace("def test_one", "@pytest.mark.claude(trials=3)\ndef test_one"))
    project.record().assert_outcomes(passed=4)
    numbered = [f"checkout/refunds/{OLD}{n}.yaml" for n in (".2", ".3", "")]
    assert project.cassettes == numbered
    assert [prompts(project, name) for name in numbered[:2]] == [["both", "one"]] * 2
    project.run("--claude-strict").assert_outcomes(passed=4)
    project.record(BUMP)
    ledger = project.cassette(f"_gate/{OLD}__{NEW}/ledger.jsonl").read_text()
    trials = [json.loads(line) for line in ledger.splitlines()[1:]]
    base = [t["test"].partition("::")[2] for t in trials if t["stream"] == "base"]
    assert sorted(base) == [*["test_one"] * 3, "test_two", "test_words[both]", "test_words[three]"]
    assert {t["outcome"] for t in trials} <= {"pass", "fail"}


@pytest.mark.parametrize("workers", ["-n2", "-n4"])
@pytest.mark.child
@pytest.mark.fault("X02")
def test_workers_that_record_into_one_cassette_lose_nothing(
    project: Any, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    project.tests("""
@pytest.mark.claude(cassette="all")
@pytest.mark.parametrize("number", range(12))
def test_number(claude, number):
    ask("both"); ask(f"number {number}"); ask("both")
    assert len(claude.replies) == 3
""")
    result = project.record("-p", "xdist", workers, "-p", "pytest_claude.plugin")
    result.assert_outcomes(passed=12)
    name = f"all/{OLD}.yaml"
    assert project.cassettes == [name]
    assert sorted(prompts(project, name)) == sorted(
        ["both"] * 2 + [f"number {number}" for number in range(12)]
    )
    project.run("--claude-strict").assert_outcomes(passed=12)


def test_recording_all_anew_is_refused_while_tests_share_what_is_there(shared: Any) -> None:
    before = shared.cassette(FILE).read_bytes()
    result = shared.record("-k", "test_one", mode="all")
    assert result.ret == 4
    shared.unwrapped(result.errlines).fnmatch_lines([
        "ERROR: --claude-record=all: tests share cassettes/checkout/refunds: what one records "
        "anew, another replays",
        "*to record it all anew, delete it first",
    ])  # fmt: skip
    assert shared.cassette(FILE).read_bytes() == before
    shared.cassette(FILE).unlink()
    shared.cassette(FILE).parent.rmdir()
    shared.record(mode="all").assert_outcomes(passed=4)
    assert prompts(shared) == ["both", "one", "two", "three"]


def test_once_touches_no_shared_cassette_it_finds(shared: Any) -> None:
    shared.tests(TESTS.replace('ask("two")', 'ask("too")'))
    before = shared.cassette(FILE).read_bytes()
    shared.record("-k", "test_two", mode="once").assert_outcomes(failed=1)
    assert shared.cassette(FILE).read_bytes() == before
    assert shared.cassettes == [FILE]


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n2", "-p", "pytest_claude.plugin")])
def test_once_records_what_all_tests_ask_of_a_new_shared_cassette(
    project: Any, workers: tuple[str, ...]
) -> None:
    project.tests(TESTS)
    project.record(*workers, mode="once").assert_outcomes(passed=4)
    assert project.cassettes == [FILE]
    assert sorted(prompts(project)) == ["both", "one", "three", "two"]
    project.tests(TESTS.replace('ask("one")', 'ask("won")').replace('ask("two")', 'ask("too")'))
    before = project.cassette(FILE).read_bytes()
    project.record(*workers, mode="once").assert_outcomes(passed=2, failed=2)
    assert project.cassette(FILE).read_bytes() == before


def test_what_an_interrupted_test_paid_is_kept_by_the_next_one(project: Any) -> None:
    project.tests(TESTS + "\ndef test_stops(claude):\n    ask('paid')\n    pytest.exit('stop')\n")
    project.record("-k", "test_stops")
    assert project.cassettes == [f"{FILE}.partial"]
    project.record("-k", "test_one").assert_outcomes(passed=1)
    assert prompts(project) == ["paid", "both", "one"]
    assert project.cassettes == [FILE]


def test_a_cassette_is_given_back_and_taken_from_a_class(project: Any) -> None:
    project.tests("""
@pytest.mark.claude(cassette="ours")
class TestDesk:
    def test_shares(self, claude):
        ask("a")
        assert claude.replies

    @pytest.mark.claude(cassette=None)
    def test_alone(self, claude):
        ask("b")
        assert claude.replies
""")
    project.record().assert_outcomes(passed=2)
    assert project.cassettes == [f"ours/{OLD}.yaml", f"test_app/TestDesk.test_alone/{OLD}.yaml"]


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/x", "C:\\x", "~/x", "", "a//b", "a/../b", ".", "x ", "x.", "nul", "a/COM1",
     "@fixtures", "tests/@fixtures/x", "été", "x.yaml", "_gate", "_GATE/x", "a\nb", "x" * 200],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_read(
    project: Any, name: str
) -> None:
    project.tests(f"""
@pytest.mark.claude(cassette={name!r})
def test_one(claude):
    ask("one")
""")
    for run in (project.run, project.record):
        result = run()
        assert result.ret == 4
        told = project.unwrapped(result.errlines).str()
        assert re.match(r"ERROR: test_app\.py:\d+: @pytest\.mark\.claude: cassette=", told), told
    assert not (project.path / "cassettes").exists()


@pytest.mark.parametrize("name", ["test_app/test_two", "Test_App/TEST_two"])
def test_a_name_that_is_the_folder_of_a_test_is_refused(project: Any, name: str) -> None:
    project.tests(f"""
@pytest.mark.claude(cassette={name!r})
def test_one(claude):
    ask("one")

def test_two(claude):
    ask("two")
""")
    for words in ((), ("-k", "test_one")):
        result = project.run(*words)
        assert result.ret == 4
        project.unwrapped(result.errlines).fnmatch_lines([
            f"ERROR: test_app.py::test_one: cassette={name!r}: the folder of the "
            "cassettes of test_app.py::test_two; take another name"
        ])  # fmt: skip
    project.run("-k", "test_two").assert_outcomes(failed=1)  # it has no recording


def test_a_failed_check_shows_its_own_interaction_of_the_file(shared: Any) -> None:
    shared.tests(TESTS.replace('calls_tool("lookup_order")', 'calls_tool("lookup_order", times=2)'))
    result = shared.run("-k", "three", "--claude-report=run.json", "--claude-report=run.html")
    result.stdout.fnmatch_lines([
        f"  evidence    cassettes/{FILE}, interaction 4",
        f"  to redo it  rm cassettes/{FILE}",
        "              pytest --claude-record",
    ])  # fmt: skip
    trial = json.loads((shared.path / "run.json").read_text())["tests"][0]["trials"][0]
    assert (trial["entries"], trial["interactions"]) == ([4], 1)


def test_a_report_shows_what_the_test_asked_and_not_its_sisters_calls(
    shared: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.tests(TESTS.replace('calls_tool("lookup_order")', "refuses()"))
    shared.run("-k", "test_two or three", "--claude-report=run.html", "--claude-report=run.json")
    page = (shared.path / "run.html").read_text()
    found = re.findall(r'<script type="text/plain" id="c\d+">(.*?)</script>', page)
    data = str([zlib.decompress(base64.b64decode(chunk), -15) for chunk in found])
    assert ('"three"' in data, '"two"' in data, '"one"' in data) == (True, True, False)
    assert "pytest test_app.py::test_two" in page + data
    assert "--claude-record=all" not in page + data
    monkeypatch.chdir(shared.path)
    capsys.readouterr()
    assert main(["show", "run.json", "test_two"]) == 0
    told = capsys.readouterr().out
    assert re.findall(r"^ +(both|one|two|three)$", told, re.MULTILINE) == ["both", "two"]


@pytest.fixture
def bumped(project: Any) -> Any:
    """Two tests that share a cassette, and one that does not, on both models."""
    persona = calls(("lookup_order", {"order_id": "1234"}))
    project.personas(new=persona)
    project.tests("""
pytestmark = pytest.mark.claude(trials=2)
shares = pytest.mark.claude(cassette="ours")

@shares
def test_one(claude):
    ask("one")
    assert claude.calls_tool("lookup_order")

@shares
def test_two(claude):
    ask("two", tool_choice={"type": "any"})
    assert claude.calls_tool("lookup_order")

def test_alone(claude):
    ask("three")
    assert claude.calls_tool("lookup_order")
""")
    project.record().assert_outcomes(passed=3)
    result = project.record(BUMP)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["✗ 1 request in 1 test would be refused with HTTP 400"])
    return project


def test_the_trials_of_a_gate_are_each_tests_own(bumped: Any) -> None:
    cand = {name for name in bumped.cassettes if name.startswith("_gate/") and "/cand/" in name}
    assert {name.split("/")[4] for name in cand} == {"test_one", "test_two", "test_alone"}
    before = {name: bumped.cassette(name).read_bytes() for name in bumped.cassettes}
    bumped.run(BUMP).assert_outcomes(passed=3)
    assert {name: bumped.cassette(name).read_bytes() for name in bumped.cassettes} == before


@pytest.mark.child
def test_adopting_leaves_out_what_is_shared_and_says_so(
    bumped: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bumped.app(sdk_in_children=True)
    monkeypatch.chdir(bumped.path)
    before = bumped.cassette(f"ours/{OLD}.yaml").read_bytes()
    assert main(["adopt", f"{OLD}={NEW}", "--", "-p", "pytest_claude.plugin"]) == 0
    told = capfd.readouterr().out
    for test in ("test_one", "test_two"):
        assert f"  test_app.py::{test}  shares its cassette: record it after the change" in told
    assert "to record what is missing  pytest --claude-record" in told
    assert bumped.cassette(f"test_app/test_alone/{NEW}.yaml").exists()
    assert bumped.cassette(f"ours/{OLD}.yaml").read_bytes() == before
    assert not bumped.cassette("test_app/test_one").exists()


@pytest.mark.child
def test_adopting_nothing_but_shared_cassettes_is_one_sentence(
    bumped: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bumped.path)
    rest = ["-p", "pytest_claude.plugin", "-k", "not alone"]
    assert main(["adopt", "--anyway", f"{OLD}={NEW}", "--", *rest]) == 4
    told = " ".join(capfd.readouterr().err.split())
    assert "adopt: the tests share their cassettes, and each has trials of its own:" in told


def test_a_later_run_is_compared_with_the_shared_recording(shared: Any) -> None:
    shared.run().assert_outcomes(passed=4)
    shared.record("--claude-baseline=last").assert_outcomes(passed=4)
    shared.run("--claude-baseline=last").assert_outcomes(passed=4)
    assert [name for name in shared.cassettes if not name.startswith("_gate/")] == [FILE]


def test_a_shared_recording_that_was_cut_is_no_orphan_and_a_tests_former_own_is(
    project: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.tests("def test_one(claude):\n    ask('one')\n")
    project.record().assert_outcomes(passed=1)
    project.tests(TESTS + "\ndef test_stops(claude):\n    ask('paid')\n    pytest.exit('stop')\n")
    project.record("-k", "test_stops")
    assert project.cassettes == [f"{FILE}.partial", f"test_app/test_one/{OLD}.yaml"]
    monkeypatch.chdir(project.path)
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_claude.plugin")
    capfd.readouterr()
    assert main(["prune", "--yes"]) == 0
    assert "orphaned  cassettes/test_app/test_one: no test asks it" in capfd.readouterr().out
    assert project.cassettes == [f"{FILE}.partial"]


def test_commands_take_a_shared_cassette_for_what_it_is(
    shared: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared.path)
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_claude.plugin")
    path = shared.cassette(FILE)
    path.write_text(path.read_text().replace('"three"', '"tree"', 1))
    assert main(["check", "--accept", str(path)]) == 0
    label = cassette.read_label(path)
    assert label is not None
    assert label.shared
    shared.tests("def test_plain():\n    pass\n")
    assert main(["check"]) == 0
    told = capfd.readouterr().out
    assert "1 good, 0 bad" in told
    assert "orphaned" not in told, "its tests may be in a module that was not looked into"
    root = shared.path / "cassettes"
    path.parent.rename(root / "short")
    (root / "checkout").rmdir()
    assert main(["preflight", NEW, "--json"]) in (0, 1)
    found = json.loads(capfd.readouterr().out)
    assert {call["test"] for call in found["calls"]} == {f"cassettes/short/{OLD}.yaml"}
