"""Comparison of labels in ``hopcli variance``, and the findings that it prints."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli.statistics import mean_sd_sem
from hopcli.statistics.paired import holm, mean_difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["difference_table", "findings"]


def difference_table(labels: Sequence[str], rates: NDArray[np.float64], tests: int) -> pd.DataFrame:
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
    DataFrame
        A row per pair: mean ``difference`` of `label` less `other`, its standard error and 95 %
        interval for new selections, ``p`` of a paired t-test [Student 1908], and ``p_holm``.
    """
    rows = []
    for one, other in itertools.combinations(range(len(labels)), 2):
        gaps = rates[:, one] - rates[:, other]
        difference, low, high, p = mean_difference(gaps, tests)
        sem = float(mean_sd_sem(gaps)[2])
        rows.append((labels[one], labels[other], difference, sem, low, high, p))
    parts = ("", "_sem", "_ci_low", "_ci_high")
    columns = ["label", "other", *(f"difference{part}" for part in parts), "p"]
    types = dict.fromkeys(columns[2:], float)
    table = pd.DataFrame(rows, columns=columns).astype(types)
    return table.assign(p_holm=holm(table["p"]))


def findings(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Summarise the errors and the order of the labels, a sentence each.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables of the run.

    Returns
    -------
    list of str
        One finding for a single label, otherwise two.
    """
    errors, ranked, pairs = (tables[name] for name in ("errors", "best_worst", "differences"))
    n_labels = len(ranked)
    own = errors[(errors["test_images"] == "same") & (errors["source"] == "selection")]
    own = own.iloc[:n_labels]
    most = own.iloc[int(own["sd"].to_numpy().argmax())]
    low, high = 100 * most["sd_ci_low"], 100 * most["sd_ci_high"]
    spread = (
        f"The draw of the samples alone gives an accuracy an SD of up to {100 * most['sd']:.1f} "
        f"percentage points (label {most['label']}, 95 % interval {low:.1f} to {high:.1f})."
    )
    if n_labels < 2:
        return [spread]
    order = ranked["worst"].to_numpy().argsort(kind="stable")[::-1]
    first, second = (ranked.iloc[int(place)] for place in order[:2])
    pair = _pair(pairs, str(first["label"]), str(second["label"]))
    worst = (
        f"Recalled worst: {first['label']} in {100 * first['worst']:.1f} % of the selections, "
        f"{second['label']} in {100 * second['worst']:.1f} %. The accuracy of {first['label']} "
        f"less that of {second['label']} is {_points(pair)}."
    )
    return [spread, worst]


def _pair(pairs: pd.DataFrame, label: str, other: str) -> tuple[float, float, float]:
    """Mean difference of two labels in either order, its standard error and p, in points."""
    for sign, one, two in ((1, label, other), (-1, other, label)):
        row = pairs[(pairs["label"] == one) & (pairs["other"] == two)]
        if len(row):
            values = row[["difference", "difference_sem", "p"]].to_numpy(dtype=np.float64)[0]
            return 100 * sign * float(values[0]), 100 * float(values[1]), float(values[2])
    raise KeyError((label, other))


def _points(pair: tuple[float, float, float]) -> str:
    difference, sem, p = pair
    size = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    return f"{difference:+.1f} +- {sem:.1f} percentage points ({size})"
