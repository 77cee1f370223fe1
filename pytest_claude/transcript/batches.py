"""Message batches: what each was asked, and what its results say, request by request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.transcript.interaction import Interaction

_PATH = re.compile(r"/v1/messages/batches(?:/(?P<id>[^/]+)/results)?/?$")


class Batches:
    """The batches among the interactions of one recording."""

    def __init__(self) -> None:
        self._params: dict[tuple[str, str], Any] = {}
        self._told: set[tuple[str, str]] = set()

    def note(self, interaction: Interaction) -> None:
        """Keep what is asked where an interaction creates a batch."""
        found = _path(interaction)
        if found is None or found["id"] or interaction.request.method != "POST":
            return
        created, asked = interaction.response.json(), interaction.request.json()
        ident = created.get("id") if isinstance(created, Mapping) else None
        requests = asked.get("requests") if isinstance(asked, Mapping) else None
        for request in requests if isinstance(requests, list) else ():
            if isinstance(request, Mapping):
                key = (str(ident), str(request.get("custom_id")))
                self._params[key] = request.get("params")

    def results(self, interaction: Interaction) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
        """Id, what was asked where that is recorded, and result of each request of a batch.

        Of results that are fetched again nothing is told twice.
        """
        found = _path(interaction)
        if found is None or not found["id"] or interaction.response.status >= 400:
            return
        for line in interaction.response.body.splitlines():
            told = _line(line)
            if told is None:
                continue
            key = (found["id"], told[0])
            if key not in self._told:
                self._told.add(key)
                yield told[0], self._params.get(key), told[1]


def _path(interaction: Interaction) -> re.Match[str] | None:
    try:
        return _PATH.search(urlsplit(interaction.request.url).path)
    except ValueError:
        return None


def _line(line: bytes) -> tuple[str, Mapping[str, Any]] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("result"), Mapping):
        return None
    return str(value.get("custom_id")), value["result"]
