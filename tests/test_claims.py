"""Claims: read, measured, tested in both directions, and judged by the table of verdicts."""

from __future__ import annotations

import io
import itertools
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hopcli import experiments
from hopcli.claims.claim import Claim, Condition
from hopcli.claims.expressions import evaluate, parse
from hopcli.claims.functions import FUNCTIONS, Measured, binomial
from hopcli.claims.judging import TESTS, VERDICTS, Answer, Evidence, answers, ln_density, verdict
from hopcli.claims.reading import read_claims
from hopcli.claims.table import brief, number, p_text, table, with_interval
from hopcli.claims.verdicts import judge
from hopcli.config import AttractorsConfig, find_config, shipped_configs
from hopcli.errors import DataError, SettingError
from hopcli.rules import store
from hopcli.statistics import Z95, exact_interval
from hopcli.study import AUTHORS_RECALL, read_curve, read_repeats
from hopcli.study.notebook import largest_gap, unstable_sum
from hopcli.tables import Columns, Table, columns, ends_of

RATES = ("accuracy", "fraction", "value")


@dataclass
class Ran:
    """Tables that a run might have."""

    frames: dict[str, pd.DataFrame]
    result: Any = None

    @property
    def tables(self) -> dict[str, Columns]:
        return {name: Columns.of_frame(frame, ERRORS) for name, frame in self.frames.items()}

    columns = tables


ERRORS = Table(
    "any",
    (
        *(column for name in RATES for column in ends_of(name, "ci", alone=True)),
        *(column for name in ("accuracy", "m", "q", "spearman") for column in ends_of(name, "ci")),
        *(column for name in ("accuracy", "m") for column in ends_of(name, "sem")),
    ),
)


TEXT = """\
label,load,accuracy,sem_repeats,sd_labels,ci_low,ci_high,m,m_sem,q,q_ci_low,q_ci_high,fixed
3,0.1,0.8,0.01,,0.76,0.84,0.9,0.1,1.0,0.5,1.5,True
6,0.2,0.7,0.02,,0.66,0.75,0.8,0.2,2.0,1.5,2.5,True
overall,0.3,0.75,0.01,0.05,0.72,0.78,0.7,0.3,3.0,2.5,3.5,False
"""
TABLE = pd.read_csv(io.StringIO(TEXT))
RUNS = {"mine": Ran({"accuracy": TABLE}), "other": Ran({"accuracy": TABLE.assign(m=0.5)})}


def _found(text: str, run: Ran | None = None) -> Measured:
    return evaluate(parse(text, "here"), RUNS if run is None else {"r": run}, "here")


def _claim(**values: Any) -> Claim:
    usual = {"id": "one", "text": "so it is", "place": "p. 1", "published": 80, "test": "above"}
    value = parse("mine / accuracy[label=3] / accuracy", "here")
    condition = Condition(label="as the text says", role="text", value=value)
    return Claim(**{**usual, "conditions": (condition,), **values})


def _answer(claim: Claim, found: Measured) -> Answer:
    return answers([claim], [""], [TESTS[claim.test].work(claim, found, 0.05)], 0.05)[0]


def _normal(value: float, error: float = 1) -> Measured:
    return Measured(value, value - Z95 * error, value + Z95 * error)


def _refused(work: Any, *arguments: Any) -> SettingError:
    with pytest.raises(SettingError) as refused:
        work(*arguments)
    return refused.value


