"""Contents of result files that no run writes: refused in one line, wherever they are used."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hopcli.datasets.grey import one_line
from hopcli.errors import HopcliError, ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["understood"]

_WRONG = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


@contextlib.contextmanager
def understood(where: object) -> Iterator[None]:
    """Refuse what tables and arrays of another make raise where they are drawn or shown.

    A hash in a manifest only shows that a file is the one that the manifest was written for.
    Both may come from elsewhere, with arrays of any type and shape.

    Parameters
    ----------
    where : object
        The folder or file, to begin the message with.

    Raises
    ------
    ResultError
        If what is done raises anything that values can cause.
    """
    try:
        yield
    except HopcliError:
        raise
    except _WRONG as error:
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise ResultError(f"{where}: holds values that no run writes ({reason:.200})") from error
