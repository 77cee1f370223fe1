"""The steps of the bump as a pull request, on GitHub Actions and in GitLab CI.

    python steps.py scan | gate | pull-request | comment

Settings are environment variables, so that no text of a pull request is pasted into a shell:
`action.yml` and `templates/gitlab-ci.yml` set them. `gate` runs the project's tests and gets the
model's key; `pull-request` gets the token that may push, and runs nothing of the project.

Exit status: 0 done, or nothing to do; 1 git or the hosting service refused; 4 a setting is missing;
`gate` passes on what kept pytest from judging.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from hosting import GitHub, GitLab, Host, Problem, Refused

EMAIL = "pytest-claude@users.noreply.invalid"  # who commits: another one's commits are left alone
FOLDER = Path("claude-bump")  # what one job hands to the next
LONGEST = 60_000  # characters; GitHub takes 65,536
PREFIX = "pytest-claude/"  # of all branches that are pushed
JUDGED = (0, 1, 10)  # exit statuses of a gate that ran; its run file has the verdict
# replay: plain replay is not green, so the app's code must follow; others: tests that the gate
# does not judge fail.
PASSED = ("pass", "replay", "others")
RED = ("failure", "error")  # of a test, in JUnit
ON_GITHUB = "GITHUB_ACTIONS" in os.environ


def host() -> Host:
    token = os.environ.get("BUMP_TOKEN", "")
    return GitHub(token) if ON_GITHUB else GitLab(token)


def folder() -> Path:
    """FOLDER, which git does not see: `scan` and `adopt --edit` read what git would add."""
    FOLDER.mkdir(exist_ok=True)
    Path(FOLDER, ".gitignore").write_text("*\n", "utf-8")
    return FOLDER


def git(*words: str, variables: dict[str, str] | None = None) -> str:
    """What git prints.

    Raises:
        Problem: It failed.
    """
    command = [
        "git",
        "--literal-pathspecs",
        "-c",
        "user.name=pytest-claude",
        "-c",
        f"user.email={EMAIL}",
        *words,
    ]
    together = {**os.environ, **(variables or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=together)
    if done.returncode:
        raise Problem(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def run(*words: str, shown: bool = True, cwd: Path | None = None) -> tuple[int, str]:
    """The status of a command of the project's Python, and what it printed; it gets no token."""
    variables = {k: v for k, v in os.environ.items() if k not in ("BUMP_TOKEN", "BUMP_API_KEY")}
    if key := os.environ.get("BUMP_API_KEY"):
        variables["ANTHROPIC_API_KEY"] = key
    done = subprocess.run(
        [sys.executable, "-m", *words],
        check=False,
        stdout=None if shown else subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**variables, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return done.returncode, done.stdout or ""


# --- scan -----------------------------------------------------------------------------------


def scan() -> int:
    """Say which bump is due; the first one that has not been proposed."""
    typed = os.environ.get("BUMP_MODELS", "").split()
    due = [typed] if typed else [[pair] for pair in _retiring()]
    planned: list[str] = []
    if not due:
        print("nothing to do: no model that the project names retires soon")
    else:
        hosted = host()
        for pairs in due:
            if not (reason := _reason_against(hosted, pairs)):
                planned = pairs
                break
            print(f"nothing to do for {' '.join(pairs)}: {reason}")
    Path(folder(), "bump.env").write_text(f"BUMP_PLANNED={' '.join(planned)}\n", "utf-8")
    if planned:
        print(f"to do: {' '.join(planned)}")
    if ON_GITHUB:
        with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
            output.write(f"bump={' '.join(planned)}\n")
    return 0


def _retiring() -> list[str]:
    """OLD=NEW of each model that retires within the days that the project looks ahead."""
    days = os.environ.get("BUMP_WITHIN_DAYS")
    command = ["pytest_claude.cli", "scan", "--json", *([f"--within={days}"] if days else [])]
    status, printed = run(*command, shown=False)
    if status not in (0, 1):
        raise Problem("pytest-claude scan failed: it says above why", status)
    uses = [use for use in map(json.loads, printed.splitlines()) if use["retiring"]]
    for model in dict.fromkeys(use["model"] for use in uses if not use["replacement"]):
        print(f"{model} retires, and what takes its place is unknown: set `bump` to {model}=NEW")
    uses = sorted((use for use in uses if use["replacement"]), key=lambda use: use["retires_on"])
    return list(dict.fromkeys(f"{use['model']}={use['replacement']}" for use in uses))


def _branch(pairs: list[str]) -> str:
    name = "-and-".join(pair.replace("=", "-to-") for pair in pairs)
    return PREFIX + re.sub(r"[^A-Za-z0-9-]+", "-", name)


def _tip(branch: str) -> str:
    """The commit of a branch on the hosting service, as it was fetched; empty where it has none."""
    return git("for-each-ref", "--format=%(objectname)", f"refs/remotes/origin/{branch}")


def _verdict(commit: str) -> str:
    """The verdict that a commit holds; empty where there is no commit."""
    wanted = "--format=%(trailers:key=Claude-Bump,valueonly)"
    return git("log", "-1", wanted, commit) if commit else ""


def _has_moved(tip: str) -> bool:
    """Whether the base went on since a branch left it."""
    return git("merge-base", "HEAD", tip) != git("rev-parse", "HEAD")


def _reason_against(hosted: Host, pairs: list[str]) -> str | None:
    """Why a bump is not to be made now; None where it is."""
    tip = _tip(branch := _branch(pairs))
    authors = git("log", "--format=%ce", f"HEAD..{tip}").split() if tip else []
    if any(author != EMAIL for author in authors):
        return f"the branch {branch} has commits of others and is left alone"
    request = hosted.newest(branch)
    if request is None or request.state == "merged" or not tip:
        return None
    if request.state == "closed":
        return f"{request.url} was closed; reopen it to go on, or delete its branch to start anew"
    if _verdict(tip) in PASSED:
        return f"{request.url} waits for you"
    if _verdict(tip) == "fail" and not _has_moved(tip):
        return f"{request.url} says what failed, and nothing was merged since"
    return None


# --- gate -----------------------------------------------------------------------------------


def gate() -> int:
    """Judge the planned bump, and hand on a branch and the text of its pull request."""
    pairs = os.environ.get("BUMP_PLANNED", "").split()
    if not pairs:
        print("nothing to do: no bump is planned")
        return 0
    folder()
    branch, base = _branch(pairs), git("rev-parse", "HEAD")
    tip = _tip(branch)
    verdict, more = _verdict(tip), ""
    if verdict in PASSED and not _has_moved(tip):
        print(f"{branch} was judged before; its pull request is opened now")
        git("switch", "-q", "-C", branch, tip)
    else:
        git("switch", "-q", "-C", branch)
        if verdict and verdict not in PASSED:
            _take_trials(tip)
        verdict, more = _judge(pairs, branch, base)
    text = _text(pairs, verdict, base) + more
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}\n\n… cut here: the whole report is an artifact of the job"
    _bundle(branch, base)
    handed = {
        "branch": branch, "over": tip, "title": _title(pairs, verdict), "text": text,
        "draft": verdict != "pass",
    }  # fmt: skip
    Path(FOLDER, "pull_request.json").write_text(json.dumps(handed), "utf-8")
    return 0


