"""(item, step) → the trial's cassette, the swap of its arm, and what the arm changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.comparison.trial import Stream
from pytest_claude.errors import RecordingProblem
from pytest_claude.gating.plan import Step
from pytest_claude.models.adapt import adapt
from pytest_claude.models.ids import canonical_model, model_of, same_model
from pytest_claude.plugin.summary import summarize
from pytest_claude.recording import cassette, naming
from pytest_claude.recording.recorder import Place, Recorder, models_in
from pytest_claude.recording.redaction import Redaction
from pytest_claude.settings import RecordMode, RunSettings, Swap


class Arm:
    """One trial's arm: its recorder, and what was rewritten on it.

    Attributes:
        step: Which trial this is.
        recorder: Its cassette.
        rewrites: What was changed in requests so that the candidate accepts them, in words.
        output_tools: Tools that a request forced: their input is the answer.
    """

    def __init__(self, step: Step, swaps: Sequence[Swap], settings: RunSettings, hook: Any) -> None:
        self.step = step
        self.rewrites: dict[str, None] = {}
        self.output_tools: set[str] = set()
        self.recorder: Recorder
        self._swaps = swaps
        self._settings = settings
        self._hook = hook

    def prepare(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The body to send for the body the app built; the app's own is left alone."""
        choice = body.get("tool_choice")
        if isinstance(choice, Mapping) and choice.get("type") == "tool":
            self.output_tools.add(str(choice.get("name")))
        model = model_of(body)
        swap = next((s for s in self._swaps if model and same_model(s.old, model)), None)
        return body if swap is None else self._swapped(body, swap)

    def _swapped(self, body: Mapping[str, Any], swap: Swap) -> Mapping[str, Any]:
        body = {**body, "model": swap.new}
        if self._settings.adapt == "auto":
            body, rewrites = adapt(body, swap.new)
            for rewrite in rewrites:
                self.rewrites.setdefault(rewrite.words)
        if self._settings.adapt != "off":
            own = self._hook.pytest_claude_adapt_request(body=body, old=swap.old, new=swap.new)
            if own is not None and own != body:
                self.rewrites.setdefault("rewritten by pytest_claude_adapt_request")
                body = own
        return body


class Arms:
    """Opens the arms of a run."""

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        self._config = config
        self._settings = settings
        self._redaction = Redaction.of_environment(os.environ)
        self._stems: dict[tuple[str, Stream], str] = {}

    @property
    def olds(self) -> frozenset[str]:
        """Canonical ids of the models under comparison; empty outside a bump."""
        return frozenset(canonical_model(swap.old) for swap in self._settings.bump)

    def open(self, item: pytest.Item, step: Step) -> Arm:
        """The arm on which `step` of `item` runs."""
        arm = Arm(step, self._swaps(step.stream), self._settings, item.ihook)
        folder = self.folder(item, step.stream)
        place = Place(
            folder=folder,
            shown=_shown(folder, self._config),
            index=step.index,
            command=self.command(item),
            stem=self._stems.get((item.nodeid, step.stream)),
        )
        arm.recorder = Recorder(
            place,
            self._mode(step.stream),
            redaction=self._redaction,
            prepare=arm.prepare,
            summarize=summarize,
        )
        return arm

    def close(self, item: pytest.Item, arm: Arm, *, ended: bool) -> None:
        """End the arm's trial; the first trial names the file of the others."""
        arm.recorder.close(ended=ended)
        if arm.recorder.path is not None and arm.step.index == 0:
            stem = arm.recorder.path.name.removesuffix(".yaml")
            self._stems[item.nodeid, arm.step.stream] = stem

    def folder(self, item: pytest.Item, stream: Stream) -> Path:
        """The folder of a test's cassettes."""
        root = self._settings.cassette_root
        if stream == "cand":
            pairs = [(swap.old, swap.new) for swap in self._settings.bump]
            root = root / naming.gate_dir(pairs, stream)
        return root / naming.test_dir(item.nodeid)

    def recorded(self, item: pytest.Item, stream: Stream) -> set[str]:
        """Canonical ids of all models that the recordings of a test ask."""
        found: set[str] = set()
        for path in self.folder(item, stream).glob("*.yaml"):
            try:
                found.update(models_in(cassette.load(path, path.name)))
            except RecordingProblem:
                continue  # the trial that opens it tells
        return found

    def command(self, item: pytest.Item) -> str:
        """The command that runs this one test."""
        words = [f"pytest {_quoted(item.nodeid)}"]
        words += [f"--claude-bump {swap}" for swap in self._settings.bump]
        words += [f"--claude-swap {swap}" for swap in self._settings.swaps]
        return " ".join(words)

    def _swaps(self, stream: Stream) -> Sequence[Swap]:
        return self._settings.bump if stream == "cand" else self._settings.swaps

    def _mode(self, stream: Stream) -> RecordMode:
        # In a bump, `all` records the candidate again; the baseline is evidence already paid for.
        mode = self._settings.record_mode
        return "new_episodes" if mode == "all" and self.olds and stream == "base" else mode


def _shown(folder: Path, config: pytest.Config) -> str:
    try:
        return folder.relative_to(config.rootpath).as_posix()
    except ValueError:
        return str(folder)


def _quoted(node_id: str) -> str:
    import shlex

    return shlex.quote(node_id)
