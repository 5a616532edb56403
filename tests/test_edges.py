"""Corrections for small numbers, ties and edges, each where it matters, against closed forms."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hopcli
from hopcli import experiments, statistics
from hopcli.catalogue import CATALOGUE
from hopcli.claims.claim import Claim
from hopcli.claims.functions import FUNCTIONS
from hopcli.claims.judging import VERDICTS, Evidence, answers, verdict
from hopcli.claims.published import Prediction, Printed, compare
from hopcli.claims.rows import Rows
from hopcli.config import Facts, RecallConfig, SelectConfig
from hopcli.data.study import authors_recall
from hopcli.estimator.binarising import levels
from hopcli.estimator.deciding import Ballot, warn_of_lost
from hopcli.estimator.prototypes import Group, choose
from hopcli.experiments.headline import Headline
from hopcli.grids.keys import Key
from hopcli.grids.over import average
from hopcli.grids.state import State
from hopcli.plots.arrangement import Coordinate
from hopcli.plots.captions import cut_labels
from hopcli.report.commands import command_of_run
from hopcli.report.drawings import drawing
from hopcli.report.files import write
from hopcli.report.sheets import sheet
from hopcli.statistics.autocorrelation import autocorrelation_time
from hopcli.statistics.clusters import clustered_mean_sem
from hopcli.statistics.components import Components
from hopcli.statistics.counts import nested_log_likelihood
from hopcli.statistics.paired import mean_difference
from hopcli.statistics.rates import draws_interval, exact_interval, thermal_interval
from hopcli.statistics.resampling import replicate_interval
from hopcli.statistics.unseen import chao1

if TYPE_CHECKING:
    from pathlib import Path

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
    table = pd.DataFrame(
        {"repeat": [0, 0, 1, 1, 2, 2], "label": list("abababab"[:6]), "x": [1, 1, 2, 1, 0, 1]}
    )
    for name in ("how_often_best", "how_often_worst"):
        found = FUNCTIONS[name](Rows(None, table, (table["label"] == "a").to_numpy(), "x", None))
        assert found.value == pytest.approx(1 / 3)


def test_the_ratio_of_variances_has_the_freedom_of_both_sides() -> None:
    labels = [*authors_recall().columns]
    rng = np.random.default_rng(1)
    rows = [(k, label, rng.random()) for k in range(4) for label in labels]
    table = pd.DataFrame(rows, columns=["repeat", "label", "x"])
    work = FUNCTIONS["variance_ratio"]
    found = work(Rows(None, table, np.ones(len(table), bool), "x", None))
    freedom = 9 * len(labels), 3 * len(labels)
    assert found.value / found.low == pytest.approx(stats.f.ppf(0.975, *freedom))
    assert found.value / found.high == pytest.approx(stats.f.ppf(0.025, *freedom))


def test_errors_of_two_labels_move_their_spread_by_half_of_each() -> None:
    """SD of 0 and 1 is half their distance, so its error is half of sqrt(2) times theirs."""
    ends = {"x_ci_low": [-Z95 / 10, 1 - Z95 / 10], "x_ci_high": [Z95 / 10, 1 + Z95 / 10]}
    table = pd.DataFrame({"label": ["a", "b"], "x": [0.0, 1.0], **ends})
    found = FUNCTIONS["spread"](Rows(None, table, np.ones(2, bool), "x", None))
    assert found.value == pytest.approx(0.5)
    assert found.error == pytest.approx(0.1 / np.sqrt(2))


# --- statistics


def test_the_least_window_is_four() -> None:
    found = autocorrelation_time(np.tile([1.0, -1.0], 10))
    assert found.window == 4


@pytest.mark.parametrize("steps", [29, 31, 32, 61, 63, 125])
def test_the_time_of_a_short_chain_is_that_of_direct_sums(steps: int) -> None:
    rng = np.random.default_rng(steps)
    chains = rng.normal(size=(2, steps)).cumsum(axis=1) * 0.3 + rng.normal(size=(2, steps))
    apart = chains - chains.mean(axis=1, keepdims=True)
    covariance = [np.mean(apart[:, : steps - lag] * apart[:, lag:]) for lag in range(steps)]
    sums = [covariance[0] + 2 * sum(covariance[1 : w + 1]) for w in range(steps)]
    window = next(w for w in range(1, steps) if w >= 4 * max(sums[w] / covariance[0], 1))
    lags = 2 * window + 1
    taken = sums[window] / max(steps - lags, steps / 2)
    tau = (sums[window] + lags * taken) / (covariance[0] + taken)
    found = autocorrelation_time(chains)
    assert found.window == window
    assert found.tau == pytest.approx(tau)
    assert found.sem == pytest.approx(tau * np.sqrt((4 * window + 2 - 2 * tau) / (2 * steps)))


def test_three_groups_of_one_have_the_error_of_a_mean() -> None:
    _, sem = clustered_mean_sem([1, 2, 3], np.arange(3))
    assert float(sem) == pytest.approx(1 / np.sqrt(3))


def test_percentiles_of_five_units_are_further_out() -> None:
    low, high = replicate_interval(np.linspace(0, 1, 100_001), 5)
    tail = stats.norm.cdf(np.sqrt(5 / 4) * stats.t.ppf(0.025, 4))
    assert (low, high) == pytest.approx((tail, 1 - tail), abs=2e-5)


def test_components_of_a_small_design_are_those_of_balanced_squares() -> None:
    found = Components.of([[[2, 2, 0]], [[1, 0, 0]]], 2)
    parts = (found.groups, found.units, found.trials)
    assert [part.variance for part in parts] == pytest.approx([1 / 18, 1 / 6, 1 / 12])


def test_bounds_of_a_variance_are_bonetts() -> None:
    rate = np.array([0.1, 0.2, 0.25, 0.3, 0.32, 0.4, 0.5, 0.55, 0.7, 0.9]) / 2
    found = Components(rate, 0 * rate, 0 * rate, 100, 10).groups
    n, variance = 10, rate.var(ddof=1)
    centre = np.mean(np.sort(rate)[2:-2])  # a share of 1 / (2 sqrt(n - 4)) at each end
    kurtosis = n * np.sum((rate - centre) ** 4) / np.sum((rate - rate.mean()) ** 2) ** 2
    c = n / (n - Z95)
    reach = Z95 * c * np.sqrt((kurtosis - (n - 3) / n) / (n - 1))
    expected = min(c * variance * np.exp(-reach), variance), min(c * variance * np.exp(reach), 0.25)
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.high < 0.25


def test_counts_with_a_shared_part_are_a_normal_vector() -> None:
    covariance = 4.0 + 3.0 * np.eye(3)
    expected = stats.multivariate_normal([2.0] * 3, covariance).logpdf([1.0, 3.5, 2.2])
    assert float(nested_log_likelihood([1.0, 3.5, 2.2], 2.0, 4.0, 3.0)) == pytest.approx(expected)


def test_four_equal_differences_are_two_sided_signs() -> None:
    assert mean_difference([0.1] * 4, units=10)[3] == 0.125


def test_groups_that_agree_allow_for_one_trial() -> None:
    """Of 20 trials at a rate of 1/2: 0.25 x 20^2 independent ones, had one gone otherwise."""
    assert thermal_interval([10, 0], [10, 10]) == pytest.approx(exact_interval(50, 100))


def test_three_draws_have_the_t_of_two_degrees() -> None:
    fewer = Z95 / stats.t.ppf(0.975, 2)
    n = 0.9 * 0.1 / (0.01 / 3) * fewer**2
    assert draws_interval([0.8, 0.9, 1.0], 20) == pytest.approx(exact_interval(0.9 * n, n))


def test_kinds_met_once_alone_come_in_pairs() -> None:
    assert chao1([1, 1, 1, 5])[0] == pytest.approx(4 + 7 / 8 * 3 * 2 / 2)


# --- grids


def test_a_key_of_one_value_stays_where_another_is_averaged_over() -> None:
    table = pd.DataFrame({"rule": ["a"], "seed": [1], "x": [2.0]})
    headline = Headline(table="t", value="x", says="x")
    found = average(table, [Key("rule"), Key("seed")], "seed", headline)
    assert list(found.columns)[:3] == ["rule", "n_seed", "x"]


def test_a_failed_cell_is_not_missing() -> None:
    standings: Any = {"a": SimpleNamespace(state="finished"), "b": SimpleNamespace(state="failed")}
    state = State(None, {0: "a", 1: "b", 2: "c"}, standings)  # type: ignore[arg-type]
    assert state.counts == {"cells": 3, "finished": 1, "failed": 1, "missing": 1}


# --- report


def test_a_sheet_shows_fifty_rows_and_counts_the_others() -> None:
    made = sheet("t", pd.DataFrame({"x": [True, False] * 26 + [True]}))
    assert (made.n_rows, len(made.rows), made.n_left_out) == (53, 50, 3)
    assert made.rows[:2] == (("yes",), ("no",))


def test_an_empty_file_is_a_place_for_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.html").touch()
    write("page", tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "page"


def test_the_flag_of_what_is_switched_on_is_given() -> None:
    config = RecallConfig(dynamics="async", order="permutation", until_stable=True)
    resolved = config.resolve(Facts("mnist:train", (28, 28), tuple("0123456789")))
    words = str(command_of_run(resolved, SimpleNamespace())).split()  # type: ignore[arg-type]
    assert "--until-stable" in words


def test_a_picture_is_96_pixels_an_inch() -> None:
    plan = experiments.plan(SelectConfig(dataset="drawings"))
    result = plan.run(CATALOGUE["select"].execution(), experiments.no_progress)
    figure = CATALOGUE["select"].figures(plan.config, result, "paper")["patterns"]
    assert drawing("a", figure, "p").width == pytest.approx(96 * figure.get_figwidth(), abs=1)


# --- estimator


def test_scores_are_votes_and_a_quarter_of_the_nearest_prototype() -> None:
    ballot = Ballot(np.array([[[0.9, 0.1, 0.6]]]), np.array([0, 0, 1]), 2, signed=True)
    assert ballot.scores == pytest.approx(np.array([[1.225, 0.15]]))


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


@pytest.mark.parametrize(("values", "is_log"), [((1, 1000), False), ((1, 30, 1000), True)])
def test_an_axis_of_two_values_is_linear(values: tuple[int, ...], is_log: bool) -> None:
    numbers = np.array(values, dtype=np.float64)
    assert Coordinate("a", "a", values, numbers, True).is_log is is_log
