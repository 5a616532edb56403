"""The perceptron rule: training until every site of every pattern is stable [Gardner 1988]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.errors import PatternError
from hopcli.kinds import integer, number
from hopcli.records import Floats, np
from hopcli.rules.rule import Parameter, Rule, Task

if TYPE_CHECKING:
    from hopcli.network import Quadratic

_ROUNDING = 1e-12  # rounding error of a stability that is exactly kappa
_CHEAP = 1_000_000_000  # most multiplications for a search of other parameters


def _learn(task: Task, *, kappa: float, epochs: int) -> Quadratic:
    """Train until every pattern has stability kappa at every site [Gardner 1988].

    The stability of pattern mu at site i is xi_i h_i / |w_i|, with h_i = sum_{j != i}
    w_ij xi_j. Each pattern in turn adds w_ij += (1/N) (e_i + e_j) xi_i xi_j, with e_i = 1 if
    the stability is below kappa, otherwise 0: the symmetric form of the perceptron rule.
    Training ends after an epoch without a change, or with an error after `epochs` epochs.
    """
    from hopcli.network import Quadratic

    j, weakest = _trained(task, kappa, epochs)
    if weakest >= _enough(kappa):
        return Quadratic(j)
    raise PatternError(
        f"the perceptron rule found no couplings with stability kappa = {kappa:g} for "
        f"{task.xi.shape[1]} patterns in {epochs} epochs (weakest in the last: "
        f"{weakest:.3g}){_advice(task, kappa, epochs)}"
    )


def _trained(task: Task, kappa: float, epochs: int) -> tuple[Floats, float]:
    """Return the couplings and the weakest stability in the last epoch."""
    from hopcli.network.hamiltonian import symmetric_product

    columns = task.columns
    j = symmetric_product(columns, columns, task.n_sites).copy()
    weakest = -np.inf
    for _ in range(epochs):
        weakest = np.inf
        for x in columns.T:
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
    """Suggest parameters for which training succeeds, if a short search finds any."""
    if 21 * epochs * task.xi.size * len(task.xi) > _CHEAP:
        return ""
    others = ((kappa, 10 * epochs), (kappa / 10, epochs), (kappa / 10, 10 * epochs))
    for less, more in others:
        if _trained(task, less, more)[1] >= _enough(less):
            changed = [f"kappa = {less:g}"] if less < kappa else []
            changed += [f"epochs = {more}"] if more > epochs else []
            return f"; it does with {' and '.join(changed)}"
    return ""


def _fields_of(j: Floats, task: Task, x: Floats) -> Floats:
    """Return the field on a site of each class in the pattern `x`, sum_{j != i} w_ij x_j."""
    return j @ (task.sizes * x) - np.diag(j) * x


def _row_norms(j: Floats, task: Task) -> Floats:
    """Return |w_i| of a site of each class, without its coupling to itself."""
    squares = (j * j) @ task.sizes - np.diag(j) ** 2
    return np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))


def _capacity(n_sites: int, *, kappa: float = 1.0, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """Return 1 / int_-kappa^inf Dt (t + kappa)^2, with Dt normal [Gardner 1988].

    It is 2 at kappa = 0 and 0.52 at kappa = 1. It is the bound for arbitrary couplings and
    large N; the bound for symmetric couplings, used here, is at most that.
    """
    below = 0.5 * math.erfc(-kappa / math.sqrt(2))
    density = math.exp(-(kappa**2) / 2) / math.sqrt(2 * math.pi)
    return {"all_fixed": 1 / ((1 + kappa**2) * below + kappa * density)}


PERCEPTRON = Rule(
    "perceptron",
    "trained until every site has stability kappa",
    _learn,
    parameters={
        "kappa": Parameter(
            number(0, 1e6), 1.0, "Stability required by the perceptron rule.", "stability κ"
        ),
        "epochs": Parameter(
            integer(1, 100_000), 1000, "Largest number of passes of the perceptron rule."
        ),
    },
    exact=True,
    capacity=_capacity,
)
"""The rule."""
