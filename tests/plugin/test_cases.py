"""Data sets: `@pytest_claude.cases(file)` runs a test once for each case of a file."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from simulator import by_prompt, calls, says

import pytest_claude
from pytest_claude import cli
from pytest_claude.plugin.cases import CaseFile, read_cases
from pytest_claude.settings import SettingsError

CASES = [
    {"id": "late", "prompt": "Where is order 1234?", "tags": ["orders"]},
    {"id": 17, "prompt": "Where is order 5678?"},
]
LINES = "\n".join(map(json.dumps, CASES))
TEST = """
import pytest_claude

@pytest_claude.cases("refunds.jsonl")
def test_a(case, claude):
    ask(case.prompt)
    assert claude.calls_tool("lookup_order")
"""


def write(project: Any, text: str = LINES, name: str = "refunds.jsonl") -> None:
    (project.path / name).write_text(text, "utf-8")


def read(tmp_path: Path, data: str | bytes, name: str = "refunds.jsonl", **fields: str) -> Any:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    named = CaseFile(tmp_path / "test_a.py", 3, name, **{"id": "id", "tags": "tags", **fields})
    return read_cases(named, name)


# --- the files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.jsonl",
            '{"id": "late", "prompt": "Hi, you\\u2028", "tags": ["x", "y"]}\r\n\n{"id": 2}',
        ),
        ("a.json", '[{"id": "late", "prompt": "Hi, you\\u2028", "tags": "x, y"}, {"id": 2}]'),
        ("a.csv", '\ufeffid,prompt,tags\nlate,"Hi, you\u2028","x,y"\n\n2,,\n'),
        ("a.yaml", '- id: late\n  prompt: "Hi, you\u2028"\n  tags: [x, y, x]\n- {id: 2}\n'),
        ("a.YML", '- id: late\n  prompt: "Hi, you\u2028"\n  tags: x, y\n- {id: 2}\n'),
    ],
)
def test_each_kind_of_file_gives_the_same_cases(tmp_path: Path, name: str, text: str) -> None:
    late, two = read(tmp_path, text, name)
    assert (late.id, late.tags, late.prompt) == ("late", ("x", "y"), "Hi, you\u2028")
    assert (two.id, two.tags) == ("2", ())


def test_other_fields_can_name_a_case_and_its_tags(tmp_path: Path) -> None:
    text = '{"prompt": "Hi", "topic": "greeting", "max price": 3}'
    (case,) = read(tmp_path, text, id="prompt", tags="topic")
    assert (case.id, case.tags, case["max price"], "topic" in case) == (
        "Hi",
        ("greeting",),
        3,
        True,
    )


def test_a_field_that_a_case_lacks_is_named_with_the_nearest(tmp_path: Path) -> None:
    (case,) = read(tmp_path, '{"id": "late", "prompt": "Hi"}')
    told = "case 'late' has no field 'promt'; did you mean 'prompt'?; fields: id, prompt"
    with pytest.raises(AttributeError) as attribute:
        _ = case.promt
    with pytest.raises(KeyError) as key:
        _ = case["promt"]
    assert (str(attribute.value), key.value.args, hasattr(case, "tool")) == (told, (told,), False)


def test_a_field_of_any_name_is_read(tmp_path: Path) -> None:
    names = ["_fields", "_of", "_lacks", "cases", "fields"]
    row = {**{name: n for n, name in enumerate(names)}, "id": "a", "tags": "x,y", "key": "late"}
    (case,) = read(tmp_path, json.dumps(row), id="key", tags="group")
    for of in (case, copy.copy(case), copy.deepcopy(case), pickle.loads(pickle.dumps(case))):
        assert [getattr(of, name) for name in names] == [0, 1, 2, 3, 4]
        assert (of.id, of["id"], of.tags, of["tags"]) == ("late", "a", (), "x,y")


def test_what_a_test_appends_to_a_field_is_not_in_the_next_trial(tmp_path: Path) -> None:
    (case,) = read(tmp_path, '{"id": "late", "items": [1]}')
    case.items.append(2)
    case["items"].append(3)
    assert case.items == [1]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.txt", "", "a data set is a .jsonl, .json, .csv, .yaml, .yml file"),
        ("a.jsonl", "", "a.jsonl: holds no case; write one, such as *"),
        ("a.json", " ", "a.json: holds no case; *"),
        ("a.csv", "id,prompt\n", "a.csv: holds no case; *"),
        ("a.yaml", "# none\n", "a.yaml: holds no case; *"),
        ("a.jsonl", b'{"id": 1}\n{"id": "\xe9"}', "a.jsonl:2: not UTF-8; save the file as UTF-8"),
        ("a.jsonl", '{"id": 1}\n{"id"', "a.jsonl:2: no JSON: Expecting ':' delimiter, column 6"),
        ("a.jsonl", f'{{"id": {"1" * 5000}}}', "a.jsonl:1: no JSON: Exceeds the limit *"),
        ("a.jsonl", "[" * 100_000, "a.jsonl:1: no JSON: *"),
        ("a.jsonl", '{"id": 1}\n["x"]', "a.jsonl:2: a case is an object with fields, not ['x']"),
        ("a.json", '[{"id": 1},\n{"id" 2}]', "a.json:2: no JSON: Expecting *, column 7"),
        ("a.json", '{"cases": []}', "a.json: a .json data set is a list of objects, not {'cases*"),
        ("a.json", "[1]", "a.json, case 1: a case is an object with fields, not 1"),
        ("a.csv", "id,prompt\na,b\nc,d,e\n", "a.csv:3: 3 columns, and the header has 2; *"),
        ("a.csv", 'id,prompt\na,"b', "a.csv:2: no CSV: unexpected end of data"),
        ("a.csv", "id,prompt,id\na,b,c\n", "a.csv:1: two columns are called 'id'"),
        ("a.yaml", "- id: 1\n- id: [\n", "a.yaml:3: no YAML: *"),
        ("a.yaml", "- id: 1\n- !x {}\n", "a.yaml:2: no YAML: *"),
        ("a.yaml", "cases: []\n", "a.yaml: a YAML data set is a list: begin each case with `- `"),
        ("a.yaml", "- id: 1\n- hi\n", "a.yaml:2: a case is an object with fields, not 'hi'"),
        ("a.jsonl", '{"ID": 1}', "a.jsonl:1: no field 'id', *; add it, or *=…); fields: ID"),
        ("a.jsonl", '{"id": ""}', "a.jsonl:1: id is ''; write a text or a whole number"),
        ("a.jsonl", '{"id": true}', "a.jsonl:1: id is True; write a text or a whole number"),
        ("a.jsonl", '{"id": 1, "tags": 2}', "a.jsonl:1: tags are 2; write a list of texts"),
        ("a.jsonl", '{"id": 1}\n\n{"id": "1"}', "a.jsonl:3: the id '1' is that of a.jsonl:1 *"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_data_set_says_where_and_what(
    tmp_path: Path, name: str, data: str | bytes, told: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, data, name)
    pytest.LineMatcher([str(error.value)]).fnmatch_lines([told.replace("[", "[[]")])


# --- the tests ------------------------------------------------------------------------------


def test_each_case_is_a_test_with_a_cassette_of_its_own(project: Any) -> None:
    write(project)
    project.tests(TEST)
    project.record().assert_outcomes(passed=2)
    folders = {name.rpartition("/")[0] for name in project.cassettes}
    assert folders == {"test_app/test_a[late]", "test_app/test_a[17]"}
    more = [{"id": "new", "prompt": "Where is it?"}, *reversed(CASES)]
    write(project, "\n".join(map(json.dumps, more)))
    result = project.run("-rA")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_app.py::test_a[[]new] - *CassetteMiss: *"])


def test_a_class_an_async_test_and_other_parameters_take_cases(project: Any) -> None:
    (project.path / "data").mkdir()
    write(project, name="data/refunds.jsonl")
    project.tests(
        """
