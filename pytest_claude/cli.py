"""The command `pytest-claude`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude.errors import SettingsError, UnreadableCassette

if TYPE_CHECKING:
    from pytest_claude.transcript.model import Answer

_USAGE = 4
_DEMO_BUMP = "claude-sonnet-4-5=claude-sonnet-5-5"
_RECORDINGS = (".yaml", ".yml", ".json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except SettingsError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return _USAGE
    except BrokenPipeError:
        # The reader has seen enough (`| head`); without this Python complains at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        """Exit with pytest's status for a usage error."""
        self.print_usage(sys.stderr)
        self.exit(_USAGE, f"ERROR: {message}\n")


def _parser() -> _Parser:
    from pytest_claude import __version__

    parser = _Parser(
        prog="pytest-claude", description="Behavior regression tests for apps built on Claude."
    )
    parser.add_argument("--version", action="version", version=f"pytest-claude {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo", help="compare two recorded models on an example app, offline and without a key"
    )
    demo.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="where to put the example (default: a new temporary folder)",
    )
    demo.set_defaults(run=_demo)
    inspect = commands.add_parser("inspect", help="what is in a recording, one line per call")
    inspect.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    inspect.add_argument("--json", action="store_true", help="one JSON object per call")
    inspect.set_defaults(run=_inspect)
    return parser


# --- demo -----------------------------------------------------------------------------------


def _demo(options: argparse.Namespace) -> int:
    """Copy the example, run its bump in a child, say what pytest would exit with."""
    folder = _demo_folder(options.folder)
    copy_demo(folder)
    bump = ["--claude-bump", _DEMO_BUMP, "--claude-report", "bump.json"]
    print(f"An app, its tests and the recorded answers of two models are in {folder}")
    print("The models are simulated: no answer here is a real model's.")
    print(f"\n$ cd {folder}\n$ pytest {' '.join(bump)}", flush=True)
    status = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_claude.plugin", *bump],
        cwd=folder,
        env=_demo_environment(),
        check=False,
    ).returncode
    if status not in (0, 1):
        print(f"the demo did not run: pytest exited with {status}", file=sys.stderr)
        return 1
    print(f"\nThe verdict above is the demo's purpose; pytest exited with {status}.")
    print(f"  to read it    {folder / 'bump.json'}")
    print("  to play       change a word of a prompt in support_desk.py, then: pytest")
    return 0


def copy_demo(folder: Path) -> None:
    """Put the example app, its tests and its cassettes into `folder`."""
    source = Path(__file__).with_name("demo")
    ignore = shutil.ignore_patterns("__pycache__", "__init__.py")
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=ignore)


def _demo_folder(given: Path | None) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix="pytest-claude-demo-"))
    if given.exists() and (not given.is_dir() or any(given.iterdir())):
        raise SettingsError(f"demo {given}: the folder exists and is not empty")
    return given.resolve()


def _demo_environment() -> dict[str, str]:
    """The user's environment without what could change the demo: other plugins, keys, options."""
    dropped = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
               "ANTHROPIC_BASE_URL")  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


# --- inspect --------------------------------------------------------------------------------


def _inspect(options: argparse.Namespace) -> int:
    """Print what is recorded; 1 when a file could not be read."""
    bad = 0
    for path in _recordings(options.paths):
        try:
            lines = list(_described(path, as_json=options.json))
        except UnreadableCassette as error:
            bad += 1
            print(f"✗ {error.headline}" if _prints_unicode() else f"FAIL {error.headline}",
                  file=sys.stderr)  # fmt: skip
            continue
        for line in lines:
            print(line)
    return 1 if bad else 0


def _recordings(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix in _RECORDINGS)
        elif path.exists():
            yield path
        else:
            raise SettingsError(f"inspect {path}: no such file or folder")


def _described(path: Path, *, as_json: bool) -> Iterator[str]:
    from pytest_claude.recording.cassette import read_recording
    from pytest_claude.transcript.parse import parse_answer

    written_as, interactions = read_recording(path, str(path))
    if not as_json:
        calls = "interaction" if len(interactions) == 1 else "interactions"
        yield f"{path}  {len(interactions)} {calls}, {written_as}"
    for number, interaction in enumerate(interactions, start=1):
        answer = parse_answer(interaction, number)
        if answer is None:
            request = interaction.request
            other = {"file": str(path), "n": number, "format": written_as,
                     "method": request.method, "url": request.url,
                     "status": interaction.response.status}  # fmt: skip
            yield (
                json.dumps(other)
                if as_json
                else (f"  {number}  {interaction.response.status} {request.method} {request.url}")
            )
        elif as_json:
            yield json.dumps(
                {"file": str(path), "n": number, "format": written_as, **_facts(answer)},
                ensure_ascii=False,
            )
        else:
            yield f"  {number}  {_line(answer)}"


def _facts(answer: Answer) -> dict[str, Any]:
    return {
        "model": answer.model,
        "response_model": answer.served_model,
        "stream": answer.stream,
        "tools_offered": list(answer.request.tool_names),
        "tools_called": [{"name": use.name, "input": use.input} for use in answer.tool_uses],
        "server_tools_called": [use.name for use in answer.server_tool_uses],
        "stop_reason": answer.stop_reason,
        "text": answer.text,
        "thinking": answer.thinking,
        "usage": asdict(answer.usage),
        "status": answer.status,
        "error": None if answer.error is None else asdict(answer.error),
        "complete": answer.complete,
    }


def _line(answer: Answer) -> str:
    from pytest_claude.report.numbers import count
    from pytest_claude.transcript.quoting import cut

    tokens = f"{count(answer.usage.input_tokens)} in {count(answer.usage.output_tokens)} out"
    said = [f"{use.name}({json.dumps(use.input, ensure_ascii=False)})" for use in answer.tool_uses]
    if answer.text:
        said.insert(0, json.dumps(" ".join(answer.text.split()), ensure_ascii=False))
    if answer.error is not None:
        said.append(f"{answer.error.type}: {answer.error.message}")
    text = cut(", ".join(said), 100)
    stop = answer.stop_reason or "no stop reason"
    return f"{answer.status} {stop}  {answer.model}  {tokens}  {text}"


def _prints_unicode() -> bool:
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    return encoding.lower().startswith("utf")


if __name__ == "__main__":
    sys.exit(main())
