"""Single-site updates of any couplings, all chains of a chunk at once, with NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hopcli.dynamics.jobs import Job
from hopcli.dynamics.states import STABLE
from hopcli.dynamics.sync import AT_TIE
from hopcli.errors import SettingError
from hopcli.observables import TIE
from hopcli.records import Floats, Ints, Spins


def start(job: Job) -> Callable[[slice], None]:
    """Prepare a job, see :func:`hopcli.dynamics.sites.start`; the couplings are those of Wired."""
    code = job.rule.codes[job.tie]
    if code not in ("METROPOLIS", "GLAUBER", *AT_TIE):
        raise SettingError("dynamics", "cannot update given weights or a diagonal", job.rule.name)
    return lambda chunk: _run(job, chunk, code)


def _run(job: Job, chunk: slice, code: str) -> None:
    """Run the chains of a chunk; each has a random stream of its own."""
    w, theta, at_class = job.network.dense(), job.network.thresholds, job.network.site_class
    spins, sums = job.spins[chunk], job.sums[chunk]
    streams = [np.random.Generator(np.random.Philox(key=int(s))) for s in job.seeds[chunk]]
    running = np.arange(len(spins))
    if sums.size:
        sums[..., at_class] = spins[:, np.newaxis]
    for sweep, temperature in enumerate(job.temperatures.tolist()):
        sites, chances = _draws(job, chunk, sweep, [streams[c] for c in running.tolist()])
        fields = spins[running] @ w.T - theta
        for site, chance in zip(sites.T, chances.T, strict=True):
            old = spins[running, site]
            at = np.arange(len(running)), site
            change = _new(code, old, fields[at], chance, temperature) - old
            moved = np.flatnonzero(change)
            fields[moved] += change[moved, np.newaxis] * w.T[site[moved]]
            spins[running[moved], site[moved]] += change[moved]
        job.sweeps[chunk][running] = sweep + 1
        if sums.size:
            for later in range(sweep + 1, sums.shape[1]):
                sums[running[:, np.newaxis], later, at_class] = spins[running]
        if job.cancelled[0]:
            break
        if sweep >= job.settle:
            stable = _are_stable(code, spins[running], spins[running] @ w.T - theta)
            job.status[chunk][running[stable]] = STABLE
            running = running[~stable]
        if not len(running):
            break
    job.ends[chunk][:, at_class] = spins


def _draws(
    job: Job, chunk: slice, sweep: int, streams: list[np.random.Generator]
) -> tuple[Ints, Floats]:
    """Draw the sites of a sweep and a chance for each attempt, shape (chains, attempts)."""
    assert job.order is not None
    n_sites, attempts = job.network.n_sites, job.attempts
    if job.given is not None:
        sites = job.given[chunk, sweep * attempts : (sweep + 1) * attempts].astype(np.int64)
    elif job.order.code == "RANDOM":
        sites = np.stack([rng.integers(n_sites, size=attempts) for rng in streams])
    elif job.order.code == "PERMUTATION":
        sites = np.stack([rng.permutation(n_sites) for rng in streams])
    else:
        sites = np.tile(np.arange(n_sites), (len(streams), 1))
    return sites, np.stack([rng.random(attempts) for rng in streams])


def _new(code: str, old: Spins, x: Floats, chance: Floats, temperature: float) -> Spins:
    """Return the new values of sites with the fields x = h - theta."""
    if code == "METROPOLIS":
        with np.errstate(divide="ignore", over="ignore"):
            turns = (old * x <= TIE) | (chance < np.exp(np.float64(-2) * old * x / temperature))
        return np.where(turns, -old, old).astype(np.int8)
    if code == "GLAUBER" and temperature > 0:
        with np.errstate(over="ignore"):
            up = chance < 1 / (1 + np.exp(-2 * x / temperature))
        return np.where(up, 1, -1).astype(np.int8)
    at_tie = np.where(chance < 0.5, 1, -1) if code == "GLAUBER" else AT_TIE[code] or old
    return np.where(np.abs(x) > TIE, np.sign(x), at_tie).astype(np.int8)


def _are_stable(code: str, spins: Spins, x: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return the chains in which no site would change at T = 0."""
    if code in AT_TIE:
        wanted = np.where(np.abs(x) > TIE, np.sign(x), AT_TIE[code] or spins)
        stable = np.all(wanted == spins, axis=1)
    else:  # noise decides ties
        stable = np.all(spins * x > TIE, axis=1)
    return stable
