"""The page of a report: well-formed, self-contained, reproducible, with the tables' numbers."""

from __future__ import annotations

import dataclasses
import math
import re
import shlex
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, files_below
from reading_pages import Element, read_page
from shell import SMALL_RUNS, Shell, commands

import hopcli
from hopcli import catalogue, experiments, report, results
from hopcli.claims.judging import VERDICTS
from hopcli.config import SelectConfig, WeightsConfig
from hopcli.errors import ResultError
from hopcli.grids.grid import read_grid
from hopcli.grids.texts import with_sets
from hopcli.grids.view import load_published
from hopcli.report import Section
from hopcli.report.page import drawing
from hopcli.report.sections import MOST_ROWS, command_of_grid, command_of_run, sheet
from hopcli.tables import Column, Columns, Table

RESULTS = CHECKOUT / "results"
RUNS = ("paper", "figure1", "attractors", "select", "weights", "tutorial-4x4")
GRIDS = ("phase", "stored")
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
NASTY = "<script>alert('1')</script> & \"<b>"


def claim(**values: Any) -> dict[str, Any]:
    row = {"id": "best", "claim": "The digit 1 is recalled best.", "verdict": "reproduced"}
    empty = ("place", "published", "found", "test", "under", "explained_by", "reason", "command")
    return {**dict.fromkeys((*empty, "runs"), ""), **row, **values}


FOUND = (("as printed", "99.4 % (98.7 to 99.8)"), ("as run", "98.1 % (93.4 to 99.6)"))
BEST: dict[str, Any] = {"place": "table 1", "published": "95 ± 3 %", "found": FOUND}
BEST |= {"test": "two one-sided tests", "under": "as run", "reason": "It lies within the margin."}
BEST |= {"command": "hopcli reproduce --only best", "runs": ("results/paper", "nowhere")}
CLAIMS = (
    claim(**BEST),
    *(
        claim(id=f"claim {n}", claim=f"Claim {n}.", verdict=verdict, explained_by="x" * (n % 2))
        for n, verdict in enumerate(VERDICTS[1:], start=1)
    ),
)


@pytest.fixture(scope="module")
def sections() -> list[Section]:
    """Committed runs of many commands, and a grid."""
    folders = {f"results/{name}": RESULTS / name for name in (*RUNS, "phase")}
    return [one for name, path in folders.items() for one in report.sections_in(path, name)]


@pytest.fixture(scope="module")
def text(sections: list[Section]) -> str:
    return report.page("A title", sections, intro="One.\n\nTwo.", claims=CLAIMS)


@pytest.fixture(scope="module")
def root(text: str) -> Element:
    return read_page(text)


def by_id(root: Element, name: str) -> Element:
    (found,) = [one for one in root.all() if one.attributes.get("id") == name]
    return found


def of_class(root: Element, name: str) -> list[Element]:
    return [one for one in root.all() if name in one.attributes.get("class", "").split()]


# --- the page ----------------------------------------------------------------------------


def test_ids_are_unique_and_what_is_referred_to_is_there(root: Element) -> None:
    ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    referred = set()
    for one in root.all():
        link = one.attributes.get("href", "")
        referred |= {link[1:]} if link.startswith("#") else set()
        referred |= set(one.attributes.get("aria-labelledby", "").split())
        for value in one.attributes.values():
            referred |= set(re.findall(r"url\(#([^)]+)\)", value))
    assert len(referred) > 100
    assert referred <= set(ids)


def test_what_is_written_in_a_run_is_text_and_nothing_else() -> None:
    (small,) = report.sections_in(RESULTS / "tutorial-4x4")
    table = Columns.of_frame(pd.DataFrame({f"label {NASTY}": [NASTY], "n": [1]}))
    one: Any = {"name": NASTY, "again": NASTY, "warnings": (NASTY,), "settings": {NASTY: NASTY}}
    one |= {"sheet": sheet(NASTY, table), "sheets": (sheet(NASTY, table),)}
    nasty = dataclasses.replace(small, **one, details={NASTY: {NASTY: NASTY}})
    for figure in nasty.figures.values():
        figure.title, figure.caption = NASTY, NASTY
    names = ("claim", "place", "published", "under", "explained_by", "test", "reason")
    shown = dict.fromkeys(names, NASTY)
    row = claim(id=NASTY, command=NASTY, runs=(NASTY,), found=((NASTY, NASTY),), **shown)
    text = report.page(NASTY, [nasty, nasty], intro=NASTY, claims=[row])
    assert "<script" not in text
    assert "<b>" not in text
    root = read_page(text)
    assert root.all("title")[0].text == NASTY
    assert root.all("h1")[0].text == NASTY
    assert {one.text for one in root.all("code")} == {NASTY}
    assert root.text.count(NASTY) > 20


