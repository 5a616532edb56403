"""Cautions: what a user must know of the numbers of a recall, with advice that was tried.

Two causes are kept apart. The rule may not hold a stored pattern, so that no criterion helps;
or noise keeps a held pattern below the criterion. A remedy is named only after it has been
tried on the stored patterns of the run itself.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.config.notations import Schedule, temperatures
from hopcli.errors import PatternError, SettingError
from hopcli.storage import RULES, store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hopcli.config import ResolvedRecall
    from hopcli.experiments.holding import Holding
    from hopcli.experiments.relaxation import Relaxation
    from hopcli.experiments.resting import Resting
    from hopcli.storage import Couplings

__all__ = ["Caution", "Given", "automatic_criterion", "cautions", "noted"]

_PSEUDO_INVERSE = "pseudo-inverse"
_HALVINGS = 5  # of the temperature, before no lower one is advised


class Caution(NamedTuple):
    """A warning, and its topic.

    Attributes
    ----------
    topic : str
        A few words, the same for all warnings of the kind: a grid counts them.
    text : str
        The warning.
    """

    topic: str
    text: str


class Given(NamedTuple):
    """What a user has asked for, as far as advice depends on it.

    Attributes
    ----------
    automatic : bool
        Whether the criterion is ``auto``.
    gamma : bool
        Whether ``gamma`` stands for the temperature.
    quench : bool
        Whether the command has ``quench``.
    """

    automatic: bool
    gamma: bool
    quench: bool


def noted(warned: list[Caution]) -> dict[str, list[str]]:
    """Lay cautions out as the notes of a result: the warnings, and the topic of each."""
    return {"warnings": [one.text for one in warned], "topics": [one.topic for one in warned]}


def automatic_criterion(relaxation: Relaxation, given: Given) -> float:
    """Find the overlap from which on a state counts as a pattern that rests there.

    Parameters
    ----------
    relaxation : Relaxation
        The runs.
    given : Given
        What was asked for.

    Returns
    -------
    float
        0.99, or 4 SD below the overlap at which a stored pattern rests, if that is lower.

    Raises
    ------
    SettingError
        If the rule does not hold every pattern, or noise does not leave each near itself.
    """
    holding = relaxation.holding()
    if holding.worst is not None:
        raise SettingError("criterion", f"cannot be auto: {_left(relaxation, holding)}")
    resting = relaxation.resting()
    if resting.automatic is None:
        row = resting.lowest
        rule = (
            f"cannot be auto: noise does not leave {resting.name[row]!r} near itself, it comes "
            f"to m = {resting.told(row)}{_in_brackets([_cooler(relaxation, given)])}"
        )
        raise SettingError("criterion", rule)
    return resting.automatic


def cautions(relaxation: Relaxation, resting: Resting, given: Given) -> list[Caution]:
    """Look at the stored patterns without noise, and then with it.

    Parameters
    ----------
    relaxation : Relaxation
        The runs, with their criterion.
    resting : Resting
        Where its patterns rest.
    given : Given
        What was asked for.

    Returns
    -------
    list of Caution
        That of the rule, then that of noise, as far as there are any.
    """
    holding, config, found = relaxation.holding(), relaxation.config, []
    if holding.worst is not None:
        topic = f"the {relaxation.couplings.rule} rule does not hold every pattern"
        found.append(Caution(topic, _left(relaxation, holding)))
    names = relaxation.patterns.names
    held = resting.of([name for name, stays in zip(names, holding.held, strict=True) if stays])
    if not held.clears(config.criterion):
        ways = [] if holding.worst is not None else _ways(relaxation, held, given)
        last = 0.0 if config.quench else temperatures(config.temperature, config.sweeps)[-1]
        text = f"at T = {last:.4g} {_noise(held, config.criterion)}{_in_brackets(ways)}"
        found.append(Caution("noise keeps patterns off the criterion", text))
    return found


def _left(relaxation: Relaxation, holding: Holding) -> str:
    """Say which pattern the network leaves, for what, and what would hold it."""
    left = holding.worst
    assert left is not None
    where = "nearest to it still"
    if (left.nearest, left.is_inverse) != (left.name, False):
        where = f"nearest to {'the inverse of ' * left.is_inverse}{left.nearest!r}"
    lost = int(np.sum(~holding.held))
    others = f" (nor {lost - 1:,} of the other {holding.looked_at - 1:,})" if lost > 1 else ""
    remedy = _remedy(relaxation)
    advice = [f"{remedy} would hold every pattern"] if remedy else []
    advice += [] if left.is_fixed else ["see `hopcli weights`"]
    text = (
        f"the {relaxation.couplings.rule} rule does not hold pattern {left.name!r}{others}: "
        f"started in it at T = 0, the network leaves it for a state at m = {left.overlap:.2f}, "
        f"{where}; no start can recall it"
    )
    return "; ".join([text, *advice])


def _remedy(relaxation: Relaxation) -> str | None:
    """The options with which the network would hold every pattern, if any are found."""
    for options, network, tie in _other_networks(relaxation):
        if relaxation.holding(network, tie).worst is None:
            return options
    return None


def _other_networks(relaxation: Relaxation) -> Iterator[tuple[str, Couplings, str]]:
    """Other networks of the same patterns: the options that ask for them, and the tie."""
    network, xi, tie = relaxation.couplings, relaxation.patterns.xi, relaxation.config.tie
    thresholds = network.theta[network.site_class]
    if tie != "keep":
        yield "--tie keep", network, "keep"
    if network.rule != _PSEUDO_INVERSE:
        try:
            other = f"--rule {_PSEUDO_INVERSE}{_without(relaxation.config)}"
            yield other, store(xi, _PSEUDO_INVERSE, thresholds), tie
            if thresholds.any():
                yield f"{other} --theta 0", store(xi, _PSEUDO_INVERSE), tie
        except PatternError:
            pass  # dependent patterns
    if thresholds.any():
        yield "--theta 0", dataclasses.replace(network, theta=np.zeros_like(network.theta)), tie


def _without(config: ResolvedRecall) -> str:
    """The options that another rule has no use for."""
    parameters = RULES[config.rule].parameters
    given = [
        f"--{name.replace('_', '-')}"
        for name, one in parameters.items()
        if getattr(config, name) != one.default
    ]
    return f" without {', '.join(given)}" if given else ""


def _noise(held: Resting, criterion: float) -> str:
    """Say how far noise takes a pattern that the rule holds."""
    if held.strays is not None:
        share = 100 * (1 - held.nearest[held.strays])
        return (
            f"noise takes {share:.0f} % of the runs that start in the stored pattern "
            f"{held.name[held.strays]!r} nearer to another: where a run ends says little of its "
            "start"
        )
    row = held.below(criterion)
    assert row is not None
    return (
        f"the stored pattern {held.name[row]!r} itself rests at m = {held.told(row)}, not 3 SD "
        f"above the criterion {criterion:.4g}: a run that is as near to its pattern as it stays "
        "may count as not recalled"
    )


def _ways(relaxation: Relaxation, held: Resting, given: Given) -> list[str]:
    """Options after which every held pattern rests clearly above the criterion."""
    config, ways = relaxation.config, []
    if not given.automatic and held.strays is None and held.automatic is not None:
        ways.append("--criterion auto")
    if given.quench and not (config.quench or config.until_stable):
        quenched = dataclasses.replace(config, quench=True)
        after = dataclasses.replace(relaxation, config=quenched).resting()
        if after.of(held.name).clears(config.criterion):
            ways.append("--quench")
    return ways or [_cooler(relaxation, given)]


def _cooler(relaxation: Relaxation, given: Given) -> str:
    """The option of a lower temperature at which patterns rest above the criterion, or nothing."""
    config = relaxation.config
    last = temperatures(config.temperature, config.sweeps)[-1]
    for halving in range(1, _HALVINGS + 1) if last > 0 else ():
        lower = float(f"{last / 2**halving:.2g}")
        new: float | Schedule = lower
        if isinstance(config.temperature, Schedule):
            new = dataclasses.replace(config.temperature, last=lower)
        cooler = dataclasses.replace(config, temperature=new)
        if dataclasses.replace(relaxation, config=cooler).resting().clears(config.criterion):
            return f"--gamma {2 / lower:.6g}" if given.gamma else f"--temperature {new}"
    return ""


def _in_brackets(ways: list[str]) -> str:
    """Options to try, in brackets; nothing without any."""
    named = " or ".join(filter(None, ways))
    return f" (try {named})" if named else ""
