"""Long strings of requests are kept once for the suite, and nothing is lost or weaker by it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial as partial_of
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import Simulator, says

from pytest_claude.cli import main
from pytest_claude.cli.orphans import unused_parts
from pytest_claude.errors import CassetteMiss, SettingsError, UnreadableCassette, UnsavedCassette
from pytest_claude.recording import cassette, files, partial
from pytest_claude.recording.entry import Recorded, reads_back
from pytest_claude.recording.fingerprint import Normalize
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.ignoring import normalizer
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.references import FOLDER, MARK
from pytest_claude.recording.store import Store
from pytest_claude.run.place import FileNames
from pytest_claude.settings import RecordMode, parse_store_requests
from pytest_claude.transcript.interaction import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
JSON = {"content-type": "application/json"}
LIMIT = 64_000
FILE = "claude-sonnet-4-5.yaml"


def pdf(size: int, seed: int = 7) -> bytes:
    """A made-up PDF: its beginning, and what no base64 of a key is in."""
    block = hashlib.sha256(str(seed).encode()).digest() * 32
    return (b"%PDF-1.7\n" + block * (size // len(block) + 1))[:size]


def document(data: bytes) -> dict[str, Any]:
    source = {
        "type": "base64",
        "media_type": "application/pdf",
        "data": base64.b64encode(data).decode(),
    }
    return {"type": "document", "source": source}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def request(*blocks: dict[str, Any], more: Sequence[dict[str, Any]] = ()) -> Request:
    body = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": list(blocks)}, *more],
    }
    return Request("POST", URL, json.dumps(body).encode(), JSON)


def answer(words: str) -> Response:
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [text(words)], "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 7},
    }  # fmt: skip
    return Response(200, json.dumps(message).encode(), JSON)


class Suite:
    """The cassettes of one project."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "cassettes"

    def recorder(
        self,
        mode: RecordMode,
        test: str = "a",
        trial: int = 0,
        limit: int = LIMIT,
        normalize: Normalize | None = None,
    ) -> Recorder:
        folder = Folder((self.root / "test_app" / f"test_{test}",), FileNames(), self.path)
        return Recorder(
            Place(folder, trial, f"pytest test_app.py::test_{test}"),
            mode,
            redaction=Redaction(),
            normalize=normalize,
            store=Store.below(self.root, limit),
        )

    def record(self, *asked: Request, mode: RecordMode = "new_episodes", **more: Any) -> None:
        recorder = self.recorder(mode, **more)
        for number, each in enumerate(asked):
            call = recorder.begin(each, None)
            if call.entry is None:
                recorder.end(call, answer(f"answer {number}"))
        recorder.close(ended=True)
        assert not recorder.problems

    def replay(self, *asked: Request, **more: Any) -> list[str]:
        recorder = self.recorder("none", **more)
        calls = [recorder.begin(each, None) for each in asked]
        recorder.close(ended=True)
        return [call.response.json()["content"][0]["text"] for call in calls if call.response]

    def cassette(self, test: str = "a") -> Path:
        return self.root / "test_app" / f"test_{test}" / FILE

    @property
    def parts(self) -> list[Path]:
        """All parts; what is for git beside them is none."""
        return sorted(p for p in (self.root / FOLDER).glob("*") if p.name[:4] != ".git")

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.chdir(tmp_path)
    return Suite(tmp_path)


SMALL = pdf(100_000)
ASKED = request(document(SMALL), text("Total?"))


# --- size -----------------------------------------------------------------------------------


def turns(data: bytes) -> list[tuple[dict[str, Any], list[Request]]]:
    said = [
        {"role": role, "content": f"turn {n}"} for n in range(9) for role in ("assistant", "user")
    ]
    asked = [request(document(data), more=said[: 2 * n]) for n in range(10)]
    return [({}, asked)]


def trials(data: bytes) -> list[tuple[dict[str, Any], list[Request]]]:
    return [({"trial": n}, [request(document(data), text("Total?"))]) for n in range(10)]


def questions(data: bytes) -> list[tuple[dict[str, Any], list[Request]]]:
    return [({"test": f"{n}"}, [request(document(data), text(f"{n}?"))]) for n in range(10)]


UPLOADS = "https://api.anthropic.com/v1/files"


def upload(data: bytes, boundary: str = "b7", kind: str = "application/pdf") -> Request:
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nreading\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    ).encode() + data + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return Request("POST", UPLOADS, body, headers)


def uploads(data: bytes) -> list[tuple[dict[str, Any], list[Request]]]:
    return [({"test": f"{n}"}, [upload(data, boundary=f"{n:032x}")]) for n in range(10)]


