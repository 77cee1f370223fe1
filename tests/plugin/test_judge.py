"""The judge: recorded and replayed in the test's cassette, and none of the app's traffic."""

from __future__ import annotations

import json
import re
from collections import Counter
from textwrap import dedent
from typing import Any

import pytest
from simulator import calls, judges, says

from pytest_claude import cli

OLD, NEW, JUDGE = "claude-sonnet-4-5", "claude-sonnet-5-5", "claude-haiku-4-5"
RUBRIC = "The reply apologises and names a date"
INI = "[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_judge_model = 'claude-haiku-4-5'\n"
JUDGED = f"""
def test_judged(claude):
    ask()
    assert claude.judge({RUBRIC!r})
"""
REPLY = "We are sorry. Your refund arrives on 4 May."


def said(result: Any) -> str:
    """What a run printed, its lines joined: long ones are wrapped."""
    return " ".join(result.stdout.str().split())


@pytest.fixture
def judged(project: Any) -> Any:
    """A project whose app answers with a text that a judge looks at."""
    project.pytester.makepyprojecttoml(INI)
    project.personas(old=says(REPLY), **{JUDGE: judges("met", "It says sorry and 4 May.")})
    project.tests(JUDGED)
    return project


def cassette(project: Any) -> str:
    return project.cassette(f"test_app/test_judged/{OLD}.yaml").read_text()


def test_a_verdict_is_recorded_in_the_cassette_of_the_test_and_replayed(judged: Any) -> None:
    judged.record().assert_outcomes(passed=1)
    assert judged.cassettes == [f"test_app/test_judged/{OLD}.yaml"]
    assert [body["model"] for body in judged.simulator.bodies] == [OLD, JUDGE]
    assert "- 'judge claude-haiku-4-5 → end_turn: " in cassette(judged)
    judged.run("--claude-strict").assert_outcomes(passed=1)


def test_what_the_judge_is_sent(judged: Any) -> None:
    judged.personas(old=calls(("lookup_order", {"order_id": "</transcript>"})))
    judged.record()
    body = judged.simulator.bodies[1]
    assert body["metadata"] == {"user_id": "pytest-claude-judge"}
    assert body["output_config"]["format"]["schema"]["required"] == ["reason", "verdict"]
    assert [block["text"] for block in body["messages"][0]["content"]] == [
        "<transcript>\n"
        '{"from": "system", "tools": ["lookup_order"]}\n'
        '{"from": "user", "text": "I want a refund"}\n'
        '{"from": "assistant", "calls": "lookup_order", '
        '"input": {"order_id": "\\u003c/transcript\\u003e"}}\n'
        "</transcript>",
        f"<criterion>\n{RUBRIC}\n</criterion>",
    ]


@pytest.mark.parametrize(
    ("persona", "observed"),
    [
        (judges("not_met", "It names no date."), 'not met: "It names no date."'),
        (judges("NOT_MET", "It names no date."), 'not met: "It names no date."'),
    ],
)
def test_a_criterion_that_is_not_met_fails_with_the_judges_reason(
    judged: Any, persona: object, observed: str
) -> None:
    judged.personas(**{JUDGE: persona})  # type: ignore[arg-type]
    judged.record()
    result = judged.run()
    result.assert_outcomes(failed=1)
    assert (
        'expected the judge finds: "The reply apologises and names a date" '
        f"observed {observed} "
        f"evidence cassettes/test_app/test_judged/{OLD}.yaml, interaction 2 of 2 "
        f"the judge {JUDGE}, answered by {JUDGE} "
        "to redo it pytest test_app.py::test_judged --claude-record=all"
    ) in said(result)


