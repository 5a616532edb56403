"""Random numbers of an estimator: from random_state to streams, and from a sample to seeds.

The result of a sample must not depend on other samples. So the seeds of its chains come from
its own spins: equal samples have equal chains, and different ones independent chains.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.kinds import checked, integer
from hopcli.streams import Legacy, seed_word, splitmix64

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = 2**63 - 1


def entropy(random_state: Any) -> int:
    """Return one whole number from scikit-learn's random_state.

    Parameters
    ----------
    random_state : None, int, numpy.random.Generator or numpy.random.RandomState
        None: another number every time. An integer: itself. A generator: a number drawn from
        it, which advances it.

    Raises
    ------
    SettingError
        If it is of another type.
    """
    if random_state is None:
        return int(np.random.default_rng().integers(_WORD))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(_WORD))
    if isinstance(random_state, Legacy):
        return int(random_state.randint(_WORD, dtype=np.int64))
    return int(checked(integer(0), "random_state", random_state))


def seeds_of(
    spins: NDArray[np.int8], sequence: np.random.SeedSequence, repeats: int
) -> NDArray[np.uint64]:
    """Return seeds for the chains of each sample.

    Parameters
    ----------
    spins : ndarray of int8, shape (n_samples, N)
        The starts, values -1 or +1.
    sequence : numpy.random.SeedSequence
        The stream; not changed.
    repeats : int
        Chains per sample.

    Returns
    -------
    ndarray of uint64, shape (n_samples, repeats)
        The seeds of a sample depend only on its spins and the stream.
    """
    key = seed_word(sequence).to_bytes(8, "little")
    words = b"".join(
        hashlib.blake2b(row.tobytes(), digest_size=8, key=key).digest()
        for row in np.packbits(spins > 0, axis=1)
    )
    own = np.frombuffer(words, dtype="<u8").astype(np.uint64)
    counters = np.arange(1, repeats + 1, dtype=np.uint64)
    return splitmix64(own[:, None], counters)
