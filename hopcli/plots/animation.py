"""Animation of runs: trials side by side, with their energies and overlaps below."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import MaxNLocator

from hopcli.errors import DataError
from hopcli.plots import kit
from hopcli.plots.figure import Form, Picture
from hopcli.plots.page import LINE, MUTED, TEXT, drawable, pages, shorten
from hopcli.records import NDArray, np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.artist import Artist

    from hopcli.experiments.recall import Frames

_DPI = 100
_STATE, _STORED, _STEP = 1.2, 0.5, 1.95  # inches
_NARROWEST, _LEFT, _GAP = 6.4, 0.75, 0.85
_MOST = len(kit.COLOURS)  # trials drawn
_FRAME, _LAST = 160, 1600  # milliseconds
_COLOURS = 64  # of a gif
_OPTIONS: dict[str, dict[str, Any]] = {
    ".gif": {"optimize": False},
    ".png": {"format": "PNG"},
    ".webp": {"lossless": True, "quality": 100, "method": 3},
}


def write_animation(frames: Frames, shape: tuple[int, int], path: Path) -> None:
    """Write trials as an animation, side by side.

    Each state is drawn beside the stored pattern nearest to its end. Panels below show energy per
    spin, and overlap with that pattern, against sweeps. The animation ends when all trials have
    settled; its last frame stays longer.

    Parameters
    ----------
    frames : Frames
        The states.
    shape : tuple of int
        Height and width of a state as a picture.
    path : Path
        The file; its suffix is the format, .gif, .png (APNG), .webp or .mp4. A number before the
        suffix is the number of trials per label.

    Raises
    ------
    DataError
        If ffmpeg, which writes .mp4, fails.
    """
    from PIL import Image

    with pages(Form("paper")):
        figure, show, moving = _drawn(frames, frames.shown_in(path.name)[:_MOST], shape)
        figure.set_dpi(_DPI)
        canvas: Any = FigureCanvasAgg(figure)
        for artist in moving:
            artist.set_animated(True)  # not drawn with the figure
        canvas.draw()
        still, last, pixels = canvas.copy_from_bbox(figure.bbox), _settled(frames), []
        for frame in range(last + 1):
            show(frame)
            canvas.restore_region(still)
            for artist in moving:
                artist.draw(canvas.renderer)
            pixels.append(_pixels(canvas))
    if path.suffix == ".mp4":
        _write_video(pixels, path)
        return
    pictures = [Image.fromarray(each) for each in pixels]
    if path.suffix == ".gif":  # the colours of one palette stay the same
        palette = pictures[-1].quantize(_COLOURS, method=Image.Quantize.FASTOCTREE)
        pictures = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=[_FRAME] * last + [_LAST],
        loop=0,
        **_OPTIONS[path.suffix],
    )


def _settled(frames: Frames) -> int:
    """Return the first frame from which no trial changes."""
    changed = np.any(frames.states[:, 1:] != frames.states[:, :-1], axis=(0, 2))
    return int(np.max(np.flatnonzero(changed), initial=-1)) + 1


def _drawn(
    frames: Frames, trials: list[int], shape: tuple[int, int]
) -> tuple[Picture, Callable[[int], None], list[Artist]]:
    """Lay out the trials; return the figure, a function that shows a frame, and what moves."""
    across = min(len(trials), _MOST // 2)
    rows, row = -(-len(trials) // across), _STATE + 2 * LINE + 0.25
    width = max(across * _STEP - 0.2, _NARROWEST)
    page, panels = kit.panel_page(
        *("", ""),
        ((width - _LEFT - _GAP) / 2, 1.7),
        2,
        left=_LEFT,
        above=LINE + 0.15 + rows * row + 0.1,
        gap=(_GAP, 0),
        right=0.1,
    )
    clock = page.text(0, 0, "", va="top", size=TEXT, weight="bold")
    x = np.where(frames.sweep < 0, np.max(frames.sweep) + 1, frames.sweep)
    parts = []
    moving: list[Artist] = [clock]
    for place, trial in enumerate(trials):
        left, top = place % across * _STEP, LINE + 0.15 + place // across * row
        style, pattern = kit.look(place), frames.nearest(trial)
        name = f"trial {frames.place[trial]} of {kit.quoted(frames.label[trial])}"
        page.text(left, top, shorten(name, _STEP - 0.1), va="top", color=style["color"])
        page.pattern(left, top + LINE, _STATE, frames.states[trial, 0], shape)
        state = page.canvas.images[-1]
        moving += [state, page.canvas.patches[-1]]
        stored = left + _STATE + 0.05, top + LINE + _STATE - _STORED
        page.pattern(*stored, _STORED, frames.patterns.xi[pattern], shape)
        below = page.text(left, top + LINE + _STATE + 0.05, "", va="top", color=MUTED)
        overlap = frames.overlap(trial, pattern)
        curves = []
        for ax, values in zip(
            panels, (frames.energy[trial] / frames.states.shape[2], overlap), strict=True
        ):
            (line,) = ax.plot(x, values, **style | {"marker": "", "lw": 1.5})
            (dot,) = ax.plot(x[:1], values[:1], **style | {"ms": 5, "clip_on": False})
            curves.append((line, dot, values))
        named = shorten(
            f"m = -0.000 with {kit.quoted(frames.patterns.names[pattern])}", _STEP - 0.1
        )
        moving += [below, *(artist for line, dot, _ in curves for artist in (line, dot))]
        parts.append((trial, state, below, overlap, named.removeprefix("m = -0.000"), curves))
    for ax, name in zip(panels, ("energy per spin, H / N", "overlap m"), strict=True):
        ax.set(xlim=(0, max(x[_settled(frames)], 1)), ylim=ax.get_ylim())
        ax.set(xlabel="sweep", ylabel=name)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))

    def show(frame: int) -> None:
        sweep = frames.sweep[frame]
        clock.set_text("after the quench" if sweep < 0 else f"sweep {sweep:.4g}")
        for trial, state, below, overlap, named, curves in parts:
            state.set_data(frames.states[trial, frame].reshape(shape))
            below.set_text(drawable(f"m = {kit.minus(f'{overlap[frame]:.3f}')}{named}"))
            for line, dot, values in curves:
                line.set_data(x[: frame + 1], values[: frame + 1])
                dot.set_data(x[frame : frame + 1], values[frame : frame + 1])

    return page.figure, show, moving


def _pixels(canvas: Any) -> NDArray[np.uint8]:
    """Return the pixels that are drawn, shape (height, width, 3)."""
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    # Videos need even sides.
    return np.ascontiguousarray(pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2])


def _write_video(pictures: Sequence[NDArray[np.uint8]], path: Path) -> None:
    """Pipe frames into ffmpeg; the last one is repeated."""
    height, width, _ = pictures[0].shape
    source = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {1000 / _FRAME:g} -i -"
    target = ["-an", "-pix_fmt", "yuv420p", "-fflags", "+bitexact", str(path)]
    command = ["ffmpeg", "-y", "-loglevel", "error", *source.split(), *target]
    shown = [*pictures, *[pictures[-1]] * (_LAST // _FRAME)]
    data = b"".join(each.tobytes() for each in shown)
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    if done.returncode:
        raise DataError(f"{path.name}: ffmpeg failed: {done.stderr.decode(errors='replace'):.200}")
