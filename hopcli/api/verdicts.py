"""Verdicts on a study in Python: the command, and the table that it writes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hopcli.runs import verdicts
from hopcli.runs.requests import Wishes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def reproduce(
    *,
    against: str | os.PathLike[str] = "study",
    only: str | Sequence[str] = (),
    quick: bool = False,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    again: bool = False,
) -> pd.DataFrame:
    """Judge each claim of a study, as ``hopcli reproduce``.

    Finished runs are kept: after an interrupt the same call with the same `out` continues.

    Parameters
    ----------
    against : str or path
        A file of claims, or the name of one that comes with hopcli.
    only : str or sequence of str
        Ids of claims to judge; by default all.
    quick : bool
        Fewer repeats.
    out : str or path, optional
        Folder for verdicts, page and runs; by default a temporary one, which is deleted.
    overwrite, again : bool
        Like the flags of the command.

    Returns
    -------
    DataFrame
        The table of claims.csv, a row per claim and condition: number, interval, test, verdict.

    Raises
    ------
    HopcliError
        If a claim, a setting or a run is impossible, or the folder cannot be written.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="hopcli-reproduce-") as folder:
            return reproduce(against=against, only=only, quick=quick, out=folder)
    ids = [name.strip() for name in only.split(",")] if isinstance(only, str) else list(only)
    wishes = Wishes(out=Path(out), overwrite=overwrite, again=again)
    wanted = [name for name in ids if name]
    return verdicts.reproduce(os.fspath(against), wishes, only=wanted, quick=quick).table.frame()
