"""Printed numbers: predictive distributions, and the error rates of the rule."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_claims import ERRORS, FILES, Ran, changes

from hopcli.claims import published
from hopcli.claims.claim import Claim, Condition
from hopcli.claims.expressions import parse
from hopcli.claims.judging import VERDICTS, Evidence, answers, verdict
from hopcli.claims.published import Prediction, Printed, compare, printed
from hopcli.claims.reading import read_claims
from hopcli.claims.verdicts import judge
from hopcli.errors import ResultError, SettingError
from hopcli.statistics import Z95, exact_interval
from hopcli.tables import Columns

NAMES = ("3", "6", "1", "0", "4")
PRINTED = {"3": 81, "6": 76, "1": 98, "0": 76, "4": 69}
SDS = {"3": 2, "6": 1, "1": 1, "0": 2, "4": 1}
SEED = np.random.SeedSequence(20)


def _condition(resample: str, value: str = "run / table / accuracy", **more: Any) -> Condition:
    parsed = parse(value, "here")
    return Condition(label=resample, role="text", value=parsed, resample=resample, **more)


def _claim(condition: Condition, **values: Any) -> Claim:
    usual = {"id": "a", "text": "t", "place": "p", "test": "printed", "percent": True, "unit": "%"}
    given = {"published": PRINTED, "plus_minus": SDS, **usual, **values}
    return Claim(**given, conditions=(condition,))


def _rates(rates: Any, error: float = 0.0, n: int = 4 * 6000) -> pd.DataFrame:
    rates = np.asarray(rates, dtype=float)
    ends = {"ci_low": rates - Z95 * error, "ci_high": rates + Z95 * error}
    return pd.DataFrame({"label": NAMES[: len(rates)], "accuracy": rates, **ends, "n": n})


def predict(claim: Claim, condition: Condition, table: pd.DataFrame, *more: Any) -> Prediction:
    return published.predict(claim, condition, Columns.of_frame(table, ERRORS), *more)


def _predict(condition: Condition, table: pd.DataFrame, **values: Any) -> Prediction:
    return predict(_claim(condition, **values), condition, table, SEED)


# --- predictive distributions -----------------------------------------------------------------


def test_a_mean_over_fresh_images_is_binomial() -> None:
    """1,000 trials, each of another image: the printed share, without rounding, is B(1000, mu)."""
    condition = _condition("trials")
    made = _predict(condition, _rates([0.98]), published={"3": 81}, step=1e-6)
    counts = np.round(made.draws[:, 0] * 10).astype(int)
    edges = [0, *range(970, 992), 1001]
    expected = np.diff(stats.binom.cdf(np.array(edges) - 1, 1000, 0.98))
    observed, _ = np.histogram(counts, edges)
    assert stats.chisquare(observed, len(counts) * expected).pvalue > 0.001
    assert made.variance[0] == pytest.approx(98 * 2 / 1000)


@pytest.mark.parametrize("resample", ["trials", "images"])
def test_a_rate_of_0_or_1_predicts_others_near_it(resample: str) -> None:
    """Of 200 images all are recalled: the rate may be 0.98, and 99 % may be printed."""
    low, high = exact_interval(200, 200)
    table = pd.DataFrame({"label": ["3", "6"], "accuracy": [1.0, 0.0], "n": 200})
    table["ci_low"], table["ci_high"] = [low, 1 - high], [high, 1 - low]
    condition = _condition(resample)
    made = _predict(condition, table, published={"3": 99, "6": 1})
    assert made.mean[0] == pytest.approx(50 * (1 + low))
    assert made.mean.sum() == pytest.approx(100)
    study = Printed(("3", "6"), np.array([99.0, 1.0]), None)
    assert compare(study, made).p_joint > 0.05
    far = Printed(("3", "6"), np.array([93.0, 0.0]), None)
    assert compare(far, made).p_joint < 0.05


def test_rounding_adds_a_twelfth_of_its_step_squared() -> None:
    condition = _condition("trials")
    means = [0.7854, 0.7763, 0.7912, 0.8111, 0.7433]
    made = _predict(condition, _rates(means, 0.002))
    variance = np.array(means) * (1 - np.array(means)) * 10 + 0.2**2 + 1 / 12
    np.testing.assert_allclose(made.draws.var(axis=0), variance, rtol=0.06)
    np.testing.assert_allclose(made.width(None) ** 2, variance, rtol=1e-6)
    assert set(np.unique(made.draws % 1)) == {0.0}
    assert set(np.unique(made.sds % 1)) == {0.0}


def test_the_sd_of_repeats_is_that_of_the_binomial() -> None:
    """Of 10 repeats of 100 images: E S^2 = mu (1 - mu) / 100."""
    condition = _condition("trials")
    made = _predict(condition, _rates([0.8]), published={"3": 4}, statistic="sd", step=1e-6)
    assert np.mean(made.draws**2) == pytest.approx(0.8 * 0.2 * 1e4 / 100, rel=0.02)


def test_images_that_stay_keep_their_variance() -> None:
    """Var X = between / 100 + within / 1000; E S^2 = within / 100."""
    mu, within = 0.8, 0.04
    between = mu * (1 - mu) - within
    table = _rates([mu], error=math.sqrt(within / 24000))
    condition = _condition("images")
    made = _predict(condition, table, published={"3": 81}, step=1e-6)
    expected = 1e4 * (between / 100 + within / 1000)
    assert made.draws.var() == pytest.approx(expected, rel=0.05)
    assert made.variance[0] == pytest.approx(expected)
    sds = _predict(condition, table, published={"3": 1}, statistic="sd", step=1e-6)
    assert np.mean(sds.draws**2) == pytest.approx(1e4 * within / 100, rel=0.03)


def test_resampled_repeats_have_the_variance_of_their_mean() -> None:
    rng = np.random.default_rng(4)
    values = 0.8 + 0.015 * rng.standard_normal((200, 2))
    rows = pd.DataFrame(values, columns=list("36")).rename_axis("repeat").reset_index()
    rows = rows.melt("repeat", None, "label", "accuracy")
    made = _predict(_condition("repeats"), rows, published={"3": 80, "6": 80}, step=1e-6)
    sd = 100 * values.std(axis=0, ddof=1)
    np.testing.assert_allclose(made.mean, 100 * values.mean(axis=0))
    np.testing.assert_allclose(made.draws.var(axis=0), sd**2 * (1 / 10 + 1 / 200), rtol=0.05)
    np.testing.assert_allclose((made.sds**2).mean(axis=0), sd**2 * (1 - 1 / 200), rtol=0.03)
    # A printed SD takes the place of the simulated one.
    shown = made.width(np.array([2.0, 0.0]))
    np.testing.assert_allclose(shown**2, [0.4 + sd[0] ** 2 / 200, sd[1] ** 2 / 200], rtol=1e-6)


def test_moments_share_what_all_repeats_share() -> None:
    table = pd.DataFrame({"label": ["3"], "accuracy": [0.8], "noise": [0.02], "order": [0.03]})
    condition = _condition("moments", "run / table / accuracy +- noise", shared="order")
    made = _predict(condition, table, published={"3": 80}, step=1e-6)
    assert made.draws.var() == pytest.approx(3**2 + 2**2 / 10, rel=0.05)
    assert np.mean(made.sds**2) == pytest.approx(2**2, rel=0.05)
    assert made.variance[0] == pytest.approx(9.4)
    known = _predict(condition, table.assign(accuracy_sem=0.02), published={"3": 80}, step=1e-6)
    assert known.draws.var() == pytest.approx(9.4 + 2**2, rel=0.05)


def test_each_selection_is_one_study() -> None:
    values = [0.6, 0.7, 0.8, 0.9]
    table = pd.DataFrame({"selection": range(4), "label": "3", "accuracy": values})
    made = _predict(_condition("selections"), table, published={"3": 80}, step=1e-6)
    spread = np.var(values, ddof=1)
    assert made.draws.var() == pytest.approx(1e4 * (np.var(values) + spread / 4), rel=0.05)
    assert made.variance[0] == pytest.approx(1e4 * spread)


@pytest.mark.parametrize("resample", ["trials", "repeats", "moments", "selections"])
def test_a_number_without_a_row_is_refused(resample: str) -> None:
    table = _rates([0.8]).assign(repeat=0, selection=0, accuracy_sd=0.1)
    with pytest.raises(ResultError, match="6"):
        _predict(_condition(resample), table, published={"3": 80, "6": 70})


# --- the comparison ---------------------------------------------------------------------------


@pytest.mark.parametrize("printed_sds", [None, np.array([2.0, 1.0])])
def test_pulls_are_in_units_of_all_errors(printed_sds: Any) -> None:
    """A printed SD, of ten repeats, takes the place of the simulated one."""
    mean, error, per_sd = np.array([[80.0, 70.0], [0.3, 0.4], [0.5, 0.6]])
    none, fresh, values = np.zeros((1, 2)), np.array([1.6, 2.1]), np.array([81.0, 66.0])
    made = Prediction(mean, error, mean, mean, none, none, fresh, per_sd, 1.0, 10)
    fit = compare(Printed(("3", "6"), values, printed_sds), made)
    own = fresh if printed_sds is None else per_sd + printed_sds**2 / 10
    width = np.sqrt(error**2 + own + 1 / 12)
    z = (values - mean) / width
    np.testing.assert_allclose(fit.pulls, z)
    assert (fit.chi2, fit.scale) == pytest.approx((z @ z, math.sqrt(z @ z / 2)))
    assert fit.ln_density == pytest.approx(stats.norm.logpdf(values, mean, width).sum())
    assert fit.resolution == pytest.approx(2.8 * width.max(), rel=2e-3)


def test_80_to_tens_contains_82() -> None:
    condition = _condition("trials")
    values = {"published": 80, "plus_minus": 10, "images": 500}
    table = _rates([0.822], 0.002).assign(label="overall")
    tens, ones = (
        compare(printed(claim), predict(claim, condition, table, SEED))
        for claim in (_claim(condition, step=step, **values) for step in (10.0, 1.0))
    )
    assert tens.p_joint == 1
    assert ones.p_joint < 0.01
    assert tens.resolution == pytest.approx(2.8 * 10 / math.sqrt(12), rel=0.05)


# --- the rule ---------------------------------------------------------------------------------

TRUE_TEXT = np.array([0.785, 0.776, 0.992, 0.809, 0.743])
TRUE_RUN = np.array([0.810, 0.765, 0.980, 0.761, 0.682])
SD_RUN = np.array([0.0148, 0.0131, 0.0062, 0.0141, 0.0168])
WITHIN = 0.04  # of one trial of an image


def _runs(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Runs behind the two conditions: all images four times, and 200 replays."""
    error = math.sqrt(WITHIN / 24000)
    rates = np.clip(TRUE_TEXT + error * rng.standard_normal(5), 0, 1)
    replays = TRUE_RUN + SD_RUN * rng.standard_normal((200, 5))
    rows = pd.DataFrame(np.round(replays, 2), columns=list(NAMES)).rename_axis("repeat")
    return _rates(rates, error), rows.reset_index().melt("repeat", None, "label", "accuracy")


