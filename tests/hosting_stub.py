"""A stub of GitHub's and GitLab's APIs on loopback: pull requests, comments, and refusals."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ME = 7  # who owns the token on GitLab


class Service:
    """What the stub holds.

    Attributes:
        pulls: The pull requests, in GitHub's form.
        comments: Those of any pull request.
        asked: Each request as `METHOD path`, the path from the project on.
        refusals: Status and message of requests that are refused, by `METHOD path`.
        hiccups: The same, each once; the answer says to ask again after 0 seconds.
        tokens: What came in as token.
        has_drafts: Whether a pull request can be a draft.
    """

    has_drafts = True

    def __init__(self) -> None:
        self.pulls: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.refusals: dict[str, tuple[int, str]] = {}
        self.hiccups: list[tuple[str, int, str]] = []
        self.tokens: set[str] = set()

    def answer(self, method: str, url: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and JSON of one request."""
        path = re.sub(r"^/(repos/team/desk|api/v4/projects/5|api/v4)", "", urlsplit(url).path)
        query = {key: of[0] for key, of in parse_qs(urlsplit(url).query).items()}
        self.asked.append(f"{method} {path}")
        if refusal := self.refusals.get(f"{method} {path}"):
            return refusal[0], {"message": refusal[1]}
        if self.hiccups and self.hiccups[0][0] == f"{method} {path}":
            _, status, message = self.hiccups.pop(0)
            return status, {"message": message, "retry": True}
        last = int(path.rpartition("/")[2]) if path[-1].isdigit() else 0
        match method, re.sub(r"\d+", "N", path):
            case "GET", "/pulls":
                head = query["head"].removeprefix("team:")
                return 200, [pull for pull in self.pulls if pull["head"] == head]
            case "GET", "/merge_requests":
                wanted = (query["source_branch"], query["target_branch"])
                pulls = [p for p in self.pulls if (p["head"], p["base"]) == wanted]
                return 200, [_gitlab(pull) for pull in pulls]
            case "POST", "/pulls" if body.get("draft") and not self.has_drafts:
                error = {"message": "Draft pull requests are not supported in this repository."}
                return 422, {"message": "Validation Failed", "errors": [error]}
            case "POST", "/pulls":
                return 201, self._opened(body)
            case "POST", "/merge_requests":
                of = {"head": body["source_branch"], "base": body["target_branch"]}
                of |= {"title": body["title"], "body": body["description"]}
                return 201, _gitlab(self._opened({**of, "draft": False}))
            case "PATCH", "/pulls/N":
                self.pulls[last - 1].update(body)
                return 200, self.pulls[last - 1]
            case "PUT", "/merge_requests/N":
                self.pulls[last - 1].update(title=body["title"], body=body["description"])
                return 200, _gitlab(self.pulls[last - 1])
            case "POST", "/graphql":
                assert "markPullRequestReadyForReview" in body["query"]
                pull = next(p for p in self.pulls if p["node_id"] == body["variables"]["id"])
                pull["draft"] = False
                return 200, {"data": {}}
            case "GET", "/user":
                return 200, {"id": ME}
            case "GET", "/issues/N/comments" | "/merge_requests/N/notes":
                size, page = int(query["per_page"]), int(query["page"])
                return 200, self.comments[size * (page - 1) : size * page]
            case "POST", "/issues/N/comments" | "/merge_requests/N/notes":
                self.comments.append(said(body["body"], len(self.comments) + 1))
                return 201, self.comments[-1]
            case "PATCH" | "PUT", "/issues/comments/N" | "/merge_requests/N/notes/N":
                self.comments[last - 1].update(body)
                return 200, self.comments[last - 1]
        raise AssertionError(f"{method} {path} is not known to the stub")

    def _opened(self, body: dict[str, Any]) -> dict[str, Any]:
        number = len(self.pulls) + 1
        of = {"draft": False, "number": number, "node_id": f"node{number}", "state": "open"}
        self.pulls.append(of | body | {"merged_at": None, "html_url": f"https://host/{number}"})
        return self.pulls[-1]


def said(text: str, number: int, *, ours: bool = True) -> dict[str, Any]:
    """A comment, as either service gives it."""
    return {
        "id": number, "body": text, "author_association": "NONE",
        "user": {"type": "Bot" if ours else "User"}, "author": {"id": ME if ours else ME + 1},
    }  # fmt: skip


def _gitlab(pull: dict[str, Any]) -> dict[str, Any]:
    state = {"open": "opened"}.get(pull["state"], pull["state"])
    draft = pull["title"].startswith("Draft: ")
    of = {"iid": pull["number"], "web_url": pull["html_url"]}
    of["source_project_id"] = pull.get("source_project_id", 5)
    return {**of, "state": "merged" if pull["merged_at"] else state, "draft": draft}


@contextmanager
def served() -> Iterator[tuple[Service, str]]:
    """The stub, and its address."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            token = self.headers.get("Authorization") or self.headers["PRIVATE-TOKEN"]
            service.tokens.add(token.removeprefix("Bearer "))
            status, answer = service.answer(self.command, self.path, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if isinstance(answer, dict) and answer.get("retry"):
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield service, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
