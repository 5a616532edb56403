"""Finished runs and grids in folders: verify, compare, draw, report and judge them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.errors import ResultError, SettingError
from hopcli.kinds import checked, choice
from hopcli.results.manifest import GRID
from hopcli.values import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from hopcli.api.gridding import GridRun
    from hopcli.api.recalled import Recalled
    from hopcli.api.running import Run

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

    from hopcli.grids.store import EVERY_CHECKER
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


def plot(
    what: Run | GridRun | Recalled | Place,
    name: str | None = None,
    *,
    style: str | None = None,
    **form: Any,
) -> Figure:
    """Draw a figure of a run, a grid or final states, or of a folder of results.

    Parameters
    ----------
    what : Run, GridRun, Recalled, str or path
        A record of hopcli, or the folder of a finished run or grid.
    name : str, optional
        Name of the figure, such as ``"confusion"``; by default the first of the run.
    style : {"screen", "paper"}, optional
        With title and caption, or for print; by default that of the run, or ``"screen"``. This
        and the following have no effect on a GridRun or Recalled.
    **form
        ``width`` in inches, ``tex_fonts`` and ``kind``, as the options of ``hopcli plot``.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    SettingError
        If there is no such figure or style.
    ResultError
        If there is no run in the folder, or it is damaged.
    """
    from hopcli import results
    from hopcli.api.running import Run
    from hopcli.grids.view import load_view
    from hopcli.plots.grid import picture

    if style is not None:
        checked(choice(("screen", "paper")), "style", style)
    figures: Mapping[str, Figure]
    if not isinstance(what, Run | str | os.PathLike):
        if not hasattr(what, "figure"):
            raise SettingError("what", "must be a folder or a record of hopcli", what)
        figures = {"trials" if hasattr(what, "spins") else GRID: what.figure()}
    elif isinstance(what, Run) and not form and style in (None, what.execution.figure_style):
        figures = what.figures
    elif not isinstance(what, Run) and results.command_in(Path(what)) == GRID:
        view = load_view(Path(what))
        figures = {GRID: picture(view, view.grid.look, style or "screen", **form)}
    else:
        made = what if isinstance(what, Run) else results.load(Path(what))
        entry = catalogue.entry(made.config.command)
        figures = entry.figures(made.config, made.result, style or "screen", **form)
    if name is not None and name not in figures:
        rule = f"must be one of {', '.join(figures)}{nearest(name, figures)}"
        raise SettingError("name", rule, name)
    return next(iter(figures.values())) if name is None else figures[name]


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
    from hopcli.runs import verdicts
    from hopcli.runs.requests import Wishes

    if out is None:
        with tempfile.TemporaryDirectory(prefix="hopcli-reproduce-") as folder:
            return reproduce(against=against, only=only, quick=quick, out=folder)
    ids = [name.strip() for name in only.split(",")] if isinstance(only, str) else list(only)
    wishes = Wishes(out=Path(out), overwrite=overwrite, again=again)
    wanted = [name for name in ids if name]
    return verdicts.reproduce(os.fspath(against), wishes, only=wanted, quick=quick).table.frame()


def _paths(folders: tuple[Place, ...]) -> list[Path]:
    if not folders:
        raise ResultError("folders: give one or more folders of results, found none")
    return [Path(folder) for folder in folders]
