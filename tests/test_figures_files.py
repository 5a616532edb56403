"""The files of the figures: the run's own and those drawn from what it wrote."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import files_below, random_patterns
from test_figures_weights import write_patterns
from test_plots import NAMES

from hopcli import experiments, plots, results
from hopcli.catalogue import CATALOGUE
from hopcli.config import RecallExecution
from hopcli.plots.filed import as_filed
from hopcli.plots.files import drawn_svg

if TYPE_CHECKING:
    from pathlib import Path

    from hopcli.experiments import Result

SETTINGS: dict[str, dict[str, Any]] = {
    "select": {"samples": 3},
    "recall": {"start": "pattern,flip:0.2", "tests": 3, "repeats": 3, "sweeps": 3, "trace": True},
    "temperature-scan": {"temperatures": (0.3, 0.9, 1.5), "repeats": 7, "sweeps": 5},
    "weights": {"rule": "hebbian", "pixel": (1, 3)},
    "attractors": {"rule": ("hebbian", "storkey"), "starts": 70},
    "capacity": {"patterns": "images", "loads": (0.05, 0.11), "draws": 3},
    "critical": {"temperatures": (0.5, 1.0, 1.5), "chains": 5, "sweeps": 20},
    "compare": {
        "dataset": "digits",
        "split": "train",
        "tests": 6,
        "training": 20,
        "selector_samples": (2, 5),
        "selections": 3,
        "selector_tests": 4,
        "tuning": 3,
        "sweeps": 3,
    },
    "variance": {"start": "flip:0.2", "selections": 3, "tests": 4, "repeats": 2},
    "consistency": {"dataset": "digits", "selections": 3, "tests": 5, "sweeps": 3},
    "fit-sweeps": {"dataset": "digits", "sweeps": (1, 2), "replays": 2, "orders": 2},
    "relax": {"start": "pattern,flip:0.2", "tests": 3, "repeats": 3, "sweeps": 6},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("files") / "five.txt"
    return write_patterns(path, random_patterns(1, 5, 42), (6, 7))


def fresh(command: str, dataset: str, folder: Path) -> tuple[Any, Result]:
    """A run, as it was made and written: its configuration and result."""
    entry = CATALOGUE[command]
    execution = entry.execution()
    if isinstance(execution, RecallExecution):
        execution = RecallExecution(animate="run.gif", keep=("trials",))
    plan = experiments.plan(entry.config(**{"dataset": dataset, **SETTINGS[command]}))
    result = plan.run(execution, experiments.no_progress)
    results.save(folder, plan.config, result, inputs=plan.inputs, execution=execution, duration=1.0)
    return plan.config, result


def drawn(config: Any, result: Any, folder: Path) -> dict[str, bytes | None]:
    folder.mkdir()
    plots.draw(config, result, folder, "svg")
    if getattr(result, "frames", None) is not None:
        plots.animate(result, folder, "run.gif")
    return files_below(folder)


@pytest.mark.parametrize("command", CATALOGUE)
def test_a_fresh_result_and_the_loaded_one_are_drawn_alike(
    command: str, dataset: str, tmp_path: Path
) -> None:
    config, result = fresh(command, dataset, tmp_path / "run")
    loaded = results.load(tmp_path / "run")
    first = drawn(config, result, tmp_path / "a")
    names = {f"{name}.svg" for name in NAMES[command]}
    extra = {"trace.svg", "run.gif"} if command == "recall" else set()
    assert set(first) == names | extra
    second = drawn(loaded.config, loaded.result, tmp_path / "b")
    assert [name for name in first if first[name] != second[name]] == []


def test_what_a_file_rounds_changes_no_picture(dataset: str, tmp_path: Path) -> None:
    """87.25 % is told as 87.2 %, by the rules of rounding; and so is 87.25 % and a bit."""
    config, result = fresh("recall", dataset, tmp_path / "run")
    seen = []
    for value in (0.8725, np.nextafter(0.8725, 1), np.nextafter(0.8725, 0)):
        table = result.tables["accuracy"].copy()
        table["accuracy"] = value
        changed = dataclasses.replace(result, tables={**result.tables, "accuracy": table})
        seen.append(drawn_svg(CATALOGUE["recall"].figures(config, changed)["accuracy"]))
    assert seen[0] == seen[1] == seen[2]


def test_only_the_tables_that_are_drawn_are_read_and_none_is_changed(
    dataset: str, tmp_path: Path
) -> None:
    config, result = fresh("recall", dataset, tmp_path / "run")
    before = {name: table.copy() for name, table in result.tables.items()}
    (tmp_path / "run" / "trials.csv").unlink()
    loaded = results.load(tmp_path / "run")
    plots.draw(loaded.config, loaded.result, tmp_path)
    plots.draw(config, result, tmp_path)
    for name, table in before.items():
        assert result.tables[name].equals(table)
    assert "trials" in loaded.result.tables
    assert "no such table" not in loaded.result.tables
    filed = as_filed(loaded.result)
    assert list(filed.tables) == list(before)
    assert len(filed.tables) == len(before)
    assert "trials" in filed.tables
    assert "no such table" not in filed.tables


def test_the_numbers_of_a_table_have_ten_digits_and_the_rest_stays(
    dataset: str, tmp_path: Path
) -> None:
    _, result = fresh("recall", dataset, tmp_path)
    table = result.tables["confusion"].copy()
    table.columns = ["label", *["twice"] * (table.shape[1] - 1)]
    table.isetitem(1, np.array([1 / 3, np.nan, -0.0, 1e-20 / 3, 2e20 / 3]))
    changed = dataclasses.replace(result, tables={"confusion": table})
    found = as_filed(changed).tables["confusion"]
    np.testing.assert_array_equal(
        found.iloc[:, 1].to_numpy(),
        [0.3333333333, np.nan, 0, 3.333333333e-21, 66666666670000000000.0],
    )
    assert list(found.columns) == list(table.columns)
    assert found.iloc[:, 0].equals(table.iloc[:, 0])
    assert found.iloc[:, 2:].equals(table.iloc[:, 2:])
