"""`claude_model_map`: a gateway's alias, a deployment or a profile is the model it stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from simulator import asks, calls

from pytest_claude.cli import main
from pytest_claude.recording import fingerprint
from pytest_claude.recording.redaction import Redaction

NEW = "claude-sonnet-5-5"
INI = """
[tool.pytest.ini_options]
pythonpath = ['.']
claude_model_map = ['our-sonnet = claude-sonnet-4-5', 'our-next = claude-sonnet-5-5']
"""
TESTS = """
pytestmark = pytest.mark.claude(trials=2)

def test_asks(claude):
    ask(model="our-sonnet", tool_choice={"type": "any"})
    assert claude.calls_tool("lookup_order")
    assert claude.where(model="claude-sonnet-4-5").replies
    assert claude.reply.model in ("our-sonnet", "our-next")
    assert claude.cost_usd is not None
"""
BUMP = "--claude-bump=claude-sonnet-4-5=our-next"
LOOKS_UP = calls(("lookup_order", {"order_id": "1234"}))


@pytest.fixture
def gateway(project: Any) -> Any:
    """A project whose app asks for a gateway's alias."""
    project.personas(**{"our-sonnet": LOOKS_UP, "our-next": LOOKS_UP, "old": asks("?")})
    project.pytester.makepyprojecttoml(INI)
    project.tests(TESTS)
    return project


def test_a_cassette_is_named_by_the_model_and_holds_what_was_sent(gateway: Any) -> None:
    gateway.record().assert_outcomes(passed=1)
    assert gateway.cassettes == [
        "test_app/test_asks/claude-sonnet-4-5.2.yaml",
        "test_app/test_asks/claude-sonnet-4-5.yaml",
    ]
    text = gateway.cassette("test_app/test_asks/claude-sonnet-4-5.yaml").read_text()
    assert '"model": "our-sonnet"' in text
    gateway.run("--claude-strict").assert_outcomes(passed=1)


