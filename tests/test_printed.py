"""What is printed: tables that fit the terminal, which run they are of, formats for scripts."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from conftest import RunHopcli

from hopcli import results
from hopcli.cli.tables import print_table
from hopcli.tables import Columns

SMALL = ["recall", "--tests", "3", "--repeats", "2", "--no-figures", "--out", "out"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_a_table_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    table = pd.DataFrame({f"column_{k}": [k + 0.125, 123.25] for k in range(12)})
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal, pipe = _Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        monkeypatch.setattr("sys.stdout", stream)
        print_table(Columns.of_frame(table), "table")
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert (len(lines) == 3) == (columns == 200)
    words = terminal.getvalue().split()
    assert [word for word in words if word.startswith("column")] == list(table.columns)
    assert words.count("123.2") == 12
    assert len(pipe.getvalue().splitlines()) == 3


def test_of_several_runs_each_table_or_line_says_whose_it_is(run_hopcli: RunHopcli) -> None:
    for name in ("mine", "yours"):
        Path(f"{name}.toml").write_text('command = "select"\nsamples = 2\nfigures = false\n')
    out = run_hopcli("run", "mine.toml", "yours.toml").out
    assert out.startswith("select: mine.toml\n\n")
    assert out.index("select: mine.toml") < out.index("results/mine/") < out.index("yours.toml")
    lines = run_hopcli("run", "mine.toml", "yours.toml", "--format", "json").out.splitlines()
    assert [json.loads(line)["out"] for line in lines] == ["results/mine", "results/yours"]


def test_scripts_get_json_and_csv_and_documents_markdown_and_latex(run_hopcli: RunHopcli) -> None:
    """The printed table with its numbers as they are; nothing else on stdout."""
    printed = {
        form: run_hopcli(*SMALL, "--temperature", "0.5", "--format", form).out
        for form in ("json", "csv", "markdown", "latex")
    }
    table = results.load("out").result.tables["accuracy"]
    (line,) = printed["json"].splitlines()
    said = json.loads(line)
    assert (said["command"], said["out"]) == ("recall", "out")
    assert [row["label"] for row in said["table"]] == list(table["label"])
    assert [row["accuracy"] for row in said["table"]] == pytest.approx(list(table["accuracy"]))
    assert said["table"][0]["sd_labels"] is None  # where a table has no number
    assert "accuracy.csv" in said["files"]
    assert len(said["warnings"]) == 1
    as_csv = pd.read_csv(io.StringIO(printed["csv"]), dtype={"label": str})
    pd.testing.assert_frame_equal(as_csv, table, check_dtype=False)
    rows = [line.strip("|").split("|") for line in printed["markdown"].splitlines()]
    assert [cell.strip() for cell in rows[0]] == list(table.columns)
    assert [row[0].strip() for row in rows[2:]] == list(table["label"])
    assert float(rows[2][3]) == table["accuracy"][0]
    latex = printed["latex"].splitlines()
    assert latex[0].startswith(r"\begin{tabular}")
    assert len(latex) == len(table) + 4
    assert latex[3].split(" & ")[3] == rows[2][3].strip()
    drawn = json.loads(run_hopcli("plot", "out", "--dpi", "40", "--format", "json").out)
    assert drawn["out"] == "out"
    assert "accuracy.png" in drawn["files"]


def test_tables_for_people_fit_80_columns_and_merge_errors(run_hopcli: RunHopcli) -> None:
    """Cells are those of the CSV: rates in percent, an interval as one cell, SD over labels."""
    runs = {
        "recall": "recall --tests 4 --repeats 2",
        "weights": "weights --rule storkey",
        "attractors": "attractors --starts 20 --rule hebbian,pseudo-inverse",
        "relax": "relax --tests 3 --sweeps 4",
    }
    printed = {}
    for name, line in runs.items():
        done = run_hopcli(*line.split(), "--no-figures", "--out", name)
        printed[name] = done.out.partition("\n\n")[0].splitlines()
        assert max(map(len, printed[name])) <= 80, name
    table = pd.read_csv("recall/accuracy.csv").set_index("label")
    head, *rows = [re.split(r" {2,}", row.strip()) for row in printed["recall"]]
    assert head == ["label", "n", "accuracy %", "95 % interval", "SD", "published"]
    for label, n, accuracy, interval, sd, published in rows:
        row = table.loc[label]
        ends = [f"{100 * row[end]:.1f}" for end in ("ci_low", "ci_high")]
        deviation = row["sd_labels" if label == "overall" else "sd_repeats"]
        assert (n, accuracy) == (f"{row['n']:.0f}", f"{100 * row['accuracy']:.1f}")
        assert interval.split(" to ") == ends
        assert sd == f"{100 * deviation:.1f}"
        assert published == {"overall": "80 ± 10", "3": "81 ± 2"}.get(label, published)
    assert "published" not in run_hopcli(*SMALL, "--temperature", "0.3").out
    last = printed["relax"][-1].split(" ± ")
    made = pd.read_csv("relax/relaxation.csv").query("label == 'overall'").iloc[-1]
    assert float(last[-1]) == pytest.approx(made["energy_sem"], rel=0.05)
