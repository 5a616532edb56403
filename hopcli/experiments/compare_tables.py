"""The tables of a comparison, and what they come to in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hopcli.experiments.selectors import SELECTORS
from hopcli.experiments.tally import OVERALL
from hopcli.statistics import draws_interval, exact_interval, mean_sd_sem
from hopcli.statistics.paired import holm, mcnemar, mean_difference, paired_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "REFERENCE",
    "classifiers_finding",
    "classifiers_table",
    "overall_rows",
    "pairs_table",
    "selectors_finding",
    "selectors_table",
]

REFERENCE = "dynamics"
"""The classifier that the others are compared with."""

_NEAREST = "overlap"  # what the dynamics start from, and may add to
_FIRST = next(iter(SELECTORS))


def classifiers_table(
    right: Mapping[str, NDArray[np.bool_]],
    label: NDArray[np.str_],
    trained_on: Mapping[str, int],
) -> pd.DataFrame:
    """How many images each classifier names rightly, of each label and altogether.

    Parameters
    ----------
    right : mapping of str to ndarray of bool, shape (images,)
        What each classifier has named rightly.
    label : ndarray of str, shape (images,)
        Label of each image.
    trained_on : mapping of str to int
        Images whose labels each classifier has been made from.
    """
    groups = [(name, label == name) for name in dict.fromkeys(label.tolist())]
    groups.append((OVERALL, np.ones(len(label), dtype=np.bool_)))
    rows = []
    for classifier, correct in right.items():
        for name, own in groups:
            n, hits = int(own.sum()), int(correct[own].sum())
            known = (classifier, name, trained_on[classifier], n, hits)
            rows.append((*known, hits / n, *exact_interval(hits, n)))
    columns = ["classifier", "label", "trained_on", "n", "correct", "accuracy", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def overall_rows(classifiers: pd.DataFrame) -> pd.DataFrame:
    """The last row of each classifier; a label may be called overall, too."""
    return classifiers.groupby("classifier", sort=False).tail(1)


def pairs_table(right: Mapping[str, NDArray[np.bool_]]) -> pd.DataFrame:
    """The dynamics against every other classifier, on the same images.

    Parameters
    ----------
    right : mapping of str to ndarray of bool, shape (images,)
        What each classifier has named rightly.
    """
    own = right[REFERENCE]
    rows = []
    for other, correct in right.items():
        if other == REFERENCE:
            continue
        own_only, other_only = int((own & ~correct).sum()), int((correct & ~own).sum())
        difference = (own_only - other_only) / len(own)
        bounds = paired_interval(own_only, other_only, len(own))
        p = mcnemar(own_only, other_only)
        rows.append((REFERENCE, other, len(own), own_only, other_only, difference, *bounds, p))
    columns = ["classifier", "other", "n", "classifier_only", "other_only", "difference"]
    columns += ["difference_ci_low", "difference_ci_high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_holm=holm(table["p"]))


def selectors_table(selections: pd.DataFrame) -> pd.DataFrame:
    """What the patterns of each selector recall, over the selections.

    Parameters
    ----------
    selections : DataFrame
        Samples, selector, selection, n, recalled and accuracy of each.
    """
    rows: list[dict[str, Any]] = []
    for n_samples, at_m in selections.groupby("samples", sort=False):
        first = at_m.loc[at_m["selector"] == _FIRST, "accuracy"].to_numpy()
        for selector, own in at_m.groupby("selector", sort=False):
            rates = own["accuracy"].to_numpy()
            row = {"samples": n_samples, "selector": selector, "selections": len(own)}
            n_images = int(own["n"].min())
            row |= _mean_columns(rates, n_images)
            if selector != _FIRST:
                row |= _difference_columns(rates - first, n_images)
            rows.append(row)
    table = pd.DataFrame(rows)
    compared = table["p"].notna()
    return table.assign(p_holm=pd.Series(holm(table.loc[compared, "p"]), table.index[compared]))


def _mean_columns(rates: NDArray[np.float64], n_images: int) -> dict[str, float]:
    mean, sd, sem = (float(value) for value in mean_sd_sem(rates))
    low, high = draws_interval(rates, n_images)
    named = {"accuracy": mean, "accuracy_sd": sd, "accuracy_sem": sem}
    return {**named, "accuracy_ci_low": low, "accuracy_ci_high": high}


def _difference_columns(differences: NDArray[np.float64], n_images: int) -> dict[str, float]:
    names = ("difference", "difference_ci_low", "difference_ci_high", "p")
    return dict(zip(names, mean_difference(differences, n_images), strict=True))


def classifiers_finding(
    classifiers: pd.DataFrame, pairs: pd.DataFrame, temperature: str, images: str
) -> str:
    """Whether the dynamics add accuracy to the nearest stored pattern, in a sentence.

    Parameters
    ----------
    classifiers, pairs : DataFrame
        The tables.
    temperature : str
        Of the dynamics, as it is written.
    images : str
        What was named, such as ``"test images"``.
    """
    overall = overall_rows(classifiers)
    rate = dict(zip(overall["classifier"], 100 * overall["accuracy"], strict=True))
    (pair,) = pairs[pairs["other"] == _NEAREST].to_dict("records")
    parts = ("difference", "difference_ci_low", "difference_ci_high")
    verdict = _verdict(*(100 * pair[part] for part in parts))
    return (
        f"Dynamics at T = {temperature} name {rate[REFERENCE]:.1f} % of {pair['n']:,} {images} "
        f"rightly, the nearest stored pattern {rate[_NEAREST]:.1f} %: the dynamics {verdict}, "
        f"{_p(pair['p'])})."
    )


def _verdict(points: float, low: float, high: float) -> str:
    """Adds, costs or neither, with the interval."""
    if low > 0:
        return f"add {points:.1f} points (95 % interval {low:.1f} to {high:.1f}"
    if high < 0:
        return f"cost {-points:.1f} points (95 % interval {-high:.1f} to {-low:.1f}"
    return f"make no difference beyond the interval (95 %: {low:.1f} to {high:.1f} points"


def selectors_finding(selectors: pd.DataFrame, samples: int) -> str:
    """How the selectors compare at the M nearest to one, in a sentence.

    Parameters
    ----------
    selectors : DataFrame
        The table.
    samples : int
        The M to be near.
    """
    n_samples = min(selectors["samples"].unique(), key=lambda m: abs(m - samples))
    own = selectors[selectors["samples"] == n_samples]
    first = own.iloc[0]
    others = [
        f"{row['selector']} {100 * row['difference']:+.1f} points "
        f"({100 * row['difference_ci_low']:.1f} to {100 * row['difference_ci_high']:.1f}, "
        f"{_p(row['p_holm'])})"
        for row in own.iloc[1:].to_dict("records")
    ]
    return (
        f"Out of M = {n_samples} samples {_FIRST} chooses patterns that recall "
        f"{100 * first['accuracy']:.1f} % of images that it has not seen (mean of "
        f"{first['selections']} selections); {', '.join(others)}, p by Holm."
    )


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 1e-99 else "p < 1e-99"
