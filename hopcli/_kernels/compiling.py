"""Ways in which parts of the loops are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from hopcli._loading import compiled, known, numba

if TYPE_CHECKING:
    from collections.abc import Callable

_F = TypeVar("_F", bound="Callable[..., Any]")

# Without allocations, a part needs no reference counts; inlined, it copies no tuples. Without
# the first, the paper's job takes 2 times as long (at T = 0.8 1.5 times), without the second
# 1.5 times, without both 2.5 times; at p = 300 it takes 26, 12 and 45 % more. `_nrt` is not in
# numba's manual: a numba without it makes slower loops.
_LEAN: dict[str, Any] = {"_nrt": False} if known("_nrt") else {}
_WRAPPERS = ("no_cpython_wrapper", "no_cfunc_wrapper")
_UNWRAPPED = {name: True for name in _WRAPPERS if known(name)}  # parts are called by the loop only
_PART: dict[str, Any] = {"error_model": "numpy", "forceinline": True, **_LEAN, **_UNWRAPPED}
_STEP: dict[str, Any] = {"error_model": "numpy", "inline": "always", **_LEAN}
_WHOLE: dict[str, Any] = {"error_model": "numpy", "nogil": True, **_LEAN}


def inner(function: _F) -> _F:
    """Compile a part of the loop into the loop."""
    return cast("_F", numba.njit(**_PART)(function))


def summing(function: _F) -> _F:
    """Compile a part of the loop whose additions may be reordered, for vectors."""
    return cast("_F", numba.njit(fastmath={"reassoc"}, **_PART)(function))


def step(function: _F) -> _F:
    """Inline a part with a single caller, so that it is compiled once."""
    return cast("_F", numba.njit(**_STEP)(function))


def entry(function: _F) -> _F:
    """Compile the loop, which releases the GIL; it is cached on disk with all its parts."""
    return compiled(function, **_WHOLE)
