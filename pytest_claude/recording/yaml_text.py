"""YAML text ↔ data: strict to read, readable to write. The door to PyYAML of cassettes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pytest_claude.errors import UnreadableCassette
from pytest_claude.transcript.utf8 import encodable

_DEEPEST = 100  # levels of nesting; libyaml crashes the process at some ten thousand

# PyYAML writes a text with one of these characters as one quoted line (or, in its pure-Python
# form, changes U+0085 silently). Escaped inside JSON they are the same value.
_UNPRINTABLE = re.compile("[^\t\n\r -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")


@dataclass(frozen=True)
class Documents:
    """What a file of several YAML documents, or of JSON lines, holds.

    Attributes:
        parts: One for each document.
    """

    parts: list[Any]


class OneLine(list[Any]):
    """A list that is written on one line: `[[0.1, 52], [0.2, 31]]`."""


def load(text: str, name: str) -> Any:
    """The data in a JSON or YAML text of whatever origin.

    Raises:
        UnreadableCassette: It is neither, or holds what no recording needs and a hostile or
            mangled file does: a key twice, nested aliases, unknown tags, very deep nesting.
    """
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _json(text)
        except RecursionError as error:
            raise UnreadableCassette(name, f"is no JSON: {one_line(error)}") from None
        except ValueError:
            pass  # YAML flow style begins so too
    import yaml

    try:
        if (flaw := _flaw(yaml.parse(text, Loader=_loader()))) is not None:
            raise UnreadableCassette(name, flaw)
        documents = [d for d in yaml.load_all(text, Loader=_loader()) if d is not None]
        return Documents(documents) if len(documents) > 1 else next(iter(documents), None)
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = error.problem or "an error"
        raise UnreadableCassette(name, f"is no YAML{line}: {problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableCassette(name, f"is no YAML: {one_line(error)}") from None


def _json(text: str) -> Any:
    """One JSON document, or a list of what each line holds."""
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise
        lines = (line for line in text.splitlines() if line.strip())
        return [json.loads(line, object_pairs_hook=_without_doubles) for line in lines]


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError("a key twice")  # then it is read as YAML, which says which and where
    return data


def load_own(text: str) -> Any:
    """The data in a text that we wrote ourselves and whose hash was checked."""
    import yaml

    return yaml.load(text, Loader=_loader())


def dump(data: Any) -> str:
    """`data` as block-style YAML; texts of several lines become literal blocks."""
    import yaml

    text = yaml.dump(data, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=2**31 - 1)
    # PyYAML ends the document where a text keeps its last line ends; ours goes on.
    return str(text).removesuffix("...\n")


def pretty_json(value: Any) -> str:
    """JSON over several lines, without the characters that no literal block can hold.

    Raises:
        ValueError: It holds a number that JSON can't write, as `1e999` is once it was read.
    """
    pretty = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    return _UNPRINTABLE.sub(lambda match: json.dumps(match[0])[1:-1], pretty) + "\n"


def one_line(error: BaseException) -> str:
    """The text of an error on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _flaw(events: Iterable[Any]) -> str | None:
    """What a stream of YAML events holds that no recording does, or None.

    An alias bomb needs an alias inside what an anchor names; PyYAML itself writes anchors for a
    value that occurs twice, so a plain alias is not a flaw.
    """
    import yaml

    open_nodes: list[tuple[bool, set[str] | None]] = []  # anchored, keys seen
    key_next: list[bool] = []
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            open_nodes.pop()
            key_next.pop()
            _flip(key_next)
        elif isinstance(event, yaml.CollectionStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            open_nodes.append((event.anchor is not None, set() if mapping else None))
            key_next.append(mapping)
            if len(open_nodes) > _DEEPEST:
                return f"is nested deeper than {_DEEPEST} levels"
        elif isinstance(event, yaml.AliasEvent):
            if any(anchored for anchored, _ in open_nodes):
                return f"holds an alias inside an anchor{_at_line(event)}"
            _flip(key_next)
        elif isinstance(event, yaml.ScalarEvent):
            keys = open_nodes[-1][1] if open_nodes else None
            if keys is not None and key_next[-1]:
                if event.value in keys:
                    return f"holds the key {event.value!r} twice{_at_line(event)}"
                keys.add(event.value)
            _flip(key_next)
    return None


def _at_line(event: Any) -> str:
    return f" at line {event.start_mark.line + 1}"


def _flip(key_next: list[bool]) -> None:
    """Keys and values alternate in a mapping; in a sequence the flag means nothing."""
    if key_next:
        key_next[-1] = not key_next[-1]


@cache
def _loader() -> Any:
    """PyYAML's safe loader, which also takes the harmless tags of Ruby and of old Pythons.

    What is tagged `!ruby/…` is read as the plain mapping, list or text that it is; no object is
    made of anything.
    """
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("Loader", (base,), {})
    loader.add_constructor("!binary", base.construct_yaml_binary)
    loader.add_multi_constructor("!ruby/", lambda loader, _, node: _plain(loader, node))
    for kind in ("unicode", "str", "tuple"):
        tag = f"tag:yaml.org,2002:python/{kind}"
        loader.add_constructor(tag, lambda loader, node: _plain(loader, node))
    return loader


def _plain(loader: Any, node: Any) -> Any:
    if node.id == "mapping":
        return loader.construct_mapping(node, deep=True)
    if node.id == "sequence":
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


@cache
def _dumper() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]  # the C dumper is untyped
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", encodable(value), style=style)

    def flow(dumper: Any, value: OneLine) -> Any:
        return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)

    Dumper.add_representer(str, text)
    Dumper.add_representer(OneLine, flow)
    return Dumper
