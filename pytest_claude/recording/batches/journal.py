"""Which batches were submitted, on disk before they are: nothing is submitted twice.

A file beside the cassettes. It holds ids and times: no request, no credential.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.recording import files
from pytest_claude.recording.partial import partial_of

_KEPT = timedelta(days=29)
"""How long the API keeps the results of a batch."""


@dataclass(frozen=True)
class Submitted:
    """A batch that was, or is to be, submitted.

    Attributes:
        run: Begins the custom_ids of its items.
        written: When this was written, before the batch was sent; in ISO format, UTC.
        size: How many calls it holds.
        items: The trials of those that are not recorded yet, by the identities of the calls.
        batch: Its id; None while it is not known whether it arrived.
    """

    run: str
    written: str
    size: int
    items: Mapping[str, str] = field(hash=False)
    batch: str | None = None

    @property
    def at(self) -> datetime:
        """When it was written."""
        return datetime.fromisoformat(self.written)

    def custom_id(self, identity: str) -> str:
        """The custom_id of the item with this identity."""
        return f"{self.run}-{identity}"

    def identity(self, custom_id: object) -> str | None:
        """The identity of the item with this custom_id; None where it is of no batch of ours."""
        run, _, identity = str(custom_id).partition("-")
        return identity if run == self.run else None


class Journal:
    """The batches that are under way or whose answers are not all recorded.

    Attributes:
        path: The file; it is gone when nothing is under way.
        entries: In the order they were written.
    """

    def __init__(self, root: Path) -> None:
        """Read the journal below `root`, the folder of cassettes.

        Raises:
            SettingsError: It can't be read.
        """
        self.path = partial_of(lockable(root))
        oldest = datetime.now(UTC) - _KEPT
        self.entries = [entry for entry in _read(self.path) if entry.at > oldest]

    def holders(self) -> dict[str, list[Submitted]]:
        """The batches that hold an item, by its identity, the latest last."""
        held: dict[str, list[Submitted]] = {}
        for entry in self.entries:
            for identity in entry.items:
                held.setdefault(identity, []).append(entry)
        return held

    def add(self, entry: Submitted) -> None:
        """Write that a batch is to be sent."""
        self._write([*self.entries, entry])

    def know(self, entry: Submitted, batch: str) -> Submitted:
        """Write the id of a batch that arrived."""
        known = replace(entry, batch=batch)
        self._write([known if each is entry else each for each in self.entries])
        return known

    def remove(self, entry: Submitted) -> None:
        """Write that a batch did not arrive."""
        self._write([each for each in self.entries if each is not entry])

    def forget(self, identities: Container[str], trials: Container[str]) -> None:
        """Write that items are recorded, or given up: these, and those of these trials."""
        left = [
            replace(
                entry,
                items={
                    identity: trial
                    for identity, trial in entry.items.items()
                    if not (identity in identities or trial in trials)
                },
            )
            for entry in self.entries
        ]
        self._write([entry for entry in left if entry.items])

    def _write(self, entries: Sequence[Submitted]) -> None:
        if entries:
            data = {"format": _FORMAT, "batches": [asdict(entry) for entry in entries]}
            files.write_atomically(self.path, json.dumps(data, indent=1).encode())
        else:
            self.path.unlink(missing_ok=True)
        self.entries = list(entries)


_FORMAT = "pytest-claude batches 1"


def lockable(root: Path) -> Path:
    """What a run that submits batches for the cassettes below `root` locks."""
    return root / "batches"


def _read(path: Path) -> Iterable[Submitted]:
    try:
        text = path.read_text("utf-8")
        data: Any = json.loads(text) if text else {"format": _FORMAT, "batches": []}
        if data["format"] != _FORMAT:
            raise ValueError(f"its format is {data['format']!r}, this version reads {_FORMAT!r}")
        return [Submitted(**{**each, "items": dict(each["items"])}) for each in data["batches"]]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path}: which batches are under way can't be read: {error}\n"
            "       to go on without their answers, delete it"
        ) from None
