"""Records own their arrays: nobody else's are frozen, and nobody else can change them."""

from __future__ import annotations

import numpy as np
import pytest

from hopcli.records import frozen


def test_an_array_of_the_caller_is_copied_and_stays_writeable() -> None:
    given = np.arange(6.0).reshape(2, 3)
    own = frozen(given)
    given[0, 0] = 9
    assert own[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        own[0, 0] = 1


def test_a_read_only_view_of_what_may_be_written_is_copied() -> None:
    given = np.zeros(4)
    view = given[:2]
    view.flags.writeable = False
    own = frozen(view)
    given[0] = 1
    assert own[0] == 0


def test_what_nobody_can_write_is_shared() -> None:
    own = frozen(np.zeros(4))
    assert frozen(own) is own
    part = own[1:]
    assert frozen(part) is part
