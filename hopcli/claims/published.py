"""Printed numbers: the range in which a study of a known protocol would print them.

A study prints a mean over repeats (or the SD of one repeat), rounded to a step. Under each
condition the whole printed statistic is simulated from the data of a run. The simulation
includes repeats, images, rounding and the error of the run. The published number is then
compared with these draws, which form a predictive interval [Patil, Peng and Leek 2016; Spence
and Stanley 2016]. Several numbers of one table are tested together. Each also has a pull

    zeta = (X - mu) / sqrt(u^2 + v + step^2 / 12)

as in proficiency testing [ISO 13528]. Here mu is the mean that the run predicts, u its
standard error, and v the variance of the printed mean. If the repeats share their images,
v comes from the printed SD.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli.claims.claim import Claim, Condition
from hopcli.claims.functions import intervals_of, values_by
from hopcli.claims.judging import DETECTABLE
from hopcli.errors import ResultError
from hopcli.records import Floats
from hopcli.statistics import Z95
from hopcli.statistics.comparisons import holm
from hopcli.tables import Columns

DRAWS = 10_000
"""Number of simulated studies."""

_AT_ONCE = 256  # studies whose repeats are drawn at once


@dataclass(frozen=True, slots=True, eq=False)
class Printed:
    """The printed numbers of a claim.

    Parameters
    ----------
    names : tuple of str
        Names of the numbers, values of the column `by`; a single number has the name "".
    values : ndarray of float64, shape (n,)
        The numbers.
    sds : ndarray of float64, shape (n,), or None
        The printed SD of one repeat.
    """

    names: tuple[str, ...]
    values: Floats
    sds: Floats | None


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Simulated studies under one condition, in the unit of the claim.

    Parameters
    ----------
    mean, error : ndarray of float64, shape (n,)
        Predicted number and its standard error u.
    draws : ndarray of float64, shape (studies, n)
        The number that each study prints.
    low, high : ndarray of float64, shape (n,)
        Ends of the 95 % predictive interval, before rounding.
    sds : ndarray of float64, shape (studies, n)
        The SD of one repeat that each study prints, rounded too.
    variance : ndarray of float64, shape (n,)
        Variance v of a number before rounding.
    per_sd : ndarray of float64, shape (n,), or None
        The part of v that does not come from the repeats, if the rest is taken from the printed
        SD; None if the run determines all of v.
    step : float
        Rounding step.
    repeats : int
        Repeats of a study.
    """

    mean: Floats
    error: Floats
    low: Floats
    high: Floats
    draws: Floats
    sds: Floats
    variance: Floats
    per_sd: Floats | None
    step: float
    repeats: int

    def width(self, sds: Floats | None) -> Floats:
        """Return the denominator of the pulls of studies with these printed SDs, shape (..., n)."""
        own = self.variance
        if self.per_sd is not None and sds is not None:
            own = self.per_sd + sds**2 / self.repeats
        return np.asarray(np.sqrt(self.error**2 + own + self.step**2 / 12))

    def pulls(self, values: Floats, sds: Floats | None) -> Floats:
        """Return the pulls zeta of printed numbers, shape (..., n)."""
        return np.asarray((values - self.mean) / self.width(sds))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Comparison of printed numbers with a prediction.

    Parameters
    ----------
    names : tuple of str
        Names of the numbers.
    low, mean, high : ndarray of float64, shape (n,)
        95 % predictive interval and mean.
    pulls, p : ndarray of float64, shape (n,)
        Pull and two-sided p of each number, with Holm's correction among them.
    chi2, p_joint : float
        Sum of squared pulls, and the share of simulated studies in which it is at least as large.
    ln_density : float
        ln of the predictive density of the numbers, in the normal approximation.
    resolution : float
        Difference that the least precise of the numbers detects with a power of 80 %.
    """

    names: tuple[str, ...]
    low: Floats
    mean: Floats
    high: Floats
    pulls: Floats
    p: Floats
    chi2: float
    p_joint: float
    ln_density: float
    resolution: float

    @property
    def scale(self) -> float:
        """Scale factor sqrt(chi2 / n): errors this many times larger would make chi2 = n."""
        return math.sqrt(self.chi2 / len(self.names))


def printed(claim: Claim) -> Printed:
    """Collect the printed numbers of a claim."""
    value, sds = claim.published, claim.plus_minus
    if not isinstance(value, dict):
        value, sds = {"": value}, None if sds is None else {"": sds}
    names = tuple(value)
    of_each = sds if isinstance(sds, dict) or sds is None else dict.fromkeys(names, sds)
    known = None if of_each is None else np.array([float(of_each[name]) for name in names])
    return Printed(names, np.array([float(value[name]) for name in names]), known)


_INDEX = {"repeats": "repeat", "selections": "selection"}  # column that numbers the rows


def columns_needed(claim: Claim, condition: Condition) -> list[str]:
    """List the columns that the simulation of a printed number reads, besides the value's."""
    needed = [_INDEX[condition.resample]] if condition.resample in _INDEX else []
    if printed(claim).names != ("",):
        needed.append(claim.by)
    if condition.resample == "images":
        needed.append("n")
    if condition.resample == "moments":
        term = condition.value.terms[0]
        needed.append(term.error or f"{term.column}_sd")
        needed += [condition.shared] if condition.shared else []
    return needed


