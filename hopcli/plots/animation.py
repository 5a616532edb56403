"""A run as a moving picture, one frame a sweep."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["write_animation"]

_SIDE = 280  # pixels at least
_FRAME, _LAST = 160, 1500  # milliseconds


def write_animation(frames: NDArray[np.int8], shape: tuple[int, int], path: Path) -> None:
    """Write states as an animated GIF, +1 black, 0 grey, -1 white.

    Parameters
    ----------
    frames : ndarray of int8, shape (frames, N)
        The states, first to last; the last one stays longer.
    shape : tuple of int
        Height and width of a state as a picture.
    path : Path
        The file.
    """
    from PIL import Image

    times = math.ceil(_SIDE / max(shape))
    grey = np.array([255, 160, 0], dtype=np.uint8)[frames + 1].reshape(-1, *shape)
    pictures = [
        Image.fromarray(frame.repeat(times, axis=0).repeat(times, axis=1)) for frame in grey
    ]
    durations = [_FRAME] * (len(pictures) - 1) + [_LAST]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=False
    )
