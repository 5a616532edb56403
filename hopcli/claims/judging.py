"""Tests of measured numbers, and the rule that turns their results into verdicts.

Each condition of a claim is tested by itself and then has one of four states:

``agrees``   the test supports the claim (equivalence shown, bound exceeded, or a published
             number inside the range that the condition predicts)
``coarse``   the number agrees, but the test is too coarse for the margin of interest
``fails``    the test rejects the claim
``open``     the number lies on the wrong side of a bound, but not significantly

The verdict depends on the states under the text's protocol and under the authors':

==============  ==============  ==========================================================
text            authors         verdict
==============  ==============  ==========================================================
agrees          any             reproduced
agrees          agrees          reproduced, conditions indistinguishable (a printed number
                                whose Bayes factor between the two is below e^3)
coarse          any             agrees, coarsely
fails           agrees, coarse  reproduced as run only
fails           other           not reproduced
open            any             undecided
==============  ==============  ==========================================================

A claim without a test (``none``, such as a random seed that a text does not give) is not
testable. Explanations never support a claim: they are named beside a verdict.

"Reproduced" means that the numbers of a study follow again from the same data and protocol;
"replicated" that they follow from new data [National Academies 2019]. Equivalence is shown by
two one-sided tests [Schuirmann 1987].
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli.claims.claim import Claim
from hopcli.claims.functions import Measured

VERDICTS = (
    "reproduced",
    "reproduced, conditions indistinguishable",
    "agrees, coarsely",
    "reproduced as run only",
    "not reproduced",
    "undecided",
    "not testable",
)
"""All verdicts."""

BAYES = 3.0
"""Smallest ln(Bayes factor) that counts as evidence for one condition against another."""

DETECTABLE = 2.8
"""Standard errors of a difference that a two-sided test of 5 % finds with a power of 80 %."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Result of a test of one number.

    Parameters
    ----------
    p_for : float or None
        p of the hypothesis that the claim is wrong; None for a test that can only reject.
    p_against : float
        p of the hypothesis that the claim is right.
    near : bool
        The number is compatible with the claim.
    z : float, optional
        The statistic, in standard errors; None where nothing is random.
    resolution : float, optional
        Difference that the test detects with a power of 80 %; None where nothing is random.
    """

    p_for: float | None
    p_against: float
    near: bool = True
    z: float | None = None
    resolution: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Conclusion about one condition.

    Parameters
    ----------
    state : str
        ``agrees``, ``coarse``, ``fails``, ``open`` or ``none`` (not tested).
    evidence : Evidence
        The result of the test.
    p, p_holm : float
        p-value of the hypothesis that decides, without and with Holm's correction.
    """

    state: str
    evidence: Evidence
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class Test:
    """One test.

    Parameters
    ----------
    description : str
        Its question about the number.
    needs, takes : tuple of str
        Keys of a claim that it needs, and that it can use.
    work : callable
        From claim and number to evidence.
    number : bool
        The published value must be a number.
    """

    description: str
    needs: tuple[str, ...]
    work: Callable[[Claim, Measured, float], Evidence]
    takes: tuple[str, ...] = ()
    number: bool = False


def ln_density(claim: Claim, found: Measured) -> float | None:
    """Logarithm of the normal density of the published number around a measured one.

    None without an error, and for tests other than ``equal``. The rounding is known only for
    printed numbers, which have their own density.
    """
    if claim.test != "equal" or found.is_exact or not found.is_number:
        return None
    published = float(claim.published)
    error = found.error_towards(published)
    if error == 0 or not math.isfinite(error):
        return None
    return -0.5 * found.z(published) ** 2 - math.log(error * math.sqrt(2 * math.pi))


def _resolution(found: Measured) -> float | None:
    return DETECTABLE * found.error if found.error > 0 else None


def _finite(z: float, found: Measured) -> float | None:
    return None if found.is_exact and not math.isfinite(z) else z


def _above(claim: Claim, found: Measured, _alpha: float, sign: int = 1) -> Evidence:
    bound = float(claim.bound or 0.0)
    at_most, at_least = found.tails(bound)[::sign]
    z = _finite(sign * found.z(bound), found)
    return Evidence(at_most, at_least, sign * (found.value - bound) > 0, z, _resolution(found))


def _two_sided(found: Measured, bound: float) -> float:
    return min(1.0, 2 * min(found.tails(bound)))


def _between(claim: Claim, found: Measured, alpha: float) -> Evidence:
    """Evaluate two one-sided tests: inside both edges, or outside one."""
    low, high = margin_edges(claim)
    p_for = max(found.tails(low)[0], found.tails(high)[1])
    p_against = min(found.tails(low)[1], found.tails(high)[0])
    z = _finite(min(found.z(low), -found.z(high)), found)
    inside = low <= found.value <= high
    near = inside or _two_sided(found, float(claim.published)) >= alpha
    near = near and math.isfinite(found.error)
    return Evidence(p_for, p_against, near, z, _resolution(found))


def margin_edges(claim: Claim) -> tuple[float, float]:
    """Compute the least and greatest number within the margin of a claim."""
    published, margin = float(claim.published), float(claim.margin or 0.0)
    return published - margin, published + margin


def _equal(claim: Claim, found: Measured, _alpha: float) -> Evidence:
    published = float(claim.published)
    z = _finite(found.z(published), found)
    return Evidence(None, _two_sided(found, published), True, z, _resolution(found))


