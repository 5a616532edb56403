"""The classifier: prototypes are stored, samples are starts, final states give the class."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from hopcli.dynamics import FinalStates, run
from hopcli.errors import SettingError
from hopcli.estimator.deciding import Ballot, other_settings, warn_of_lost, with_rejected
from hopcli.estimator.parameters import (
    OF_RULES,
    check_count,
    check_parameters,
    entropy,
    seeds_of,
    united,
    with_parameters_of_rules,
)
from hopcli.estimator.prototypes import as_spins, choose, groups, levels
from hopcli.kinds import checked, choice
from hopcli.network import Network
from hopcli.observables import overlaps_of_sums
from hopcli.records import ArrayLike, Floats, NDArray, Spins
from hopcli.rules import RULES, project, store

_CHAINS = 16384  # chains at once, to bound the memory


class HopfieldClassifier(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # scikit-learn has no types
    ClassifierMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Classify by associative memory: store prototypes, run from samples, take the nearest.

    Numbers become spins (:attr:`threshold_`). A few prototypes of each class are stored in a
    Hopfield network, and each sample is a start. Its class is that of the prototype with the
    largest overlap with the final state, m = S . xi / N [ZG eq. 1].

    The study: ``prototypes="overlap-loss", n_prototypes=1, samples=20, dynamics="metropolis"``.

    Parameters
    ----------
    rule : {"pseudo-inverse", "hebbian", "storkey", "perceptron"}
        Rule that stores the prototypes. For dependent ones, the pseudo-inverse rule uses the
        Moore-Penrose inverse.
    prototypes : {"majority", "overlap-loss", "medoid"} or array-like, shape (p, n_features)
        Method that makes a prototype from samples: the sign of their sum, the one with the
        lowest overlap loss [ZG eq. 5], or the one with the largest mean overlap with the
        others. Or the prototypes themselves, in the units of X.
    prototype_labels : array-like, shape (p,), optional
        Class of each given prototype.
    n_prototypes : int
        Prototypes per class, >= 1. k-means divides the samples of a class into this number of
        clusters; fewer if fewer samples are different.
    samples : int or None
        Most competing samples of each class, drawn without replacement; None for all.
    threshold : {"otsu", "median", "mean"}, float or array-like, shape (n_features,)
        A feature above its level is +1, otherwise -1. The level of each feature is found in
        the samples of :meth:`fit`, or given: one for all features, or one for each. Two-valued
        data (spins, booleans, 0 and 1, ...) keep their two values at any level, and no level
        makes a feature of two values constant.
    dynamics : {"async", "sync", "metropolis", "glauber"}
        Update rule.
    order : {"random", "permutation", "fixed"}
        Order in which sites are tried; ``"sync"`` has none.
    temperature : float or array-like of float, shape (sweeps,)
        Temperature, or that of each sweep, >= 0 (k_B = 1); the sign rules have none.
    sweeps : int
        Sweeps of each run, >= 0; with 0 the samples do not change, and this is a classifier
        by the nearest prototype.
    attempts_per_sweep : int, optional
        Update attempts in a sweep, >= 1; by default N/2 as in the study, or N if a sweep
        visits each site once.
    signed : bool
        Nearest by the largest m. Otherwise by the largest |m|, so that an inverse counts as
        its prototype, as in the study.
    criterion : float
        Smallest overlap of a recalled prototype, above 0, at most 1; no other may be nearer.
    reject : object, optional
        Result of :meth:`predict` for a sample that recalls a prototype in fewer than half of
        its repeats; by default the nearest prototype's class. Probabilities always use the
        nearest prototype.
    repeats : int
        Runs of each sample, >= 1.
    random_state : int, numpy.random.Generator, numpy.random.RandomState, optional
        Source of the drawn samples, the clusters and the chains, used in :meth:`fit`. The
        result for a sample then depends only on its spins, not on other samples or earlier
        calls.
    n_jobs : int, optional
        Threads, as in scikit-learn: None is 1, -1 all. No result depends on it.
    **of_rules
        Parameters of the rules, see :func:`hopcli.store`: ``normalise``, ``kappa`` and
        ``epochs``.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The classes, sorted.
    prototypes_ : ndarray of int8, shape (p, n_features)
        The stored patterns, -1 or +1.
    prototype_labels_ : ndarray, shape (p,)
        Their classes.
    couplings_ : hopcli.network.Network
        The network.
    threshold_ : ndarray of float64, shape (n_features,)
        The level of each feature.

    Raises
    ------
    SettingError
        A ValueError: from :meth:`fit`, if a parameter is out of its range.
    PatternError
        A ValueError: from :meth:`fit`, if the perceptron rule finds no couplings.

    Warns
    -----
    HopcliWarning
        From :meth:`fit`, if prototypes as starts do not end in their own class.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> X, y = load_digits(n_class=3, return_X_y=True)
    >>> train, test, labels, truth = train_test_split(X, y, random_state=1)
    >>> memory = HopfieldClassifier(n_prototypes=2, random_state=1).fit(train, labels)
    >>> memory.prototype_labels_.tolist(), memory.couplings_.n_sites
    ([0, 0, 1, 1, 2, 2], 64)
    >>> bool(memory.score(test, truth) > 0.9)
    True
    >>> memory.transform(test).shape  # overlap with each prototype
    (135, 6)
    """

    @with_parameters_of_rules
    def __init__(
        self,
        rule: str = "pseudo-inverse",
        *,
        prototypes: str | ArrayLike = "majority",
        prototype_labels: ArrayLike | None = None,
        n_prototypes: int = 5,
        samples: int | None = 200,
        threshold: str | ArrayLike = "otsu",
        dynamics: str = "async",
        order: str = "random",
        temperature: ArrayLike = 0.2,
        sweeps: int = 20,
        attempts_per_sweep: int | None = None,
        signed: bool = True,
        criterion: float = 0.99,
        reject: Any = None,
        repeats: int = 1,
        random_state: Any = None,
        n_jobs: int | None = None,
        **of_rules: Any,
    ) -> None:
        own = dict(locals())
        for name in own.keys() - {"self", "of_rules"}:
            setattr(self, name, own[name])
        for name, default in OF_RULES.items():
            setattr(self, name, of_rules.pop(name, default))
        if of_rules:
            raise TypeError(f"HopfieldClassifier has no parameter {', '.join(of_rules)}")

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Choose prototypes and store them.

        Parameters
        ----------
        X : array-like of float or int, shape (n_samples, n_features)
            Finite numbers.
        y : array-like, shape (n_samples,)
            Class of each sample, of any type.

        Returns
        -------
        HopfieldClassifier
            Itself.
        """
        values, labels = validate_data(self, X, y)
        check_classification_targets(labels)
        check_parameters(self)
        choices, self._chains = np.random.SeedSequence(entropy(self.random_state)).spawn(2)
        self.threshold_ = levels(values, self.threshold)
        if isinstance(self.prototypes, str):
            self.classes_, codes = np.unique(labels, return_inverse=True)
            rng = np.random.default_rng(choices)
            spins = as_spins(values, self.threshold_)
            check_count("y", len(self.classes_))
            competing = groups(spins, codes.ravel(), self.samples, self.n_prototypes, rng)
            check_count("n_prototypes", len(competing))
            self.prototypes_, self._codes = choose(competing, self.prototypes)
        else:
            self.prototypes_, of = self._given()
            self.classes_ = united(labels, of)
            self._codes = np.searchsorted(self.classes_, of)
        self.prototype_labels_ = self.classes_[self._codes]
        self.couplings_ = self._stored()
        # Refuse now what the later steps would refuse.
        ballot, warned = self._ballot([self._run(self.prototypes_)]), vars(self).get("_warned", [])
        others = other_settings(vars(self))
        if not warned and warn_of_lost(ballot, self._codes, others, self._tried):
            warned.append(True)
        return self

    def __sklearn_clone__(self) -> Self:
        """Return a copy; of all copies, such as those of a search, only the first warns."""
        made: Self = super().__sklearn_clone__()
        made._of_copies = made._warned = self.__dict__.setdefault("_of_copies", [])
        return made

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the class in which most repeats of a sample end; the first of several such.

        Parameters
        ----------
        X : array-like of float or int, shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray, shape (n_samples,)
            Classes, or ``reject``.
        """
        votes = self._ballot(self._ends(X))
        found = self.classes_[votes.shares.argmax(axis=1)]
        if self.reject is None:
            return found
        return with_rejected(found, votes.rejected(self.criterion), self.reject)

    def predict_proba(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return the share of repeats that end nearest to a prototype of each class.

        Parameters
        ----------
        X : array-like of float or int, shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes)
            Shares; each row adds up to 1.
        """
        return self._ballot(self._ends(X)).shares

    def decision_function(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return a score per class: first the share of repeats, then the overlap.

        Parameters
        ----------
        X : array-like of float or int, shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes), or (n_samples,) for two classes
            The share, plus less than half a repeat for the mean overlap with the nearest prototype
            of the class. For two classes, the second's score less the first's. The largest score
            (for two: the sign) is the predicted class.
        """
        found = self._ballot(self._ends(X)).scores
        return found[:, 1] - found[:, 0] if len(self.classes_) == 2 else found

    def transform(self, X: ArrayLike) -> Floats:  # noqa: N803
        """Return the overlaps with the prototypes after the dynamics.

        Parameters
        ----------
        X : array-like of float or int, shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of float64, shape (n_samples, p)
            Signed overlaps in [-1, 1], dimensionless, mean over the repeats.
        """
        return self._overlaps(self._ends(X)).mean(axis=1)

    def recall(self, X: ArrayLike) -> Spins:  # noqa: N803
        """Return the final states.

        Parameters
        ----------
        X : array-like of float or int, shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of int8, shape (n_samples, repeats, n_features)
            Values -1 or +1.
        """
        states = [ends.spins for ends in self._ends(X)]
        return np.concatenate(states).reshape(-1, self.repeats, self.couplings_.n_sites)

    @property
    def _n_features_out(self) -> int:
        """Number of columns of :meth:`transform`, from which scikit-learn makes their names."""
        return len(self.prototypes_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # two features are only two spins
        return tags

    def _given(self) -> tuple[Spins, NDArray[Any]]:
        """Return given prototypes, as spins, and their classes."""
        values = check_array(self.prototypes)
        if values.shape[1] != self.n_features_in_:
            rule = f"must have {self.n_features_in_} features, like X"
            raise SettingError("prototypes", rule, values.shape[1])
        check_count("prototypes", len(values))
        labels = np.atleast_1d(np.asarray(self.prototype_labels))
        if self.prototype_labels is None or labels.shape != (len(values),):
            rule = f"must be {len(values)} labels, one for each of the prototypes"
            raise SettingError("prototype_labels", rule, self.prototype_labels)
        return as_spins(values, self.threshold_), labels

    def _stored(self) -> Network:
        """Return the network of the prototypes."""
        rule = checked(choice(RULES), "rule", self.rule)
        if rule == "pseudo-inverse":
            return project(self.prototypes_)
        given = {name: vars(self)[name] for name in RULES[rule].parameters if name in vars(self)}
        return store(self.prototypes_, rule, **given)

    def _tried(self, name: str, value: object) -> Ballot:
        """Return the ballot of the prototypes with another value of a parameter."""
        other = copy.copy(self).set_params(**{name: value})
        other.couplings_ = other._stored()
        return other._ballot([other._run(self.prototypes_)])

    def _ends(self, X: ArrayLike) -> Iterator[FinalStates]:  # noqa: N803
        """Run the chains of all samples, some samples at a time."""
        check_is_fitted(self)
        spins = as_spins(validate_data(self, X, reset=False), self.threshold_)
        step = max(_CHAINS // self.repeats, 1)
        return (self._run(spins[first : first + step]) for first in range(0, len(spins), step))

    def _run(self, spins: Spins) -> FinalStates:
        """Run the chains of some samples, sample after sample."""
        n_sites = self.couplings_.n_sites
        attempts = n_sites if self.order != "random" else max(n_sites // 2, 1)
        return run(
            self.couplings_,
            np.repeat(spins, self.repeats, axis=0),
            seeds=seeds_of(spins, self._chains, self.repeats).ravel(),
            dynamics=self.dynamics,
            temperatures=self.temperature,
            sweeps=self.sweeps,
            attempts_per_sweep=self.attempts_per_sweep or attempts,
            order=self.order,
            threads=effective_n_jobs(self.n_jobs),
        )

    def _overlaps(self, all_ends: Iterable[FinalStates]) -> Floats:
        """Return the overlap of every final state with every prototype, (n_samples, repeats, p)."""
        m = [overlaps_of_sums(ends.ends, self.couplings_) for ends in all_ends]
        return np.concatenate(m).reshape(-1, self.repeats, len(self.prototypes_))

    def _ballot(self, all_ends: Iterable[FinalStates]) -> Ballot:
        """Collect the votes of the repeats of each sample."""
        m = self._overlaps(all_ends)
        return Ballot(m, self._codes, len(self.classes_), self.signed)
