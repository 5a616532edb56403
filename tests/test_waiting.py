"""Calls of libraries that nothing interrupts do not keep an interrupt waiting."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hopcli.waiting import interruptibly


def test_an_interrupt_does_not_wait_for_the_call() -> None:
    let_go = threading.Event()

    def stubborn() -> None:
        with contextlib.suppress(KeyboardInterrupt):  # which would be in the main thread
            os.kill(os.getpid(), signal.SIGINT)
            let_go.wait(60)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interruptibly(stubborn)
    finally:
        let_go.set()
        signal.signal(signal.SIGINT, before)


def test_a_call_in_another_thread_returns_and_raises_the_same() -> None:
    assert interruptibly(max, 3, 5) == 5
    with pytest.raises(ZeroDivisionError):
        interruptibly(divmod, 1, 0)
    assert interruptibly(threading.get_ident) != threading.get_ident()
    with ThreadPoolExecutor(1) as pool:  # no interrupt reaches such a thread
        pair = pool.submit(lambda: (threading.get_ident(), interruptibly(threading.get_ident)))
        assert len(set(pair.result())) == 1
