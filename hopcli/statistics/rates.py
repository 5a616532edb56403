"""Intervals of a rate, for independent trials and for trials in groups; unobserved kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hopcli.records import ArrayLike, Floats, Ints
from hopcli.statistics.quantiles import weighted_quantiles


def mean_interval(rates: ArrayLike, lows: ArrayLike, highs: ArrayLike) -> tuple[float, float]:
    """Compute the interval of the mean of independent rates from the interval of each.

    The squared distances to the lower bounds add up, and so do those to the upper bounds; the
    interval may be asymmetric [Zou and Donner 2008]. Its coverage is at least that of the
    rates' intervals: 95 to 99 % for exact intervals.

    Parameters
    ----------
    rates, lows, highs : array-like of float, shape (n,)
        The rates, 0 to 1, and the bounds of each.

    Returns
    -------
    tuple of float
        Lower and upper bound of the mean; for one rate its own bounds.

    Examples
    --------
    >>> low, high = mean_interval([0.5, 0.7], [0.4, 0.6], [0.6, 0.9])
    >>> round(low, 3), round(high, 3)
    (0.529, 0.712)
    """
    rate, low, high = (np.asarray(values, dtype=np.float64) for values in (rates, lows, highs))
    mean = rate.mean()
    below = np.sqrt(np.sum((rate - low) ** 2)) / len(rate)
    above = np.sqrt(np.sum((high - rate) ** 2)) / len(rate)
    return float(np.clip(mean - below, 0, 1)), float(np.clip(mean + above, 0, 1))


def mean_sd_sem(values: ArrayLike) -> tuple[Floats, ...]:
    """Compute mean, sample standard deviation and standard error along the first axis.

    Parameters
    ----------
    values : array-like of float, shape (n, ...)
        Independent values, n >= 1.

    Returns
    -------
    tuple of ndarray of float64, each shape (...)
        Mean, SD (divisor n - 1) and SD / sqrt(n); both NaN for a single value.

    Examples
    --------
    >>> [round(float(value), 3) for value in mean_sd_sem([1, 2, 3])]
    [2.0, 1.0, 0.577]
    """
    array = np.asarray(values, dtype=np.float64)
    n = len(array)
    mean = array.mean(axis=0)
    sd = array.std(axis=0, ddof=1) if n > 1 else np.full_like(mean, np.nan)
    return mean, sd, sd / np.sqrt(n)


def clustered_mean_sem(values: ArrayLike, group: Ints) -> tuple[Floats, Floats]:
    """Compute the mean along the first axis, and its standard error for new groups.

    Values of one group are correlated, so groups are the independent units. The error is that
    of a ratio estimate, group totals to group sizes [Cochran 1977, eq. 6.13].

    Parameters
    ----------
    values : array-like of float, shape (n, ...)
        Values of trials, n >= 1.
    group : ndarray of int64, shape (n,)
        Group number of each value, >= 0.

    Returns
    -------
    tuple of ndarray of float64, each shape (...)
        Mean and standard error; NaN if there is one group.

    Examples
    --------
    >>> mean, sem = clustered_mean_sem([1, 2, 3], np.arange(3))
    >>> round(float(mean), 3), round(float(sem), 3)
    (2.0, 0.577)

    Repeating each value within its group adds no information:

    >>> mean, sem = clustered_mean_sem([1, 1, 2, 2, 3, 3], np.array([0, 0, 1, 1, 2, 2]))
    >>> round(float(mean), 3), round(float(sem), 3)
    (2.0, 0.577)
    """
    array = np.asarray(values, dtype=np.float64)
    mean = array.mean(axis=0)
    order = np.argsort(group, kind="stable")
    firsts = np.flatnonzero(np.diff(group[order], prepend=-1))
    sums = np.add.reduceat(array[order] - mean, firsts, axis=0)
    n = len(firsts)
    if n < 2:
        return mean, np.full_like(mean, np.nan)
    sem: Floats = np.sqrt(n / (n - 1) * (sums**2).sum(axis=0)) / len(array)
    return mean, sem


_TAIL = 0.025  # probability beyond each bound


def resampled_means(values: ArrayLike, replicates: int, rng: np.random.Generator) -> Floats:
    """Compute means of resampled units, drawn with replacement.

    Parameters
    ----------
    values : array-like of float, shape (n, k)
        Measured values of each independent unit; the k values of a unit stay together.
    replicates : int
        Number of resamples, each with as many units as `values`.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of float64, shape (replicates, k)
        The means of each resample.

    Examples
    --------
    >>> means = resampled_means([[0, 1], [2, 3]], 1000, np.random.default_rng(1))
    >>> sorted(set(means[:, 0].tolist())), bool(np.all(means[:, 1] == means[:, 0] + 1))
    ([0.0, 1.0, 2.0], True)
    """
    units = np.asarray(values, dtype=np.float64)
    n = len(units)
    times_drawn = rng.multinomial(n, np.full(n, 1 / n), size=replicates)
    return times_drawn @ units / n


def replicate_interval(replicates: ArrayLike, units: int) -> tuple[float, float]:
    """Compute the 95 % interval of a statistic from its bootstrap replicates.

    The bounds are expanded percentiles [Hesterberg 2015]. The expansion accounts for Student's
    t and for the smaller spread of n units resampled from n. For the mean of ten or more units
    it covers 93 to 97 %; for skewed values, from 40 units on.

    Parameters
    ----------
    replicates : array-like of float, shape (any,)
        The statistic of each resample; infinite or NaN if it is undefined.
    units : int
        Number of independent units, n.

    Returns
    -------
    tuple of float
        Lower and upper bound. Both are NaN for fewer than two units. A bound is NaN if too
        many replicates beyond it are infinite or NaN.

    Examples
    --------
    >>> low, high = replicate_interval(np.linspace(0, 1, 1001), 100)
    >>> round(low, 3), round(high, 3)
    (0.023, 0.977)
    >>> replicate_interval([0.1, float("nan"), 0.3], 10)
    (nan, nan)
    """
    from scipy.special import ndtr, stdtrit

    if units < 2:
        return (float("nan"), float("nan"))
    values = np.asarray(replicates, dtype=np.float64)
    tail = float(ndtr(np.sqrt(units / (units - 1)) * stdtrit(units - 1, _TAIL)))
    missing = np.isnan(values)
    low = np.quantile(np.where(missing, -np.inf, values), tail, method="lower")
    high = np.quantile(np.where(missing, np.inf, values), 1 - tail, method="higher")
    return _finite(float(low)), _finite(float(high))


def _finite(bound: float) -> float:
    return bound if np.isfinite(bound) else float("nan")


Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""
_ROUNDING = 1e-12  # rounding error of equal rates
_DENSE = 16  # fewer possible places for each given one are counted without sorting them
_ENDS = ((_TAIL, 0.0), (1 - _TAIL, 1.0))  # level of each bound, and rate of the added group


def exact_interval(successes: float, trials: float) -> tuple[float, float]:
    """Compute the exact 95 % interval of a binomial fraction [Clopper, Pearson 1934].

    It covers at least 95 %, and up to 100 % near 0 and 1. For 0 or all successes its width is
    positive.

    Parameters
    ----------
    successes : float
        Number of successes, 0 to `trials`; an effective number need not be whole.
    trials : float
        Number of independent trials, > 0.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1.

    Examples
    --------
    >>> low, high = exact_interval(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.555, 0.997)
    """
    from scipy.special import betaincinv

    failures = max(trials - successes, 0.0)
    low = float(betaincinv(successes, failures + 1, _TAIL)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - _TAIL)) if failures > 0 else 1.0
    return low, high


def clustered_interval(
    successes: ArrayLike, trials: ArrayLike, number: ArrayLike = 1
) -> tuple[float, float]:
    """Compute the 95 % interval of a success rate of trials in groups, such as test images.

    Trials of one image are correlated, so images are the independent units. The method makes no
    assumption about the distribution of their rates between 0 and 1. The bounds are those of
    the mean of a bounded variable by Gaffke [2005; Learned-Miller, Thomas 2019,
    arXiv:1905.06208]: quantiles of sum w_g s_g / sum w_g n_g over the groups (s_g successes in
    n_g trials) with exponential weights w. One group is added that failed in all trials (lower
    bound) or in none (upper bound). If each group has one trial, this is the interval of
    Clopper and Pearson. One more failure never raises a bound, and no case of coverage below
    95 % is known. With few failures it covers 97 to 99 %, because it allows for groups of an
    unobserved kind.

    Parameters
    ----------
    successes, trials : array-like of int, shape (n,)
        Successes and trials of each group, or of each set of equal groups.
    number : array-like of int, shape (n,), optional
        Number of groups in each set.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1; both NaN if there is no trial.

    Examples
    --------
    >>> def rounded(bounds):
    ...     return tuple(round(bound, 3) for bound in bounds)
    >>> rounded(clustered_interval([1, 1, 0, 1], [1, 1, 1, 1]))
    (0.194, 0.994)

    Repeating each trial ten times with the same end adds no information:

    >>> rounded(clustered_interval([10, 0], [10, 10], [3, 1]))
    (0.194, 0.994)
    """
    return clustered_intervals([(successes, trials, number)])[0]


def clustered_intervals(
    groups: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]],
) -> list[tuple[float, float]]:
    """Compute the 95 % intervals of several success rates, see :func:`clustered_interval`.

    This takes less time than single calls; equal rates are computed only once.

    Parameters
    ----------
    groups : sequence of (array-like, array-like, array-like)
        Successes, trials and number of the groups of each rate.

    Returns
    -------
    list of tuple of float
        Lower and upper bound of each rate.
    """
    intervals = [(float("nan"), float("nan"))] * len(groups)
    harder: dict[bytes, tuple[Floats, ...]] = {}
    places: dict[bytes, list[int]] = {}
    for place, each in enumerate(groups):
        sums, sizes, numbers = kinds = _kinds(*each)
        if len(sizes) and np.all(sizes == sizes[0]) and np.all((sums == 0) | (sums == sizes)):
            intervals[place] = exact_interval(float(numbers[sums > 0].sum()), float(numbers.sum()))
        elif len(sizes):
            alike = b"".join(array.tobytes() for array in kinds)
            harder[alike] = kinds
            places.setdefault(alike, []).append(place)
    bounds = weighted_quantiles(list(harder.values()), _ENDS).tolist()
    for (alike, (sums, sizes, numbers)), (low, high) in zip(harder.items(), bounds, strict=True):
        rate = float(sums @ numbers / (sizes @ numbers))
        for place in places[alike]:
            intervals[place] = min(low, rate), max(high, rate)
    return intervals


def thermal_interval(
    successes: ArrayLike, trials: ArrayLike, number: ArrayLike = 1
) -> tuple[float, float]:
    """Compute the 95 % interval of a success rate over all existing groups, such as all images.

    Then only the trials within each group add noise. Their variance is summed over the groups,
    plus the variance of one trial with a different outcome. The result is the exact interval for
    the number of independent trials with this variance [Korn, Graubard 1998]. With one trial
    per group the variance is unknown, but at most that of as many independent trials
    [Hoeffding 1956]. It covers 92 to 100 % of new trials of the same groups; the coverage is
    lowest if trials end differently in only a few groups.

    Parameters
    ----------
    successes, trials : array-like of int, shape (n,)
        Successes and trials of each group, or of each set of equal groups.
    number : array-like of int, shape (n,), optional
        Number of groups in each set.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1; both NaN if there is no trial.

    Examples
    --------
    >>> low, high = thermal_interval([10, 10, 0, 10], [10, 10, 10, 10])
    >>> round(low, 3), round(high, 3)
    (0.697, 0.798)
    """
    sums, sizes, numbers = _kinds(successes, trials, number)
    if len(sizes) == 0:
        return (float("nan"), float("nan"))
    total = float(sizes @ numbers)
    rate = float(sums @ numbers / total)
    independent = total
    if np.all(sizes > 1):
        own = sums / sizes
        within = float((sizes**2 / (sizes - 1) * own * (1 - own)) @ numbers)
        independent = max(rate * (1 - rate) * total**2 / (1 + within), total)
    return exact_interval(rate * independent, independent)


def draws_interval(
    means: ArrayLike, units: int, *, most: float | None = None, low: float = 0.0, high: float = 1.0
) -> tuple[float, float]:
    """Compute the 95 % interval of the mean of a bounded quantity over independent draws.

    Each draw is a mean over many units, such as stored patterns. The variance between the draws
    gives the number of independent trials with the same noise. That number is reduced because
    Student's t is wider than the normal distribution for few draws, and limited to `most`. It
    gives the interval of Clopper and Pearson [Korn, Graubard 1998, Survey Methodology 24:193].
    If the draws do not differ, as at 0 and 1, the number is that of the units. It covers 94 to
    98 % if units of a draw are nearly independent, and up to 100 % near the ends. It covers less
    if a rare kind of draw is much worse than the others and may be missing: if 1 draw in 10 is
    of this kind, 94 % from 30 draws on, 80 % with 15, 45 % with 5.

    Parameters
    ----------
    means : array-like of float, shape (n,)
        Mean of each draw, from `low` to `high`.
    units : int
        Number of units in each draw.
    most : float, optional
        Largest number of independent trials that a draw can represent; by default `units`.
    low, high : float
        Least and greatest possible value.

    Returns
    -------
    tuple of float
        Lower and upper bound; both NaN for fewer than two draws.

    Examples
    --------
    >>> def rounded(bounds):
    ...     return tuple(round(bound, 3) for bound in bounds)
    >>> rounded(draws_interval([0.8, 0.9, 1.0], units=20))
    (0.405, 1.0)
    >>> rounded(draws_interval([1.0, 1.0, 1.0], units=20))
    (0.94, 1.0)
    """
    from scipy.special import stdtrit

    values = (np.asarray(means, dtype=np.float64) - low) / (high - low)
    n = len(values)
    if n < 2:
        return (float("nan"), float("nan"))
    rate = float(np.clip(values.mean(), 0, 1))
    trials = float(n * units)
    if np.ptp(values) > _ROUNDING:
        _, _, sem = mean_sd_sem(values)
        fewer = Z95 / float(stdtrit(n - 1, 1 - _TAIL))
        trials = min(
            rate * (1 - rate) / float(sem) ** 2 * fewer**2, n * (units if most is None else most)
        )
    bounds = exact_interval(rate * trials, trials)
    return low + (high - low) * bounds[0], low + (high - low) * bounds[1]


def _kinds(successes: ArrayLike, trials: ArrayLike, number: ArrayLike) -> tuple[Floats, ...]:
    """Return successes and trials of each different group, and the number of equal groups."""
    sums, sizes, numbers = (
        np.ravel(values).astype(np.int64)
        for values in np.broadcast_arrays(successes, trials, number)
    )
    present = numbers * sizes > 0
    most = int(np.max(sums, initial=0)) + 1
    kinds, groups = added(sizes[present] * most + sums[present], numbers[present])
    columns = (kinds % most, kinds // most, groups)
    return tuple(values.astype(np.float64) for values in columns)


def added(places: Ints, number: Ints) -> tuple[Ints, Ints]:
    """Return the different places, increasing, and the sum (not 0) of the numbers of each."""
    if int(np.max(places, initial=0)) < _DENSE * len(places):
        sums = np.bincount(places, number).astype(np.int64)
        return (found := np.flatnonzero(sums)), sums[found]
    order = places.argsort(kind="stable")
    places, number = places[order], number[order]
    first = np.flatnonzero(np.diff(places, prepend=-1))
    return places[first], np.add.reduceat(number, first)


def chao1(counts: ArrayLike) -> tuple[float, float, float]:
    """Estimate the number of kinds, including unobserved ones, from the count of each kind.

    This is Chao's estimate from the kinds observed once and twice, with the 95 % interval for a
    log-normal number of unobserved kinds [Chao 1984, 1987]. If no kind was observed once, the
    interval is that of Colwell's EstimateS. The estimate is a lower bound: it misses very rare
    kinds. If the kinds differ in frequency, the interval contains the true number in 84 to 99 %
    of samples.

    Parameters
    ----------
    counts : array-like of int, shape (kinds met,)
        Count of each observed kind, >= 1, in independent draws.

    Returns
    -------
    tuple of float
        Estimate, and lower and upper bound; all are at least the number of observed kinds.

    Examples
    --------
    >>> [round(value, 1) for value in chao1([9, 5, 2, 2, 1, 1, 1, 1])]
    [11.8, 8.5, 35.5]
    >>> [round(value, 1) for value in chao1([20, 30])]
    [2.0, 2.0, 2.0]
    """
    met = np.asarray(counts, dtype=np.float64)
    observed, n = float(len(met)), float(met.sum())
    once, twice = float(np.sum(met == 1)), float(np.sum(met == 2))
    if n == 0:
        return (0.0, 0.0, 0.0)
    a = (n - 1) / n
    if twice > 0:
        r = once / twice
        missing = a * once * r / 2
        variance = twice * (a * r**2 / 2 + a**2 * r**3 + (a * r**2) ** 2 / 4)
    else:
        missing = a * once * (once - 1) / 2
        estimate = max(observed + missing, 1.0)
        variance = missing + a**2 * (once * (2 * once - 1) ** 2 - once**4 / estimate) / 4
    if missing > 0:
        factor = float(np.exp(Z95 * np.sqrt(np.log1p(variance / missing**2))))
        return observed + missing, observed + missing / factor, observed + missing * factor
    # Probability of missing kinds with these frequencies.
    missed = np.exp(-met)
    spread = float(np.sum(missed - missed**2)) - float(met @ missed) ** 2 / n
    of_met = 1 - float(missed.mean())
    high = (observed + Z95 * float(np.sqrt(max(spread, 0.0)))) / of_met
    return observed, observed, max(observed, high)
