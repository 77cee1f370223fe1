"""What a hosting service is asked: the REST APIs of GitHub and GitLab, as far as needed."""

from __future__ import annotations

import base64
import itertools
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

WAITS_S = (2.0, 10.0, 60.0)  # before a GET is sent again, unless the service says how long
LONGEST_WAIT_S = 120.0


class Problem(Exception):
    """A step can't go on; its text is the sentence that the log ends with."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class Refused(Problem):
    """The hosting service refused a request, or would.

    Attributes:
        code: The HTTP status; 0 where there is no answer.
        passes: Whether the same request can be taken later: the service is down, or busy.
        after_s: How long the service says to wait, in seconds; None where it does not say.
    """

    def __init__(
        self,
        code: int,
        text: str,
        status: int = 1,
        *,
        passes: bool = False,
        after_s: float | None = None,
    ) -> None:
        super().__init__(text, status)
        self.code, self.passes, self.after_s = code, passes, after_s


@dataclass(frozen=True)
class PullRequest:
    """A pull request, or a merge request.

    Attributes:
        number: Its number in the project.
        url: Its page.
        state: Whether it is open, was closed without a merge, or was merged.
        draft: Whether it is a draft.
        node: Its id in GitHub's GraphQL API; empty on GitLab.
    """

    number: int
    url: str
    state: Literal["open", "closed", "merged"]
    draft: bool
    node: str = ""


class _Service:
    """One project on a hosting service.

    Attributes:
        address: Where git pushes to.
        base: The branch that the job runs for.
        rights: What the token must be allowed, as a person sets it.
        number: The pull request that the job runs for; None where there is none.
        commit: The last commit of that pull request.
        fork: Whether that pull request comes from a fork, whose jobs get no secret.
    """

    address: str
    base: str
    rights: str
    number: int | None = None
    commit = ""
    fork = False
    sleep = staticmethod(time.sleep)
    _user: str  # goes with the token in git
    _api: str
    _headers: dict[str, str]

    def __init__(self, token: str) -> None:
        self._token = token

    def git_variables(self) -> dict[str, str]:
        """Let git send the token, without writing it into a command or a file."""
        word = base64.b64encode(f"{self._user}:{self._token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self.address}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {word}",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def _call(self, method: str, path: str, body: object = None) -> Any:
        """Ask; a GET is sent again where the service is down or busy."""
        if not self._token:
            raise Refused(401, f"no token is set (it needs {self.rights})", 4)
        for wait_s in WAITS_S if method == "GET" else ():
            try:
                return self._send(method, path, body)
            except Refused as error:
                if not error.passes:
                    raise
                self.sleep(wait_s if error.after_s is None else error.after_s)
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: object) -> Any:
        url = path if path.startswith("http") else self._api + path
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json"}, method=method
        )
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)  # another server never gets the token
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            words, headers = _words(error.read()), error.headers
            after = headers.get("Retry-After", "")
            is_limited = error.code == 403 and (
                bool(after) or headers.get("X-RateLimit-Remaining") == "0"
            )
            passes = is_limited or error.code == 429 or error.code >= 500
            if error.code in (401, 403, 404) and not passes:
                words += f" (the token needs {self.rights})"
            text = f"HTTP {error.code} to {method} {url}: {words}"
            after_s = min(float(after), LONGEST_WAIT_S) if after.isdigit() else None
            raise Refused(error.code, text, passes=passes, after_s=after_s) from None
        except (OSError, ValueError) as error:
            text = f"no answer to {method} {url}: {error}"
            raise Refused(0, text, passes=True) from None

    def _pages(self, path: str, wanted: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
        for number in itertools.count(1):
            query = urllib.parse.urlencode({**(wanted or {}), "per_page": 100, "page": number})
            page = self._call("GET", f"{path}?{query}")
            yield from page
            if len(page) < 100:
                return


def _words(answer: bytes) -> str:
    """What an API says of an error."""
    try:
        said = json.loads(answer)
        more = [each["message"] for each in said.get("errors", ()) if "message" in each]
        return ": ".join([str(said.get("message") or said["error"]), *more])
    except (ValueError, KeyError, AttributeError, TypeError):
        return "no reason given"


class GitHub(_Service):
    """A repository on GitHub."""

    rights = (
        "`pull-requests: write`, and `contents: write` to push; the workflow's own token opens "
        "pull requests only where Settings > Actions > General allows it"
    )
    _user = "x-access-token"

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self._repository = os.environ["GITHUB_REPOSITORY"]
        self._api = f"{os.environ['GITHUB_API_URL']}/repos/{self._repository}"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self.address = f"{os.environ['GITHUB_SERVER_URL']}/{self._repository}.git"
        self.base = os.environ["GITHUB_REF_NAME"]
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        if about := event.get("pull_request"):
            self.number = about["number"]
            self.commit = about["head"]["sha"]
            self.fork = (about["head"]["repo"] or {}).get("full_name") != self._repository

    def newest(self, branch: str) -> PullRequest | None:
        """The last pull request that was opened from a branch."""
        head = f"{self._repository.partition('/')[0]}:{branch}"
        query = urllib.parse.urlencode({"head": head, "state": "all"})
        found = [_of_github(each) for each in self._call("GET", f"/pulls?{query}")]
        return max(found, key=lambda each: each.number, default=None)

    def open(self, branch: str, title: str, text: str, *, draft: bool) -> PullRequest:
        """Open one into the base."""
        body = {"head": branch, "base": self.base, "title": title, "body": text}
        try:
            return _of_github(self._call("POST", "/pulls", {**body, "draft": draft}))
        except Refused as error:
            if not (draft and error.code == 422 and "draft" in str(error).lower()):
                raise
            # A private repository of a free account has no drafts; the title says it too.
            return _of_github(self._call("POST", "/pulls", body))

    def edit(self, old: PullRequest, title: str, text: str, *, draft: bool) -> PullRequest:
        """Replace title and text; one that is no draft any more is marked as ready."""
        new = self._call("PATCH", f"/pulls/{old.number}", {"title": title, "body": text})
        if old.draft and not draft:
            query = (
                "mutation($id: ID!) {markPullRequestReadyForReview(input: {pullRequestId: $id}) "
                "{clientMutationId}}"
            )
            body = {"query": query, "variables": {"id": old.node}}
            if "errors" in self._call("POST", os.environ["GITHUB_GRAPHQL_URL"], body):
                raise Problem(f"{old.url} is still a draft: mark it as ready by hand")
        return _of_github(new)

    def our_comments(self) -> Iterator[tuple[int, str]]:
        """Id and text of the comments that may be edited; those of strangers are left out."""
        ours = ("OWNER", "MEMBER", "COLLABORATOR")
        for each in self._pages(f"/issues/{self.number}/comments"):
            if each["user"]["type"] == "Bot" or each["author_association"] in ours:
                yield each["id"], each["body"]

    def comment(self, text: str, old: int | None) -> None:
        """Write a comment, or replace one."""
        if old is None:
            self._call("POST", f"/issues/{self.number}/comments", {"body": text})
        else:
            self._call("PATCH", f"/issues/comments/{old}", {"body": text})


def _of_github(data: dict[str, Any]) -> PullRequest:
    state: Literal["open", "closed", "merged"] = "merged" if data["merged_at"] else data["state"]
    return PullRequest(data["number"], data["html_url"], state, data["draft"], data["node_id"])


class GitLab(_Service):
    """A project on GitLab."""

    rights = "the role Developer and the scope `api`"
    _user = "oauth2"

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self._project = os.environ["CI_PROJECT_ID"]
        self._api = f"{os.environ['CI_API_V4_URL']}/projects/{self._project}"
        self._headers = {"PRIVATE-TOKEN": token}
        self.address = f"{os.environ['CI_PROJECT_URL']}.git"
        self.base = os.environ.get("CI_COMMIT_BRANCH", "")
        if number := os.environ.get("CI_MERGE_REQUEST_IID"):
            self.number = int(number)
            # Of a pipeline for merged results, the commit of the pipeline is another one.
            self.commit = (
                os.environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or os.environ["CI_COMMIT_SHA"]
            )
            source = os.environ["CI_MERGE_REQUEST_SOURCE_PROJECT_ID"]
            self.fork = source != os.environ["CI_MERGE_REQUEST_PROJECT_ID"]

    def newest(self, branch: str) -> PullRequest | None:
        wanted = {"source_branch": branch, "target_branch": self.base, "state": "all"}
        listed = self._pages("/merge_requests", wanted)
        # A fork can have a branch of the same name.
        ours = (each for each in listed if str(each["source_project_id"]) == self._project)
        found = map(_of_gitlab, ours)
        return max(found, key=lambda each: each.number, default=None)

    def open(self, branch: str, title: str, text: str, *, draft: bool) -> PullRequest:
        body = {"source_branch": branch, "target_branch": self.base, "remove_source_branch": True}
        return _of_gitlab(
            self._call("POST", "/merge_requests", {**body, **_described(title, text, draft)})
        )

    def edit(self, old: PullRequest, title: str, text: str, *, draft: bool) -> PullRequest:
        path = f"/merge_requests/{old.number}"
        return _of_gitlab(self._call("PUT", path, _described(title, text, draft)))

    def our_comments(self) -> Iterator[tuple[int, str]]:
        me = self._call("GET", f"{os.environ['CI_API_V4_URL']}/user")["id"]
        for each in self._pages(f"/merge_requests/{self.number}/notes"):
            if each["author"]["id"] == me:
                yield each["id"], each["body"]

    def comment(self, text: str, old: int | None) -> None:
        path = f"/merge_requests/{self.number}/notes"
        if old is None:
            self._call("POST", path, {"body": text})
        else:
            self._call("PUT", f"{path}/{old}", {"body": text})


def _described(title: str, text: str, draft: bool) -> dict[str, str]:
    return {"title": f"Draft: {title}" if draft else title, "description": text}


def _of_gitlab(data: dict[str, Any]) -> PullRequest:
    states: dict[str, Literal["open", "merged"]] = {
        "opened": "open", "locked": "open", "merged": "merged"
    }  # fmt: skip
    return PullRequest(
        data["iid"], data["web_url"], states.get(data["state"], "closed"), data["draft"]
    )


Host = GitHub | GitLab
