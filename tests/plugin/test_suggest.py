"""`pytest-claude suggest`: what held in all recorded trials, as code that runs as pasted."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import Persona, by_prompt, calls, says

from pytest_claude.cli import main
from pytest_claude.cli import suggest as command

LOOKUP = calls(("lookup_order", {"order_id": "1234"}))
BOTH = calls(("lookup_order", {"order_id": "1"}), ("lookup_order", {"order_id": "2"}))
SHIPS = says("It ships today.")
JSON = says('```json\n{"id": 7, "lines": [{"sku": "a"}], "note": "a long one", "count": 1}\n```')
PROMPTS = {
    "Where is order 1234?": 3,
    "Look up both orders.": 4,
    "The order as JSON, please.": 2,
    "I want a refund.": 2,
    "Launder it.": 2,
    "A long text": 3,
}
"""How many checks are suggested of a test that asks so."""
PERSONA = by_prompt(
    {
        "Where": LOOKUP,
        "both": BOTH,
        "JSON": JSON,
        "refund": says("Which order, please?"),
        "Launder": says("", stop_reason="refusal"),
        "long": says("It ships", stop_reason="max_tokens"),
    },
    SHIPS,
)
ASKS = "Which order do you mean?"
BESIDE = calls(("lookup_order", {"order_id": "1234"}), text=ASKS)
ANOTHER = by_prompt({"refund|Launder|JSON": LOOKUP, "long": BESIDE}, says(ASKS))


def in_turn(*personas: Persona) -> Persona:
    """Plays the k-th persona in the k-th trial."""
    return lambda request, seen: personas[seen % len(personas)](request, seen)


def suggest(*words: str, rest: tuple[str, ...] = ()) -> int:
    return main(["suggest", *words, "--", "-p", "pytest_claude.plugin", "-W", "ignore", *rest])


def asking(prompt: str, code: str = "", name: str = "a") -> str:
    return f"def test_{name}(claude):\n    ask({prompt!r})\n{code}\n"


@pytest.fixture
def recorded(project: Any, commands_in_process: None) -> Any:
    """A project with two recorded trials of a test that states nothing."""
    project.tests(f"@pytest.mark.claude(trials=2)\n{asking('Where is order 1234?')}")
    project.record().assert_outcomes(passed=1)
    return project


@pytest.mark.parametrize("prompt", PROMPTS)
def test_each_printed_check_passes_where_it_is_pasted_and_fails_where_claude_does_otherwise(
    project, commands_in_process, capsys, prompt
) -> None:
    project.tests(asking(prompt))
    project.personas(old=PERSONA)
    project.record().assert_outcomes(passed=1)
    capsys.readouterr()
    assert suggest() == 0
    printed = capsys.readouterr().out
    checks = re.findall(r"^    assert .+?# held in 1 of 1 trial$", printed, re.M | re.S)
    assert len(checks) == PROMPTS[prompt], printed
    source = "\n".join(asking(prompt, check, f"{number}") for number, check in enumerate(checks))
    project.tests(f"from unittest.mock import ANY\n{source}")
    project.record().assert_outcomes(passed=len(checks))
    project.run().assert_outcomes(passed=len(checks))
    project.personas(old=ANOTHER)
    project.record(mode="all").assert_outcomes(failed=len(checks))


def test_all_lines_of_a_test_are_pasted_as_they_are_printed(recorded, capsys) -> None:
    capsys.readouterr()
    assert suggest("test_app.py::test_a") == 0
    printed = capsys.readouterr().out
    assert printed.splitlines() == [
        "# test_app.py::test_a: 2 recorded trials",
        '    assert claude.calls_tool("lookup_order", order_id="1234")  # held in 2 of 2 trials',
        '    assert claude.calls_tools(["lookup_order"])  # held in 2 of 2 trials',
        "    assert claude.passes_valid_arguments()  # held in 2 of 2 trials",
        "",
        "# all steady facts of a test in one line: assert claude.behaves_as_recorded()",
    ]
    recorded.tests(f"@pytest.mark.claude(trials=2)\n{asking('Where is order 1234?', printed)}")
    recorded.run().assert_outcomes(passed=1)


def test_what_does_not_hold_in_each_trial_is_not_suggested(project, recorded, capsys) -> None:
    project.personas(old=in_turn(SHIPS, LOOKUP))
    project.record(mode="all")
    capsys.readouterr()
    assert suggest() == 1
    assert "    # nothing steady that is worth a check" in capsys.readouterr().out


def test_what_a_test_states_already_is_not_suggested_to_it(recorded, capsys) -> None:
    states = '    assert claude.calls_tool("lookup_order", order_id="1234")'
    marker = '@pytest.mark.claude_calls_tool("lookup_order", order_id="1234")\n'
    prompt = "Where is order 1234?"
    recorded.tests(asking(prompt, states) + marker + asking(prompt, name="b"))
    recorded.record()
    capsys.readouterr()
    assert suggest("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["stated"] for each in found] == [1, 1]
    assert [[check["check"] for check in each["checks"]] for each in found] == [
        ["calls_tools", "passes_valid_arguments"]
    ] * 2


def test_json_says_what_is_printed(recorded, capsys) -> None:
    capsys.readouterr()
    assert suggest("--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found[0] == {
        "test": "test_app.py::test_a",
        "fixture": "claude",
        "cases": None,
        "trials": 2,
        "failed": 0,
        "not_read": {},
        "checks": [
            {
                "check": "calls_tool",
                "code": 'claude.calls_tool("lookup_order", order_id="1234")',
                "expected": '`lookup_order` called with order_id="1234"',
            },
            *found[0]["checks"][1:],
        ],
        "stated": 0,
    }


def test_python_that_drops_asserts_refuses_the_written_file(recorded) -> None:
    assert suggest("--write", "held.py") == 0
    code = compile((recorded.path / "held.py").read_text(), "held.py", "exec", optimize=1)
    with pytest.raises(ImportError, match="python -O drops the checks"):
        exec(code, {})


@pytest.mark.skipif(
    not __debug__, reason="python -O refuses the written file, as the test above says"
)
def test_suggestions_are_written_into_a_new_file_and_run_there(recorded, capsys) -> None:
    capsys.readouterr()
    assert suggest("--write", "held.py") == 0
    assert capsys.readouterr().err == "held.py: 3 checks of 1 test, to review\n"
    recorded.tests("from held import check_test_a\n@pytest.mark.claude(trials=2)\n"
                   + asking("Where is order 1234?", "    check_test_a(claude)"))  # fmt: skip
    recorded.run().assert_outcomes(passed=1)
    recorded.personas(old=SHIPS)
    recorded.record(mode="all").assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("test_app.py", "the file exists, and suggestions go into a new one alone"),
        ("held.md", "it is Python, so its name ends in .py"),
    ],
)
def test_a_file_that_exists_or_is_no_python_is_refused(recorded, capsys, name, why) -> None:
    before = (recorded.path / "test_app.py").read_text()
    capsys.readouterr()
    assert suggest("--write", name) == 4
    assert f"ERROR: suggest --write {name}: {why}" in " ".join(capsys.readouterr().err.split())
    assert (recorded.path / "test_app.py").read_text() == before
    assert not (recorded.path / "held.md").exists()


def test_a_test_that_does_not_replay_is_named_with_the_reason(recorded, capsys) -> None:
    recorded.tests(
        "def test_new(claude):\n    ask('new')\n"
        "def test_none(claude):\n    pass\n"
        "def test_red(claude):\n    ask('new')\n    assert 0\n"
        "def test_other():\n    assert 0\n"
    )
    recorded.record("test_app.py::test_red")
    capsys.readouterr()
    assert suggest() == 0
    printed = capsys.readouterr().out
    assert "# test_app.py::test_new: not read: no recording " in printed
    assert "# test_app.py::test_none: not read: it makes no call to a model" in printed
    assert "# test_app.py::test_red: 1 recorded trial, of which 1 failed" in printed
    assert "test_other" not in printed


@pytest.mark.parametrize("command", ["suggest", "coverage"])
def test_a_test_that_reaches_the_api_itself_is_not_run(recorded, capsys, command) -> None:
    recorded.tests(
        "@pytest.mark.claude(live=True)\ndef test_live():\n    open('ran', 'w').close()\n"
    )
    capsys.readouterr()
    rest = ("--", "-p", "pytest_claude.plugin", "-W", "ignore")
    assert main([command, "test_app.py", *rest]) == 5
    assert not (recorded.path / "ran").exists()
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"{command}: no recorded claude test is here; live tests are left out\n"
        "  to record one  pytest --claude-record test_app.py\n"
    )


@pytest.mark.parametrize("command", ["suggest", "coverage"])
def test_a_run_on_other_models_is_refused(recorded, capsys, command) -> None:
    capsys.readouterr()
    swap = "--claude-swap=claude-sonnet-4-5=claude-sonnet-5-5"
    assert main([command, "--", "-p", "pytest_claude.plugin", swap]) == 4
    told = " ".join(capsys.readouterr().err.split())
    assert f"pytest-claude {command}: what is read is what the tests do on their own" in told


def test_nothing_to_read_and_no_such_test_are_said(project, commands_in_process, capsys) -> None:
    project.tests("def test_a():\n    pass")
    assert suggest() == 5
    assert capsys.readouterr().err.startswith("suggest: no recorded claude test is here")
    assert suggest("nowhere.py") == 4
    assert "file or directory not found: nowhere.py" in capsys.readouterr().err


def test_a_marked_test_is_told_how_to_get_the_fixture_and_an_alias_is_kept(
    project, commands_in_process, capsys
) -> None:
    project.tests(
        "@pytest.mark.claude\ndef test_a():\n    ask('x')\n"
        "def test_b(pytest_claude):\n    ask('x')\n"
    )
    project.record()
    capsys.readouterr()
    assert suggest() == 0
    printed = capsys.readouterr().out
    assert printed.count("# its function takes the fixture as an argument: claude") == 1
    assert '    assert pytest_claude.calls_tools(["lookup_order"])' in printed


def test_workers_of_xdist_are_read(project, capsys) -> None:
    project.tests("\n".join(asking("x", name=name) for name in "abc"))
    project.record()
    capsys.readouterr()
    assert suggest("--json", rest=("-p", "xdist", "-n", "2")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [len(each["checks"]) for each in found] == [3, 3, 3]


CASES = """
@pytest.mark.parametrize("order", ["12", "34"])
def test_p(claude, order):
    ask("Where is order " + order)
    {p}