def _take_trials(tip: str) -> None:
    """Bring what an earlier gate recorded to the base of today: nothing is paid twice."""
    names = git("diff", "--name-only", "--no-renames", "--diff-filter=d", "-z", f"HEAD...{tip}")
    listed = folder() / "trials"
    listed.write_text(names, "utf-8")
    git("restore", f"--source={tip}", f"--pathspec-from-file={listed}", "--pathspec-file-nul")


def _judge(pairs: list[str], branch: str, base: str) -> tuple[str, str]:
    """Preflight, gate, adopt, commit: the verdict, and what the text says beside it."""
    arguments = shlex.split(os.environ.get("BUMP_PYTEST_ARGS", ""))
    more = ""
    for old, _, new in (pair.partition("=") for pair in pairs):
        status, printed = run("pytest_claude.cli", "preflight", new, "--from", old, shown=False)
        print(printed)
        if status in (0, 1):
            folded = f"<summary>Preflight of {new}</summary>\n\n{_quoted(printed)}\n\n"
            more += f"\n\n<details>{folded}</details>"
    named, cassettes = _files(pairs)
    report, tests = FOLDER / "claude.json", FOLDER / "junit.xml"
    for path in (report, tests):
        path.unlink(missing_ok=True)
    kinds = (report, FOLDER / "claude.md", FOLDER / "claude.html")
    status, _ = run(
        "pytest_claude.cli", "bump", *pairs, "--", "--claude-record", "--claude-record-in-ci",
        f"--claude-budget={os.environ.get('BUMP_BUDGET_USD') or 10}", *arguments,
        *(f"--claude-report={path.absolute()}" for path in kinds),
        f"--junitxml={tests.absolute()}",
    )  # fmt: skip
    # What was paid for is kept, whatever the next steps do.
    if _commit(base, f"Trials of {' '.join(pairs)}\n\nClaude-Bump: undecided", cassettes):
        _bundle(branch, base)
    if status not in JUDGED:
        raise Problem(f"the gate did not run: pytest ended with exit status {status}", status)
    verdict = _judged(report)
    if verdict is None:
        raise Problem(f"the gate judged nothing: pytest ended with exit status {status}")
    if verdict == "pass":
        status, _ = run("pytest_claude.cli", "adopt", "--edit", "--yes", *pairs, "--", *arguments)
        if status:
            raise Problem(
                "pytest-claude adopt failed: it says above why. The trials are in bump.bundle of "
                "the job's artifact: git fetch bump.bundle",
                status,
            )
    message = "{title}\n\nClaude-Bump: {verdict}"
    first = message.format(title=_title(pairs, verdict), verdict=verdict)
    if not _commit(base, first, [*cassettes, *(named if verdict == "pass" else ())]):
        raise Problem("the gate recorded nothing: it says above why; is the model's key set?")
    if verdict == "pass":
        failing, printed = _replay(arguments)
        if failing is not None:
            verdict = "others" if failing and failing <= _failing(tests) else "replay"
            if verdict == "others":
                listed = "\n".join(f"- `{name}`" for name in sorted(failing))
                more = f"\n\nOther tests that fail: {len(failing)}\n\n{listed}{more}"
            more = f"\n\nPlain replay:\n\n{_quoted(printed[-LONGEST // 4 :])}{more}"
            last = message.format(title=_title(pairs, verdict), verdict=verdict)
            git("commit", "-q", "--amend", "--no-verify", "-m", last)
    return verdict, more


