"""The reproduced study [ZG]: its published numbers, and replays of its authors' runs.

Another study needs a folder of published numbers and a file of claims. Claims refer to a file
of numbers in their own folder or in this one.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from hopcli.errors import DataError

_HERE = Path(__file__).parent

AUTHORS_RECALL = _HERE / "authors_recall.csv"
"""The authors' raw table of recall: percent of 100 test images, one row per repeat."""

FIGURE1 = _HERE / "figure1_digitised.csv"
"""Their figure 1, mean |m| against temperature (k_B = 1), read off to +-0.005."""


def find_numbers(name: str, folder: Path) -> Path:
    """Find a file of published numbers, in a folder or among those included in hopcli.

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
    """Read a curve: its first column names the points, the second contains their values.

    Raises
    ------
    DataError
        If the file is not a table with two columns of numbers.

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


_PROTOCOL = {
    "dataset": "mnist",
    "split": "train",
    "threshold": 0,
    "size": None,
    "invert": False,
    "transpose": False,
    "digits": ["3", "6", "1", "0", "4"],
    "patterns": None,
    "source_indices": None,
    "samples": 20,
    "selection_seed": 9,
    "rule": "pseudo-inverse",
    "theta": 0.0,
    "dynamics": "metropolis",
    "attempts_per_sweep": 392,
    "temperature": 0.2,
    "start": "image",
    "quench": False,
    "criterion": 0.99,
    "score": "abs",
}
"""Settings behind the printed table of recall."""


def published_recall(settings: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the published percentages of recall with their SD, for a run of the study's protocol.

    Parameters
    ----------
    settings : mapping of str to object
        Resolved settings of a recall.

    Returns
    -------
    dict of str to tuple of float
        Mean and SD by label: over the repeats for a digit, over the digits for `overall`. Empty
        for another protocol; sweeps, tests and repeats may differ from the study's.
    """
    if any(settings.get(name) != value for name, value in _PROTOCOL.items()):
        return {}
    with AUTHORS_RECALL.open(encoding="utf-8", newline="") as file:
        (_, *labels), *rows = csv.reader(file)
    columns = [[float(value) for value in column] for column in zip(*rows, strict=True)][1:]
    digits = {
        label: (statistics.fmean(column), statistics.stdev(column))
        for label, column in zip(labels, columns, strict=True)
    }
    means = [mean for mean, _ in digits.values()]
    return {**digits, "overall": (statistics.fmean(means), statistics.pstdev(means))}


def published_curve(settings: Mapping[str, Any], labels: Collection[str]) -> dict[str, float]:
    """Return the published curve of figure 1, for a scan of a stored "4" and "0".

    Parameters
    ----------
    settings : mapping of str to object
        Resolved settings of a temperature scan.
    labels : collection of str
        Labels of the stored patterns.

    Returns
    -------
    dict of str to float
        Mean |m| by temperature; empty for another target, other patterns or another start.
    """
    shown = {"dataset": "mnist", "split": "train", "target": "4", "start": "random"}
    if set(labels) != {"0", "4"} or any(str(settings.get(k)) != v for k, v in shown.items()):
        return {}
    return read_curve(FIGURE1)
