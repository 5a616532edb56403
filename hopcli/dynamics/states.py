"""Final states of chains."""

from __future__ import annotations

from dataclasses import dataclass

from hopcli.records import Ints, NDArray, Record, Spins, np

RAN, STABLE, TWO_CYCLE = range(3)
"""Values of :attr:`FinalStates.status`."""


@dataclass(frozen=True, slots=True, eq=False)
class FinalStates(Record):
    """Final state of every chain.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States after all requested sweeps, values -1, 0 or +1. A chain that stopped earlier
        is stable, or in a cycle of two states: then the parity of the remaining sweeps
        decides between the two.
    sweeps : ndarray of int64, shape (chains,)
        Sweeps done; fewer than requested if the chain stopped.
    status : ndarray of uint8, shape (chains,)
        0: ran all its sweeps. 1: stable, no site would change at T = 0 (at a tie:
        none need change). 2: in a cycle of two states (``"sync"`` only).
    ends : ndarray of int32, shape (chains, K)
        M_a of the final states.
    class_sums : ndarray of int32, shape (chains, sweeps + 1, K), or None
        M_a at the start and after every sweep, if recorded. After a chain stopped, its
        rows repeat the stable state, or the two states of its cycle in turn.
    """

    spins: Spins
    sweeps: Ints
    status: NDArray[np.uint8]
    ends: NDArray[np.int32]
    class_sums: NDArray[np.int32] | None
