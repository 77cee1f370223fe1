"""Which calls are one conversation, and which reply is the last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.transcript import linking
from pytest_claude.transcript.model import Answer, ErrorReply, RequestView, ToolUse, Transcript

Message = dict[str, Any]
History = list[Message]
Keep = Callable[[History], History]


def user(content: Any) -> Message:
    return {"role": "user", "content": content}


def assistant(content: Any) -> Message:
    return {"role": "assistant", "content": content}


def said(*contents: Any) -> History:
    """Messages of the user and the assistant in turns."""
    return [(user, assistant)[n % 2](content) for n, content in enumerate(contents)]


def call(messages: Sequence[Message], text: str = "", *, tool: str = "", **body: Any) -> Answer:
    """One call and its answer: a text, or a call of a tool with this id."""
    begun = RequestView("POST", "/v1/messages", {"messages": messages}).prefill
    uses = (ToolUse(tool, "look", {}, 0),) if tool else ()
    sent = {"model": "claude-sonnet-4-5", **body, "messages": [*messages]}
    return Answer(
        1, RequestView("POST", "/v1/messages", sent), "claude-sonnet-4-5", None, 200,
        text=text and begun + text, tool_uses=uses, content=({"type": "text", "text": text},),
    )  # fmt: skip


def failed(messages: Sequence[Message], **body: Any) -> Answer:
    asked = call(messages, **body).request
    return Answer(1, asked, None, None, 400, error=ErrorReply("invalid_request_error", "No."))


def conversations(*answers: Answer) -> list[list[int]]:
    """The numbers of the answers of each conversation, from 1."""
    numbers = {id(answer): n for n, answer in enumerate(answers, start=1)}
    found = Transcript(answers).conversations
    return [[numbers[id(answer)] for answer in each] for each in found]


def rivals(*answers: Answer) -> tuple[int, ...]:
    return Transcript(answers).rivals


# --- one dialogue, however it is sent ---------------------------------------------------------

ANSWER = "Your lamp will be repaired by Friday."
TURNS = ["The lamp is broken.", "The one in the hall.", "Since Monday.", "What will it cost?"]
REPLIES = ["Which lamp is it?", "Since when is it broken?", "A new bulb will do.", "Four euros."]
IMAGE = {"type": "image", "source": {"type": "base64", "data": "iVBORw0KGgo="}}


def dialogue(keep: Keep, store: Callable[[str], Any] = str, **body: Any) -> list[Answer]:
    """Four turns; `keep` gives what is sent of the history, `store` what is kept of a reply."""
    history: History = []
    answers = []
    for turn, reply in zip(TURNS, REPLIES, strict=True):
        history.append(user(turn))
        answers.append(call(keep(history), reply, **body))
        history.append(assistant(store(reply)))
    return answers


def last_reworded(wording: Callable[[str], Any]) -> Keep:
    return lambda history: [*history[:-1], user(wording(history[-1]["content"]))]


def blocks(text: str) -> History:
    return [{"type": "text", "text": text}]


def cache_mark(text: str) -> History:
    return [{**blocks(text)[0], "cache_control": {"type": "ephemeral"}}]


KEEPS: dict[str, Keep] = {
    "all": lambda history: history,
    "a window": lambda history: history[-3:],
    "a longer window": lambda history: history[-5:],
    "a window that begins with a reply": lambda history: history[-2:],
    "the first turn and a window": lambda h: [*h[:1], *h[1:][-3:]],
    "a summary and the last turns": lambda h: [
        *([user("Sum: a broken lamp.")] if len(h) > 3 else []),
        *h[-3:],
    ],
    "a reminder at the end": last_reworded(lambda text: f"{text}\n<reminder>Be brief.</reminder>"),
    "a reminder at the beginning": last_reworded(lambda text: f"[12:01] {text}"),
    "a reminder as a block": last_reworded(lambda text: [*blocks(text), *blocks("Be brief.")]),
    "a reminder as a message": lambda history: [*history, user("Be brief.")],
    "a cache mark that moves": last_reworded(cache_mark),
    "text as blocks": last_reworded(blocks),
    "a screenshot that is removed": last_reworded(lambda text: [*blocks(text), IMAGE]),
    "only what the user said": lambda history: [m for m in history if m["role"] == "user"],
}
STORES: dict[str, Callable[[str], Any]] = {
    "as text": str,
    "as blocks": blocks,
    "with spaces": lambda text: f" {text}\n",
    "with thinking": lambda text: [{"type": "thinking", "thinking": "Hm."}, *blocks(text)],
    "shortened": lambda text: text[:7],
}


@pytest.mark.parametrize("keep", KEEPS.values(), ids=KEEPS)
def test_a_dialogue_is_one_conversation_whatever_is_sent_of_it(keep: Keep) -> None:
    answers = dialogue(keep)
    assert conversations(*answers) == [[1, 2, 3, 4]]
    assert Transcript(tuple(answers)).last is answers[-1]


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_a_dialogue_is_one_conversation_whatever_is_kept_of_a_reply(store: Any) -> None:
    assert conversations(*dialogue(KEEPS["all"], store)) == [[1, 2, 3, 4]]


def test_a_system_prompt_that_tells_the_time_divides_no_conversation() -> None:
    answers = [
        call(a.request.messages, a.text, system=f"It is {n} o'clock.")
        for n, a in enumerate(dialogue(KEEPS["a window"]))
    ]
    assert conversations(*answers) == [[1, 2, 3, 4]]


def test_a_summary_of_all_begins_a_conversation_of_the_same_app() -> None:
    answers = dialogue(lambda h: h if len(h) < 5 else [user(f"Sum: a lamp. {h[-1]['content']}")])
    assert conversations(*answers) == [[1, 2], [3], [4]]
    assert rivals(*answers) == ()


RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "a long page"}
PAUSED = [*blocks("I search."), {"type": "server_tool_use"}]
USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
GOES_ON = {
    "a tool result": [
        call([user("Look")], tool="t1"),
        call(said("Look", [USE], [RESULT]), "Seen."),
    ],
    "a tool result, later cleared and annotated": [
        call([user("Look")], tool="t1"),
        call(said("Look", [USE], [RESULT]), tool="t2"),
        call(
            [
                user("Look"),
                assistant([USE]),
                user([{**RESULT, "content": "[cleared]"}, *blocks("Be brief.")]),
                assistant([{**USE, "id": "t2"}]),
                user([{**RESULT, "tool_use_id": "t2"}]),
            ],
            "Seen.",
        ),
    ],
    "a beginning of the reply, put back": [
        call(said("As JSON", "{"), '"a": 1}'),
        call(said("As JSON", '{"a": 1}', "Again", "{"), '"a": 2}'),
    ],
    "a beginning of the reply, left out": [
        call(said("As JSON", "{"), '"a": 1}'),
        call(said("As JSON", '"a": 1}', "Again", "{"), '"a": 2}'),
    ],
    "a reply that was cut, sent back to go on": [
        call([user("Tell")], "Once upon a time"),
        call(said("Tell", "Once upon a time"), " there was a lamp."),
        call(said("Tell", "Once upon a time there was a lamp.", "And?"), "Dark."),
    ],
    "a turn that the API paused, sent back": [
        call([user("Search")], "I search."),
        call(said("Search", PAUSED), "So."),
        call([*said("Search", PAUSED), assistant("So."), user("And?")], "Done."),
    ],
    "a retry": [failed([user("Hi")]), call([user("Hi")], "Hi!")],
    "a retry with another system prompt": [
        failed([user("Hi")], system="A"),
        call([user("Hi")], "Hi!", system="B"),
    ],
    "a retry with less of the history": [
        call([user("Hi")], "Hi!"),
        failed(said("Hi", "Hi!", "Which lamp?")),
        call([user("Sum: greeted. Which lamp?")], "The red one."),
    ],
    "another turn in place of one that failed": [
        call([user("Hi")], "Hi!"),
        failed(said("Hi", "Hi!", "(a whole book)")),
        call(said("Hi", "Hi!", "Which lamp?"), "The red one."),
    ],
    "another app that is handed the dialogue": [
        call([user("Hi")], "I pass you on.", system="Triage", tools=[{"name": "look"}]),
        call(said("Hi", "I pass you on.", "Go on"), "Hello, I am Ann.", system="Repair"),
        call(
            said("Hi", "I pass you on.", "Go on", "Hello, I am Ann.", "Bye"),
            "I am back.", system="Triage", tools=[{"name": "look"}],
        ),
    ],
}  # fmt: skip


@pytest.mark.parametrize("answers", GOES_ON.values(), ids=GOES_ON)
def test_goes_on_with_a_conversation(answers: list[Answer]) -> None:
    assert conversations(*answers) == [[*range(1, len(answers) + 1)]]


def with_id(answer: Answer, response_id: str, **more: Any) -> Answer:
    return Answer(**{**vars(answer), "response_id": response_id, **more})


def thread(previous: str) -> dict[str, Any]:
    return {"thread": {"type": "continue", "previous_message_id": previous}}


def test_a_thread_goes_on_with_the_message_that_it_names() -> None:
    answers = [
        with_id(call([user("Hi")], "A", thread={"type": "create"}), "m1"),
        with_id(call([user("Hi")], "B", thread={"type": "create"}), "m2"),
        with_id(call([user("And?")], "C", **thread("m1")), "m3"),
        with_id(call([user("And?")], "D", **thread("m2")), "m4"),
        with_id(call([user("And?")], "E", **thread("m3")), "m5"),
        with_id(call([user("And?")], "F", **thread("not of this run")), "m6"),
    ]
    assert conversations(*answers) == [[1, 3, 5], [2, 4], [6]]
    messages = Transcript(tuple(answers)).dialogue(0)
    texts = [m["content"] if m["role"] == "user" else m["content"][0]["text"] for m in messages]
    assert texts == ["Hi", "A", "And?", "C", "And?", "E"]


@pytest.mark.parametrize(
    "named",
    [
        {"container": "c1"},
        {"container": {"id": "c1", "skills": []}},
        {"diagnostics": {"previous_message_id": "m1"}},
    ],
    ids=["container", "container with skills", "cache diagnosis"],
)
def test_an_id_links_where_no_turn_does(named: dict[str, Any]) -> None:
    first = with_id(call([user("Run it")], "Ran."), "m1", other_fields={"container": {"id": "c1"}})
    assert conversations(first, call([user("Again")], "Ran again.", **named)) == [[1, 2]]
    assert conversations(first, call([user("Again")], "Ran.", **named, system="B")) == [[1], [2]]


def test_turns_say_more_than_a_container() -> None:
    one = with_id(call([user("A")], "a"), "m1", other_fields={"container": {"id": "c"}})
    two = call([user("B")], "b", container="c")
    three = call(said("A", "a", "A2"), "a2", container="c")
    four = call(said("B", "b", "B2"), "b2", container="c")
    assert conversations(one, two, three, four) == [[1, 3], [2, 4]]


# --- several dialogues ------------------------------------------------------------------------


def agent(topic: str, answer: str) -> list[Answer]:
    """Two calls with a tool, and a last one that offers none, so that the agent must answer."""
    tools, use = [{"name": "look"}], {**USE, "id": topic}
    result = {**RESULT, "tool_use_id": topic}
    return [
        call(said(topic), "I look.", tool=topic, tools=tools),
        call(said(topic, [*blocks("I look."), use], [result]), answer, tools=[]),
    ]


def test_a_last_call_without_tools_goes_on_also_the_second_time() -> None:
    answers = [*agent("lamps", "Three."), *agent("chairs", "Four.")]
    assert conversations(*answers) == [[1, 2], [3, 4]]
    assert rivals(*answers) == ()


def test_a_short_reply_is_no_verdict_where_the_prompt_tells_the_time() -> None:
    prompt = "It is {} o'clock. You repair the lamps of a hardware store."
    answers = [
        call(said("My lamp is broken."), ANSWER, system=prompt.format(9)),
        call(said("My lamp is broken.", ANSWER, "Really?"), "Yes.", system=prompt.format(10)),
    ]
    assert conversations(*answers) == [[1, 2]]


APART = {
    "two questions": ([call([user("A")], "a"), call([user("B")], "b")], [[1], [2]]),
    "one question twice": ([call([user("A")], "a"), call([user("A")], "a")], [[1], [2]]),
    "one question to two apps": (
        [call([user("A")], "a", system="X"), call([user("A")], "a", system="Y")],
        [[1], [2]],
    ),
    "branches of one dialogue": (
        [
            call([user("Plan")], "Two parts."),
            call(said("Plan", "Two parts.", "Part 1"), "One."),
            call(said("Plan", "Two parts.", "Part 2"), "Two."),
            call(
                said("Plan", "Two parts.", "Part 1", "One.", "?"),
                "1",
            ),
        ],
        [[1, 2, 4], [3]],
    ),
    "equal answers to other questions": (
        [
            call([user("topic 1")], "OK"),
            call([user("topic 10")], "OK"),
            call(said("topic 1", "OK", "go on"), "OK"),
            call(said("topic 10", "OK", "go on"), "OK"),
        ],
        [[1, 3], [2, 4]],
    ),
    "trimmed so far that it may be either": (
        [
            call([user("topic 1")], "OK"),
            call([user("topic 2")], "OK"),
            call([assistant("OK"), user("go on")], "Done."),
        ],
        [[1], [2], [3]],
    ),
    "answers kept in other words, to one question": (
        [
            call([user("A")], "I say a"),
            call([user("A")], "I say b"),
            call(said("A", "(a)", "B"), "c"),
        ],
        [[1], [2], [3]],
    ),
    "a label that is among the examples of the prompt": (
        [
            call(said("good", "+", "bad", "-", "poor"), "-"),
            call(said("good", "+", "bad", "-", "fine"), "+"),
        ],
        [[1], [2]],
    ),
    "a side question about the dialogue": (
        [
            call([user("Hi")], "Hi! Which lamp?", system="App"),
            call(said("Hi", "Hi! Which lamp?", "A title?"), "Lamps", system="T"),
            call(said("Hi", "Hi! Which lamp?", "Red"), "Sold.", system="App"),
            call(
                said("Hi", "Hi! Which lamp?", "Red", "Sold.", "A title?"),
                "Red lamps", system="T",
            ),
        ],
        [[1, 3], [2], [4]],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "expected"), APART.values(), ids=APART)
def test_dialogues_are_kept_apart(answers: list[Answer], expected: list[list[int]]) -> None:
    assert conversations(*answers) == expected


def app(name: str, prompt: str, text: str, **body: Any) -> Answer:
    return call([user(prompt)], text, system=name, **body)


COMPETE = {
    "interleaved": [
        app("Classify", "Hi", "easy"), app("Answer", "Hi", "Hello"),
        app("Classify", "Why?", "hard"), app("Answer", "Why?", "Because."),
    ],
    "nested": [
        call([user("Hi")], tool="t1", system="Main"),
        app("Search", "lamps", "Three lamps."),
        call(said("Hi", [USE], [RESULT]), "The red one.", system="Main"),
    ],
    "a guard around the answer": [
        app("Guard", "Hi", "safe"), app("Answer", "Hi", ANSWER), app("Guard", ANSWER, "safe"),
    ],
    "a guard of one word": [app("Answer", "Hi", ANSWER), app("Guard", f"Safe? {ANSWER}", "Yes.")],
    "a guard in JSON": [app("Answer", "Hi", ANSWER), app("Guard", ANSWER, '{"safe": true}')],
    "a guard that sees the dialogue": [
        app("Answer", "Hi", ANSWER),
        call(said("Hi", ANSWER, "Safe?"), "Yes", system="Guard"),
    ],
}  # fmt: skip
SETTLED = {
    "a classifier first": [app("Classify", "Hi", "hard"), app("Answer", "Hi", ANSWER)],
    "a guard first": [app("Guard", "Hi", "safe"), app("Answer", "Hi", ANSWER)],
    "a rewriter first": [app("Rewrite", "when?", "When is my lamp ready?"),
                         app("Answer", "When is my lamp ready?", ANSWER)],
    "a draft first": [app("Draft", "Hi", ANSWER), app("Polish", ANSWER, "By Friday, friend.")],
    "prose first, then the same as JSON": [
        app("Answer", "Hi", ANSWER), app("Format", ANSWER, '{"ready": "Friday"}')],
    "two of one app, in turns": [
        app("App", "A", "a"), app("App", "B", "b"),
        call(said("A", "a", "A2"), "a2", system="App"),
    ],
    "one beside that failed": [
        app("App", "Hi", "Hello"), failed([user("?")], system="Title"),
        call(said("Hi", "Hello", "Bye"), "Bye.", system="App"),
    ],
    "competitors that had ended": [
        app("A", "1", "x"), app("B", "2", "y"), app("A", "3", "z"), app("Answer", "Hi", ANSWER)],
}  # fmt: skip


@pytest.mark.parametrize("answers", COMPETE.values(), ids=COMPETE)
def test_different_apps_compete(answers: list[Answer]) -> None:
    meant = rivals(*answers)
    assert len(meant) == 2
    systems = {Transcript(tuple(answers)).conversations[n][-1].request.system for n in meant}
    assert len(systems) == 2, "both are named"


@pytest.mark.parametrize("answers", SETTLED.values(), ids=SETTLED)
def test_the_later_is_the_last(answers: list[Answer]) -> None:
    assert rivals(*answers) == ()
    assert Transcript(tuple(answers)).last is answers[-1]


def test_each_conversation_is_the_same_alone() -> None:
    for answers in [*COMPETE.values(), *SETTLED.values()]:
        transcript = Transcript(tuple(answers))
        for each in transcript.conversations:
            assert transcript.part(each, "").conversations == (each,)


STATE = {
    "a field that names a session": {"session_id": "s1"},
    "a field that names an earlier message": {"after": "m1"},
    "a field with such a field": {"extra": {"conversation": "c1"}},
    "a new kind of thread": {"thread": {"type": "fork", "from": "m1"}},
}


@pytest.mark.parametrize("body", STATE.values(), ids=STATE)
def test_a_field_with_conversation_state_is_seen(body: dict[str, Any]) -> None:
    answers = (with_id(call([user("Hi")], "a"), "m1"), call([user("And?")], "b", **body))
    assert Transcript(answers).state_field == next(iter(body))


def test_other_fields_are_no_conversation_state() -> None:
    body = {"speed": "fast", "user": "u1", "metadata": {"user_id": "session_1"}, "session_id": None}
    assert Transcript((call([user("Hi")], "a", **body), call([user("B")], "b"))).state_field is None


# --- properties -------------------------------------------------------------------------------

WORD = st.sampled_from(["yes", "no", "go on", "the lamp", "OK"])


@st.composite
def sent_histories(draw: st.DrawFn, name: str = "") -> list[list[Message]]:
    """What an app sends in each turn of a dialogue that it trims, annotates and sums up at will."""
    history: History = []
    sent = []
    for turn in range(draw(st.integers(1, 6))):
        history.append(user(f"{name}{turn} {draw(WORD)}"))
        messages = [*history]
        for change in draw(st.lists(st.sampled_from(["trim", "note", "sum", "pin", "blocks"]))):
            if change == "trim":
                messages = messages[-2 * draw(st.integers(0, 3)) - 1 :]
            elif change == "note":
                messages[-1] = user(f"{messages[-1]['content']}\n<note>{draw(WORD)}</note>")
            elif change == "sum":
                kept = messages[-2 * draw(st.integers(0, 2)) - 1 :]
                messages = [user("Sum: " + " ".join(m["content"] for m in messages)), *kept]
            elif change == "pin":
                messages = [*history[:1], *messages[1:]]
        if draw(st.booleans()):
            messages = [{**m, "content": blocks(m["content"])} for m in messages]
        sent.append(messages)
        history.append(assistant(f"{name}{turn} {draw(WORD)}"))
    return sent


def answered(name: str, sent: list[list[Message]], **body: Any) -> list[Answer]:
    """The calls of a dialogue; an answer's text says whose it is."""
    return [call(messages, f"{name}{turn} said", **body) for turn, messages in enumerate(sent)]


