"""Tables of verdicts: one row per claim and condition for a file, shorter ones for people."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from hopcli.claims.claim import ERRORS, PATTERNS, Claim
from hopcli.claims.functions import Measured
from hopcli.claims.judging import TESTS, VERDICTS, are_same
from hopcli.claims.published import Fit
from hopcli.claims.verdicts import Judged, Side
from hopcli.printing import terminal
from hopcli.tables import Column, Columns, Table, columns


def number(value: Any) -> str:
    """Format a number or list for people.

    Examples
    --------
    >>> number(81.234), number(0.0000123), number((1, 2)), number(12345678.0)
    ('81.2', '1.23e-05', '1, 2', '12,345,678')
    """
    if isinstance(value, tuple | list):
        return ", ".join(number(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}" if abs(value) >= 1e5 else str(int(value))
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def p_text(p: float) -> str:
    """Format a p-value.

    Examples
    --------
    >>> p_text(0.0312), p_text(1e-81)
    ('p = 0.031', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def with_interval(found: Measured, unit: str) -> str:
    """Format a number with its interval, to two digits of the interval's width.

    Examples
    --------
    >>> from hopcli.claims.functions import Measured
    >>> with_interval(Measured(81.0, 80.8, 81.2), "%")
    '81 % (80.80 to 81.20)'
    >>> with_interval(Measured(100.0, 99.963, 100.0), "%")
    '100 % (99.963 to 100)'
    """
    if found.low is None or found.high is None:
        return _with_unit(number(found.value), unit if found.is_number else "")
    if not math.isfinite(found.error):
        return f"{_with_unit(number(found.value), unit)} (no interval)"
    width = found.high - found.low
    digits = max(0, 1 - math.floor(math.log10(width))) if width > 0 else 3
    value, low, high = (
        _without_zeros(f"{one:,.{digits}f}") for one in (found.value, found.low, found.high)
    )
    return f"{_with_unit(value, unit)} ({low} to {high})"


def _without_zeros(text: str) -> str:
    """Drop decimals that are all zeros."""
    whole, _, decimals = text.partition(".")
    return text if decimals.strip("0") else whole


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit else text


_ALPHA = 0.05  # for single numbers, with Holm's correction among them
_FEW = 5  # numbers of one claim that are printed one by one


def found_text(claim: Claim, side: Side) -> str:
    """Format the result of a condition."""
    if side.fit is not None and len(side.fit.names) > 1:
        shown = f"chi2 = {number(side.fit.chi2)} for {len(side.fit.names)} numbers"
        if len(side.fit.names) <= _FEW:
            shown = _with_unit(", ".join(f"{one:.1f}" for one in side.fit.mean), claim.unit)
        return f"{shown} ({p_text(side.fit.p_joint)})"
    values = side.found.value
    if claim.test == "all_true":
        listed = values if isinstance(values, tuple) else (values,)
        return f"{sum(map(bool, listed))} of {len(listed)}"
    return with_interval(side.found, claim.unit)


def published_text(claim: Claim) -> str:
    """Format the published number as in the source."""
    value, error = claim.published, claim.plus_minus
    if claim.shown:
        return claim.shown
    if isinstance(value, dict):
        of_each = error if isinstance(error, dict) else dict.fromkeys(value, error)
        parts = [f"{name}: {_with_sd(one, of_each[name])}" for name, one in value.items()]
        return _with_unit(", ".join(parts), claim.unit)
    if isinstance(value, str | list):
        return number(value)
    return _with_unit(_with_sd(value, error), claim.unit)


def _with_sd(value: Any, sd: float | None) -> str:
    return number(value) if sd is None else f"{number(value)} +- {number(float(sd))}"


def criterion_text(claim: Claim) -> str:
    """Return the criterion of the test."""
    published = _with_unit(number(claim.published), claim.unit)
    if claim.test == "equivalent":
        return f"within {_with_unit(number(claim.margin), claim.unit)} of {published}"
    if claim.test in ("above", "below"):
        return f"{claim.test} {_with_unit(number(claim.bound), claim.unit)}"
    return TESTS[claim.test].description


def margin_text(claim: Claim) -> str:
    """Return the margin of a claim with its reason; empty without a margin."""
    if claim.margin is None:
        return ""
    text = f"margin {_with_unit(number(claim.margin), claim.unit)}"
    return f"{text}: {claim.reason[:1].lower()}{claim.reason[1:]}" if claim.reason else text


def reason(one: Judged) -> str:
    """Return the reason for the verdict, made of the numbers alone."""
    texts = [_because(one.claim, side) for side in one.sides if side.condition.role != "step"]
    if one.ladder:
        fitted = [(side.condition.label, side.fit.chi2) for side in one.ladder if side.fit]
        rungs = [f"{label} {number(round(chi2, 1))}" for label, chi2 in fitted]
        texts.append(f"chi2 along the ladder: {', '.join(rungs)}")
    return "; ".join(texts)


def _because(claim: Claim, side: Side) -> str:
    """Return the conclusion from one condition."""
    label, answer, fit = side.condition.label, side.answer, side.fit
    if answer.state == "none":
        why = "for comparison" if side.condition.role == "other" else "not tested"
        return f"{label}: {found_text(claim, side)} ({why})"
    word = {"coarse": "agrees, coarsely", "open": "undecided"}.get(answer.state, answer.state)
    verdict = f"{label}: {word}, {found_text(claim, side)}"
    details = []
    if fit is not None and len(fit.names) > 1:
        pulls = " ".join(f"{pull:+.1f}" for pull in fit.pulls)
        details += [
            f"pulls {pulls}",
            f"chi2 = {number(fit.chi2)} for {len(fit.names)} numbers",
            f"scale factor {number(round(fit.scale, 1))}",
            f"{sum(fit.p < _ALPHA)} of {len(fit.p)} fail by themselves (Holm)",
        ]
    if claim.test == "the_same" and isinstance(claim.published, list):
        values = side.found.value if isinstance(side.found.value, tuple) else (side.found.value,)
        same = sum(map(are_same, values, claim.published))
        return f"{label}: {same} of {len(claim.published)} the same"
    if claim.test in ("the_same", "all_true"):
        return verdict
    if not side.found.is_exact or fit is not None:
        if fit is None or len(fit.names) == 1:
            details.append(p_text(answer.p_holm))
        if answer.evidence.resolution is not None:
            resolution = _with_unit(number(answer.evidence.resolution), claim.unit)
            details.append(f"resolution {resolution}")
        if side.condition.error != "none":
            details.append(f"error from: {ERRORS[side.condition.error]}")
    if side.ln_bayes:
        details.append(f"ln Bayes factor {side.ln_bayes:+.1f} relative to the text's condition")
    return f"{verdict} ({', '.join(details)})" if details else verdict


_NUMBERS = ("ci_low", "ci_high", "statistic", "p", "p_holm", "ln_bayes", "resolution")


def table(judged: Sequence[Judged], commands: Mapping[str, str]) -> Columns:
    """Make the table of verdicts, one row per claim and condition.

    Parameters
    ----------
    judged : sequence of Judged
        The verdicts.
    commands : mapping of str to str
        The command for each run.
    """
    rows = [_row(one, side, commands) for one in judged for side in one.sides]
    kinds = {name: "number" if name in _NUMBERS else "text" for name in rows[0]}
    declared = Table("claims", tuple(Column(name, kind) for name, kind in kinds.items()))
    return declared.rows([*row.values()] for row in rows)


_SHORT = Table("claims", columns("claim: text, published: text, found: text, verdict: text"))


def short(made: Columns) -> Columns:
    """Make the table for documents: claim, published, found and verdict.

    Conditions of a claim are listed below each other; only the first row names the claim.

    Parameters
    ----------
    made : Columns
        The table of :func:`table`.
    """
    shown = [row for row in map(made.row, range(len(made))) if row["role"] != "step"]
    deciding = {
        row["id"]: f"; resolution {_with_unit(number(row['resolution']), row['unit'])}"
        for row in shown
        if _is_deciding(row) and 0 < row["resolution"] < math.inf
    }
    rows, named = [], set()
    for row in shown:
        name, published, verdict = "", "", ""
        if row["id"] not in named:
            named.add(row["id"])
            name = row["claim"] + _behind(" ({})", row["patterns"])
            published = _cut(row["published"])
            verdict = row["verdict"] + _behind(": {}", row["under"])
            verdict += _behind(" (explained by: {})", row["explained_by"])
            verdict += deciding.get(row["id"], "")
        rows.append((name, published, f"{row['condition']}: {_cut(row['found'])}", verdict))
    return _SHORT.rows(rows)


def _is_deciding(row: Mapping[str, Any]) -> bool:
    """Test whether a row has the condition that the verdict is about."""
    return bool(row["role"] == ("authors" if row["verdict"] == VERDICTS[3] else "text"))


def _behind(form: str, text: str) -> str:
    return form.format(text) if text else ""


_WIDTHS = {"claim": 21, "verdict": 17, "value": 16, "published": 12, "p": 6}


def brief(made: Columns) -> str:
    """Lay out one row per claim on 80 columns, with the condition that decides.

    Parameters
    ----------
    made : Columns
        The table of :func:`table`.
    """
    lines = ["  ".join(name.ljust(width) for name, width in _WIDTHS.items()).rstrip()]
    for row in filter(_is_deciding, map(made.row, range(len(made)))):
        value = _cut(row["found"].partition(" (p ")[0])
        p = "" if math.isnan(row["p_holm"]) else p_text(row["p_holm"])
        p = p.removeprefix("p = ").replace("p < ", "<")
        shown = (row["id"], row["verdict"], value, _cut(row["published"]), p)
        pairs = zip(shown, _WIDTHS.values(), strict=True)
        cells = [textwrap.wrap(terminal(text), width) or [""] for text, width in pairs]
        for texts in itertools.zip_longest(*cells, fillvalue=""):
            padded = map(str.ljust, texts, _WIDTHS.values())
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


_WIDEST = 60  # characters of a list of numbers


def _cut(text: str) -> str:
    """Shorten a long list, at a comma."""
    return text if len(text) <= _WIDEST else f"{text[: text.rfind(',', 0, _WIDEST // 2)]}, ..."


def _row(one: Judged, side: Side, commands: Mapping[str, str]) -> dict[str, Any]:
    claim, found, answer, fit = one.claim, side.found, side.answer, side.fit
    random = (not found.is_exact or fit is not None) and answer.state != "none"
    return {
        "id": claim.id,
        "claim": claim.text,
        "place": claim.place,
        "patterns": PATTERNS.get(claim.patterns, ""),
        "published": published_text(claim),
        "asked": criterion_text(claim),
        "margin": margin_text(claim),
        "condition": side.condition.label,
        "role": side.condition.role,
        "found": found_text(claim, side),
        "value": _full(found.value),
        "ci_low": math.nan if found.low is None else found.low,
        "ci_high": math.nan if found.high is None else found.high,
        "error_bar": ERRORS[side.condition.error],
        "pulls": "" if fit is None else _pulls(fit),
        "p_each": "" if fit is None else " ".join(f"{p:.2g}" for p in fit.p),
        "statistic": _nan(fit.chi2 if fit is not None else answer.evidence.z if random else None),
        "p": answer.p if random else math.nan,
        "p_holm": answer.p_holm if random else math.nan,
        "ln_bayes": _nan(side.ln_bayes),
        "resolution": _nan(answer.evidence.resolution),
        "state": answer.state,
        "unit": claim.unit,
        "test": claim.test,
        "family": claim.family,
        "verdict": one.verdict,
        "under": one.under,
        "explained_by": one.explained_by,
        "reason": reason(one),
        "note": claim.note,
        "command": "; ".join(commands[name] for name in side.condition.value.runs),
    }


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _full(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_full, value))
    return f"{value:.10g}" if isinstance(value, float) else number(value)


def _pulls(fit: Fit) -> str:
    """Return the pull of each printed number after its label."""
    pairs = zip(fit.names, fit.pulls, strict=True)
    return ", ".join(f"{name} {pull:+.2f}".strip() for name, pull in pairs)
