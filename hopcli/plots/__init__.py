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
    from pathlib import Path

    from hopcli.config import Execution

__all__ = ["Page", "draw", "draw_pattern", "save"]


def draw(
    config: Any, result: Any, execution: Execution, folder: Path, dpi: int | None = None
) -> None:
    """Write the figures of a run, and its animation, as its execution says.

    Parameters
    ----------
    config : Config
        The resolved configuration of the run.
    result : Result
        The result of the run.
    execution : Execution
        Which pictures are drawn, and how. In style ``paper`` the caption is in a text file
        ``<name>.txt``.
    folder : Path
        Folder of the files ``<name>.<figure_format>``, the same bytes for the same result.
    dpi : int, optional
        Pixels per inch of a png (default 150, in paper style 300) and of pictures inside
        other formats (300).
    """
    if execution.figures:
        figures = catalogue.entry(config.command).figures(config, result, **execution.form)
        for name, figure in figures.items():
            save(figure, folder / f"{name}.{execution.figure_format}", dpi)
            if execution.figure_style == "paper":
                text = f"{figure.title}. {figure.caption}\n"
                (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    animation = getattr(execution, "animate", None)
    if animation is not None:
        write_animation(result.frames, result.patterns.shape, folder / animation)
