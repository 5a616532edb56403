"""Pictures of results: from a new or loaded result to figures and files.

A figure depends only on the configuration and the result; this package computes only the
layout. The module of each command contains its figures, built from the parts in
:mod:`hopcli.plots.kit`. Figures are made without pyplot, so global state does not change.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.errors import DataError

try:
    from matplotlib import artist
except (OSError, ValueError) as wrong:  # it reads MPLBACKEND and a matplotlibrc
    text = " ".join(str(wrong).split())
    rule = "must be a matplotlibrc that matplotlib can read; move it away"
    raise DataError(f"matplotlibrc: {rule} ({text:.200})") from None

if os.environ.get("MATPLOTLIBRC") == os.devnull:
    # In a command, which sets this, nobody reads the manuals of all methods `set`: a quarter of
    # the time in which matplotlib is imported.
    artist.kwdoc = lambda artist: ""  # noqa: ARG005

from hopcli.plots.animation import write_animation
from hopcli.plots.figure import save
from hopcli.plots.page import Page, draw_pattern

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hopcli.config import Execution

__all__ = ["Page", "animate", "draw", "draw_pattern", "drawing", "save"]


def draw(
    config: Any,
    result: Any,
    folder: Path,
    figure_format: str = "png",
    dpi: int | None = None,
    style: str = "screen",
    **form: Any,
) -> None:
    """Write every figure of a command.

    Parameters
    ----------
    config : Config
        The resolved configuration of the run.
    result : Result
        The result of the run.
    folder : Path
        Folder of the files ``<name>.<figure_format>``, the same bytes for the same result.
    figure_format : {"png", "svg", "pdf"}
        File format.
    dpi : int, optional
        Pixels per inch of a png (default 150, in paper style 300) and of pictures inside
        other formats (300).
    style : {"screen", "paper"}
        ``screen``: with title and caption; ``paper``: without, and the caption in a text
        file ``<name>.txt``.
    **form
        Further attributes of :class:`hopcli.plots.figure.Form`.
    """
    figures = catalogue.entry(config.command).figures(config, result, style, **form)
    for name, figure in figures.items():
        save(figure, folder / f"{name}.{figure_format}", dpi)
        if style == "paper":
            text = f"{figure.title}. {figure.caption}\n"
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")


def animate(result: Any, folder: Path, name: str) -> None:
    """Write the animation of a run with saved frames.

    Parameters
    ----------
    result : RecallResult
        The result; its ``frames`` are the states.
    folder : Path
        Folder of the file.
    name : str
        File name.
    """
    write_animation(result.frames, result.patterns.shape, folder / name)


def drawing(config: Any, result: Any, execution: Execution) -> Callable[[Path], None]:
    """Return a function that draws the figures and the animation of a run into a folder."""
    name = getattr(execution, "animate", None)

    def draw_all(folder: Path) -> None:
        if execution.figures:
            draw(config, result, folder, execution.figure_format, **execution.form)
        if name is not None:
            animate(result, folder, name)

    return draw_all
