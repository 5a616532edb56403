"""Numbers that nothing can be done with, from Python: one line, of the setting, at once."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hopcli
from hopcli.api.asking import ask
from hopcli.catalogue import CATALOGUE
from hopcli.errors import HopcliError, SettingError
from hopcli.storage import store

if TYPE_CHECKING:
    from collections.abc import Callable

ABSURD: tuple[Any, ...] = (
    *(10**30, -(10**30), 10**400, -(10**400), 2**63, 1e300, math.nan, math.inf, -math.inf, True),
    *(np.int64(-(2**62)), np.uint64(2**63), np.float64("nan"), np.bool_(1), np.array([1, 2])),
    *([10**30], "9" * 30, "1e999", b"1", {}, object()),
)
NUMBERS = ("INT", "NUM", "SIZ", "SCA", "IND", "ATT", "WxH", "ROW", "FIRST")
"""How what stands for a number begins."""

MEMORY = hopcli.store({"a": [[1, 1, 1], [0, 0, 0]], "b": [[1, 0, 1], [0, 1, 0]]})
SPINS = np.where(np.arange(40).reshape(8, 5) % 3 > 0, 1, -1).astype(np.int8)


def is_refused_or_done(do: Callable[[], object]) -> bool:
    """Whether a call is refused in one line; what is not refused must be done."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            do()
    except HopcliError as error:
        refusal = str(error)
    else:
        return False
    assert len(refusal.splitlines()) == 1
    assert len(refusal) < 400
    return True


@pytest.mark.parametrize("command", CATALOGUE)
def test_no_setting_of_a_command_takes_them_otherwise(command: str) -> None:
    tried = 0
    for name, setting in CATALOGUE[command].settings.items():
        if any(word in setting.kind.metavar for word in NUMBERS):
            for value in ABSURD:
                tried += is_refused_or_done(lambda n=name, v=value: ask(command, {n: v}))  # type: ignore[misc]
    assert tried > 40


SMALL: dict[str, Any] = {"dataset": "digits", "tests": 1, "repeats": 1, "sweeps": 1}


@pytest.mark.parametrize("name", ["tests", "repeats", "sweeps", "attempts_per_sweep", "samples"])
@pytest.mark.parametrize("value", [10**30, np.int64(2**62), 2**63])
def test_a_run_is_refused_by_the_setting_that_is_too_large(name: str, value: Any) -> None:
    with pytest.raises(SettingError) as error:
        hopcli.run("recall", progress=False, **{**SMALL, name: value})
    assert error.value.setting == name


@pytest.mark.parametrize("value", ABSURD, ids=lambda value: repr(value)[:20])
def test_a_memory_takes_them_from_nobody(value: Any) -> None:
    for name in ("tests", "repeats", "sweeps", "temperature", "gamma", "criterion", "threads"):
        is_refused_or_done(lambda n=name: MEMORY.recall("flip:0.1", **{n: value}))  # type: ignore[misc]
    is_refused_or_done(lambda: MEMORY.recall("random", seed=value))
    ends = MEMORY.recall("flip:0.1", tests=2)
    is_refused_or_done(lambda: ends.trace(value))
    is_refused_or_done(lambda: ends.frames(value))
    for rule, names in (("perceptron", ("kappa", "epochs", "theta")), ("hebbian", ("normalise",))):
        for name in names:
            is_refused_or_done(lambda n=name, r=rule: hopcli.store(SPINS[:2, :], r, **{n: value}))  # type: ignore[misc]


def test_more_trials_than_fit_into_memory_are_refused_by_name() -> None:
    name: Any
    value: Any
    for name in ("tests", "repeats"):
        for value in (10**30, 2**31, np.int64(2**62)):
            with pytest.raises(SettingError) as error:
                MEMORY.recall("flip:0.1", **{name: value})
            assert error.value.setting == name
    with pytest.raises(SettingError) as error:
        MEMORY.recall(np.ones((2, 6), np.int8), repeats=2**31)
    assert error.value.setting == "repeats"
    assert len(MEMORY.recall("flip:0.1", tests=3, threads=10**30)) == 6


@pytest.mark.parametrize("value", ABSURD, ids=lambda value: repr(value)[:20])
def test_an_estimator_takes_them_from_nobody(value: Any) -> None:
    classes = np.arange(8) % 2
    names = ("n_prototypes", "samples", "threshold", "temperature", "sweeps", "repeats", "kappa")
    for name in (*names, "attempts_per_sweep", "criterion", "epochs", "n_jobs", "random_state"):
        few = {"rule": "perceptron", "epochs": 2} if name in ("kappa", "epochs") else {}
        made = hopcli.HopfieldClassifier(**{**few, name: value})
        is_refused_or_done(lambda m=made: m.fit(SPINS, classes).predict(SPINS[:2]))  # type: ignore[misc]


def test_a_grid_takes_them_from_nobody() -> None:
    for name in ("threads", "limit", "vary", "plot"):
        for value in (10**400, math.nan, -1, True, "x", [1]):
            if (name, value) not in [("threads", 10**400), ("limit", 10**400)]:
                with pytest.raises(SettingError) as error:
                    hopcli.grid("recall", progress=False, **{**SMALL, name: value})
                assert error.value.setting == name


def test_the_library_refuses_them_too() -> None:
    theta: Any
    for theta in (10**400, "x", object(), math.inf):
        with pytest.raises(SettingError) as error:
            store(SPINS[:2], "hebbian", theta)
        assert error.value.setting == "theta"
