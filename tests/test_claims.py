"""Claims: read, measured, tested in both directions, and judged by the table of verdicts."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hopcli.claims.claim import Claim, read_claims
from hopcli.claims.evaluating import evaluate
from hopcli.claims.expressions import parse
from hopcli.claims.functions import FUNCTIONS
from hopcli.claims.judging import (
    TESTS,
    VERDICTS,
    Evidence,
    answers,
    more_needed,
    verdict,
)
from hopcli.claims.measured import Measured
from hopcli.claims.notebook import by_formula, by_notebook, largest_gap
from hopcli.claims.table import judge, number, table
from hopcli.config.files import find_claims, shipped_claims
from hopcli.data.study import authors_recall, figure1
from hopcli.errors import SettingError
from hopcli.statistics import Z95, exact_interval
from hopcli.storage import store


@dataclass
class _Ran:
    """Tables that a run might have."""

    tables: dict[str, pd.DataFrame]
    result: Any = field(default=None)


if TYPE_CHECKING:
    from pathlib import Path

TABLE = pd.DataFrame(
    {
        "label": ["3", "6", "overall"],
        "load": [0.1, 0.2, 0.3],
        "accuracy": [0.8, 0.7, 0.75],
        "sem_repeats": [0.01, 0.02, 0.01],
        "sd_labels": [np.nan, np.nan, 0.05],
        "ci_low": [0.76, 0.66, 0.72],
        "ci_high": [0.84, 0.75, 0.78],
        "m": [0.9, 0.8, 0.7],
        "m_sem": [0.1, 0.2, 0.3],
        "q": [1.0, 2.0, 3.0],
        "q_ci_low": [0.5, 1.5, 2.5],
        "q_ci_high": [1.5, 2.5, 3.5],
        "fixed": [True, True, False],
    }
)
RUNS = {"mine": _Ran({"accuracy": TABLE}), "other": _Ran({"accuracy": TABLE.assign(m=0.5)})}


def _found(text: str) -> Measured:
    return evaluate(parse(text, "here"), RUNS, "here")


def _claim(**values: Any) -> Claim:
    usual = {"id": "one", "text": "so it is", "place": "p. 1", "published": 80, "test": "above"}
    number = parse("mine / accuracy[label=3] / accuracy", "here")
    return Claim(**{**usual, "as_published": number, **values})


# --- what is measured -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mine / accuracy[label=3] / accuracy", (0.8, 0.76, 0.84)),
        ("mine / accuracy[label=6] / accuracy +- sem_repeats", (0.7, 0.7 - 0.02 * Z95, None)),
        ("mine / accuracy[label=overall] / sd_labels", (0.05, None, None)),
        ("mine / accuracy[label=6] / m", (0.8, 0.8 - 0.2 * Z95, 0.8 + 0.2 * Z95)),
        ("mine / accuracy[label=6] / q", (2.0, 1.5, 2.5)),
        ("mine/accuracy[load=0.2]/q", (2.0, 1.5, 2.5)),
        ("mine / accuracy[load>0.1, load<0.3] / q", (2.0, 1.5, 2.5)),
        ("smallest(mine / accuracy / q)", (1.0, 0.5, 1.5)),
        ("largest(mine / accuracy[load<0.25] / q)", (2.0, 1.5, 2.5)),
        ("largest(mine / accuracy / m +- sem_repeats)", (0.9, 0.9 - 0.01 * Z95, None)),
        ("mine / accuracy[label=3] / m - other / accuracy[label=3] / q", (-0.1, None, None)),
    ],
)
def test_a_number_comes_with_its_own_interval(
    text: str, found: tuple[float, float | None, float | None]
) -> None:
    """The plain ci_low and ci_high are those of the rate, not of what stands beside them."""
    measured = _found(text)
    value, low, high = found
    assert measured.value == pytest.approx(value)
    if low is not None:
        assert measured.low == pytest.approx(low)
    if high is not None:
        assert measured.high == pytest.approx(high)
    if text.endswith("sd_labels"):
        assert measured.is_exact


def test_rows_without_a_number_are_texts_truths_or_lists() -> None:
    assert _found("mine / accuracy[label=3] / label").value == "3"
    assert _found("mine / accuracy / fixed").value == (True, True, False)
    assert _found("mine / accuracy / accuracy").value == (0.8, 0.7, 0.75)


def test_distances_to_the_bounds_of_a_difference_add_in_squares() -> None:
    found = Measured(5.0, 4.0, 7.0) - Measured(3.0, 2.5, 3.2)
    assert found.value == 2
    assert found.low == pytest.approx(2 - math.hypot(1.0, 0.2))
    assert found.high == pytest.approx(2 + math.hypot(2.0, 0.5))
    exact = Measured(5.0, 4.0, 7.0) - Measured(3.0)
    assert (exact.low, exact.high) == (1, 4)
    assert (Measured(5.0) - Measured(3.0)).is_exact


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mine / accuracy", "must be [FUNCTION(]RUN / TABLE"),
        ("mine / accuracy[label 3] / m", "must have rows as COLUMN=VALUE"),
        ("mean(mine / accuracy / m)", "must use one of the functions"),
        ("larges(mine / accuracy / m)", "the nearest is 'largest'"),
        ("smallest(mine / accuracy / m", "must be [FUNCTION(]RUN"),
        ("a / b / c - a / b / c - a / b / c", "one difference at most"),
        (3, "must be [FUNCTION(]RUN"),
    ],
)
def test_what_is_no_expression_is_refused(text: Any, says: str) -> None:
    with pytest.raises(SettingError) as error:
        parse(text, "claims.x.as_run")
    assert says in str(error.value)
    assert str(error.value).startswith("claims.x.as_run ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mine / precision / m", "must name a table of mine (accuracy), found 'precision'"),
        ("mine / accuracy / nn", "must name columns of accuracy (label, load"),
        ("mine / accuracy[lable=3] / m", "found 'lable'"),
        ("mine / accuracy[label=9] / m", "must choose rows that there are"),
        ("mine / accuracy[load=x] / m", "must have a number for load"),
        ("mine / accuracy[label>3] / m", "as that is text"),
        ("mine / accuracy[label=3] / m +- none", "found 'none'"),
        ("mine / accuracy[label=3] / label - mine / accuracy[label=3] / m", "a number from"),
        ("how_often_best(mine / accuracy[label=3] / m)", "cannot use how_often_best"),
    ],
)
def test_what_a_run_does_not_have_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(SettingError) as error:
        _found(text)
    assert says in str(error.value)


# --- functions --------------------------------------------------------------------------------


def _repeats(values: dict[str, list[float]]) -> _Ran:
    rows = [
        {"repeat": repeat, "label": label, "accuracy": value}
        for label, row in values.items()
        for repeat, value in enumerate(row)
    ]
    return _Ran({"repeats": pd.DataFrame(rows)})


def test_the_spread_over_labels_moves_as_they_do() -> None:
    """Its standard error against that of spreads drawn anew; the row `overall` is no label."""
    rates, errors = np.array([0.78, 0.78, 0.99, 0.81, 0.74]), np.array([0.5, 1, 0.1, 2, 0.7]) / 400
    rows = pd.DataFrame(
        {"label": list("36104"), "accuracy": rates, "sem": errors},
    )
    rows.loc[5] = ["overall", rates.mean(), 0.1]
    run = _Ran({"accuracy": rows})
    found = evaluate(parse("spread(r / accuracy / accuracy +- sem)", ""), {"r": run}, "")
    assert found.value == pytest.approx(rates.std())
    drawn = rates + errors * np.random.default_rng(7).standard_normal((20_000, 5))
    sem = (found.high - found.low) / (2 * Z95)  # type: ignore[operator]
    assert sem == pytest.approx(drawn.std(axis=1).std(), rel=0.03)


def test_a_bound_that_is_not_known_decides_nothing() -> None:
    run = _Ran({"scan": pd.DataFrame({"value": [3.0], "ci_low": [2.9], "ci_high": [np.nan]})})
    found = evaluate(parse("r / scan / value", ""), {"r": run}, "")
    assert (found.low, found.high) == (2.9, math.inf)
    below = TESTS["below"].work(_claim(test="below", bound=5), found, 0.0)
    assert answers([""], [below], 0.05)[0].holds is None
    assert more_needed(found, below, 0.0, 0.05) is None
    above = TESTS["above"].work(_claim(test="above", bound=1), found, 0.0)
    assert answers([""], [above], 0.05)[0].holds


def test_a_number_that_should_have_an_interval_is_refused_without(empty_folder: Path) -> None:
    path = empty_folder / "claims.toml"
    text = GOOD.replace('/ accuracy"', '/ load"').replace(
        'place = "p"', 'place = "p"\nerror = "images"'
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match="must have an interval, as its error is 'images'"):
        judge(read_claims(path), RUNS, {})


@pytest.mark.parametrize(
    ("function", "label", "wins"),
    [
        ("how_often_best", "1", 1),
        ("how_often_worst", "4", 2),
        ("how_often_worst", "1", 0),
        ("how_often_best", "4", 0),
    ],
)
def test_how_often_a_label_is_best_counts_ties_for_nobody(
    function: str, label: str, wins: int
) -> None:
    run = _repeats(
        {"1": [0.9, 0.8, 0.7, 0.9], "4": [0.5, 0.8, 0.7, 0.8], "6": [0.6, 0.7, 0.8, 0.9]}
    )
    text = f"{function}(r / repeats[label={label}] / accuracy)"
    found = evaluate(parse(text, ""), {"r": run}, "")
    assert found.value == wins / 4
    assert (found.low, found.high) == exact_interval(wins, 4)


def test_the_distance_from_the_figure_is_root_mean_square_less_noise() -> None:
    curve = figure1()
    rows = pd.DataFrame(
        {"temperature": curve["temperature"], "label": "4", "m": curve["overlap"] + 0.03}
    )
    exact = _Ran({"scan": rows.assign(m_sem=0.0)})
    found = evaluate(parse("distance(r / scan[label=4] / m)", ""), {"r": exact}, "")
    assert [found.value, found.low, found.high] == pytest.approx([0.03] * 3)
    noisy = _Ran({"scan": rows.assign(m_sem=0.01)})
    found = evaluate(parse("distance(r / scan[label=4] / m)", ""), {"r": noisy}, "")
    # d rms = sum g e / (n rms): SD of 0.01 / sqrt(n) for a constant gap.
    width = float(found.high or 0) - float(found.low or 0)
    assert width == pytest.approx(2 * Z95 * 0.01 / math.sqrt(len(rows)), rel=0.05)


def test_the_ratio_of_variances_is_an_f_ratio_whose_interval_holds_one_in_95_percent() -> None:
    """Runs of the authors' own variance, 100 repeats each: 1 is inside, as often as is said."""
    authors = authors_recall()
    labels = [label for label in authors.columns if label != "repeat"]
    sd = authors[labels].std(ddof=1).to_numpy() / 100
    rng = np.random.default_rng(3)
    draws = rng.standard_normal((400, 100, len(labels))) * sd
    # The authors' table is given; that its variance is the true one is what is simulated.
    ratios, inside = [], 0
    for own in draws[:200]:
        run = _repeats({name: own[:, i].tolist() for i, name in enumerate(labels)})
        text = "variance_ratio(r / repeats / accuracy)"
        found = evaluate(parse(text, ""), {"r": run}, "")
        ratios.append(found.value)
        inside += bool(found.low < 1 < found.high)  # type: ignore[operator]
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)
    assert inside == 200  # only the run varies here, the interval allows for both
    assert found.stays == pytest.approx(found.value * math.sqrt(2 / 45))