def test_a_recording_of_before_the_map_replays_and_so_does_one_without_it(gateway: Any) -> None:
    without = TESTS.replace('    assert claude.where(model="claude-sonnet-4-5").replies\n', "")
    without = without.replace("    assert claude.cost_usd is not None\n", "")
    gateway.tests(without)
    gateway.pytester.makepyprojecttoml("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    gateway.record().assert_outcomes(passed=1)
    assert gateway.cassettes[1] == "test_app/test_asks/our-sonnet.yaml"
    gateway.pytester.makepyprojecttoml(INI)
    gateway.tests(TESTS)
    gateway.run("--claude-strict").assert_outcomes(passed=1)
    gateway.tests(TESTS.replace('model="our-sonnet"', 'model="claude-sonnet-4-5-20250929"'))
    result = gateway.run()
    result.stdout.fnmatch_lines(["*assert claude.reply.model in*"])  # it was found and replayed


def test_a_map_costs_nothing_where_no_recording_holds_a_name(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(owner: Any, name: str) -> None:
        original = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda *args, **more: (made.append(name), original(*args, **more))[1]
        )

    project.tests(
        "def test_asks(claude):\n    ask('a')\n    ask('b')\n    assert len(claude.replies) == 2\n"
    )
    project.record().assert_outcomes(passed=1)
    counted(fingerprint, "_hash")
    counted(Redaction, "request")
    project.run("--claude-strict").assert_outcomes(passed=1)
    without = [*made]
    made.clear()
    project.pytester.makepyprojecttoml(INI)
    project.run("--claude-strict").assert_outcomes(passed=1)
    assert made == without


def test_a_bump_to_an_alias_replays_from_a_folder_of_canonical_ids(
    gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.record().assert_outcomes(passed=1)
    gateway.record(BUMP).assert_outcomes(passed=1)
    folder = f"_gate/claude-sonnet-4-5__{NEW}/cand/test_app/test_asks/"
    made = [name for name in gateway.cassettes if name.startswith(folder)]
    assert made[0] == f"{folder}{NEW}.2.yaml"
    sent = (
        json.loads(gateway.simulator.requests[-1].body) if False else gateway.simulator.bodies[-1]
    )
    assert (sent["model"], sent["tool_choice"]) == ("our-next", {"type": "auto"}), "adapted"
    result = gateway.run(BUMP)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*claude-sonnet-4-5 → our-next*"])
    gateway.run(BUMP.replace("our-next", NEW)).assert_outcomes(passed=1)
    by_names = BUMP.replace("claude-sonnet-4-5", "our-sonnet")
    reports = ("--claude-report=run.json", "--claude-report=run.html")
    gateway.run(by_names, *reports).assert_outcomes(passed=1)
    monkeypatch.chdir(gateway.path)
    assert main(["merge", "run.json", "-o", "merged.json"]) == 0, "it asks OLD, by its name"


def test_commands_know_the_names_too(
    gateway: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.record().assert_outcomes(passed=1)
    monkeypatch.chdir(gateway.path)
    capsys.readouterr()
    assert main(["preflight", "our-next", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["new"], found["from"]) == ("our-next", ["claude-sonnet-4-5"])
    assert {call["model"] for call in found["calls"]} == {"our-sonnet"}, "as sent"
    assert found["calls"][0]["findings"][0]["rule"] == "forced-tool-choice"
    assert found["costs"]["record_once"]["usd"] is not None
    assert main(["models", "our-next"]) == 0
    assert NEW in capsys.readouterr().out
    (gateway.path / "pyproject.toml").write_text(INI.replace("our-next =", "our-next"))
    assert main(["preflight", NEW]) == 4
    assert "expected NAME = canonical" in capsys.readouterr().err


def test_an_application_inference_profile_leaves_no_account_anywhere(project: Any) -> None:
    old, new = (
        f"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{name}"
        for name in ("0old", "1new")
    )
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_model_map = [\n"
        f"'{old} = claude-sonnet-4-5', '{new} = claude-sonnet-5-5']\n"
    )
    project.personas(**{"0old": LOOKS_UP, "1new": LOOKS_UP})  # by the names of the profiles
    project.tests(f"""
import anthropic, os
BODY = {{"model": "{old}", "max_tokens": 9, "messages": [{{"role": "user", "content": "x"}}]}}

@pytest.mark.claude(trials=2)
def test_bedrock(claude):
    more = {{}}
    if (url := os.environ.get("ANTHROPIC_BASE_URL")):
        more = {{"base_url": url}}
    with anthropic.AnthropicBedrock(aws_region="us-east-1", aws_access_key="x",
                                    aws_secret_key="y", **more) as client:
        client.messages.create(**BODY)
    assert claude.calls_tool("lookup_order", offered=False)
""")
    bump = f"--claude-bump={old}={new}"
    assert project.record().ret == 0
    assert project.record(bump, "--claude-report=run.json", "--claude-report=run.md").ret == 0
    assert project.cassettes[:1] == [
        "_gate/claude-sonnet-4-5__claude-sonnet-5-5/cand/test_app/test_bedrock/"
        "claude-sonnet-5-5.2.yaml"
    ]
    assert project.run(bump).ret == 0
    assert project.run("--claude-bump=claude-sonnet-4-5=claude-sonnet-5-5").ret == 0
    written = [project.cassette(name) for name in project.cassettes]
    for path in (*written, project.path / "run.json", project.path / "run.md"):
        assert "123456789012" not in path.read_text(), path


def test_a_run_inside_another_knows_its_own_names_alone(gateway: Any) -> None:
    gateway.record().assert_outcomes(passed=1)
    assert gateway.run("--claude-gate=quik").ret == 4
    gateway.pytester.makepyprojecttoml("[tool.pytest.ini_options]\npythonpath = ['.']\n")
    result = gateway.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*part of claude: 0 replies> = where(model='claude-sonnet-4-5')"])


@pytest.mark.parametrize("line", ["our-sonnet", "x = gpt-5"])
def test_a_wrong_line_is_a_usage_error(project: Any, line: str) -> None:
    project.pytester.makepyprojecttoml(
        f"[tool.pytest.ini_options]\nclaude_model_map = ['{line}']\n"
    )
    project.tests("def test_plain():\n    pass\n")
    result = project.run()
    assert result.ret == 4
    project.unwrapped(result.errlines).fnmatch_lines([f"ERROR: claude_model_map: '{line}': *"])
