"""Personal data out: e-mail addresses, phone, card and account numbers, by stated rules. Pure.

The same value gets the same placeholder wherever it is. Names are not looked for: no rule tells
them from other words. A project takes them out by its hook `pytest_claude_redact`.

What counts:

- an e-mail address, plain or percent-encoded;
- an account number: an IBAN of its country's length whose check digits are right;
- a card number: 13 to 19 digits, in groups or not, that begin as a card's do (2 to 6) and whose
  last digit is right (Luhn);
- a phone number: `+` or `00` and 8 to 15 digits; 6 to 12 digits after `(…)` or after a group that
  begins with 0; the usual groups of 3, 3 and 4 digits, of 3, 4 and 4 and of 5 and 5, and `555-…`;
  all that a field holds whose name says that it is one.

What was found once is taken out where it is written without spaces, too. An order number, a date,
a time, an amount and an id stay as they are, and so does what nobody can read: signatures, images.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_claude.traces.messages import structured

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)(?:[\w-]+\.)+[^\W\d_]{2,24}", re.IGNORECASE)
# A space and a hyphen are what people and programs write for them, too.
_SPACES, _DASHES = " \u00a0\u202f", "\u2010-\u2015-"


def _pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(text.replace(" ", _SPACES).replace("~", _DASHES), flags)


_IBAN = _pattern(r"(?<!\w)[A-Z]{2}\d{2}(?:[ ~]?[A-Z0-9]){11,30}(?!\w)", re.I | re.A)
_CARD = _pattern(r"(?<![\w.+])(?<!\d-)[2-6](?:[ ~]?\d){12,18}(?!\w|[.-]\d)")
_PHONE = _pattern(
    r"(?:(?<![\w+])(?:\+|00(?=[1-9]))[ (]{0,2}\d(?:[ ()./~]{0,3}\d){7,14}"
    r"|(?<![\w.+/-])(?<!\d:)(?:"
    r"(?:\(\d{2,5}\)[ ]?|0\d{1,4}[ /.~]{1,2})\d(?:[ ./~]?\d){5,11}"
    r"|(?:1[ .~])?\d{3}[ .~]\d{3}[ .~]\d{4}"
    r"|1[3-9]\d[ ~]\d{4}[ ~]\d{4}"
    r"|555[ .~]\d{4}"
    r"|[6-9]\d{4}[ ]\d{5}"
    r"))(?!\w|[.:/-]\d)"
)
_RUN = re.compile(r"(?<![\w.])\d{7,19}(?![\w.])")
_PHONE_FIELD = re.compile(r"(?i)phone|(?<![a-z])(?:tel|mobile|cell|fax)(?![a-z])")
_PHONE_TEXT = _pattern(r"[+(]?\d[\d ()./~]{5,20}\d")
_DATE = re.compile(r"0\d[./-]\d\d[./-]\d{4}")
_QUICK = _pattern(r"@|%40|\d[ ()./~]{0,3}\d")  # nothing is found in a text without it
# The countries, each with the length of its IBANs.
_COUNTRIES = frozenset(re.findall(r"\w+", """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28
    EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26
    IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18
    NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24
    TR26 UA29 VA22 VG24 XK20
"""))  # fmt: skip
# What the API encrypts, or what is no text, by the type of the block that has it.
_OPAQUE = {
    "thinking": "signature", "redacted_thinking": "data", "base64": "data",
    "web_search_result": "encrypted_content", "web_search_result_location": "encrypted_index",
    "encrypted_code_execution_result": "encrypted_stdout", "compaction": "encrypted_content",
}  # fmt: skip
_BETWEEN = _pattern("[ ~]")
_SHORTEST = {"email": 6, "iban": 15, "card": 13, "phone": 7}  # characters that count


class PersonalData:
    """Takes personal data out of texts, and remembers its placeholders.

    Attributes:
        counts: How many values of each kind were taken out, each counted once.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._digits: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def text(self, text: str) -> str:
        """`text` with placeholders; applied twice it changes nothing more."""
        if _QUICK.search(text) is None:
            return text
        for kind, pattern, of in _RULES:
            text = self._without(text, kind, pattern, of)
        return (
            _RUN.sub(lambda run: self._digits.get(run[0], run[0]), text) if self._digits else text
        )

    def value(self, value: Any, *, blocks: bool = True) -> Any:
        """A JSON value with placeholders, in the names of fields too, and in bare numbers.

        Args:
            value: Of a request or a reply.
            blocks: Whether blocks of the API may be in it; there are none in what a tool gets, or
                gives back as a text.
        """
        match value:
            case str():
                inner = structured(value)
                if isinstance(inner, str):
                    return self.text(value)
                after = self.value(inner, blocks=False)
                return value if after == inner else json.dumps(after, ensure_ascii=False)
            case bool() | None | float():
                return value
            case int():
                return value if (after := self.text(str(value))) == str(value) else after
            case Mapping():
                opaque = _OPAQUE.get(str(value.get("type"))) if blocks else None
                return {
                    self.text(name): each
                    if name == opaque and isinstance(each, str)
                    else self._field(name, each, blocks=blocks and name != "input")
                    for name, each in value.items()
                }
        return [self.value(each, blocks=blocks) for each in value]

    def _field(self, name: str, value: Any, *, blocks: bool) -> Any:
        if _PHONE_FIELD.search(name) and isinstance(value, str | int):
            if _PHONE_TEXT.fullmatch(str(value).strip()) and (number := _phone(str(value))):
                return self._out("phone", number)
        return self.value(value, blocks=blocks)

    def _without(
        self, text: str, kind: str, pattern: re.Pattern[str], of: Callable[[str], str]
    ) -> str:
        """`text` without the values of a kind; what follows one may look like a part of it."""
        pieces, done, at = [], 0, 0
        while (found := pattern.search(text, at)) is not None:
            at = found.start() + 1
            for part in _beginnings(found[0], _SHORTEST[kind]):
                if value := of(part):
                    pieces += [text[done : found.start()], self._out(kind, value)]
                    done = at = found.start() + len(part)
                    break
        return "".join((*pieces, text[done:])) if pieces else text

    def _out(self, kind: str, value: str) -> str:
        if (kind, value) not in self._known:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            placeholder = self._known[kind, value] = f"[{kind}-{self.counts[kind]}]"
            self._digits.setdefault(value, placeholder)
        return self._known[kind, value]


def _beginnings(text: str, shortest: int) -> list[str]:
    """A text, then without its last word, and so on, down to a length."""
    ends = [m.start() for m in _BETWEEN.finditer(text) if m.start() >= shortest]
    return [text, *(text[:end] for end in reversed(ends))]


def _email(found: str) -> str:
    return found.replace("%40", "@").casefold()


def _iban(found: str) -> str:
    plain = _BETWEEN.sub("", found).upper()
    if f"{plain[:2]}{len(plain)}" not in _COUNTRIES:
        return ""
    moved = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    return plain if int(moved) % 97 == 1 else ""


def _card(found: str) -> str:
    digits = _digits(found)
    doubled = (int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits)))
    is_right = sum(n - 9 * (n > 9) for n in doubled) % 10 == 0
    return digits if is_right and len(digits) >= 13 else ""


def _phone(found: str) -> str:
    digits = _digits(found)
    return "" if _DATE.fullmatch(found) or not 7 <= len(digits) <= 17 else digits.removeprefix("00")


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


# In this order: a card's digits could be a phone's.
_RULES: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("email", _EMAIL, _email),
    ("iban", _IBAN, _iban),
    ("card", _CARD, _card),
    ("phone", _PHONE, _phone),
)