def test_the_interval_of_the_ratio_of_variances_has_its_coverage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    labels, inside = ["3", "6", "1", "0", "4"], 0
    for _ in range(400):
        theirs = pd.DataFrame(rng.standard_normal((10, 5)) * 2, columns=labels)
        monkeypatch.setattr("hopcli.data.study.authors_recall", lambda theirs=theirs: theirs)
        own = rng.standard_normal((60, 5)) * 0.02
        run = _repeats({name: own[:, i].tolist() for i, name in enumerate(labels)})
        found = evaluate(parse("variance_ratio(r / repeats / accuracy)", ""), {"r": run}, "")
        inside += bool(found.low < 1 < found.high)  # type: ignore[operator]
    assert 0.93 <= inside / 400 <= 0.975


def _storkey_by_sums(xi: np.ndarray) -> np.ndarray:
    """The formula as it is printed, sum by sum."""
    n = xi.shape[1]
    weights = np.zeros((n, n))
    for x in xi.astype(float):
        old = weights.copy()
        for i, j in itertools.product(range(n), repeat=2):
            h_ij = sum(old[i, k] * x[k] for k in range(n) if k not in (i, j))
            h_ji = sum(old[j, k] * x[k] for k in range(n) if k not in (i, j))
            weights[i, j] += (x[i] * x[j] - x[i] * h_ji - h_ij * x[j]) / n
    return weights


