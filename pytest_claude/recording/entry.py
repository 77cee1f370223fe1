"""One recorded interaction ↔ its text in a cassette."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any

from pytest_claude.recording import yaml_text
from pytest_claude.recording.fingerprint import boundary_in, fingerprint
from pytest_claude.recording.readers import parts
from pytest_claude.recording.references import Reference, references_in
from pytest_claude.recording.store import Store
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.json_values import parsed
from pytest_claude.transcript.judging import JUDGE, is_judge

START = "- fingerprint: "
_RESPONSE = "\n  response:\n"
_TIMING = "\n    timing:\n"
# Scheme and host, as a URL has them: anything else there counts.
_HOST = re.compile(r"\n    uri: ((['\"]?)[\w+.-]+://[!$-&(-.0-~]*)(?=.*\2\n)")
LIMITS = ("anthropic-ratelimit-", "anthropic-priority-")
"""How the headers begin that tell what is left of an account's limits: no two answers agree."""
_ENDINGS = ("cut", "left", "timed out")
_PHRASES = {int(status): status.phrase for status in HTTPStatus}


class Recorded:
    """One interaction of a cassette, parsed when it is asked for.

    Replay needs the fingerprint of each entry and the response of the entries that are played;
    requests are parsed only to explain a miss.

    Attributes:
        fingerprint: Of the request, as `fingerprint` gives it.
        ours: Whether it was read from a file that we wrote.
        store: Holds the long strings of the request; None where the text holds them itself.
    """

    def __init__(
        self, fingerprint: str, *, text: str | None = None, store: Store | None = None
    ) -> None:
        self.fingerprint = fingerprint
        self.ours = text is not None
        self.store = store
        if text is not None:
            self.text = text

    @classmethod
    def of(cls, interaction: Interaction, store: Store | None = None) -> Recorded:
        """The entry that holds `interaction`, its long strings in `store`."""
        entry = cls(fingerprint(interaction.request), store=store)
        # What will be served is what arrived, not what the text says: saving compares them.
        entry.__dict__["interaction"] = interaction
        return entry

    @classmethod
    def read(cls, text: str) -> Recorded:
        """The entry with this text, which we wrote."""
        return cls(text[len(START) : text.index("\n")].strip("'"), text=text)

    @cached_property
    def text(self) -> str:
        """The entry as our cassettes hold it; what it refers to is in the store by then."""
        entry = _entry(self.interaction, self.store)
        return yaml_text.dump([{"fingerprint": self.fingerprint, **entry}])

    @property
    def references(self) -> list[Reference]:
        """What it refers to in the store."""
        return references_in(self.text[: self.text.rindex(_RESPONSE)])

    def find_parts(self, store: Store) -> None:
        """Read from `store` what it refers to, once that is asked for.

        Raises:
            UnreadableCassette: A part is missing, or of another size.
        """
        references = self.references
        for reference in references:
            store.check(reference)
        self.store = store if references else None

    @cached_property
    def interaction(self) -> Interaction:
        """The request and its response."""
        return self.reread()

    @property
    def request(self) -> Request:
        """As it was sent."""
        return self.interaction.request

    @cached_property
    def response(self) -> Response:
        """As it was received."""
        if "interaction" in self.__dict__:
            return self.interaction.response
        end = self._counted_to
        # Nothing but this key has its indentation: bodies are indented deeper.
        start = self.text.rindex(_RESPONSE, 0, end) + 1
        times = _times(self.text[end:])
        return _usual_response(self.text, start, end, times) or parts.response_of(
            {**yaml_text.load_own(self.text[start:end])["response"], "timing": times}, ours=True
        )

    @property
    def judges(self) -> bool:
        """Whether the request is our judge's, not the app's."""
        return ("interaction" in self.__dict__ or JUDGE in self.text) and is_judge(self.request)

    def reread(self) -> Interaction:
        """What the text says."""
        end = self._counted_to
        entry = yaml_text.load_own(self.text[:end])[0]
        request = parts.request_of(entry["request"])
        if self.store is not None:
            request = self.store.whole(request)
        times = _times(self.text[end:])
        response = parts.response_of({**entry["response"], "timing": times}, ours=True)
        return Interaction(request, response)

    @property
    def content(self) -> str:
        """The text without what may differ between two recordings of the same: host, times, and
        the limits of the account.
        """
        end = self._counted_to
        text = self.text[:end]
        if self.text.find("complete: false", end) >= 0:
            times = _times(self.text[end:])
            text += f"cut{times.get('ended', '')}" if times.get("complete") is False else ""
        if (host := _HOST.search(text)) is not None:
            text = text[: host.start(1)] + text[host.end() :]
        has_limits = any(f"\n      {name}" in text for name in LIMITS)
        return _LIMIT_LINE.sub("", text) if has_limits else text

    @property
    def _counted_to(self) -> int:
        """Where the times begin, which a cassette's hash does not count; or the end."""
        timed = self.text.rfind(_TIMING)
        return timed + 1 if timed >= 0 else len(self.text)


def same_exchange(left: Interaction, right: Interaction) -> bool:
    """Whether two interactions say the same: headers, host, times and the message's id aside."""
    return (
        fingerprint(left.request) == fingerprint(right.request)
        and (left.response.status, left.response.ended)
        == (right.response.status, right.response.ended)
        and _same_body(_without_id(left.response.body), _without_id(right.response.body))
    )


