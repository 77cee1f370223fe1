"""The secrets in recordings that are there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_claude.recording import event_text
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.secrets import Secrets


def secrets_in(entries: Sequence[Recorded], secrets: Secrets) -> dict[str, str]:
    """What each secret in `entries` is, and where it is first: `, interaction 2`."""
    return _found(
        (
            (f", interaction {number}", text)
            for number, entry in enumerate(entries, start=1)
            for text in _texts(entry)
        ),
        secrets,
    )


def secrets_in_file(path: Path, secrets: Secrets) -> dict[str, str]:
    """The same for a file that is no readable recording."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    return _found([("", text)], secrets)


def _found(places: Iterable[tuple[str, str]], secrets: Secrets) -> dict[str, str]:
    first: dict[str, str] = {}
    for where, text in places:
        for secret in secrets.find(text):
            first.setdefault(secret.told(text), where)
    return first


def _texts(entry: Recorded) -> Iterator[str]:
    if entry.ours:
        yield entry.text
        if "_delta" not in entry.text and "!!binary" not in entry.text:
            return  # no stream
    else:
        for message in (entry.request, entry.response):
            yield "\n".join([*message.headers.values(), message.body.decode("utf-8", "replace")])
        yield entry.request.url
    yield from event_text.texts(entry.response.body)
