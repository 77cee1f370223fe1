"""What a run leaves behind: files by suffix, GitHub's summary and annotations, JUnit."""

from __future__ import annotations

import json
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import report_samples as samples
from simulator import asks, says

from pytest_claude import cli
from pytest_claude.report.candidates import told
from pytest_claude.report_files import SUFFIXES, write_reports, write_step_summary
from pytest_claude.run.record import dumps

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
TESTS = """
@pytest.mark.claude(trials=2)
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order", order_id="1234")

def test_stays(claude):
    ask("stays")
    assert claude.stops_with("tool_use")
"""


@pytest.fixture
def red(project):
    """A project with one green and one red test."""
    project.tests(
        TESTS + "\n\ndef test_red(claude):\n    ask()\n    assert claude.calls_no_tool()\n"
    )
    project.record()
    return project


def test_each_suffix_is_a_kind_of_report(red) -> None:
    red.run("--claude-report=run.json", "--claude-report=run.html", "--claude-report=run.md")
    assert json.loads((red.path / "run.json").read_text("utf-8"))["format"].endswith("run 3")
    page = (red.path / "run.html").read_text("utf-8")
    assert "Fail: 1 of 3 tests failed" in page
    assert "pytest-claude show run.json" in page
    text = (red.path / "run.md").read_text("utf-8")
    assert text.splitlines()[0] == "### ✗ claude: 1 of 3 tests failed"
    assert "Full report: artifact `run.html` of this run." in text


@pytest.mark.parametrize("option", ["--claude-report", "--claude-baseline"])
def test_a_path_outside_the_project_never_moves_its_root(red, option: str) -> None:
    outside = red.path.parent / f"{option.rpartition('-')[2]}.json"
    written = red.run(f"--claude-report=../{outside.name}")
    assert written.ret == pytest.ExitCode.TESTS_FAILED
    assert red.run(f"{option}=../{outside.name}").ret == pytest.ExitCode.TESTS_FAILED
    moved = red.run(option, f"../{outside.name}")
    assert moved.ret == pytest.ExitCode.USAGE_ERROR
    moved.stderr.fnmatch_lines(
        [
            f"ERROR: {option} ../{outside.name}: pytest takes *",
            f"       type  {option}=../{outside.name}",
        ]
    )
    inside = red.run(option, f"../{outside.name}", f"--rootdir={red.path}", "-c", "pyproject.toml")
    assert inside.ret == pytest.ExitCode.TESTS_FAILED


def test_an_unknown_suffix_names_the_known_ones(red) -> None:
    result = red.run("--claude-report=run.pdf")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: --claude-report run.pdf: the suffix names the kind of report: .json,",
            "       .html, .md",
        ]
    )


