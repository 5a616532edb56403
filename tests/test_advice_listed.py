"""Every piece of advice in the program's texts is listed in advice.toml, with its test."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
LISTED = tomllib.loads((TESTS / "advice.toml").read_text(encoding="utf-8"))
FOLLOWED, NOT_FOLLOWED, NO_ADVICE = (LISTED[name] for name in ("followed", "not", "no-advice"))
WORDS = "try|install|remove|rename|reduce|free|jupyter|leave|give|wait|add|save|same command"
ADVICE = re.compile(
    r"hopcli (?:grid |\{\})?[a-z-]*|(?<![\w-])--[a-z][a-z-]*|did you mean|nearest is|ask for|"
    rf"another (?:folder|file)|\b(?:{WORDS})\b"
)


def texts(tree: ast.Module) -> Iterator[str]:
    """The texts of a module less its docstrings; {} is what is filled in."""
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in ast.walk(node)}
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield "".join(map(str, parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from [] if id(node) in skipped else [node.value]


def advice_in(source: str) -> set[str]:
    """The commands, options and words of advice in the texts of a module."""
    sentences = (text for text in texts(ast.parse(source)) if re.search(r"\S\s", text))
    return {found.strip() for text in sentences for found in ADVICE.findall(text)}


def scanned() -> set[str]:
    package = CHECKOUT / "hopcli"
    return {
        f"{path.relative_to(package)}: {advice}"
        for path in sorted(package.rglob("*.py"))
        for advice in advice_in(path.read_text(encoding="utf-8"))
    }


def expanded(listed: dict[str, dict[str, list[str]]]) -> set[str]:
    return {
        f"{module}: {advice}"
        for modules in listed.values()
        for module, every in modules.items()
        for advice in every
    }


def test_every_piece_of_advice_is_in_a_list() -> None:
    lists = [expanded(each) for each in (FOLLOWED, NOT_FOLLOWED, NO_ADVICE)]
    listed = set[str]().union(*lists)
    assert sum(map(len, lists)) == len(listed)
    assert scanned() - listed == set()
    assert listed - scanned() == set()


@pytest.mark.parametrize("test", FOLLOWED)
def test_the_test_that_follows_advice_is_there(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def test_{name}(" in (TESTS / f"test_{file}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('x = f"{a} is wrong: try --rule {b}"', {"try", "--rule"}),
        ('"""Module: try it."""\ndef f():\n    "Try --this."\n    return "`hopcli show` draws"',
         {"hopcli show"}),
        ('raise E("must be " + "free: remove it")', {"free", "remove"}),
        ('NAME = "--rule"', set()),
    ],
)  # fmt: skip
def test_advice_is_found_in_texts_alone(source: str, found: set[str]) -> None:
    assert advice_in(source) == found