@pytest_claude.cases("orders.jsonl")
def test_set(case, claude):
    ask(case.prompt)
    {set}

class TestBase:
    def test_m(self, claude):
        ask("Where is order " + type(self).__name__)
        {m}

class TestMore(TestBase):
    pass
"""


@pytest.fixture
def cases(project: Any, commands_in_process: None) -> Any:
    """A project with functions that are several tests each; each asks for another order."""

    def looks_up(request: Any, seen: int) -> Any:
        asked = str(request["messages"][0]["content"])
        return calls(("lookup_order", {"order_id": asked.rpartition(" ")[2]}))(request, seen)

    rows = ({"id": f"c{n}", "prompt": f"Where is order {n}"} for n in range(3))
    (project.path / "orders.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    project.tests(f"import pytest_claude\n{CASES.format(p='', set='', m='')}")
    project.personas(old=looks_up)
    project.record().assert_outcomes(passed=7)
    return project


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["", "xdist"])
def test_what_is_suggested_for_a_function_holds_in_all_its_cases(cases, capsys, workers) -> None:
    capsys.readouterr()
    assert suggest("--json", rest=workers) == 0
    found = {each["test"]: each for each in json.loads(capsys.readouterr().out)}
    numbers = {test: (each["cases"], each["trials"]) for test, each in found.items()}
    names = ["test_p", "test_set", "TestBase::test_m"]
    sizes = [(2, 2), (3, 3), (2, 2)]
    assert numbers == dict(zip([f"test_app.py::{name}" for name in names], sizes, strict=True))
    asserted = [
        "; ".join(f"assert {check['code']}" for check in found[f"test_app.py::{name}"]["checks"])
        for name in names
    ]
    assert all("order_id=ANY" in line and line.count("assert") == 3 for line in asserted)
    pasted = CASES.format(**dict(zip(("p", "set", "m"), asserted, strict=True)))
    cases.tests(f"import pytest_claude\nfrom unittest.mock import ANY\n{pasted}")
    cases.run().assert_outcomes(passed=7)


def test_a_case_that_does_not_replay_is_named_and_the_others_are_counted(cases, capsys) -> None:
    for name in cases.cassettes:
        if "test_set" in name and "c1" in name:
            cases.cassette(name).unlink()
    capsys.readouterr()
    assert suggest("test_app.py::test_set") == 0
    first, *others = capsys.readouterr().out.splitlines()[2:]
    assert first == "# test_app.py::test_set: 2 recorded trials of 2 cases"
    assert others[0].startswith("# test_app.py::test_set[c1]: not read: no recording")
    assert others[2].endswith("  # held in 2 of 2 trials of 2 cases")
    assert suggest("test_app.py::test_set", "--write", "held.py") == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "held.py: 3 checks of 1 test, to review"
    assert told[1].startswith("test_app.py::test_set[c1]: not read: no recording")


def test_what_only_some_cases_state_is_suggested(cases, capsys) -> None:
    states = "order == '12' and claude.calls_tools(['lookup_order'])"
    cases.tests(f"import pytest_claude\n{CASES.format(p=states, set='', m='')}")
    capsys.readouterr()
    assert suggest("test_app.py::test_p", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (len(found["checks"]), found["stated"]) == (3, 0)


TESTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(TESTS | TESTS.map("t.py::{}".format)))
def test_a_written_module_is_python_and_has_a_function_for_each_test(names) -> None:
    check = {"code": "claude.calls_no_tool()"}
    one = {"fixture": None, "cases": None, "trials": 1, "checks": [check]}
    module = ast.parse("\n".join(command._module([{**one, "test": name} for name in names])))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert len({function.name for function in functions}) == len(names)
    assert all(ast.get_docstring(function) for function in functions)


def test_a_module_that_is_no_python_is_not_written(recorded, capsys, monkeypatch) -> None:
    monkeypatch.setattr(command, "_module", lambda found: ["def check_("])
    capsys.readouterr()
    assert suggest("--write", "held.py") == 4
    told = " ".join(capsys.readouterr().err.split())
    assert "suggest --write held.py: nothing is written, for it would be no Python: " in told
    assert "to review" not in told
    assert not (recorded.path / "held.py").exists()


def test_a_fault_of_ours_on_one_test_is_named_and_the_others_get_their_checks(
    project, commands_in_process, capsys, monkeypatch
) -> None:
    from pytest_claude.plugin import probing

    asked = iter(["the first"])

    def faulty(*arguments: Any) -> Any:
        if next(asked, None):
            raise ValueError("half a reply")
        return suggestions(*arguments)

    suggestions = probing.suggestions
    monkeypatch.setattr(probing, "suggestions", faulty)
    project.tests(asking("x") + asking("x", name="b"))
    project.record()
    capsys.readouterr()
    assert suggest() == 0
    lines = capsys.readouterr().out.splitlines()
    fault = "a fault of pytest-claude: ValueError: half a reply"
    assert f"# test_app.py::test_a: not read: {fault}" in lines
    assert "# test_app.py::test_b: 1 recorded trial" in lines
