"""The pages of prose say what the program does, and the check of links finds what is broken.

``make docs`` builds the pages, and fails on any warning; this needs none of its packages.
"""

from __future__ import annotations

import ast
import importlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from conftest import CHECKOUT
from links import broken

import hopcli
from hopcli.api.asking import ask
from hopcli.catalogue import CATALOGUE, entry
from hopcli.cli.requests import make_request
from hopcli.docs import generate
from hopcli.dynamics import DYNAMICS
from hopcli.runs.requests import Wishes
from hopcli.storage import RULES

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import RunHopcli

DOCS = CHECKOUT / "hopcli" / "docs"
QUESTIONS = (DOCS / "questions.md").read_text(encoding="utf-8")
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
COMMANDS = generate.commands()

ANSWERS = dict(re.findall(r"^### ([^\n]+)\n(.+?)(?=\n##|\Z)", QUESTIONS, re.MULTILINE | re.DOTALL))
"""What stands below each question."""


def _code(text: str, language: str) -> list[str]:
    blocks = re.findall(rf"```{language}\n(.+?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


LINES = sorted({line for answer in ANSWERS.values() for line in _code(answer, "sh")})


def _command(line: str) -> str:
    """The command of a line, ``grid run`` as one."""
    words = line.split()[1:3]
    return " ".join(words) if " ".join(words) in COMMANDS else words[0]


def test_there_are_questions() -> None:
    assert len(ANSWERS) > 25
    assert all(_code(answer, "sh") for answer in ANSWERS.values())


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_answers_a_question(path: str) -> None:
    if path == "grid":  # only its commands are typed
        assert f"({path}.md)" not in QUESTIONS
        assert any(_command(line).startswith("grid ") for line in LINES)
    else:
        assert path in {_command(line) for line in LINES}


@pytest.mark.parametrize("line", LINES)
def test_every_line_can_be_typed(run_hopcli: RunHopcli, line: str) -> None:
    done = run_hopcli(*line.split()[1:], "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: hopcli {_command(line)} ")


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_links_the_manual_of_each_command(question: str) -> None:
    for line in _code(ANSWERS[question], "sh"):
        assert f"(commands/{_command(line).replace(' ', '-')}.md)" in ANSWERS[question]


def _asked_by_line(line: str) -> dict[str, Any]:
    """What a line of an experiment asks for."""
    name, *arguments = line.split()[1:]
    made = COMMANDS[name].make_context(name, arguments).params
    flags = {key: made[key] for key in entry(name).settings if made[key] is not None}
    request = make_request(entry(name), made["config"], flags, Wishes())
    return {"command": request.config.command, **request.config.to_dict()}


def _asked_by_call(line: str) -> dict[str, Any] | None:
    """What a call asks for, None if it is of no experiment."""
    calls = [node for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call)]
    call = next(node for node in calls if re.fullmatch(r"hopcli\.\w+", ast.unparse(node.func)))
    name = ast.unparse(call.func).removeprefix("hopcli.")
    assert name in hopcli.__all__
    what = [ast.literal_eval(argument) for argument in call.args]
    settings = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    if name not in ("run", *(entry.module for entry in CATALOGUE.values())) or name == "select":
        return None
    if str(what[:1]).endswith(".json']"):
        return None
    config = ask(what[0] if name == "run" else name, settings).config
    return {"command": config.command, **config.to_dict()}


@pytest.mark.parametrize("question", ANSWERS)
def test_the_call_asks_for_what_the_line_does(question: str) -> None:
    lines = [line for line in _code(ANSWERS[question], "sh") if _command(line) in CATALOGUE]
    calls = [_asked_by_call(line) for line in _code(ANSWERS[question], "python")]
    asked = [call for call in calls if call is not None]
    if lines and asked:
        assert [_asked_by_line(line) for line in lines] == asked


def _columns(table: str) -> set[str]:
    """Every column that a table has in the committed results."""
    files = (CHECKOUT / "results").rglob(table)
    texts = (path.read_text(encoding="utf-8").partition("\n")[0] for path in files)
    return {name for text in texts for name in text.split(",")}


@pytest.mark.parametrize("question", ANSWERS)
def test_tables_have_the_columns_that_hold_the_answer(question: str) -> None:
    text = " ".join(ANSWERS[question].rpartition("```")[2].split())
    for table, columns in re.findall(r"`(\w+\.csv)`: (.+?)(?:[.;] |\.$|,? in the row|$)", text):
        named = set(re.findall(r"`([^`]+)`", columns))
        assert named <= _columns(table), table
    for table in re.findall(r'\.tables\["(\w+)"\]', ANSWERS[question]):
        assert f"`{table}.csv`" in text


TERMS = dict(
    re.findall(r"^([A-Z][^\n`]+)\n(  .+?)(?=\n\n\S|\n```)", GLOSSARY, re.MULTILINE | re.DOTALL)
)
"""Each word of the glossary with what is said of it."""


