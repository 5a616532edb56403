"""Hostile labels through every place that texts go to; tables on screen and for scripts."""

from __future__ import annotations

import csv as csv_files
import html
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import RunHopcli, Terminal
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

import hopcli
from hopcli import printing, results
from hopcli.api.running import in_lines
from hopcli.cli.tables import print_table
from hopcli.grids.export import write_table
from hopcli.results import tables
from hopcli.results.manifest import Manifest, sha256_of
from hopcli.tables import Columns

HOSTILE = (
    *("\x1b[2Ja", "a\nb", "a\tb", "a\rb", "\u202eabc", "\u2066a", "a\x07", "\x9b1m", "\u200bz"),
    *("a|b", "<b>a</b>", "a&amp;b", "[a](b)", "a\\b", "a\\", "$a", "$a^{$", "50%", "#a", "_a_"),
    *("{a}", "}", "~a", "^a", "`a`", '"a', "'a", "=1+1", "+1+1", "-1+1", "@a", "'=a", " =a", "*a"),
    *("--a", "-", "-1", "https:a", "a,b", "'", "a\x1d"),
)
"""Texts that would steer a terminal, or be read as what they are not."""


def controls(text: str, keep: str = "\n") -> list[str]:
    return [c for c in text if not c.isprintable() and c not in keep]


@given(st.text())
def test_every_target_is_one_line_without_what_does_not_print(text: str) -> None:
    for target in (printing.terminal, printing.picture, printing.markdown, printing.latex):
        assert target(text).isprintable()
    assert controls(printing.html(text)) == []
    assert html.unescape(printing.html(text)) == printing.terminal(text, keep="\n")


@example("'=1")
@example("' =1")
@example(" '=1")
@example("\uff1d1+1")
@example("\uff20a")
@given(st.text(alphabet="'=+-@ \t\r\n19.ea", max_size=8))
def test_a_text_of_a_csv_file_is_found_again_and_never_computed(text: str) -> None:
    cell = printing.csv(text)
    assert printing.uncsv(cell) == text
    if cell.lstrip("' \t\r\n")[:1] in tuple("=@\uff1d\uff20"):
        assert cell.startswith("'")
    assert cell == text or cell == f"'{text}"


def test_an_ordinary_label_stays_as_it_is_everywhere() -> None:
    for text in ("3", "paper", "n1", "größe", "a b", "a-b", "-1", "+1.5e3", "-", "x.y"):
        for target in ("csv", "terminal", "markdown", "latex", "html"):
            assert getattr(printing, target)(text) == text


def test_tables_for_texts_have_as_many_cells_as_columns() -> None:
    table = pd.DataFrame({"label": HOSTILE, "accuracy": 0.5})
    texts = (write_table(Columns.of_frame(table), None, kind) for kind in ("markdown", "latex"))
    markdown, latex = ((text or "").splitlines() for text in texts)
    assert len(markdown) == len(latex[2:-2]) == 2 + len(HOSTILE)
    for line in markdown:
        bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", line)
        assert bare.count("|") == 3
        assert not set("<[`*&~") & set(bare)
    for line in latex[4:-2]:
        bare = re.sub(r"\\(text[a-z]+\{\}|[&%$#_{}])", "", line.removesuffix(r"$0.5$ \\"))
        assert bare.count("&") == 1
        assert not set('\\%$#_~^<>|"') & set(bare)
        assert not bare.startswith(("[", "*"))
    text = in_lines(table).to_string(index=False)
    assert len(list(io.StringIO(text))) == len(text.splitlines()) == 1 + len(HOSTILE)


def test_a_table_of_a_run_gives_every_label_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"label": HOSTILE, "a": range(len(HOSTILE)), "=b": 0.5})
    columns = tables.write_table([Columns.of_frame(table)], tmp_path / "a.csv")
    outputs = {"a.csv": sha256_of(tmp_path / "a.csv")}
    manifest = Manifest(tmp_path, "recall", {"outputs": outputs, "tables": {"a": columns}})
    pd.testing.assert_frame_equal(tables.read_table(manifest, "a").frame(), table)
    written = (tmp_path / "a.csv").read_bytes().decode()
    text = written.replace("\r", "\N{SYMBOL FOR CARRIAGE RETURN}")
    heads, *rows = csv_files.reader(io.StringIO(text, newline=""))
    assert heads == ["label", "a", "'=b"]
    for label, *_ in rows:
        assert re.fullmatch(r"[-+]?[0-9]+|[-+]", label) or label.lstrip()[:1] not in tuple("=+-@")
    assert write_table(Columns.of_frame(table), None, "csv") == written


def _check_page(page: str) -> None:
    assert controls(page) == []
    assert "<b>" not in page


