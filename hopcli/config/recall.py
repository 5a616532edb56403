"""Settings of the trials of ``hopcli recall``, and of the commands that run the same trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
from hopcli.config import groups, notations
from hopcli.config.base import Facts, again, setting
from hopcli.config.notations import Schedule
from hopcli.dynamics import DYNAMICS
from hopcli.starts import Start

_STUDY_TEMPERATURE = 0.2
_STUDY_CRITERION = 0.99
_HOTTEST = 1e9
_MOST_TRACED = 10_000  # sweeps, with one row each
_REPLAYED = {
    "dynamics": "metropolis",
    "order": "random",
    "start": Start("image"),
    "until_stable": False,
    "trace": False,
    "test_images": "same",
    "exclude_samples": False,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class TrialSettings(groups.SimulationSettings):
    """Settings of trials: starts, temperature, and the criterion of recall."""

    temperature: float | Schedule = setting(
        notations.temperature(),
        None,
        "Dynamics: Temperature T, with k_B = 1, or a schedule over the sweeps, "
        "FIRST:LAST:geometric or FIRST:LAST:linear.",
        shown_default="0.2; the sign rules have none",
        axis="temperature T  ($k_B$ = 1)",
    )
    gamma: float | None = setting(
        kinds.number(0, above=True),
        None,
        "Dynamics: Steepness of the sigmoid 1 / (1 + exp(-gamma h)), instead of T = 2 / gamma.",
    )
    start: Start = setting(notations.start(), Start("image"), f"Tests: {groups.start_help()}")
    tests: int | str = setting(
        kinds.either(kinds.integer(1), kinds.choice(["all"])),
        100,
        "Tests: Number of test images (or other starts) of each label, or all images.",
    )
    repeats: int = setting(kinds.integer(1), 10, "Tests: Number of repeats of the whole test.")
    test_images: str = setting(
        kinds.choice(("fresh", "same")),
        None,
        "Tests: Draw new test images for every repeat, or use the same ones in each.",
        shown_default="fresh",
    )
    exclude_samples: bool = setting(
        kinds.switch(),
        None,
        "Tests: Do not test images that took part in the selection.",
        shown_default="on",
    )
    criterion: float = setting(
        kinds.either(kinds.number(0, 1, above=True), kinds.choice(["auto"])),
        _STUDY_CRITERION,
        f"Tests: {groups.RECALLED} auto: 0.99, or 4 SD below the overlap at which a stored "
        "pattern itself rests, if that is lower.",
        axis="criterion (overlap)",
    )
    score: str = setting(
        kinds.choice(("abs", "signed")),
        "abs",
        "Tests: Score |m|, so that an inverse counts as recalled, or score m itself.",
    )

    @property
    def is_automatic(self) -> bool:
        """True if the criterion is ``auto``."""
        return isinstance(self.criterion, str)

    def check(self) -> None:
        """Check temperature and start."""
        super().check()
        self._check_temperature()
        if self.start.uses_images:
            return
        rule = f"has no effect with start '{self.start}', which is no test image"
        self.refuse("test_images", rule, self.test_images == "same")
        self.refuse("exclude_samples", rule, self.exclude_samples is False)
        self.refuse("tests", f"must be a number with start '{self.start}'", self.tests == "all")

    def _check_temperature(self) -> None:
        if not DYNAMICS[self.dynamics].stochastic:
            rule = f"cannot be given with dynamics {self.dynamics!r}, which has no noise"
            self.refuse("gamma", rule, self.gamma is not None)
            self.refuse("temperature", rule, self.temperature not in (None, 0))
        if self.gamma is not None:
            rule = "cannot be given together with temperature"
            self.refuse("gamma", rule, self.temperature is not None)
            rule = "has no effect on dynamics 'metropolis'; the sigmoid is dynamics glauber"
            self.refuse("gamma", rule, self.dynamics == "metropolis")
            self.refuse("gamma", f"must be at least {2 / _HOTTEST:g}", 2 / self.gamma > _HOTTEST)
        is_warm = notations.temperatures(self._temperature(), 2)[-1] > 0
        rule = "has no effect unless the temperature ends at 0; the sign rules are at 0"
        self.refuse("until_stable", rule, self.until_stable and is_warm)

    def _temperature(self) -> float | Schedule:
        if self.gamma is not None:
            return 2 / self.gamma
        if self.temperature is None:
            return _STUDY_TEMPERATURE if DYNAMICS[self.dynamics].stochastic else 0.0
        return self.temperature

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill temperature and test images; ``auto`` is 0.99 until runs lower it."""
        return {
            **super().concrete(facts),
            "temperature": self._temperature(),
            "gamma": None,
            "test_images": self.test_images or "fresh",
            "exclude_samples": self.exclude_samples is not False,
            "criterion": _STUDY_CRITERION if self.is_automatic else self.criterion,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class RecallConfig(TrialSettings):
    """Store patterns, start from test images, count recalled ones.

    Stores one pattern per label, by default with the pseudo-inverse rule (eqs. 2 and 3)

        W_ij = 1/N sum_mu,nu xi_i^mu (Q^-1)_mu,nu xi_j^nu,   Q_mu,nu = xi^mu.xi^nu / N

    then starts from test images of those labels and runs Metropolis at temperature T
    (algorithm 1): pick a spin at random, flip it if that does not raise the energy
    H = -1/2 sum_i!=j W_ij S_i S_j (eq. 4), else with probability exp(-dE/T). An image
    is recalled if its final overlap with its own pattern, m = S.xi / N (eq. 1), reaches
    the criterion and no other stored pattern is nearer.

    The nearest pattern has the largest |m|. At equal |m| a pattern precedes an inverse; among
    patterns that are still equal, the image's own pattern counts. If two stored patterns are
    each other's inverse, a final state in one counts for that one only, with --score abs and
    with --score signed. If inverses count as recalled, a line gives their number.

    The protocol as published, and as the authors ran it:
      hopcli recall --config paper
      hopcli recall --config paper-as-run
    Every training image of the five digits, once:
      hopcli recall --tests all --repeats 1
    Patterns selected before, Hebbian, colder:
      hopcli recall --patterns results/select/patterns.npz --rule hebbian --temperature 0.1
    Warmer, where a stored pattern itself rests below 0.99; or without the noise at the end:
      hopcli recall --temperature 0.4 --criterion auto
      hopcli recall --temperature 0.4 --quench
    Patterns from the training images, tests on MNIST's test images:
      hopcli recall --split test --select-split train

    A rule may fail to store a pattern: started in it at T = 0, the network leaves it for a state
    below m = 0.9 (or the criterion, if that is lower) or nearer to another pattern. A warning
    then names the state. It also names the options that would store every pattern, if any were
    found. --criterion auto is then refused: it would count that state as recalled.

    Noise also moves the network away from patterns that the rule stores. A criterion that is
    too high then counts noise as failure. The program makes a few runs from the stored
    patterns and measures the overlap at which each rests. It warns if this overlap is less
    than 3 SD above the criterion, or if more than 5 % of the runs end nearer to another
    pattern. It names options only after testing them on the stored patterns and on some of
    the trials.

    The program also continues a few trials for twice the sweeps, in random order at the last
    temperature. It warns if the accuracy would rise by more than half its interval.
    `hopcli relax` shows how it rises.

    The outcome of a trial is its own pattern, another pattern or an inverse. Otherwise it is
    a mixture of three stored patterns, a fixed point at T = 0, or a two-cycle (sync only). A
    run that ended before reaching any of these is unsettled.

    In accuracy.csv (as printed) sd_repeats and sem_repeats are over repeats. The row `overall`
    gives the mean over labels. Each label has the same weight, whatever its number of images.
    sd_labels is the population SD over labels, the +- 10 of the paper. ci_low and ci_high
    bound the 95 % interval for a new test image. Its independent units are images, not
    trials. With --tests all the interval is for a new run of the same images. outcomes.csv
    also lists possible outcomes that did not occur, with an upper bound on their rate.

    Tables:
      accuracy.csv   accuracy of each label, as printed
      repeats.csv    accuracy of each label in each repeat
      confusion.csv  trials per label and final state: pattern, inverse, or other
                     kind
      outcomes.csv   outcomes of each label: count, fraction, 95 % interval
      gallery.csv    a few trials: number, repeat, label, source_index, overlap_own,
                     best_label, best_overlap, recalled, outcome
      trace.csv      with --trace: energy and overlaps after every sweep of a few
                     trials
      trials.csv     with --keep trials: every trial, same columns except the number

    recall.npz contains the stored patterns (patterns.xi, ...), and first and last states of the
    gallery. Pictures are accuracy.png, confusion.png, gallery.png and, with --trace, trace.png;
    stored.png too for the protocol of the study, whose published values accuracy.png then shows.
    The manifest recall.json contains the resolved configuration, key, versions and SHA-256 of
    each file.

    Exit codes:
      0    finished
      2    refused or failed; earlier results are unchanged
      3    finished without pictures; tables and manifest are complete
      130  interrupted; the last line lists what is kept
    """

    command: ClassVar[str] = "recall"

    test_images: str = again(
        TrialSettings, "test_images", shown_default="fresh; same with --replay-authors"
    )
    exclude_samples: bool = again(
        TrialSettings, "exclude_samples", shown_default="on; off with --replay-authors"
    )
    quench: bool = setting(
        kinds.switch(),
        False,
        "Dynamics: Finish every run with sign updates (async) until no site would change, and "
        "score that.",
    )
    replay_authors: bool = setting(
        kinds.switch(),
        False,
        "Tests: Test the same images as the authors, visiting the sites in their order.",
    )
    trace: bool = setting(
        kinds.switch(),
        False,
        "Output: Write energy and overlaps after every sweep, for a few trials of each label.",
    )

    def check(self) -> None:
        """Check also the settings that a replay of the authors' run fixes."""
        super().check()
        for name, value in _REPLAYED.items() if self.replay_authors else ():
            found = getattr(self, name)
            rule = f"must be {value or 'off'} with replay_authors"
            self.refuse(name, rule, found is not None and found != value)
        rule = "must be a number with replay_authors"
        is_changing = isinstance(self.temperature, Schedule)
        self.refuse("tests", rule, self.replay_authors and self.tests == "all")
        self.refuse("temperature", rule, self.replay_authors and is_changing)
        rule = "has no effect with until_stable, which also quenches"
        self.refuse("quench", rule, self.quench and self.until_stable)
        is_long = self.sweeps > _MOST_TRACED
        self.refuse("sweeps", f"must be at most {_MOST_TRACED} with trace", self.trace and is_long)

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the same settings; a replay has the authors' images, samples included."""
        replayed = {"test_images": "same", "exclude_samples": False} if self.replay_authors else {}
        return {**super().concrete(facts), **replayed}
