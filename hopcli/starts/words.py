"""The words of the language of starts: entries of the registries, and readers of arguments."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.records import Ints, Record, Spins, Texts, np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns


Arguments = tuple[Any, ...]
"""Arguments of a word; numeric arguments are numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank(Record):
    """Available starting states, before changes.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
        Label of each entry.
    source_index : ndarray of int64, shape (n,)
        Index of the image in the data set, or -1.
    states : ndarray of int8, or :class:`hopcli.datasets.dataset.Bits`, shape (any, N)
        States that the entries refer to.
    row : ndarray of int64, shape (n,), or None
        Row of `states` of each entry; None if each entry uses all rows.
    """

    label: Texts
    source_index: Ints
    states: Any
    row: Ints | None

    def __len__(self) -> int:
        return len(self.label)

    def take(self, chosen: Ints) -> Bank:
        """Return the entries at these indices, in this order."""
        row = None if self.row is None else self.row[chosen]
        return Bank(self.label[chosen], self.source_index[chosen], self.states, row)


def nothing(texts: list[str]) -> Arguments:
    """No arguments."""
    if texts:
        raise ValueError(texts)
    return ()


def copied(state: Spins, _: Arguments, __: np.random.Generator) -> Spins:
    """Return an unchanged copy of the state of the bank."""
    return state.copy()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A word of the language.

    Parameters
    ----------
    name : str
        Its key in the registry.
    takes : str
        Spelling of its arguments, e.g. ``"[:P_UP]"``.
    description : str
        Its meaning, in a few words.
    """

    name: str
    takes: str
    description: str

    @property
    def usage(self) -> str:
        """Spelling with arguments, e.g. ``"random[:P_UP]"``."""
        return self.name + self.takes


@dataclass(frozen=True, slots=True, eq=False)
class Base(Entry):
    """Base of starting states.

    Parameters
    ----------
    fill : callable
        Takes data set, stored patterns, arguments and row of the target; returns the
        :class:`Bank`.
    make : callable
        Takes a state of the bank (or all of them), arguments and a random stream; returns
        one new state.
    read : callable
        Takes the texts between colons, returns the arguments; raises ValueError if wrong.
    unwritten : tuple
        Default arguments.
    all_at_once : callable, optional
        Takes number of states, sites, arguments and one random stream; returns states. For
        experiments that draw the starts of many chains together.
    are_images : bool
        Whether the bank contains images of the data set, which are drawn at random.
    needs_target : bool
        Whether one of the stored patterns must be the target.
    leaves_zeros : callable
        Whether sites may be 0 with these arguments.
    file : callable, optional
        Takes the arguments; returns the file or folder from which the states are read.
    """

    fill: Callable[[Dataset, Patterns, Arguments, int], Bank]
    make: Callable[[Spins, Arguments, np.random.Generator], Spins] = copied
    read: Callable[[list[str]], Arguments] = nothing
    unwritten: Arguments = ()
    all_at_once: Callable[[int, int, Arguments, np.random.Generator], Spins] | None = None
    are_images: bool = False
    needs_target: bool = False
    leaves_zeros: Callable[[Arguments], bool] = lambda _: False
    file: Callable[[Arguments], Path] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Change(Entry):
    """Change of a starting state.

    Parameters
    ----------
    apply : callable
        Takes a state as a picture, int8, shape (height, width), which it changes in place;
        the arguments; and a random stream.
    read : callable
        Takes the texts between colons, returns the arguments; raises ValueError if wrong.
    misfit : callable
        Takes arguments, and height and width of a state; returns the rule that they break,
        or "".
    """

    apply: Callable[[Spins, Arguments, np.random.Generator], None]
    read: Callable[[list[str]], Arguments] = nothing
    misfit: Callable[[Arguments, tuple[int, int]], str] = lambda _, __: ""


def word(entry: Base | Change, arguments: Arguments) -> str:
    """Return an entry with its arguments in the shortest spelling."""
    if isinstance(entry, Base) and arguments == entry.unwritten:
        return entry.name
    plain = (repr(a).removesuffix(".0") if isinstance(a, float) else str(a) for a in arguments)
    return ":".join((entry.name, *plain))


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    if not re.fullmatch(r"[0-9.eE+-]{1,30}", text) or not 0 <= float(text) <= 1:
        raise ValueError(text)
    return abs(float(text))  # turns -0 into 0


def one_fraction(texts: list[str]) -> Arguments:
    """One number from 0 to 1."""
    (text,) = texts
    return (fraction(text),)


def one_count(texts: list[str]) -> Arguments:
    """One whole number from 0 to 999999."""
    (text,) = texts
    if not re.fullmatch("[0-9]{1,6}", text):
        raise ValueError(text)
    return (int(text),)


SIDES = ("top", "bottom", "left", "right")


def _side_and_fraction(texts: list[str]) -> Arguments:
    side, extent = texts
    if side not in SIDES:
        raise ValueError(side)
    return side, fraction(extent)


def _flip(picture: Spins, arguments: Arguments, rng: np.random.Generator) -> None:
    count = math.floor(arguments[0] * picture.size + 0.5)
    picture.flat[rng.choice(picture.size, count, replace=False)] *= -1


def _flip_rows(picture: Spins, arguments: Arguments, rng: np.random.Generator) -> None:
    height, width = picture.shape
    columns = rng.permuted(np.tile(np.arange(width), (height, 1)), axis=1)
    picture[np.arange(height)[:, None], columns[:, : arguments[0]]] *= -1


def _at_most_a_row(arguments: Arguments, shape: tuple[int, int]) -> str:
    _, width = shape
    return f"must flip at most the {width} sites of a row" if arguments[0] > width else ""


def _occlude(picture: Spins, arguments: Arguments, _: np.random.Generator) -> None:
    side, extent = arguments
    lines = picture if side in ("top", "bottom") else picture.T
    depth = math.floor(extent * len(lines) + 0.5)
    first = side in ("top", "left")
    lines[slice(0, depth) if first else slice(len(lines) - depth, None)] = -1


def _inverse(picture: Spins, _: Arguments, __: np.random.Generator) -> None:
    picture *= -1


CHANGES: dict[str, Change] = {
    change.name: change
    for change in (
        Change("flip", ":FRACTION", "a fraction of the sites flipped", _flip, one_fraction),
        Change(
            "flip-rows", ":COUNT", "COUNT flipped per row", _flip_rows, one_count, _at_most_a_row
        ),
        Change(
            "occlude",
            f":{'|'.join(SIDES)}:FRACTION",
            "one side set to -1, up to a fraction of the height or width",
            _occlude,
            _side_and_fraction,
        ),
        Change("inverse", "", "every site flipped", _inverse),
    )
}
"""Changes of a starting state, by name."""
