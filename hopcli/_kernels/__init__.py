"""The compiled loops: single-site updates of many independent chains.

:mod:`~hopcli._kernels.fields` is the loop. All functions also run uncompiled
(``NUMBA_DISABLE_JIT=1``); the callers ignore the overflow in the draws.
"""

from __future__ import annotations

from hopcli._kernels.chains import (
    FIXED,
    GIVEN,
    GLAUBER,
    LANES,
    METROPOLIS,
    NEVER,
    PERMUTATION,
    RANDOM,
    SIGN_DOWN,
    SIGN_KEEP,
    SIGN_UP,
    TIE,
    Chain,
    Protocol,
    Wiring,
    aligned,
    new_chain,
)
from hopcli._kernels.fields import run_chains

__all__ = [
    "FIXED",
    "GIVEN",
    "GLAUBER",
    "LANES",
    "METROPOLIS",
    "NEVER",
    "PERMUTATION",
    "RANDOM",
    "SIGN_DOWN",
    "SIGN_KEEP",
    "SIGN_UP",
    "TIE",
    "Chain",
    "Protocol",
    "Wiring",
    "aligned",
    "new_chain",
    "run_chains",
]
