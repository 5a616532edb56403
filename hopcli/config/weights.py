"""Settings of ``hopcli weights``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli.config import groups, notations
from hopcli.config.base import Facts, setting


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightsConfig(groups.PatternSettings, groups.StorageSettings):
    """Show couplings, their spectrum and pattern stability.

    Stores the patterns and reports, for each, whether it is a fixed point at T = 0, and its
    stability. The aligned field of a site is xi_i (h_i - theta_i), with h_i = sum_j!=i W_ij
    xi_j. A pattern is fixed if none is negative. The stability of a site is that field over
    |w_i|, the length of its couplings. The crosstalk is the difference between the mean and the
    field of the weakest site; above 1 it flips.

    The study's five digits under three rules:
      hopcli weights
      hopcli weights --rule hebbian
      hopcli weights --rule storkey
    The couplings of one pixel:
      hopcli weights --pixel 14,8

    The spectrum is that of the N x N matrix W with its zero diagonal, exact from the
    couplings between site classes.

    Tables:
      weights.csv   fixed point or not, stability and crosstalk of each pattern, as
                    printed
      spectrum.csv  eigenvalues of W with their multiplicities

    weights.npz contains the stored patterns and the data of the picture. weights.png shows
    the matrix, the couplings of one pixel and the spectrum. The manifest is weights.json.
    """

    command: ClassVar[str] = "weights"
    daily: ClassVar[tuple[str, ...]] = ("pixel",)
    tests_images: ClassVar[bool] = False

    pixel: tuple[int, int] = setting(
        notations.pair("ROW,COLUMN", ",", 0, "must be ROW,COLUMN, whole numbers >= 0"),
        None,
        "Network: ROW,COLUMN of the site whose couplings are drawn as a picture.",
        shown_default="the centre",
    )

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the pixel: the given one, otherwise the centre."""
        height, width = facts.shape
        row, column = self.pixel or (height // 2, width // 2)
        if row >= height or column >= width:
            self.refuse("pixel", f"must be a ROW,COLUMN of a {width} x {height} picture")
        return {**super().concrete(facts), "pixel": (row, column)}
