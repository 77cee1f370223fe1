"""The bump as a pull request: the steps as the action and GitLab's template run them, offline.

The hosting service is a stub on loopback, the remote a bare repository, the model simulated.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml
from hosting_stub import Service, said, served
from projects import NEW, OLD, Project
from simulator import calls

ACTION = Path(__file__).parents[2] / "action"
TOKEN = "t0ken"
COMMIT = "c0ffee" * 6
BRANCH = "pytest-claude/claude-sonnet-4-5-to-claude-sonnet-5-5"
TESTS = """
import os

def test_calls(claude):
    assert "BUMP_TOKEN" not in os.environ
    assert ask().stop_reason == "tool_use"
"""
CALLS = calls(("lookup_order", {"order_id": "1234"}))
pytestmark = [
    pytest.mark.child,
    pytest.mark.skipif(sys.platform == "win32", reason="the jobs run in bash, on Linux"),
]


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


class Desk:
    """A repository with a remote, on a hosting service."""

    def __init__(self, folder: Path, service: Service, api: str, on: str) -> None:
        self.folder, self.service, self.on = folder, service, on
        self.root, self.work = folder / "desk", folder / "job"
        self.remote = folder / "team" / "desk.git"
        self._event = folder / "event.json"
        self.event({})
        self._variables = {
            "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "team/desk", "GITHUB_API_URL": api,
            "GITHUB_GRAPHQL_URL": f"{api}/graphql", "GITHUB_SERVER_URL": folder.as_uri(),
            "GITHUB_REF_NAME": "main", "GITHUB_EVENT_PATH": str(self._event),
            "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_ACTION_PATH": str(ACTION),
        } if on == "github" else {
            "CI_API_V4_URL": f"{api}/api/v4", "CI_PROJECT_ID": "5", "CI_COMMIT_BRANCH": "main",
            "CI_PROJECT_URL": f"{folder.as_uri()}/team/desk", "STEPS": str(ACTION / "steps.py"),
        }  # fmt: skip

    def over_http(self, url: str) -> None:
        """Push to a server on loopback instead of a folder."""
        self._variables["GITHUB_SERVER_URL"] = url
        self._variables["CI_PROJECT_URL"] = f"{url}/team/desk"

    def event(self, about: Mapping[str, Any]) -> None:
        self._event.write_text(json.dumps(about))

    def job(self) -> None:
        """Check the remote's main out anew, as each job does; what jobs hand on is kept."""
        handed = self.work / "claude-bump"
        if handed.exists():
            handed.rename(self.folder / "artifact")
        shutil.rmtree(self.work, ignore_errors=True)
        git(self.folder, "clone", "-q", str(self.remote), str(self.work))
        if (self.folder / "artifact").exists():
            (self.folder / "artifact").rename(handed)

    def step(self, step: str, /, *, token: str = TOKEN, **given: str) -> tuple[int, str]:
        """Run a step: its exit status and what it printed."""
        if self.on == "github":
            command, settings = _of_action({"step": step, "token": token, **given})
        else:
            command = f'python "$STEPS" {step}'
            names = {"bump": "BUMP_MODELS", "report": "BUMP_REPORT", "name": "BUMP_NAME"}
            settings = {names.get(key, key): value for key, value in given.items()}
            settings["BUMP_TOKEN"] = token
            handed = self.work / "claude-bump" / "bump.env"
            if step in ("gate", "pull-request") and handed.exists():
                key, _, value = handed.read_text().strip().partition("=")
                settings[key] = value
        variables = {**os.environ, **self._variables, **settings}
        done = subprocess.run(
            ["bash", "-ec", command], cwd=self.work, env=variables, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return done.returncode, done.stdout

    def watch(self, **of_last: str) -> tuple[int, str]:
        """The three jobs of a week: the status of the last that ran, and what they printed."""
        shutil.rmtree(self.work, ignore_errors=True)
        status, printed, given = 0, "", {}
        for name in ("scan", "gate", "pull-request"):
            self.job()
            if name != "scan" and self.on == "github":
                output = (self.folder / "output").read_text()
                given = {"bump": output.strip().splitlines()[-1].removeprefix("bump=")}
            status, told = self.step(name, **given, **(of_last if name == "pull-request" else {}))
            printed += told
            if status:
                break
        return status, printed

    def show(self, what: str) -> str:
        return git(self.remote, "show", what)

    def files(self, branch: str) -> set[str]:
        return set(git(self.remote, "ls-tree", "-r", "--name-only", branch).splitlines())

    def push(self, branch: str, name: str, text: str) -> None:
        """Somebody commits a file to a branch of the remote."""
        clone = self.folder / "somebody"
        git(self.folder, "clone", "-q", "-b", branch, str(self.remote), str(clone))
        (clone / name).write_text(text)
        git(clone, "add", name)
        git(clone, "commit", "-q", "-m", "somebody's")
        git(clone, "push", "-q")
        shutil.rmtree(clone)

    def change(self, *commands: Sequence[str], **files: str) -> None:
        """Somebody runs git commands on main, writes Python files, and pushes it all."""
        clone = self.folder / "somebody"
        git(self.folder, "clone", "-q", str(self.remote), str(clone))
        for words in commands:
            git(clone, *words)
        for name, text in files.items():
            (clone / f"{name}.py").write_text(text)
        git(clone, "add", "-A")
        git(clone, "commit", "-q", "-m", "somebody's")
        git(clone, "push", "-q")
        shutil.rmtree(clone)


def _of_action(given: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The command of action.yml, and its variables with these inputs."""
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    inputs = {name: of.get("default", "") for name, of in action["inputs"].items()} | dict(given)
    (step,) = action["runs"]["steps"]
    names = {
        variable: re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", text)
        for variable, text in step["env"].items()
    }
    return step["run"], {name: inputs[found[1]] for name, found in names.items() if found}


@pytest.fixture(params=["github", "gitlab"])
def on(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service() -> Iterator[tuple[Service, str]]:
    with served() as pair:
        yield pair


@pytest.fixture
def desk(
    project: Project, recorded_once: Any, service: tuple[Service, str], on: str,
    warm_python: str, short_gates: None, monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Desk:  # fmt: skip
    """The remote holds an app on OLD with a recorded test."""
    project.app(sdk_in_children=True)
    project.tests(TESTS)
    recorded_once(project, "desk", lambda: project.record().assert_outcomes(passed=1))
    folder = tmp_path_factory.mktemp("hosted")
    desk = Desk(folder, *service, on)
    root = project.path
    (root / ".gitignore").write_text("__pycache__\n")
    git(root, "init", "-q", "-b", "main")
    git(
        root,
        "add",
        "app.py",
        "test_app.py",
        "conftest.py",
        "pyproject.toml",
        "cassettes",
        ".gitignore",
    )
    git(root, "commit", "-q", "-m", "desk")
    git(folder, "clone", "-q", "--bare", str(root), str(desk.remote))
    programs = folder / "bin"
    programs.mkdir()
    (programs / "python").symlink_to(warm_python)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_claude.plugin")
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI_", "BUMP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CI", "true")
    desk.job()
    return desk


def pull(desk: Desk) -> dict[str, Any]:
    (only,) = desk.service.pulls
    return only


def is_draft(pull: Mapping[str, Any]) -> bool:
    return bool(pull["draft"]) or pull["title"].startswith("Draft: ")


def refuse(desk: Desk, request: str, status: int, message: str) -> None:
    """Have the service refuse a request, which is told in GitHub's words."""
    names = {"/pulls": "/merge_requests", "/issues/3/comments": "/merge_requests/3/notes"}
    method, path = request.split()
    desk.service.refusals[f"{method} {path if desk.on == 'github' else names[path]}"] = (
        status, message,
    )  # fmt: skip


# --- the watch ------------------------------------------------------------------------------


def test_a_bump_that_passes_becomes_one_pull_request_that_is_ready(project, desk: Desk) -> None:
    project.personas(new=CALLS)
    with project.server():
        status, printed = desk.watch()
        assert (status, printed.splitlines()[-1]) == (0, "opened https://host/1"), printed
        assert (pull(desk)["head"], pull(desk)["base"]) == (BRANCH, "main")
        assert pull(desk)["title"] == f"Bump {OLD} to {NEW}"
        assert "PASS" in pull(desk)["body"]
        assert f"<summary>Preflight of {NEW}</summary>" in pull(desk)["body"]
        assert f'MODEL = "{NEW}"' in desk.show(f"{BRANCH}:app.py")
        files = desk.files(BRANCH)
        kept = {name for name in files if name.startswith("cassettes/test_app")}
        assert kept
        assert all(NEW in name for name in kept)
        assert not any("claude-bump/" in name or "pycache" in name for name in files)
        assert desk.service.tokens == {TOKEN}
        before, asked = desk.show(BRANCH), len(project.simulator.bodies)
        desk.push("main", "notes.txt", "merged meanwhile")
        status, printed = desk.watch()
    assert status == 0
    assert "https://host/1 waits for you" in printed
    assert printed.endswith("nothing to do: no bump was judged\n")
    assert desk.show(BRANCH) == before
    assert len(project.simulator.bodies) == asked


def test_a_red_gate_is_a_draft_with_its_report_that_goes_on_once_main_has_moved(
    project, desk: Desk
) -> None:
    with project.server():
        status, printed = desk.watch()
        assert status == 0, printed
        assert is_draft(pull(desk))
        assert pull(desk)["title"].endswith(f"Bump {OLD} to {NEW}: FAIL")
        assert f"pytest --claude-bump {OLD}={NEW} --claude-record" in pull(desk)["body"]
        assert "1 of 1 test" in pull(desk)["body"]
        assert f'MODEL = "{OLD}"' in desk.show(f"{BRANCH}:app.py")
        changed = git(desk.remote, "diff", "--name-only", f"main...{BRANCH}").splitlines()
        assert changed
        assert all(name.startswith("cassettes/_gate/") for name in changed)
        asked = len(project.simulator.bodies)

        status, printed = desk.watch()
        assert "https://host/1 says what failed, and nothing was merged since" in printed

        desk.push("main", "notes.txt", "merged meanwhile")
        status, printed = desk.watch()
        assert printed.endswith("updated https://host/1\n"), printed
        assert len(project.simulator.bodies) == asked, "nothing is paid twice"
        assert is_draft(pull(desk))
        assert git(desk.remote, "merge-base", BRANCH, "main") == git(
            desk.remote, "rev-parse", "main"
        )
        assert git(desk.remote, "rev-list", "--count", f"main..{BRANCH}") == "1"

    project.personas(new=CALLS)
    app = desk.show("main:app.py").replace("I want a refund", "I want a refund now")
    project.pytester.makepyfile(app=app)
    project.record("--claude-record-in-ci").assert_outcomes(passed=1)
    desk.push("main", "app.py", app)
    for path in (project.path / "cassettes" / "test_app").rglob("*.yaml"):
        desk.push("main", path.relative_to(project.path).as_posix(), path.read_text())
    with project.server():
        status, printed = desk.watch()
    assert printed.endswith("updated https://host/1\n"), printed
    assert pull(desk)["title"] == f"Bump {OLD} to {NEW}"
    assert not is_draft(pull(desk))


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_an_app_whose_own_code_must_follow_gets_a_draft_that_says_so(project, desk: Desk) -> None:
    project.personas(new=CALLS)
    tests = """
def test_calls(claude):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    assert ask("Hours?", max_tokens=2000, thinking=thinking).stop_reason == "tool_use"
"""
    project.tests(tests)
    project.record("--claude-record-in-ci").assert_outcomes(passed=1)
    desk.push("main", "test_app.py", (project.path / "test_app.py").read_text())
    for path in (project.path / "cassettes").rglob("*.yaml"):
        desk.push("main", path.relative_to(project.path).as_posix(), path.read_text())
    with project.server():
        status, printed = desk.watch()
    assert status == 0, printed
    assert is_draft(pull(desk))
    assert pull(desk)["title"].endswith("the app must follow")
    assert "**plain replay is not green**" in pull(desk)["body"]
    assert "`thinking" in pull(desk)["body"].partition("Plain replay:")[2]


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_the_recordings_are_committed_wherever_the_project_keeps_them_and_nothing_else_is(
    project, desk: Desk
) -> None:
    project.personas(new=CALLS)
    desk.push("main", "notes.txt", "as it was")
    ini = desk.show("main:pyproject.toml")
    desk.push("main", "pyproject.toml", f'{ini}\nclaude_cassette_dir = "recorded"\n')
    writes = f'{desk.show("main:test_app.py")}\n    open("notes.txt", "w").write("by a test")\n'
    desk.change(("mv", "cassettes", "recorded"), test_app=writes)
    with project.server():
        status, printed = desk.watch()
    assert status == 0, printed
    assert pull(desk)["title"] == f"Bump {OLD} to {NEW}"
    assert not is_draft(pull(desk))
    changed = git(desk.remote, "diff", "--name-only", f"main..{BRANCH}").splitlines()
    assert "app.py" in changed
    assert {name.partition("/")[0] for name in changed} == {"app.py", "recorded"}
    assert any(NEW in name for name in changed)


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_a_bump_is_not_ready_where_its_tests_need_what_is_not_committed(
    project, desk: Desk
) -> None:
    project.personas(new=CALLS)
    needs = """
    import pathlib, sys
    path = pathlib.Path("generated.txt")
    if "--claude-record" in sys.argv:
        path.write_text("by the gate")
    assert path.exists()
"""
    desk.change(test_app=desk.show("main:test_app.py") + needs)
    with project.server():
        status, printed = desk.watch()
    assert status == 0, printed
    assert is_draft(pull(desk))
    assert pull(desk)["title"].endswith("the app must follow")
    assert "generated.txt" not in desk.files(BRANCH)
    assert "Claude-Bump: replay" in desk.show(BRANCH)


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_a_test_that_the_gate_does_not_judge_is_not_its_verdict(project, desk: Desk) -> None:
    project.personas(new=CALLS)
    desk.change(test_sums="def test_sum():\n    assert 1 + 1 == 3\n")
    with project.server():
        status, printed = desk.watch()
        assert status == 0, printed
        assert is_draft(pull(desk))
        assert pull(desk)["title"] == f"Bump {OLD} to {NEW}: other tests fail"
        assert "The gate passes; **other tests fail**" in pull(desk)["body"]
        assert "Other tests that fail: 1\n\n- `test_sums.test_sum`" in pull(desk)["body"]
        assert f'MODEL = "{NEW}"' in desk.show(f"{BRANCH}:app.py")


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_trials_that_were_paid_for_are_handed_on_whatever_fails_after_them(
    project, desk: Desk
) -> None:
    project.personas(new=CALLS)
    refuses = """
import sys, pytest
if "--claude-bump" in sys.argv and "--claude-record" not in sys.argv:
    raise pytest.UsageError("not today")
"""
    desk.change(conftest=desk.show("main:conftest.py") + refuses)
    desk.job()
    with project.server():
        status, printed = desk.step("gate", bump=f"{OLD}={NEW}")
    assert status == 4
    assert "adopt failed" in printed.splitlines()[-1]
    bundle = str(desk.work / "claude-bump" / "bump.bundle")
    git(desk.remote, "fetch", "-q", bundle, f"{BRANCH}:kept")
    changed = git(desk.remote, "diff", "--name-only", "main..kept").splitlines()
    assert changed
    assert all(name.startswith("cassettes/_gate/") for name in changed)


@pytest.mark.parametrize("name", [".github/workflows/all.yml", "setup.py"])
@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_a_branch_that_changes_what_no_bump_changes_is_not_pushed(
    project, desk: Desk, name: str
) -> None:
    with project.server():
        desk.step("gate", bump=f"{OLD}={NEW}")
    path = desk.work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("bad")
    git(desk.work, "add", name)
    git(desk.work, "commit", "-q", "--amend", "--no-edit")
    bundle = str(desk.work / "claude-bump" / "bump.bundle")
    git(desk.work, "bundle", "create", "-q", bundle, f"origin/main..{BRANCH}")
    desk.job()
    status, printed = desk.step("pull-request", bump=f"{OLD}={NEW}")
    assert status == 1
    assert f"the gate changed {name}, which is no part of a bump" in printed
    assert not desk.service.pulls


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_a_branch_with_commits_of_others_is_left_alone(project, desk: Desk) -> None:
    with project.server():
        desk.watch()
        desk.push(BRANCH, "app.py", "mended = True")
        desk.push("main", "notes.txt", "merged meanwhile")
        before = desk.show(BRANCH)
        status, printed = desk.watch()
    assert status == 0
    assert f"the branch {BRANCH} has commits of others and is left alone" in printed
    assert desk.show(BRANCH) == before


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_a_push_that_came_between_is_not_overwritten(project, desk: Desk) -> None:
    with project.server():
        desk.watch()
        desk.push("main", "notes.txt", "merged meanwhile")
        desk.job()
        desk.step("gate", bump=f"{OLD}={NEW}")
        desk.push(BRANCH, "app.py", "mended = True")
        before = desk.show(BRANCH)
        desk.job()
        status, printed = desk.step("pull-request", bump=f"{OLD}={NEW}")
    assert status == 1
    assert f"{BRANCH} was pushed to meanwhile; nothing was overwritten" in printed
    assert desk.show(BRANCH) == before


def test_a_token_that_may_not_push_is_told_in_one_sentence(
    project, desk: Desk, service: tuple[Service, str]
) -> None:
    with project.server():
        desk.step("scan")
        desk.step("gate", bump=f"{OLD}={NEW}")
    desk.over_http(service[1])
    desk.service.refusals["GET /team/desk.git/info/refs"] = (403, "no")
    status, printed = desk.step("pull-request", bump=f"{OLD}={NEW}")
    assert status == 1
    assert f"{BRANCH} was not pushed. The token needs " in printed.splitlines()[-1]
    user = "x-access-token" if desk.on == "github" else "oauth2"
    word = base64.b64encode(f"{user}:{TOKEN}".encode()).decode()
    assert desk.service.tokens == {TOKEN, f"Basic {word}"}
    assert not desk.service.pulls


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_no_other_branch_is_pushed_whatever_the_gate_hands_on(project, desk: Desk) -> None:
    with project.server():
        desk.step("gate", bump=f"{OLD}={NEW}")
    path = desk.work / "claude-bump" / "pull_request.json"
    path.write_text(path.read_text().replace(BRANCH, "main"))
    before = desk.show("main")
    status, printed = desk.step("pull-request", bump=f"{OLD}={NEW}")
    assert (status, desk.show("main")) == (1, before)
    assert f"main is no branch of {OLD}={NEW}" in printed


def test_a_pull_request_that_was_closed_is_opened_again_once_its_branch_is_gone(
    desk: Desk,
) -> None:
    git(desk.remote, "branch", BRANCH, "main")
    head = {"head": BRANCH, "base": "main", "title": "Bump", "body": ""}
    desk.service.answer("POST", "/repos/team/desk/pulls", head)
    pull(desk)["state"] = "closed"
    status, printed = desk.watch()
    assert status == 0
    assert "https://host/1 was closed; reopen it to go on, or delete its branch" in printed
    assert len(desk.service.pulls) == 1
    git(desk.remote, "branch", "-D", BRANCH)
    desk.job()
    assert desk.step("scan") == (0, f"to do: {OLD}={NEW}\n")


def test_nothing_is_asked_where_no_model_retires(desk: Desk) -> None:
    days = "within" if desk.on == "github" else "BUMP_WITHIN_DAYS"
    status, printed = desk.step("scan", token="", **{days: "off"})
    assert status == 0
    assert printed == "nothing to do: no model that the project names retires soon\n"
    assert desk.service.asked == []
    assert desk.step("gate")[0] == 0


@pytest.mark.parametrize("moved", [False, True], ids=["", "main has moved"])
@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_what_a_refusal_kept_from_being_opened_is_opened_by_the_next_run(
    project, desk: Desk, moved: bool
) -> None:
    project.personas(new=CALLS)
    words = "GitHub Actions is not permitted to create or approve pull requests."
    refuse(desk, "POST /pulls", 403, words)
    with project.server():
        status, printed = desk.watch()
        assert status == 1
        (line,) = (line for line in printed.splitlines() if "403" in line)
        assert words in line
        assert "the token needs" in line
        desk.service.refusals.clear()
        asked = len(project.simulator.bodies)
        if moved:
            desk.push("main", "notes.txt", "merged meanwhile")
        status, printed = desk.watch()
        assert printed.endswith("opened https://host/1\n"), printed
        assert (len(project.simulator.bodies) > asked) == moved, "paid again where main has moved"
    assert git(desk.remote, "rev-list", "--count", f"main..{BRANCH}") == "1"
    assert git(desk.remote, "rev-list", "--count", f"{BRANCH}..main") == "0"
    assert "PASS" in pull(desk)["body"]
    assert not is_draft(pull(desk))


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_where_there_are_no_drafts_the_title_says_that_it_is_red(project, desk: Desk) -> None:
    desk.service.has_drafts = False
    with project.server():
        status, printed = desk.watch()
    assert status == 0, printed
    assert pull(desk)["title"].endswith(": FAIL")
    assert not pull(desk)["draft"]


def test_without_a_token_or_with_a_bad_one_one_sentence_says_so(desk: Desk) -> None:
    status, printed = desk.step("scan", token="")
    assert status == 4
    assert "no token is set (it needs" in printed.splitlines()[-1]
    refuse(desk, "GET /pulls", 401, "Bad credentials")
    status, printed = desk.step("scan")
    assert status == 1
    assert "Bad credentials (the token needs" in printed.splitlines()[-1]


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_without_a_key_nothing_is_opened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    status, printed = desk.watch()
    assert status == 4
    assert printed.splitlines()[-1].endswith(
        "the gate did not run: pytest ended with exit status 4"
    )
    assert "ANTHROPIC_API_KEY" in printed
    assert not desk.service.pulls


@pytest.mark.parametrize("on", ["github"], indirect=True)
def test_a_cut_checkout_is_told(desk: Desk) -> None:
    git(desk.folder, "clone", "-q", "--depth=1", desk.remote.as_uri(), str(desk.folder / "cut"))
    desk.work = desk.folder / "cut"
    status, printed = desk.step("scan")
    assert status == 4
    assert "fetch-depth: 0" in printed


# --- the comment ----------------------------------------------------------------------------


def for_pull_request(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, fork: bool = False) -> None:
    """The job runs for pull request 3."""
    source = "fork/desk" if fork else "team/desk"
    head = {"repo": {"full_name": source}, "sha": COMMIT}
    desk.event({"pull_request": {"number": 3, "head": head}})
    if desk.on == "gitlab":
        monkeypatch.setenv("CI_MERGE_REQUEST_IID", "3")
        monkeypatch.setenv("CI_COMMIT_SHA", COMMIT)
        monkeypatch.setenv("CI_MERGE_REQUEST_PROJECT_ID", "5")
        monkeypatch.setenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "6" if fork else "5")


def test_one_comment_is_written_and_then_edited(desk: Desk, monkeypatch) -> None:
    for_pull_request(desk, monkeypatch)
    mark = "<!-- pytest-claude: tests -->"
    others = [said("hello", n) for n in range(1, 120)]
    desk.service.comments = [*others, said(f"{mark}\nwritten by a stranger", 120, ours=False)]
    for text in ("first", "second"):
        (desk.work / "claude.md").write_text(text)
        assert desk.step("comment") == (0, "")
    assert desk.step("comment", name="gate") == (0, "")
    bodies = [comment["body"] for comment in desk.service.comments[119:]]
    assert bodies == [
        f"{mark}\nwritten by a stranger", f"{mark}\nCommit {COMMIT}\n\nsecond",
        f"<!-- pytest-claude: gate -->\nCommit {COMMIT}\n\nsecond",
    ]  # fmt: skip


@pytest.mark.parametrize("token", [TOKEN, ""], ids=["a token that may not", "no token"])
@pytest.mark.parametrize("fork", [True, False], ids=["of a fork", "of the project"])
def test_a_comment_that_may_not_be_written_fails_the_job_except_for_a_fork(
    desk: Desk, monkeypatch, fork: bool, token: str
) -> None:
    for_pull_request(desk, monkeypatch, fork=fork)
    refuse(desk, "POST /issues/3/comments", 403, "Resource not accessible by integration")
    (desk.work / "claude.md").write_text("text")
    status, printed = desk.step("comment", token=token)
    assert status == (0 if fork else 1 if token else 4)
    assert ("jobs for a fork may not write one" in printed) == fork
    assert ("Resource not accessible" if token else "no token is set") in printed
    assert len(printed.splitlines()) == 1


def test_a_run_that_wrote_no_report_replaces_what_an_earlier_one_said(
    desk: Desk, monkeypatch
) -> None:
    for_pull_request(desk, monkeypatch)
    said_why = "claude.md was not written, so pytest did not run to its end\n"
    assert desk.step("comment") == (0, said_why)
    assert not desk.service.comments
    (desk.work / "claude.md").write_text("PASS")
    desk.step("comment")
    (desk.work / "claude.md").unlink()
    assert desk.step("comment") == (0, said_why)
    (only,) = desk.service.comments
    assert f"The run for commit {COMMIT} did not end" in only["body"]
    assert "PASS" not in only["body"]


@pytest.mark.parametrize("status", [403, 429, 502])
def test_a_service_that_is_busy_is_asked_again_and_fails_no_check(
    desk: Desk, monkeypatch, status: int
) -> None:
    for_pull_request(desk, monkeypatch)
    kind = "issues" if desk.on == "github" else "merge_requests"
    path = f"/{kind}/3/{'comments' if desk.on == 'github' else 'notes'}"
    (desk.work / "claude.md").write_text("text")
    desk.service.hiccups = [(f"GET {path}", status, "busy")] * 2
    assert desk.step("comment") == (0, "")
    assert len(desk.service.comments) == 1
    (desk.work / "claude.md").write_text("text")
    desk.service.hiccups = [(f"GET {path}", status, "busy")] * 4
    code, printed = desk.step("comment")
    assert code == 0
    assert f"the service does not answer (HTTP {status} to GET" in printed
    assert "the token needs" not in printed
    assert len(desk.service.comments) == 1


@pytest.mark.parametrize(
    ("after", "expected"), [("", [2, 10, 60]), ("7", [7, 7, 7]), ("99999", [120, 120, 120])]
)
def test_only_reading_is_tried_again_and_each_wait_has_a_bound(
    monkeypatch, after: str, expected: list[int]
) -> None:
    monkeypatch.syspath_prepend(ACTION)
    hosting = importlib.import_module("hosting")
    for name, value in {"CI_API_V4_URL": "http://host", "CI_PROJECT_ID": "5"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CI_PROJECT_URL", "http://host/team/desk")
    waits: list[float] = []
    sent: list[str] = []
    hosted = hosting.GitLab(TOKEN)
    hosted.sleep = waits.append

    def refuse_it(request: urllib.request.Request, timeout: float) -> None:
        sent.append(request.get_method())
        headers = Message()
        if after:
            headers["Retry-After"] = after
        raise urllib.error.HTTPError(request.full_url, 429, "", headers, io.BytesIO(b"{}"))

    monkeypatch.setattr("urllib.request.urlopen", refuse_it)
    with pytest.raises(hosting.Refused):
        hosted.newest(BRANCH)
    assert (sent, waits) == (["GET"] * 4, expected)
    with pytest.raises(hosting.Refused):
        hosted.open(BRANCH, "title", "text", draft=False)
    assert (sent[4:], waits) == (["POST"], expected)


@pytest.mark.parametrize("on", ["gitlab"], indirect=True)
@pytest.mark.parametrize(
    "other",
    [{"source_project_id": 6}, {"base": "release"}],
    ids=["of a fork", "into another branch"],
)
def test_a_merge_request_of_others_with_the_same_branch_name_is_not_ours(
    desk: Desk, other: dict[str, Any]
) -> None:
    git(desk.remote, "branch", BRANCH, "main")
    head = {"head": BRANCH, "base": "main", "title": "Bump", "body": ""}
    desk.service.answer("POST", "/repos/team/desk/pulls", head)
    pull(desk).update({"state": "closed", **other})
    assert desk.step("scan") == (0, f"to do: {OLD}={NEW}\n")


def test_without_a_pull_request_there_is_no_comment(desk: Desk) -> None:
    (desk.work / "claude.md").write_text("text")
    status, printed = desk.step("comment")
    assert (status, printed) == (0, "no comment: the job does not run for a pull request\n")


# --- the files ------------------------------------------------------------------------------

TEMPLATES = sorted((ACTION / "templates").glob("claude-*.yml"))


def test_action_and_template_set_each_variable_that_the_steps_read() -> None:
    read = set(re.findall(r"BUMP_[A-Z_]+", (ACTION / "steps.py").read_text("utf-8")))
    (step,) = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))["runs"]["steps"]
    assert read == set(step["env"]) - {"BUMP_STEP"}