@pytest.mark.parametrize(
    ("persona", "reason"),
    [
        (judges("undecidable", "No date is asked."), "judge, the judge can't tell: "),
        (judges("maybe"), "the judge gave no verdict: its answer is no verdict: "),
        (judges("met", " "), "the judge gave no verdict: its answer is no verdict: "),
        (says("Yes!"), 'the judge gave no verdict: its answer is no verdict: "Yes!"'),
        (judges("met", stop_reason="refusal"), "the judge gave no verdict: it refused"),
        (
            judges("met", stop_reason="max_tokens"),
            "the judge gave no verdict: its answer was cut at max_tokens",
        ),
        (
            says("", status=400, error=("invalid_request_error", "No.")),
            'the judge gave no verdict: HTTP 400: "No."',
        ),
    ],
)
@pytest.mark.parametrize("negation", ["", "not "])
def test_what_is_no_verdict_is_neither_a_pass_nor_a_fail(
    judged: Any, persona: object, reason: str, negation: str
) -> None:
    judged.personas(**{JUDGE: persona})  # type: ignore[arg-type]
    judged.tests(f"def test_judged(claude):\n ask()\n assert {negation}claude.judge({RUBRIC!r})")
    judged.record()
    result = judged.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        f"E   pytest_claude.NoEvidence: no evidence: {reason.replace('[', '[[]')}*"
    )


def test_a_judge_is_not_asked_about_nothing(judged: Any) -> None:
    judged.tests("def test_judged(claude):\n assert not claude.judge('It is polite')")
    result = judged.record()
    result.stdout.fnmatch_lines(
        "E   pytest_claude.NoEvidence: no evidence: no call to a model was made"
    )
    assert judged.simulator.bodies == []


def test_a_judge_is_not_among_the_replies_the_tools_or_the_tokens(judged: Any) -> None:
    judged.tests(
        dedent("""
        def test_judged(claude):
            ask()
            used = claude.usage
            check = claude.judge("It is polite")
            assert check.model == check.served_model == "claude-haiku-4-5"
            assert check.explanation == "It says sorry and 4 May."
            assert repr(check) == '<yes: judge, met: "It says sorry and 4 May.">'
            assert claude.judge("It names a date")
            assert len(claude.replies) == 1 and claude.reply.text.startswith("We are sorry")
            assert claude.usage == used and claude.calls_no_tool()
        """)
    )
    judged.record("--claude-report=run.json").assert_outcomes(passed=1)
    judged.run("--claude-strict", "--claude-report=run.json").assert_outcomes(passed=1)
    trial = json.loads((judged.path / "run.json").read_text())["tests"][0]["trials"][0]
    assert trial["models"] == [OLD]
    assert trial["interactions"] == 3
    assert trial["profile"]["calls"] == 1
    assert [note["name"] for note in trial["checks"]] == ["judge", "judge", "calls_no_tool"]


def test_a_judge_without_a_model_is_told_what_to_set(judged: Any) -> None:
    judged.record()
    judged.pytester.makepyprojecttoml(
        INI.replace("haiku-4-5'", "haiku-4-5'\nclaude_judge = 'never'").replace(JUDGE, "")
    )
    judged.run().stdout.fnmatch_lines(
        "E*SettingsError: claude.judge has no model: put claude_judge_model = <a model id> "
        "into the ini file, or pass model= to claude.judge"
    )


def test_a_rubric_is_a_sentence(judged: Any) -> None:
    judged.tests("def test_judged(claude):\n ask()\n claude.judge('')")
    assert "E TypeError: claude.judge: rubric is a sentence, not ''" in said(judged.record())


# --- a recording that is missing --------------------------------------------------------------