def predict(
    claim: Claim,
    condition: Condition,
    table: Columns,
    seed: np.random.SeedSequence,
    draws: int = DRAWS,
) -> Prediction:
    """Simulate studies of the protocol of a claim from the data of a run.

    Parameters
    ----------
    claim, condition : Claim, Condition
        The printed statistic, and how the data are resampled.
    table : Columns
        The chosen rows of the table of the run.
    seed : SeedSequence
        Random stream.
    draws : int
        Number of studies.

    Raises
    ------
    ResultError
        If the table lacks a required row.
    """
    names = printed(claim).names
    rng = np.random.default_rng(seed)
    scale = 100.0 if claim.percent else 1.0
    term = condition.value.terms[0]
    if condition.resample in _INDEX:
        index = _INDEX[condition.resample]
        runs = _by_name(table, claim.by, names, term.column, index) * scale
        made = _of_rows(claim, runs, rng, draws, alone=index == "selection")
    else:
        own = table.take([_row_of(table, claim.by, name) for name in names])
        simulate = _of_moments if condition.resample == "moments" else _of_images
        made = simulate(claim, condition, own, rng, draws)
    mean, error, means, sds, variance, per_sd = made
    values = means if claim.statistic == "mean" else sds
    if claim.statistic == "sd":
        mean, variance, per_sd = sds.mean(axis=0), sds.var(axis=0), None
        error = np.zeros_like(mean)
    step = claim.step
    rounded, shown = np.round(values / step) * step, np.round(sds / step) * step
    low, high = np.quantile(values, [0.025, 0.975], axis=0)
    return Prediction(mean, error, low, high, rounded, shown, variance, per_sd, step, claim.repeats)


_Made = tuple["Floats", "Floats", "Floats", "Floats", "Floats", "Floats | None"]


def _of_rows(
    claim: Claim, runs: Floats, rng: np.random.Generator, draws: int, *, alone: bool
) -> _Made:
    """Resample repeats of the run, or take each selection as one study."""
    n_runs, n = runs.shape
    mean, sd = runs.mean(axis=0), runs.std(axis=0, ddof=1)
    error = sd / math.sqrt(n_runs)
    repeats = 1 if alone else claim.repeats
    chosen = runs[rng.integers(n_runs, size=(draws, repeats))]
    # The resampled run itself could have come out differently.
    means = chosen.mean(axis=1) + error * rng.standard_normal((draws, n))
    if alone:
        return mean, error, means, np.zeros((draws, n)), sd**2, None
    # Resampling n_runs values has a variance smaller by a factor 1 - 1 / n_runs.
    return mean, error, means, chosen.std(axis=1, ddof=1), sd**2 / repeats, np.zeros(n)


