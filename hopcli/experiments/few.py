"""Warning about intervals over few selections."""

from __future__ import annotations

ENOUGH = 30
"""Smallest number of selections of which at most 5 % lack a kind that is 1 in 10."""

_MISSING = 0.05


def few_selections(selections: int, most: int = ENOUGH) -> list[str]:
    """Warn if intervals over so many selections cover less than they state.

    A kind of selection of frequency r is missing from n selections with probability (1 - r)^n.
    If selections of a rare kind are much worse than the others, intervals without this kind do
    not contain the mean or the variance.

    Parameters
    ----------
    selections : int
        Number of selections of the run, >= 1.
    most : int
        Most selections that the run may have.

    Returns
    -------
    list of str
        One warning, or none for 30 or more selections.

    Examples
    --------
    >>> few_selections(30), len(few_selections(29))
    ([], 1)
    """
    if selections >= ENOUGH:
        return []
    share = 1 - _MISSING ** (1 / selections)
    advice = "type" if most >= ENOUGH else "reduce --tests and type"
    warning = (
        f"intervals are over {selections} selections: a kind that is {100 * share:.0f} % of all "
        f"may be missing, and then they cover less than 95 %; {advice} --selections {ENOUGH}"
    )
    return [warning]
