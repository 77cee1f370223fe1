"""The object behind the fixture `claude`: a view of the running trial that keeps its checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from pytest_claude.expect.result import Check
from pytest_claude.expect.view import View
from pytest_claude.plugin.arms import Arm
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.parse import parse_answer

C = TypeVar("C", bound=Check)


class ClaudeFixture(View):
    """What Claude did in this test so far, and the checks on it.

    Request the fixture `claude` and call the app; then state what must hold:
    `assert claude.calls_tool("lookup_order")`.
    """

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._parsed: dict[int, Answer | None] = {}
        self._kept: list[Check] = []
        self._last_asked: Check | None = None

    def __repr__(self) -> str:
        number = len(self._transcript().answered)
        return f"<claude: {number} {'reply' if number == 1 else 'replies'}>"

    def _transcript(self) -> Transcript:
        answers = []
        pending = 0
        # Numbered by the order of sending, anew each time: of parallel calls one can fail.
        for number, call in enumerate(tuple(self._arm.recorder.calls), start=1):
            if (interaction := call.interaction) is None:
                pending += 1
                continue
            parsed = self._parsed.get(id(call))
            if parsed is None or parsed.number != number:
                parsed = parse_answer(interaction, number, call.asked_model)
                self._parsed[id(call)] = parsed
            if parsed is not None:
                answers.append(parsed)
        return Transcript(tuple(answers), pending)

    def _output_tools(self) -> frozenset[str]:
        return frozenset(self._arm.output_tools)

    def _keep(self, check: C) -> C:
        kept = replace(check, _asked=self._note_asked)
        self._kept.append(kept)
        return kept

    def _note_asked(self, check: Check) -> None:
        self._last_asked = check
