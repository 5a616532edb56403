"""How a compiled loop is loaded from numba's cache: without numba's compiler.

Before numba looks into its cache it imports all that it could compile, scipy.linalg too:
three quarters of the time that loading takes. Machine code needs none of that, only the
addresses of numba's runtime. What is not in the cache is compiled as ever, for the compiler
imports by itself what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher
from numba.core.runtime import rtsys  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["load_alone"]

_F = TypeVar("_F", bound="Callable[..., Any]")


class _Cache(FunctionCache):
    """The cache of a function, the same files as ever."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # As numba's own, but for `target_context.refresh()`. Neither these names nor the
        # cache are in numba's manual: pyproject.toml admits no version that is newer than
        # what was tried.
        rtsys.initialize(target_context)
        own = cast("Any", self)
        with own._guard_against_spurious_io_errors():  # of Windows; None if there was one
            return own._load_overload(sig, target_context)


def load_alone(loop: _F) -> _F:
    """Load a function compiled with ``cache=True`` without numba's compiler.

    Parameters
    ----------
    loop : callable
        What ``numba.njit(cache=True)`` made; changed in place. A plain function, which it
        makes where ``NUMBA_DISABLE_JIT`` is set, is left as it is.

    Returns
    -------
    callable
        The same.
    """
    if isinstance(loop, Dispatcher):
        dispatcher, cache = cast("Any", loop), cast("Any", _Cache)  # numba's types are partial
        dispatcher._cache = cache(dispatcher.py_func)
    return loop
