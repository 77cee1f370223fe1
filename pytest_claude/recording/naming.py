"""Where a trial's cassette lies: (test id, model, stream, trial) → path. Pure."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath

from pytest_claude.models.ids import canonical_model

_LONGEST = 120  # bytes of a slug; with hash, trial number and suffix well below 255
_UNSAFE = re.compile(r"[^A-Za-z0-9_.,=+\[\]-]+")
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)$")


def slug(text: str) -> str:
    """A file name for `text` on every system; a hash is added where the name loses something.

    >>> slug("test_asks[two words]")
    'test_asks[two_words]-e6d41469'
    """
    safe = _UNSAFE.sub("_", text).strip(". ")[:_LONGEST] or "_"
    if safe == text and not _RESERVED.match(safe.split(".")[0]):
        return safe
    return f"{safe}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def test_dir(test_id: str) -> PurePosixPath:
    """The folder of one test, relative to a cassette root.

    >>> str(test_dir("tests/test_refund.py::TestRefund::test_asks[de]"))
    'tests/test_refund/TestRefund.test_asks[de]'
    """
    file, _, rest = test_id.partition("::")
    module = PurePosixPath(file).with_suffix("") if file else PurePosixPath("_")
    parts = [slug(part) for part in module.parts if part not in ("", "/")]
    return PurePosixPath(*parts, slug(rest.replace("::", ".")))


test_dir.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it where imported


def cassette_name(model: str, index: int) -> str:
    """The file of trial `index` (0 is the first) of a test whose main model is `model`.

    >>> cassette_name("claude-sonnet-4-5-20250929", 0), cassette_name("claude-opus-5", 2)
    ('claude-sonnet-4-5.yaml', 'claude-opus-5.3.yaml')
    """
    number = f".{index + 1}" if index else ""
    return f"{slug(canonical_model(model))}{number}.yaml"


def gate_dir(pairs: list[tuple[str, str]], stream: str) -> PurePosixPath:
    """The folder of a gate's trials below the cassette root, whatever the order of its pairs.

    >>> str(gate_dir([("claude-sonnet-4-5", "claude-sonnet-5-5")], "cand"))
    '_gate/claude-sonnet-4-5__claude-sonnet-5-5/cand'
    """
    names = [f"{slug(canonical_model(old))}__{slug(canonical_model(new))}" for old, new in pairs]
    return PurePosixPath("_gate", "+".join(sorted(names)), stream)


def recorded_models(folder: Path) -> list[str]:
    """The models that a test's folder holds a first trial of, as named by its files."""
    if not folder.is_dir():
        return []
    names = {path.name.removesuffix(".yaml") for path in folder.glob("*.yaml")}
    return sorted(name for name in names if not re.search(r"\.([2-9]|\d\d+)$", name))
