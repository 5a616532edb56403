"""``hopcli compare``: several classifiers on the same images, and several selectors."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
import pytest
from conftest import experiment
from numpy.typing import NDArray
from scipy import stats

from hopcli.config import CompareConfig, Facts
from hopcli.datasets import Dataset, load_dataset
from hopcli.experiments import compare as tables
from hopcli.experiments.compare import plan
from hopcli.experiments.contests import Contest, draw_contests
from hopcli.experiments.stock import Stock
from hopcli.statistics import exact_interval
from hopcli.statistics.comparisons import paired_interval
from hopcli.streams import Streams, seed_word

FEW: dict[str, Any] = {"training": 20, "selector_samples": (2,), "selections": 2}
FEW |= {"selector_tests": 2, "candidates": 1, "tuning": 1}
"""Hardly any selectors."""

DIGITS: dict[str, Any] = {"dataset": "digits", "split": "train", "digits": ("1", "4", "7")}
DIGITS |= {"tests": 30, "training": 40, "selector_samples": (3, 8), "selections": 3}
DIGITS |= {"selector_tests": 15, "candidates": 4, "tuning": 6}
NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:e-\d+)?"


@pytest.fixture(scope="module")
def study() -> Any:
    """The study's patterns, on all of MNIST's test images of their labels."""
    return experiment("compare", **FEW)


@pytest.fixture(scope="module")
def digits() -> Any:
    """Small digits from one set, which has no part for tests."""
    return experiment("compare", **DIGITS)


def _counts(result: Any, classifier: str) -> dict[str, int]:
    own = result.tables["classifiers"].query("classifier == @classifier")
    return dict(zip(own["label"], own["correct"], strict=True))


def _rights(result: Any) -> dict[str, NDArray[np.bool_]]:
    """Return the images that each classifier gets right."""
    names = dict.fromkeys(result.tables["classifiers"]["classifier"])
    return dict(zip(names, result.arrays["compare"]["right"], strict=True))


# --- classifiers ---------------------------------------------------------------------------


def _recalled(**settings: Any) -> dict[str, int]:
    every = {"split": "test", "select_split": "train", "tests": "all", "repeats": 1}
    table = experiment("recall", **every, **settings).tables["accuracy"]
    return dict(zip(table["label"], table["recalled"], strict=True))


def test_the_trials_are_those_of_a_recall(study: Any) -> None:
    found = _counts(study, "recalled")
    assert found == _recalled()
    assert list(found) == ["3", "6", "1", "0", "4", "overall"]
    sizes = study.tables["classifiers"]["n"][:6].tolist()
    assert sizes == [1010, 958, 1135, 980, 982, 5065]
    rates = [100 * k / n for k, n in zip(found.values(), sizes, strict=True)][:5]
    assert np.mean(rates) == pytest.approx(83.6, abs=0.05)
    cold = {"dynamics": "async", "order": "permutation", "until_stable": True, "sweeps": 10_000}
    assert _counts(study, "recalled-t0") == _recalled(**cold)


def test_who_is_right_is_what_the_patterns_say(study: Any) -> None:
    """Without any dynamics, from the images alone, written another way."""
    arrays, xi = study.arrays["compare"], study.patterns.xi.astype(np.int64)
    spins = load_dataset("mnist", split="test").spins[arrays["source_index"]].astype(np.int64)
    labels = np.array(study.patterns.labels)
    products = spins @ xi.T
    nearest = labels[np.abs(products).argmax(axis=1)] == arrays["label"]
    coefficients = np.linalg.solve(xi @ xi.T, products.T).T
    largest = labels[np.abs(coefficients).argmax(axis=1)] == arrays["label"]
    right = _rights(study)
    assert np.array_equal(right["overlap"], nearest)
    assert np.array_equal(right["coefficients"], largest)
    assert nearest.sum() != largest.sum()
    assert nearest.mean() == pytest.approx(0.864, abs=0.001)
    for name, correct in right.items():
        assert _counts(study, name)["overall"] == correct.sum()


def test_logistic_regression_beats_any_pattern_and_more_images_teach_more(study: Any) -> None:
    overall = tables.overall_rows(study.columns["classifiers"]).frame()
    overall = overall.set_index("classifier")
    assert overall["trained_on"].tolist() == [199] * 6 + [100, 100]  # one was drawn twice
    low = overall.loc[["logistic", "logistic-samples"], "ci_low"]
    assert low.min() > overall["ci_high"][:6].max()
    more = experiment("compare", **FEW | {"training": 10**5}, tests=900, digits=("4", "9"))
    assert more.tables["classifiers"]["trained_on"].iloc[-1] == 5842 + 5949  # all there are
    samples, many = (_counts(more, name)["overall"] for name in ("logistic-samples", "logistic"))
    assert many - samples > 0.03 * 1800


def test_images_that_are_named_are_not_trained_on() -> None:
    """All images except the samples are classified: only the samples remain for training."""
    result = experiment("compare", **DIGITS | {"tests": "all", "training": 1000})
    samples, labels = result.patterns.sample_index, _small_digits().labels
    trained_on = result.tables["classifiers"].set_index("classifier")["trained_on"]
    assert trained_on["logistic"].iloc[0] == len({i for i in samples if labels[i] in "147"})
    assert set(result.arrays["compare"]["source_index"]).isdisjoint(samples)


# --- pairs ---------------------------------------------------------------------------------


def test_pairs_are_counted_image_by_image(digits: Any) -> None:
    right, pairs = _rights(digits), digits.tables["pairs"]
    assert pairs["other"].tolist() == list(right)[1:]
    own = right["dynamics"]
    assert set(pairs["classifier"]) == {"dynamics"}
    for row, other in zip(pairs.to_dict("records"), list(right.values())[1:], strict=True):
        only = int((own & ~other).sum()), int((other & ~own).sum())
        assert (row["classifier_only"], row["other_only"]) == only
        assert row["difference"] == pytest.approx(own.mean() - other.mean())
        assert row["difference_ci_low"] <= row["difference"] <= row["difference_ci_high"]
        if sum(only):
            assert row["p"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
    assert (pairs["p_holm"] >= pairs["p"]).all()
    p, p_holm = min(pairs[["p", "p_holm"]].to_numpy().tolist())
    assert p_holm == pytest.approx(min(1, 7 * p))
    for row in digits.tables["classifiers"].to_dict("records"):
        assert row["accuracy"] == row["correct"] / row["n"]
        assert (row["ci_low"], row["ci_high"]) == exact_interval(row["correct"], row["n"])


@pytest.mark.parametrize(("own", "other"), [(60, 10), (10, 60), (12, 8), (8, 12), (30, 30), (0, 0)])
def test_the_finding_has_the_numbers_of_the_tables_in_order(own: int, other: int) -> None:
    """Rates, difference and interval; of a loss the interval is that of the loss, turned round."""
    right = {"dynamics": np.ones(1000, bool), "overlap": np.ones(1000, bool)}
    right["dynamics"][:other] = False
    right["overlap"][other : other + own] = False
    classifiers = tables.classifiers_table(right, np.repeat("7", 1000), dict.fromkeys(right, 3))
    pairs = tables.pairs_table(right)
    found = tables.classifiers_finding(classifiers, pairs, "0.2", "test images")
    low, high = (100 * bound for bound in paired_interval(own, other, 1000))
    expected = [0.2, 100 - other / 10, 1000, 100 - own / 10]
    if low > 0 or high < 0:
        expected.append(abs(own - other) / 10)
    expected += [95, *((-high, -low) if high < 0 else (low, high)), float(pairs["p"][0])]
    numbers = [float(number.replace(",", "")) for number in re.findall(NUMBER, found)]
    assert len(numbers) == len(expected)
    assert numbers[:-1] == pytest.approx(expected[:-1], abs=0.051)
    assert numbers[-1] == pytest.approx(expected[-1], rel=0.1, abs=0.001)
    assert [word in found for word in (" add ", " cost ")] == [low > 0, high < 0]


# --- selectors -----------------------------------------------------------------------------


@functools.cache
def _small_digits() -> Dataset:
    return load_dataset("digits")


def _contests(**settings: Any) -> tuple[Any, list[Contest]]:
    """The contests of a run."""
    config, stock = CompareConfig.from_values({**DIGITS, **settings}), Stock()
    resolved: Any = plan(config, stock).config
    dataset, source = stock.load(config), stock.source(config)
    streams = Streams(config.seed)
    _, *seeds = streams.patterns.spawn(1 + resolved.selections)
    recall = resolved.recall().resolve(Facts(source.name, source.shape, source.label_names))
    return resolved, draw_contests(resolved, recall, dataset, source, seeds, streams)


def test_no_image_of_a_test_has_been_seen() -> None:
    config, contests = _contests()
    labels = _small_digits().labels
    assert [contest.samples.shape[1] for contest in contests] == [3, 8] * 3
    for contest in contests:
        tested = set(contest.tests.bank(np.arange(len(contest.tests))).source_index.tolist())
        samples, tuning = set(contest.samples.ravel().tolist()), set(contest.tuning)
        assert (len(tested), len(tuning)) == (3 * 15, 3 * 6)
        assert not samples & tuning
        assert not tested & (samples | tuning)
        assert set(labels[list(tested)]) == set(labels[list(tuning)]) == set(config.digits)
        assert [set(labels[own]) for own in contest.samples] == [{str(k)} for k in range(10)]
    # Each selection has samples, noise and picks of its own.
    assert len({contest.samples.tobytes() for contest in contests}) == 6
    noise = [seed_word(contest.streams.chains) for contest in contests]
    assert len({seed_word(Streams(config.seed).chains), *noise}) == 4
    picked = [each.choose("random", lambda _: 0.0) for each in contests[1::2]]
    assert len({places.tobytes() for places in picked}) == 3


def test_selectors_choose_what_they_say() -> None:
    draw = _contests(samples=8, candidates=4)[1][1]
    spins = _small_digits().spins[draw.samples].astype(np.int64)
    n_labels, n_samples, n_sites = spins.shape
    flat = spins.reshape(-1, n_sites)
    squares = ((flat @ flat.T) ** 2).reshape(n_labels, n_samples, n_labels, n_samples)
    tried: list[list[int]] = []

    def recall(places: NDArray[np.int64]) -> float:
        tried.append(places.tolist())
        return float(len(tried) == 3)

    def chosen(name: str) -> Any:
        return draw.choose(name, recall).tolist()

    for label, place in enumerate(chosen("overlap-loss")):
        own = squares[label, :, label].sum(axis=1)
        loss = squares[label].sum(axis=(1, 2)) - own - n_samples * own
        assert loss[place] == loss.min()
    for label, place in enumerate(chosen("medoid")):
        assert np.argmax((spins[label] @ spins[label].T).sum(axis=1)) == place
    assert not tried  # the others do without
    best = chosen("best-of")
    assert (len(tried), best) == (4, tried[2])
    assert chosen("random") == tried[0]  # the first of many is the one at random
    assert len({tuple(places) for places in tried}) == 4


def test_patterns_of_a_selection_recall_what_they_recall_elsewhere() -> None:
    """Stored again, on the same images, with other noise."""
    settings = {**FEW, "selector_samples": (20,), "selector_tests": "all"}
    selections = experiment("compare", **settings, tests=1).tables["selections"]
    assert selections["n"].tolist() == [5065] * 8
    assert (selections["accuracy"] == selections["recalled"] / 5065).all()
    mnist = {"dataset": "mnist", "split": "test", "digits": None, "tests": 1}
    _config, contests = _contests(**mnist, **settings)
    contest = contests[0]
    own = selections[selections["selection"] == contest.number]
    recalled = dict(zip(own["selector"], own["recalled"].tolist(), strict=True))
    assert recalled["random"] == recalled["best-of"]  # of one candidate
    places = contest.choose("overlap-loss", lambda _: 0.0)
    chosen = contest.patterns(places).source_index.tolist()
    again = _recalled(source_indices=chosen, seed=5)["overall"]
    # The share of images that thermal noise decides is about 2 %, its SD 0.2 %.
    assert recalled["overlap-loss"] == pytest.approx(again, abs=0.01 * 5065)


def test_selectors_are_averaged_and_compared_over_the_same_selections(digits: Any) -> None:
    selections, table = digits.tables["selections"], digits.tables["selectors"]
    assert len(selections) == 2 * 3 * 4
    p_values = []
    for row in table.to_dict("records"):
        own = selections[selections["samples"] == row["samples"]]
        rates = {name: each["accuracy"].to_numpy() for name, each in own.groupby("selector")}
        mine, usual = rates[row["selector"]], rates["overlap-loss"]
        assert row["selections"] == len(mine) == 3
        assert row["accuracy"] == pytest.approx(mine.mean())
        assert row["accuracy_sem"] == pytest.approx(mine.std(ddof=1) / np.sqrt(3))
        assert row["accuracy_ci_low"] < row["accuracy"] < row["accuracy_ci_high"]
        if row["selector"] == "overlap-loss":
            assert np.isnan([row["difference"], row["p"], row["p_holm"]]).all()
            continue
        assert row["difference"] == pytest.approx((mine - usual).mean())
        p_values.append((row["p"], row["p_holm"]))
        if np.ptp(mine - usual) > 0:
            expected = stats.ttest_rel(mine, usual)
            bounds = (row["difference_ci_low"], row["difference_ci_high"])
            assert row["p"] == pytest.approx(expected.pvalue)
            assert bounds == pytest.approx(tuple(expected.confidence_interval()))
    smallest, adjusted = min(p_values)
    assert adjusted == pytest.approx(min(1, 6 * smallest))


def test_the_finding_on_selectors_is_of_the_nearest_number_of_samples() -> None:
    rows = [
        (m, name, 1 + k, 100, 50, 0.5 + 0.1 * (name == "medoid") + 0.01 * k * (name == "medoid"))
        for m in (5, 30)
        for k in range(3)
        for name in ("overlap-loss", "medoid")
    ]
    found = tables.selectors_finding(tables.selectors_table(tables.SELECTIONS.rows(rows)), 20)
    numbers = re.findall(r"[+-]?\d+\.?\d*", found)
    places = [numbers.index(number) for number in ("30", "50.0", "+11.0", "8.5", "13.5", "0.0055")]
    assert places == sorted(places)
