"""Record every cassette of this repository against the simulator, through the real SDK.

    python tests/record.py                 # all but the examples
    python tests/record.py router litellm  # these examples, on the frameworks that are installed

Run it after a change of an app, the personas or the cassette format; `git diff` shows what the
models would have answered otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent))

from simulator import Persona, Simulator  # noqa: E402
from simulator.examples import NEW, OLD, RED, environment, models  # noqa: E402
from simulator.support_desk import BASELINE, CANDIDATE  # noqa: E402

BUMP = f"--claude-bump={OLD}={NEW}"
DEMO = ROOT / "pytest_claude" / "demo"
RED_BUMPS = {"demo", *RED}  # on purpose


def main(names: Sequence[str]) -> int:
    """Record; 1 when a suite did not end as it should."""
    if names:
        return max(record(ROOT / "examples" / name, models(name)) for name in names)
    own = {OLD: BASELINE, NEW: CANDIDATE}
    return max(record(DEMO, own), record(ROOT, own, ["tests/behavior"], runs=([],)))


def record(
    folder: Path,
    personas: Mapping[str, Persona],
    arguments: Sequence[str] = (),
    runs: Sequence[list[str]] = ([], [BUMP]),
) -> int:
    """Record a folder's tests and their bump anew; 1 when one did not end as it should."""
    shutil.rmtree(folder / "cassettes", ignore_errors=True)
    status = 0
    for run in runs:
        with Simulator(personas) as simulator:
            code = _pytest(folder, [*arguments, *run, "--claude-record"], simulator.url)
        status |= code != (1 if run and folder.name in RED_BUMPS else 0)
    return int(status)


def _pytest(folder: Path, arguments: list[str], url: str) -> int:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *arguments], cwd=folder, env={**kept, **environment(url)}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
