"""One cassette file: strict to read, readable and reviewable as text, atomic to save.

The format is vcrpy's (version 1): plain vcrpy replays our files. Ours differ in five ways: JSON
bodies are pretty-printed in literal blocks, so a pull request shows a prompt edit line by line;
long strings of requests are in the store, and references to them here (`recording.store`);
each interaction carries the fingerprint of its request, so a replay need not parse requests;
`metadata` carries the number of interactions and a hash of their content, so a cut or an edited
file is an error, and the rulings of a judge on the replies, which plain vcrpy passes over;
`response.timing` keeps the times measured while recording.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_claude.errors import RecordingProblem, UnreadableCassette, UnsavedCassette
from pytest_claude.recording import files, yaml_text
from pytest_claude.recording.entry import START, Recorded, reads_back
from pytest_claude.recording.fingerprint import model_in
from pytest_claude.recording.references import MARK, names_in
from pytest_claude.recording.slugs import named_model
from pytest_claude.recording.store import LFS_POINTER, Store
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.json_values import mapping, mappings

Rulings = Sequence[Mapping[str, Any]]
"""How a judge read replies, each as JSON with the keys `key`, of all that was judged and by whom,
and `reply`, of the reply's text."""

FORMAT = "pytest-claude 1"
END = "# end of cassette"

_HEAD = "version: 1\nmetadata:\n  format: "
_HASH_LINE = "\n  content_hash: "
_RULINGS_LINE = "\n  rulings:\n"
_HEAD_BYTES = 1024


def load(path: Path, shown: str) -> list[Recorded]:
    """The interactions in `path`, a cassette of ours or one of vcrpy and pytest-recording.

    Raises:
        UnreadableCassette: The file is empty, cut, edited, of a newer format or no cassette;
            the text names it as `shown`.
    """
    return read_recording(path, shown)[1]


def load_with_rulings(path: Path, shown: str) -> tuple[list[Recorded], Rulings]:
    """The interactions in `path`, and the rulings of a judge on their replies.

    Raises:
        UnreadableCassette: As for `load`.
    """
    text = _text(path, shown)
    return _read(text, path, shown)[1], _rulings(text)


def read_rulings(path: Path) -> Rulings:
    """The rulings in a cassette of ours, which may have been edited; none in one of others.

    Raises:
        UnreadableCassette: It can't be read.
    """
    return _rulings(_text(path, path.name))


def read_recording(path: Path, shown: str) -> tuple[str, list[Recorded]]:
    """The name of the format and the interactions of a recording of any known format.

    Raises:
        UnreadableCassette: As for `load`.
    """
    return _read(_text(path, shown), path, shown)


def _read(text: str, path: Path, shown: str) -> tuple[str, list[Recorded]]:
    if text.startswith(_HEAD):
        entries = _own(text, shown)
        if MARK in text:
            _find_parts(entries, path, shown)
        return FORMAT, entries
    written_as, interactions = _foreign(text, shown)
    if any(mark in text for mark in (f"\n{START}", f"\n{END}", "\n  format: pytest-claude")):
        raise _edited(shown)
    return written_as, [Recorded.of(interaction) for interaction in interactions]


@dataclass(frozen=True)
class Label:
    """Whose a cassette is, as its metadata says.

    Attributes:
        shared: Whether tests share it.
        model: Canonical id of the model that names the file; "" where the file does not say.
        test: Id of its test; "" where it is not of one test.
        fixture: What names the fixture wider than a test; "" where it is not of one.
    """

    shared: bool = False
    model: str = ""
    test: str = ""
    fixture: str = ""


def read_label(path: Path) -> Label | None:
    """What the cassette at `path` says at its head; None where we did not write it.

    Raises:
        OSError: It can't be read.
    """
    head = _read_head(path)
    if not head.startswith(f"{_HEAD}pytest-claude"):
        return None
    facts = _head_of(head)
    texts = {name: _scalar(facts[name]) for name in ("test", "fixture", "model") if name in facts}
    return Label(shared=facts.get("shared") == "true", **texts)


def imported_from(path: Path) -> str | None:
    """The format in which another tool recorded the cassette at `path`; None where we did.

    Raises:
        UnreadableCassette: It can't be read.
    """
    written_as = _head_of(_text(path, path.name)).get("imported_from")
    return None if written_as is None else _scalar(written_as)