@pytest.mark.parametrize(
    ("asked", "size"),
    [(turns, 2 << 20), (trials, 1 << 20), (questions, 1 << 20), (uploads, 2 << 20)],
)
@pytest.mark.fault("T09")
def test_ten_calls_on_one_pdf_keep_it_once(asked: Any, size: int, suite: Suite) -> None:
    data = pdf(size)
    for where, requests in asked(data):
        suite.record(*requests, **where)
    (part,) = suite.parts
    assert part.read_bytes() == data
    assert part.name == f"{hashlib.sha256(data).hexdigest()}.pdf"
    assert suite.size <= 1.05 * len(data)
    for where, requests in asked(data):
        assert suite.replay(*requests, **where) == [f"answer {n}" for n in range(len(requests))]


def test_a_small_request_stays_in_its_cassette(suite: Suite) -> None:
    suite.record(request(document(pdf(40_000)), text("Total?")))
    assert not (suite.root / FOLDER).exists()


@pytest.mark.fault("T09")
def test_a_replay_reads_no_part(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.record(ASKED)
    monkeypatch.setattr(Store, "read", lambda *_: pytest.fail("a part was read"))
    assert suite.replay(ASKED) == ["answer 0"]


# --- what is kept, and how ------------------------------------------------------------------

LONG = "You are a support agent.\r\n" * 4000
WITH_LINE_ENDS = base64.encodebytes(SMALL).decode()
ENCODED = base64.b64encode(SMALL).decode()
STRAY_BITS = f"{ENCODED[:-3]}{chr(ord(ENCODED[-3]) + 1)}=="  # which no decoder sees
PNG = {"image": {"format": "png", "source": {"bytes": ENCODED}}}
REFERENCE = f"{MARK}{FOLDER}/{'0' * 64}.txt, text, 5 bytes>"


def base_64(data: str) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "base64", "data": data}}


@pytest.mark.parametrize(
    ("block", "content", "suffix"),
    [
        (document(SMALL), SMALL, ".pdf"),
        (text(LONG), LONG.encode(), ".txt"),
        (PNG, SMALL, ".png"),
        (base_64(WITH_LINE_ENDS), WITH_LINE_ENDS.encode(), ".txt"),
        (base_64(STRAY_BITS), STRAY_BITS.encode(), ".txt"),
        (base_64(ENCODED), SMALL, ".bin"),
        (text("\ud83d" + LONG), ("\ud83d" + LONG).encode("utf-8", "surrogatepass"), ".txt"),
        (text(REFERENCE), REFERENCE.encode(), ".txt"),
        (text(f"What is {REFERENCE}?"), f"What is {REFERENCE}?".encode(), ".txt"),
    ],
    ids=[
        "a PDF", "a text", "an image of Converse", "base64 with line ends",
        "base64 with stray bits", "no type",
        "half an emoji", "what looks like a reference", "what holds one",
    ],
)  # fmt: skip
def test_a_part_is_what_a_reviewer_can_open(
    block: dict[str, Any], content: bytes, suffix: str, suite: Suite
) -> None:
    suite.record(request(block))
    (part,) = suite.parts
    assert (part.read_bytes(), part.suffix) == (content, suffix)
    (entry,) = cassette.load(suite.cassette(), "cassette")
    assert entry.request.json() == request(block).json()
    assert suite.replay(request(block)) == ["answer 0"]


def test_a_reviewer_sees_type_size_and_first_words(suite: Suite) -> None:
    suite.record(request(document(SMALL), text(LONG)))
    written = suite.cassette().read_text("utf-8")
    assert '"media_type": "application/pdf"' in written
    assert re.search(r"_parts/\w+\.pdf, base64, 100000 bytes: %PDF-1.7>", written)
    assert re.search(r"\.txt, text, 104000 bytes: You are a support agent. You are a", written)
    assert len(written) < 2500


CSV = b"name;amount\r\n" * 6000


@pytest.mark.parametrize(
    ("data", "kind", "suffix"),
    [
        (SMALL, "application/pdf", ".pdf"),
        (b"\x89PNG\r\n\r\n\xff" * 9, "image/png", ".png"),
        (CSV, "text/csv", ".csv"),
        (CSV, "text/plain; charset=utf-8", ".txt"),
        (b"\xff" * 9, "application/x-own", ".bin"),
        (REFERENCE.encode(), "text/plain", ".txt"),
        (f"What is {REFERENCE}?".encode(), "text/plain", ".txt"),
    ],
    ids=["a PDF", "a small image", "a table", "a text", "another kind", "a reference", "holds one"],
)
@pytest.mark.parametrize("limit", [LIMIT, 0])
def test_a_file_that_is_uploaded_is_a_part_and_its_form_is_text(
    data: bytes, kind: str, suffix: str, limit: int, suite: Suite
) -> None:
    sent = upload(data, kind=kind)
    suite.record(sent, limit=limit)
    (path,) = suite.root.rglob("*.yaml")
    if limit or MARK.encode() in data:
        (part,) = suite.parts
        assert (part.read_bytes(), part.suffix) == (data, suffix)
        written = path.read_text("utf-8")
        assert f", file, {len(data)} bytes" in written
        assert 'filename=\\"a.pdf\\"' in written
        assert "reading" in written
        assert len(written) < 2500
    else:
        assert not (suite.root / FOLDER).exists()
    (entry,) = cassette.load(path, "cassette")
    assert entry.request.body == sent.body
    assert suite.replay(upload(data, "another", kind), limit=LIMIT - limit) == ["answer 0"]


