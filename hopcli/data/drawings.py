"""Three line drawings of our own: a sailing boat, a house and a fish.

Run as ``python -m hopcli.data.drawings [OUT_DIR]``; writes one PNG per drawing. A drawing
is a list of curves, and a curve a list of points (x to the right, y down, in pixels). A
pixel is ink if it lies within half a line's width of a curve.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from hopcli.data import DRAWINGS
from hopcli.records import Bools, Floats

Point = tuple[float, float]
Curve = list[Point]

SIDE = 128
_LINE_WIDTH = 3.0


def _arc(centre: Point, radii: Point, start: float = 0.0, end: float = 360.0) -> Curve:
    """Approximate part of an ellipse by a chain; degrees run from the right, downwards."""
    angles = np.radians(np.linspace(start, end, 49))
    x = centre[0] + radii[0] * np.cos(angles)
    y = centre[1] + radii[1] * np.sin(angles)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _waves(left: float, right: float, y: float, n_waves: int, height: float) -> Curve:
    """Approximate a sine by a chain."""
    t = np.linspace(0, 1, 12 * n_waves + 1)
    heights = y + height * np.sin(2 * np.pi * n_waves * t)
    return list(zip((left + (right - left) * t).tolist(), heights.tolist(), strict=True))


def boat() -> list[Curve]:
    """List the curves of a sailing boat: hull, mast, two sails, a flag and waves."""
    return [
        [(16, 84), (112, 84), (94, 104), (34, 104), (16, 84)],
        [(62, 84), (62, 3)],
        [(69, 14), (69, 76), (108, 76), (69, 14)],
        [(55, 24), (55, 76), (22, 76), (55, 24)],
        [(62, 3), (44, 8), (62, 14)],
        _waves(4, 124, 111, 5, 3),
        _waves(4, 124, 121, 5, 3),
    ]


def house() -> list[Curve]:
    """List the curves of a house: walls, roof, chimney, door, windows and the ground."""
    return [
        [(22, 120), (22, 62), (106, 62), (106, 120), (22, 120)],
        [(12, 66), (64, 22), (116, 66)],
        [(86, 38), (86, 20), (98, 20), (98, 48)],
        [(54, 120), (54, 86), (74, 86), (74, 120)],
        _arc((69, 104), (0.5, 0.5)),
        [(31, 76), (46, 76), (46, 94), (31, 94), (31, 76)],
        [(38.5, 76), (38.5, 94)],
        [(31, 85), (46, 85)],
        [(82, 76), (97, 76), (97, 94), (82, 94), (82, 76)],
        [(89.5, 76), (89.5, 94)],
        [(82, 85), (97, 85)],
        _arc((64, 48), (7, 7)),
        [(4, 120), (124, 120)],
    ]


def fish() -> list[Curve]:
    """List the curves of a fish: body, tail, eye, gill, fins, scales and bubbles."""
    body = [_arc((64, 110), (62, 76), 218, 317), _arc((64, 18), (62, 76), 43, 142)]
    centres = ((52, 55), (52, 73), (66, 64), (80, 57), (80, 71))
    scales = [_arc(centre, (7, 8), -80, 80) for centre in centres]
    return [
        *body,
        [(107, 60), (122, 38), (117, 64), (122, 90), (107, 68)],
        _arc((27, 58), (3, 3)),
        _arc((20, 64), (22, 24), -48, 48),
        [(48, 36), (66, 18), (84, 24), (80, 36)],
        [(54, 93), (66, 108), (76, 92)],
        *scales,
        _arc((10, 40), (4, 4)),
        _arc((16, 24), (5, 5)),
        _arc((8, 10), (3, 3)),
    ]


PICTURES: dict[str, Callable[[], list[Curve]]] = {"boat": boat, "fish": fish, "house": house}


def _distance(points: Floats, a: Sequence[float], b: Sequence[float]) -> Floats:
    """Return the distance of points, shape (..., 2), from the segment ab, in pixels."""
    start, along = np.asarray(a, np.float64), np.subtract(b, a)
    length2 = max(float(along @ along), 1e-12)
    t = np.clip((points - start) @ along / length2, 0.0, 1.0)
    offset = points - start - t[..., None] * along
    return np.hypot(offset[..., 0], offset[..., 1])


def draw(name: str) -> Bools:
    """Draw one picture.

    Parameters
    ----------
    name : str
        A key of :data:`PICTURES`.

    Returns
    -------
    ndarray of bool, shape (128, 128)
        True where there is ink.
    """
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    pixels = np.stack([x, y], axis=-1)
    ink = np.zeros((SIDE, SIDE), np.bool_)
    for curve in PICTURES[name]():
        for a, b in pairwise(curve):
            ink |= _distance(pixels, a, b) <= _LINE_WIDTH / 2
    return ink


def write(directory: Path) -> list[Path]:
    """Write every picture as a PNG of one bit per pixel, ink white, and list the files."""
    from PIL import Image

    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{name}.png" for name in PICTURES]
    for path in paths:
        Image.fromarray(draw(path.stem)).save(path, optimize=True)
    return paths


if __name__ == "__main__":
    for path in write(Path(sys.argv[1]) if len(sys.argv) > 1 else DRAWINGS):
        sys.stdout.write(f"{path}\n")
