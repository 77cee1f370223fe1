"""What is published: the wheel and the source distribution, as they are built here."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest
import yaml

import pytest_claude
from pytest_claude import cli

ROOT = Path(__file__).parents[2]
pytest.importorskip("hatchling", reason="needs hatchling, of the extra `dev`, to build with")


def built(source: Path, target: Path) -> tuple[Path, Path]:
    """The source distribution and the wheel of a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (archive,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return archive, wheel


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return built(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def metadata(distributions: tuple[Path, Path]) -> Message:
    return email.message_from_string(
        next(text for name, text in texts(distributions[1]) if name.endswith("/METADATA"))
    )


def texts(wheel: Path) -> list[tuple[str, str]]:
    with zipfile.ZipFile(wheel) as archive:
        return [(n, archive.read(n).decode()) for n in archive.namelist() if "dist-info" in n]


def members(archive: Path) -> set[str]:
    """The files of a source distribution, below its folder."""
    with tarfile.open(archive) as tar:
        return {name.partition("/")[2] for name in tar.getnames()}


def tracked(*folders: str) -> set[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs the git checkout, to know which files are the project's")
    return set(listed.stdout.splitlines())


def test_the_wheel_holds_the_package_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == tracked("pytest_claude")
    assert "pytest_claude/py.typed" in names


def test_the_source_distribution_holds_what_tests_docs_and_build_need(
    distributions: tuple[Path, Path],
) -> None:
    folders = ("pytest_claude", "action", "tests", "benchmarks", "cassettes", "docs", "examples")
    files = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "noxfile.py"}
    expected = tracked(*folders) | files | {"pyproject.toml", ".gitignore", "PKG-INFO"}
    assert members(distributions[0]) == expected


def test_the_wheel_of_the_source_distribution_is_the_same(
    distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    archive, wheel = distributions
    shutil.unpack_archive(archive, tmp_path / "source", filter="data")
    (folder,) = (tmp_path / "source").iterdir()
    _, again = built(folder, tmp_path / "dist")
    assert again.read_bytes() == wheel.read_bytes()


def test_the_version_is_that_of_the_package(metadata: Message) -> None:
    assert metadata["Version"] == pytest_claude.__version__


def test_no_link_of_the_description_is_dead_on_pypi(metadata: Message) -> None:
    address = dict(url.split(", ") for url in metadata.get_all("Project-URL") or ()).get("Source")
    links = re.findall(r"\]\(([^)]+)\)", str(metadata.get_payload()))
    relative = [link for link in links if not link.startswith("https://")]
    assert not relative
    readme = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    ours = {f"{address}/blob/main/{link}" for link in readme if "://" not in link}
    assert set(links) >= (ours if address else set())


def test_the_pre_commit_hook_runs_our_command_on_cassettes_alone() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    command, *arguments = hook["entry"].split()
    assert command == "pytest-claude"
    cassettes = [p.relative_to(ROOT).as_posix() for p in ROOT.glob("cassettes/**/*.yaml")]
    assert cassettes
    assert all(re.search(hook["files"], path) for path in [*cassettes, f"app/{cassettes[0]}"])
    assert not re.search(hook["files"], ".github/workflows/ci.yml")
    assert cli.main([*arguments, str(ROOT / cassettes[0])]) == 0


def test_the_metadata_says_who_may_use_it_and_how(metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert {metadata[key] for key in ("Author", "Summary", "Keywords")} >= {
        "The pytest-claude authors"
    }
    assert "Framework :: Pytest" in metadata.get_all("Classifier", [])
