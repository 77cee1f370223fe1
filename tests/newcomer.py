"""Follows README and tutorial as somebody who has just installed pytest-claude does.

    python tests/newcomer.py

It is run by the Python of a fresh environment that holds the package alone. Each command is a
process of its own, in an empty folder; what records asks the simulator. It needs no network, and
ends at the first line that is not printed as the page says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pages import DOCS, LOOKUP, Reader, blocks, careful
from simulator import Simulator, calls, support_desk


class Newcomer(Reader):
    """Types into a shell whose variables are those of the machine, without keys and options."""

    def __init__(self, folder: Path, api: str) -> None:
        super().__init__(folder)
        kept = {
            name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "TMP")
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._variables = {**kept, "PATH": path, "ANTHROPIC_BASE_URL": api}

    def type(self, words: list[str]) -> list[str]:
        print("$", " ".join(words), flush=True)
        if words[0] in ("export", "unset"):
            name, _, value = words[1].partition("=")
            self._variables = {**self._variables, name: value}
            if words[0] == "unset":
                del self._variables[name]
            return []
        program = Path(sys.executable).with_name(words[0])
        ran = subprocess.run(
            [program, *words[1:]],
            cwd=self._folder,
            env=self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return ran.stdout.splitlines()


def readme() -> int:
    """The README's test of the demo's app, and its three commands: each passes."""
    models = {"claude-sonnet-4-5": support_desk.BASELINE,
              "claude-sonnet-5-5": support_desk.CANDIDATE}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, Simulator(models) as simulator:
        newcomer = Newcomer(Path(folder), simulator.url)
        app = DOCS.parent / "pytest_claude" / "demo" / "support_desk.py"
        newcomer.ini(f"# support_desk.py\n{app.read_text('utf-8')}")
        newcomer.type(["export", "ANTHROPIC_API_KEY=sk-ant-..."])
        for kind, text in blocks(DOCS.parent / "README.md"):
            if kind == "python":
                newcomer.ini(f"# test_desk.py\n{text}")
            elif kind == "console":
                for line in text.splitlines():
                    newcomer.console(f"{line}\n=* 2 passed* in *=\n")
        return len(newcomer.did)


def tutorial() -> int:
    models = {"claude-sonnet-4-5": calls(LOOKUP), "claude-sonnet-5-5": careful()}
    with tempfile.TemporaryDirectory() as folder, Simulator(models) as simulator:
        newcomer = Newcomer(Path(folder), simulator.url)
        for kind, text in blocks(DOCS / "getting-started.md"):
            if kind != "sh":  # the installation
                getattr(newcomer, kind)(text)
        return len(newcomer.did)


if __name__ == "__main__":
    print(f"README: {readme()} steps as it says")
    print(f"tutorial: {tutorial()} steps as it says")
