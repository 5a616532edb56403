"""Contests of selectors: all have the same samples, and are tested on images they never saw."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.errors import SettingError
from hopcli.experiments.relaxation import Relaxation
from hopcli.experiments.selectors import SELECTORS, Draw, Seeds, draw_for_selection
from hopcli.experiments.trials import Trials, draw_trials
from hopcli.observables import overlaps_of_sums
from hopcli.scoring import recall_of
from hopcli.starts import Bank

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from hopcli.config import CompareConfig, RecallConfig
    from hopcli.datasets import Dataset
    from hopcli.experiments.preparation import Prepared
    from hopcli.patterns import Patterns
    from hopcli.streams import Streams

__all__ = ["Contest", "Runs", "draw_contests", "measure"]

_BLOCK = 8192  # trials run at once, to bound the memory


@dataclass(frozen=True, eq=False)
class Runs:
    """How trials are run, whatever is stored.

    Parameters
    ----------
    recall : RecallConfig
        The dynamics, and what is recalled.
    prepared : Prepared
        Gives the couplings.
    threads : int or None
        How many run the chains; None for one a processor.
    tell : callable
        Told how many trials are done.
    """

    recall: RecallConfig
    prepared: Prepared[Any]
    threads: int | None
    tell: Callable[[int], None]

    def ends(self, patterns: Patterns, trials: Trials, streams: Streams) -> NDArray[np.float64]:
        """Overlaps of the final states with the patterns, float64, shape (trials, p)."""
        recall = self.recall
        network = self.prepared.network(patterns=patterns)
        how = Relaxation(recall, network, patterns, trials, streams, threads=self.threads)
        blocks = np.split(np.arange(len(trials)), range(_BLOCK, len(trials), _BLOCK))
        ends = [how.run(rows, tell=self.tell).ends for rows in blocks]
        return overlaps_of_sums(np.concatenate(ends), network)

    def recalled(self, patterns: Patterns, trials: Trials, streams: Streams) -> NDArray[np.bool_]:
        """Which trials are recalled, bool, shape (trials,)."""
        label = trials.bank(np.arange(len(trials))).label
        return self.reaches(self.ends(patterns, trials, streams), label, patterns)

    def reaches(
        self, m: NDArray[np.float64], label: NDArray[np.str_], patterns: Patterns
    ) -> NDArray[np.bool_]:
        """Which of some overlaps count as recalled."""
        is_own = label[:, None] == np.array(patterns.labels)
        signed = self.recall.score == "signed"
        return recall_of(m, is_own, self.recall.criterion, signed=signed)[0]


class Contest(NamedTuple):
    """One selection, by every selector.

    Attributes
    ----------
    number : int
        Of the selection, from 1 on.
    draw : Draw
        What is chosen from.
    tests : Trials
        Images that no selector has seen.
    streams : Streams
        Those of the selection.
    """

    number: int
    draw: Draw
    tests: Trials
    streams: Streams

    @property
    def tuning(self) -> Trials:
        """The images that candidates are tried on."""
        source, index = self.draw.source, self.draw.tuning
        bank = Bank(source.labels[index], index, source.spins, index)
        return Trials(bank, len(index), 1, lambda _, place: place)

    def n_trials(self, config: CompareConfig) -> int:
        """Trials that it takes."""
        n_tried = sum(selector.tries for selector in SELECTORS.values()) * config.candidates
        return len(SELECTORS) * len(self.tests) + n_tried * len(self.draw.tuning)


def draw_contests(
    config: CompareConfig,
    recall: RecallConfig,
    dataset: Dataset,
    source: Dataset,
    seeds: Sequence[np.random.SeedSequence],
    streams: Streams,
) -> list[Contest]:
    """Draw what every selection, at each M, chooses from and is tested on.

    Parameters
    ----------
    config : CompareConfig
        How many samples, selections, tests and tuning images there are.
    recall : RecallConfig
        What is made of each test image.
    dataset, source : Dataset
        Where tests are from, and samples.
    seeds : sequence of numpy.random.SeedSequence
        One a selection, for what it chooses from.
    streams : Streams
        Those of the run; a selection has its own for tests and chains.

    Raises
    ------
    SettingError
        If a label has too few images.
    """
    own = zip(
        (Seeds(*seed.spawn(3)) for seed in seeds),
        streams.tests.spawn(len(seeds)),
        streams.chains.spawn(len(seeds)),
        strict=True,
    )
    contests = []
    for number, (drawn, tests, chains) in enumerate(own, start=1):
        of_selection = dataclasses.replace(streams, tests=tests, chains=chains)
        for n_samples in config.selector_samples:
            draw = draw_for_selection(config, source, n_samples, drawn)
            any_patterns = draw.patterns(np.zeros(len(draw.samples), np.int64), config.digits)
            trials = _tests(config, recall, dataset, any_patterns, tests)
            contests.append(Contest(number, draw, trials, of_selection))
    return contests


def _tests(
    config: CompareConfig,
    recall: RecallConfig,
    dataset: Dataset,
    patterns: Patterns,
    seed: np.random.SeedSequence,
) -> Trials:
    """The images that the patterns of a selection are tested on."""
    how = dataclasses.replace(recall, tests=config.selector_tests)
    try:
        return draw_trials(how, dataset, patterns, seed)
    except SettingError as error:
        if error.setting != "tests":
            raise
        raise SettingError("selector_tests", error.rule, error.found) from None


def measure(config: CompareConfig, contest: Contest, runs: Runs) -> list[tuple[Any, ...]]:
    """Select by every selector, and see what the patterns recall; one row each."""
    draw, tuning = contest.draw, contest.tuning

    def tried(places: NDArray[np.int64]) -> float:
        patterns = draw.patterns(places, config.digits)
        return float(runs.recalled(patterns, tuning, contest.streams).mean())

    rows = []
    for name, selector in SELECTORS.items():
        chosen = draw.choose(selector, config.candidates, tried)
        patterns = draw.patterns(chosen, config.digits)
        hit = runs.recalled(patterns, contest.tests, contest.streams)
        rows.append((draw.samples.shape[1], name, contest.number, len(hit), hit.sum(), hit.mean()))
    return rows
