"""The documentation runs: files are written, commands typed, what they print is compared."""

from __future__ import annotations

import doctest
import fnmatch
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator import Simulator, calls, says

import pytest_claude
from pytest_claude import cli
from pytest_claude.plugin import options

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LOOKUP = ("lookup_order", {"order_id": "1234"})


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    for match in BLOCK.finditer(page.read_text("utf-8")):
        yield match[1], match[2]


class Reader:
    """Does what a page says, in an empty folder."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester = pytester
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        self.did: list[str] = []

    def python(self, text: str) -> None:
        first, _, rest = text.partition("\n")
        if text.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(text, {}, "docs", None, 0)
            assert doctest.DocTestRunner().run(test).failed == 0
        else:
            assert first.startswith("# "), f"a block of Python names its file: {first}"
            (self._pytester.path / first.removeprefix("# ")).write_text(rest)
        self.did.append("python")

    def console(self, text: str) -> None:
        steps = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
        for step in steps:
            typed, _, printed = step.partition("\n")
            lines = self._type(shlex.split(typed))
            for line in printed.splitlines():
                assert fnmatch.filter(lines, line.replace("[", "[[]")), f"{typed}\n{line}"
            self.did.append(typed)

    def _type(self, words: list[str]) -> list[str]:
        command, *arguments = words
        if command in ("export", "unset"):
            name, _, value = arguments[0].partition("=")
            set_it = self._monkeypatch.setenv if value else self._monkeypatch.delenv
            set_it(name, value) if value else set_it(name)
            return []
        assert command == "pytest", f"the docs type {command}"
        result = self._pytester.runpytest_inprocess(
            "-p", "pytest_claude.plugin", "-W", "ignore", *arguments
        )
        return result.outlines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_page_runs(
    page: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(pytester, monkeypatch)
    if page.stem != "getting-started":
        app = next(text for kind, text in blocks(PAGES[0]) if text.startswith("# desk.py"))
        reader.python(app)
    personas = {
        "claude-sonnet-4-5": calls(LOOKUP),
        "claude-sonnet-5-5": says("Could you confirm the order number?"),
    }
    with Simulator(personas) as simulator:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.url)
        for kind, text in blocks(page):
            if kind in ("python", "console"):
                getattr(reader, kind)(text)
            else:
                assert kind == "sh", f"a block of {kind} is not run by anything"
    assert len(reader.did) >= 4


def test_the_red_test_of_the_readme_is_what_a_user_reads(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(pytester, monkeypatch)
    reader.python(next(text for _, text in blocks(DOCS / "getting-started.md")
                       if text.startswith("# desk.py")))  # fmt: skip
    reader.python(
        "# test_refund.py\nimport pytest\nfrom desk import ask\n\n"
        "@pytest.mark.claude_clarifies\ndef test_asks_which_order():\n    ask('I want a refund.')\n"
    )
    with Simulator({"claude-sonnet-4-5": calls(("refund", {}))}) as simulator:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", simulator.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-simulated")
        printed = reader._type(["pytest", "--claude-record"])
    shown = next(text for kind, text in blocks(DOCS.parent / "README.md") if kind == "text")
    start = printed.index(shown.splitlines()[0])
    assert printed[start : start + len(shown.splitlines())] == shown.splitlines()


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
    for name, text in options.MARKERS.items():
        signature = text.partition(": ")[0].replace("'", '"')
        assert f"`{signature}`" in reference(), name


def test_every_fixture_check_and_public_name_is_in_the_reference() -> None:
    from pytest_claude.expect.view import Reply, View

    own = {name for cls in (View, Reply) for name in vars(cls) if not name.startswith("_")}
    for name in [*own, "pytest_claude", "pytest_claude_adapt_request"]:
        assert re.search(rf"[`. ]{name}\b", reference()), name
    shown = {"Check", "Clarification", "ClarificationCheck", "ClaudeFixture", "JsonCheck", "Reply",
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


def test_the_readme_has_its_two_commands() -> None:
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    commands = [text.strip() for kind, text in BLOCK.findall(readme) if kind == "sh"]
    assert len(commands) == 2
    assert all(len(command.splitlines()) == 1 for command in commands)
    assert commands[0].endswith("pytest-claude demo")
    assert commands[1].endswith("python -m pytest")
