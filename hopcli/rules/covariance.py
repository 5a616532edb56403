"""The covariance rule, for patterns with unequal numbers of 0 and 1 [Tsodyks 1988]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import PatternError
from hopcli.kinds import choice, either, number
from hopcli.records import np
from hopcli.rules.rule import Parameter, Rule, Task

if TYPE_CHECKING:
    from hopcli.network import LowRank, Quadratic

_MEASURED = "mean"


def _learn(task: Task, *, activity: float | str) -> Quadratic | LowRank:
    """W_ij = sum_mu (eta_i - f) (eta_j - f) / (N f (1 - f)), eta = (xi + 1) / 2 = 0 or 1.

    With b = 2 f - 1 this is sum_mu (xi_i - b) (xi_j - b) / (N (1 - b^2)); at f = 1/2 it is the
    Hebbian rule.
    """
    from hopcli.network import couple

    if isinstance(activity, str):
        bias = float(np.mean(task.sizes @ task.columns) / task.n_sites)
    else:
        bias = 2 * activity - 1
    if abs(bias) == 1:
        raise PatternError("the covariance rule needs an activity between 0 and 1")
    centred = task.columns - bias
    return couple(centred, task.n_sites * (1 - bias**2))


COVARIANCE = Rule(
    "covariance",
    "Hebbian without the mean, for patterns of few or many +1",
    _learn,
    parameters={
        "activity": Parameter(
            either(number(0, 1, above=True), choice([_MEASURED])),
            _MEASURED,
            "Fraction of +1 that the covariance rule assumes; mean: that of the patterns.",
            "activity f",
            newer=True,
        )
    },
    gives_diagonal=True,
    rank=1,
)
"""The rule."""
