"""Numbers that nothing can be done with, from Python: one line, of the setting, at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hopcli
from hopcli.api.asking import ask
from hopcli.catalogue import CATALOGUE
from hopcli.errors import DataError, HopcliError, SettingError
from hopcli.storage import store

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore")

ABSURD: tuple[Any, ...] = (
    *(10**30, -(10**30), 10**400, -(10**400), 2**63, 1e300, math.nan, math.inf, -math.inf, True),
    *(np.int64(-(2**62)), np.uint64(2**63), np.float64("nan"), np.bool_(1), np.array([1, 2])),
    *([10**30], "9" * 30, "1e999", b"1", {}, object()),
)
NUMBERS = ("INT", "NUM", "SIZ", "SCA", "IND", "ATT", "WxH", "ROW", "FIRST")
"""How what stands for a number begins."""

MEMORY = hopcli.store({"a": [[1, 1, 1], [0, 0, 0]], "b": [[1, 0, 1], [0, 1, 0]]})
ENDS = MEMORY.recall("flip:0.1", tests=2)
SPINS = np.where(np.arange(40).reshape(8, 5) % 3 > 0, 1, -1).astype(np.int8)
SMALL: dict[str, Any] = {"dataset": "digits", "tests": 1, "repeats": 1, "sweeps": 1}


def is_refused_or_done(do: Callable[..., object], *given: Any, **settings: Any) -> bool:
    """Whether a call is refused in one line; what is not refused must be done."""
    try:
        do(*given, **settings)
    except HopcliError as error:
        refusal = str(error)
    else:
        return False
    assert len(refusal.splitlines()) == 1
    assert len(refusal) < 400
    return True


def refuses(setting: str, do: Callable[..., object], *given: Any, **settings: Any) -> None:
    """Expect that a call is refused by a setting."""
    with pytest.raises(SettingError) as error:
        do(*given, **settings)
    assert error.value.setting == setting


def predict(**settings: Any) -> object:
    few = {"rule": "perceptron", "epochs": 2} if settings.keys() & {"kappa", "epochs"} else {}
    made = hopcli.HopfieldClassifier(**{**few, **settings})
    return made.fit(SPINS, np.arange(8) % 2).predict(SPINS[:2])


@pytest.mark.parametrize("command", CATALOGUE)
def test_no_setting_of_a_command_takes_them_otherwise(command: str) -> None:
    refused = 0
    for name, setting in CATALOGUE[command].settings.items():
        if any(word in setting.kind.metavar for word in NUMBERS):
            refused += sum(is_refused_or_done(ask, command, {name: v}) for v in ABSURD)
    assert refused > 40


@pytest.mark.parametrize("value", ABSURD, ids=lambda value: repr(value)[:20])
def test_nothing_takes_them_otherwise(value: Any) -> None:
    """Neither a memory, its ends, a rule nor an estimator."""
    for name in ("tests", "repeats", "sweeps", "temperature", "gamma", "criterion", "threads"):
        is_refused_or_done(MEMORY.recall, "flip:0.1", **{"sweeps": 2, name: value})
    is_refused_or_done(MEMORY.recall, "random", seed=value, sweeps=2)
    is_refused_or_done(ENDS.trace, value)
    is_refused_or_done(ENDS.frames, value)
    for rule, name in (("perceptron", "kappa"), ("perceptron", "epochs"), ("hebbian", "normalise")):
        is_refused_or_done(hopcli.store, SPINS[:2], rule, **{name: value})
    names = ("n_prototypes", "samples", "threshold", "temperature", "sweeps", "repeats", "kappa")
    for name in (*names, "attempts_per_sweep", "criterion", "epochs", "n_jobs", "random_state"):
        is_refused_or_done(predict, **{name: value})


@pytest.mark.parametrize("value", [10**30, np.int64(2**62), 2**63])
def test_what_is_too_large_is_refused_by_its_setting(value: Any) -> None:
    for name in ("tests", "repeats", "sweeps", "attempts_per_sweep", "samples"):
        refuses(name, hopcli.run, "recall", progress=False, **{**SMALL, name: value})
    for name in ("tests", "repeats"):
        refuses(name, MEMORY.recall, "flip:0.1", **{name: value})
    refuses("repeats", MEMORY.recall, np.ones((2, 6), np.int8), repeats=value)


def test_the_least_that_is_too_large_and_what_is_not() -> None:
    for name in ("tests", "repeats"):
        refuses(name, MEMORY.recall, "flip:0.1", **{name: 2**31})
    assert len(MEMORY.recall("flip:0.1", tests=3, threads=10**30)) == 6
    for theta in (10**400, "x", object(), math.inf):
        refuses("theta", store, SPINS[:2], "hebbian", theta)


@pytest.mark.parametrize("name", ["threads", "limit", "vary", "plot"])
def test_a_grid_takes_them_from_nobody(name: str) -> None:
    for value in (10**400, math.nan, -1, True, "x", [1]):
        if (name, value) not in [("threads", 10**400), ("limit", 10**400)]:
            refuses(name, hopcli.grid, "recall", progress=False, **{**SMALL, name: value})


NINE = np.arange(9) % 3
GIVEN: dict[str, Any] = {"prototypes": -np.ones((2, 5)), "prototype_labels": [0, 1]}


@pytest.mark.parametrize(
    ("name", "settings", "labels"),
    [
        ("signed", {"signed": -1}, NINE[:8]),
        ("signed", {"signed": "no"}, NINE[:8]),
        *(
            ("prototype_labels", {**GIVEN, "prototype_labels": of}, NINE[:8])
            for of in ([None, 1], ["a", "b"], [np.nan, 1], [[0, 1]])
        ),
        ("prototypes", {**GIVEN, "prototypes": -np.ones((5, 2))}, NINE[:8]),
        ("", {**GIVEN, "prototypes": [0, 1], "prototype_labels": -np.ones((2, 5))}, NINE[:8]),
        ("", {**GIVEN, "prototypes": 1j * np.ones((2, 5))}, NINE[:8]),
        ("", {}, NINE),
    ],
)
def test_what_an_estimator_is_given_in_a_wrong_place_is_a_value_error(
    name: str, settings: dict[str, Any], labels: Any
) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - of scikit-learn's words
        hopcli.HopfieldClassifier(**settings).fit(SPINS, labels)
    assert getattr(error.value, "setting", "") == name
    with pytest.raises(ValueError, match="array"):
        hopcli.HopfieldClassifier().fit(NINE, SPINS)


@pytest.mark.filterwarnings("ignore")  # scikit-learn's, of so many classes
def test_more_classes_than_overlaps_can_be_held_of_are_refused() -> None:
    many = np.where(np.arange(10_001)[:, None] >> np.arange(14) & 1, 1, -1)
    with pytest.raises(SettingError, match="10,000") as error:
        hopcli.HopfieldClassifier(samples=1, sweeps=0).fit(many, np.arange(10_001))
    assert error.value.setting == "y"
    given = hopcli.HopfieldClassifier(prototypes=many, prototype_labels=np.arange(10_001))
    with pytest.raises(SettingError, match="10,000") as error:
        given.fit(many[:2], [0, 1])
    assert error.value.setting == "prototypes"


ROWS = np.ones((3, 4), np.int8)
ARRAYS: dict[str, Any] = {
    "ragged": [[1, -1], [1]],
    "object": ROWS.astype(object),
    "complex": 1j * ROWS,
    "text": ROWS.astype(str),
    "images": np.broadcast_to(np.int8(1), (2_000_001, 4)),
    "pixels": np.broadcast_to(np.int8(1), (2, 4_000_001)),
    "size": np.broadcast_to(np.int8(1), (2_000, 1_500, 1_500)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_have_the_limits_of_files(kind: str) -> None:
    for take in (hopcli.load, hopcli.store):
        with pytest.raises(DataError) as error:
            take(ARRAYS[kind])
        assert len(str(error.value).splitlines()) == 1
