"""Beside pytest-recording: its cassettes answer a claude test that has none of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_claude.recording.doors import patching
from pytest_claude.recording.recorder import Recorder


@contextmanager
def adopting(item: pytest.Item, recorder: Recorder) -> Iterator[None]:
    """While it lasts, our patch stands above vcrpy's, and the test's own recording is known.

    `@pytest.mark.vcr` patches in a fixture, after us and so above us: a model call would never
    reach us, and a missing recording would end as "Connection error.". All other requests of the
    test stay vcrpy's.
    """
    if item.get_closest_marker("vcr") is None:
        yield
        return
    path = _cassette_path(item)
    if path is not None:
        recorder.adopt(path)
    with patching.uppermost():
        yield


def _cassette_path(item: pytest.Item) -> Path | None:
    """Where pytest-recording keeps the test's recording; None without that plugin."""
    request = getattr(item, "_request", None)
    try:
        cassette = request.getfixturevalue("vcr") if request else None
    except pytest.FixtureLookupError:
        return None
    path = getattr(cassette, "_path", None)
    return None if path is None else Path(item.config.invocation_params.dir, path).resolve()
