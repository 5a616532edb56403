"""The commands that run an experiment, one entry each.

An entry names modules and imports them on first use, so a list of commands costs nothing.
The command line, ``hopcli run``, ``hopcli plot``, results and tests are made from it. A new
command consists of its settings and manual (:mod:`hopcli.config`), its experiment, its entry
here and, unless its headline number is enough, its figures.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hopcli.errors import SettingError
from hopcli.values import show, show_several

__all__ = ["CATALOGUE", "Entry", "entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One command.

    Parameters
    ----------
    command : str
        Name, and key in :data:`CATALOGUE`.
    line : str
        Its line in the list of commands.
    """

    command: str
    line: str

    @property
    def module(self) -> str:
        """Name of the command's module in each room."""
        return self.command.replace("-", "_")

    @property
    def name(self) -> str:
        """Stem of its class names: settings ``<name>Config``, result ``<name>Result``."""
        return "".join(word.title() for word in self.command.split("-"))

    @property
    def config(self) -> Any:
        """Class of the given configuration; its docstring is the manual."""
        return _named(f"hopcli.config.{self.module}", f"{self.name}Config")

    @property
    def execution(self) -> Any:
        """Class of the execution of a run."""
        name = _EXECUTIONS.get(self.command, "ThreadedExecution")
        return _named("hopcli.config.execution", name)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of configuration and execution, by name."""
        return {**self.config.settings(), **self.execution.settings()}

    def show(self, name: str, value: Any, *, gap: str = "", unset: str = "-") -> str:
        """Format a setting of a manifest; ``grid.size`` names the values of one in a grid."""
        known = self.settings
        plain = name.removeprefix("grid.")
        betweens = [
            known[part.strip()].kind.between if part.strip() in known else ","
            for part in plain.split(",")
        ]
        if plain == name:
            return show(value, betweens[0], gap=gap, unset=unset)
        return show_several(value, betweens, gap=gap, unset=unset)

    def read(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        """Make the given configuration and the execution from a file or flags.

        Parameters
        ----------
        values : mapping of str to object
            Values by name, for either.

        Returns
        -------
        config : Config
            The given configuration; planning compares its settings with each other.
        execution : Execution
            How the run is carried out.

        Raises
        ------
        SettingError
            If a name is unknown (with the nearest known one) or a value impossible.
        """
        how = self.execution.settings()
        config = self.config.from_values(
            {name: value for name, value in values.items() if name not in how}, self.settings
        )
        execution = self.execution(**{k: v for k, v in values.items() if k in how})
        execution.check_with(config)
        return config, execution

    @property
    def plan(self) -> Any:
        """Function that plans a run: configuration and loader in, plan out."""
        return _named(f"hopcli.experiments.{self.module}", "plan")

    @property
    def result(self) -> Any:
        """Class of the result."""
        return _named(f"hopcli.experiments.{self.module}", f"{self.name}Result")

    def summary(self, config: Any, result: Any) -> Any:
        """Return the printed table, by default the first one of the experiment."""
        experiment = importlib.import_module(f"hopcli.experiments.{self.module}")
        if hasattr(experiment, "summary"):
            return experiment.summary(config, result)
        return result.columns[self.tables[0].name]

    @property
    def tables(self) -> Any:
        """Declared tables in the order of the files, a tuple of :class:`hopcli.tables.Table`."""
        return _named(f"hopcli.experiments.{self.module}", "TABLES")

    @property
    def manual(self) -> str:
        """Manual: the docstring of the configuration."""
        return inspect.cleandoc(self.config.__doc__ or "")

    def table(self, name: str) -> Any:
        """Return the declaration of a table; None if there is none of this name."""
        return next((table for table in self.tables if table.name == name), None)

    @property
    def headline(self) -> Any:
        """Main number of a run, a :class:`hopcli.tables.Estimate`."""
        return next(table.estimate() for table in self.tables if table.headline)

    @property
    def figures(self) -> Any:
        """Function from resolved configuration and result to figures by name."""
        module = f"hopcli.plots.{self.module}"
        is_there = importlib.util.find_spec(module) is not None
        return _named(module if is_there else "hopcli.plots.headline", "figures")


def _named(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


_EXECUTIONS = {"select": "Execution", "weights": "Execution", "recall": "RecallExecution"}
"""Classes of the execution of commands that do not run in threads, or have settings more."""

SECTIONS = {
    "The study": {
        "select": "Choose a prototype pattern per label by the overlap loss.",
        "recall": "Store patterns, start from images, count recalled ones.",
        "temperature-scan": "Measure the overlap with patterns against temperature.",
    },
    "Look inside": {
        "weights": "Show couplings, their spectrum and pattern stability.",
        "attractors": "Count the states in which starts end at T = 0.",
        "capacity": "Measure how many patterns a rule holds.",
        "critical": "Measure the critical temperature by Binder ratios.",
        "relax": "Measure accuracy, overlap and energy after each sweep.",
    },
    "What the numbers are worth": {
        "variance": "Split the error of an accuracy into its sources.",
        "compare": "Compare the dynamics with simpler classifiers.",
        "consistency": "Test whether labels of consistent shape are recalled best.",
        "fit-sweeps": "Estimate how many sweeps made a published table.",
    },
}
"""Lines of the commands in the list of commands, by section."""

CATALOGUE = {
    command: Entry(command, line) for lines in SECTIONS.values() for command, line in lines.items()
}
"""Entries by command."""

FUNCTIONS = tuple(made for made in CATALOGUE.values() if made.command != "select")
"""Commands that are functions in Python; ``hopcli.select`` chooses among given images instead."""


def entry(command: object) -> Entry:
    """Return the entry of a command.

    Raises
    ------
    SettingError
        If no experiment has this name.
    """
    if not isinstance(command, str) or command not in CATALOGUE:
        raise SettingError("command", f"must be one of {', '.join(CATALOGUE)}", command)
    return CATALOGUE[command]
