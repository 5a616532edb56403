"""Configurations: one check for files, flags and Python; conversion; what must fit together."""

from __future__ import annotations

import dataclasses
import inspect
import json
from dataclasses import FrozenInstanceError, fields
from typing import TYPE_CHECKING, Any

import pytest
from conftest import CHECKOUT

from hopcli.catalogue import CATALOGUE, Entry, entry
from hopcli.config import (
    AttractorsConfig,
    CapacityConfig,
    Config,
    Facts,
    RecallConfig,
    RecallExecution,
    ResolvedRecall,
    SelectConfig,
    TemperatureScanConfig,
    WeightsConfig,
    find_config,
    read_config,
)
from hopcli.config.notations import Schedule
from hopcli.errors import DataError, SettingError
from hopcli.grids.grid import read_grid
from hopcli.starts import Start

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = sorted((CHECKOUT / "configs").glob("*.toml"))
COMMANDS = [pytest.param(found.config, id=command) for command, found in CATALOGUE.items()]
ENTRIES = [pytest.param(found, id=command) for command, found in CATALOGUE.items()]
FACTS = Facts("mnist:train", (28, 28), tuple("0123456789"))


@pytest.mark.parametrize("config", COMMANDS)
def test_defaults_are_possible_and_written_as_json(config: type[Config]) -> None:
    values = config().to_dict()
    assert config.from_values(values).to_dict() == values
    assert list(values) == list(config.settings())
    assert json.loads(json.dumps(values)) == values


@pytest.mark.parametrize("found", ENTRIES)
def test_resolving_is_done_once(found: Entry) -> None:
    """What is resolved resolves to itself, also as a manifest has it."""
    resolved = found.config().resolve(FACTS)
    assert type(resolved) is found.resolved
    assert type(resolved.resolve(FACTS)) is found.resolved
    assert resolved.resolve(FACTS).to_dict() == resolved.to_dict()
    again = found.resolved.from_values(json.loads(json.dumps(resolved.to_dict())))
    assert again.values() == resolved.values()


@pytest.mark.parametrize("found", ENTRIES)
def test_a_resolved_configuration_has_every_value(found: Entry) -> None:
    """Settings that its class names again are never open, and cannot be left out."""
    resolved = found.config().resolve(FACTS)
    named = set(inspect.get_annotations(found.resolved))
    assert named
    for name in named:
        assert getattr(resolved, name) is not None
        with pytest.raises(SettingError, match=name):
            dataclasses.replace(resolved, **{name: None})
    with pytest.raises(TypeError):
        found.resolved()


@pytest.mark.parametrize("found", ENTRIES)
def test_nothing_of_the_execution_is_in_a_configuration(found: Entry) -> None:
    drawing = {"figures", "figure_format", "figure_style", "animate"}
    how = {"threads", "quiet", "out", "keep", *drawing}
    assert not how & set(found.config.settings())
    assert set(found.execution.settings()) <= how


@pytest.mark.parametrize(
    "values",
    [
        {"dynamics": "async"},
        {"dynamics": "sync"},
        {"dynamics": "glauber", "gamma": 4.0},
        {"order": "permutation"},
        {"replay_authors": True},
        {"patterns": (3, 4)},
        {"start": "flip:0.1"},
        {"temperature": "2:0.1:geometric"},
    ],
    ids=str,
)
def test_any_setting_of_a_given_configuration_can_be_replaced(values: dict[str, Any]) -> None:
    """And it is the same as if it had been given at once; what was open stays open."""
    replaced = dataclasses.replace(RecallConfig(), **values)
    assert replaced.values() == RecallConfig(**values).values()
    facts = (
        Facts("mnist:train", (28, 28), ("4", "1"), chosen=True) if "patterns" in values else FACTS
    )
    assert replaced.resolve(facts).to_dict() == RecallConfig(**values).resolve(facts).to_dict()
    back = {name: getattr(RecallConfig(), name) for name in values}
    assert dataclasses.replace(replaced, **back).values() == RecallConfig().values()


def test_what_does_not_go_together_is_found_when_it_is_checked_not_on_the_way() -> None:
    halfway = dataclasses.replace(RecallConfig(temperature=0.3), dynamics="async")
    with pytest.raises(SettingError, match="temperature cannot be given with dynamics 'async'"):
        halfway.check()
    with pytest.raises(SettingError, match="temperature cannot be given with dynamics 'async'"):
        halfway.resolve(FACTS)
    assert dataclasses.replace(halfway, temperature=None).resolve(FACTS).temperature == 0


