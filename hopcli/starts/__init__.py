"""Starting states of runs, and the small language that describes them.

A start is a base (an image, a pattern, random spins, ...) and changes applied to it in
order. Bases and changes are entries of two registries, which define spelling, reading of the
arguments, and effect. Every trial has its own random stream, so its start does not depend on
the number of trials.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hopcli.errors import SettingError
from hopcli.records import Ints, Spins, np
from hopcli.starts.bases import BASES, NO_SOURCE
from hopcli.starts.words import CHANGES, SIDES, Arguments, Bank, Base, Change, copied, word
from hopcli.values import nearest

if TYPE_CHECKING:
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
    """Parsed description of a starting state.

    Parameters
    ----------
    base : str
        A key of :data:`BASES`.
    arguments : tuple
        Arguments of the base; numeric arguments are numbers.
    changes : tuple of (str, tuple)
        Changes in order: a key of :data:`CHANGES` with its arguments.
    """

    base: str
    arguments: Arguments = ()
    changes: tuple[tuple[str, Arguments], ...] = ()

    @property
    def uses_images(self) -> bool:
        """True if runs start from images of the data set."""
        return BASES[self.base].are_images

    @property
    def needs_target(self) -> bool:
        """True if one of the stored patterns must be the target."""
        return BASES[self.base].needs_target

    @property
    def leaves_zeros(self) -> bool:
        """True if sites may be 0: sites in which two blended patterns differ, unless filled."""
        return BASES[self.base].leaves_zeros(self.arguments)

    @property
    def filled(self) -> Start:
        """The same start without sites at 0."""
        return replace(self, arguments=(*self.arguments, "fill")) if self.leaves_zeros else self

    @property
    def file(self) -> Path | None:
        """File or folder from which the states are read, if there is one."""
        find = BASES[self.base].file
        return None if find is None else find(self.arguments)

    def misfit(self, shape: tuple[int, int]) -> str:
        """Return the rule that a change breaks on states of this height and width, or ""."""
        return next(filter(None, (CHANGES[k].misfit(v, shape) for k, v in self.changes)), "")

    def __str__(self) -> str:
        """Return the start in its shortest spelling."""
        words = [word(CHANGES[name], arguments) for name, arguments in self.changes]
        if self.base != "pattern" or not words:
            words.insert(0, word(BASES[self.base], self.arguments))
        return ",".join(words)


def parse_start(text: str) -> Start:
    """Parse the text of a start.

    Parameters
    ----------
    text : str
        For example ``"image"``, ``"flip:0.25"`` or ``"blend:boat:house,flip:0.1"``. Without
        a base, the base is ``pattern``.

    Raises
    ------
    ValueError
        If the text is not a start; the message is the rule.

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
        made = tuple((name, CHANGES[name].read(texts)) for name, *texts in changes)
        return Start(base, BASES[base].read(arguments), made)
    except (KeyError, ValueError):
        raise ValueError(rule_of_starts(target=True)) from None


def meant_start(text: str) -> str:
    """Suggest a fraction for a percentage, a source for a file, or the nearest word."""
    from hopcli.datasets.grey import exists
    from hopcli.datasets.sources import spec_of

    plain = re.sub(r"(\d+(?:\.\d+)?)%", lambda match: f"{float(match[1]) / 100:g}", text)
    if plain == text and exists(Path(text)) and spec_of(text).partition(":")[0] in BASES:
        plain = spec_of(text)
    if plain != text:
        return f"; did you mean {plain}?"
    words = [part.partition(":")[0].strip() for part in text.split(",")]
    unknown = [name for name in words if name not in BASES and name not in CHANGES]
    return nearest(unknown[0], [*BASES, *CHANGES]) if unknown else ""


def rule_of_starts(*, target: bool = False) -> str:
    """Return the rule for starts, one sentence built from the registries.

    Parameters
    ----------
    target : bool
        Whether there is a target, which some bases need.
    """
    *bases, last = (base.usage for base in BASES.values() if target or not base.needs_target)
    *some, final = (change.usage for change in CHANGES.values())
    return (
        f"must be {', '.join(bases)} or {last}, then any of {', '.join(some)} and {final}, "
        "joined by commas"
    )


def trial_rng(seed: int, trial: int) -> np.random.Generator:
    """Return the random stream of one trial, which does not depend on other trials.

    Parameters
    ----------
    seed : int
        64-bit seed of the starts of a run.
    trial : int
        Number of the trial, >= 0.
    """
    return np.random.Generator(np.random.Philox(key=[seed, trial]))


def fill_bank(start: Start, dataset: Dataset, patterns: Patterns, target: int = 0) -> Bank:
    """Collect the available starting states.

    Parameters
    ----------
    start : Start
        The start.
    dataset : Dataset
        Source of the images.
    patterns : Patterns
        The stored patterns.
    target : int
        Index of the target pattern, for bases that need one.

    Raises
    ------
    SettingError
        If the start contradicts the patterns, or there are no images of their labels.
    """
    bank = BASES[start.base].fill(dataset, patterns, start.arguments, target)
    if len(bank) == 0:
        rule = f"must have something to start from; {dataset.name} has no image of a stored label"
        raise SettingError("start", rule, str(start))
    return bank


def choose(start: Start, bank: Bank, count: int, rng: np.random.Generator) -> Bank:
    """Choose `count` starts: images at random, all others in turn.

    Parameters
    ----------
    start : Start
        The start for which the bank was filled.
    bank : Bank
        The available starting states.
    count : int
        Number of starts, >= 1.
    rng : numpy.random.Generator
        Random stream for the choice of images.
    """
    if start.uses_images:
        return bank.take(rng.choice(len(bank), count))
    return bank.take(np.arange(count) % len(bank))


def first_states(
    start: Start,
    bank: Bank,
    shape: tuple[int, int],
    seed: int,
    numbers: Ints | None = None,
) -> Spins:
    """Make the starting states of trials.

    Parameters
    ----------
    start : Start
        Description of the starting states.
    bank : Bank
        Base of each trial, one entry per trial.
    shape : tuple of int
        Height and width of a state as a picture.
    seed : int
        64-bit seed of the starts of the run.
    numbers : ndarray of int64, shape (trials,), optional
        Number of each trial in the run, which selects its random stream; by default 0, 1, ...

    Returns
    -------
    ndarray of int8, shape (trials, N)
        Values -1 or +1; 0 at sites in which two blended patterns differ, unless filled.
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


def change(picture: Spins, start: Start, rng: np.random.Generator) -> None:
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
