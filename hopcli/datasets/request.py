"""A request for images: which source, which part, and how its pictures become spins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SPLITS = ("train", "test", "all")
"""Parts of a data set."""


class Size(NamedTuple):
    """Target size of pictures in pixels; they keep their proportions.

    Attributes
    ----------
    width, height : int
        Each >= 1.
    crop : bool
        Fill the size and cut off the edges, instead of adding paper.
    """

    width: int
    height: int
    crop: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Checked request to a source.

    Parameters
    ----------
    argument : str
        Text after the colon of the dataset, empty if the source has no argument.
    split : {"train", "test", "all"}
        Part of the images.
    threshold : int or str
        0..255, and a source may return any grey values on the right side of it; or the method
        that finds the level of each image.
    size : Size or None
        Target size of pictures.
    invert : bool
        True if paper is brighter than ink.
    transpose : bool
        Swap rows and columns of each image.
    """

    argument: str
    split: str
    threshold: int | str
    size: Size | None
    invert: bool = False
    transpose: bool = False

    @property
    def path(self) -> Path:
        """The argument as a path, ``~`` expanded."""
        try:
            return Path(self.argument).expanduser()
        except RuntimeError:  # an unknown user: then ~ is part of the name
            return Path(self.argument)
