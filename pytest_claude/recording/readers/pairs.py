"""Recorders that write plain pairs of request and response, each with names of its own.

PHP-VCR, EasyVCR (.NET and Java), Scotch, ExVCR, ReqCassette, DVR, talkback and their like: a list
of pairs, or a file for each pair. The names differ in little: `url` or `uri`, `status` a number, a
text or a mapping, a body as text or as the JSON itself.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_json, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "request and response pairs"

_LISTS = ("interactions", "recordings", "records", "entries", "pairs", "episodes")


def claims(data: Any) -> bool:
    """Whether the parsed file is a list of pairs, or one."""
    pairs = [_pair(entry) for entry in _entries(data)]
    if isinstance(data, Mapping) and "interactions" in data and any(map(_is_vcrpys, pairs)):
        return False
    return bool(pairs) and None not in pairs


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    pairs = (_pair(entry) for entry in _entries(data))
    return [_interaction(*pair) for pair in pairs if pair is not None]


def _entries(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    if not isinstance(data, Mapping):
        return []
    if _pair(data) is not None:
        return [data]
    named = _lower(data)
    pairs = next((named[name] for name in _LISTS if isinstance(named.get(name), list)), None)
    return pairs or []


def _pair(entry: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Both sides of a pair with lower-case names; None where it is not a pair."""
    sides = _lower(entry) if isinstance(entry, Mapping) else {}
    request = sides.get("request", sides.get("req"))
    response = sides.get("response", sides.get("res"))
    if not isinstance(request, Mapping) or not isinstance(response, Mapping):
        return None
    sent, received = _lower(request), _lower(response)
    if not {"url", "uri"} & sent.keys() or _status(received) is None:
        return None
    return sent, received


def _is_vcrpys(pair: tuple[dict[str, Any], dict[str, Any]] | None) -> bool:
    """Whether an interaction is one of vcrpy's, whose own loader knows it better."""
    if pair is None:
        return False
    body = pair[1].get("body")
    in_string = isinstance(body, Mapping) and bool({"string", "base64_string"} & body.keys())
    return in_string or isinstance(pair[1].get("status"), Mapping)


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    url = request.get("url", request.get("uri"))
    method = str(request.get("method") or "GET")
    return Interaction(
        as_request(method, url, _body(request), _headers(request)),
        as_response(_status(response), _body(response), _headers(response)),
    )


def _status(response: Mapping[str, Any]) -> int | None:
    """The status code: a number, `"200"`, `HTTP/1.1 200 OK`, or a mapping with the code."""
    names = ("status", "status_code", "statuscode", "code")
    value = next((response[name] for name in names if name in response), None)
    if isinstance(value, Mapping):
        value = _lower(value).get("code")
    status = re.search(r"\b[1-5]\d\d\b", str(value)) if isinstance(value, int | str) else None
    return int(status[0]) if status else None


def _body(side: Mapping[str, Any]) -> bytes:
    names = ("body", "request_body", "body_json", "body_blob", "bodyjson", "text")
    value = next((side[name] for name in names if side.get(name) not in (None, "")), None)
    if isinstance(value, Mapping):
        value = _wrapped(_lower(value), value)
    return as_bytes(_decoded(as_json(value)))


_BASE64 = ("base64", "binary", "bytes")


def _wrapped(named: Mapping[str, Any], value: Any) -> Any:
    """What a mapping in the place of a body holds: the body under a name, or itself, as JSON."""
    if "base64_string" in named:
        return base64.b64decode(named["base64_string"])
    if named.get("type") in ("json", "text", "string", *_BASE64) and "content" in named:
        content = named["content"]
        packed = named["type"] in _BASE64 and isinstance(content, str)
        return base64.b64decode(content) if packed else content
    if {"model", "type", "error"} & named.keys():
        return value
    return named.get("string", named.get("text", named.get("json", value)))


def _decoded(value: Any) -> Any:
    """A body that is base64 of JSON or of a stream; anything else is itself."""
    if not isinstance(value, str) or not re.fullmatch(
        r"(?:eyJ|ey[A-Z]|ZXZlbnQ6|ZGF0YT|H4sI)[\w+/=\s]+", value
    ):
        return value
    try:
        return base64.b64decode(value)
    except ValueError:
        return value


def _headers(side: Mapping[str, Any]) -> dict[str, Any]:
    """All headers; some write those of the content apart, or a list of pairs."""
    headers: dict[str, Any] = {}
    for name in ("headers", "requestheaders", "responseheaders", "contentheaders"):
        value = side.get(name)
        if isinstance(value, Mapping):
            headers.update(value)
        elif isinstance(value, list):
            pairs = (pair for pair in value if isinstance(pair, list) and len(pair) == 2)
            headers.update({str(key): each for key, each in pairs})
    return headers


def _lower(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name).lower().lstrip(":"): value for name, value in mapping.items()}
