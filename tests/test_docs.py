"""The pages of prose and the citation agree with the program; broken links are found.

``make docs`` builds the pages, and fails on any warning; this needs none of its packages.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CHECKOUT, call
from links import broken
from oldest import pins
from quoted import BLOCKS, PAGES, filled
from shell import Shell

import hopcli
from hopcli import __version__
from hopcli.api.running import ask
from hopcli.catalogue import CATALOGUE, entry
from hopcli.cli.options import request_of_flags
from hopcli.docs import generate
from hopcli.dynamics import DYNAMICS
from hopcli.rules import RULES
from hopcli.runs.requests import Wishes

DOCS = CHECKOUT / "hopcli" / "docs"
QUESTIONS = (DOCS / "questions.md").read_text(encoding="utf-8")
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
COMMANDS = generate.commands()
ANSWERS = dict(re.findall(r"^### ([^\n]+)\n(.+?)(?=\n##|\Z)", QUESTIONS, re.MULTILINE | re.DOTALL))
TERMS = dict(
    re.findall(r"^([A-Z][^\n`]+)\n(  .+?)(?=\n\n\S|\n```)", GLOSSARY, re.MULTILINE | re.DOTALL)
)


# --- questions ---------------------------------------------------------------------------


def _code(text: str, language: str) -> list[str]:
    return [line for block in _blocks(text, language) for line in block.splitlines()]


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def _command(line: str) -> str:
    """Return the command of a line, ``grid run`` as one."""
    words = line.split()[1:3]
    return " ".join(words) if " ".join(words) in COMMANDS else words[0]


def test_every_command_answers_a_question_with_lines_that_can_be_typed() -> None:
    lines = {line for answer in ANSWERS.values() for line in _code(answer, "sh")}
    assert len(ANSWERS) > 25
    assert set(COMMANDS) - {"grid", "help", "docs", "deps"} <= {_command(line) for line in lines}
    for line in lines:
        done = call(*line.split()[1:], "--help")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"Usage: hopcli {_command(line)} ")


def _asked_by_line(line: str) -> dict[str, Any]:
    """Return the settings in a command line."""
    name, *arguments = line.split()[1:]
    made = COMMANDS[name].make_context(name, arguments).params
    flags = {key: made[key] for key in entry(name).settings if made[key] is not None}
    request = request_of_flags(entry(name), made["config"], flags, Wishes())
    return {"command": request.config.command, **request.config.to_dict()}


def _asked_by_call(line: str) -> dict[str, Any] | None:
    """Return the settings in a call, None if it is not an experiment."""
    calls = [node for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call)]
    call = next(node for node in calls if re.fullmatch(r"hopcli\.\w+", ast.unparse(node.func)))
    name = ast.unparse(call.func).removeprefix("hopcli.")
    assert name in hopcli.__all__
    if name not in ("run", *(entry.module for entry in CATALOGUE.values())) or name == "select":
        return None
    what = [ast.literal_eval(argument) for argument in call.args]
    settings = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    if str(what[:1]).endswith(".json']"):
        return None
    config = ask(what[0] if name == "run" else name, settings).config
    return {"command": config.command, **config.to_dict()}


def _columns(table: str) -> set[str]:
    """Return all columns of a table in the committed results."""
    files = (CHECKOUT / "results").rglob(table)
    texts = (path.read_text(encoding="utf-8").partition("\n")[0] for path in files)
    return {name for text in texts for name in text.split(",")}


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_has_manuals_the_same_calls_and_known_columns(
    question: str,
) -> None:
    answer = ANSWERS[question]
    typed = _code(answer, "sh")
    assert typed
    for line in typed:
        assert f"(commands/{_command(line).replace(' ', '-')}.md)" in answer
    lines = [line for line in typed if _command(line) in CATALOGUE]
    calls = [_asked_by_call(line) for line in _code(answer, "python")]
    asked = [call for call in calls if call is not None]
    if lines and asked:
        assert [_asked_by_line(line) for line in lines] == asked
    text = " ".join(answer.rpartition("```")[2].split())
    for table, columns in re.findall(r"`(\w+\.csv)`: (.+?)(?:[.;] |\.$|,? in the row|$)", text):
        assert set(re.findall(r"`([^`]+)`", columns)) <= _columns(table), table
    for table in re.findall(r'\.tables\["(\w+)"\]', answer):
        assert f"`{table}.csv`" in text


# --- glossary ----------------------------------------------------------------------------


def test_terms_are_sorted_cite_sources_that_are_listed_and_explain_every_rule() -> None:
    terms, _, sources = GLOSSARY.partition("## Sources")
    names = re.findall(r"^([A-Z][^\n`]+)\n  \S", terms, re.MULTILINE)
    assert len(names) > 30
    assert names == sorted(set(names), key=str.casefold) == list(TERMS)
    cited = {
        part.split(" eq")[0].split(" algorithm")[0]
        for group in re.findall(r"\[((?:ZG|[A-Z][A-Za-z]+ \d{4})[^\]]*)\]", " ".join(terms.split()))
        for part in re.split(r"[,;] ", group)
    }
    listed = re.findall(r"^\[(.+)\]$", sources, re.MULTILINE)
    assert listed == sorted(cited)
    for name in (*RULES, *DYNAMICS):
        assert re.search(rf"`(--rule |--dynamics )?{name}`", GLOSSARY)
    capacity = RULES["hebbian"].capacity(784)["overlap"]
    assert f"p = {capacity} \\, N" in " ".join(TERMS["Capacity"].split())


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_found_in_the_program(term: str) -> None:
    text = " ".join(TERMS[term].split())
    where = text.partition("In the program: ")[2]
    assert where
    options = {name for command in COMMANDS.values() for p in command.params for name in p.opts}
    assert set(re.findall(r"`(--[a-z-]+)", where)) <= options
    assert set(re.findall(r"`hopcli ([a-z-]+)", where)) <= set(COMMANDS)
    for place in re.findall(r"\{py:\w+\}`([\w.]+)`", where):
        module, _, name = place.rpartition(".")
        try:
            importlib.import_module(place)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), name)
    others = {other.casefold() for other in re.findall(r"\{term\}`([^`<]+)`", text)}
    assert others <= {name.casefold() for name in TERMS}


# --- manuals and links -------------------------------------------------------------------


def test_every_public_name_has_a_page() -> None:
    shown = {name for names in generate.GROUPS.values() for name in names}
    commands = {name.replace("-", "_") for name in CATALOGUE}
    errors = {name for name in hopcli.__all__ if name.endswith(("Error", "Warning"))}
    assert set(hopcli.__all__) - {"__version__"} == shown | commands | errors


def test_every_documented_room_names_its_members() -> None:
    for room in generate.ROOMS:
        module = importlib.import_module(f"hopcli.{room}")
        assert module.__all__
        assert all(hasattr(module, name) for name in module.__all__)


def test_files_of_tests_that_pages_name_are_there() -> None:
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"`(tests/\w+\.py)`", text):
            assert (CHECKOUT / name).is_file()


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    good = ["other.html#here", "#top", "https://example.org/page"]
    bad = ["missing.html", "other.html#there", "#bottom", "http://example.org"]
    links = [f'<a href="{address}">' for address in good + bad]
    links += ['<img src="data:image/png;base64,AAAA">', '<script src="//example.org/a.js">']
    (tmp_path / "page.html").write_text(f'<p id="top">{"".join(links)}', encoding="utf-8")
    (tmp_path / "other.html").write_text('<p id="here">', encoding="utf-8")
    assert [line.split(": ")[1] for line in broken(tmp_path)] == [*bad, "//example.org/a.js"]


# --- the citation, the version, the oldest dependencies


def _text(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


def test_the_citation_is_of_this_version() -> None:
    for key, value in {"version": __version__, "title": "hopcli", "license": "MIT"}.items():
        assert re.findall(rf"^{key}: (.+)$", _text("CITATION.cff"), re.MULTILINE) == [value]
    assert tomllib.loads(_text("pyproject.toml"))["project"]["version"] == __version__


def test_each_dependency_has_a_floor() -> None:
    found = [pin.replace("==", ">=") for pin in pins(_text("pyproject.toml"))]
    required = tomllib.loads(_text("pyproject.toml"))["project"]["dependencies"]
    assert len(required) > 5
    assert all(any(one.startswith(floor) for floor in found) for one in required)


# --- README and docs: limits, links, numbers and commands


README = PAGES[0].read_text(encoding="utf-8")


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
    *_, quoted = re.findall(r'^- "(.*)":', README, flags=re.MULTILINE)
    refused = shell.refuse("recall --seed 2 --out results/recall")
    assert quoted in refused
    bin_folder = Path(sys.executable).parent
    path = os.pathsep.join([str(bin_folder), child_environment.get("PATH", os.defpath)])
    subprocess.run(["make", "-s"], env={**child_environment, "PATH": path}, check=True)
    assert Path("results", "cold", "accuracy.csv").exists()
    assert len(Path("Makefile").read_text().splitlines()) <= 6


def _run(text: str) -> dict[str, Any]:
    """Run the Python of a page; return the names that it gives."""
    names: dict[str, Any] = {}
    with pytest.warns(hopcli.HopcliWarning):
        exec("".join(_blocks(text, "python")), names)
    return names


@pytest.mark.usefixtures("empty_folder")
def test_python_of_the_readme_runs() -> None:
    names = _run(README)
    assert names["memory"].rule == "storkey"
    assert len(names["run"]["accuracy"]) == 5


@pytest.mark.usefixtures("empty_folder")
def test_python_of_the_docs_runs() -> None:
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    names = _run(text)
    assert len(names["mnist"]) == 60_000
    assert names["patterns"].labels == ("3", "6", "1", "0", "4")
    np.testing.assert_allclose(names["end"].energy, names["memory"].energy(names["end"].spins))
    run, table = names["run"], names["table"]
    assert {path.name for path in Path("warm").iterdir()} >= {"recall.json", "accuracy.png"}
    np.testing.assert_allclose(table["accuracy"], run.tables["accuracy"]["accuracy"])
    assert set(table["temperature"]) == {0.3}
    assert set(names["cells"].table["rule"]) == {"hebbian", "storkey"}
    (stated,) = re.findall(r"scores\.mean\(\) +# about (.*)", text)
    assert names["scores"].mean() == pytest.approx(float(stated), abs=0.01)


def test_experiments_of_the_docs_are_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)  # a finished run is loaded
    names: dict[str, Any] = {}
    (block,) = _blocks((DOCS / "development.md").read_text(encoding="utf-8"), "python")
    exec(block, names)
    assert names["plan"].config.digits == ("3", "6", "1", "0", "4")
    assert f"# {names['plan'].config.digits}" in block
    assert len(names["result"].tables["accuracy"]) == 6