@pytest.mark.parametrize("data", [b"words", CSV[:40_000]])
def test_a_short_text_that_is_uploaded_stays_in_its_cassette(data: bytes, suite: Suite) -> None:
    suite.record(upload(data, kind="text/plain"))
    assert not (suite.root / FOLDER).exists()


@given(
    files=st.lists(st.binary(max_size=40), max_size=3),
    rest=st.binary(max_size=40),
    limit=st.sampled_from([0, 20]),
)
def test_any_upload_reads_back_from_the_store(
    files: list[bytes], rest: bytes, limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = Store.below(tmp_path_factory.getbasetemp() / "uploads", limit)
    body = b"".join(upload(each).body for each in files) + rest
    sent = Request("POST", UPLOADS, body, {"content-type": 'multipart/mixed; boundary="b7"'})
    assert reads_back(Recorded.of(Interaction(sent, answer("yes")), store))


@given(words=st.text(st.characters(codec=None), max_size=40), times=st.sampled_from([0, 1, 50]))
def test_any_text_reads_back_from_the_store(
    words: str, times: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = Store.below(tmp_path_factory.getbasetemp() / "texts", 20)
    sent = request(text(words), document(words.encode("utf-8", "surrogatepass") * times))
    assert reads_back(Recorded.of(Interaction(sent, answer("yes")), store))


# --- the limit changes ----------------------------------------------------------------------


@pytest.mark.parametrize("recorded", [10_000, LIMIT, 0])
@pytest.mark.parametrize("limit", [10_000, LIMIT, 1_000_000, 0])
def test_a_recording_is_played_whatever_the_limit_is_now(
    recorded: int, limit: int, suite: Suite
) -> None:
    asked = [ASKED, request(text(LONG)), request(text("word " * 5000))]
    suite.record(*asked, limit=recorded)
    before = {path: path.read_bytes() for path in suite.root.rglob("*.*")}
    answers = [f"answer {n}" for n in range(3)]
    assert suite.replay(*asked, limit=limit) == answers
    assert suite.replay(*asked, limit=limit, normalize=normalizer(["uuids"])) == answers
    suite.record(*asked, limit=limit)
    assert {path: path.read_bytes() for path in suite.root.rglob("*.*")} == before


def test_another_spelling_of_a_big_request_is_played(suite: Suite) -> None:
    suite.record(ASKED)
    body = {**ASKED.json(), "system": None, "stream": False}
    assert suite.replay(Request("POST", URL, json.dumps(body).encode(), JSON)) == ["answer 0"]


def test_a_rule_takes_something_out_of_a_part(suite: Suite) -> None:
    once, again = (request(text(f"{LONG} on {day}")) for day in ("2026-01-02", "2026-03-04"))
    rules = normalizer(["dates"])
    suite.record(once, normalize=rules)
    assert suite.replay(again, normalize=rules) == ["answer 0"]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("64 kB", 64_000),
        ("64kb", 64_000),
        ("2 MB", 2_000_000),
        ("5000", 5000),
        ("off", 0),
        ("0", 0),
    ],
)
def test_a_size_is_typed_as_people_write_it(value: str, size: int) -> None:
    assert parse_store_requests(value) == size


@pytest.mark.parametrize("value", ["", "64 k", "-1", "20", "none", "1 GB"])
def test_another_size_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match=r"claude_store_requests = .*64 kB, or off"):
        parse_store_requests(value)


# --- a miss ---------------------------------------------------------------------------------


def missed(suite: Suite, sent: Request, **more: Any) -> str:
    with pytest.raises(CassetteMiss) as caught:
        suite.replay(sent, **more)
    told = caught.value
    return "\n".join([told.headline, *(f"{label} {line}" for label, line in told.rows)])


@pytest.mark.parametrize("limit", [LIMIT, 0])
def test_a_miss_tells_another_pdf_by_type_size_and_hash(limit: int, suite: Suite) -> None:
    suite.record(ASKED, limit=limit)
    other = pdf(120_000, seed=8)
    told = missed(suite, request(document(other), text("Total?")))
    for data in (SMALL, other):
        digest = hashlib.sha256(data).hexdigest()
        assert f"application/pdf, {len(data)} bytes, sha256 {digest}" in told
    assert "messages[0].content[0].source.data" in told
    assert len(told) < 2000


