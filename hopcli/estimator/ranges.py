"""Ranges of the parameters of an estimator that are numbers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import SettingError
from hopcli.estimator.prototypes import CHOICES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_count", "check_parameters", "united"]

_MOST = 2**31 - 1
_MOST_PROTOTYPES = 10_000
_WHOLE = {
    "n_prototypes": (1, _MOST, False),
    "repeats": (1, 1_000_000, False),
    "samples": (1, _MOST, True),
    "attempts_per_sweep": (1, 10**9 - 1, True),
    "sweeps": (0, 10_000_000, False),
    "n_jobs": (-_MOST, _MOST, True),
}
"""Range of each parameter that is a whole number, and whether it may be None."""


def check_parameters(estimator: Any) -> None:
    """Refuse parameters that are out of their range, or no numbers.

    Parameters
    ----------
    estimator : HopfieldClassifier
        Its parameters are attributes.

    Raises
    ------
    SettingError
        If one is.
    """
    if isinstance(estimator.prototypes, str) and estimator.prototypes not in CHOICES:
        rule = f"must be an array or one of {', '.join(CHOICES)}"
        raise SettingError("prototypes", rule, estimator.prototypes)
    for name, (low, high, may_be_none) in _WHOLE.items():
        value = getattr(estimator, name)
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not (value is None and may_be_none) and not (whole and low <= value <= high):
            raise SettingError(name, f"must be a whole number from {low} to {high}", value)
    if not isinstance(estimator.signed, bool | np.bool_):
        raise SettingError("signed", "must be True or False", estimator.signed)
    real = isinstance(estimator.criterion, int | float | np.integer | np.floating)
    if not real or not 0 < estimator.criterion <= 1:
        raise SettingError("criterion", "must be above 0 and at most 1", estimator.criterion)


def check_count(name: str, n: int) -> None:
    """Refuse more classes or prototypes than the overlaps between them can be held in memory.

    Raises
    ------
    SettingError
        If there are more than 10,000; it is about the parameter `name`.
    """
    if n > _MOST_PROTOTYPES:
        raise SettingError(
            name, f"must give at most {_MOST_PROTOTYPES:,} classes and prototypes", n
        )


def united(labels: NDArray[Any], of: NDArray[Any]) -> NDArray[Any]:
    """Sort the classes of samples and of given prototypes, each once.

    Parameters
    ----------
    labels, of : ndarray
        Classes of the samples and of the prototypes.

    Raises
    ------
    SettingError
        If they are of two types, have no order, or one is no number.
    """
    is_text = [array.dtype.kind in "US" for array in (labels, of)]
    with contextlib.suppress(TypeError):  # of values that have no order
        found: NDArray[Any] = np.unique(np.concatenate([labels, of]))
        if is_text[0] == is_text[1] and np.all(found == found):  # NaN equals nothing
            return found
    raise SettingError("prototype_labels", "must be labels of the type of y", of.tolist())
