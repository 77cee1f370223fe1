"""What a secret is: one definition for what is never written and what is found in files. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import product
from urllib.parse import quote, quote_plus

from pytest_claude.recording.complexity import SHORTEST, Place, plain
from pytest_claude.recording.searching import Searched, searched
from pytest_claude.recording.secret_shapes import REPLACEMENT, Secret, Shape

# The names that SDKs read credentials from end so.
_KEY = re.compile(r"(?:API_KEY|AUTH_TOKEN|BEARER_TOKEN_BEDROCK|SECRET_ACCESS_KEY|SESSION_TOKEN)$")
_PASSWORD = re.compile(r"(?i)(?:SECRET|PASSWORD)$")
VARIABLE = re.compile(rf"{_KEY.pattern}|(?i:(?:SECRET|PASSWORD|TOKEN|KEY|DSN)$)")
_SHOWN_AT_ONCE = re.compile(r"://[^/\s]*@|(?i:\b(?:bearer|basic)\s)|\bAKIA[0-9A-Z]")
# Another service's variable holds a word where an SDK wants it set; Claude's, a gateway's key.
_NEVER_A_WORD = ("ANTHROPIC_", "AWS_")
_SHORT = 300  # characters
_MANY = 200  # values: to find each takes longer than to look at each place


@dataclass(frozen=True)
class Secrets:
    """Finds secrets: those that a text shows by itself, and credentials that are known.

    Attributes:
        values: What each credential is, by the forms in which it could be written.
    """

    values: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Secrets:
        """The secrets of the credentials that `environment` holds, and of all known shapes.

        Values that stand in other text too are left alone; `left_alone` names them.
        """
        whole = [
            (value, f"the value of {name}")
            for name, value in _credentials(environment)
            if not _why_left_alone(name, value)
        ]
        parts = [
            (part, f"a credential in {name}")
            for name, value in environment.items()
            if "://" in value
            for part, _ in credentials_in(value)
        ]
        return cls().knowing([*whole, *parts])

    def knowing(self, credentials: Iterable[tuple[str, str]]) -> Secrets:
        """These and `credentials`, values with what each is; itself where all are known."""
        new: dict[str, str] = {}
        for value, kind in credentials:
            for form in _forms(value) if value not in self.values else ():
                new.setdefault(form, kind)
        return Secrets({**new, **self.values}) if new else self

    def find(self, text: str) -> list[Secret]:
        """The secrets in `text` in order; those that overlap are one.

        >>> Secrets().find("export GITHUB_TOKEN=ghp_" + "a1B2" * 9)[0].kind
        'a GitHub token'
        >>> Secrets().find("export ANTHROPIC_API_KEY=sk-ant-...")
        []
        """
        secrets: list[Secret] = []
        for secret in sorted(self._all(text), key=lambda secret: secret.start):
            if secrets and secret.start < secrets[-1].end:
                secrets[-1] = replace(secrets[-1], end=max(secret.end, secrets[-1].end))
            else:
                secrets.append(secret)
        return secrets

    def redacted(self, text: str) -> str:
        """`text` with every secret replaced; applied twice it changes nothing more."""
        # URLs and headers are few, and the same in every call of a replay.
        return self._again(text) if len(text) < _SHORT else self._redacted(text)

    @cached_property
    def _again(self) -> Callable[[str], str]:
        return lru_cache(maxsize=256)(self._redacted)

    def _redacted(self, text: str) -> str:
        secrets = self.find(text)
        if not secrets:
            return text
        pieces, end = [], 0
        for secret in secrets:
            pieces += [text[end : secret.start], REPLACEMENT]
            end = secret.end
        return "".join([*pieces, text[end:]])

    def _all(self, text: str) -> Iterator[Secret]:
        looked_into = searched(text)
        shown = list(_shown(text))
        values = self.values
        if any(secret.credential for secret in shown):
            values = self.knowing((s.credential, s.kind) for s in shown if s.credential).values
        yield from shown
        yield from _values_in(text, values)
        yield from _in_base64(looked_into, values)
        as_bytes = _in_bytes(values) if looked_into.views else {}
        for view in looked_into.views:
            yield from view.secrets(_values_in(view.data.decode("latin-1"), as_bytes))
            yield from view.secrets(_in_base64(view.searched, values))


def credentials_in(text: str) -> Iterator[tuple[str, str]]:
    """What `text` shows to be a credential by its place, with what it is: it is one elsewhere."""
    for secret in _shown(text, lambda shape: shape.is_place):
        if secret.credential:
            yield secret.credential, secret.kind


def _shown(text: str, counts: Callable[[Shape], bool] = lambda _: True) -> Iterator[Secret]:
    """What a text shows to be a secret by itself, as it is written and without its escapes."""
    looked_into = searched(text)
    for shape in filter(counts, looked_into.shapes):
        yield from shape.find(text)
    for view in looked_into.views:
        inside = view.data.decode("latin-1")
        for shape in filter(counts, view.searched.shapes):
            yield from view.secrets(shape.find(inside))


def _values_in(text: str, values: Mapping[str, str]) -> Iterator[Secret]:
    if len(values) > _MANY:
        yield from _many_in(text, values)
        return
    for value, kind in values.items():
        at = text.find(value)
        while at >= 0:
            yield Secret(kind, at, at + len(value))
            at = text.find(value, at + len(value))


def _many_in(text: str, values: Mapping[str, str]) -> Iterator[Secret]:
    """The same in one pass, as a text that shows a thousand credentials needs it."""
    width = min(map(len, values))
    by_start: dict[str, list[str]] = {}
    for value in values:
        by_start.setdefault(value[:width], []).append(value)
    for at in range(len(text) - width + 1):
        for value in by_start.get(text[at : at + width], ()):
            if text.startswith(value, at):
                yield Secret(values[value], at, at + len(value))


def _in_base64(
    text: Searched, values: Mapping[str, str], *, twice: bool = True
) -> Iterator[Secret]:
    """The secrets that are in base64, where their code is; in base64 of that too if `twice`."""
    if not (codes := text.decoded):
        return
    # What is in none of them is looked for in all at once.
    together = Searched(b"\n".join(code for _, code in codes))
    said = together.data.decode("latin-1")
    shapes = [shape for shape in together.shapes if any(True for _ in shape.find(said))]
    found = _values_in(said, _in_bytes(values))
    known = {said[secret.start : secret.end]: secret.kind for secret in found}
    twice = twice and any(True for _ in _in_base64(together, values, twice=False))
    if not (twice or shapes or known):
        return
    for at, code in codes:
        said = code.decode("latin-1")
        shown = (secret for shape in shapes for secret in shape.find(said))
        secrets = [replace(secret, kind=f"{secret.kind} in base64") for secret in shown]
        secrets += _in_base64(Searched(code), values, twice=False) if twice else ()
        for secret in (*secrets, *_values_in(said, known)):
            start, end = secret.start * 4 // 3, -(-secret.end * 4 // 3)
            yield Secret(secret.kind, at + start, at + end)


def _in_bytes(values: Mapping[str, str]) -> dict[str, str]:
    """The values as they are in bytes, each of which is one character."""
    return {_bytes(value).decode("latin-1"): kind for value, kind in values.items()}


def is_secret(variable: str, value: str) -> bool:
    """Whether a variable holds a secret, by its name or as its value shows by itself.

    In a URL with a user, and in what begins as an access key, even an example counts as one.
    """
    shown = _SHOWN_AT_ONCE.search(value) or any(True for _ in _shown(value))
    return bool(VARIABLE.search(variable) or shown)


def left_alone(environment: Mapping[str, str]) -> dict[str, str]:
    """The names of credentials that can't be told from other text, and what they read like."""
    reasons = {name: _why_left_alone(name, value) for name, value in _credentials(environment)}
    return {name: why for name, why in reasons.items() if why}


