"""``hopcli compare``: the same images named in several ways, and patterns selected in several."""

from __future__ import annotations

import dataclasses
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hopcli import experiments, results
from hopcli.config import (
    CompareConfig,
    Facts,
    RecallConfig,
    ResolvedCompare,
    ThreadedExecution,
)
from hopcli.datasets import Dataset, load_dataset
from hopcli.experiments.classifiers import nearest_labels
from hopcli.experiments.compare import CompareResult, plan
from hopcli.experiments.compare_tables import (
    classifiers_finding,
    classifiers_table,
    overall_rows,
    pairs_table,
    selectors_finding,
    selectors_table,
)
from hopcli.experiments.contests import Contest, draw_contests
from hopcli.experiments.selectors import SELECTORS, Draw
from hopcli.experiments.stock import Stock
from hopcli.patterns import draw_samples
from hopcli.statistics import exact_interval
from hopcli.statistics.paired import paired_interval
from hopcli.streams import Streams, seed_word

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

FEW: dict[str, Any] = {
    "training": 20,
    "selector_samples": (2,),
    "selections": 2,
    "selector_tests": 2,
    "candidates": 1,
    "tuning": 1,
}
"""Hardly any selectors."""

DIGITS: dict[str, Any] = {
    "dataset": "digits",
    "split": "train",
    "digits": ("1", "4", "7"),
    "tests": 30,
    "training": 40,
    "selector_samples": (3, 8),
    "selections": 3,
    "selector_tests": 15,
    "candidates": 4,
    "tuning": 6,
}
SMALL = ["compare", "--dataset", "digits", "--split", "train", "--digits", "1,4,7", "--tests", "9"]
SMALL += ["--training", "15", "--selector-samples", "2,5", "--selections", "3", "--candidates", "2"]
SMALL += ["--selector-tests", "7", "--tuning", "3", "--no-figures", "-q"]
OUT = Path("results/compare")
NUMBER = r"-?\d[\d,]*(?:\.\d+)?(?:e-\d+)?"


def _compare(**settings: Any) -> CompareResult:
    result = experiments.run(CompareConfig.from_values(settings))
    assert isinstance(result, CompareResult)
    return result


@pytest.fixture(scope="module")
def study() -> CompareResult:
    """The study's patterns, on all of MNIST's test images of their labels."""
    return _compare(**FEW)


@pytest.fixture(scope="module")
def digits() -> CompareResult:
    """Small digits from one set, which has no part for tests."""
    return _compare(**DIGITS)


def _counts(result: CompareResult, classifier: str) -> dict[str, int]:
    table = result.tables["classifiers"]
    own = table[table["classifier"] == classifier]
    return dict(zip(own["label"], own["correct"], strict=True))


# --- classifiers ---------------------------------------------------------------------------


def _recalled(**settings: Any) -> dict[str, int]:
    config = RecallConfig.from_values(
        {"split": "test", "select_split": "train", "tests": "all", "repeats": 1, **settings}
    )
    table = experiments.run(config).tables["accuracy"]
    return dict(zip(table["label"], table["recalled"], strict=True))


def test_the_trials_are_those_of_a_recall(study: CompareResult) -> None:
    found = _counts(study, "recalled")
    assert found == _recalled()
    assert list(found) == ["3", "6", "1", "0", "4", "overall"]
    sizes = study.tables["classifiers"]["n"][:6].tolist()
    assert sizes == [1010, 958, 1135, 980, 982, 5065]
    rates = [100 * k / n for k, n in zip(found.values(), sizes, strict=True)][:5]
    assert np.mean(rates) == pytest.approx(83.6, abs=0.05)
    cold = {"dynamics": "async", "order": "permutation", "until_stable": True, "sweeps": 10_000}
    assert _counts(study, "recalled-t0") == _recalled(**cold)


