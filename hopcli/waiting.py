"""Interruptible waiting for long library calls.

Python raises an interrupt only between two of its own steps. A matrix product or a decomposition
is one step, which takes many seconds for large matrices.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def interruptibly(call: Callable[..., T], *arguments: object) -> T:
    """Call a function on a separate thread, and wait for it.

    An interrupt is raised at once in the waiting thread. The call itself continues until it ends
    or the process ends. Interrupts reach only the main thread, so other threads call the
    function directly.

    Parameters
    ----------
    call : callable
        Function whose time is spent in a library that lets other threads run, such as BLAS
        or LAPACK.
    *arguments
        Its arguments.

    Returns
    -------
    object
        The return value of `call`; its exceptions are raised here.

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
