"""The figures of ``hopcli variance``: sources of an error, and the best and worst label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.plots import kit
from hopcli.plots.page import INK, MUTED, styled
from hopcli.records import Floats, np

if TYPE_CHECKING:
    from hopcli.config import VarianceConfig
    from hopcli.experiments.variance import VarianceResult
    from hopcli.plots.figure import Picture

_APART = 0.14  # distance of the two points of a label, in rows
_SOURCES = {"selection": kit.COLOURS[1], "images": kit.COLOURS[2], "thermal": INK}
_ENDS: dict[str, dict[str, Any]] = {
    "best": kit.look(0, ms=5, ls="none"),
    "worst": {"marker": "s", "ms": 5, "color": "#a23b00", "mfc": "white", "ls": "none"},
}


@styled
def figures(_config: VarianceConfig, result: VarianceResult) -> dict[str, Picture]:
    """Draw ``variance`` and ``best_worst``."""
    return {"variance": _variance(result), "best_worst": _best_worst(result)}


def _variance(result: VarianceResult) -> Picture:
    """Draw one row per label: a bar with the sources of its variance, and the SD of each."""
    names = result.columns["accuracy"]["label"].tolist()
    same = result.columns["errors"].where(test_images="same")
    shown = [*range(len(names) - 1)[: kit.MOST_LABELS], len(names) - 1]
    sources = (*_SOURCES, "total")
    sd = {name: kit.estimate(same.where(source=name), "sd", 100)[:, shown] for name in sources}
    square: dict[str, Any] = {"marker": "s", "ms": 9, "ls": "none"}
    page, ax = kit.label_rows(
        "Sources of the error of an accuracy",
        _variance_caption(result),
        result.patterns,
        [names[row] for row in shown],
        columns=[(name, [_numbers(values) for values in sd[name].T]) for name in sources],
        legend=[kit.Entry(name, [square | {"color": colour}]) for name, colour in _SOURCES.items()],
    )
    ax.set_xlabel("variance (square percentage points)")
    left, rows = np.zeros(len(shown)), np.arange(len(shown))
    for source, colour in _SOURCES.items():
        part = sd[source][0] ** 2
        ax.barh(rows, part, 0.6, left, color=colour, label=source)
        left += part
    _, low, high = sd["total"] ** 2
    total = np.stack([left, low, high])
    kit.draw_points(ax, rows, total, level=True, color=MUTED, ls="none", label="total")
    ax.set_xlim(left=0)
    return page.figure


def _best_worst(result: VarianceResult) -> Picture:
    """Draw one row per label: the frequency of the highest and of the lowest accuracy."""
    table = result.columns["best_worst"].take(slice(kit.MOST_LABELS))
    shares = {end: kit.estimate(table, end, 100) for end in _ENDS}
    columns = [(end, [f"{value:.1f}" for value in shares[end][0]]) for end in _ENDS]
    page, ax = kit.label_rows(
        "Labels recalled best and worst",
        kit.sentences(
            "Share of selections in which a label has the highest and the lowest accuracy.",
            kit.bars(result.columns["best_worst"], "best"),
            "Rank 1 is the best.",
            _cut(result),
        ),
        result.patterns,
        table["label"].tolist(),
        columns=[*columns, ("mean rank", [f"{rank:.2f}" for rank in table["rank_mean"]])],
        legend=[kit.Entry(end, [style]) for end, style in _ENDS.items()],
    )
    ax.set(xlim=(0, 100), xlabel="selections (%)")
    for (end, style), shift in zip(_ENDS.items(), (-_APART, _APART), strict=True):
        rows = np.arange(len(table)) + shift
        kit.draw_points(ax, rows, shares[end], level=True, label=end, clip_on=False, **style)
    return page.figure


def _numbers(values: Floats) -> str:
    """Return an SD in percentage points, with its interval."""
    sd, low, high = values
    digits = 1 if high >= 1 else 2
    return f"{sd:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _variance_caption(result: VarianceResult) -> str:
    interval = result.columns["errors"].declared.column("sd").interval
    return kit.sentences(
        "Contributions to the variance: selection of the patterns, images, dynamics (thermal).",
        f"Numbers: SD in percentage points. Brackets, and the bar at the total: {interval}.",
        _cut(result),
    )


def _cut(result: VarianceResult) -> str:
    return kit.cut_labels(len(result.columns["best_worst"]))