def _exactly(right: bool) -> Evidence:
    return Evidence(0.0, 1.0) if right else Evidence(1.0, 0.0)


def _the_same(claim: Claim, found: Measured, _alpha: float) -> Evidence:
    wanted = claim.published if isinstance(claim.published, list) else [claim.published]
    values = found.value if isinstance(found.value, tuple) else (found.value,)
    return _exactly(len(values) == len(wanted) and all(map(are_same, values, wanted)))


def are_same(one: Any, other: Any) -> bool:
    """Compare two numbers or texts; a label is text even if a file contains a number."""
    return bool(one == other or str(one) == str(other))


def _all_true(_claim: Claim, found: Measured, _alpha: float) -> Evidence:
    return _exactly(all(found.value if isinstance(found.value, tuple) else (found.value,)))


def _all(claim: Claim, found: Measured, _alpha: float, rate: float = 1.0) -> Evidence:
    """Refute by one counter-example; without any, the interval bounds their rate."""
    if found.value != (100 * rate if claim.percent else rate):
        return Evidence(1.0, 0.0, near=False)
    low, high = found.low, found.high
    bound = None if low is None or high is None else high - low
    return Evidence(None, 1.0, resolution=bound)


def _untested(_claim: Claim, _found: Measured, _alpha: float) -> Evidence:
    return Evidence(None, math.nan)


_MARGIN = ("margin", "reason")

TESTS: dict[str, Test] = {
    "printed": Test(
        "the published number lies where such a study would print it (simulated)",
        (),
        _untested,
        _MARGIN,
        number=True,
    ),
    "equivalent": Test(
        "within the margin of the published number (two one-sided tests)",
        (*_MARGIN, "alternative"),
        _between,
        number=True,
    ),
    "equal": Test(
        "not different from the published number (two-sided)", (), _equal, _MARGIN, number=True
    ),
    "above": Test("above the bound (one-sided)", ("bound",), _above),
    "below": Test("below the bound (one-sided)", ("bound",), functools.partial(_above, sign=-1)),
    "the_same": Test("the same numbers or texts, in the same order", (), _the_same),
    "all_true": Test("all true", (), _all_true),
    "never": Test("no case at all", (), functools.partial(_all, rate=0.0), _MARGIN),
    "always": Test("no exception", (), _all, _MARGIN),
    "none": Test("not tested", (), _untested),
}
"""The tests by name."""


def answers(
    claims: Sequence[Claim], families: Sequence[str], evidence: Sequence[Evidence], alpha: float
) -> list[Answer]:
    """Draw conclusions from several tests.

    Parameters
    ----------
    claims : sequence of Claim
        Claim of each test.
    families : sequence of str
        Family of each test; tests of the empty family are not corrected.
    evidence : sequence of Evidence
        Result of each test.
    alpha : float
        Error rate of a family.

    Returns
    -------
    list of Answer
        One per test.
    """
    against = _corrected(families, [one.p_against for one in evidence])
    towards = _corrected(families, [1.0 if one.p_for is None else one.p_for for one in evidence])
    found = []
    for claim, one, p_against, p_for in zip(claims, evidence, against, towards, strict=True):
        state = _state(claim, one, p_for, p_against, alpha)
        says_no = one.p_for is None or state == "fails" or one.p_against < one.p_for
        p = (one.p_against, p_against) if says_no else (one.p_for, p_for)
        found.append(Answer(state, one, *p))  # type: ignore[arg-type]
    return found


def _state(claim: Claim, one: Evidence, p_for: float, p_against: float, alpha: float) -> str:
    """Return the state of a condition, see the table of this module."""
    if math.isnan(one.p_against):
        return "none"
    if p_against < alpha:
        return "fails"
    if one.p_for is None:
        margin, resolution = claim.margin, one.resolution
        coarse = margin is not None and resolution is not None and resolution > margin
        return "coarse" if coarse else "agrees"
    if p_for < alpha:
        return "agrees"
    return "coarse" if one.near else "open"


def _corrected(families: Sequence[str], p_values: Sequence[float]) -> list[float]:
    """Correct p-values by Holm's method within each family."""
    from hopcli.statistics.comparisons import holm

    corrected = list(p_values)
    for family in {name for name in families if name}:
        places = [place for place, name in enumerate(families) if name == family]
        adjusted = np.asarray(holm([p_values[place] for place in places]), dtype=np.float64)
        for place, p in zip(places, adjusted.tolist(), strict=True):
            corrected[place] = p
    return corrected


def verdict(text: str, authors: str | None = None, ln_bayes: float | None = None) -> str:
    """Turn the states of two conditions into a verdict, by the table of this module.

    Parameters
    ----------
    text, authors : str
        States under the text's protocol and under the authors'; None without the latter.
    ln_bayes : float, optional
        ln of the Bayes factor of the text's condition against the authors'.

    Examples
    --------
    >>> verdict("fails", "agrees")
    'reproduced as run only'
    >>> verdict("agrees", "agrees", 1.2)
    'reproduced, conditions indistinguishable'
    """
    if text == "none":
        return "not testable"
    if text == "agrees":
        same = authors == "agrees" and ln_bayes is not None and abs(ln_bayes) <= BAYES
        return "reproduced, conditions indistinguishable" if same else "reproduced"
    if text == "coarse":
        return "agrees, coarsely"
    if text == "open":
        return "undecided"
    return "reproduced as run only" if authors in ("agrees", "coarse") else "not reproduced"
