"""Animation of runs: trial after trial, one frame per sweep, beside the stored pattern."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from hopcli.plots.captions import minus, quoted
from hopcli.plots.page import shorten
from hopcli.printing import picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

    from hopcli.experiments.frames import Frames

_SIDE = 280  # pixels of a picture, at least
_GAP, _MARGIN, _LINE = 40, 16, 24
_NARROWEST = 520  # pixels, for the words
_SIZE = 15  # of the font, pixels
_FRAME, _LAST = 160, 1000  # milliseconds
_GREY = np.array([255, 160, 0], dtype=np.uint8)
_OPTIONS: dict[str, dict[str, Any]] = {
    ".gif": {"optimize": False},
    ".png": {"format": "PNG"},
    ".webp": {"lossless": True, "quality": 100, "method": 3},
}


def write_animation(frames: Frames, shape: tuple[int, int], path: Path) -> None:
    """Write trials one after the other as an animation, +1 black, 0 grey, -1 white.

    The stored pattern is at the left, the state at the right, with names above. Below are the
    sweep, the overlap of the two and the energy per spin. A trial ends when it has settled; its
    last state stays for one second.

    Parameters
    ----------
    frames : Frames
        The states.
    shape : tuple of int
        Height and width of a state as a picture.
    path : Path
        The file; its suffix is the format, .gif, .png (APNG) or .webp. A number before the
        suffix is the number of trials per label.
    """
    pictures, durations = [], []
    for trial in frames.shown_in(path.name):
        shown = list(_frames_of(frames, int(trial), shape))
        pictures += shown
        durations += [_FRAME] * (len(shown) - 1) + [_LAST]
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        **_OPTIONS[path.suffix],
    )


def _frames_of(frames: Frames, trial: int, shape: tuple[int, int]) -> Iterator[Image]:
    """Draw one trial up to the first frame of its last state."""
    pattern = frames.nearest(trial)
    overlap = frames.overlap(trial, pattern)
    states = frames.states[trial]
    changed = np.flatnonzero(np.any(states[1:] != states[:-1], axis=1))
    n_sites = states.shape[1]
    stored = f"stored: {quoted(frames.patterns.names[pattern])}"
    name = f"trial {frames.place[trial]} of {quoted(frames.label[trial])}"
    for k in range(int(changed[-1]) + 2 if len(changed) else 1):
        sweep = int(frames.sweep[k])
        words = (
            "after the quench" if sweep < 0 else f"sweep {sweep}",
            f"m = {_decimals(overlap[k])}",
            f"H / N = {_decimals(frames.energy[trial, k] / n_sites)}",
        )
        yield _draw(frames.patterns.xi[pattern], states[k], shape, (stored, name), words)


def _decimals(value: float) -> str:
    """Return a number with a fixed width, so that words stay in place."""
    return minus(f"{value:.3f}")


def _draw(
    stored: NDArray[np.int8],
    state: NDArray[np.int8],
    shape: tuple[int, int],
    heads: tuple[str, str],
    words: tuple[str, str, str],
) -> Image:
    """One frame."""
    from PIL import Image, ImageDraw

    times = math.ceil(_SIDE / max(shape))
    height, width = shape[0] * times, shape[1] * times
    column = max(width, (_NARROWEST - _GAP) // 2)
    whole = (2 * column + _GAP + 2 * _MARGIN, height + 2 * _LINE + 2 * _MARGIN)
    frame = Image.new("L", whole, 255)
    draw = ImageDraw.Draw(frame)
    font = _font()
    for k, (spins, head) in enumerate(zip((stored, state), heads, strict=True)):
        left, top = _MARGIN + k * (column + _GAP), _MARGIN + _LINE
        draw.text((left, _MARGIN), shorten(picture(head), column / 72, _SIZE), fill=64, font=font)
        draw.rectangle((left - 1, top - 1, left + width, top + height), outline=190)
        grey = _GREY[spins.reshape(shape) + 1].repeat(times, axis=0).repeat(times, axis=1)
        frame.paste(Image.fromarray(grey), (left, top))
    y = _MARGIN + _LINE + height + 6
    for k, word in enumerate(words):
        # Fixed places, so that nothing jumps from frame to frame.
        x = _MARGIN + k * (whole[0] - 2 * _MARGIN) // 3
        draw.text((x, y), word, fill=0, font=font)
    return frame


@functools.cache
def _font() -> FreeTypeFont:
    """Load the font of the figures, which comes with matplotlib."""
    from PIL import ImageFont

    return ImageFont.truetype(f"{mpl.get_data_path()}/fonts/ttf/DejaVuSans.ttf", _SIZE)
