"""Settings: their kinds, configurations and how they fit together, the schema of files."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from bad_inputs import TEXTS, listed, tried_settings
from conftest import CHECKOUT, RunHopcli
from hypothesis import given
from hypothesis import strategies as st

from hopcli import kinds
from hopcli.catalogue import CATALOGUE, Entry, entry
from hopcli.config import (
    Facts,
    RecallConfig,
    RecallExecution,
    find_config,
    groups,
    notations,
    read_config,
)
from hopcli.config.schema import configuration_schema
from hopcli.errors import DataError, SettingError
from hopcli.kinds import Kind
from hopcli.values import RefusedError

SCHEMA = configuration_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ENTRIES = [pytest.param(found, id=command) for command, found in CATALOGUE.items()]
DIGITS = tuple("0123456789")
FACTS = Facts("mnist:train", (28, 28), DIGITS)
SMALL = Facts("digits", (8, 8), DIGITS)
LETTERS = Facts("images:a", (4, 6), ("boat", "fish"))
CHOSEN = Facts("mnist:train", (28, 28), ("4", "0"), chosen=True)


def as_json(values: Any) -> Any:
    return json.loads(json.dumps(values))


# --- every command


@pytest.mark.parametrize("found", ENTRIES)
def test_defaults_are_possible_and_written_as_json(found: Entry) -> None:
    values = found.config().to_dict()
    assert found.config.from_values(values).to_dict() == values == as_json(values)
    assert list(values) == [name for name, one in found.config.settings().items() if not one.newer]
    for item in fields(found.config):
        if item.default is not None:
            kept = item.metadata["setting"].kind.check(item.default)
            assert kept == item.default, item.name


@pytest.mark.parametrize("found", ENTRIES)
def test_what_is_resolved_resolves_to_itself_also_as_a_manifest_has_it(found: Entry) -> None:
    resolved = found.config().resolve(FACTS)
    assert resolved.resolve(FACTS).to_dict() == resolved.to_dict()
    again = found.config.from_manifest(as_json(resolved.to_dict()))
    assert again.values() == resolved.values()
    given = {name: value for name, value in resolved.to_dict().items() if value is not None}
    VALIDATOR.validate({"command": found.command, **given})


def test_labels_are_spelled_with_each_letter_once() -> None:
    assert groups.spelled(("361",), DIGITS) == ("3", "6", "1")
    assert groups.spelled(("336",), DIGITS) == ("336",)


@pytest.mark.parametrize("found", ENTRIES)
def test_a_resolved_configuration_has_every_value(found: Entry) -> None:
    """A manifest in which a setting is open that resolution fills is refused."""
    resolved = found.config().resolve(FACTS).to_dict()
    filled = {item.name for item in fields(found.config) if "None" not in str(item.type)}
    for name in filled & resolved.keys():
        assert resolved[name] is not None
        with pytest.raises(SettingError) as error:
            found.config.from_manifest({**resolved, name: None})
        assert error.value.setting == name


# --- conversion


def test_what_does_not_go_together_is_found_when_it_is_checked_not_on_the_way() -> None:
    halfway = dataclasses.replace(RecallConfig(temperature=0.3), dynamics="async")
    with pytest.raises(SettingError, match="'async'") as error:
        halfway.check()
    assert error.value.setting == "temperature"
    assert RecallConfig(dynamics="async").resolve(FACTS).temperature == 0


def test_an_animation_has_up_to_a_thousand_frames() -> None:  # refusals.txt has one more
    RecallExecution(animate="recall.gif").check_with(RecallConfig(sweeps=1000))


@pytest.mark.parametrize(
    ("command", "settings", "facts", "expected"),
    [
        ("recall", {}, FACTS, {"attempts_per_sweep": 392, "digits": ("3", "6", "1", "0", "4")}),
        ("recall", {}, SMALL, {"attempts_per_sweep": 32, "order": "random", "temperature": 0.2}),
        ("recall", {"dynamics": "async"}, SMALL, {"order": "random", "temperature": 0.0}),
        ("recall", {"order": "permutation"}, SMALL, {"attempts_per_sweep": 64}),
        ("recall", {"attempts_per_sweep": "2N"}, SMALL, {"attempts_per_sweep": 128}),
        ("recall", {"order": "fixed"}, SMALL, {"attempts_per_sweep": 64}),
        ("recall", {"dynamics": "sync"}, SMALL, {"order": None, "attempts_per_sweep": 64}),
        ("recall", {"split": "test"}, FACTS, {"select_split": "test"}),
        ("recall", {"split": "test", "select_split": "train"}, FACTS, {"select_split": "train"}),
        ("recall", {}, LETTERS, {"digits": ("boat", "fish")}),
        ("recall", {"source_indices": [9, 56]}, CHOSEN, {"digits": ("4", "0")}),
        ("recall", {"patterns": [56, 9]}, CHOSEN, {"source_indices": (56, 9), "patterns": None}),
        ("recall", {"gamma": 4, "dynamics": "glauber"}, FACTS, {"temperature": 0.5, "gamma": None}),
        ("recall", {"replay_authors": True}, FACTS, {"test_images": "same", "tests": 100}),
        ("recall", {"replay_authors": True}, FACTS, {"exclude_samples": False}),
        ("temperature-scan", {}, LETTERS, {"target": "fish"}),
        ("temperature-scan", {}, FACTS, {"target": "4"}),
        ("weights", {}, LETTERS, {"pixel": (2, 3)}),
        ("select", {}, LETTERS, {"digits": ("boat", "fish")}),
        ("attractors", {}, LETTERS, {"digits": ("boat", "fish")}),
        ("capacity", {}, LETTERS, {"sizes": (24,)}),
    ],
)
def test_a_configuration_is_resolved_by_the_data(
    command: str, settings: dict[str, Any], facts: Facts, expected: dict[str, Any]
) -> None:
    resolved = entry(command).config.from_values(settings).resolve(facts)
    assert {name: getattr(resolved, name) for name in expected} == expected


# --- the study, and what ships


def test_the_defaults_are_the_study_as_published() -> None:
    config = RecallConfig().resolve(FACTS)
    assert (config.rule, config.temperature, config.sweeps) == ("pseudo-inverse", 0.2, 20)
    assert (config.attempts_per_sweep, config.tests, config.repeats) == (392, 100, 10)
    assert (config.criterion, config.score, config.threshold) == (0.99, "abs", 0)
    assert (config.test_images, config.exclude_samples) == ("fresh", True)
    assert config.digits == ("3", "6", "1", "0", "4")
    select: Any = entry("select").config()
    assert (select.samples, select.seed, select.sampler) == (20, 9, "legacy")
    scan: Any = entry("temperature-scan").config()
    assert scan.temperatures == tuple(i / 10 for i in range(1, 20))
    assert (scan.repeats, str(scan.start), scan.default_digits) == (100, "random", ("0", "4"))


def test_every_shipped_configuration_is_found_and_fits_the_schema() -> None:
    """They are read in test_committed_results.py."""
    for path in (CHECKOUT / "configs").glob("*.toml"):
        VALIDATOR.validate(read_config(path))
        assert find_config(path.stem).samefile(path)


# --- files


DEEP = [".".join([part] * 60) + " = 1" for part in ("a", r'"\""', "'\"'")]
BEFORE = ["", 'x = """\n " """\n', "x = '''\n it's'''\n", "# don't \"\n", 'x = ""\n']
BEFORE += ['x = """\\""" \\\\"""\n', 'x = """"a"""""\n', r'x = "\\" # "' + "\n"]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("deep", DEEP)
def test_a_key_of_many_parts_is_refused_anywhere(tmp_path: Path, before: str, deep: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(before + deep, encoding="utf-8")
    with pytest.raises(DataError, match="50"):
        read_config(path)
    path.write_text(f"{before}y = {json.dumps(deep)} # {deep}", encoding="utf-8")
    assert read_config(path)["y"] == deep


def test_a_file_is_found_by_path_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged files are refused, see bad_inputs.txt; a misspelt name gets the nearest one."""
    monkeypatch.chdir(tmp_path)
    assert find_config("paper").samefile(CHECKOUT / "configs" / "paper.toml")
    with pytest.raises(DataError, match=r"papper: .*'paper'"):
        find_config("papper")
    path = tmp_path / "paper"
    path.write_bytes(b"tests = 1\r\nrepeats = 2\r\n")
    assert find_config("paper").samefile(path)
    assert read_config(path) == {"tests": 1, "repeats": 2}


# --- kinds

COLD, FINITE, RATE = kinds.number(0), kinds.number(-math.inf), kinds.number(0, 1, above=True)
LABEL, LABELS, INDICES = kinds.label(), kinds.labels(), kinds.indices()
ATTEMPTS, GRID = notations.attempts(), notations.grid()
READ: list[tuple[Kind, Any, Any]] = [
    # A kind, the text of a flag or a value of a file, and what it becomes.
    (kinds.integer(1), " 7 ", 7),
    (kinds.integer(0, 255), "0", 0),
    (COLD, 1, 1.0),
    (kinds.integer(0, 255), "255", 255),
    (COLD, "1e-3", 0.001),
    (FINITE, "-2.5", -2.5),
    (RATE, "1", 1.0),
    (kinds.choice(("hebbian", "storkey")), "storkey", "storkey"),
    *(
        (kinds.either(kinds.integer(1), kinds.choice(["all"])), text, kept)
        for text, kept in (("all", "all"), ("12", 12))
    ),
    (LABEL, "4", "4"),
    (LABEL, 4, "4"),
    (LABELS, "3,6, 1", ("3", "6", "1")),
    (LABELS, [3, "6"], ("3", "6")),
    (INDICES, "56,9", (56, 9)),
    (INDICES, [9, 56], (9, 56)),
    (INDICES, "3:9:3", (3, 6, 9)),
    (kinds.word("FILE"), "a b.npz", "a b.npz"),
    (ATTEMPTS, "392", 392),
    (ATTEMPTS, 784, 784),
    (ATTEMPTS, "3N/4", "3N/4"),
    (ATTEMPTS, "N / 2", "N/2"),
    (GRID, "0.5", (0.5,)),
    (GRID, "0,0.5,2", (0.0, 0.5, 2.0)),
    (GRID, "0:1:0.5", (0.0, 0.5, 1.0)),
    (GRID, "0:0.9:0.5", (0.0, 0.5)),
    (GRID, "2:2:1", (2.0,)),
    (GRID, [0, 0.5], (0.0, 0.5)),
]


@pytest.mark.parametrize(("kind", "value", "kept"), READ)
def test_a_value_takes_its_final_form(kind: Kind, value: Any, kept: Any) -> None:
    """And what was checked passes again unchanged."""
    found = kind.check(kind.read(value) if isinstance(value, str) else value)
    assert (found, type(found)) == (kept, type(kept))
    assert kind.check(found) == kept


BAD = {tried.setting: tried for tried in reversed([*tried_settings()])}


def _is_taken(check: Callable[[Any], object], value: Any) -> bool:
    """Return whether a check accepts a value; otherwise it must give a rule."""
    try:
        check(value)
    except RefusedError as error:
        rule = str(error)
    else:
        return True
    assert rule.startswith("must ")
    return False


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_refused_by_their_kind(name: str) -> None:
    """As flags, except those that only data or files refuse, and as keys of a file."""
    kind = CATALOGUE[BAD[name].command].settings[name].kind
    flags = {v for v in BAD[name].flags if _is_taken(lambda v: kind.check(kind.read(v)), v)}
    assert flags == set(listed(TEXTS["later"].get(kind.metavar, [])))
    keys = [tomllib.loads(f"key = {value}")["key"] for value in BAD[name].keys]
    taken = [value for value in keys if _is_taken(kind.check, value)]
    assert taken == (["nope", "é:x", "idx:"] if kind.metavar == "SOURCE" else [])
    assert not _is_taken(kind.check, None)


@given(st.integers(1, 40), st.integers(0, 300), st.integers(1, 50))
def test_a_grid_has_decimal_points(first: int, steps: int, step: int) -> None:
    """0.1:1.9:0.1 holds 0.3 and not 0.30000000000000004, and reaches its end."""
    last = first + steps * step
    found = GRID.check(GRID.read(f"{first / 100}:{last / 100}:{step / 100}"))
    assert found == tuple((first + i * step) / 100 for i in range(steps + 1))


@given(st.integers(1, 10**5), st.integers(1, 9), st.integers(1, 9))
def test_attempts_of_a_sweep(n_sites: int, factor: int, divisor: int) -> None:
    assert notations.resolve_attempts("N", n_sites) == n_sites
    assert notations.resolve_attempts(17, n_sites) == 17
    found = notations.resolve_attempts(f"{factor}N/{divisor}", n_sites)
    assert found == max(1, factor * n_sites // divisor)
    assert notations.resolve_attempts("N/2", 784) == 392
    assert notations.resolve_attempts("N/2", 1) == 1


# --- the schema

# Values that no setting but a few takes, to be tried on every one of them.
ODD: tuple[Any, ...] = (-1, 0, 0.5, 1e9, True, "", "x", [], [0], [3, 3], ["3"], {}, "0.1:0.2:0.1")


@pytest.mark.parametrize("found", ENTRIES)
def test_what_hopcli_takes_fits_the_schema(found: Entry) -> None:
    """Never less: each odd value of each setting that its own check lets pass."""
    taken = 0
    for name, declared in found.settings.items():
        for value in ODD:
            try:
                found.read({name: value})
            except SettingError as error:
                if error.setting == name and "has no effect" not in error.rule:
                    continue
            taken += 1
            one = {"properties": {name: dict(declared.kind.schema)}}
            assert jsonschema.Draft202012Validator(one).is_valid({name: value}), (name, value)
    assert taken > 10


WRONG: tuple[dict[str, Any], ...] = (
    *({"command": "recal"}, {"command": ""}, {"command": "select", "repeats": 3}),
    *({"temprature": 1}, {"tests": 0}, {"tests": "some"}, {"figures": 1}, {"digits": []}),
    *({"rule": "hebian"}, {"criterion": 2}, {"animate": "a.avi"}, {"grid": {}}),
    *({"grid": {"temprature": [1]}}, {"grid": {"tests": [0]}}, {"grid": {"threads": [1]}}),
    *({"grid": {"tests": 1}}, {"grid": {"tests": [1]}, "plot": {"z": "tests"}}),
    {"command": "capacity", "sizes": [1]},
)
GRIDS: tuple[dict[str, Any], ...] = (
    {"temperature": "0.1:0.9:0.1"},
    {"temperature": [0.1, "2:1:linear"], "rule": ["hebbian"]},
    {"digits, selection_seed": [[[3, 6], 1]], "source_indices": ["0:9:1", [3]]},
)


def test_what_is_wrong_by_itself_does_not_fit_and_grids_do() -> None:
    assert not VALIDATOR.is_valid({})
    assert [wrong for wrong in WRONG if VALIDATOR.is_valid({"command": "recall", **wrong})] == []
    for grid in GRIDS:
        VALIDATOR.validate({"command": "recall", "grid": grid, "plot": {"x": "rule", "map": True}})


def test_the_command_prints_it(run_hopcli: RunHopcli) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    done = run_hopcli("schema")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == SCHEMA
