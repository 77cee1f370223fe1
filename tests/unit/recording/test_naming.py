"""One safe, readable file per test, model and trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.recording.naming import (
    cassette_name,
    gate_dir,
    recorded_models,
    shared_dir,
    slug,
    test_dir,
)


@pytest.mark.parametrize(
    ("test_id", "folder"),
    [
        ("tests/test_refund.py::test_asks", "tests/test_refund/test_asks"),
        ("test_refund.py::TestX::test_asks[de]", "test_refund/TestX.test_asks[de]"),
    ],
)
def test_a_plain_id_keeps_its_words(test_id: str, folder: str) -> None:
    assert str(test_dir(test_id)) == folder


@pytest.mark.parametrize(
    "text",
    ["a/b", "a\\b", "..", "a:b", "a\nb", "a\0b", "", " ", "x.", "x ", "CON", "nul.txt", "x" * 300,
     "字" * 120, "\ud800"],
)  # fmt: skip
def test_any_id_becomes_one_safe_name(text: str) -> None:
    name = slug(text)
    assert name
    assert len(name.encode()) < 200
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert name not in (".", "..")
    assert name[-1] not in ". "
    assert slug(text) == name


@pytest.mark.parametrize("name", ["checkout", "a/b-c/d_1", "[x]=1,2+3", "v1.2"])
def test_a_shared_name_is_a_folder_as_it_stands(name: str) -> None:
    assert str(shared_dir(name)) == name


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/x", "C:\\x", "C:x", "~/x", "", "/", "a/", "a//b", "a/../b", ".", ".git", "x ",
     "x.", "nul", "a/COM1.txt", "@fixtures", "a/@fixtures/b", "été", "a.yaml", "a.YAML/b", "_gate",
     "_Gate/x", "a\nb", "a\0b", "x" * 200],
)  # fmt: skip
def test_a_shared_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"^cassette="):
        shared_dir(name)


def test_ids_that_become_equal_after_cleaning_stay_apart() -> None:
    assert len({slug(text) for text in ("a/b", "a:b", "a|b", "a_b")}) == 4


def test_an_id_that_climbs_stays_below_the_root() -> None:
    assert ".." not in test_dir("../../etc/test_x.py::test_y").parts
    assert not test_dir("/etc/test_x.py::test_y").is_absolute()


def test_trials_and_models() -> None:
    assert cassette_name("claude-sonnet-4-5", 0) == "claude-sonnet-4-5.yaml"
    assert cassette_name("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 1) == (
        "claude-sonnet-4-5.2.yaml"
    )
    pairs = [("claude-sonnet-4-5-20250929", "claude-sonnet-5-5")]
    assert str(gate_dir(pairs)) == "_gate/claude-sonnet-4-5__claude-sonnet-5-5"
    more = [("b", "c"), ("a", "c")]
    assert gate_dir(more) == gate_dir(more[::-1])


def test_the_models_a_folder_holds(tmp_path: Path) -> None:
    for name in ("claude-opus-5.yaml", "claude-opus-5.2.yaml", "claude-haiku-4-5.yaml", "x.txt"):
        (tmp_path / name).touch()
    assert recorded_models(tmp_path) == ["claude-haiku-4-5", "claude-opus-5"]
    assert recorded_models(tmp_path / "missing") == []
