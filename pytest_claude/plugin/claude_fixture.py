"""The object behind the fixture `claude`: a view of the running trial that keeps its checks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, TypeVar

from pytest_claude.behavior.accepted import Accepted
from pytest_claude.errors import SettingsError, UnreadableCassette
from pytest_claude.expect import judge as judging
from pytest_claude.expect.as_recorded import behavior, compared, ignored
from pytest_claude.expect.following import follows, given_back
from pytest_claude.expect.judge import JudgeCheck
from pytest_claude.expect.misuse import stated
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check
from pytest_claude.expect.view import Reply, View
from pytest_claude.plugin.accepting import AcceptedOf
from pytest_claude.plugin.arms import Arm
from pytest_claude.plugin.cases import Case
from pytest_claude.plugin.trials import Stated
from pytest_claude.recording.call import Call, calls_made
from pytest_claude.recording.faults import Fault, Injection
from pytest_claude.transcript.model import Transcript

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

C = TypeVar("C", bound=Check)

_MAX_TOKENS = 1_024

Prompt = str | Sequence[Mapping[str, Any]]
"""One message of the user, or all messages of a conversation."""


class ClaudeFixture(View):
    """What Claude did in this test so far, and the checks on it.

    Request the fixture `claude` and call the app; then state what must hold:
    `assert claude.calls_tool("lookup_order")`.
    """

    def __init__(self, arm: Arm, path: str, accepting: Callable[[], AcceptedOf]) -> None:
        """Look at what is said on an arm.

        Args:
            arm: Of the trial that runs.
            path: The test's file: checks are noted with the line there that states them.
            accepting: Gives what is accepted of the test.
        """
        self._arm = arm
        self._path = path
        self._accepting = accepting
        self._asked_after: int | None = None
        self._stated: Stated | None = None
        self._lines: list[int | None] = []
        self._kept: list[Check] = []
        self._last_asked: Check | None = None

    def __repr__(self) -> str:
        number = len(self._transcript().answered)
        return f"<claude: {number} {'reply' if number == 1 else 'replies'}>"

    # --- calls of the test itself -----------------------------------------------------------

    @property
    def model(self) -> str:
        """The model that `ask` asks: the ini key `claude_model`.

        In a bump it is the old one; the swap happens on the way out, as for an app.

        Raises:
            SettingsError: The key is not set.
        """
        if (model := self._arm.settings.model) is not None:
            return model
        raise SettingsError(
            "claude.model is not set: put claude_model = <a model id> into the ini file, "
            "or pass model= to claude.ask"
        )

    @stated
    def ask(
        self,
        prompt: Prompt,
        *,
        system: Any = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> Reply:
        """The reply to a prompt, without an app: one call like any of an app's.

        It is recorded, replayed, swapped and counted as an app's call would be.

        Args:
            prompt: A message of the user, or a list of messages.
            system: The system prompt.
            tools: The tools offered.
            more: Other arguments of `messages.create`. `max_tokens` is 1,024 and `model` is
                `claude.model` unless they are given; with `stream=True` the stream is read.

        Raises:
            SettingsError: No model is given, and `claude_model` is not set.
            anthropic.APIError: What the SDK raises.
        """
        return self._reply(_call(self._arguments(prompt, system, tools, more)))

    async def ask_async(
        self,
        prompt: Prompt,
        *,
        system: Any = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        **more: Any,
    ) -> Reply:
        """The same as `ask`, through the asynchronous client."""
        return self._reply(await _call_async(self._arguments(prompt, system, tools, more)))

    @stated
    def follows(self, case: Case) -> Check:
        """Whether the model goes the way of a recorded case again, which this asks.

        The recorded request is sent. Where the reply calls the tools that the recorded one called,
        with the same arguments, the recorded results are given back in the next request, and so
        on. A sentence may be worded otherwise. Where the reply does something else, the last one
        too, the case has *changed*: nothing more is sent, and the check tells the step.

        `pytest-claude from` writes such cases; `claude_as_recorded` is stated beside it.

        Args:
            case: With the fields `request`, and where they are needed `then`, `last_reply` and
                `betas`.

        Raises:
            anthropic.APIError: What the SDK raises, but where the API refuses the request (400):
                that is behavior.
        """
        body = case["request"]
        then: Sequence[Any] = case["then"] if "then" in case else ()  # noqa: SIM401  # no dict
        betas = case["betas"] if "betas" in case else ""  # noqa: SIM401
        last = case["last_reply"] if "last_reply" in case else None  # noqa: SIM401
        for step, turns in enumerate([*then, ()], start=1):
            answer = self._arm.said.answer(_send(body, betas))
            back = given_back(answer.content, turns) if turns else None
            if back is None:
                return self._keep(follows(step, len(then) + 1, answer, turns, last))
            body = {**body, "messages": [*body["messages"], *back]}
        assert False, "because the last step has no turns"

    @stated
    def judge(self, rubric: str, *, model: str | None = None) -> JudgeCheck:
        """Whether another model finds that `rubric` holds for what was said in this test.

        The judge sees the conversations (system prompt, messages, tool calls and results, replies)
        as quoted data. Its answer is recorded and replayed in the cassette of the trial, marked as
        the judge's: it is none of `claude.replies`, counts in no check, and is neither swapped nor
        adapted in a bump.

        Unknown, and never a pass, where there is no reply to judge, where the judge can't tell,
        and where its answer failed, was refused, was cut or is no verdict.

        Args:
            rubric: What the test expects, in words: "The reply apologises and names a date".
            model: The judge; the ini key `claude_judge_model` when None. A dated id is pinned
                best: `.served_model` of the check says who answered.

        Raises:
            SettingsError: No model is given, and `claude_judge_model` is not set.
        """
        if not isinstance(rubric, str) or not rubric.strip():
            raise TypeError(f"claude.judge: rubric is a sentence, not {rubric!r}")
        return self._keep(self._judged(rubric, model or self._judge_model()))

    @stated
    def behaves_as_recorded(self, *, ignore: str | Iterable[str] = ()) -> Check:
        """Whether this trial behaves as was accepted of the test, with no assertion written.

        What is compared: which tools are called, in which order and with arguments of which shape;
        tools of the API; the stop reason; the shape of the answer's JSON; whether the reply asks or
        refuses; whether the API refuses the request. Texts and values are not.

        The first recording of a test writes what is accepted, into `behavior.json` beside its
        cassettes, from the trials that pass. From then on `pytest-claude accept TEST` alone moves
        it. Without it the check is unknown: also where some of several trials were recorded
        before, or where a trial ends with a request that the API refuses. In a bump both models
        are held to it.

        Ask it once, after the last call.

        Args:
            ignore: What may differ, one or several: a kind (`"stop"`), or a place in the arguments
                or the JSON of the answer, where `*` is any name (`"arguments.*.id"`).

        Raises:
            TypeError: `ignore` names no kind, or the check was asked before other calls.
        """
        self._stay_whole()
        self._asked_after = len(self._transcript().answers)
        transcript, reading, of = self._transcript(), self._reading(), self._accepting()
        shown, rules = behavior(transcript, reading), ignored(ignore)
        held = partial(compared, transcript, shown, rules)
        if of.takes and shown is not None:
            if shown["refused"] and not of.commanded:
                return self._keep(held(None, "the API refused the last request"))
            recorder = self._arm.recorder
            replayed = all(call.recorded or call.judges for call in recorder.calls)
            self._stated = Stated(shown, held, replayed and not recorder.shared)
            return self._keep(held(Accepted.of([shown])))
        try:
            return self._keep(held(of.file.read()))
        except UnreadableCassette as problem:
            raise self._arm.recorder.problems.take(problem) from None

    def _stay_whole(self) -> None:
        """See that no call followed the check that looks at all of them.

        Raises:
            TypeError: One did.
        """
        asked = self._asked_after
        if asked is not None and asked != len(self._transcript().answers):
            raise TypeError(
                "behaves_as_recorded was asked before other calls: it looks at the whole trial; "
                "ask it once, after the last call"
            )

    @stated
    def inject(
        self,
        *,
        status: int | None = None,
        cut_stream_after: int | None = None,
        max_tokens: int | None = None,
        slow_stream_s: float | None = None,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        message: str | None = None,
    ) -> Injection:
        """Let the app's next calls to a model meet a fault, offline.

        One fault at a time; several injections are met in order. The SDK retries errors twice
        unless the app says otherwise: an app sees `status=529` only with `times=3`. It does not
        wait between them. A fault that is not met by `times` calls fails the test.

        What a fault answers or alters is no answer of the model: it is not stored, counts in no
        check and takes nothing from the recordings, so the app's next try is answered as ever.
        While recording, an error is not paid for; the answer behind another fault is asked for,
        paid and stored whole. A slow stream is an answer like any other.

        Args:
            status: The API answers with this error, 400 to 599; with `cut_stream_after`, a stream
                ends in an `error` event.
            cut_stream_after: The connection of a stream breaks after so many pieces of content.
            max_tokens: The answer is cut to about so many tokens (4 characters each) and stops with
                `max_tokens`.
            slow_stream_s: Seconds before each event of a stream.
            times: How many calls meet it.
            headers: Headers of the error, such as `{"retry-after": "30"}`.
            message: Text of the error.

        Returns:
            The injection: `.requests` are the calls that met it so far.

        Raises:
            TypeError: The arguments do not name one fault.
            ValueError: One is out of range.
        """
        fault = Fault(status, cut_stream_after, max_tokens, slow_stream_s, headers or {}, message)
        return self._arm.recorder.inject(fault, times)

    def _arguments(
        self,
        prompt: Prompt,
        system: Any,
        tools: Sequence[Mapping[str, Any]] | None,
        more: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The arguments of `messages.create` for a prompt."""
        whole = not isinstance(prompt, str)
        messages = list(prompt) if whole else [{"role": "user", "content": prompt}]
        optional = {"system": system, "tools": tools}
        given = {name: value for name, value in optional.items() if value is not None}
        model = {} if "model" in more else {"model": self.model}
        return {**model, "max_tokens": _MAX_TOKENS, "messages": messages, **given, **more}

    def _reply(self, call: Call) -> Reply:
        return self._reply_of(self._arm.said.answer(call), self._transcript())

    # --- the judge --------------------------------------------------------------------------

    def _judge_model(self) -> str:
        if (model := self._arm.settings.judge_model) is not None:
            return model
        raise SettingsError(
            "claude.judge has no model: put claude_judge_model = <a model id> into the ini file, "
            "or pass model= to claude.judge"
        )

    def _judged(self, rubric: str, model: str) -> JudgeCheck:
        # As recorded: what claude_ignore takes out of the app's requests must not make the
        # judge's a miss.
        transcript = self._arm.said.transcript(as_recorded=True)
        if (nothing := judging.nothing_to_judge(rubric, transcript)) is not None:
            return nothing
        call = _call_judge(judging.judge_request(rubric, transcript, model))
        if isinstance(call, str):
            return judging.unanswered(rubric, model, call)
        return judging.judged(rubric, self._arm.said.answer(call))

    @property
    def unkept(self) -> View:
        """The same view, whose checks are not noted as the test's."""
        return ClaudeFixture(self._arm, self._path, self._accepting)

    # --- the view ---------------------------------------------------------------------------

    def _transcript(self) -> Transcript:
        return self._arm.said.transcript()

    def _reading(self) -> Reading:
        return self._arm.reading

    def _keep(self, check: C) -> C:
        kept = replace(check, _asked=self._note_asked)
        self._kept.append(kept)
        self._lines.append(_line_in(self._path))
        return kept

    def _note_asked(self, check: Check) -> None:
        self._last_asked = check


