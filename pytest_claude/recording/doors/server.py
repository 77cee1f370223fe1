"""A loopback server that other programs can ask: what they send is recorded and replayed.

It forwards each request through the patched transport of this process, so that a call of a child
process is a call of the running trial like any other.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from pytest_claude.recording.doors import line

_API = "https://api.anthropic.com"
# Of the connection, not of the message.
_HOP_BY_HOP = ("accept-encoding", "connection", "content-length", "host", "transfer-encoding")


class ClaudeServer:
    """Stands in for the Claude API while a test runs.

    Attributes:
        url: Base URL for a client, `http://127.0.0.1:<port>`.
        env: Environment for a child process: this process' own, with `ANTHROPIC_BASE_URL` set to
            `url` and, in replay, a key that opens nothing.
    """

    def __init__(self) -> None:
        upstream = os.environ.get("ANTHROPIC_BASE_URL", _API).rstrip("/")
        # It waits as long as the child does, who has a timeout of its own.
        self._client = http_library().Client(timeout=None, trust_env=True)
        self._server = _Server(("127.0.0.1", 0), _handler(upstream, self._client))
        port = self._server.server_port
        self.url = f"http://127.0.0.1:{port}"
        key = {"ANTHROPIC_API_KEY": "replay"} if line.is_replaying() else {}
        self.env: dict[str, str] = {**os.environ, "ANTHROPIC_BASE_URL": self.url, **key}
        line.own_ports.add(port)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __repr__(self) -> str:
        return f"<claude_server: {self.url}>"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._client.close()
        line.own_ports.discard(self._server.server_port)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # of 5, the default, some of many calls at once would wait a second

    def server_bind(self) -> None:
        """Bind without asking a name server who 127.0.0.1 is."""
        TCPServer.server_bind(self)
        self.server_port = self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a child that left before its answer was whole."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(upstream: str, client: Any) -> type[BaseHTTPRequestHandler]:
    library = http_library()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            # Without it each answer of a child waits for an acknowledgement.
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            self._forward()

        def do_POST(self) -> None:
            self._forward()

        def do_DELETE(self) -> None:
            self._forward()

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            headers["accept-encoding"] = "identity"
            url = f"{upstream}{self.path}"
            try:
                request = client.build_request(self.command, url, headers=headers, content=body)
                response = client.send(request, stream=True)
            except library.HTTPError as error:
                self._unreached(f"{type(error).__name__}: {error}")
                return
            self._pass_on(response)

        def _pass_on(self, response: Any) -> None:
            kept = {k: v for k, v in response.headers.items() if k.lower() not in _HOP_BY_HOP}
            self._head(response.status_code, {**kept, "transfer-encoding": "chunked"})
            try:
                for chunk in response.iter_bytes():
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")
            except library.HTTPError:
                self.close_connection = True  # cut as the recorded stream was
            finally:
                response.close()

        def _unreached(self, message: str) -> None:
            error = {"type": "api_error", "message": f"pytest-claude: {message}"}
            data = json.dumps({"type": "error", "error": error}).encode()
            length = {"content-length": str(len(data)), "x-should-retry": "false"}
            self._head(502, {"content-type": "application/json", **length})
            self.wfile.write(data)

        def _head(self, status: int, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler


def http_library() -> Any:
    """The HTTP library of the installed SDK: httpx2 since 1.0, httpx before."""
    try:
        import httpx2

        return httpx2
    except ImportError:
        import httpx

        return httpx
