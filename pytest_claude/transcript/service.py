"""Whether an answer says something about the model, or only about the service behind it."""

from __future__ import annotations

import re

from pytest_claude.errors import Void
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_answer

# HTTP status, then the type in the error's body, which is all that an error in a stream has. As
# documented on platform.claude.com (errors) and docs.aws.amazon.com, November 2026.
_ACCOUNT_STATUS = (401, 402, 403, 407)
_SERVICE_STATUS = (408, 409, 424, 425, 429)
_NOT_FOUND = 404
_ACCOUNT_TYPES = ("authentication_error", "billing_error", "permission_error", "not_found_error",
                  "accessDeniedException", "resourceNotFoundException")  # fmt: skip
_SERVICE_TYPES = ("overloaded_error", "api_error", "rate_limit_error", "timeout_error",
                  "conflict_error")  # fmt: skip
_REQUEST_TYPES = ("invalid_request_error", "request_too_large", "validationException", "canceled")
# What the API and Bedrock say with HTTP 400 of an account, and of a model that it can't ask.
_ACCOUNT_WORDS = re.compile(
    r"credit balance|API usage limits|organization has been disabled|model identifier is invalid"
    r"|on-demand throughput|access to the model"
)


def fault(interaction: Interaction) -> Void | None:
    """Why the response to a request is the service's doing and not a model's; None where it is not.

    A refusal of the request itself, HTTP 400 for one, is what its model does.
    """
    answer = parse_answer(interaction)
    # A path that is not there is no news of the account where no model was asked.
    return _of_status(interaction.response.status) if answer is None else fault_of(answer)


def fault_of(answer: Answer) -> Void | None:
    """The same of a parsed answer."""
    kind, message = (answer.error.type, answer.error.message) if answer.error else (None, None)
    if answer.status >= 400 and (by_status := _of_status(answer.status)) is not None:
        return by_status
    if answer.status == _NOT_FOUND or kind in _ACCOUNT_TYPES:
        return "account"
    if answer.error is not None and _ACCOUNT_WORDS.search(message or ""):
        return "account"
    if kind in _SERVICE_TYPES:
        return "service"
    # An error in a stream, or from a proxy, that does not blame the request. A body that was cut
    # has no type of error, and is not one.
    if answer.status < 400 and answer.error is not None and (kind or answer.complete):
        return None if kind in _REQUEST_TYPES else "service"
    return "cut" if answer.ended == "cut" else None


def _of_status(status: int) -> Void | None:
    if status in _ACCOUNT_STATUS:
        return "account"
    return "service" if status in _SERVICE_STATUS or status >= 500 else None