# --- what is measured -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "low", "high"),
    [
        ("mine / accuracy[label=3] / accuracy", 0.8, 0.76, 0.84),
        ("mine / accuracy[label=6] / accuracy +- sem_repeats", 0.7, 0.7 - 0.02 * Z95, None),
        ("mine / accuracy[label=6] / m", 0.8, 0.8 - 0.2 * Z95, 0.8 + 0.2 * Z95),
        ("mine / accuracy[label=6] / q", 2.0, 1.5, 2.5),
        ("mine / accuracy[load>0.1, load<0.3] / q", 2.0, 1.5, 2.5),
        ("smallest(mine / accuracy / q)", 1.0, 0.5, 1.5),
        ("largest(mine / accuracy[load<0.25] / q)", 2.0, 1.5, 2.5),
        ("largest(mine / accuracy / m +- sem_repeats)", 0.9, 0.9 - 0.01 * Z95, None),
        ("mine / accuracy[label=3] / m - other / accuracy[label=3] / q", -0.1, None, None),
    ],
)
def test_a_number_has_its_own_interval(text: str, value: float, low: Any, high: Any) -> None:
    """The plain ci_low and ci_high belong to the rate, not to the columns beside them."""
    found = _found(text)
    assert found.value == pytest.approx(value)
    assert found.is_exact == (low == high is not None)
    for end, expected in ((found.low, low), (found.high, high)):
        if expected is not None and not found.is_exact:
            assert end == pytest.approx(expected)


def test_rows_without_a_number_are_texts_truths_or_lists() -> None:
    cells = {
        ("accuracy[label=3]", "label"): "3",
        ("accuracy", "fixed"): (True, True, False),
        ("accuracy", "accuracy"): (0.8, 0.7, 0.75),
    }
    for place, value in cells.items():
        assert _found(" / ".join(("mine", *place))).value == value
    rows = parse("  a/b [ c =  3  x ,d>  1 ] / e +- f ", "x").terms[0].rows
    assert rows == (("c", "=", "3  x"), ("d", ">", "1"))


def test_distances_to_the_bounds_of_a_difference_add_in_squares() -> None:
    found = Measured(5.0, 4.0, 7.0) - Measured(3.0, 2.5, 3.2)
    ends = [2, 2 - math.hypot(1.0, 0.2), 2 + math.hypot(2.0, 0.5)]
    assert [found.value, found.low, found.high] == pytest.approx(ends)
    exact = Measured(5.0, 4.0, 7.0) - Measured(3.0)
    assert (exact.low, exact.high) == (1, 4)
    assert (Measured(5.0) - Measured(3.0)).is_exact


def test_each_side_of_an_interval_has_its_own_error() -> None:
    """Of a rate near 1 the upper bound is near, the lower is not."""
    found = Measured(99.0, 99 - 2 * Z95, 99 + 0.1 * Z95)
    assert (found.z(99.5), found.z(97.0)) == pytest.approx((-5, 1))
    assert Measured(99.0).z(98.0) == math.inf
    assert Measured(0.0, 0.0, 0.01).z(0.02) == pytest.approx(-0.02 / (0.01 / Z95))


M = "mine / accuracy[label=3] / m"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mine / accuracy", "mine / accuracy"),
        ("larges(mine / accuracy / m)", "larges"),
        ("a / b / c - a / b / c - a / b / c", "a / b / c - a / b / c - a / b / c"),
        ("mine / precision / m", "precision"),
        ("mine / accuracy[lable=3] / m", "lable"),
        ("mine / accuracy[label=9] / m", "label=9"),
        ("mine / accuracy[label>3] / m", ">3"),
        (f"{M} +- none", "none"),
        (f"mine / accuracy[label=3] / label - {M}", f"mine / accuracy[label=3] / label - {M}"),
        (f"how_often_best({M})", None),
        (f"with_p({M})", f"with_p({M})"),
        (f"with_p({M}, p, q)", f"with_p({M}, p, q)"),
        (f"with_p({M}, none)", "none"),
        ("smallest(mine / accuracy / label)", None),
        (f"storkey_gap({M})", None),
        (f"variance_ratio({M}, none)", f"variance_ratio({M}, none)"),
        (f"variance_ratio({M}, none.csv)", f"variance_ratio({M}, none.csv)"),
        ("mine / accuracy / m, p", "mine / accuracy / m, p"),
    ],
)
def test_what_cannot_be_measured_is_named(text: Any, found: Any) -> None:
    error = _refused(_found, text)
    assert (error.setting, error.found) == ("here", found)


# --- functions --------------------------------------------------------------------------------


def _repeats(values: dict[str, Any], unit: str = "repeat", name: str = "repeats") -> Ran:
    rows = pd.DataFrame(values).rename_axis(unit).reset_index()
    return Ran({name: rows.melt(unit, var_name="label", value_name="accuracy")})


