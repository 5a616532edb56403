"""Readers of the files that a configuration names: the data set and the thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hopcli.datasets import Dataset, load_dataset
from hopcli.datasets.files import check_file, reading
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError

if TYPE_CHECKING:
    from hopcli.config import DataSettings
    from hopcli.records import Floats

GIVEN = "python:"
"""Prefix of the name for a file of patterns that were given in Python."""

_LONGEST_NUMBER = 64  # bytes of a threshold in a file, with its separator


def load_data(config: DataSettings, split: str | None = None) -> Dataset:
    """Load the data set that a configuration names, or another split of it."""
    return load_dataset(
        config.dataset,
        split=split or config.split,
        threshold=config.threshold,
        size=config.size,
        invert=config.invert,
        transpose=config.transpose,
    )


def read_thresholds(theta: float | str, n_sites: int) -> float | Floats:
    """Read the thresholds: one for all sites, or a file with one per site.

    Parameters
    ----------
    theta : float or str
        The number, or the path of a text file of numbers, or of a .npz archive that
        contains them as ``theta``.
    n_sites : int
        Number of spins N.

    Raises
    ------
    DataError
        If the file cannot be read or does not contain one finite number per site.
    """
    if isinstance(theta, float):
        return theta
    rule = f"must contain {n_sites} numbers from -1e6 to 1e6, one per site"
    path = Path(theta)
    values = _archived(path) if path.suffix == ".npz" else _written(path, n_sites)
    if values.size != n_sites:
        raise DataError(f"{theta}: {rule}, found {values.size}")
    wrong = np.flatnonzero(~(np.abs(values) <= 1e6))
    if wrong.size:
        raise DataError(f"{theta}: {rule}, found {values[wrong[0]]} at site {wrong[0]}")
    return values


def _archived(path: Path) -> Floats:
    """Read the thresholds in a NumPy archive."""
    with Archive(path) as archive:
        values = archive.read("theta")
    if values.dtype.kind not in "iuf":
        raise DataError(f"{path}: theta must be numbers, found dtype {values.dtype}")
    return values.astype(np.float64).ravel()


def _written(path: Path, n_sites: int) -> Floats:
    """Read the thresholds in a text file."""
    check_file(path)
    with reading(path):
        n_bytes = path.stat().st_size
        if n_bytes > _LONGEST_NUMBER * n_sites:
            raise DataError(f"{path}: has too many bytes for {n_sites} numbers, {n_bytes:,}")
        return np.array(path.read_text(encoding="utf-8").split(), dtype=np.float64)
