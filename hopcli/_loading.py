"""How a compiled loop is loaded from numba's cache: without numba's compiler.

Before numba looks into its cache it imports all that it could compile, scipy.linalg too:
three quarters of the time that loading takes. Machine code needs none of that, only the
addresses of numba's runtime. What is not in the cache is compiled as ever, for the compiler
imports by itself what it needs.

Where no folder for the cache may be written (a package of another user, without a home), the
loop is compiled in each process.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserWideCacheLocator
from numba.core.dispatcher import Dispatcher
from numba.core.runtime import rtsys  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["load_alone"]

_F = TypeVar("_F", bound="Callable[..., Any]")


_log = logging.getLogger("hopcli")


class _OfUser(UserWideCacheLocator):
    """The folder of the user, but none named ``~`` in the current one, where no home is known."""

    def ensure_cache_path(self) -> None:
        own = cast("Any", super())
        if not Path(own.get_cache_path()).is_absolute():
            raise FileNotFoundError
        own.ensure_cache_path()


class _Files(CompileResultCacheImpl):
    """The files of a cache."""

    _locator_classes = [  # noqa: RUF012  # as numba has it
        _OfUser if locator is UserWideCacheLocator else locator
        for locator in CompileResultCacheImpl._locator_classes
    ]


class _Cache(FunctionCache):
    """The cache of a function, the same files as ever."""

    _impl_class = _Files

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            cast("Any", super()).save_overload(sig, data)
        except OSError as error:
            _log.info("the compiled loops cannot be kept: %s", error.strerror)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # As numba's own, but for `target_context.refresh()`. Neither these names nor the
        # cache are in numba's manual: pyproject.toml admits no version that is newer than
        # what was tried.
        rtsys.initialize(target_context)
        own = cast("Any", self)
        try:
            return own._load_overload(sig, target_context)
        except OSError:  # of Windows, or files that only another user may read
            return None


def load_alone(loop: _F) -> _F:
    """Cache a compiled function on disk, and load it from there without numba's compiler.

    Parameters
    ----------
    loop : callable
        What ``numba.njit`` made; changed in place. A plain function, which it
        makes where ``NUMBA_DISABLE_JIT`` is set, is left as it is.

    Returns
    -------
    callable
        The same. Without a folder that may be written it is not cached.
    """
    if isinstance(loop, Dispatcher):
        dispatcher, cache = cast("Any", loop), cast("Any", _Cache)  # numba's types are partial
        with contextlib.suppress(RuntimeError):  # there is no such folder
            dispatcher._cache = cache(dispatcher.py_func)
    return loop
