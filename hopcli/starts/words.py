"""The words of the language of starts: what an entry is, and how its arguments are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.records import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns

Arguments = tuple[Any, ...]
"""What a word takes: numbers where they mean numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """The different things that runs can start from.

    Parameters
    ----------
    label : ndarray of str, shape (n,)
        Label of each.
    source_index : ndarray of int64, shape (n,)
        Image of the data set that each is, or -1.
    states : ndarray of int8, shape (any, N)
        States they are taken from.
    row : ndarray of int64, shape (n,), or None
        Row of `states` that each is; None where each is made of all of them.
    """

    label: NDArray[np.str_]
    source_index: NDArray[np.int64]
    states: NDArray[np.int8]
    row: NDArray[np.int64] | None

    def __post_init__(self) -> None:
        for name in ("label", "source_index", "states"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.label)

    def take(self, chosen: NDArray[np.int64]) -> Bank:
        """These of them, in this order."""
        row = None if self.row is None else self.row[chosen]
        return Bank(self.label[chosen], self.source_index[chosen], self.states, row)


def nothing(texts: list[str]) -> Arguments:
    """No arguments."""
    if texts:
        raise ValueError(texts)
    return ()


def copied(state: NDArray[np.int8], _: Arguments, __: np.random.Generator) -> NDArray[np.int8]:
    """The state of the bank as it is."""
    return state.copy()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A word of the language.

    Parameters
    ----------
    name : str
        Its key in the registry.
    takes : str
        How its arguments are written, e.g. ``"[:P_UP]"``.
    description : str
        Its meaning, in a few words.
    """

    name: str
    takes: str
    description: str

    @property
    def usage(self) -> str:
        """How it is written, e.g. ``"random[:P_UP]"``."""
        return self.name + self.takes


@dataclass(frozen=True, slots=True, eq=False)
class Base(Entry):
    """States that runs can start from.

    Parameters
    ----------
    fill : callable
        Data set, stored patterns, arguments and row of the target in, :class:`Bank` out.
    make : callable
        A state of the bank (or all of them), arguments and a random stream in; one
        state out, in memory of its own.
    read : callable
        Texts between colons in, arguments out; ValueError if there is something wrong.
    unwritten : tuple
        Arguments that are meant where none are written.
    all_at_once : callable, optional
        Number of states, sites, arguments and one random stream in, states out: for
        experiments that draw the starts of many chains together.
    are_images : bool
        Whether the bank is of images of the data set, which are drawn at random.
    needs_target : bool
        Whether one of the stored patterns must be the target.
    leaves_zeros : callable
        Whether sites may be 0 with these arguments.
    """

    fill: Callable[[Dataset, Patterns, Arguments, int], Bank]
    make: Callable[[NDArray[np.int8], Arguments, np.random.Generator], NDArray[np.int8]] = copied
    read: Callable[[list[str]], Arguments] = nothing
    unwritten: Arguments = ()
    all_at_once: Callable[[int, int, Arguments, np.random.Generator], NDArray[np.int8]] | None = (
        None
    )
    are_images: bool = False
    needs_target: bool = False
    leaves_zeros: Callable[[Arguments], bool] = lambda _: False


@dataclass(frozen=True, slots=True, eq=False)
class Change(Entry):
    """A change of a first state.

    Parameters
    ----------
    apply : callable
        A state as a picture, int8, shape (height, width), changed in place; the
        arguments; and a random stream.
    read : callable
        Texts between colons in, arguments out; ValueError if there is something wrong.
    misfit : callable
        Arguments, and height and width of a state in; the rule that they break out, or
        nothing.
    """

    apply: Callable[[NDArray[np.int8], Arguments, np.random.Generator], None]
    read: Callable[[list[str]], Arguments] = nothing
    misfit: Callable[[Arguments, tuple[int, int]], str] = lambda _, __: ""


def word(entry: Base | Change, arguments: Arguments) -> str:
    """An entry with its arguments as a user writes them, as short as it can be."""
    if isinstance(entry, Base) and arguments == entry.unwritten:
        return entry.name
    plain = (repr(a).removesuffix(".0") if isinstance(a, float) else str(a) for a in arguments)
    return ":".join((entry.name, *plain))


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    if not re.fullmatch(r"[0-9.eE+-]{1,30}", text) or not 0 <= float(text) <= 1:
        raise ValueError(text)
    return abs(float(text))  # -0 is 0


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
