"""Trial: what one run of one test on one model came to, as plain data with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from pytest_claude.behavior.profile import Profile, ToolFact
from pytest_claude.errors import SettingsError, Void
from pytest_claude.transcript.model import Transcript

VERSION = 3  # of the JSON form

Stream = Literal["base", "base_fresh", "cand"]
Outcome = Literal["pass", "fail", "skip", "void", "abort"]


@dataclass(frozen=True, slots=True)
class CheckNote:
    """What a check came to, kept for the comparison.

    Attributes:
        name: The check.
        outcome: True, False, or None when unknown.
        reason: The shortest telling of it.
        facts: What a report can draw of it, as JSON: depth and length of a needle, numbers held
            against a limit.
        expected: What was expected, in words; "" where the run file does not say.
        line: Line of the test file that states it, from 1; None for a marker.
        observed: What was observed, in words; "" where the run file does not say.
    """

    name: str
    outcome: bool | None
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    expected: str = ""
    line: int | None = None
    observed: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One reply that a judge read, where the rules left open what it does.

    Attributes:
        key: Of the reply and the judge; trials whose replies are equal share it.
        model: The judge.
        usd: Dollars that it cost when it was read; None when unknown.
    """

    key: str
    model: str
    usd: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a test on one model.

    Attributes:
        test: Node id of the test.
        stream: "base" on the baseline model as recorded earlier, "base_fresh" on the baseline
            model for this gate, "cand" on the candidate.
        index: Number of the trial in its stream, from 0.
        outcome: pass, fail (what the model caused), skip, void (infrastructure: no evidence)
            or abort (the test could not be run: a miss, an error before its first call).
        cause: Why it is not a pass, in one line.
        models: Canonical ids of the models the app asked for, before any swap.
        cassette: Path as shown to the user; None when no call was made.
        interactions: Calls in the cassette.
        checks: The checks that the test asked.
        profile: What the model did.
        rewrites: What was changed in requests so that the candidate accepts them.
        simulated_by: What played the model, where the answers are no model's.
        attempt: Which asking of the gate the trial was made for, from 1.
        model: Canonical id of the main model that was asked, after any swap; "" when unknown.
        replies: One id per answer in order (hash of the request id, else of the recorded bytes
            and the place in the cassette); trials with equal ids are copies of one paid trial.
        cost_usd: Price, as billed, of the calls that `profile` is of: its own, or where it made
            none those of a set-up that it shares; None when unknown. What a gate paid adds
            `set_ups_usd`, each set-up once.
        entries: Numbers of its interactions in a cassette that tests share; empty where the
            cassette is its own.
        void: Why it is void, or aborted for a file that can't be read; None for any other outcome.
        refused: What the API said, where it refused every request that a bump compares.
        set_ups: Cassettes of the fixtures wider than a test that asked a model for it; trials of a
            stream that share them are one trial.
        set_ups_usd: Price of what each of `set_ups` asked; None when unknown.
        edition: Fingerprints of what its app asked, before any swap: up to its first request, up
            to its second, and so on. An edited app has others; none where no call was made.
        judged: What a judge read of it for its checks and its profile.
    """

    test: str
    stream: Stream
    index: int
    outcome: Outcome
    cause: str | None = None
    models: tuple[str, ...] = ()
    cassette: str | None = None
    interactions: int = 0
    checks: tuple[CheckNote, ...] = ()
    profile: Profile | None = None
    rewrites: tuple[str, ...] = ()
    simulated_by: str | None = None
    attempt: int = 1
    model: str = ""
    replies: tuple[str, ...] = ()
    cost_usd: float | None = None
    entries: tuple[int, ...] = ()
    void: Void | None = None
    refused: str | None = None
    set_ups: tuple[str, ...] = ()
    set_ups_usd: tuple[float | None, ...] = ()
    edition: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()

    def as_evidence(self) -> Trial:
        """The trial as a gate reads it: one that fails before its first call could not be run.

        Its failure says nothing of a model, and a test that plain pytest calls failed must not
        be left out of a gate as one that calls no model.
        """
        crashed = self.outcome == "fail" and not self.interactions
        if not crashed:
            return self
        return replace(self, outcome="abort", cause=f"failed before its first call: {self.cause}")

    @property
    def shared_set_up(self) -> str | None:
        """The set-up that its profile and its cost are of; None where they are its own."""
        return self.cassette if self.cassette in self.set_ups else None

    def own(self, transcript: Transcript) -> Transcript:
        """What the transcript of its cassette holds of this trial."""
        if not self.entries:
            return transcript
        answers = {answer.number: answer for answer in transcript.answers}
        found = (answers[number] for number in self.entries if number in answers)
        return replace(transcript, answers=tuple(found))

    def number_of(self, call: int) -> int:
        """The number, in its cassette, of the interaction of one of its calls."""
        return self.entries[call - 1] if 0 < call <= len(self.entries) else call

    def to_json(self) -> dict[str, Any]:
        """The trial as plain JSON types."""
        return {"v": VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trial:
        """The trial that `to_json` wrote, of this version or one before.

        Raises:
            SettingsError: A later version wrote it.
        """
        fields = dict(data)
        version = fields.pop("v", 1)
        if version in (1, 2):  # version 1 said in the cause alone that it was held back
            said_so = (fields.get("cause") or "").startswith("not sent: ")
            held_back = fields.pop("held_back", said_so)
            if fields.get("outcome") == "void":
                fields["void"] = "not_sent" if held_back else "service"
        elif version != VERSION:
            raise SettingsError(
                f"a trial of version {version}: this pytest-claude reads version {VERSION}; "
                "update it"
            )
        fields["checks"] = tuple(CheckNote(**note) for note in fields.get("checks", ()))
        fields["judged"] = tuple(Judged(**each) for each in fields.get("judged", ()))
        fields["profile"] = _profile(fields.get("profile"))
        if isinstance(fields.get("edition"), str):  # an earlier version made it in another way
            fields["edition"] = ()
        for name in (
            "models",
            "rewrites",
            "replies",
            "entries",
            "set_ups",
            "set_ups_usd",
            "edition",
        ):
            fields[name] = tuple(fields.get(name, ()))
        return cls(**fields)


def _profile(data: Mapping[str, Any] | None) -> Profile | None:
    if data is None:
        return None
    return Profile(
        **{
            **data,
            "tools": tuple(ToolFact(**fact) for fact in data["tools"]),
            "parallel": tuple(tuple(group) for group in data["parallel"]),
            "fenced": data.get("fenced"),
            **{name: tuple(data.get(name, ())) for name in ("server_tools", "efforts", "served")},
        }
    )