def test_a_configuration_is_resolved_by_the_data() -> None:
    small = Facts("digits", (8, 8), tuple("0123456789"))
    assert RecallConfig().resolve(FACTS).attempts_per_sweep == 392
    assert RecallConfig().resolve(small).attempts_per_sweep == 32
    assert RecallConfig(attempts_per_sweep="2N").resolve(small).attempts_per_sweep == 128
    assert RecallConfig(order="fixed").resolve(small).attempts_per_sweep == 64
    assert RecallConfig(dynamics="sync").resolve(small).order is None
    assert RecallConfig().resolve(small).order == "random"
    assert RecallConfig().resolve(small).digits == ("3", "6", "1", "0", "4")
    letters = Facts("images:a", (4, 6), ("boat", "fish"))
    assert RecallConfig().resolve(letters).digits == ("boat", "fish")
    assert TemperatureScanConfig().resolve(letters).target == "fish"
    assert TemperatureScanConfig().resolve(FACTS).target == "4"
    assert WeightsConfig().resolve(letters).pixel == (2, 3)
    assert SelectConfig().resolve(letters).digits == ("boat", "fish")
    assert AttractorsConfig().resolve(letters).digits == ("boat", "fish")
    assert CapacityConfig().resolve(letters).sizes == (24,)
    chosen = Facts("mnist:train", (28, 28), ("4", "0"), chosen=True)
    assert RecallConfig(source_indices=(9, 56)).resolve(chosen).digits == ("4", "0")
    assert RecallConfig(gamma=4, dynamics="glauber").resolve(FACTS).temperature == 0.5


@pytest.mark.parametrize(
    ("config", "facts", "words"),
    [
        (RecallConfig(digits=("3", "x")), FACTS, r"digits must name labels of mnist:train .*'x'"),
        (SelectConfig(digits=("x",)), FACTS, r"digits must name labels of mnist:train .*'x'"),
        (WeightsConfig(pixel=(28, 0)), FACTS, r"pixel must be .* 28 x 28 .*'28,0'"),
        (TemperatureScanConfig(target="7"), FACTS, r"target must be a stored label \(0, 4\).*'7'"),
        (RecallConfig(order="fixed", attempts_per_sweep=5), FACTS, "must be N where .*found 5"),
        (CapacityConfig(patterns="images", sizes=(8,)), FACTS, "sizes must be 784.*'8'"),
        (
            RecallConfig(digits=("3", "4")),
            Facts("mnist:train", (28, 28), ("4", "0"), chosen=True),
            r"digits must be the labels of source_indices \(4,0\), found '3,4'",
        ),
    ],
)
def test_what_does_not_fit_the_data_is_refused(config: Any, facts: Facts, words: str) -> None:
    config.check()
    with pytest.raises(SettingError, match=words):
        config.resolve(facts)


def test_texts_are_read_once() -> None:
    config = RecallConfig(start="image,flip:0.10", temperature="2.0:0.10:geometric")
    assert config.start == Start("image", (), (("flip", (0.1,)),))
    assert config.temperature == Schedule(2.0, 0.1, "geometric")
    assert config.to_dict()["start"] == "image,flip:0.1"
    assert config.to_dict()["temperature"] == "2:0.1:geometric"


def test_an_animation_needs_a_run_that_can_be_drawn() -> None:
    how = RecallExecution(animate="a.gif")
    how.check_with(RecallConfig(sweeps=1000))
    with pytest.raises(SettingError, match="sweeps must be at most 1000 with animate, found 1001"):
        how.check_with(RecallConfig(sweeps=1001))
    with pytest.raises(SettingError, match="animate must be off with replay_authors"):
        how.check_with(RecallConfig(replay_authors=True))


@pytest.mark.parametrize("command", ["recal", "", 3, None, ["recall"]])
def test_a_command_that_is_none_is_refused(command: object) -> None:
    with pytest.raises(SettingError, match=r"command must be one of select, recall, .*, found"):
        entry(command)


@pytest.mark.parametrize("found", ENTRIES)
def test_an_entry_names_what_there_is(found: Entry) -> None:
    assert found.config.command == found.resolved.command == found.command
    assert issubclass(found.resolved, found.config)
    assert found.line == (found.config.__doc__ or "").split("\n")[0].strip() or found.line
    for part in (found.plan, found.result, found.summary, found.figures, found.execution):
        assert callable(part)


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


