"""One cassette file: strict to read, readable and reviewable as text, atomic to save.

The format is vcrpy's (version 1): plain vcrpy replays our files. Ours differ in three ways: JSON
bodies are pretty-printed in literal blocks, so a pull request shows a prompt edit line by line;
`metadata` carries the number of interactions and a hash of their content, so a cut or an edited
file is an error; `response.timing` keeps the times measured while recording.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pytest_claude.errors import UnreadableCassette, UnsavedCassette
from pytest_claude.recording.matching import fingerprint
from pytest_claude.transcript.interaction import Interaction, Response

FORMAT = "pytest-claude 1"
PARTIAL = ".partial"

# PyYAML writes a text with one of these characters as one quoted line (or, in its pure-Python
# form, changes U+0085 silently). Escaped inside JSON they are the same value.
_UNPRINTABLE = re.compile("[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]")


def load(path: Path, shown: str) -> list[Interaction]:
    """The interactions in `path`, a cassette of ours or one of vcrpy and pytest-recording.

    Raises:
        UnreadableCassette: The file is empty, cut, edited, of a newer format or no cassette;
            the text names it as `shown`.
    """
    return read_recording(path, shown)[1]


def read_recording(path: Path, shown: str) -> tuple[str, list[Interaction]]:
    """The name of the format and the interactions of a recording of any known format.

    Raises:
        UnreadableCassette: As for `load`.
    """
    from pytest_claude.recording.readers import read_text

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableCassette(shown, "is not UTF-8 text") from None
    except OSError as error:
        raise UnreadableCassette(shown, f"can't be read: {error.strerror}") from None
    if not text.strip():
        raise UnreadableCassette(shown, "is empty")
    if (line := _conflict_line(text)) is not None:
        raise UnreadableCassette(shown, f"holds a merge conflict at line {line}")
    written_as, interactions = read_text(text, shown)
    _verify(_metadata(text, shown), interactions, shown)
    return written_as, interactions


def dumps(interactions: Sequence[Interaction], summary: Sequence[str] = ()) -> str:
    """The text of a cassette that holds `interactions`."""
    return _yaml(
        {
            "version": 1,
            "metadata": _described(interactions, summary),
            "interactions": [_entry(interaction) for interaction in interactions],
        }
    )


def save(path: Path, interactions: Sequence[Interaction], summary: Sequence[str] = ()) -> None:
    """Write a cassette: the file is the whole old one or the whole new one at any moment.

    A file whose text would not change is left alone.

    Raises:
        UnsavedCassette: The text does not read back as what was recorded, or the disk refuses it.
    """
    text = dumps(interactions, summary)
    _check_reads_back(text, interactions, path)
    try:
        if path.exists() and path.read_bytes() == text.encode():
            return
        write_atomically(path, text.encode())
    except OSError as error:
        raise unsaved(path, error) from error


def append_partial(path: Path, interaction: Interaction) -> None:
    """Put one paid answer on disk at once, beside the cassette it will belong to."""
    partial = partial_of(path)
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as file:
            file.write(_yaml([_entry(interaction)]).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise unsaved(partial, error) from error


def load_partial(path: Path) -> list[Interaction]:
    """The whole answers that an interrupted recording of `path` left; a cut last one is dropped."""
    partial = partial_of(path)
    if not partial.exists():
        return []
    from pytest_claude.recording.readers import read_text

    entries = partial.read_text("utf-8", "replace").split("\n- request:")
    while entries:
        try:
            return read_text("interactions:\n" + "\n- request:".join(entries), partial.name)[1]
        except UnreadableCassette:
            entries.pop()
    return []


def partial_of(path: Path) -> Path:
    """Where the answers of a trial that has not ended are kept."""
    return path.with_name(path.name + PARTIAL)


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then rename it over `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes the file private; a cassette is as readable as any other file.
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def unsaved(path: Path, error: OSError) -> UnsavedCassette:
    """The error to raise when `path` can't be written."""
    return UnsavedCassette(
        f"{path.name} could not be saved: {error.strerror}",
        [
            ("expected", "the recorded answers saved"),
            ("observed", f"{error.strerror} (errno {error.errno})"),
            ("evidence", str(path)),
            ("to repair", "make room or grant write access, then record again"),
        ],
    )


