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
from pytest_claude.recording.secret_shapes import REPLACEMENT, Searched, Secret, searched

# The names that SDKs read credentials from end so.
_KEY = re.compile(r"(?:API_KEY|AUTH_TOKEN|BEARER_TOKEN_BEDROCK|SECRET_ACCESS_KEY|SESSION_TOKEN)$")
_PASSWORD = re.compile(r"(?i)(?:SECRET|PASSWORD)$")
VARIABLE = re.compile(rf"{_KEY.pattern}|(?i:(?:SECRET|PASSWORD|TOKEN|KEY|DSN)$)")
# Another service's variable holds a word where an SDK wants it set; Claude's, a gateway's key.
_NEVER_A_WORD = ("ANTHROPIC_", "AWS_")
_SHORT = 300  # characters


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
            if value not in self.values:
                new = {**dict.fromkeys(_forms(value), kind), **new}
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
        shown = [secret for shape in looked_into.shapes for secret in shape.find(text)]
        values = self.values
        if any(secret.credential for secret in shown):
            values = self.knowing((s.credential, s.kind) for s in shown if s.credential).values
        yield from shown
        yield from _values_in(text, values)
        yield from _in_base64(looked_into, values)


def credentials_in(text: str) -> Iterator[tuple[str, str]]:
    """What `text` shows to be a credential by its place, with what it is: it is one elsewhere."""
    for secret in (
        s for shape in searched(text).shapes if shape.is_place for s in shape.find(text)
    ):
        if secret.credential:
            yield secret.credential, secret.kind


def _values_in(text: str, values: Mapping[str, str]) -> Iterator[Secret]:
    for value, kind in values.items():
        at = text.find(value)
        while at >= 0:
            yield Secret(kind, at, at + len(value))
            at = text.find(value, at + len(value))


def _in_base64(text: Searched, values: Mapping[str, str]) -> Iterator[Secret]:
    """The secrets that are in base64, where their code is."""
    codes = text.decoded
    together = Searched(b"\n".join(code for _, code in codes))
    as_bytes = {_bytes(value): kind for value, kind in values.items()}
    if not (together.shapes or any(value in together.data for value in as_bytes)):
        return
    in_code = {value.decode("latin-1"): kind for value, kind in as_bytes.items()}
    for at, code in codes:
        said = code.decode("latin-1")
        shown = (secret for shape in together.shapes for secret in shape.find(said))
        secrets = [replace(secret, kind=f"{secret.kind} in base64") for secret in shown]
        for secret in (*secrets, *_values_in(said, in_code)):
            start, end = secret.start * 4 // 3, -(-secret.end * 4 // 3)
            yield Secret(secret.kind, at + start, at + end)


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
