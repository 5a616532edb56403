"""Records that cannot change: arrays that are a record's own, and read-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.later import later

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = later("numpy")

__all__ = ["digest", "frozen"]


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only array that nobody else can write to.

    Parameters
    ----------
    array : ndarray
        Any array; its own flags are left as they are.

    Returns
    -------
    ndarray
        The array itself where neither it nor anything it is a view of can be written
        to, else a copy.

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
    """SHA-256 of arrays: their dtypes, shapes and values.

    Parameters
    ----------
    *arrays : ndarray
        Any arrays but of Python objects.
    """
    import hashlib

    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
