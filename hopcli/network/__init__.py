"""A network of spins: site classes and thresholds, and the energy of its states.

The rules of :mod:`hopcli.rules` make networks from patterns.
"""

from __future__ import annotations

from hopcli.network.classes import Network, site_classes
from hopcli.network.hamiltonian import Hamiltonian, Quadratic

__all__ = ["Hamiltonian", "Network", "Quadratic", "site_classes"]
