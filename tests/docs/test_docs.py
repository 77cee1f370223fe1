"""The documentation runs: files are written, commands typed, what they print is compared."""

from __future__ import annotations

import contextlib
import fnmatch
import io
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import messages
import pytest
import report_samples as samples
import yaml
from pages import BLOCK, DOCS, LOOKUP, Reader, blocks, careful
from simulator import Simulator, by_prompt, calls, flaky, judges, says, script

import pytest_claude
from pytest_claude import cli, errors, settings
from pytest_claude.cli import accept, adopt, bump, from_traffic, probed
from pytest_claude.gating.status import Reason
from pytest_claude.gating.status import Status as GateStatus
from pytest_claude.models.adapt import REWRITES
from pytest_claude.plugin import markers, options
from pytest_claude.recording import files, problems
from pytest_claude.report.candidates import candidates
from pytest_claude.report.terminal import side_by_side_lines
from pytest_claude.report.words import because, word

PAGES = sorted(DOCS.rglob("*.md"))
# They lead to what runs.
WITHOUT_CODE = {"index", "changelog", "troubleshooting", "by-word", "comparison", "frameworks"}
# What the model of the pages answers.
PROMPTS = {
    "^Compare my orders": calls(LOOKUP, ("lookup_order", {"order_id": "5678"})),
    "order 5512": script(
        calls(("lookup_order", {"order_id": "5512"})), says("It was shipped on 2 May.")
    ),
    r"^I want a refund\.$": says("Which order do you mean?"),
    "launder": says("", stop_reason="refusal"),
    "as JSON": says('{"order_id": "1234", "total": 19.9}'),
    "Write Python": says("```python\nimport shop\n\nshop.credit('1234', amount=5)\n```"),
    "code of the warehouse": says("It is 7481."),
    "^When do you open": says("At nine."),
    "^When do you close.*cached": says("At six.", cache_read_tokens=2_400),
    "^When do you close": says("At six."),
    "^Where is my parcel": script(calls(LOOKUP), says("It ships today.")),
    "^Plan a page": says("First the deadline, then the address."),
    "^Write the page": says("Send it back within 14 days, to the address on the parcel."),
    "^Plan the opening week": says("Monday: open at nine.", thinking="The shop opens at nine."),
    "is late": flaky(calls(LOOKUP), says("Which order do you mean?"), rate=0.2, seed="a"),
}
LABELS = {"^Classify.*money": says("refund"), "^Classify": says("delivery")}