def test_a_miss_shows_the_edited_words_of_a_long_text(suite: Suite) -> None:
    suite.record(request(text(LONG + "Answer in English. " + LONG)))
    told = missed(suite, request(text(LONG + "Answer in French. " + LONG)))
    assert "English." in told
    assert "French." in told
    assert len(told) < 2000


# --- a part is missing or damaged -----------------------------------------------------------

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 100000\n"
DAMAGES = {
    "missing": (None, "is missing", "restore cassettes/_parts/"),
    "a pointer": (LFS, "is a pointer of Git LFS, not its content", "git lfs pull"),
    "cut": (SMALL[:5000], "is damaged", "restore cassettes/_parts/"),
    "other line ends": (SMALL + b"\r", "is damaged", "restore cassettes/_parts/"),
}


def damage(part: Path, content: bytes | None) -> None:
    if content is None:
        part.unlink()
    else:
        part.write_bytes(content)


@pytest.mark.parametrize(("content", "what", "repair"), DAMAGES.values(), ids=list(DAMAGES))
@pytest.mark.fault("T09")
def test_a_bad_part_is_a_clear_error_in_replay_and_in_check(
    content: bytes | None, what: str, repair: str, suite: Suite, capsys: Any
) -> None:
    suite.record(request(text("Hello")), ASKED)
    (part,) = suite.parts
    damage(part, content)
    with pytest.raises(UnreadableCassette) as caught:
        suite.replay(request(text("Hello")))
    rows = dict(caught.value.rows)
    where = f"cassettes/test_app/test_a/{FILE}, interaction 2"
    assert caught.value.headline.startswith(
        f"{where}: its part cassettes/_parts/{part.name} {what}"
    )
    assert rows["evidence"] == where
    assert rows["to repair"].startswith(repair)
    for command in (
        ["check", "cassettes"],
        ["inspect", "cassettes"],
        ["export", "cassettes", "--into", "out"],
    ):
        assert main(command) == 1
        error = capsys.readouterr().err
        assert f"{where}: its part cassettes/_parts/{part.name} {what}" in error
        assert repair in error or command[0] != "check"


def test_a_store_that_is_gone_altogether_is_named(suite: Suite) -> None:
    suite.record(ASKED)
    name = suite.parts[0].name
    shutil.rmtree(suite.root / FOLDER)
    with pytest.raises(UnreadableCassette) as caught:
        suite.replay(ASKED)
    assert f"_parts/{name} is missing, and so is the folder _parts" in caught.value.headline
    assert dict(caught.value.rows)["to repair"].startswith("restore _parts/")


def test_other_bytes_of_the_same_number_are_found_by_check_and_by_whoever_reads(
    suite: Suite, capsys: Any
) -> None:
    suite.record(ASKED)
    (part,) = suite.parts
    part.write_bytes(SMALL[:-1] + b"?")
    with pytest.raises(UnreadableCassette, match="is damaged: its content has another sha256"):
        suite.replay(request(document(SMALL), text("Date?")))
    assert main(["check", "cassettes"]) == 1
    assert "0 good, 1 bad" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", [content for content, *_ in DAMAGES.values()], ids=list(DAMAGES)
)
def test_recording_all_again_repairs_a_bad_part(content: bytes | None, suite: Suite) -> None:
    suite.record(ASKED)
    (part,) = suite.parts
    damage(part, content)
    suite.record(ASKED, mode="all")
    assert suite.replay(ASKED) == ["answer 0"]
    assert main(["check", "cassettes"]) == 0


def test_a_cassette_that_is_a_pointer_of_lfs_is_called_so(suite: Suite) -> None:
    suite.record(ASKED)
    suite.cassette().write_bytes(LFS)
    with pytest.raises(UnreadableCassette, match="is a pointer of Git LFS") as caught:
        suite.replay(ASKED)
    assert dict(caught.value.rows)["to repair"] == "git lfs pull"


# --- writers --------------------------------------------------------------------------------


