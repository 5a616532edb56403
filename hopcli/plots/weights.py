"""The figure of ``hopcli weights``: the matrix, the couplings of one pixel, the spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.plots import kit
from hopcli.plots.page import INK, LINE, MUTED, SOFT, TEXT, Page, shorten, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hopcli.config import WeightsConfig
    from hopcli.experiments.weights import WeightsResult
    from hopcli.plots.figure import Picture
    from hopcli.records import Floats

_PANEL, _LEFT = 3.1, 0.3  # inches
_PICTURE, _ACROSS, _STEP, _ROW = 0.8, 6, 1.75, 0.8 + 2.6 * LINE + 0.25


@styled
def figures(config: WeightsConfig, result: WeightsResult) -> dict[str, Picture]:
    """Draw ``weights``: matrix, couplings of a pixel, spectrum, stability of each pattern."""
    table = result.columns["weights"].take(slice(kit.MOST_LABELS))
    across, step = kit.in_a_row(_ACROSS, _STEP - 0.3, _STEP, _LEFT)
    page, panels = kit.panel_page(
        "Couplings, their spectrum, and the stability of the patterns",
        _caption(result),
        (_PANEL, _PANEL),
        3,
        left=_LEFT,
        above=0.3,
        gap=(1.0, 0.85),
        right=0.75,
        below=-(-len(table) // across) * _ROW,
    )
    row, column = config.pixel
    titles = ("couplings W between sites", f"couplings of pixel ({row}, {column})", "spectrum of W")
    for ax, title in zip(panels, titles, strict=True):
        ax.set_title(title, loc="left", size=TEXT, color=MUTED)
    matrix, pixel, spectrum = panels
    _draw_signed(page, matrix, result.matrix, result.largest or 1.0)
    matrix.set(xlabel="site j", ylabel="site i")
    _draw_signed(page, pixel, result.of_pixel, result.largest or 1.0)
    pixel.plot([column], [row], marker="s", ms=5, mfc="none", mec=INK, mew=1.2)
    _draw_spectrum(spectrum, result)
    ((_, top),) = page.inches(spectrum.transAxes, (0, 0))
    for k, pattern in enumerate(map(table.row, range(len(table)))):
        x, y = _LEFT + k % across * step, top + 0.65 + k // across * _ROW
        flips = pattern["unstable_sites"]
        verdict = f"{flips:,} {'site flips' if flips == 1 else 'sites flip'}"
        verdict = "fixed point" if pattern["fixed_point"] else verdict
        weakest = f"weakest {kit.number(round(pattern['min_field'], 9) + 0.0, 3)}"  # 1e-17 is 0
        lines = [(verdict, {}), (weakest, {"color": MUTED})]
        state, shape = result.patterns.xi[k], result.patterns.shape
        kit.draw_thumbnail(page, x, y, _PICTURE, state, shape, lines, width=step - 0.1)
        label = shorten(pattern["label"], step - _PICTURE - 0.15, TEXT, bold=True)
        page.text(x + _PICTURE + 0.08, y, label, size=TEXT, weight="bold", va="top")
    return {"weights": page.figure}


def _draw_signed(page: Page, ax: Axes, values: Floats, limit: float) -> None:
    """Draw signed values with a scale at the right."""
    image = ax.imshow(values, cmap="PuOr_r", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    (x, y), (_, below) = page.inches(ax.transAxes, [(1, 1), (1, 0)])
    bar = page.figure.colorbar(image, cax=page.axes(x + 0.06, y, 0.12, below - y))
    bar.set_ticks([-limit, 0, limit], labels=[kit.number(v, 2) for v in (-limit, 0, limit)])
    bar.outline.set_visible(False)


def _draw_spectrum(ax: Axes, result: WeightsResult) -> None:
    """Draw the multiplicity of each eigenvalue of W."""
    table = result.columns["spectrum"]
    ax.vlines(table["eigenvalue"], 0.5, table["multiplicity"], color=SOFT, lw=1)
    ax.plot(table["eigenvalue"], table["multiplicity"], "o", color=INK, ms=4)
    ax.set(yscale="log", ylim=(0.5, 2 * result.of_pixel.size), xlabel="eigenvalue")
    ax.yaxis.tick_right()
    ax.yaxis.set_label_position("right")
    ax.spines[["left", "right"]].set_visible(False)
    ax.set_ylabel("multiplicity")


def _caption(result: WeightsResult) -> str:
    kept = len(result.matrix)
    part = "" if result.of_pixel.size == kept else f"Matrix: {kept:,} sites evenly apart."
    return kit.sentences(
        f"{result.n_classes:,} classes of sites.",
        part,
        "Below: whether a pattern is a fixed point at T = 0, and the aligned field "
        "ξ (h \N{MINUS SIGN} θ) of its weakest site.",
        kit.cut_labels(len(result.patterns.labels)),
    )