def main_model(path: Path) -> str | None:
    """The canonical model that names a cassette; where it does not say, that of its first call.

    None where it can't be read or asks none.
    """
    try:
        label = read_label(path)
        if label is not None and label.model:
            return label.model
        if label is None:
            request = load(path, path.name)[0].request
        else:  # an early version wrote it, and it may have been edited since
            first = _text(path, path.name).split(f"\n{START}", 2)[1]
            request = _foreign(f"interactions:\n{START}{first}\n", path.name)[1][0].request
        model = model_in(request)
    except (OSError, ValueError, IndexError, RecordingProblem):
        return None
    return named_model(model) if model else None


def read_edited(path: Path, shown: str) -> list[Interaction]:
    """The interactions of a cassette that may have been edited by hand.

    Raises:
        UnreadableCassette: It is no cassette any more, or of a newer format.
    """
    text = _text(path, shown)
    interactions = _foreign(text, shown)[1]
    if not text.startswith(_HEAD) or MARK not in text:
        return interactions
    store = replace(Store.above(path), reader=shown)
    return [replace(each, request=store.whole(each.request)) for each in interactions]


def parts_named(path: Path) -> set[str]:
    """The names of the parts that a recording, or what is left of one, refers to.

    Raises:
        UnreadableCassette: It is not there to its end, so that it may refer to others.
    """
    text = _text(path, str(path))
    if text.startswith(_HEAD) and f"\n{END}" not in text:
        raise UnreadableCassette(str(path), "is truncated: its end is missing")
    return names_in(text)


def _find_parts(entries: Sequence[Recorded], path: Path, shown: str) -> None:
    """Let the entries of a cassette read what they refer to in the store.

    Raises:
        UnreadableCassette: A part is missing, or of another size.
    """
    store = Store.above(path)
    for number, entry in enumerate(entries, start=1):
        entry.find_parts(replace(store, reader=f"{shown}, interaction {number}"))


NO_LABEL = Label()


def dumps(
    entries: Sequence[Recorded],
    summary: Sequence[str] = (),
    imported_from: str | None = None,
    label: Label = NO_LABEL,
    rulings: Rulings = (),
) -> str:
    """The text of a cassette that holds `entries`."""
    metadata: dict[str, object] = {"format": FORMAT, "interactions": len(entries)}
    metadata |= {name: value for name, value in vars(label).items() if value}
    if imported_from is not None:
        metadata["imported_from"] = imported_from
    if simulators := _simulators(entries):
        metadata["simulated_by"] = ", ".join(simulators)
    metadata["content_hash"] = ""
    metadata["summary"] = list(summary)
    if rulings:
        metadata["rulings"] = [dict(ruling) for ruling in rulings]
    head = yaml_text.dump({"version": 1, "metadata": metadata}).rstrip("\n")
    digest = content_hash(head, entries)
    head = head.replace(f"{_HASH_LINE}''", f"{_HASH_LINE}{digest}", 1)
    body = "".join(entry.text for entry in entries)
    return f"{head}\ninteractions:{'' if body else ' []'}\n{body}{END}\n"


def save(
    path: Path,
    entries: Sequence[Recorded],
    summary: Sequence[str] = (),
    imported_from: str | None = None,
    label: Label = NO_LABEL,
    rulings: Rulings = (),
) -> None:
    """Write a cassette: the file is the whole old one or the whole new one at any moment.

    A file whose text would not change is left alone. `imported_from` is the format in which
    another tool recorded it; `label` says whose it is; `rulings` are a judge's, on its replies.

    Raises:
        UnsavedCassette: The text does not read back as what was recorded, or the disk refuses it.
    """
    if not all(reads_back(entry) for entry in entries if "interaction" in entry.__dict__):
        raise UnsavedCassette(
            f"{path.name} was not saved: its text would not read back as what was recorded",
            [("evidence", str(path)), ("to repair", "report this as a bug of pytest-claude")],
        )
    data = dumps(entries, summary, imported_from, label, rulings).encode()
    try:
        files.write_atomically(path, data)
    except OSError as error:
        raise files.unsaved(path, error) from error


def save_new(source: Path, path: Path, entries: Sequence[Recorded], *head: Any) -> None:
    """Write the cassette that is made of `source`; a call that is repeated had written the same.

    Raises:
        UnsavedCassette: As for `save`, or another file is there.
    """
    if path.is_file() and path.read_bytes() != dumps(entries, *head).encode():
        raise UnsavedCassette(f"{source}: {path} exists already")
    save(path, entries, *head)


def content_hash(head: str, entries: Iterable[Recorded]) -> str:
    """A hash of everything in a cassette but its own line, hosts and times."""
    digest = hashlib.sha256(re.sub(rf"{_HASH_LINE}.*", "", head).encode())
    for entry in entries:
        digest.update(entry.content.encode())
    return digest.hexdigest()[:32]


