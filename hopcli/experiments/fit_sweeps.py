"""Fit of the number of sweeps of a published table of recall [ZG, table of accuracies]."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from hopcli.config import FitSweepsConfig, RecallConfig, ThreadedExecution
from hopcli.experiments import Plan, Progress, Result, Stock
from hopcli.experiments.preparation import prepare
from hopcli.experiments.trials import authors_sites, authors_trials
from hopcli.records import Bools, Floats, Ints, NDArray, digest
from hopcli.statistics.counts import (
    counts_log_likelihoods,
    nested_chi_square,
    nested_log_likelihood,
    overdispersion,
    within_reach,
)
from hopcli.streams import Streams
from hopcli.study.published import Published, read_published
from hopcli.study.replays import Replays
from hopcli.tables import Columns, Table, columns

_ESTIMATE = Table(
    "estimate",
    columns(
        "order: text, sweeps: integer ± ci, chi2, dof: integer, overdispersion, p",
        key="order",
        order={"unit": "order of the sites: known or unknown"},
        sweeps={
            "axis": "most likely number of sweeps",
            "interval": "95 % interval of the likelihood",
            "bounds": (0, np.inf),
        },
    ),
    headline="sweeps",
)
_LIKELIHOOD = Table(
    "likelihood",
    columns(
        "order: text, sweeps: integer, log_likelihood, relative, relative_error, chi2, "
        "in_interval: boolean",
        relative_error={"interval_of": "relative", "end": "sem"},
    ),
)
_EXPECTED = Table(
    "expected",
    columns("order: text, sweeps: integer, label: text, published, accuracy, sd_noise, sd_order"),
)

TABLES = (_ESTIMATE, _LIKELIHOOD, _EXPECTED)
"""The tables of a fit."""

_SLACK = 1.645  # standard errors of a simulation, one-sided 95 %
_DRAWS = 200  # of chances, and of orders, for the error of their finite number


class FitSweepsResult(Result):
    """Result of a fit: numbers of sweeps that fit a table.

    Tables ``estimate``, one row for a known order of the sites and one for an unknown one;
    ``likelihood``, one row per order and number of sweeps; ``expected``, one per order, number of
    sweeps and label.
    """


class _Fit(NamedTuple):
    """Fit of one number of sweeps to the table; arrays are per label, shape (labels,).

    Variances are of counts: that shared by all repeats of a table, and that of each repeat.
    Draws are log-likelihoods with other replays or orders, shape (draws,).
    """

    log_likelihood: float
    draws: Floats
    mean: Floats
    between: Floats
    within: Floats
    chi2: float


def plan(config: FitSweepsConfig, stock: Stock) -> Plan:
    """Plan to compare a table of recall with runs of each number of sweeps.

    Parameters
    ----------
    config : FitSweepsConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports finished and all sweeps, and returns a
        :class:`FitSweepsResult`.
    """
    config.check()
    published = read_published(config.table, config.tests, stock.load(config).label_names)
    longest = prepare(_longest_replay(config, published.labels), stock)
    resolved, recall = config.resolve(longest.facts), longest.config
    patterns = longest.patterns
    authors_trials(recall, longest.dataset, patterns)  # refuses impossible ones now
    prepared = longest.with_config(resolved)

    def work(execution: ThreadedExecution, progress: Progress) -> FitSweepsResult:
        dataset = longest.dataset
        trials = authors_trials(recall, dataset, patterns)
        starts = dataset.states[trials.starts.source_index]
        own = np.repeat(np.arange(len(patterns.labels)), resolved.tests)
        how = (resolved.attempts_per_sweep, resolved.temperature, resolved.criterion)
        replays = Replays(longest.network(), starts, own, *how, execution.threads)
        sites = authors_sites(recall, dataset, patterns)
        fits = _run(resolved, replays, sites, published.counts, progress)
        return prepared.result(_tables(resolved, published, fits))

    n_images = len(patterns.labels) * resolved.tests
    sweeps = resolved.replays * sum(resolved.sweeps) + 2 * resolved.orders * max(resolved.sweeps)
    inputs = {"table": digest(published.counts)}
    attempts = n_images * sweeps * resolved.attempts_per_sweep
    return prepared.plan(work, inputs=inputs, attempts=attempts, chains=n_images)


def _longest_replay(config: FitSweepsConfig, labels: tuple[str, ...]) -> RecallConfig:
    """Return the recall as the authors made it, with the most sweeps."""
    shared = config.settings().keys() & RecallConfig.settings().keys() - {"sweeps"}
    values = {name: getattr(config, name) for name in shared}
    return RecallConfig(**values, digits=labels, sweeps=max(config.sweeps), replay_authors=True)


def _run(
    config: FitSweepsConfig,
    replays: Replays,
    sites: NDArray[np.uint32],
    counts: Ints,
    progress: Progress,
) -> dict[str, list[_Fit]]:
    """Fit every number of sweeps, with the order of the sites known and unknown."""
    streams = Streams(config.seed)
    of_known, of_unknown = streams.chains.spawn(2)
    # Images start without changes, so the stream of starts is free.
    draws = streams.starts.spawn(len(config.sweeps) + 1)
    longest = max(config.sweeps)
    total = config.replays * sum(config.sweeps) + 2 * config.orders * longest
    known, seeds = [], of_known.spawn(len(config.sweeps))
    for sweeps, own, draw in zip(config.sweeps, seeds, draws[:-1], strict=True):
        visited = _first_sites(sites, sweeps * config.attempts_per_sweep)
        tell = functools.partial(progress, sweeps, total)
        hits = replays.of_order(visited, config.replays, own, tell)
        known.append(_fit_known(counts, hits, config.replays, draw))
    recalled = replays.of_random_orders(
        config.sweeps,
        config.orders,
        (streams.tests, of_unknown),
        lambda done: progress(2 * done * longest, total),
    )
    return {"known": known, "unknown": [_fit_unknown(counts, own, draws[-1]) for own in recalled]}


def _first_sites(sites: NDArray[np.uint32], attempts: int) -> NDArray[np.uint32]:
    """Return the sites of runs of fewer attempts: the stream continues from image to image."""
    n_images = len(sites)
    return sites.reshape(-1)[: n_images * attempts].reshape(n_images, attempts)


def _fit_known(counts: Ints, recalled: Ints, replays: int, seed: np.random.SeedSequence) -> _Fit:
    """Compare the counts with replays of the known order of the sites."""
    hits = recalled.reshape(counts.shape[1], -1)
    of_labels = zip(counts.T, hits, seed.spawn(len(hits)), strict=True)
    drawn = np.array(
        [counts_log_likelihoods(n, own, replays, _DRAWS, draw) for n, own, draw in of_labels]
    )
    top = drawn.max(axis=1, keepdims=True)
    likelihood = np.exp(drawn - top).mean(axis=1)
    mean = hits.sum(axis=1) / replays
    within = (hits * (replays - hits)).sum(axis=1) / (replays * (replays - 1))
    value = float((top[:, 0] + np.log(likelihood)).sum())
    chi2 = float(nested_chi_square(counts, mean, within / replays, within).sum())
    return _Fit(value, drawn.sum(axis=0), mean, np.zeros_like(mean), within, chi2)


def _fit_unknown(counts: Ints, recalled: Bools, seed: np.random.SeedSequence) -> _Fit:
    """Compare the counts with runs in random orders, shape (orders, 2, images)."""
    n_orders = len(recalled)
    rng, alike = np.random.default_rng(seed), np.full(n_orders, 1 / n_orders)
    weights = rng.multinomial(n_orders, alike, _DRAWS)
    every = np.vstack([np.ones((1, n_orders)), weights])
    mean, between, within = _moments(recalled, every, counts.shape[1])
    # The mean is estimated from these orders, each of them run twice.
    shared = between + (between + within / 2) / n_orders
    values = nested_log_likelihood(counts[:, None], mean, shared, within).sum(axis=1)
    chi2 = nested_chi_square(counts, mean[0], shared[0], within[0]).sum()
    return _Fit(float(values[0]), values[1:], mean[0], between[0], within[0], float(chi2))


def _moments(recalled: Bools, weights: Floats, n_labels: int) -> tuple[Floats, ...]:
    """Compute the mean of the counts, and their variances between orders and within one.

    Images are independent, each with its own order, so their variances add up.

    Parameters
    ----------
    recalled : ndarray of bool, shape (orders, 2, images)
        Recalled images, in two runs of each order.
    weights : ndarray of float, shape (draws, orders)
        Weight of each order.
    n_labels : int
        Number of labels, with equally many images.

    Returns
    -------
    tuple of ndarray of float64, each shape (draws, labels)
        Mean, variance between, variance within.
    """
    n_orders, _, n_images = recalled.shape
    share = weights / n_orders
    both = recalled.mean(axis=1)
    apart = (recalled[:, 0] != recalled[:, 1]) / 2
    mean, within = share @ both, share @ apart
    spread = (share @ both**2 - mean**2) * n_orders / (n_orders - 1)
    of_labels = (len(weights), n_labels, n_images // n_labels)
    sums = [values.reshape(of_labels).sum(axis=2) for values in (mean, spread, within)]
    return sums[0], np.clip(sums[1] - sums[2] / 2, 0, None), sums[2]


def _slack_of_replays(shape: tuple[int, ...], replays: int) -> float:
    """Compute by how much replays may reduce a likelihood of a known order.

    Each number of sweeps has its own replays, and the best is the luckiest of several. For n
    repeats of L labels and R replays a share n / (n + R) of the noise comes from the replays. A
    difference of two such log-likelihoods, each half a chi-square of L, has a standard deviation
    of sqrt(L). Two standard deviations are allowed.
    """
    repeats, labels = shape
    return 2 * math.sqrt(labels) * repeats / (repeats + replays)


def _tables(
    config: FitSweepsConfig, published: Published, fits: dict[str, list[_Fit]]
) -> list[Columns]:
    """Make the tables of all fits: the most likely numbers of sweeps, likelihoods, and rates.

    The rates are, per label, the published and expected accuracy, and the SD of a repeat.
    """
    from scipy.special import chdtrc

    dof, sweeps = published.counts.size - 1, np.array(config.sweeps)
    slack = _slack_of_replays(published.counts.shape, config.replays)
    estimates, likelihoods, expected = [], [], []
    for order, own in fits.items():
        values, chi2 = np.array([(fit.log_likelihood, fit.chi2) for fit in own]).T
        best = int(values.argmax())
        inflation = overdispersion(chi2[best], dof)
        draws = np.array([fit.draws for fit in own])
        errors = (draws - draws[best]).std(axis=1, ddof=1)
        slacks = np.full(len(own), slack) if order == "known" else _SLACK * errors
        inside = within_reach(values, inflation, slacks)
        low, high = sweeps[inside][[0, -1]]
        p = float(chdtrc(dof, chi2[best])) if dof else math.nan
        estimates.append((order, sweeps[best], low, high, chi2[best], dof, inflation, p))
        shown = (values, values - values.max(), errors, chi2, inside)
        likelihoods += [(order, *row) for row in zip(sweeps, *shown, strict=True)]
        for number, fit in zip(config.sweeps, own, strict=True):
            sds = np.sqrt([fit.within, fit.between])
            rates = np.array([published.counts.mean(axis=0), fit.mean, *sds]) / config.tests
            rows = zip(published.labels, *rates, strict=True)
            expected += [(order, number, *row) for row in rows]
    return [_ESTIMATE.rows(estimates), _LIKELIHOOD.rows(likelihoods), _EXPECTED.rows(expected)]
