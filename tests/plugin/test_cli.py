"""The command line: demo and inspect, as a user types them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude import cli
from pytest_claude.demo import support_desk

DEMO = Path(support_desk.__file__).parent


def command(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest_claude.cli", *arguments],
        cwd=cwd, text=True, capture_output=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_the_demo_prints_a_verdict_and_exits_0(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    result = command("demo", str(folder), cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    for line in (
        "The models are simulated: no answer here is a real model's.",
        "$ pytest --claude-bump claude-sonnet-4-5=claude-sonnet-5-5 --claude-report bump.json",
        "FAIL  2 of 6 tests regressed",
        '    asks "Could you confirm that 1235 is the order number?" instead of calling',
        "    writes 77 characters of text around its JSON in 3 of 3 trials",
        "    calls `lookup_order` twice in parallel in 3 of 3 trials",
        "  thinking budget 2048 → adaptive (1 test)",
        "The verdict above is the demo's purpose; pytest exited with 1.",
        f"  to read it    {folder / 'bump.json'}",
    ):
        assert line in result.stdout.splitlines(), result.stdout
    run = json.loads((folder / "bump.json").read_text())
    assert run["verdict"] == "fail"


def test_the_demo_needs_no_network_and_no_key(tmp_path: Path) -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"]).returncode:
        pytest.skip("this machine does not let a test cut its own network off (unshare -rn)")
    result = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "pytest_claude.cli", "demo"],
        cwd=tmp_path, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "FAIL  2 of 6 tests regressed" in result.stdout


def test_the_demo_does_not_write_over_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    result = command("demo", "mine", cwd=tmp_path)
    assert result.returncode == 4
    assert result.stderr == "ERROR: demo mine: the folder exists and is not empty\n"


def test_the_demo_is_not_disturbed_by_the_users_options(tmp_path: Path) -> None:
    result = command(
        "demo", cwd=tmp_path, PYTEST_ADDOPTS="--maxfail=1 -q", CI="true", TMPDIR=str(tmp_path)
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "FAIL  2 of 6 tests regressed" in result.stdout


def test_one_word_of_the_demos_prompt_changed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    cli.copy_demo(pytester.path)
    app = pytester.path / "support_desk.py"
    app.write_text(app.read_text().replace("Be brief and friendly", "Be brief and formal"))
    result = pytester.runpytest_inprocess(
        "-p", "pytest_claude.plugin", "-p", "no:cacheprovider", "-W", "ignore"
    )
    result.assert_outcomes(failed=4, passed=2)
    result.stdout.fnmatch_lines(
        [
            "E   pytest_claude.CassetteMiss: no recording answers call 1: `system` differs",
            "  observed   `system` differs from the nearest recording; model, tools,",
            "             -  … named. Be brief and friendly.",
            "             +  … named. Be brief and formal.",
        ]
    )
    assert len(result.outlines) < 40


def test_inspect_says_what_is_in_a_cassette(capsys: pytest.CaptureFixture[str]) -> None:
    path = DEMO / "cassettes/test_support_desk/test_asks_which_order/claude-sonnet-4-5.yaml"
    assert cli.main(["inspect", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}  1 interaction, vcrpy",
        "  1  200 end_turn  claude-sonnet-4-5  163 in 14 out  \"I'm sorry to hear that. "
        'Which order do you want to return?"',
    ]


def test_inspect_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    folder = DEMO / "cassettes/test_support_desk/test_looks_up_the_order_before_refunding"
    assert cli.main(["inspect", "--json", str(folder / "claude-sonnet-4-5.yaml")]) == 0
    first, *rest = map(json.loads, capsys.readouterr().out.splitlines())
    assert len(rest) == 2
    assert first["model"] == first["response_model"] == "claude-sonnet-4-5"
    assert first["tools_offered"] == ["lookup_order", "refund"]
    assert first["tools_called"] == [{"name": "lookup_order", "input": {"order_id": "1234"}}]
    assert (first["stop_reason"], first["status"], first["stream"]) == ("tool_use", 200, False)
    assert first["usage"]["output_tokens"] > 0
    assert first["error"] is None


def test_inspect_walks_folders_and_counts_bad_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("a: [1")
    (tmp_path / "empty.yaml").write_text("")
    good = DEMO / "cassettes/test_support_desk/test_asks_which_order/claude-sonnet-4-5.yaml"
    shutil.copy(good, tmp_path / "good.yaml")
    assert cli.main(["inspect", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert f"{tmp_path / 'good.yaml'}  1 interaction, vcrpy" in out
    assert len(err.splitlines()) == 2
    assert "bad.yaml: is no YAML at line" in err
    assert "empty.yaml: is empty" in err


def test_inspect_names_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inspect", "nowhere.yaml"]) == 4
    assert capsys.readouterr().err == "ERROR: inspect nowhere.yaml: no such file or folder\n"


def test_inspect_reads_the_public_recordings(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = shared_dir / "corpus" / "dev"
    folders = ["maruel__genai", "tidyverse__ellmer", "simonw__llm-anthropic"]
    assert cli.main(["inspect", "--json", *(str(corpus / name) for name in folders)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["format"] for row in rows} == {"go-vcr", "ruby-vcr", "vcrpy"}
    assert len(rows) > 700


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["inspect"]], ids=str)
def test_a_wrong_command_exits_4_with_one_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 4
    assert capsys.readouterr().err.splitlines()[-1].startswith("ERROR: ")
