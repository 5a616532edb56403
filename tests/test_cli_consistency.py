"""``hopcli consistency``: squared overlaps by definition, and the study's question."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import experiment, few_and_many
from numpy.typing import NDArray
from scipy import stats

from hopcli import experiments
from hopcli.config import ConsistencyConfig, RecallConfig, RecallExecution
from hopcli.datasets import Dataset, load_dataset
from hopcli.errors import SettingError
from hopcli.experiments import consistency
from hopcli.experiments.consistency import shape_table
from hopcli.experiments.stock import Stock
from hopcli.patterns import overlap_loss

MEASURES = ("within", "between", "contrast", "loss", "loss_per_pair")


def _dataset(spins: list[NDArray[Any]], sizes: tuple[int, ...]) -> Dataset:
    labels = np.repeat([f"{k}" for k in range(len(sizes))], sizes)
    images = np.concatenate(spins).astype(np.int8)
    return Dataset("made", images, labels, (1, images.shape[1]), 0, "")


def _random(rng: np.random.Generator, sizes: tuple[int, ...], n_sites: int = 40) -> Dataset:
    """Images of labels with a shape of their own, which they have more or less of."""
    spins = []
    for k, size in enumerate(sizes):
        shape = rng.choice(np.array([-1, 1], np.int8), n_sites)
        noise = rng.uniform(size=(size, 1)) * 0.5 * (k + 1) / len(sizes)
        spins.append(np.where(rng.uniform(size=(size, n_sites)) < noise, -shape, shape))
    return _dataset(spins, sizes)


def _by_definition(dataset: Dataset, samples: int) -> dict[str, NDArray[np.float64]]:
    """Every pair, one by one."""
    n_sites, names = dataset.n_sites, dataset.label_names
    m2 = (dataset.spins.astype(float) @ dataset.spins.T / n_sites) ** 2
    places = [np.flatnonzero(dataset.labels == name) for name in names]
    means = np.array([[m2[np.ix_(a, b)].mean() for b in places] for a in places])
    n, own = np.array([len(each) for each in places]), np.diag(means)
    within = (n * own - 1) / (n - 1)
    between = (means.sum(axis=1) - own) / (len(names) - 1)
    n_others = len(names) - 1
    loss = n_sites**2 * (n_others * samples * between - samples * (samples - 1) * within)
    per_pair = loss / (n_others * samples * n_sites**2)
    return dict(zip(MEASURES, (within, between, within - between, loss, per_pair), strict=True))


def _standard_errors(dataset: Dataset) -> dict[str, list[float]]:
    """Of means over images of one label, which meet each other, or those of all other labels."""
    m2 = (dataset.spins.astype(float) @ dataset.spins.T / dataset.n_sites) ** 2
    places = [np.flatnonzero(dataset.labels == name) for name in dataset.label_names]
    errors: dict[str, list[float]] = {"within": [], "between": []}
    for a in places:
        meets = (m2[np.ix_(a, a)].sum(axis=1) - 1) / (len(a) - 1)
        errors["within"].append(2 * stats.sem(meets))
        others = [b for b in places if b is not a]
        means = [np.mean([m2[np.ix_(a, b)].mean(axis=1) for b in others], axis=0)]
        means += [m2[np.ix_(b, a)].mean(axis=1) / len(others) for b in others]
        errors["between"].append(float(np.linalg.norm([stats.sem(each) for each in means])))
    return errors


def test_measures_are_those_of_every_pair_one_by_one() -> None:
    dataset = _random(np.random.default_rng(1), (7, 12, 30, 5))
    found = shape_table(dataset, dataset.label_names, 20)
    for name, expected in _by_definition(dataset, 20).items():
        assert found[name] == pytest.approx(expected, rel=1e-12)
    assert found["n"].tolist() == [7, 12, 30, 5]
    for name, errors in _standard_errors(dataset).items():
        assert found[f"{name}_sem"] == pytest.approx(errors, rel=1e-9)
    for name, sign in (("within", -1), ("contrast", -1), ("loss", 1)):
        assert found[f"{name}_rank"].tolist() == stats.rankdata(sign * found[name]).tolist()


def test_the_loss_of_all_images_is_that_of_eq_5() -> None:
    """With the terms that `hopcli select` has."""
    dataset = _random(np.random.default_rng(2), (6, 6, 6, 6))
    loss = overlap_loss(dataset.spins.reshape(4, 6, 40)).loss.mean(axis=1)
    assert shape_table(dataset, dataset.label_names, 6)["loss"] == pytest.approx(loss)


@few_and_many("draws", 100, 250)
@pytest.mark.parametrize("sizes", [(100, 150, 120, 80)])
def test_standard_errors_are_those_of_other_images(sizes: tuple[int, ...], draws: int) -> None:
    """Images drawn anew from the same law: the spread of a measure is what it says."""
    tables = []
    for draw in range(draws):
        shape_rng, rng = np.random.default_rng(3), np.random.default_rng([4, draw])
        spins = []
        for size, flip in zip(sizes, (0.05, 0.15, 0.25, 0.3), strict=True):
            noise = flip * rng.uniform(0, 2, (size, 1))
            shape = shape_rng.choice([-1, 1], 40)
            spins.append(np.where(rng.uniform(size=(size, 40)) < noise, -shape, shape))
        dataset = _dataset(spins, sizes)
        tables.append(shape_table(dataset, dataset.label_names, 5))
    for name in MEASURES:
        values = np.array([each[name] for each in tables])
        errors = np.array([each[f"{name}_sem"] for each in tables])
        ratio = np.sqrt((errors**2).mean(axis=0)) / values.std(axis=0)
        assert ratio == pytest.approx(1, abs=2 / np.sqrt(draws))
        # The true value is in mean +- 1.96 standard errors about as often as it should be.
        covered = (np.abs(values - values.mean(axis=0)) < 1.96 * errors).mean()
        assert abs(covered - 0.95) < 3 * np.sqrt(0.05 * 0.95 / draws)  # labels depend on each other


def test_errors_from_some_images_are_those_from_all(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = _random(np.random.default_rng(5), (900, 700, 800, 600))
    every = shape_table(dataset, dataset.label_names, 20)
    monkeypatch.setattr(consistency, "_FOR_ERRORS", 300)
    some = shape_table(dataset, dataset.label_names, 20)
    for name in every.names[1:]:
        margin = 0.15 if name.endswith("_sem") else 0
        assert some[name] == pytest.approx(every[name], rel=margin)


@pytest.fixture(scope="module")
def few() -> Any:
    return experiment("consistency", selections=12, tests=20, split="test")


def test_mnist_by_every_pair_of_some_images(few: Any) -> None:
    """The most consistent digit is "1"; "4" is in the middle, "2" and "5" are last."""
    found = few.tables["consistency"].set_index("label")
    dataset = load_dataset("mnist", split="test")
    own = dataset.spins[dataset.indices_of("4")].astype(float)
    n, squares = len(own), np.sum((own @ own.T / 784) ** 2)
    assert found.loc["4", "within"] == pytest.approx((squares - n) / (n * (n - 1)), rel=1e-12)
    assert found["n"].sum() == 10_000
    for measure in ("within", "contrast", "loss"):
        ranks = found[f"{measure}_rank"]
        assert sorted(ranks) == [*range(1, 11)]
        assert ranks["1"] == 1
        assert 4 <= ranks["4"] <= 7
        assert {ranks["2"], ranks["5"]} == {9, 10}


def test_tables_follow_from_the_selections(few: Any) -> None:
    selections = few.tables["selections"]
    assert len(selections) == 2 * 12 * 10
    assert selections["accuracy"].mul(20).round(9).mod(1).eq(0).all(), "of 20 tests each"
    shapes_of = few.tables["consistency"].set_index("label")
    recall = few.tables["recall"].set_index(["stored", "label"])
    found = few.tables["correlation"].set_index(["stored", "measure"])
    for stored in ("all", "half"):
        by_label = selections[selections["stored"] == stored].groupby("label")["accuracy"]
        own = recall.loc[stored]
        assert own["accuracy"].to_numpy() == pytest.approx(by_label.mean().to_numpy())
        assert own["accuracy_sd"].to_numpy() == pytest.approx(by_label.std().to_numpy())
        for measure in consistency.MEASURES:
            expected = stats.spearmanr(shapes_of[measure], by_label.mean()).statistic
            row = found.loc[(stored, measure)]
            assert row["spearman"] == pytest.approx(expected)
            assert row["spearman_ci_low"] <= row["spearman"] <= row["spearman_ci_high"]


@few_and_many("n", 8, 20)
def test_accuracies_are_those_of_hopcli_recall(n: int) -> None:
    """Five labels, stored all at once, and the same recall by another command."""
    config = ConsistencyConfig(digits=("3", "6", "1", "0", "4"), selections=2 * n, split="test")
    ours = experiments.run(config).tables["recall"].iloc[:5]
    assert (ours["stored"] == "all").all()
    stock, rates = Stock(), []
    for seed in range(n):
        same = RecallConfig(tests=50, repeats=1, split="test", selection_seed=seed)
        run = experiments.plan(same, stock).run(RecallExecution(), experiments.no_progress)
        rates.append(run.tables["accuracy"]["accuracy"].iloc[:5])
    error = np.hypot(np.std(rates, axis=0, ddof=1) / np.sqrt(n), ours["accuracy_sem"].to_numpy())
    # Their patterns compete with those of ten digits: a part in a hundred, no more.
    gaps = np.abs(ours["accuracy"].to_numpy() - np.mean(rates, axis=0))
    assert np.all(gaps < 3.5 * error + 0.02)


def test_test_images_took_no_part_in_the_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    draw, seen = consistency._drawn, list[Any]()

    def watched(*given: Any) -> Any:
        seen.append(draw(*given))
        return seen[-1]

    monkeypatch.setattr(consistency, "_drawn", watched)
    experiment("consistency", dataset="digits", selections=5, tests=120, samples=40)
    for patterns, tests, halves in seen:
        assert not set(patterns.sample_index.tolist()) & set(tests.ravel().tolist())
        assert sorted(np.concatenate(halves)) == [*range(10)]
        assert [len(half) for half in halves] == [5, 5]
    assert len({tuple(halves[0]) for _, _, halves in seen}) > 1


def test_all_images_beside_the_samples_may_be_tested() -> None:
    fewest = min(len(load_dataset("digits").indices_of(f"{k}")) for k in range(10))
    settings = {"dataset": "digits", "samples": 40, "tests": fewest - 40}
    experiments.plan(ConsistencyConfig.from_values(settings))
    with pytest.raises(SettingError, match=rf"^tests .* {fewest - 40}\b"):
        experiments.plan(ConsistencyConfig.from_values(settings | {"tests": fewest - 39}))


def test_images_that_are_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consistency, "_MOST_NUMBERS", 10 * 63**2)
    with pytest.raises(SettingError, match=r"size .* 63 .* 10 "):
        experiments.plan(ConsistencyConfig(dataset="digits"))
