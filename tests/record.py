"""Record every cassette of this repository against the simulator, through the real SDK.

    python tests/record.py

Run it after a change of the app, the personas or the cassette format; `git diff` shows what the
models would have answered otherwise.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent))

from simulator import Simulator  # noqa: E402
from simulator.support_desk import BASELINE, CANDIDATE  # noqa: E402

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
DEMO = ROOT / "pytest_claude" / "demo"
RUNS: tuple[tuple[Path, list[str]], ...] = ((DEMO, []), (DEMO, [BUMP]), (ROOT, ["tests/behavior"]))


def main() -> int:
    """Record all suites; 1 when pytest could not run one."""
    status = 0
    for folder in (ROOT, DEMO):
        shutil.rmtree(folder / "cassettes", ignore_errors=True)
    for folder, arguments in RUNS:
        with Simulator({OLD: BASELINE, NEW: CANDIDATE}) as simulator:
            code = _pytest(folder, [*arguments, "--claude-record"], simulator.url)
        # The demo's bump is red on purpose.
        status |= code != (1 if BUMP in arguments else 0)
    return int(status)


def _pytest(folder: Path, arguments: list[str], url: str) -> int:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "CI"},
        "ANTHROPIC_API_KEY": "sk-ant-simulated-key",
        "ANTHROPIC_BASE_URL": url,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