def test_parts_with_one_name_have_anchors_of_their_own(sections: list[Section]) -> None:
    names = ("a b", "a-b", "a b", "a-b-2", "…")
    same = [dataclasses.replace(sections[0], figures={}, name=name) for name in names]
    root = read_page(report.page("t", same, claims=[claim(id="a b"), claim(id="a-b")]))
    anchors = [one.attributes["id"] for one in root.all("article")]
    assert anchors == ["run-a-b", "run-a-b-2", "run-a-b-3", "run-a-b-2-2", "run"]
    ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    assert {"claim-a-b", "claim-a-b-2"} <= set(ids)


# --- claims ------------------------------------------------------------------------------


def test_verdicts_are_counted_and_have_a_shape_each(root: Element) -> None:
    (tally,) = of_class(root, "tally")
    assert [one.text for one in tally.children] == [f"1 {verdict}" for verdict in VERDICTS]
    shapes = [one.all("use")[0].attributes["href"] for one in tally.children]
    assert shapes[0] == shapes[2] != shapes[3] != shapes[4]
    verdicts = of_class(root, "verdict")
    assert [one.all("strong")[0].text for one in verdicts] == list(VERDICTS)
    assert [one.all("use")[0].attributes["href"] for one in verdicts] == shapes
    few = read_page(report.page("t", [], claims=[claim(), claim(id="b")]))
    assert [one.text for one in of_class(few, "tally")[0].children] == ["2 reproduced"]


def test_a_claim_shows_what_was_published_and_found(root: Element) -> None:
    said, best = by_id(root, "claim-best"), CLAIMS[0]
    for words in (*(text for _, text in best["found"]), best["command"], *best["runs"]):
        assert words in said.text
    links = [one.attributes["href"] for one in said.all("a")]
    assert links == ["#run-results-paper"]  # of what is in the page
    assert by_id(root, "run-results-paper").tag == "article"
    for n in (2, 4, 6):
        said = by_id(root, f"claim-claim-{n}")
        assert not re.search("nan|explained by", said.text)
        assert not said.all("pre")


# --- what a run says ---------------------------------------------------------------------


def cells(table: Element) -> list[list[str]]:
    return [[one.text for one in row.children] for row in table.all("tr")]


def test_the_page_has_every_table(root: Element) -> None:
    for name in RUNS:
        loaded = results.load(RESULTS / name)
        entry = catalogue.entry(loaded.config.command)
        section = by_id(root, f"run-results-{name}")
        first = sheet(name, entry.summary(loaded.config, loaded.result))
        assert cells(section.all("table")[0]) == [[*first.heads], *map(list, first.rows)]
        for table, values in loaded.result.tables.items():
            more = len(values) - MOST_ROWS
            n_rows = 1 + min(len(values), MOST_ROWS)
            drawn = [one for one in map(cells, section.all("table")) if len(one) == n_rows]
            heads = [[head.removesuffix(" %") for head in one[0]] for one in drawn]
            assert list(values.columns) in heads, table
            assert more <= 0 or re.search(rf"\b{more:,} more .*\b{table}\.csv", section.text)
    phase = load_published(RESULTS / "phase")
    left_out = rf"\b{len(phase.table) - MOST_ROWS:,} more .*\bgrid\.csv"
    assert re.search(left_out, by_id(root, "run-results-phase").text)


def test_every_picture_is_there_with_its_caption(root: Element, sections: list[Section]) -> None:
    for one in sections:
        shown = by_id(root, f"run-{one.name}".replace("/", "-"))
        captions = [found.text for found in shown.all("figcaption")]
        expected = [f"{figure.title}. {figure.caption}" for figure in one.figures.values()]
        assert captions == [" ".join(caption.split()) for caption in expected]
    assert "warning" not in captions[0]


