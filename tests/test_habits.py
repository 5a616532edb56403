"""The files beside the code agree with it: the citation, the version, the oldest dependencies."""

from __future__ import annotations

import re
import tomllib

import pytest
from conftest import CHECKOUT
from oldest import pins

from hopcli import __version__


def _text(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value"), [("version", __version__), ("title", "hopcli"), ("license", "MIT")]
)
def test_the_citation_is_of_this_version(key: str, value: str) -> None:
    assert re.findall(rf"^{key}: (.+)$", _text("CITATION.cff"), re.MULTILINE) == [value]
    assert tomllib.loads(_text("pyproject.toml"))["project"]["version"] == __version__


def test_each_dependency_has_a_floor() -> None:
    found = [pin.replace("==", ">=") for pin in pins(_text("pyproject.toml"))]
    required = tomllib.loads(_text("pyproject.toml"))["project"]["dependencies"]
    assert len(required) > 5
    assert all(any(one.startswith(floor) for floor in found) for one in required)