import asyncio
import pytest_claude

@pytest_claude.cases("data/refunds.jsonl")
class TestAll:
    def test_a(self, case, claude):
        ask(case.prompt)

    @pytest.mark.parametrize("tone", ["kind", "short"])
    def test_b(self, case, tone, claude):
        ask(f"{case.prompt} Be {tone}.")

@pytest.mark.asyncio
@pytest_claude.cases("data/refunds.jsonl")
async def test_c(case):
    await asyncio.to_thread(ask, case.prompt)

@pytest.fixture
def prompt(case):
    return case.prompt

@pytest_claude.cases("data/refunds.jsonl")
def test_d(prompt):
    ask(prompt)
"""
    )
    plugin = ("-p", "pytest_asyncio.plugin")
    project.record(*plugin).assert_outcomes(passed=10)
    result = project.run(*plugin, "-v")
    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(["*::TestAll::test_b[[]late-kind] PASSED*"])
    project.run(*plugin, "-n", "2", "-p", "xdist").assert_outcomes(passed=10)


def test_any_text_in_a_case_stays_within_its_test(project: Any) -> None:
    texts = ["half \ud83d", "nul \0", "line\nline", "a" * 300, "ü [x]::y/z", "../up", "A", "a"]
    write(project, "\n".join(json.dumps({"id": each, "tags": each}) for each in texts))
    project.tests(TEST.replace("case.prompt", "ascii(case.id)"))
    project.record().assert_outcomes(passed=len(texts))
    reports = [f"--claude-report=r.{kind}" for kind in ("json", "html", "md")]
    project.run(*reports, "--junitxml=j.xml").assert_outcomes(passed=len(texts))
    assert "half" in (project.path / "r.md").read_text("utf-8")
    project.run("-n", "2", "-p", "xdist").assert_outcomes(passed=len(texts))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("refunds", "refund", "test_app.py:6: @pytest_claude.cases('refund.jsonl'): refund.jsonl: "
         "No such file or directory; the path is that from the test file"),
        ("case, claude", "claude", "test_app.py:6: @pytest_claude.cases('refunds.jsonl'): "
         "test_a takes no case; write def test_a(case, …)"),
        ("@pytest_claude", '@pytest_claude.cases("b.jsonl")\n@pytest_claude', "test_app.py:7: "
         "@pytest_claude.cases('refunds.jsonl'): a test has one data set; join the files, *"),
        ("pytest_claude.cases", "pytest.mark.claude_cases", "test_app.py::test_a: the marker "
         "claude_cases is set by @pytest_claude.cases"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(project: Any, old: str, new: str, told: str) -> None:
    write(project)
    project.tests(TEST.replace(old, new))
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*During handling of the above exception*")


def test_an_id_that_holds_a_secret_is_warned_of_once(project: Any) -> None:
    key = "sk-ant-api03-" + "A" * 40
    write(project, "\n".join(json.dumps({"id": f"{key}{n}", "prompt": "Hi"}) for n in range(2)))
    project.tests(TEST)
    words = ["-p", "pytest_claude.plugin", "--collect-only", "-W", "default"]
    result = project.pytester.runpytest_inprocess(*words)
    (told,) = (line for line in result.outlines if "PytestWarning" in line)
    assert told.split(": ", 3)[2:] == [
        "@pytest_claude.cases('refunds.jsonl')",
        "an id holds a secret ([redacted]), and ids are in node ids, reports and run files; "
        "name another field: id=…",
    ]


def test_unittest_classes_take_no_cases(project: Any) -> None:
    write(project)
    project.tests(
        """
