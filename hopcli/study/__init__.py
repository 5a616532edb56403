"""The reproduced study [ZG]: its published numbers, and replays of its authors' runs.

Another study needs a folder of published numbers and a file of claims. Claims refer to a file
of numbers in their own folder or in this one.
"""

from __future__ import annotations

import csv
import math
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
    """Read a curve or table: its first column names the points, the second contains their values.

    Raises
    ------
    DataError
        If the file is not a table with two columns, the second of finite numbers.

    Examples
    --------
    >>> read_curve(FIGURE1)["0.1"]
    0.689
    """
    head, names, rows = _read_numbers(path)
    curve = {_point(name): row[0] for name, row in zip(names, rows, strict=True) if row}
    if len(head) != 2 or len(curve) < len(rows):
        raise DataError(f"{path}: must have two columns, and each name once in the first")
    return curve


def read_repeats(path: Path) -> dict[str, list[float]]:
    """Read a table of repeats: its first column names them, then each label has a column.

    Raises
    ------
    DataError
        If the file is not such a table of finite numbers, with two or more repeats.

    Examples
    --------
    >>> [label for label, values in read_repeats(AUTHORS_RECALL).items() if 81 in values]
    ['3']
    """
    (_, *labels), _, rows = _read_numbers(path)
    if len(rows) < 2 or not labels or len(set(labels)) < len(labels):
        raise DataError(f"{path}: must have two or more repeats, and a column for each label")
    return dict(zip(labels, map(list, zip(*rows, strict=True)), strict=True))


def _read_numbers(path: Path) -> tuple[list[str], list[str], list[list[float]]]:
    """Return the head of a CSV file, the texts of its first column, and the numbers behind them."""
    rule = "must be a CSV file: a line of names, then lines of a name and numbers"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *lines = filter(None, csv.reader(file))
        rows = [[float(text) for text in line[1:]] for line in lines]
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: {rule} ({error})") from None
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head) - 1 or not all(map(math.isfinite, row)):
            raise DataError(f"{path}: {rule}, found another row {number}")
    if not rows:
        raise DataError(f"{path}: {rule}, found no numbers")
    return head, [line[0] for line in lines], rows


def _point(text: str) -> str:
    """Return the name of a point, as the values of a column are named."""
    try:
        return f"{float(text):g}"
    except ValueError:
        return text.strip()


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
    digits = {
        label: (statistics.fmean(column), statistics.stdev(column))
        for label, column in read_repeats(AUTHORS_RECALL).items()
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
