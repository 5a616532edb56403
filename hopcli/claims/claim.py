"""Records of a claims file: claims, their conditions, and the runs that measure them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hopcli.claims.expressions import Expression

ERRORS = {
    "none": "exact",
    "thermal": "thermal noise",
    "images": "test images",
    "selection": "draw of the samples",
    "patterns": "random patterns",
    "starts": "random starts",
    "likelihood": "likelihood",
}
"""Sources of the error that an interval covers."""

ROLES = {
    "text": "the protocol that the text describes",
    "authors": "the protocol that the authors' own program ran",
    "explanation": "another hypothesis that can explain a failure; it never supports a claim",
    "step": "a step of the ladder from the text's protocol to the authors'",
    "other": "a further setting, for comparison; it does not affect the verdict",
}
"""Roles of a condition."""

RESAMPLED = {
    "trials": "each trial has another test image",
    "images": "each study has its own test images, the same in all its repeats",
    "repeats": "the repeats of the run, whose test images are fixed",
    "moments": "normal repeats with the mean and SD of the run",
    "selections": "each selection of the run is one study",
}
"""Ways of simulating a printed number from the data of a run."""

PATTERNS = {"printed": "with the printed patterns", "any": "with any draw of samples"}
"""Questions that a claim about recall can ask."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RunOf:
    """A run that measures something: a configuration to run, or a folder to read.

    Parameters
    ----------
    name : str
        Name in expressions.
    config : str, optional
        A configuration or grid: a file, or the name of one that comes with hopcli.
    set : mapping
        Settings that replace those of the configuration.
    quick : mapping
        Further settings for ``--quick``.
    folder : str, optional
        Folder of a finished run, instead of a configuration.
    command : str, optional
        Command of the run, if the folder contains several.
    """

    name: str
    config: str | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    folder: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Condition:
    """A protocol under which a claim is measured.

    Parameters
    ----------
    label : str
        Name of the protocol, such as "as the text says" or "Hebbian rule".
    role : str
        A name of :data:`ROLES`.
    value : Expression
        The number.
    error : str
        Source of the error that its interval covers, a name of :data:`ERRORS`.
    resample : str
        Simulation of a printed number, a name of :data:`RESAMPLED`; for test ``printed`` only.
    shared : str, optional
        Column with the SD that all repeats of a study share; for ``moments`` only.
    """

    label: str
    role: str
    value: Expression
    error: str = "none"
    resample: str = ""
    shared: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Claim:
    """One claim.

    Parameters
    ----------
    id : str
        Short name.
    text, place : str
        The claim, and its place in the source.
    published : object
        The published number, text, list of them, or table of numbers by row.
    conditions : tuple of Condition
        The protocols under which it is measured; the first is the text's.
    test : str
        A name of :data:`hopcli.claims.judging.TESTS`.
    plus_minus : float or mapping, optional
        The printed SD of one repeat.
    percent : bool
        Published numbers are in per cent, measured numbers are fractions.
    unit : str
        Unit of the numbers.
    margin : float, optional
        Largest difference from the published number that does not matter.
    reason : str
        Reason for the margin.
    alternative : float, optional
        The value if the claim is wrong. The margin must exclude it.
    bound : float, optional
        Bound of tests ``above`` and ``below``.
    by : str
        Column whose values name the published numbers, for test ``printed``.
    statistic : str
        ``mean`` or ``sd`` over the repeats, for test ``printed``.
    step : float
        Step to which the number was rounded (1 for a whole per cent).
    images, repeats : int
        Test images of a repeat and repeats of the published study.
    patterns : str
        A name of :data:`PATTERNS`, if the claim is about recall.
    family : str
        Claims of one family share Holm's correction.
    shown : str
        Published value in the words of the source, if the numbers alone say too little.
    note : str
        Remark on the test or the source.
    picture : str, optional
        Run whose picture the report shows.
    """

    id: str
    text: str
    place: str
    published: Any
    test: str
    conditions: tuple[Condition, ...]
    plus_minus: Any = None
    percent: bool = False
    unit: str = ""
    margin: float | None = None
    reason: str = ""
    alternative: float | None = None
    bound: float | None = None
    by: str = "label"
    statistic: str = "mean"
    step: float = 1.0
    images: int = 100
    repeats: int = 10
    patterns: str = ""
    family: str = ""
    shown: str = ""
    note: str = ""
    picture: str | None = None

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the runs that it needs."""
        return tuple(dict.fromkeys(run for one in self.conditions for run in one.value.runs))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Claims:
    """A claims file.

    Parameters
    ----------
    path : Path
        The file.
    title, source : str
        Title and authors of the text.
    alpha : float
        Error rate of each test, or of each family of tests.
    runs : dict of str to RunOf
        The runs by name.
    claims : tuple of Claim
        The claims, in order.
    """

    path: Path
    title: str
    source: str
    alpha: float
    runs: dict[str, RunOf]
    claims: tuple[Claim, ...]

    def used(self) -> dict[str, RunOf]:
        """Return the runs that some claim needs, in the order of the file."""
        names = {name for claim in self.claims for name in claim.runs}
        names |= {claim.picture for claim in self.claims if claim.picture}
        return {name: run for name, run in self.runs.items() if name in names}

    def place_of(self, claim: Claim, condition: Condition) -> str:
        """Place of a condition in the file, for a message."""
        return f"{self.path}: claims.{claim.id}: {condition.label}"
