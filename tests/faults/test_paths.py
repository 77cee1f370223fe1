"""Each test has files of its own, below the root, and they are found from everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

IDS = ["a/b", "a:b", "a|b", "a\\b", "..", "../../x", "a\tb", "a\nb", "a\0b", "CON", "nul", "COM1.x",
       "x.", "x ", "x", "y" * 300, "字" * 120]  # fmt: skip
ANY_ID = """
@pytest.mark.parametrize("word", range({number}), ids={ids!r})
def test_asks(claude, word):
    ask(f"order {{word}}")
    assert claude.calls_tool("lookup_order")
"""


@pytest.mark.fault("P01", "P02", "P04", "P05")
def test_ids_of_every_kind_have_files_of_their_own(project) -> None:
    project.tests(ANY_ID.format(number=len(IDS), ids=IDS))
    project.record().assert_outcomes(passed=len(IDS))
    assert len({name.casefold() for name in project.cassettes}) == len(IDS)
    for name in project.cassettes:
        assert set(map(ord, name)) <= set(range(0x20, 0x7F))
        for part in name.split("/"):
            assert len(part) < 255
            assert not set(part) & set('\\:*?"<>|')
            assert part == part.strip(". ")
            assert part.partition(".")[0].lower() not in ("con", "nul", "com1")
    outside = {path.name for path in project.path.parent.iterdir()}
    assert "x" not in outside
    before = project.cassettes
    project.record(mode="all").assert_outcomes(passed=len(IDS))
    assert project.cassettes == before
    project.run("--claude-strict").assert_outcomes(passed=len(IDS))


ALIKE = """
@pytest.mark.parametrize("word", ["one", "two"], ids=["same", "same"])
def test_asks(claude, word):
    ask(f"{where} {{word}}")

class TestA:
    def test_asks(self, claude):
        ask("{where} A")

class TestB:
    def test_asks(self, claude):
        ask("{where} B")
"""


def alike(project) -> int:
    """Write tests whose names are the same in all but module, folder and class; how many."""
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\naddopts = ['--import-mode=importlib']\n"
    )
    for folder in ("", "sub", "sub/deep"):
        (project.path / folder).mkdir(exist_ok=True)
        for name in ("test_app", "test_more"):
            source = ALIKE.format(where=f"{folder} {name}")
            file = project.path / folder / f"{name}.py"
            file.write_text(f"import pytest\nfrom app import ask\n{source}")
    return 24


@pytest.mark.fault("P06")
def test_tests_of_one_name_have_files_of_their_own(project) -> None:
    number = alike(project)
    project.record().assert_outcomes(passed=number)
    assert len(project.cassettes) == number
    project.run("--claude-strict", "-p", "no:randomly").assert_outcomes(passed=number)


FROM = {
    "another folder": ("sub", ["../sub/test_app.py"], 4),
    "the folder of the tests": ("sub/deep", ["."], 8),
    "a path from the top": ("", ["{root}/sub/test_app.py::TestA::test_asks"], 1),
    "an explicit root": ("..", ["--rootdir={root}", "{root}/sub/test_more.py"], 4),
    "a root from a folder below": ("sub", ["--rootdir=..", "-c", "../pyproject.toml", ".."], 24),
    "an IDE": ("..", ["--rootdir", "{root}", "{root}/sub/test_app.py::TestB"], 1),
    "modules by their names": ("", ["--import-mode=append", "test_app.py"], 4),
    "a link": ("../link", ["sub/test_app.py"], 4),
}


@pytest.mark.parametrize(("folder", "words", "number"), FROM.values(), ids=FROM)
@pytest.mark.fault("P07")
def test_the_same_cassettes_are_found_from(
    project, monkeypatch, folder: str, words: list[str], number: int
) -> None:
    alike(project)
    project.record().assert_outcomes(passed=24)
    before = project.cassettes
    if folder == "../link":
        (project.path.parent / "link").symlink_to(project.path, target_is_directory=True)
    root = Path(project.path)
    monkeypatch.chdir(root / folder)
    result = project.run("--claude-strict", *(word.format(root=root) for word in words))
    result.assert_outcomes(passed=number)
    assert project.cassettes == before