def test_who_is_right_is_what_the_patterns_say(study: CompareResult) -> None:
    """Without any dynamics, from the images alone, written another way."""
    arrays, xi = study.arrays["compare"], study.patterns.xi.astype(np.int64)
    spins = load_dataset("mnist", split="test").spins[arrays["source_index"]].astype(np.int64)
    stored = np.array(study.patterns.labels)
    products = spins @ xi.T
    nearest = stored[np.abs(products).argmax(axis=1)] == arrays["label"]
    coefficients = np.linalg.solve(xi @ xi.T, products.T).T
    largest = stored[np.abs(coefficients).argmax(axis=1)] == arrays["label"]
    names = list(dict.fromkeys(study.tables["classifiers"]["classifier"]))
    right = dict(zip(names, arrays["right"], strict=True))
    assert np.array_equal(right["overlap"], nearest)
    assert np.array_equal(right["coefficients"], largest)
    assert nearest.sum() != largest.sum()
    assert nearest.mean() == pytest.approx(0.864, abs=0.001)
    for name, correct in right.items():
        assert _counts(study, name)["overall"] == correct.sum()


def test_dynamics_that_name_rightly_and_dynamics_that_recall(study: CompareResult) -> None:
    """Whoever is at 0.99 of the own pattern is nearest to it."""
    right = study.arrays["compare"]["right"]
    for named, recalled in (right[:2], right[2:4]):
        assert not (recalled & ~named).any()
        assert named.sum() > recalled.sum()


def test_whoever_recalls_names_rightly_also_at_a_low_criterion() -> None:
    right = _compare(**FEW, criterion=0.3, tests=30).arrays["compare"]["right"]
    for named, recalled in (right[:2], right[2:4]):
        assert (recalled == named).all(), "all overlaps reach it"
        assert not named.all()


def test_on_the_very_samples_logistic_regression_beats_any_pattern(study: CompareResult) -> None:
    table = study.tables["classifiers"]
    overall = table[table["label"] == "overall"].set_index("classifier")
    assert overall["trained_on"].tolist() == [199] * 6 + [100, 100]  # one was drawn twice
    assert overall["accuracy"].idxmax() in ("logistic", "logistic-samples")
    low = overall.loc[["logistic", "logistic-samples"], "ci_low"]
    assert low.min() > overall["ci_high"][:6].max()


def test_more_images_teach_more() -> None:
    config = CompareConfig()
    assert (config.tests, config.split, config.select_split) == ("all", "test", "train")
    assert config.training == 2000
    result = _compare(**{**FEW, "training": 100_000, "tests": 900, "digits": ("4", "9")})
    trained_on = result.tables["classifiers"]["trained_on"].tolist()
    assert trained_on[-1] == 5842 + 5949  # all there are
    samples, many = (_counts(result, name)["overall"] for name in ("logistic-samples", "logistic"))
    assert many - samples > 0.03 * 1800


@pytest.mark.parametrize("score", ["abs", "signed"])
def test_an_inverse_is_its_pattern_unless_the_sign_counts(score: str) -> None:
    m = np.array([[-0.9, 0.3], [0.5, -0.4]])
    signed = score == "signed"
    found = nearest_labels(m, ["a", "b"], signed=signed).tolist()
    assert found == (["b", "a"] if signed else ["a", "a"])


def test_the_score_of_the_user_counts() -> None:
    """Far above T_c a state is as near to a pattern as to its inverse."""
    hot = {**DIGITS, "temperature": 5.0, "criterion": 0.05}
    one, signed = (_compare(**hot, score=score) for score in ("abs", "signed"))
    assert _counts(one, "recalled")["overall"] > 1.5 * _counts(signed, "recalled")["overall"]
    assert _counts(one, "overlap") != _counts(one, "dynamics") != _counts(signed, "dynamics")


def test_a_pattern_of_a_label_is_as_good_as_another() -> None:
    """Two stored fours: whichever is nearest names the image."""
    result = _compare(**FEW, tests=40, source_indices=(9, 2, 56))
    assert list(_counts(result, "overlap")) == ["4", "0", "overall"]
    assert result.tables["classifiers"]["trained_on"].tolist() == [3] * 18 + [3] * 3 + [40] * 3


# --- pairs ---------------------------------------------------------------------------------