def test_the_notebooks_code_departs_from_storkeys_formula_with_the_second_pattern() -> None:
    rng = np.random.default_rng(5)
    xi = rng.choice(np.array([-1, 1], dtype=np.int8), (3, 9))
    np.testing.assert_allclose(by_formula(xi), _storkey_by_sums(xi), atol=1e-12)
    off = ~np.eye(9, dtype=bool)
    couplings = store(xi, "storkey")
    own = couplings.J[np.ix_(couplings.site_class, couplings.site_class)]
    np.testing.assert_allclose(own[off], by_formula(xi)[off], atol=1e-12)
    assert largest_gap(xi[:1]) == 0
    # For the second pattern by hand: w = x x' / N before, a and b the terms that are taken off.
    x, y = xi[0].astype(float), xi[1].astype(float)
    w = np.outer(x, x) / 9
    received = w @ y
    h = received[None, :] - np.diag(w)[:, None] * y[:, None] - w * y * off
    second = w + (np.outer(y, y) - h * y - (h * y).T) / 9
    np.testing.assert_allclose(by_notebook(xi[:2])[off], second[off], atol=1e-12)
    assert largest_gap(xi[:2]) == pytest.approx(
        9 * np.abs(second - _storkey_by_sums(xi[:2]))[off].max(), abs=1e-8
    )
    assert largest_gap(xi[:2]) > 0.1


