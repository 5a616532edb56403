"""What ``hopcli critical`` is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hopcli.config import kinds, notations
from hopcli.config.base import Facts, setting
from hopcli.config.groups import PatternSettings, RunSettings, described
from hopcli.dynamics import DYNAMICS
from hopcli.storage import RULES

__all__ = ["CriticalConfig", "ResolvedCritical"]

_RULES = {name: RULES[name] for name in ("pseudo-inverse", "hebbian", "storkey")}
"""Rules by which couplings are 1 / N times what the columns of the patterns say, at any N."""
_DYNAMICS = {name: rule for name, rule in DYNAMICS.items() if rule.stochastic}
_TEMPERATURES = (
    *(i / 10 for i in range(1, 10)),
    *(i / 100 for i in (94, *range(96, 103), 104, 106)),
    *(1.1, 1.2, 1.5, 1.9),
)
_MOST_SWEEPS = 100_000
_MOST_KEPT = 10_000_000  # sweeps of all chains of a temperature that are kept


@dataclass(frozen=True, eq=False, kw_only=True)
class CriticalConfig(PatternSettings, RunSettings):
    """Measure the critical temperature of stored patterns.

    At each temperature chains start hot, from random spins, and cold, from the stored
    patterns in turn. The integrated autocorrelation time tau of the squared projection norm
    over the second half of the chains says how much of their beginning is left out: 10 tau,
    at most half. The rest gives means of m_P = |P S| / sqrt(N), the norm of the projection on
    the span of the patterns; its Binder ratio U = (n + 2 - n <m_P^4> / <m_P^2>^2) / 2 with
    n the rank of the patterns, 1 in order and 0 in disorder; the susceptibility
    N (<m_P^2> - <m_P>^2) / T; energy and specific heat of a spin; and the fraction of chains
    whose last state overlaps with a stored pattern by --criterion.

    The Binder ratios of two sizes cross near the critical temperature. A size is the
    patterns with each pixel repeated in both directions (--scales), for only so have
    patterns of another N the same overlaps Q. The crossing of a finite pair is not the limit,
    but off in proportion to 1 / sqrt(N_1 N_2); by that those of three or more sizes are
    extrapolated. Of exactly two patterns everything is known exactly, by a sum over the
    states of the sites on which they agree and of those on which they differ, and the run is
    held to it.

    The "0" and the "4" of the study:
      hopcli critical
    Smaller pictures, of 8 x 8, where more sizes cost no more:
      hopcli critical --dataset digits --scales 1,2,4 --temperatures 0.9:1.06:0.01
    The pair that the authors ran, whose T_c is 1 + q = 1.44:
      hopcli critical --source-indices 56,9 --rule hebbian --temperatures 1.38:1.5:0.01

    The crossing comes from a joint fit of both sizes to the temperatures near T_c, as far as
    hot and cold starts agree there. It needs four, and about ten within 2 T_c / sqrt(N) of T_c
    are best. Its 95 % interval is always finite and covers 93 to 99 % in simulations with
    known crossings, also of 5 chains; if the crossing lies outside the temperatures it is
    wide, and covers less. Above T_c two components that do not fluctuate alike, as of
    correlated Hebbian patterns, have U < 0.

    Interrupted, the same command goes on where it was, to the same bytes.

    Writes critical.csv (the estimates, with 95 % intervals, and what is exact),
    critical_scan.csv (one row a size, temperature and start, and one of both starts),
    critical_exact.csv (two patterns on a fine grid), critical_fit.csv (chi-square of the run
    against them), critical.npz (the stored patterns, the means of every chain), critical.png
    and the manifest critical.json. Chains are the independent units of all intervals.
    """

    command: ClassVar[str] = "critical"
    default_digits: ClassVar[tuple[str, ...]] = ("0", "4")

    digits: tuple[str, ...] | None = setting(
        kinds.labels(),
        None,
        "Patterns",
        "Labels to store, in this order.",
        shown_default="0,4, or all where there are no such labels",
    )
    rule: str = setting(
        kinds.choice(_RULES),
        "pseudo-inverse",
        "Network",
        f"Rule that stores the patterns ({described(_RULES)}).",
    )
    scales: tuple[int, ...] = setting(
        kinds.sizes(1, 32, metavar="SCALES"),
        (1, 2),
        "Scan",
        "Times that each pixel is repeated in both directions; each is a size.",
    )
    temperatures: tuple[float, ...] = setting(
        notations.grid(above=True),
        _TEMPERATURES,
        "Scan",
        "Temperatures, with k_B = 1.",
        shown_default="0.1 to 1.9 in 23 steps, finer around 1",
    )
    chains: int = setting(
        kinds.integer(5, 1000),  # intervals of fewer would not cover what they promise
        30,
        "Scan",
        "Chains from random spins, and as many from patterns, at each temperature and size.",
    )
    criterion: float = setting(
        kinds.number(0, 1, above=True),
        0.99,
        "Scan",
        "Overlap |m| with a stored pattern from which on the end of a chain is one.",
    )
    dynamics: str = setting(
        kinds.choice(_DYNAMICS),
        "metropolis",
        "Dynamics",
        f"Update rule ({described(_DYNAMICS)}).",
    )
    sweeps: int = setting(
        kinds.integer(20, _MOST_SWEEPS), 500, "Dynamics", "Sweeps of N attempts of each chain."
    )

    @staticmethod
    def most_sweeps(chains: int) -> int:
        """Most sweeps of so many chains of each start, at most 100,000."""
        return min(_MOST_SWEEPS, _MOST_KEPT // (2 * chains))

    def resolve(self, facts: Facts) -> ResolvedCritical:
        """Fill in what is left open."""
        return ResolvedCritical(**self.filled(facts))


@dataclass(frozen=True, eq=False, kw_only=True)
class ResolvedCritical(CriticalConfig):
    """The same with every value."""

    digits: tuple[str, ...]