def _files(pairs: list[str]) -> tuple[list[str], list[str]]:
    """The files that `adopt --edit` edits, and the folders of cassettes, as paths from here."""
    from pytest_claude.cli.project import read_project  # late: comments are written without it
    from pytest_claude.cli.source_files import files_that_name
    from pytest_claude.errors import SettingsError

    try:
        project = read_project(Path.cwd())
        split = [(old, new) for old, _, new in (pair.partition("=") for pair in pairs)]
        named = [path.as_posix() for path, _ in files_that_name(project, split)]
        roots = [Path(os.path.relpath(root)).as_posix() for root in project.cassette_roots]
    except SettingsError as error:
        raise Problem(str(error), 4) from None
    return named, roots


def _commit(base: str, message: str, paths: list[str]) -> bool:
    """Make what is at these paths the one commit after the base; whether anything is different."""
    git("reset", "-q", "--soft", base)
    tracked = (path for path in paths if Path(path).exists() or git("ls-files", "--", path))
    if there := list(tracked):
        git("add", "-A", "--", *there)
    if not git("diff", "--cached", "--name-only"):
        return False
    git("commit", "-q", "--no-verify", "-m", message)
    return True


def _bundle(branch: str, base: str) -> None:
    git("bundle", "create", "-q", str(FOLDER / "bump.bundle"), f"{base}..{branch}")


