"""Verdicts on claims: measure each condition, test it, and apply the rule."""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from hopcli.claims.claim import Claim, Claims, Condition
from hopcli.claims.expressions import check_names, chosen_rows, evaluate
from hopcli.claims.functions import Measured
from hopcli.claims.judging import BAYES, TESTS, Answer, Evidence, answers, ln_density, verdict
from hopcli.claims.published import Fit, columns_needed, compare, predict, printed
from hopcli.errors import ResultError, SettingError

_log = logging.getLogger(__name__)


class Side(NamedTuple):
    """A condition of a claim with its result.

    Attributes
    ----------
    condition : Condition
        The condition.
    found : Measured
        The number, in the unit of the claim; the predictive interval for a printed number.
    answer : Answer
        Conclusion of the test.
    fit : Fit or None
        Comparison with the printed numbers, for test ``printed``.
    ln_bayes : float or None
        ln of the Bayes factor against the text's condition, for tests of a published number.
    """

    condition: Condition
    found: Measured
    answer: Answer
    fit: Fit | None = None
    ln_bayes: float | None = None


class Judged(NamedTuple):
    """A claim with its verdict.

    Attributes
    ----------
    claim : Claim
        The claim.
    sides : tuple of Side
        Its conditions; the first is the text's.
    verdict : str
        One of :data:`hopcli.claims.judging.VERDICTS`.
    """

    claim: Claim
    sides: tuple[Side, ...]
    verdict: str

    @property
    def under(self) -> str:
        """Labels of the conditions under which a claim of several is reproduced.

        If two predict printed numbers, only the one with the larger Bayes factor.
        """
        fitting = [
            side
            for side in self.sides
            if side.condition.role in ("text", "authors") and side.answer.state == "agrees"
        ]
        if self.verdict != "reproduced" or len(self.sides) == 1:
            return ""
        if self.sides[0].fit is None:
            return " and ".join(side.condition.label for side in fitting)
        return max(fitting, key=lambda side: side.ln_bayes or 0.0).condition.label

    @property
    def explained_by(self) -> str:
        """Conditions that explain the failure of the text's condition; empty without any.

        Each of them agrees; if numbers are random, its Bayes factor is above e^3. The authors'
        protocol counts only with a ladder that changes one choice at a time. Then the choices are
        listed up to the first rung from which all rungs agree.
        """
        if self.sides[0].answer.state != "fails":
            return ""
        found = []
        for side in self.sides:
            if side.answer.state not in _FITTING or not self._is_better(side):
                continue
            if side.condition.role == "explanation":
                found.append(side.condition.label)
            elif side.condition.role == "authors" and self.ladder:
                found += self._choices()
        return ", ".join(found)

    def _choices(self) -> list[str]:
        """List the labels of the rungs up to the one after the last failure."""
        states = [side.answer.state for side in self.ladder]
        last = max(place for place, state in enumerate(states) if state not in _FITTING)
        return [side.condition.label for side in self.ladder[1 : last + 2]]

    @property
    def ladder(self) -> tuple[Side, ...]:
        """The text's condition, each step, and the authors' condition; empty without steps."""
        if all(side.condition.role != "step" for side in self.sides):
            return ()
        return tuple(side for side in self.sides if side.condition.role in _RUNGS)

    def _is_better(self, side: Side) -> bool:
        if side.ln_bayes is not None:
            return side.ln_bayes > BAYES
        return self.sides[0].answer.evidence.p_against == 0  # an exact test is certain


_FITTING = ("agrees", "coarse")
_OF_SEVERAL = ("the_same", "all_true", "none")
"""Tests of any number of values, or of none."""
_RUNGS = ("text", "step", "authors")


def check_claims(claims: Claims, known: Mapping[str, Mapping[str, Collection[str]]]) -> None:
    """Refuse a claim that names a table or column that its run will not have.

    Parameters
    ----------
    claims : Claims
        The claims.
    known : mapping of str to mapping
        The declared columns of each table of each run.

    Raises
    ------
    SettingError
        If there is no such table or column.
    """
    for claim in claims.claims:
        for condition in claim.conditions:
            more = columns_needed(claim, condition) if claim.test == "printed" else ()
            for term in condition.value.terms:
                check_names(term, known[term.run], claims.place_of(claim, condition), more)


