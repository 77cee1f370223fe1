"""(item, step) → the trial's cassette, the swap of its arm, and what the arm rewrote."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from posixpath import join
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude import clock
from pytest_claude.behavior.profile import clarification
from pytest_claude.behavior.tools import roles
from pytest_claude.comparison.trial import Stream
from pytest_claude.errors import NotSent, RecordingProblem
from pytest_claude.expect.reading import Reading
from pytest_claude.gating.steps import Step
from pytest_claude.models.adapt import adapt
from pytest_claude.models.ids import ModelNames, model_of, without_account
from pytest_claude.models.platforms import Platform, line_to_add, spelled
from pytest_claude.models.prices import price_table, total_cost
from pytest_claude.plugin.judging import Judge, Judging
from pytest_claude.plugin.markers import FOUND, NORMALIZE, TEST_SETTINGS
from pytest_claude.plugin.options import root_typed
from pytest_claude.plugin.recordings import Recordings
from pytest_claude.plugin.scale.batch import checks_time, post
from pytest_claude.recording import problems
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.doors import patching
from pytest_claude.recording.fingerprint import Normalize, edition, own_part
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.ignoring import normalizer
from pytest_claude.recording.made import Made
from pytest_claude.recording.opening import Place
from pytest_claude.recording.own_redaction import Hook
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.said import Said
from pytest_claude.recording.store import Store
from pytest_claude.recording.veto import veto
from pytest_claude.run.typed import pytest_line
from pytest_claude.settings import RecordMode, RunSettings, Swap
from pytest_claude.transcript.json_values import mapping
from pytest_claude.transcript.judging import asks_judge
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.summary import summarize

if TYPE_CHECKING:
    from pytest_claude.recording.admission import Admission
    from pytest_claude.recording.batches.asking import Asking

_PATIENCE_S = 300.0


class Arm:
    """One trial's arm: its recorder, and what was rewritten on it.

    Attributes:
        step: Which trial this is.
        settings: Of the run.
        attempt: Of which attempt of a gate; 1 for the baseline's.
        recorder: Its cassette.
        said: What was said in it so far.
        judge: Settles what the rules leave open of its replies.
        rewrites: What was changed in requests so that the candidate accepts them, in words.
        output_tools: Tools that a request forced: their input is the answer.
        own_efforts: The levels of effort that the app asked for, where the arm asks for another.
        edition: Fingerprints of what the app asked, up to each of its requests; none outside a
            gate. The candidate's requests count as they were adapted, with the model of the app.
    """

    def __init__(
        self,
        step: Step,
        settings: RunSettings,
        hook: Any,
        attempt: int,
        normalize: Normalize | None,
    ) -> None:
        self.step = step
        self.attempt = attempt
        self.edition: tuple[str, ...] = ()
        self._asked: set[str] = set()
        self.rewrites: dict[str, None] = {}
        self.output_tools: set[str] = set()
        self.own_efforts: dict[str | None, None] = {}
        self.recorder: Recorder
        self.said: Said
        self.judge: Judge
        self.settings = settings
        self._hook = hook
        self._normalize = normalize

    @property
    def reading(self) -> Reading:
        """How the checks read what was said on this arm."""
        return Reading(
            (*self.settings.output_tools, *sorted(self.output_tools)),
            self.settings.asking_tools,
            partial(total_cost, overrides=price_table(self.settings.prices, self.settings.names)),
            self.settings.names,
            self.judge.settle,
        )

    def read_last(self) -> None:
        """Have the judge read the last reply, where the rules leave open whether it asks."""
        transcript, reading = self.said.transcript(), self.reading
        if (last := transcript.last) is not None and last.ok:
            tools = roles(transcript, reading.output_tools, reading.asking_tools)
            clarification(last, tools, reading.settle)

    def prepare(self, body: Mapping[str, Any], platform: Platform | None) -> Mapping[str, Any]:
        """The body to send for the body the app built; the app's own is left alone.

        The judge's is sent as it is on every arm: it is the measure, not what is measured.

        Raises:
            RecordingProblem: A paid call would ask a model that may not be there under its name.
        """
        if asks_judge(body):
            return body
        prepared = self._prepared(body, platform)
        if self.settings.gated:
            model = {"model": body["model"]} if "model" in body else {}
            self._note({**prepared, **model})
        return prepared

    def _note(self, body: Mapping[str, Any]) -> None:
        """Take a request into the edition; one that is asked again is no other."""
        rules = self._normalize, self.settings.names
        own = own_part(body, *rules)
        if own in self._asked:
            return
        messages = body.get("messages")
        if not self._asked and isinstance(messages, list) and len(messages) > 1:
            self._asked.add(own_part(body, *rules, whole=True))
        self._asked.add(own)
        self.edition += (edition(self._asked),)

    def _prepared(self, body: Mapping[str, Any], platform: Platform | None) -> Mapping[str, Any]:
        choice = body.get("tool_choice")
        if isinstance(choice, Mapping) and choice.get("type") == "tool":
            self.output_tools.add(str(choice.get("name")))
        model, names = model_of(body), self.settings.names
        pairs = (*self.settings.bump, *self.settings.swaps)
        swap = next((s for s in pairs if model and names.same(s.old, model)), None)
        if model is None or swap is None:
            return body
        new = spelled((swap.old, swap.new), model, platform, names)
        if new is None and self.settings.records:
            # On the baseline's arm too: it is paid for in vain.
            raise unspellable(swap, model, names)
        if self.settings.bump and self.step.stream != "cand":
            return body
        return self._swapped(body, swap, new or swap.new, platform)

    def _swapped(
        self, body: Mapping[str, Any], swap: Swap, new: str, platform: Platform | None
    ) -> Mapping[str, Any]:
        body = {**body, "model": new}
        if swap.effort is not None:
            config = mapping(body.get("output_config"))
            self.own_efforts.setdefault(config.get("effort"))
            body["output_config"] = {**config, "effort": swap.effort}
        if self.settings.adapt == "auto":
            target = self.settings.names.resolved(swap.new)
            body, rewrites = adapt(body, target, bedrock=platform in ("bedrock", "mantle"))
            for rewrite in rewrites:
                self.rewrites.setdefault(rewrite.words)
        if self.settings.adapt != "off":
            own = self._hook.pytest_claude_adapt_request(body=body, old=swap.old, new=swap.new)
            if own is not None and own != body:
                self.rewrites.setdefault("rewritten by pytest_claude_adapt_request")
                body = own
        return body


class Arms:
    """Opens the arms of a run.

    Attributes:
        recordings: Of its tests.
        judging: What the judge has read in this process.
        made: What this process asks and pays; None where it does not record.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: RunSettings,
        recordings: Recordings,
    ) -> None:
        self.recordings = recordings
        self._config = config
        self._settings = settings
        self._redaction = Redaction.of_environment(os.environ)
        self._root = root_typed(config)
        self._models: dict[tuple[str, Stream], str] = {}
        self.judging = Judging(settings)
        self._post = post(settings)
        self.made: Made | None = None
        if settings.recording:
            self.made = self.judging.made = Made(price_table(settings.prices, settings.names))

    def open(self, item: pytest.Item, step: Step) -> Arm:
        """The arm on which `step` of `item` runs."""
        shared = step.stream == "base" and item.stash[TEST_SETTINGS].cassette is not None
        folder = self.recordings.folder(item.nodeid, item.stash[TEST_SETTINGS], step.stream)
        place = Place(
            folder=folder,
            index=step.index,
            command=self.command(item.nodeid),
            label=Label(shared=True) if shared else Label(test=folder.identity),
            model=self._models.get((item.nodeid, step.stream)),
            before=item.stash[FOUND] if shared else None,
            patience_s=_PATIENCE_S if shared else 0,  # another worker records into it
            elsewhere=partial(self._elsewhere, item.nodeid, folder),
            in_rounds=self._post is not None,
        )
        attempt = self.recordings.attempt(item.nodeid, step.stream)
        answers = partial(self.recordings.first_answers, item.nodeid, item.stash[TEST_SETTINGS])
        normalize = item.stash.get(NORMALIZE, None)
        measures = self._post is not None and checks_time(item)
        alone = "tests that check times" if measures else None
        return self._arm(step, place, item.ihook, normalize, attempt, answers, alone)

    def open_fixture(
        self, fixturedef: Any, request: Any, step: Step, *, teardown: bool = False
    ) -> Arm:
        """The arm for what a fixture wider than a test asks: set up, or torn down.

        `step` is the first of the trials that share the set-up: recorded trials of the baseline
        share one, and each trial that a gate makes has its own.
        """
        name = fixturedef.argname
        if (param := getattr(request, "param", None)) is not None:
            plain = isinstance(param, str | int | float)
            name += f"[{param if plain else getattr(request, 'param_index', 0)}]"
        name += ".teardown" if teardown else ""
        test = request._pyfuncitem.nodeid  # the test that is being set up; no public name has it
        side = self.recordings.side(test, step.stream)
        places = self.recordings.places
        folder = places.fixture(str(fixturedef.baseid), fixturedef.scope, name, side)
        place = Place(
            folder,
            step.index,
            self.command(test),
            Label(fixture=folder.identity),
            patience_s=_PATIENCE_S,  # with xdist every worker sets it up
        )
        rules = normalizer(self._settings.ignore)
        return self._arm(
            step, place, self._config.hook, rules, self.recordings.attempt(test, step.stream)
        )

    def _elsewhere(self, test: str, folder: Folder) -> tuple[str, str] | None:
        there = self.recordings.places.elsewhere(test)
        if there is None:
            return None
        return join(self._root, folder.shows(there)), join(self._root, folder.shown)

    def _arm(
        self,
        step: Step,
        place: Place,
        hook: Any,
        normalize: Normalize | None,
        attempt: int = 1,
        answers: Callable[[], list[Answer]] = list,
        alone: str | None = None,
    ) -> Arm:
        mode = self._mode(step.stream)
        arm = Arm(step, self._settings, hook, attempt, normalize)
        arm.recorder = Recorder(
            place,
            "new_episodes" if mode == "all" and place.label.shared else mode,
            redaction=replace(self._redaction, own=_own_redaction(hook)),
            prepare=arm.prepare,
            summarize=summarize,
            normalize=normalize,
            veto=veto(self._swaps(step.stream), self._settings, clock.today()),
            names=self._settings.names,
            asking=self._asking(place, alone),
            dry=self._settings.dry_run,
            made=self.made,
            store=Store.below(
                place.folder.root or self._settings.cassette_root, self._settings.store_requests
            ),
            admission=self._admission(answers) if self._settings.recording else None,
        )
        arm.said = Said(arm.recorder)
        arm.judge = Judge(self.judging, arm.recorder)
        return arm

    def _asking(self, place: Place, alone: str | None) -> Asking | None:
        """What asks for the answers of batches; `alone` says why a trial has none."""
        if self._post is None:
            return None
        from pytest_claude.recording.batches.asking import Asking

        owner = f"{place.folder.shown}, trial {place.index + 1}"
        return Asking(self._post, owner, collects=self._settings.batch == "collect", alone=alone)

    def _admission(self, answers: Callable[[], list[Answer]]) -> Admission:
        """What lets the calls of one trial go to the API; `answers` were recorded before."""
        from pytest_claude.plugin.scale.limits import limits_of  # late: replay does without
        from pytest_claude.recording.admission import Admission

        settings = self._settings
        counts = settings.budget_usd is not None
        prices = price_table(settings.prices, settings.names) if counts else None
        assert self.made is not None, "it records"
        return Admission(
            limits_of(self._config),
            budget_usd=settings.budget_usd,
            prices=prices,
            recorded=answers,
            held_back=self.made.held_back,
        )

    def close(self, item: pytest.Item, arm: Arm, *, ended: bool, passed: bool) -> None:
        """End the arm's trial; the first trial names the file of the others."""
        arm.recorder.close(ended=ended, passed=passed)
        if self.made is not None:
            self.made.trials += any(not call.recorded for call in arm.recorder.calls)
        if arm.recorder.model is not None and arm.step.index == 0:
            self._models[item.nodeid, arm.step.stream] = arm.recorder.model

    def spoiled(self, arm: Arm) -> RecordingProblem | None:
        """Why a gate's trial is no evidence about a model, live or in replay.

        A plain run tests the app: what a recording holds is what it must deal with.
        """
        if not self._settings.gated:
            return None
        recorder, answers = arm.recorder, arm.said.transcript().answers
        return (
            self._unswapped(arm)
            or problems.spoiled(recorder.calls, recorder.command, recording=False)
            or problems.other_model(answers, self._settings.names, recorder.command)
        )

    def _unswapped(self, arm: Arm) -> RecordingProblem | None:
        """Why a candidate's trial shows nothing of NEW: a request was sent to OLD all the same."""
        if arm.step.stream != "cand":
            return None
        canonical = self._settings.names.canonical
        olds = {canonical(swap.old) for swap in self._settings.bump}
        olds -= {canonical(swap.new) for swap in self._settings.bump}
        for number, call in enumerate(arm.recorder.calls, start=1):
            model = canonical(call.known.model or "")
            if model in olds and not call.judges:
                return RecordingProblem(
                    f"call {number} of the candidate asked {model}: the swap did not reach it",
                    [
                        ("expected", "every request on the candidate's arm asks the new model"),
                        ("observed", "a request for the old one"),
                        ("to go on", "see whether pytest_claude_adapt_request keeps the model"),
                    ],
                )
        return None

    def drop_superseded(
        self,
        item: pytest.Item,
        arm: Arm,
        streams: Collection[Stream],
        made: Collection[Path | None],
    ) -> int:
        """Remove the recordings of a test that the app, edited since, asks for no more.

        Those that a plain run replays stay as far as the marker wants them: they are recorded
        over.

        Args:
            item: The test.
            arm: The trial that showed it: what a plain run replays of other models stays.
            streams: Those whose requests are others now.
            made: Recordings that this run has made or played: they stay.

        Returns:
            How many were removed.
        """
        settings, dropped = item.stash[TEST_SETTINGS], 0
        for stream in streams:
            shared = stream == "base" and settings.cassette is not None
            folder = self.recordings.folder(item.nodeid, settings, stream)
            for recording in () if shared else folder.recordings():
                wanted = stream == "base" and (
                    recording.index < max(1, settings.trials)
                    or recording.model != arm.recorder.model
                )
                if recording.path not in made and not wanted:
                    recording.path.unlink(missing_ok=True)
                    dropped += 1
        return dropped

    def command(self, test: str) -> str:
        """The command that runs the one test with this node id."""
        part = self._settings.part
        bump = [f"--claude-bump {swap}" for swap in self._settings.bump]
        bump = bump if part is None else [*part.typed]
        swaps = (f"--claude-swap {swap}" for swap in self._settings.swaps)
        return pytest_line(*bump, *swaps, tests=[test], root=self._root)

    def _swaps(self, stream: Stream) -> Sequence[Swap]:
        return self._settings.bump if stream == "cand" else self._settings.swaps

    def _mode(self, stream: Stream) -> RecordMode:
        # In a gate, `all` is another attempt, in a folder of its own: what was paid for stays.
        mode = self._settings.record_mode
        return "new_episodes" if mode == "all" and self._settings.gated else mode


