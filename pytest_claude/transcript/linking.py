"""Which calls go on with which: the conversations of a run, and which of them compete."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_claude.transcript.json_values import mapping, mappings, parsed, string
from pytest_claude.transcript.request import RequestView, text_of

if TYPE_CHECKING:
    from pytest_claude.transcript.model import Answer

_TELLING = 12  # characters of an answer that does not come twice by chance, as a label does
_ALIKE = 0.8  # of the words of two system prompts
_MOST_CANDIDATES = 50  # calls that said the same: an app that answers "OK" all day must not cost


class Link(NamedTuple):
    """What a call goes on with.

    Attributes:
        home: Number of its conversation, from 0.
        repeats: How many messages at its beginning earlier calls of the conversation have shown.
    """

    home: int
    repeats: int


@dataclass(frozen=True)
class Linked:
    """The calls of a run, by conversation.

    Attributes:
        conversations: The numbers of the calls of each, from 0, in the order in which they began.
        links: One for each call.
        rivals: Conversations of other apps whose last reply may be meant as well as the last reply
            of the run.
        state_field: Name of a request field that carries conversation state and that nothing here
            reads; None where no request has one.
    """

    conversations: tuple[tuple[int, ...], ...]
    links: tuple[Link, ...]
    rivals: tuple[int, ...]
    state_field: str | None


def link(answers: Sequence[Answer]) -> Linked:
    """The conversations of a run.

    A call goes on with an earlier one that it names (`thread`), else with the one whose messages
    and answer are the longest run of turns in its own messages. Annotations of a turn, cache marks,
    images, thinking and the content of tool results do not count. A call that fits two
    conversations equally well begins its own.

    Args:
        answers: In the order in which their requests were sent, failed calls included.
    """
    linker = _Linker(answers)
    for number in range(len(answers)):
        linker.add(number)
    return linker.linked()


class _Candidate(NamedTuple):
    """An earlier call that a call may go on with; the greatest is the likeliest.

    Attributes:
        same_app: Whether system prompt and tools are equal.
        answered: Whether the call repeats its answer.
        run: Turns before that answer that agree, two for each, one for an annotated one.
        whole: Whether all its turns agree.
        is_tip: Whether it is the last of its conversation.
        number: Its number among the calls.
        length: Number of its turns that agree.
    """

    same_app: bool
    answered: bool
    run: int
    whole: bool
    is_tip: bool
    number: int
    length: int


class _Linker:
    """The conversations of the calls added so far."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers
        self._turns: list[Sequence[Mapping[str, Any]]] = []
        numbers: dict[Any, int] = {}
        self._apps = [numbers.setdefault(app(a.request), len(numbers)) for a in answers]
        self._chains: list[list[int]] = []
        self._home: list[list[int]] = []
        self._repeats: list[int] = []
        self._by_ask: dict[Any, list[int]] = {}
        self._by_answer: dict[Any, list[int]] = {}
        self._by_id: dict[str, int] = {}
        self._loose: set[int] = set()  # joined by a shared container or a cache diagnosis alone

    def add(self, number: int) -> None:
        """Find the call's conversation and note by what later calls may name this one."""
        request = self._answers[number].request
        # A beginning of the answer is no turn yet, unless it is an answer that is to go on.
        begins = request.prefill and _key(request.messages[-1]) not in self._by_answer
        self._turns.append(request.messages[:-1] if begins else request.messages)
        before, repeats = self._before(number)
        self._repeats.append(repeats)
        self._place(number, before)
        answer, turns = self._answers[number], self._turns[number]
        for key in _answer_keys(answer, turns):
            self._by_answer.setdefault(key, []).append(number)
        if turns and (asked := _key(turns[-1])):
            self._by_ask.setdefault(asked, []).append(number)
        for name in (answer.response_id, *_containers(answer)):
            if name is not None:
                self._by_id[name] = number

    def linked(self) -> Linked:
        """The conversations, each call in one of them."""
        chains = sorted(self._chains)
        homes = {number: home for home, chain in enumerate(chains) for number in chain}
        begun = {chain[0] for chain in chains}
        repeats = (0 if n in begun else repeats for n, repeats in enumerate(self._repeats))
        links = tuple(Link(homes[n], each) for n, each in enumerate(repeats))
        rivals = self._rivals(chains) if len(chains) > 1 else ()
        conversations = tuple(map(tuple, chains))
        return Linked(conversations, links, rivals, _state_field(self._answers))

    # --- one call ---------------------------------------------------------------------------

    def _before(self, number: int) -> tuple[int | None, int]:
        """The call that this one goes on with, and how many of its messages are repeated."""
        turns = self._turns[number]
        if previous := _previous(self._answers[number].request):
            return self._by_id.get(previous), 0
        for end in range(len(turns) - 1, -2, -1):
            if (found := self._best(number, end)) is not None:
                answered = end + 1 < len(turns) and turns[end + 1].get("role") == "assistant"
                return found.number, end + 1 + answered if found.length > end else 0
        return self._loosely(number), 0

    def _loosely(self, number: int) -> int | None:
        """The call of the same app that shares no turn with this one and yet goes before it.

        It is named by the container or as the prompt to compare with, or it failed and is asked
        again in other words, as an app does whose history was too long.
        """
        answer, turns = self._answers[number], self._turns[number]
        own = [n for n in range(number) if self._apps[n] == self._apps[number]]
        names = (*_containers(answer, asked=True), _diagnosed(answer.request))
        named = [self._by_id[name] for name in names if name in self._by_id]
        for failed in own[-1:] if turns else []:
            if not self._answers[failed].ok and any(
                _likeness(turn, turns[-1]) for turn in self._turns[failed][-1:]
            ):
                named.append(failed)
        before = next((n for n in named if n in own), None)
        if before is not None:
            self._loose.add(number)
        return before

    def _best(self, number: int, end: int) -> _Candidate | None:
        """The call whose messages end at message `end` of this call, if one fits best."""
        turns, best = self._turns[number], dict[int, _Candidate]()
        asked = self._by_ask.get(_key(turns[end]), [])[-_MOST_CANDIDATES:] if end >= 0 else []
        answered: list[int] = []
        if end == len(turns) - 1:
            asked = [each for each in asked if not self._answers[each].ok]  # asked once more
        elif turns[end + 1].get("role") == "assistant":
            answered = self._by_answer.get(_key(turns[end + 1]), [])[-_MOST_CANDIDATES:]
        for each in sorted({*asked, *answered}, reverse=True):
            chain = id(self._home[each])
            if chain in best and best[chain].is_tip:
                continue
            candidate = self._compare(number, end, each, each in answered)
            if self._fits(number, candidate) and (chain not in best or candidate > best[chain]):
                best[chain] = candidate
        ranked = sorted(best.values(), reverse=True)[:2]
        if len(ranked) == 2 and ranked[0][:3] == ranked[1][:3]:
            # It may go on with either, unless there is no telling their turns apart.
            return ranked[0] if ranked[0].answered and ranked[0].whole else None
        return ranked[0] if ranked else None

    def _compare(self, number: int, end: int, earlier: int, answered: bool) -> _Candidate:
        new, old = self._turns[number], self._turns[earlier]
        run = length = 0
        while length < min(end + 1, len(old)):
            likeness = _likeness(old[-1 - length], new[end - length])
            if not likeness:
                break
            run, length = run + likeness, length + 1
        same_app = self._apps[earlier] == self._apps[number]
        is_tip = self._home[earlier][-1] == earlier
        return _Candidate(same_app, answered, run, length == len(old), is_tip, earlier, length)

    def _fits(self, number: int, candidate: _Candidate) -> bool:
        """Whether a call may go on with the candidate."""
        before = self._answers[candidate.number]
        if candidate.same_app:
            tells = candidate.run or before.tool_uses or len(before.text) >= _TELLING
            return bool(candidate.answered and tells) or candidate.whole or not before.ok
        if not before.ok:
            return candidate.whole
        if not (candidate.answered and candidate.run):
            return False
        # Another app may be handed a conversation. One that has its own beside it looks at it.
        own = {id(chain): chain for n, chain in enumerate(self._home)
               if self._apps[n] == self._apps[number]}  # fmt: skip
        own.pop(id(self._home[candidate.number]), None)
        app_before = self._apps[candidate.number]
        beside = [c for c in own.values() if all(self._apps[n] != app_before for n in c)]
        return not beside and not _is_verdict(self._answers[number], before)

    def _place(self, number: int, before: int | None) -> None:
        if before is None or self._branches(number, before):
            self._begin([number])
        else:
            self._home[before].append(number)
            self._home.append(self._home[before])

    def _branches(self, number: int, before: int) -> bool:
        """Whether a call goes on beside those that went on with the same call before.

        Calls that only looked at the conversation from another app are moved out of its way.
        """
        chain = self._home[before]
        after = chain[chain.index(before) + 1 :]
        if not any(self._answers[n].ok for n in after):
            return False
        aside = after[0] in self._loose or self._apps[after[0]] != self._apps[before]
        if not aside or self._apps[number] != self._apps[before]:
            return True
        del chain[-len(after) :]
        self._begin(after)
        return False

    def _begin(self, numbers: list[int]) -> None:
        self._chains.append(numbers)
        for number in numbers:
            self._home[number : number + 1] = [numbers]

    # --- which compete ----------------------------------------------------------------------

    def _rivals(self, chains: Sequence[Sequence[int]]) -> tuple[int, ...]:
        """The last conversation of each other app that is under way beside the last reply's."""
        root = {app: app for app in self._apps}

        def app_of(number: int) -> int:
            app = self._apps[number]
            while root[app] != app:
                app = root[app]
            return app

        for chain in chains:
            for number in chain:
                root[app_of(number)] = app_of(chain[0])
        lives: dict[int, list[int]] = {}
        for number in range(len(self._apps)):
            lives.setdefault(app_of(number), []).append(number)
        last = lives.pop(app_of(len(self._apps) - 1))
        ends = {life[-1] for life in lives.values() if self._competes(life, last)}
        return tuple(home for home, chain in enumerate(chains) if chain[-1] in ends)

    def _competes(self, life: Sequence[int], last: Sequence[int]) -> bool:
        """Whether the calls of an app are among those of the last one, or are what it judges."""
        answers = self._answers
        judged = _is_verdict(answers[last[-1]], answers[life[-1]])
        return any(answers[n].ok for n in life) and (life[-1] > last[0] or judged)