def test_the_number_of_a_run_is_told_as_its_table_has_it(root: Element) -> None:
    (overview,) = of_class(root, "overview")
    rows = {row[0]: row for row in cells(overview)}
    table = results.load(RESULTS / "paper").result.tables["accuracy"]
    low, value, high = (100 * table[name].iloc[-1] for name in ("ci_low", "accuracy", "ci_high"))
    said = f"accuracy {value:.1f} % ({low:.1f} to {high:.1f})"
    assert rows["results/paper"][1::2] == ["recall", said]
    assert rows["results/figure1"][3] == ""  # many numbers
    assert rows["results/select"][3] == ""
    assert rows["results/phase"][1] == "recall grid"


def test_a_run_that_was_not_saved_has_a_section_too() -> None:
    config = WeightsConfig(source_indices=(9, 56))
    made = report.section("mine", experiments.plan(config).config, experiments.run(config))
    assert len(made.details["Made with"]) == 2
    assert "mine" in read_page(report.page("t", [made])).text
    assert "--source-indices 9,56" in made.again


# --- what makes it again -----------------------------------------------------------------


def flags_of(command: str) -> dict[str, Any]:
    """The values of flags as `hopcli` reads them."""
    program, name, *words = shlex.split(command)
    assert program == "hopcli"
    known = catalogue.entry(name).settings
    values: dict[str, Any] = {}
    while words:
        flag = words.pop(0).removeprefix("--").replace("-", "_")
        if flag in known and known[flag].kind.metavar:
            values[flag] = known[flag].kind.read(words.pop(0))
        else:
            values[flag.removeprefix("no_")] = not flag.startswith("no_")
    return values


def test_a_run_is_reported_with_the_settings_that_were_given(tmp_path: Path) -> None:
    """Not with those that its data or digits determine."""
    found = hopcli.run("recall", digits="3,6", dataset="digits", tests=2, repeats=1, seed=5)
    found.save(tmp_path / "run", figures=False)
    (made,) = report.sections_in(tmp_path / "run")
    assert sorted(flags_of(made.again)) == ["dataset", "digits", "repeats", "seed", "tests"]
    again, _ = catalogue.entry("recall").read(flags_of(made.again))
    assert experiments.plan(again).config.to_dict() == found.config.to_dict()


FLAGS: list[tuple[dict[str, Any], str]]
FLAGS = [({"tests": 100}, ""), ({"temperature": 0.1 + 0.2}, "--temperature 0.30000000000000004")]
FLAGS += [({"temperature": "1:0.1:linear"}, "--temperature 1:0.1:linear")]
FLAGS += [({"dataset": "images:my pictures"}, "--dataset 'images:my pictures'")]
FLAGS += [({"size": (12, 14)}, "--size 12x14")]
FLAGS += [({"invert": True, "exclude_samples": False}, "--invert --no-exclude-samples")]
FLAGS += [({"attempts_per_sweep": 1}, "--attempts-per-sweep 1")]


@pytest.mark.parametrize(("settings", "flags"), FLAGS)
def test_a_command_says_what_differs_as_flags_take_it(settings: dict[str, Any], flags: str) -> None:
    entry = catalogue.entry("recall")
    config, _ = entry.read(settings)
    command = str(command_of_run(entry, config.changes()))
    assert sorted(shlex.split(command)) == sorted(shlex.split(f"hopcli recall {flags}"))
    assert entry.read(flags_of(command))[0].to_dict() == config.to_dict()


def test_what_no_flag_can_say_is_run_from_its_manifest(tmp_path: Path) -> None:
    assert command_of_run(catalogue.entry("recall"), {"digits": ["a,b", "c"]}) is None
    folder, entry = tmp_path / "my run", catalogue.entry("select")
    plan = experiments.plan(SelectConfig(samples=1, digits=("1", "2")))
    found = plan.run(entry.execution(), experiments.no_progress)
    odd = entry.config.from_manifest({**plan.config.to_dict(), "digits": ["1,2", "3"]})
    how = entry.execution(figures=False)
    results.save(folder, odd, found, inputs={}, execution=how, duration=1.0)
    (section,) = report.sections_in(folder)
    assert section.again == shlex.join(["hopcli", "run", f"{folder}/select.json"])


@pytest.mark.parametrize("name", GRIDS)
def test_the_command_of_a_grid_asks_for_the_same_cells(name: str) -> None:
    grid = load_published(RESULTS / name).grid
    command = command_of_grid(grid)
    assert command is not None
    words = shlex.split(command)
    assert words[:5] == ["hopcli", "grid", "run", "--command", grid.command]
    assert words[5::2] == ["--set"] * len(words[5::2])
    again = read_grid(with_sets({"command": grid.command}, words[6::2]))
    read = ([g.read(point)[0].to_dict() for point in g.points()] for g in (again, grid))
    assert next(read) == next(read)


