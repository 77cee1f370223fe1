"""Whatever happens to a run that submits batches: nothing is paid twice, nothing paid is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from faults.disk import FAULTS, Disk, each_operation
from simulator import Simulator, says, script
from simulator.batches import CANCELED, EXPIRED, Result, errored

from pytest_claude.errors import SettingsError
from pytest_claude.recording import files
from pytest_claude.recording.batches import exchange as exchanges
from pytest_claude.recording.batches import patience
from pytest_claude.recording.batches.api import Batches, Unanswered
from pytest_claude.recording.batches.exchange import Exchange, Purse
from pytest_claude.recording.batches.items import Endpoint, Question, identity
from pytest_claude.recording.batches.journal import Journal
from pytest_claude.recording.batches.verdicts import NoAnswer
from pytest_claude.transcript.interaction import Response

MODEL = "claude-sonnet-4-5"
TRIALS = {"one": 1, "two": 1, "twin": 1, "loop": 3}
"""The trials of a suite, and how many calls each makes, one after the other."""


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "_LONGEST_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(exchanges, "_ARRIVES_WITHIN_S", 0.0)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with new_simulator() as simulator:
        yield simulator


def new_simulator() -> Simulator:
    simulator = Simulator({MODEL: script(says("first"), says("second"), says("third"))})
    simulator.batch_looks = 1
    return simulator


class App:
    """Trials as a round or the last run runs them; what is recorded is in a file of each trial."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.endpoint = Endpoint.of(f"{url}/v1/messages", [("x-api-key", "k")])
        self.stopped: dict[str, str] = {}
        self.alone: list[str] = []

    def run(self, exchange: Exchange, *, trials: Mapping[str, int] = TRIALS) -> None:
        for owner, turns in trials.items():
            path = self.folder / owner
            if exchange.is_last:
                exchange.open(owner)
            if not path.exists() and (said := self._said(exchange, owner, turns)) is not None:
                if exchange.is_last:
                    files.write_atomically(path, json.dumps(said).encode())

    def _said(self, exchange: Exchange, owner: str, turns: int) -> list[str] | None:
        prompt = "twins" if owner.startswith("tw") else owner
        messages = [{"role": "user", "content": prompt}]
        said = []
        for _ in range(turns):
            body = json.dumps({"model": MODEL, "max_tokens": 9, "messages": messages})
            mark = identity(owner, body, 0)
            verdict = exchange.ask(Question.of(owner, mark, self.endpoint, body.encode()))
            if isinstance(verdict, NoAnswer):
                self.stopped[owner] = verdict.why
            if verdict == "alone":
                self.alone.append(owner)
            if not isinstance(verdict, Response):
                return None
            text = verdict.json()["content"][0]["text"] if verdict.status < 400 else "an error"
            said.append(text)
            messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "on"}]
        return said


def record(
    folder: Path, url: str, reach: Callable[[Endpoint], Batches] = Batches, **more: Any
) -> tuple[Exchange, App]:
    """A whole run with `--claude-batch`."""
    folder.mkdir(exist_ok=True)
    exchange, app = Exchange(Journal(folder), reach=reach), App(folder, url)
    exchange.run(lambda: app.run(exchange, **more))
    app.run(exchange, **more)
    exchange.end(whole=True)
    return exchange, app


def check_recorded(folder: Path, simulator: Simulator) -> None:
    """Every trial has exactly its recording, and each call was paid for once."""
    recorded = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
    words = ["first", "second", "third"]
    assert recorded == {owner: words[:turns] for owner, turns in TRIALS.items()}
    paid = Counter(json.dumps(params["messages"]) for params, _ in simulator.billed)
    assert sorted(paid.values()) == [1, 1, 1, 1, 2]  # the twins ask the same


@pytest.mark.fault("W01")
def test_rounds_answer_a_suite(tmp_path: Path, simulator: Simulator) -> None:
    exchange, _ = record(tmp_path / "c", simulator.url)
    check_recorded(tmp_path / "c", simulator)
    assert (exchange.rounds, len(simulator.batches)) == (3, 3)


