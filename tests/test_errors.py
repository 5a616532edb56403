"""The errors: each also the builtin that a caller of the library expects."""

from __future__ import annotations

import pickle

import pytest

from hopcli.errors import DataError, HopcliError, PatternError, ResultError, SettingError


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (DataError("no such file"), ValueError),
        (PatternError("dependent"), ValueError),
        (ResultError("not writable"), OSError),
        (SettingError("temperature", "must be >= 0", -1), ValueError),
    ],
)
def test_every_error_is_ours_and_a_builtin(error: HopcliError, builtin: type[Exception]) -> None:
    assert isinstance(error, HopcliError)
    assert isinstance(error, builtin)
    assert "\n" not in str(error)


def test_setting_error_shows_setting_rule_and_value() -> None:
    error = SettingError("temperature", "must be >= 0", -1.5)
    assert str(error) == "temperature must be >= 0, found -1.5"
    assert (error.setting, error.rule, error.found) == ("temperature", "must be >= 0", -1.5)


def test_setting_error_can_be_told_with_the_users_name() -> None:
    error = SettingError("temperature", "must be >= 0", "cold")
    assert error.describe("--temperature") == "--temperature must be >= 0, found 'cold'"


def test_a_missing_value_is_not_a_value_of_none() -> None:
    assert str(SettingError("theta", "must be finite")) == "theta must be finite"
    assert str(SettingError("command", "must be one of a, b", None)).endswith("found None")


@pytest.mark.parametrize(
    "error",
    [
        DataError("mine.png: no such file"),
        PatternError("dependent"),
        ResultError("out: not writable"),
        SettingError("temperature", "must be >= 0", -1.5),
        SettingError("theta", "must be finite"),
        SettingError("command", "must be one of a, b", None),
    ],
    ids=str,
)
def test_every_error_travels_between_processes(error: HopcliError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__
