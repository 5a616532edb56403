"""What planted bugs showed to be untested; see :mod:`mutants`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import counted, random_patterns

from hopcli.config import Facts, TemperatureScanConfig
from hopcli.datasets import Dataset
from hopcli.errors import PatternError, ResultError
from hopcli.estimator import HopfieldClassifier
from hopcli.estimator.deciding import Ballot
from hopcli.experiments.inputs import hashes
from hopcli.experiments.recall_tables import outcome_table
from hopcli.grids.grid import read_grid
from hopcli.grids.planning import Impossible, impossible
from hopcli.patterns import Patterns, images_as_patterns
from hopcli.runs import endings
from hopcli.starts import change, parse_start, trial_rng
from hopcli.storage import store

if TYPE_CHECKING:
    from conftest import RunHopcli


def _images() -> Dataset:
    spins = random_patterns(1, 4, 12)
    return Dataset("small", spins, np.array(["a", "b", "a", "c"]), (3, 4), 0, "0" * 64)


def _stored() -> Patterns:
    return images_as_patterns(_images(), np.array([0, 1, 2]))


def test_at_kappa_zero_a_field_of_zero_is_not_enough() -> None:
    """The second site would have to be up in one pattern and down in the other, alike else."""
    xi = np.array([[1, 1, 1], [1, -1, 1]], np.int8)
    with pytest.raises(PatternError, match="kappa = 0 "):
        store(xi, "perceptron", kappa=0.0, epochs=50)


def test_the_last_pattern_of_a_label_is_the_last() -> None:
    patterns = _stored()
    assert patterns.labels == ("a", "b", "a")
    assert (patterns.last("a"), patterns.last("b")) == (2, 1)


def test_of_given_images_that_share_labels_the_last_is_the_target() -> None:
    facts = Facts("small", (3, 4), ("a", "b", "a"), chosen=True)
    resolved = TemperatureScanConfig(source_indices=(0, 1, 2)).resolve(facts)
    assert resolved.digits == ("a", "b")
    assert resolved.target == "a"


def test_the_hash_of_patterns_knows_what_they_were_selected_from() -> None:
    """For those images are not tested."""
    patterns = _stored()
    others = replace(patterns, sample_index=np.array([0, 1, 2, 3]))
    assert others.sha256 != patterns.sha256
    assert replace(others, sample_index=patterns.sample_index).sha256 == patterns.sha256


def test_thresholds_of_a_file_are_hashed_whether_or_not_runs_start_from_anything(
    tmp_path: Path,
) -> None:
    found = []
    for name, last in (("one", 0.5), ("other", 0.6), ("copy", 0.5)):
        (tmp_path / name).write_text(f"{'0 ' * 11}{last}")
        found.append(hashes(_images(), _stored(), theta=str(tmp_path / name)))
    assert found[0] != found[1]
    assert found[0] == found[2]


def test_rows_are_flipped_each_in_columns_of_its_own() -> None:
    picture = np.ones((20, 20), np.int8)
    change(picture, parse_start("flip-rows:1"), trial_rng(1, 0))
    rows, columns = np.nonzero(picture < 0)
    assert rows.tolist() == list(range(20))
    assert len(set(columns.tolist())) > 5


def test_repeats_of_an_image_make_no_interval_of_an_outcome_narrower() -> None:
    """Ten images of each of two labels, tested ten times, each always with the same end."""
    image = np.tile(np.arange(20), 10)
    ends = np.where(image % 2, "own", "unsettled")
    labels = np.where(image < 10, "a", "b")
    often = outcome_table(counted(labels, labels, ends, image, size=20))
    once = outcome_table(counted(labels[:20], labels[:20], ends[:20], image[:20]))
    bounds = ["label", "outcome", "ci_low", "ci_high"]
    pd.testing.assert_frame_equal(often[bounds], once[bounds])
    as_if = outcome_table(counted(labels, labels, ends, np.arange(200)))
    assert np.all(as_if["ci_high"] < often["ci_high"])


@pytest.mark.parametrize(
    ("m", "scores"),
    [
        # One repeat: a share of 1, and a quarter of the overlap with the nearest of a class.
        ([[0.9, -0.5, 0.1]], [1 + 0.9 / 4, 0.1 / 4]),
        # Two repeats: the nearest in each, of both the mean, and an eighth of it.
        ([[0.9, -0.5, 0.1], [-0.3, 0.2, 0.6]], [0.5 + 0.55 / 8, 0.5 + 0.35 / 8]),
    ],
)
def test_a_class_is_as_near_as_its_nearest_prototype(
    m: list[list[float]], scores: list[float]
) -> None:
    ballot = Ballot(np.array([m]), np.array([0, 0, 1]), 2, signed=True)
    np.testing.assert_allclose(ballot.scores, [scores], atol=1e-12)


def test_decisions_are_shares_and_what_transform_says_of_the_nearest() -> None:
    x = random_patterns(4, 12, 30)
    y = np.repeat([0, 1, 2], 4)
    memory = HopfieldClassifier(
        "hebbian", n_prototypes=3, samples=None, sweeps=1, threshold=0, random_state=1
    ).fit(x, y)
    m = memory.transform(x)
    near = [m[:, memory.prototype_labels_ == label].max(axis=1) for label in (0, 1, 2)]
    expected = memory.predict_proba(x) + np.transpose(near) / 4
    np.testing.assert_allclose(memory.decision_function(x), expected, atol=1e-12)


def _grid_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("five.toml").write_text(
        'command = "recall"\nfigures = false\ntests = 2\nrepeats = 1\n[grid]\nseed = "1:5:1"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr("hopcli.cli.grid.running._LISTED", 3)
    monkeypatch.setattr("hopcli.cli.grid.files._SHOWN", 3)


def test_what_is_left_over_is_counted(
    run_hopcli: RunHopcli, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of five are listed, and of three all."""
    _grid_of_five(monkeypatch)
    assert "... and 2 more\n" in run_hopcli("grid", "run", "five.toml", "--dry-run").out
    assert "... and 2 more " in run_hopcli("grid", "run", "five.toml").out
    monkeypatch.setattr("hopcli.cli.grid.running._LISTED", 5)
    monkeypatch.setattr("hopcli.cli.grid.files._SHOWN", 5)
    assert " more" not in run_hopcli("grid", "run", "five.toml", "--dry-run").out
    assert "... and" not in run_hopcli("grid", "run", "five.toml", "--out", "whole").out


@pytest.mark.parametrize(("n_places", "more"), [(3, ""), (4, "1 more"), (5, "2 more")])
def test_folders_that_are_not_named_are_counted(n_places: int, more: str) -> None:
    told = endings._listed([Path(f"f{k}") for k in range(n_places)])
    assert re.findall(r"f\d", told) == ["f0", "f1", "f2"]
    assert re.findall(r"\d+ more", told) == ([more] if more else [])


@pytest.mark.parametrize(("n_found", "more"), [(4, []), (5, ["1 more"]), (6, ["2 more"])])
def test_impossible_cells_that_are_not_named_are_counted(n_found: int, more: list[str]) -> None:
    grid = read_grid({"command": "recall", "grid": {"seed": "1:9:1"}})
    found = [Impossible(point, ResultError("no")) for point in list(grid.points())[:n_found]]
    told = str(impossible(grid, found))
    assert re.findall(r"seed=(\d)", told) == ["1", "2", "3", "4"]
    assert re.findall(r"\d+ more", told) == more