# --- tests ------------------------------------------------------------------------------------


def test_equivalence_is_two_one_sided_tests() -> None:
    found = Measured(81.0, 81 - Z95, 81 + Z95)  # standard error 1
    evidence = TESTS["equivalent"].work(_claim(margin=2, test="equivalent"), found, 0.0)
    assert evidence.p_for == pytest.approx(stats.norm.sf(1))  # the edge at 82 is the nearer
    assert evidence.p_against == pytest.approx(stats.norm.cdf(1))
    assert evidence.z == pytest.approx(1)
    assert evidence.edge == 82
    both = TESTS["equivalent"].work(_claim(margin=2, test="equivalent"), found, math.sqrt(3))
    assert both.z == pytest.approx(0.5)  # the published number has an error too


def test_each_side_of_an_interval_has_its_own_error() -> None:
    """Of a rate near 1 the upper bound is near, the lower is not."""
    found = Measured(99.0, 99 - 2 * Z95, 99 + 0.1 * Z95)
    assert found.z(99.5) == pytest.approx(-5)
    assert found.z(97.0) == pytest.approx(1)
    assert Measured(99.0).z(98.0) == math.inf
    assert Measured(0.0, 0.0, 0.01).z(0.02) == pytest.approx(-0.02 / (0.01 / Z95))


@pytest.mark.parametrize(
    ("test", "bound", "value", "holds"),
    [("above", 5, 6.0, True), ("above", 5, 4.0, False), ("below", 5, 4.0, True)],
)
def test_a_bound_is_held_to_from_its_side(
    test: str, bound: float, value: float, holds: bool
) -> None:
    evidence = TESTS[test].work(_claim(test=test, bound=bound), Measured(value), 0.0)
    assert answers([""], [evidence], 0.05)[0].holds is holds
    near = Measured(value, value - 3, value + 3)
    evidence = TESTS[test].work(_claim(test=test, bound=bound), near, 0.0)
    assert answers([""], [evidence], 0.05)[0].holds is None


