"""The estimator agrees with the network, levels and prototypes with their definitions."""

from __future__ import annotations

import contextlib
import pickle
import warnings
from collections.abc import Callable
from typing import Any
from unittest import SkipTest

import classifiers
import numpy as np
import pandas as pd
import pytest
from conftest import random_patterns
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from hopcli.datasets import Dataset, thresholds
from hopcli.dynamics import run
from hopcli.errors import HopcliWarning, SettingError
from hopcli.estimator import HopfieldClassifier
from hopcli.estimator.deciding import Ballot, warn_of_lost
from hopcli.estimator.parameters import seeds_of
from hopcli.estimator.prototypes import Group, as_spins, choose, groups, levels, otsu
from hopcli.observables import overlaps
from hopcli.patterns import overlap_loss
from hopcli.rules import project, store
from hopcli.statistics import exact_interval

Spins = NDArray[np.int8]

MAY_WARN = pytest.mark.filterwarnings("ignore::hopcli.errors.HopcliWarning")
"""Settings for very small, or very full, networks."""
CHECKED = [
    HopfieldClassifier(sweeps=4),
    # So many prototypes of so few spins that each state is one or an inverse: none is rejected.
    HopfieldClassifier(n_prototypes=8, samples=None, reject=-1, criterion=0.3, signed=False),
    HopfieldClassifier(n_prototypes=3, prototypes="majority", samples=None, sweeps=2),
]


@MAY_WARN
@parametrize_with_checks(CHECKED)  # type: ignore[untyped-decorator]
def test_scikit_learn_checks(estimator: HopfieldClassifier, check: Callable[[Any], None]) -> None:
    with contextlib.suppress(SkipTest):  # of packages that are not there
        check(estimator)


def _noisy(seed: int, p: int, n_sites: int, each: int, flips: float) -> tuple[Spins, Spins, Any]:
    """Patterns, samples of each with some sites turned, and the samples' labels."""
    xi = random_patterns(seed, p, n_sites)
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(p), each)
    turned = rng.random((len(labels), n_sites)) < flips
    return xi, np.where(turned, -xi[labels], xi[labels]).astype(np.int8), labels


def _memory(xi: Spins, **settings: Any) -> HopfieldClassifier:
    """A network of given patterns, fitted."""
    names = np.array([f"c{number}" for number in range(len(xi))])
    usual: dict[str, Any] = {"threshold": 0, "random_state": 3, "dynamics": "metropolis"}
    settings = usual | settings
    memory = HopfieldClassifier(prototypes=xi, prototype_labels=names, **settings)
    return memory.fit(xi, names)


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    return load_digits(return_X_y=True)


# --- ends and votes ----------------------------------------------------------------------


@pytest.mark.parametrize("dynamics", ["metropolis", "glauber", "async", "sync"])
def test_the_ends_are_those_of_the_same_chains_run_by_hand(dynamics: str) -> None:
    xi, samples, _ = _noisy(3, 4, 50, 5, 0.3)
    memory = _memory(xi, repeats=3, dynamics=dynamics, temperature=0.3, sweeps=7)
    chains = np.random.SeedSequence(3).spawn(2)[1]
    seeds = seeds_of(samples, chains, 3).ravel()
    how: Any = {"dynamics": dynamics, "temperatures": 0.3, "sweeps": 7, "attempts_per_sweep": 25}
    ends = run(store(xi), np.repeat(samples, 3, axis=0), seeds=seeds, **how)
    np.testing.assert_array_equal(memory.recall(samples).reshape(-1, 50), ends.spins)
    m = overlaps(ends.spins, xi).reshape(-1, 3, 4)
    np.testing.assert_allclose(memory.transform(samples), m.mean(axis=1), atol=1e-12)
    votes = np.stack([(m.argmax(axis=2) == code).sum(axis=1) for code in range(4)], axis=1)
    np.testing.assert_allclose(memory.predict_proba(samples), votes / 3, atol=1e-12)


