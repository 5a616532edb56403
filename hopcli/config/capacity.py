"""Settings of ``hopcli capacity``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
from hopcli.config import notations
from hopcli.config.base import Facts, again, setting
from hopcli.config.groups import DataSettings, DynamicsSettings, LearningSettings, RunSettings
from hopcli.rules import RULES

_LOADS = tuple(i / 100 for i in (*range(2, 10, 2), *range(10, 17), 18, 20, 25, *range(30, 101, 10)))


@dataclass(frozen=True, eq=False, kw_only=True)
class CapacityConfig(DataSettings, LearningSettings, RunSettings):
    """Measure how many patterns a rule holds, against the load p / N.

    Stores p patterns for every load and measures the fraction of them that are fixed
    points. It also measures the mean overlap with a pattern after relaxation at T = 0, from
    the pattern itself and from the pattern with some sites flipped. Error bars are over independent
    draws of the patterns.

    Hebbian, Storkey and pseudo-inverse on random patterns:
      hopcli capacity
    On MNIST images, which are correlated:
      hopcli capacity --patterns images --loads 0.01:0.2:0.01
    Towards the limit of large N:
      hopcli capacity --rule hebbian --sizes 500,1000,2000 --loads 0.1:0.2:0.01
    Size of the basins of attraction:
      hopcli capacity --rule hebbian,storkey --sizes 400 --loads 0.05,0.1 --basins

    theory.csv lists the known loads for random patterns. Hebbian overlaps stay near 1 up to
    0.138 N (Amit, Gutfreund, Sompolinsky 1985). However, most patterns are
    fixed points only up to N / (2 ln N), and all of them up to N / (4 ln N) (McEliece et
    al. 1987); Storkey's up to N / sqrt(2 ln N) (Storkey 1997); pseudo-inverse ones up to N
    as long as they are linearly independent. Here W_ii = 0, so small basins remain up
    to N. With W_ii kept, a single flip would never be undone from about 0.55 N on (Kanter,
    Sompolinsky 1987). The perceptron's bound depends on kappa: 2 N at 0 and 0.52 N at
    1 (Gardner 1988).

    If interrupted, the same command continues where it stopped and writes the same bytes.

    Tables:
      capacity.csv  fixed points and overlaps at each load, as printed, with their
                    errors
      theory.csv    known loads for random patterns

    The picture is capacity.png, the manifest capacity.json.

    In capacity.csv `learnt` is the number of draws in which couplings were found. Draws fail if
    patterns are dependent or the perceptron runs out of epochs. Means are over the learnt
    draws, and empty if there are none. `wrong_first` is the fraction of sites that change in
    the first step from a stored pattern, all sites at once. `half_radius` (with --basins) is
    found by bisection.
    Each start flips the first sites of its own random order. It is recalled if it ends in the
    same state as the pattern itself (overlap 0.99 or more). `near_pattern` and `near_flipped`
    are the share of the tested patterns that end at an overlap above 0.9. `median_pattern` and
    `median_flipped` are the median overlap. Near the transition a pattern is either kept or lost
    as a whole, so the mean overlap describes neither. The 95 % intervals are for new draws,
    with patterns as the units of a draw. They have a width at 0 and 1 too, unless the rule
    makes every pattern a fixed point by construction. Near the Hebbian transition at 100 to
    784 spins, with 3 or more draws, the intervals of the shares cover 94 to 99 %. Those of means
    and medians cover 99 % or more.
    """

    command: ClassVar[str] = "capacity"
    daily: ClassVar[tuple[str, ...]] = ("sizes", "loads", "draws", "flips", "basins")

    rule: tuple[str, ...] = setting(
        kinds.choices(RULES),
        ("hebbian", "storkey", "pseudo-inverse"),
        "Network: Storage rules to compare.",
    )
    patterns: str = setting(
        kinds.choice(("random", "images")),
        "random",
        "Load: Store random patterns, or random images of the data set.",
    )
    sizes: tuple[int, ...] = setting(
        kinds.sizes(),
        None,
        "Load: Numbers of spins N of random patterns.",
        shown_default="784",
    )
    loads: tuple[float, ...] = setting(
        notations.grid(0, 1, above=True),
        _LOADS,
        "Load: Loads p / N, patterns by spins; at p = N one pattern less is stored.",
        shown_default="0.02 to 1 in 22 steps, finer around 0.14",
    )
    draws: int = setting(kinds.integer(1, 10_000), 5, "Load: Independent draws of the patterns.")
    flips: float = setting(
        kinds.number(0, 0.5),
        0.1,
        "Load: Fraction of sites flipped in the second start.",
        axis="sites flipped (fraction)",
    )
    basins: bool = setting(
        kinds.switch(),
        False,
        "Load: Also measure half_radius, the fraction of flipped sites at which half the starts "
        "are recalled.",
    )
    tests: int = setting(
        kinds.integer(1, 20_000), 50, "Load: Most patterns of each draw that runs start from."
    )
    sweeps: int = again(
        DynamicsSettings, "sweeps", default=50, help="Most sweeps of N, until stable."
    )

    @property
    def reads_data(self) -> bool:
        """True if the patterns are images."""
        return self.patterns == "images"

    def check(self) -> None:
        """Check that sizes and data fit the kind of patterns."""
        super().check()
        several = self.sizes is not None and len(self.sizes) > 1
        rule = "has no effect with patterns images, whose size is fixed"
        self.refuse("sizes", rule, self.patterns == "images" and several)
        rule = "has no effect with patterns random"
        self.refuse_changes(DataSettings.settings(), rule, self.patterns == "random")

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Return the given sizes, by default that of the pictures of the data set."""
        own = (facts.n_sites,)
        rule = f"must be {facts.n_sites}, the size of {facts.dataset}, with patterns images"
        self.refuse("sizes", rule, self.patterns == "images" and self.sizes not in (None, own))
        sizes = kinds.checked(self.settings()["sizes"].kind, "sizes", self.sizes or own)
        return {**super().concrete(facts), "sizes": sizes}
