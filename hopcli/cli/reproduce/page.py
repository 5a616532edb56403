"""The page of verdicts: the claims first, then the runs that they rest on."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from hopcli import report
from hopcli.claims.claim import ERRORS
from hopcli.claims.judging import TESTS
from hopcli.claims.table import asked, published_text, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hopcli.claims.claim import Claims
    from hopcli.claims.table import Judged, Side
    from hopcli.cli.reproduce.runs import PreparedRun
    from hopcli.report import Section

__all__ = ["page"]


def page(claims: Claims, judged: Sequence[Judged], runs: Mapping[str, PreparedRun]) -> str:
    """Write the page.

    Parameters
    ----------
    claims : Claims
        What was claimed.
    judged : sequence of Judged
        The verdicts.
    runs : mapping of str to PreparedRun
        What they rest on.

    Returns
    -------
    str
        HTML, the same for the same verdicts and runs.
    """
    rows = [_row(one, runs) for one in judged]
    sections = list(_sections(claims, runs))
    return report.page(f"{claims.title}: what holds", sections, intro=_intro(claims), claims=rows)


def _intro(claims: Claims) -> str:
    source = f"Claims of: {claims.source}. " if claims.source else ""
    return (
        f"{source}Each number was measured anew, by the protocol as published and, where the "
        "authors' code did something else, as it was run. A verdict follows from tests by rules "
        "that are written down in the manual of the command; nothing about an outcome was typed "
        "in.\n\n"
        "Holds, and does not hold, are each shown with an error of "
        f"{100 * claims.alpha:g} %: that two numbers are the same by two one-sided tests with "
        "the margin that is told. Claims of one family are tested together with Holm's "
        "correction. Numbers in brackets are 95 % intervals; what they are of is said."
    )


def _row(one: Judged, runs: Mapping[str, PreparedRun]) -> report.ClaimRow:
    claim = one.claim
    side = one.published if one.as_run is None or one.published.answer.holds else one.as_run
    names = dict.fromkeys(name for e in claim.expressions for name in e.runs)
    if claim.picture is not None:
        names = {claim.picture: None, **names}
    evidence, exact = side.answer.evidence, side.found.is_exact
    return report.ClaimRow(
        id=claim.id,
        claim=claim.text,
        place=claim.place,
        published=published_text(claim).replace("+-", "\N{PLUS-MINUS SIGN}"),
        as_published=told(one.published.found, claim.unit),
        as_run=told(one.as_run.found, claim.unit) if one.as_run is not None else "",
        error_bar=_error_bars(one),
        test=f"{TESTS[claim.test].description}: {asked(claim)}",
        statistic=math.nan if exact or evidence.z is None else evidence.z,
        p=math.nan if exact else side.answer.p,
        p_holm=math.nan if exact or not claim.family else side.answer.p_holm,
        verdict=one.verdict,
        reason=". ".join(_sentence(text) for text in (one.reason, claim.note) if text),
        command="\n".join(runs[name].told for name in names),
        runs=tuple(names),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _error_bars(one: Judged) -> str:
    """What the intervals are of."""
    sides: list[Side] = [side for side in (one.published, one.as_run) if side is not None]
    return "; ".join(dict.fromkeys(ERRORS[side.error] for side in sides))


def _sections(claims: Claims, runs: Mapping[str, PreparedRun]) -> Iterator[Section]:
    """The runs, those that a claim wants to be seen with their pictures."""
    seen = {claim.picture for claim in claims.claims}
    for name, run in runs.items():
        for section in report.sections_in(run.folder, name):
            shown = section if name in seen else dataclasses.replace(section, figures={})
            yield dataclasses.replace(shown, again=run.told)
