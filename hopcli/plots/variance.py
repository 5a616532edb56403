"""The figures of ``hopcli variance``: sources of an error, and the best and worst label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.captions import MOST_LABELS, count, criterion, cut_labels, images, protocol
from hopcli.plots.kit import COLOURS, draw_points, estimate, look
from hopcli.plots.page import INK, MUTED, styled
from hopcli.plots.rows import Column, label_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import VarianceConfig
    from hopcli.experiments.variance import VarianceResult
    from hopcli.plots.files import Picture

_APART = 0.14  # distance of the two points of a label, in rows
_SOURCES = {"selection": COLOURS[1], "images": COLOURS[2], "thermal": INK}
_ENDS: dict[str, dict[str, Any]] = {
    "best": look(0, ms=5, ls="none"),
    "worst": {"marker": "s", "ms": 5, "color": "#a23b00", "mfc": "white", "ls": "none"},
}


@styled
def figures(config: VarianceConfig, result: VarianceResult) -> dict[str, Picture]:
    """Draw ``variance`` and ``best_worst``."""
    return {"variance": _variance(config, result), "best_worst": _best_worst(config, result)}


def _variance(config: VarianceConfig, result: VarianceResult) -> Picture:
    """Draw one row per label: a bar with the sources of its variance, and the SD of each."""
    names = result.columns["accuracy"]["label"].tolist()
    same = result.columns["errors"].where(test_images="same")
    shown = [*range(len(names) - 1)[:MOST_LABELS], len(names) - 1]
    sources = (*_SOURCES, "total")
    sd = {name: estimate(same.where(source=name), "sd", 100)[:, shown] for name in sources}
    columns = []
    for name in sources:
        sample = {"marker": "s", "ms": 9, "color": _SOURCES[name]} if name in _SOURCES else None
        columns.append(Column(name, [_numbers(values) for values in sd[name].T], sample))
    page, ax = label_rows(
        "Sources of the error of an accuracy",
        _variance_caption(config, result),
        result.patterns,
        [names[row] for row in shown],
        columns=columns,
    )
    ax.set_xlabel("variance (square percentage points)")
    left, rows = np.zeros(len(shown)), np.arange(len(shown))
    for source, colour in _SOURCES.items():
        part = sd[source][0] ** 2
        ax.barh(rows, part, 0.6, left, color=colour, label=source)
        left += part
    _, low, high = sd["total"] ** 2
    total = np.stack([left, low, high])
    draw_points(ax, rows, total, level=True, color=MUTED, ls="none", label="total")
    ax.set_xlim(left=0)
    return page.figure


def _best_worst(config: VarianceConfig, result: VarianceResult) -> Picture:
    """Draw one row per label: the frequency of the highest and of the lowest accuracy."""
    table = result.columns["best_worst"].take(slice(MOST_LABELS))
    shares = {end: estimate(table, end, 100) for end in _ENDS}
    columns = [
        Column(end, [f"{value:.1f}" for value in shares[end][0]], style)
        for end, style in _ENDS.items()
    ]
    page, ax = label_rows(
        "Labels recalled best and worst",
        _best_worst_caption(config, result),
        result.patterns,
        table["label"].tolist(),
        columns=[*columns, Column("mean rank", [f"{rank:.2f}" for rank in table["rank_mean"]])],
    )
    ax.set(xlim=(0, 100), xlabel="selections (%)")
    for (end, style), shift in zip(_ENDS.items(), (-_APART, _APART), strict=True):
        rows = np.arange(len(table)) + shift
        draw_points(ax, rows, shares[end], level=True, label=end, clip_on=False, **style)
    return page.figure


def _numbers(values: NDArray[np.float64]) -> str:
    """Return an SD in percentage points, with its interval."""
    sd, low, high = values
    digits = 1 if high >= 1 else 2
    return f"{sd:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _variance_caption(config: VarianceConfig, result: VarianceResult) -> str:
    return (
        f"Variance of an accuracy from {count(config.accuracy_tests, 'test')} per label and "
        f"{count(config.accuracy_repeats, 'repeat')} with the same {_starts(config, result)}, for "
        f"each label and for the mean over labels: contributions of the selection of the patterns, "
        f"of the images, and of the dynamics (thermal). Numbers: SD in percentage points, "
        f"and 95 % intervals over selections, like the bar at the total. "
        f"{_what_was_run(config, result)}"
    )


def _best_worst_caption(config: VarianceConfig, result: VarianceResult) -> str:
    return (
        f"Share of selections of the patterns in which a label has the highest measured accuracy "
        f"of all, and the lowest; ties are shared. Bars: 95 % interval for new selections. Mean "
        f"rank: 1 is the best. {_what_was_run(config, result)}"
    )


def _what_was_run(config: VarianceConfig, result: VarianceResult) -> str:
    return (
        f"Pictures: patterns of the first selection. {count(config.selections, 'selection')}, each "
        f"of {count(config.samples, 'sample')} per label and tested with {config.tests:,} "
        f"{_starts(config, result)} per label, run {config.repeats:,} times each; recalled at "
        f"{criterion(config)}. {protocol(config, result.patterns)}."
        f"{cut_labels(len(result.columns['best_worst']))}"
    )


def _starts(config: VarianceConfig, result: VarianceResult) -> str:
    """Name the starting states, in the plural."""
    return images(config, result) if str(config.start) == "image" else f"starts ({config.start})"