def test_each_job_of_gitlab_that_records_keeps_what_was_paid_for() -> None:
    jobs = yaml.safe_load((ACTION / "templates" / "gitlab-ci.yml").read_text("utf-8"))
    records = {name for name, job in jobs.items() if "environment" in job} - {
        "claude-scan", "claude-merge-request"
    }  # fmt: skip
    assert records == {"claude-gate", "claude-judge"}
    for name in records:
        assert "cassettes" in jobs[name]["artifacts"]["paths"]
        assert "when" not in jobs[name]["artifacts"]
    assert jobs[".claude"]["artifacts"]["when"] == "always"
    assert jobs["claude-gate"]["environment"]["name"] != jobs["claude-judge"]["environment"]["name"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_workflow_has_the_rights_it_needs_and_pastes_no_text_into_a_shell(template: Path) -> None:
    action = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))
    workflow = yaml.safe_load(template.read_text("utf-8"))
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        text = yaml.safe_dump(job)
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        if "ANTHROPIC_API_KEY" in text:
            assert job["environment"] == "claude"
            assert "BUMP_TOKEN" not in text
            assert not writes
            kept = [step for step in job["steps"] if "cassettes" in yaml.safe_dump(step)]
            assert [step["if"] for step in kept] == ["always()"], "what was paid for is kept"
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if "uses" in step and not step["uses"].startswith("$/"):
                assert re.search(r"@v\d+$", step["uses"])
            if step.get("uses", "").startswith("$/"):
                assert set(step["with"]) <= set(action["inputs"])