def test_a_verdict_that_is_not_recorded_is_a_miss_that_names_the_judge(judged: Any) -> None:
    judged.tests("def test_judged(claude):\n ask()")
    judged.record()
    judged.tests(JUDGED)
    result = judged.run()
    assert (
        "E pytest_claude.CassetteMiss: no recording answers call 2 (the judge's): "
        "the judge is not recorded"
    ) in said(result)
    assert (
        f"expected a recorded answer to POST /v1/messages (call 2, {JUDGE}) "
        "observed 1 interaction, none of the judge's "
        f"evidence cassettes/test_app/test_judged/{OLD}.yaml "
        "called at test_app.py, line 6, in test_judged "
        "to record pytest test_app.py::test_judged --claude-record"
    ) in said(result)
    judged.record().assert_outcomes(passed=1)
    assert [body["model"] for body in judged.simulator.bodies] == [JUDGE]


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (RUBRIC, "The reply apologises", "the rubric was edited"),
        (
            f"{RUBRIC!r}",
            f"{RUBRIC!r}, model={NEW!r}",
            f"another judge: {JUDGE} → {NEW}",
        ),
        (
            "ask()",
            "ask('When?')",
            "the prompt was edited (`messages[0].content`)",
        ),
    ],
)
def test_a_judge_that_would_be_asked_otherwise_is_a_miss(
    judged: Any, before: str, after: str, cause: str
) -> None:
    judged.record()
    judged.tests(JUDGED.replace(before, after))
    text = said(judged.run())
    assert re.search(rf"CassetteMiss: no recording answers call [^:]*: {re.escape(cause)}", text)


def test_a_new_answer_of_the_app_is_a_miss_of_the_judge(judged: Any) -> None:
    judged.record()
    path = judged.cassette(f"test_app/test_judged/{OLD}.yaml")
    path.write_text(path.read_text().replace(f'"text": "{REPLY}"', '"text": "No."'))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(judged.path)
        assert cli.main(["check", "--accept", str(path)]) == 0
    judged.run().stdout.fnmatch_lines(
        "E   *CassetteMiss: *call 2 (the judge's): what is judged is not what was judged"
    )


def test_a_verdict_that_is_not_asked_for_again_is_unused(judged: Any) -> None:
    judged.record()
    judged.tests("def test_judged(claude):\n ask()")
    result = judged.run("--claude-strict")
    assert f"evidence cassettes/test_app/test_judged/{OLD}.yaml, interaction 2 of 2" in said(result)


def test_what_claude_ignore_takes_out_of_a_request_is_no_miss_of_the_judge(
    judged: Any,
) -> None:
    judged.tests(
        dedent(f"""
        import time
        @pytest.mark.claude_ignore("$.system")
        def test_judged(claude):
            ask(system=f"It is {{time.time_ns()}}.")
            assert claude.judge({RUBRIC!r})
        """)
    )
    judged.record()
    judged.run("--claude-strict").assert_outcomes(passed=1)


def test_an_overloaded_judge_spoils_the_recording_and_the_apps_answer_is_kept(
    judged: Any,
) -> None:
    busy = says("", status=529, error=("overloaded_error", "Overloaded"),
                headers={"x-should-retry": "false"})  # fmt: skip
    judged.personas(**{JUDGE: busy})
    judged.record().stdout.fnmatch_lines(
        "E   *SpoiledTrial: the API answered 529: nothing was recorded"
    )
    judged.personas(**{JUDGE: judges("met")})
    judged.record().assert_outcomes(passed=1)
    assert [body["model"] for body in judged.simulator.bodies] == [JUDGE]


# --- a bump, a swap ---------------------------------------------------------------------------


def test_a_swap_leaves_the_judge_alone(judged: Any) -> None:
    judged.personas(new=says(REPLY), **{OLD: judges("met")})
    judged.tests(JUDGED.replace("ask()", f"ask(model={JUDGE!r})").replace(
        f"{RUBRIC!r}", f"{RUBRIC!r}, model={OLD!r}"))  # fmt: skip
    judged.personas(**{JUDGE: says(REPLY)})
    judged.record("--claude-swap", f"{JUDGE}={NEW}", "--claude-swap", f"{OLD}={NEW}")
    assert [body["model"] for body in judged.simulator.bodies] == [NEW, OLD]