def _study(rng: np.random.Generator, *, by_text: bool) -> Printed:
    """A study as it is printed: mean and SD of ten repeats of 100 images, in whole per cent."""
    if by_text:
        repeats = rng.binomial(100, TRUE_TEXT, (10, 5)).astype(float)
    else:
        repeats = np.round(100 * (TRUE_RUN + SD_RUN * rng.standard_normal((10, 5))))
    return Printed(NAMES, repeats.mean(axis=0).round(), repeats.std(axis=0, ddof=1).round())


def _verdict_of(claim: Claim, study: Printed, predictions: list[Prediction]) -> str:
    text, authors = (compare(study, prediction) for prediction in predictions)
    evidence = [Evidence(None, fit.p_joint) for fit in (text, authors)]
    by_text, by_authors = answers([claim] * 2, ["", ""], evidence, 0.05)
    return verdict(by_text.state, by_authors.state, text.ln_density - authors.ln_density)


def _shares(studies: int, runs: int) -> dict[tuple[bool, str], float]:
    """Shares of the verdicts, of studies by the text (True) and by the authors' choices."""
    rng = np.random.default_rng(20)
    trials, repeats = _condition("trials"), _condition("repeats")
    claim, found = _claim(trials), []
    for _ in range(runs):
        rates, rows = _runs(rng)
        sides = ((trials, rates), (repeats, rows))
        predictions = [predict(claim, *side, SEED.spawn(1)[0], 4000) for side in sides]
        for by_text in [True, False] * (studies // runs):
            study = _study(rng, by_text=by_text)
            found.append((by_text, _verdict_of(claim, study, predictions)))
    return {key: found.count(key) / studies for key in set(found)}


MANY = pytest.param(4000, 100, 0.012, marks=pytest.mark.slow)


@pytest.mark.parametrize(("studies", "runs", "slack"), [(300, 3, 0.03), MANY])
def test_the_rule_errs_as_rarely_as_it_says(studies: int, runs: int, slack: float) -> None:
    shares = _shares(studies, runs)
    reproduced, not_apart, _, as_run, failed = VERDICTS[:5]
    by_text = {name: shares.get((True, name), 0.0) for name in VERDICTS}
    assert by_text[failed] + by_text[as_run] <= 0.05 + slack
    assert by_text[reproduced] >= 0.95 - slack
    by_run = {name: shares.get((False, name), 0.0) for name in VERDICTS}
    assert by_run[as_run] >= 0.90
    assert by_run[reproduced] + by_run[not_apart] <= 0.02
    assert by_run[failed] <= 0.05 + slack


def test_each_number_is_tested_with_holm_inside_the_claim() -> None:
    """One of five is off by 5 SD, as its own p shows, five times as large by Holm."""
    claim = _claim(_condition("trials"))
    made = predict(claim, claim.conditions[0], _rates([0.8] * 5), SEED)
    study = Printed(NAMES, np.array([86.5, 80, 80, 80, 80]), None)
    fit = compare(study, made)
    assert fit.p[0] == pytest.approx(5 * 2 / (10_000 + 1), rel=0.01)
    assert (fit.p[1:] > 0.9).all()
    assert fit.p_joint < 0.001


# --- from a file ------------------------------------------------------------------------------


FILE = (FILES / "printed.toml").read_text(encoding="utf-8")
SIDE = """
[[claims.conditions]]
label = "LABEL"
role = "ROLE"
resample = "trials"
value = "run / table[at=AT] / accuracy"
"""
RATES = [0.8, 0.8, 0.75, 0.8, 0.7, 0.9, 0.74, 0.9, 0.665, 0.9]
TABLE = pd.DataFrame({"label": ["3", "6"] * 5, "at": np.repeat(range(1, 6), 2), "accuracy": RATES})


@pytest.mark.parametrize(("before", "after", "setting"), changes("printed"))
@pytest.mark.usefixtures("empty_folder")
def test_what_cannot_be_simulated_is_refused(before: str, after: str, setting: str) -> None:
    path = Path("claims.toml")
    text = FILE + _side("as the text says", "text", 1)
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(SettingError) as error:
        read_claims(path)
    assert error.value.setting == f"{path}: {setting}"
    path.write_text(text.replace("6 = 90", "7 = 90"), encoding="utf-8")
    with pytest.raises(SettingError, match="label = 7"):
        judge(read_claims(path), {"run": Ran({"table": TABLE})})


def _side(label: str, role: str, at: int) -> str:
    return SIDE.replace("LABEL", label).replace("ROLE", role).replace("AT", str(at))


@pytest.mark.parametrize(
    ("sides", "verdict_of", "explained_by"),
    [
        ([("text", 3)], VERDICTS[0], ""),
        ([("text", 1)], VERDICTS[4], ""),
        ([("text", 1), ("explanation", 3)], VERDICTS[4], "explanation 3"),
        ([("text", 1), ("explanation", 2)], VERDICTS[4], ""),
        ([("text", 3), ("explanation", 3)], VERDICTS[0], ""),
        ([("text", 4), ("explanation", 3)], VERDICTS[4], "explanation 3"),
        ([("text", 4), ("explanation", 5)], VERDICTS[4], ""),  # fits, but no better than e^3
        ([("text", 1), ("other", 3)], VERDICTS[4], ""),
        ([("text", 1), ("authors", 3)], VERDICTS[3], ""),
        ([("text", 3), ("authors", 3)], VERDICTS[1], ""),
        ([("text", 3), ("authors", 1)], VERDICTS[0], ""),
        ([("text", 1), ("authors", 2)], VERDICTS[4], ""),
        ([("text", 1), ("step", 2), ("authors", 3)], VERDICTS[3], "step 2, authors 3"),
        ([("text", 1), ("step", 3), ("authors", 3)], VERDICTS[3], "step 3"),
    ],
)
def test_conditions_have_the_weight_of_their_role(
    tmp_path: Path, sides: list[tuple[str, int]], verdict_of: str, explained_by: str
) -> None:
    path = tmp_path / "claims.toml"
    text = "".join(_side(f"{role} {at}", role, at) for role, at in sides)
    path.write_text(FILE + text, encoding="utf-8")
    (one,) = judge(read_claims(path), {"run": Ran({"table": TABLE})})
    assert (one.verdict, one.explained_by) == (verdict_of, explained_by)
    assert len(one.ladder) == (3 if len(sides) == 3 else 0)
    for side in one.sides:
        assert (side.answer.state == "none") is (side.condition.role == "other")


# --- edges: small numbers, ties


@pytest.mark.parametrize(("value", "p"), [(3, 0.2), (0, 0.2), (2, 0.4), (1, 1.0)])
def test_p_of_nine_studies_counts_ties_and_the_printed_one(value: float, p: float) -> None:
    one, draws = np.ones(1), np.array([[1.0]] * 8 + [[2.0]])
    made = Prediction(one, one, one, one, draws, 0 * draws, one, None, 1.0, 10)
    assert compare(Printed(("",), np.array([float(value)]), None), made).p == pytest.approx([p])
