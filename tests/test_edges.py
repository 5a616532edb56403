"""Corrections for small numbers, ties and edges, each where it matters, against closed forms."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import RunHopcli, random_patterns
from scipy import stats

import hopcli
from hopcli import endings, experiments, statistics
from hopcli.catalogue import CATALOGUE
from hopcli.claims.claim import Claim
from hopcli.claims.functions import FUNCTIONS
from hopcli.claims.judging import VERDICTS, Evidence, answers, verdict
from hopcli.claims.measured import Rows
from hopcli.claims.published import Prediction, Printed, compare
from hopcli.config import Facts, RecallConfig, SelectConfig, TemperatureScanConfig
from hopcli.datasets import Dataset
from hopcli.errors import ResultError
from hopcli.estimator.deciding import Ballot, warn_of_lost
from hopcli.estimator.prototypes import Group, choose, levels
from hopcli.experiments.preparation import hashes
from hopcli.experiments.stock import read_thresholds
from hopcli.grids.grid import read_grid
from hopcli.grids.planning import Impossible, impossible
from hopcli.grids.state import State
from hopcli.patterns import images_as_patterns
from hopcli.plots.captions import cut_labels
from hopcli.report.commands import command_of_run
from hopcli.report.files import write
from hopcli.report.page import drawing
from hopcli.report.sections import sheet
from hopcli.statistics.comparisons import mean_difference
from hopcli.statistics.means import clustered_mean_sem, replicate_interval
from hopcli.statistics.rates import draws_interval, exact_interval, thermal_interval
from hopcli.study import AUTHORS_RECALL
from hopcli.tables import Column, Columns, Table, ends_of

Z95 = statistics.Z95


# --- claims


def test_a_resolution_of_just_the_margin_is_fine_enough() -> None:
    claim = Claim(id="a", text="", place="", published=1, test="equal", conditions=(), margin=1.0)
    for resolution, state in ((1.0, "agrees"), (1.001, "coarse")):
        (found,) = answers([claim], [""], [Evidence(None, 0.5, True, 0.0, resolution)], 0.05)
        assert found.state == state


def test_a_bayes_factor_of_just_e_cubed_tells_nothing_apart() -> None:
    found = [verdict("agrees", "agrees", ln_bayes) for ln_bayes in (3.0, -3.0, 3.001, -3.001)]
    assert found == [VERDICTS[1], VERDICTS[1], VERDICTS[0], VERDICTS[0]]


@pytest.mark.parametrize(("value", "p"), [(3, 0.2), (0, 0.2), (2, 0.4), (1, 1.0)])
def test_p_of_nine_studies_counts_ties_and_the_printed_one(value: float, p: float) -> None:
    one, draws = np.ones(1), np.array([[1.0]] * 8 + [[2.0]])
    made = Prediction(one, one, one, one, draws, 0 * draws, one, None, 1.0, 10)
    assert compare(Printed(("",), np.array([float(value)]), None), made).p == pytest.approx([p])


def test_a_label_that_ties_is_neither_best_nor_worst() -> None:
    columns = {"repeat": [0, 0, 1, 1, 2, 2], "label": [*"ababab"], "x": [1, 1, 2, 1, 0, 1]}
    table = pd.DataFrame(columns)
    for name in ("how_often_best", "how_often_worst"):
        chosen = (table["label"] == "a").to_numpy()
        found = FUNCTIONS[name](Rows(None, Columns.of_frame(table), chosen, "x", None))
        assert found.value == pytest.approx(1 / 3)


def test_the_ratio_of_variances_has_the_freedom_of_both_sides() -> None:
    labels = [*"36104"]
    rng = np.random.default_rng(1)
    rows = [(k, label, rng.random()) for k in range(4) for label in labels]
    table = pd.DataFrame(rows, columns=["repeat", "label", "x"])
    work = FUNCTIONS["variance_ratio"]
    every = np.ones(len(table), bool)
    found = work(Rows(None, Columns.of_frame(table), every, "x", None), AUTHORS_RECALL)
    freedom = 9 * len(labels), 3 * len(labels)
    assert found.value / found.low == pytest.approx(stats.f.ppf(0.975, *freedom))
    assert found.value / found.high == pytest.approx(stats.f.ppf(0.025, *freedom))


def test_errors_of_two_labels_move_their_spread_by_half_of_each() -> None:
    """SD of 0 and 1 is half their distance, so its error is half of sqrt(2) times theirs."""
    ends = {"x_ci_low": [-Z95 / 10, 1 - Z95 / 10], "x_ci_high": [Z95 / 10, 1 + Z95 / 10]}
    declared = Table("t", (Column("label", "text"), *ends_of("x", "ci")))
    table = declared.of({"label": np.array(["a", "b"]), "x": [0.0, 1.0], **ends})
    found = FUNCTIONS["spread"](Rows(None, table, np.ones(2, bool), "x", None))
    assert found.value == pytest.approx(0.5)
    assert found.error == pytest.approx(0.1 / np.sqrt(2))


# --- statistics


def test_three_groups_of_one_have_the_error_of_a_mean() -> None:
    _, sem = clustered_mean_sem([1, 2, 3], np.arange(3))
    assert float(sem) == pytest.approx(1 / np.sqrt(3))


def test_percentiles_of_five_units_are_further_out() -> None:
    low, high = replicate_interval(np.linspace(0, 1, 100_001), 5)
    tail = stats.norm.cdf(np.sqrt(5 / 4) * stats.t.ppf(0.025, 4))
    assert (low, high) == pytest.approx((tail, 1 - tail), abs=2e-5)


def test_four_equal_differences_are_two_sided_signs() -> None:
    assert mean_difference([0.1] * 4, units=10)[3] == 0.125


def test_groups_that_agree_allow_for_one_trial() -> None:
    """Of 20 trials at a rate of 1/2: 0.25 x 20^2 independent ones, had one gone otherwise."""
    assert thermal_interval([10, 0], [10, 10]) == pytest.approx(exact_interval(50, 100))


def test_three_draws_have_the_t_of_two_degrees() -> None:
    fewer = Z95 / stats.t.ppf(0.975, 2)
    n = 0.9 * 0.1 / (0.01 / 3) * fewer**2
    assert draws_interval([0.8, 0.9, 1.0], 20) == pytest.approx(exact_interval(0.9 * n, n))


# --- grids


def test_a_failed_cell_is_not_missing() -> None:
    standings: Any = {"a": SimpleNamespace(error=None), "b": SimpleNamespace(error="no")}
    state = State(None, {0: "a", 1: "b", 2: "c"}, standings)  # type: ignore[arg-type]
    assert state.counts == {"cells": 3, "finished": 1, "failed": 1, "missing": 1}


# --- report


def test_a_sheet_shows_fifty_rows_and_counts_the_others() -> None:
    made = sheet("t", Columns(["x"], [np.array([True, False] * 26 + [True])]))
    assert (made.n_rows, len(made.rows), made.n_left_out) == (53, 50, 3)
    assert made.rows[:2] == (("yes",), ("no",))


def test_an_empty_file_is_a_place_for_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").touch()
    write("page", tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "page"


def test_the_flag_of_what_is_switched_on_is_given() -> None:
    config = RecallConfig(dynamics="async", order="permutation", until_stable=True)
    words = str(command_of_run(CATALOGUE["recall"], config.changes())).split()
    assert "--until-stable" in words


def test_a_picture_is_96_pixels_an_inch() -> None:
    plan = experiments.plan(SelectConfig(dataset="drawings"))
    result = plan.run(CATALOGUE["select"].execution(), experiments.no_progress)
    figure = CATALOGUE["select"].figures(plan.config, result, "paper")["patterns"]
    assert drawing(figure, "p").width == pytest.approx(96 * figure.get_figwidth(), abs=1)


# --- estimator


@pytest.mark.parametrize(
    ("m", "scores"),
    [
        # One repeat: a share of 1, and a quarter of the overlap with the nearest of a class.
        ([[0.9, 0.1, 0.6]], [1 + 0.9 / 4, 0.6 / 4]),
        ([[0.9, -0.5, 0.1]], [1 + 0.9 / 4, 0.1 / 4]),
        # Two repeats: the nearest in each, of both the mean, and an eighth of it.
        ([[0.9, -0.5, 0.1], [-0.3, 0.2, 0.6]], [0.5 + 0.55 / 8, 0.5 + 0.35 / 8]),
    ],
)
def test_a_class_scores_by_its_nearest_prototype(m: list[list[float]], scores: list[float]) -> None:
    ballot = Ballot(np.array([m]), np.array([0, 0, 1]), 2, signed=True)
    np.testing.assert_allclose(ballot.scores, [scores], atol=1e-12)


@pytest.mark.parametrize(("lost", "warned"), [(0, 0), (1, 0), (2, 1)])
def test_one_lost_prototype_of_ten_is_no_matter(lost: int, warned: int) -> None:
    p = 10
    near = np.eye(p)[None].transpose(1, 0, 2).copy()
    near[:lost] = np.roll(near[:lost], 1, axis=2)
    codes = np.arange(p)
    ballot = Ballot(near, codes, p, signed=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warn_of_lost(ballot, codes, [], lambda *_: ballot)
    assert len(said) == warned


def test_samples_of_two_minds_make_a_prototype_of_ink() -> None:
    xi, _ = choose([Group(np.array([[1, -1], [-1, -1]], np.int8), 0)], "majority")
    assert xi.tolist() == [[1, -1]]


def test_a_level_at_the_larger_of_two_values_is_between_them() -> None:
    assert levels(np.array([[0.0], [5.0]]), 5.0).tolist() == [2.5]


# --- api


def test_ten_names_are_all_named_and_eleven_are_not() -> None:
    for n, dots in ((10, False), (11, True)):
        xi = np.where(np.eye(n, 16) > 0, 1, -1)
        memory = hopcli.store({f"n{k}": row.reshape(4, 4) for k, row in enumerate(xi)}, "hebbian")
        assert ("..." in repr(memory)) == dots
        assert "n9" in repr(memory)


def test_the_most_frequent_outcome_is_named_first_and_traces_are_counted() -> None:
    pattern = np.array([[1, 1, 1], [0, 0, 0]])
    memory = hopcli.store({"a": pattern}, "hebbian")
    states = [pattern, 1 - pattern, pattern, pattern]
    end = memory.recall(states, dynamics="async", temperature=0)
    names = dict(zip(*np.unique(end.outcome, return_counts=True), strict=True))
    assert sorted(names.values()) == [1, 3]
    few, many = sorted(names, key=lambda name: names[name])
    assert repr(end).index(f"{many} 3") < repr(end).index(f"{few} 1")
    assert end.trace(2)["trial"].nunique() == 2


# --- plots


def test_fifty_labels_are_all_drawn() -> None:
    assert cut_labels(50) == ""
    assert "50 of 51" in cut_labels(51)


# --- patterns and starts

IMAGES = Dataset("small", random_patterns(1, 4, 12), np.array([*"abac"]), (3, 4), 0, "0" * 64)
PATTERNS = images_as_patterns(IMAGES, np.array([0, 1, 2]))


def test_the_last_pattern_of_a_label_is_the_last() -> None:
    assert PATTERNS.labels == ("a", "b", "a")
    assert (PATTERNS.last("a"), PATTERNS.last("b")) == (2, 1)
    facts = Facts("small", (3, 4), ("a", "b", "a"), chosen=True)
    resolved = TemperatureScanConfig(source_indices=(0, 1, 2)).resolve(facts)
    assert (resolved.digits, resolved.target) == (("a", "b"), "a")


def test_hashes_depend_on_samples_and_thresholds(tmp_path: Path) -> None:
    """The images that patterns were selected from are not tested."""
    others = replace(PATTERNS, sample_index=np.array([0, 1, 2, 3]))
    assert others.sha256 != PATTERNS.sha256
    assert replace(others, sample_index=PATTERNS.sample_index).sha256 == PATTERNS.sha256
    found = []
    for name, last in (("one", 0.5), ("other", 0.6), ("copy", 0.5)):
        (tmp_path / name).write_text(f"{'0 ' * 11}{last}")
        found.append(hashes(IMAGES, PATTERNS, read_thresholds(str(tmp_path / name), 12)))
    assert found[0] != found[1]
    assert found[0] == found[2]


# --- what is left out of a list is counted


@pytest.mark.parametrize(("listed", "more"), [(3, ["2 more"]), (5, [])])
def test_cells_and_files_that_are_not_named_are_counted(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch, listed: int, more: list[str]
) -> None:
    grid = 'command = "recall"\nfigures = false\ntests = 2\nrepeats = 1\n[grid]\nseed = "1:5:1"\n'
    Path("five.toml").write_text(grid, encoding="utf-8")
    monkeypatch.setattr("hopcli.cli.grid.running._LISTED", listed)
    monkeypatch.setattr("hopcli.cli.grid.running._SHOWN", listed)
    for flags in (["--dry-run"], []):
        assert re.findall(r"\d+ more", run_hopcli("grid", "run", "five.toml", *flags).out) == more


@pytest.mark.parametrize(("n_left", "more"), [(0, []), (1, ["1 more"]), (2, ["2 more"])])
def test_folders_and_cells_not_named_are_counted(n_left: int, more: list[str]) -> None:
    grid = read_grid({"command": "recall", "grid": {"seed": "1:9:1"}})
    cells = [Impossible(point, ResultError("no")) for point in list(grid.points())[: 4 + n_left]]
    for text, named in (
        (endings._listed([Path(f"f{k}") for k in range(3 + n_left)]), [*"012"]),
        (str(impossible(grid, cells)), [*"1234"]),
    ):
        assert re.findall(r"(?:f|seed=)(\d)", text) == named
        assert re.findall(r"\d+ more", text) == more