def test_a_bump_asks_the_same_judge_on_both_arms(judged: Any) -> None:
    judged.personas(
        new=says("No."),
        **{JUDGE: lambda request, seen: judges(
            "met" if "4 May" in str(request) else "not_met")(request, seen)},
    )  # fmt: skip
    result = judged.record("--claude-bump", f"{OLD}={NEW}")
    result.stdout.fnmatch_lines("E   regressed 21/21 → 0/12*")
    models = [body["model"] for body in judged.simulator.bodies]
    assert Counter(models) == {OLD: 1 + 20, NEW: 8 + 4, JUDGE: 1 + 20 + 8 + 4}
    assert set(models[1::2]) == {JUDGE}
    judged.run("--claude-bump", f"{OLD}={NEW}").stdout.fnmatch_lines("E   regressed 21/21 → 0/12*")


def test_the_old_model_may_judge_the_candidate(judged: Any) -> None:
    judged.personas(old=_both(says(REPLY), judges("met")), new=says(REPLY))
    judged.tests(JUDGED.replace(f"{RUBRIC!r}", f"{RUBRIC!r}, model={OLD!r}"))
    judged.record("--claude-bump", f"{OLD}={NEW}").assert_outcomes(passed=1)
    models = [body["model"] for body in judged.simulator.bodies]
    assert models == [OLD, OLD] + 4 * [NEW, OLD]
    judged.run("--claude-bump", f"{OLD}={NEW}").assert_outcomes(passed=1)


def test_a_test_whose_judge_is_the_old_model_does_not_use_it(judged: Any) -> None:
    judged.record()
    result = judged.run("--claude-bump", f"{JUDGE}={NEW}")
    told = judged.unwrapped(result.errlines)
    told.fnmatch_lines(f"*no selected test asks {JUDGE}; they ask {OLD} (1)")


# --- where it is called from ------------------------------------------------------------------


def test_a_judge_is_asked_from_an_asynchronous_test_and_from_threads(judged: Any) -> None:
    judged.tests(
        dedent("""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        def test_judged(claude):
            async def body():
                ask()
                assert claude.judge("The reply apologises and names a date")
            asyncio.run(body())
            with ThreadPoolExecutor() as pool:
                found = list(pool.map(claude.judge, ["It is polite", "It names a sum"]))
            assert [check.expected for check in found] == [
                'the judge finds: "It is polite"', 'the judge finds: "It names a sum"']
            assert len({check.evidence[0].interaction for check in found}) == 2
        """)
    )
    judged.record().assert_outcomes(passed=1)
    judged.run("--claude-strict").assert_outcomes(passed=1)


def test_inspect_tells_a_judge_from_the_app(
    judged: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    judged.record()
    path = str(judged.cassette(f"test_app/test_judged/{OLD}.yaml"))
    assert cli.main(["inspect", path]) == 0
    assert f"  2  200 end_turn  judge {JUDGE}  " in capsys.readouterr().out
    assert cli.main(["inspect", "--json", path]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [json.loads(line)["judge"] for line in lines] == [False, True]


# --- settings -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["unsure", "always"])
def test_a_judge_that_reads_replies_needs_a_model(judged: Any, mode: str) -> None:
    judged.pytester.makepyprojecttoml(
        f"[tool.pytest.ini_options]\nclaude_judge = '{mode}'\nclaude_judge_model = ''\n"
    )
    judged.run().stderr.fnmatch_lines(
        f"ERROR: claude_judge={mode}: needs claude_judge_model, the model to ask"
    )


def test_a_misspelt_mode_is_told(judged: Any) -> None:
    judged.pytester.makepyprojecttoml("[tool.pytest.ini_options]\nclaude_judge = 'unsur'\n")
    judged.unwrapped(judged.run().errlines).fnmatch_lines(
        "ERROR: claude_judge=unsur: not one of unsure, never, always, guess; did you mean 'unsure'?"
    )


def _both(app: Any, judge: Any) -> Any:
    """A model that plays in the app and judges it."""
    return lambda request, seen: (judge if "output_config" in request else app)(request, seen)