class InProcess(Reader):
    """Runs pytest and the commands in this process."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(pytester.path)
        self._pytester = pytester
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        started = SimpleNamespace(run=self._started, PIPE=None, STDOUT=None)
        for command in (accept, adopt, bump, from_traffic, probed):
            monkeypatch.setattr(command, "subprocess", started)
        self._plugins = ["-p", "anyio"]

    def installs(self, plugin: str) -> None:
        self._plugins += ["-p", plugin]

    def type(self, words: list[str]) -> list[str]:
        command, *arguments = words
        if command in ("export", "unset"):
            name, _, value = arguments[0].partition("=")
            set_it = self._monkeypatch.setenv if value else self._monkeypatch.delenv
            set_it(name, value) if value else set_it(name)
            return []
        if command == "pytest-claude":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                cli.main(arguments)
            return printed.getvalue().splitlines()
        assert command == "pytest", f"the docs type {command}"
        return self._pytest(arguments).outlines

    def _pytest(self, arguments: list[str]) -> pytest.RunResult:
        return self._pytester.runpytest_inprocess(
            "-p", "pytest_claude.plugin", *self._plugins, "-W", "ignore", *arguments
        )

    def _started(self, words: list[str], *, check: bool, **_: Any) -> SimpleNamespace:
        """The pytest that a command starts."""
        ran = self._pytest(words[3:])
        return SimpleNamespace(returncode=int(ran.ret), stdout=ran.stdout.str(), stderr="")


class Prints(Reader):
    """Types nothing, and reads the same line each time."""

    def type(self, words: list[str]) -> list[str]:
        return ["1 passed in 0.02s"]


def test_a_page_that_shows_what_is_not_printed_is_found(tmp_path: Path) -> None:
    reader = Prints(tmp_path)
    reader.console("$ pytest\n1 passed in *\n")
    with pytest.raises(AssertionError, match="no such line: 2 passed"):
        reader.console("$ pytest\n2 passed in *\n")
    reader.ini("# app.py\nMODEL = 1\n")
    reader.diff("# app.py\n-MODEL = 1\n+MODEL = 2\n")
    assert (tmp_path / "app.py").read_text() == "MODEL = 2\n"
    with pytest.raises(AssertionError):
        reader.diff("# app.py\n-MODEL = 1\n+MODEL = 3\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_page_runs(
    page: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = InProcess(pytester, monkeypatch)
    if page.stem != "getting-started":
        start = blocks(DOCS / "getting-started.md")
        app = next(text for kind, text in start if text.startswith("# desk.py"))
        reader.python(app)
    if page.stem == "pytest-recording":
        reader.installs("pytest_recording.plugin")
    personas = {
        "claude-sonnet-4-5": by_prompt(PROMPTS, calls(LOOKUP)),
        "claude-haiku-4-5": by_prompt(
            LABELS, judges("met", "It calls lookup_order and promises nothing.")
        ),
        "claude-sonnet-5-5": careful(),
    }
    with Simulator(personas) as simulator:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.url)
        monkeypatch.setenv("ANTHROPIC_BEDROCK_BASE_URL", simulator.url)
        for kind, text in blocks(page):
            if kind in ("python", "console", "diff", "ini", "jsonl"):
                getattr(reader, kind)(text)
            elif kind == "yaml":  # for a CI that is not here: it must be YAML
                assert yaml.safe_load(text)
                if re.match(r"# [\w.-]+\n", text):  # it names its file, as Python does
                    reader.ini(text)
                reader.did.append("yaml")
            elif kind != "text":  # what is quoted; the test of what it quotes compares it
                assert kind == "sh", f"a block of {kind} is not run by anything"
    assert len(reader.did) >= 2 or page.stem in WITHOUT_CODE


def test_the_red_test_of_the_readme_is_what_a_user_reads(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = InProcess(pytester, monkeypatch)
    reader.python(next(text for _, text in blocks(DOCS / "getting-started.md")
                       if text.startswith("# desk.py")))  # fmt: skip
    reader.python(
        "# test_refund.py\nimport pytest\nfrom desk import ask\n\n"
        "@pytest.mark.claude_clarifies\ndef test_asks_which_order():\n    ask('I want a refund.')\n"
    )
    with Simulator({"claude-sonnet-4-5": calls(("refund", {}))}) as simulator:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-simulated")
        printed = reader.type(["pytest", "--claude-record"])
    shown = next(text for kind, text in blocks(DOCS.parent / "README.md") if kind == "text")
    start = printed.index(shown.splitlines()[0])
    assert printed[start : start + len(shown.splitlines())] == shown.splitlines()


def test_the_several_candidates_of_the_docs_are_what_a_user_reads() -> None:
    page = DOCS / "candidates.md"
    (shown,) = (text.splitlines() for kind, text in blocks(page) if kind == "text")
    assert len(shown) > 40
    assert side_by_side_lines(candidates(samples.THREE))[: len(shown)] == shown


def reference() -> str:
    return (DOCS / "reference.md").read_text("utf-8")


def test_every_option_and_ini_key_is_in_the_reference() -> None:
    parser = pytest.Parser(_ispytest=True)
    options.add_options(parser)
    group = parser.getgroup("claude")
    names = [name for option in group.options for name in option.names()]
    assert len(names) > 5
    for name in [*names, *parser._inidict]:
        assert f"`{name}" in reference(), name


def test_every_marker_with_its_arguments_is_in_the_reference() -> None:
    for name, marker in markers.MARKERS.items():
        signature = marker.text.partition(": ")[0].replace("'", '"')
        assert f"`{signature}`" in reference(), name


def test_every_fixture_check_and_public_name_is_in_the_reference() -> None:
    from pytest_claude.expect.view import Reply

    own = {name for name in dir(Reply) if not name.startswith("_")}
    for name in [*own, "pytest_claude", "pytest_claude_adapt_request", "pytest_claude_redact"]:
        assert re.search(rf"[`. ]{name}\b", reference()), name
    shown = {"Check", "Clarification", "ClaudeFixture", "JsonCheck", "Reply",
             "ToolCall", "View"}  # fmt: skip
    for name in set(pytest_claude.__all__) - shown:
        assert f"{name}" in reference(), name


def test_every_command_is_in_the_reference() -> None:
    commands = cli._parser()._subparsers
    assert commands is not None
    choices = commands._group_actions[0].choices
    assert choices is not None
    for name in choices:
        assert f"`pytest-claude {name}" in reference(), name


@cache
def flags() -> dict[str, set[str]]:
    """The options of each command."""
    commands = cli._parser()._subparsers
    assert commands is not None
    choices = commands._group_actions[0].choices
    assert choices is not None
    return {
        name: {word for action in parser._actions for word in action.option_strings}
        for name, parser in dict(choices).items()
    }


def test_every_flag_of_a_command_is_in_its_line_of_the_reference() -> None:
    for command, words in flags().items():
        line = next(x for x in reference().splitlines() if f"| `pytest-claude {command}" in x)
        for flag in words - {"-h", "--help", "--verbose", "--output"}:
            assert re.search(rf"(?<![\w-]){flag}\b", line), f"{command} {flag}"


TEXTS = [*PAGES, DOCS.parent / "README.md", DOCS.parent / "CHANGELOG.md"]
WRITTEN_BY_HAND = [page for page in TEXTS if page != messages.PAGE]


def test_the_troubleshooting_page_has_the_messages_of_the_code() -> None:
    page = messages.PAGE.read_text("utf-8")
    assert page == messages.written(page), "run python tests/messages.py"


def _of_a_bad_option() -> Exception:
    with pytest.raises(errors.SettingsError) as caught:
        settings.parse_swap("--claude-bump", "claude-sonnet-4-5")
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        problems.forked(7),
        problems.timed_out(TimeoutError("after 3 s"), "pytest test_desk.py"),
        files.unsaved(Path("a.yaml"), OSError(28, "No space left on device")),
        _of_a_bad_option(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_message_that_a_user_reads_is_on_the_page_with_its_remedy(error: Exception) -> None:
    said, *remedies = str(error).splitlines()
    remedies += [text for label, text in getattr(error, "rows", ()) if label.startswith("to ")]
    listed = messages.messages()[type(error).__name__]
    as_pattern = {text.replace("[", "[[]").replace("…", "*"): text for text in listed}
    fitting = [text for pattern, text in as_pattern.items() if fnmatch.fnmatch(said, pattern)]
    assert remedies
    shown = " ".join(listed[max(fitting, key=len)])
    assert all(text.split()[-1] in shown for text in remedies)


@pytest.mark.parametrize("page", WRITTEN_BY_HAND, ids=lambda page: page.stem)
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    parser = pytest.Parser(_ispytest=True)
    options.add_options(parser)
    known = {name for option in parser.getgroup("claude").options for name in option.names()}
    assert set(re.findall(r"--claude-[a-z][a-z-]*[a-z]", text)) <= known
    misspelt = "claude_calls_tol"  # on purpose, in the reference
    names = {*parser._inidict, *markers.MARKERS, "claude_server", misspelt}
    assert set(re.findall(r"(?<![\w./])claude_[a-z_]+[a-z]\b(?!\.)", text)) <= names
    for command, rest in re.findall(r"pytest-claude ([a-z]+)([^`\n]*)", text):
        if command in flags():
            ours = rest.partition(" -- ")[0].partition("  ")[0]
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) <= flags()[command], command


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        path = (page.parent / target) if target else page
        assert path.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in slugs, f"{target}#{anchor}"


NUMBERS = DOCS.parent / "benchmarks" / "README.md"


def test_each_number_of_the_benchmarks_is_quoted_where_they_say() -> None:
    rows = re.findall(r"^\| (.+) \| (README\.md|docs/\S+) \| .* \|$", NUMBERS.read_text("utf-8"),
                      re.MULTILINE)  # fmt: skip
    assert len(rows) > 10
    for quoted, page in rows:
        text = " ".join((DOCS.parent / page).read_text("utf-8").split())
        assert quoted.replace("\\|", "|") in text, page


def test_a_page_that_names_a_benchmark_has_its_numbers_there() -> None:
    sections = NUMBERS.read_text("utf-8").split("\n## ")
    for page in [*PAGES, DOCS.parent / "README.md"]:
        name = page.relative_to(DOCS.parent).as_posix()
        for command in re.findall(r"benchmarks/(?!train_)\w+\.py", page.read_text("utf-8")):
            assert any(f"| {name} |" in each and command in each for each in sections), page


def test_the_readme_has_its_two_commands() -> None:
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    commands = [text.strip() for _, kind, _, text in BLOCK.findall(readme) if kind == "sh"]
    assert len(commands) == 2
    assert all(len(command.splitlines()) == 1 for command in commands)
    assert commands[0].endswith("pytest-claude demo")
    assert commands[1].endswith("python -m pytest -n auto")


def test_every_rule_with_a_rewrite_is_in_the_reference() -> None:
    for rule in REWRITES:
        assert f"`{rule}`" in reference(), rule


def test_the_reference_says_every_status_and_reason_as_it_is_shown() -> None:
    text = (DOCS / "reference.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z ]+)` \| `(\w+)` \| ([a-z ]+) \| ?(.*?) ?\|$", text, re.MULTILINE)
    shown = {(status, None if reason == "null" else reason): of for status, reason, *of in rows}
    assert {reason for _, reason in shown} == {*get_args(Reason), None}
    assert {status for status, _ in shown} == {*get_args(GateStatus), "passed", "failed"}
    for (status, reason), (shown_word, sentence) in shown.items():
        assert word(status, reason) == shown_word  # type: ignore[arg-type]
        if reason is not None:
            assert because(reason, EXAMPLE) == sentence  # type: ignore[arg-type]


EXAMPLE = {
    "why": "…", "side": "candidate", "voids": 2, "trials": 8, "suspects": 3, "copies": 5, "of": 6,
    "baseline": 20, "candidate": 2, "recorded": 2, "look": 4, "models": "MODEL", "run": "FILE",
    "fixture": "session fixture `NAME`",
}  # fmt: skip