class Mortal(Batches):
    """Dies before it sends a request, or before it reads the answer."""

    disk: Disk

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name not in ("create", "retrieve", "since", "results", "are_taken"):
            return value
        disk, folder = Mortal.disk, str(Mortal.disk._folder)

        def call(*arguments: Any) -> Any:
            disk.step(f"before {name}", folder)
            given = value(*arguments)
            given = given if isinstance(given, Mapping | str | bool) else iter([*given])
            disk.step(f"after {name}", folder)
            return given

        if name == "results":
            return lambda batch: _closable(call(batch))
        return call


def _closable(lines: Iterator[Any]) -> Iterator[Any]:
    yield from lines


@pytest.mark.fault("W01")
@pytest.mark.parametrize("fault", ["death", "death of the machine"])
def test_death_at_each_operation_pays_nothing_twice(tmp_path: Path, fault: str) -> None:
    made = tmp_path / "c"
    made.mkdir()
    with ExitStack() as stack:
        servers: list[Simulator] = []

        def act(folder: Path) -> None:
            servers.append(stack.enter_context(new_simulator()))
            record(folder, servers[-1].url, Mortal)

        deaths = 0
        for folder, disk in each_operation(made, FAULTS[fault], act):
            if disk.struck:
                deaths += 1
                record(folder, servers[-1].url)
            check_recorded(folder, servers[-1])
            servers[-1].__exit__(None, None, None)
    assert deaths > 40


