"""Templates with variables: Nunjucks, which is Jinja in JavaScript. A door to jinja2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pytest_claude.suites.model import NoEquivalent


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of a template.

    Raises:
        NoEquivalent: A variable or a filter is not known, or it is no template.

    >>> render("Translate {{ text | upper }}", {"text": "ja"})
    'Translate JA'
    """
    if "{{" not in template and "{%" not in template and "{#" not in template:
        return template
    from jinja2 import TemplateError

    try:
        return str(_environment().from_string(template).render(values))
    except (TemplateError, TypeError, ValueError) as error:
        raise NoEquivalent(f"its template can't be filled in: {error}") from None


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined, finalize=_written, keep_trailing_newline=True
    )
    environment.filters["dump"] = json.dumps  # Nunjucks' name
    return environment


def _written(value: Any) -> Any:
    """How a value stands in a text: an object as JSON, a truth or number as in JavaScript."""
    if value is None:
        return ""
    return js_text(value)


def js_text(value: Any) -> str:
    """A text, or the JSON of a value; JavaScript writes 1.0 as 1.

    >>> js_text(True), js_text(1.0), js_text("a")
    ('true', '1', 'a')
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = isinstance(value, dict | list | bool | int | float | None)
    return json.dumps(value, default=str) if plain else str(value)
