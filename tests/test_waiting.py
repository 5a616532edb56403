"""Calls of libraries that nothing interrupts do not keep an interrupt waiting."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns

from hopcli import theory
from hopcli.errors import PatternError
from hopcli.storage import store
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
    with pytest.raises(PatternError, match="stored patterns 1 and 2 are the same"):
        store(np.ones((2, 9), np.int8))
    with pytest.raises(ZeroDivisionError):
        interruptibly(divmod, 1, 0)


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
