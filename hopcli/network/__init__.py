"""A network of spins: site classes and thresholds, and the energy of its states.

The rules of :mod:`hopcli.rules` make networks from patterns.
"""

from __future__ import annotations

from hopcli.network.classes import Network, site_classes
from hopcli.network.hamiltonian import Hamiltonian, LowRank, Quadratic, Wired, couple, is_low

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
