"""Figure 1 against simulations: each point counts by its noise, for 20 and for 30 sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hopcli import experiments
from hopcli.claims.claim import Claim, Condition
from hopcli.claims.expressions import parse
from hopcli.claims.published import Fit, compare, predict, printed
from hopcli.config import TemperatureScanConfig
from hopcli.config.files import find_config, read_config
from hopcli.data.study import figure1

if TYPE_CHECKING:
    import pandas as pd

SWEEPS = (20, 30)
FIGURES = 5
_VALUE = parse("run / scan / overlap_abs", "here")
CONDITION = Condition(label="a", role="text", value=_VALUE, resample="moments")


def _scan(sweeps: int, repeats: int, seed: int) -> pd.DataFrame:
    """Mean |m| with the 4 at each temperature, as the authors' code stored it."""
    values = read_config(find_config("figure1-as-run"))
    values.pop("command")
    more = {"sweeps": sweeps, "repeats": repeats, "seed": seed}
    result = experiments.run(TemperatureScanConfig.from_values({**values, **more}))
    table = result.tables["temperature_scan"]
    return table[table["label"] == "4"].reset_index(drop=True)


@pytest.fixture(scope="module")
def scans() -> dict[int, pd.DataFrame]:
    return {sweeps: _scan(sweeps, 120, 1) for sweeps in SWEEPS}


def _fit(scan: pd.DataFrame, curve: dict[str, float] | str, repeats: int = 20) -> Fit:
    claim = Claim(
        id="a",
        text="t",
        place="p",
        published=curve,
        test="printed",
        by="temperature",
        step=0.01,
        repeats=repeats,
        conditions=(CONDITION,),
    )
    return compare(printed(claim), predict(claim, CONDITION, scan, np.random.SeedSequence(1)))


@pytest.mark.parametrize("made", SWEEPS)
def test_a_synthetic_figure_tells_the_sweeps_that_made_it(
    scans: dict[int, pd.DataFrame], made: int
) -> None:
    """The ln of the Bayes factor is about 9 for figures of 30 sweeps, and 30 for those of 20.

    A single chain that has not relaxed near 1.1 can turn it, once in about 14 figures of 30.
    """
    (other,) = set(SWEEPS) - {made}
    ln_bayes, chances = [], []
    for seed in range(FIGURES):
        figure = _scan(made, 20, 100 + seed)
        names = [f"{temperature:g}" for temperature in figure["temperature"]]
        curve = dict(zip(names, figure["overlap_abs"], strict=True))
        right, wrong = (_fit(scans[sweeps], curve) for sweeps in (made, other))
        ln_bayes.append(right.ln_density - wrong.ln_density)
        chances.append(right.p_joint)
    assert np.median(ln_bayes) > 3
    assert sum(value > 0 for value in ln_bayes) >= FIGURES - 1
    assert np.median(chances) > 0.05


def test_the_published_figure_does_not_tell_20_from_30_sweeps(
    scans: dict[int, pd.DataFrame],
) -> None:
    fits = {sweeps: _fit(scan, "figure1") for sweeps, scan in scans.items()}
    assert all(fit.p_joint > 0.05 for fit in fits.values())
    assert abs(fits[30].ln_density - fits[20].ln_density) < 3
    ten = _fit(_scan(10, 60, 1), "figure1")
    assert ten.p_joint < 0.001
    assert fits[20].ln_density - ten.ln_density > 50


def test_the_published_figure_is_no_mean_of_100_independent_repeats(
    scans: dict[int, pd.DataFrame],
) -> None:
    """Its scatter is that of 20 (chi2 of 19 points near 19), so that of 100 is exceeded."""
    few, many = (_fit(scans[30], "figure1", repeats) for repeats in (20, 100))
    assert few.chi2 == pytest.approx(len(figure1()), abs=8)
    assert many.chi2 > 50
    assert many.p_joint < 0.001
