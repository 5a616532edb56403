"""Immutable records: read-only arrays that belong to one record; names of types of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.later import later

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Seeds = NDArray[np.uint64]
    Spins = NDArray[np.int8]
    Texts = NDArray[np.str_]
else:
    np = later("numpy")


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a read-only array that no other reference can change.

    Parameters
    ----------
    array : ndarray
        Any array; its own flags are not changed.

    Returns
    -------
    ndarray
        The array itself if neither it nor its base can be written to, otherwise a copy.

    Examples
    --------
    >>> spins = np.ones(3, dtype=np.int8)
    >>> own = frozen(spins)
    >>> spins[0] = -1
    >>> own.tolist(), own.flags.writeable
    ([1, 1, 1], False)
    >>> frozen(own) is own
    True
    """
    base: Any = array
    while isinstance(base, np.ndarray) and not base.flags.writeable:
        base = base.base
    if base is None:
        return array
    copy = np.array(array, order="K")
    copy.flags.writeable = False
    return copy


def digest(*arrays: NDArray[Any]) -> str:
    """Compute the SHA-256 of arrays: their dtypes, shapes and values.

    Parameters
    ----------
    *arrays : ndarray
        Any arrays except of Python objects.
    """
    import hashlib

    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
