"""Loading of compiled loops from numba's cache, without numba's compiler.

Before numba looks into its cache it imports all that it could compile, also scipy.linalg:
three quarters of the loading time. Machine code needs only the addresses of numba's runtime.
A loop that is not in the cache is compiled as usual, for the compiler imports what it needs.
This shortcut uses names that numba's manual does not have: a numba without them loads in its
own, slower way.

An installation compiles the loops beside their source. They are read from there even if the
user may not write there. A loop for another processor, Python or numba is compiled into numba's
own folder. If no folder is writeable (a package of another user, without a home), it is compiled
in each process.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

__all__ = ["announced", "compiled", "known", "numba"]

_F = TypeVar("_F", bound="Callable[..., Any]")

with warnings.catch_warnings():
    warnings.filterwarnings("error", "Environment variable 'NUMBA_", RuntimeWarning)
    import numba

_log = logging.getLogger("hopcli")


def _places() -> list[Any]:
    """Return the places of a cache, in order of preference; the last is beside the source."""
    from numba.core import caching

    class OfUser(caching.UserWideCacheLocator):
        """The user's folder, except one named ``~`` in the current folder without a home."""

        def ensure_cache_path(self) -> None:
            own = cast("Any", super())
            if not Path(own.get_cache_path()).is_absolute():
                raise FileNotFoundError
            own.ensure_cache_path()

    class Installed(caching.InTreeCacheLocator):
        """The folder beside the source, even if it may only be read."""

        @classmethod
        def from_function(cls, function: Any, file: str) -> Any:
            return cast("Any", cls)(function, file)

    class Whole:
        """Stamp of all files of a package, as parts of a loop are in several of them."""

        def get_source_stamp(self) -> Any:
            folder = Path(cast("Any", self)._py_file).parent
            if not (folder / "__init__.py").is_file():
                return cast("Any", super()).get_source_stamp()
            sources = sorted(file.read_bytes() for file in folder.glob("*.py"))
            return hashlib.sha256(b"".join(sources)).hexdigest()

    usual = cast("Any", caching.CompileResultCacheImpl)._locator_classes
    places = [OfUser if place is caching.UserWideCacheLocator else place for place in usual]
    return [type(place.__name__, (Whole, place), {}) for place in [*places, Installed]]


def _shortcut(function: Callable[..., Any], allocates: bool) -> Any:
    """Return a cache of a function that loads without the compiler; None if numba has none."""
    try:
        from numba.core.caching import CompileResultCacheImpl, FunctionCache
        from numba.core.caching import IndexDataCacheFile as Files
        from numba.core.runtime import rtsys  # type: ignore[attr-defined]

        initialize, index_key = rtsys.initialize, cast("Any", FunctionCache)._index_key
        places = _places()
    except (AttributeError, ImportError):
        return None

    class Loops(CompileResultCacheImpl):
        """Form in which loops are kept."""

        _locator_classes = places

    class Cache(FunctionCache):
        """Cache of a function, with the same files as numba's own."""

        _impl_class = Loops

        def save_overload(self, sig: Any, data: Any) -> None:
            try:
                cast("Any", super()).save_overload(sig, data)
            except OSError as error:
                text = "the compiled loops were not saved (%s): set NUMBA_CACHE_DIR to a folder"
                _log.info(f"{text} that you may write", error.strerror)

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            if allocates:  # then it needs numba's runtime, but not everything else
                initialize(target_context)
            installed = places[-1](function, inspect.getfile(function))
            key = index_key(self, sig, target_context.codegen())
            for folder in dict.fromkeys((self.cache_path, installed.get_cache_path())):
                file = cast("Any", Files)(
                    folder, self._impl.filename_base, installed.get_source_stamp()
                )
                try:
                    data = file.load(key)
                    if data is not None:
                        return self._impl.rebuild(target_context, data)
                except Exception:  # numba raises any exception from a damaged file
                    with contextlib.suppress(OSError):
                        file.flush()
            return None

    return cast("Any", Cache)(function)


@functools.cache
def _listener() -> Any:
    """Return a class that logs a text when numba begins to compile; None if numba has none."""
    try:
        from numba.core.event import Listener
    except ImportError:
        return None

    class Compiling(Listener):
        def __init__(self, text: str) -> None:
            self.text = text

        def on_start(self, event: object) -> None:
            del event
            if self.text:  # a loop is compiled function by function
                _log.info(self.text)
            self.text = ""

        def on_end(self, event: object) -> None:
            del event

    return Compiling


@contextlib.contextmanager
def announced(text: str) -> Iterator[None]:
    """Log a text as soon as numba compiles; loading from the cache logs nothing."""
    compiling = _listener()
    if compiling is None:
        yield
        return
    from numba.core.event import install_listener

    with install_listener("numba:compile", compiling(text)):
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
    cache = _shortcut(function, options.get("_nrt", True)) if hasattr(loop, "_cache") else None
    if cache is not None:
        cast("Any", loop)._cache = cache
        # Extensions of numba, searched for among all packages, are loaded by the compiler.
        cast("Any", loop)._compilation_chain_init_hook = lambda: None
        return cast("_F", loop)
    try:
        return cast("_F", numba.njit(cache=True, **options)(function))
    except RuntimeError:  # no folder for the cache is writeable
        return cast("_F", loop)
