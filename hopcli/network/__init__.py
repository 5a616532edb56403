"""A network of spins: site classes and thresholds, and the energy of its states.

The rules of :mod:`hopcli.rules` make networks from patterns.
"""

from __future__ import annotations

from hopcli.network.classes import Network, site_classes
from hopcli.network.hamiltonian import Hamiltonian, Quadratic
from hopcli.network.low_rank import LowRank, couple, is_low
from hopcli.network.wired import Wired

__all__ = [
    "Hamiltonian",
    "LowRank",
    "Network",
    "Quadratic",
    "Wired",
    "couple",
    "is_low",
    "site_classes",
]
