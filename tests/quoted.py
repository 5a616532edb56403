"""Write the numbers of README.md and the docs from the committed results.

A block ``<!-- numbers: NAME -->`` ... ``<!-- end of numbers -->`` holds prose with numbers. The
function NAME below lists all of them in order, and ``python tests/quoted.py`` puts them in.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hopcli import results
from hopcli.claims.judging import VERDICTS
from hopcli.study import AUTHORS_RECALL

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
CLAIMS = RESULTS / "reproduce" / "claims.csv"
PAGES = (ROOT / "README.md", *sorted((ROOT / "hopcli" / "docs").glob("*.md")))

_BLOCK = re.compile(r"(<!-- numbers: ([\w-]+) -->\n)(.*?)(<!-- end of numbers -->)", re.DOTALL)
_NUMBER = re.compile(r"`[^`\n]*`|(p [=<] [\d.e-]+\d|[+\N{MINUS SIGN}]?\d(?:[\d,]*\d)?(?:\.\d+)?)")


def filled(text: str) -> str:
    """Return a page with the numbers of its blocks put in; code spans stay as they are."""

    def block(match: re.Match[str]) -> str:
        opening, name, prose, end = match.groups()
        numbers = BLOCKS[name]()
        places = sum(found[1] is not None for found in _NUMBER.finditer(prose))
        if places != len(numbers):
            raise ValueError(f"{name}: {places} numbers in the text, {len(numbers)} in the tables")
        left = iter(numbers)
        return opening + _NUMBER.sub(lambda m: next(left) if m[1] else m[0], prose) + end

    return _BLOCK.sub(block, text)


def read_claims_table(path: Path = CLAIMS) -> pd.DataFrame:
    """Read claims.csv with every value as a text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _table(run: str, name: str) -> pd.DataFrame:
    texts = dict.fromkeys(("label", "stored", "measure", "classifier", "other", "order"), str)
    return pd.read_csv(RESULTS / run / f"{name}.csv", dtype=texts)


def _row(run: str, name: str, **cell: object) -> Any:
    table = _table(run, name)
    chosen: Any = np.all([table[key] == value for key, value in cell.items()], axis=0)
    row: Any = table[chosen].iloc[0]
    return row


def _percents(values: Any, digits: int = 1, sign: str = "-") -> list[str]:
    texts = [f"{100 * value:{sign}.{digits}f}" for value in values]
    return [text.replace("-", "\N{MINUS SIGN}") for text in texts]


# --- the study ------------------------------------------------------------------------------------


def _side(claim: str, role: str) -> pd.Series[Any]:
    made = read_claims_table().drop_duplicates(["id", "role"]).set_index(["id", "role"])
    side: Any = made.loc[(claim, role)]
    return side


def _p(side: pd.Series[Any]) -> str:
    return "p < 0.001" if float(side["p"] or 0) < 0.001 else f"p = {float(side['p']):.2g}"


def _chi2(claim: str, role: str) -> list[str]:
    side = _side(claim, role)
    return [f"{float(side['statistic']):,.0f}", _p(side)]


def _counts() -> list[str]:
    counts = read_claims_table().drop_duplicates("id")["verdict"].value_counts()
    return [str(counts.sum()), *(str(counts[name]) for name in VERDICTS if name in counts)]


def _drawn() -> list[str]:
    sides = [_side(*key) for key in (("order-best-any-draw", "text"), _WORST)]
    best, worst = (f"{float(side['value']):.3g}" for side in sides)
    return [best, "20", "1", "4", worst]


_WORST = ("order-worst-any-draw", "other")


def _critical() -> list[str]:
    return [f"{float(_side('critical-temperature', role)['value']):.2f}" for role in _BOTH]


_BOTH = ("text", "authors")


def verdicts() -> list[str]:
    order = _side("plus-minus-order", "text")
    return [
        *("10", "20", "2", *_chi2("accuracies", "authors"), "2", *_chi2("accuracies", "text")),
        *(_p(_side("plus-minus-images", role)) for role in ("authors", "text")),
        *(f"{float(order['value']):.2f}", _p(order)),
        *_drawn(),
        *("1", "9", "56", "19", "2", *_chi2("figure-1-rule", "explanation")),
        *("2", *_chi2("figure-1-rule", "text"), "2", *_chi2("figure-1-patterns", "text")),
        *(*_critical(), "0.5"),
        *_counts(),
    ]


