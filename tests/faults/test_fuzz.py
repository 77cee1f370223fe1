"""Whatever bytes a file has, however a request is spelled, whatever a test is called."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_claude import cli
from pytest_claude.errors import UnreadableCassette
from pytest_claude.places import Places
from pytest_claude.recording import cassette, partial
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import known
from pytest_claude.recording.matching import Index
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets
from pytest_claude.recording.slugs import as_label
from pytest_claude.transcript.interaction import Interaction, Request, Response, Timing
from pytest_claude.transcript.parse import parse_transcript

URL = "https://api.anthropic.com/v1/messages"
KIND = {"content-type": "application/json"}
LIMITS = {"anthropic-ratelimit-requests-remaining": "49", "anthropic-ratelimit-x": "2026-11-30T06Z"}
randoms = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


# --- reading --------------------------------------------------------------------------------


def good() -> bytes:
    """A cassette of ours with a JSON answer and a stream."""
    stream = b'event: message_start\ndata: {"type": "message_start"}\n\n'
    asked = [json.dumps({"model": "claude-opus-5", "n": n}).encode() for n in range(3)]
    said = [b'{"said": "caf\xc3\xa9"}', b'{"said": "line\\nbreak"}', stream]
    kinds = [KIND, {**KIND, **LIMITS}, {"content-type": "text/event-stream"}]
    entries = [
        Recorded.of(
            Interaction(
                Request("POST", URL, asked[n], KIND),
                Response(200, said[n], kinds[n], Timing(0.1, 1)),
            )
        )
        for n in range(3)
    ]
    rulings = [{"key": "a", "reply": "b", "verdict": True}]
    return cassette.dumps(entries, ["three calls"], label=Label(test="t"), rulings=rulings).encode()


GOOD = good()
FOREIGN = yaml.dump(
    {
        "version": 1,
        "interactions": [
            {
                "request": {"method": "POST", "uri": URL, "body": '{"model": "m"}', "headers": {}},
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"content-type": ["application/json"]},
                    "body": {"string": '{"type": "message", "content": []}'},
                },
            }
        ],
    }
).encode()
BEGINNINGS = [b"", b"version: 1\nmetadata:\n  format: pytest-claude 1\n", b"version: 1\n",
              b"- fingerprint: ", b"\x1f\x8b", b"\xef\xbb\xbf", b"\xff\xfe", b"httprr trace v1\n",
              b"httprr trace v1\n9 9\n", b"{", b"[", b"---\n", b"version https://git-lfs.github.com/",
              b"<<<<<<< HEAD\n"]  # fmt: skip


def read(path: Path) -> list[Recorded] | None:
    """The entries of a file, read by all that reads one; None where it is unreadable."""
    partial.partial_of(path).write_bytes(path.read_bytes())
    for entry in partial.load(path):
        assert entry.reread()
    cassette.read_label(path)
    cassette.main_model(path)
    try:
        cassette.read_rulings(path)
        entries, _ = cassette.load_with_rulings(path, "x")
    except UnreadableCassette:
        return None
    parse_transcript(entry.interaction for entry in entries)
    return entries


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=200) | st.text(max_size=200).map(
    lambda text: text.encode("utf-8", "surrogatepass")))  # fmt: skip
@pytest.mark.fault("C06")
def test_any_bytes_are_entries_or_one_error_of_ours(
    folder: Path, beginning: bytes, rest: bytes
) -> None:
    path = folder / "any.yaml"
    path.write_bytes(beginning + rest)
    read(path)
    path.write_bytes(gzip.compress(beginning + rest))
    read(path)


def spoiled(data: bytes, random: Random) -> bytes:
    """`data` with one to three parts cut, doubled, moved, changed or put in."""
    marks = [b"\n", b"'", b": ", b"- ", b"  ", b"!!python/x ", b"&a ", b"*a", b"<<<<<<< a\n",
             b"\0", b"\xff", b"{", b"# end of cassette\n", b"- fingerprint: x\n",
             b"  rulings:\n"]  # fmt: skip
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice([1, 1, 2, 9, 80, 600]))
        part = data[start:end]
        match random.randrange(5):
            case 0:
                data = data[:start] + data[end:]
            case 1:
                data = data[:end] + part + data[end:]
            case 2:
                rest = data[:start] + data[end:]
                at = random.randrange(len(rest) + 1)
                data = rest[:at] + part + rest[at:]
            case 3:
                data = data[:start] + bytes(b ^ 1 << random.randrange(8) for b in part) + data[end:]
            case _:
                data = data[:start] + random.choice(marks) + data[start:]
    return data


@settings(max_examples=200)
@given(randoms)
def test_a_spoiled_cassette_gives_what_was_recorded_or_an_error(
    folder: Path, random: Random
) -> None:
    path = folder / "spoiled.yaml"
    path.write_bytes(GOOD)
    whole = read(path)
    path.write_bytes(spoiled(GOOD, random))
    entries = read(path)
    if entries is not None and entries and entries[0].ours:
        assert [(e.request.body, e.response.body) for e in entries] == [
            (e.request.body, e.response.body) for e in whole or ()
        ]


@settings(max_examples=200)
@given(randoms)
def test_a_spoiled_cassette_of_vcrpy_gives_interactions_or_an_error(
    folder: Path, random: Random
) -> None:
    path = folder / "foreign.yaml"
    path.write_bytes(spoiled(FOREIGN, random))
    read(path)


# --- matching -------------------------------------------------------------------------------

words = st.text(min_size=1, max_size=12).filter(lambda text: "\0" not in text)
inputs = st.fixed_dictionaries({"a": words, "b": st.none()})
blocks = st.fixed_dictionaries({"type": st.just("text"), "text": words}) | st.fixed_dictionaries(
    {"type": st.just("tool_use"), "id": st.just("t"), "name": words, "input": inputs}
)
turns = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant"]),
    words | st.lists(blocks, min_size=1, max_size=3),
)
bodies = st.fixed_dictionaries(
    {
        "model": st.just("claude-opus-4-5"),
        "max_tokens": st.just(64),
        "messages": st.lists(turns, min_size=1, max_size=3),
    },
    optional={
        "system": words,
        "temperature": st.sampled_from([0, 1, 0.5]),
        "stop_sequences": st.lists(words, max_size=2),
        "tools": st.just([{"name": "f", "input_schema": {"default": None}}]),
    },
)


def respelled(value: Any, random: Random) -> Any:
    """`value` as another version of an SDK, or of Python, may spell it."""
    if isinstance(value, list):
        return [respelled(each, random) for each in value]
    if isinstance(value, bool) or not isinstance(value, dict):
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if is_whole and random.random() < 0.5 else value
    pairs = []
    for key, each in value.items():
        each = each if key in ("input", "input_schema") else respelled(each, random)
        if key in ("content", "system") and isinstance(each, str) and random.random() < 0.5:
            each = [{"type": "text", "text": each}]
        pairs.append((key, each))
    if random.random() < 0.5:
        pairs.append((random.choice(["top_k", "metadata", "citations"]), None))
    random.shuffle(pairs)
    return dict(pairs)


def sent(body: Any, random: Random) -> Request:
    """A request with this body, in one of the ways to write it."""
    body = respelled(body, random)
    if random.random() < 0.5:
        body["model"] = "claude-opus-4-5-20251101"
    if random.random() < 0.5:
        body["stream"] = False
    text = json.dumps(
        body, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 1, 4]),
        separators=random.choice([None, (",", ":")]),
    )  # fmt: skip
    host = random.choice(["https://api.anthropic.com", "http://127.0.0.1:8000", "https://x.io/llm"])
    query = random.choice(["", "?beta=true"])
    data = text.encode("utf-8", "surrogatepass")
    return Request("POST", f"{host}/v1/messages{query}", data, {"anthropic-version": "2023-06-01"})


def answered(recorded: Request, asked: Request) -> bool:
    """Whether a cassette that holds `recorded` answers `asked`."""
    entry = Recorded.of(Interaction(recorded, Response(200, b"{}")))
    index = Index([Recorded.read(entry.text)])
    if index.take(known(asked).fingerprint) is not None:
        return True
    other = index.alike(asked, Redaction(Secrets({})))
    return other is not None and index.take(other) is not None


@settings(max_examples=200)
@given(bodies, randoms)
def test_a_request_matches_itself_in_any_neutral_spelling(body: Any, random: Random) -> None:
    assert answered(sent(body, random), sent(body, random))


def texts_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts of a body are that a model reads."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_of(each, (*path, key))


CHANGES: list[Callable[[str], str]] = [
    lambda text: f"{text} please", lambda text: f" {text}", lambda text: f"{text}\n",
    lambda text: text + text, lambda text: text[:-1], lambda text: f"{text}\u0301",
    lambda text: text[:-1] + chr(ord(text[-1]) ^ 1),
]  # fmt: skip


@settings(max_examples=200)
@given(bodies, randoms, st.sampled_from(CHANGES))
def test_a_changed_word_never_matches(body: Any, random: Random, change: Any) -> None:
    *steps, last = random.choice(
        [p for p in texts_of(body) if p[-1] not in ("type", "model", "id")]
    )
    other = json.loads(json.dumps(body))
    inner = other
    for step in steps:
        inner = inner[step]
    inner[last] = change(inner[last])
    if other != body:
        assert not answered(sent(body, random), sent(other, random))


# --- places ---------------------------------------------------------------------------------

signs = st.sampled_from('aAbé\u0301ßſ/\\:.~*?"<>| \n\0\ud800\u202e[]-_@')
names = st.text(signs, min_size=1, max_size=20) | st.text(min_size=1, max_size=300)
ids = st.lists(
    st.builds("{}.py::{}".format, names, names), min_size=1, max_size=5, unique_by=as_label
)


@settings(max_examples=60)
@given(ids, st.sampled_from(["claude-opus-5", "con", "x/../y", "é", "a\0b"]), st.integers(0, 12))
@example(["../../../etc/x.py::y", "/etc/x.py::y", "C:\\x.py::y"], "claude-opus-5", 0)
@pytest.mark.fault("P01")
def test_any_tests_have_files_of_their_own_below_the_root(
    folder: Path, tests: list[str], model: str, index: int
) -> None:
    root = folder / "project" / "cassettes"
    shutil.rmtree(root, ignore_errors=True)
    made: dict[str, Path] = {}
    for _ in range(2):  # what was recorded is found again by the next run
        places = Places(root, root.parent, tests)
        for test in tests:
            path = places.test(test).path(model, index)
            assert path.resolve().is_relative_to(root.resolve())
            assert made.setdefault(test, path) == path
            if not path.exists():
                cassette.save(path, [], label=Label(test=as_label(test)))
    assert len(set(made.values())) == len(tests)
    assert len({str(path).casefold() for path in made.values()}) == len(tests)


# --- importing ------------------------------------------------------------------------------

KEYS = """version interactions request response method uri url body string status code message
    headers content-type log entries postData text content mimeType encoding base64 model messages
    type http_interactions recorded_with data metadata format statusCode"""
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 600) | st.floats() | st.text(max_size=8)
    | st.sampled_from([URL, "POST", '{"model": "m", "messages": []}', "200", "base64", "gzip"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
recordings = values | st.builds(
    lambda top, request, response: {top: [{"request": request, "response": response}]},
    st.sampled_from(["interactions", "entries", "http_interactions", "log"]),
    values,
    values,
)


@settings(max_examples=150)
@given(recordings, st.sampled_from([json.dumps, yaml.dump]))
def test_any_json_and_yaml_is_imported_or_told_in_a_line(
    folder: Path, data: Any, dumped: Any
) -> None:
    source, into = folder / "theirs.yaml", folder / "into"
    shutil.rmtree(into, ignore_errors=True)
    source.write_text(dumped(data), "utf-8")
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        status = cli.main(["import", str(source), "--into", str(into)])
    lines = [*out.getvalue().splitlines(), *err.getvalue().splitlines()]
    assert len(lines) == 1
    assert (status, "FAIL" in lines[0]) in ((0, False), (1, True))
    for path in into.rglob("*.yaml"):
        assert cassette.load(path, path.name)
