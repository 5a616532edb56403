"""The table of ``make classifiers`` is what the estimator does today."""

from __future__ import annotations

import classifiers
import numpy as np
import pandas as pd
import pytest

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
