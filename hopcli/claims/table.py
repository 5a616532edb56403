"""The table of verdicts: a row a claim, all of it computed but what was published."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.claims.claim import ERRORS
from hopcli.claims.evaluating import evaluate
from hopcli.claims.judging import TESTS, Answer, answers, are_same, more_needed, verdict
from hopcli.claims.measured import Measured
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from hopcli.claims.claim import Claim, Claims
    from hopcli.claims.evaluating import Ran

__all__ = ["Judged", "Side", "asked", "judge", "number", "published_text", "short", "table", "told"]


class Side(NamedTuple):
    """One of the two numbers of a claim, and what follows from it.

    Attributes
    ----------
    found : Measured
        The number, in the unit of the claim.
    answer : Answer
        Whether the claim holds of it.
    error : str
        What its interval is of, a name of :data:`hopcli.claims.claim.ERRORS`.
    """

    found: Measured
    answer: Answer
    error: str


class Judged(NamedTuple):
    """A claim with its verdict.

    Attributes
    ----------
    claim : Claim
        The claim.
    published, as_run : Side
        By the protocol as published, and as run; the latter None if there is no such number.
    verdict : str
        One of :data:`hopcli.claims.judging.VERDICTS`.
    more : str
        What would decide, if it cannot be decided; else empty.
    """

    claim: Claim
    published: Side
    as_run: Side | None
    verdict: str
    more: str

    @property
    def reason(self) -> str:
        """Why, in a sentence or two that are made of the numbers alone."""
        said = [f"as published {_because(self.claim, self.published)}"]
        if self.as_run is not None:
            said.append(f"as run {_because(self.claim, self.as_run)}")
        return "; ".join([*said, *([self.more] if self.more else [])])


def judge(claims: Claims, runs: Mapping[str, Ran], settings: Mapping[str, Any]) -> list[Judged]:
    """Come to a verdict about each claim.

    Parameters
    ----------
    claims : Claims
        The claims.
    runs : mapping of str to Ran
        What measures them.
    settings : mapping of str to mapping
        The settings of each run, which say how many values its numbers are made of.

    Raises
    ------
    SettingError
        If an expression names what the runs do not have.
    """
    published = _sides(
        claims,
        [(claim, claim.as_published, claim.error) for claim in claims.claims],
        runs,
        "as_published",
    )
    ran = [claim for claim in claims.claims if claim.as_run is not None]
    as_run = dict(
        zip(
            (claim.id for claim in ran),
            _sides(
                claims,
                [(claim, claim.as_run, claim.error_as_run or claim.error) for claim in ran],
                runs,
                "as_run",
            ),
            strict=True,
        )
    )
    judged = []
    for claim, side in zip(claims.claims, published, strict=True):
        other = as_run.get(claim.id)
        said = verdict(
            side.answer.holds, other.answer.holds if other else None, has_run=other is not None
        )
        open_side = None
        if said == "cannot be decided":
            open_side = side if side.answer.holds is None else other
        more = _more(claims, claim, open_side, side, settings) if open_side else ""
        judged.append(Judged(claim, side, other, said, more))
    return judged


def _sides(
    claims: Claims, asked: Sequence[tuple[Claim, Any, str]], runs: Mapping[str, Ran], what: str
) -> list[Side]:
    """The numbers of some claims, and what follows from them together."""
    found = []
    for claim, expression, error in asked:
        measured = evaluate(expression, runs, f"{claims.path}: claims.{claim.id}.{what}")
        if measured.is_number and measured.is_exact and error != "none":
            rule = f"must have an interval, as its error is {error!r}; name its standard error"
            raise SettingError(f"{claims.path}: claims.{claim.id}.{what}", rule, expression.text)
        found.append(measured.scaled(100) if claim.percent else measured)
    # What is claimed is taken as it is; what the authors measured has an error of its own.
    besides = [claim.published_sem if what == "as_run" else 0.0 for claim, _, _ in asked]
    evidence = [
        TESTS[claim.test].work(claim, one, error)
        for (claim, _, _), one, error in zip(asked, found, besides, strict=True)
    ]
    concluded = answers([claim.family for claim, _, _ in asked], evidence, claims.alpha)
    return [
        Side(one, answer, error)
        for one, answer, (_, _, error) in zip(found, concluded, asked, strict=True)
    ]


_OF = {
    "thermal": "repeats",
    "images": "test images",
    "selection": "selections",
    "patterns": "draws",
    "starts": "starts",
}
"""Of what there must be more for an error bar to be shorter."""


def _more(
    claims: Claims, claim: Claim, side: Side, published: Side, settings: Mapping[str, Any]
) -> str:
    """How many repeats, or whatever the run has, would decide an open question."""
    is_published = side is published
    expression = claim.as_published if is_published else claim.as_run
    assert expression is not None
    run = claims.runs[expression.runs[0]]
    family = sum(bool(other.family) and other.family == claim.family for other in claims.claims)
    factor = more_needed(
        side.found,
        side.answer.evidence,
        0.0 if is_published else claim.published_sem,
        claims.alpha / max(family, 1),
    )
    unit = _OF.get(side.error, "values")
    if factor is None:
        return f"no number of {unit} would decide it"
    now = settings.get(run.name, {}).get(run.more) if run.more else None
    if not isinstance(now, int):
        return f"about {max(factor, 1):.2g} times as many {unit} would decide it"
    return f"about {math.ceil(max(factor, 1) * now):,} {unit} would decide it"


def number(value: Any) -> str:
    """A number or list as people read it.

    Examples
    --------
    >>> number(81.234), number(0.0000123), number((1, 2)), number(12345678.0)
    ('81.2', '1.23e-05', '1, 2', '12,345,678')
    """
    if isinstance(value, tuple | list):
        return ", ".join(number(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}" if abs(value) >= 1e5 else str(int(value))
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def told(found: Measured, unit: str) -> str:
    """A number with its interval.

    Examples
    --------
    >>> from hopcli.claims.measured import Measured
    >>> told(Measured(81.0, 80.8, 81.2), "%")
    '81 % (80.8 to 81.2)'
    """
    said = number(found.value) + (f" {unit}" if unit and found.is_number else "")
    if found.low is None or found.high is None:
        return said
    return f"{said} ({number(found.low)} to {number(found.high)})"


def _because(claim: Claim, side: Side) -> str:
    """What one number says of the claim."""
    found, answer = side.found, side.answer
    wording = {True: "is", False: "is not", None: "may or may not be"}[answer.holds]
    if claim.test in ("the_same", "all_true"):
        return _counted(claim, found)
    said = f"{told(found, claim.unit)} {wording} {asked(claim)}"
    if found.is_exact:
        return said
    p = "p < 0.001" if answer.p_holm < 0.001 else f"p = {answer.p_holm:.2g}"
    return f"{said} ({p}, error bar of {ERRORS[side.error]})"


def _counted(claim: Claim, found: Measured) -> str:
    """How many of several values are as they should be."""
    values = found.value if isinstance(found.value, tuple) else (found.value,)
    if claim.test == "all_true":
        return f"{sum(map(bool, values))} of {len(values)} true"
    wanted = claim.published if isinstance(claim.published, list) else [claim.published]
    same = sum(map(are_same, values, wanted))
    return f"{same} of {len(wanted)} the same" if len(wanted) > 1 else f"{number(found.value)}"


def asked(claim: Claim) -> str:
    """What the test asks, in words."""
    unit = f" {claim.unit}" if claim.unit else ""
    published = number(claim.published)
    if claim.test == "equivalent":
        return f"within {number(claim.margin)}{unit} of {published}{unit}"
    if claim.test == "within_factor":
        return f"within a factor {number(claim.margin)} of {published}{unit}"
    if claim.test in ("above", "below"):
        return f"{claim.test} {number(claim.bound)}{unit}"
    return "true throughout" if claim.test == "all_true" else "the same as published"


def published_text(claim: Claim) -> str:
    """The published number as the source has it."""
    error = "" if claim.plus_minus is None else f" +- {number(claim.plus_minus)}"
    unit = f" {claim.unit}" if claim.unit and not isinstance(claim.published, str | list) else ""
    return f"{number(claim.published)}{error}{unit}"


def table(judged: Sequence[Judged], commands: Mapping[str, str]) -> pd.DataFrame:
    """The verdicts as a table, a row a claim.

    Parameters
    ----------
    judged : sequence of Judged
        The verdicts.
    commands : mapping of str to str
        The command that makes each run.
    """
    import pandas as pd

    return pd.DataFrame([_row(one, commands) for one in judged])


_WIDEST = 30  # characters of a list of numbers where there is little room


def short(made: pd.DataFrame, *, ids: bool) -> pd.DataFrame:
    """The verdicts in few columns, as they are printed.

    Parameters
    ----------
    made : DataFrame
        As :func:`table` makes it, or as read from the file of it, empty texts left empty.
    ids : bool
        Whether claims are named, not told.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "claim": made["id" if ids else "claim"],
            "published": made["published"].map(_cut),
            "as published, here": [_found(row, "as_published") for _, row in made.iterrows()],
            "as run, here": [_found(row, "as_run") for _, row in made.iterrows()],
            "verdict": made["verdict"],
        }
    )