def judge(claims: Claims, runs: Mapping[str, Any]) -> list[Judged]:
    """Judge each claim.

    Parameters
    ----------
    claims : Claims
        The claims.
    runs : mapping of str to object
        The runs that measure them.

    Raises
    ------
    SettingError
        If an expression names something that the runs do not contain.
    """
    found = [
        (claim, condition, *_measure(claims, claim, condition, runs))
        for claim in claims.claims
        for condition in claim.conditions
    ]
    evidence = [_evidence_of(*row, claims.alpha) for row in found]
    families = [
        f"{claim.family}, {condition.role}" if claim.family and condition.role != "other" else ""
        for claim, condition, *_ in found
    ]
    concluded = answers([claim for claim, *_ in found], families, evidence, claims.alpha)
    by_claim: dict[str, list[Side]] = {claim.id: [] for claim in claims.claims}
    of_text: dict[str, float | None] = {}
    for (claim, condition, one, fit), answer in zip(found, concluded, strict=True):
        own = fit.ln_density if fit else ln_density(claim, one)
        text = of_text.setdefault(claim.id, own)
        against = None if own is None or text is None else own - text
        by_claim[claim.id].append(Side(condition, one, answer, fit, against))
    return [_judged(claim, tuple(by_claim[claim.id])) for claim in claims.claims]


def _judged(claim: Claim, sides: tuple[Side, ...]) -> Judged:
    authors = next((side for side in sides if side.condition.role == "authors"), None)
    state = None if authors is None else authors.answer.state
    against = None if authors is None or authors.fit is None else authors.ln_bayes
    return Judged(claim, sides, verdict(sides[0].answer.state, state, against))


def _measure(
    claims: Claims, claim: Claim, condition: Condition, runs: Mapping[str, Any]
) -> tuple[Measured, Fit | None]:
    """Measure a claim under a condition, in the unit of the claim."""
    _log.debug("judging %s", claim.id)
    where = claims.place_of(claim, condition)
    if claim.test != "printed":
        measured = evaluate(condition.value, runs, where)
        if claim.test not in _OF_SEVERAL and not measured.is_finite:
            rule = f"must choose one finite number for the test {claim.test!r}"
            raise SettingError(where, rule, measured.value)
        if measured.is_number and measured.is_exact and condition.error != "none":
            rule = f"has no interval, but its error is {condition.error!r}"
            raise SettingError(where, f"{rule}; name its standard error", condition.value.text)
        return (measured.scaled(100) if claim.percent else measured), None
    table = chosen_rows(condition.value, runs, where)
    try:
        prediction = predict(claim, condition, table, _seed(claim, condition))
        fit = compare(printed(claim), prediction)
    except ResultError as error:
        raise SettingError(where, f"cannot simulate the printed number: {error}") from None
    if len(fit.names) == 1:
        return Measured(float(fit.mean[0]), float(fit.low[0]), float(fit.high[0])), fit
    return Measured(tuple(fit.mean.tolist())), fit


def _seed(claim: Claim, condition: Condition) -> np.random.SeedSequence:
    """Return the random stream of a condition, which does not depend on other claims."""
    names = (claim.id, condition.label)
    return np.random.SeedSequence([zlib.crc32(name.encode()) for name in names])


def _evidence_of(
    claim: Claim, condition: Condition, found: Measured, fit: Fit | None, alpha: float
) -> Evidence:
    """Test a condition, unless it is only for comparison."""
    if condition.role == "other":
        return Evidence(None, math.nan)
    if fit is None:
        return TESTS[claim.test].work(claim, found, alpha)
    z = float(fit.pulls[0]) if len(fit.names) == 1 else None
    return Evidence(None, fit.p_joint, True, z, fit.resolution)