def test_repeats_vote_and_all_agree_on_who_has_won() -> None:
    xi, samples, _ = _noisy(4, 3, 30, 40, 0.5)
    memory = _memory(xi, repeats=4, temperature=0.6)
    shares = memory.predict_proba(samples)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert set(np.unique(4 * shares)) == {0, 1, 2, 3, 4}
    best = np.sort(shares, axis=1)
    assert np.any(best[:, -1] == best[:, -2])  # also where votes are equal
    scores = memory.decision_function(samples)
    for winner in (shares.argmax(axis=1), scores.argmax(axis=1)):
        np.testing.assert_array_equal(memory.classes_[winner], memory.predict(samples))
    # More votes outdo any overlap; of equal votes that are not the most, overlap decides.
    assert np.all(np.abs(scores - shares) <= 1 / 16 + 1e-12)
    assert len(np.unique(scores)) > len(np.unique(shares)) + 20
    two = _memory(xi[:2], repeats=2, temperature=0.5)  # the sign tells two classes
    np.testing.assert_array_equal(two.predict(samples) == "c1", two.decision_function(samples) > 0)
    assert np.any(two.predict_proba(samples) == 0.5)


# --- random numbers ----------------------------------------------------------------------


def test_an_answer_depends_on_nothing_but_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    xi, samples, _ = _noisy(6, 4, 40, 10, 0.4)
    memory = _memory(xi, temperature=0.5, repeats=2)
    expected = memory.recall(samples)
    np.testing.assert_array_equal(memory.recall(samples[::-1])[::-1], expected)
    np.testing.assert_array_equal(memory.recall(samples[7:8]), expected[7:8])
    monkeypatch.setattr("hopcli.estimator.classifier._CHAINS", 6)
    np.testing.assert_array_equal(memory.set_params(n_jobs=-1).recall(samples), expected)
    assert np.any(expected[:, 0] != expected[:, 1])  # repeats are chains of their own
    other = _memory(xi, temperature=0.5, random_state=4).recall(samples)
    assert np.any(other[:, 0] != expected[:, 0])
    again = pickle.loads(pickle.dumps(memory))
    np.testing.assert_array_equal(again.recall(samples), expected)


def test_chains_of_different_samples_are_independent() -> None:
    """Seeds of neighbours, one site apart, are all different, and so are streams."""
    starts = np.where(np.eye(200, dtype=bool), -1, 1).astype(np.int8)
    one, other = np.random.SeedSequence(1).spawn(2)
    seeds = np.concatenate([seeds_of(starts, stream, 5).ravel() for stream in (one, other)])
    assert len(np.unique(seeds)) == 2000
    np.testing.assert_array_equal(seeds_of(starts[3:4], one, 2)[0], seeds_of(starts, one, 5)[3, :2])


def test_a_generator_moves_on_and_none_is_new_every_time(digits: tuple[Any, Any]) -> None:
    x, y = digits[0][:200], digits[1][:200]
    for make in (int, np.int64, np.random.default_rng, np.random.RandomState):
        one, two = (HopfieldClassifier(random_state=make(7)).fit(x, y) for _ in range(2))
        np.testing.assert_array_equal(one.transform(x), two.transform(x))
    for state in (np.random.default_rng(7), None):
        one, two = (HopfieldClassifier(random_state=state).fit(x, y) for _ in range(2))
        assert np.any(one.prototypes_ != two.prototypes_)
        np.testing.assert_array_equal(one.recall(x[:9]), one.recall(x[:9]))


# --- rejections and inverses -------------------------------------------------------------


