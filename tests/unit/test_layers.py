"""Who may import whom, and what a project pays that has the plugin and does not use it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pytest_claude

PACKAGE = Path(pytest_claude.__file__).parent

PURE = {"transcript", "behavior", "expect", "comparison", "gating", "models", "run", "report"}
# Plugin and commands may not import each other.
SHARED_EDGES = {"accepted_files", "ini_files", "report_files", "places", "revision"}
MAY_IMPORT = {
    "errors": set(),
    "clock": set(),  # an edge: what day it is goes from there into the pure rooms as a value
    "settings": {"errors", "models"},  # of models the names that a project has of its own
    "transcript": {"errors"},
    "behavior": {"transcript"},
    # models: a view is asked for by a model whose ids are several, and a limit on cost by prices.
    "expect": {"behavior", "transcript", "errors", "models"},
    "comparison": {"expect", "behavior", "transcript", "errors"},
    "gating": {"comparison", "expect", "behavior", "transcript", "errors"},
    "models": {"transcript", "errors"},  # a wrong line of claude_prices is a SettingsError
    # settings: a comparison is what the options name. recording: the slugs of redaction alone, for
    # the places of trials (tested below).
    "run": {
        "settings",
        "errors",
        "transcript",
        "expect",
        "comparison",
        "gating",
        "models",
        "recording",
    },
    "recording": {"clock", "settings", "errors", "transcript", "models"},  # the clock of durations
    "report": PURE | {"errors", "settings"},
    # An edge that plugin and commands share: they may not import each other.
    # What other tools' suites say: files are read, nothing is run.
    "suites": {"errors", "models", "transcript"},
    "report_files": PURE | {"errors", "settings", "recording"},
    "ini_files": {"errors"},
    "accepted_files": {"behavior", "errors", "recording", "transcript"},
    "places": {
        "accepted_files",
        "comparison",
        "errors",
        "ini_files",
        "recording",
        "run",
        "settings",
    },
    "revision": {"errors"},
    # Traffic of other tools becomes cassettes and a test; an edge of the commands.
    "traces": {"errors", "models", "places", "recording", "transcript"},
    "plugin": PURE | {"errors", "clock", "settings", "recording", *SHARED_EDGES},
    "cli": PURE | {"errors", "clock", "settings", "recording", "suites", "traces", *SHARED_EDGES},
    "__init__": PURE | {"errors", "settings", "plugin", "recording"},
}
DOORS = {
    "pytest": {"plugin"},
    "vcr": {"recording"},
    "yaml": {"recording", "plugin/cases.py", "suites/files.py"},
    "jsonschema": {"behavior/structured.py"},
    "pydantic": {"behavior/typed.py"},
    "deepdiff": {"comparison/difference.py"},
    "filelock": {"recording/locking.py", "recording/shared_state.py"},
    # the test's own calls (claude.ask and the judge), and the Models API asked for with --live
    "anthropic": {"plugin/claude_fixture.py", "cli/live.py"},
    "jinja2": {"report/html.py", "suites/templates.py"},
    "markupsafe": {"report/html.py"},
    "shtab": {"cli/completion.py"},
    "botocore": {"recording/doors/aws.py"},
    "genai_prices": {"models/prices.py"},
    # whose server answers, and whether a worker that reserved money still runs
    "psutil": {"recording/doors/neighbours.py", "recording/admission.py"},
}
IMPURE = {"os", "pathlib", "tempfile", "shutil", "subprocess", "socket", "time", "random",
          "threading", "datetime"}  # fmt: skip

MODULES = sorted(p for p in PACKAGE.rglob("*.py") if "demo" not in p.relative_to(PACKAGE).parts)


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not _is_of_pure_paths(node):
            assert node.level == 0, f"{_name(path)}: imports are absolute"
            found.add(node.module or "")
            # `from pytest_claude import settings` names a package of ours in its names.
            if node.module in ("pytest_claude",):
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found - {"pytest_claude"}


def _is_of_pure_paths(node: ast.ImportFrom) -> bool:
    return node.module == "pathlib" and all(n.name.startswith("Pure") for n in node.names)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_package_imports_only_what_the_table_allows(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    ours = {name.split(".")[1] for name in _imports(path) if name.startswith("pytest_claude.")}
    ours -= {"__version__"}
    assert ours <= MAY_IMPORT[own] | {own}


def test_the_run_knows_of_models_only_their_ids() -> None:
    imports = {name for path in MODULES if path.parent.name == "run" for name in _imports(path)}
    assert {name for name in imports if name.startswith("pytest_claude.models")} == {
        "pytest_claude.models.ids"
    }


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_third_party_library_has_one_door(path: Path) -> None:
    for name in _imports(path):
        doors = DOORS.get(name.split(".")[0])
        if doors is not None:
            assert any(_name(path).startswith(door) for door in doors), f"{name} in {_name(path)}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.relative_to(PACKAGE).parts[0] in PURE], ids=_name
)
def test_the_middle_is_pure(path: Path) -> None:
    impure = {name.split(".")[0] for name in _imports(path)} & IMPURE
    if path.parent.name == "models":
        impure -= {"datetime"}  # facts have dates; what day it is comes in from the edge
        asked = {node.attr for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.Attribute)}  # fmt: skip
        assert not asked & {"now", "today", "utcnow"}
    if impure == {"random"}:  # a generator that is made of a constant gives the same every time
        calls = [node for node in ast.walk(ast.parse(path.read_text()))
                 if isinstance(node, ast.Call) and ast.unparse(node.func) == "Random"]  # fmt: skip
        assert calls
        assert all(isinstance(each, ast.Constant) for call in calls for each in call.args or [None])
        assert "from random import Random\n" in path.read_text()
        impure.clear()
    assert not impure


def test_a_run_takes_only_its_slugs_from_recording() -> None:
    imported = set().union(*(_imports(path) for path in (PACKAGE / "run").glob("*.py")))
    taken = {name for name in imported if name.startswith("pytest_claude.recording")}
    assert taken == {"pytest_claude.recording.slugs"}