def _of_moments(
    claim: Claim, condition: Condition, own: Columns, rng: np.random.Generator, draws: int
) -> _Made:
    """Draw normal repeats, with a part of the variance that all of them share."""
    term, scale = condition.value.terms[0], 100.0 if claim.percent else 1.0

    def column(name: str) -> Floats:
        return own[name].astype(np.float64) * scale

    mean, sd = column(term.column), column(term.error or f"{term.column}_sd")
    sem = f"{term.column}_sem"
    error = column(sem) if sem in own else np.zeros_like(mean)
    shared = column(condition.shared) if condition.shared else np.zeros_like(mean)
    n, repeats = len(mean), claim.repeats
    means, sds = np.empty((draws, n)), np.empty((draws, n))
    for first in range(0, draws, _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        drawn = sd[:, None] * rng.standard_normal((len(means[part]), n, repeats))
        means[part], sds[part] = drawn.mean(axis=2), drawn.std(axis=2, ddof=min(1, repeats - 1))
    means += mean + np.hypot(shared, error) * rng.standard_normal((draws, n))
    return mean, error, means, sds, shared**2 + sd**2 / repeats, shared**2


def _of_images(
    claim: Claim, condition: Condition, own: Columns, rng: np.random.Generator, draws: int
) -> _Made:
    """Draw test images from all images: new ones in each repeat, or the same in all of them."""
    term, scale = condition.value.terms[0], 100.0 if claim.percent else 1.0
    rates = own[term.column].astype(np.float64)
    known = intervals_of(own, term.column, term.error)
    ends = np.column_stack([rates, rates]) if known is None else known
    error = (ends[:, 1] - ends[:, 0]) / (2 * Z95)
    # A rate of 0 or 1 is not certain: the centre of its interval is the prediction.
    rates = np.where((rates <= 0) | (rates >= 1), ends.mean(axis=1), rates)
    images, repeats, n = claim.images, claim.repeats, len(rates)
    # The rate of the run is uncertain: Beta, of its mean and error, stays inside 0 and 1.
    rate = _beta(rng, rates, error**2, (draws, n))
    if condition.resample == "trials":
        per_repeat = rng.binomial(images, rate[:, :, None], (draws, n, repeats)) / images
        variance = rates * (1 - rates) / (images * repeats)
    else:
        # The error of a run of all images is the noise within them: sem^2 = within / trials.
        within = error**2 * own["n"].astype(np.float64)
        between = np.clip(rates * (1 - rates) - within, 0, None)
        per_repeat = np.empty((draws, n, repeats))
        for place in range(n):
            chances = _beta(rng, rates[place], between[place], (draws, images))
            chances = np.clip(chances + (rate[:, place] - rates[place])[:, None], 0, 1)
            for repeat in range(repeats):
                hits = rng.random((draws, images)) < chances
                per_repeat[:, place, repeat] = hits.mean(axis=1)
        variance = between / images + within / (images * repeats)
    means, sds = per_repeat.mean(axis=2), per_repeat.std(axis=2, ddof=min(1, repeats - 1))
    return rates * scale, error * scale, means * scale, sds * scale, variance * scale**2, None


def _beta(rng: np.random.Generator, mean: Any, variance: Any, shape: tuple[int, ...]) -> Floats:
    """Draw from the Beta distribution of a mean and variance; the mean itself without variance."""
    mean, variance = np.asarray(mean, dtype=float), np.asarray(variance, dtype=float)
    most = mean * (1 - mean)
    fixed = (variance <= 0) | (most <= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.maximum(most / variance - 1, 1e-6)
    a, b = (np.where(fixed, 1.0, part * both) for part in (mean, 1 - mean))
    return np.where(fixed, mean, rng.beta(a, b, shape))


def _by_name(table: Columns, by: str, names: tuple[str, ...], column: str, index: str) -> Floats:
    """Return the values of each repeat, shape (repeats, names)."""
    if names == ("",):
        own = (table[column][table[index] == place] for place in np.unique(table[index]))
        return np.array([each.mean() for each in own], dtype=np.float64)[:, None]
    found = {_name(v): own for v, own in values_by(table, by, index, column).items()}
    missing = [name for name in names if name not in found]
    if missing:
        raise ResultError(f"no row has {by} = {', '.join(missing)}")
    return np.column_stack([found[name] for name in names])


def _row_of(table: Columns, by: str, name: str) -> int:
    """Return the place of the row of a printed number."""
    if name == "":
        if len(table) != 1:
            raise ResultError(f"{len(table)} rows are chosen; choose one: TABLE[{by}=VALUE]")
        return 0
    values = [_name(value) for value in table[by].tolist()]
    if values.count(name) != 1:
        rule = f"{values.count(name)} rows have {by} = {name}, it must be one"
        raise ResultError(f"{rule} (rows: {', '.join(values)})")
    return values.index(name)


def _name(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def compare(published: Printed, prediction: Prediction) -> Fit:
    """Compare printed numbers with the studies that a condition predicts."""
    draws, n = prediction.draws, len(prediction.draws)
    pulls = prediction.pulls(published.values, published.sds)
    simulated = prediction.pulls(draws, prediction.sds if published.sds is not None else None)
    chi2 = float(np.sum(pulls**2))
    slack = 1e-9 * max(chi2, 1.0)
    p_joint = (1 + int((np.sum(simulated**2, axis=1) >= chi2 - slack).sum())) / (n + 1)
    half = 1e-9 * prediction.step
    tails = [
        (1 + (draws <= published.values + half).sum(axis=0)) / (n + 1),
        (1 + (draws >= published.values - half).sum(axis=0)) / (n + 1),
    ]
    width = prediction.width(published.sds)
    return Fit(
        published.names,
        prediction.low,
        prediction.mean,
        prediction.high,
        pulls,
        holm(np.minimum(1.0, 2 * np.minimum(*tails))),
        chi2,
        p_joint,
        float(-0.5 * chi2 - np.sum(np.log(width * math.sqrt(2 * math.pi)))),
        DETECTABLE * float(width.max()),
    )