def test_a_factor_is_symmetric_on_both_sides() -> None:
    claim = _claim(test="within_factor", published=1, margin=2)
    for value, holds in ((0.6, True), (1.9, True), (0.4, False), (2.2, False)):
        evidence = TESTS["within_factor"].work(claim, Measured(value), 0.0)
        assert answers([""], [evidence], 0.05)[0].holds is holds


def test_the_same_is_digit_for_digit_and_in_order() -> None:
    claim = _claim(test="the_same", published=[1, 2])
    for value, holds in (((1, 2), True), ((2, 1), False), ((1, 2, 3), False), (("1", "2"), True)):
        evidence = TESTS["the_same"].work(claim, Measured(value), 0.0)
        assert answers([""], [evidence], 0.05)[0].holds is holds
    one = TESTS["the_same"].work(_claim(test="the_same", published=1), Measured(1.0), 0.0)
    assert answers([""], [one], 0.05)[0].holds
    true = TESTS["all_true"].work(_claim(test="all_true"), Measured((True, False)), 0.0)
    assert answers([""], [true], 0.05)[0].holds is False


def test_neither_answer_is_given_more_often_than_its_error_where_it_is_wrong() -> None:
    """At the very edge each is wrong in 5 % of the runs; with Holm so are five at once."""
    rng = np.random.default_rng(6)
    claim, wrong, any_wrong = _claim(test="equivalent", margin=2), 0, 0
    for _ in range(2000):
        found = [Measured(v, v - Z95, v + Z95) for v in 82 + rng.standard_normal(5)]
        evidence = [TESTS["equivalent"].work(claim, one, 0.0) for one in found]
        wrong += answers([""], evidence[:1], 0.05)[0].holds is True
        any_wrong += any(one.holds for one in answers(["f"] * 5, evidence, 0.05))
    assert 0.035 < wrong / 2000 < 0.065
    assert any_wrong / 2000 < 0.065


def test_holm_corrects_within_a_family_alone() -> None:
    evidence = [Evidence(p, 1 - p, 2.0, 1.0) for p in (0.01, 0.02, 0.03, 0.04)]
    alone = answers(["", "", "", ""], evidence, 0.05)
    assert [one.p_holm for one in alone] == pytest.approx([0.01, 0.02, 0.03, 0.04])
    together = answers(["f", "f", "f", ""], evidence, 0.05)
    assert [one.p_holm for one in together] == pytest.approx([0.03, 0.04, 0.04, 0.04])
    assert [one.p for one in together] == pytest.approx([0.01, 0.02, 0.03, 0.04])


@pytest.mark.parametrize("published", [True, False, None])
@pytest.mark.parametrize("as_run", [True, False, None])
@pytest.mark.parametrize("has_run", [True, False])
def test_the_verdicts_are_those_of_the_table(
    published: bool | None, as_run: bool | None, has_run: bool
) -> None:
    said = verdict(published, as_run, has_run=has_run)
    assert said in VERDICTS
    if published is True:
        assert said == "holds"
    elif published is None:
        assert said == "cannot be decided"
    elif not has_run:
        assert said == "does not hold"
    else:
        others = {
            True: "holds as run, not as published",
            False: "does not hold",
            None: "cannot be decided",
        }
        assert said == others[as_run]


def test_so_many_repeats_would_decide_and_do() -> None:
    """With the error of as many values as it says, the answer is given, and not with fewer."""
    claim = _claim(test="above", bound=80)
    found = Measured(81.0, 81 - 2 * Z95, 81 + 2 * Z95)
    evidence = TESTS["above"].work(claim, found, 0.0)
    factor = more_needed(found, evidence, 0.0, 0.05)
    for more, holds in ((factor * 1.01, True), (factor * 0.99, None)):
        error = 2 / math.sqrt(more)
        then = Measured(81.0, 81 - error * Z95, 81 + error * Z95)
        assert answers([""], [TESTS["above"].work(claim, then, 0.0)], 0.05)[0].holds is holds
    assert more_needed(found, evidence, 1.0, 0.05) is None  # the published error alone is too large
    stays = Measured(81.0, 81 - 2 * Z95, 81 + 2 * Z95, stays=1.9)
    assert more_needed(stays, evidence, 0.0, 0.05) is None


