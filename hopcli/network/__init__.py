"""A network of spins: its site classes, thresholds and couplings.

Made by the rules of :mod:`hopcli.rules`.
"""

from __future__ import annotations

from hopcli.network.classes import Network, site_classes

__all__ = ["Network", "site_classes"]