def test_death_between_part_and_cassette_leaves_the_old_cassette(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.record(request(text("Hello")))
    before = suite.cassette().read_bytes()
    recorder = suite.recorder("all")
    recorder.end(recorder.begin(ASKED, None), answer("new"))
    # The process dies here: its part is on disk, and what was paid in the partial file.
    assert len(suite.parts) == 1
    assert suite.cassette().read_bytes() == before
    assert suite.replay(request(text("Hello"))) == ["answer 0"]
    recorder.close(ended=False)
    resumed = suite.recorder("new_episodes")
    assert [resumed.begin(each, None).recorded for each in (request(text("Hello")), ASKED)] == [
        True
    ] * 2
    resumed.close(ended=True)
    assert suite.replay(request(text("Hello")), ASKED) == ["answer 0", "new"]


def test_what_an_interrupted_run_paid_for_is_asked_again_where_its_part_is_gone(
    suite: Suite,
) -> None:
    recorder = suite.recorder("new_episodes")
    recorder.end(recorder.begin(ASKED, None), answer("lost"))
    recorder.close(ended=False)
    suite.parts[0].unlink()
    assert partial.load(suite.cassette()) == []
    suite.record(ASKED)
    assert suite.replay(ASKED) == ["answer 0"]


def test_a_full_disk_leaves_no_reference_without_its_part(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = files.write_atomically

    def full(path: Path, data: bytes, **how: bool) -> None:
        if path.suffix == ".pdf":
            raise OSError(28, "No space left on device")
        write(path, data, **how)

    monkeypatch.setattr(files, "write_atomically", full)
    recorder = suite.recorder("new_episodes")
    call = recorder.begin(ASKED, None)
    with pytest.raises(UnsavedCassette, match="No space left on device"):
        recorder.end(call, answer("paid"))
    recorder.close(ended=False)
    assert not list(suite.root.rglob("*.yaml*"))


WRITER = """
from pathlib import Path
from pytest_claude.recording.store import Store
for number in range(100):
    Store.below(Path("cassettes"), 1000).put([f"{number} " * 50_000])
"""


def test_processes_that_write_the_same_parts_at_once_leave_each_whole(suite: Suite) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER]) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(suite.parts) == 100
    for part in suite.parts:
        assert hashlib.sha256(part.read_bytes()).hexdigest() == part.stem


def test_a_part_that_another_process_writes_at_the_same_moment_is_stored(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: Path, target: Path) -> None:  # by Windows, while the other has it open
        Path(target).write_bytes(content)
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(Path, "replace", refused)
    content = SMALL
    store = Store.below(suite.root, LIMIT)
    (suite.root / FOLDER).mkdir(parents=True)
    for name in (".gitattributes", ".gitignore"):
        (suite.root / FOLDER / name).touch()
    store.put([document(SMALL)])
    assert [path.read_bytes() for path in suite.parts] == [SMALL]
    content = b"of another process"
    with pytest.raises(UnsavedCassette, match="Access is denied"):
        store.put([document(pdf(90_000))])


def test_a_secret_is_taken_out_before_the_hash(suite: Suite) -> None:
    key = "sk-ant-api03-" + "aB3" * 30
    suite.record(request(text(f"{LONG} {key}")))
    (part,) = suite.parts
    assert part.read_bytes() == f"{LONG} [redacted]".encode()
    for sent in (key, "None", "another-k3y"):  # what an app sends in replay
        assert suite.replay(request(text(f"{LONG} {sent}"))) == ["answer 0"]


