"""Message batches: what each was asked, and what its results say, request by request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.json_values import mapping, mappings, parsed

_PATH = re.compile(r"/v1/messages/batches(?:/(?P<id>[^/]+)/results)?/?$")


class Batches:
    """The batches among the interactions of one recording."""

    def __init__(self) -> None:
        self._params: dict[tuple[str, str], Any] = {}
        self._fetched: set[tuple[str, str]] = set()

    def note(self, interaction: Interaction) -> None:
        """Keep what is asked where an interaction creates a batch."""
        path = _path(interaction)
        if path is None or path["id"] or interaction.request.method != "POST":
            return
        batch = str(mapping(interaction.response.json()).get("id"))
        for request in mappings(mapping(interaction.request.json()).get("requests")):
            self._params[batch, str(request.get("custom_id"))] = request.get("params")

    def results(self, interaction: Interaction) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
        """Each request of a batch whose results an interaction fetches, once.

        Yields:
            The id of the request, what was asked where that is recorded, and the result.
        """
        path = _path(interaction)
        if path is None or not path["id"] or interaction.response.status >= 400:
            return
        for line in map(mapping, map(parsed, interaction.response.body.splitlines())):
            custom_id = str(line.get("custom_id"))
            key = (path["id"], custom_id)
            # Results can be fetched again.
            if isinstance(result := line.get("result"), Mapping) and key not in self._fetched:
                self._fetched.add(key)
                yield custom_id, self._params.get(key), result


def _path(interaction: Interaction) -> re.Match[str] | None:
    try:
        return _PATH.search(urlsplit(interaction.request.url).path)
    except ValueError:
        return None