@pytest.mark.parametrize("name", ["run.html", "run.md", "run.json"])
def test_a_report_that_can_not_be_written_fails_the_run(project, name: str) -> None:
    project.tests(TESTS)
    project.record()
    (project.path / name).mkdir()
    result = project.run(f"--claude-report={name}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"*{name} could not be written: Is a directory"])


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A job of GitHub Actions; the path of its step summary."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


@pytest.mark.fault("R05")
def test_actions_gets_a_summary_and_an_annotation_at_the_assertion(red, actions: Path) -> None:
    result = red.run()
    line = next(n for n, text in enumerate((red.path / "test_app.py").read_text().splitlines(), 1)
                if "calls_no_tool" in text)  # fmt: skip
    result.stdout.fnmatch_lines(
        [f"::error file=test_app.py,line={line},title=test_red::failed 0/1: *"]
    )
    assert actions.read_text("utf-8").startswith("### ✗ claude: 1 of 3 tests failed\n")


EDITED = """
import pytest
@pytest.mark.parametrize("n", range(14))
def test_a(claude, n):
    ask(f"look at {n}", system="be %s and polite")
def test_red(claude):
    ask("hi")
    assert claude.calls_no_tool()
"""


def test_a_prompt_edit_is_one_cause_with_its_words_and_the_one_command(
    project, actions: Path
) -> None:
    project.tests(EDITED % "brief")
    project.record()
    actions.unlink(missing_ok=True)
    project.tests(EDITED % "kind")
    result = project.run("--claude-report=run.html")
    written = actions.read_text("utf-8")
    top = written.partition("<details>")[0].splitlines()
    assert top[:6] == [
        "### ✗ claude: 15 of 15 tests failed",
        "",
        "- **the prompt was edited (`system`)**: 14 tests, about 14 calls to record",
        "  - `system: be brief and polite → be kind and polite`",
        "",
        "To record them: `pytest --claude-record`",
    ]
    assert written.count("look at") == 0
    assert "| `test_app.py::test_red` | 0/1 |" in written
    assert "<details><summary>14 tests without a recording that fits</summary>" in written
    annotated = [line for line in result.outlines if line.startswith("::error")]
    assert len(annotated) == 2
    assert annotated[0].endswith(
        ",title=the prompt was edited (`system`)::system: be brief and polite → be kind and polite;"
        " 14 tests, about 14 calls to record: pytest --claude-record"
    )
    assert "title=test_red::failed 0/1" in annotated[1]
    project.record().assert_outcomes(passed=14, failed=1)


def test_a_green_run_says_nothing_on_actions(project, actions: Path) -> None:
    project.tests(TESTS)
    project.record()
    result = project.run()
    assert not actions.exists()
    assert "::error" not in result.stdout.str()


def test_elsewhere_nothing_is_annotated(red, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert "::error" not in red.run().stdout.str()
    assert not (tmp_path / "summary.md").exists()


def test_a_full_summary_is_left_alone(red, actions: Path) -> None:
    actions.write_text("x" * 1_048_000)
    red.run()
    assert actions.stat().st_size <= 1_048_576


def test_what_a_model_says_is_no_command_of_actions(project, actions: Path) -> None:
    project.personas(old=says("::error::hi\n::stop-commands::x\n##[error]no"))
    project.tests(
        'def test_red(claude):\n    ask()\n    assert claude.calls_tool("lookup_order")\n'
    )
    project.record()
    result = project.run("--claude-show-transcript")
    commands = [text for text in result.outlines if re.match(r"\s*::|.*##\[", text)]
    assert [text.split("::")[1].split(" ")[0] for text in commands] == ["error"]
    assert "file=test_app.py" in commands[0]


def test_junit_has_properties(red) -> None:
    red.run("--junitxml=junit.xml")
    cases = ET.parse(red.path / "junit.xml").iter("testcase")
    found = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in cases
    }
    assert found["test_calls"]["claude.verdict"] == "passed"
    assert found["test_calls"]["claude.trials"] == "2/2"
    assert found["test_calls"]["claude.models"] == OLD
    assert found["test_red"]["claude.verdict"] == "failed"


def test_junit_of_a_bump_has_the_verdict(project) -> None:
    project.tests(TESTS)
    project.personas(new=asks("Which order do you mean?"))
    project.record()
    project.record(BUMP)
    project.run(BUMP, "--junitxml=junit.xml")
    found = [p.get("value") for p in ET.parse(project.path / "junit.xml").iter("property")
             if p.get("name") == "claude.verdict"]  # fmt: skip
    assert "regressed" in found


TRANSCRIPT = """\
------------------------------ claude transcript -------------------------------
user:
  I want a refund
answer (claude-sonnet-4-5):
  → lookup_order({"order_id": "1234"})
  ?interaction 1: tool_use, * in, * out, * s?
"""


def test_a_failed_test_shows_what_was_said(red) -> None:
    red.run("--claude-show-transcript").stdout.fnmatch_lines(
        TRANSCRIPT.splitlines(), consecutive=True
    )


# --- the commands that read run files -----------------------------------------------------------


@pytest.fixture
def run_file(red, monkeypatch: pytest.MonkeyPatch) -> Path:
    red.run("--claude-report=run.json")
    monkeypatch.chdir(red.path)
    return red.path / "run.json"


def test_show_lists_the_tests(run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "run.json"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "FAIL  1 of 3 tests failed",
        "",
        "failed: 1                                                          trials passed",
        "  test_app.py::test_red                                                      0/1",
        "    calls `lookup_order`",
        "",
        "passed: 2                                                          trials passed",
        "  test_app.py::test_calls                                                    2/2",
        "  test_app.py::test_stays                                                    1/1",
    ]


def test_show_prints_the_transcript_of_a_test(
    run_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["show", "run.json", "red"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "test_app.py::test_red  failed 0/1"
    assert "== claude-sonnet-4-5, trial 1 of 1: failed" in told
    assert "   cassettes/test_app/test_red/claude-sonnet-4-5.yaml" in told
    assert '     → lookup_order({"order_id": "1234"})' in told


def test_show_takes_a_trial(run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "run.json", "test_calls", "--trial", "2"]) == 0
    assert "== claude-sonnet-4-5, trial 2 of 2: passed" in capsys.readouterr().out


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the run file of three candidates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.json").write_text(dumps(samples.THREE), "utf-8")
    return tmp_path


def test_show_tells_several_candidates_side_by_side(
    beside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["show", "run.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{OLD} → 3 candidates"
    assert lines[1].startswith("FAIL  1 of 3 candidates fails, 1 is undecided, 1 passes")


def test_show_prints_a_test_on_every_candidate_and_the_baseline_once(
    beside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["show", "run.json", "test_refund"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if line.startswith("==")]
    assert [head.partition(",")[0] for head in heads] == [
        f"==== {NEW}", f"== {OLD}", f"== {NEW}",
        "==== claude-haiku-5-5", "== claude-haiku-5-5",
        "==== claude-opus-5-5", "== claude-opus-5-5",
    ]  # fmt: skip
    test = "tests/test_refund.py::test_refund_looks_up_the_order_first"
    assert [line for line in lines if line.startswith(test)] == [
        f"{test}  unchanged 10/10 → 4/4",
        f"{test}  regressed 30/30 → 5/12",
        f"{test}  undecided 10/10 → 1/2",
    ]


def test_show_names_the_candidate_in_json(beside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "run.json", "test_refund", "--json"]) == 0
    facts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(fact["candidate"], fact["verdict"]) for fact in facts] == [
        (NEW, "unchanged"), ("claude-haiku-5-5", "regressed"), ("claude-opus-5-5", "undecided"),
    ]  # fmt: skip


def test_every_kind_of_report_is_written_of_several_candidates(beside: Path, actions: Path) -> None:
    of = told(samples.THREE)
    paths = [beside / f"bump{suffix}" for suffix in SUFFIXES]
    assert write_reports(samples.THREE, of, paths, beside) == []
    data = json.loads((beside / "bump.json").read_text("utf-8"))
    assert data["sentence"] == str(of.headline)
    assert data["verdict"] == "fail"
    assert "Candidates" in (beside / "bump.html").read_text("utf-8")
    assert write_step_summary(of, paths) == []
    assert actions.read_text("utf-8").strip() == (beside / "bump.md").read_text("utf-8").strip()


def test_show_is_json_for_programs(run_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "run.json", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["test"], line["verdict"]) for line in lines] == [
        ("test_app.py::test_red", "failed"),
        ("test_app.py::test_calls", "passed"),
        ("test_app.py::test_stays", "passed"),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "none.json"], "show none.json: No such file or directory"),
        (["show", "run.json", "test_rad"], "no test of the run has that name; did you mean"),
        (["show", "run.json", "test_"], "show run.json test_: 3 tests fit:"),
        (["show", "run.json", "red", "--trial", "9"], "has 1 trial, no trial 9"),
        (["compare", "run.json", "."], "two run files, or two of git:REV and ., not one of each"),
        (["merge", "run.json", "-o", "x.txt"], "merge -o x.txt: the suffix names the kind"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_misuse_is_one_sentence(
    run_file: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert cli.main(words) == 4
    error = capsys.readouterr().err.replace("\n       ", " ")
    assert error.startswith("ERROR: ")
    assert told in error


def test_compare_gates_two_runs(
    project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.tests(TESTS.replace("trials=2", "trials=25"))
    project.record("--claude-trials=25")
    project.run("--claude-trials=25", "--claude-report=a.json")
    monkeypatch.chdir(project.path)
    capsys.readouterr()
    status = cli.main(["compare", "a.json", "a.json", "--report", "c.html", "--report", "c.md"])
    told = capsys.readouterr().out
    assert status == 0
    assert told.startswith("a.json → a.json\nPASS  no test dropped by >= 0.5")
    assert "offline gate: 2 tests, 25 recorded + 25 candidate trials each" in told
    assert "pytest-claude compare a.json a.json" in (project.path / "c.html").read_text("utf-8")
    assert (project.path / "c.md").read_text("utf-8").startswith("### ✔ a.json → a.json")


def test_merge_joins_shards(
    red, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    red.run("-k", "calls", "--claude-report=1.json")
    red.run("-k", "not calls", "--claude-report=2.json")
    red.run("--claude-report=all.json")
    monkeypatch.chdir(red.path)
    capsys.readouterr()
    assert cli.main(["merge", "2.json", "1.json", "-o", "merged.json"]) == 0
    merged, whole = (
        json.loads((red.path / name).read_text()) for name in ("merged.json", "all.json")
    )
    assert merged == whole
    assert capsys.readouterr().out.startswith("FAIL  1 of 3 tests failed")


def test_recordings_of_two_revisions_are_compared_as_behavior(
    project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project.tests(TESTS)
    project.record()
    monkeypatch.chdir(project.path)
    author = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=project.path, check=True)
    project.personas(old=asks("Which order do you mean?"))
    project.record(mode="all")
    capsys.readouterr()
    assert cli.main(["compare", "git:HEAD", "."]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "test_app/test_calls",
        '    asks "Which order do you mean?" instead of calling `lookup_order` in 2 of 2',
        "    trials",
        "    does not call `lookup_order` in 2 of 2 trials",
        "    stops with `end_turn` instead of `tool_use` in 2 of 2 trials",
        "test_app/test_stays",
        '    asks "Which order do you mean?" instead of calling `lookup_order` in 1 of 1',
        "    trial",
        "    does not call `lookup_order` in 1 of 1 trial",
        "    stops with `end_turn` instead of `tool_use` in 1 of 1 trial",
        "git:HEAD → .: 2 of 2 tests behave differently in their recordings",
        "  for a verdict  pytest --claude-baseline git:HEAD",
    ]
    assert cli.main(["compare", "git:none", "."]) == 4
    assert "compare git:none: fatal: Not a valid object name none" in capsys.readouterr().err


# --- recording over an older recording ----------------------------------------------------------


def test_recording_over_tells_the_change_of_behavior_in_one_line_per_test(project) -> None:
    project.tests(TESTS)
    project.record()
    project.personas(old=asks("Which order do you mean?"))
    result = project.record(mode="all")
    told = [line for line in result.outlines if "recorded over" in line]
    assert told == [
        'test_app.py::test_calls, recorded over: asks "Which order do you mean?" instead',
        'test_app.py::test_stays, recorded over: asks "Which order do you mean?" instead',
    ]
    result.stdout.fnmatch_lines(["of calling `lookup_order` in 2 of 2 trials"])


def test_the_same_answers_are_not_told(project) -> None:
    project.tests(TESTS)
    project.record()
    assert "recorded over" not in project.record(mode="all").stdout.str()


def test_other_words_for_the_same_behavior_are_told_as_such(project) -> None:
    project.tests("def test_talks(claude):\n    ask()\n    assert claude.calls_no_tool()\n")
    project.personas(old=says("It is on its way."))
    project.record()
    project.personas(old=says("It left our house today."))
    project.record(mode="all").stdout.fnmatch_lines(
        ["test_app.py::test_talks, recorded over: behaves as before in 1 trial"]
    )