def test_the_spread_over_labels_leaves_the_overall_row_out() -> None:
    rates = np.array([0.78, 0.99, 0.81])
    columns = {"rate": [*rates, 0.5], "sem": [0.01, 0.02, 0.03, 0.4]}
    rows = pd.DataFrame({"label": [*"316", "overall"], **columns})
    found = _found("spread(r / t / rate +- sem)", Ran({"t": rows}))
    slopes = (rates - np.mean(rates)) / np.std(rates) / 3
    assert (found.value, found.error) == pytest.approx(
        (np.std(rates), np.linalg.norm(slopes * [0.01, 0.02, 0.03]))
    )


def test_a_bound_that_is_not_known_decides_nothing() -> None:
    run = Ran({"scan": pd.DataFrame({"value": [3.0], "ci_low": [2.9], "ci_high": [np.nan]})})
    found = _found("r / scan / value", run)
    assert (found.low, found.high) == (2.9, math.inf)
    assert _answer(_claim(test="below", bound=5), found).state == "coarse"
    assert _answer(_claim(test="above", bound=1), found).state == "agrees"
    endless = Measured(3.0, -math.inf, math.inf)
    assert _answer(_claim(test="equivalent", published=3, margin=1), endless).state == "open"


def test_the_ratio_of_variances_is_that_of_f() -> None:
    """Tails of a twofold variance with 45 degrees of freedom each, and bounds with 45 and 15."""
    authors = pd.read_csv(AUTHORS_RECALL, index_col="repeat") / 100
    text = "variance_ratio(r / repeats / accuracy, authors_recall.csv)"
    found = _found(text, _repeats(dict(authors)))
    assert found.value == pytest.approx(1)
    assert found.tails(0.5) == pytest.approx((0.0112, 0.9888), abs=2e-4)
    rng = np.random.default_rng(1)
    found = _found(text, _repeats({label: rng.random(4) for label in "36104"}))
    ratios = found.value / np.array([found.low, found.high])
    assert ratios == pytest.approx(stats.f.ppf([0.975, 0.025], 45, 15))


def test_a_label_that_ties_is_neither_best_nor_worst() -> None:
    run = _repeats({"a": [1, 2, 0], "b": [1, 1, 1]})
    for name in ("how_often_best", "how_often_worst"):
        assert _found(f"{name}(r / repeats[label=a] / accuracy)", run).value == pytest.approx(1 / 3)


def test_numbers_beside_the_claims_come_before_those_of_the_study() -> None:
    text = "variance_ratio(mine / repeats / accuracy, authors_recall.csv)"
    assert parse(text, "here").terms[0].arguments == (str(AUTHORS_RECALL),)
    own = Path("own/authors_recall.csv")
    own.parent.mkdir()
    own.write_text("repeat,3,6\n0,80,77\n1,81,75\n", encoding="utf-8")
    assert parse(text, "here", own.parent).terms[0].arguments == (str(own),)
    curve = Path("curve.csv")
    curve.write_text("t,m\n0.10,1\noverall,0.5\n", encoding="utf-8")
    assert read_curve(curve) == {"0.1": 1.0, "overall": 0.5}


def test_a_file_of_published_numbers_is_refused_by_name() -> None:
    texts = ("", "t,m", "t\n1", "t,m\n1", "t,m\n1,x", "t,m\n1,nan", "t,m\n1,2\n1,2,3")
    cases = [*itertools.product(texts, (read_curve, read_repeats))]
    cases += [("t,m\n1,2\n1.0,2", read_curve), ("t,m\n1,2", read_repeats)]
    for text, read in cases:
        Path("curve.csv").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"^curve\.csv: "):
            read(Path("curve.csv"))


def test_counts_have_exact_binomial_tails() -> None:
    rate = binomial(99, 100)
    assert (rate.low, rate.high) == exact_interval(99, 100)
    assert rate.tails(0.5) == pytest.approx((101 / 2**100, 1))
    assert binomial(0, 30).tails(0.1)[1] == pytest.approx(0.9**30)
    assert rate.scaled(100).tails(50)[0] == pytest.approx(101 / 2**100)


