"""The files that hold accepted behavior; an edge that the plugin and the commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_claude.behavior.accepted import Accepted
from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording.files import write_atomically
from pytest_claude.transcript.utf8 import utf8

_REPAIR = "restore it from version control, or accept the behavior again: pytest-claude accept TEST"


@dataclass(frozen=True)
class AcceptedFile:
    """The file that holds the accepted behavior of one test, beside its cassettes.

    Attributes:
        path: Where it is, or would be.
        shown: The path as it is shown to the user.
    """

    path: Path
    shown: str

    def read(self) -> Accepted | None:
        """What was accepted; None where there is no such file.

        Raises:
            UnreadableCassette: There is one, and it can't be read.
        """
        try:
            return Accepted.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise UnreadableCassette(self.shown, f"{why}", to_repair=_REPAIR) from None

    def write(self, accepted: Accepted, redacted: Callable[[str], str]) -> None:
        """Write what is accepted from now on, without secrets.

        Raises:
            OSError: The disk refuses it; the file is what it was.
        """
        write_atomically(self.path, utf8(redacted(accepted.dumps())))
