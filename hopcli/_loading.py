"""How a compiled loop is loaded from numba's cache: without numba's compiler.

Before numba looks into its cache it imports all that it could compile, scipy.linalg too:
three quarters of the time that loading takes. Machine code needs none of that, only the
addresses of numba's runtime. What is not in the cache is compiled as ever, for the compiler
imports by itself what it needs. This shortcut uses names that numba's manual does not have: a
numba without them loads in its own way, slower.

Where no folder for the cache may be written (a package of another user, without a home), the
loop is compiled in each process.
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled", "known", "numba"]

_F = TypeVar("_F", bound="Callable[..., Any]")

_OURS = "NUMBA_"
"""Begins the names of numba's variables of the environment."""


def _refused(error: BaseException) -> DataError:
    """Name the variable of the environment that numba cannot use; its own error if there is none.

    Parameters
    ----------
    error : BaseException
        What importing or using numba has raised.
    """
    text = " ".join(str(error).split())
    given = [name for name in os.environ if name.startswith(_OURS)]
    named = [name for name in given if name in text]
    threads = [name for name in given if name == "NUMBA_NUM_THREADS"]
    if not given:
        raise error
    name = (named or threads or given)[0]
    reason = "" if name in text else f" ({text:.80})"
    found = f"found {os.environ[name]!r:.80}"
    return DataError(f"{name}: must be unset or a value that numba can use{reason}, {found}")


def _check_features() -> None:
    """Refuse features of a processor that LLVM would abort at."""
    name = "NUMBA_CPU_FEATURES"
    features = os.environ.get(name, "")
    if any(part.strip()[:1] not in ("+", "-") for part in features.split(",") if features):
        rule = f"must be unset, or features with + or - and commas, found {features!r:.80}"
        raise DataError(f"{name}: {rule}")


_check_features()
with warnings.catch_warnings():
    warnings.filterwarnings("error", "Environment variable 'NUMBA_", RuntimeWarning)
    try:
        import numba
    except (OSError, RuntimeError, RuntimeWarning, TypeError, ValueError) as wrong:
        raise _refused(wrong) from None


_log = logging.getLogger("hopcli")


def _shortcut(function: Callable[..., Any]) -> Any:
    """A cache of a function that loads without the compiler; None if this numba has none.

    Raises
    ------
    RuntimeError
        If there is no folder for it.
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

    class OfUser(UserWideCacheLocator):
        """The folder of the user, but none named ``~`` in the current one without a home."""

        def ensure_cache_path(self) -> None:
            own = cast("Any", super())
            if not Path(own.get_cache_path()).is_absolute():
                raise FileNotFoundError
            own.ensure_cache_path()

    class Files(CompileResultCacheImpl):
        """The files of a cache."""

        _locator_classes = [OfUser if one is UserWideCacheLocator else one for one in locators]  # noqa: RUF012

    class Cache(FunctionCache):
        """The cache of a function, the same files as numba's own."""

        _impl_class = Files

        def save_overload(self, sig: Any, data: Any) -> None:
            try:
                cast("Any", super()).save_overload(sig, data)
            except OSError as error:
                _log.info("the compiled loops cannot be kept: %s", error.strerror)

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            initialize(target_context)  # instead of all that can be compiled
            try:
                return load(self, sig, target_context)
            except OSError:  # of Windows, or files that only another user may read
                return None

    return cast("Any", Cache)(function)


def known(option: str) -> bool:
    """Return whether this numba has an option of ``njit`` that its manual does not name."""
    try:
        from numba.core.options import DefaultOptions
    except ImportError:
        return False
    return hasattr(DefaultOptions, option)


def compiled(function: _F, **options: Any) -> _F:
    """Compile a function when it is first called, with a cache on disk.

    Where no folder for the cache may be written, it is compiled anew in every process.

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
        function where ``NUMBA_DISABLE_JIT`` is set.

    Raises
    ------
    DataError
        If a variable of the environment is of no use to numba.
    """
    loop = numba.njit(**options)(function)
    if loop is function:  # NUMBA_DISABLE_JIT
        return loop
    try:
        cache = _shortcut(function)
        if cache is None or not hasattr(loop, "_cache"):
            return cast("_F", numba.njit(cache=True, **options)(function))
        cast("Any", loop)._cache = cache
    except RuntimeError as error:  # there is no such folder
        if "NUMBA_CACHE_LOCATOR_CLASSES" in os.environ:
            raise _refused(error) from None
    return cast("_F", loop)
