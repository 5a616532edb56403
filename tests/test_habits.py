"""The files beside the code say what the code says: hooks, citation, continuous integration."""

from __future__ import annotations

import re

import pytest
from conftest import CHECKOUT

from hopcli import __version__


def _text(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


def _recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, as they run."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", _text("Makefile"), re.MULTILINE)
    assert found is not None
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in found[1].splitlines()]


def test_before_a_commit_runs_what_make_lint_runs() -> None:
    hooks = re.findall(r"^ +entry: (.+)$", _text(".pre-commit-config.yaml"), re.MULTILINE)
    assert hooks == _recipe("lint")
    assert len(hooks) == 3


def test_continuous_integration_ends_with_the_tests() -> None:
    last = _text(".ci/run").splitlines()[-1]
    assert last == "exec make lint wheel test"
    assert "-m pytest" in _recipe("test")[-1]


@pytest.mark.parametrize(
    ("key", "value"), [("version", __version__), ("title", "hopcli"), ("license", "MIT")]
)
def test_the_citation_is_of_this_version(key: str, value: str) -> None:
    assert re.findall(rf"^{key}: (.+)$", _text("CITATION.cff"), re.MULTILINE) == [value]


def test_the_citation_names_the_study_as_the_readme_does() -> None:
    cited = _text("CITATION.cff")
    readme = " ".join(_text("README.md").split())
    for words in (
        "Hopfield model to recall MNIST digits",
        "Zirereza",
        "Georgiou",
        "School of Physics and Astronomy, University of Nottingham",
    ):
        assert words in cited
        assert words in readme


def test_the_version_of_the_package_is_that_of_its_metadata() -> None:
    assert f'\nversion = "{__version__}"\n' in _text("pyproject.toml")
