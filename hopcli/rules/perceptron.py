"""The perceptron rule: learnt until every site of every pattern is stable [Gardner 1988]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import PatternError
from hopcli.kinds import integer, number
from hopcli.network import Quadratic
from hopcli.network.products import symmetric_product
from hopcli.rules.rule import Parameter, Rule, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDING = 1e-12  # of a stability that is exactly kappa
_CHEAP = 1_000_000_000  # multiplications that looking for other parameters may cost


def _learn(task: Task, *, kappa: float, epochs: int) -> Quadratic:
    """Learn until every pattern is stable by kappa at every site [Gardner 1988].

    The stability of pattern mu at site i is xi_i h_i / |w_i|, with h_i = sum_{j != i}
    w_ij xi_j. Pattern by pattern, w_ij += (1/N) (e_i + e_j) xi_i xi_j, e_i = 1 where the
    stability is below kappa, else 0: the symmetric form of the perceptron rule. An epoch
    without a change ends it; too many end it with an error.
    """
    j, weakest = _trained(task, kappa, epochs)
    if weakest >= _enough(kappa):
        return Quadratic(j)
    raise PatternError(
        f"the perceptron rule found no couplings with stability kappa = {kappa:g} for "
        f"{task.columns.shape[1]} patterns in {epochs} epochs (weakest in the last: "
        f"{weakest:.3g}){_advice(task, kappa, epochs)}"
    )


def _trained(task: Task, kappa: float, epochs: int) -> tuple[NDArray[np.float64], float]:
    """The couplings, and the weakest stability in the last epoch."""
    j = symmetric_product(task.columns, task.columns, task.n_sites).copy()
    weakest = -np.inf
    for _ in range(epochs):
        weakest = np.inf
        for x in task.columns.T:
            stability = x * _fields_of(j, task, x) / _row_norms(j, task)
            weakest = min(weakest, float(stability.min()))
            weak = (stability < _enough(kappa)).astype(np.float64)
            if weak.any():
                half = np.outer(weak * x, x)
                j += (half + half.T) / task.n_sites
        if weakest >= _enough(kappa):
            break
    return j, weakest


def _enough(kappa: float) -> float:
    return max(kappa - _ROUNDING, _ROUNDING)  # at kappa = 0 still more than nothing


def _advice(task: Task, kappa: float, epochs: int) -> str:
    """Parameters with which the patterns are learnt, where they are found in little time."""
    if 21 * epochs * task.columns.size * len(task.columns) > _CHEAP:
        return ""
    others = ((kappa, 10 * epochs), (kappa / 10, epochs), (kappa / 10, 10 * epochs))
    for less, more in others:
        if _trained(task, less, more)[1] >= _enough(less):
            changed = [f"kappa = {less:g}"] if less < kappa else []
            changed += [f"epochs = {more}"] if more > epochs else []
            return f"; it does with {' and '.join(changed)}"
    return ""


def _fields_of(j: NDArray[np.float64], task: Task, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Field on a site of each class in the pattern `x`, sum_{j != i} w_ij x_j."""
    return j @ (task.sizes * x) - np.diag(j) * x


def _row_norms(j: NDArray[np.float64], task: Task) -> NDArray[np.float64]:
    """|w_i| of a site of each class, its own coupling left out."""
    squares = (j * j) @ task.sizes - np.diag(j) ** 2
    return np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))


def _capacity(n_sites: int, *, kappa: float = 1.0, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """1 / int_-kappa^inf Dt (t + kappa)^2, Dt normal: 2 at kappa = 0, 0.52 at 1 [Gardner 1988].

    The bound of all couplings, for large N; of symmetric ones, as here, it is at most that.
    """
    below = 0.5 * math.erfc(-kappa / math.sqrt(2))
    density = math.exp(-(kappa**2) / 2) / math.sqrt(2 * math.pi)
    return {"all_fixed": 1 / ((1 + kappa**2) * below + kappa * density)}


PERCEPTRON = Rule(
    "perceptron",
    "learnt until every site is stable by kappa",
    _learn,
    parameters={
        "kappa": Parameter(
            number(0, 1e6), 1.0, "Stability that the perceptron rule asks for.", "stability κ"
        ),
        "epochs": Parameter(
            integer(1, 100_000), 1000, "Most passes of the perceptron rule over the patterns."
        ),
    },
    exact=True,
    capacity=_capacity,
)
"""The rule."""
