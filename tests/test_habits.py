"""The files beside the code say what the code says: the citation and the version."""

from __future__ import annotations

import re

import pytest
from conftest import CHECKOUT

from hopcli import __version__


def _text(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


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
