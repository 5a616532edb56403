"""Waiting for calls of libraries that nothing interrupts, so that one can be interrupted.

Python raises an interrupt between two of its own steps. A matrix product or a decomposition is
one step, of many seconds where the matrices are large.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["interruptibly"]

T = TypeVar("T")


def interruptibly(call: Callable[..., T], *arguments: object) -> T:
    """Call something on a thread of its own, and wait for it.

    An interrupt is raised at once in who waits. The call itself goes on, to no end but its
    own or that of the process. Interrupts reach the main thread alone: any other makes the
    call itself.

    Parameters
    ----------
    call : callable
        What spends its time in a library that leaves the other threads alone, as BLAS and
        LAPACK do.
    *arguments
        Its arguments.

    Returns
    -------
    object
        What it returns; what it raises is raised.

    Examples
    --------
    >>> interruptibly(pow, 2, 10)
    1024
    """
    if threading.current_thread() is not threading.main_thread():
        return call(*arguments)
    from concurrent.futures import Future

    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future.result()