def _text(path: Path, shown: str) -> str:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        # The one text format that can hold raw bytes counts them.
        errors = "surrogateescape" if data.startswith(b"httprr ") else "strict"
        text = data.decode("utf-8-sig", errors)
    except UnicodeDecodeError:
        raise UnreadableCassette(shown, "is not UTF-8 text") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableCassette(shown, f"is a damaged gzip file: {error}") from None
    except OSError as error:
        raise UnreadableCassette(shown, f"can't be read: {error.strerror}") from None
    if not text.strip():
        raise UnreadableCassette(shown, "is empty")
    if data.startswith(LFS_POINTER):
        reason = "is a pointer of Git LFS, not its content"
        raise UnreadableCassette(shown, reason, to_repair="git lfs pull")
    # Of the others, only a text that counts its bytes keeps the line ends it has.
    return text if errors != "strict" else text.replace("\r\n", "\n")


def _own(text: str, shown: str) -> list[Recorded]:
    """The entries of a file that we wrote; nothing of it is parsed as YAML."""
    if (line := _conflict_line(text)) is not None:
        raise UnreadableCassette(shown, f"holds a merge conflict at line {line}")
    head, _, body = text.partition("\ninteractions:")
    facts = _head_of(text)
    if facts["format"] != FORMAT:
        raise UnreadableCassette(
            shown,
            f"has the format {facts['format']!r}, this pytest-claude reads {FORMAT!r}: "
            "it needs a newer pytest-claude",
        )
    body, end, after = body.partition(f"\n{END}")
    before, *pieces = body.split(f"\n{START}")
    try:
        entries = [Recorded.read(f"{START}{piece}\n") for piece in pieces]
        whole = bool(end) and not after.strip() and before.strip() in ("", "[]")
        if whole and facts.get("content_hash") == content_hash(head, entries):
            return entries
    except ValueError:
        entries = []  # an entry lacks its parts
    _diagnose(text, shown, cut=not end, held=len(entries), stated=facts.get("interactions"))
    raise _edited(shown)


def _diagnose(text: str, shown: str, *, cut: bool, held: int, stated: str | None) -> None:
    """Raise what is wrong with a file whose hash does not fit, where it is more than an edit."""
    if cut:
        raise UnreadableCassette(shown, "is truncated: its end is missing")
    if str(held) != stated:
        raise UnreadableCassette(shown, f"is truncated: {held} of {stated} interactions are there")
    _foreign(text, shown)


def _foreign(text: str, shown: str) -> tuple[str, list[Interaction]]:
    from pytest_claude.recording.readers import read_text

    if (line := _conflict_line(text)) is not None:
        raise UnreadableCassette(shown, f"holds a merge conflict at line {line}")
    return read_text(text, shown)


def _edited(shown: str) -> UnreadableCassette:
    return UnreadableCassette(
        shown,
        "was edited by hand: its content is not what was recorded (content_hash)",
        to_accept=f"pytest-claude check --accept {shown}",
    )


def _rulings(text: str) -> Rulings:
    """The rulings in the head of a file of ours; the rest of the head is not parsed."""
    _, line, rulings = text.partition("\ninteractions:")[0].partition(_RULINGS_LINE)
    if not (line and text.startswith(_HEAD)):
        return ()
    value = mapping(yaml_text.load(f"rulings:\n{rulings}\n", "rulings")).get("rulings")
    return [r for r in mappings(value) if {"key", "reply"} <= r.keys()]


def _head_of(text: str) -> dict[str, str]:
    """The single-line entries of the file's own description."""
    head = text.partition("\ninteractions:")[0]
    return dict(re.findall(r"^  (\w+): (.*)$", head, re.MULTILINE))


def _read_head(path: Path) -> str:
    """The head of a cassette of ours, as far as whose it is; of another file, its beginning."""
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
        while data.startswith(b"version: 1") and b"\n  content_hash: " not in data:
            if not (more := file.read(_HEAD_BYTES)):
                break
            data += more
    head = data.partition(b"\n  content_hash: ")[0]
    return head.decode("utf-8", "replace").replace("\r\n", "\n")


def _scalar(text: str) -> str:
    """A text of the head as it was before YAML quoted it."""
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def _simulators(entries: Sequence[Recorded]) -> list[str]:
    names = {entry.response.headers.get("x-simulated-by") for entry in entries}
    return sorted(name for name in names if name)


def _conflict_line(text: str) -> int | None:
    if "<<<<<<< " not in text:
        return None
    lines = enumerate(text.splitlines(), start=1)
    return next((number for number, line in lines if line.startswith("<<<<<<< ")), None)
