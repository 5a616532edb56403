"""From what was measured to a verdict, by rules that are written down.

Each claim is tested by one test, on the number by the protocol as published and, where there
is one, on the number as the authors' code ran it. A test asks two one-sided questions: is
there evidence that the claim holds, and is there that it does not? Each is answered at the
level alpha, Holm's correction among the claims of a family included. So equivalence is
shown, not taken from a difference that was not found [Schuirmann 1987].

==================  =======================  =================================
as published        as run                   verdict
==================  =======================  =================================
holds               any                      holds
does not            holds                    holds as run, not as published
does not            does not, or no such     does not hold
does not            undecided                cannot be decided
undecided           any                      cannot be decided
==================  =======================  =================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hopcli.claims.claim import Claim
    from hopcli.claims.measured import Measured

__all__ = [
    "TESTS",
    "VERDICTS",
    "Answer",
    "Evidence",
    "answers",
    "are_same",
    "more_needed",
    "verdict",
]

VERDICTS = (
    "holds",
    "holds as run, not as published",
    "does not hold",
    "cannot be decided",
)
"""All verdicts there are."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a test says of one number.

    Parameters
    ----------
    p_for : float
        How likely the number would be at the edge of the claim's being false: small if it holds.
    p_against : float
        The same, at the edge of its being true: small if it does not hold.
    z : float, optional
        The statistic behind the smaller of the two, in standard errors; none if nothing about
        the number is random.
    edge : float, optional
        The number where the claim begins, or ends, to hold, that is nearest to being passed.
    """

    p_for: float
    p_against: float
    z: float | None = None
    edge: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is concluded.

    Parameters
    ----------
    holds : bool or None
        Whether the claim holds; None if that is open.
    evidence : Evidence
        From what.
    p : float
        That of the question that decides, or of the nearer one where none does.
    p_holm : float
        The same, with Holm's correction.
    """

    holds: bool | None
    evidence: Evidence
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Test:
    """One test.

    Parameters
    ----------
    description : str
        What it asks.
    needs : tuple of str
        Which of `margin` and `bound` a claim must have for it.
    work : callable
        From claim, number, and standard error of what is published, to evidence.
    """

    description: str
    needs: tuple[str, ...]
    work: Callable[[Claim, Measured, float], Evidence]


