"""Pictures of finished runs and grids, drawn again in their folders or into another one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import catalogue, results
from hopcli.errors import ResultError, SettingError
from hopcli.grids.publishing import enter_picture
from hopcli.grids.view import View, load_view
from hopcli.results.folder import files_in, publish, writing
from hopcli.results.manifest import GRID, finished_in, understood
from hopcli.values import flag_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from hopcli.catalogue import Entry
    from hopcli.grids.grid import Look

_FORMATS = ("png", "svg", "pdf")


class Style(NamedTuple):
    """Changed settings of pictures, by the names of the settings; None for the run's own.

    Attributes
    ----------
    figure_format, figure_style, width, tex_fonts, kind, animate
        See :class:`hopcli.config.RecallExecution`; `kind` is of a recall only.
    dpi : int or None
        Pixels an inch.
    """

    figure_format: str | None = None
    figure_style: str | None = None
    width: str | None = None
    tex_fonts: bool | None = None
    kind: str | None = None
    animate: str | None = None
    dpi: int | None = None

    def of(self, entry: Entry, execution: Mapping[str, Any]) -> Any:
        """Return the execution of a run with the changes that apply to its command."""
        known = entry.execution.settings()
        changed = {name: value for name, value in self._asdict().items() if value is not None}
        values = {**execution, **changed, "figures": True}
        return entry.execution(**{name: values[name] for name in known if name in values})


class _Drawer(NamedTuple):
    """The pictures of a run: drawn into a given folder, or into its own."""

    folder: Path
    into: Callable[[Path], object]
    again: Callable[[], list[Path]]


def draw_grid(view: View, look: Look, path: Path, how: Style | None = None) -> None:
    """Draw the picture of a grid into a file."""
    from hopcli import plots
    from hopcli.plots.grid import picture

    with understood("the grid", "drawn", (SettingError,)):
        form = (how or Style()).of(view.grid.entry, {}).form
        plots.save(picture(view, look, **form), path, how.dpi if how else None)


def redraw_grid(
    folder: Path,
    how: Style,
    look: Callable[[View], Look] = lambda view: view.grid.look,
    out: Path | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Draw the picture of a grid again, in its folder or into another file.

    The manifest of the grid, if there is one, will name a picture in its folder.

    Parameters
    ----------
    folder : Path
        Folder of the grid.
    how : Style
        File format and style.
    look : callable
        Takes the finished cells, returns the layout; by default that of the configuration.
    out : Path, optional
        Another file for the picture, of the format that its name ends with.
    overwrite : bool
        Replace `out` if it is another picture.

    Returns
    -------
    Path
        The picture.

    Raises
    ------
    SettingError
        If the suffix of `out` is not a format, or differs from that of `how`.
    ResultError
        If there is no grid, or a file is in the way.
    """
    if out is None:
        _check_overwrite(overwrite, out)
        (path,) = _of_grid(folder, how, look).again()
        return path
    form = out.suffix.removeprefix(".")
    if form not in _FORMATS or how.figure_format not in (None, form):
        allowed = [f".{form}" for form in ([how.figure_format] if how.figure_format else _FORMATS)]
        raise SettingError("out", f"must end in {' or '.join(allowed)}", str(out))
    drawer = _of_grid(folder, how._replace(figure_format=form), look, out.stem)
    (path,) = _draw_into(out.parent, [drawer], overwrite=overwrite)
    return path


def draw_again(
    folders: Sequence[Path], how: Style, out: Path | None = None, *, overwrite: bool = False
) -> list[tuple[Path, list[Path]]]:
    """Draw the pictures of finished runs and grids again.

    Parameters
    ----------
    folders : sequence of Path
        Folders of the runs.
    how : Style
        Format and style.
    out : Path, optional
        Folder for the pictures; by default those of the runs.
    overwrite : bool
        Replace other pictures in `out`.

    Returns
    -------
    list of (Path, list of Path)
        Each folder with its new pictures.

    Raises
    ------
    ResultError
        If a folder holds no run, or a file is in the way; nothing is drawn then.
    """
    folders = list({os.path.realpath(folder): folder for folder in folders}.values())
    if out is not None and [*map(os.path.realpath, folders)] == [os.path.realpath(out)]:
        out = None  # the pictures are entered in its manifest
    _check_overwrite(overwrite, out)
    drawers = [
        _of_grid(folder, how) if results.command_in(folder) == GRID else _of_run(folder, how)
        for folder in folders
    ]
    if out is None:
        return [(each.folder, each.again()) for each in drawers]
    return [(out, _draw_into(out, drawers, overwrite=overwrite))]