# --- cells and drawings ------------------------------------------------------------------


def test_cells_are_told_as_numbers_are_printed() -> None:
    rows = [("-1", 0.12345, -0.000012345, 1234567, True), ("a", math.nan, 123456.0, -3, False)]
    frame = pd.DataFrame(rows, columns=["label", "rate", "number", "count", "found"])
    table = Columns.of_frame(frame, Table("t", (Column("rate", percent=True),)))
    made = sheet("t", table)
    assert made.heads == ("label", "rate %", "number", "count", "found")
    assert made.numeric == (False, True, True, True, False)
    assert made.rows[0] == ("-1", "12.3", f"{MINUS}1.234e{MINUS}05", "1234567", "yes")
    assert made.rows[1] == ("a", DASH, "1.235e+05", f"{MINUS}3", "no")
    assert (made.n_rows, made.n_left_out) == (2, 0)


def test_a_drawing_keeps_to_itself(sections: list[Section]) -> None:
    figure = sections[0].figures["confusion"]
    one, other = (drawing(figure, prefix) for prefix in ("a", "b"))
    assert re.search(r' id="a-[^"]+"', one.svg)
    assert one.svg.replace('"a-', '"b-').replace("#a-", "#b-") == other.svg
    for rest in ("<style", "<metadata", "xmlns", "xlink", "<?xml", "<!", "<text"):
        assert rest not in one.svg
    assert f' viewBox="0 0 {72 * figure.get_figwidth():g} ' in one.svg
    assert read_page(one.svg).children[0].attributes["aria-label"] == figure.title


# --- the file ----------------------------------------------------------------------------


def test_a_page_replaces_only_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.html"
    for title in ("one", "two"):
        report.write(report.page(title, []), path)
        assert title in path.read_text()
    path.write_text("<html>mine</html>")
    with pytest.raises(ResultError, match=r"page\.html"):
        report.write(report.page("three", []), path)
    assert path.read_text() == "<html>mine</html>"
    report.write(report.page("three", []), path, overwrite=True)
    before = path.read_bytes()
    full = mock.Mock(side_effect=OSError(28, "full"))
    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(ResultError, match=r"page\.html"):
        report.write(report.page("two", []), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]


# --- the command


PAGE = Path("report.html")


@pytest.mark.parametrize("command", commands("relax", "weights"))
def test_runs_of_every_command_are_shown(shell: Shell, command: str) -> None:
    shell.make(f"{command} {SMALL_RUNS[command]} --no-figures", "all/a")
    before = files_below(Path())
    done = shell.run("report all")
    assert (done.out, done.err) == ("report.html\n", "")
    after = files_below(Path())
    del after["report.html"]
    assert after == before
    root = read_page(PAGE.read_text("utf-8"))
    assert [one.text for one in root.all("h3")] == [f"all/a {command}"]
    assert root.all("title")[0].text == "all/a"
    assert root.all("figure")
    assert f"hopcli {command} " in root.all("code")[0].text


def test_a_grid_is_shown_with_its_picture_and_the_line_that_makes_it(shell: Shell) -> None:
    shell.make("grid run --command weights --set rule=hebbian,storkey --no-figures", "grid")
    shell.run("report grid --out page.html --title", "My <b>runs</b>")
    root = read_page(Path("page.html").read_text("utf-8"))
    assert [one.text for one in root.all("h3")] == ["grid weights grid"]
    assert root.all("title")[0].text == "My <b>runs</b>"
    assert not PAGE.exists()
    assert len(root.all("figure")) == 1
    line = root.all("code")[0].text
    shell.run(line.removeprefix("hopcli "), "--no-figures", "--out", "again", "-q")
    assert Path("again/grid.csv").read_bytes() == Path("grid/grid.csv").read_bytes()


# --- edges: small numbers, ties


def test_a_sheet_shows_fifty_rows_and_counts_the_others() -> None:
    made = sheet("t", Columns(["x"], [np.array([True, False] * 26 + [True])]))
    assert (made.n_rows, len(made.rows), made.n_left_out) == (53, 50, 3)
    assert made.rows[:2] == (("yes",), ("no",))


def test_an_empty_file_is_a_place_for_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").touch()
    report.write("page", tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "page"
