"""Weights: couplings, their spectrum, and the stability of each pattern."""

from __future__ import annotations

import numpy as np

from hopcli.config import Execution, WeightsConfig
from hopcli.experiments import Plan, Progress, Stock, StoredResult
from hopcli.experiments.preparation import prepare
from hopcli.network import Network, Wired
from hopcli.observables import TIE, local_fields
from hopcli.patterns import Patterns
from hopcli.records import Floats, NDArray
from hopcli.tables import Columns, Table, columns
from hopcli.taxonomy import fixed_points
from hopcli.theory import one_step_error, spectrum

_WEIGHTS = Table(
    "weights",
    columns(
        "label: text, source_index: integer, fixed_point: boolean, unstable_sites: integer, "
        "min_field, mean_field, min_stability, max_crosstalk",
        key="label",
        hidden="source_index mean_field",
        min_stability={"axis": "stability of the weakest site (field / length of its couplings)"},
    ),
    headline="min_stability",
)
_SPECTRUM = Table("spectrum", columns("eigenvalue, multiplicity: integer"))

TABLES = (_WEIGHTS, _SPECTRUM)
"""The tables of the couplings."""

MOST_SITES = 1000
"""Most rows of the stored matrix: all sites, or sites evenly spaced."""


class WeightsResult(StoredResult):
    """Tables ``weights``, one row per stored pattern, and ``spectrum``; array file ``weights``."""

    @property
    def matrix(self) -> Floats:
        """Couplings between the stored sites, float64, zero diagonal."""
        arrays = self.arrays["weights"]
        site_class = arrays["matrix.site_class"]
        w: Floats = arrays["matrix.J"][np.ix_(site_class, site_class)]
        np.fill_diagonal(w, 0.0)
        return w

    @property
    def of_pixel(self) -> Floats:
        """Couplings of one site to all others, in the shape of the picture, float64."""
        return self.arrays["weights"]["pixel"]

    @property
    def largest(self) -> float:
        """Largest |J| between classes of sites."""
        return float(self.arrays["weights"]["largest"])

    @property
    def n_classes(self) -> int:
        """Number of site classes K."""
        return int(self.arrays["weights"]["n_classes"])


def plan(config: WeightsConfig, stock: Stock) -> Plan:
    """Plan to store the patterns and measure the couplings.

    Parameters
    ----------
    config : WeightsConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports no progress, as nothing takes long, and returns a
        :class:`WeightsResult`.
    """
    prepared = prepare(config, stock)
    prepared.network()  # refuses an impossible one now

    def work(execution: Execution, progress: Progress) -> WeightsResult:
        del execution, progress
        patterns, network = prepared.patterns, prepared.network()
        values, multiplicities = spectrum(network)
        spectral = _SPECTRUM.of({"eigenvalue": values, "multiplicity": multiplicities})
        arrays = _kept_couplings(network, patterns.shape, prepared.config.pixel)
        stability = _stability_table(patterns, network)
        notes = _findings(network, stability)
        return prepared.result([stability, spectral], arrays, **notes)

    return prepared.plan(work)


def _findings(network: Network, stability: Columns) -> dict[str, list[str]]:
    """Compare the sites that flip in one step with random patterns under the Hebbian rule.

    Of given couplings that are not symmetric, say what their energy means.
    """
    is_given = isinstance(network.hamiltonian, Wired)
    if is_given and not np.array_equal(network.J, network.J.T):
        text = (
            "The couplings are not symmetric: updates may raise the energy.\n"
            "Energies and eigenvalues are those of their symmetric part."
        )
        return {"findings": [text]}
    if network.rule != "hebbian" or is_given or network.theta.any() or len(network.xi) < 2:
        return {}
    p, n_sites = len(stability["label"]), network.n_sites
    flipped = 100 * float(stability["unstable_sites"].mean()) / n_sites
    random = 100 * one_step_error(p, n_sites)
    shown = f"{random:.2g}" if random >= 0.001 else "less than 0.001"
    text = (
        f"In one step of all sites, {flipped:.2g} % of the sites of a pattern flip.\n"
        f"Of {p:,} random patterns of {n_sites:,} sites, {shown} % would."
    )
    return {"findings": [text]}


def _kept_couplings(
    couplings: Network, shape: tuple[int, int], pixel: tuple[int, int]
) -> dict[str, NDArray[np.generic]]:
    """Return the data of the pictures: classes of some sites, and the field of one."""
    n_sites, j = couplings.n_sites, couplings.J
    sites = np.unique(np.linspace(0, n_sites - 1, min(n_sites, MOST_SITES)).astype(int))
    classes, site_class = np.unique(couplings.site_class[sites], return_inverse=True)
    site = pixel[0] * shape[1] + pixel[1]
    of_pixel = j[couplings.site_class[site], couplings.site_class].copy()
    of_pixel[site] = 0.0
    return {
        "matrix.site_class": site_class.ravel(),
        "matrix.J": j[np.ix_(classes, classes)],
        "pixel": of_pixel.reshape(shape),
        "largest": np.abs(j).max(),
        "n_classes": np.array(couplings.n_classes),
    }


def _stability_table(patterns: Patterns, couplings: Network) -> Columns:
    """Make the stability of each stored pattern: fixed or not, weakest site, crosstalk.

    The aligned field of a site is xi_i (h_i - theta_i). The pattern is a fixed point if none is
    negative. Stability is the aligned field over the length of the site's couplings. Crosstalk
    is the contribution of the other patterns: the largest 1 - aligned / mean(aligned). Above 1
    the site would flip.
    """
    xi, j = couplings.xi, couplings.J
    aligned = xi * (local_fields(xi, couplings) - couplings.thresholds)
    squares = (j**2) @ couplings.class_sizes - np.diag(j) ** 2
    length = np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))[couplings.site_class]
    mean = aligned.mean(axis=1)
    return _WEIGHTS.of(
        {
            "label": patterns.labels,
            "source_index": patterns.source_index,
            "fixed_point": fixed_points(xi, couplings),
            "unstable_sites": (aligned < -TIE).sum(axis=1),
            "min_field": aligned.min(axis=1),
            "mean_field": mean,
            "min_stability": (aligned / length).min(axis=1),
            "max_crosstalk": 1 - _ratio(aligned.min(axis=1), mean),
        }
    )


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide; NaN for a divisor of 0."""
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=np.abs(bottom) > 1e-12)
