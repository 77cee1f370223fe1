"""What was said in a trial so far: its calls, as a transcript."""

from __future__ import annotations

from pytest_claude.recording.call import Call
from pytest_claude.recording.recorder import Recorder
from pytest_claude.transcript.batches import Batches
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.parse import batch_answers, parse_answer


class Said:
    """Parses the calls of a trial, each once."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._parsed: dict[int, Answer | None] = {}

    def transcript(self, *, as_recorded: bool = False) -> Transcript:
        """What was said to the app; the judge's calls are left out.

        `as_recorded` keeps in the requests what the project's rules take out before they are
        matched.
        """
        answers: list[Answer] = []
        batches = Batches()
        pending = others = 0
        # Numbered by the order of sending, anew each time: of parallel calls one can fail.
        for number, call in enumerate(tuple(self._recorder.calls), start=1):
            if call.judges:
                continue
            if (interaction := call.interaction) is None:
                pending += 1
                continue
            if as_recorded and call.as_recorded is not None:
                answer = parse_answer(call.as_recorded, number, call.asked_model)
            else:
                answer = self._parse(call, interaction, number)
            if answer is not None:
                answers.append(answer)
            else:
                in_batch = batch_answers(interaction, number, batches)
                answers += in_batch
                others += not in_batch
        said = Transcript(tuple(answers), pending, self._recorder.faults.met, others)
        mocks = " and ".join(self._recorder.mocks)
        if answers or not mocks:
            return said
        return said.part((), f"no call reached the API: {mocks} answered, and a mock is no model")

    def answer(self, call: Call) -> Answer:
        """The answer to a Messages call that the app, or a fault, was served."""
        assert call.served is not None, "it was answered"
        calls = self._recorder.calls
        number = next((n for n, other in enumerate(calls, start=1) if other is call), len(calls))
        answer = parse_answer(Interaction(call.request, call.served), number, call.asked_model)
        assert answer is not None, "it asks a model"
        return answer

    def _parse(self, call: Call, interaction: Interaction, number: int) -> Answer | None:
        parsed = self._parsed.get(id(call))
        if parsed is None or parsed.number != number:
            parsed = self._parsed[id(call)] = parse_answer(interaction, number, call.asked_model)
        return parsed
