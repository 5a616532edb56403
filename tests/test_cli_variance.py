"""``hopcli variance``: every selection is a separate recall, and the tables summarise them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from conftest import experiment
from scipy import stats
from shell import Shell, table

from hopcli.statistics import draws_interval, exact_interval
from hopcli.statistics.components import Components

TABLES = ["errors", "components", "accuracy", "best_worst", "differences", "ranks", "selections"]
DIGITS = ["3", "6", "1", "0", "4"]
NAMES = [*DIGITS, "overall"]
EIGHT: dict[str, Any] = {"selections": 8, "tests": 20, "repeats": 3}
TRIALS = "--tests 6 --repeats 2 --sweeps 12 --no-figures"


def variance(**settings: Any) -> Any:
    return experiment("variance", **settings)


@pytest.fixture(scope="module")
def found() -> Any:
    """Eight selections of the study."""
    return variance(**EIGHT)


@pytest.mark.parametrize(
    "flags",
    [
        "--split test --select-split train --sampler generator --dynamics glauber --samples 3",
        "--start flip:0.4 --temperature 0.5:0.1:geometric --score signed --criterion 0.9",
    ],
)
def test_a_selection_is_the_recall_of_its_seeds(shell: Shell, flags: str) -> None:
    seeds = "--seed 5 --selection-seed 20"
    shell.run(f"variance {TRIALS} {flags} --selections 3 {seeds} --out variance")
    rows = table("variance/selections.csv")
    assert rows["selection_seed"].unique().tolist() == [20, 21, 22]
    assert rows["seed"].nunique() == 3
    images = "" if "flip:0.4" in flags else "--test-images same"
    for selection, own in rows.groupby("selection"):
        seeds = f"--selection-seed {own['selection_seed'].iloc[0]} --seed {own['seed'].iloc[0]}"
        shell.run(f"recall {TRIALS} {flags} {images} {seeds} --out {selection}")
        accuracy = table(f"{selection}/accuracy.csv").iloc[:-1]
        for name in ("label", "recalled", "n"):
            assert own[name].tolist() == accuracy[name].tolist()
    assert rows["accuracy"].nunique() > 2


def _parts(found: Any, label: object) -> Components:
    """The components of a label, or of all."""
    chosen = slice(None) if label == "overall" else [DIGITS.index(str(label))]
    return Components.of(found.recalled[:, chosen], 3)


def test_components_are_those_of_the_images_that_were_recalled(found: Any) -> None:
    assert list(found.tables) == TABLES
    assert found.recalled.shape == (8, 5, 20)
    assert set(np.unique(found.recalled)) == {0, 1, 2, 3}
    rates = found.recalled.sum(axis=2) / 60
    assert found.tables["selections"]["accuracy"].tolist() == pytest.approx(rates.ravel().tolist())
    for label, own in found.tables["components"].groupby("label"):
        parts = _parts(found, label)
        columns = own[["variance", "variance_ci_low", "variance_ci_high"]]
        expected = np.array([parts.groups, parts.units, parts.trials])
        assert columns.to_numpy() == pytest.approx(expected)
        cut = np.maximum(own["variance"], 0)
        assert own["share"].tolist() == pytest.approx((cut / cut.sum()).tolist())
    accuracy = found.tables["accuracy"]
    assert accuracy["label"].tolist() == NAMES
    for place, row in accuracy.iterrows():
        own = rates.mean(axis=1) if place == 5 else rates[:, place]
        sd = own.std(ddof=1)
        names = ["selections", "accuracy", "accuracy_sd", "accuracy_sem"]
        assert row[names].tolist() == pytest.approx([8, own.mean(), sd, sd / np.sqrt(8)])
        interval = draws_interval(own, 100 if place == 5 else 20)
        assert tuple(row[-2:]) == pytest.approx(interval)


def test_errors_are_those_of_an_accuracy_as_it_is_asked_for(found: Any) -> None:
    asked = variance(**EIGHT, accuracy_tests=50, accuracy_repeats=4)
    assert asked.tables["components"].equals(found.tables["components"])
    for label, own in asked.tables["errors"].groupby("label"):
        parts = _parts(asked, label)
        for images, units in (("same", 50), ("fresh", 200)):
            sd = own[own["test_images"] == images].set_index("source")
            variances = {
                "selection": parts.groups.variance,
                "images": parts.units.variance / units,
                "thermal": parts.trials.variance / 200,
            }
            variances["total"] = sum(variances.values())
            for source, expected in variances.items():
                assert sd["sd"][source] ** 2 == pytest.approx(max(expected, 0))
            assert sd["share"]["total"] == 1
            assert sd["share"][:3].sum() == pytest.approx(1)
            assert (sd["sd_ci_low"] <= sd["sd"]).all()
            assert (sd["sd"] <= sd["sd_ci_high"]).all()
            assert sd["sd_ci_high"]["images"] ** 2 == pytest.approx(parts.units.high / units)
            assert sd["sd_ci_low"]["thermal"] ** 2 == pytest.approx(parts.trials.low / 200)
    # The total of as many tests and repeats is the variance between the selections itself.
    errors = variance(**EIGHT, accuracy_tests=20, accuracy_repeats=3).tables["errors"]
    total = errors[(errors["test_images"] == "same") & (errors["source"] == "total")]
    sds = found.tables["accuracy"]["accuracy_sd"].tolist()
    assert total["sd"].tolist() == pytest.approx(sds)


def test_ranks_are_those_of_the_accuracies_and_ties_share() -> None:
    """Of few tests many tie; here the ranks are counted one by one."""
    tables = variance(selections=12, tests=4, repeats=2).tables
    n, tied = len(DIGITS), 0
    expected = np.zeros((n, n))
    for _, own in tables["selections"].groupby("selection"):
        recalled = own["recalled"].tolist()
        ordered = sorted(recalled, reverse=True)
        for place, number in enumerate(recalled):
            ranks = [rank for rank, other in enumerate(ordered) if other == number]
            expected[place, ranks] += 1 / len(ranks)
            assert own["rank"].iloc[place] == np.mean(ranks) + 1
            tied += len(ranks) > 1
    assert tied > 5
    ranks, ends = tables["ranks"], tables["best_worst"]
    assert ranks["fraction"].to_numpy().reshape(n, n) == pytest.approx(expected / 12)
    bounds = np.array([exact_interval(total, 12) for total in expected.ravel()])
    assert ranks[["ci_low", "ci_high"]].to_numpy() == pytest.approx(bounds)
    for end, column in (("best", 0), ("worst", n - 1)):
        assert ends[end].tolist() == pytest.approx((expected[:, column] / 12).tolist())
        bounds = np.array([exact_interval(total, 12) for total in expected[:, column]])
        assert ends[[f"{end}_ci_low", f"{end}_ci_high"]].to_numpy() == pytest.approx(bounds)
        assert ends[end].sum() == pytest.approx(1)
    by_rank = (expected @ np.arange(1, n + 1)) / 12
    assert ends["rank_mean"].tolist() == pytest.approx(by_rank.tolist())


def test_two_labels_are_compared_selection_by_selection(found: Any) -> None:
    """Against SciPy's paired t-test of the accuracies in the table of selections."""
    differences = found.tables["differences"]
    assert len(differences) == 10
    wide = found.tables["selections"].pivot(index="selection", columns="label", values="accuracy")
    for _, row in differences.iterrows():
        test = stats.ttest_rel(wide[row["label"]], wide[row["other"]])
        gaps = wide[row["label"]] - wide[row["other"]]
        bounds = np.clip(test.confidence_interval(0.95), -1, 1)
        names = ["difference", "difference_sem", "difference_ci_low", "difference_ci_high"]
        assert row[names].tolist() == pytest.approx([gaps.mean(), gaps.sem(), *bounds])
        assert row["p"] == pytest.approx(test.pvalue, rel=1e-6)
    assert np.all(differences["p_holm"] >= differences["p"])


def test_the_findings_contain_the_numbers_of_the_tables(found: Any) -> None:
    spread, worst = found.notes["findings"]
    errors = found.tables["errors"].query("test_images == 'same' and source == 'selection'")
    most = errors.iloc[int(errors["sd"][:5].to_numpy().argmax())]
    assert f"{100 * most['sd']:.1f}" in spread
    assert f"label {most['label']}," in spread
    ranked = found.tables["best_worst"].set_index("label")["worst"].sort_values()
    assert f"{ranked.index[-1]} in {100 * ranked.iloc[-1]:.1f}" in worst
    rates = 100 * found.tables["accuracy"].set_index("label")["accuracy"]
    gaps = [rates[a] - rates[b] for a, b in itertools.permutations(DIGITS, 2)]
    assert any(f"{gap:+.1f} +- " in worst for gap in gaps)
    alone = variance(selections=3, tests=4, repeats=2, sweeps=5, digits=("3",))
    assert len(alone.notes["findings"]) == 1
    assert alone.tables["differences"].empty