def test_pairs_are_counted_image_by_image(digits: CompareResult) -> None:
    names = list(dict.fromkeys(digits.tables["classifiers"]["classifier"]))
    right = dict(zip(names, digits.arrays["compare"]["right"], strict=True))
    pairs = digits.tables["pairs"]
    assert pairs["other"].tolist() == names[1:]
    for row in pairs.to_dict("records"):
        own, other = right["dynamics"], right[row["other"]]
        assert row["classifier"] == "dynamics"
        assert row["classifier_only"] == sum(a and not b for a, b in zip(own, other, strict=True))
        assert row["other_only"] == sum(b and not a for a, b in zip(own, other, strict=True))
        assert row["difference"] == pytest.approx(own.mean() - other.mean())
        assert row["difference_ci_low"] <= row["difference"] <= row["difference_ci_high"]
        only = row["classifier_only"], row["other_only"]
        if sum(only):
            assert row["p"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
    assert (pairs["p_holm"] >= pairs["p"]).all()
    p, p_holm = min(pairs[["p", "p_holm"]].to_numpy().tolist())
    assert p_holm == pytest.approx(min(1, 7 * p))


def _three(n: int, own: int, other: int) -> dict[str, NDArray[np.bool_]]:
    """Two classifiers, each of which alone has some of n images right, and all others both."""
    right = {"dynamics": np.ones(n, bool), "overlap": np.ones(n, bool)}
    right["dynamics"][:other] = False
    right["overlap"][other : other + own] = False
    return right


@pytest.mark.parametrize(("own", "other"), [(60, 10), (10, 60), (12, 8), (8, 12), (30, 30), (0, 0)])
def test_the_finding_has_the_numbers_of_the_tables_in_order(own: int, other: int) -> None:
    """Rates, difference and interval; of a loss the interval is that of the loss, turned round."""
    right = _three(1000, own, other)
    classifiers = classifiers_table(right, np.repeat("7", 1000), dict.fromkeys(right, 3))
    pairs = pairs_table(right)
    found = classifiers_finding(classifiers, pairs, "0.2", "test images")
    low, high = (100 * bound for bound in paired_interval(own, other, 1000))
    difference = (own - other) / 10
    expected = [0.2, 100 - other / 10, 1000, 100 - own / 10]
    if low > 0:
        expected += [difference, 95, low, high]
    elif high < 0:
        expected += [-difference, 95, -high, -low]
    else:
        expected += [95, low, high]
    expected.append(float(pairs["p"].iloc[0]))
    numbers = [float(number.replace(",", "")) for number in re.findall(NUMBER, found)]
    assert len(numbers) == len(expected)
    assert numbers[:-1] == pytest.approx(expected[:-1], abs=0.051)
    assert numbers[-1] == pytest.approx(expected[-1], rel=0.1, abs=0.001)
    assert [word in found for word in (" add ", " cost ")] == [low > 0, high < 0]


def test_intervals_are_of_images(digits: CompareResult) -> None:
    for row in digits.tables["classifiers"].to_dict("records"):
        assert row["accuracy"] == row["correct"] / row["n"]
        assert (row["ci_low"], row["ci_high"]) == exact_interval(row["correct"], row["n"])


def test_a_label_may_be_called_overall() -> None:
    right = {"dynamics": np.array([True, False, True]), "overlap": np.array([True, True, True])}
    label = np.array(["overall", "overall", "a"])
    table = classifiers_table(right, label, dict.fromkeys(right, 2))
    assert table["label"].tolist() == ["overall", "a", "overall"] * 2
    assert table["correct"].tolist() == [1, 1, 2, 2, 1, 3]
    assert overall_rows(table)["n"].tolist() == [3, 3]
    assert "66.7 % of 3 images" in classifiers_finding(table, pairs_table(right), "0", "images")


# --- selectors -----------------------------------------------------------------------------


@functools.cache
def _small_digits() -> Dataset:
    return load_dataset("digits")


def _contests(**settings: Any) -> tuple[ResolvedCompare, list[Contest]]:
    """The contests of a run."""
    config, stock = CompareConfig.from_values({**DIGITS, **settings}), Stock()
    resolved = plan(config, stock).config
    assert isinstance(resolved, ResolvedCompare)
    dataset, source = stock.load(config), stock.source(config)
    streams = Streams.of(config.seed)
    _, *seeds = streams.patterns.spawn(1 + resolved.selections)
    recall = resolved.recall().resolve(Facts(source.name, source.shape, source.label_names))
    return resolved, draw_contests(resolved, recall, dataset, source, seeds, streams)


def test_no_image_of_a_test_has_been_seen() -> None:
    config, contests = _contests()
    assert len(contests) == 6
    for contest in contests:
        tested = set(contest.tests.bank(np.arange(len(contest.tests))).source_index.tolist())
        samples, tuning = set(contest.draw.samples.ravel().tolist()), set(contest.draw.tuning)
        assert len(tested) == 3 * 15
        assert len(tuning) == 3 * 6
        assert not samples & tuning
        assert not tested & (samples | tuning)
        labels = _small_digits().labels
        assert set(labels[list(tested)]) == set(labels[list(tuning)]) == set(config.digits)
        assert [set(labels[own]) for own in contest.draw.samples] == [{str(k)} for k in range(10)]
    sizes = [contest.draw.samples.shape[1] for contest in contests]
    assert sizes == [3, 8] * 3
    drawn = {contest.draw.samples.tobytes() for contest in contests}
    assert len(drawn) == 6, "each selection has samples of its own"
    noise = [seed_word(contest.streams.chains) for contest in contests]
    assert len({seed_word(Streams.of(config.seed).chains), *noise}) == 4, "and noise of its own"
    picked = [each.draw.choose(SELECTORS["random"], 1, lambda _: 0.0) for each in contests[1::2]]
    assert len({places.tobytes() for places in picked}) == 3, "and what it picks"


def test_selectors_choose_what_they_say() -> None:
    _, contests = _contests(samples=8)
    draw = contests[1].draw
    spins = _small_digits().spins[draw.samples].astype(np.int64)
    n_labels, n_samples, _ = spins.shape
    flat = spins.reshape(n_labels * n_samples, -1)
    squares = ((flat @ flat.T) ** 2).reshape(n_labels, n_samples, n_labels, n_samples)
    tried: list[list[int]] = []

    def recall(places: NDArray[np.int64]) -> float:
        tried.append(places.tolist())
        return float(len(tried) == 3)

    def chosen(name: str) -> list[int]:
        places: list[int] = draw.choose(SELECTORS[name], 4, recall).tolist()
        return places

    for label, place in enumerate(chosen("overlap-loss")):
        own = squares[label, :, label].sum(axis=1)
        loss = squares[label].sum(axis=(1, 2)) - own - n_samples * own
        assert loss[place] == loss.min()
    for label, place in enumerate(chosen("medoid")):
        mean = (spins[label] @ spins[label].T).mean(axis=1)
        assert mean[place] == mean.max()
    assert not tried, "only one of them tries"
    best = chosen("best-of")
    assert len(tried) == 4
    assert best == tried[2]
    assert chosen("random") == tried[0], "the first of many is the one at random"
    assert len({tuple(places) for places in tried}) == 4


def test_the_overlap_loss_selects_as_the_study_did() -> None:
    """The draws of the authors: legacy generator, seed 9, M = 20."""
    mnist = load_dataset("mnist")
    samples = draw_samples(mnist, mnist.label_names, 20, 9)
    nothing = np.zeros(0, np.int64)
    draw = Draw(mnist, samples, nothing, np.random.SeedSequence(0))
    places = draw.choose(SELECTORS["overlap-loss"], 1, lambda _: 0.0)
    patterns = draw.patterns(places, ("3", "6", "1", "0", "4"))
    assert patterns.source_index.tolist() == [21607, 25559, 7411, 39155, 28089]
    assert set(patterns.sample_index) == set(samples.ravel())


def test_patterns_of_a_selection_recall_what_they_recall_elsewhere() -> None:
    """Stored again, on the same images, with other noise."""
    settings = {**FEW, "selector_samples": (20,), "selector_tests": "all"}
    selections = _compare(**settings, tests=1).tables["selections"]
    assert selections["n"].tolist() == [5065] * 8
    assert (selections["accuracy"] == selections["recalled"] / 5065).all()
    mnist = {"dataset": "mnist", "split": "test", "digits": None, "tests": 1}
    config, contests = _contests(**mnist, **settings)
    for contest in contests:
        own = selections[selections["selection"] == contest.number]
        recalled = dict(zip(own["selector"], own["recalled"].tolist(), strict=True))
        assert recalled["random"] == recalled["best-of"]  # of one candidate
        places = contest.draw.choose(SELECTORS["overlap-loss"], 1, lambda _: 0.0)
        chosen = contest.draw.patterns(places, config.digits).source_index.tolist()
        again = _recalled(source_indices=chosen, seed=5)["overall"]
        # The share of images that thermal noise decides is about 2 %, its SD 0.2 %.
        assert recalled["overlap-loss"] == pytest.approx(again, abs=0.01 * 5065)


def test_selectors_are_averaged_and_compared_over_the_same_selections(
    digits: CompareResult,
) -> None:
    selections, table = digits.tables["selections"], digits.tables["selectors"]
    assert len(selections) == 2 * 3 * 4
    p_values = []
    for row in table.to_dict("records"):
        own = selections[selections["samples"] == row["samples"]]
        rates = {name: each["accuracy"].to_numpy() for name, each in own.groupby("selector")}
        mine = rates[row["selector"]]
        assert row["selections"] == len(mine) == 3
        assert row["accuracy"] == pytest.approx(mine.mean())
        assert row["accuracy_sem"] == pytest.approx(mine.std(ddof=1) / np.sqrt(3))
        assert row["accuracy_ci_low"] < row["accuracy"] < row["accuracy_ci_high"]
        if row["selector"] == "overlap-loss":
            assert np.isnan([row["difference"], row["p"], row["p_holm"]]).all()
            continue
        differences = mine - rates["overlap-loss"]
        assert row["difference"] == pytest.approx(differences.mean())
        p_values.append((row["p"], row["p_holm"]))
        if np.ptp(differences) > 0:
            expected = stats.ttest_rel(mine, rates["overlap-loss"])
            assert row["p"] == pytest.approx(expected.pvalue)
            low, high = expected.confidence_interval()
            bounds = row["difference_ci_low"], row["difference_ci_high"]
            assert bounds == pytest.approx((low, high))
    smallest, adjusted = min(p_values)
    assert adjusted == pytest.approx(min(1, 6 * smallest))


def test_the_finding_on_selectors_is_of_the_nearest_number_of_samples() -> None:
    rows = [
        (m, name, 1 + k, 100, 50, 0.5 + 0.1 * (name == "medoid") + 0.01 * k * (name == "medoid"))
        for m in (5, 30)
        for k in range(3)
        for name in ("overlap-loss", "medoid")
    ]
    columns = ["samples", "selector", "selection", "n", "recalled", "accuracy"]
    table = selectors_table(pd.DataFrame(rows, columns=columns))
    found = selectors_finding(table, 20)
    assert "M = 30 samples overlap-loss" in found
    assert "recall 50.0 % of images" in found
    assert "medoid +11.0 points (8.5 to 13.5, p = 0.0055)" in found


# --- the command ---------------------------------------------------------------------------


def test_another_seed_changes_the_tables(run_hopcli: RunHopcli) -> None:
    for seed in ("1", "2"):
        assert run_hopcli(*SMALL, "--seed", seed, "--out", seed).code == 0
    one, other = (
        {path.name: path.read_bytes() for path in Path(out).glob("*.csv")} for out in ("1", "2")
    )
    assert set(one) == {"classifiers.csv", "pairs.csv", "selectors.csv", "selections.csv"}
    assert all(one[name] != other[name] for name in ("classifiers.csv", "selections.csv"))


def test_what_is_found_is_printed_and_kept(run_hopcli: RunHopcli) -> None:
    done = run_hopcli(*[word for word in SMALL if word != "-q"])
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert "--selections 30" in done.err
    assert "dynamics-t0" in done.out
    loaded = results.load(OUT)
    findings = loaded.result.notes["findings"]
    assert len(findings) == 2
    assert findings[0].startswith("Dynamics at T = 0.2 name ")
    assert all(f"\n\n{finding}\n" in done.out for finding in findings)
    assert done.out.index("accuracy %") < done.out.index(findings[0])
    assert isinstance(loaded.result, CompareResult)
    assert loaded.result.patterns.labels == ("1", "4", "7")


def test_a_file_of_patterns_is_as_good_as_selecting_them(run_hopcli: RunHopcli) -> None:
    selected = run_hopcli("select", "--dataset", "digits", "--no-figures", "-q")
    assert selected.code == 0
    assert run_hopcli(*SMALL, "--out", "anew").code == 0
    file = ("--patterns", "results/select/patterns.npz")
    assert run_hopcli(*SMALL, *file, "--out", "file").code == 0
    anew, read = (Path(out, "classifiers.csv").read_bytes() for out in ("anew", "file"))
    assert anew == read
    other = run_hopcli("compare", *file, "--no-figures", "-q").refused()
    assert other.startswith("results/select/patterns.npz: ")


def test_images_that_are_named_are_not_trained_on() -> None:
    """Of one set all images but the samples are named: only these are left to train on."""
    result = _compare(**{**DIGITS, "tests": "all", "training": 1000})
    trained_on = result.tables["classifiers"].set_index("classifier")["trained_on"]
    assert trained_on["logistic"].iloc[0] == len(
        {i for i in result.patterns.sample_index if _small_digits().labels[i] in "147"}
    )
    assert set(result.arrays["compare"]["source_index"]).isdisjoint(result.patterns.sample_index)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--split all", "--select-split"),
        ("--select-split all", "--select-split"),
        ("--digits 3", "--digits 2"),
        (
            "--source-indices 9,2",
            "--source-indices",
        ),
        ("--selections 1", "--selections 2 10000"),
        ("--selector-samples 1,5", "--selector-samples 2"),
        ("--selector-samples 9,5", "--selector-samples 2"),
        ("--dataset digits", "--split"),
        ("--criterion auto", "--criterion 0 1"),
        ("--dynamics sync --temperature 0.3", "--temperature 'sync'"),
        ("--until-stable", "--until-stable effect 0"),
        ("--tests 1000", "--tests 958 '6'"),
        ("--selector-tests 1000", "--selector-tests 958 '6'"),
        ("--tuning 99999", "--tuning"),
        ("--sampler generator --selector-samples 9999", "--selector-samples"),
        (
            "--dataset drawings --split train",
            "--dataset 'boat'",
        ),
    ],
)
def test_wrong_settings_are_refused_in_one_line(
    run_hopcli: RunHopcli, flags: str, words: str
) -> None:
    refusal = run_hopcli("compare", "--no-figures", "-q", *flags.split()).refused()
    for piece in words.split():
        assert piece in refusal
    assert not Path("results").exists()


def test_a_run_tells_all_its_trials() -> None:
    told = []
    config = CompareConfig.from_values(DIGITS)
    run = experiments.plan(config)
    run.run(ThreadedExecution(), lambda done, total: told.append((done, total)))
    # Two dynamics on 90 images; in six contests four selectors, and four sets that are tried.
    total = 2 * 90 + 6 * (4 * 45 + 4 * 18)
    assert {each for _, each in told} == {total}
    assert sum(done for done, _ in told) == total


def test_every_random_number_is_of_the_seed() -> None:
    resolved = [
        experiments.run(dataclasses.replace(CompareConfig.from_values(DIGITS), seed=seed))
        for seed in (3, 3, 4)
    ]
    tables = [each.tables["selections"] for each in resolved]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])