def _upper(z: float) -> float:
    """Chance that a standard normal number is above z."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def _above(claim: Claim, found: Measured, besides: float) -> Evidence:
    z = found.z(float(claim.bound or 0.0), besides)
    return Evidence(_upper(z), _upper(-z), _told(z, found), claim.bound)


def _below(claim: Claim, found: Measured, besides: float) -> Evidence:
    z = -found.z(float(claim.bound or 0.0), besides)
    return Evidence(_upper(z), _upper(-z), _told(z, found), claim.bound)


def _told(z: float, found: Measured) -> float | None:
    return None if found.is_exact and not math.isfinite(z) else z


def _between(found: Measured, low: float, high: float, besides: float) -> Evidence:
    """Two one-sided tests: inside both ends, or outside one."""
    above = found.z(low, besides)
    below = -found.z(high, besides)
    z, edge = min((above, low), (below, high))
    return Evidence(_upper(z), _upper(-z), _told(z, found), edge)


def _equivalent(claim: Claim, found: Measured, besides: float) -> Evidence:
    published, margin = float(claim.published), float(claim.margin or 0.0)
    return _between(found, published - margin, published + margin, besides)


def _within_factor(claim: Claim, found: Measured, besides: float) -> Evidence:
    published, margin = float(claim.published), float(claim.margin or 1.0)
    return _between(found, published / margin, published * margin, besides)


def _the_same(claim: Claim, found: Measured, _besides: float) -> Evidence:
    wanted = claim.published if isinstance(claim.published, list) else [claim.published]
    values = found.value if isinstance(found.value, tuple) else (found.value,)
    same = len(values) == len(wanted) and all(map(are_same, values, wanted))
    return Evidence(0.0, 1.0) if same else Evidence(1.0, 0.0)


def are_same(one: Any, other: Any) -> bool:
    """Whether two numbers, or texts, are the same; a label is text where a file has a number."""
    return bool(one == other or str(one) == str(other))


def _all_true(_claim: Claim, found: Measured, _besides: float) -> Evidence:
    values = found.value if isinstance(found.value, tuple) else (found.value,)
    return Evidence(0.0, 1.0) if all(values) else Evidence(1.0, 0.0)


TESTS: dict[str, Test] = {
    "equivalent": Test(
        "within the margin of the published number (two one-sided tests)",
        ("margin",),
        _equivalent,
    ),
    "within_factor": Test(
        "within a factor, the margin, of the published number (two one-sided tests)",
        ("margin",),
        _within_factor,
    ),
    "above": Test("above the bound (one-sided)", ("bound",), _above),
    "below": Test("below the bound (one-sided)", ("bound",), _below),
    "the_same": Test("the same numbers or texts, in the same order", (), _the_same),
    "all_true": Test("every one of them true", (), _all_true),
}
"""The tests by name."""


def answers(families: Sequence[str], evidence: Sequence[Evidence], alpha: float) -> list[Answer]:
    """Conclude from the evidence of several claims.

    Parameters
    ----------
    families : sequence of str
        Family of each claim; an empty one is a family of its own.
    evidence : sequence of Evidence
        The evidence of each.
    alpha : float
        Error that a family is allowed.

    Returns
    -------
    list of Answer
        One a claim.
    """
    p_for, p_against = (
        _corrected(families, [getattr(one, name) for one in evidence])
        for name in ("p_for", "p_against")
    )
    found = []
    for one, corrected_for, corrected_against in zip(evidence, p_for, p_against, strict=True):
        holds = None
        if corrected_for < alpha:
            holds = True
        elif corrected_against < alpha:
            holds = False
        says_so = one.p_for <= one.p_against if holds is None else holds
        p = (one.p_for, corrected_for) if says_so else (one.p_against, corrected_against)
        found.append(Answer(holds, one, *p))
    return found


def _corrected(families: Sequence[str], p_values: Sequence[float]) -> list[float]:
    """Holm's correction within each family."""
    from hopcli.statistics.paired import holm

    corrected = list(p_values)
    for family in {name for name in families if name}:
        places = [place for place, name in enumerate(families) if name == family]
        adjusted = np.asarray(holm([p_values[place] for place in places]), dtype=np.float64)
        for place, p in zip(places, adjusted.tolist(), strict=True):
            corrected[place] = p
    return corrected


def verdict(published: bool | None, as_run: bool | None, *, has_run: bool) -> str:
    """The verdict by the table of this module.

    Parameters
    ----------
    published : bool or None
        Whether the claim holds by the protocol as published; None if that is open.
    as_run : bool or None
        Whether it does as the authors' code ran it.
    has_run : bool
        Whether there is such a number.

    Examples
    --------
    >>> verdict(False, True, has_run=True)
    'holds as run, not as published'
    >>> verdict(None, True, has_run=True)
    'cannot be decided'
    """
    if published:
        return "holds"
    if published is None or (has_run and as_run is None):
        return "cannot be decided"
    return "holds as run, not as published" if has_run and as_run else "does not hold"


def more_needed(found: Measured, evidence: Evidence, besides: float, alpha: float) -> Any:
    """How many times as many values would decide; None if no number of them would.

    The distance to the edge is taken as it is, the part of the error that more values make
    smaller goes as one over the root of their number.

    Parameters
    ----------
    found : Measured
        The number.
    evidence : Evidence
        What it says.
    besides : float
        Standard error that stays, that of the published number.
    alpha : float
        The level, that of the first step of Holm's procedure.
    """
    if evidence.edge is None or found.is_exact:
        return None
    from scipy.stats import norm

    distance = abs(found.value - evidence.edge)
    stays = besides**2 + found.stays**2
    left = (distance / float(norm.isf(alpha))) ** 2 - stays
    own = found.error_towards(evidence.edge) ** 2 - found.stays**2
    return max(own, 0.0) / left if left > 0 and math.isfinite(own) else None