@pytest.mark.parametrize(("low", "is_exact"), [(exact_interval(3, 10)[0], True), (0.2, False)])
def test_a_fraction_is_of_independent_trials_if_its_interval_is(low: float, is_exact: bool) -> None:
    rows = {"rule": ["a", "a", "b"], "count": [3, 7, 5], "fraction": [0.3, 0.7, 1.0]}
    ends = {"ci_low": [low, 0, 0], "ci_high": [exact_interval(3, 10)[1], 1, 1]}
    found = _found("r / kinds[count=3] / fraction", Ran({"kinds": pd.DataFrame({**rows, **ends})}))
    p = stats.binom.sf(2, 10, 0.1)
    assert bool(found.tails(0.1)[0] == pytest.approx(p)) is is_exact


def test_the_most_likely_value_is_tested_by_the_likelihood_ratio() -> None:
    """2 x 8 / 2 on one degree of freedom: 8 is the square of 2.83."""
    rows = {"order": "known", "sweeps": [9, 10, 11, 20], "relative": [-4.0, 0.0, -1.0, -8.0]}
    likelihood = pd.DataFrame({**rows, "in_interval": [False, True, True, False]})
    estimate = pd.DataFrame({"order": ["known"], "overdispersion": [2.0]})
    run = Ran({"likelihood": likelihood}, Ran({"estimate": estimate}))
    found = _found("most_likely(r / likelihood[order=known] / sweeps)", run)
    assert (found.value, found.low, found.high) == (10, 10, 11)
    claim = _claim(test="equal", published=20)
    assert _answer(claim, found).p == pytest.approx(2 * stats.norm.sf(math.sqrt(8)))


def test_the_lead_of_the_worst_is_paired_over_selections() -> None:
    rates = {"1": [0.9, 0.9, 0.9], "3": [0.6, 0.5, 0.7], "4": [0.5, 0.6, 0.4]}
    run = _repeats(rates, "selection", "selections")
    found = _found("lead(r / selections[label=4] / accuracy)", run)
    expected = stats.ttest_1samp([0.1, -0.1, 0.3], 0, alternative="greater")
    assert found.value == pytest.approx(0.1)
    assert found.tails(0.0)[0] == pytest.approx(expected.pvalue)
    assert found.low == pytest.approx(expected.confidence_interval(0.975).low)


def test_a_correlation_is_tested_by_the_permutation_beside_it() -> None:
    row = {"spearman": [0.7], "spearman_ci_low": [0.6], "spearman_ci_high": [0.8], "p": [0.027]}
    run = Ran({"correlation": pd.DataFrame(row)})
    found = _found("with_p(r / correlation / spearman, p)", run)
    assert _answer(_claim(bound=0), found).p == pytest.approx(0.027)
    assert found.tails(0) == pytest.approx((0.027, 0.973))
    turned = Ran({"correlation": pd.DataFrame(row).assign(spearman=-0.7)})
    assert _found("with_p(r / correlation / spearman, p)", turned).tails(0)[1] == 0.027
    assert found.tails(0.5)[0] < 1e-4  # of another bound by the interval


def test_a_share_of_other_ends_leaves_the_row_of_all_attractors_out() -> None:
    """Of 200 starts 80 end in a pattern, 30 in a mixture and 90 in no state at rest."""
    kinds = ["pattern", "mixture", "unsettled", "attractors", "pattern"]
    counts = np.array([80, 30, 90, 110, 200])
    rows = {"rule": list("aaaab"), "kind": kinds, "count": counts, "fraction": counts / 200}
    run = Ran({"kinds": pd.DataFrame(rows)})
    found = _found("others(r / kinds[rule=a, kind=pattern] / fraction)", run)
    assert found.value == 120 / 200
    assert (found.low, found.high) == exact_interval(120, 200)
    assert found.tails(0.5)[0] == pytest.approx(0.00284, abs=2e-5)  # B(200, 1/2) >= 120


