"""The long strings of requests, each kept once for the whole suite.

In a cassette a reference is in the place of such a string, and says what it is:

    <pytest-claude part: _parts/<sha256>.pdf, base64, 8388608 bytes: %PDF-1.7>

The file is in the folder `_parts` of the cassette root, named by the hash of its content; base64 is
kept decoded, so that a reviewer can open it. The fingerprint of an interaction is of the whole
request. So replay reads no part, and a part is a part whatever the limit was when it was stored.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording import files
from pytest_claude.transcript.interaction import Request
from pytest_claude.transcript.json_values import parsed
from pytest_claude.transcript.utf8 import utf8

FOLDER = "_parts"
MARK = "<pytest-claude part: "
LFS_POINTER = b"version https://git-lfs.github.com/spec/"

_NAME = r"[0-9a-f]{64}\.\w+"
_REFERENCE = re.compile(rf"{MARK}{FOLDER}/({_NAME}), (base64|text), (\d+) bytes(?:: [^<>]*)?>")
_TYPE = re.compile(
    r"(?:\w+/)?(pdf|png|jpeg|gif|webp|csv|docx?|xlsx?|html|md|txt)"  # of the Messages API, Converse
)
_ASCII = re.compile(rb"[ -~]{4,}")
_FIRST = 60  # characters of a part that its reference shows
# The project may let git convert line ends in its cassettes, and ignore *.pdf. Git LFS may keep
# the parts, and must not keep these files.
_FOR_GIT = {
    ".gitattributes": b"* -text linguist-generated\n.git* text !filter !diff !merge\n",
    ".gitignore": b"!*\n.*.tmp\n",
}


@dataclass(frozen=True)
class Reference:
    """What a cassette says of a part.

    Attributes:
        name: Of its file: the hash of the content, and an ending by its type.
        is_base64: Whether the request holds it in base64; else as text.
        size: Of the file, in bytes.
    """

    name: str
    is_base64: bool
    size: int


def references_in(text: str) -> list[Reference]:
    """The references in a request as a cassette holds it."""
    found = _REFERENCE.finditer(text) if MARK in text else ()
    return [Reference(each[1], each[2] == "base64", int(each[3])) for each in found]


def names_in(text: str) -> set[str]:
    """The names of the parts that a text may refer to, in whatever state it is."""
    return set(re.findall(rf"{FOLDER}/({_NAME})", text))


def is_part(path: Path) -> bool:
    """Whether a file is named as a part is."""
    return path.parent.name == FOLDER and re.fullmatch(_NAME, path.name) is not None


def described(block: Mapping[str, Any], key: str) -> str | None:
    """What the binary content of a block is, in words; None where `key` holds none."""
    text = block.get(key)
    data = _decoded(text) if _may_be_binary(block, key) and isinstance(text, str) else None
    if data is None:
        return None
    kind = block.get("media_type")
    digest = hashlib.sha256(data).hexdigest()
    words = [*([str(kind)] if kind else []), f"{len(data)} bytes", f"sha256 {digest}"]
    return ", ".join(words)


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

    def _put_text(self, text: str, *, binary: bool, kind: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        if MARK not in text and not 0 < self.limit < len(data):
            return text
        decoded = _decoded(text) if binary else None
        if decoded is None:
            coding, ending, first = "text", "txt", text[: 2 * _FIRST]
        else:
            stated, words = _TYPE.fullmatch(kind), _ASCII.match(decoded, 0, _FIRST)
            coding, ending, data = "base64", stated[1] if stated else "bin", decoded
            first = words[0].decode() if words else ""
        name = f"{hashlib.sha256(data).hexdigest()}.{ending}"
        self._write(self.folders[0] / name, data)
        first = _printable(first)
        return f"{MARK}{FOLDER}/{name}, {coding}, {len(data)} bytes{first and f': {first}'}>"

    def _write(self, path: Path, data: bytes) -> None:
        try:
            if path.is_file() and path.read_bytes() == data:
                return
            for name, lines in _FOR_GIT.items():
                if not path.with_name(name).exists():
                    files.write_atomically(path.with_name(name), lines, alone=False)
            files.write_atomically(path, data, alone=False)
        except OSError as error:
            raise files.unsaved(path, error) from error

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
        if not isinstance(body := parsed(request.body), dict | list):
            return request  # only of JSON are parts stored
        value = _mapped(body, self._whole_text)
        return replace(request, body=utf8(json.dumps(value, ensure_ascii=False)))

    def _whole_text(self, text: str, *, binary: bool, kind: str) -> str:
        if not _REFERENCE.fullmatch(text):
            return text
        (reference,) = references_in(text)
        data = self.read(reference)
        if reference.is_base64:
            return base64.b64encode(data).decode()
        return data.decode("utf-8", "surrogatepass")

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
        key: _mapped(item, change, binary=_may_be_binary(value, key), kind=kind)
        for key, item in value.items()
    }


def _may_be_binary(block: Mapping[str, Any], key: str) -> bool:
    """Whether a field holds base64: of the Messages API, or of Bedrock's Converse."""
    return key == "bytes" or (key == "data" and block.get("type") == "base64")


def _decoded(text: str) -> bytes | None:
    """The bytes of which `text` is the base64; None where another text would be made of them."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


def _printable(text: str) -> str:
    words = "".join(c if c.isprintable() and c not in '<>"\\' else " " for c in text)
    return " ".join(words.split())[:_FIRST].strip()


def _shown(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
