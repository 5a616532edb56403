"""Weights: the couplings themselves, their spectrum, and how firmly each pattern sits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli.errors import SettingError
from hopcli.experiments import Progress, Result, no_progress
from hopcli.experiments.inputs import load_data, store_patterns, stored_patterns
from hopcli.observables import TIE, local_fields
from hopcli.outcomes import fixed_points
from hopcli.theory import spectrum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import WeightsConfig
    from hopcli.patterns import Patterns
    from hopcli.storage import Couplings

__all__ = ["WeightsResult", "run"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WeightsResult(Result):
    """The tables, with what the pictures need besides.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    couplings : Couplings
        The network.
    pixel : tuple of int
        Row and column of the site whose couplings are drawn.
    """

    patterns: Patterns
    couplings: Couplings
    pixel: tuple[int, int]


def run(config: WeightsConfig, progress: Progress = no_progress) -> WeightsResult:
    """Store the patterns and look at the couplings.

    Parameters
    ----------
    config : WeightsConfig
        What to do.
    progress : callable
        Not told anything: nothing here takes long.

    Returns
    -------
    WeightsResult
        Tables ``weights``, one row a stored pattern, and ``spectrum``.
    """
    del progress
    dataset = load_data(config)
    patterns = stored_patterns(config, dataset)
    couplings = store_patterns(config, patterns)
    values, multiplicities = spectrum(couplings)
    height, width = patterns.shape
    row, column = config.pixel or (height // 2, width // 2)
    if row >= height or column >= width:
        raise SettingError(
            "pixel", f"must be a ROW,COLUMN of a {width} x {height} picture", f"{row},{column}"
        )
    return WeightsResult(
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        tables={
            "weights": _stability_table(patterns, couplings),
            "spectrum": pd.DataFrame({"eigenvalue": values, "multiplicity": multiplicities}),
        },
        patterns=patterns,
        couplings=couplings,
        pixel=(row, column),
    )


def _stability_table(patterns: Patterns, couplings: Couplings) -> pd.DataFrame:
    """How each stored pattern sits: fixed or not, its weakest site, its crosstalk.

    The aligned field of a site is xi_i (h_i - theta_i); the pattern is a fixed point if
    none is negative. Stability is the aligned field over the length of the site's
    couplings. Crosstalk is what the other patterns add: 1 - aligned / mean(aligned), at
    its largest; above 1 the site would flip.
    """
    xi = couplings.xi
    aligned = xi * (local_fields(xi, couplings) - couplings.theta[couplings.site_class])
    squares = (couplings.J**2) @ couplings.class_sizes - np.diag(couplings.J) ** 2
    length = np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))[couplings.site_class]
    mean = aligned.mean(axis=1)
    return pd.DataFrame(
        {
            "label": patterns.labels,
            "source_index": patterns.source_index,
            "fixed_point": fixed_points(xi, couplings),
            "unstable_sites": (aligned < -TIE).sum(axis=1),
            "min_field": aligned.min(axis=1),
            "mean_field": mean,
            "min_stability": (aligned / length).min(axis=1),
            "max_crosstalk": 1 - _ratio(aligned.min(axis=1), mean),
        }
    )


def _ratio(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide, NaN where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=np.abs(bottom) > 1e-12)
