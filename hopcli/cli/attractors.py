"""``hopcli attractors``."""

from __future__ import annotations

from hopcli.cli.execute import execute
from hopcli.cli.options import experiment
from hopcli.config import AttractorsConfig

__all__ = ["command"]


@experiment(AttractorsConfig, execute)
def command() -> None:
    """Count where starts end at T = 0, spurious states and all.

    Runs the same starts under each rule until no site would change, S_i = sign(h_i -
    theta_i) everywhere, and lists the distinct final states: how often each was reached,
    with a 95 % interval, its energy, and what it is. In this order: a stored pattern or
    its inverse (|m| from the criterion on), a mixture of three stored patterns, another
    fixed point, a two-cycle (sync only), or unsettled when the sweeps ran out. Without
    thresholds a state and its inverse count as one.

    \b
    The spurious states of the study's five digits, rule by rule:
      hopcli attractors --rule hebbian,storkey,pseudo-inverse
    From test images rather than random spins:
      hopcli attractors --start image --starts 5000
    From the sign of the sum of three drawings:
      hopcli attractors --dataset drawings --start majority

    Writes kinds.csv (as printed), attractors.csv (every state), attractors.npz (the most
    frequent ones, int8, an array a rule), attractors.png and the manifest
    attractors.json.
    """
