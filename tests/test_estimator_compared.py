"""The table of ``make classifiers`` is what the estimator does today."""

from __future__ import annotations

import classifiers
import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT

from hopcli.datasets import load_dataset
from hopcli.estimator import HopfieldClassifier
from hopcli.statistics import exact_interval

TABLE = pd.read_csv(classifiers.FOLDER / "classifiers.csv")


def test_every_row_is_of_held_out_images_with_its_interval() -> None:
    assert TABLE.groupby("dataset").tested.first().to_dict() == {"digits": 450, "mnist": 10_000}
    assert TABLE.groupby("dataset").method.nunique().to_dict() == {"digits": 6, "mnist": 6}
    np.testing.assert_allclose(TABLE.accuracy, TABLE.correct / TABLE.tested, atol=1e-6)
    for row in TABLE.to_dict("records"):
        expected = exact_interval(row["correct"], row["tested"])
        found = (row["accuracy_ci_low"], row["accuracy_ci_high"])
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("method", "sweeps"), [("Hopfield", 20), ("nearest prototype", 0)])
def test_the_study_s_setting_on_digits_names_so_many_rightly(method: str, sweeps: int) -> None:
    train, labels, test, truth = classifiers.digits()
    memory = classifiers.study().set_params(sweeps=sweeps).fit(train, labels)
    [committed] = TABLE.correct[
        (TABLE.dataset == "digits") & (TABLE.method == f"{method}, study's setting")
    ]
    assert (memory.predict(test) == truth).sum() == committed


def test_the_study_s_images_are_recalled_as_often_as_by_the_experiment() -> None:
    """The same patterns and dynamics, other images and chains: rates agree within their noise."""
    paper = CHECKOUT / "results" / "paper"
    with np.load(paper / "recall.npz") as arrays:
        xi, names = arrays["patterns.xi"], arrays["patterns.labels"]
    dataset = load_dataset("mnist")
    rng = np.random.default_rng(1)
    images = np.concatenate([rng.choice(dataset.indices_of(name), 300, False) for name in names])
    memory = HopfieldClassifier(
        prototypes=xi,
        prototype_labels=names,
        threshold=0,
        dynamics="metropolis",
        signed=False,
        random_state=1,
    ).fit(xi, names)
    m = np.abs(memory.transform(dataset.spins[images]))
    rates = (
        (m >= 0.99)[np.arange(len(m)), np.repeat(np.arange(5), 300)].reshape(5, 300).mean(axis=1)
    )
    published = pd.read_csv(paper / "accuracy.csv", dtype={"label": str}).set_index("label")
    expected = published.accuracy[list(names)].to_numpy()
    noise = np.sqrt(expected * (1 - expected) * (1 / 300 + 1 / 1000))
    np.testing.assert_array_less(np.abs(rates - expected), 3 * noise)
    overall = float(noise @ noise) ** 0.5 / 5
    assert abs(rates.mean() - published.accuracy["overall"]) < 2.5 * overall
