"""Finished runs and grids in folders: verify, compare and report them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hopcli.errors import ResultError

if TYPE_CHECKING:
    import pandas as pd

Place = str | os.PathLike[str]
"""A folder."""


def check(*folders: Place) -> pd.DataFrame:
    """Verify the files of finished runs and grids against their manifests, as ``hopcli check``.

    Parameters
    ----------
    *folders : str or path
        Folders of results, or folders that contain them at any depth.

    Returns
    -------
    DataFrame
        One row per finding, none if all files match: ``file``, ``differs`` (true if the file
        is not as it was written, false for a remark) and ``says``.

    Raises
    ------
    ResultError
        If one of the folders does not exist, or contains no run.
    """
    import pandas as pd

    from hopcli.grids.checking import EVERY_CHECKER
    from hopcli.results import checking

    rows = [
        (str(finding.file), finding.differs, finding.line)
        for checked in checking.check(_paths(folders), EVERY_CHECKER)
        for finding in checked.findings
    ]
    return pd.DataFrame(rows, columns=["file", "differs", "says"]).astype({"differs": bool})


def diff(a: Place, b: Place) -> pd.DataFrame:
    """Compare the settings and numbers of two runs, as ``hopcli diff``.

    Parameters
    ----------
    a, b : str or path
        Folders of finished runs or grids, or manifests in them.

    Returns
    -------
    DataFrame
        A row per difference, as text: ``of`` (settings, inputs, versions, or a file),
        ``name``, ``A`` and ``B``; for a column of numbers also ``n``, ``n_differ``, the
        ``largest`` difference and ``where``. Versions alone do not make two runs different.

    Raises
    ------
    ResultError
        If there is no such run, or it cannot be read.

    Examples
    --------
    >>> import tempfile, hopcli
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, seed in (("one", 1), ("two", 2)):
    ...         run = hopcli.run("select", samples=3, seed=seed, figures=False)
    ...         _ = run.save(f"{folder}/{name}")
    ...     found = hopcli.diff(f"{folder}/one", f"{folder}/two")
    >>> found.loc[found["of"] == "settings", ["name", "A", "B"]].values.tolist()
    [['seed', '1', '2']]
    """
    import pandas as pd

    from hopcli.results import comparing

    runs = comparing.open_runs(Path(a), Path(b))
    found = comparing.compare(*runs)
    rows = comparing.rows_of(found, comparing.command_of(runs[0]))
    return pd.DataFrame(rows, columns=comparing.COLUMNS, dtype=object).fillna("")


def write_report(
    *folders: Place, out: Place = "report.html", title: str | None = None, overwrite: bool = False
) -> Path:
    """Write finished runs and grids as one page of HTML, as ``hopcli report``.

    Parameters
    ----------
    *folders : str or path
        Folders of results, or folders that contain them at any depth.
    out : str or path
        The page.
    title : str, optional
        Title; by default the run, or the number of runs.
    overwrite : bool
        Replace a file that is no report.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ResultError
        If there is no run, a run cannot be read, or the page cannot be written.
    """
    from hopcli import report

    page = Path(out)
    report.write_report(_paths(folders), page, title, overwrite=overwrite)
    return page


def _paths(folders: tuple[Place, ...]) -> list[Path]:
    if not folders:
        raise ResultError("folders: give one or more folders of results, found none")
    return [Path(folder) for folder in folders]
