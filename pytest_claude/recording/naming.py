"""Where a trial's cassette lies: (test id, model, stream, trial) → path. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import canonical_model
from pytest_claude.recording.secrets import Secrets

GATE = "_gate"
"""The folder, below the cassette root, of all gates' trials."""
FIXTURES = "@fixtures"
"""The folder, beside those of tests, of what wider fixtures ask."""

_LONGEST = 120  # bytes of a slug; with hash, trial number and suffix well below 255
_UNSAFE = re.compile(r"[^A-Za-z0-9_.,=+\[\]-]+")
_TRIAL = re.compile(r"\.([2-9]|[1-9]\d+)\.yaml$")
_SECRETS = Secrets()
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)$")


def slug(text: str) -> str:
    """A file name for `text` on every system; a hash is added where the name loses something.

    A key in it, as in the id of a test that has one for a parameter, is lost.

    >>> slug("test_asks[two words]")
    'test_asks[two_words]-e6d41469'
    """
    safe = _UNSAFE.sub("_", _SECRETS.redacted(text)).strip(". ")[:_LONGEST] or "_"
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


def shared_dir(name: str) -> PurePosixPath:
    """The folder of the cassette that tests share under `name`, relative to a cassette root.

    Raises:
        SettingsError: It is no name that lies below the root, and apart from what is ours there,
            on every system.

    >>> str(shared_dir("checkout/refunds"))
    'checkout/refunds'
    """
    parts = name.split("/")
    if any(slug(part) != part or part.lower().endswith(".yaml") for part in parts):
        raise SettingsError(
            f"cassette={name!r}: a name of letters, digits and _.,=+[]-, with / between folders, "
            "without .yaml"
        )
    if parts[0].lower() == GATE:
        raise SettingsError(f"cassette={name!r}: {GATE} holds the trials of gates; take another")
    return PurePosixPath(*parts)


def fixture_dir(base: str, scope: str, name: str) -> PurePosixPath:
    """The folder of a fixture wider than a test, relative to a cassette root.

    >>> str(fixture_dir("tests/test_refund.py", "module", "catalogue[en]"))
    'tests/test_refund/@fixtures/module/catalogue[en]'
    >>> str(fixture_dir("", "session", "greeting"))
    '@fixtures/session/greeting'
    """
    below = test_dir(f"{base}::x").parent if base else PurePosixPath()
    file, _, classes = base.partition("::")
    if file and not file.endswith(".py"):  # of a conftest.py: its folder
        below = PurePosixPath(*(slug(part) for part in PurePosixPath(file).parts))
    owner = [slug(classes.replace("::", "."))] if classes else []
    return PurePosixPath(below, *owner, FIXTURES, scope, slug(name))


test_dir.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it where imported


def cassette_name(model: str, index: int) -> str:
    """The file of trial `index` (0 is the first) of a test whose main model is `model`.

    >>> cassette_name("claude-sonnet-4-5-20250929", 0), cassette_name("claude-opus-5", 2)
    ('claude-sonnet-4-5.yaml', 'claude-opus-5.3.yaml')
    """
    number = f".{index + 1}" if index else ""
    return f"{slug(canonical_model(model))}{number}.yaml"


def gate_dir(pairs: Iterable[tuple[str, str]], attempt: int = 1) -> PurePosixPath:
    """The folder of a gate below the cassette root, whatever the order of its pairs.

    >>> str(gate_dir([("claude-sonnet-4-5", "claude-sonnet-5-5")]))
    '_gate/claude-sonnet-4-5__claude-sonnet-5-5'
    >>> gate_dir([("claude-sonnet-4-5", "claude-sonnet-5-5")], 2).name
    'attempt2'
    """
    names = [f"{slug(canonical_model(old))}__{slug(canonical_model(new))}" for old, new in pairs]
    folder = PurePosixPath(GATE, "+".join(sorted(names)))
    return folder if attempt == 1 else folder / f"attempt{attempt}"


def baseline_dir(reference: str) -> PurePosixPath:
    """The folder of a gate against an earlier run, below the cassette root.

    >>> str(baseline_dir("git:main"))
    '_gate/baseline__git_main-60bb5d73'
    """
    return PurePosixPath(GATE, f"baseline__{slug(reference)}")


def recorded_models(folder: Path) -> list[str]:
    """The models that a test's folder holds a first trial of, as named by its files."""
    return [path.name.removesuffix(".yaml") for path in trial_cassettes(folder, 0)]


def recorded_trials(folder: Path) -> list[int]:
    """The indices of the trials that a test's folder holds cassettes of, ascending."""
    if not folder.is_dir():
        return []
    return sorted({trial_index(path.name) for path in folder.glob("*.yaml")})


def trial_cassettes(folder: Path, index: int) -> list[Path]:
    """The cassettes of trial `index` in a test's folder: one for each main model."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*.yaml") if trial_index(path.name) == index)


def trial_index(name: str) -> int:
    """Which trial the cassette with this file name is of, from 0.

    >>> trial_index("claude-opus-5.yaml"), trial_index("claude-opus-5.3.yaml")
    (0, 2)
    """
    number = _TRIAL.search(name)
    return int(number[1]) - 1 if number else 0
