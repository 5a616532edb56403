"""Contestants of a comparison: selectors of patterns, and classifiers of images."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli.config import CompareConfig, RecallConfig
from hopcli.datasets import Dataset
from hopcli.errors import SettingError
from hopcli.experiments.trials import Trials, draw_trials, free_images
from hopcli.observables import overlaps
from hopcli.patterns import Patterns, draw_samples, images_as_patterns, overlap_loss
from hopcli.records import Bools, Floats, Ints, Spins, Texts
from hopcli.starts import Bank
from hopcli.streams import Streams
from hopcli.waiting import interruptibly

Places = Ints
"""Chosen sample of each label, shape (labels,)."""
Rate = Callable[[Places], float]
"""Takes places, returns the recalled fraction of the tuning images."""
Recall = Callable[[Patterns, Trials, Streams], Bools]
"""Takes patterns, trials and streams, returns True for recalled trials."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """One selection by every selector.

    Parameters
    ----------
    number : int
        Number of the selection, from 1.
    config : CompareConfig
        The labels, and the number of random sets of best-of.
    source : Dataset
        Images from which samples are drawn.
    samples : ndarray of int64, shape (labels, M)
        Samples of each label of the source.
    tuning : ndarray of int64, shape (n,)
        Images of the source, no samples, on which best-of tests its sets.
    picks : numpy.random.SeedSequence
        Seed of random choices. Every selector starts with it, so that the first set of best-of
        is that of random.
    tests : Trials
        Images that no selector has seen.
    streams : Streams
        Streams of the selection.
    """

    number: int
    config: CompareConfig
    source: Dataset
    samples: Ints
    tuning: Ints
    picks: np.random.SeedSequence
    tests: Trials
    streams: Streams

    @property
    def spins(self) -> Spins:
        """Samples, shape (labels, M, N)."""
        return self.source.states[self.samples]

    @property
    def n_trials(self) -> int:
        """Number of trials of all selectors."""
        return len(SELECTORS) * len(self.tests) + self.config.candidates * len(self.tuning)

    def patterns(self, places: Places) -> Patterns:
        """Return the patterns of the stored labels; all samples and tuning images count as seen."""
        return _patterns(self.config, self.source, self.samples, self.tuning, places)

    def choose(self, selector: str, rate: Rate) -> Places:
        """Return the sample of each label that a selector chooses."""
        return SELECTORS[selector](self, np.random.default_rng(self.picks), rate)

    def measure(self, recall: Recall) -> list[tuple[object, ...]]:
        """Select by every selector and test the patterns.

        Returns
        -------
        list of tuple
            M, selector, number of the selection, trials, recalled trials, and their fraction.
        """
        index = self.tuning
        bank = Bank(self.source.labels[index], index, self.source.states, index)
        tuning = Trials.of(bank, len(index), 1, lambda _, place: place)

        def rate(places: Places) -> float:
            return float(recall(self.patterns(places), tuning, self.streams).mean())

        rows: list[tuple[object, ...]] = []
        for name in SELECTORS:
            patterns = self.patterns(self.choose(name, rate))
            hit = recall(patterns, self.tests, self.streams)
            size = self.samples.shape[1]
            rows.append((size, name, self.number, len(hit), hit.sum(), hit.mean()))
        return rows


def _overlap_loss(contest: Contest, _rng: np.random.Generator, _rate: Rate) -> Places:
    return np.asarray(overlap_loss(contest.spins).loss.argmin(axis=1))


def _medoid(contest: Contest, _rng: np.random.Generator, _rate: Rate) -> Places:
    """Order samples as by mean overlap, in whole numbers."""
    spins = contest.spins.astype(np.int64)
    products = np.einsum("lmn,ln->lm", spins, spins.sum(axis=1))
    return np.asarray(products.argmax(axis=1))


def _random(contest: Contest, rng: np.random.Generator, _rate: Rate) -> Places:
    n_labels, n_samples = contest.samples.shape
    return rng.integers(n_samples, size=(n_labels,))


def _best_of(contest: Contest, rng: np.random.Generator, rate: Rate) -> Places:
    sets = [_random(contest, rng, rate) for _ in range(contest.config.candidates)]
    return max(sets, key=rate)  # the first of equally good ones


SELECTORS: Mapping[str, Callable[[Contest, np.random.Generator, Rate], Places]] = {
    "overlap-loss": _overlap_loss,
    "medoid": _medoid,
    "random": _random,
    "best-of": _best_of,
}
"""Selectors by name; the others are compared with the first."""


def draw_contests(
    config: CompareConfig,
    recall: RecallConfig,
    dataset: Dataset,
    source: Dataset,
    seeds: Sequence[np.random.SeedSequence],
    streams: Streams,
) -> list[Contest]:
    """Draw samples, tuning images and tests of every selection, for each M.

    Parameters
    ----------
    config : CompareConfig
        Numbers of samples, selections, tests and tuning images.
    recall : RecallConfig
        Settings of the trials.
    dataset, source : Dataset
        Images for tests, and for samples.
    seeds : sequence of numpy.random.SeedSequence
        A seed for each selection.
    streams : Streams
        Streams of the run; a selection has its own for tests and chains.

    Raises
    ------
    SettingError
        If a label has too few images.
    """
    tests, chains = (stream.spawn(len(seeds)) for stream in (streams.tests, streams.chains))
    once = dataclasses.replace(recall, tests=config.selector_tests)
    labels = source.label_names
    if config.sampler == "generator":  # which draws no image twice
        _check_room(config, dataset, source, dict.fromkeys(labels, max(config.selector_samples)))
    drawn: list[tuple[int, Ints, np.random.SeedSequence, np.random.SeedSequence, Streams]] = []
    for number, seed in enumerate(seeds, start=1):
        of_samples, of_tuning, picks = seed.spawn(3)
        own = copy.copy(streams)
        own.tests, own.chains = tests[number - 1], chains[number - 1]
        legacy_seed = int(of_samples.generate_state(1)[0])  # 32 bits, as required
        for size in config.selector_samples:
            samples = draw_samples(source, labels, size, legacy_seed, config.sampler)
            drawn.append((number, samples, of_tuning, picks, own))
    different = ([len(np.unique(row)) for row in samples] for _, samples, *_ in drawn)
    most = map(max, zip(*different, strict=True))
    _check_room(config, dataset, source, dict(zip(labels, most, strict=True)))
    contests = []
    for number, samples, of_tuning, picks, own in drawn:
        tuning = _tuning(config, source, samples, of_tuning)
        patterns = _patterns(config, source, samples, tuning, np.zeros(len(samples), np.int64))
        try:
            trials = draw_trials(once, dataset, patterns, own.tests)
        except SettingError as error:
            if error.setting == "tests":  # of this command it is another setting
                raise SettingError("selector_tests", error.rule, error.found) from None
            raise
        contests.append(Contest(number, config, source, samples, tuning, picks, trials, own))
    return contests


def _check_room(
    config: CompareConfig, dataset: Dataset, source: Dataset, samples: Mapping[str, int]
) -> None:
    """Refuse numbers of images that a label does not have in every selection.

    Parameters
    ----------
    config : CompareConfig
        The numbers.
    dataset, source : Dataset
        Images for tests, and for samples and tuning.
    samples : mapping of str to int
        Highest number of different samples of each label.
    """
    counts = source.counts
    n_free, label = min((counts[each] - samples[each], each) for each in config.digits)
    remaining = f"the remaining images labelled {label!r}"
    shared = (dataset.name, dataset.sha256) == (source.name, source.sha256)
    tests = 1 if config.selector_tests == "all" else int(config.selector_tests)
    needed = tests if shared else 0
    if config.tuning + needed <= n_free:
        return
    if config.tuning < n_free:
        rule = f"must be at most {n_free - config.tuning}, {remaining}"
        raise SettingError("selector_tests", rule, config.selector_tests)
    if n_free > shared:
        most = n_free - (needed if needed < n_free else 1)
        raise SettingError("tuning", f"must be at most {most}, {remaining}", config.tuning)
    n_images = counts[label]
    most = n_images - config.tuning - needed
    most = most if most > 1 else n_images - 1 - shared
    if most < 2:
        rule = f"must have more images labelled {label!r} for samples, tuning and tests"
        raise SettingError("dataset", rule, config.dataset)
    rule = f"must be at most {most}, to leave images labelled {label!r}"
    raise SettingError("selector_samples", rule, config.selector_samples)


def _patterns(
    config: CompareConfig, source: Dataset, samples: Ints, tuning: Ints, places: Places
) -> Patterns:
    chosen = samples[np.arange(len(places)), places]
    seen = np.concatenate([samples.ravel(), tuning])
    return images_as_patterns(source, chosen, seen).take(config.digits)


def _tuning(
    config: CompareConfig, source: Dataset, samples: Ints, seed: np.random.SeedSequence
) -> Ints:
    """Draw tuning images of the stored labels."""
    rng = np.random.default_rng(seed)
    pools = [free_images(source, label, samples) for label in config.digits]
    return np.concatenate([rng.choice(pool, config.tuning, replace=False) for pool in pools])


_PENALTY = 100.0  # |w|^2 / 200 beside the mean loss
_MOST_STEPS = 10_000


def nearest_labels(m: Floats, stored: Sequence[str], *, signed: bool) -> Texts:
    """Return the label of the pattern nearest to each state.

    Parameters
    ----------
    m : ndarray of float64, shape (states, p)
        Overlap, or coefficient, of every state with every stored pattern.
    stored : sequence of str, length p
        Label of each pattern.
    signed : bool
        Compare m, otherwise |m|; at equal |m| a pattern precedes an inverse.

    Returns
    -------
    ndarray of str, shape (states,)
        A stored label for each; the first of equally near patterns.

    Examples
    --------
    >>> m = np.array([[0.4, -0.5], [0.2, 0.1]])
    >>> nearest_labels(m, ["3", "6"], signed=False).tolist()
    ['6', '3']
    >>> nearest_labels(m, ["3", "6"], signed=True).tolist()
    ['3', '3']
    """
    size = m if signed else np.abs(m) + 1e-9 * (m > 0)
    return np.array(stored)[size.argmax(axis=1)]


def coefficients(m: Floats, xi: Spins) -> Floats:
    """Compute the coefficient of each pattern in a state, c = Q^-1 m, as the pseudo-inverse rule.

    The projection of a state on the span of the patterns is sum_mu c_mu xi_mu. Q contains the
    overlaps of the patterns with each other [ZG eq. 2]; dependent patterns use its
    pseudo-inverse.

    Parameters
    ----------
    m : ndarray of float64, shape (states, p)
        Overlap of every state with every pattern.
    xi : ndarray of int8, shape (p, N)
        The patterns, values -1 or +1.

    Returns
    -------
    ndarray of float64, shape (states, p)
        Signed, dimensionless; 1 and 0 for the patterns themselves.

    Examples
    --------
    >>> xi = np.array([[1, 1, 1, 1], [1, 1, 1, -1]], dtype=np.int8)
    >>> coefficients(overlaps(np.array([[1, 1, 1, -1], [1, 1, -1, 1]]), xi), xi).round(3).tolist()
    [[0.0, 1.0], [0.667, -0.333]]
    """
    return m @ np.linalg.pinv(overlaps(xi, xi), hermitian=True)


def logistic_labels(spins: Spins, labels: Texts, tested: Spins) -> Texts:
    """Predict labels by logistic regression on spins, minimising mean loss plus |w|^2 / 200.

    Parameters
    ----------
    spins : ndarray of int8, shape (trained, N)
        Training images, values -1 or +1.
    labels : ndarray of str, shape (trained,)
        Their labels, with at least two different ones.
    tested : ndarray of int8, shape (tested, N)
        Images to classify.

    Returns
    -------
    ndarray of str, shape (tested,)
        One of `labels` for each.
    """
    return interruptibly(_logistic_labels, spins, labels, tested)


def _logistic_labels(spins: Spins, labels: Texts, tested: Spins) -> Texts:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model: Any = LogisticRegression(C=_PENALTY / len(spins), max_iter=_MOST_STEPS)
    with threadpool_limits(1):  # the last digits depend on the number of threads
        model.fit(spins.astype(np.float64), labels)
        found: Texts = model.predict(tested.astype(np.float64))
    return found
