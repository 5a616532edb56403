"""The estimator does what scikit-learn asks of every estimator, whatever it is set to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from hopcli.estimator import HopfieldClassifier

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = [
    HopfieldClassifier(sweeps=4),
    HopfieldClassifier("storkey", prototypes="medoid", threshold="otsu", sweeps=2, repeats=4),
    HopfieldClassifier("hebbian", dynamics="sync", signed=False),
    # So many prototypes of so few spins that none is rejected: what is, has no probability.
    HopfieldClassifier(n_prototypes=8, samples=None, dynamics="async", reject=-1, criterion=0.3),
    HopfieldClassifier(n_prototypes=3, prototypes="majority", samples=None, sweeps=2),
]


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # two spins hold little
@parametrize_with_checks(SETTINGS)  # type: ignore[untyped-decorator]
def test_scikit_learn_finds_nothing_wrong(
    estimator: HopfieldClassifier, check: Callable[[Any], None]
) -> None:
    try:
        check(estimator)
    except SkipTest as reason:
        assert re.search("polars|array API|SCIPY_ARRAY_API", str(reason))  # noqa: PT017
