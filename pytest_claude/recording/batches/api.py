"""The calls of the Message Batches API, with the credentials of the app."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pytest_claude.recording.batches.items import Endpoint
from pytest_claude.recording.doors.line import aside
from pytest_claude.recording.doors.server import http_library
from pytest_claude.transcript.json_values import mapping, mappings, parsed, string

_TIMEOUT_S = 60.0
_UPLOAD_S = 600.0
_BUSY = (408, 429, 529)


Line = tuple[Mapping[str, Any], Mapping[str, str]]
"""A line of results, and the headers of the response that it came in."""


class Unanswered(Exception):
    """There was no answer: the request may have arrived or not."""


class Busy(Exception):
    """The API was not reached, or takes nothing now: the request had no effect."""


class Refused(Exception):
    """The API refuses the request; the text says why."""


class Batches:
    """The batches of one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._library = http_library()
        self._client = self._library.Client(timeout=_TIMEOUT_S)

    def are_taken(self) -> bool:
        """Whether batches can be submitted there: a gateway may know none.

        Raises:
            Unanswered: It can't be said.
            Busy: Likewise.
        """
        if self._endpoint.is_the_api:
            return True
        try:
            return isinstance(self._get("", limit=1).get("data"), list)
        except Refused:
            return False

    def create(self, items: Iterable[bytes]) -> str:
        """Submit a batch of these items, as `item` gives them; its id.

        Raises:
            Unanswered: It may have arrived.
            Busy: It did not, and may later.
            Refused: It did not.
        """
        body = b'{"requests":[' + b",".join(items) + b"]}"
        headers = {"content-type": "application/json", **dict(self._endpoint.headers)}
        url = self._endpoint.batches()
        with self._errors(), aside():
            answer = self._client.post(url, content=body, headers=headers, timeout=_UPLOAD_S)
        batch = string(self._read(answer).get("id"))
        if batch is None:
            raise Unanswered("the answer names no batch")
        return batch

    def retrieve(self, batch: str) -> Mapping[str, Any]:
        """A batch as it is now.

        Raises:
            Unanswered: There was no answer.
            Busy: Likewise.
            Refused: It is not there for this credential.
        """
        return self._get(f"/{batch}")

    def since(self, at: datetime) -> Iterator[Mapping[str, Any]]:
        """The batches that were created at a time or later, the newest first.

        Raises:
            Unanswered: There was no answer.
            Busy: Likewise.
            Refused: The list is not given to this credential.
        """
        after: str | None = None
        while True:
            page = self._get("", limit=100, after_id=after)
            for batch in mappings(page.get("data")):
                if datetime.fromisoformat(str(batch.get("created_at"))) < at:
                    return
                yield batch
            after = string(page.get("last_id"))
            if not page.get("has_more") or after is None:
                return

    def results(self, batch: str) -> Generator[Line, None, None]:
        """The lines of the results of a batch that has ended, each with the response's headers.

        Raises:
            Unanswered: The answer broke off.
            Busy: There was none.
            Refused: They are not there.
        """
        url = self._endpoint.batches(f"/{batch}/results")
        headers = dict(self._endpoint.headers)
        with self._errors(), aside(), self._client.stream("GET", url, headers=headers) as answer:
            if answer.status_code >= 400:
                answer.read()
                self._read(answer)
            for line in answer.iter_lines():
                if line:
                    yield mapping(parsed(line)), answer.headers

    def _get(self, below: str, **query: object) -> Mapping[str, Any]:
        url = self._endpoint.batches(below, **query)
        with self._errors(), aside():
            answer = self._client.get(url, headers=dict(self._endpoint.headers))
        return self._read(answer)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Gives the errors of the HTTP library, whichever it is, our names."""
        try:
            yield
        except (self._library.ConnectError, self._library.ConnectTimeout) as error:
            raise Busy(f"{type(error).__name__}: {error}") from error
        except self._library.HTTPError as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from error

    def _read(self, answer: Any) -> Mapping[str, Any]:
        status, value = answer.status_code, mapping(parsed(answer.content))
        if status < 400:
            return value
        message = string(mapping(value.get("error")).get("message")) or "it does not say why"
        text = f"HTTP {status}: {message}"
        if status in _BUSY:
            raise Busy(text)
        raise Refused(text) if status < 500 else Unanswered(text)


def item(custom_id: str, params: bytes) -> bytes:
    """An item of a batch, as JSON."""
    return b'{"custom_id":%s,"params":%s}' % (json.dumps(custom_id).encode(), params)
