"""The compiled loops: single-site updates of many independent chains.

:mod:`~hopcli._kernels.fields` is the loop. All functions also run uncompiled
(``NUMBA_DISABLE_JIT=1``); the callers ignore the overflow in the draws.
"""

from __future__ import annotations

from hopcli._kernels.chains import (
    LANES,
    NEVER,
    TIE,
    Chain,
    Protocol,
    Wiring,
    aligned,
    new_chain,
)
from hopcli._kernels.fields import run_chains

__all__ = [
    "LANES",
    "NEVER",
    "TIE",
    "Chain",
    "Protocol",
    "Wiring",
    "aligned",
    "new_chain",
    "run_chains",
]
