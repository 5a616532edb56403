"""Configurations: one check for files, flags and Python; conversion; what must fit together."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from typing import TYPE_CHECKING, Any

import pytest
from conftest import CHECKOUT

from hopcli.config import (
    CONFIGS,
    Config,
    RecallConfig,
    SelectConfig,
    TemperatureScanConfig,
    find_config,
    read_config,
)
from hopcli.errors import DataError, SettingError
from hopcli.experiments import MODULES

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = sorted((CHECKOUT / "configs").glob("*.toml"))
COMMANDS = [pytest.param(config, id=command) for command, config in CONFIGS.items()]


@pytest.mark.parametrize("config", COMMANDS)
def test_defaults_are_possible_and_resolve_to_themselves(config: type[Config]) -> None:
    values = config().to_dict()
    assert config.from_values(values).to_dict() == values
    assert list(values) == list(config.settings())
    assert json.loads(json.dumps(values)) == values


@pytest.mark.parametrize("config", COMMANDS)
def test_every_setting_is_explained(config: type[Config]) -> None:
    for name, setting in config.settings().items():
        assert name.isidentifier()
        assert setting.help.endswith("."), name
        assert setting.group, name


@pytest.mark.parametrize("config", COMMANDS)
def test_every_default_passes_its_own_check(config: type[Config]) -> None:
    for item in fields(config):
        if item.default is not None:
            kept = item.metadata["setting"].kind.check(item.default)
            assert kept == item.default, item.name


def test_every_configuration_has_an_experiment_of_its_command() -> None:
    assert set(CONFIGS) == set(MODULES)
    assert all(config.command == command for command, config in CONFIGS.items())


def test_the_defaults_are_the_study_as_published() -> None:
    config = RecallConfig()
    assert (config.rule, config.temperature, config.sweeps) == ("pseudo-inverse", 0.2, 20)
    assert (config.attempts_per_sweep, config.tests, config.repeats) == ("N/2", 100, 10)
    assert (config.criterion, config.score, config.threshold) == (0.99, "abs", 0)
    assert (config.test_images, config.exclude_samples) == ("fresh", True)
    assert config.default_digits == ("3", "6", "1", "0", "4")
    assert (SelectConfig().samples, SelectConfig().seed, SelectConfig().sampler) == (
        20,
        9,
        "legacy",
    )
    scan = TemperatureScanConfig()
    assert scan.temperatures == tuple(i / 10 for i in range(1, 20))
    assert (scan.repeats, scan.start, scan.default_digits) == (100, "random", ("0", "4"))


def test_a_configuration_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        RecallConfig().temperature = 0.5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("key", "close"),
    [
        ("temprature", "temperature"),
        ("temperatur", "temperature"),
        ("source-indices", "source_indices"),
        ("test", "tests"),
        ("Rule", "rule"),
    ],
)
def test_an_unknown_key_is_told_the_nearest(key: str, close: str) -> None:
    with pytest.raises(SettingError, match=f"{key} is not .*'recall'; the nearest is '{close}'"):
        RecallConfig.from_values({key: 1})


@pytest.mark.parametrize("key", ["xyzzy", "", "config", "out", "quiet", "command", "__init__"])
def test_a_key_like_no_other_is_refused_plainly(key: str) -> None:
    with pytest.raises(SettingError, match="is not a setting of 'recall'"):
        RecallConfig.from_values({key: 1})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"temperature": -0.1}, r"temperature must be a finite number >= 0.*found -0.1"),
        ({"temperature": "cold"}, r"temperature must .*found 'cold'"),
        ({"tests": "some"}, r"tests must be a whole number >= 1, or all, found 'some'"),
        ({"digits": [3, 3]}, r"digits must not list a label twice, found \[3, 3\]"),
        ({"figures": 1}, r"figures must be true or false, found 1"),
        ({"sweeps": None}, r"sweeps must be a whole number from 1 to 10000000, found None"),
    ],
)
def test_an_impossible_value_is_refused_with_key_rule_and_value(
    values: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingError, match=words):
        RecallConfig.from_values(values)


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"replay_authors": True, "test_images": "fresh"}, "test_images"),
        ({"replay_authors": True, "exclude_samples": True}, "exclude_samples"),
        ({"replay_authors": True, "tests": "all"}, "tests"),
        ({"source_indices": [1], "patterns": "p.npz"}, "source_indices"),
    ],
)
def test_what_cannot_go_together_is_refused(values: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingError) as error:
        RecallConfig.from_values(values)
    assert error.value.setting == setting


def test_replaying_the_authors_resolves_to_their_protocol() -> None:
    replay = RecallConfig(replay_authors=True)
    assert (replay.test_images, replay.exclude_samples) == ("same", False)
    # What it resolves to may also be given, as a manifest does.
    assert RecallConfig.from_values(replay.to_dict()).to_dict() == replay.to_dict()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.stem))
def test_every_shipped_configuration_is_possible(path: Path) -> None:
    values = read_config(path)
    config = CONFIGS[values.pop("command")]
    assert config.from_values(values)
    assert find_config(path.stem).samefile(path)


def test_the_studys_configurations_say_what_the_study_says() -> None:
    published = RecallConfig.from_values(_values("paper"))
    assert (published.digits, published.sweeps) == (("3", "6", "1", "0", "4"), 20)
    assert (published.test_images, published.replay_authors) == ("fresh", False)
    assert published.exclude_samples
    as_run = RecallConfig.from_values(_values("paper-as-run"))
    assert (as_run.sweeps, as_run.replay_authors, as_run.exclude_samples) == (10, True, False)
    for config in (published, as_run):
        assert (config.temperature, config.tests, config.repeats) == (0.2, 100, 10)
        assert (config.criterion, config.score, config.rule) == (0.99, "abs", "pseudo-inverse")
    figure = TemperatureScanConfig.from_values(_values("figure1-as-run"))
    assert (figure.rule, figure.source_indices, figure.target) == ("hebbian", (56, 9), "4")
    assert (figure.sweeps, figure.repeats, figure.start) == (30, 300, "random")
    assert TemperatureScanConfig.from_values(_values("figure1")).rule == "pseudo-inverse"


def _values(name: str) -> dict[str, Any]:
    values = read_config(find_config(name))
    del values["command"]
    return values


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"tests = \n", "not a TOML file"),
        (b"tests = 1\ntests = 2\n", "not a TOML file"),
        (b"tests = 1 # \xff\n", "not UTF-8"),
        (b"\xff\xfet\x00", "not UTF-8"),
        (b"\x00\x01", "not a TOML file"),
        (b"digits = " + b"[" * 5000 + b"]" * 5000, "not a TOML file|nested"),
        (b"seed = " + b"9" * 5000, "not a TOML file|digits"),
    ],
    ids=["no value", "key twice", "latin 1", "utf 16", "binary", "deeply nested", "huge"],
)
def test_a_file_that_is_not_toml_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as error:
        read_config(path)
    assert "mine.toml" in str(error.value)


def test_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"tests = 1\r\nrepeats = 2\r\n")
    assert read_config(path) == {"tests": 1, "repeats": 2}


def test_a_configuration_is_found_by_path_before_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("paper").samefile(CHECKOUT / "configs" / "paper.toml")
    (tmp_path / "paper").write_text("")
    assert find_config("paper").samefile(tmp_path / "paper")


def test_a_misspelt_name_is_told_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"papper: .*nearest is 'paper'"):
        find_config("papper")


def test_patterns_may_be_a_list_of_source_indices_in_a_file() -> None:
    config = RecallConfig.from_values({"patterns": [56, 9]})
    assert config.source_indices == (56, 9)
    assert config.patterns is None
    with pytest.raises(
        SettingError, match=r"patterns must not list an image twice, found \[56, 56\]"
    ):
        RecallConfig.from_values({"patterns": [56, 56]})


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_what_a_manifest_holds_makes_the_same_configuration(config: type[Config]) -> None:
    """Also with settings that depend on each other resolved."""
    resolved = config().to_dict()
    assert config.from_values(resolved).to_dict() == resolved


@pytest.mark.parametrize(
    "values",
    [
        {"dynamics": "sync"},
        {"dynamics": "glauber", "gamma": 4.0},
        {"replay_authors": True},
        {"patterns": [3, 4]},
        {"order": "fixed", "dynamics": "async", "tie": "down", "until_stable": True},
    ],
)
def test_a_resolved_recall_stands_by_itself(values: dict[str, object]) -> None:
    resolved = RecallConfig.from_values(values).to_dict()
    assert RecallConfig.from_values(resolved).to_dict() == resolved
