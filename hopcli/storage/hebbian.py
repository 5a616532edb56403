"""The Hebbian rule: the sum of the patterns' outer products [Hopfield 1982]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.storage.rule import Parameter, Rule, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HEBBIAN", "NORMALISATIONS"]

NORMALISATIONS = ("N", "p", "none")
"""What the Hebbian sum is divided by: spins, patterns, or nothing."""


def _learn(task: Task, *, normalise: str) -> NDArray[np.float64]:
    """W_ij = (1/N) sum_mu xi_i^mu xi_j^mu, divided by N, by p or not at all."""
    divisor = {"N": task.n_sites, "p": task.columns.shape[1], "none": 1}[normalise]
    return (task.columns @ task.columns.T) / divisor


def _capacity(n_sites: int) -> float:  # noqa: ARG001
    """0.138: overlaps near 1 with few wrong bits [Amit, Gutfreund, Sompolinsky 1985]."""
    return 0.138


HEBBIAN = Rule(
    "hebbian",
    "sum of outer products; stores 0.138 N random patterns",
    _learn,
    parameters={
        "normalise": Parameter(
            "N",
            lambda value: isinstance(value, str) and value in NORMALISATIONS,
            f"must be one of {', '.join(NORMALISATIONS)}",
        )
    },
    capacity=_capacity,
)
"""The rule."""
