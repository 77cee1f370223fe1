"""What the project's own redaction makes of texts; loaded for `pytest-claude from` alone.

The hook is written in a `conftest.py`, which only pytest loads.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_claude.recording.own_redaction import redacted
from pytest_claude.transcript.utf8 import utf8


def pytest_addoption(parser: pytest.Parser) -> None:
    """The file of texts: a JSON list, read and written."""
    parser.addoption("--claude-redact-texts", type=Path)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int:
    """Redact the texts in the place of a test run."""
    path: Path = config.option.claude_redact_texts
    own = config.hook.pytest_claude_redact
    if own.get_hookimpls():
        texts = json.loads(path.read_bytes())
        after = [redacted(lambda text: own(body=text), text) for text in texts]
        path.write_bytes(utf8(json.dumps(after)))
    return 0