def test_wrong_sites_turn_an_overlap_and_its_interval_over() -> None:
    rows = pd.DataFrame({"load": [0.1], "m": [0.96], "m_ci_low": [0.94], "m_ci_high": [0.99]})
    found = _found("wrong_sites(r / capacity / m)", Ran({"capacity": rows}))
    assert [found.value, found.low, found.high] == pytest.approx([0.02, 0.005, 0.03])


def test_a_rank_is_among_the_labels_that_are_named() -> None:
    rows = pd.DataFrame({"label": list("0123456789"), "rank": [8, 1, 10, 7, 5, 9, 4, 2, 6, 3]})
    texts = [f"rank_among(r / consistency[label={label}] / rank, 3, 6, 1,0,4)" for label in "36104"]
    run = Ran({"consistency": rows})
    assert [_found(text, run).value for text in texts] == [4, 2, 1, 5, 3]


@pytest.mark.parametrize(("rule", "lower"), [("hebbian", True), ("pseudo-inverse", False)])
def test_the_lowest_spurious_state_is_above_or_below_the_patterns(rule: str, lower: bool) -> None:
    """Against the energies of eq. 4 from the couplings of all pairs of sites."""
    config = AttractorsConfig.from_values({"rule": (rule,), "starts": 200, "most": 200})
    result = experiments.run(config)
    text = "above_patterns(r / attractors / energy)"
    found = _found(text, Ran(result.tables, result))
    xi, states = result.patterns.xi, result.arrays["attractors"][rule]
    spurious = (result.tables["attractors"]["kind"] != "pattern").to_numpy()[: len(states)]
    weights = store(xi, rule).dense().astype(float)
    mine, lowest = (
        -0.5 * np.max(np.sum((spins @ weights) * spins, axis=1)) for spins in (states[spurious], xi)
    )
    assert found.value * xi.shape[1] == pytest.approx(mine - lowest, rel=1e-6)
    assert (found.value < 0) == lower


def _couplings(xi: np.ndarray, *, by_code: bool) -> np.ndarray:
    """Storkey's couplings of all pairs of sites, input by input as the formula has them.

    The notebook's code subtracts w_ii x_i + w_ij x_j from the input of j, and multiplies by x_j.
    """
    n = xi.shape[1]
    w = np.zeros((n, n))
    for x in xi.astype(float):
        old = w.copy()
        for i, j in itertools.product(range(n), repeat=2):
            own = [*{i, j}]
            h_i, h_j = (old[a] @ x - old[a, own] @ x[own] for a in (i, j))
            if by_code:
                h_i, h_j = (old[b] @ x - old[a, own] @ x[own] for a, b in ((i, j), (j, i)))
                change = h_i * x[j] + h_j * x[i]
            else:
                change = x[i] * h_j + h_i * x[j]
            w[i, j] += (x[i] * x[j] - change) / n
    return w


@pytest.mark.parametrize("p", [1, 2, 3, 5])
def test_the_stability_of_a_sum_is_that_of_the_couplings_of_all_sites(p: int) -> None:
    rng = np.random.default_rng(p)
    xi = rng.choice(np.array([-1, 1], dtype=np.int8), (p, 14), p=[0.3, 0.7])
    state = np.sign(xi.sum(axis=0))
    couplings = [_couplings(xi, by_code=by_code) for by_code in (True, False)]
    for by_code, w in zip((True, False), couplings, strict=True):
        assert unstable_sum(xi, by_code=by_code) == int(((w @ state) * state < -1e-9).sum())
    gap = np.abs(couplings[0] - couplings[1])[~np.eye(14, dtype=bool)].max()
    assert largest_gap(xi) == pytest.approx(14 * gap, abs=1e-8)
    assert (largest_gap(xi) == 0) == (p == 1)


# --- tests ------------------------------------------------------------------------------------


def test_equivalence_is_two_one_sided_tests() -> None:
    claim = _claim(margin=2, test="equivalent")
    evidence = TESTS["equivalent"].work(claim, _normal(81), 0.05)
    assert evidence.p_for == pytest.approx(stats.norm.sf(1))  # the edge at 82 is the nearer
    assert evidence.p_against == pytest.approx(stats.norm.cdf(1))
    assert (evidence.z, evidence.resolution) == pytest.approx((1, 2.8))


