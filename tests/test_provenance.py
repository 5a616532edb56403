"""Where a result says it comes from."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT

from hopcli import __version__
from hopcli.results.provenance import source_commit, versions

if TYPE_CHECKING:
    from pathlib import Path


def _git(top: Path, *arguments: str) -> str:
    named = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(
        ["git", "-C", str(top), *named, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a package of one module and a file beside it, committed."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hopcli").mkdir()
    (tmp_path / "hopcli" / "module.py").write_text("one = 1\n")
    (tmp_path / "README.md").write_text("One.\n")
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "--message", "One")
    return tmp_path


def test_an_untouched_checkout_is_its_commit(checkout: Path) -> None:
    head = _git(checkout, "rev-parse", "HEAD")
    assert len(head) == 40
    assert source_commit(checkout) == head


def test_an_edited_package_is_called_modified_until_it_is_committed(checkout: Path) -> None:
    head = _git(checkout, "rev-parse", "HEAD")
    (checkout / "hopcli" / "module.py").write_text("one = 2\n")
    assert source_commit(checkout) == f"{head}+modified"
    _git(checkout, "add", ".")
    assert source_commit(checkout) == f"{head}+modified"
    _git(checkout, "commit", "--quiet", "--message", "Two")
    assert source_commit(checkout) == _git(checkout, "rev-parse", "HEAD") != head


def test_what_is_not_the_package_may_be_edited(checkout: Path) -> None:
    (checkout / "README.md").write_text("Two.\n")
    assert source_commit(checkout) == _git(checkout, "rev-parse", "HEAD")


def test_without_a_commit_there_is_none(checkout: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert source_commit(empty) is None  # though a repository is above it
    _git(empty, "init", "--quiet")
    assert source_commit(empty) is None


def test_without_git_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert source_commit(tmp_path) is None


def test_by_default_it_is_that_of_the_package_itself() -> None:
    head = _git(CHECKOUT, "rev-parse", "HEAD") if (CHECKOUT / ".git").exists() else None
    found = source_commit()
    assert (found and found.removesuffix("+modified")) == head


def test_versions_name_hopcli_and_only_what_was_loaded() -> None:
    found = versions()
    assert found["hopcli"] == __version__
    assert "numpy" in found
    assert all(found.values())
