"""One file: what is written reads back the same, and a failed write changes nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording.cassette import content_hash, dumps, load, save
from pytest_claude.recording.entry import Recorded, reads_back
from pytest_claude.recording.readers import read_text
from pytest_claude.transcript.interaction import Ended, Interaction, Request, Response, Timing

URL = "https://api.anthropic.com/v1/messages"


def one(answer: Any = None, *, prompt: str = "hi", **response: Any) -> Interaction:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]})
    answer = {"content": []} if answer is None else answer
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    headers = {"content-type": "application/json"}
    return Interaction(
        Request("POST", URL, body.encode(), headers), Response(200, data, headers, **response)
    )


def entry(answer: Any = None, **more: Any) -> Recorded:
    return Recorded.of(one(answer, **more))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4), st.text())
def test_what_is_written_reads_back_the_same(answer: dict[str, Any], prompt: str) -> None:
    meant = one(answer, prompt=prompt)
    recorded = Recorded.of(meant)
    _, found = read_text(dumps([recorded]), "x")
    assert found[0].response.json() == meant.response.json()
    assert found[0].request.json() == meant.request.json()
    assert reads_back(recorded)


@given(st.binary(max_size=60))
@example(b"\x1f\x8b")
def test_any_body_reads_back(data: bytes) -> None:
    assert reads_back(entry(data))


def test_damaged_gzip_is_an_error_of_ours() -> None:
    with pytest.raises(UnreadableCassette, match=r"x: is broken: a gzip body is damaged"):
        read_text(dumps([entry(b"\x1f\x8b")]), "x")


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
    written = dumps([entry({"text": text})])
    assert "string: |\n" in written
    assert read_text(written, "x")[1][0].response.json() == {"text": text}


def test_times_and_cuts_are_kept() -> None:
    timing = Timing(0.25, 1.5, 0.5, ((0.25, 100), (0.5, 7)))
    recorded = entry(timing=timing, ended="cut")
    assert "chunks: [[0.25, 100], [0.5, 7]]\n" in recorded.text
    for found in (read_text(dumps([recorded]), "x")[1][0].response, recorded.response):
        assert (found.timing, found.ended) == (timing, "cut")


@given(st.text(max_size=80), st.sampled_from(["", "text/event-stream; charset=utf-8", "a: b #c"]))
def test_the_short_way_to_a_response_is_the_same_as_the_long_one(body: str, kind: str) -> None:
    headers = {"content-type": kind, "x-simulated-by": "we"}
    response = Response(200, body.encode("utf-8", "replace"), headers, Timing(0.1, 0.2))
    recorded = Recorded.of(Interaction(one().request, response))
    assert Recorded.read(recorded.text).response == recorded.reread().response


def test_the_hash_does_not_count_host_and_times() -> None:
    left = one(timing=Timing(0.1, 0.2))
    request = Request("POST", "http://localhost:1/v1/messages", left.request.body)
    right = Interaction(
        Request(request.method, request.url, request.body, left.request.headers),
        Response(200, left.response.body, left.response.headers),
    )
    hashes = {content_hash("", [Recorded.of(each)]) for each in (left, right)}
    assert len(hashes) == 1


def test_whether_a_stream_was_whole_counts() -> None:
    hashes = {content_hash("", [entry(ended=ended)]) for ended in get_args(Ended)}
    assert len(hashes) == len(get_args(Ended))


@pytest.mark.fault("C02")
def test_no_cut_of_a_cassette_passes_with_fewer_or_other_data(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    save(path, [entry(prompt=f"question {number}") for number in range(3)], ["three calls"])
    text = path.read_bytes()
    whole = [recorded.interaction for recorded in load(path, "x")]
    passed = []
    for end in range(len(text)):
        path.write_bytes(text[:end])
        try:
            found = [recorded.interaction for recorded in load(path, "x")]
        except UnreadableCassette:
            continue
        assert found == whole
        passed.append(end)
    assert passed == [len(text) - 1], "only the last line end may be lost"


@pytest.mark.parametrize("position", range(0, 2400, 13))
def test_no_changed_byte_of_the_content_passes(tmp_path: Path, position: int) -> None:
    path = tmp_path / "x.yaml"
    save(path, [entry(prompt=f"question {number}") for number in range(3)], ["three calls"])
    text = path.read_text()
    position %= len(text)
    changed = text[:position] + chr(ord(text[position]) ^ 1) + text[position + 1 :]
    hosts = [found.span() for found in re.finditer("https://api.anthropic.com", text)]
    if any(start <= position < end for start, end in hosts):
        return  # the host does not count
    path.write_text(changed)
    with pytest.raises(UnreadableCassette):
        load(path, "x")


def test_the_summary_is_for_reviewers(tmp_path: Path) -> None:
    save(tmp_path / "a" / "b.yaml", [entry()], ['m → end_turn: "Hello."'])
    text = (tmp_path / "a" / "b.yaml").read_text()
    assert "  summary:\n  - 'm → end_turn: \"Hello.\"'\n" in text
    assert len(load(tmp_path / "a" / "b.yaml", "b")) == 1


@pytest.mark.fault("C06", "C15")
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


def test_a_new_message_id_alone_is_the_same_exchange() -> None:
    from pytest_claude.recording.entry import same_exchange

    assert same_exchange(one({"id": "msg_01A", "a": 1}), one({"id": "msg_01B", "a": 1}))
    assert not same_exchange(one({"id": "toolu_01A"}), one({"id": "toolu_01B"}))


def test_a_merge_conflict_in_the_times_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    save(path, [entry(timing=Timing(0.25, 1.5))])
    text = path.read_text()
    path.write_text(text.replace("      total_s", "<<<<<<< HEAD\n      total_s"))
    with pytest.raises(UnreadableCassette, match="holds a merge conflict at line"):
        load(path, "x")
    path.write_text(text.replace("total_s: 1.5", "total_s: fast"))
    assert load(path, "x")[0].response.status == 200
