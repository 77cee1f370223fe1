"""The long strings and uploaded files of requests, each kept once for the whole suite.

In a cassette a reference is in the place of each, and says what it is:

    <pytest-claude part: _parts/<sha256>.pdf, base64, 8388608 bytes: %PDF-1.7>

The file is in the folder `_parts` of the cassette root, named by the hash of its content; base64 is
kept decoded, so that a reviewer can open it. The fingerprint of an interaction is of the whole
request. So replay reads no part, and a part is a part whatever the limit was when it was stored.

Answers stay in their cassettes: they are what a reviewer reads, and few are equal.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording import files
from pytest_claude.recording.fingerprint import boundary_in
from pytest_claude.recording.references import (
    FIRST,
    FOLDER,
    MARK,
    Reference,
    decoded,
    may_be_binary,
    names_in,
    written,
)
from pytest_claude.transcript.interaction import Request
from pytest_claude.transcript.json_values import parsed
from pytest_claude.transcript.utf8 import utf8

LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_TYPE = re.compile(
    r"(?:\w+/)?(pdf|png|jpeg|gif|webp|csv|docx?|xlsx?|html|md|txt)"  # of the Messages API, Converse
)
_STATED = re.compile(rb"(?im)^content-type:\s*([^\s;]+)")
_ASCII = re.compile(rb"[ -~]{4,}")
# The project may let git convert line ends in its cassettes, and ignore *.pdf. Git LFS may keep
# the parts, and must not keep these files.
_FOR_GIT = {
    ".gitattributes": b"* -text linguist-generated\n.git* text !filter !diff !merge\n",
    ".gitignore": b"!*\n.*.tmp\n",
}


@dataclass(frozen=True)
class Store:
    """The parts that cassettes refer to.

    Attributes:
        folders: Where they are; new ones are written into the first.
        limit: The bytes of the longest string that stays in its cassette; 0 for any length.
        reader: Whose parts are read, for errors: a cassette and the number of an interaction.
    """

    folders: tuple[Path, ...]
    limit: int = 0
    reader: str = ""

    @classmethod
    def below(cls, root: Path, limit: int) -> Store:
        """The store of the cassettes below `root`."""
        return cls((root / FOLDER,), limit)

    @classmethod
    def above(cls, cassette: Path) -> Store:
        """What a cassette refers to, wherever its root is."""
        folders = (parent / FOLDER for parent in cassette.parents)
        return cls(tuple(folder for folder in folders if folder.is_dir()))

    # --- to write ---------------------------------------------------------------------------

    def put(self, value: Any) -> Any:
        """A parsed body with references in the place of long strings, which are on disk then.

        A string that a reader could take for a reference is put there too, whatever its length.

        Raises:
            UnsavedCassette: The disk refuses it.
        """
        return _mapped(value, self._put_text)

    def put_upload(self, body: bytes, boundary: bytes) -> bytes:
        """A multipart body, likewise: its long files, and those that are no text, are parts.

        Raises:
            UnsavedCassette: The disk refuses it.
        """
        if not self.limit and MARK.encode() not in body:
            return body
        stored = _with_files(body, boundary, self._put_file)
        return stored if _is_text(stored) else body

    def _put_text(self, text: str, *, binary: bool, kind: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        if MARK not in text and not 0 < self.limit < len(data):
            return text
        content = decoded(text) if binary else None
        if content is None:
            return self._put(data, "text", "txt", text[: 2 * FIRST])
        return self._put(content, "base64", _ending(kind) or "bin", _words(content))

    def _put_file(self, head: bytes, content: bytes) -> bytes:
        is_text = _is_text(content)
        if is_text and MARK.encode() not in content and not 0 < self.limit < len(content):
            return content
        stated = _STATED.search(head)
        ending = _ending(stated[1].decode("latin-1")) if stated else None
        ending = ending or ("txt" if is_text else "bin")
        return self._put(content, "file", ending, _words(content)).encode()

    def _put(self, data: bytes, coding: str, ending: str, first: str) -> str:
        name = f"{hashlib.sha256(data).hexdigest()}.{ending}"
        self._write(self.folders[0] / name, data)
        return written(name, coding, len(data), first)

    def _write(self, path: Path, data: bytes) -> None:
        if _holds(path, data):
            return
        for name, lines in _FOR_GIT.items():
            if not path.with_name(name).exists():
                _write_shared(path.with_name(name), lines)
        _write_shared(path, data)

    def take(self, part: Path) -> None:
        """Keep a copy of a part of another store.

        Raises:
            UnsavedCassette: The disk refuses it.
            OSError: The part can't be read.
        """
        self._write(self.folders[0] / part.name, part.read_bytes())

    def remove_unused(self, names: Collection[str]) -> None:
        """Remove the parts with these `names`, but those that a cassette of this root refers to.

        Raises:
            OSError: The disk refuses it.
        """
        folder = self.folders[0]
        paths = (path for path in folder.parent.rglob("*.yaml*") if path.is_file())
        texts = (path.read_text("utf-8", "replace") for path in paths)
        for name in set(names).difference(*map(names_in, texts)):
            (folder / name).unlink(missing_ok=True)

    # --- to read ----------------------------------------------------------------------------

    def whole(self, request: Request) -> Request:
        """A stored request as it was sent.

        Raises:
            UnreadableCassette: A part is missing or damaged.
        """
        if MARK.encode() not in request.body:
            return request
        if (boundary := boundary_in(request.headers)) is not None:
            return replace(request, body=_with_files(request.body, boundary, self._whole_file))
        if not isinstance(body := parsed(request.body), dict | list):
            return request  # nothing of it was stored apart
        value = _mapped(body, self._whole_text)
        return replace(request, body=utf8(json.dumps(value, ensure_ascii=False)))

    def _whole_text(self, text: str, *, binary: bool, kind: str) -> str:
        if (reference := Reference.read(text)) is None:
            return text
        data = self.read(reference)
        if reference.is_base64:
            return base64.b64encode(data).decode()
        return data.decode("utf-8", "surrogatepass")

    def _whole_file(self, head: bytes, content: bytes) -> bytes:
        if not content.startswith(MARK.encode()):
            return content
        reference = Reference.read(content.decode("utf-8", "replace"))
        return content if reference is None else self.read(reference)

    def check(self, reference: Reference) -> None:
        """Make sure that a part is there, without reading it.

        Raises:
            UnreadableCassette: It is missing, a pointer of Git LFS, or of another size.
        """
        try:
            size = self.path(reference).stat().st_size
        except OSError:
            size = -1
        if size != reference.size:
            self.read(reference)

    def read(self, reference: Reference) -> bytes:
        """The content of a part.

        Raises:
            UnreadableCassette: It is missing, a pointer of Git LFS, or damaged.
        """
        path = self.path(reference)
        part = _shown(path)
        restore = f"restore {part} (git checkout), or delete the cassette and record again"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            too = "" if self.folders else f", and so is the folder {FOLDER}"
            raise self._bad(f"{part} is missing{too}", restore) from None
        except OSError as error:
            raise self._bad(f"{part} can't be read: {error.strerror}", restore) from None
        if hashlib.sha256(data).hexdigest() == reference.name.partition(".")[0]:
            return data
        if data.startswith(LFS_POINTER):
            raise self._bad(f"{part} is a pointer of Git LFS, not its content", "git lfs pull")
        raise self._bad(f"{part} is damaged: its content has another sha256", restore)

    def path(self, reference: Reference) -> Path:
        """Where a part is; where it should be, if it is missing."""
        paths = [folder / reference.name for folder in self.folders or (Path(FOLDER),)]
        return next((path for path in paths if path.exists()), paths[0])

    def _bad(self, reason: str, repair: str) -> UnreadableCassette:
        return UnreadableCassette(self.reader, f"its part {reason}", to_repair=repair)


def _mapped(value: Any, change: Callable[..., str], *, binary: bool = False, kind: str = "") -> Any:
    """`value` with each string in it changed; `kind` is the type that the block around it states.

    Names of fields stay as they are.
    """
    if isinstance(value, str):
        return change(value, binary=binary, kind=kind)
    if isinstance(value, list):
        return [_mapped(item, change, kind=kind) for item in value]
    if not isinstance(value, dict):
        return value
    stated = value.get("media_type") or value.get("format")
    kind = stated if isinstance(stated, str) else kind
    return {
        key: _mapped(item, change, binary=may_be_binary(value, key), kind=kind)
        for key, item in value.items()
    }


def _write_shared(path: Path, data: bytes) -> None:
    """Write what another process may write at this moment: Windows lets only one of them."""
    try:
        files.write_atomically(path, data, alone=False)
    except OSError as error:
        if not _holds(path, data):
            raise files.unsaved(path, error) from error


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _with_files(body: bytes, boundary: bytes, change: Callable[[bytes, bytes], bytes]) -> bytes:
    """A multipart body with each content changed, by the headers before it and itself."""
    delimiter = b"--" + boundary
    sections = body.split(delimiter)
    for number, section in enumerate(sections):
        head, blank, content = section.partition(b"\r\n\r\n")
        if content.endswith(b"\r\n"):
            sections[number] = head + blank + change(head, content[:-2]) + b"\r\n"
    return delimiter.join(sections)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _ending(kind: str) -> str | None:
    stated = _TYPE.fullmatch(kind)
    return stated[1] if stated else None


def _words(data: bytes) -> str:
    """What can be read at the beginning of a file."""
    words = _ASCII.match(data, 0, FIRST)
    return words[0].decode() if words else ""


def _shown(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