@given(sent_histories())
def test_however_a_dialogue_is_sent_its_last_reply_is_the_last(sent: list[list[Message]]) -> None:
    answers = answered("", sent, system="App")
    transcript = Transcript(tuple(answers))
    assert (transcript.last, transcript.rivals) == (answers[-1], ())
    assert sorted(n for c in conversations(*answers) for n in c) == [*range(1, len(answers) + 1)]


@given(sent_histories("a"), sent_histories("b"), st.randoms(use_true_random=False), st.booleans())
def test_interleaved_agents_never_borrow_turns(
    first: list[list[Message]], second: list[list[Message]], random: Any, same_app: bool
) -> None:
    mine = answered("a", first, system="Agent")
    others = answered("b", second, system="Agent" if same_app else "Another")
    queues = [[*mine], [*others]]
    answers = []
    while any(queues):
        answers.append(random.choice([queue for queue in queues if queue]).pop(0))
    transcript = Transcript(tuple(answers))
    for conversation in transcript.conversations:
        assert len({answer.text[0] for answer in conversation}) == 1
    assert not transcript.rivals or not same_app


@given(sent_histories("a"))
def test_the_dialogue_of_a_conversation_ends_with_its_last_turn(sent: list[list[Message]]) -> None:
    answers = answered("a", sent)
    transcript = Transcript(tuple(answers))
    for home, conversation in enumerate(transcript.conversations):
        *_, asked, reply = transcript.dialogue(home)
        assert asked == conversation[-1].request.messages[-1]
        assert reply["content"] == [*conversation[-1].content]


@pytest.mark.parametrize("text", ["{turn}", "OK"], ids=["each answer its own", "equal answers"])
def test_linking_reads_a_long_run_a_few_times(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message of each request is looked at a few times, however long the run."""
    looks = 0
    likeness = linking._likeness

    def counted(old: Any, new: Any) -> int:
        nonlocal looks
        looks += 1
        return likeness(old, new)

    monkeypatch.setattr(linking, "_likeness", counted)
    history: History = []
    answers = []
    for turn in range(150):
        history = [*history, user("go on")]
        answers.append(call(history, text.format(turn=turn)))
        history = [*history, assistant(text.format(turn=turn))]
    assert len(conversations(*answers)) == 1
    assert looks <= 2 * sum(len(answer.request.messages) for answer in answers)
