"""What a project's own redaction makes of a text, and what is reported where it fails."""

from __future__ import annotations

from collections.abc import Callable

from pytest_claude.errors import RecordingProblem

HOOK = "pytest_claude_redact"
Hook = Callable[[str], object]
"""Gets a text without secrets and gives the one to store, or None to leave it."""


def redacted(hook: Hook, text: str) -> str:
    """What `hook` makes of `text`.

    Raises:
        RecordingProblem: The hook gives something else than a text.
    """
    after = hook(text)
    if after is None:
        return text
    if not isinstance(after, str):
        raise failed(f"it returned {type(after).__name__}, not a text")
    return after


def failed(what: str) -> RecordingProblem:
    """The hook failed: what it did not see must not be written."""
    return RecordingProblem(
        f"the hook {HOOK} failed: nothing is written",
        [
            ("expected", "the text to store, or None to leave it as it is"),
            ("observed", what),
            ("to go on", "mend the hook, then run the test again"),
        ],
    )