def test_terms_are_sorted_and_each_is_there_once() -> None:
    names = re.findall(r"^([A-Z][^\n`]+)\n  \S", GLOSSARY.partition("## Sources")[0], re.MULTILINE)
    assert len(names) > 30
    assert names == sorted(set(names), key=str.casefold)
    assert list(TERMS) == names


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_found_in_the_program(term: str) -> None:
    text = " ".join(TERMS[term].split())
    where = text.partition("In the program: ")[2]
    assert where
    options = {name for command in COMMANDS.values() for p in command.params for name in p.opts}
    assert set(re.findall(r"`(--[a-z-]+)", where)) <= options
    for line in re.findall(r"`hopcli ([a-z-]+)", where):
        assert line in COMMANDS
    for place in re.findall(r"\{py:\w+\}`([\w.]+)`", where):
        _find(place)
    for other in re.findall(r"\{term\}`([^`<]+)`", text):
        assert other.casefold() in {name.casefold() for name in TERMS}


def _find(place: str) -> Any:
    """What a dotted name is: a module, or something in one."""
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        return getattr(importlib.import_module(module), name)


def test_every_source_is_listed_and_every_listed_one_is_cited() -> None:
    terms, _, sources = GLOSSARY.partition("## Sources")
    terms = " ".join(terms.split())
    cited = {
        part.split(" eq")[0].split(" algorithm")[0]
        for group in re.findall(r"\[((?:ZG|[A-Z][A-Za-z]+ \d{4})[^\]]*)\]", terms)
        for part in re.split(r"[,;] ", group)
    }
    listed = re.findall(r"^\[(.+)\]$", sources, re.MULTILINE)
    assert listed == sorted(listed)
    assert cited == set(listed)


@pytest.mark.parametrize("name", [*RULES, *DYNAMICS])
def test_every_rule_is_explained(name: str) -> None:
    assert re.search(rf"`(--rule |--dynamics )?{name}`", GLOSSARY)


def test_the_capacities_are_those_of_the_rules() -> None:
    text = " ".join(TERMS["Capacity"].split())
    assert f"p = {RULES['hebbian'].capacity(784)['overlap']} \\, N" in text


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_manual_has_every_setting(name: str) -> None:
    text = generate.manual(name, COMMANDS[name])
    for setting in entry(name).settings:
        assert re.search(rf"^`--{setting.replace('_', '-')}[ `]", text, re.MULTILINE)
    assert f"hopcli.{name.replace('-', '_')}" in text
    assert f"```text\nhopcli {name}" in text


def test_every_public_name_has_a_page() -> None:
    shown = {name for names in generate.GROUPS.values() for name in names}
    commands = {name.replace("-", "_") for name in CATALOGUE}
    errors = {name for name in hopcli.__all__ if name.endswith(("Error", "Warning"))}
    assert set(hopcli.__all__) - {"__version__"} == shown | commands | errors


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in DOCS.glob("*.md"):
        for address in re.findall(r"\]\(([^)#]+\.(?:md|png))\)", page.read_text(encoding="utf-8")):
            folder, _, name = address.rpartition("/")
            if folder == "commands" and name != "index.md":
                assert name.removesuffix(".md") in {path.replace(" ", "-") for path in COMMANDS}
            elif name != "index.md":
                assert (DOCS / address).is_file(), address


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ('<a href="other.html#here">', ""),
        ('<a href="#top">', ""),
        ('<a href="https://example.org/page">', ""),
        ('<img src="data:image/png;base64,AAAA">', ""),
        ('<a href="missing.html">', "there is no such file"),
        ('<a href="other.html#there">', "there is no such place on the page"),
        ('<a href="#bottom">', "there is no such place on the page"),
        ('<a href="http://example.org">', "is no https address"),
        ('<img src="https://example.org/a.png">', "is loaded from elsewhere"),
        ('<script src="//example.org/a.js">', "is loaded from elsewhere"),
    ],
)
def test_a_broken_link_is_found(tmp_path: Path, link: str, wrong: str) -> None:
    (tmp_path / "page.html").write_text(f'<p id="top">{link}', encoding="utf-8")
    (tmp_path / "other.html").write_text('<p id="here">', encoding="utf-8")
    found = broken(tmp_path)
    assert [line.rpartition(": ")[2] for line in found] == ([wrong] if wrong else [])


def test_the_tests_that_the_table_of_threats_names_are_there() -> None:
    text = (CHECKOUT / "hopcli" / "docs" / "threats.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|") and "test" in line]
    named = set(re.findall(r"`(tests/\w+\.py)`", text))
    assert len(named) > 8
    assert len(rows) > 15
    assert not [name for name in named if not (CHECKOUT / name).is_file()]
