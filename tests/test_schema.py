"""The schema of configuration files: what hopcli takes fits it, and little else does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from conftest import CHECKOUT

from hopcli.catalogue import CATALOGUE, Entry
from hopcli.config import Facts, read_config
from hopcli.config.schema import configuration_schema
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import RunHopcli

SCHEMA = configuration_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SHIPPED = sorted((CHECKOUT / "configs").glob("*.toml"))
ENTRIES = [pytest.param(entry, id=command) for command, entry in CATALOGUE.items()]
FACTS = Facts("mnist:train", (28, 28), tuple("0123456789"))

# Values that no setting but a few takes, to be tried on every one of them.
ODD: tuple[Any, ...] = (-1, 0, 0.5, 1e9, True, "", "x", [], [0], [3, 3], ["3"], {}, "0.1:0.2:0.1")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.stem))
def test_every_shipped_configuration_fits(path: Path) -> None:
    VALIDATOR.validate(read_config(path))


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_manifest_fits(entry: Entry) -> None:
    """With every value that is resolved; TOML has none where it is open."""
    values = entry.config().resolve(FACTS).to_dict()
    given = {name: value for name, value in values.items() if value is not None}
    VALIDATOR.validate({"command": entry.command, **given})


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_explains_every_setting_with_its_default(entry: Entry) -> None:
    (found,) = (one for one in SCHEMA["oneOf"] if one["title"] == f"hopcli {entry.command}")
    assert set(found["properties"]) == {"command", "grid", "plot", *entry.settings}
    defaults = {**entry.config().to_dict(), **entry.execution().to_dict()}
    for name, declared in entry.settings.items():
        assert found["properties"][name]["description"] == declared.help
        assert found["properties"][name].get("default") == defaults[name]
        assert declared.kind.schema, name


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_hopcli_takes_fits_the_schema(entry: Entry) -> None:
    """Never less: each odd value of each setting that its own check lets pass."""
    taken = 0
    for name, declared in entry.settings.items():
        for value in ODD:
            try:
                entry.read({name: value})
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
    *({"rule": "hebian"}, {"criterion": 2}, {"animate": "a.mp4"}, {"grid": {}}),
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
