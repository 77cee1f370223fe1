"""One file: what is written reads back the same, and a failed write changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_claude.errors import UnreadableCassette, UnsavedCassette
from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import content_hash, dumps, load, save
from pytest_claude.recording.readers import read_text
from pytest_claude.transcript.interaction import Interaction, Request, Response, Timing

URL = "https://api.anthropic.com/v1/messages"


def one(answer: Any = None, *, prompt: str = "hi", **response: Any) -> Interaction:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]})
    answer = {"content": []} if answer is None else answer
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    headers = {"content-type": "application/json"}
    return Interaction(
        Request("POST", URL, body.encode(), headers), Response(200, data, headers, **response)
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4), st.text())
def test_what_is_written_reads_back_the_same(answer: dict[str, Any], prompt: str) -> None:
    interaction = one(answer, prompt=prompt)
    _, found = read_text(dumps([interaction]), "x")
    assert found[0].response.json() == interaction.response.json()
    assert found[0].request.json() == interaction.request.json()
    assert content_hash(found) == content_hash([interaction])


@given(st.binary(max_size=60))
def test_any_body_reads_back(data: bytes) -> None:
    assume(data[:2] != b"\x1f\x8b")  # taken for gzip
    interaction = one(data)
    _, found = read_text(dumps([interaction]), "x")
    assert content_hash(found) == content_hash([interaction])


def test_damaged_gzip_is_an_error_of_ours() -> None:
    with pytest.raises(UnreadableCassette, match=r"x: is broken: a gzip body is damaged"):
        read_text(dumps([one(b"\x1f\x8b")]), "x")


@pytest.mark.parametrize(
    "text",
    [
        "emoji 🎉",
        "next\x85line",
        "bom \ufeff",
        "del \x7f",
        "trailing  \nblanks ",
        "cr\r\nlf",
        "tab\t",
    ],
)
def test_awkward_text_stays_in_a_literal_block(text: str) -> None:
    written = dumps([one({"text": text})])
    assert "string: |\n" in written
    assert read_text(written, "x")[1][0].response.json() == {"text": text}


def test_times_and_cuts_are_kept() -> None:
    interaction = one(timing=Timing(0.25, 1.5), complete=False)
    found = read_text(dumps([interaction]), "x")[1][0].response
    assert (found.timing, found.complete) == (Timing(0.25, 1.5), False)


def test_the_hash_does_not_count_host_and_times() -> None:
    left = one(timing=Timing(0.1, 0.2))
    request = Request("POST", "http://localhost:1/v1/messages", left.request.body)
    right = Interaction(request, Response(200, left.response.body))
    assert content_hash([left]) == content_hash([right])


def test_the_summary_is_for_reviewers(tmp_path: Path) -> None:
    save(tmp_path / "a" / "b.yaml", [one()], ['m → end_turn: "Hello."'])
    text = (tmp_path / "a" / "b.yaml").read_text()
    assert "  summary:\n  - 'm → end_turn: \"Hello.\"'\n" in text
    assert len(load(tmp_path / "a" / "b.yaml", "b")) == 1


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "x.yaml"
    save(path, [one()])
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    owner = cassette.os if step == "fsync" else Path
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(
        UnsavedCassette, match=r"x.yaml could not be saved: No space left on device"
    ):
        save(path, [one(), one(prompt="more")])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_and_a_binary_file_are_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(UnreadableCassette, match=r"can't be read: Is a directory"):
        load(tmp_path / "folder.yaml", "folder.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(UnreadableCassette, match=r"binary.yaml: is not UTF-8 text"):
        load(tmp_path / "binary.yaml", "binary.yaml")


def test_problems_survive_pickling() -> None:
    import pickle

    from pytest_claude.errors import CassetteMiss

    for problem in (UnreadableCassette("a", "is empty"), CassetteMiss("x", [("a", "b")], "cause")):
        again = pickle.loads(pickle.dumps(problem))
        assert (str(again), again.rows) == (str(problem), problem.rows)
