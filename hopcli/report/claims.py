"""Claims with their verdicts, as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from hopcli.claims.judging import VERDICTS

__all__ = ["VERDICTS", "ClaimRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A claim with its verdict and the reason: the rows of ``claims.csv`` that have its id.

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
    found : tuple of (str, str)
        Name of each condition, and the number with its interval.
    test : str
        The test.
    verdict : str
        One of :data:`VERDICTS`.
    under, explained_by : str
        Conditions under which it is reproduced, and that explain a failure.
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
    found: tuple[tuple[str, str], ...] = ()
    test: str = ""
    under: str = ""
    explained_by: str = ""
    reason: str = ""
    command: str = ""
    runs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, found {self.verdict}")
