"""Replays of the authors' runs, for several numbers of sweeps at once.

With the authors' order of sites every number of sweeps needs its own runs, because their stream
of sites continues from image to image. With a newly drawn order, a run of fewer sweeps is the
first part of a longer run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hopcli import dynamics
from hopcli.network import Network
from hopcli.observables import overlaps_of_sums
from hopcli.records import Bools, Ints, NDArray, Spins
from hopcli.taxonomy import recall_of

_AT_ONCE = 2  # orders, to bound the memory


@dataclass(frozen=True, slots=True, eq=False)
class Replays:
    """A network, and the images from which runs start.

    Parameters
    ----------
    couplings : Network
        The network.
    starts : ndarray of int8, shape (images, N)
        The images.
    own : ndarray of int64, shape (images,)
        Row of each image's own pattern.
    attempts : int
        Attempts in a sweep.
    temperature, criterion : float
        Temperature of the runs, and smallest overlap |m| at which an image counts as recalled.
    threads : int, optional
        Number of threads; the results do not depend on it.
    """

    couplings: Network
    starts: Spins
    own: Ints
    attempts: int
    temperature: float
    criterion: float
    threads: int | None = None

    def of_order(
        self,
        sites: NDArray[np.uint32],
        replays: int,
        seed: np.random.SeedSequence,
        tell: Callable[[], None],
    ) -> Ints:
        """Replay a given order of the sites, with new acceptance draws each time.

        Parameters
        ----------
        sites : ndarray of uint32, shape (images, attempts)
            Site of every attempt.
        replays : int
            Number of replays.
        seed : numpy.random.SeedSequence
            Seed of the acceptance draws.
        tell : callable
            Called after each replay.

        Returns
        -------
        ndarray of int64, shape (images,)
            Number of replays in which each image was recalled.
        """
        recalled = np.zeros(len(self.starts), dtype=np.int64)
        for own in seed.spawn(replays):
            recalled += self._recalled(self._run(self.starts, sites, own).ends)
            tell()
        return recalled

    def of_random_orders(
        self,
        sweeps: tuple[int, ...],
        orders: int,
        seeds: tuple[np.random.SeedSequence, np.random.SeedSequence],
        tell: Callable[[int], None],
    ) -> Bools:
        """Run twice in each of several random orders of the sites.

        Parameters
        ----------
        sweeps : tuple of int
            Numbers of sweeps after which to record recall, increasing.
        orders : int
            Number of orders.
        seeds : tuple of numpy.random.SeedSequence
            Seeds of the orders and of the acceptance draws.
        tell : callable
            Called with the number of finished orders.

        Returns
        -------
        ndarray of bool, shape (numbers of sweeps, orders, 2, images)
            True for recalled images.
        """
        of_orders, of_acceptance = (seed.spawn(orders) for seed in seeds)
        found = []
        for first in range(0, orders, _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            found.append(self._some_orders(sweeps, of_orders[some], of_acceptance[some]))
            tell(len(of_orders[some]))
        return np.concatenate(found, axis=1)

    def _some_orders(
        self,
        sweeps: tuple[int, ...],
        of_orders: list[np.random.SeedSequence],
        of_acceptance: list[np.random.SeedSequence],
    ) -> Bools:
        """Run some of the orders at once, from one number of sweeps to the next."""
        n_images, n_orders = len(self.starts), len(of_orders)
        streams = [np.random.default_rng(seed) for seed in of_orders]
        spins = np.tile(self.starts, (2 * n_orders, 1))
        parts = zip(*(seed.spawn(len(sweeps)) for seed in of_acceptance), strict=True)
        found = []
        for part, more in zip(parts, np.diff(sweeps, prepend=0).tolist(), strict=True):
            shape = (n_images, more * self.attempts)
            n_sites = self.couplings.n_sites
            sites = [rng.integers(n_sites, size=shape, dtype=np.uint32) for rng in streams]
            final = self._run(
                spins, np.concatenate([own for own in sites for _ in range(2)]), *part
            )
            spins = final.spins
            found.append(self._recalled(final.ends).reshape(n_orders, 2, n_images))
        return np.stack(found)

    def _run(
        self, spins: Spins, sites: NDArray[np.uint32], *seeds: np.random.SeedSequence
    ) -> dynamics.FinalStates:
        """Attempt updates at these sites; the seeds share the chains evenly."""
        each = len(spins) // len(seeds)
        return dynamics.replay(
            self.couplings,
            spins,
            sites=sites,
            seeds=np.concatenate([dynamics.chain_seeds(seed, each) for seed in seeds]),
            temperature=self.temperature,
            threads=self.threads,
        )

    def _recalled(self, ends: NDArray[np.int32]) -> Bools:
        """Return whether each final state recalls its image's own pattern or the inverse."""
        m = overlaps_of_sums(ends, self.couplings)
        own = np.tile(self.own, len(ends) // len(self.own))
        return recall_of(m, own[:, None] == np.arange(m.shape[1]), self.criterion)[0]
