"""Cost of an attempt against the size of the work, one axis after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.measuring import Effort, Row, in_turns, seconds, spread
from benchmarks.peers import CLASS_LOOP, DENSE, DWAVE, OURS, OVER_CHAINS, Call, Program
from benchmarks.work import PATTERNS, Work, mnist, noisy, recall
from hopcli.rules import store

CHAINS = 1_000
ATTEMPTS = 1 << 23  # of all chains together, where the sites are the axis
PATIENCE = 2.0  # seconds of a call, beyond which a peer is given no larger size
LIMIT = 60.0  # seconds a size
LOOPS = (OURS, CLASS_LOOP, OVER_CHAINS, DENSE, DWAVE)  # ours first
TEN = (*PATTERNS, 5, 0, 15, 17, 4)
"""A training image of each digit: 3, 6, 1, 0, 4, and the first 2, 5, 7, 8, 9."""


@dataclass(frozen=True)
class Axis:
    """Sizes, and the work of each.

    Parameters
    ----------
    name, label : str
        A short name, and that of the quantity in a picture.
    sizes : tuple of int
        From small to large.
    work : callable
        Returns the work of a size, and the share of it to run.
    """

    name: str
    label: str
    sizes: tuple[int, ...]
    work: Callable[[int, Effort], Work]


def measure(axis: Axis, effort: Effort) -> list[Row]:
    """Race the programs at every size, peers until they take too long: rows of scaling.csv."""
    rows: list[Row] = []
    slow: set[Program] = set()
    for size in axis.sizes:
        whole = axis.work(size, effort)
        racing = []
        for program in (program for program in LOOPS if program.is_installed):
            work = whole.first(program.chains)
            reason = _reason(program, work, slow)
            row: Row = {"axis": axis.name, "size": size, "program": program.name}
            row |= {"chains": work.chains, "attempts": work.attempts, "rounds": 0}
            row |= dict.fromkeys(("seconds_per_chain", "low", "high", "ns_per_attempt"))
            rows.append(row | {"left_out": reason})
            if not reason:
                racing.append((program, work, rows[-1], _warmed(program, work)))
        calls = [lambda call=call: seconds(call) for *_, call in racing]
        values = in_turns(calls, replace(effort, limit=min(LIMIT, effort.limit)))
        for (program, work, row, _), column in zip(racing, values.T, strict=True):
            median, low, high = spread(column / work.chains)
            row |= {"rounds": len(column), "seconds_per_chain": median, "low": low, "high": high}
            row["ns_per_attempt"] = 1e9 * median / work.attempts
            if median * work.chains > PATIENCE:
                slow.add(program)
    return rows


def _reason(program: Program, work: Work, slow: set[Program]) -> str:
    """Give the reason for leaving out a peer at a size; empty if it is run."""
    if program is OURS:
        return ""
    if work.couplings.n_sites > program.sites:
        return f"its N x N couplings take more than about a gigabyte above N = {program.sites:,}"
    return f"a call took more than {PATIENCE:g} s at a smaller size" if program in slow else ""


def _warmed(program: Program, work: Work) -> Call:
    call = program.prepare(work)
    program.prepare(work.first(work.threads))()  # compiles
    return call


def _of_images(size: int, effort: Effort) -> Work:
    """The first of all training images, shuffled: ten digits stored, each image once."""
    spins = mnist().spins
    chosen = np.random.default_rng(1).permutation(len(spins))[: effort.of(size)]
    digits = np.asarray(mnist().labels)
    stored = digits[list(TEN)].tolist()
    own = np.array([stored.index(digit) for digit in digits[chosen]])
    return Work(store(spins[list(TEN)]), spins[chosen], own)


def _of_patterns(size: int, effort: Effort) -> Work:
    """Store training images by Hebb's rule: more than about 550 are linearly dependent."""
    spins = mnist().spins
    chosen = np.random.default_rng(1).permutation(len(spins))
    chains = effort.of(CHAINS)
    own = np.zeros(chains, np.int64)
    return Work(store(spins[chosen[:size]], "hebbian"), spins[chosen[-chains:]], own)


def _of_sites(size: int, effort: Effort) -> Work:
    return noisy(size, effort.of(max(1, ATTEMPTS // (10 * size)), 1))


_AXES = (
    Axis("images", "images", (100, 1_000, 10_000, 60_000), _of_images),
    Axis("patterns", "stored patterns p", (5, 10, 50, 100, 300, 784), _of_patterns),
    Axis("sites", "sites N", tuple(4**k for k in range(3, 9)), _of_sites),
    Axis(
        "sweeps",
        "half-sweeps",
        (2, 6, 20, 60, 200, 600, 2_000),
        lambda n, effort: recall(effort.of(CHAINS), sweeps=n),
    ),
)
AXES = {axis.name: axis for axis in _AXES}
"""The axes by name."""
