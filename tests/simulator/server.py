"""The loopback server."""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from simulator import platforms, wire
from simulator.account import LIMITED, Account
from simulator.batches import Batch, Result, errored, now, page
from simulator.personas import Persona, Reply
from simulator.rules import refusal


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    data: bytes = b""
    target: str = ""


class Simulator:
    """Serves the personas of its models until the `with` block ends.

    Attributes:
        url: Base URL for the SDK.
        requests: All requests in the order of their arrival.
        batches: The batches, by id.
        batch_looks: How often a new batch is seen in progress before it has ended.
        batch_fate: What an item of a batch comes to, given its parameters and how often the same
            came before; None for the persona's answer.
        has_batches: Whether it serves batches: a gateway may not.
        lose_answers: To how many submits of a batch no answer arrives.
        on_request: Called with each request when it arrives.
        billed: What was paid for: the parameters of each call and item that a model answered, and
            whether it was in a batch.
        described: What the Models API says of a model beside its id.
        account: Its limits, and when calls to a model came.
    """

    def __init__(self, personas: Mapping[str, Persona], account: Account | None = None) -> None:
        self.account = account or Account()
        self.personas = dict(personas)
        self.requests: list[Seen] = []
        self.batches: dict[str, Batch] = {}
        self.batch_looks = 0
        self.batch_fate: Callable[[Any, int], Result | None] = lambda params, seen: None
        self.has_batches = True
        self.lose_answers = 0
        self.on_request: Callable[[Seen], object] = lambda seen: None
        self.billed: list[tuple[Any, bool]] = []
        self.described: dict[str, dict[str, Any]] = {}
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
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
        self.on_request(seen)

    def count(self, body: Mapping[str, Any]) -> tuple[str, int]:
        """An id for this request, and how often the same one came before."""
        text = json.dumps({k: v for k, v in body.items() if k != "stream"}, sort_keys=True)
        with self._lock:
            before = self._seen[text]
            self._seen[text] += 1
        return hashlib.sha256(f"{text}{before}".encode()).hexdigest()[:16], before


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # With the default of 5, what many clients send at once waits for a second or is refused.
    request_queue_size = 256

    def server_bind(self) -> None:
        """Bind without asking a name server who 127.0.0.1 is."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has left; its text would land in another test's output."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


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
            data = self.rfile.read(length)
            if self.headers.get("content-type", "").startswith("multipart/"):
                self._answer(data, data)
            else:
                self._answer(json.loads(data or b"null"), data)

        def _answer(self, body: Any, data: bytes = b"") -> None:
            path = urlsplit(self.path).path
            headers = {name.lower(): value for name, value in self.headers.items()}
            simulator.note(Seen(self.command, path, headers, body, data, self.path))
            kind, body = platforms.asked(path, body)
            if not {"authorization", "x-api-key", "api-key"} & headers.keys():
                self._error(401, "authentication_error", "x-api-key header is required")
            elif kind:
                self._model(path, headers, body, kind)
            elif path == "/v1/files":
                self._json(200, platforms.uploaded(body))
            elif path.startswith("/v1/messages/batches") and simulator.has_batches:
                place = path.removeprefix("/v1/messages/batches").strip("/")
                self._batch(place, body, headers)
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
                self._json(200, _described(simulator, name))
            else:
                self._error(404, "not_found_error", f"model: {name}")

        def _batch(self, place: str, body: Any, headers: Mapping[str, str]) -> None:
            name, _, below = place.partition("/")
            if not name and body is None:
                query = dict(parse_qsl(urlsplit(self.path).query))
                self._json(200, page([*simulator.batches.values()], query, simulator.url))
            elif not name:
                self._submit(body["requests"], headers)
            elif (batch := simulator.batches.get(name)) is None:
                self._error(404, "not_found_error", f"batch: {name}")
            elif below == "cancel":
                batch.cancel()
                self._json(200, batch.described(simulator.url))
            elif below == "results" and batch.ended:
                self._data("application/x-jsonl", batch.lines)
            elif below == "results":
                self._error(400, "invalid_request_error", "The batch has no results yet.")
            else:
                self._json(200, batch.look(simulator.url))

        def _submit(self, requests: Any, headers: Mapping[str, str]) -> None:
            refused = next(
                (name for r in requests for name in ("stream", "speed") if name in r["params"]),
                None,
            )
            if refused is not None or len({r["custom_id"] for r in requests}) < len(requests):
                self._error(400, "invalid_request_error", f"{refused or 'custom_id'}: not allowed")
                return
            version = headers.get("anthropic-version", "")
            results = [self._result(request["params"], version) for request in requests]
            number = len(simulator.batches) + 1
            ident = f"msgbatch_01{hashlib.sha256(f'{number}'.encode()).hexdigest()[:16]}"
            batch = Batch(ident, requests, results, simulator.batch_looks, now())
            simulator.batches[ident] = batch
            if simulator.lose_answers > 0:
                simulator.lose_answers -= 1
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._json(200, batch.described(simulator.url))

        def _result(self, params: Any, version: str) -> Result:
            ident, before = simulator.count(params)
            if (fate := simulator.batch_fate(params, before)) is not None:
                return fate
            persona = simulator.personas.get(params["model"])
            if persona is None:
                return errored("not_found_error", f"model: {params['model']}")
            if (refused := refusal(params["model"], params, version)) is not None:
                return errored("invalid_request_error", refused)
            reply = persona(params, before)
            if reply.status >= 400:
                return errored(*reply.error)
            message = wire.message(reply, params, ident)
            message["usage"]["service_tier"] = "batch"
            simulator.billed.append((params, True))
            return {"type": "succeeded", "message": message}

        def _model(
            self, path: str, headers: Mapping[str, str], body: Any, kind: str = "messages"
        ) -> None:
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
                with simulator.account.call() as refused:
                    if refused is not None:
                        self._error(429, *LIMITED, headers=refused)
                        return
                    ident, before = simulator.count(body)
                    self._reply(persona(body, before), body, ident, kind)

        def _reply(self, reply: Reply, body: Mapping[str, Any], ident: str, kind: str) -> None:
            time.sleep(reply.delay_s)
            if reply.status >= 400:
                self._error(reply.status, *reply.error, headers=reply.headers)
                return
            whole = wire.message(reply, body, ident)
            simulator.billed.append((body, False))
            if body.get("stream"):
                self._stream(reply, whole, kind)
            else:
                answer = platforms.converse(whole) if kind == "converse" else whole
                self._json(200, answer, {**simulator.account.told(), **reply.headers})

        def _stream(self, reply: Reply, whole: Mapping[str, Any], kind: str) -> None:
            binary = kind != "messages"
            media = (
                "application/vnd.amazon.eventstream"
                if binary
                else "text/event-stream; charset=utf-8"
            )
            self._head(200, media, {"connection": "close"})
            events = wire.events(whole)
            if reply.error_after is not None:
                events = wire.ended_in_error(events, reply.error_after, reply.error)
            if binary:
                in_frames = kind == "eventstream"
                events = (
                    platforms.event_stream(events)
                    if in_frames
                    else platforms.converse_stream(whole)
                )
            for number, event in enumerate(events):
                if number == reply.cut_after:
                    # A chunked body without its last chunk: the client sees a broken stream.
                    self.connection.shutdown(socket.SHUT_RDWR)
                    break
                reply.before_event(number)
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
            self._data("application/json", json.dumps(body).encode(), status, headers)

        def _data(
            self,
            kind: str,
            data: bytes,
            status: int = 200,
            headers: Mapping[str, str] | None = None,
        ) -> None:
            length = {"content-length": str(len(data))}
            self._head(status, kind, {**(headers or {}), **length})
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


def _described(simulator: Simulator, name: str) -> dict[str, Any]:
    created = "2026-01-01T00:00:00Z"
    plain = {"type": "model", "id": name, "display_name": name, "created_at": created}
    return {**plain, **simulator.described.get(name, {})}


def _models(simulator: Simulator) -> dict[str, Any]:
    data = [_described(simulator, name) for name in sorted(simulator.personas)]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}
