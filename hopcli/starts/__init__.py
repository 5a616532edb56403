"""Where runs start: a small language of first states, and the states themselves.

A start is a base (an image, a pattern, random spins, ...) and changes made to it in
order. Bases and changes are entries of two registries: how each is written, how its
arguments are read, and what it does. Every trial has a random stream of its own, so its
start does not depend on how many others there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli.errors import SettingError
from hopcli.starts.bases import BASES, NO_SOURCE
from hopcli.starts.changes import CHANGES, SIDES
from hopcli.starts.words import Arguments, Bank, Base, Change, copied, word
from hopcli.values import nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns

__all__ = [
    "BASES",
    "CHANGES",
    "NO_SOURCE",
    "SIDES",
    "Bank",
    "Base",
    "Change",
    "Start",
    "change",
    "choose",
    "fill_bank",
    "first_states",
    "meant_start",
    "parse_start",
    "rule_of_starts",
    "trial_rng",
]


@dataclass(frozen=True, slots=True)
class Start:
    """A start, read once.

    Parameters
    ----------
    base : str
        A key of :data:`BASES`.
    arguments : tuple
        What the base takes: numbers where they mean numbers.
    changes : tuple of (str, tuple)
        Each change, a key of :data:`CHANGES`, with its arguments, in order.
    """

    base: str
    arguments: Arguments = ()
    changes: tuple[tuple[str, Arguments], ...] = ()

    @property
    def uses_images(self) -> bool:
        """Whether runs start from images of the data set."""
        return BASES[self.base].are_images

    @property
    def needs_target(self) -> bool:
        """Whether one of the stored patterns must be the target."""
        return BASES[self.base].needs_target

    @property
    def leaves_zeros(self) -> bool:
        """Whether sites may be 0: where two blended patterns differ, unless filled."""
        return BASES[self.base].leaves_zeros(self.arguments)

    def misfit(self, shape: tuple[int, int]) -> str:
        """The rule that a change breaks on states of this height and width, or nothing."""
        return next(filter(None, (CHANGES[k].misfit(v, shape) for k, v in self.changes)), "")

    def __str__(self) -> str:
        """The start as a user writes it, as short as it can be."""
        words = [word(CHANGES[name], arguments) for name, arguments in self.changes]
        if self.base != "pattern" or not words:
            words.insert(0, word(BASES[self.base], self.arguments))
        return ",".join(words)


def parse_start(text: str) -> Start:
    """Read a start as the user writes it.

    Parameters
    ----------
    text : str
        For example ``"image"``, ``"flip:0.25"`` or ``"blend:boat:house,flip:0.1"``. With
        changes alone the base is ``pattern``.

    Raises
    ------
    ValueError
        With the rule, if it is none.

    Examples
    --------
    >>> start = parse_start("image,occlude:top:0.50")
    >>> start.base, start.changes
    ('image', (('occlude', ('top', 0.5)),))
    >>> str(start)
    'image,occlude:top:0.5'
    """
    parts = [part.strip().split(":") for part in text.split(",")]
    if parts[0][0] in CHANGES:
        parts.insert(0, ["pattern"])
    (base, *arguments), *changes = parts
    try:
        return Start(
            base,
            BASES[base].read(arguments),
            tuple((name, CHANGES[name].read(texts)) for name, *texts in changes),
        )
    except (KeyError, ValueError):
        raise ValueError(rule_of_starts(target=True)) from None


def meant_start(text: str) -> str:
    """Suggest a fraction for a percentage, or the nearest word for an unknown one."""
    plain = re.sub(r"(\d+(?:\.\d+)?)%", lambda match: f"{float(match[1]) / 100:g}", text)
    if plain != text:
        return f"; did you mean {plain}?"
    words = [part.partition(":")[0].strip() for part in text.split(",")]
    unknown = [name for name in words if name not in BASES and name not in CHANGES]
    return nearest(unknown[0], [*BASES, *CHANGES]) if unknown else ""


def rule_of_starts(*, target: bool = False) -> str:
    """What a start must be, in one sentence made from the registries.

    Parameters
    ----------
    target : bool
        Whether there is a target, so that bases which need one can be used.
    """
    *bases, last = (base.usage for base in BASES.values() if target or not base.needs_target)
    *some, final = (change.usage for change in CHANGES.values())
    return (
        f"must be {', '.join(bases)} or {last}, then any of {', '.join(some)} and {final}, "
        "joined by commas"
    )


def trial_rng(seed: int, trial: int) -> np.random.Generator:
    """Random stream of one trial, the same whatever other trials there are.

    Parameters
    ----------
    seed : int
        64-bit seed of the starts of a run.
    trial : int
        Number of the trial, >= 0.
    """
    return np.random.Generator(np.random.Philox(key=[seed, trial]))


def fill_bank(start: Start, dataset: Dataset, patterns: Patterns, target: int = 0) -> Bank:
    """Find what there is to start from.

    Parameters
    ----------
    start : Start
        The start.
    dataset : Dataset
        Where images come from.
    patterns : Patterns
        The stored patterns.
    target : int
        Which of them is the target, for bases that need one.

    Raises
    ------
    SettingError
        If the start does not fit the patterns, or there are no images of their labels.
    """
    bank = BASES[start.base].fill(dataset, patterns, start.arguments, target)
    if len(bank) == 0:
        rule = f"must have something to start from; {dataset.name} has no image of a stored label"
        raise SettingError("start", rule, str(start))
    return bank


def choose(start: Start, bank: Bank, count: int, rng: np.random.Generator) -> Bank:
    """Choose so many starts: images at random, anything else in turn.

    Parameters
    ----------
    start : Start
        What the bank was filled for.
    bank : Bank
        What there is.
    count : int
        How many, >= 1.
    rng : numpy.random.Generator
        The stream that images are drawn from.
    """
    if start.uses_images:
        return bank.take(rng.choice(len(bank), count))
    return bank.take(np.arange(count) % len(bank))


def first_states(
    start: Start,
    bank: Bank,
    shape: tuple[int, int],
    seed: int,
    numbers: NDArray[np.int64] | None = None,
) -> NDArray[np.int8]:
    """Make the first states of trials.

    Parameters
    ----------
    start : Start
        What they are made of.
    bank : Bank
        What each trial starts from, one entry a trial.
    shape : tuple of int
        Height and width of a state as a picture.
    seed : int
        64-bit seed of the starts of the run.
    numbers : ndarray of int64, shape (trials,), optional
        Number of each trial in the run, which names its random stream; by default 0, 1, ...

    Returns
    -------
    ndarray of int8, shape (trials, N)
        Values -1 or +1, and 0 where two blended patterns differ unless filled.
    """
    make = BASES[start.base].make
    if make is copied and not start.changes and bank.row is not None:
        return bank.states[bank.row]
    streams = np.arange(len(bank)) if numbers is None else numbers
    states = np.empty((len(bank), bank.states.shape[1]), dtype=np.int8)
    for place, number in enumerate(streams.tolist()):
        rng = trial_rng(seed, number)
        own = bank.states if bank.row is None else bank.states[bank.row[place]]
        states[place] = make(own, start.arguments, rng)
        change(states[place].reshape(shape), start, rng)
    return states


def change(picture: NDArray[np.int8], start: Start, rng: np.random.Generator) -> None:
    """Apply the changes of a start to a state, in order and in place.

    Parameters
    ----------
    picture : ndarray of int8, shape (height, width)
        The state.
    start : Start
        Its changes.
    rng : numpy.random.Generator
        The stream of the trial.
    """
    for name, arguments in start.changes:
        CHANGES[name].apply(picture, arguments, rng)