# --- files ------------------------------------------------------------------------------------

GOOD = """
[runs.mine]
config = "paper"

[[claims]]
id = "a"
text = "t"
place = "p"
published = 80
test = "equivalent"
margin = 2
as_published = "mine / accuracy[label=3] / accuracy"
"""


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('test = "equivalent"', 'test = "equal"', "claims.a.test must be one of equivalent"),
        ('test = "equivalent"', 'test = "equivalnt"', "the nearest is 'equivalent'"),
        ("margin = 2", "", "claims.a.margin must be given with test 'equivalent'"),
        ("margin = 2", "margin = 2\nbound = 3", "claims.a.bound has no use with test"),
        ("margin = 2", "margin = -2", "must be a finite number >= 0, found -2"),
        ("margin = 2", "margin = nan", "must be a finite number >= 0"),
        ('place = "p"\n', "", "claims.a.place must be given"),
        ('text = "t"', 'text = ""', "claims.a.text must be text"),
        ("published = 80", "published = true", "claims.a.published must"),
        ("published = 80", 'published = "many"', "claims.a.published must be a number"),
        ("mine / acc", "yours / acc", "must name runs of the file (mine)"),
        ('config = "paper"', "", "runs.mine must have either a config or a folder"),
        ('config = "paper"', 'config = "paper"\nfolder = "x"', "either a config or a folder"),
        ('config = "paper"', "config = 3", "runs.mine.config must be a text, found 3"),
        ('config = "paper"', 'configs = "paper"', "the nearest is 'config'"),
        ("[[claims]]", "alpha = 0.05\n[[claims]]", "runs.mine: alpha is none of"),
        ("[runs.mine]", "alpha = 2.0\n[runs.mine]", "alpha must be above 0 and below 0.5"),
        ("[runs.mine]", 'alpha = "x"\n[runs.mine]', "alpha must be a number, found 'x'"),
        ("[runs.mine]", "runs = 3", "runs must be a table, found 3"),
        ('id = "a"', 'id = "a"\nerror = "noise"', "claims.a.error must be one of none"),
        ('id = "a"', 'id = "a"\npicture = "x"', "claims.a.picture must be a run of the file"),
        ('id = "a"', 'id = "a"\npublished_repeats = 1', "claims.a.published_repeats must"),
        ('id = "a"', 'id = "a"\npercent = 1', "must be true or false"),
        ("[[claims]]", "[claims]", "claims must be a list of tables"),
    ],
)
def test_a_file_of_claims_is_refused_by_name(
    empty_folder: Path, before: str, after: str, says: str
) -> None:
    path = empty_folder / "claims.toml"
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(SettingError) as error:
        read_claims(path)
    assert says in str(error.value)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", f"1{'0' * 400}", "1e999"])
@pytest.mark.parametrize("key", ["published", "margin", "plus_minus", "published_repeats"])
def test_no_number_of_a_claim_is_absurd(empty_folder: Path, key: str, number: str) -> None:
    path = empty_folder / "claims.toml"
    texts = [number] if key != "published" else [number, f"[1.0, {number}]"]
    for text in texts:
        lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} ")]
        path.write_text("\n".join([*lines, f"{key} = {text}"]), encoding="utf-8")
        with pytest.raises(SettingError) as error:
            read_claims(path)
        assert error.value.setting == f"{path}: claims.a.{key}"


@pytest.mark.parametrize(
    "name", ["../out", "a/b", "..", ".", ".hidden", "-x", "", "/tmp/x", "a\\b", "a b", "x" * 101]
)
def test_the_name_of_a_run_is_no_path(empty_folder: Path, name: str) -> None:
    path = empty_folder / "claims.toml"
    text = GOOD.replace("runs.mine", f'runs."{name}"').replace("mine /", f"{name} /")
    path.write_text(text.replace("a\\b", "a\\\\b"), encoding="utf-8")
    with pytest.raises(SettingError) as error:
        read_claims(path)
    assert error.value.setting == f"{path}: runs.{name}"


