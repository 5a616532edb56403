"""The figure of ``hopcli weights``: the matrix, the couplings of one pixel, the spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.plots.captions import MOST_LABELS, cut_labels, network, number
from hopcli.plots.look import INK, LINE, MUTED, SOFT, TEXT
from hopcli.plots.page import Page, shorten, styled

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hopcli.config import WeightsConfig
    from hopcli.experiments.weights import WeightsResult

__all__ = ["figures"]

_PANEL, _GAP, _TOP, _BAR = 3.1, 1.0, 0.3, 0.12  # inches
_LEFT, _RIGHT = 0.3, 0.6  # for the labels of the outer axes
_PICTURE, _STEP = 0.8, 1.75
_SIGNED = "PuOr_r"


@styled
def figures(config: WeightsConfig, result: WeightsResult) -> dict[str, Figure]:
    """The figure ``weights``."""
    return {"weights": _weights(config, result)}


def _weights(config: WeightsConfig, result: WeightsResult) -> Figure:
    table = result.tables["weights"].iloc[:MOST_LABELS]
    width = _LEFT + 3 * _PANEL + 2 * _GAP + _RIGHT
    across = max(1, int((width + 0.3) // _STEP))
    rows = -(-len(table) // across)
    below = _TOP + _PANEL + 0.95
    page = Page(
        width,
        below + rows * (_PICTURE + 2.6 * LINE + 0.25) - 0.25,
        "Couplings, their spectrum, and how firmly the patterns sit",
        _caption(config, result),
    )
    limit = result.largest or 1.0
    _draw_matrix(page, result, limit)
    _draw_pixel(page, config.pixel, result, limit)
    _draw_spectrum(page, result)
    for k, row in enumerate(table.itertuples()):
        x, y = _LEFT + k % across * _STEP, below + k // across * (_PICTURE + 2.6 * LINE + 0.25)
        _draw_stability(page, x, y, result, k, row)
    return page.figure


def _panel(page: Page, place: int, heading: str) -> Axes:
    x = _LEFT + place * (_PANEL + _GAP)
    page.text(x, 0, heading, size=TEXT, va="top", color=MUTED)
    return page.axes(x, _TOP, _PANEL, _PANEL)


def _draw_signed(
    page: Page, ax: Axes, place: int, values: NDArray[np.float64], limit: float
) -> None:
    """Draw signed values with a scale at the right."""
    image = ax.imshow(values, cmap=_SIGNED, vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    x = _LEFT + place * (_PANEL + _GAP) + _PANEL + 0.06
    scale = page.axes(x, _TOP, _BAR, _PANEL)
    bar = page.figure.colorbar(image, cax=scale)
    bar.set_ticks([-limit, 0, limit], labels=[number(v, 2) for v in (-limit, 0, limit)])
    bar.outline.set_visible(False)


def _draw_matrix(page: Page, result: WeightsResult, limit: float) -> None:
    """The N x N matrix, of every site or of sites evenly apart."""
    ax = _panel(page, 0, "couplings W between sites")
    _draw_signed(page, ax, 0, result.matrix, limit)
    ax.set_xlabel("site j")
    ax.set_ylabel("site i")


def _draw_pixel(page: Page, pixel: tuple[int, int], result: WeightsResult, limit: float) -> None:
    """The couplings of one site, laid out as the picture is."""
    row, column = pixel
    ax = _panel(page, 1, f"couplings of pixel ({row}, {column})")
    _draw_signed(page, ax, 1, result.of_pixel, limit)
    ax.plot([column], [row], marker="s", ms=5, mfc="none", mec=INK, mew=1.2)


def _draw_spectrum(page: Page, result: WeightsResult) -> None:
    """Eigenvalues of W against how often they occur."""
    table = result.tables["spectrum"]
    ax = _panel(page, 2, "spectrum of W")
    ax.vlines(table["eigenvalue"], 0.5, table["multiplicity"], color=SOFT, lw=1)
    ax.plot(table["eigenvalue"], table["multiplicity"], "o", color=INK, ms=4)
    ax.set(yscale="log", ylim=(0.5, 2 * result.of_pixel.size), xlabel="eigenvalue")
    ax.yaxis.tick_right()
    ax.yaxis.set_label_position("right")
    ax.spines[["left", "right"]].set_visible(False)
    ax.set_ylabel("multiplicity")


def _draw_stability(
    page: Page, x: float, y: float, result: WeightsResult, k: int, row: Any
) -> None:
    """A stored pattern and whether it is a fixed point."""
    page.pattern(x, y, _PICTURE, result.patterns.xi[k], result.patterns.shape)
    label = shorten(row.label, _STEP - _PICTURE - 0.15, TEXT, bold=True)
    page.text(x + _PICTURE + 0.08, y, label, size=TEXT, weight="bold", va="top")
    flip = "site flips" if row.unstable_sites == 1 else "sites flip"
    verdict = "fixed point" if row.fixed_point else f"{row.unstable_sites:,} {flip}"
    page.text(x, y + _PICTURE + 0.05, verdict, va="top")
    weakest = f"weakest {number(round(row.min_field, 9) + 0.0, 3)}"  # 1e-17 is 0
    page.text(x, y + _PICTURE + 0.05 + LINE, weakest, va="top", color=MUTED)


def _caption(config: WeightsConfig, result: WeightsResult) -> str:
    n_sites = result.of_pixel.size
    kept = len(result.matrix)
    part = "" if n_sites == kept else f" ({kept:,} sites evenly apart)"
    return (
        f"Left: the couplings between all sites{part}, with a zero diagonal; middle: those of the "
        "pixel in the square; right: eigenvalues of the whole matrix. Below: each stored pattern, "
        "whether it is a fixed point at T = 0 and the aligned field ξ (h \N{MINUS SIGN} θ) of its "
        f"weakest site. {network(config, result.patterns)}, "
        f"{result.n_classes:,} classes of sites."
        f"{cut_labels(len(result.patterns.labels))}"
    )
