"""``hopcli consistency``: squared overlaps by definition, and the study's question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hopcli import experiments
from hopcli.config import ConsistencyConfig, RecallConfig, RecallExecution, ThreadedExecution
from hopcli.datasets import Dataset, load_dataset
from hopcli.errors import SettingError
from hopcli.experiments import shapes
from hopcli.experiments.shapes import shape_table
from hopcli.experiments.stock import Stock
from hopcli.patterns import overlap_loss
from hopcli.results import load

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

    from hopcli.experiments.consistency import ConsistencyResult

DRAWN = {"a": "##.", "b": "#.#", "c": ".##", "d": "###"}
FEW = {"selections": 12, "tests": 20, "split": "test"}


def _dataset(spins: NDArray[np.int8], labels: NDArray[np.str_]) -> Dataset:
    return Dataset("made", spins, labels, (1, spins.shape[1]), 0, "")


def _random(rng: np.random.Generator, sizes: tuple[int, ...], n_sites: int = 40) -> Dataset:
    """Images of labels with a shape of their own, which they have more or less of."""
    spins = []
    for k, size in enumerate(sizes):
        shape = rng.choice(np.array([-1, 1], np.int8), n_sites)
        noise = rng.uniform(size=(size, 1)) * 0.5 * (k + 1) / len(sizes)
        spins.append(np.where(rng.uniform(size=(size, n_sites)) < noise, -shape, shape))
    labels = np.repeat([f"{k}" for k in range(len(sizes))], sizes)
    return _dataset(np.concatenate(spins).astype(np.int8), labels)


def _by_definition(dataset: Dataset, samples: int) -> dict[str, list[float]]:
    """Every pair, one by one."""
    n_sites = dataset.n_sites
    m2 = (dataset.spins.astype(float) @ dataset.spins.T / n_sites) ** 2
    found: dict[str, list[float]] = {"within": [], "between": []}
    names = dataset.label_names
    for label in names:
        own = dataset.labels == label
        pairs = m2[np.ix_(own, own)]
        found["within"].append((pairs.sum() - np.trace(pairs)) / (own.sum() * (own.sum() - 1)))
        others = [m2[np.ix_(own, dataset.labels == k)].mean() for k in names if k != label]
        found["between"].append(float(np.mean(others)))
    within, between = np.array(found["within"]), np.array(found["between"])
    n_others = len(names) - 1
    loss = n_sites**2 * (n_others * samples * between - samples * (samples - 1) * within)
    per_pair = loss / (n_others * samples * n_sites**2)
    return {
        **found,
        "contrast": (within - between).tolist(),
        "loss": loss.tolist(),
        "loss_per_pair": per_pair.tolist(),
    }


def test_measures_are_those_of_every_pair_one_by_one() -> None:
    dataset = _random(np.random.default_rng(1), (7, 12, 30, 5))
    table = shape_table(dataset, dataset.label_names, 20)
    for name, expected in _by_definition(dataset, 20).items():
        assert table[name].to_numpy() == pytest.approx(expected, rel=1e-12)
    assert table["n"].tolist() == [7, 12, 30, 5]
    for name, sign in (("within", -1), ("contrast", -1), ("loss", 1)):
        assert table[f"{name}_rank"].tolist() == stats.rankdata(sign * table[name]).tolist()


def test_the_loss_is_what_eq_5_is_on_average() -> None:
    """Of many draws of M samples of each label; with the terms that `hopcli select` has."""
    rng = np.random.default_rng(2)
    dataset = _random(rng, (60, 60, 60, 60))
    m, losses = 8, []
    for _ in range(400):
        rows = [rng.choice(dataset.indices_of(k), m, replace=False) for k in dataset.label_names]
        losses.append(overlap_loss(dataset.spins[np.array(rows)]).loss.mean(axis=1))
    table = shape_table(dataset, dataset.label_names, m)
    error = np.std(losses, axis=0) / np.sqrt(len(losses))
    assert np.all(np.abs(np.mean(losses, axis=0) - table["loss"]) < 4 * error)
    assert np.all(error < 0.02 * np.abs(table["loss"]).max())


@pytest.mark.parametrize("sizes", [(100, 150, 120, 80), (300, 60, 60, 60)])
def test_standard_errors_are_those_of_other_images(sizes: tuple[int, ...]) -> None:
    """Images drawn anew from the same law: the spread of a measure is what it says."""
    tables = []
    for draw in range(250):
        shape_rng, rng = np.random.default_rng(3), np.random.default_rng([4, draw])
        flips = [0.05, 0.15, 0.25, 0.3]
        spins = [
            np.where(
                rng.uniform(size=(size, 40)) < flip * rng.uniform(0, 2, (size, 1)), -shape, shape
            )
            for size, flip in zip(sizes, flips, strict=True)
            for shape in [shape_rng.choice([-1, 1], 40)]
        ]
        labels = np.repeat(["0", "1", "2", "3"], sizes)
        dataset = _dataset(np.concatenate(spins).astype(np.int8), labels)
        tables.append(shape_table(dataset, dataset.label_names, 5))
    for name in ("within", "between", "contrast", "loss", "loss_per_pair"):
        values = np.array([table[name] for table in tables])
        said = np.sqrt(np.mean([table[f"{name}_sem"] ** 2 for table in tables], axis=0))
        assert said / values.std(axis=0) == pytest.approx(1, abs=0.13)
        # The true value is in mean +- 1.96 standard errors about as often as it should be.
        true = values.mean(axis=0)
        errors = np.array([table[f"{name}_sem"] for table in tables])
        covered = (np.abs(values - true) < 1.96 * errors).mean()
        assert 0.93 < covered < 0.97


def test_errors_from_some_of_the_images_are_nearly_those_from_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = _random(np.random.default_rng(5), (900, 700, 800, 600))
    every = shape_table(dataset, dataset.label_names, 20)
    monkeypatch.setattr(shapes, "_FOR_ERRORS", 300)
    some = shape_table(dataset, dataset.label_names, 20)
    for name in every.columns:
        margin = 0.15 if name.endswith("_sem") else 0
        if name != "label":
            assert some[name].to_numpy() == pytest.approx(every[name].to_numpy(), rel=margin)


@pytest.fixture(scope="module")
def few() -> ConsistencyResult:
    result: ConsistencyResult = experiments.run(ConsistencyConfig.from_values(FEW))
    return result


def test_mnist_by_every_pair_of_some_images(few: ConsistencyResult) -> None:
    """The most consistent digit is "1"; "4" is in the middle, "2" and "5" are last."""
    table = few.tables["consistency"].set_index("label")
    dataset = load_dataset("mnist", split="test")
    own = dataset.spins[dataset.indices_of("4")].astype(float)
    m2 = (own @ own.T / 784) ** 2
    n = len(own)
    assert table.loc["4", "within"] == pytest.approx((m2.sum() - n) / (n * (n - 1)), rel=1e-12)
    assert table["n"].sum() == 10_000
    for measure in ("within", "contrast", "loss"):
        ranks = table[f"{measure}_rank"]
        assert sorted(ranks) == [*range(1, 11)]
        assert ranks["1"] == 1
        assert 4 <= ranks["4"] <= 7
        assert {ranks["2"], ranks["5"]} == {9, 10}


def test_what_is_recalled_best_is_most_alike(few: ConsistencyResult) -> None:
    recall = few.tables["recall"].pivot_table(index="label", columns="stored", values="accuracy")
    assert recall["all"].idxmax() == recall["half"].idxmax() == "1"
    assert (recall["half"] > recall["all"] - 0.05).all(), "five are easier than ten"
    assert recall["half"].mean() > recall["all"].mean() + 0.05
    table = few.tables["correlation"].set_index(["stored", "measure"])
    assert (table.loc[(slice(None), "contrast"), "spearman"] > 0.7).all()
    assert (table.loc[(slice(None), "contrast"), "p"] < 0.03).all()
    assert (table.loc[(slice(None), "loss"), "spearman"] < -0.5).all()


def test_tables_follow_from_the_selections(few: ConsistencyResult) -> None:
    selections = few.tables["selections"]
    assert len(selections) == 2 * 12 * 10
    assert selections["accuracy"].mul(20).round(9).mod(1).eq(0).all(), "of 20 tests each"
    shapes_of = few.tables["consistency"].set_index("label")
    recall = few.tables["recall"].set_index(["stored", "label"])
    found = few.tables["correlation"]
    for stored in ("all", "half"):
        by_label = selections[selections["stored"] == stored].groupby("label")["accuracy"]
        said = recall.loc[stored]
        assert said["accuracy"].to_numpy() == pytest.approx(by_label.mean().to_numpy())
        assert said["accuracy_sd"].to_numpy() == pytest.approx(by_label.std().to_numpy())
        for measure in shapes.MEASURES:
            expected = stats.spearmanr(shapes_of[measure], by_label.mean()).statistic
            row = found[(found["stored"] == stored) & (found["measure"] == measure)].iloc[0]
            assert row["spearman"] == pytest.approx(expected)
            assert row["spearman_ci_low"] <= row["spearman"] <= row["spearman_ci_high"]


def test_accuracies_are_those_of_hopcli_recall() -> None:
    """Five labels, stored all at once, and the same recall by another command."""
    config = ConsistencyConfig(digits=("3", "6", "1", "0", "4"), selections=40, split="test")
    ours = experiments.run(config).tables["recall"].iloc[:5]
    assert (ours["stored"] == "all").all()
    stock, same = Stock(), RecallConfig(tests=50, repeats=1, split="test")
    theirs = [
        experiments.plan(replace(same, selection_seed=seed), stock).run(
            RecallExecution(), experiments.no_progress
        )
        for seed in range(20)
    ]
    rates = np.array([found.tables["accuracy"]["accuracy"].iloc[:5] for found in theirs])
    error = np.hypot(rates.std(axis=0, ddof=1) / np.sqrt(20), ours["accuracy_sem"].to_numpy())
    # Their patterns compete with those of ten digits: a part in a hundred, no more.
    assert np.all(np.abs(ours["accuracy"].to_numpy() - rates.mean(axis=0)) < 3.5 * error + 0.02)


def test_test_images_took_no_part_in_the_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    from hopcli.experiments import consistency

    seen: list[Any] = []
    of = consistency._Drawn.of.__func__  # type: ignore[attr-defined]

    def watched(cls: Any, *arguments: Any) -> Any:
        seen.append(of(cls, *arguments))
        return seen[-1]

    monkeypatch.setattr(consistency._Drawn, "of", classmethod(watched))
    config = ConsistencyConfig(dataset="digits", selections=5, tests=120, samples=40)
    experiments.run(config)
    images = load_dataset("digits")
    for drawn in seen:
        used = {images.spins[k].tobytes() for k in drawn.patterns.sample_index}
        alike = sum(state.tobytes() in used for state in drawn.tests.reshape(-1, 64))
        assert alike < 0.02 * 1200, "but for images that are the same"
        assert sorted(np.concatenate(drawn.halves)) == [*range(10)]
        assert [len(half) for half in drawn.halves] == [5, 5]
    assert len({tuple(drawn.halves[0]) for drawn in seen}) > 1


def test_interrupted_or_not_and_with_any_threads_the_bytes_are_the_same(
    run_hopcli: RunHopcli,
) -> None:
    flags = ["--dataset", "digits", "--selections", "3", "--tests", "9", "--no-figures", "-q"]
    for threads, out in (("1", "one"), ("2", "two")):
        assert run_hopcli("consistency", *flags, "--threads", threads, "--out", out).code == 0
    for name in ("correlation", "consistency", "recall", "selections"):
        one, two = (Path(out, f"{name}.csv").read_bytes() for out in ("one", "two"))
        assert one == two
    config = load("one").config
    parts: dict[int, Any] = {}
    plan = experiments.plan(config)
    whole = plan.run(ThreadedExecution(), lambda *_: None, parts)
    told: list[tuple[int, int]] = []
    kept = {1: parts[1]}
    again = plan.run(ThreadedExecution(), lambda *step: told.append(step), kept)
    assert told == [(1, 2), (1, 2)]
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])


def test_a_single_selection_has_no_interval(run_hopcli: RunHopcli) -> None:
    flags = ["--dataset", "digits", "--selections", "1", "--tests", "5", "-q", "--out", "out"]
    assert run_hopcli("consistency", *flags).code == 0
    table = pd.read_csv("out/correlation.csv")
    assert table["spearman_ci_low"].isna().all()
    assert table["spearman"].notna().all()
    assert "consistency.png" in load("out").manifest["outputs"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--digits 1,2,3", "--digits 4"),
        ("--digits 1,2,3,x", "--digits"),
        ("--dataset drawings", "--digits 4 3"),
        ("--samples 1", "--samples 2 10000 1"),
        ("--dataset digits --tests 200", "--tests 158 '0'"),
        ("--selections 0", "--selections 1"),
        ("--criterion 0", "--criterion 0 1"),
        ("--temperature -1", "--temperature 0"),
        ("--dataset text:one.txt", "--digits"),
    ],
)
def test_refusals(run_hopcli: RunHopcli, flags: str, message: str) -> None:
    drawn = "\n".join(f"{name}:\n{row}\n" for name, row in DRAWN.items())
    Path("one.txt").write_text(drawn)
    said = run_hopcli("consistency", *flags.split(), "--out", "out").refused()
    for piece in message.split():
        assert piece in said
    assert not Path("out").exists()


def test_images_that_are_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "_MOST_NUMBERS", 10 * 63**2)
    with pytest.raises(SettingError, match="size must make at most 63 pixels with 10 labels, f"):
        experiments.plan(ConsistencyConfig(dataset="digits"))
