"""What the figures of a recall share: one row a label, its name and stored pattern at the left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.plots.captions import (
    MOST_LABELS,
    count,
    cut_labels,
    dynamics,
    images,
    network,
    number,
    temperature,
)
from hopcli.plots.look import TEXT
from hopcli.plots.page import Page, shorten, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from hopcli.config import RecallConfig, VarianceConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.patterns import Patterns

__all__ = [
    "criterion",
    "draw_row_heads",
    "own_pattern",
    "patterns_of",
    "row_heads_width",
    "row_labels",
    "starts",
    "what_was_run",
    "widest",
]

_LONGEST_NAME = 2.2  # inches
_NAME_GAP = 0.12


def row_labels(result: RecallResult) -> list[str]:
    """The labels of the trials to draw, in the order of the tables."""
    return result.tables["confusion"]["label"].to_list()[:MOST_LABELS]


def patterns_of(patterns: Patterns, label: str) -> NDArray[np.int8]:
    """The stored patterns of a label, shape (any, N)."""
    return patterns.xi[[name == label for name in patterns.labels]]


def widest(labels: Sequence[str], most: float, points: float = TEXT) -> float:
    """Width of the widest of bold names in inches, at most so much."""
    return min(most, max(text_width(label, points, bold=True) for label in labels))


def row_heads_width(labels: Sequence[str], picture: float) -> float:
    """Width in inches that :func:`draw_row_heads` takes."""
    return widest(labels, _LONGEST_NAME) + _NAME_GAP + picture


def draw_row_heads(
    page: Page,
    patterns: Patterns,
    labels: Sequence[str],
    middles: Sequence[float],
    picture: float,
) -> None:
    """Draw name and stored pattern at the left of each row.

    Parameters
    ----------
    page : Page
        Where to draw.
    patterns : Patterns
        The stored patterns.
    labels : sequence of str
        Label of each row; one without a stored pattern gets no picture.
    middles : sequence of float
        Middle of each row, in inches from the top of the body.
    picture : float
        Size of a picture in inches.
    """
    width = widest(labels, _LONGEST_NAME)
    for label, middle in zip(labels, middles, strict=True):
        name = shorten(label, width, TEXT, bold=True)
        page.text(width, middle, name, size=TEXT, weight="bold", ha="right", va="center")
        own = patterns_of(patterns, label)
        page.patterns(width + _NAME_GAP, middle - picture / 2, picture, own, patterns.shape)


def own_pattern(result: RecallResult) -> str:
    """What a trial must reach to count as recalled."""
    stored = set(result.patterns.labels)
    labels = set(result.tables["confusion"]["label"])
    if labels <= stored:
        return "their own pattern"
    return (
        "a stored pattern" if labels.isdisjoint(stored) else "their own pattern, if any, else one"
    )


def starts(config: RecallConfig, result: RecallResult) -> str:
    """What runs start from, in the plural."""
    return images(config, result) if str(config.start) == "image" else "starts"


def criterion(config: RecallConfig | VarianceConfig) -> str:
    """When a trial counts as recalled."""
    size = "|m|" if config.score == "abs" else "m"
    return f"{size} ≥ {number(config.criterion)}"


def what_was_run(config: RecallConfig, result: RecallResult) -> str:
    """The run in two sentences: network and dynamics, then the tests."""
    start = "" if str(config.start) == "image" else f", started from {_start(config, result)}"
    n_labels = len(result.tables["confusion"])
    quench = ", then sign updates until stable" if config.quench else ""
    auto = result.notes.get("criterion") == "auto"
    rests = " Criterion: at most 4 SD below where stored patterns rest." if auto else ""
    return (
        f"{network(config, result.patterns)}; {temperature(config)}, "
        f"{dynamics(config, result.patterns)}{quench}{start}. {_tests(config, result)}.{rests}"
        f"{cut_labels(n_labels)}"
    )


def _start(config: RecallConfig, result: RecallResult) -> str:
    """The start as it was asked for, images called by their split."""
    base, *changes = str(config.start).split(",")
    named = images(config, result) if config.start.uses_images else base
    return ", ".join((named, *changes))


def _tests(config: RecallConfig, result: RecallResult) -> str:
    repeats = count(config.repeats, "repeat")
    if config.tests == "all":
        return f"All {images(config, result)} of each label, {repeats}"
    of_authors = "of the authors' " if config.replay_authors else ""
    kind = f"{of_authors}{starts(config, result)[:-1]}"
    tests = f"{count(int(config.tests), kind)} a label, {repeats}"
    if config.repeats == 1 or str(config.start) != "image":
        return tests
    same = config.test_images == "same"
    return f"{tests} with {'the same images' if same else 'fresh images in each'}"
