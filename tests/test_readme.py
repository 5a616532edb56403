"""README and docs: their limits, links, numbers and commands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CHECKOUT
from quoted import BLOCKS, PAGES, filled
from shell import Shell

import hopcli
from hopcli.catalogue import CATALOGUE

README = PAGES[0].read_text(encoding="utf-8")
DOCS = CHECKOUT / "hopcli" / "docs"


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_readme_is_a_page() -> None:
    lines = README.splitlines()
    assert len(lines) <= 150
    assert len(README.split()) <= 1000
    assert max(map(len, lines)) <= 100
    assert README.count("![") <= 4
    tables = re.findall(r"(?:^\|.*\n)+", README, flags=re.MULTILINE)
    assert all(table.count("\n") <= 8 for table in tables)
    assert len(_blocks(README, "python")[0].splitlines()) <= 8
    printed = _blocks(README, "text")[0].splitlines()
    assert len(printed) <= 12
    assert max(map(len, printed)) <= 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_numbers_are_those_of_the_results(page: Path) -> None:
    """`python tests/quoted.py` writes them."""
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text


def test_every_list_of_numbers_is_quoted() -> None:
    names = [re.findall(r"<!-- numbers: ([\w-]+) -->", page.read_text()) for page in PAGES]
    assert sorted(name for page in names for name in page) == sorted(BLOCKS)


def test_links_lead_somewhere_and_options_exist() -> None:
    made = ("commands/", "api/", "rooms/", "notebooks/")  # by `make docs`
    common = {"--config", "--out", "--overwrite", "--again", "--format", "--quiet", "--help"}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#\s]+)\)", text):
            if not link.startswith(("http", *made)):
                assert (page.parent / link).exists(), (page.name, link)
        for command, words in re.findall(r"hopcli ([a-z-]+)((?: [^`\n#|]*)?)", text):
            if command in CATALOGUE:
                known = {f"--{name.replace('_', '-')}" for name in CATALOGUE[command].settings}
                flags = set(re.findall(r"(?<!\S)--[a-z-]+", words))
                assert flags <= known | common, (page.name, words)


def test_every_page_opens_with_a_question() -> None:
    for page in DOCS.glob("*.md"):
        if page.stem != "index":
            assert page.read_text(encoding="utf-8").partition("\n")[0].endswith("?"), page.name


def test_commands_of_the_readme_run(shell: Shell, child_environment: dict[str, str]) -> None:
    """Typed one after another in one empty folder; installation and `make` apart."""
    (toml,) = _blocks(README, "toml")
    Path("noise.toml").write_text(toml)
    lines = [line.partition("#")[0].strip() for line in "".join(_blocks(README, "sh")).splitlines()]
    typed = [line.removeprefix("hopcli ") for line in lines if line.startswith("hopcli ")]
    outs = {line: shell.run(line).out for line in typed}
    assert outs["recall"].startswith(_blocks(README, "text")[0])
    made = {path.parent.name for path in Path("results").rglob("*.json")}
    assert made == {"recall", "storkey", "drawings", "noise"}
    bin_folder = CHECKOUT / ".venv" / "bin"
    path = os.pathsep.join([str(bin_folder), child_environment.get("PATH", os.defpath)])
    subprocess.run(["make", "-s"], env={**child_environment, "PATH": path}, check=True)
    assert Path("results", "cold", "accuracy.csv").exists()
    assert len(Path("Makefile").read_text().splitlines()) <= 6


def test_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with pytest.warns(hopcli.HopcliWarning):
        exec("".join(_blocks(README, "python")), names)
    assert names["memory"].rule == "storkey"
    assert len(names["run"].tables["accuracy"]) == 6


def test_python_of_the_docs_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    block = "".join(_blocks((DOCS / "python.md").read_text(encoding="utf-8"), "python"))
    with pytest.warns(hopcli.HopcliWarning):
        exec(block, names)
    assert len(names["mnist"]) == 60_000
    assert names["patterns"].labels == ("3", "6", "1", "0", "4")
    np.testing.assert_allclose(names["end"].energy, names["memory"].energy(names["end"].spins))
    run, table = names["run"], names["table"]
    assert {path.name for path in Path("warm").iterdir()} >= {"recall.json", "accuracy.png"}
    np.testing.assert_allclose(table["accuracy"], run.tables["accuracy"]["accuracy"])
    assert set(table["temperature"]) == {0.3}
    assert set(names["cells"].table["rule"]) == {"hebbian", "storkey"}
    stated = re.findall(r"scores\.mean\(\) +# (.*)", block)
    assert stated == [f"{names['scores'].mean():.3f}"]


def test_experiments_of_the_docs_are_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)  # a finished run is loaded
    names: dict[str, Any] = {}
    (block,) = _blocks((DOCS / "development.md").read_text(encoding="utf-8"), "python")
    exec(block, names)
    assert names["plan"].config.digits == ("3", "6", "1", "0", "4")
    assert f"# {names['plan'].config.digits}" in block
    assert len(names["result"].tables["accuracy"]) == 6
