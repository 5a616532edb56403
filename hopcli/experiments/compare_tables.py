"""Tables of a comparison, and their conclusions in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.experiments.selectors import SELECTORS
from hopcli.experiments.tally import OVERALL
from hopcli.statistics import draws_interval, exact_interval, mean_sd_sem
from hopcli.statistics.comparisons import holm, mcnemar, mean_difference, paired_interval
from hopcli.tables import Column, Columns, Table, columns, ends_of, estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.records import Bools, Texts

REFERENCE = "dynamics"
"""Classifier with which the others are compared."""

_CLASSIFIERS = Table(
    "classifiers",
    (
        *columns("classifier: text, label: text", key=True),
        *columns("trained_on: integer, n: integer, correct: integer"),
        Column(
            "accuracy",
            percent=True,
            axis="accuracy (fraction of images named correctly)",
            bounds=(0, 1),
            counts=("correct", "n"),
            interval="95 % interval for new images",
        ),
        *ends_of("accuracy", "ci", prefix="", percent=True),
    ),
    headline="accuracy",
    where={"label": OVERALL},
)
_PAIRS = Table(
    "pairs",
    (
        *columns("classifier: text, other: text"),
        *columns("n: integer, classifier_only: integer, other_only: integer"),
        *estimate("difference", "ci"),
        *columns("p, p_holm"),
    ),
)
_SELECTORS = Table(
    "selectors",
    (
        *columns("samples: integer, selector: text, selections: integer"),
        *estimate("accuracy", "sd", "sem", "ci", percent=True, bounds=(0, 1)),
        *estimate("difference", "ci"),
        *columns("p, p_holm"),
    ),
)
SELECTIONS = Table(
    "selections",
    columns(
        "samples: integer, selector: text, selection: integer, n: integer, recalled: integer, "
        "accuracy"
    ),
)

TABLES = (_CLASSIFIERS, _PAIRS, _SELECTORS, SELECTIONS)
"""The tables of a comparison."""

_NEAREST = "overlap"  # the classifier without dynamics
_FIRST = next(iter(SELECTORS))


def classifiers_table(
    right: Mapping[str, Bools], label: Texts, trained_on: Mapping[str, int]
) -> Columns:
    """Count the images that each classifier names correctly, per label and overall.

    Parameters
    ----------
    right : mapping of str to ndarray of bool, shape (images,)
        Images that each classifier has named correctly.
    label : ndarray of str, shape (images,)
        Label of each image.
    trained_on : mapping of str to int
        Number of images from whose labels each classifier was made.
    """
    groups = [(name, label == name) for name in dict.fromkeys(label.tolist())]
    groups.append((OVERALL, np.ones(len(label), dtype=np.bool_)))
    rows = []
    for classifier, correct in right.items():
        for name, own in groups:
            n, hits = int(own.sum()), int(correct[own].sum())
            known = (classifier, name, trained_on[classifier], n, hits)
            rows.append((*known, hits / n, *exact_interval(hits, n)))
    return _CLASSIFIERS.rows(rows)


def overall_rows(classifiers: Columns) -> Columns:
    """Return the last row of each classifier."""
    names = classifiers["classifier"]
    return classifiers.take(np.append(names[1:] != names[:-1], True))


def pairs_table(right: Mapping[str, Bools]) -> Columns:
    """Compare the dynamics with every other classifier, on the same images.

    Parameters
    ----------
    right : mapping of str to ndarray of bool, shape (images,)
        Images that each classifier has named correctly.
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
    corrected = holm([row[-1] for row in rows])
    return _PAIRS.rows((*row, p) for row, p in zip(rows, corrected, strict=True))


def selectors_table(selections: Columns) -> Columns:
    """Summarise the recall with the patterns of each selector, over the selections.

    Parameters
    ----------
    selections : Columns
        Samples, selector, selection, n, recalled and accuracy of each.
    """
    rows: list[tuple[Any, ...]] = []
    for n_samples in dict.fromkeys(selections["samples"].tolist()):
        at_m = selections.where(samples=n_samples)
        first = at_m.where(selector=_FIRST)["accuracy"]
        for selector in dict.fromkeys(at_m["selector"].tolist()):
            own = at_m.where(selector=selector)
            rates, n_images = own["accuracy"], int(own["n"].min())
            known = (*mean_sd_sem(rates), *draws_interval(rates, n_images))
            compared: tuple[float, ...] = (np.nan,) * 4
            if selector != _FIRST:
                compared = mean_difference(rates - first, n_images)
            rows.append((n_samples, selector, len(own), *known, *compared))
    p = np.array([row[-1] for row in rows], dtype=np.float64)
    corrected = p.copy()
    corrected[~np.isnan(p)] = holm(p[~np.isnan(p)])
    return _SELECTORS.rows((*row, each) for row, each in zip(rows, corrected, strict=True))


def classifiers_finding(classifiers: Columns, pairs: Columns, temperature: str, images: str) -> str:
    """State in a sentence whether the dynamics add accuracy to the nearest stored pattern.

    Parameters
    ----------
    classifiers, pairs : Columns
        The tables.
    temperature : str
        Temperature of the dynamics, as text.
    images : str
        Images that were classified, such as ``"test images"``.
    """
    overall = overall_rows(classifiers)
    rate = dict(zip(overall["classifier"], 100 * overall["accuracy"], strict=True))
    pair = pairs.where(other=_NEAREST).row(0)
    parts = ("difference", "difference_ci_low", "difference_ci_high")
    verdict = _verdict(*(100 * pair[part] for part in parts))
    return (
        f"Dynamics at T = {temperature} name {rate[REFERENCE]:.1f} % of {pair['n']:,} {images} "
        f"correctly, the nearest stored pattern {rate[_NEAREST]:.1f} %: the dynamics {verdict}, "
        f"{_p(pair['p'])})."
    )


def _verdict(points: float, low: float, high: float) -> str:
    """Return "add", "cost" or "make no difference", with the interval."""
    if low > 0:
        return f"add {points:.1f} points (95 % interval {low:.1f} to {high:.1f}"
    if high < 0:
        return f"cost {-points:.1f} points (95 % interval {-high:.1f} to {-low:.1f}"
    return f"make no difference beyond the interval (95 %: {low:.1f} to {high:.1f} points"


def selectors_finding(selectors: Columns, samples: int) -> str:
    """Compare the selectors in a sentence, at the M nearest to a given one.

    Parameters
    ----------
    selectors : Columns
        The table.
    samples : int
        The given M.
    """
    n_samples = min(selectors["samples"].tolist(), key=lambda m: abs(m - samples))
    first, *rest = (
        row for row in map(selectors.row, range(len(selectors))) if row["samples"] == n_samples
    )
    others = [
        f"{row['selector']} {100 * row['difference']:+.1f} points "
        f"({100 * row['difference_ci_low']:.1f} to {100 * row['difference_ci_high']:.1f}, "
        f"{_p(row['p_holm'])})"
        for row in rest
    ]
    return (
        f"Out of M = {n_samples} samples {_FIRST} chooses patterns that recall "
        f"{100 * first['accuracy']:.1f} % of unseen images (mean of "
        f"{first['selections']} selections); {', '.join(others)}, p by Holm."
    )


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 1e-99 else "p < 1e-99"
