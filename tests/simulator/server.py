"""The loopback server."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from simulator import wire
from simulator.personas import Persona, Reply
from simulator.rules import refusal


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Simulator:
    """Serves the personas of its models until the `with` block ends.

    Attributes:
        url: Base URL for the SDK.
        requests: All requests in the order of their arrival.
    """

    def __init__(self, personas: Mapping[str, Persona]) -> None:
        self.personas = dict(personas)
        self.requests: list[Seen] = []
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Simulator:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[Any]:
        """The bodies of all requests to a model."""
        return [seen.body for seen in self.requests if seen.path.endswith("/messages")]

    def note(self, seen: Seen) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(seen)

    def count(self, body: Mapping[str, Any]) -> tuple[str, int]:
        """An id for this request, and how often the same one came before."""
        text = json.dumps({k: v for k, v in body.items() if k != "stream"}, sort_keys=True)
        with self._lock:
            before = self._seen[text]
            self._seen[text] += 1
        return hashlib.sha256(f"{text}{before}".encode()).hexdigest()[:16], before


def _handler(simulator: Simulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            self._answer(json.loads(self.rfile.read(length) or b"null"))

        def _answer(self, body: Any) -> None:
            path = urlsplit(self.path).path
            headers = {name.lower(): value for name, value in self.headers.items()}
            simulator.note(Seen(self.command, path, headers, body))
            if not ("authorization" in headers or "x-api-key" in headers):
                self._error(401, "authentication_error", "x-api-key header is required")
            elif path == "/v1/models":
                self._json(200, _models(simulator))
            elif path.startswith("/v1/models/"):
                self._one_model(path.removeprefix("/v1/models/"))
            elif path in ("/v1/messages", "/v1/messages/count_tokens"):
                self._model(path, headers, body)
            else:
                self._error(404, "not_found_error", "Not found")

        def _one_model(self, name: str) -> None:
            if name in simulator.personas:
                self._json(200, _described(name))
            else:
                self._error(404, "not_found_error", f"model: {name}")

        def _model(self, path: str, headers: Mapping[str, str], body: Any) -> None:
            persona = simulator.personas.get(body["model"])
            if persona is None:
                self._error(404, "not_found_error", f"model: {body['model']}")
                return
            refused = refusal(body["model"], body, headers.get("anthropic-version", ""))
            if refused is not None:
                self._error(400, "invalid_request_error", refused)
            elif path.endswith("count_tokens"):
                self._json(200, {"input_tokens": wire.tokens(body)})
            else:
                ident, before = simulator.count(body)
                self._reply(persona(body, before), body, ident)

        def _reply(self, reply: Reply, body: Mapping[str, Any], ident: str) -> None:
            time.sleep(reply.delay_s)
            if reply.status >= 400:
                self._error(reply.status, *reply.error, headers=reply.headers)
                return
            whole = wire.message(reply, body, ident)
            if body.get("stream"):
                self._stream(reply, whole)
            else:
                self._json(200, whole, reply.headers)

        def _stream(self, reply: Reply, whole: Mapping[str, Any]) -> None:
            self._head(200, "text/event-stream; charset=utf-8", {"connection": "close"})
            for number, event in enumerate(wire.events(whole)):
                if number == reply.cut_after:
                    # A chunked body without its last chunk: the client sees a broken stream.
                    self.connection.shutdown(socket.SHUT_RDWR)
                    break
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                self.wfile.flush()
                time.sleep(reply.chunk_delay_s)
            else:
                self.wfile.write(b"0\r\n\r\n")
            self.close_connection = True

        def _error(
            self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
        ) -> None:
            error = {"type": kind, "message": message}
            body = {"type": "error", "error": error, "request_id": "req_011simulated"}
            self._json(status, body, headers)

        def _json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
            data = json.dumps(body).encode()
            length = {"content-length": str(len(data))}
            self._head(status, "application/json", {**(headers or {}), **length})
            self.wfile.write(data)

        def _head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {
                "content-type": kind,
                "request-id": "req_011simulated",
                "anthropic-organization-id": "11111111-2222-3333-4444-555555555555",
                "set-cookie": "__cf_bm=secret; path=/",
                "x-simulated-by": "pytest-claude simulator",
                **headers,
            }.items():
                self.send_header(name, value)
            if "content-length" not in headers:
                self.send_header("transfer-encoding", "chunked")
            self.end_headers()

    return Handler


def _described(name: str) -> dict[str, Any]:
    created = "2026-01-01T00:00:00Z"
    return {"type": "model", "id": name, "display_name": name, "created_at": created}


def _models(simulator: Simulator) -> dict[str, Any]:
    data = [_described(name) for name in sorted(simulator.personas)]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}
