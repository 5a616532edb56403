"""The pins of ``make oldest`` are the floors of pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

from oldest import pins

PYPROJECT = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")


def test_a_floor_becomes_a_pin() -> None:
    text = (
        "[project]\ndependencies = ['numba>=0.61,<0.69', 'scikit-learn>=1.6']\n"
        "[project.optional-dependencies]\ndask = ['distributed>=2024.5']\n"
        "dev = ['distributed>=2024.5', 'mypy==2.4.*']\n"
    )
    assert pins(text) == ["distributed==2024.5", "numba==0.61", "scikit-learn==1.6"]


def test_each_dependency_has_a_floor() -> None:
    assert len(pins(PYPROJECT)) >= len(tomllib.loads(PYPROJECT)["project"]["dependencies"]) > 5
    required = tomllib.loads(PYPROJECT)["project"]["dependencies"]
    assert all(
        any(one.startswith(pin.replace("==", ">=")) for pin in pins(PYPROJECT)) for one in required
    )
