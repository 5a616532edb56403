"""Cautions: warnings about the numbers of a run, with tested advice."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from hopcli.config import RecallConfig
from hopcli.config.notations import Schedule
from hopcli.config.recall import TrialSettings
from hopcli.errors import PatternError, SettingError
from hopcli.experiments.relaxation import Holding, Relaxation, Resting
from hopcli.experiments.trials import Block
from hopcli.network import Network
from hopcli.observables import overlaps_of_sums
from hopcli.records import Bools, Ints, Spins
from hopcli.rules import GIVEN, store
from hopcli.statistics import clustered_interval
from hopcli.tables import Columns
from hopcli.tables.rates import complete
from hopcli.values import flag_name


class Rise(NamedTuple):
    """Increase of the number of recalled trials, as a fraction of all.

    Attributes
    ----------
    mean : float
        From -1 to 1.
    low, high : float
        95 % interval, for a new start.
    trials : int
        Number of continued trials.
    """

    mean: float
    low: float
    high: float
    trials: int


_FEWEST = 6
"""Smallest gain in trials whose 95 % interval can exclude 0: for five, 2^-5 > 0.025."""


class Continuation:
    """First trials of each label, to be continued for the same number of sweeps.

    None is continued if even one trial of each label would take long.

    Parameters
    ----------
    relaxation : Relaxation
        Protocol of the trials of the recall.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        self._relaxation = relaxation
        self.rows = relaxation.affordable()
        self._recalled: list[Bools] = []
        self._spins: list[Spins] = []

    def add(self, block: Block, spins: Spins) -> None:
        """Keep the final states of these trials in a block of the run."""
        first, last = block.rows[[0, -1]]  # the rows of a block follow each other
        here = self.rows[(self.rows >= first) & (self.rows <= last)] - first
        self._recalled.append(block.scores.recalled[here])
        self._spins.append(spins[here])

    def n_gained(self) -> int:
        """Count the trials that are recalled only after they are continued; 0 if few failed."""
        failed = np.flatnonzero(~np.concatenate(self._recalled))
        return int(self._after(failed).sum()) if len(failed) >= _FEWEST else 0

    def ends(self) -> tuple[Bools, Bools, Ints]:
        """Return True for recalled trials before and after, and the unit of each."""
        relaxation = self._relaxation
        bank, uses_images = relaxation.trials.bank(self.rows), relaxation.config.start.uses_images
        unit = bank.source_index if uses_images else self.rows
        return np.concatenate(self._recalled), self._after(np.arange(len(self.rows))), unit

    def _after(self, some: Ints) -> Bools:
        """Continue some of the trials, and return True for each recalled one."""
        relaxation, rows = self._relaxation, self.rows[some]
        final = relaxation.further(np.concatenate(self._spins)[some], rows)
        return relaxation.reach(overlaps_of_sums(final.ends, relaxation.couplings), rows)

    def warning(self, accuracy: Columns) -> str | None:
        """Return a warning if the accuracy would rise by more than its interval.

        Parameters
        ----------
        accuracy : Columns
            The table of accuracies; the last row is for all labels.
        """
        if not len(self.rows) or self.n_gained() < _FEWEST:
            return None
        if (rise := rise_of(*self.ends())).low <= 0:
            return None
        bounded = copy.copy(accuracy)  # whose own intervals stay open
        complete([bounded])
        mean, low, high = (bounded[name][-1] for name in ("accuracy", "ci_low", "ci_high"))
        half = (high - low) / 2
        if rise.mean <= half:
            return None
        return (
            f"the accuracy, {100 * mean:.1f} ± {100 * half:.1f} %, would rise by "
            f"{100 * rise.mean:.1f} ({100 * rise.low:.1f} to {100 * rise.high:.1f}, from "
            f"{rise.trials} trials run on) with twice the sweeps: runs have not relaxed "
            f"(try --sweeps {2 * self._relaxation.config.sweeps}; `hopcli relax` shows how they do)"
        )


def rise_of(before: Bools, after: Bools, unit: Ints) -> Rise:
    """Compute the increase of recalled trials; trials of one unit are not independent.

    The interval is that of the mean of a bounded variable, see
    :func:`hopcli.statistics.clustered_interval`: the units' own increases, -1 to 1.
    """
    _, which = np.unique(unit, return_inverse=True)
    trials = np.bincount(which)
    rises = np.bincount(which, after.astype(np.int64) - before.astype(np.int64))
    low, high = clustered_interval(trials + rises, 2 * trials)
    mean = float(after.mean() - before.mean())
    return Rise(mean, 2 * low - 1, 2 * high - 1, len(before))


ENOUGH = 30
"""Smallest number of selections of which at most 5 % lack a kind that is 1 in 10."""