def test_the_defaults_are_the_study_as_published() -> None:
    config = RecallConfig().resolve(FACTS)
    assert (config.rule, config.temperature, config.sweeps) == ("pseudo-inverse", 0.2, 20)
    assert (config.attempts_per_sweep, config.tests, config.repeats) == (392, 100, 10)
    assert (config.criterion, config.score, config.threshold) == (0.99, "abs", 0)
    assert (config.test_images, config.exclude_samples) == ("fresh", True)
    assert config.digits == ("3", "6", "1", "0", "4")
    assert (SelectConfig().samples, SelectConfig().seed, SelectConfig().sampler) == (
        20,
        9,
        "legacy",
    )
    scan = TemperatureScanConfig()
    assert scan.temperatures == tuple(i / 10 for i in range(1, 20))
    assert (scan.repeats, str(scan.start), scan.default_digits) == (100, "random", ("0", "4"))


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


@pytest.mark.parametrize(
    "key", ["xyzzy", "", "config", "out", "quiet", "command", "threads", "__init__"]
)
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
        ({"trace": 1}, r"trace must be true or false, found 1"),
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
    replay = RecallConfig(replay_authors=True).resolve(FACTS)
    assert (replay.test_images, replay.exclude_samples) == ("same", False)
    # What it resolves to may also be given, as a manifest does.
    assert RecallConfig.from_values(replay.to_dict()).to_dict() == replay.to_dict()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.stem))
def test_every_shipped_configuration_is_possible(path: Path) -> None:
    values = read_config(path)
    if "grid" in values:
        grid = read_grid(values)
        assert all(grid.read(point) for point in grid.points())
    else:
        assert entry(values.pop("command")).read(values)
    assert find_config(path.stem).samefile(path)


def test_the_studys_configurations_say_what_the_study_says() -> None:
    published = _resolved("paper")
    assert (published.digits, published.sweeps) == (("3", "6", "1", "0", "4"), 20)
    assert (published.test_images, published.replay_authors) == ("fresh", False)
    assert published.exclude_samples
    as_run = _resolved("paper-as-run")
    assert (as_run.sweeps, as_run.replay_authors, as_run.exclude_samples) == (10, True, False)
    for config in (published, as_run):
        assert (config.temperature, config.tests, config.repeats) == (0.2, 100, 10)
        assert (config.criterion, config.score, config.rule) == (0.99, "abs", "pseudo-inverse")
    figure = TemperatureScanConfig.from_values(_values("figure1-as-run"))
    assert (figure.rule, figure.source_indices, figure.target) == ("hebbian", (56, 9), "4")
    assert (figure.sweeps, figure.repeats, str(figure.start)) == (30, 300, "random")
    assert TemperatureScanConfig.from_values(_values("figure1")).rule == "pseudo-inverse"


def _resolved(name: str) -> ResolvedRecall:
    return RecallConfig.from_values(_values(name)).resolve(FACTS)


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


DEEP = [".".join([part] * 60) + " = 1" for part in ("a", "'a'", r'"\""', "'\"'", r'"\\"')]
BEFORE = ["", 'x = """\n " """\n', "x = '''\n it's'''\n", "# don't \"\n", 'x = ""\n']
BEFORE += ['x = """\\""" \\\\"""\n', 'x = """"a"""""\n', r'x = "\\" # "' + "\n"]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("deep", DEEP)
def test_a_key_of_many_parts_is_refused_behind_any_text(
    tmp_path: Path, before: str, deep: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(before + deep, encoding="utf-8")
    with pytest.raises(DataError, match="50"):
        read_config(path)
    path.write_text(f"{before}y = {json.dumps(deep)} # {deep}", encoding="utf-8")
    assert read_config(path)["y"] == deep


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
    chosen = Facts("mnist:train", (28, 28), ("0", "4"), chosen=True)
    config = RecallConfig.from_values({"patterns": [56, 9]}).resolve(chosen)
    assert config.source_indices == (56, 9)
    assert config.patterns is None
    with pytest.raises(
        SettingError, match=r"patterns must not list an image twice, found \[56, 56\]"
    ):
        RecallConfig.from_values({"patterns": [56, 56]})


@pytest.mark.parametrize(
    "values",
    [
        {"dynamics": "sync"},
        {"dynamics": "glauber", "gamma": 4.0},
        {"replay_authors": True},
        {"order": "fixed", "dynamics": "async", "tie": "down", "until_stable": True},
        {"start": "blend:3:6:fill,occlude:top:0.3", "temperature": "1:0:linear"},
    ],
)
def test_a_resolved_recall_stands_by_itself(values: dict[str, object]) -> None:
    resolved = RecallConfig.from_values(values).resolve(FACTS).to_dict()
    assert ResolvedRecall.from_values(resolved).resolve(FACTS).to_dict() == resolved
    assert RecallConfig.from_values(resolved).resolve(FACTS).to_dict() == resolved
