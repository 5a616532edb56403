"""Requests: a run as a user asks for it, and the wishes for its results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hopcli.config import Config, Execution
    from hopcli.experiments.stock import Stock

__all__ = ["Request", "Wishes"]

_OF_KEY = 8  # characters of a key in the name of a folder


class Wishes(NamedTuple):
    """Wishes for the results of a run, a grid or the runs behind claims.

    Attributes
    ----------
    out : Path or None
        Folder of the results; None for the default folder.
    overwrite : bool
        Replace another run in the folder, or cells that other code made.
    again : bool
        Repeat a run that is finished.
    quiet : bool
        Print errors only.
    format : str
        Format of the printed table.
    """

    out: Path | None = None
    overwrite: bool = False
    again: bool = False
    quiet: bool = False
    format: str = "table"


_NONE = Wishes()


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A run as a user asks for it.

    Parameters
    ----------
    config : Config
        The given configuration, checked.
    execution : Execution
        Threads, pictures and the like.
    wishes : Wishes
        Wishes for its results.
    out : Path
        Folder of the results, where they are written.
    keyed : bool
        Whether the key of the run is added to the name of the folder.
    name_of : callable
        Name of a setting as the user wrote it, for messages.
    repeats : mapping, optional
        Manifest of the run that this one repeats.
    named : str
        File that asks for the run, where there may be several.
    stock : Stock, optional
        Data and couplings that are loaded.
    """

    config: Config
    execution: Execution
    wishes: Wishes = _NONE
    out: Path = Path()
    keyed: bool = False
    name_of: Callable[[str], str] = str
    repeats: Mapping[str, Any] | None = None
    named: str = ""
    stock: Stock | None = None

    def folder(self, key: str) -> Path:
        """Return the folder of the run with this key."""
        return self.out.with_name(f"{self.out.name}-{key[:_OF_KEY]}") if self.keyed else self.out