import unittest
import pytest_claude

class TestA(unittest.TestCase):
    @pytest_claude.cases("refunds.jsonl")
    def test_a(self):
        pass
"""
    )
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "*test_app.py:*: @pytest_claude.cases: a unittest class takes no cases; write a function"
    project.unwrapped(result.errlines).fnmatch_lines([told])


def test_a_decorator_without_a_file_is_an_error_and_hides_no_test() -> None:
    with pytest.raises(TypeError, match=r'write @pytest_claude.cases\("FILE"\), not cases\(<fun'):

        @pytest_claude.cases  # type: ignore[arg-type, operator]
        def test_a(case: Any) -> None: ...


# --- a pass rate over the cases -------------------------------------------------------------

MANY = [{"id": f"c{n}", "prompt": f"Where is order {n}?"} for n in range(10)]
RATED = """
import pytest_claude

@pytest.mark.claude_set(pass_rate=0.8)
@pytest_claude.cases("refunds.jsonl")
def test_a(case, claude):
    ask(case.prompt)
    assert claude.calls_tool("lookup_order")

def test_other(claude):
    ask("Where is it?")
"""


@pytest.fixture
def rated(project: Any) -> Any:
    """A project whose data set has 10 cases; the model fails those that `fails` names."""

    def record(*fails: int, tests: str = RATED) -> Any:
        write(project, "\n".join(map(json.dumps, MANY)))
        project.tests(tests)
        texts = {rf"order {n}\?": says("No.") for n in fails}
        lookup = calls(("lookup_order", {"order_id": "1"}))
        project.personas(old=by_prompt(texts, lookup))
        return project.record()

    return record


@pytest.mark.parametrize("workers", [(), ("-n", "2", "-p", "xdist")], ids=["one", "two"])
def test_cases_that_fail_within_the_rate_of_their_set_are_told_and_green(
    project: Any, rated: Any, workers: tuple[str, ...]
) -> None:
    rated(3, 7).assert_outcomes(passed=11)
    result = project.run(*workers, "-rA", "-x")
    assert (result.ret, result.parseoutcomes()) == (0, {"passed": 11})
    result.stdout.fnmatch_lines(
        [
            "the case failed, and its set passes: 8 of 10 cases passed, 8 needed",
            "E       AssertionError: assert <no: `lookup_order` not called>",
        ]
    )
    result.stdout.fnmatch_lines(
        [
            "test_app.py::test_a: 8 of 10 cases passed, 8 needed",
            "  failed within the rate: c3, c7",
        ]
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2", "-p", "xdist")], ids=["one", "two"])
def test_below_the_rate_of_their_set_each_failed_case_is_red(
    project: Any, rated: Any, workers: tuple[str, ...]
) -> None:
    result = rated(3, 7, 8)
    result.assert_outcomes(passed=8, failed=3)
    result = project.run(*workers, "--junitxml=j.xml")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 8, "failed": 3})
    result.stdout.fnmatch_lines_random(
        [f"FAILED test_app.py::test_a[[]c{n}] - 7 of 10 cases passed, 8 needed; *" for n in (3, 7)]
    )
    result.stdout.fnmatch_lines(["test_app.py::test_a: 7 of 10 cases passed, 8 needed"])
    text = (project.path / "j.xml").read_text()
    assert ('tests="11"' in text, 'failures="3"' in text) == (True, True)
    assert text.count('name="claude.set" value="test_app.py::test_a"') == 10


def test_a_set_that_ran_in_part_passes_nothing_that_it_did_not_see(
    project: Any, rated: Any
) -> None:
    rated(3)
    part = "undecided: {} of 10 cases ran, {} passed, 8 needed"
    for words in (["-k", "c3"], ["test_app.py::test_a[c3]"]):
        result = project.run(*words)
        result.assert_outcomes(failed=1, deselected=10 * (words[0] == "-k"))
        result.stdout.fnmatch_lines(
            [
                f"test_app.py::test_a: {part.format(1, 0)}",
                f"FAILED test_app.py::test_a[[]c3] - {part.format(1, 0)[:40]}*",
            ]
        )
    result = project.run("-k", "c4")
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"test_app.py::test_a: {part.format(1, 1)}"])
    enough = project.run("--deselect", "test_app.py::test_a[c9]")
    enough.assert_outcomes(passed=10, deselected=1)
    enough.stdout.fnmatch_lines(["test_app.py::test_a: 8 of 10 cases passed, 8 needed"])


TWICE = """
import pytest_claude