def test_the_length_of_an_expression_has_a_limit() -> None:
    term = "a / b[c=1] / d"
    assert len(parse(f"{term:<1000}", "x").terms) == 1
    with pytest.raises(SettingError):
        parse(f"{term:<1001}", "x")
    for text in (" " * 10**7, "a" * 10**7, "a / b[" + "c, " * 10**6, "x = 1" + " " * 10**6 + "y"):
        with pytest.raises(SettingError):
            parse(text, "x")


def test_what_surrounds_a_value_of_a_row_is_no_part_of_it() -> None:
    rows = parse("  a/b [ c =  3  x ,d>  1 ] / e +- f ", "x").terms[0].rows
    assert rows == (("c", "=", "3  x"), ("d", ">", "1"))


def test_two_claims_of_one_name_are_refused(empty_folder: Path) -> None:
    path = empty_folder / "claims.toml"
    path.write_text(GOOD + GOOD[GOOD.index("[[claims]]") :], encoding="utf-8")
    with pytest.raises(SettingError, match="must be given once, is 2x, found 'a'"):
        read_claims(path)


def test_the_shipped_claims_use_every_run_and_tell_their_error_bars() -> None:
    for path in shipped_claims().values():
        claims = read_claims(path)
        assert list(claims.used()) == list(claims.runs)
        for claim in claims.claims:
            random = claim.test not in ("the_same", "all_true")
            assert random or claim.error == "none"
    assert find_claims("study").name == "study.toml"


def test_nothing_about_an_outcome_is_in_the_shipped_claims() -> None:
    text = find_claims("study").read_text(encoding="utf-8")
    assert not any(name in text for name in ("verdict =", "reason =", "does not hold"))


def test_every_function_is_told_in_the_manual(run_hopcli: Any) -> None:
    manual = run_hopcli("reproduce", "--help").out
    assert all(f"{name}(" in manual for name in FUNCTIONS)
    assert all(name in manual for name in TESTS)


# --- the table --------------------------------------------------------------------------------


def test_a_claim_in_percent_is_measured_in_percent(empty_folder: Path) -> None:
    path = empty_folder / "claims.toml"
    text = GOOD.replace('place = "p"', 'place = "p"\npercent = true\nunit = "%"\nerror = "images"')
    path.write_text(text, encoding="utf-8")
    judged = judge(read_claims(path), RUNS, {})
    assert judged[0].verdict == "cannot be decided"  # 80 (76 to 84) within 78 and 82?
    assert judged[0].more == "about 2.8 times as many test images would decide it"
    made = table(judged, {"mine": "hopcli recall"})
    row = made.iloc[0]
    assert (row["as_published"], row["command"]) == ("80", "hopcli recall")
    assert [row["as_published_ci_low"], row["as_published_ci_high"]] == pytest.approx([76, 84])
    assert row["as_published_error_bar"] == "test images"
    se = 4 / Z95
    assert row["as_published_p"] == pytest.approx(stats.norm.sf(2 / se))
    assert "80 % (76 to 84) may or may not be within 2 % of 80 %" in row["reason"]


def test_what_the_authors_measured_has_an_error_what_they_claim_has_none(
    empty_folder: Path,
) -> None:
    """80 +- 4 over four repeats: a standard error of 2 beside that of a replay, not of a claim."""
    path = empty_folder / "claims.toml"
    added = (
        'plus_minus = 0.04\npublished_repeats = 4\nas_run = "mine / accuracy[label=3] / accuracy"'
    )
    text = GOOD.replace("published = 80", f"published = 0.8\n{added}").replace("= 2\n", "= 0.1\n")
    path.write_text(text, encoding="utf-8")
    (one,) = judge(read_claims(path), RUNS, {})
    assert one.as_run is not None
    own = 0.04 / Z95
    assert one.published.answer.evidence.z == pytest.approx(0.1 / own)
    assert one.as_run.answer.evidence.z == pytest.approx(0.1 / math.hypot(own, 0.02))


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (2.0, "2"), (0.9928, "0.993"), (True, "yes"), ([1, "x"], "1, x"), (1234.5, "1,234")],
)
def test_numbers_are_short(value: object, text: str) -> None:
    assert number(value) == text