def test_check_finds_a_secret_in_a_part_once(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    suite.record(request(text(f"{LONG} pa55-w0rd-of-the-shop")))
    suite.record(request(text(f"{LONG} pa55-w0rd-of-the-shop"), text("b")), test="b")
    monkeypatch.setenv("SHOP_API_KEY", "pa55-w0rd-of-the-shop")
    assert main(["check", "cassettes"]) == 1
    out, error = capsys.readouterr()
    assert error.count("holds the value of SHOP_API_KEY") == 1
    assert str(suite.parts[0].relative_to(suite.path)) in error
    assert "2 good, 1 bad" in out


# --- commands -------------------------------------------------------------------------------


def unused(suite: Suite, *removed: Path) -> list[str]:
    parts, doubt = unused_parts(suite.root, removed)
    assert doubt is None
    return [path.name for path in parts]


def test_a_part_is_unused_when_no_recording_refers_to_it(suite: Suite) -> None:
    suite.record(ASKED)
    suite.record(ASKED, trial=1)
    (part,) = suite.parts
    first, second = suite.cassette(), suite.cassette().with_name("claude-sonnet-4-5.2.yaml")
    assert unused(suite) == []
    assert unused(suite, first) == []
    assert unused(suite, first, second) == [part.name]
    for name in ("_gate/a__b/cand/test_app/test_a/m.yaml", "test_app/test_a/x.yaml.partial"):
        first.unlink(missing_ok=True)
        path = suite.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        second = second.rename(path)
        assert unused(suite) == []
    second.unlink()
    assert unused(suite) == [part.name]


def test_what_a_killed_writer_left_of_a_part_is_unused(suite: Suite) -> None:
    suite.record(ASKED)
    left = suite.root / FOLDER / ".0123.pdf.abc.tmp"
    left.write_bytes(SMALL)
    assert unused(suite) == [left.name]


@pytest.mark.parametrize("content", [b"", LFS, None], ids=["empty", "a pointer of LFS", "cut"])
def test_nothing_is_unused_while_a_cassette_may_refer_to_more(
    content: bytes | None, suite: Suite
) -> None:
    suite.record(ASKED)
    path = suite.cassette()
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    parts, doubt = unused_parts(suite.root)
    assert parts == []
    assert str(path) in (doubt or "")


def test_prune_removes_a_part_with_the_last_cassette_that_refers_to_it(
    suite: Suite, capsys: Any
) -> None:
    suite.record(ASKED)
    suite.record(ASKED, request(text(LONG)), test="gone")
    of_text = next(path for path in suite.parts if path.suffix == ".txt")
    (suite.path / "pytest.ini").write_text("[pytest]\n")
    (suite.path / "test_app.py").write_text("no python")
    assert main(["prune", "--yes"]) == 1  # pytest can't say which tests there are
    assert len(suite.parts) == 2
    (suite.path / "test_app.py").write_text("def test_a(claude): pass")
    assert main(["prune", "--yes"]) == 0
    out = capsys.readouterr().out
    assert f"unused  cassettes/_parts/{of_text.name}: no cassette refers to it" in out
    assert out.endswith("2 files removed\n")
    assert [path.suffix for path in suite.parts] == [".pdf"]
    assert suite.replay(ASKED) == ["answer 0"]


def test_check_counts_the_parts_that_are_unused(suite: Suite, capsys: Any) -> None:
    suite.record(ASKED)
    suite.cassette().unlink()
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "0 good, 0 bad, 1 part unused" in out
    assert "to remove what is unused  pytest-claude prune" in out


def test_a_cassette_keeps_its_parts_wherever_it_is_moved_below_the_root(suite: Suite) -> None:
    suite.record(ASKED)
    moved = suite.root / "_gate" / "a__b" / "attempt2" / "cand" / "test_app" / "test_a" / FILE
    moved.parent.mkdir(parents=True)
    suite.cassette().rename(moved)
    (entry,) = cassette.load(moved, "moved")
    assert entry.request.json() == ASKED.json()


def test_plain_vcrpy_replays_what_was_exported(suite: Suite) -> None:
    from vcr import VCR

    asked = [ASKED, request(text(LONG))]
    suite.record(*asked)
    assert main(["export", "cassettes", "--into", "whole"]) == 0
    whole = suite.path / "whole" / "test_app" / "test_a" / FILE
    assert MARK not in whole.read_text("utf-8")
    assert not (suite.path / "whole" / FOLDER).exists()
    match_on = ["method", "uri", "body"]
    with VCR().use_cassette(str(whole), record_mode="none", match_on=match_on) as played:
        for number, each in enumerate(asked):
            got = httpx.post(URL, content=each.body, headers=JSON).json()
            assert got["content"][0]["text"] == f"answer {number}"
    assert played.all_played
    entries = cassette.load(whole, "whole")
    assert [entry.request.json() for entry in entries] == [each.json() for each in asked]


def test_what_another_tool_recorded_is_imported_before_it_is_exported(
    suite: Suite, capsys: Any
) -> None:
    foreign = {
        "request": {"method": "POST", "uri": URL, "body": ASKED.body.decode()},
        "response": {"status": {"code": 200}, "body": {"string": answer("x").body.decode()}},
    }
    (suite.path / "old.yaml").write_text(json.dumps({"version": 1, "interactions": [foreign]}))
    assert main(["export", "old.yaml", "--into", "whole"]) == 1
    assert "FAIL old.yaml: is no cassette of pytest-claude (" in capsys.readouterr().err
    assert not (suite.path / "whole").exists()
    assert main(["import", "old.yaml", "--into", "cassettes"]) == 0
    assert main(["export", "cassettes", "--into", "whole"]) == 0
    (source,) = suite.root.rglob("*.yaml")
    (whole,) = (suite.path / "whole").rglob("*.yaml")
    assert cassette.imported_from(whole) == cassette.imported_from(source) is not None


def test_an_export_overwrites_no_other_file(suite: Suite, capsys: Any) -> None:
    suite.record(ASKED)
    for _ in range(2):
        assert main(["export", "cassettes", "--into", "whole"]) == 0
    whole = suite.path / "whole" / "test_app" / "test_a" / FILE
    whole.write_text("mine")
    assert main(["export", "cassettes", "--into", "whole"]) == 1
    assert whole.read_text() == "mine"
    assert "exists already" in capsys.readouterr().err


def test_a_hand_edit_beside_a_part_is_accepted(suite: Suite) -> None:
    suite.record(ASKED)
    path = suite.cassette()
    path.write_text(path.read_text("utf-8").replace("Total?", "Sum?"), "utf-8")
    assert main(["check", "--accept", str(path)]) == 0
    assert path.stat().st_size < 3000
    assert suite.replay(request(document(SMALL), text("Sum?"))) == ["answer 0"]


@pytest.mark.parametrize("into", ["cassettes", "cassettes/old", "elsewhere"])
def test_a_big_request_of_another_tool_is_imported_into_the_store(
    into: str, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {
        "request": {"method": "POST", "uri": URL, "body": ASKED.body.decode()},
        "response": {"status": {"code": 200}, "body": {"string": answer("x").body.decode()}},
    }
    old = suite.path / "old" / "test_app" / "test_a.yaml"
    old.parent.mkdir(parents=True)
    old.write_text(json.dumps({"version": 1, "interactions": [foreign]}))
    assert main(["import", "old", "--into", into]) == 0
    (imported,) = (suite.path / into).rglob("*.yaml")
    assert imported.stat().st_size < 3000
    assert (suite.path / into.partition("/")[0] / FOLDER).is_dir()
    (entry,) = cassette.load(imported, "imported")
    assert entry.request.json() == ASKED.json()


def git(*words: str) -> list[str]:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    done = subprocess.run(["git", *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


# What an earlier `pytest-claude init` wrote would convert line ends in a part.
@pytest.mark.parametrize("attributes", ["", "cassettes/** text eol=lf linguist-generated\n"])
def test_git_changes_no_byte_of_a_part(attributes: str, suite: Suite) -> None:
    suite.record(request(text(LONG), document(b"%PDF\r\n" * 20_000)))
    (suite.path / ".gitattributes").write_text(attributes)
    before = {path: path.read_bytes() for path in suite.parts}
    git("init", "-q")
    git("config", "core.autocrlf", "true")
    git("add", "-A")
    git("commit", "-qm", "x")
    shutil.rmtree(suite.root)
    git("checkout", "-q", "cassettes")
    assert {path: path.read_bytes() for path in suite.parts} == before
    assert main(["check", "cassettes"]) == 0


def test_git_lfs_may_keep_the_parts_and_not_the_files_that_are_for_git(suite: Suite) -> None:
    suite.record(ASKED)
    (suite.path / ".gitattributes").write_text(
        "cassettes/_parts/** filter=lfs diff=lfs merge=lfs -text\n"
    )
    git("init", "-q")
    names = (suite.parts[0].name, ".gitattributes", ".gitignore")
    told = git("check-attr", "filter", *(str(suite.root / FOLDER / name) for name in names))
    assert [line.rpartition(" ")[2] for line in told] == ["lfs", "unspecified", "unspecified"]


def test_git_takes_a_part_also_where_the_project_ignores_its_kind(suite: Suite) -> None:
    suite.record(ASKED)
    (suite.root / FOLDER / ".0123.pdf.abc.tmp").write_bytes(b"left by a killed writer")
    (suite.path / ".gitignore").write_text("*.pdf\n")
    git("init", "-q")
    git("add", "-A")
    added = [path for path in git("ls-files") if "_parts/" in path and "/.git" not in path]
    assert added == [f"cassettes/_parts/{suite.parts[-1].name}"]


def test_the_recordings_of_a_revision_are_compared_with_their_parts(
    suite: Suite, capsys: Any
) -> None:
    suite.record(ASKED)
    # As Git LFS does it: what git holds is not what a checkout holds.
    (suite.path / ".gitattributes").write_text("cassettes/_parts/*.pdf filter=turned\n")
    git("init", "-q")
    git("config", "filter.turned.required", "true")
    git("config", "filter.turned.clean", "base64")
    git("config", "filter.turned.smudge", "base64 --decode")
    git("add", "-A")
    git("commit", "-qm", "x")
    shutil.rmtree(suite.root)
    suite.record(request(document(pdf(90_000)), text("Total?")))
    assert main(["compare", "git:HEAD", "."]) == 0
    assert "git:HEAD → .: 0 of 1 test behave differently" in capsys.readouterr().out
    git("rm", "-rq", "--cached", "cassettes/_parts")
    git("commit", "-qm", "y")
    assert main(["compare", "git:HEAD", "."]) == 4
    error = " ".join(capsys.readouterr().err.split())
    assert "cassettes/test_app/test_a/claude-sonnet-4-5.yaml, interaction 1: its part" in error
    assert "is missing" in error


# --- the whole way --------------------------------------------------------------------------

TESTS = """
import base64, os, httpx, pytest
DATA = base64.b64encode(b"%PDF-1.7" + b"pages" * 40_000).decode()
SOURCE = {"type": "base64", "media_type": "application/pdf", "data": DATA}
BASE = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")

@pytest.mark.claude(trials=2)
@pytest.mark.parametrize("question", ["Total?", "Date?", "Buyer?", "Seller?"])
def test_pdf(claude, question):
    content = [{"type": "document", "source": SOURCE}, {"type": "text", "text": question}]
    httpx.post(BASE + "/v1/messages", timeout=60, headers={
        "anthropic-version": "2023-06-01", "x-api-key": os.environ.get("ANTHROPIC_API_KEY", "-")},
        json={"model": "claude-sonnet-4-5", "max_tokens": 9,
              "messages": [{"role": "user", "content": content}]}).raise_for_status()
    assert claude.reply.text == "Yes."
"""


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n2"]], ids=["alone", "xdist"])
def test_a_suite_is_recorded_and_replayed(
    workers: list[str], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    if workers:
        pytest.importorskip("xdist", reason="two processes record at once by pytest-xdist")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_pdf=TESTS)
    run = partial_of(pytester.runpytest_inprocess, "-p", "pytest_claude.plugin", "-W", "ignore")
    suite = Suite(pytester.path)
    with (
        Simulator({"claude-sonnet-4-5": says("Yes.")}) as simulator,
        monkeypatch.context() as patch,
    ):
        patch.setenv("ANTHROPIC_API_KEY", "sk-ant-simulated")
        patch.setenv("ANTHROPIC_BASE_URL", simulator.url)
        run(*workers, "--claude-record").assert_outcomes(passed=4)
    (part,) = suite.parts
    assert part.read_bytes() == b"%PDF-1.7" + b"pages" * 40_000
    assert len(list(suite.root.rglob("*.yaml"))) == 8
    pytester.makeini("[pytest]\nclaude_store_requests = 10 kB\n")
    reports = [f"--claude-report=run.{suffix}" for suffix in ("json", "html", "md")]
    run(*reports).assert_outcomes(passed=4)
    part.unlink()
    result = run(*reports)
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(["  to repair  restore*"])


def test_a_size_that_is_none_is_a_usage_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nclaude_store_requests = big\n")
    pytester.makepyfile("def test_a(claude): pass")
    result = pytester.runpytest_inprocess("-p", "pytest_claude.plugin")
    assert result.ret == 4
    assert "claude_store_requests = big" in "\n".join(result.errlines)


PASSWORD = "tr0ub4dor-and-3-zzz9q"
BODY = {"model": "claude-sonnet-4-5", "max_tokens": 9}


def asks(prompt: str) -> Request:
    turns = [{"role": "user", "content": prompt}]
    return Request("POST", URL, json.dumps({**BODY, "messages": turns}).encode())


@pytest.mark.fault("S02")
@pytest.mark.parametrize("long", [True, False], ids=["in a part", "in the cassette"])
@pytest.mark.parametrize("killed", [True, False], ids=["after a kill", "at once"])
def test_what_a_later_call_shows_to_be_a_secret_is_on_disk_nowhere(
    suite: Suite, long: bool, killed: bool
) -> None:
    first = asks(f"{'long ' * (20_000 if long else 1)}{PASSWORD}")
    second = asks(f"Use postgresql://shop:{PASSWORD}@db.test/orders")
    if killed:
        recorder = suite.recorder("new_episodes")
        for each in (first, second):
            recorder.end(recorder.begin(each, None), answer("paid"))
        recorder.close(ended=False)
    suite.record(first, second)
    for path in suite.root.rglob("*"):
        assert path.is_dir() or PASSWORD.encode() not in path.read_bytes(), path
    assert len(suite.parts) == long
    assert suite.replay(first, second) == (["paid"] * 2 if killed else ["answer 0", "answer 1"])


def test_check_looks_into_parts_that_nothing_refers_to(
    suite: Suite, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.record(ASKED)
    monkeypatch.chdir(suite.path)
    key = "sk-ant-api03-" + "abcDEF123456" * 8
    (suite.root / "_parts" / f"{'0' * 64}.txt").write_text(f"the key is {key}")
    assert main(["check"]) == 1
    assert f"{'0' * 64}.txt: holds an Anthropic key" in capsys.readouterr().err


def test_a_body_that_is_no_json_may_hold_the_mark(suite: Suite) -> None:
    words = b"A cassette says <pytest-claude part: _parts/0.txt"
    request = Request("POST", UPLOADS, words, {"content-type": "text/plain"})
    suite.record(request)
    assert suite.replay(request) == ["answer 0"]


def test_no_part_is_written_through_a_link_out_of_the_root(
    suite: Suite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    suite.root.mkdir(parents=True)
    (suite.root / "_parts").symlink_to(outside)
    folder = Folder((suite.root / "test_app",), FileNames(), suite.path, root=suite.root)
    recorder = Recorder(
        Place(folder, 0, "pytest"), "new_episodes", redaction=Redaction(),
        store=Store.below(suite.root, LIMIT),
    )  # fmt: skip
    with pytest.raises(UnsavedCassette, match="symbolic link"):
        recorder.begin(ASKED, None)
    recorder.close(ended=False)
    assert list(outside.iterdir()) == []
