"""Comparison of labels in ``hopcli variance``, and the findings that it prints."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from hopcli.experiments.tally import OVERALL
from hopcli.statistics import mean_sd_sem
from hopcli.statistics.comparisons import holm, mean_difference
from hopcli.tables import Column, Columns, Table, columns, ends_of, estimate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopcli.records import Floats

SOURCES = ("selection", "images", "thermal")
"""Sources of the variance of an accuracy."""

_LABEL = Column("label", "text", key=True)

ERRORS = Table(
    "errors",
    (
        _LABEL,
        Column("test_images", "text"),
        Column("source", "text", key=True),
        *estimate(
            "sd",
            "ci",
            axis="SD of an accuracy (fraction)",
            interval="95 % interval over selections",
            bounds=(0, 1),
        ),
        Column("share", bounds=(0, 1)),
    ),
    headline="sd",
    where={"label": OVERALL, "test_images": "same", "source": "total"},
)
COMPONENTS = Table(
    "components", (_LABEL, Column("source", "text"), *estimate("variance", "ci"), Column("share"))
)
ACCURACY = Table(
    "accuracy",
    (
        _LABEL,
        Column("selections", "integer"),
        *estimate("accuracy", "sd", "sem", "ci", bounds=(0, 1)),
    ),
)
BEST_WORST = Table(
    "best_worst",
    (
        _LABEL,
        *estimate("best", "ci", bounds=(0, 1)),
        *estimate("worst", "ci", bounds=(0, 1)),
        Column("rank_mean"),
        Column("rank_sem", interval_of="rank_mean", end="sem"),
    ),
)
DIFFERENCES = Table(
    "differences",
    (_LABEL, *columns("other: text"), *estimate("difference", "sem", "ci"), *columns("p, p_holm")),
)
RANKS = Table(
    "ranks",
    (
        _LABEL,
        Column("rank", "integer"),
        Column("fraction", bounds=(0, 1)),
        *ends_of("fraction", "ci", prefix=""),
    ),
)
SELECTIONS = Table(
    "selections",
    columns(
        "selection: integer, selection_seed: integer, seed: integer, label: text, n: integer, "
        "recalled: integer, accuracy, rank"
    ),
)

TABLES = (ERRORS, COMPONENTS, ACCURACY, BEST_WORST, DIFFERENCES, RANKS, SELECTIONS)
"""The tables of a split of the variance."""

_SHOWN = ("accuracy", *(f"sd_{source}" for source in (*SOURCES, "total")), "best", "worst")
SUMMARY = Table("summary", (_LABEL, *(Column(name, percent=True) for name in _SHOWN)))
"""Printed table."""


def difference_table(labels: Sequence[str], rates: Floats, tests: int) -> Columns:
    """Compare the accuracies of each pair of labels, paired by selection.

    Parameters
    ----------
    labels : sequence of str
        The labels.
    rates : ndarray of float64, shape (selections, labels)
        Accuracy of each label in each selection, 0 to 1.
    tests : int
        Test images of each label in a selection.

    Returns
    -------
    Columns
        A row per pair: mean ``difference`` of `label` less `other`, its standard error and 95 %
        interval for new selections, ``p`` of a paired t-test [Student 1908], and ``p_holm``.
    """
    rows = []
    for one, other in itertools.combinations(range(len(labels)), 2):
        gaps = rates[:, one] - rates[:, other]
        difference, low, high, p = mean_difference(gaps, tests)
        sem = float(mean_sd_sem(gaps)[2])
        rows.append((labels[one], labels[other], difference, sem, low, high, p))
    corrected = holm([row[-1] for row in rows])
    return DIFFERENCES.rows((*row, p) for row, p in zip(rows, corrected, strict=True))


def findings(tables: Mapping[str, Columns]) -> list[str]:
    """Summarise the errors and the order of the labels, one sentence each.

    Parameters
    ----------
    tables : mapping of str to Columns
        The tables of the run.

    Returns
    -------
    list of str
        One finding for a single label, otherwise two.
    """
    errors, ranked, pairs = (tables[name] for name in ("errors", "best_worst", "differences"))
    n_labels = len(ranked)
    own = errors.where(test_images="same", source="selection").take(slice(n_labels))
    most = own.row(int(own["sd"].argmax()))
    low, high = 100 * most["sd_ci_low"], 100 * most["sd_ci_high"]
    spread = (
        f"The draw of the samples alone gives an accuracy an SD of up to {100 * most['sd']:.1f} "
        f"percentage points (label {most['label']}, 95 % interval {low:.1f} to {high:.1f})."
    )
    if n_labels < 2:
        return [spread]
    order = ranked["worst"].argsort(kind="stable")[::-1]
    first, second = (ranked.row(int(place)) for place in order[:2])
    pair = _pair(pairs, first["label"], second["label"])
    worst = (
        f"Recalled worst: {first['label']} in {100 * first['worst']:.1f} % of the selections, "
        f"{second['label']} in {100 * second['worst']:.1f} %. The accuracy of {first['label']} "
        f"less that of {second['label']} is {_points(pair)}."
    )
    return [spread, worst]


def _pair(pairs: Columns, label: str, other: str) -> tuple[float, float, float]:
    """Return the mean difference of two labels in either order, its standard error and p."""
    for sign, one, two in ((1, label, other), (-1, other, label)):
        found = pairs.where(label=one, other=two)
        if len(found):
            row = found.row(0)
            return 100 * sign * row["difference"], 100 * row["difference_sem"], row["p"]
    raise KeyError((label, other))


def _points(pair: tuple[float, float, float]) -> str:
    difference, sem, p = pair
    size = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    return f"{difference:+.1f} +- {sem:.1f} percentage points ({size})"