@pytest.mark.parametrize(
    ("test", "value", "error", "state"),
    [
        ("equivalent", 80.5, 0.1, "agrees"),
        ("equivalent", 80.5, 2, "coarse"),
        ("equivalent", 82.3, 1.5, "coarse"),
        ("equivalent", 82.3, 0.9, "open"),
        ("equivalent", 85.0, 1, "fails"),
        ("equal", 81.0, 0.3, "fails"),  # a margin of interest of 2 = 2.8 x 0.71
        ("equal", 81.0, 0.7, "agrees"),
        ("equal", 81.0, 1.2, "coarse"),
        ("above", 81.0, 0, "agrees"),
        ("above", 81.0, 1.5, "coarse"),
        ("above", 79.0, 0, "fails"),
        ("above", 79.0, 1.5, "open"),
        ("below", 79.0, 0, "agrees"),
        ("below", 81.0, 1.5, "open"),
    ],
)
def test_a_number_agrees_or_not(test: str, value: float, error: float, state: str) -> None:
    more = {"bound": 80} if test in ("above", "below") else {"margin": 2}
    answer = _answer(_claim(test=test, **more), _normal(value, error))
    assert answer.state == state
    if test == "equal":
        assert answer.p == pytest.approx(2 * stats.norm.sf(1 / error))


@pytest.mark.parametrize(("test", "hits"), [("never", 0), ("always", 200)])
def test_one_exception_refutes(test: str, hits: int) -> None:
    for n, state in ((hits, "agrees"), (abs(hits - 1), "fails")):
        assert _answer(_claim(test=test), binomial(n, 200)).state == state
        percent = binomial(n, 200).scaled(100)
        assert _answer(_claim(test=test, percent=True), percent).state == state
    percent = binomial(hits, 200).scaled(100)  # the bound on the rate of exceptions is 1.83 %
    for margin, state in ((1, "coarse"), (2, "agrees")):
        assert _answer(_claim(test=test, percent=True, margin=margin), percent).state == state


def test_the_same_is_digit_for_digit_and_in_order() -> None:
    claim = _claim(test="the_same", published=[1, 2])
    for value, same in (((1, 2), True), ((2, 1), False), ((1, 2, 3), False), (("1", "2"), True)):
        assert _answer(claim, Measured(value)).state == ("agrees" if same else "fails")
    assert _answer(_claim(test="the_same", published=1), Measured(1.0)).state == "agrees"
    assert _answer(_claim(test="all_true"), Measured((True, False))).state == "fails"


def test_holm_corrects_within_a_family_alone() -> None:
    p = [0.01, 0.02, 0.03, 0.04]
    evidence, claims = [Evidence(each, 1 - each) for each in p], [_claim(bound=1)] * 4
    for families, corrected in (([""] * 4, p), (["f", "f", "f", ""], [0.03, 0.04, 0.04, 0.04])):
        found = answers(claims, families, evidence, 0.035)
        assert [one.p_holm for one in found] == pytest.approx(corrected)
        assert [one.p for one in found] == pytest.approx(p)
        assert [one.state == "agrees" for one in found] == [each < 0.035 for each in corrected]


STATES = ("agrees", "coarse", "fails", "open")


def test_the_verdicts_follow_the_rule() -> None:
    bayes = (None, 0.0, 3.0, -3.0, 3.001, -3.001)
    for text, authors, ln_bayes in itertools.product(STATES, [*STATES, None], bayes):
        apart = ln_bayes is None or abs(ln_bayes) > 3
        expected = {"coarse": VERDICTS[2], "open": VERDICTS[5]}
        expected["agrees"] = VERDICTS[0] if authors != "agrees" or apart else VERDICTS[1]
        expected["fails"] = VERDICTS[3] if authors in ("agrees", "coarse") else VERDICTS[4]
        assert verdict(text, authors, ln_bayes) == expected[text], (text, authors, ln_bayes)


