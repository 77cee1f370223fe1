"""Formats that differ only in where a call has its parts: a table of them."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import unhexlify
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_json, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

Parts = tuple[Any, Any, Any, Any, Any, Any, Any]
"""Method, URL, body and headers of a request, then status, body and headers of its response."""


@dataclass(frozen=True)
class Format:
    """The reader of one format.

    Attributes:
        FORMAT: Its name.
        claims: Whether a parsed file is of it.
        calls: The parts of each call in a file.
    """

    FORMAT: str
    claims: Callable[[Any], bool]
    calls: Callable[[Any], Iterator[Parts]]

    def read(self, data: Any) -> list[Interaction]:
        """The interactions of a parsed file."""
        return [
            Interaction(
                as_request(method, url, as_bytes(sent), asked_with),
                as_response(status, as_bytes(received), answered_with),
            )
            for method, url, sent, asked_with, status, received, answered_with in self.calls(data)
        ]


# --- go-vcr, versions 1 to 4 ---------------------------------------------------------------------


def _is_go(data: Any) -> bool:
    match data:
        case {"interactions": [{"request": {"url": _}, "response": {"code": _}}, *_]}:
            return True
    return False


def _go(data: Any) -> Iterator[Parts]:
    for entry in data["interactions"]:
        sent, got = entry["request"], entry["response"]
        yield (sent["method"], sent["url"], sent.get("body"), sent.get("headers"),
               got["code"], got.get("body"), got.get("headers"))  # fmt: skip


# --- Ruby VCR and its kin in R -------------------------------------------------------------------


def _is_ruby(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("http_interactions"), list)


def _ruby(data: Any) -> Iterator[Parts]:
    for entry in data["http_interactions"]:
        sent, got = entry["request"], entry["response"]
        status = got["status"]
        if isinstance(status, dict):  # R writes the bare number
            status = status["status_code"] if "status_code" in status else status["code"]
        yield (sent["method"], sent["uri"], _ruby_body(sent), sent.get("headers"),
               status, _ruby_body(got), got.get("headers"))  # fmt: skip


def _ruby_body(side: Mapping[str, Any]) -> Any:
    body = side.get("body")
    if not isinstance(body, dict):
        return body
    if "base64_string" in body:  # preserve_exact_body_bytes
        return b64decode(body["base64_string"])
    return body.get("string")


# --- langchain's serializer for vcrpy: two lists, usually gzipped --------------------------------


def _is_split(data: Any) -> bool:
    match data:
        case {"requests": [*_], "responses": [*_]}:
            return True
    return False


def _split(data: Any) -> Iterator[Parts]:
    for sent, got in zip(data["requests"], data["responses"], strict=True):
        yield (sent["method"], sent["uri"], sent.get("body"), sent.get("headers"),
               got["status"]["code"], got["body"]["string"], got.get("headers"))  # fmt: skip


# --- HAR, the archive of browsers, proxies and Polly.js ------------------------------------------


def _is_har(data: Any) -> bool:
    match data:
        case {"log": {"entries": [*_]}}:
            return True
    return False


def _har(data: Any) -> Iterator[Parts]:
    for entry in data["log"]["entries"]:
        sent, got = entry["request"], entry["response"]
        content = got.get("content") or {}
        received = content.get("text")
        if content.get("encoding") == "base64" and isinstance(received, str):
            # Polly.js writes a list of pieces.
            pieces = json.loads(received) if received.startswith("[") else [received]
            received = b"".join(b64decode(piece) for piece in pieces)
        body = (sent.get("postData") or {}).get("text")
        yield (sent["method"], sent["url"], body, _har_headers(sent),
               got["status"], received, _har_headers(got))  # fmt: skip


def _har_headers(side: Mapping[str, Any]) -> dict[str, str]:
    return {header["name"]: header["value"] for header in side.get("headers") or ()}


# --- nock, for Node ------------------------------------------------------------------------------


def _is_nock(data: Any) -> bool:
    match data:
        case [{"scope": str(), "path": str(), "status": int()}, *_]:
            return True
    return False


def _nock(data: Any) -> Iterator[Parts]:
    for call in data:
        url = call["scope"].removesuffix(":443") + call["path"]
        raw = call.get("rawHeaders", call.get("headers"))
        if isinstance(raw, list):  # name, value, name, value, …
            raw = dict(zip(raw[::2], raw[1::2], strict=False))
        yield (call.get("method", "GET"), url, _nock_body(call.get("body")), call.get("reqheaders"),
               call["status"], _nock_body(call.get("response")), raw)  # fmt: skip


def _nock_body(value: Any) -> Any:
    """Text, JSON, or, of a packed body, its pieces in hexadecimal digits."""
    if isinstance(value, list) and value and all(isinstance(piece, str) for piece in value):
        return unhexlify("".join(value))
    return as_json(value)


# --- WireMock's mappings -------------------------------------------------------------------------

_URLS = ("url", "urlPath", "urlPattern", "urlPathPattern")


def _is_wiremock(data: Any) -> bool:
    entries = _mappings(data)
    return bool(entries) and all(_is_mapping(entry) for entry in entries)


def _mappings(data: Any) -> list[Any]:
    if not isinstance(data, Mapping):
        return []
    mappings = data.get("mappings")
    return mappings if isinstance(mappings, list) else [data]


def _is_mapping(entry: Any) -> bool:
    match entry:
        case {"request": {"method": str(), **request}, "response": {"status": int(), **response}}:
            bodies = {"body", "jsonBody", "base64Body", "bodyFileName"} & response.keys()
            return any(name in request for name in _URLS) and (
                "bodyPatterns" in request or bool(bodies - {"body"}) or "mappingBuilder" in request
            )
    return False


def _wiremock(data: Any) -> Iterator[Parts]:
    for entry in _mappings(data):
        sent, got = entry["request"], entry["response"]
        if "bodyFileName" in got:
            raise ValueError(f"its body lies in another file, {got['bodyFileName']}")
        received = as_json(got.get("jsonBody", got.get("body")))
        if "base64Body" in got:
            received = b64decode(got["base64Body"])
        url = next(sent[name] for name in _URLS if name in sent)
        # Only a pattern that demands the whole body says what it is.
        patterns = sent.get("bodyPatterns") or ()
        whole = (p[kind] for p in patterns for kind in ("equalToJson", "equalTo") if kind in p)
        yield (sent["method"], url, as_json(next(whole, None)), None,
               got["status"], received, got.get("headers"))  # fmt: skip


# --- pydantic-ai's serializer for vcrpy: `parsed_body`, the JSON itself, in the place of `body` --


def _is_pydantic_ai(data: Any) -> bool:
    entries = data.get("interactions") if isinstance(data, dict) else None
    return isinstance(entries, list) and any(
        isinstance(side, Mapping) and "parsed_body" in side
        for entry in entries
        if isinstance(entry, Mapping)
        for side in entry.values()
    )


def _pydantic_ai(data: Any) -> Iterator[Parts]:
    for entry in data["interactions"]:
        sent, got = entry["request"], entry["response"]
        yield (sent["method"], sent["uri"], _parsed_body(sent), sent.get("headers"),
               got["status"]["code"], _parsed_body(got), got.get("headers"))  # fmt: skip


def _parsed_body(side: Mapping[str, Any]) -> Any:
    if "parsed_body" not in side:
        plain = side.get("body")
        return plain.get("string") if isinstance(plain, Mapping) else plain
    parsed = side["parsed_body"]
    return (
        parsed if isinstance(parsed, str) else json.dumps(parsed, default=str, ensure_ascii=False)
    )


FORMATS = (
    Format("go-vcr", _is_go, _go),
    Format("ruby-vcr", _is_ruby, _ruby),
    Format("vcrpy, split lists", _is_split, _split),
    Format("HAR", _is_har, _har),
    Format("nock", _is_nock, _nock),
    Format("WireMock", _is_wiremock, _wiremock),
    Format("pydantic-ai", _is_pydantic_ai, _pydantic_ai),
)
