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
from pytest_claude.cli.demo import copy_demo
from pytest_claude.demo import support_desk

DEMO = Path(support_desk.__file__).parent


def command(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest_claude.cli", *arguments],
        cwd=cwd, text=True, capture_output=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def _warm(warm_python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that the test starts begin with the SDK imported."""
    monkeypatch.setattr(sys, "executable", warm_python)


@pytest.mark.usefixtures("_warm")
def test_the_demo_prints_a_verdict_and_exits_0(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    result = command("demo", str(folder), cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    for line in (
        "The models are simulated: no answer here is a real model's.",
        "$ pytest --claude-bump claude-sonnet-4-5=claude-sonnet-5-5 --claude-report bump.json "
        "--claude-report bump.html",
        "FAIL  2 of 6 tests regressed",
        '    asks "Could you tell me the order number?" instead of calling `lookup_order`',
        "    trials; writes 77 characters of text around its JSON in 12 of 12 trials",
        "    calls `lookup_order` twice in parallel in 4 of 4 trials",
        "  thinking budget 2048 → adaptive (1 test)",
        "The verdict above is the demo's purpose; pytest exited with 1.",
        f"  to read it    {folder / 'bump.html'}  (open it in a browser)",
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


@pytest.mark.usefixtures("_warm")
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
    copy_demo(pytester.path)
    app = pytester.path / "support_desk.py"
    app.write_text(app.read_text().replace("Be brief and friendly", "Be brief and formal"))
    result = pytester.runpytest_inprocess(
        "-p", "pytest_claude.plugin", "-p", "no:cacheprovider", "-W", "ignore"
    )
    result.assert_outcomes(failed=4, passed=2)
    result.stdout.fnmatch_lines(
        [
            "E   *CassetteMiss: no recording answers call 1: the prompt was edited (`system`)",
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
        f"{path}  1 interaction, pytest-claude 1",
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
    assert f"{tmp_path / 'good.yaml'}  1 interaction, pytest-claude 1" in out
    assert err.splitlines()[2:] == ["2 of 3 files could not be read"]
    assert "bad.yaml: is no YAML at line" in err
    assert "empty.yaml: is empty" in err


MIXED = {
    "version": 2,
    "interactions": [
        {"request": {"method": "POST", "url": "https://api.anthropic.com/v1/messages/count_tokens",
                     "body": '{"model": "m", "messages": []}'},
         "response": {"code": 200, "body": '{"input_tokens": 5}'}},
        {"request": {"method": "GET", "url": "https://example.com/\x1b[2J"},
         "response": {"code": 404, "body": "<html>"}},
        {"request": {"method": "POST", "url": "https://api.anthropic.com/v1/messages",
                     "body": '{"model": "m", "messages": []}'},
         "response": {"code": 502, "body": "<html>\n<h1>Bad gateway</h1>"}},
        {"request": {"method": "POST", "url": "https://api.anthropic.com/v1/messages",
                     "body": '{"model": "m", "messages": []}'},
         "response": {"code": 200, "body": 'data: {"type": "brand_new"}'}},
        {"request": {"method": "GET",
                     "url": "https://api.anthropic.com/v1/messages/batches/b/results"},
         "response": {"code": 200, "body": '{"custom_id": "a", "result": {"type": "expired"}}'}},
    ],
}  # fmt: skip


def test_inspect_shows_each_call_of_a_mixed_recording(tmp_path, capsys) -> None:
    path = tmp_path / "mixed.yaml"
    path.write_text(json.dumps(MIXED))
    assert cli.main(["inspect", "--json", str(path)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["n"] for row in rows] == [1, 2, 3, 4, 5]
    common = set.intersection(*(set(row) for row in rows))
    assert common >= {
        "file", "n", "format", "model", "response_model", "platform", "stream", "tools_offered",
        "tools_called", "server_tools_called", "stop_reason", "text", "thinking", "citations",
        "structured", "usage", "status", "error", "complete",
    }  # fmt: skip
    assert [row["platform"] for row in rows] == [None, None, "anthropic", "anthropic", "anthropic"]
    assert [row["model"] for row in rows] == ["m", None, "m", "m", None]
    assert rows[0]["url"].endswith("count_tokens")
    assert rows[2]["error"]["message"] == "<html>\n<h1>Bad gateway</h1>"
    assert (rows[3]["complete"], rows[3]["unknown"]) == (False, ["event brand_new"])
    assert (rows[4]["custom_id"], rows[4]["error"]["type"]) == ("a", "expired")
    assert cli.main(["inspect", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{path}  5 interactions, go-vcr",
        "  1  200 POST https://api.anthropic.com/v1/messages/count_tokens",
        "  2  404 GET https://example.com/\\x1b[2J",
        "  3  502 no stop reason  m  unknown in unknown out  <html>\\n<h1>Bad gateway</h1>",
        "  4  200 no stop reason, cut off  m  unknown in unknown out",
        "  5  200 no stop reason  a  no model  unknown in unknown out  expired",
    ]


def test_inspect_walks_past_folders_that_are_named_like_files(tmp_path, capsys) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert cli.main(["inspect", str(tmp_path)]) == 0


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
    assert capsys.readouterr().err.count("ERROR: ") == 1


def test_without_a_command_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main([])
    told = capsys.readouterr().err
    assert "    bump      compare two models over the suite" in told
    assert told.endswith("ERROR: which COMMAND?\n")


def test_a_missing_argument_is_named_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["preflight"])
    assert capsys.readouterr().err.endswith("the following arguments are required: NEW\n")


def go_vcr(*statuses: int) -> str:
    body = '{"model": "claude-sonnet-4-5-20250929", "messages": []}'
    said = '{"type": "message", "content": [{"type": "text", "text": "sk-ant-api03-abcdefgh"}]}'
    entries = [
        {
            "request": {"method": "POST", "url": "https://api.anthropic.com/v1/messages",
                        "body": body, "headers": {"X-Api-Key": ["secret"]}},
            "response": {"code": status, "body": said, "headers": {"Set-Cookie": ["secret"]}},
        }
        for status in statuses
    ]  # fmt: skip
    other = {"request": {"method": "GET", "url": "https://example.com/", "body": ""},
             "response": {"code": 200, "body": ""}}  # fmt: skip
    return json.dumps({"version": 2, "interactions": [*entries, other]})


def test_import_makes_cassettes_of_other_recordings(tmp_path, capsys) -> None:
    from pytest_claude.recording.cassette import load

    (tmp_path / "old" / "test_desk").mkdir(parents=True)
    (tmp_path / "old" / "test_desk" / "test_asks.yaml").write_text(go_vcr(429, 200))
    (tmp_path / "old" / "broken.json").write_text("{")
    into = tmp_path / "cassettes"
    arguments = ["import", str(tmp_path / "old"), "--into", str(into)]
    assert cli.main(arguments) == 1, "one file is bad"
    target = into / "test_desk" / "test_asks" / "claude-sonnet-4-5.yaml"
    assert len(load(target, "x")) == 1, "the failed attempt and the other host are left out"
    text = target.read_text()
    assert "imported_from: go-vcr" in text
    assert "secret" not in text
    assert "sk-ant" not in text
    out = capsys.readouterr()
    assert f"(go-vcr) → {target}" in out.out
    assert "broken.json: is no" in out.err
    assert cli.main(arguments) == 1
    assert capsys.readouterr() == out, "what is imported already is left as it is"
    target.write_text(text.replace("go-vcr", "vcrpy"))
    assert cli.main(arguments) == 1
    assert f"{target} exists already" in capsys.readouterr().err
    target.write_text(text)
    assert cli.main(["import", str(into), "--into", str(into)]) == 1
    assert f"FAIL {target}: is in its place already" in capsys.readouterr().err
    assert list(into.rglob("*.yaml")) == [target]


def test_import_for_one_test_keeps_failed_attempts_if_asked(tmp_path, capsys) -> None:
    from pytest_claude.recording.cassette import load

    source = tmp_path / "x.yaml"
    source.write_text(go_vcr(429, 200))
    test = ["--test", "tests/test_desk.py::test_asks[a b]", "--keep-failed"]
    assert cli.main(["import", str(source), "--into", str(tmp_path / "c"), *test]) == 0
    [target] = (tmp_path / "c").rglob("*.yaml")
    assert target.relative_to(tmp_path / "c").as_posix().startswith("tests/test_desk/test_asks")
    assert [entry.response.status for entry in load(target, "x")] == [429, 200]
    assert cli.main(["import", str(source), str(source), *test]) == 4
    assert "2 recordings, not one" in capsys.readouterr().err


def test_pytests_words_without_the_dashes_are_told_where_they_go(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["bump", "claude-a=claude-b", "--claude-record"])
    assert raised.value.code == 4
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "ERROR: unrecognized arguments: --claude-record; what pytest is to get comes",
        "       after --: -- --claude-record",
    ]


def test_the_ini_key_of_the_cassettes_holds_for_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nclaude_cassette_dir = kept/here\n")
    shutil.copytree(DEMO / "cassettes/test_support_desk", tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["import", "mine"]) == 0
    assert cli.main(["check"]) == 0
    imported = sorted(tmp_path.joinpath("kept/here").rglob("*.yaml"))
    assert len(imported) == len(list((tmp_path / "mine").rglob("*.yaml")))
    assert capsys.readouterr().out.endswith(f"{len(imported)} good, 0 bad\n")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert cli.main(["check"]) == 0
    assert capsys.readouterr().out == f"{len(imported)} good, 0 bad\n"
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *who, "commit", "-qm", "x"], cwd=tmp_path, check=True)
    assert cli.main(["compare", "git:HEAD", "."]) == 0
    assert "behave differently in their recordings" in capsys.readouterr().out
    shutil.rmtree(tmp_path / "kept/here/test_asks_which_order")
    assert cli.main(["compare", "git:HEAD", "."]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "git:HEAD → .: 3 of 18 tests behave differently in their recordings",
        "  for a verdict  pytest --claude-baseline git:HEAD",
    ]
    assert cli.main(["compare", "git:HEAD", ".", "--report", "a.html"]) == 4
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "ERROR: compare git:HEAD .: recordings have no verdict to report",
        "       to make one, pytest --claude-baseline git:HEAD --claude-report a.html",
    ]
