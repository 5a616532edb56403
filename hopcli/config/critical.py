"""Settings of ``hopcli critical``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hopcli import kinds
from hopcli.config import groups, notations
from hopcli.config.base import again, setting
from hopcli.dynamics import DYNAMICS
from hopcli.rules import RULES

_RULES = {name: RULES[name] for name in ("pseudo-inverse", "hebbian", "storkey")}
"""Rules whose couplings are 1 / N times a function of the columns of the patterns, at any N."""
_DYNAMICS = {name: rule for name, rule in DYNAMICS.items() if rule.stochastic}
_TEMPERATURES = (
    *(i / 10 for i in range(1, 10)),
    *(i / 100 for i in (94, *range(96, 103), 104, 106)),
    *(1.1, 1.2, 1.5, 1.9),
)
_MOST_SWEEPS = 100_000
_MOST_KEPT = 10_000_000  # sweeps of all chains of a temperature that are kept


@dataclass(frozen=True, eq=False, kw_only=True)
class CriticalConfig(groups.PatternSettings, groups.RunSettings):
    """Measure the critical temperature of stored patterns.

    At each temperature chains start hot, from random spins, and cold, from the stored
    patterns in turn. The measurement leaves out the first 10 tau of a chain, at most half of
    it. Here tau is the integrated autocorrelation time of the squared projection norm over
    the second half of the chains.

    The rest of each chain gives means of:
      projection      m_P = |P S| / sqrt(N), the norm of the projection on
                      the span of the patterns
      Binder ratio    U = (n + 2 - n <m_P^4> / <m_P^2>^2) / 2, with n the rank
                      of the patterns; 1 in order and 0 in disorder
      susceptibility  N (<m_P^2> - <m_P>^2) / T
      energy          per spin, with the specific heat
      recall          share of chains whose last state has an overlap of at
                      least --criterion with a stored pattern

    The Binder ratios of two sizes cross near the critical temperature T_c. --scales makes the
    sizes: each pixel is repeated in both directions, which keeps the overlaps of the patterns.
    The crossing of a finite pair differs from T_c in proportion to 1 / sqrt(N_1 N_2). With
    three or more sizes the crossings of the two largest pairs are extrapolated. For exactly
    two patterns the run is also compared with the exact sum over all states.

    The "0" and the "4" of the study:
      hopcli critical
    Smaller pictures of 8 x 8, for which more sizes are affordable:
      hopcli critical --dataset digits --scales 1,2,4 --temperatures 0.9:1.06:0.01
    The pair that the authors ran, whose T_c is 1 + q = 1.44:
      hopcli critical --source-indices 56,9 --rule hebbian --temperatures 1.38:1.5:0.01

    A crossing comes from a joint fit of both sizes to the temperatures near T_c at which hot
    and cold starts agree. It needs four temperatures; about ten within 2 T_c / sqrt(N) of T_c
    are best. Its 95 % interval is always finite. It covers 93 to 99 % in simulations with
    known crossings, also with 5 chains. If the crossing lies outside the temperatures, the
    interval is wide and covers less.

    The extrapolated value falls short of T_c, as higher corrections remain. With exact
    crossings of two patterns the error is 3 to 155 % of the distance from the last crossing,
    and largest for Hebbian patterns of overlap 0.05 to 0.25. Its interval is therefore
    extended by twice this distance in that direction. It covers 96 to 98 % in 80 simulated
    runs of each rule, with three sizes of the pair of 8 x 8.

    Above T_c, components that fluctuate differently have U < 0, for example those of
    correlated Hebbian patterns.

    If interrupted, the same command continues where it stopped and writes the same bytes.

    Tables (chains are the independent units of all intervals):
      critical.csv        estimates with 95 % intervals, and exact values, as
                          printed
      critical_scan.csv   a row per size, temperature and start, and one for both
                          starts
      critical_exact.csv  exact values for two patterns on a fine grid
      critical_fit.csv    chi-square of the run against the exact values

    critical.npz contains the stored patterns and the means of every chain. The picture is
    critical.png, the manifest critical.json.
    """

    command: ClassVar[str] = "critical"
    daily: ClassVar[tuple[str, ...]] = ("scales", "chains")
    default_digits: ClassVar[tuple[str, ...]] = ("0", "4")

    digits: tuple[str, ...] = again(
        groups.PatternSettings, "digits", shown_default="0,4, or all where there are no such labels"
    )
    rule: str = again(
        groups.StorageSettings,
        "rule",
        kind=kinds.choice(_RULES),
        help=f"Rule that stores the patterns ({groups.described(_RULES)}).",
    )
    scales: tuple[int, ...] = setting(
        kinds.sizes(1, 32, metavar="SCALES"),
        (1, 2),
        "Scan: Number of times that each pixel is repeated in both directions; each gives a size.",
    )
    temperatures: tuple[float, ...] = setting(
        notations.grid(above=True),
        _TEMPERATURES,
        "Scan: Temperatures, with k_B = 1.",
        shown_default="0.1 to 1.9 in 23 steps, finer around 1",
    )
    chains: int = setting(
        kinds.integer(5, 1000),  # intervals of fewer would not cover 95 %
        30,
        "Scan: Chains from random spins, and as many from patterns, at each temperature and size.",
    )
    criterion: float = groups.criterion(
        "Scan: Smallest overlap |m| of a chain's end with a stored pattern that counts as recalled."
    )
    dynamics: str = again(
        groups.DynamicsSettings,
        "dynamics",
        kind=kinds.choice(_DYNAMICS),
        help=f"Update rule ({groups.described(_DYNAMICS)}).",
    )
    sweeps: int = again(
        groups.DynamicsSettings,
        "sweeps",
        default=500,
        kind=kinds.integer(20, _MOST_SWEEPS),
        help="Sweeps of N attempts of each chain.",
    )

    @staticmethod
    def most_sweeps(chains: int) -> int:
        """Return the maximum of sweeps for a number of chains per start, at most 100,000."""
        return min(_MOST_SWEEPS, _MOST_KEPT // (2 * chains))