def unspellable(swap: Swap, sent: str, names: ModelNames) -> NotSent:
    """The problem of a request whose candidate can't be named."""
    shown, new = without_account(sent), without_account(swap.new)
    return NotSent(
        f"not sent: what {new} is called in the place of {shown} is not known",
        [
            ("expected", f"a name of {new} where the app asks {shown}"),
            ("observed", "none in the facts of the model, and none in claude_model_map"),
            ("to say it", f"claude_model_map: {line_to_add(swap.new, sent, names)}"),
        ],
        void="not_sent",
    )


def _own_redaction(hook: Any) -> Hook | None:
    """The conftest hook that takes out what only this project keeps secret."""
    own = hook.pytest_claude_redact
    return (lambda text: own(body=text)) if own.get_hookimpls() else None


@contextmanager
def beside_vcr(item: pytest.Item, recorder: Recorder) -> Iterator[None]:
    """Keep our patch above vcrpy's, and let the test's own recording answer where ours is missing.

    `@pytest.mark.vcr` of pytest-recording patches in a fixture, after us and so above us: a model
    call would never reach us, and a missing recording would end as "Connection error.". All other
    requests of the test stay vcrpy's.
    """
    if item.get_closest_marker("vcr") is None:
        yield
        return
    request = getattr(item, "_request", None)
    try:
        vcr = request.getfixturevalue("vcr") if request else None
    except pytest.FixtureLookupError:
        vcr = None  # without that plugin
    if (path := getattr(vcr, "_path", None)) is not None:
        recorder.adopt(Path(item.config.invocation_params.dir, path).resolve())
    with patching.uppermost():
        yield