def _found(row: pd.Series[Any], side: str) -> str:
    """A number of a row of the table, with its interval."""
    text = str(row[side])
    try:
        value: Any = float(text)
    except ValueError:
        return _cut(text) or "-"
    low, high = row[f"{side}_ci_low"], row[f"{side}_ci_high"]
    known = not (math.isnan(low) or math.isnan(high))
    return told(Measured(value, *((low, high) if known else ())), str(row["unit"]))


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _row(one: Judged, commands: Mapping[str, str]) -> dict[str, Any]:
    claim = one.claim
    runs = dict.fromkeys(name for e in claim.expressions for name in e.runs)
    return {
        "id": claim.id,
        "claim": claim.text,
        "place": claim.place,
        "published": published_text(claim),
        "asked": asked(claim),
        **_columns("as_published", one.published),
        **_columns("as_run", one.as_run),
        "unit": claim.unit,
        "test": claim.test,
        "family": claim.family,
        "verdict": one.verdict,
        "reason": one.reason,
        "note": claim.note,
        "command": "; ".join(commands[name] for name in runs),
    }


def _columns(name: str, side: Side | None) -> dict[str, Any]:
    """The columns of one of the two numbers."""
    if side is None:
        columns = ("", "_ci_low", "_ci_high", "_error_bar", "_statistic", "_p", "_p_holm")
        return {
            f"{name}{column}": "" if column in ("", "_error_bar") else math.nan
            for column in columns
        }
    found, answer = side.found, side.answer
    z = answer.evidence.z
    random = not found.is_exact
    return {
        name: f"{found.value:.10g}" if isinstance(found.value, float) else number(found.value),
        f"{name}_ci_low": math.nan if found.low is None else found.low,
        f"{name}_ci_high": math.nan if found.high is None else found.high,
        f"{name}_error_bar": ERRORS[side.error],
        f"{name}_statistic": math.nan if z is None or not random else z,
        f"{name}_p": answer.p if random else math.nan,
        f"{name}_p_holm": answer.p_holm if random else math.nan,
    }
