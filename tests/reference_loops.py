"""Plain Metropolis loops for comparison with the fast ones, in tests and benchmarks.

They take the same draws as :mod:`hopcli._kernels` (made anew here, with arrays), so
their final states can be compared bit for bit. They are simple on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from hopcli.network import Network

Spins = NDArray[np.int8]
Seeds = NDArray[np.uint64]
Floats = NDArray[np.float64]
Draws = tuple[NDArray[np.int64], Floats]

TIE = 1e-9

_F = TypeVar("_F", bound="Callable[..., Any]")


def _compiled(function: _F) -> _F:
    return cast("_F", numba.njit(nogil=True, cache=True)(function))


_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)
_FAR = np.uint64(1 << 63)
_HALF = np.uint64(1 << 31)
_S11, _S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (11, 27, 30, 31, 32))


@_compiled
def _mix(z: np.uint64) -> Any:
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@_compiled
def _draw(seed: np.uint64, t: int, n_sites: int, full: bool) -> Any:
    """Return site and uniform of an attempt, from 64 random bits, or from 32 if not in full."""
    pair = _mix(seed + np.uint64((t >> 1) + 1) * _GAMMA)
    high = (pair >> _S32 if t & 1 else pair & _LOW) * np.uint64(n_sites)
    low = _HALF
    if full:
        low = _mix(seed + (np.uint64(t) | _FAR) * _GAMMA) >> _S32
    u = (high << _S32) + low * np.uint64(n_sites)
    site = np.int64(high >> _S32) + np.int64(u < (high << _S32))
    return site, ((u >> _S11) + 0.5) * 2.0**-53


@_compiled
def draws(seeds: Seeds, first: int, n: int, n_sites: int, full: bool = True) -> Draws:
    """Sites and uniforms of attempts `first` to `first + n - 1`, shape (chains, n)."""
    sites, uniforms = np.empty((len(seeds), n), np.int64), np.empty((len(seeds), n))
    for c in range(len(seeds)):
        for k in range(n):
            sites[c, k], uniforms[c, k] = _draw(seeds[c], first + k, n_sites, full)
    return sites, uniforms


@_compiled
def class_loop(
    spins: Spins,
    fields: Floats,
    site_class: NDArray[np.int32],
    J: NDArray[np.floating[Any]],  # noqa: N803
    temperature: float,
    seeds: Seeds,
    attempts: int,
    full: bool = True,
) -> None:
    """Straightforward loop on class fields, one chain after the other, in place."""
    n_sites = spins.shape[1]
    for c in range(len(spins)):
        for t in range(attempts):
            site, u = _draw(seeds[c], t, n_sites, full)
            a = site_class[site]
            spin = spins[c, site]
            cost = 2.0 * (spin * fields[c, a] - J[a, a])
            if cost <= 2 * TIE or (temperature > 0.0 and u < math.exp(-cost / temperature)):
                spins[c, site] = -spin
                for b in range(len(J)):
                    fields[c, b] -= 2.0 * spin * J[a, b]


def start_fields(spins: Spins, couplings: Network) -> tuple[Floats, Floats]:
    """Class sums M, shape (chains, K), and class fields M J - theta."""
    one_hot = np.zeros((couplings.n_sites, couplings.n_classes), np.float32)
    one_hot[np.arange(couplings.n_sites), couplings.site_class] = 1
    sums = (spins.astype(np.float32) @ one_hot).astype(np.float64)
    return sums, sums @ couplings.J - couplings.theta


def straightforward(
    couplings: Network, spins: Spins, seeds: Seeds, temperature: float, attempts: int
) -> Spins:
    """Final states of :func:`class_loop`."""
    _, fields = start_fields(spins, couplings)
    spins = spins.copy()
    class_loop(spins, fields, couplings.site_class, couplings.J, temperature, seeds, attempts)
    return spins


def vectorised(
    couplings: Network,
    spins: Spins,
    seeds: Seeds,
    temperature: float,
    attempts: int,
    sites: NDArray[np.int64] | None = None,
) -> Spins:
    """Final states, NumPy vectorised over chains; `sites` replaces the random ones."""
    # Where sites are given, all of a draw goes into the uniform.
    tried, uniforms = draws(seeds, 0, attempts, couplings.n_sites if sites is None else 1)
    allowed = 2 * TIE - temperature * np.log(uniforms.T)
    return over_chains(couplings, spins, [(tried.T if sites is None else sites.T, allowed)])


def over_chains(couplings: Network, spins: Spins, blocks: Iterable[Draws]) -> Spins:
    """Final states of one attempt of all chains after the other.

    A block contains the sites of some attempts and their largest energy costs, both of shape
    (attempts, chains).
    """
    _, fields = start_fields(spins, couplings)
    spins, own, chains = spins.copy(), np.diag(couplings.J), np.arange(len(spins))
    for sites, allowed in blocks:
        for site, most in zip(sites, allowed, strict=True):
            a = couplings.site_class[site]
            spin = spins[chains, site]
            cost = 2.0 * (spin * fields[chains, a] - own[a])
            flips = np.flatnonzero(cost <= most)
            if len(flips):
                spins[flips, site[flips]] = -spin[flips]
                fields[flips] -= 2.0 * spin[flips, np.newaxis] * couplings.J[a[flips]]
    return spins
