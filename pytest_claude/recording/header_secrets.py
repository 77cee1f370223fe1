"""Which headers of a request hold credentials: all that are not known to hold none. Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator

from pytest_claude.recording.complexity import Place, plain

# Known to hold no credential; some hold an id that is another one in each request.
_HARMLESS = re.compile(
    r"(?:accept(?:-(?:charset|encoding|language|ranges))?"
    r"|anthropic-(?:beta|version|dangerous-direct-browser-access)|b3|baggage"
    r"|cache-control|connection"
    r"|content-(?:digest|disposition|encoding|language|length|md5|range|type)"
    r"|date|expect|host|if-none-match|keep-alive|origin|pragma|priority|referer"
    r"|sec-(?:(?:ch|fetch)-.*|gpc|websocket-(?:extensions|version))"
    r"|sentry-trace|te|traceparent|tracestate"
    r"|transfer-encoding|upgrade|user-agent|via|amz-sdk-.*|x-amz-(?:content-sha256|date)"
    r"|x-amzn-trace-id|x-app|x-b3-.*|x-client-request-id|x-cloud-trace-context|x-correlation-id"
    r"|x-datadog-(?:origin|parent-id|sampling-priority|tags|trace-id)"
    r"|x-forwarded-(?:for|host|port|prefix|proto|server)"
    r"|x-goog-api-client|x-request-id|x-stainless-.*|x-title)$"
)
_NO_CREDENTIALS = ("idempotency-key", "sec-websocket-key")  # for all their names
_OF_KEYS = re.compile(r"authorization$|(?:key|token|secret|password)$")
_BETWEEN = re.compile(r"[\s;,\"]+")
_NAMED = re.compile(r"[\w.-]+=(?=[^=])")

Headers = Iterable[tuple[str, str]]


def is_harmless(name: str) -> bool:
    """Whether a header with this name, in lower case, is known to hold no credential."""
    return _HARMLESS.match(name) is not None


def credentials_in_headers(headers: Headers) -> Iterator[tuple[str, str]]:
    """The credentials that `headers` of a request hold, each with what it is."""
    for name, place, value in _parts(headers):
        if not plain(value, place):
            yield value, f"the value of the header {name}"


def left_alone_in_headers(headers: Headers, text: str) -> Iterator[tuple[str, str]]:
    """The headers whose value recurs in `text` and can't be told from it, with what it reads like.

    A value of fewer than 4 characters is in every text.
    """
    for name, place, value in _parts(headers):
        if len(value) > 3 and value in text and (why := plain(value, place)):
            yield name, why


def _parts(headers: Headers) -> Iterator[tuple[str, Place, str]]:
    """The parts of the values that may be credentials: a scheme, and names before `=`, are none."""
    for header, value in headers:
        name = header.lower()
        is_of_keys = _OF_KEYS.search(name) is not None
        if name in _NO_CREDENTIALS or (_HARMLESS.match(name) and not is_of_keys):
            continue
        place: Place = "a key" if is_of_keys else "anything"
        scheme, blank, rest = value.strip().partition(" ")
        if scheme.startswith("AWS4-"):
            continue  # a signature of this one request, and the id of a key
        if name.endswith("authorization") and blank:
            if scheme.lower() == "basic":
                user, _, password = _decoded(rest).partition(":")
                yield name, "anything", user
                yield name, place, password
            value = rest
        whole = value.strip()
        parts = [_NAMED.sub("", part, count=1) for part in _BETWEEN.split(whole)]
        for part in parts:
            yield name, place, part.strip("{}[]()':")
        if len(parts) > 1 and place == "a key":
            yield name, place, whole


def _decoded(code: str) -> str:
    try:
        return b64decode(code).decode("utf-8", "replace")
    except ValueError:  # no base64, or signs beyond ASCII
        return ""
