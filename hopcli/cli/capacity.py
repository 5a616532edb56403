"""``hopcli capacity``."""

from __future__ import annotations

from hopcli.cli.execute import execute
from hopcli.cli.options import experiment
from hopcli.config import CapacityConfig

__all__ = ["command"]


@experiment(CapacityConfig, execute)
def command() -> None:
    """Measure how many patterns a rule holds, against the load p / N.

    Stores p patterns for every load and measures the fraction of them that are fixed
    points, and the mean overlap with a pattern after relaxing at T = 0 from the pattern
    itself and from the pattern with some sites flipped. Error bars are over independent
    draws of the patterns.

    \b
    Hebbian, Storkey and pseudo-inverse on random patterns:
      hopcli capacity
    On MNIST images, which are correlated:
      hopcli capacity --patterns mnist --loads 0.01:0.2:0.01
    Towards the limit of large N:
      hopcli capacity --rule hebbian --sizes 500,1000,2000 --loads 0.1:0.2:0.01

    Theory for random patterns: Hebbian holds 0.138 N (Amit, Gutfreund, Sompolinsky 1985),
    Storkey about N / sqrt(2 ln N) without an error (Storkey 1997), pseudo-inverse N as
    long as they are linearly independent; its basins shrink to nothing well before.

    Writes capacity.csv, capacity.png and the manifest capacity.json.
    """
