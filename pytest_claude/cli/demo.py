"""`pytest-claude demo`: the bump of an example app."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pytest_claude.errors import SettingsError

_BUMP = "claude-sonnet-4-5=claude-sonnet-5-5"


def run(options: argparse.Namespace) -> int:
    """Copy the example, run its bump in a child, say what pytest would exit with."""
    folder = _folder(options.folder)
    copy_demo(folder)
    bump = ["--claude-bump", _BUMP, "--claude-report", "bump.json",
            "--claude-report", "bump.html"]  # fmt: skip
    print(f"An app, its tests and the recorded answers of two models are in {folder}")
    print("The models are simulated: no answer here is a real model's.")
    print(f"\n$ cd {folder}\n$ pytest {' '.join(bump)}", flush=True)
    status = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_claude.plugin", *bump],
        cwd=folder,
        env=_environment(),
        check=False,
    ).returncode
    if status not in (0, 1):
        print(f"the demo did not run: pytest exited with {status}", file=sys.stderr)
        return 1
    print(f"\nThe verdict above is the demo's purpose; pytest exited with {status}.")
    print(f"  to read it    {folder / 'bump.html'}  (open it in a browser)")
    print(f"  run file      {folder / 'bump.json'}")
    print("  to play       change a word of a prompt in support_desk.py, then: pytest")
    return 0


def copy_demo(folder: Path) -> None:
    """Put the example app, its tests and its cassettes into `folder`."""
    source = Path(__file__).parent.with_name("demo")
    ignore = shutil.ignore_patterns("__pycache__", "__init__.py")
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=ignore)


def _folder(given: Path | None) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix="pytest-claude-demo-"))
    if given.exists() and (not given.is_dir() or any(given.iterdir())):
        raise SettingsError(f"demo {given}: the folder exists and is not empty")
    return given.resolve()


def _environment() -> dict[str, str]:
    """The user's environment without what could change the demo: other plugins, keys, options."""
    dropped = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
               "ANTHROPIC_BASE_URL")  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
