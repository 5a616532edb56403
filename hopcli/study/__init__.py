"""The study [ZG] that is reproduced: its published numbers, replays of its authors' runs.

Another study is a folder of published numbers and a file of claims. Claims name a file of
numbers beside them, or one of this folder.
"""

from __future__ import annotations

import csv
from pathlib import Path

from hopcli.errors import DataError

__all__ = ["AUTHORS_RECALL", "FIGURE1", "find_numbers", "read_curve"]

_HERE = Path(__file__).parent

AUTHORS_RECALL = _HERE / "authors_recall.csv"
"""The authors' raw table of recall: percent of 100 test images, a row a repeat."""

FIGURE1 = _HERE / "figure1_digitised.csv"
"""Their figure 1, mean |m| against temperature (k_B = 1), read off to +-0.005."""


def find_numbers(name: str, folder: Path) -> Path:
    """Find a file of published numbers, in a folder or among those that come with hopcli.

    Raises
    ------
    DataError
        If there is no such file.
    """
    for path in (folder / name, _HERE / name):
        if path.is_file():
            return path
    known = ", ".join(sorted(path.name for path in _HERE.glob("*.csv")))
    raise DataError(f"no such file in {folder}, nor a file of the study ({known})")


def read_curve(path: Path) -> dict[str, float]:
    """Read a curve: its first column names the points, the second has their values.

    Raises
    ------
    DataError
        If the file is no table of two columns of numbers.

    Examples
    --------
    >>> read_curve(FIGURE1)["0.1"]
    0.689
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
            return {f"{float(point):g}": float(value) for point, value in rows}
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: must be a CSV file of two columns of numbers ({error})") from None
