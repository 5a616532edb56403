"""How a compiled loop is loaded from numba's cache: without numba's compiler.

Before numba looks into its cache it imports all that it could compile, scipy.linalg too:
three quarters of the time that loading takes. Machine code needs none of that, only the
addresses of numba's runtime. What is not in the cache is compiled as ever, for the compiler
imports by itself what it needs.
"""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled", "numba"]

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
        from numba.core.caching import FunctionCache
        from numba.core.dispatcher import Dispatcher
        from numba.core.runtime import rtsys  # type: ignore[attr-defined]
    except (OSError, RuntimeError, RuntimeWarning, TypeError, ValueError) as wrong:
        raise _refused(wrong) from None


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


def compiled(function: _F, **options: Any) -> _F:
    """Compile a function when it is first called, with a cache on disk.

    Where no folder for the cache can be written, it is compiled anew in every process, which
    is logged.

    Parameters
    ----------
    function : callable
        What to compile.
    **options
        Of ``numba.njit``.

    Returns
    -------
    callable
        What numba makes of it, loaded from its cache without its compiler; a plain function
        where ``NUMBA_DISABLE_JIT`` is set.

    Raises
    ------
    DataError
        If a variable of the environment is of no use to numba.
    """
    loop = numba.njit(**options)(function)
    if not isinstance(loop, Dispatcher):
        return cast("_F", loop)
    try:
        cast("Any", loop)._cache = cast("Any", _Cache)(function)  # numba's types are partial
    except RuntimeError as error:
        if "NUMBA_CACHE_LOCATOR_CLASSES" in os.environ:
            raise _refused(error) from None
        logging.getLogger("hopcli").info(
            "compiling the loops for this run alone: neither the package's folder nor a home "
            "can be written (set NUMBA_CACHE_DIR to a folder that can)"
        )
    return cast("_F", loop)
