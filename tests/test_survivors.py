"""What planted bugs showed to be untested; see :mod:`mutants`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import counted, random_patterns

from hopcli.config import Facts, TemperatureScanConfig
from hopcli.datasets import Dataset
from hopcli.errors import PatternError
from hopcli.experiments.inputs import hashes
from hopcli.experiments.recall_tables import outcome_table
from hopcli.patterns import Patterns, images_as_patterns
from hopcli.starts import change, parse_start, trial_rng
from hopcli.storage import store

if TYPE_CHECKING:
    from pathlib import Path


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