def _why_left_alone(name: str, value: str) -> str:
    place: Place = "anything"
    if _KEY.search(name):
        place = "a key"
    elif _PASSWORD.search(name):
        place = "a password"
    if len(value) >= SHORTEST and value in REPLACEMENT:
        return "reads like a placeholder"
    if place == "a key" and len(value) >= SHORTEST and name.startswith(_NEVER_A_WORD):
        return ""
    return plain(value, place)


def _credentials(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(environment.items()):
        if VARIABLE.search(name) and value.strip():
            yield name, value.strip()


_FOUND_IN_CODE = 15  # bytes: base64 of so many is looked into


@lru_cache(maxsize=256)
def _forms(value: str) -> tuple[str, ...]:
    """How a value can stand in JSON, in JSON within JSON, in a URL and in base64."""
    forms = [value, value.replace("/", "\\/")]
    for inside, outside in product((True, False), repeat=2):
        once = json.dumps(value, ensure_ascii=inside)[1:-1]
        forms += (once, json.dumps(once, ensure_ascii=outside)[1:-1])
    data = _bytes(value)
    forms += (quote(data, safe=""), quote(data), quote_plus(data))
    for before in range(3) if len(data) < _FOUND_IN_CODE else ():
        coded = base64.b64encode(b"\0" * before + data).decode()
        # Only the characters that do not depend on what is around the value.
        inner = coded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        forms += (inner, inner.translate(_URL_SAFE))
    return tuple(dict.fromkeys(forms))


_URL_SAFE = str.maketrans("+/", "-_")


def _bytes(text: str) -> bytes:
    """As the environment holds it, which may be no UTF-8."""
    return text.encode("utf-8", "surrogateescape")
