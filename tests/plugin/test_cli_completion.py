"""`pytest-claude completion`, as a shell uses it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_claude import cli

SHELLS = ("bash", "zsh", "tcsh")
# What bash does when the Tab key is pressed.
TAB = """
source {script}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE="${{COMP_WORDS[*]}}"
_shtab_pytest_claude
printf "%s\\n" "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("pytest-claude pre", "preflight"),
        ("pytest-claude preflight --requests", "--requests-per-day"),
        ("pytest-claude adopt --e", "--edit"),
        ("pytest-claude completion z", "zsh"),
        ("pytest-claude inspect casse", "cassettes"),
    ],
)
def test_bash_completes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    words: str,
    completed: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cassettes").mkdir()
    assert cli.main(["completion", "bash"]) == 0
    script = tmp_path / "completion.sh"
    script.write_text(capfd.readouterr().out)
    typed = TAB.format(script=script, words=words)
    ran = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True)
    assert completed in ran.stdout.split()


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_in_the_script_of_a_shell(
    shell: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["completion", shell]) == 0
    script = capfd.readouterr().out
    assert all(name in script for name in cli.COMMANDS)
