"""Cautions: warnings about the numbers of a recall, with tested advice.

Two causes are distinguished. The rule may not hold a stored pattern, so that no criterion
helps. Or noise keeps a held pattern below the criterion. A remedy is named only after a test
on the stored patterns and on some of the trials of the run itself.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.config import RecallConfig
from hopcli.config.notations import Schedule, temperatures
from hopcli.errors import PatternError, SettingError
from hopcli.experiments.continuation import affordable
from hopcli.rules import RULES, store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hopcli.config.recall import TrialSettings
    from hopcli.experiments.holding import Holding
    from hopcli.experiments.relaxation import Relaxation
    from hopcli.experiments.resting import Resting
    from hopcli.network import Network

_PSEUDO_INVERSE = "pseudo-inverse"
_HALVINGS = 5  # most halvings of the temperature in the search for advice


class Caution(NamedTuple):
    """A warning, and its topic.

    Attributes
    ----------
    topic : str
        A few words, the same for all warnings of a kind: a grid counts them.
    text : str
        The warning.
    """

    topic: str
    text: str


def noted(warned: list[Caution]) -> dict[str, list[str]]:
    """Return the notes of a result: the warnings, and the topic of each."""
    return {"warnings": [one.text for one in warned], "topics": [one.topic for one in warned]}


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
        way = _cooler(relaxation, given) or _other_rule(relaxation)
        rule = (
            f"cannot be auto: noise moves the network away from {resting.name[row]!r}, to "
            f"m = {resting.told(row)}{_in_brackets([way])}"
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
        topic = f"the {relaxation.couplings.rule} rule does not hold every pattern"
        found.append(Caution(topic, _left(relaxation, holding, given)))
    names = relaxation.patterns.names
    held = resting.of([name for name, stays in zip(names, holding.held, strict=True) if stays])
    if not held.clears(config.criterion):
        ways = [] if holding.worst is not None else _ways(relaxation, held, given)
        last = temperatures(config.temperature, config.sweeps)[-1]
        then = ", quenched at the end," if config.quench else ""
        text = f"at T = {last:.4g}{then} {_noise(held, config.criterion)}{_in_brackets(ways)}"
        found.append(Caution("noise keeps patterns off the criterion", text))
    return found


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
        f"the {relaxation.couplings.rule} rule does not hold pattern {left.name!r}{others}: "
        f"started in it at T = 0, the network leaves it for a state at m = {left.overlap:.2f}, "
        f"{where}"
    )
    return "; ".join([text, *advice])


def _remedy(relaxation: Relaxation, given: TrialSettings) -> str | None:
    """Return options with which the network would hold every pattern, if any are found."""
    for options, other in _other_networks(relaxation):
        passes = not given.is_automatic or other.resting().automatic is not None
        if passes and other.holding().worst is None and _recalls_more(other, relaxation):
            return options
    return None


def _other_networks(relaxation: Relaxation) -> Iterator[tuple[str, Relaxation]]:
    """Return the same trials in other networks of the same patterns, and their options."""
    config, network = relaxation.config, relaxation.couplings
    thresholds = network.thresholds

    def changed(network: Network, **settings: object) -> Relaxation:
        other = dataclasses.replace(config, **settings)  # type: ignore[arg-type]
        return dataclasses.replace(relaxation, config=other, couplings=network)

    if config.tie != "keep":
        yield "--tie keep", changed(network, tie="keep")
    if network.rule != _PSEUDO_INVERSE:
        exact = f"--rule {_PSEUDO_INVERSE}{_without(config)}"
        try:
            stored = store(relaxation.patterns.xi, _PSEUDO_INVERSE, thresholds)
        except PatternError:  # dependent patterns
            stored = None
        if stored is not None:
            yield exact, changed(stored)
            if thresholds.any():
                yield f"{exact} --theta 0", changed(_without_thresholds(stored))
    if thresholds.any():
        yield "--theta 0", changed(_without_thresholds(network))


def _without_thresholds(network: Network) -> Network:
    return dataclasses.replace(network, theta=np.zeros_like(network.theta))


def _recalls_more(after: Relaxation, before: Relaxation) -> bool:
    """Return whether some of the trials are recalled more often, or all were before."""
    rows = affordable(before)
    if not len(rows):
        return True
    rates = [float(relaxation.recalled(rows).mean()) for relaxation in (before, after)]
    return rates[1] > rates[0] or rates[0] == 1


def _without(config: RecallConfig) -> str:
    """Return options that reset settings without effect on another rule."""
    parameters = RULES[config.rule].parameters
    given = [
        f"--{name.replace('_', '-')}"
        for name, one in parameters.items()
        if getattr(config, name) != one.default
    ]
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
        f"the stored pattern {held.name[row]!r} itself rests at m = {held.told(row)}, less than "
        f"3 SD above the criterion {criterion:.4g}, so runs that stay as near to their pattern as "
        "possible may count as not recalled"
    )


def _ways(relaxation: Relaxation, held: Resting, given: TrialSettings) -> list[str]:
    """Return options with which every held pattern rests clearly above the criterion."""
    config, ways = relaxation.config, []
    if not given.is_automatic and held.strays is None and held.automatic is not None:
        found = dataclasses.replace(config, criterion=held.automatic)
        if _recalls_more(dataclasses.replace(relaxation, config=found), relaxation):
            ways.append("--criterion auto")
    if isinstance(given, RecallConfig) and not (config.quench or config.until_stable):
        quenched = dataclasses.replace(config, quench=True)
        if _clears(dataclasses.replace(relaxation, config=quenched), relaxation):
            ways.append("--quench")
    return ways or [_cooler(relaxation, given) or _other_rule(relaxation)]


def _clears(after: Relaxation, before: Relaxation) -> bool:
    """Return whether patterns rest above the criterion after a change, and more is recalled."""
    return after.resting().clears(after.config.criterion) and _recalls_more(after, before)


def _other_rule(relaxation: Relaxation) -> str:
    """Return options of a network in which patterns stay despite noise, or an empty text."""
    others = _other_networks(relaxation)
    return next((options for options, other in others if _clears(other, relaxation)), "")


def _cooler(relaxation: Relaxation, given: TrialSettings) -> str:
    """Return the option of a lower temperature that keeps patterns above the criterion, or ""."""
    config = relaxation.config
    last = temperatures(config.temperature, config.sweeps)[-1]
    for halving in range(1, _HALVINGS + 1) if last > 0 else ():
        lower = float(f"{last / 2**halving:.2g}")
        new: float | Schedule = lower
        if isinstance(config.temperature, Schedule):
            new = dataclasses.replace(config.temperature, last=lower)
        cooler = dataclasses.replace(config, temperature=new)
        if _clears(dataclasses.replace(relaxation, config=cooler), relaxation):
            return f"--gamma {2 / lower:.6g}" if given.gamma else f"--temperature {new}"
    return ""


def _in_brackets(ways: list[str]) -> str:
    """Put options to try in brackets; without any, return an empty text."""
    named = " or ".join(filter(None, ways))
    return f" (try {named})" if named else ""
