"""Values as text: reading numbers from flags and files, and spelling values as on a flag.

Flags, files, tables, manifests, captions and messages spell values with these functions, so
that a value reads the same everywhere. Kinds of settings are in :mod:`hopcli.kinds`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

_MOST_POINTS = 10_000  # values of a range


class RefusedError(ValueError):
    """A value breaks a rule; the message is the rule."""


def nearest(key: str, known: Iterable[str]) -> str:
    """Return a hint at the known key that begins with `key`, else the most similar, or nothing."""
    import difflib

    names = list(known)
    close = sorted((name for name in names if key and name.startswith(key)), key=len)
    close = close or difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return f"; the nearest is {close[0]!r}" if close else ""


def flag_name(setting: str) -> str:
    """Return the flag of a setting: ``attempts_per_sweep`` is ``--attempts-per-sweep``."""
    return "--" + setting.replace("_", "-")


def whole(text: str) -> int:
    """Read a whole number in plain digits; raise ValueError for other texts."""
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,1000}\s*", text):
        raise ValueError(text)
    return int(text)


def real(text: str) -> float:
    """Read a number in plain digits, as in a file; raise ValueError for other texts."""
    if not text.isascii() or "_" in text:
        raise ValueError(text)
    return float(text)


def spread(text: str, most: int = _MOST_POINTS) -> list[Any]:
    """Expand FIRST:LAST:STEP in decimals: 0.3 stays 0.3, not 0.30000000000000004.

    Returns
    -------
    list of int or float
        Whole numbers if all three are whole.

    Raises
    ------
    ValueError or ArithmeticError
        If the text is not a range; RefusedError if it has more than `most` numbers.
    """
    from decimal import Decimal

    parts = text.split(":")
    for part in parts:
        real(part)  # plain digits; Decimal accepts other forms too
    first, last, step = map(Decimal, parts)
    n_steps = (last - first) / step
    if n_steps < 0:
        raise ValueError(text)
    if n_steps >= most:
        raise RefusedError(f"must be at most {most:,} numbers")
    numbers = [first + i * step for i in range(int(n_steps) + 1)]
    try:
        whole_ones = [whole(part) for part in parts]
    except ValueError:
        return [float(number) for number in numbers]
    return list(range(whole_ones[0], whole_ones[0] + len(numbers) * whole_ones[2], whole_ones[2]))


def bare(value: Any) -> Any:
    """Convert NumPy and pandas values, paths, tuples and ranges to JSON and TOML values."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple | range):
        return [bare(item) for item in value]
    return value


def finite(value: Any) -> Any:
    """Return a value in JSON form; None for a number that is not finite."""
    plain = bare(value)
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def show(value: Any, between: str = ",", *, gap: str = "", unset: str = "-") -> str:
    """Spell a value as on a flag, numbers with all their digits.

    Parameters
    ----------
    value : object
        The value, from Python or JSON.
    between : str
        Text between the items of a list; semicolons replace commas if items contain commas.
    gap : str
        Text after each comma or semicolon.
    unset : str
        Text for an open setting.

    Examples
    --------
    >>> show(["3", "6", "1"]), show([["3", "6"], ["1"]]), show((28, 28), "x"), show(1e-7)
    ('3,6,1', '3,6;1', '28x28', '1e-07')
    """
    if value is None:
        return unset
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        text = f"{value:g}"
        return text if float(text) == value else repr(value)
    if not isinstance(value, list | tuple):
        return str(value)
    texts = [show(item, gap=gap, unset=unset) for item in value]
    if between != ",":
        return between.join(texts)
    return _joined(texts, gap, nested=any(isinstance(item, list | tuple) for item in value))


def show_several(
    values: Any, betweens: Sequence[str] = (",",), *, gap: str = "", unset: str = "-"
) -> str:
    """Spell the values of a grid's setting, or rows of several settings that vary together.

    Parameters
    ----------
    values : object
        A list of values, or of rows with one value per setting.
    betweens : sequence of str
        For each setting, the text between the items of a list.
    gap, unset : str
        See :func:`show`.

    Examples
    --------
    >>> show_several([[["3", "6"], 1], [["3"], 61]], (",", ","))
    '[3,6;1];3,61'
    """
    if not isinstance(values, list):
        return show(values, gap=gap, unset=unset)
    if len(betweens) == 1:
        texts = [show(value, *betweens, gap=gap, unset=unset) for value in values]
        nested = betweens[0] == "," and any(isinstance(value, list) for value in values)
        return _joined(texts, gap, nested=nested)
    rows = []
    for row in values:
        of_row = row if isinstance(row, list) else [row]
        cells = [show(v, b, gap=gap, unset=unset) for v, b in zip(of_row, betweens, strict=False)]
        rows.append(_joined(cells, gap) if isinstance(row, list) else cells[0])
    return _joined(rows, gap, nested=True)


def _joined(texts: list[str], gap: str, *, nested: bool = False) -> str:
    """Join texts with commas, or with semicolons if they contain commas."""
    if not nested and not any("," in text for text in texts):
        return f",{gap}".join(texts)
    alone = len(texts) == 1
    return f";{gap}".join(f"[{text}]" if alone or ";" in text else text for text in texts)


def as_column(value: Any, between: str = ",") -> Any:
    """Return a setting for a column: numbers and booleans unchanged, all others as text.

    Examples
    --------
    >>> as_column(0.5), as_column([3, 6]), as_column("0:9:1"), as_column(True)
    (0.5, '3,6', '0:9:1', True)
    """
    return value if isinstance(value, bool | int | float) else show(value, between)
