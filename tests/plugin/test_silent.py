"""A project that has the plugin installed and does not use it pays nothing."""

from __future__ import annotations

import sys

import pytest

HEAVY = ("anthropic", "vcr", "deepdiff", "jsonschema", "jinja2", "genai_prices", "httpx", "httpx2",
         "yaml")  # fmt: skip

SUITE = f"""
import sys

def test_nothing_heavy_was_imported():
    found = sorted(set(sys.modules) & set({HEAVY!r}))
    assert not found
    ours = sorted(name for name in sys.modules if name.startswith("pytest_claude"))
    assert ours == ["pytest_claude", "pytest_claude.plugin", "pytest_claude.plugin.fixtures",
                    "pytest_claude.plugin.markers", "pytest_claude.plugin.options"], ours
"""


@pytest.mark.fault("U01")
def test_an_unused_plugin_imports_nothing_prints_nothing_writes_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    pytester.makepyfile(test_plain=SUITE)
    result = pytester.run(
        sys.executable, "-m", "pytest", "-p", "pytest_claude.plugin", "-p", "no:cacheprovider"
    )
    assert result.ret == 0, result.stdout.str()
    assert "claude" not in result.stdout.str()
    assert result.stderr.str() == ""
    written = {path.name for path in pytester.path.iterdir()} - {"stdout", "stderr"}
    assert written == {"test_plain.py"}, "stdout and stderr are pytester's own"


@pytest.mark.parametrize("option", ["--collect-only", "--help", "--fixtures", "--markers"])
@pytest.mark.fault("U02")
def test_looking_writes_nothing(project, option: str) -> None:
    project.tests("def test_a(claude): ask()")
    assert project.run(option, "-p", "no:cacheprovider").ret == 0
    assert project.cassettes == []


@pytest.mark.fault("U02")
def test_every_option_is_in_the_help(project) -> None:
    text = project.run("--help").stdout.str()
    for option in ("record", "record-in-ci", "trials", "swap", "bump", "adapt", "report"):
        assert f"--claude-{option}" in text
    assert "claude_cassette_dir" in text


@pytest.mark.fault("U04")
def test_warnings_as_errors_and_strict_markers(project) -> None:
    project.tests("def test_a(claude): ask()")
    project.record()
    result = project.pytester.runpytest_inprocess(
        "-p", "pytest_claude.plugin", "--strict-markers", "-W", "error",
        "-W", "ignore:The model:DeprecationWarning",
        "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning",
        "-W", "ignore:assertions not in test modules:pytest.PytestConfigWarning",  # python -O
    )  # fmt: skip
    result.assert_outcomes(passed=1)
