"""The matrix: `nox` runs it, `nox -s "tests(sdk='1')"` one of it."""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests", "litellm", "examples", "lint", "types", "docs"]

# What apps in the field are pinned to: httpx before 1.0, httpx2 since.
SDKS = {
    "0.93": ("anthropic[bedrock,vertex]==0.93.0", "pytest==8.4.*"),
    "0": ("anthropic[bedrock,vertex]<1",),
    "1": ("anthropic[bedrock,vertex]>=1,<2",),
    "2": ("anthropic[bedrock,vertex]>=2,<3",),
}


@nox.session
@nox.parametrize("sdk", list(SDKS))
def tests(session: nox.Session, sdk: str) -> None:
    """All tests on one SDK."""
    session.install("-e", ".[test]", *SDKS[sdk])
    session.run("python", "-m", "pytest", "-n", "2", *session.posargs)


@nox.session
def litellm(session: nox.Session) -> None:
    """litellm's own transports."""
    session.install("-e", ".[test]", "litellm")
    session.run("python", "-m", "pytest", "tests/plugin/test_litellm.py")


@nox.session
def examples(session: nox.Session) -> None:
    """The example apps, on the newest releases of their frameworks."""
    session.install("-e", ".[test]")
    for project in sorted(Path("examples").glob("*/pyproject.toml")):
        session.install(*nox.project.load_toml(project)["project"]["dependencies"])
    session.run("python", "-m", "pytest", "--no-skips", "tests/examples", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and format."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, and pyright on the package; both on a user's test file."""
    session.install("-e", ".[dev]")
    session.run("mypy")
    session.run("pyright")
    session.run("python", "-m", "pytest", "--no-skips", "tests/typing", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Spelling, and the site in dist/site."""
    session.install("-e", ".[dev]")
    session.run("codespell", "docs", "benchmarks", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
    session.run("python", "-m", "sphinx", "-W", "-n", "docs", "dist/site", *session.posargs)


@nox.session
def benchmark(session: nox.Session) -> None:
    """The ratios of benchmarks/replay.py."""
    session.install("-e", ".[test]")
    session.run("python", "benchmarks/replay.py", *session.posargs)
