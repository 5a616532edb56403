"""Consistency of the shape of a label: squared overlaps of its images, and eq. 5 [ZG]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import SettingError
from hopcli.tables import Column, Columns, Table, columns, estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hopcli.datasets import Dataset
    from hopcli.records import Floats, Ints, Spins

MEASURES = ("within", "contrast", "loss")
"""Measures of consistency. A shape is consistent if its loss is low, or another value high."""

SHAPES = Table(
    "consistency",
    (
        *columns("label: text, n: integer"),
        *estimate("within", "sem"),
        *estimate("between", "sem"),
        *estimate("contrast", "sem"),
        *estimate("loss", "sem"),
        *estimate("loss_per_pair", "sem"),
        *(Column(f"{measure}_rank", "integer") for measure in MEASURES),
    ),
)
"""Table of the measures."""

_MOST_NUMBERS = 100_000_000  # of the moments, N x N per label
_FOR_ERRORS = 1000  # images of a label for its standard errors, which are then known to 3 %
_EXACT_FLOAT32 = 1 << 24


def check_shapes(dataset: Dataset, labels: Sequence[str]) -> None:
    """Refuse images that are too large, and labels with a single one.

    Raises
    ------
    SettingError
        If there are any.
    """
    most = int((_MOST_NUMBERS / len(labels)) ** 0.5)
    if dataset.n_sites > most:
        rule = f"must make at most {most:,} pixels with {len(labels)} labels"
        raise SettingError("size", rule, dataset.n_sites)
    for label in labels:
        if len(dataset.indices_of(label)) < 2:
            raise SettingError("digits", "must name labels with two images or more", label)


def shape_table(dataset: Dataset, labels: Sequence[str], samples: int) -> Columns:
    """Measure the consistency of the shape of each label, over all its images.

    Sums are of whole numbers up to the last division, so their order does not matter.

    Parameters
    ----------
    dataset : Dataset
        The images, at least two per label.
    labels : sequence of str
        Labels to measure; each competes with all others.
    samples : int
        M in eq. 5.

    Returns
    -------
    Columns
        A row per label: ``n`` images; ``within`` and ``between``, mean m^2, 0 to 1;
        ``contrast``; ``loss``, eq. 5 expected for M samples of each label (plain dot products),
        and ``loss_per_pair``. Each has ``_sem``, over samples of images. Those in
        :data:`MEASURES` also have ``_rank``.
    """
    n_sites, n_labels = dataset.n_sites, len(labels)
    spins = [dataset.spins[dataset.indices_of(label)] for label in labels]
    number = np.array([len(own) for own in spins])
    exact = np.float32 if number.max() * n_sites < _EXACT_FLOAT32 else np.float64
    moments = np.array([own.astype(exact).T @ own.astype(exact) for own in spins])
    mean = _mean_squares(moments, number, n_sites)
    profiles = [
        _profiles(_evenly(own).astype(exact), moments, number, place)
        for place, own in enumerate(spins)
    ]
    others = (n_labels - 1) * samples * n_sites**2
    same = samples * (samples - 1) * n_sites**2
    weights = {  # of within and of between
        "within": (1.0, 0.0),
        "between": (0.0, 1.0),
        "contrast": (1.0, -1.0),
        "loss": (-float(same), float(others)),
        "loss_per_pair": (-same / others, 1.0),
    }
    columns: dict[str, NDArray[Any]] = {"label": np.array(labels, dtype=object), "n": number}
    for name, (of_within, of_between) in weights.items():
        matrix = np.full((n_labels, n_labels), of_between / (n_labels - 1))
        np.fill_diagonal(matrix, of_within)
        columns[name] = (matrix * mean).sum(axis=1)
        columns[f"{name}_sem"] = _standard_errors(matrix, profiles, number)
    for name in MEASURES:
        badness = columns[name] if name == "loss" else -columns[name]
        columns[f"{name}_rank"] = 1 + (badness[:, None] > badness).sum(axis=1)
    return SHAPES.of(columns)


def _evenly(own: Spins) -> Spins:
    """Return some of the images of a label, evenly spaced; all if there are few."""
    chosen = np.linspace(0, len(own) - 1, min(len(own), _FOR_ERRORS)).astype(np.int64)
    return own[chosen]


def _mean_squares(moments: NDArray[np.floating], number: Ints, n_sites: int) -> Floats:
    """Compute mean m^2 of an image of one label and another of another, shape (labels, labels).

    sum_xd (x.d)^2 = tr(C_l C_k) with the moments C_l = sum_x x x^T of a label. Pairs of an image
    with itself, (x.x)^2 = N^2, are excluded.
    """
    flat = moments.reshape(len(number), -1).astype(np.float64)
    sums = flat @ flat.T - np.diag(number * float(n_sites) ** 2)
    pairs = np.outer(number, number) - np.diag(number)
    return sums / (pairs * float(n_sites) ** 2)


def _profiles(
    spins: NDArray[np.floating], moments: NDArray[np.floating], number: Ints, own: int
) -> Floats:
    """Compute mean m^2 of each image with the others of every label, shape (n, labels)."""
    n_sites = spins.shape[1]
    sums = [np.einsum("ni,ni->n", spins @ moment, spins, dtype=np.float64) for moment in moments]
    is_own = np.arange(len(number)) == own
    left_out = np.where(is_own, float(n_sites) ** 2, 0.0)
    return (np.stack(sums, axis=1) - left_out) / ((number - is_own) * float(n_sites) ** 2)


def _standard_errors(matrix: Floats, profiles: list[Floats], number: Ints) -> Floats:
    """Compute the standard error of sum_k matrix_lk m^2_lk of each label l, as U-statistics.

    The variance is a sum over the labels of the images. The part of a label is the variance of
    the contribution of one of its images [Hoeffding 1948]. In pairs of its own label an image is
    either of the two.
    """
    variances = np.zeros(len(number))
    for place, profile in enumerate(profiles):
        # As one of the label itself it meets all labels; as a competitor, one at a time.
        contributions = profile * matrix[:, place]
        row = matrix[place].copy()
        row[place] *= 2
        contributions[:, place] = profile @ row
        variances += contributions.var(axis=0, ddof=1) / number[place]
    return np.sqrt(variances)