def test_a_density_needs_a_known_rounding() -> None:
    found = _normal(81)
    assert ln_density(_claim(test="equal"), found) == pytest.approx(stats.norm.logpdf(1))
    assert ln_density(_claim(test="equivalent", margin=2), found) is None
    assert ln_density(_claim(test="equal"), Measured(81.0)) is None


def test_a_resolution_of_just_the_margin_is_fine_enough() -> None:
    for resolution, state in ((1.0, "agrees"), (1.001, "coarse")):
        evidence = Evidence(None, 0.5, True, 0.0, resolution)
        assert answers([_claim(test="equal", margin=1.0)], [""], [evidence], 0.05)[0].state == state


# --- files ------------------------------------------------------------------------------------

FILES = Path(__file__).parent / "claims"
GOOD = (FILES / "equivalent.toml").read_text(encoding="utf-8")
AUTHORS = """
[[claims.conditions]]
label = "as run"
role = "authors"
value = "mine / accuracy[label=3] / accuracy"
"""
CLAIMS = Path("claims.toml")


@pytest.fixture(autouse=True)
def _here(empty_folder: Path) -> None:
    """Claims are written to a new folder."""


def _read(text: str) -> Any:
    CLAIMS.write_text(text, encoding="utf-8")
    return read_claims(CLAIMS)


def changes(section: str) -> list[list[str]]:
    """Changes of a file of claims that are refused: old text, new text and the setting named."""
    text = (FILES / "refused.txt").read_text(encoding="utf-8")
    lines = text.partition(f"[{section}]\n")[2].partition("\n\n")[0].splitlines()
    return [line.replace("\\n", "\n").split(" => ") for line in lines]


@pytest.mark.parametrize(("before", "after", "setting"), changes("equivalent"))
def test_a_file_of_claims_is_refused_by_name(before: str, after: str, setting: str) -> None:
    assert before in GOOD
    assert _refused(_read, GOOD.replace(before, after, 1)).setting == f"{CLAIMS}: {setting}"


def test_conditions_that_do_not_belong_together_are_refused() -> None:
    again, same = (AUTHORS.replace("as run", label) for label in ("again", "as the text says"))
    step, text = (AUTHORS.replace("authors", role) for role in ("step", "text"))
    for added in (AUTHORS + again, same, step, text):
        assert _refused(_read, GOOD + added).setting == f"{CLAIMS}: claims.a.conditions"
    assert [one.role for one in _read(GOOD + AUTHORS).claims[0].conditions] == ["text", "authors"]


@pytest.mark.parametrize("number", ["nan", "-inf", "true", f"1{'0' * 400}", "1e999", "[1.0, inf]"])
@pytest.mark.parametrize("key", ["published", "margin", "plus_minus", "alternative"])
def test_no_number_of_a_claim_is_absurd(key: str, number: str) -> None:
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} ")]
    lines.insert(lines.index('id = "a"'), f"{key} = {number}")
    assert _refused(_read, "\n".join(lines)).setting == f"{CLAIMS}: claims.a.{key}"


def test_the_name_of_a_run_is_no_path() -> None:
    for name in ("../out", "a/b", "..", ".", ".hidden", "-x", "", "/tmp/x", "a b", "x" * 101):
        text = GOOD.replace("runs.mine", f'runs."{name}"').replace("mine /", f"{name} /")
        assert _refused(_read, text).setting == f"{CLAIMS}: runs.{name}"


def test_all_conditions_that_fit_are_named() -> None:
    above = 'test = "above"\nbound = 0.5'
    text = re.sub('test = "equivalent"(.|\n)*alternative = 90', above, GOOD + AUTHORS)
    (judged,) = judge(_read(text), RUNS)
    assert judged.under.split(" and ") == [side.condition.label for side in judged.sides]


def test_two_claims_of_one_name_are_refused() -> None:
    assert _refused(_read, GOOD + GOOD[GOOD.index("[[claims]]") :]).found == "a"


def test_a_number_that_should_have_an_interval_is_refused_without() -> None:
    claims = _read(GOOD.replace('/ accuracy"', '/ load"\nerror = "images"'))
    error = _refused(judge, claims, RUNS)
    assert error.setting.startswith(f"{CLAIMS}: claims.a: ")
    assert str(error.found).split(" / ") == ["mine", "accuracy[label=3]", "load"]


