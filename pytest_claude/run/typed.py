"""What was typed for a run, and the pytest commands that go on with it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import join

_MOST_TESTS = 10
"""More are named by their files: their other tests replay, which costs nothing."""


def pytest_line(*options: str, tests: Iterable[str] = (), root: str = "") -> str:
    """A pytest command, as it is typed in the folder where pytest was started.

    Args:
        options: As they are typed; empty ones are left out.
        tests: Node ids to run; all tests where there are none.
        root: pytest's rootdir seen from that folder, with "/" between its parts; "" where it is
            the same.

    >>> pytest_line("--claude-record", tests=["test_a.py::test_b[one two]"], root="app")
    "pytest 'app/test_a.py::test_b[one two]' --claude-record"
    """
    return " ".join(filter(None, ("pytest", as_typed(tests, root), *options)))


def as_typed(tests: Iterable[str], root: str = "", *, most: int | None = _MOST_TESTS) -> str:
    """Tests or files as they are typed for the shell; the arguments are `pytest_line`'s.

    Where there are more tests than `most`, their files are typed.
    """
    places = list(dict.fromkeys(tests))
    if most is not None and len(places) > most:
        places = list(dict.fromkeys(test.partition("::")[0] for test in places))
    return " ".join(shlex.quote(join(root, place)) for place in places)


@dataclass(frozen=True)
class Typed:
    """What was typed with a run, for the commands that go on with it.

    Attributes:
        preset: The option of the gate's preset; "" where none was given.
        tests: Which tests were to run, likewise.
        workers: How many workers shared the tests, as it was typed; None where none did.
        root: pytest's rootdir seen from the folder where it was started; "" where it is that.
        is_part: Whether some tests that the gate judges were left out.
        options: The options that name several candidates, which no comparison of one names.
    """

    preset: str = ""
    tests: str = ""
    workers: str | None = None
    root: str = ""
    is_part: bool = False
    options: tuple[str, ...] = ()