def few_selections(selections: int, most: int = ENOUGH) -> list[str]:
    """Warn if intervals over so many selections cover less than they state.

    A kind of selection of frequency r is missing from n selections with probability (1 - r)^n.
    If selections of a rare kind are much worse than the others, intervals without this kind do
    not contain the mean or the variance.

    Parameters
    ----------
    selections : int
        Number of selections of the run, >= 1.
    most : int
        Most selections that the run may have.

    Returns
    -------
    list of str
        One warning, or none for 30 or more selections.

    Examples
    --------
    >>> few_selections(30), len(few_selections(29))
    ([], 1)
    """
    if selections >= ENOUGH:
        return []
    share = 1 - 0.05 ** (1 / selections)
    advice = "type" if most >= ENOUGH else "reduce --tests and type"
    warning = (
        f"intervals are over {selections} selections: a kind that is {100 * share:.0f} % of all "
        f"may be missing, and then they cover less than 95 %; {advice} --selections {ENOUGH}"
    )
    return [warning]


_PSEUDO_INVERSE = "pseudo-inverse"
_HALVINGS = 5  # most halvings of the temperature in the search for advice

Caution = tuple[str, str]
"""Topic of a warning, the same for all of its kind, as a grid counts them; and its text."""


def noted(warned: list[Caution]) -> dict[str, list[str]]:
    """Return the notes of a result: the warnings, and the topic of each."""
    return {"warnings": [text for _, text in warned], "topics": [topic for topic, _ in warned]}


def decided(relaxation: Relaxation, given: TrialSettings) -> Relaxation:
    """Replace the criterion of runs by the automatic one, if requested.

    Parameters
    ----------
    relaxation : Relaxation
        The runs.
    given : TrialSettings
        The given configuration.

    Returns
    -------
    Relaxation
        The runs; their criterion is 0.99, or 4 SD below the overlap at which a stored pattern
        rests, if that is lower.

    Raises
    ------
    SettingError
        If the rule does not hold every pattern, or noise moves the network away from one.
    """
    if not given.is_automatic:
        return relaxation
    holding = relaxation.holding()
    if holding.worst is not None:
        raise SettingError("criterion", f"cannot be auto: {_left(relaxation, holding, given)}")
    resting = relaxation.resting()
    if resting.automatic is None:
        row = resting.lowest
        way = _stays(relaxation, given)
        rule = (
            f"cannot be auto: noise moves the network away from {resting.name[row]!r}, to "
            f"m = {resting.mean_text(row)}{_in_brackets([way])}"
        )
        raise SettingError("criterion", rule)
    config = dataclasses.replace(relaxation.config, criterion=resting.automatic)
    return dataclasses.replace(relaxation, config=config)


def cautions(relaxation: Relaxation, resting: Resting, given: TrialSettings) -> list[Caution]:
    """Examine the stored patterns without noise, and then with it.

    Parameters
    ----------
    relaxation : Relaxation
        The runs, with their criterion.
    resting : Resting
        Overlaps at which its patterns rest.
    given : TrialSettings
        The given configuration.

    Returns
    -------
    list of Caution
        The caution about the rule, then that about noise, if any.
    """
    holding, config, found = relaxation.holding(), relaxation.config, []
    if holding.worst is not None:
        topic = f"the {_rule_of(relaxation)} not hold every pattern"
        found.append((topic, _left(relaxation, holding, given)))
    names = relaxation.patterns.names
    held = resting.of([name for name, stays in zip(names, holding.held, strict=True) if stays])
    if not held.clears(config.criterion):
        ways = [] if holding.worst is not None else _ways(relaxation, held, given)
        last = relaxation.schedule[-1]
        then = ", quenched at the end," if config.quench else ""
        text = f"at T = {last:.4g}{then} {_noise(held, config.criterion)}{_in_brackets(ways)}"
        found.append(("noise keeps patterns off the criterion", text))
    return found


def _rule_of(relaxation: Relaxation) -> str:
    rule = relaxation.couplings.rule
    return "given couplings do" if rule == GIVEN else f"{rule} rule does"


def _left(relaxation: Relaxation, holding: Holding, given: TrialSettings) -> str:
    """Describe the pattern that the network leaves, the final state, and a remedy."""
    left = holding.worst
    assert left is not None
    other = f"{'the inverse of ' * left.is_inverse}{left.nearest!r}"
    if left.is_shared:
        where = f"as near to {other}; no run distinguishes the two"
    elif (left.nearest, left.is_inverse) == (left.name, False):
        where = "still nearest to it; no start can recall it"
    else:
        where = f"nearest to {other}; no start can recall it"
    lost = int(np.sum(~holding.held))
    others = f" (nor {lost - 1:,} of {holding.looked_at - 1:,} others)" if lost > 1 else ""
    remedy = _remedy(relaxation, given)
    advice = [f"{remedy} would hold every pattern"] if remedy else []
    advice += [] if left.is_fixed else ["see `hopcli weights`"]
    text = (
        f"the {_rule_of(relaxation)} not hold pattern {left.name!r}{others}: "
        f"started in it at T = 0, the network leaves it for a state at m = {left.overlap:.2f}, "
        f"{where}"
    )
    return "; ".join([text, *advice])


