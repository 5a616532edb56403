"""Settings of ``hopcli attractors``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hopcli import kinds
from hopcli.config import groups, notations
from hopcli.config.base import again, setting
from hopcli.dynamics import DYNAMICS
from hopcli.rules import GIVEN, RULES
from hopcli.starts import Start


@dataclass(frozen=True, eq=False, kw_only=True)
class AttractorsConfig(groups.PatternSettings, groups.LearningSettings, groups.RunSettings):
    """Count the final states of runs at T = 0, including spurious states.

    Runs the same starts under each rule until no site would change, S_i = sign(h_i -
    theta_i) everywhere, and lists the distinct final states: how often each was reached,
    with a 95 % interval, its energy, and what it is. In this order: a two-cycle (sync
    only), a stored pattern or its inverse (|m| at least the criterion), a mixture of three
    stored patterns, another fixed point, or unsettled when the sweeps ran out.

    A state and its inverse count as one with --theta 0 and --tie keep. Thresholds from a
    file or other ties break the symmetry, so both are listed. A two-cycle counts once. The
    tables list the one of its two states that is nearer to a stored pattern.

    The spurious states of the study's five digits, rule by rule:
      hopcli attractors --rule hebbian,storkey,pseudo-inverse
    From test images rather than random spins:
      hopcli attractors --start image --starts 5000
    From the sign of the sum of three drawings:
      hopcli attractors --dataset drawings --start majority

    kinds.csv also estimates the number of states, including states not reached. The Chao1
    estimate uses the states reached once and twice, with its 95 % interval (Chao 1987). The row
    `attractors` is for all states except unsettled ones. The estimate is a lower bound,
    as a network may have very many rare states. It assumes independent starts.

    Tables:
      kinds.csv       kinds of final state under each rule, as printed
      attractors.csv  every distinct final state

    attractors.npz contains the most frequent states, int8, an array per rule, and the stored
    patterns. The picture is attractors.png, the manifest attractors.json.
    """

    command: ClassVar[str] = "attractors"
    daily: ClassVar[tuple[str, ...]] = ("starts", "most")

    rule: tuple[str, ...] = setting(
        kinds.choices((*RULES, GIVEN)),
        ("pseudo-inverse",),
        "Network: Storage rules to compare, each by itself.",
    )
    weights: str | None = again(groups.StorageSettings, "weights")
    self_coupling: bool = again(groups.StorageSettings, "self_coupling")
    theta: float | str = again(groups.StorageSettings, "theta")
    dynamics: str = again(
        groups.DynamicsSettings,
        "dynamics",
        default="async",
        kind=kinds.choice([name for name, rule in DYNAMICS.items() if not rule.stochastic]),
        help="Sign of the field, one site at a time (async) or all at once (sync).",
    )
    tie: str = again(groups.DynamicsSettings, "tie")
    sweeps: int = again(
        groups.DynamicsSettings, "sweeps", default=200, help="Most sweeps of N, until stable."
    )
    start: Start = setting(
        notations.start(), Start("random", (0.5,)), f"Census: {groups.start_help()}"
    )
    starts: int = setting(kinds.integer(1, 10_000_000), 10_000, "Census: Number of starts.")
    criterion: float = groups.criterion(
        "Census: Smallest overlap with a pattern, an inverse or a mixture that identifies a state.",
    )
    most: int = setting(
        kinds.integer(1, 1000), 12, "Census: Most frequent states drawn for each rule."
    )

    @property
    def folds_inverses(self) -> bool:
        """True if a state and its inverse count as one: the dynamics treat both alike."""
        return self.theta == 0 and self.tie == "keep"