@pytest.mark.claude_set(pass_rate=0.8)
@pytest.mark.parametrize("tone", ["kind", "short"])
@pytest_claude.cases("refunds.jsonl")
def test_a(case, tone, claude):
    ask(case.prompt)
    assert tone == "kind" or case.id == "c0"
"""


def test_of_a_set_with_other_parameters_a_part_is_never_the_whole(
    project: Any, rated: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rated(tests=TWICE).assert_outcomes(passed=11, failed=9)
    kind, short = (
        [f"test_app.py::test_a[c{n}-{tone}]" for n in range(10)] for tone in ("kind", "short")
    )
    result = project.run(*kind[:8], *short[1:3])
    result.assert_outcomes(passed=8, failed=2)
    result.stdout.fnmatch_lines(["test_app.py::test_a: undecided: 10 of 20 cases ran, 8 passed, *"])
    for name, tests in (("1.json", kind), ("2.json", short)):
        project.run(*tests, f"--claude-report={name}")
    shards = [str(project.path / f"{n}.json") for n in (1, 2)]
    assert cli.main(["merge", *shards, "-o", str(project.path / "all.md")]) == 1
    assert "11 of 20 cases passed, 16 needed" in (project.path / "all.md").read_text("utf-8")
    assert "FAIL  9 of 20 tests failed" in capsys.readouterr().out


def test_a_merge_that_lacks_a_shard_of_a_set_is_undecided(
    project: Any, rated: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rated(3)
    assert project.run("-k", "c0 or c1", "--claude-report=1.json").ret == 0
    project.run("-k", "not (c0 or c1)", "--claude-report=2.json")
    one, two = (str(project.path / f"{n}.json") for n in (1, 2))
    report = ["-o", str(project.path / "all.md")]
    assert cli.main(["merge", two, *report]) == 1
    assert "FAIL  1 of 9 tests failed" in capsys.readouterr().out
    assert cli.main(["merge", one, *report]) == 10
    told = "UNDECIDED  2 of 2 tests passed, too few cases of a data set ran"
    assert told in capsys.readouterr().out
    assert cli.main(["merge", one, two, *report]) == 0
    assert "PASS  11 of 11 tests passed" in capsys.readouterr().out


XFAILED = {
    "by its mark": "request.applymarker(pytest.mark.xfail); ask(case.prompt); assert False",
    "in its body": "ask(case.prompt); pytest.xfail('known')",
    "before its first call": "pytest.xfail('known')",
}


@pytest.mark.parametrize("workers", [(), ("-n", "2", "-p", "xdist")], ids=["one", "two"])
@pytest.mark.parametrize("how", XFAILED)
def test_a_set_below_its_rate_fails_the_run_though_its_cases_are_xfailed(
    project: Any, rated: Any, how: str, workers: tuple[str, ...]
) -> None:
    body = f"(case, claude, request):\n    if case.id in ('c3', 'c7', 'c8'): {XFAILED[how]}"
    rated(tests=RATED.replace("(case, claude):", body))
    result = project.run(*workers, "--claude-report=r.json")
    assert (result.ret, result.parseoutcomes()) == (1, {"passed": 8, "xfailed": 3})
    result.stdout.fnmatch_lines(["test_app.py::test_a: 7 of 10 cases passed, 8 needed"])
    report = str(project.path / "r.json")
    assert cli.main(["merge", report, "-o", str(project.path / "all.json")]) == 1
    assert project.run(*workers, "-k", "c3 or c4").ret == 0, "undecided: it ends as its tests do"


BROKEN = {
    "before the first call": ("raise NameError('typo')", "", 1, 0),
    "in the teardown": ("pass", "raise RuntimeError('broke')", 0, 1),
    "in the body and the teardown": ("ask(case.prompt); assert False", "raise ValueError", 1, 1),
    "by SystemExit": ("ask(case.prompt); raise SystemExit(3)", "", 1, 0),
    "by a warning": ("ask(case.prompt); raise UserWarning('old')", "", 1, 0),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_rate_forgives_a_test_that_is_broken(
    project: Any, rated: Any, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rated(3)
    body, teardown, failed, errors = BROKEN[name]
    broken = f"def test_a(case, claude, ends):\n    if case.id == 'c5': {body}\n"
    ends = (
        f"@pytest.fixture\ndef ends(case):\n    yield\n    if case.id == 'c5': {teardown or 0}\n\n"
    )
    tests = RATED.replace("def test_a(case, claude):\n", broken)
    project.tests(tests.replace("@pytest.mark.claude_set", ends + "@pytest.mark.claude_set"))
    result = project.run("--claude-report=r.json")
    assert result.ret == 1
    counts = result.parseoutcomes()
    assert (counts.get("failed", 0), counts.get("errors", 0)) == (failed, errors)
    result.stdout.fnmatch_lines(["test_app.py::test_a: 8 of 10 cases passed, 8 needed",
                                 "  failed within the rate: c3"])  # fmt: skip
    report = str(project.path / "r.json")
    assert cli.main(["merge", report, "-o", str(project.path / "all.json")]) == 1
    assert "FAIL  1 of 11 tests failed" in capsys.readouterr().out


def test_what_a_command_asks_of_each_test_is_asked_of_a_case_that_the_rate_forgives(
    project: Any, rated: Any
) -> None:
    rated(3)
    probed = ["-p", "pytest_claude.plugin.probing", "--claude-probe=coverage"]
    project.run(*probed, f"--claude-probed={project.path / 'answers.json'}")
    answers = json.loads((project.path / "answers.json").read_text("utf-8"))
    (case,) = [each for each in answers if each["test"] == "test_app.py::test_a[c3]"]
    assert (len(answers), case["not_read"]) == (11, "it fails in replay")


def test_no_rate_forgives_a_case_that_is_not_recorded(project: Any, rated: Any) -> None:
    rated(3)
    write(project, "\n".join(map(json.dumps, [*MANY, {"id": "new", "prompt": "Where?"}])))
    result = project.run()
    result.assert_outcomes(passed=11, failed=1)
    result.stdout.fnmatch_lines(["test_app.py::test_a: 9 of 11 cases passed, 9 needed"])


def test_a_run_that_stops_leaves_the_set_undecided(project: Any, rated: Any) -> None:
    stops = RATED + "\ndef test_first(claude):\n    assert False\n"
    tests = stops.replace("def test_a(case, claude):", "def test_a(case, claude):\n"
                          "    if case.id == 'c5': pytest.exit('enough')")  # fmt: skip
    rated(3, tests=tests)
    result = project.run()
    result.stdout.fnmatch_lines(
        [
            "test_app.py::test_a: undecided: 5 of 10 cases ran, 4 passed, 8 needed",
            "FAILED test_app.py::test_a[[]c3] - undecided: 5 of 10 cases ran, 4 passed, 8 ne*",
        ]
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('@pytest_claude.cases("refunds.jsonl")\ndef test_a(case, ', "def test_a(",
         '*test_app.py:6: @pytest.mark.claude_set: not a data set; add @*.cases("FILE")'),
        ("pass_rate=0.8", "0.8", "*: @pytest.mark.claude_set: write pass_rate=0.8"),
        ("pass_rate=0.8", "rate=0.8", "*test_app.py:6: @pytest.mark.claude_set: unknown setting "
         "'rate'; did you mean 'pass_rate'? *"),
        ("pass_rate=0.8", "", "*: @pytest.mark.claude_set: pass_rate=None: above 0 and at most 1"),
    ],
)  # fmt: skip
def test_a_wrong_mark_of_a_set_is_a_usage_error(
    project: Any, rated: Any, old: str, new: str, told: str
) -> None:
    result = rated(tests=RATED.replace(old, new))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    project.unwrapped(result.errlines).fnmatch_lines([told])


# --- in a gate ------------------------------------------------------------------------------

GATED = """
import pytest_claude

