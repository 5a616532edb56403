"""Records of a claims file: claims, their conditions, and the runs that measure them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any

from hopcli.claims.expressions import Expression
from hopcli.kinds import Kind, choice, fits, integer, number, switch, word
from hopcli.values import RefusedError

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

TEXT, RATE = word("TEXT"), number(0, 0.5, above=True)
_POSITIVE, _FINITE, _COUNT = number(0, above=True), number(-math.inf), integer(1, 1_000_000)


def instance(of: type, rule: str) -> Kind:
    """Make a kind for non-empty values of one type."""

    def check(value: Any) -> Any:
        if not isinstance(value, of) or not value:
            raise RefusedError(rule)
        return value

    return Kind("", check)


TABLE = instance(dict, "must be a table that is not empty")


def _published(least: float, rule: str, *, texts: bool = False) -> Kind:
    """Make a kind for a number or a table of them; a published value may also be text or a list."""
    one = number(least)

    def check(value: Any) -> Any:
        listed = value if texts and isinstance(value, list) else [value]
        if isinstance(value, dict):
            listed = list(value.values())
        texts_too = texts and not isinstance(value, dict)
        if not listed or not all(
            fits(one.check, item) or (texts_too and isinstance(item, str)) for item in listed
        ):
            raise RefusedError(rule)
        return value

    return Kind("", check)


def key(kind: Kind | None = TEXT, default: Any = MISSING) -> Any:
    """Declare a key of a file by its kind; None if reading checks it."""
    if default == {}:
        return field(default_factory=dict, metadata={"kind": kind})
    return field(default=default, metadata={"kind": kind})


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
    config: str | None = key(default=None)
    set: Mapping[str, Any] = key(TABLE, {})
    quick: Mapping[str, Any] = key(TABLE, {})
    folder: str | None = key(default=None)
    command: str | None = key(default=None)


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

    label: str = key()
    role: str = key(choice(ROLES))
    value: Expression = key(None)
    error: str = key(choice(ERRORS), "none")
    resample: str = key(choice(RESAMPLED), "")
    shared: str | None = key(default=None)


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

    id: str = key()
    text: str = key()
    place: str = key()
    published: Any = key(
        _published(-math.inf, "must be a number, a text, a list, or a table of numbers", texts=True)
    )
    test: str = key(None)
    conditions: tuple[Condition, ...] = key(
        instance(list, "must be a list of tables ([[claims.conditions]])")
    )
    plus_minus: Any = key(_published(0, "must be a number >= 0, or a table of such"), None)
    percent: bool = key(switch(), False)
    unit: str = key(default="")
    margin: float | None = key(_POSITIVE, None)
    reason: str = key(default="")
    alternative: float | None = key(_FINITE, None)
    bound: float | None = key(_FINITE, None)
    by: str = key(default="label")
    statistic: str = key(choice(("mean", "sd")), "mean")
    step: float = key(_POSITIVE, 1.0)
    images: int = key(_COUNT, 100)
    repeats: int = key(_COUNT, 10)
    patterns: str = key(choice(PATTERNS), "")
    family: str = key(default="")
    shown: str = key(default="")
    note: str = key(default="")
    picture: str | None = key(default=None)

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
