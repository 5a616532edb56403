"""Claims held to the tables that their runs will have, before any of them is made.

Which tables and columns a run has is seen in one of the same kind that is as small as can be.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hopcli import catalogue, experiments
from hopcli.claims.evaluating import check_names
from hopcli.claims.published import columns_needed
from hopcli.errors import HopcliError
from hopcli.results.tables import blocks_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.claims.claim import Claims
    from hopcli.config import Config
    from hopcli.experiments.stock import Stock

__all__ = ["Columns", "check_claims", "rehearse"]

Columns = dict[str, list[str]]
"""The columns of each table of a run, by name."""

_SMALL: Mapping[str, int] = {
    **dict.fromkeys(("repeats", "tests", "draws", "chains", "replays", "orders"), 2),
    "selections": 3,
    "starts": 4,
    "sweeps": 20,
}
"""Settings that say how many there are of what is counted or averaged, with few of each."""

_FEW = {"temperatures": 2, "sweeps": 2, "loads": 1}
"""Lists of which the first entries are enough."""


def rehearse(config: Config, stock: Stock) -> Columns | None:
    """The tables of a run, from one that is as small as can be.

    Parameters
    ----------
    config : Config
        The configuration.
    stock : Stock
        What runs share.

    Returns
    -------
    dict of list of str, or None
        The columns of each table; None if so small a run cannot be made.
    """
    values = config.values()
    small: dict[str, Any] = {
        name: few for name, few in _SMALL.items() if _is_more(values.get(name), few)
    }
    small |= {
        name: values[name][:few]
        for name, few in _FEW.items()
        if isinstance(values.get(name), tuple)
    }
    execution = catalogue.entry(config.command).execution(figures=False)
    try:
        plan = experiments.plan(dataclasses.replace(config, **small), stock)
        tables = plan.run(execution, experiments.no_progress).tables
    except HopcliError:
        return None
    return {
        name: [str(column) for column in next(iter(blocks_of(tables, name))).columns]
        for name in tables
    }


def _is_more(value: Any, few: int) -> bool:
    return value == "all" or (isinstance(value, int) and value > few)


def check_claims(claims: Claims, known: Mapping[str, Columns | None]) -> None:
    """Refuse a claim that names a table or column that its run will not have.

    Parameters
    ----------
    claims : Claims
        The claims.
    known : mapping of str to Columns
        What each run will have; None where that cannot be said beforehand.

    Raises
    ------
    SettingError
        If there is no such table or column.
    """
    for claim in claims.claims:
        for condition in claim.conditions:
            more = columns_needed(claim, condition) if claim.test == "printed" else ()
            for term in condition.value.terms:
                columns = known.get(term.run)
                if columns is not None:
                    check_names(term, columns, claims.place_of(claim, condition), more)
