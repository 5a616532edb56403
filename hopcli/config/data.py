"""Settings of the data: the images, and their conversion to spins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hopcli import kinds
from hopcli.config import notations
from hopcli.config.base import Config, Facts, setting
from hopcli.datasets import SPLITS, Size, default_threshold
from hopcli.datasets.thresholds import THRESHOLDS


def _size() -> kinds.Kind:
    """Make a kind for width and height of a picture; `crop` decides how they are filled."""
    pair = notations.pair("WxH", "x", 1, "must be WIDTHxHEIGHT, whole numbers >= 1")

    def check(value: Any) -> Any:
        return pair.check(value[:2] if isinstance(value, Size) else value)

    return replace(pair, check=check, plain=lambda size: list(size[:2]))


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSettings(Config):
    """Settings of the images and their conversion to spins."""

    dataset: str = setting(
        kinds.word("SOURCE"),
        "mnist",
        "Data: Source of the images; `hopcli data` lists the sources.",
    )
    split: str = setting(
        kinds.choice(SPLITS),
        "train",
        "Data: Part of the data set. Patterns come from it too, unless --select-split is given.",
    )
    threshold: int | str | None = setting(
        kinds.either(kinds.integer(0, 255), kinds.choice(THRESHOLDS)),
        None,
        "Data: Pixels above this grey value become +1. otsu and mean compute the value for each "
        "picture: otsu separates bright from dark, mean is the mean.",
        shown_default="0; otsu for own pictures",
        axis="grey value of the threshold",
    )
    size: tuple[int, int] | Size | None = setting(
        _size(),
        None,
        "Data: Resize pictures to this width and height, with their proportions kept and paper "
        "added. For rows of numbers: width and height of a picture.",
        axis="size (pixels)",
    )
    crop: bool = setting(
        kinds.switch(),
        False,
        "Data: Fill the size and cut off the edges, instead of adding paper.",
    )
    invert: bool = setting(
        kinds.switch(), False, "Data: Make dark pixels +1, for dark ink on white paper."
    )
    transpose: bool = setting(
        kinds.switch(),
        False,
        "Data: Swap rows and columns of each image, for EMNIST files without emnist in their name.",
    )

    def __post_init__(self) -> None:
        """Check each value; loading the data reports a missing size."""
        super().__post_init__()
        if self.size is not None:
            plain = self.size[:2]
            object.__setattr__(self, "size", Size(*plain, crop=True) if self.crop else plain)

    @property
    def reads_data(self) -> bool:
        """True if the run needs the data set."""
        return True

    def check(self) -> None:
        """Check that there is a size to fill."""
        super().check()
        self.refuse("crop", "has no effect without size", self.crop and self.size is None)

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the threshold, whose default depends on the source."""
        values, threshold = super().concrete(facts), self.threshold
        if threshold is None and self.reads_data:
            threshold = default_threshold(self.dataset)
        return {**values, "threshold": threshold}
