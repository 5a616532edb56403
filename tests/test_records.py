"""Records own their arrays; errors are also the builtins that a caller expects."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from hopcli.errors import DataError, HopcliError, PatternError, ResultError, SettingError, SizeError
from hopcli.records import frozen


def test_an_array_that_somebody_may_write_to_is_copied() -> None:
    given = np.arange(6.0).reshape(2, 3)
    view = given[:1]
    view.flags.writeable = False
    for own in (frozen(given), frozen(view)):
        given[0, 0] = 9
        assert own[0, 0] == 0
        with pytest.raises(ValueError, match="read-only"):
            own[0, 0] = 1


def test_what_nobody_can_write_is_shared() -> None:
    own = frozen(np.zeros(4))
    assert frozen(own) is own
    part = own[1:]
    assert frozen(part) is part


ERRORS = [
    (DataError("mine.png: none"), ValueError, "mine.png: none"),
    (PatternError("dependent"), ValueError, "dependent"),
    (ResultError("out: none"), OSError, "out: none"),
    (SizeError("8 GB"), MemoryError, "8 GB"),
    (SettingError("t", "must be >= 0", -1.5), ValueError, "t must be >= 0, found -1.5"),
    (SettingError("theta", "must be finite"), ValueError, "theta must be finite"),
]


@pytest.mark.parametrize(("error", "builtin", "text"), ERRORS, ids=str)
def test_errors_can_be_pickled(error: HopcliError, builtin: type[Exception], text: str) -> None:
    assert isinstance(error, HopcliError)
    assert isinstance(error, builtin)
    assert str(error) == text
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (type(error), text, error.__dict__)