# --- turns ------------------------------------------------------------------------------------


def app(request: RequestView) -> tuple[str, tuple[str, ...]]:
    """What tells apps apart: the system prompt without its spaces, and the names of the tools."""
    return "".join(request.system.split()), tuple(sorted(request.tool_names))


def _key(message: Mapping[str, Any]) -> tuple[str, Any] | None:
    """What a turn says; None where nothing in it can be compared.

    The ids of tool calls say it alone: results are pruned, and reminders are put beside them.
    """
    role, content = str(message.get("role")), message.get("content")
    blocks = mappings(content)
    ids = tuple(filter(None, map(_call_id, blocks)))
    if ids:
        return role, ids
    summary = (string(b.get("content")) for b in blocks if b.get("type") == "compaction")
    text = "".join((text_of(content) + "".join(filter(None, summary))).split())
    return (role, text) if text else None


def _call_id(block: Mapping[str, Any]) -> str | None:
    kind = block.get("type")
    return string(block.get({"tool_use": "id", "tool_result": "tool_use_id"}.get(str(kind), "")))


def _answer_keys(answer: Answer, turns: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The turns as which an app may send an answer back: with what it began, or without it."""
    if not answer.ok:
        return
    if ids := tuple(use.id for use in answer.tool_uses if use.id):
        yield "assistant", ids
        return
    begun = turns[-1] if turns and turns[-1].get("role") == "assistant" else {}
    texts = {answer.text, answer.text.removeprefix(answer.request.prefill)}
    texts.add(text_of(begun.get("content")) + answer.text)  # a turn that the API had paused
    compaction = [string(b.get("content")) for b in answer.content if b.get("type") == "compaction"]
    texts.update(filter(None, compaction))
    yield from (("assistant", key) for key in {"".join(text.split()) for text in texts} if key)


def _likeness(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """2 for one turn, 1 for a turn with an annotation, 0 for another."""
    if old == new:
        return 2
    left, right = _key(old), _key(new)
    if left == right:
        return 2 if old.get("role") == new.get("role") else 0
    if left is None or right is None or left[0] != right[0]:
        return 0
    texts = isinstance(left[1], str) and isinstance(right[1], str)
    return int(texts and (left[1] in right[1] or right[1] in left[1]))


def _is_verdict(answer: Answer, on: Answer) -> bool:
    """Whether an answer is no more than a verdict on another one, which it was shown.

    So answer the guards and graders of an app, and not the app: in one word, or in JSON that has
    no word of what was judged. JSON that has some is the other answer in another form.
    """
    if on.tool_uses or _alike(answer.request, on.request):
        return False
    shown = (text_of(message.get("content")) for message in answer.request.messages)
    quoted = "".join(on.text.split())
    if len(answer.text) >= len(on.text) or not any(quoted in "".join(t.split()) for t in shown):
        return False
    is_forced = mapping(answer.request.tool_choice).get("type") == "tool"
    value = parsed(answer.text, [use.input for use in answer.tool_uses] if is_forced else None)
    is_json = isinstance(value, dict | list) and not _words(str(value)) & _words(on.text)
    return is_json or len(answer.text.split()) == 1


def _alike(one: RequestView, other: RequestView) -> bool:
    """Whether two requests are of one app that writes the time or the like into its prompt."""
    left, right = _words(one.system), _words(other.system)
    share = len(left & right) / max(len(left), len(right), 1)
    return share >= _ALIKE and sorted(one.tool_names) == sorted(other.tool_names)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


# --- ids --------------------------------------------------------------------------------------


def _containers(answer: Answer, *, asked: bool = False) -> list[str]:
    """The id of the container that a request names, and that of its answer."""
    values = [(answer.request.body or {}).get("container")]
    values += [] if asked else [answer.other_fields.get("container")]
    ids = (string(v) or string(mapping(v).get("id")) for v in values)
    return [name for name in ids if name is not None]


def _previous(request: RequestView) -> str:
    """The message with which the API goes on; "" where it is not told one."""
    thread = mapping((request.body or {}).get("thread"))
    return string(thread.get("previous_message_id")) or ""


def _diagnosed(request: RequestView) -> str:
    """The message with whose prompt the API is to compare this one; "" for none."""
    diagnostics = mapping((request.body or {}).get("diagnostics"))
    return string(diagnostics.get("previous_message_id")) or ""


_READ = ("messages", "system", "tools", "container", "diagnostics", "metadata", "mcp_servers")
_STATE = re.compile(
    r"thread|conversation|session|previous|parent|history|resume|chat|memory|(?<![a-z])state",
    re.IGNORECASE,
)


def _state_field(answers: Sequence[Answer]) -> str | None:
    """A request field, unknown here, that names a conversation or an earlier message."""
    ids: set[str | None] = set()
    for answer in answers:
        for name, value in (answer.request.body or {}).items():
            thread = name == "thread" and mapping(value).get("type") in ("create", "continue")
            if name not in _READ and not thread and value and _holds_state(name, value, ids):
                return name
        ids.add(answer.response_id)
    return None


def _holds_state(name: str, value: Any, ids: Collection[str | None]) -> bool:
    inner = mapping(value).items()
    is_id = isinstance(value, str) and value in ids
    return is_id or bool(_STATE.search(name)) or any(_holds_state(*each, ids) for each in inner)