def _check_overwrite(overwrite: bool, out: Path | None) -> None:
    if overwrite and out is None:
        raise SettingError("overwrite", "has no effect without --out")


def _of_grid(
    folder: Path,
    how: Style,
    look: Callable[[View], Look] = lambda view: view.grid.look,
    name: str = GRID,
) -> _Drawer:
    _check_used(folder, how, {"figure_format", "figure_style", "width", "tex_fonts"}, "a grid")
    view = load_view(folder)
    layout = look(view)

    def draw(stage: Path) -> None:
        draw_grid(view, layout, stage / f"{name}.{how.figure_format or 'png'}", how)

    return _Drawer(folder, draw, lambda: enter_picture(folder, draw))


def _check_used(folder: Path, how: Style, used: Collection[str], what: str) -> None:
    for name, value in how._asdict().items():
        if value is not None and name not in used and name != "dpi":
            raise ResultError(f"{folder}: {flag_name(name)} has no effect on {what}")


def _of_run(folder: Path, how: Style) -> _Drawer:
    """Load a run; raise an error if a requested picture is impossible."""
    loaded = results.load(folder)
    command = loaded.config.command
    entry = catalogue.entry(command)
    _check_used(folder, how, {*entry.execution.settings()}, f"a run of {command}")
    execution = how.of(entry, loaded.manifest["execution"])
    with understood(folder):
        has_frames = getattr(loaded.result, "frames", None) is not None
    if getattr(execution, "animate", None) is not None and not has_frames:
        rule = "contains no frames of a trial: repeat the run with --animate FILE.gif"
        raise ResultError(f"{folder}: {rule}")

    def draw(stage: Path) -> None:
        from hopcli import plots

        with understood(loaded.manifest.path, "drawn"):
            plots.draw(loaded.config, loaded.result, execution, stage, how.dpi)

    def again() -> list[Path]:
        return results.save_pictures(folder, command, draw, key=loaded.manifest["key"])

    return _Drawer(folder, draw, again)


def _draw_into(out: Path, drawers: Sequence[_Drawer], *, overwrite: bool) -> list[Path]:
    """Draw into another folder: all pictures or none."""
    names = _short_names([each.folder for each in drawers])
    with writing(out) as stage:
        for each in drawers:
            own = stage / "each"
            own.mkdir()
            each.into(own)
            for name in files_in(own):
                full = f"{names[each.folder]}-{name}" if len(names) > 1 else name
                (own / name).rename(stage / full)
            own.rmdir()
        made = files_in(stage)
        stale = [name for name in _captions(made) if (out / name).is_file() and name not in made]
        _check_free(out, stage, made, stale, overwrite=overwrite)
        publish(stage, out, made)
        for name in stale:
            (out / name).unlink()
    return [out / name for name in made]


def _short_names(folders: list[Path]) -> dict[Path, str]:
    """Name each folder by its own name, with as many parents as make it unique."""
    names: dict[Path, str] = {}
    for folder in folders:
        others = [other.resolve().parts for other in folders if other != folder]
        parts = folder.resolve().parts
        depth = 1
        while depth < len(parts) and any(parts[-depth:] == other[-depth:] for other in others):
            depth += 1
        names[folder] = "-".join(part.strip("/") for part in parts[-depth:])
    return names


def _captions(made: list[str]) -> list[str]:
    """List the names that captions of pictures would have."""
    return list(dict.fromkeys(f"{name.rpartition('.')[0]}.txt" for name in made))


def _check_free(
    out: Path, stage: Path, made: list[str], stale: list[str], *, overwrite: bool
) -> None:
    """Raise an error if a picture of another run, or a file not to be overwritten, is there."""
    for command in finished_in(out):
        taken = results.open_manifest(out / f"{command}.json")["outputs"]
        for name in made:
            if name in taken:
                rule = f"contains a run of {command} with its own {name}"
                raise ResultError(f"{out}: {rule}; give another --out")
    present = [name for name in made if (out / name).is_file()]
    others = [n for n in present if (out / n).read_bytes() != (stage / n).read_bytes()]
    for name in [] if overwrite else [*others, *stale]:
        rule = "already exists as another picture or caption"
        raise ResultError(f"{out / name}: {rule}; give another --out, or --overwrite")