@pytest.mark.claude_set(pass_rate=0.5)
@pytest.mark.claude(trials=5)
@pytest_claude.cases("refunds.jsonl")
def test_a(case, claude):
    ask(case.prompt)
    assert claude.calls_tool("lookup_order")

def test_other(claude):
    ask("stays")
    assert claude.calls_tool("lookup_order")
"""
BUMP = "--claude-bump=claude-sonnet-4-5=claude-sonnet-5-5"


def seldom_fails(request: Any, seen: int) -> Any:
    """Fails the second trial of each case, which no case shows by itself."""
    lookup = calls(("lookup_order", {"order_id": "1"}))
    fails = seen == 1 and "stays" not in str(request["messages"])
    return (says("No.") if fails else lookup)(request, seen)


def test_a_bump_that_fails_a_whole_set_a_little_is_found(project: Any) -> None:
    write(project, "\n".join(map(json.dumps, MANY[:8])))
    project.tests(GATED)
    lookup = calls(("lookup_order", {"order_id": "1"}))
    project.personas(old=lookup, new=seldom_fails)
    project.record().assert_outcomes(passed=9)
    result = project.record(BUMP, "--claude-report=r.md", "--claude-report=r.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "FAIL  the suite passes less often (p 0.0015 <= 0.005); the data set",
            "      test_app.py::test_a passes less often (p 0.0015 <= 0.005), no single test",
            "data sets        test_app.py::test_a: 8 cases, 104/104 → 56/64, passes less",
        ]
    )
    result.stdout.no_fnmatch_line("*cases passed*")
    replayed = project.run(BUMP, "--claude-report=again.json")
    assert (replayed.ret, replayed.parseoutcomes()) == (1, result.parseoutcomes())
    texts = {name: (project.path / name).read_text() for name in ("r.json", "again.json")}
    assert texts["r.json"] == texts["again.json"]
    (found,) = json.loads(texts["r.json"])["decision"]["sets"]
    assert (found["name"], found["tests"], found["status"]) == (
        "test_app.py::test_a",
        8,
        "confirmed",
    )
    assert "| `test_app.py::test_a` | 8 | " in (project.path / "r.md").read_text()
    part = project.run(BUMP, "-k", "c1 or c2 or other")
    part.stdout.fnmatch_lines(["data sets  *test_app.py::test_a: 2 of 8 cases, *"])
    shards = project.run(BUMP, "-n", "2", "-p", "xdist", "--claude-report=n.json")
    assert shards.ret == 1
    assert (project.path / "n.json").read_text() == texts["r.json"]
