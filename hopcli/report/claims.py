"""Claims with their verdicts, for a page."""

from __future__ import annotations

from dataclasses import dataclass

from hopcli.claims.judging import VERDICTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A claim with its verdict and the reason: the rows of ``claims.csv`` with its id.

    Parameters
    ----------
    id : str
        Identifier, unique on the page.
    claim : str
        The claim, in the words of its source.
    place : str
        Place in the source.
    published : str
        The published value with its error, if any.
    found : tuple of (str, str)
        Name of each condition, and the measured number with its interval.
    test : str
        The test.
    verdict : str
        One of :data:`VERDICTS`.
    under, explained_by : str
        Conditions under which it is reproduced, and conditions that explain a failure.
    reason : str
        Reason for the verdict, in a sentence.
    command : str
        Command line that computes the numbers again.
    runs : tuple of str
        Names of the page's sections with the data behind the claim.

    Raises
    ------
    ValueError
        If the verdict is unknown.
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
