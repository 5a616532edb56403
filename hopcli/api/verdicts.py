"""Verdicts on a study, from Python: the command, and the table that it writes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hopcli.errors import HopcliError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["reproduce"]


def reproduce(
    *,
    against: str | os.PathLike[str] = "study",
    only: str | Sequence[str] = (),
    quick: bool = False,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    again: bool = False,
) -> pd.DataFrame:
    """Come to a verdict on each claim of a study, as ``hopcli reproduce`` does.

    It is the command, in a process of its own: so an interrupted call goes on where it was if
    it has the same `out`.

    Parameters
    ----------
    against : str or path
        A file of claims, or the name of one that is shipped.
    only : str or sequence of str
        Claims that are wanted, by their ids; by default all.
    quick : bool
        Fewer repeats.
    out : str or path, optional
        Folder for verdicts, page and runs; by default a temporary one, which is deleted.
    overwrite, again : bool
        As the flags of the command.

    Returns
    -------
    DataFrame
        The table of claims.csv, a row per claim and condition: number, interval, test, verdict.

    Raises
    ------
    HopcliError
        If the command refuses, in its words.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="hopcli-reproduce-") as folder:
            return reproduce(against=against, only=only, quick=quick, out=folder)
    wanted = only if isinstance(only, str) else ",".join(only)
    words = ["--against", os.fspath(against), "--out", os.fspath(out), "--quiet"]
    words += ["--only", wanted] if wanted else []
    asked = {"--quick": quick, "--overwrite": overwrite, "--again": again}
    words += [flag for flag, is_asked in asked.items() if is_asked]
    _call("reproduce", *words)
    from hopcli.results import read_manifest
    from hopcli.results.tables import read_table

    manifest = read_manifest(Path(out), "reproduce")
    return read_table(manifest, "claims")


def _call(*words: str) -> None:
    """Run the command line; what it refuses is raised."""
    program = [sys.executable, "-m", "hopcli", *words]
    done = subprocess.run(program, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise HopcliError(said[-1].removeprefix("hopcli: "))