def test_every_command_prints_hostile_file_names_in_lines(run_hopcli: RunHopcli) -> None:
    folder, out = "\x1b[31mpictures\n|", "results\x1b[2J\u202e"
    labels = [text for text in HOSTILE if text.strip() == text and "/" not in text]
    Path(folder).mkdir()
    rng = np.random.default_rng(1)
    for label in labels:
        grey = np.where(rng.random((6, 6)) > 0.5, 255, 0).astype(np.uint8)
        Image.fromarray(grey).save(Path(folder, f"{label}.png"))
    Path("bad.toml").write_text('[runs."a\\u001b[2J\\n"]\nconfig = "paper"\n', encoding="utf-8")
    weights = ["weights", "--dataset", f"images:{folder}", "--rule", "hebbian", "--out", out]
    forms = ("table", "markdown", "latex", "json")
    done = [
        run_hopcli(*words)
        for words in (
            [*weights, "--figure-format", "svg"],
            *([*weights, "--format", form] for form in forms),
            *(["runs", out, "--format", form] for form in forms),
            ["data", "--dataset", f"images:{folder}"],
            ["show", folder, "--most", "100"],
            *(["check", out], ["plot", out], ["report", out, "--out", "page.html"]),
            [*weights, "--digits", "no\x1b[2J\nbody"],
            *(["show", "no\x1b[2J\nbody.txt"], ["run", "no\x1b[2J\nbody.toml"]),
            ["reproduce", "--against", "bad.toml"],
        )
    ]
    assert all(controls(each.err + each.out) == [] for each in done)
    assert [each.code for each in done] == [0] * 14 + [2] * 4
    assert {each.err.count("\n") for each in done[-4:]} == {1}
    assert sorted(results.load(out).result.patterns.labels) == sorted(labels)
    for svg in Path(out).glob("*.svg"):
        ET.parse(svg)  # refuses what is not XML
    _check_page(Path("page.html").read_text(encoding="utf-8"))


def test_a_notebook_shows_hostile_labels_as_text() -> None:
    rng = np.random.default_rng(2)
    memory = hopcli.store({label: rng.random((3, 3)) > 0.5 for label in HOSTILE}, rule="hebbian")
    for record in (memory, memory.patterns, memory.recall("flip:0.1")):
        assert controls(repr(record)) == []
        _check_page(record._repr_html_())


# --- tables that are printed


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_a_table_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    table = pd.DataFrame({f"column_{k}": [k + 0.125, 123.25] for k in range(12)})
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        monkeypatch.setattr("sys.stdout", stream)
        print_table(Columns.of_frame(table), "table")
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert (len(lines) == 3) == (columns == 200)
    parts = [part.split() for part in terminal.getvalue().split("\n\n")]
    heads = [[word for word in part if word.startswith("column")] for part in parts]
    assert {own[0] for own in heads} == {"column_0"}  # each part says whose rows it has
    assert ["column_0", *(name for own in heads for name in own[1:])] == list(table.columns)
    assert sum(part.count("123.2") for part in parts) == 11 + len(parts)
    piped = pipe.getvalue().splitlines()
    assert max(map(len, piped)) <= 80
    assert sum(line.count("123.2") for line in piped) == 11 + pipe.getvalue().count("column_0")


def test_of_several_runs_each_table_or_line_says_whose_it_is(run_hopcli: RunHopcli) -> None:
    for name in ("mine", "yours"):
        Path(f"{name}.toml").write_text('command = "select"\nsamples = 2\nfigures = false\n')
    out = run_hopcli("run", "mine.toml", "yours.toml").out
    assert out.startswith("select: mine.toml\n\n")
    assert out.index("select: mine.toml") < out.index("results/mine/") < out.index("yours.toml")
    lines = run_hopcli("run", "mine.toml", "yours.toml", "--format", "json").out.splitlines()
    assert [json.loads(line)["out"] for line in lines] == ["results/mine", "results/yours"]


def test_scripts_get_json_and_csv(run_hopcli: RunHopcli) -> None:
    """The printed table with its numbers as they are; nothing else on stdout."""
    line = "recall --tests 3 --repeats 2 --temperature 0.5 --no-figures --out out --format"
    as_json, as_csv = (run_hopcli(*line.split(), form).out for form in ("json", "csv"))
    table = results.load("out").result.tables["accuracy"]
    (line,) = as_json.splitlines()
    said = json.loads(line)
    assert (said["command"], said["out"]) == ("recall", "out")
    assert [row["label"] for row in said["table"]] == list(table["label"])
    assert [row["accuracy"] for row in said["table"]] == pytest.approx(list(table["accuracy"]))
    assert said["table"][0]["sd_labels"] is None  # where a table has no number
    assert "accuracy.csv" in said["files"]
    assert len(said["warnings"]) == 1
    found = pd.read_csv(io.StringIO(as_csv), dtype={"label": str})
    pd.testing.assert_frame_equal(found, table, check_dtype=False)
