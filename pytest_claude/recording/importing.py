"""A recording of any readable format → the entries of a cassette of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pytest_claude.recording.cassette import read_recording
from pytest_claude.recording.doors.traffic import is_model_traffic
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import model_in
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.store import Store
from pytest_claude.transcript.interaction import Interaction


def read_for_import(
    path: Path, redaction: Redaction, store: Store, *, keep_failed: bool = False
) -> tuple[str, list[Recorded]]:
    """The format of a recording, and its model traffic as we would have stored it.

    Secrets and headers that we don't store are left out, and so are calls that go to no model.
    `store` takes their long strings.
    A failed attempt that a good answer to the same request follows is dropped, unless
    `keep_failed`.

    Raises:
        UnreadableCassette: The file is of no known format, or broken.
    """
    written_as, recorded = read_recording(path, str(path))
    for call in (entry.interaction for entry in recorded):
        redaction = redaction.knowing(call.request, call.request.headers.items())
        redaction = redaction.knowing_answer(call.response)
    calls = [redaction.interaction(entry.interaction) for entry in recorded]
    entries = [Recorded.of(call, store) for call in calls if _is_model_traffic(call)]
    return written_as, entries if keep_failed else _without_failed(entries)


def main_model(entries: Sequence[Recorded]) -> str:
    """The model of the first call, which names the file."""
    return next((model for e in entries if (model := model_in(e.request))), "no-model")


def _without_failed(entries: Sequence[Recorded]) -> list[Recorded]:
    kept: list[Recorded] = []
    answered: set[str] = set()
    for entry in reversed(entries):
        if entry.response.status < 400:
            answered.add(entry.fingerprint)
        elif entry.fingerprint in answered:
            continue
        kept.append(entry)
    return kept[::-1]


def _is_model_traffic(call: Interaction) -> bool:
    try:
        url = urlsplit(call.request.url)
        host = url.hostname or ""
    except ValueError:
        return False
    return is_model_traffic(host, url.path, call.request.headers, lambda: call.request.body)
