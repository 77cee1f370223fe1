"""What is model traffic by its path."""

from __future__ import annotations

import pytest

from pytest_claude.recording.doors.traffic import is_model_traffic

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/model/anthropic.claude-opus-5/invoke", True),
        (f"/model/{PROFILE}/9x8y7z/invoke-with-response-stream", True),
        (f"/model/{PROFILE}%2F9x8y7z/converse", True),
        ("/model/arn:aws:sagemaker:x/describe", False),
        ("/model/a/b/invoke", False),
    ],
)
def test_a_model_of_bedrock_is_known_by_the_path(path: str, *, is_one: bool) -> None:
    assert is_model_traffic("bedrock-runtime.us-east-1.amazonaws.com", path, (), bytes) == is_one
