"""Calls of libraries that nothing interrupts do not keep an interrupt waiting."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns

from hopcli import experiments, theory
from hopcli.config import CapacityConfig
from hopcli.errors import PatternError
from hopcli.storage import Couplings, store
from hopcli.taxonomy import unstable_sites
from hopcli.waiting import interruptibly

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_interrupt_does_not_wait_for_the_call() -> None:
    let_go = threading.Event()

    def stubborn() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            let_go.wait(1.0)
        except KeyboardInterrupt:
            let_go.wait(1.0)

    with pytest.raises(KeyboardInterrupt):
        interruptibly(stubborn)
    let_go.set()


def test_what_a_call_returns_and_raises_is_its_own() -> None:
    assert interruptibly(max, 3, 5) == 5
    with pytest.raises(PatternError, match="1 and 2"):
        store(np.ones((2, 9), np.int8))
    with pytest.raises(ZeroDivisionError):
        interruptibly(divmod, 1, 0)


def test_a_thread_that_no_interrupt_reaches_makes_the_call_itself() -> None:
    with ThreadPoolExecutor(1) as pool:
        own, other = pool.submit(
            lambda: (threading.get_ident(), interruptibly(threading.get_ident))
        ).result()
    assert own == other
    assert interruptibly(threading.get_ident) != threading.get_ident()


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("cholesky", lambda xi: store(xi)),
        ("inv", lambda xi: store(xi)),
        ("eigvalsh", lambda xi: theory.ordering_temperatures(store(xi, "hebbian"))),
        ("eigvalsh", lambda xi: theory.spectrum(store(xi, "hebbian"))),
    ],
)
def test_decompositions_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, name: str, call: Callable[[Any], Any]
) -> None:
    threads = []
    found = getattr(np.linalg, name)

    def watched(matrix: Any) -> Any:
        threads.append(threading.current_thread())
        return found(matrix)

    monkeypatch.setattr(np.linalg, name, watched)
    call(random_patterns(1, 4, 30))
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_the_fields_of_all_patterns_of_a_load_are_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = []

    def watched(xi: Any, network: Couplings) -> Any:
        threads.append(threading.current_thread())
        return unstable_sites(xi, network)

    monkeypatch.setattr("hopcli.experiments.capacity.unstable_sites", watched)
    settings = {"sizes": (20,), "loads": (0.1,), "rule": ("hebbian",), "draws": 1}
    experiments.run(CapacityConfig.from_values(settings))
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
