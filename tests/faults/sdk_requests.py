"""Capture what an SDK sends for the same calls: the data of test_sdk_upgrades.py.

    python tests/faults/sdk_requests.py < tests/faults/sdk_requests.json > new.json

adds the version that is installed. It needs nothing of pytest-claude.
"""

from __future__ import annotations

import json
import sys
import threading
import warnings
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import anthropic
from pydantic import BaseModel

KEPT = ("anthropic-version", "anthropic-beta", "content-type")
MESSAGES: list[Any] = [{"role": "user", "content": "Where is my parcel?"}]
BODY: dict[str, Any] = {"model": "claude-opus-5", "max_tokens": 4096, "messages": MESSAGES}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TOOLS: list[Any] = [{"name": "find", "description": "Find it.", "input_schema": SCHEMA}]
PICTURE = {"type": "base64", "media_type": "image/png", "data": "AAAA"}


class Order(BaseModel):
    number: int
    note: str | None = None


def streamed(messages: Any) -> None:
    with messages.stream(**BODY) as stream:
        stream.get_final_message()


def run_tools(client: Any) -> None:
    @anthropic.beta_tool
    def find(a: str) -> str:
        """Find it.

        Args:
            a: What to find.
        """
        return a

    client.beta.messages.tool_runner(**BODY, tools=[find]).until_done()


CALLS: dict[str, Callable[[Any], object]] = {
    "create": lambda c: c.messages.create(**BODY),
    "tools": lambda c: c.messages.create(
        **BODY, system="Be brief.", tools=TOOLS, tool_choice={"type": "auto"}
    ),
    "stream": lambda c: streamed(c.messages),
    "create, streamed": lambda c: c.messages.create(**BODY, stream=True),
    "thinking": lambda c: c.messages.create(
        **BODY, thinking={"type": "enabled", "budget_tokens": 1024}
    ),
    "not given": lambda c: c.messages.create(
        **BODY, system=anthropic.NOT_GIVEN, metadata={"user_id": "u"}, stop_sequences=["x"]
    ),
    "image": lambda c: c.messages.create(
        **{
            **BODY,
            "messages": [{"role": "user", "content": [{"type": "image", "source": PICTURE}]}],
        }
    ),
    "count_tokens": lambda c: c.messages.count_tokens(model=BODY["model"], messages=MESSAGES),
    "parse": lambda c: c.messages.parse(**BODY, output_format=Order),
    "beta create": lambda c: c.beta.messages.create(**BODY),
    "beta create, betas": lambda c: c.beta.messages.create(**BODY, betas=["context-1m-2025-08-07"]),
    "beta stream": lambda c: streamed(c.beta.messages),
    "beta parse": lambda c: c.beta.messages.parse(**BODY, output_format=Order),
    "beta count_tokens": lambda c: c.beta.messages.count_tokens(
        model=BODY["model"], messages=MESSAGES
    ),
    "beta tool_runner": run_tools,
    "batch": lambda c: c.messages.batches.create(requests=[{"custom_id": "a", "params": BODY}]),
    "beta batch": lambda c: c.beta.messages.batches.create(
        requests=[{"custom_id": "a", "params": BODY}]
    ),
    "models": lambda c: c.models.list(),
    "model": lambda c: c.models.retrieve(BODY["model"]),
    "beta files": lambda c: c.beta.files.list(),
}


class Refuses(BaseHTTPRequestHandler):
    """Notes each request and refuses it."""

    seen: list[dict[str, Any]] = []  # noqa: RUF012  # of the one server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        kept = {name: self.headers[name] for name in KEPT if name in self.headers}
        self.seen.append(
            {"method": self.command, "path": self.path, "headers": kept, "body": body.decode()}
        )
        told = b'{"type":"error","error":{"type":"invalid_request_error","message":"no"}}'
        self.send_response(400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST  # noqa: N815


def sent() -> dict[str, Any]:
    """The first request of each call."""
    server = HTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = anthropic.Anthropic(api_key="none", base_url=url, max_retries=0)
    found = {}
    for name, call in CALLS.items():
        Refuses.seen.clear()
        try:
            call(client)
        except anthropic.BadRequestError:
            found[name] = Refuses.seen[0]
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    captured = {**json.load(sys.stdin), anthropic.__version__: sent()}
    json.dump(captured, sys.stdout, indent=1, ensure_ascii=False)
    print()
