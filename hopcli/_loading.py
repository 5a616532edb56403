"""Loading of compiled loops from numba's cache, without numba's compiler.

Before numba looks into its cache it imports all that it could compile, also scipy.linalg:
three quarters of the loading time. Machine code needs only the addresses of numba's runtime.
A loop that is not in the cache is compiled as usual, for the compiler imports what it needs.
This shortcut uses names that numba's manual does not have: a numba without them loads in its
own, slower way.

If no folder for the cache is writeable (a package of another user, without a home), the loop
is compiled in each process.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["announced", "compiled", "known", "numba"]

_F = TypeVar("_F", bound="Callable[..., Any]")

with warnings.catch_warnings():
    warnings.filterwarnings("error", "Environment variable 'NUMBA_", RuntimeWarning)
    import numba

_log = logging.getLogger("hopcli")


def _shortcut(function: Callable[..., Any]) -> Any:
    """Return a cache of a function that loads without the compiler; None if numba has none.

    Raises
    ------
    RuntimeError
        If there is no folder for the cache.
    """
    try:
        from numba.core.caching import (
            CompileResultCacheImpl,
            FunctionCache,
            UserWideCacheLocator,
        )
        from numba.core.runtime import rtsys  # type: ignore[attr-defined]

        initialize, load = rtsys.initialize, cast("Any", FunctionCache)._load_overload
        locators = CompileResultCacheImpl._locator_classes
    except (AttributeError, ImportError):
        return None

    class Whole:
        """Stamp of all files of a package, as parts of a loop are in several of them."""

        def get_source_stamp(self) -> Any:
            folder = Path(cast("Any", self)._py_file).parent
            if not (folder / "__init__.py").is_file():
                return cast("Any", super()).get_source_stamp()
            sources = sorted(file.read_bytes() for file in folder.glob("*.py"))
            return hashlib.sha256(b"".join(sources)).hexdigest()

    class OfUser(UserWideCacheLocator):
        """The user's folder, except one named ``~`` in the current folder without a home."""

        def ensure_cache_path(self) -> None:
            own = cast("Any", super())
            if not Path(own.get_cache_path()).is_absolute():
                raise FileNotFoundError
            own.ensure_cache_path()

    mine = [OfUser if one is UserWideCacheLocator else one for one in locators]
    stamped: list[Any] = [type(one.__name__, (Whole, one), {}) for one in mine]

    class Files(CompileResultCacheImpl):
        """Files of a cache."""

        _locator_classes = stamped

    class Cache(FunctionCache):
        """Cache of a function, with the same files as numba's own."""

        _impl_class = Files

        def save_overload(self, sig: Any, data: Any) -> None:
            try:
                cast("Any", super()).save_overload(sig, data)
            except OSError as error:
                _log.info("the compiled loops cannot be kept: %s", error.strerror)

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            initialize(target_context)  # instead of everything that can be compiled
            try:
                return load(self, sig, target_context)
            except OSError:  # on Windows, or for files that only another user may read
                return None

    return cast("Any", Cache)(function)


@contextlib.contextmanager
def announced(text: str) -> Iterator[None]:
    """Log a text as soon as numba compiles; loading from the cache logs nothing."""
    try:
        from numba.core.event import Listener, install_listener
    except ImportError:
        yield
        return

    class Compiling(Listener):
        said = False  # a loop is compiled function by function

        def on_start(self, event: object) -> None:
            del event
            if not self.said:
                _log.info(text)
            self.said = True

        def on_end(self, event: object) -> None:
            del event

    with install_listener("numba:compile", Compiling()):
        yield


def known(option: str) -> bool:
    """Return whether this numba has an option of ``njit`` that its manual does not name."""
    try:
        from numba.core.options import DefaultOptions
    except ImportError:
        return False
    return hasattr(DefaultOptions, option)


def compiled(function: _F, **options: Any) -> _F:
    """Compile a function when it is first called, with a cache on disk.

    If no folder for the cache is writeable, it is compiled again in every process.

    Parameters
    ----------
    function : callable
        The function to compile.
    **options
        Options of ``numba.njit``.

    Returns
    -------
    callable
        The compiled function, loaded from its cache without numba's compiler; a plain
        function if ``NUMBA_DISABLE_JIT`` is set.

    """
    loop = numba.njit(**options)(function)
    if loop is function:  # NUMBA_DISABLE_JIT
        return loop
    try:
        cache = _shortcut(function)
        if cache is None or not hasattr(loop, "_cache"):
            return cast("_F", numba.njit(cache=True, **options)(function))
        cast("Any", loop)._cache = cache
    except RuntimeError:  # there is no such folder
        pass
    return cast("_F", loop)