@pytest.fixture(autouse=True)
def _mortal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk that is in force counts the calls of the API too."""
    enter = Disk.__enter__

    def entered(self: Disk) -> Disk:
        Mortal.disk = self
        return enter(self)

    monkeypatch.setattr(Disk, "__enter__", entered)


@pytest.mark.fault("W01")
@pytest.mark.parametrize("others", [0, 1, 25])
def test_a_submit_whose_answer_was_lost_is_found_in_the_list(
    tmp_path: Path, simulator: Simulator, others: int, monkeypatch
) -> None:
    endpoint = Endpoint.of(f"{simulator.url}/v1/messages", [("x-api-key", "k")])
    params = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    foreign = [b'{"custom_id":"theirs-%d","params":%s}' % (n, json.dumps(params).encode())
               for n in range(len(TRIALS))]  # fmt: skip
    simulator.lose_answers = 1
    pages = Batches._get

    def short(self: Batches, below: str, **query: object) -> Any:
        return pages(self, below, **(query | {"limit": 10} if "limit" in query else query))

    monkeypatch.setattr(Batches, "_get", short)

    class Among(Batches):
        """Somebody else submits batches of the same size before and after."""

        def create(self, items: Any) -> str:
            for _ in range(others):
                Batches.create(Batches(endpoint), foreign) if simulator.lose_answers == 0 else None
            if simulator.lose_answers:
                simulator.lose_answers = 0
                for _ in range(others):
                    super().create(foreign)
                simulator.lose_answers = 1
                try:
                    return super().create(items)
                finally:
                    for _ in range(others):
                        super().create(foreign)
            return super().create(items)

    record(tmp_path / "c", simulator.url, Among)
    simulator.billed[:] = [pair for pair in simulator.billed if pair[0] != params]
    check_recorded(tmp_path / "c", simulator)


def test_a_submit_that_never_arrived_is_sent_again(tmp_path: Path, simulator: Simulator) -> None:
    times = count()

    class Lossy(Batches):
        def create(self, items: Any) -> str:
            if next(times) == 0:
                raise Unanswered("the connection broke")
            return super().create(items)

    record(tmp_path / "c", simulator.url, Lossy)
    check_recorded(tmp_path / "c", simulator)


def fate(*results: Result) -> Callable[[Any, int], Result | None]:
    """The first items that ask for `one` come to these."""
    left = [*results]

    def of(params: Any, seen: int) -> Result | None:
        return left.pop(0) if params["messages"][0]["content"] == "one" and left else None

    return of


@pytest.mark.parametrize(
    "result", [EXPIRED, errored("api_error", "x"), errored("overloaded_error", "x")]
)
def test_what_the_service_did_not_answer_is_submitted_again(
    tmp_path: Path, simulator: Simulator, result: Result
) -> None:
    simulator.batch_fate = fate(result, result)
    exchange, _ = record(tmp_path / "c", simulator.url)
    check_recorded(tmp_path / "c", simulator)
    why = "expired" if result is EXPIRED else result["error"]["error"]["type"]
    assert [line for line in exchange.told if line.endswith(f": {why}")] != []


def test_it_is_submitted_three_times_at_most(tmp_path: Path, simulator: Simulator) -> None:
    simulator.batch_fate = fate(*[EXPIRED] * 9)
    _, app = record(tmp_path / "c", simulator.url)
    assert app.stopped == {"one": "3 batches gave no answer: expired"}
    items = [item for batch in simulator.batches.values() for item in batch.requests]
    assert sum("one" in json.dumps(item) for item in items) == 3
    simulator.batch_fate = lambda params, seen: None
    record(tmp_path / "c", simulator.url)  # the next run tries again
    check_recorded(tmp_path / "c", simulator)


def test_a_cancelled_batch_is_submitted_again_by_the_next_run_alone(
    tmp_path: Path, simulator: Simulator
) -> None:
    simulator.batch_fate = fate(CANCELED)
    _, app = record(tmp_path / "c", simulator.url)
    (batch, *_) = simulator.batches
    assert app.stopped == {"one": f"the batch {batch} was cancelled"}
    record(tmp_path / "c", simulator.url)
    check_recorded(tmp_path / "c", simulator)


def test_an_error_of_the_request_is_recorded_as_its_answer(
    tmp_path: Path, simulator: Simulator
) -> None:
    simulator.batch_fate = fate(errored("invalid_request_error", "too long"))
    record(tmp_path / "c", simulator.url)
    assert json.loads((tmp_path / "c" / "one").read_text()) == ["an error"]
    assert len(simulator.batches) == 3


def test_a_trial_that_asks_something_else_in_each_run_is_paid_once_in_a_batch(
    tmp_path: Path, simulator: Simulator
) -> None:
    class Changing(App):
        def run(self, exchange: Exchange, **more: Any) -> None:
            super().run(exchange)
            body = json.dumps(
                {"model": MODEL, "messages": [{"role": "user", "content": f"{next(n)}"}]}
            )
            question = Question.of(
                "other", identity("other", body, 0), self.endpoint, body.encode()
            )
            verdicts.append(exchange.ask(question))

    n, verdicts = count(), []
    folder = tmp_path / "c"
    folder.mkdir()
    exchange, app = Exchange(Journal(folder)), Changing(folder, simulator.url)
    exchange.run(lambda: app.run(exchange))
    app.run(exchange)
    exchange.end(whole=True)
    assert verdicts == ["wait", *["later"] * 3, "alone"]
    assert [*exchange.changing] == ["other"]
    assert "1 call answered in a batch, paid, and not made again" in exchange.told
    assert not Journal(folder).path.exists()


def test_another_credential_version_or_set_of_betas_is_another_batch(simulator: Simulator) -> None:
    url = f"{simulator.url}/v1/messages"
    alike = [
        [("X-Api-Key", "k"), ("anthropic-beta", "b,a"), ("user-agent", "x"), ("cookie", "c")],
        [("anthropic-beta", "a, b"), ("x-api-key", "k"), ("x-stainless-retry-count", "1")],
    ]
    others = [
        [("x-api-key", "other"), ("anthropic-beta", "a,b")],
        [("x-api-key", "k"), ("anthropic-beta", "a")],
        [("x-api-key", "k"), ("anthropic-beta", "a,b"), ("anthropic-version", "2026-10-21")],
    ]
    assert len({Endpoint.of(url, headers) for headers in alike}) == 1
    assert len({Endpoint.of(url, headers) for headers in [alike[0], *others]}) == 4


def test_no_credential_is_on_disk_while_a_batch_is_under_way(
    tmp_path: Path, simulator: Simulator
) -> None:
    simulator.batch_looks = 10**6
    endpoint = Endpoint.of(f"{simulator.url}/v1/messages", [("x-api-key", "sk-ant-a-secret")])
    body = (
        b'{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"q"}]}'
    )

    class Looked(Exception):
        pass

    def look(line: str) -> None:
        if "under way" in line:
            raise Looked

    exchange = Exchange(Journal(tmp_path), tell=look)
    with pytest.raises(Looked):
        exchange.run(lambda: exchange.ask(Question.of("t", "i" * 32, endpoint, body)))
    (path,) = tmp_path.iterdir()
    assert b"secret" not in path.read_bytes()
    assert path.name == "batches.partial"


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "other"}', '{"format": 1, "batches": 2}'])
def test_a_journal_that_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "batches.partial").write_text(text)
    with pytest.raises(SettingsError, match="which batches are under way can't be read"):
        Journal(tmp_path)


def test_a_refused_batch_stops_the_rounds_and_says_why(
    tmp_path: Path, simulator: Simulator
) -> None:
    class Refusing(Batches):
        def create(self, items: Any) -> str:
            return super().create([*items] * 2)  # no custom_id may come twice

    exchange, app = record(tmp_path / "c", simulator.url, Refusing)
    assert exchange.stopped is not None
    assert exchange.stopped.why == "no batch of 4 calls was taken: HTTP 400: custom_id: not allowed"
    assert set(app.stopped.values()) == {exchange.stopped.why}
    assert not simulator.billed
    assert not (tmp_path / "c" / "batches.partial").exists()


@pytest.mark.parametrize(("limit", "value"), [("MOST_ITEMS", 2), ("MOST_BYTES", 500)])
def test_more_calls_than_a_batch_takes_are_several_batches(
    tmp_path: Path, simulator: Simulator, monkeypatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(exchanges, limit, value)
    exchange, _ = record(tmp_path / "c", simulator.url)
    check_recorded(tmp_path / "c", simulator)
    sizes = [len(batch.requests) for batch in simulator.batches.values()]
    assert (sizes, exchange.rounds) == ([2, 2, 1, 1], 3)


@pytest.mark.fault("W01")
def test_results_that_break_off_are_read_again_and_counted_once(
    tmp_path: Path, simulator: Simulator
) -> None:
    times, paid = count(), []

    class Broken(Batches):
        def results(self, batch: str) -> Any:
            lines = [*super().results(batch)]
            yield from lines[: 2 if next(times) == 0 else None]
            if next(times) == 1:
                raise Unanswered("the connection broke")

    folder = tmp_path / "c"
    folder.mkdir()
    app = App(folder, simulator.url)
    purse = Purse()
    purse.pay = lambda *pair: paid.append(pair)
    exchange = Exchange(Journal(folder), reach=Broken, purse=purse)
    exchange.run(lambda: app.run(exchange))
    app.run(exchange)
    exchange.end(whole=True)
    check_recorded(folder, simulator)
    assert len(paid) == len(simulator.billed)
    assert not exchange.told


@pytest.mark.fault("W01")
def test_a_lost_submit_is_found_also_when_some_of_its_calls_are_recorded_by_then(
    tmp_path: Path, simulator: Simulator
) -> None:
    folder = tmp_path / "c"
    simulator.lose_answers = 1

    class Dies(Batches):
        def since(self, at: Any) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(folder, simulator.url, Dies)
    (folder / "one").write_text('["first"]')  # by hand, or by a merge
    record(folder, simulator.url, trials={"one": 1})
    record(folder, simulator.url)
    check_recorded(folder, simulator)