def content_hash(interactions: Sequence[Interaction]) -> str:
    """A hash of what is replayed: not of hosts, times, white space or line ends."""
    digest = hashlib.sha256()
    for interaction in interactions:
        response = interaction.response
        body = _parsed(response.body)
        for part in (
            fingerprint(interaction.request),
            str(response.status),
            str(response.complete),
            response.body.decode("utf-8", "replace").replace("\r\n", "\n")
            if body is None
            else json.dumps(body, sort_keys=True),
        ):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()[:32]


def _described(interactions: Sequence[Interaction], summary: Sequence[str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"format": FORMAT, "interactions": len(interactions)}
    simulators = {i.response.headers.get("x-simulated-by") for i in interactions} - {None}
    if simulators:
        metadata["simulated_by"] = ", ".join(sorted(filter(None, simulators)))
    return metadata | {"content_hash": content_hash(interactions), "summary": list(summary)}


def _entry(interaction: Interaction) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    entry: dict[str, Any] = {
        "request": {
            "method": request.method,
            "uri": request.url,
            "body": _readable(request.body) if request.body else None,
            "headers": {name: [value] for name, value in request.headers.items()},
        },
        "response": {
            "status": {"code": response.status, "message": _phrase(response.status)},
            "headers": {name: [value] for name, value in response.headers.items()},
            "body": {"string": _readable(response.body)},
        },
    }
    if (timing := _timing(response)) is not None:
        entry["response"]["timing"] = timing
    return entry


def _timing(response: Response) -> dict[str, Any] | None:
    if response.timing is None and response.complete:
        return None
    timing: dict[str, Any] = {"complete": response.complete}
    if response.timing is not None:
        timing["first_byte_s"] = round(response.timing.first_byte_s, 4)
        timing["total_s"] = round(response.timing.total_s, 4)
    return timing


def _readable(body: bytes) -> str | bytes:
    """Pretty JSON where that is the same value, else the text, else the bytes."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    value = _parsed(body)
    if not isinstance(value, dict | list):
        return text
    pretty = json.dumps(value, ensure_ascii=False, indent=2)
    pretty = _UNPRINTABLE.sub(lambda match: json.dumps(match[0])[1:-1], pretty) + "\n"
    return pretty if _parsed(pretty.encode()) == value else text


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


@cache
def _dumper() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]  # the C dumper is untyped
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def _yaml(data: Any) -> str:
    import yaml

    return str(
        yaml.dump(data, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=2**31 - 1)
    )


def _metadata(text: str, shown: str) -> Mapping[str, Any]:
    """The file's own description, read from its head: the bodies are not parsed a second time."""
    import yaml

    head = text.partition("\ninteractions:")[0]
    if not head.startswith(("version:", "metadata:")):
        return {}
    try:
        data = yaml.safe_load(head)
    except yaml.YAMLError:
        raise UnreadableCassette(shown, "its metadata is no YAML") from None
    metadata = data.get("metadata") if isinstance(data, Mapping) else None
    return metadata if isinstance(metadata, Mapping) else {}


def _verify(metadata: Mapping[str, Any], found: Sequence[Interaction], shown: str) -> None:
    written_as = metadata.get("format")
    if written_as is None:
        return
    if written_as != FORMAT:
        raise UnreadableCassette(
            shown, f"has the format {written_as!r}; this pytest-claude reads {FORMAT!r}"
        )
    count = metadata.get("interactions")
    if count != len(found):
        raise UnreadableCassette(
            shown, f"is truncated: {len(found)} of {count} interactions are there"
        )
    if metadata.get("content_hash") != content_hash(found):
        raise UnreadableCassette(
            shown, "was edited by hand: its content is not what was recorded (content_hash)"
        )


def _conflict_line(text: str) -> int | None:
    if "<<<<<<< " not in text:
        return None
    lines = enumerate(text.splitlines(), start=1)
    return next((number for number, line in lines if line.startswith("<<<<<<< ")), None)


def _check_reads_back(text: str, interactions: Sequence[Interaction], path: Path) -> None:
    from pytest_claude.recording.readers import read_text

    _, found = read_text(text, path.name)
    if content_hash(found) != content_hash(interactions):
        raise UnsavedCassette(
            f"{path.name} was not saved: its text would not read back as what was recorded",
            [("evidence", str(path)), ("to repair", "report this as a bug of pytest-claude")],
        )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
