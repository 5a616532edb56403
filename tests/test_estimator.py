"""The estimator does what scikit-learn asks of every estimator, whatever it is set to."""

from __future__ import annotations

import contextlib
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
    # So many prototypes of so few spins that each state is one or an inverse: none is rejected.
    HopfieldClassifier(
        n_prototypes=8, samples=None, dynamics="async", reject=-1, criterion=0.3, signed=False
    ),
    HopfieldClassifier(n_prototypes=3, prototypes="majority", samples=None, sweeps=2),
]


@pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")  # two spins hold little
@parametrize_with_checks(SETTINGS)  # type: ignore[untyped-decorator]
def test_scikit_learn_finds_nothing_wrong(
    estimator: HopfieldClassifier, check: Callable[[Any], None]
) -> None:
    with contextlib.suppress(SkipTest):  # of packages that are not there
        check(estimator)