def _line_in(path: str) -> int | None:
    """The line of `path` that is being run; None where a marker asks."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != path:
        frame = frame.f_back
    return None if frame is None else frame.f_lineno


# --- calls of the SDK: nothing else in the plugin makes one ---------------------------------


def _call(arguments: Mapping[str, Any]) -> Call:
    """The call that `messages.create(**arguments)` made; a stream is read to its end."""
    import anthropic

    with calls_made() as made, anthropic.Anthropic() as client:
        answer = client.messages.create(**arguments)
        if arguments.get("stream"):
            for _ in answer:
                pass
    return _last(made)


async def _call_async(arguments: Mapping[str, Any]) -> Call:
    """The same through the asynchronous client."""
    import anthropic

    with calls_made() as made:
        async with anthropic.AsyncAnthropic() as client:
            answer = await client.messages.create(**arguments)
            if arguments.get("stream"):
                async for _ in answer:
                    pass
    return _last(made)


def _send(body: Mapping[str, Any], betas: str) -> Call:
    """The call that a whole body makes, as it is; that the API refuses it is an answer."""
    import anthropic

    headers = {"anthropic-beta": betas} if betas else {}
    with (
        calls_made() as made,
        anthropic.Anthropic() as client,
        suppress(anthropic.BadRequestError),
    ):
        client.post(
            "/v1/messages",
            body=body,
            cast_to=anthropic.types.Message,
            options={"headers": headers},
        )
    return _last(made)


def _call_judge(body: Mapping[str, Any]) -> Call | str:
    """The judge's answered call, or why there is none; an error of the API is an answer."""
    import anthropic

    # SDKs from before structured outputs have no such parameter.
    arguments = {name: value for name, value in body.items() if name != "output_config"}
    extra = {"output_config": body["output_config"]}
    cause = "the call did not pass through pytest-claude"
    with calls_made() as made:
        try:
            with anthropic.Anthropic() as client:
                client.messages.create(**arguments, extra_body=extra)
        except anthropic.AnthropicError as error:
            cause = str(error)
    answered = [call for call in made if call.interaction is not None]
    return answered[-1] if answered else cause


def _last(made: Sequence[Call]) -> Call:
    if not made:
        raise SettingsError(
            "claude.ask: the call did not pass through pytest-claude; "
            "is the client or its transport replaced by a mock?"
        )
    return made[-1]
