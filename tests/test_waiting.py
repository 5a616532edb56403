"""Calls of libraries that nothing interrupts do not keep an interrupt waiting."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from conftest import random_patterns

from hopcli import experiments, theory
from hopcli.config import CapacityConfig
from hopcli.rules import store
from hopcli.waiting import interruptibly

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_interrupt_does_not_wait_for_the_call() -> None:
    let_go = threading.Event()

    def stubborn() -> None:
        with contextlib.suppress(KeyboardInterrupt):  # which would be in the main thread
            os.kill(os.getpid(), signal.SIGINT)
            let_go.wait(60)

    with pytest.raises(KeyboardInterrupt):
        interruptibly(stubborn)
    let_go.set()


def test_a_call_in_another_thread_returns_and_raises_the_same() -> None:
    assert interruptibly(max, 3, 5) == 5
    with pytest.raises(ZeroDivisionError):
        interruptibly(divmod, 1, 0)
    assert interruptibly(threading.get_ident) != threading.get_ident()
    with ThreadPoolExecutor(1) as pool:  # no interrupt reaches such a thread
        pair = pool.submit(lambda: (threading.get_ident(), interruptibly(threading.get_ident)))
        assert len(set(pair.result())) == 1


def one_load(_: Any) -> None:
    settings = {"sizes": (20,), "loads": (0.1,), "rule": ("hebbian",), "draws": 1}
    experiments.run(CapacityConfig.from_values(settings))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("numpy.linalg.cholesky", store),
        ("numpy.linalg.inv", store),
        ("numpy.linalg.eigvalsh", lambda xi: theory.ordering_temperatures(store(xi, "hebbian"))),
        ("numpy.linalg.eigvalsh", lambda xi: theory.spectrum(store(xi, "hebbian"))),
        ("hopcli.experiments.capacity.unstable_sites", one_load),
    ],
)
def test_long_calls_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, name: str, call: Callable[[Any], Any]
) -> None:
    threads = []
    module, _, function = name.rpartition(".")
    found = getattr(importlib.import_module(module), function)

    def watched(*arguments: Any) -> Any:
        threads.append(threading.current_thread())
        return found(*arguments)

    monkeypatch.setattr(name, watched)
    call(random_patterns(1, 4, 30))
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
