"""A run made in Python: its results, its figures, and the folder of the command."""

from __future__ import annotations

import functools
import os
import sys
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli import catalogue, experiments, results
from hopcli.datasets import Dataset
from hopcli.errors import HopcliWarning, SettingError
from hopcli.experiments.stock import Stock
from hopcli.experiments.trials import OVERALL
from hopcli.kinds import fits, read
from hopcli.patterns import Patterns
from hopcli.printing import html, terminal
from hopcli.runs import single
from hopcli.runs.requests import Request, request, request_again
from hopcli.tables import Columns, Tables
from hopcli.values import bare, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from matplotlib.figure import Figure

    from hopcli.catalogue import Entry
    from hopcli.config import Config, Execution, Setting
    from hopcli.experiments import Result


_OF_DATA = ("split", "threshold", "size", "crop", "invert", "transpose")
"""Settings that are fixed once a data set is loaded."""


def ask(what: str | os.PathLike[str], settings: Mapping[str, Any]) -> Request:
    """Put settings on top of those of a command, a file or a finished run.

    Parameters
    ----------
    what : str or path
        A command, a configuration or its name, or the manifest of a run (.json).
    settings : mapping of str to object
        Values by name.

    Raises
    ------
    SettingError
        If a name is unknown or a value impossible.
    DataError, ResultError
        If a file cannot be read, or is of another type.
    """
    text, stock = os.fspath(what), Stock()

    def read(entry: Entry, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return plain_settings(entry, settings, stock)

    named = command_named(text)
    try:
        if named is None and text.endswith(".json"):
            run_request = request_again(Path(text), settings, read=read, stock=stock)
        else:
            entry = None if named is None else catalogue.entry(named)
            run_request = request(
                None if named else text, settings, entry=entry, read=read, stock=stock
            )
    except SettingError as error:
        known = catalogue.entry(named).settings.get(error.setting) if named else None
        # a list varies a setting in a grid, unless the setting itself takes lists
        if (
            isinstance(error.found, list | tuple)
            and error.setting in settings
            and not (known and fits(known.kind.check, error.found[:1]))
        ):
            rule = f"{error.rule}; hopcli.grid({text!r}, {error.setting}=[...]) runs several"
            raise SettingError(error.setting, rule, error.found) from None
        raise
    config: Any = run_request.config
    if isinstance(dataset := settings.get("dataset"), Dataset):
        stock.hold(config, dataset)
    return run_request


def command_named(text: str) -> str | None:
    """Return the command of a name, also with underscores; None if there is none."""
    name = text.replace("_", "-")
    return name if name in catalogue.CATALOGUE else None


def plain_settings(entry: Entry, settings: Mapping[str, Any], stock: Stock) -> dict[str, Any]:
    """Convert settings to the values of a file.

    Parameters
    ----------
    entry : Entry
        Command of the settings; values of unknown names are not changed.
    settings : mapping of str to object
        Values in Python's types.
    stock : Stock
        Store for given patterns.

    Returns
    -------
    dict
        Values by name; a data set is replaced by the settings that load it.

    Raises
    ------
    SettingError
        If a text is not a valid value, or a data set cannot be named.
    """
    known = entry.settings
    given = settings.get("dataset")
    plain: dict[str, Any] = {}
    if isinstance(given, Dataset):
        plain = _words_of(given, settings)
    for name, value in settings.items():
        if isinstance(value, Dataset) and name == "dataset":
            continue
        if name in ("dataset", "patterns") and getattr(value, "ndim", 0) > 1:
            rule = "must not be an array of pictures; store such an array with hopcli.store"
            raise SettingError(name, rule)
        if isinstance(value, Patterns) and name == "patterns":
            plain[name] = stock.keep(value)
        else:
            plain[name] = plain_value(known[name], name, value) if name in known else value
    return plain


def _words_of(dataset: Dataset, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that load a data set again."""
    words = dict(dataset.request)
    if not words:
        rule = "must come from hopcli.load of a source; store arrays with hopcli.store"
        raise SettingError("dataset", rule, dataset.name)
    for name in _OF_DATA:
        if name in settings:
            rule = "cannot be given together with a data set that has been loaded"
            raise SettingError(name, rule, settings[name])
    return {name: bare(value) for name, value in words.items() if value is not None}


def plain_value(setting: Setting, name: str, value: Any) -> Any:
    """Convert a value to that of a file.

    Raises
    ------
    SettingError
        If a text is no valid value of the setting, in a file or as a flag.
    """
    plain = bare(value)
    if not isinstance(plain, str) or fits(setting.kind.check, plain):
        return plain
    return read(setting.kind, name, plain)


_DELAY = 1.0  # seconds before a bar is drawn
_SHOWN = 8  # settings of a run in its repr
_OF_CALLER = 3  # frames from a warning to the caller of the command


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A finished run.

    Parameters
    ----------
    asked : Config
        The configuration as it was given.
    config : Config
        The resolved configuration, without open settings.
    execution : Execution
        How the run was carried out.
    inputs : dict of str to str
        SHA-256 of all inputs.
    result : Result
        Tables, arrays and notes.
    seconds : float
        Duration.
    """

    asked: Config
    config: Config
    execution: Execution
    inputs: dict[str, str]
    result: Result
    seconds: float

    @property
    def command(self) -> str:
        """Command of the run."""
        return self.config.command

    @functools.cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tables by name, in order of importance, without the rows of all labels together."""
        columns = self.result.columns
        return Tables(columns, lambda name: of_labels(columns[name]).frame())

    @property
    def overall(self) -> pd.DataFrame:
        """Rows of the main table for all labels together; the whole table if it has none."""
        return of_all(self.result.columns[self._entry.headline.table.name]).frame()

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table, as :attr:`tables`."""
        if name not in self.tables:
            rule = f"must be one of {', '.join(self.tables)}{nearest(name, self.tables)}"
            raise SettingError("table", rule, name)
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    @property
    def arrays(self) -> dict[str, dict[str, Any]]:
        """Array files by name, each with its arrays by name."""
        return self.result.arrays

    @property
    def patterns(self) -> Patterns | None:
        """Stored patterns; None if the result has none."""
        return getattr(self.result, "patterns", None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about valid results that need caution."""
        return tuple(self.result.notes.get("warnings", ()))

    @property
    def findings(self) -> tuple[str, ...]:
        """Conclusions from the numbers, in sentences."""
        return tuple(self.result.notes.get("findings", ()))

    @functools.cached_property
    def figures(self) -> Mapping[str, Figure]:
        """Figures by name; all are drawn when this is first used."""
        form = self.execution.form
        made: dict[str, Figure] = self._entry.figures(self.config, self.result, **form)
        return made

    @property
    def summary(self) -> pd.DataFrame:
        """Table that the command prints, with the row `overall`; rates are fractions."""
        made: pd.DataFrame = self._entry.summary(self.config, self.result).frame()
        return made

    @property
    def _entry(self) -> catalogue.Entry:
        return catalogue.entry(self.command)

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        figures: bool | None = None,
        figure_format: str | None = None,
        figure_style: str | None = None,
    ) -> list[Path]:
        """Write the folder that the command would write.

        Tables, arrays and pictures have the same bytes as the command's files. The manifest differs
        only in the duration. A finished run that is the same is kept; missing pictures are drawn.

        Parameters
        ----------
        folder : str or path
            Folder to write; made if it does not exist.
        overwrite : bool
            Replace another run of the command in the folder.
        figures : bool, optional
            Draw pictures; by default as given for the run.
        figure_format : {"png", "svg", "pdf"}, optional
            File format of the pictures.
        figure_style : {"screen", "paper"}, optional
            With title and caption, or for print.

        Returns
        -------
        list of Path
            The files that were written.

        Raises
        ------
        ResultError
            If the folder contains another run, another process writes to it, or it cannot be
            written; it is then unchanged.
        SettingError
            If the format or style is unknown.
        """
        out = Path(folder)
        how = self._drawn(figures=figures, figure_format=figure_format, figure_style=figure_style)
        results.check_writable(out)

        def work() -> tuple[Result, list[Path]]:
            files = results.save(
                out,
                self.config,
                self.result,
                inputs=self.inputs,
                execution=how,
                duration=self.seconds,
                given=self.asked,
            )
            return self.result, files

        done = single.publish(out, self.config, self.inputs, how, work, overwrite=overwrite)
        if done.failure is not None:
            raise done.failure
        return done.files

    def _drawn(self, **options: Any) -> Execution:
        """Return the execution of the run with changed options for drawing."""
        given = {name: value for name, value in options.items() if value is not None}
        if given.get("figures") is False:  # their format and style have no effect then
            given = {**type(self.execution)().pictures, **given}
        how = replace(self.execution, **given)
        how.check_with(self.config)
        return how

    def __repr__(self) -> str:
        return f"<{self._title()}>"

    def _title(self) -> str:
        """Return the command, the given settings, and the main number."""
        default = type(self.asked)().values()
        settings = {k: v for k, v in self.asked.values().items() if v is not None}
        known = self.asked.settings()
        changed = [
            f"{k}={v if isinstance(v, bool) else known[k].kind.show(v)}"
            for k, v in settings.items()
            if v != default.get(k)
        ]
        more = ["..."] if len(changed) > _SHOWN else []
        words = " ".join([self.command, *changed[:_SHOWN], *more])
        number = self._number()
        return f"{words}: {number}" if number else words

    def _number(self) -> str:
        """Return the main number, if it is in one row."""
        headline = self._entry.headline
        table = self.result.columns[headline.table.name].matching(headline.where)
        if len(table) != 1:
            return ""
        row = table.row(0)
        text = f"{headline.value} {row[headline.value]:.4g}"
        if headline.low in row and headline.high in row:
            text += f" [{row[headline.low]:.4g}, {row[headline.high]:.4g}]"
        return text

    def _repr_html_(self) -> str:
        warnings = [f"<p><b>Warning:</b> {html(text)}</p>" for text in self.warnings]
        findings = [f"<p>{html(text)}</p>" for text in self.findings]
        table = in_lines(self.summary).to_html(index=False, border=0, float_format="{:.4g}".format)
        title = f"<p><code>{html(self._title())}</code></p>"
        return "\n".join([title, *warnings, table, *findings])


def of_labels(table: Columns) -> Columns:
    """Return a table without the rows of all labels together."""
    return table.take(table["label"] != OVERALL) if "label" in table else table


def of_all(table: Columns) -> Columns:
    """Return the rows of all labels together; the whole table if there are none."""
    rows = table["label"] == OVERALL if "label" in table else np.zeros(0, np.bool_)
    return table.take(rows) if rows.any() else table


def in_lines(table: pd.DataFrame) -> pd.DataFrame:
    """Escape the texts of a table as for a terminal, so that each row is a line."""
    shown = table.map(lambda value: terminal(value) if isinstance(value, str) else value)
    shown.columns = [terminal(name) for name in table.columns]
    return shown


def make(request: Request, *, progress: bool | None = None) -> Run:
    """Make the requested run; warnings also appear as :class:`HopcliWarning`.

    Raises
    ------
    HopcliError
        If the run fails.
    """
    began = time.perf_counter()
    plan, how = experiments.plan(request.config, request.stock), request.execution
    result = single.make(plan, how, lambda _: Bar(progress))
    seconds = time.perf_counter() - began
    run = Run(request.config, plan.config, how, plan.inputs, result, seconds)
    for text in run.warnings:
        warnings.warn(text, HopcliWarning, stacklevel=_OF_CALLER)
    return run


class Bar:
    """Bar on a terminal and in a notebook, for work of more than a moment.

    Parameters
    ----------
    shown : bool or None
        Draw it; None to draw it only at a terminal or in a notebook.
    unit : str
        Unit of the count.
    """

    def __init__(self, shown: bool | None = None, unit: str = "run") -> None:
        is_watched = sys.stderr.isatty() or "ipykernel" in sys.modules
        self._shown = is_watched if shown is None else shown
        self._unit = unit
        self._bar: Any = None

    def __enter__(self) -> Bar:
        return self

    def tell(self, done: int, total: int, _failed: int = 0) -> None:
        """Move on by `done` of `total` steps."""
        if not self._shown:
            return
        if self._bar is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a notebook without widgets shows text
                from tqdm.auto import tqdm
            self._bar = tqdm(total=total, unit=self._unit, leave=False, delay=_DELAY)
        self._bar.update(done)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
