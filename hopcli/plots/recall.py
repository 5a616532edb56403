"""The figures of ``hopcli recall``: gallery, outcomes, percentage recalled [ZG figure 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.plots import kit
from hopcli.plots.page import (
    FAINT,
    INK,
    LINE,
    MUTED,
    NARROWEST,
    SOFT,
    TEXT,
    Page,
    form,
    pages,
    room,
    shorten,
    styled,
    text_width,
)
from hopcli.plots.select import stored_patterns
from hopcli.plots.trace import trace_figure
from hopcli.records import Floats, Ints, np
from hopcli.study import published_recall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import Gallery, RecallResult
    from hopcli.patterns import Patterns
    from hopcli.plots.figure import Picture


_HEIGHT, _GAP = 0.52, 0.16  # inches
_TOP = 2 * LINE + kit.PICTURE + 0.1


class _Group(NamedTuple):
    """Neighbouring columns: heading, names, percent (labels, columns).

    The sign is +1 for patterns, -1 for inverses, 0 for outcomes without a picture.
    """

    heading: str
    sign: int
    names: list[str]
    percent: Floats


def confusion_figure(config: RecallConfig, result: RecallResult) -> Picture:
    """Draw a heat map of the outcomes, with percentages of the trials of each label.

    Inverses in which no trial ended are omitted, and the caption says so.
    """
    labels = result.columns["confusion"]["label"].tolist()[: kit.MOST_LABELS]
    groups = [group for group in _groups(result) if group.names]
    names = [name for group in groups for name in group.names]
    left = kit.heads_width(labels) + _GAP
    free = ((room() or NARROWEST) - left - (len(groups) - 1) * _GAP) / len(names)
    widest = min(1.0, max(text_width(name, bold=True) for name in names))
    width = max(0.62, widest + 0.12, min(free, 0.85))
    if room() is not None:
        width = max(free, 0.44)
    page = Page(
        left + len(names) * width + (len(groups) - 1) * _GAP,
        _TOP + len(labels) * _HEIGHT,
        f"Where {kit.starts(config, result)} end (% of each row)",
        _confusion_caption(config, result),
    )
    middles = [_TOP + (row + 0.5) * _HEIGHT for row in range(len(labels))]
    kit.draw_row_heads(page, result.patterns, labels, middles)
    for group in groups:
        _draw_heads(page, result.patterns, group, left, width)
        _draw_cells(page, group.percent, left, width)
        left += len(group.names) * width + _GAP
    return page.figure


def _counts(result: RecallResult) -> tuple[list[str], Ints]:
    """Return the patterns; trials of each label in each, in its inverse, in none.

    Columns are found by place, since a label may be called "none" or "inverse 3". Those
    after "none" are its parts.
    """
    names = list(dict.fromkeys(result.patterns.labels))
    arrays = result.columns["confusion"].arrays[1 : 2 * len(names) + 2]
    return names, np.stack(arrays, axis=1).astype(np.int64)


def _groups(result: RecallResult) -> list[_Group]:
    names, counts = _counts(result)
    percent = (100 * counts / counts.sum(axis=1, keepdims=True))[: kit.MOST_LABELS]
    p = len(names)
    drawn = list(range(min(p, kit.MOST_LABELS)))
    reached = [k for k in drawn if counts[:, p + k].any()]
    return [
        _Group("pattern", 1, [names[k] for k in drawn], percent[:, drawn]),
        _Group("inverse", -1, [names[k] for k in reached], percent[:, [p + k for k in reached]]),
        _Group("", 0, ["none"], percent[:, 2 * p :]),
    ]


def _draw_heads(page: Page, patterns: Patterns, group: _Group, x: float, width: float) -> None:
    """Draw the heading of a group, and names and pictures of its columns."""
    across = len(group.names) * width
    heading = shorten(group.heading, across + _GAP / 2)
    page.text(x + across / 2, LINE / 2, heading, ha="center", va="center", color=MUTED)
    for column, name in enumerate(group.names):
        middle = x + (column + 0.5) * width
        y = 1.5 * LINE if group.sign else _TOP - 0.1 - LINE / 2
        text = shorten(name, width - 0.02, bold=True)
        page.text(middle, y, text, weight="bold", ha="center", va="center")
        if group.sign:
            states = (group.sign * kit.patterns_of(patterns, name)).astype(np.int8)
            picture = min(kit.PICTURE, width - 0.04)
            place = middle - picture / 2, 2 * LINE + 0.04
            page.patterns(*place, picture, states, patterns.shape)


def _draw_cells(page: Page, percent: Floats, x: float, width: float) -> None:
    """Draw a heat map with its numbers, beginning at `x`."""
    rows, columns = percent.shape
    xs = x + width * np.arange(columns + 1)
    ys = _TOP + _HEIGHT * np.arange(rows + 1)
    page.canvas.imshow(
        percent,
        cmap="Blues",
        vmin=0,
        vmax=110,  # the darkest end would print as black
        extent=(xs[0], xs[-1], ys[-1], ys[0]),
        aspect="auto",
        interpolation="nearest",
    )
    page.canvas.vlines(xs, ys[0], ys[-1], color=FAINT, lw=0.6)
    page.canvas.hlines(ys, xs[0], xs[-1], color=FAINT, lw=0.6)
    for (row, column), value in np.ndenumerate(percent):
        middle = float(xs[column]) + width / 2, float(ys[row]) + _HEIGHT / 2
        colour = SOFT if value == 0 else "white" if value > 55 else INK
        page.text(*middle, _cell(value), color=colour, ha="center", va="center")


def _cell(value: float) -> str:
    """Return a percentage: 0 only for no trials, and 100 only for all trials."""
    if value in (0, 100):
        return f"{value:.0f}"
    return "<0.1" if value < 0.05 else ">99.9" if value >= 99.95 else f"{value:.1f}"


def _confusion_caption(config: RecallConfig, result: RecallResult) -> str:
    names, counts = _counts(result)
    reached = counts[:, len(names) : 2 * len(names)].any(axis=0)
    table, first = result.columns["confusion"], 2 * len(names) + 2
    parts = zip(table.names[first:], table.arrays[first:], strict=True)
    kinds = ", ".join(f"{n.sum()} {kind}" for kind, n in parts if n.any())
    return kit.sentences(
        f"Columns: the pattern or inverse with |m| ≥ {kit.number(config.criterion)} at the end.",
        "" if reached.all() else "Inverses that no trial reached are omitted.",
        f"None: {kinds}." if kinds else "",
        kit.cut_labels(len(table)),
    )


_STATE, _LARGE = 0.8, 2.0  # inches: a state among many, and on its own page
_ARROW, _PAIR_GAP, _GROUP_GAP = 0.26, 0.4, 0.6
_ABOVE, _BELOW = 0.34, 2 * LINE + 0.28
_HANDFUL = 6
_ENDS = {
    "own": "",
    "mixture": "ends in a mixture",
    "fixed-point": "ends in a fixed point",
    "two-cycle": "ends in a two-cycle",
    "unsettled": "ends unsettled",
    "inverse": "ends in inverse {}",
}


def gallery_figures(config: RecallConfig, result: RecallResult) -> dict[str, Picture]:
    """Draw one page with a row per label; for many own pictures, one page per picture.

    The pages are ``gallery``, ``gallery-2``, ``gallery-3`` and so on.
    """
    labels = result.columns["confusion"]["label"].tolist()[: kit.MOST_LABELS]
    heading = f"{kit.starts(config, result)} before and after the run"
    if len(labels) <= _HANDFUL or not config.dataset.startswith("images:"):
        title = heading[0].upper() + heading[1:]
        caption = _gallery_caption(config, result, labels)
        return {"gallery": _page(result, labels, _STATE, title, caption)}
    pages = {}
    for place, label in enumerate(labels, start=1):
        caption = f"Page {place} of {len(labels)}. {_gallery_caption(config, result, [label])}"
        name = "gallery" if place == 1 else f"gallery-{place}"
        pages[name] = _page(result, [label], _LARGE, f"{label}: {heading}", caption)
    return pages


def _page(
    result: RecallResult, labels: list[str], state: float, title: str, caption: str
) -> Picture:
    """Draw one row per label: the stored pattern, trials recalled, trials not recalled."""
    trials, patterns = result.gallery.trials, result.patterns
    own = [trials["label"] == label for label in labels]
    recalled = trials["recalled"].astype(np.bool_)
    groups = {
        "recalled": [np.flatnonzero(rows & recalled) for rows in own],
        "not recalled": [np.flatnonzero(rows & ~recalled) for rows in own],
    }
    most = [max(1, *map(len, rows)) for rows in groups.values()]  # one for the word "none"
    gaps, space = (_PAIR_GAP, _GROUP_GAP), room()
    if space is not None:
        gaps, across = (0.2, 0.3), max(1, int((space - 1.1) / 3.2))
        most = [min(n, across) for n in most]
        left = space - kit.heads_width(labels, 0) - 2 * gaps[1] - sum(most) * (_ARROW + gaps[0])
        state = (left + 2 * gaps[0]) / (2 * sum(most) + 1)
    pair = 2 * state + _ARROW
    widths = [n * (pair + gaps[0]) - gaps[0] for n in most]
    x, step = kit.heads_width(labels, state) + gaps[1], state + _BELOW
    width = x + sum(widths) + gaps[1]
    page = Page(width, _ABOVE + step * len(labels) - 0.28, title, caption)
    middles = [_ABOVE + row * step + state / 2 for row in range(len(labels))]
    kit.draw_row_heads(page, patterns, labels, middles, state)
    if not set(labels).isdisjoint(patterns.labels):
        stored = x - gaps[1] - state / 2
        page.text(stored, 0, "stored", size=TEXT, ha="center", va="top", color=MUTED)
    for (heading, rows), width, n in zip(groups.items(), widths, most, strict=True):
        page.text(x, 0, heading, size=TEXT, va="top", color=MUTED)
        page.canvas.hlines(LINE + 0.05, x, x + width, color=FAINT, lw=0.8)
        for middle, places in zip(middles, rows, strict=True):
            if not len(places):
                page.text(x, middle, "none", va="center", color=SOFT)
            for k, place in enumerate(places[:n]):
                left = x + k * (pair + gaps[0])
                _draw_pair(page, left, middle, state, result.gallery, patterns.shape, int(place))
        x += width + gaps[1]
    return page.figure


def trials_figure(gallery: Gallery, shape: tuple[int, int], title: str) -> Picture:
    """Draw start and end of some trials in rows, each with overlap and outcome below.

    Parameters
    ----------
    gallery : Gallery
        The trials.
    shape : tuple of int
        Height and width of a state as a picture.
    title : str
        Title.
    """
    n_trials, pair, step = len(gallery.start), 2 * _STATE + _ARROW + _PAIR_GAP, _STATE + _BELOW
    columns = min(n_trials, _HANDFUL // 2)
    with pages():
        page = Page(columns * pair - _PAIR_GAP, -(-n_trials // columns) * step - 0.28, title, "")
        for k in range(n_trials):
            x, middle = k % columns * pair, k // columns * step + _STATE / 2
            _draw_pair(page, x, middle, _STATE, gallery, shape, k)
        return page.figure


def _draw_pair(
    page: Page,
    x: float,
    middle: float,
    state: float,
    gallery: Gallery,
    shape: tuple[int, int],
    place: int,
) -> None:
    """Draw start and end of a trial, with its image, overlap and outcome below."""
    trial, top = gallery.trials.row(place), middle - state / 2
    right, below = x + 2 * state + _ARROW, middle + state / 2 + 0.05
    page.pattern(x, top, state, gallery.start[place], shape)
    page.pattern(right - state, top, state, gallery.end[place], shape)
    page.text((x + right) / 2, middle, "→", size=14, ha="center", va="center")
    source, overlap, outcome = _below(trial)
    page.text(x, below, source, va="top", color=MUTED)
    page.text(right, below, overlap, ha="right", va="top")
    page.text(right, below + LINE, shorten(outcome, right - x), ha="right", va="top")


def _below(trial: dict[str, Any]) -> tuple[str, str, str]:
    """Return source index, overlap (with the own pattern if there is one) and outcome."""
    source = str(trial["source_index"]) if trial["source_index"] >= 0 else ""
    own = math.isfinite(trial["overlap_own"])
    overlap = trial["overlap_own"] if own else trial["best_overlap"]
    outcome = _ENDS.get(trial["outcome"], "ends in {}").replace("{}", trial["best_label"])
    return source, f"m = {kit.number(overlap)}", outcome


def _gallery_caption(config: RecallConfig, result: RecallResult, labels: list[str]) -> str:
    trials = result.gallery.trials
    has_index = (trials["source_index"] >= 0) & np.isin(trials["label"].astype(str), labels)
    return kit.sentences(
        "First trials of each label that were recalled and that were not: start → end, with "
        f"{'the index of the image and ' if has_index.any() else ''}the overlap m at the end.",
        f"Recalled: {kit.recalled(config, result)}.",
        kit.cut_labels(len(result.columns["confusion"])),
    )


_SIDES = {"this run": kit.COLOURS[1], "published": kit.COLOURS[4]}
_LEFT = 0.85  # of the bars, inches
_SAMPLE: dict[str, Any] = {"marker": "s", "ms": 9, "mec": INK, "ls": "none"}


@styled
def figures(config: RecallConfig, result: RecallResult) -> dict[str, Picture]:
    """Draw ``accuracy``, ``confusion``, ``gallery`` and, if traced, ``trace``.

    For many own pictures the gallery has further pages, ``gallery-2`` and so on. Runs of the
    study's protocol have ``stored`` too, and published values in ``accuracy`` [ZG figures 2, 3].
    """
    published = published_recall(config.to_dict())
    is_bars = (form().kind or ("bars" if published else "rows")) == "bars"
    drawn = {
        "accuracy": _bars(config, result, published) if is_bars else _rows(config, result),
        "confusion": confusion_figure(config, result),
        **gallery_figures(config, result),
    }
    if published:
        drawn["stored"] = stored_patterns(result.patterns)
    if "trace" in result.columns:
        drawn["trace"] = trace_figure(config, result)
    return drawn


def _estimates(result: RecallResult) -> tuple[list[str], Floats, Floats]:
    """Return labels, their rates with intervals and their SD over the repeats, in percent."""
    table = result.columns["accuracy"]  # the last row is for all labels together
    labels = table["label"].tolist()[:-1][: kit.MOST_LABELS]
    sd = 100 * table["sd_repeats"].astype(np.float64)[: len(labels)]
    return labels, kit.estimate(table, "accuracy", 100)[:, : len(labels)], sd


def _rows(config: RecallConfig, result: RecallResult) -> Picture:
    """Draw one row per label: dot, SD over repeats and 95 % interval, with the numbers beside."""
    labels, values, sd = _estimates(result)
    mean = 100 * result.columns["accuracy"]["accuracy"][-1]
    rate, low, _ = values
    has_sd = not np.isnan(sd).all()
    page, ax = kit.label_rows(
        f"{kit.starts(config, result).capitalize()} recalled",
        _caption(config, result, "Thick bars: SD over the repeats." if has_sd else ""),
        result.patterns,
        labels,
        columns=[("% ± SD" if has_sd else "%", _numbers(rate, sd))],
    )
    kit.percent_axis(ax, np.fmin(low, rate - sd), "recalled (%)")
    ax.axvline(mean, color=SOFT, lw=1.2, ls=(0, (5, 3)), zorder=1.5)
    kit.write_above(page, ax, [mean], [f"mean {mean:.1f}"], color=MUTED)
    rows = np.arange(len(labels))
    if has_sd:
        ax.errorbar(rate, rows, xerr=sd, fmt="none", ecolor=FAINT, elinewidth=9, label="sd")
    dot = {"marker": "o", "ls": "none", "color": INK, "capsize": 5, "clip_on": False}
    kit.draw_points(ax, rows, values, level=True, label="interval", **dot)
    return page.figure


def _numbers(rate: Any, sd: Any, digits: int = 1) -> list[str]:
    """Return percentages as text, with their SD where there is one."""
    pairs = zip(rate, sd, strict=True)
    return [
        f"{r:.{digits}f}" if math.isnan(s) else f"{r:.{digits}f} ± {s:.{digits}f}" for r, s in pairs
    ]


def _bars(
    config: RecallConfig, result: RecallResult, published: Mapping[str, tuple[float, float]]
) -> Picture:
    """Draw a bar per label with its SD over repeats, and the published one beside it."""
    labels, values, sd = _estimates(result)
    has_sd = not np.isnan(sd).all()
    if has_sd:
        values = values[0] + np.stack([0 * sd, -sd, sd])
    sides, texts = {"this run": values}, [_numbers(values[0], sd)]
    if published:
        mean, error = np.array([published[label] for label in labels]).T
        sides["published"] = mean + np.stack([0 * error, -error, error])
        texts.append(_numbers(mean, error, 0))
    legend = [kit.Entry(side, [_SAMPLE | {"color": _SIDES[side]}]) for side in sides]
    space = room()
    width = max(4.6, 0.5 * len(labels)) if space is None else space - _LEFT
    if max(text_width(text) for own in texts for text in own) > width / (len(labels) + 0.2) - 0.06:
        texts = []  # they have no room below the bars
    page, (ax,) = kit.panel_page(
        f"{kit.starts(config, result).capitalize()} recalled",
        kit.sentences(
            _caption(config, result, "Bars: SD over the repeats." if has_sd else ""),
            "Published: mean and SD of 10 repeats." if published else "",
        ),
        (width, 2.9),
        left=_LEFT,
        legend=legend if published else (),
        above=0.05,
        below=LINE * (len(texts) - 1.8),
    )
    places, wide = np.arange(len(labels)), 0.72 / len(sides)
    for k, (side, own) in enumerate(sides.items()):
        x = places + (k - (len(sides) - 1) / 2) * wide
        ax.bar(x, own[0], wide, label=side, color=_SIDES[side], edgecolor=INK, lw=0.8)
        kit.draw_points(ax, x, own, ls="none", color=INK, label=f"{side}, SD")
    ax.set(ylim=(0, 105), yticks=range(0, 101, 20), ylabel="recalled (%)")
    ax.set(xlim=(-0.6, len(labels) - 0.4), xticks=[])
    _write_below(page, ax, labels, list(sides), texts)
    return page.figure


def _write_below(
    page: Page, ax: Axes, labels: list[str], sides: list[str], texts: list[list[str]]
) -> None:
    """Write the label of each bar and the numbers of each side."""
    corners = [(-0.6, 0), (0, 0), (1, 0)]
    (left, y), (first, _), (second, _) = page.inches(ax.get_xaxis_transform(), corners)
    step = second - first
    for k, label in enumerate(labels):
        x, name = first + k * step, shorten(label, 0.96 * step, TEXT, bold=True)
        page.text(x, y + 0.75 * LINE, name, size=TEXT, weight="bold", ha="center", va="center")
        for row, own in enumerate(texts):
            below = y + (1.85 + row) * LINE
            page.text(x, below, own[k], color=MUTED, ha="center", va="center")
    for row, side in enumerate(sides[: len(texts)] if len(sides) > 1 else ()):
        below = y + (1.85 + row) * LINE
        page.text(left - 0.08, below, side, color=MUTED, ha="right", va="center")


def _caption(config: RecallConfig, result: RecallResult, sd: str) -> str:
    """Return the criterion, and the meaning of bars; of the interval if it is drawn."""
    table = result.columns["accuracy"]
    interval = kit.bars(table, "accuracy")
    if sd.startswith("Thick"):
        interval = interval.replace("Bars", "Thin bars")
    return kit.sentences(
        f"Recalled: {kit.recalled(config, result)}.",
        sd,
        "" if sd.startswith("Bars") else interval,
        kit.cut_labels(len(table) - 1),
    )
