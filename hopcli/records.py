"""Immutable records, NumPy and its types of arrays, and names imported at their first use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any


class _Later:
    """NumPy, imported with the first attribute; each attribute that was used is kept."""

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(import_module("numpy"), attribute)
        setattr(self, attribute, value)
        return value


def exported(package: str, names: dict[str, str]) -> Any:
    """Make the ``__getattr__`` of a package, which imports a module with its first name [PEP 562].

    Parameters
    ----------
    package : str
        Name of the package.
    names : dict of str to str
        Names that each of its modules exports, separated by blanks.
    """
    place = {name: module for module, text in names.items() for name in text.split()}

    def find(name: str) -> Any:
        if name not in place:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{place[name]}"), name)
        setattr(import_module(package), name, value)
        return value

    return find


if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Seeds = NDArray[np.uint64]
    Spins = NDArray[np.int8]
    Texts = NDArray[np.str_]
else:  # names for annotations only, so that they cost no import
    ArrayLike = NDArray = Bools = Floats = Ints = Seeds = Spins = Texts = Any
    np = _Later()


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


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """Record whose arrays are read-only."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if isinstance(value := getattr(self, name, None), np.ndarray):
                object.__setattr__(self, name, frozen(value))


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
