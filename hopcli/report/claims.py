"""Claims with their verdicts, as a page shows them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hopcli.claims.judging import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["VERDICTS", "ClaimRow", "Tally", "tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A claim, what became of it and why: a row of ``claims.csv``.

    Parameters
    ----------
    id : str
        Names it; no other claim of the page has the same.
    claim : str
        What was claimed, in the words of its source.
    place : str
        Where it is in the source.
    published : str
        The published value with its error, if there is one.
    as_published, as_run : str
        What was found with the settings that were published, and with those that the authors
        ran, with intervals; empty where there is none.
    error_bar : str
        What the claim is held to: thermal noise, test images, draw of the patterns.
    test : str
        The test, in a few words.
    statistic, p, p_holm : float
        What it gave: its statistic, p, and p after Holm's correction; NaN where there is none.
    verdict : str
        One of :data:`VERDICTS`.
    reason : str
        Why, in a sentence.
    command : str
        What a reader types to have the numbers again.
    runs : tuple of str
        Names of the sections of the page that it rests on.

    Raises
    ------
    ValueError
        If the verdict is none.
    """

    id: str
    claim: str
    verdict: str
    place: str = ""
    published: str = ""
    as_published: str = ""
    as_run: str = ""
    error_bar: str = ""
    test: str = ""
    statistic: float = math.nan
    p: float = math.nan
    p_holm: float = math.nan
    reason: str = ""
    command: str = ""
    runs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, found {self.verdict}")


class Tally(NamedTuple):
    """How many claims have a verdict."""

    verdict: str
    n_claims: int

    @property
    def words(self) -> str:
        """What so many claims do."""
        if self.n_claims == 1:
            return self.verdict
        return self.verdict.replace("holds", "hold").replace("does", "do")


def tally(claims: Iterable[ClaimRow]) -> list[Tally]:
    """How many claims have each verdict, in the order of :data:`VERDICTS`, none left out."""
    found = [claim.verdict for claim in claims]
    return [Tally(verdict, found.count(verdict)) for verdict in VERDICTS]
