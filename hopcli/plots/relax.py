"""The figure of ``hopcli relax``: accuracy, overlap, energy and settling against sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.plots import kit
from hopcli.plots.page import LINE, MUTED, SOFT, styled
from hopcli.records import Floats, np

if TYPE_CHECKING:
    from hopcli.config import RelaxConfig
    from hopcli.experiments.relax import RelaxResult
    from hopcli.plots.figure import Picture

_STUDY = (10, 20)  # sweeps of N/2 attempts, as run and as stated
_STUDY_SITES = 784
_MOST = len(kit.COLOURS) - 1  # labels drawn; the table contains all


@styled
def figures(config: RelaxConfig, result: RelaxResult) -> dict[str, Picture]:
    """Draw ``relaxation``: a line for each label, and a thick one for their mean."""
    labels = _labels(result)
    n_sites = result.patterns.xi.shape[1]
    shown = labels[:_MOST] if len(labels) > 1 else []
    lines = [(name, k, kit.look(k + 1, ls="-", lw=1.0)) for k, name in enumerate(shown)]
    # A single label is its own mean; otherwise the mean is in the row after the labels.
    mean = ("mean over labels", len(labels)) if shown else (labels[0], 0)
    lines.append((*mean, kit.look(0, lw=2.0, zorder=3)))
    page, panels = kit.panel_page(
        "Relaxation, sweep by sweep",
        _caption(config, result),
        (3.9, 2.5),
        4,
        2,
        above=LINE,
        legend=[kit.Entry(name, [style]) for name, _, style in lines],
    )
    accuracy, overlap, energy, settled = panels
    measures = (
        (accuracy, "accuracy", 100.0, "recalled (%)"),
        (overlap, "overlap", 1.0, "overlap m with the own pattern"),
        (energy, "energy", 1 / n_sites, "energy per spin, H / N"),
    )
    for _, place, style in lines:
        own = result.columns["relaxation"].take(slice(place, None, len(labels) + 1))
        sweeps = own["sweep"]
        points = np.isin(sweeps, config.round_sweeps)
        for ax, name, scale, label in measures:
            values = kit.estimate(own, name, scale)
            ax.plot(sweeps, values[0], **style | {"marker": ""})
            marks = {"ls": "none", "ms": 4, "elinewidth": 1, "capsize": 2}
            kit.draw_points(ax, sweeps[points], values[:, points], **style | marks)
            ax.set_ylabel(label)
        shares = _settled(result, labels[place : place + 1] or labels, config.sweeps // 2)
        step = style | {"marker": "", "drawstyle": "steps-post"}
        settled.plot(np.arange(len(shares)), 100 * shares, **step)
    settled.set_ylabel("settled (%)")
    for ax in (accuracy, settled):
        ax.set_ylim(-3, 103)
    study = [sweeps * (n_sites // 2) / config.attempts_per_sweep for sweeps in _STUDY]
    marked = [
        place for place in study if _is_the_studys(config, n_sites) and place <= config.sweeps
    ]
    for ax in panels:
        # A logarithmic axis that has a place for 0.
        ax.set_xscale("symlog", linthresh=1, linscale=0.4, subs=range(2, 10))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        ax.set(xlim=(-0.15, 1.1 * config.sweeps), xlabel="sweeps")
        for place in marked:
            ax.axvline(place, color=SOFT, lw=1, ls=":", zorder=1)
        kit.write_above(page, ax, marked, [*map(str, _STUDY[: len(marked)])], color=MUTED)
    return {"relaxation": page.figure}


def _labels(result: RelaxResult) -> list[str]:
    """Return the tested labels; the last row of the table is the mean."""
    labels: list[str] = result.columns["settling"]["label"].tolist()
    return labels[:-1]


def _settled(result: RelaxResult, labels: list[str], last: int) -> Floats:
    """Return the fraction of the trials settled by each sweep, the mean over some labels."""
    shares = []
    for label in labels:
        after = result.settled(label)
        by = np.bincount(after[after >= 0], minlength=last + 1).cumsum()
        shares.append(by / len(after))
    return np.mean(shares, axis=0)


def _is_the_studys(config: RelaxConfig, n_sites: int) -> bool:
    """Test whether sweeps are those of the study."""
    return (n_sites, config.dynamics, config.order) == (_STUDY_SITES, "metropolis", "random")


def _caption(config: RelaxConfig, result: RelaxResult) -> str:
    n_labels, table = len(_labels(result)), result.columns["relaxation"]
    return kit.sentences(
        f"Recalled: {kit.of_own(config)}.",
        kit.bars(table, "accuracy", "overlap"),
        "Settled: trials that stay recalled, or not, from this sweep on.",
        "Dotted: the study's sweeps, as run and as stated."
        if _is_the_studys(config, result.patterns.xi.shape[1])
        else "",
        kit.cut_labels(n_labels, _MOST),
    )
