"""The Hebbian rule: the sum of the patterns' outer products [Hopfield 1982]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.kinds import choice
from hopcli.records import np
from hopcli.rules.rule import Parameter, Rule, Task

if TYPE_CHECKING:
    from hopcli.network import LowRank, Quadratic


def _learn(task: Task, *, normalise: str) -> Quadratic | LowRank:
    """W_ij = (1/N) sum_mu xi_i^mu xi_j^mu, divided by N, by p or not at all."""
    from hopcli.network import couple

    divisor = {"N": task.n_sites, "p": task.xi.shape[1], "none": 1}[normalise]
    return couple(task.xi, float(divisor))


def _capacity(n_sites: int, **parameters: Any) -> dict[str, float]:  # noqa: ARG001
    """Return overlaps near 1 up to 0.138; no errors up to 1 / (2 ln N) or half of that.

    0.138: few wrong bits, for large N [Amit, Gutfreund, Sompolinsky 1985]. Up to
    1 / (2 ln N) almost all patterns are fixed points, up to 1 / (4 ln N) all of them
    [McEliece et al. 1987; Weisbuch 1985].
    """
    most = float(1 / (2 * np.log(n_sites)))
    return {"all_fixed": most / 2, "fixed": most, "overlap": 0.138}


HEBBIAN = Rule(
    "hebbian",
    "sum of outer products; stores 0.138 N random patterns",
    _learn,
    parameters={
        "normalise": Parameter(
            choice(("N", "p", "none")),
            "N",
            "Divide the Hebbian sum by the number of spins, of patterns, or not at all.",
        )
    },
    gives_diagonal=True,
    rank=1,
    capacity=_capacity,
)
"""The rule."""
