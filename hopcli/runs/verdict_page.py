"""The page of verdicts: first the claims, then the runs behind them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hopcli import report
from hopcli.claims.claim import PATTERNS
from hopcli.claims.table import asked, found_text, margin_text, published_text, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hopcli.claims.claim import Claims
    from hopcli.claims.verdicts import Judged
    from hopcli.report import Section
    from hopcli.runs.behind import PreparedRun


def page(claims: Claims, judged: Sequence[Judged], runs: Mapping[str, PreparedRun]) -> str:
    """Write the page.

    Parameters
    ----------
    claims : Claims
        The claims.
    judged : sequence of Judged
        The verdicts.
    runs : mapping of str to PreparedRun
        The runs behind the claims.

    Returns
    -------
    str
        HTML; equal arguments give equal text.
    """
    rows = [_row(one, runs) for one in judged]
    sections = list(_sections(claims, runs))
    return report.page(f"{claims.title}: verdicts", sections, intro=_intro(claims), claims=rows)


def _intro(claims: Claims) -> str:
    source = f"Claims of: {claims.source}. " if claims.source else ""
    return (
        f"{source}Each claim was measured anew under one or more named conditions: the protocol "
        "that the text describes and, where it differs, the one that the authors' own program "
        "ran. A printed number is compared with the numbers that such a study would print "
        f"(simulated, with an error rate of {100 * claims.alpha:g} %). Verdicts follow from "
        "written rules; see the manual of the command.\n\n"
        "Brackets give 95 % intervals. The resolution is the difference that a test detects "
        "with a power of 80 %. Claims of one family share Holm's correction. Explanations are "
        "other hypotheses that fit where the text's protocol does not."
    )


def _row(one: Judged, runs: Mapping[str, PreparedRun]) -> report.ClaimRow:
    claim = one.claim
    names = dict.fromkeys(([claim.picture] if claim.picture else []) + list(claim.runs))
    texts = (reason(one), margin_text(claim), claim.note)
    question = PATTERNS.get(claim.patterns, "")
    return report.ClaimRow(
        id=claim.id,
        claim=claim.text.replace("+-", "\N{PLUS-MINUS SIGN}"),
        place=", ".join(filter(None, (claim.place, question))),
        published=published_text(claim).replace("+-", "\N{PLUS-MINUS SIGN}"),
        found=tuple((side.condition.label, found_text(claim, side)) for side in one.sides),
        test=asked(claim),
        verdict=one.verdict,
        under=one.under,
        explained_by=one.explained_by,
        reason=" ".join(f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text),
        command="\n".join(runs[name].told for name in names),
        runs=tuple(names),
    )


_OF_MAKING = ("versions", "commit", "seconds")
"""Details that the page leaves to the manifests: it is the same for repeated runs."""


def _sections(claims: Claims, runs: Mapping[str, PreparedRun]) -> Iterator[Section]:
    """Return the sections of the runs, with pictures if a claim requests them."""
    seen = {claim.picture for claim in claims.claims}
    for name, run in runs.items():
        for section in report.sections_in(run.folder, name):
            shown = section if name in seen else dataclasses.replace(section, figures={})
            details = {
                head: {name: text for name, text in rows.items() if name not in _OF_MAKING}
                for head, rows in section.details.items()
            }
            yield dataclasses.replace(shown, again=run.told, details=details)