def _judged(report: Path) -> str | None:
    """The verdict of a run file; None where nothing was judged."""
    from pytest_claude.run.record import loads  # late: comments are written without it

    return loads(report.read_text("utf-8"), report.name).overall if report.exists() else None


def _replay(arguments: list[str]) -> tuple[set[str] | None, str]:
    """Replay the commit where nothing else is: the tests that fail, and what pytest printed.

    None where pytest is green. The set is empty where pytest failed without a failing test.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        checkout, tests = Path(folder, "commit"), Path(folder, "junit.xml")
        git("worktree", "add", "-q", "--detach", str(checkout), "HEAD")
        try:
            words = ("pytest", "-q", "--no-header", *arguments, f"--junitxml={tests}")
            status, printed = run(*words, shown=False, cwd=checkout)
        finally:
            git("worktree", "remove", "--force", str(checkout))
        return (_failing(tests) if status else None), printed


def _failing(report: Path) -> set[str]:
    """The tests that fail, as a JUnit file says."""
    if not report.exists():
        return set()
    cases = ElementTree.parse(report).iter("testcase")
    red = (each for each in cases if any(each.find(kind) is not None for kind in RED))
    return {f"{each.get('classname')}.{each.get('name')}" for each in red}


def _quoted(printed: str) -> str:
    """Lines as a block of Markdown, whatever they hold."""
    return "\n".join(f"    {line}" for line in printed.splitlines())


def _title(pairs: list[str], verdict: str) -> str:
    title = "Bump " + " and ".join(pair.replace("=", " to ") for pair in pairs)
    ends = {"fail": ": FAIL", "undecided": ": UNDECIDED", "replay": ": the app must follow"}
    ends["others"] = ": other tests fail"
    return title + ends.get(verdict, "")


def _text(pairs: list[str], verdict: str, base: str) -> str:
    """BUMP.md where the gate passed, else its report; what is left to do comes first."""
    typed = " ".join(pairs)
    if verdict in PASSED:
        names = git("diff", "--name-only", "--diff-filter=d", f"{base}..HEAD").splitlines()
        notes = [Path(name).read_text("utf-8") for name in names if name.endswith("/BUMP.md")]
        first = {
            "replay": "The gate passes, but **plain replay is not green**: the app's own code must "
            "follow. Check this branch out, change it, and push.\n\n",
            "others": "The gate passes; **other tests fail**. They failed in the gate's run of "
            "pytest too, and it does not judge them.\n\n",
        }
        return first.get(verdict, "") + "\n".join(notes)
    pytest = " ".join(f"--claude-bump {pair}" for pair in pairs)
    return (
        f"The gate says **{verdict.upper()}**. No model id was edited: this branch holds the "
        "trials that were recorded, and nothing else. Check it out, mend the app, and judge again; "
        f"nothing is paid twice:\n\n    pytest {pytest} --claude-record\n\nOnce it passes:\n\n"
        f"    pytest-claude adopt --edit --yes {typed}\n\n"
    ) + Path(FOLDER, "claude.md").read_text("utf-8")


# --- pull-request ---------------------------------------------------------------------------


def pull_request() -> int:
    """Push the branch, and open its pull request or edit the one that is open."""
    path = FOLDER / "pull_request.json"
    if not path.exists():
        print("nothing to do: no bump was judged")
        return 0
    handed, hosted = json.loads(path.read_text("utf-8")), host()
    branch, title, text, draft = (handed[key] for key in ("branch", "title", "text", "draft"))
    pairs = os.environ.get("BUMP_PLANNED", "").split()  # what scan said: no code of the project ran
    if branch != _branch(pairs):  # it was written beside code of the project
        raise Problem(f"{branch} is no branch of {' '.join(pairs)}; nothing was pushed")
    git("fetch", "-q", str(FOLDER / "bump.bundle"), f"+refs/heads/{branch}:refs/bump")
    _check_paths(pairs)
    old = hosted.newest(branch)  # a token that is not accepted is told before the push
    lease = f"--force-with-lease=refs/heads/{branch}:{handed['over']}"
    try:
        target = f"refs/bump:refs/heads/{branch}"
        git("push", "-q", lease, hosted.address, target, variables=hosted.git_variables())
    except Problem as error:
        print(error)
        if "stale info" in str(error):
            raise Problem(f"{branch} was pushed to meanwhile; nothing was overwritten") from None
        raise Problem(
            f"{branch} was not pushed. The token needs {hosted.rights}; on GitHub also `workflows: "
            "write` where a workflow names the model"
        ) from None
    if old is not None and old.state == "open":
        print(f"updated {hosted.edit(old, title, text, draft=draft).url}")
    else:
        print(f"opened {hosted.open(branch, title, text, draft=draft).url}")
    return 0


def _check_paths(pairs: list[str]) -> None:
    """Refuse a branch that changes what no bump changes: code of the project ran beside it.

    Raises:
        Problem: It changes a file that neither names the old model nor is a cassette.
    """
    named, cassettes = _files(pairs)
    changed = git("diff", "--name-only", "--no-renames", "-z", "HEAD...refs/bump").split("\0")
    for name in sorted({*changed} - {"", *named}):
        is_cassette = any(Path(name).is_relative_to(folder) for folder in cassettes)
        if not is_cassette or name.startswith((".github/", ".gitlab")):
            raise Problem(
                f"the gate changed {name}, which is no part of a bump; nothing was pushed"
            )


# --- comment --------------------------------------------------------------------------------


def comment() -> int:
    """Keep one comment on the pull request that the job runs for."""
    report = Path(os.environ.get("BUMP_REPORT") or "claude.md")
    mark = f"<!-- pytest-claude: {os.environ.get('BUMP_NAME') or 'tests'} -->"
    hosted = host()
    if hosted.number is None:
        print("no comment: the job does not run for a pull request")
        return 0
    try:
        marked = (number for number, body in hosted.our_comments() if body.startswith(mark))
        old = next(marked, None)
        if report.exists():
            text = f"Commit {hosted.commit}\n\n{report.read_text('utf-8')[:LONGEST]}"
        else:
            print(f"{report} was not written, so pytest did not run to its end")
            text = f"The run for commit {hosted.commit} did not end: its log says why."
        if old is not None or report.exists():
            hosted.comment(f"{mark}\n{text}", old)
    except Refused as error:
        if not (hosted.fork or error.passes):
            raise
        why = "jobs for a fork may not write one" if hosted.fork else "the service does not answer"
        print(f"no comment: {why} ({error})")
    return 0


STEPS = {"scan": scan, "gate": gate, "pull-request": pull_request, "comment": comment}


def main(words: list[str]) -> int:
    if len(words) != 1 or words[0] not in STEPS:
        print(f"the step is one of {', '.join(STEPS)}")
        return 4
    try:
        if words[0] != "comment" and git("rev-parse", "--is-shallow-repository") == "true":
            raise Problem("the checkout is cut: set `fetch-depth: 0` (GitLab: GIT_DEPTH: 0)", 4)
        return STEPS[words[0]]()
    except Problem as error:
        text = f"{words[0]}: {error}"
        print(f"::error::{text.replace('%', '%25').replace(chr(10), '%0A')}" if ON_GITHUB else text)
        return error.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
