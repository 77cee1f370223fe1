"""`pytest-claude preflight` and `pytest-claude models`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from simulator import Simulator, says

from pytest_claude import cli
from pytest_claude.recording import cassette
from pytest_claude.recording.entry import Recorded
from pytest_claude.transcript.interaction import Interaction, Request, Response

NEW = "claude-sonnet-5-5"


def record(path: Path, *bodies: dict[str, Any], status: int = 200) -> None:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "end_turn",
               "content": [{"type": "text", "text": "Hi"}],
               "usage": {"input_tokens": 1000, "output_tokens": 100}}  # fmt: skip
    entries = []
    for body in bodies:
        asked = {"model": "claude-sonnet-4-5", "max_tokens": 8000,
                 "messages": [{"role": "user", "content": "Hi"}], **body}  # fmt: skip
        answer = {**message, "model": asked["model"]}
        request = Request(
            "POST", "https://api.anthropic.com/v1/messages", json.dumps(asked).encode(),
            {"content-type": "application/json", "anthropic-version": "2023-06-01"},
        )  # fmt: skip
        response = Response(status, json.dumps(answer).encode(),
                            {"content-type": "application/json"})  # fmt: skip
        entries.append(Recorded.of(Interaction(request, response)))
    path.parent.mkdir(parents=True, exist_ok=True)
    cassette.save(path, entries)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "cassettes"
    record(root / "tests/test_a/test_cold/claude-sonnet-4-5.yaml", {"temperature": 0.2})
    record(root / "tests/test_a/test_cold/claude-sonnet-4-5.2.yaml", {"temperature": 0.2})
    record(root / "tests/test_a/test_plain/claude-sonnet-4-5.yaml", {})
    record(root / "_gate/claude-sonnet-4-5__claude-sonnet-5-5/cand/tests/test_a/test_cold"
           "/claude-sonnet-5-5.yaml", {"model": NEW, "speed": "fast"})  # fmt: skip
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], str]:
    status = cli.main(arguments)
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def test_a_refused_request_exits_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines, _ = run(capsys, "preflight", NEW, "--on", "2026-11-22")
    assert status == 1
    assert lines[0] == (
        "claude-sonnet-4-5 → claude-sonnet-5-5: 2 tests, 2 requests; nothing was called"
    )
    assert "✗ 1 request in 1 test would be refused with HTTP 400" in lines
    assert "  1 `temperature` 0.2; only 1 is accepted             tests/test_a.py" in lines
    assert "Costs       recording once: 2 calls, about $0.0078 (0.0060 to 0.0081)" in lines
    assert lines[-1] == "  to see every request  pytest-claude preflight claude-sonnet-5-5 -v"


def test_nothing_refused_exits_0(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines, _ = run(capsys, "preflight", "claude-sonnet-4-6", "--requests-per-day", "1000")
    assert status == 0
    assert "✔ no request would be refused" in lines
    assert "            1,000 requests/day: $135 → $135 a month" in lines


def test_a_retired_model_is_judged_by_the_day(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["preflight", "claude-sonnet-4-5", "--json", "--on"]
    assert run(capsys, *arguments, "2026-11-30")[0] == 0
    status, lines, _ = run(capsys, *arguments, "2026-12-01")
    assert status == 1
    found = json.loads("\n".join(lines))
    assert found["on"] == "2026-12-01"
    assert {f["rule"] for c in found["calls"] for f in c["findings"]} >= {"model-retired"}


def test_json_is_call_by_call(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, lines, _ = run(capsys, "preflight", NEW, "--json")
    found = json.loads("\n".join(lines))
    assert (found["tests"], found["requests"], found["refused"]) == (2, 2, 1)
    first = found["calls"][0]
    assert first["test"] == "tests/test_a.py::test_cold"
    assert first["cassette"] == "cassettes/tests/test_a/test_cold/claude-sonnet-4-5.yaml"
    refusal = first["findings"][0]
    assert (refusal["rule"], refusal["status"], refusal["adapted"]) == (
        "sampling-non-default", 400, True)  # fmt: skip
    assert refusal["since"] == "2026-09-28"
    assert found["costs"]["record_once"]["usd"] == pytest.approx(0.0078)


def test_the_projects_folder_and_prices_are_taken_from_its_ini_file(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "cassettes").rename(project / "recorded")
    (project / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\nclaude_cassette_dir = 'recorded'\n"
        "claude_prices = ['claude-next-1 input=1 output=1']\n"
    )
    (project / "tests").mkdir()
    monkeypatch.chdir(project / "tests")
    status, lines, _ = run(capsys, "preflight", "claude-next-1")
    assert status == 0
    assert "Costs       recording once: 2 calls, about $0.0022" in lines


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nclaude_cassette_dir = recorded\n"),
        ("tox.ini", "[pytest]\nclaude_cassette_dir = recorded\n"),
        ("setup.cfg", "[tool:pytest]\nclaude_cassette_dir = recorded\n"),
        ("pyproject.toml", "[tool.pytest]\nclaude_cassette_dir = 'recorded'\n"),
        ("pytest.toml", "[pytest]\nclaude_cassette_dir = 'recorded'\n"),
    ],
)
def test_every_ini_file_of_pytest_is_read(name: str, text: str, tmp_path: Path) -> None:
    from pytest_claude.cli.project import read_project

    (tmp_path / name).write_text(text)
    (tmp_path / "sub").mkdir()
    assert read_project(tmp_path / "sub").cassette_root == tmp_path / "recorded"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["preflight", NEW, "nowhere"], "ERROR: preflight nowhere: no such file or folder"),
        (["preflight", NEW, "--from", "claude-opus-5"],
         "ERROR: preflight --from claude-opus-5: no recorded request asks it; they ask "
         "claude-sonnet-4-5 (3)"),
        (["preflight", NEW, "empty"], "ERROR: preflight: empty: no recorded request to a model"),
        (["preflight", NEW, "--on", "soon"], "'soon': a date such as 2026-11-30"),
        (["preflight", NEW, "--requests-per-day", "0"], "'0': a whole number of requests"),
        (["models", "gpt"], "ERROR: models gpt: no known model has that in its id; opus, sonnet"),
    ],
    ids=range(6),
)  # fmt: skip
def test_usage_errors_exit_with_4(
    arguments: list[str], told: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "empty").mkdir()
    try:
        status = cli.main(arguments)
    except SystemExit as exit_:
        status = int(str(exit_.code))
    assert status == 4
    assert told in capsys.readouterr().err.replace("\n       ", " ")


def test_an_unreadable_recording_is_told_and_fails(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "cassettes/tests/test_a/test_plain/claude-sonnet-4-5.2.yaml").write_text("- 1")
    status, _, err = run(capsys, "preflight", "claude-sonnet-4-6")
    assert status == 1
    assert err.startswith("FAIL cassettes/tests/test_a/test_plain/claude-sonnet-4-5.2.yaml")


# --- models ---------------------------------------------------------------------------------------


def test_models_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, lines, _ = run(capsys, "models", "sonnet-5")
    assert status == 0
    assert [line.split()[0] for line in lines] == ["model", NEW, "claude-sonnet-5"]
    by_bedrock_id = run(capsys, "models", "us.anthropic.claude-haiku-4-5-20251001-v1:0")[1]
    assert [line.split()[0] for line in by_bedrock_id] == ["model", "claude-haiku-4-5"]
    found = json.loads("\n".join(run(capsys, "models", NEW, "--json")[1]))
    assert found[0]["prices"]["cache_read"] == 0.1
    assert found[0]["sources"][0].startswith("https://")


def test_live_asks_the_models_api(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    record(tmp_path / "cassettes/tests/test_a/test_x/claude-sonnet-4-5.yaml",
           {"output_config": {"effort": "max"}})  # fmt: skip
    supported, not_ = {"supported": True}, {"supported": False}
    described = {
        "line": "sonnet", "lifecycle": "deprecated", "retires_at": "2027-05-01T00:00:00Z",
        "max_tokens": 64000,
        "capabilities": {
            "thinking": {"supported": True, "types": {"adaptive": supported, "enabled": not_}},
            "effort": {"supported": True, "low": supported, "high": supported, "max": not_},
            "structured_outputs": supported,
        },
    }  # fmt: skip
    with Simulator({"claude-sonnet-6": says("Hi"), NEW: says("Hi")}) as simulator:
        simulator.described["claude-sonnet-6"] = described
        monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-simulated")
        found = json.loads("\n".join(run(capsys, "models", "--live", "--json")[1]))
        status, lines, _ = run(capsys, "preflight", "claude-sonnet-6", "--live")
        unknown = run(capsys, "preflight", "claude-sonnet-7", "--live")
    six, five = sorted(found, key=lambda each: each["id"], reverse=True)
    assert (six["id"], six["status"], six["retires_on"]) == (
        "claude-sonnet-6", "deprecated", "2027-05-01")  # fmt: skip
    assert (six["thinking_modes"], six["effort_levels"]) == (["adaptive"], ["low", "high"])
    assert five["prefill"] is False, "what the API does not say stays as the table has it"
    assert six["prefill"] is None
    assert status == 1
    assert '  1 effort "max"; it has low, high                    tests/test_a.py' in lines
    assert unknown[0] == 4
    assert "preflight claude-sonnet-7 --live: the API knows no such model" in unknown[2]


def test_live_without_a_key_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HOME", str(tmp_path))
    status, _, err = run(capsys, "models", "--live")
    assert status == 4
    assert err.startswith("ERROR: --live: the Models API can't be asked: ")
    assert "it needs ANTHROPIC_API_KEY" in err