def _remedy(relaxation: Relaxation, given: TrialSettings) -> str:
    """Return options with which the network would hold every pattern, if any are found."""
    for options, other in _other_networks(relaxation):
        passes = not given.is_automatic or other.resting().automatic is not None
        if passes and other.holding().worst is None and _recalls_more(other, relaxation):
            return options
    return ""


def _changed(relaxation: Relaxation, network: Network | None = None, **settings: Any) -> Relaxation:
    """Return the same trials with other settings, or in another network."""
    config = dataclasses.replace(relaxation.config, **settings)
    network = relaxation.couplings if network is None else network
    return dataclasses.replace(relaxation, config=config, couplings=network)


def _other_networks(relaxation: Relaxation) -> Iterator[tuple[str, Relaxation]]:
    """Return the same trials in other networks of the same patterns, and their options."""
    config, network = relaxation.config, relaxation.couplings
    thresholds, kept = network.thresholds, config.self_coupling
    zero = np.zeros_like(network.theta)
    if config.tie != "keep":
        yield "--tie keep", _changed(relaxation, tie="keep")
    if network.rule not in (_PSEUDO_INVERSE, GIVEN):
        option = f"--rule {_PSEUDO_INVERSE}{_without(config)}"
        with contextlib.suppress(PatternError):  # dependent patterns
            exact = store(network.xi, _PSEUDO_INVERSE, thresholds, self_coupling=kept)
            yield option, _changed(relaxation, exact)
            if thresholds.any():
                exact = dataclasses.replace(exact, theta=zero)
                yield f"{option} --theta 0", _changed(relaxation, exact)
    if thresholds.any():
        yield "--theta 0", _changed(relaxation, dataclasses.replace(network, theta=zero))


def _recalls_more(after: Relaxation, before: Relaxation) -> bool:
    """Return whether some of the trials are recalled more often, or all were before."""
    rows = before.affordable()
    if not len(rows):
        return True
    old, new = (float(relaxation.recalled(rows).mean()) for relaxation in (before, after))
    return new > old or old == 1


def _without(config: RecallConfig) -> str:
    """Return options that reset settings without effect on another rule."""
    own = config.parameters(config.rule).items()
    given = [flag_name(name) for name, value in own if value != config.settings()[name].default]
    return f" without {', '.join(given)}" if given else ""


def _noise(held: Resting, criterion: float) -> str:
    """Describe how far noise moves the network from a pattern that the rule holds."""
    if held.strays is not None:
        share = 100 * (1 - held.nearest[held.strays])
        return (
            f"noise takes {share:.0f} % of the runs from the stored pattern "
            f"{held.name[held.strays]!r} nearer to another pattern, so the end of a run says "
            "little about its start"
        )
    row = held.below(criterion)
    assert row is not None
    return (
        f"the stored pattern {held.name[row]!r} itself rests at m = {held.mean_text(row)}, "
        f"less than 3 SD above the criterion {criterion:.4g}, so runs that stay as near to their "
        "pattern as possible may count as not recalled"
    )


def _ways(relaxation: Relaxation, held: Resting, given: TrialSettings) -> list[str]:
    """Return options with which every held pattern rests clearly above the criterion."""
    config, ways = relaxation.config, []
    fits = not given.is_automatic and held.strays is None and held.automatic is not None
    if fits and _recalls_more(_changed(relaxation, criterion=held.automatic), relaxation):
        ways.append("--criterion auto")
    may = isinstance(given, RecallConfig) and not (config.quench or config.until_stable)
    if may and _clears(_changed(relaxation, quench=True), relaxation):
        ways.append("--quench")
    return ways or [_stays(relaxation, given)]


def _clears(after: Relaxation, before: Relaxation) -> bool:
    """Test whether patterns rest above the criterion after a change, and more is recalled."""
    return after.resting().clears(after.config.criterion) and _recalls_more(after, before)


def _stays(relaxation: Relaxation, given: TrialSettings) -> str:
    """Return options with which patterns stay despite noise, or an empty text."""
    others = itertools.chain(_coolers(relaxation, given), _other_networks(relaxation))
    return next((options for options, other in others if _clears(other, relaxation)), "")


def _coolers(relaxation: Relaxation, given: TrialSettings) -> Iterator[tuple[str, Relaxation]]:
    """Return the same trials at lower temperatures, and their options."""
    now, last = relaxation.config.temperature, relaxation.schedule[-1]
    for halving in range(1, _HALVINGS + 1) if last > 0 else ():
        lower = float(f"{last / 2**halving:.2g}")
        new = dataclasses.replace(now, last=lower) if isinstance(now, Schedule) else lower
        option = f"--gamma {2 / lower:.6g}" if given.gamma else f"--temperature {new}"
        yield option, _changed(relaxation, temperature=new)


def _in_brackets(ways: list[str]) -> str:
    """Put options to try in brackets; without any, return an empty text."""
    return f" (try {' or '.join(filter(None, ways))})" if any(ways) else ""
