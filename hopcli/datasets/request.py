"""What a source of images is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["Request", "Size"]


class Size(NamedTuple):
    """What pictures are resized to, in pixels; they keep their proportions.

    Attributes
    ----------
    width, height : int
        Each >= 1.
    crop : bool
        Fill it and cut off what is too much, instead of adding paper.
    """

    width: int
    height: int
    crop: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What a source is asked for, already checked.

    Parameters
    ----------
    argument : str
        What follows the colon of the dataset, empty if the source takes nothing.
    split : {"train", "test", "all"}
        Which images.
    threshold : int or str
        0..255, and a source may hand over any grey values on the right side of it; or how
        the level of each image is found.
    size : Size or None
        What to resize pictures to.
    invert : bool
        Whether paper is what is brighter.
    transpose : bool
        Whether rows and columns of each image are to be swapped.
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
        except RuntimeError:  # a user that does not exist: then it is a name like any other
            return Path(self.argument)