def test_what_recalls_nothing_is_rejected() -> None:
    xi, far = random_patterns(7, 3, 100), random_patterns(8, 1, 100)
    memory = _memory(xi, dynamics="async", sweeps=0, reject="none", criterion=0.9)
    nearly = xi.copy()
    nearly[:, :5] *= -1  # m = 0.9, which is just enough
    assert memory.predict(np.vstack([nearly, far])).tolist() == ["c0", "c1", "c2", "none"]
    further = nearly.copy()
    further[:, 5] *= -1
    assert memory.predict(further).tolist() == ["none"] * 3
    assert memory.set_params(reject=None).predict(further).tolist() == ["c0", "c1", "c2"]
    memory.set_params(reject=-1)
    assert memory.predict(np.vstack([nearly, far])).tolist() == ["c0", "c1", "c2", -1]

    xi, samples, _ = _noisy(9, 3, 40, 30, 0.35)
    memory = _memory(xi, repeats=4, temperature=0.25, reject="none", criterion=0.95)
    m = overlaps(memory.recall(samples), xi)
    recalled = (m >= 0.95 - 1e-12).any(axis=2).sum(axis=1)
    assert {1, 2} <= set(recalled.tolist())
    np.testing.assert_array_equal(memory.predict(samples) == "none", recalled < 2)


def test_an_inverse_counts_only_if_it_is_asked_for() -> None:
    xi = random_patterns(10, 3, 50)
    assert _memory(xi, sweeps=0, signed=False).predict(-xi).tolist() == ["c0", "c1", "c2"]
    expected = [f"c{code}" for code in overlaps(-xi, xi).argmax(axis=1)]
    assert _memory(xi, sweeps=0).predict(-xi).tolist() == expected != ["c0", "c1", "c2"]
    m = np.array([[[0.5, -0.9]]])  # a state near a prototype, and nearer to an inverse
    for signed, rejected in ((True, [False, True]), (False, [False, False])):
        ballot = Ballot(m, np.array([0, 1]), 2, signed=signed)
        assert [bool(ballot.rejected(c)[0]) for c in (0.4, 0.6)] == rejected


# --- fitting -----------------------------------------------------------------------------


@MAY_WARN
@pytest.mark.parametrize(
    ("rule", "parameters"),
    [("hebbian", {"normalise": "p"}), ("perceptron", {"kappa": 0.2, "epochs": 500})],
)
def test_rule_parameters(digits: tuple[Any, Any], rule: str, parameters: dict[str, Any]) -> None:
    memory = HopfieldClassifier(rule, n_prototypes=1, samples=20, random_state=1, **parameters)
    memory.fit(*digits)
    expected = store(memory.prototypes_, rule, **parameters)
    np.testing.assert_array_equal(memory.couplings_.J, expected.J)


BAD = {"rule": "hebb", "prototypes": "best", "n_prototypes": 0, "samples": 2.5, "threshold": "mode"}
BAD |= {"dynamics": "wolff", "order": "sorted", "temperature": -1, "sweeps": -1, "repeats": True}
BAD |= {"attempts_per_sweep": 0, "criterion": 1.5, "random_state": -3, "signed": "no"}


@pytest.mark.parametrize(
    ("setting", "value"), [*BAD.items(), ("threshold", [1.0, 2.0]), ("threshold", np.nan)]
)
def test_fit_refuses_bad_parameters(digits: tuple[Any, Any], setting: str, value: Any) -> None:
    with pytest.raises(SettingError) as error:
        HopfieldClassifier(**{setting: value}).fit(digits[0][:40], digits[1][:40])
    assert error.value.setting in (setting, f"{setting}s")


@pytest.mark.parametrize("labels", [None, [0, 1], [[0], [1], [2]]])
def test_given_prototypes_need_a_label_each(labels: Any) -> None:
    xi = random_patterns(1, 3, 8)
    with pytest.raises(SettingError, match=r"prototype_labels .*3"):
        HopfieldClassifier(prototypes=xi, prototype_labels=labels).fit(xi, [0, 1, 2])
    with pytest.raises(SettingError, match=r"prototypes .*8.*7"):
        HopfieldClassifier(prototypes=xi[:, 1:], prototype_labels=[0, 1, 2]).fit(xi, [0, 1, 2])


def test_prototypes_that_noise_carries_away_are_warned_of(digits: tuple[Any, Any]) -> None:
    """Fifty majorities of 64 pixels rest at T = 0, and are lost at the study's T = 0.2."""
    study = {"prototypes": "majority", "n_prototypes": 5, "threshold": 7, "samples": 20}
    memory = HopfieldClassifier(**study, dynamics="async", random_state=1).fit(*digits)  # type: ignore[arg-type]
    warm = clone(memory).set_params(dynamics="metropolis")
    with pytest.warns(HopcliWarning, match=r"^4\d of 50 "):
        warm.fit(*digits)
    assert memory.score(*digits) > 2 * warm.score(*digits)


