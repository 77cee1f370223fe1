"""The secrets in recordings that are there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_claude.recording import event_text
from pytest_claude.recording.complexity import plain
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.header_secrets import credentials_in_headers
from pytest_claude.recording.secrets import Secrets


def secrets_in(entries: Sequence[Recorded], secrets: Secrets) -> dict[str, str]:
    """What each secret in `entries` is, and where it is first: `, interaction 2`.

    Other tools may keep all headers. A value that reads like text does not count: tests of a tool
    are recorded with words for keys.
    """
    headers = [
        pair for entry in entries if not entry.ours for pair in entry.request.headers.items()
    ]
    shown = [pair for pair in credentials_in_headers(headers) if not plain(pair[0])]
    secrets = secrets.knowing(shown)
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