def recall() -> list[str]:
    """Rows of the table: published, as published, as run."""
    published = pd.read_csv(AUTHORS_RECALL)
    columns = []
    for run in ("paper", "paper-as-run"):
        table = 100 * _table(run, "accuracy").set_index("label")
        sd = table["sd_repeats"].where(table.index != "overall", table["sd_labels"])
        columns.append(
            [[f"{a:.1f}", f"{b:.1f}"] for a, b in zip(table["accuracy"], sd, strict=True)]
        )
    rows = []
    for label, printed, *made in zip("36104", _PRINTED[:5], *(c[:5] for c in columns), strict=True):
        assert published[label].mean().round() == int(printed[0])
        rows += [label, *printed, *made[0], *made[1]]
    return [*rows, *_PRINTED[-1], *columns[0][-1], *columns[1][-1]]


_PRINTED = (("81", "2"), ("76", "1"), ("98", "1"), ("76", "2"), ("69", "1"), ("80", "10"))


def printed() -> list[str]:
    """Rows that `hopcli recall` prints; it has the configuration `paper`."""
    table = _table("paper", "accuracy")
    table["sd"] = table["sd_repeats"].where(table["label"] != "overall", table["sd_labels"])
    names = ["accuracy", "ci_low", "ci_high", "sd"]
    numbers = zip(table["n"], table[names].to_numpy(), strict=True)
    rows = [[str(n), *_percents(row)] for n, row in numbers]
    labels = [[label] for label in "36104"] + [[]]
    lines = zip(labels, rows, _PRINTED, strict=True)
    return ["95", *(text for line in lines for part in line for text in part)]


def five_verdicts() -> list[str]:
    *_, label, worst = _drawn()
    return ["10", "20", label, worst, "1", "9", "56", _critical()[0], "0.5"]


def figure_1() -> list[str]:
    minus, plus = sorted(results.load(RESULTS / "figure1-as-run").result.ordering)
    scan = _table("figure1-as-run", "temperature_scan").query("label == '4'")
    short = (scan["exact"] - scan["overlap_abs"]) / scan["overlap_abs_sem"]
    below = [f"{value:.1f}" for value in scan["temperature"][short > 3]]
    return ["1", "1", f"{plus:.2f}", *below, "30", "0.5", "1", f"{minus:.2f}"]


def cold_start() -> list[str]:
    scan = _table("figure1-cold-start", "temperature_scan").query("label == '4'")
    scan = scan.set_index("temperature")
    run, exact, field = (scan[name] for name in ("overlap_abs", "exact", "mean_field"))
    at = [f"{value:.3f}" for value in (run[0.4], exact[0.4], run[0.9], exact[0.9], field[0.9])]
    return ["4", "0.4", at[0], "0", "4", at[1], "0.9", *at[2:]]


# --- grids ----------------------------------------------------------------------------------------


def phase() -> list[str]:
    overall = _table("phase", "grid").query("label == 'overall' and temperature == 0.1")
    rates = overall.set_index(["rule", "source_indices"])["accuracy"]
    assert rates["hebbian"].drop("0:1:1").max() == 0
    assert rates["storkey", "0:2:1"] == 1
    inverse = [rates["pseudo-inverse", f"0:{n - 1}:1"] for n in (100, 200, 300)]
    storkey = _percents([rates["storkey", "0:4:1"]], 0)
    return ["0.1", *storkey, *_percents(inverse, 0), "100", "200", "300"]


def stored() -> list[str]:
    table = _table("stored", "over_selection_seed").query("label == 'overall'")
    ten = table[table["digits"].str.count(",") == 9].set_index("samples")["accuracy"]
    return [*_percents(ten, 0), *map(str, ten.index)]


# --- what a number is worth -----------------------------------------------------------------------


