"""Tables to take away: rounding by errors, chosen rows and columns, pivots, LaTeX and macros."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import RunHopcli

from hopcli.errors import SettingError
from hopcli.tables import Column, Columns, Layout, Table, columns
from hopcli.tables.documents import document, shown_columns

FIRST = (Column("label", "text", key=True), Column("n", "integer"))
OTHERS = (*columns("rate % ± sd ci, m ± sem"), Column("energy", unit="J"))
TABLE = Table("t", (*FIRST, *OTHERS), headline="rate")


def made(rates: Any = (0.812, 0.99), half: Any = (0.0123, 0.004), **more: Any) -> Columns:
    ends = zip(rates, half, strict=True)
    low, high = zip(*((rate - h, rate + h) for rate, h in ends), strict=True)
    usual = {"label": ["3", "a_b%"], "n": [10, 20], "rate": rates, "rate_sd": [0.0501, math.nan]}
    usual |= {"rate_ci_low": low, "rate_ci_high": high, "m": [-0.51234, 0.9], "m_sem": [0.0361, 0]}
    return TABLE.of({**usual, "energy": [-283.126, 0.000123456], **more})


@pytest.mark.parametrize(
    ("half", "precision", "shown"),
    [
        (1.23, None, "81.2 ± 1.2"),
        (1.23, 1, "81 ± 1"),
        (1.23, 3, "81.23 ± 1.23"),
        (3.54, None, "81.2 ± 3.5"),
        (3.56, None, "81 ± 4"),
        (0.962, None, "81.2 ± 1.0"),
        (0.0333, None, "81.234 ± 0.033"),
        (23.4, None, "81 ± 23"),
        (47.0, None, "80 ± 50"),
        (0.0, None, "81.23"),
    ],
)
def test_digits_are_those_of_the_half_width(half: float, precision: int | None, shown: str) -> None:
    table = made((0.81234, 0.5), (half / 100, 0.25))
    _, _, rate, *_ = shown_columns(table, Layout(precision=precision))
    assert (rate.cells[0], rate.head) == (shown, "rate (%) ± 95 % interval")


def test_an_unsymmetric_interval_is_shown_by_its_ends() -> None:
    columns = shown_columns(made(rate_ci_high=[0.8245, 0.9919]), Layout())
    assert [column.name for column in columns] == ["label", "n", "rate", "rate_sd", "m", "energy"]
    heads = ["rate (%) [95 % interval]", "rate SD (%)", "m ± SEM", "energy (J)"]
    assert [column.head for column in columns[2:]] == heads
    assert columns[2].cells == ["81.2 [80.0, 82.5]", "99.00 [98.60, 99.19]"]
    assert columns[3].cells == ["5.0", ""]
    open_above = shown_columns(made(rate_ci_high=[float("inf"), 0.994]), Layout())
    assert open_above[2].cells == ["81.2 [79.97, inf]", "99.0 [98.6, 99.4]"]
    assert columns[4].cells == ["-0.51 ± 0.04", "0.9"]
    assert columns[5].cells == ["-283.1", "0.0001235"]
    large = shown_columns(made(energy=[10_000, 99_999.6]), Layout())
    assert large[-1].cells == ["10000", "100000"]


def parsed(text: str) -> tuple[str, list[list[str]]]:
    """Parse a tabular; return its layout and the cells of each row, spans counted as columns."""
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    begin = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", lines[0])
    assert begin
    assert (lines[1], lines[-2:]) == (r"\toprule", [r"\bottomrule", r"\end{tabular}"])
    assert lines.count(r"\midrule") == 1
    rows = []
    for line in lines[2:-2]:
        plain = re.sub(r"\\(text[a-z]+\{\}|[%#_&$])", "x", line)
        assert plain.count("{") == plain.count("}")
        assert plain.count("$") % 2 == 0
        if line.endswith(r" \\"):
            cells = line.removesuffix(r" \\").split(" & ")
            spans = [int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            assert len(cells) + sum(spans) == len(begin[1])
            rows.append(cells)
    return begin[1], rows


def test_latex_is_a_tabular_of_booktabs() -> None:
    layout, rows = parsed(document(made(), "latex", Layout()))
    assert layout == "lrrrrr"
    assert rows[0][2] == r"rate (\%) $\pm$ 95 \% interval"
    assert rows[1][:3] == ["3", "$10$", r"$81.2 \pm 1.2$"]
    assert rows[2][0] == r"a\_b\%"
    small = made(energy=[1.5e-12, 1e300])
    cells = [row[-1] for row in parsed(document(small, "latex", Layout()))[1]]
    assert cells[1:] == [r"$1.5\times 10^{-12}$", r"$1\times 10^{300}$"]


def at(temperature: float, rates: Any) -> Columns:
    arrays = [TABLE.of({"m": [temperature] * 2})["m"], *made(rates).arrays]
    return Columns(["temperature", *made()], arrays, TABLE)


GRID = Columns.joined([at(0.1, (0.8, 0.7)), at(0.25, (0.6, 0.5))])


def test_a_key_becomes_columns() -> None:
    layout, rows = parsed(document(GRID, "latex", Layout(pivot="temperature")))
    assert layout == "lrr"
    assert rows[0][1] == r"\multicolumn{2}{c}{rate (\%) $\pm$ 95 \% interval, by temperature}"
    assert rows[1:] == [
        ["label", "0.1", "0.25"],
        ["3", r"$80.0 \pm 1.2$", r"$60.0 \pm 1.2$"],
        [r"a\_b\%", r"$70.0 \pm 0.4$", r"$50.0 \pm 0.4$"],
    ]
    several = Layout(pivot="label", columns=("n", "m"))
    heads = [(column.above, column.head) for column in shown_columns(GRID, several)[1:]]
    of_m = "m ± SEM, by label"
    assert heads == [("n, by label", "3"), ("n, by label", "a_b%"), (of_m, "3"), (of_m, "a_b%")]


def test_macros_are_named_in_letters() -> None:
    layout = Layout(columns=("temperature", "label", "rate"), macros=True)
    lines = document(GRID, "latex", layout, "run-2").splitlines()
    names = [re.fullmatch(r"\\newcommand\{\\([A-Za-z]+)\}\{(.+)\}", line) for line in lines]
    found = {name[1]: name[2] for name in names if name}
    assert len(found) == len(lines) == 4
    assert found["runTwoRateZeroPointOneThree"] == r"\ensuremath{80.0 \pm 1.2}"
    assert found["runTwoRateZeroPointTwoFiveAB"] == r"\ensuremath{50.0 \pm 0.4}"
    alone = document(GRID, "latex", Layout(columns=("rate",), macros=True), "x").splitlines()
    assert [line[13:].partition("}")[0] for line in alone] == [
        f"xRate{number}" for number in ("", "Two", "Three", "Four")
    ]


@pytest.mark.parametrize(
    ("layout", "setting"),
    [
        ({"columns": ("rat",)}, "columns .*'rate'"),
        ({"where": (("lable", "3"),)}, "where .*'label'"),
        ({"where": (("label", "4"),)}, "where .*label contains 3, a_b%"),
        ({"pivot": "temprature"}, "pivot .*'temperature'"),
        ({"pivot": "n", "columns": ("rate",), "where": (("n", "7"),)}, "where .*10"),
    ],
)
def test_unknown_columns_and_values_are_refused(layout: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingError, match=f"^{setting}"):
        shown_columns(GRID, Layout(**layout))


def test_rows_are_chosen_by_several_values() -> None:
    where = (("label", "3"), ("temperature", "0.250"), ("temperature", "0.1"))
    label, temperature, *_ = shown_columns(GRID, Layout(("label", "temperature"), where))
    assert (label.cells, temperature.cells) == (["3", "3"], ["0.1", "0.25"])
    with pytest.raises(SettingError, match=r"^pivot "):
        shown_columns(Columns.joined([GRID, GRID]), Layout(pivot="temperature"))


def test_every_command_with_a_table_takes_the_same_options(run_hopcli: RunHopcli) -> None:
    overall = ("--where", "label=overall", "--columns", "label,accuracy,published")
    run = ("recall", "--tests", "2", "--repeats", "1", "--no-figures", "--out", "mine")
    for words in (run, ("show", "mine")):
        out = run_hopcli(*words, "--format", "latex", *overall).out
        assert parsed(out)[1][1][0] == "overall"
        macros = run_hopcli(*words, "--format", "latex", "--macros", *overall).out
        names = re.findall(r"\\newcommand\{\\(\w+)\}", macros)
        assert names == ["mineAccuracyOverall", "minePublishedOverall"]
    out = run_hopcli("show", "mine", "--table", "confusion", "--format", "csv").out
    assert out == Path("mine/confusion.csv").read_text()
