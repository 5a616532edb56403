"""Ranges of the parameters of an estimator that are numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from hopcli.errors import SettingError

__all__ = ["check_numbers"]

_MOST = 2**31 - 1
_WHOLE = {
    "n_prototypes": (1, _MOST, False),
    "repeats": (1, 1_000_000, False),
    "samples": (1, _MOST, True),
    "attempts_per_sweep": (1, 10**9 - 1, True),
    "sweeps": (0, 10_000_000, False),
    "n_jobs": (-_MOST, _MOST, True),
}
"""Range of each parameter that is a whole number, and whether it may be None."""


def check_numbers(estimator: Any) -> None:
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
    for name, (low, high, may_be_none) in _WHOLE.items():
        value = getattr(estimator, name)
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not (value is None and may_be_none) and not (whole and low <= value <= high):
            raise SettingError(name, f"must be a whole number from {low} to {high}", value)
    real = isinstance(estimator.criterion, int | float | np.integer | np.floating)
    if not real or not 0 < estimator.criterion <= 1:
        raise SettingError("criterion", "must be above 0 and at most 1", estimator.criterion)