# As `_entry` writes such a header: any other value counts.
_LIMIT_LINE = re.compile(
    rf"\n      (?:{'|'.join(LIMITS)})[\w-]*: \[('?)[\w.:+ -]*\1\](?=\n)", re.ASCII
)
# The API gives each message a new one. Ids of tool calls stay: later requests repeat them.
_MESSAGE_ID = re.compile(rb'"id":\s*"msg_\w+"')


def _without_id(body: bytes) -> bytes:
    return _MESSAGE_ID.sub(b'"id":""', body)


def reads_back(recorded: Recorded) -> bool:
    """Whether the text of an entry says what was recorded."""
    meant, reread = recorded.interaction, recorded.reread()
    played = Recorded.read(recorded.text).response
    return (
        reread.response == played
        and same_exchange(meant, reread)
        and fingerprint(reread.request) == recorded.fingerprint
        and _same_body(meant.request.body, reread.request.body)
        and _same_body(meant.response.body, reread.response.body)
        and dict(meant.response.headers) == dict(reread.response.headers)
    )


_USUAL = re.compile(
    r"  response:\n    status:\n      code: (\d+)\n      message: .*\n"
    r"    headers:((?:\n      [\w-]+:\n      - [\w/].*)*"
    r"(?:\n      [\w-]+: \['?[^'\"\[\]\\\n]*'?\])*)\n"
    r"    body:\n      string: \|([+-]?)\n"
)
_INDENTATION = " " * 8
_OTHER_LINE_ENDS = ("\x85", "\u2028", "\u2029")  # for YAML, not for us
_HEADER = re.compile(r"      ([\w-]+):(?:\n      - (.*)| \['?([^']*)'?\])")


def _times(text: str) -> Mapping[str, Any]:
    """What `timing` says, as far as an edit or a merge has left it readable: times do not count.

    It is no YAML: nothing that a hash does not count can be another part of the entry.
    """
    times: dict[str, Any] = {}
    for line in text.splitlines()[1:]:
        name, _, value = line.strip().partition(": ")
        times[name] = parsed(value, value)
    return times


def _usual_response(text: str, start: int, end: int, times: Mapping[str, Any]) -> Response | None:
    """The response in the text of an entry as we write it, or None where it needs a YAML parser.

    It is from `start` to `end`, which `times` follow.

    Replay is the rule and this is most of its cost: libyaml takes four times as long. Whether
    both say the same is checked whenever an entry is saved.
    """
    head = _USUAL.match(text, start)
    if head is None or not text.startswith(_INDENTATION, head.end()):
        return None
    first = head.end() + len(_INDENTATION)
    if text.startswith(" ", first):
        return None  # a body that begins with blanks has its own indentation
    if not text.isascii() and any(text.find(mark, start) >= 0 for mark in _OTHER_LINE_ENDS):
        return None
    body = text[first:end].replace(f"\n{_INDENTATION}", "\n")
    if head[3] != "+":
        body = body.rstrip("\n") + ("" if head[3] else "\n")
    headers = {name: value or limit for name, value, limit in _HEADER.findall(head[2])}
    if any(": " in value or " #" in value for value in headers.values()):
        return None
    when, ended = parts.timing_of(times)
    return Response(int(head[1]), body.encode(), headers, when, ended)


def _entry(interaction: Interaction, store: Store | None) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    entry: dict[str, Any] = {
        "request": {
            "method": request.method,
            "uri": request.url,
            "body": _readable(request.body, request.headers, store) if request.body else None,
            "headers": {name: [value] for name, value in request.headers.items()},
        },
        "response": {
            "status": {"code": response.status, "message": _PHRASES.get(response.status, "")},
            "headers": {
                name: yaml_text.OneLine([value]) if name.startswith(LIMITS) else [value]
                for name, value in response.headers.items()
            },
            "body": {"string": _readable(response.body, response.headers)},
        },
    }
    if (timing := _timing(response)) is not None:
        entry["response"]["timing"] = timing
    return entry


def _timing(response: Response) -> Mapping[str, Any] | None:
    measured = response.timing
    timing: dict[str, Any] = {"complete": response.complete}
    if response.ended in _ENDINGS:
        timing["ended"] = response.ended
    if measured is None:
        return None if response.complete else timing
    timing["first_byte_s"] = measured.first_byte_s
    if measured.first_token_s is not None:
        timing["first_token_s"] = measured.first_token_s
    timing["total_s"] = measured.total_s
    if measured.chunks:
        timing["chunks"] = yaml_text.OneLine([at, size] for at, size in measured.chunks)
    return timing


def _readable(body: bytes, headers: Mapping[str, str], store: Store | None = None) -> str | bytes:
    """Pretty JSON where that is the same value, else the text, else the bytes.

    JSON lines are not JSON: one line of them would be taken for it.
    """
    if store is not None and (boundary := boundary_in(headers)) is not None:
        body = store.put_upload(body, boundary)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    value = parsed(body)
    kind = headers.get("content-type", "application/json")
    if not isinstance(value, dict | list) or not kind.startswith("application/json"):
        return text
    if store is not None:
        value = store.put(value)
    try:
        pretty = yaml_text.pretty_json(value)
    except ValueError:
        return text
    return pretty if parsed(pretty) == value else text


def _same_body(left: bytes, right: bytes) -> bool:
    if left == right:
        return True
    value = parsed(left)
    return value is not None and value == parsed(right)
