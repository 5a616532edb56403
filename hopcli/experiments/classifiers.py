"""Classification of images: by the nearest pattern, by coefficients, by logistic regression.

A classifier takes overlaps with the stored patterns, or spins, and returns a label for each
image. The dynamics, if any, run before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.observables import overlaps
from hopcli.waiting import interruptibly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopcli.records import Floats, Spins, Texts

_PENALTY = 100.0  # |w|^2 / 200 beside the mean loss
_MOST_STEPS = 10_000


def nearest_labels(m: Floats, stored: Sequence[str], *, signed: bool) -> Texts:
    """Return the label of the pattern nearest to each state.

    Parameters
    ----------
    m : ndarray of float64, shape (states, p)
        Overlap, or coefficient, of every state with every stored pattern.
    stored : sequence of str, length p
        Label of each pattern.
    signed : bool
        Compare m, otherwise |m|; at equal |m| a pattern precedes an inverse.

    Returns
    -------
    ndarray of str, shape (states,)
        A stored label for each; the first of equally near patterns.

    Examples
    --------
    >>> m = np.array([[0.4, -0.5], [0.2, 0.1]])
    >>> nearest_labels(m, ["3", "6"], signed=False).tolist()
    ['6', '3']
    >>> nearest_labels(m, ["3", "6"], signed=True).tolist()
    ['3', '3']
    """
    size = m if signed else np.abs(m) + 1e-9 * (m > 0)
    return np.array(stored)[size.argmax(axis=1)]


def coefficients(m: Floats, xi: Spins) -> Floats:
    """Compute the coefficient of each pattern in a state, c = Q^-1 m, as the pseudo-inverse rule.

    The projection of a state on the span of the patterns is sum_mu c_mu xi_mu. Q contains the
    overlaps of the patterns with each other [ZG eq. 2]; dependent patterns use its
    pseudo-inverse.

    Parameters
    ----------
    m : ndarray of float64, shape (states, p)
        Overlap of every state with every pattern.
    xi : ndarray of int8, shape (p, N)
        The patterns, values -1 or +1.

    Returns
    -------
    ndarray of float64, shape (states, p)
        Signed, dimensionless; 1 and 0 for the patterns themselves.

    Examples
    --------
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, 1, -1]], dtype=np.int8)
    >>> coefficients(overlaps(np.array([[1, 1, 1, -1], [1, 1, -1, 1]]), xi), xi).round(3).tolist()
    [[0.0, 1.0], [0.667, -0.333]]
    """
    return m @ np.linalg.pinv(overlaps(xi, xi), hermitian=True)


def logistic_labels(spins: Spins, labels: Texts, tested: Spins) -> Texts:
    """Predict labels by logistic regression on spins, minimising mean loss plus |w|^2 / 200.

    Parameters
    ----------
    spins : ndarray of int8, shape (trained, N)
        Training images, values -1 or +1.
    labels : ndarray of str, shape (trained,)
        Their labels, with at least two different ones.
    tested : ndarray of int8, shape (tested, N)
        Images to classify.

    Returns
    -------
    ndarray of str, shape (tested,)
        One of `labels` for each.
    """
    return interruptibly(_logistic_labels, spins, labels, tested)


def _logistic_labels(spins: Spins, labels: Texts, tested: Spins) -> Texts:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model: Any = LogisticRegression(C=_PENALTY / len(spins), max_iter=_MOST_STEPS)
    with threadpool_limits(1):  # the last digits depend on the number of threads
        model.fit(spins.astype(np.float64), labels)
        found: Texts = model.predict(tested.astype(np.float64))
    return found