def sweeps() -> list[str]:
    settling = _row("relax", "settling", label="overall")
    relaxed = [_row("relax", "relaxation", label="overall", sweep=n) for n in (10, 20, 500)]
    rates = _percents(row["accuracy"] for row in relaxed)
    estimates = [_row("fit-sweeps", "estimate", order=name) for name in ("known", "unknown")]
    ends = ("sweeps", "sweeps_ci_low", "sweeps_ci_high")
    return [
        *("0.2", f"{settling['median']:.0f}", "2", f"{settling['p90']:.0f}"),
        *(rates[0], "10", rates[1], "20", rates[2]),
        *(f"{row[name]:.0f}" for row in estimates for name in ends),
    ]


def variance() -> list[str]:
    cell = {"label": "4", "test_images": "same"}
    parts = ("total", "selection", "images", "thermal")
    sds = [_row("variance", "errors", source=part, **cell)["sd"] for part in parts]
    chances = [_row("variance", "best_worst", label=label) for label in "143"]
    best = _percents([chances[0]["best"]], 0)
    worst = _percents(row["worst"] for row in chances[1:])
    return ["100", "4", *_percents(sds), "1", *best, "4", worst[0], "3", worst[1]]


def compare() -> list[str]:
    names = ("dynamics", "overlap", "logistic-samples")
    rates = _percents(
        _row("compare", "classifiers", classifier=name, label="overall")["accuracy"]
        for name in names
    )
    pair = -_row("compare", "pairs", other="overlap").filter(like="difference").astype(float)
    costs = _percents(pair[f"difference{end}"] for end in ("", "_ci_high", "_ci_low"))
    selectors = []
    for name in ("medoid", "random"):
        row = _row("compare", "selectors", samples=20, selector=name)
        ends = _percents(row[f"difference_ci_{end}"] for end in ("low", "high"))
        selectors += [*_percents([row["difference"]], sign="+"), *ends]
    return [*rates[:2], *costs, "100", rates[2], "20", *selectors]


def consistency() -> list[str]:
    shape = _table("consistency", "consistency").set_index("label")
    within, contrast = (
        _row("consistency", "correlation", stored="half", measure=name)
        for name in ("within", "contrast")
    )
    return [
        *("60,000", str(shape["within"].idxmax()), str(shape["within"].idxmin())),
        *("4", str(shape["within_rank"]["4"])),
        *(f"{within['spearman']:.2f}", f"p = {within['p']:.2g}"),
        *(f"{contrast['spearman']:.2f}", f"p = {contrast['p']:.1g}"),
    ]


def critical() -> list[str]:
    crossing = _row("critical", "critical", what="Binder crossing")
    ends = [f"{crossing[name]:.3f}" for name in ("value", "ci_low", "ci_high", "exact")]
    return ["0", "4", "784", "3,136", *ends, "1"]


# --- speed ----------------------------------------------------------------------------------------


def _ratios() -> pd.DataFrame:
    return pd.read_csv(RESULTS / "benchmarks" / "ratios.csv").set_index(["job", "peer"])


def bench() -> list[str]:
    table = _ratios()
    took = table["ours"].groupby("job").first()
    peers = ("straightforward class loop", "dwave-samplers")
    ratios = [f"{table['ratio']['paper', peer]:.0f}" for peer in peers]
    rest = [f"{took[name]:.0f}" for name in ("million-memory", "cell")]
    return [f"{took['paper']:.1f}", *ratios, rest[0], "5,000", rest[1]]


def classes() -> list[str]:
    took = _ratios()["ours"].groupby("job").first()
    times = (f"{took['large']:.1f}", f"{took['paper']:.1f}")
    return ["29", "784", "128", "128", "8", "16,384", *times]


def _of_cell() -> dict[str, float]:
    """Costs of a cell in ms: planned, sent, scheduled, read, merged, and made (``idle``)."""
    took = _ratios()["ours"].groupby("job").first()
    start = "cluster-"
    of_cell = {name.removeprefix(start): took[name] for name in took.index if start in name}
    assert of_cell["merge"] < of_cell["client"]
    return {**of_cell, "idle": took["cell-idle"]}


def million() -> list[str]:
    cost = _of_cell()
    plan, client, scheduler = (f"{cost[name]:.2f}" for name in ("plan", "client", "scheduler"))
    reading = [f"{cost[name]:.2f}" for name in ("status", "check", "table")]
    sizes = (f"{cost['size']:.0f}", f"{cost['memory']:.1f}")
    made = ("5", "1", plan, f"{cost['idle']:.1f}", client, "4", scheduler)
    return ["100,000", *made, *reading, "2", f"{cost['merge']:.2f}", *sizes]


