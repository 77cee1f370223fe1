"""Which parts of a request do not count: the rules of `claude_ignore`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from pytest_claude.errors import SettingsError
from pytest_claude.recording.fingerprint import Normalize
from pytest_claude.settings import did_you_mean

Rule = str | Callable[[Any], Any]

IGNORED = "<ignored>"

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = r"\d\d?(?:st|nd|rd|th|\.)?"
_WEEKDAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\.?,? )?"
_TIME = (
    r"\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?!\d)(?: ?[AaPp]\.?[Mm]\b\.?)?"
    r"(?: ?(?:Z|UTC|GMT)\b| ?[+-]\d\d:?\d\d)?"
)
NAMED: dict[str, re.Pattern[str]] = {
    "uuids": re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"),
    "dates": re.compile(
        rf"\b{_WEEKDAY}(?:\d{{4}}([-/.])\d\d?\1\d\d?"
        rf"|{_MONTH} {_DAY}(?:,? \d{{4}})?|{_DAY} (?:of )?{_MONTH}(?:,? \d{{4}})?|{_MONTH} \d{{4}}"
        r"|\d\d?/\d\d?/(?:\d{4}|\d\d)|\d\d?\.\d\d?\.\d{4})"
        rf"(?:(?:[T ]|,? (?:at )?){_TIME}|(?!\w))"
        rf"|\b{_TIME}"
    ),
    "tmp_paths": re.compile(
        r"[^\s\"'`<>]*[/\\]pytest-of-[^/\\\s]+[/\\]pytest-\d+[/\\][^/\\\s\"'`<>]+"
        r"|(?:/private)?/(?:var/)?tmp/[^/\s\"'`<>]+"
        r"|(?:/private)?/var/folders/\w\w/[^/\s]+/T/[^/\s\"'`<>]+"
        r"|[A-Za-z]:\\[^\s\"'`<>]*\\Temp\\[^\\\s\"'`<>]+"
    ),
}
"""What the named rules take out of every text."""

_STEP = re.compile(
    r"\.\.(?P<any>\w+)|\.(?P<key>\w+|\*)|\[(?P<index>\d+|\*)\]|\[['\"](?P<quoted>[^'\"]+)['\"]\]"
)


def normalizer(rules: Sequence[Rule], where: str = "claude_ignore") -> Normalize | None:
    """One function that takes out of a parsed body what `rules` name; None without rules.

    A rule is one of the names `uuids`, `dates`, `tmp_paths`; `re:PATTERN`, taken out of every
    text; a JSON path such as `$.metadata.user_id` or `$.messages[*].content`; or a function that
    gets the body and returns the body that counts.

    Raises:
        SettingsError: A rule is none of these; the text begins with `where`.
    """
    if not rules:
        return None
    steps = [_normalize(rule, where) for rule in rules]

    def normalize(body: Any) -> Any:
        for step in steps:
            body = step(body)
        return body

    return normalize


def volatile(recorded: str, sent: str) -> str | None:
    """The named rule under which two texts are the same, or None."""
    for name, pattern in NAMED.items():
        if pattern.sub("", recorded) == pattern.sub("", sent):
            return name
    return None


def _normalize(rule: Rule, where: str) -> Normalize:
    if callable(rule):
        return rule
    if (pattern := NAMED.get(rule)) is not None:
        return _in_texts(pattern)
    if rule.startswith("re:"):
        try:
            return _in_texts(re.compile(rule.removeprefix("re:")))
        except re.error as error:
            raise SettingsError(f"{where}: {rule!r} is no regular expression: {error}") from None
    if rule.startswith("$"):
        return _at_path(rule, where)
    raise SettingsError(
        f"{where}: unknown rule {rule!r}{did_you_mean(rule, NAMED)}\n"
        f"       {', '.join(NAMED)}, re:PATTERN, or a JSON path: $.metadata.user_id"
    )


def _in_texts(pattern: re.Pattern[str]) -> Normalize:
    def normalize(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(IGNORED, value)
        if isinstance(value, list):
            return [normalize(item) for item in value]
        if isinstance(value, dict):
            return {key: normalize(item) for key, item in value.items()}
        return value

    return normalize


def _at_path(path: str, where: str) -> Normalize:
    steps = list(_STEP.finditer(path))
    if "$" + "".join(step[0] for step in steps) != path:
        raise SettingsError(f"{where}: {path!r} is no JSON path like $.messages[0].content")
    if path in ("$", "$.messages", "$.messages[*]", "$.messages[*].content"):
        raise SettingsError(f"{where}: {path!r} would replay old answers to any prompt")
    return lambda body: _without(body, steps)


def _without(value: Any, steps: Sequence[re.Match[str]]) -> Any:
    """`value` without what the path leads to: a key that one side lacks is ignored too."""
    step, rest = steps[0], steps[1:]
    key = step["key"] or step["quoted"] or step["any"]
    if isinstance(value, dict):
        changed = {
            name: _without(item, rest) if rest and key in (name, "*") else item
            for name, item in value.items()
            if rest or key not in (name, "*")
        }
        return _deeper(changed, steps) if step["any"] else changed
    if isinstance(value, list):
        if step["any"]:
            return _deeper(value, steps)
        wanted = step["index"]
        return [
            _without(item, rest) if rest and wanted in ("*", str(number)) else item
            for number, item in enumerate(value)
            if rest or wanted not in ("*", str(number))
        ]
    return value


def _deeper(value: Any, steps: Sequence[re.Match[str]]) -> Any:
    """`..key` looks for its key on every level."""
    if isinstance(value, dict):
        return {name: _without(item, steps) for name, item in value.items()}
    return [_without(item, steps) for item in value]
