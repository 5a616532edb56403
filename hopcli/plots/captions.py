"""Texts of captions: what is drawn, with formatted numbers. The manifest has the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from hopcli.config import DataSettings
    from hopcli.experiments import Result
    from hopcli.experiments.recall import RecallResult
    from hopcli.tables import Columns

MOST_LABELS = 50
"""Largest number of labels in a figure; the tables contain all."""


def count(n: int, noun: str) -> str:
    """Return a number of things: ``"1 repeat"``, ``"10 repeats"``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: float, digits: int = 4) -> str:
    """Return a number with this many significant digits."""
    return minus(f"{value:.{digits}g}")


def minus(text: str) -> str:
    """Replace hyphens in a number by minus signs."""
    return text.replace("-", "\N{MINUS SIGN}")


def quoted(label: str) -> str:
    """Quote a label that is a number: "trial 1 of 3" would mean one of three trials."""
    return f"“{label}”" if label.isdecimal() else label


def images(config: DataSettings, result: Result) -> str:
    """Name the images of a run by their split, if the data set has splits."""
    has_splits = result.dataset == f"{config.dataset}:{config.split}"
    kind = {"train": "training ", "test": "test "}.get(config.split, "")
    return f"{kind if has_splits else ''}images"


def starts(config: Any, result: Any) -> str:
    """Name the starting states, in the plural."""
    return images(config, result) if str(config.start) == "image" else "starts"


def bars(table: Columns, *names: str) -> str:
    """Return a sentence on the bars of some estimates, as their table declares them; else ""."""
    meanings = []
    for name in names:
        low, sem = (table.declared.end(name, end) for end in ("low", "sem"))
        if low in table:
            meanings.append((low, table.declared.column(name).interval))
        elif sem in table:
            meanings.append((sem, "SEM"))
    known = dict.fromkeys(text for column, text in meanings if not np.isnan(table[column]).all())
    return f"Bars: {', '.join(known)}." if known else ""


def sentences(*parts: str) -> str:
    """Join the parts of a caption that are not empty."""
    return " ".join(part.strip() for part in parts if part)


def criterion(config: Any) -> str:
    """Return the condition under which a trial counts as recalled."""
    return f"{'|m|' if config.score == 'abs' else 'm'} ≥ {number(config.criterion)}"


def cut_labels(n_labels: int) -> str:
    """Return a sentence if not all labels are drawn, otherwise ""."""
    if n_labels <= MOST_LABELS:
        return ""
    return f"Only the first {MOST_LABELS} of {n_labels:,} labels are drawn."


def own_pattern(result: RecallResult) -> str:
    """Name the pattern that a trial must reach to count as recalled."""
    stored = set(result.patterns.labels)
    labels = set(result.columns["confusion"]["label"].tolist())
    if labels <= stored:
        return "their own pattern"
    return (
        "a stored pattern"
        if labels.isdisjoint(stored)
        else "their own pattern (without one, any stored pattern)"
    )
