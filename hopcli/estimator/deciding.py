"""From overlaps of final states to classes: scores of the classes, and rejected samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli.dynamics import DYNAMICS
from hopcli.errors import HopcliWarning
from hopcli.records import Bools, Floats, Ints, NDArray
from hopcli.taxonomy import nearness, recall_of

_MOST_LOST = 0.1  # share of prototypes


@dataclass(frozen=True, slots=True, eq=False)
class Ballot:
    """Votes of the repeats of some samples, each for the class of the nearest prototype.

    Parameters
    ----------
    m : ndarray of float64, shape (n_samples, repeats, p)
        Overlap of every final state with every prototype, -1 to 1.
    codes : ndarray of int64, shape (p,)
        Class of each prototype, 0 .. n_classes - 1.
    n_classes : int
        Number of classes; some may have no prototype.
    signed : bool
        Nearest by m, otherwise by |m|.

    Examples
    --------
    Two repeats of one sample, two prototypes of two classes:

    >>> m = np.array([[[0.4, -0.5], [0.5, 0.2]]])
    >>> Ballot(m, np.array([0, 1]), 2, signed=True).shares.tolist()
    [[1.0, 0.0]]
    >>> Ballot(m, np.array([0, 1]), 2, signed=False).shares.tolist()
    [[0.5, 0.5]]
    """

    m: Floats
    codes: Ints
    n_classes: int
    signed: bool

    @property
    def _nearness(self) -> Floats:
        """Compared values: m, or |m| with a pattern before an inverse at equal distance."""
        return self.m if self.signed else nearness(self.m)

    @property
    def shares(self) -> Floats:
        """Share of votes of each class, float64, shape (n_samples, n_classes)."""
        nearest = self.codes[self._nearness.argmax(axis=2)]
        votes = nearest[:, :, None] == np.arange(self.n_classes)
        return votes.mean(axis=1)

    @property
    def scores(self) -> Floats:
        """Shares, plus less than half a vote for the nearness of each class.

        float64, shape (n_samples, n_classes). The largest score has the largest share; of equal
        shares, the first.
        """
        shares, nearness = self.shares, self._nearness
        near = np.full(shares.shape, -1.0)
        for code in np.unique(self.codes):
            near[:, code] = nearness[:, :, self.codes == code].max(axis=2).mean(axis=1)
        found = shares + near / (4 * self.m.shape[1])
        found[np.arange(len(found)), shares.argmax(axis=1)] = found.max(axis=1)
        return found

    def rejected(self, criterion: float) -> Bools:
        """Return True for samples with fewer than half of the repeats at a prototype, bool."""
        any_prototype = np.zeros(self.m.shape[2], dtype=np.bool_)
        m = np.maximum(self.m, 0) if self.signed else self.m  # with m, no inverse is near
        recalled, _ = recall_of(m, any_prototype, criterion)
        return 2 * recalled.sum(axis=1) < self.m.shape[1]


def other_settings(settings: Mapping[str, Any]) -> list[tuple[str, object]]:
    """List settings that may make prototypes stay: name and value of each.

    Parameters
    ----------
    settings : mapping
        Settings of the classifier, by name.
    """
    found: list[tuple[str, object]] = []
    if DYNAMICS[settings["dynamics"]].stochastic:
        last = settings["temperature"]
        if np.ndim(last) == 0:
            found = [("temperature", float(f"{last / 2**k:.2g}")) for k in range(1, 5)]
        found.append(("dynamics", "async"))
    exact = ("rule", "pseudo-inverse")
    return found if settings["rule"] == exact[1] else [*found, exact]


def warn_of_lost(
    ballot: Ballot,
    codes: Ints,
    others: Iterable[tuple[str, object]],
    vote: Callable[[str, object], Ballot],
) -> bool:
    """Warn if prototypes, as starts, do not stay with their own class.

    Noise then decides the class of samples: the temperature is too high, or the network stores
    more patterns than its rule allows. Other settings are named only if the prototypes stay
    under them.

    Parameters
    ----------
    ballot : Ballot
        Ballot of the prototypes.
    codes : ndarray of int64, shape (p,)
        Their classes.
    others : iterable of (str, object)
        Other settings; if several of one parameter help, the first is named.
    vote : callable
        Returns the ballot of the prototypes under a setting.

    Returns
    -------
    bool
        True if it has warned.
    """
    if not _loses(ballot, codes):
        return False
    ways: dict[str, str] = {}
    for name, value in others:
        if name not in ways and not _loses(vote(name, value), codes):
            ways[name] = f"{name}={value!r}"
    lost = int(np.sum(ballot.shares.argmax(axis=1) != codes))
    advice = f" (try {' or '.join(ways.values())})" if ways else ""
    text = (
        f"{lost} of {len(codes)} prototypes do not stay with their own class under this rule "
        f"and these dynamics, so predictions are unreliable{advice}"
    )
    warnings.warn(text, HopcliWarning, stacklevel=3)
    return True


def _loses(ballot: Ballot, codes: Ints) -> bool:
    """Return whether too many prototypes do not stay with their classes."""
    return int(np.sum(ballot.shares.argmax(axis=1) != codes)) > _MOST_LOST * len(codes)


def with_rejected(found: NDArray[Any], rejected: Bools, reject: object) -> NDArray[Any]:
    """Return classes, with a replacement for rejected samples.

    Parameters
    ----------
    found : ndarray, shape (n_samples,)
        Class of each sample.
    rejected : ndarray of bool, shape (n_samples,)
        True for rejected samples.
    reject : object
        Result for rejected samples.

    Returns
    -------
    ndarray, shape (n_samples,)
        Of a common type; Python objects if only one of them is text.

    Examples
    --------
    >>> with_rejected(np.array(["a", "b"]), np.array([False, True]), "none").tolist()
    ['a', 'none']
    """
    kinds = {found.dtype.kind, np.asarray(reject).dtype.kind}
    alike = len(kinds) == 1 or kinds <= set("iuf")
    answer = found.astype(np.result_type(found, np.asarray(reject)) if alike else object)
    answer[rejected] = reject
    return answer