def test_the_shipped_claims_use_every_run_and_name_their_error_bars() -> None:
    for path in shipped_configs("list of claims").values():
        claims = read_claims(path)
        assert list(claims.used()) == list(claims.runs)
        for claim in claims.claims:
            exact = claim.test in ("the_same", "all_true", "none")
            exact |= claim.id in ("storkey-code", "global-minima")
            assert all(exact is (one.error == "none") for one in claim.conditions)
    assert find_config("study", "list of claims").name == "study.toml"


def test_every_function_is_in_the_manual(run_hopcli: Any) -> None:
    manual = run_hopcli("reproduce", "--help").out
    assert all(f"{name}(" in manual for name in FUNCTIONS)
    assert all(name in manual for name in TESTS)


# --- the table --------------------------------------------------------------------------------


def test_a_claim_in_percent_is_measured_in_percent() -> None:
    """The question is whether 80 (76 to 84) is between 77 and 83."""
    text = GOOD.replace('place = "p"', 'place = "p"\npercent = true\nunit = "%"')
    text = text.replace("margin = 2", "margin = 3")
    judged = judge(_read(text.replace('role = "text"', 'role = "text"\nerror = "images"')), RUNS)
    assert judged[0].verdict == VERDICTS[2]
    row = table(judged, {"mine": "hopcli recall"}).row(0)
    assert (row["value"], row["command"]) == ("80", "hopcli recall")
    assert row["found"] == "80 % (76 to 84)"
    se = 4 / Z95
    found = [row[name] for name in ("ci_low", "ci_high", "p", "resolution")]
    assert found == pytest.approx([76, 84, stats.norm.sf(3 / se), 2.8 * se])


def test_an_interval_is_printed_to_two_digits_of_its_width() -> None:
    for found, text in {
        (64.55, 63.6, 65.49): "64.5 % (63.6 to 65.5)",
        (100.0, 99.963, 100.0): "100 % (99.963 to 100)",
        (1.4315, 1.4268, 1.4369): "1.431 % (1.427 to 1.437)",
        (10.0, 10.0, 10.0): "10 % (10 to 10)",
        (1234.0, 1000.0, 1500.0): "1,234 % (1,000 to 1,500)",
    }.items():
        assert with_interval(Measured(*found), "%") == text
    values = [3, 2.0, 0.9928, True, [1, "x"], 1234.5]
    assert [number(value) for value in values] == ["3", "2", "0.993", "yes", "1, x", "1,234"]
    assert (p_text(0.0312), p_text(1e-81)) == ("p = 0.031", "p < 0.001")


def test_the_printed_row_of_a_claim_has_the_condition_that_decides() -> None:
    """That of the authors where the text fails; its p without the list of numbers."""
    texts = (f"{name}: text" for name in ("id", "role", "verdict", "found", "published"))
    declared = Table("claims", columns(", ".join((*texts, "p_holm"))))
    made = [
        ("a", "text", VERDICTS[3], "1, 2 % (p < 0.001)", "3, 4 %", 0.0),
        ("a", "step", VERDICTS[3], "2, 3 % (p = 0.2)", "3, 4 %", 0.2),
        ("a", "authors", VERDICTS[3], "3, 4 % (p = 0.49)", "3, 4 %", 0.49),
        ("b", "text", VERDICTS[4], "5 (4 to 6)", "9", 1e-9),
        ("b", "other", VERDICTS[4], "7 (6 to 8)", "9", math.nan),
        ("c", "text", VERDICTS[6], "8", "seed", math.nan),
    ]
    lines = brief(declared.rows(made)).splitlines()[1:]
    rows = [re.split("  +", line.strip()) for line in lines]
    assert rows == [
        ["a", "reproduced as run", "3, 4 %", "3, 4 %", "0.49"],
        ["only"],
        ["b", VERDICTS[4], "5 (4 to 6)", "9", "<0.001"],
        ["c", VERDICTS[6], "8", "seed"],
    ]
