"""Our wrappers stand round every test and fixture of a session; their frames interest nobody."""

from __future__ import annotations

import pytest


def unless_a_group(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether to hide a frame of ours, for `__tracebackhide__`.

    pytest can't show an exception group of which no frame is left: 8.4 ends in an internal error.
    """
    return not isinstance(excinfo.value, BaseExceptionGroup)