def test_the_defaults_classify_digits_without_a_warning(digits: tuple[Any, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = cross_val_score(HopfieldClassifier(random_state=0), *digits)
        assert 0.774 < scores.mean() < 0.9


# --- the table of ``make classifiers``


TABLE = pd.read_csv(classifiers.FOLDER / "classifiers.csv")


def test_every_row_is_of_held_out_images_with_its_interval() -> None:
    assert TABLE.groupby("dataset").tested.first().to_dict() == {"digits": 450, "mnist": 10_000}
    assert TABLE.groupby("dataset").method.nunique().to_dict() == {"digits": 6, "mnist": 6}
    np.testing.assert_allclose(TABLE.accuracy, TABLE.correct / TABLE.tested, atol=1e-6)
    for row in TABLE.to_dict("records"):
        expected = exact_interval(row["correct"], row["tested"])
        found = (row["accuracy_ci_low"], row["accuracy_ci_high"])
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("method", "sweeps"), [("Hopfield", 20), ("nearest prototype", 0)])
def test_the_study_s_setting_on_digits_names_so_many_rightly(method: str, sweeps: int) -> None:
    train, labels, test, truth = classifiers.digits()
    memory = classifiers.study().set_params(sweeps=sweeps).fit(train, labels)
    row = (TABLE.dataset == "digits") & (TABLE.method == f"{method}, study's setting")
    assert [(memory.predict(test) == truth).sum()] == TABLE.correct[row].tolist()


@pytest.mark.parametrize(
    ("m", "scores"),
    [
        # One repeat: a share of 1, and a quarter of the overlap with the nearest of a class.
        ([[0.9, 0.1, 0.6]], [1 + 0.9 / 4, 0.6 / 4]),
        ([[0.9, -0.5, 0.1]], [1 + 0.9 / 4, 0.1 / 4]),
        # Two repeats: the nearest in each, of both the mean, and an eighth of it.
        ([[0.9, -0.5, 0.1], [-0.3, 0.2, 0.6]], [0.5 + 0.55 / 8, 0.5 + 0.35 / 8]),
    ],
)
def test_a_class_scores_by_its_nearest_prototype(m: list[list[float]], scores: list[float]) -> None:
    ballot = Ballot(np.array([m]), np.array([0, 0, 1]), 2, signed=True)
    np.testing.assert_allclose(ballot.scores, [scores], atol=1e-12)


@pytest.mark.parametrize(("lost", "warned"), [(0, 0), (1, 0), (2, 1)])
def test_one_lost_prototype_of_ten_is_no_matter(lost: int, warned: int) -> None:
    p = 10
    near = np.eye(p)[None].transpose(1, 0, 2).copy()
    near[:lost] = np.roll(near[:lost], 1, axis=2)
    codes = np.arange(p)
    ballot = Ballot(near, codes, p, signed=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warn_of_lost(ballot, codes, [], lambda *_: ballot)
    assert len(said) == warned


# --- levels ------------------------------------------------------------------------------


def _variance(values: Any, level: float) -> float:
    """Between-class variance of the two parts, from its definition."""
    low, high = values[values <= level], values[values > level]
    if len(high) == 0:
        return 0.0
    return float(len(low) * len(high) * (low.mean() - high.mean()) ** 2 / len(values) ** 2)


def test_otsu_divides_each_feature_as_well_as_can_be() -> None:
    values = np.random.default_rng(1).normal(size=(40, 6)) ** 3 + 1e6
    for column, level in zip(values.T, otsu(values), strict=True):
        best = max(_variance(column, each) for each in column)
        assert _variance(column, level) == pytest.approx(best, rel=1e-9)
        assert level in column
    shades = np.random.default_rng(2).integers(0, 256, (500, 7), dtype=np.uint8)
    shades[:, 3] = np.where(shades[:, 3] > 60, 200, 10)
    histograms = np.array([np.bincount(column, minlength=256) for column in shades.T])
    np.testing.assert_array_equal(otsu(shades), thresholds.otsu(histograms))


OF_A_NAME = {"median": [3, 25, 5], "mean": [3, 37.5, 5], "otsu": [1, 30, 5]}
GIVEN = [(4, [4, 4, 4]), ([1, 2, 3], [1, 2, 3])]


@pytest.mark.parametrize(("threshold", "found"), [*OF_A_NAME.items(), *GIVEN])
def test_levels_are_learnt_for_each_feature(threshold: Any, found: list[float]) -> None:
    values = np.array([[0.0, 10, 5], [1, 30, 5], [5, 20, 5], [6, 90, 5]])
    assert levels(values, threshold).tolist() == found
    assert levels(values[:1], "otsu").tolist() == [0, 10, 5]
    expected = np.where(values > found, 1, -1)
    np.testing.assert_array_equal(as_spins(values, np.array(found)), expected)
    memory = HopfieldClassifier(threshold=threshold, sweeps=0, samples=None)
    memory.fit(values, [0, 0, 1, 1])
    assert memory.recall(values[3:])[0, 0].tolist() == expected[3].tolist()  # alone, the same
    assert memory.threshold_.tolist() == found


@pytest.mark.parametrize("threshold", ["otsu", "median", "mean", 0.0, 7.0, -3])
def test_two_values_are_kept_at_any_level(mnist: Dataset, threshold: Any) -> None:
    """Spins, booleans, other numbers, also other ones in each feature; some stay constant."""
    spins = mnist.spins[:400]
    varies = np.ptp(spins, axis=0) > 0
    assert 100 < np.sum(~varies) < 300
    of_each = np.random.default_rng(1).normal(size=(2, spins.shape[1]))
    own = np.where(spins > 0, of_each.max(axis=0), of_each.min(axis=0))
    for data, sign in (
        (spins, 1),
        (-spins, -1),
        (spins > 0, 1),
        (np.where(spins > 0, np.float32(8.5), np.float32(8.25)), 1),
        (np.where(spins > 0, -1e300, -2e300), 1),
    ):
        found = as_spins(data, levels(data, threshold))
        np.testing.assert_array_equal(sign * found, spins)
    found = as_spins(own, levels(own, threshold))
    np.testing.assert_array_equal(found[:, varies], spins[:, varies])


@pytest.mark.parametrize("threshold", ["otsu", "median", "mean"])
def test_a_feature_of_two_values_among_others_is_not_made_constant(threshold: str) -> None:
    rng = np.random.default_rng(2)
    data = rng.normal(size=(200, 4))
    data[:, 0] = 3.0 * (rng.random(200) < 0.02)
    data[:, 1] = -1.0 * (rng.random(200) < 0.98)
    found = as_spins(data, levels(data, threshold))
    np.testing.assert_array_equal(found[:, :2] > 0, data[:, :2] > data[:, :2].min(axis=0))
    at = levels(data, 5)  # a level that is given divides two values, too
    assert at.tolist() == [1.5, -0.5, 5, 5]
    near = np.array([[1.0], [np.nextafter(1.0, 2)]])
    assert as_spins(near, levels(near, 9)).ravel().tolist() == [-1, 1]


# --- prototypes --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_the_overlap_loss_is_that_of_the_study_and_of_other_classes_only(seed: int) -> None:
    parts = random_patterns(seed, 12, 30).reshape(3, 4, 30)
    made = groups(parts.reshape(12, 30), np.repeat([0, 1, 2], 4), None, 1, np.random.default_rng(1))
    xi, codes = choose(made, "overlap-loss")
    best = overlap_loss(parts).loss.argmin(axis=1)
    np.testing.assert_array_equal(xi, parts[[0, 1, 2], best])
    assert codes.tolist() == [0, 1, 2]

    two_of_one = [Group(parts[k], label) for k, label in enumerate((0, 0, 1))]
    chosen, codes = choose(two_of_one, "overlap-loss")
    squares = np.einsum("apn,bqn->abpq", parts.astype(int), parts.astype(int)) ** 2
    for k, others in {0: (2,), 1: (2,), 2: (0, 1)}.items():
        loss = sum(squares[k, o].sum(axis=1) for o in others) - 4 * squares[k, k].sum(axis=1)
        np.testing.assert_array_equal(chosen[k], parts[k, loss.argmin()])
    assert codes.tolist() == [0, 0, 1]


def test_medoid_and_majority_are_what_they_are_called() -> None:
    spins = random_patterns(4, 25, 40)
    group, own = [Group(spins, 0)], spins.astype(int)
    nearest = (own @ own.T).sum(axis=1).argmax()
    np.testing.assert_array_equal(choose(group, "medoid")[0][0], spins[nearest])
    np.testing.assert_array_equal(choose(group, "majority")[0][0], np.sign(own.sum(axis=0)))
    even = [Group(np.array([[1, -1], [1, 1]], np.int8), 0)]
    assert choose(even, "majority")[0].tolist() == [[1, 1]]


def test_so_many_samples_of_a_class_compete_and_each_once() -> None:
    spins = random_patterns(5, 50, 64)
    labels = np.repeat([0, 1], [40, 10])
    few, many = groups(spins, labels, 30, 1, np.random.default_rng(1))
    assert (len(np.unique(few.spins, axis=0)), len(few.spins), len(many.spins)) == (30, 30, 10)
    other = groups(spins, labels, 30, 1, np.random.default_rng(2))[0]
    assert np.any(few.spins != other.spins)


def test_clusters_do_not_depend_on_the_order_of_sums(digits: tuple[Any, Any]) -> None:
    """With rounded sums they would: many samples have two nearest centres."""
    values, labels = digits
    spins = as_spins(values, otsu(values))
    for label in range(10):
        own = spins[labels == label]
        mixed = own[:, np.random.default_rng(label).permutation(64)]
        sums = [
            [group.spins.sum(axis=1).tolist() for group in groups(each, zeros, None, 20, rng)]
            for each in (own, mixed)
            for zeros, rng in [(np.zeros(len(own), np.int64), np.random.default_rng(1))]
        ]
        assert sums[0] == sums[1]
        assert len(sums[0]) == 20


def test_a_class_of_three_kinds_has_a_prototype_of_each() -> None:
    xi, rng = random_patterns(6, 3, 100), np.random.default_rng(6)
    kind = np.repeat([0, 1, 2], 15)
    samples = np.where(rng.random((45, 100)) < 0.1, -xi[kind], xi[kind]).astype(np.int8)
    found, _ = choose(groups(samples, np.zeros(45, np.int64), None, 3, rng), "majority")
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, xi.tolist()))
    twice = np.vstack([xi, xi])
    assert len(groups(twice, np.zeros(6, np.int64), None, 5, rng)) == 3  # no more differ


@pytest.mark.parametrize("p", [4, 9, 30])
def test_dependent_patterns_give_the_projector_on_their_span(p: int) -> None:
    xi = random_patterns(7, p, 12)
    xi = np.vstack([xi, xi[:2], -xi[1:2]])
    full = xi.T @ np.linalg.pinv(xi.T.astype(np.float64))
    np.fill_diagonal(full, 0)
    network = project(xi)
    np.testing.assert_allclose(network.dense(), full, atol=1e-12)
    np.testing.assert_array_equal(network.xi, xi)


def test_independent_patterns_are_stored_to_the_bit_as_by_the_rule() -> None:
    xi = random_patterns(8, 5, 60)
    np.testing.assert_array_equal(project(xi, 0.1).J, store(xi, theta=0.1).J)
    twice = project(np.vstack([xi, xi]), np.arange(60.0))
    np.testing.assert_array_equal(twice.theta[twice.site_class], np.arange(60.0))


# --- edges: small numbers, ties


def test_a_level_at_the_larger_of_two_values_is_between_them() -> None:
    assert levels(np.array([[0.0], [5.0]]), 5.0).tolist() == [2.5]
