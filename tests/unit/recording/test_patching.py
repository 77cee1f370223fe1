"""What we patch is checked first: a changed library is named with its version."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from anthropic import _base_client

from pytest_claude.recording.doors import patching
from pytest_claude.recording.doors.patching import _flaw


def test_the_installed_sdk_is_what_we_know() -> None:
    for owner in (_base_client.SyncAPIClient, _base_client.AsyncAPIClient):
        assert _flaw(owner, "request", vars(owner)["request"]) is None


def other(self: Any, something_else: Any) -> None:
    """A method that is not what we know."""


@pytest.mark.parametrize("now", [None, other], ids=["gone", "other parameters"])
def test_a_changed_target_is_named_with_its_version(now: Any) -> None:
    assert _flaw(_base_client.SyncAPIClient, "request", now) == (
        f"in anthropic {anthropic.__version__}, "
        "anthropic._base_client.SyncAPIClient.request is not what it was"
    )


def test_every_target_is_taken_back() -> None:
    before = dict(vars(_base_client.SyncAPIClient))["request"]
    patching.install()
    assert patching.is_patched(_base_client.SyncAPIClient, "request")
    patching.uninstall()
    assert dict(vars(_base_client.SyncAPIClient))["request"] is before