def _whole() -> pd.DataFrame:
    """Read the costs of the processes of a grid of 100,000 cells: CPU per cell, in ms, and all."""
    table = pd.read_csv(RESULTS / "benchmarks" / "whole.csv")
    table["part"] = table["part"].str.partition(" ")[0]  # all shards are one
    used = table.groupby("part").agg({"cells": "first", "cpu": "mean", "megabytes": "max"})
    used["number"] = table["part"].value_counts()
    used["ms"] = 1e3 * used["cpu"] * used["number"] / used["cells"]
    return used


def whole() -> list[str]:
    used = _whole()
    shards = f"{used['number']['shard']}"
    before = {"workers": ["4"], "shard": [shards], "merge": [shards]}
    numbers = []
    for part in (*_REMOTE, "shard", "merge", "status", "check", "table", "plot"):
        cpu, ms, megabytes = (float(used[name][part]) for name in ("cpu", "ms", "megabytes"))
        seconds = f"{cpu:,.{0 if cpu >= 10 else 1}f}"
        of_cell = f"{ms:.{0 if ms >= 2 else 2}f}"
        numbers += [*before.get(part, []), seconds, of_cell, f"{megabytes:.0f}"]
    return [f"{used['cells']['client']:,}", "4", shards, *numbers]


_REMOTE = ("client", "scheduler", "workers")


def many() -> list[str]:
    """Times of a million cells, from the costs of one."""
    cost, used = _of_cell(), _whole()["ms"]
    idle, scheduler, client = cost["idle"], used["scheduler"], used["client"]
    assert scheduler > client
    minutes = f"{1e6 * scheduler / 1e3 / 60:.0f}"
    busy = (f"{1e6 * 0.1 / 100 / 60:.0f}", minutes, "10", f"{1e6 * 10 / 100 / 3600:.0f}", minutes)
    return [
        *("100", f"{idle:.1f}", f"{1e6 * idle / 1e3 / 100:.0f}", minutes, "100", *busy),
        *(f"{1e3 / scheduler:.0f}", "100", f"{100 * scheduler:.0f}", f"{1e3 / client:.0f}"),
        *(f"{1e5 * cost['plan'] / 1e3:.0f}", "100,000", f"{1e5 * cost['merge'] / 1e3:.0f}"),
    ]


def classifiers() -> list[str]:
    table = pd.read_csv(RESULTS / "classifiers" / "classifiers.csv")
    table = table.set_index(["method", "dataset"])
    ends = [f"accuracy{end}" for end in ("", "_ci_low", "_ci_high")]
    rows: list[Any] = [
        table.loc[(method, data)] for method in _METHODS for data in ("digits", "mnist")
    ]
    rates: Any = table["accuracy"]

    def lost(data: str, how: str) -> float:
        return rates[f"nearest prototype, {how}", data] - rates[f"Hopfield, {how}", data]

    study, best = "study's setting", "best of a grid"
    assert lost("digits", best) == 0
    costs = (lost("digits", study), lost("mnist", study), lost("mnist", best))
    cells = [text for row in rows for text in _percents(row[end] for end in ends)]
    return ["10,000", *cells, *_percents(costs), "200"]


_METHODS = (
    *("nearest prototype, study's setting", "Hopfield, study's setting"),
    *("nearest prototype, best of a grid", "Hopfield, best of a grid"),
    *("nearest centroid", "logistic regression"),
)

_EVERY = [verdicts, recall, printed, five_verdicts, figure_1, cold_start, phase, stored, sweeps]
_EVERY += [variance, compare, consistency, critical, bench, classes, million, whole, many]
_EVERY += [classifiers]
BLOCKS = {block.__name__.replace("_", "-"): block for block in _EVERY}
"""The blocks by name: each function lists the numbers of its block in order."""


def main() -> None:
    """Write the numbers of all pages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if filled(text) != text:
            page.write_text(filled(text), encoding="utf-8")


if __name__ == "__main__":
    main()
