"""``hopcli variance``: every selection is a recall of its own, and the tables add them up."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from conftest import random_patterns
from scipy import stats
from test_figures_weights import write_patterns

from hopcli import experiments
from hopcli.config import ThreadedExecution, VarianceConfig
from hopcli.experiments.trials import draw_trials
from hopcli.experiments.variance import SOURCES, VarianceResult
from hopcli.results import read_manifest
from hopcli.statistics import draws_interval, exact_interval
from hopcli.statistics.components import Components

if TYPE_CHECKING:
    from conftest import RunHopcli

OUT = Path("results/variance")
VARIANCE = ["variance", "--no-figures", "--quiet", "--overwrite"]
SMALL = [*VARIANCE, "--selections", "3", "--tests", "6", "--repeats", "2", "--sweeps", "12"]
TABLES = (
    "errors",
    "components",
    "accuracy",
    "best_worst",
    "differences",
    "ranks",
    "selections",
)
DIGITS = ["3", "6", "1", "0", "4"]


def _table(name: str, out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / f"{name}.csv", dtype={"label": str})


def _variance(threads: int | None = None, **settings: object) -> VarianceResult:
    config = VarianceConfig.from_values(settings)
    result = experiments.run(config, ThreadedExecution(threads=threads))
    assert isinstance(result, VarianceResult)
    return result


@pytest.fixture(scope="module")
def found() -> VarianceResult:
    """Eight selections of the study."""
    return _variance(selections=8, tests=20, repeats=3)


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--split", "test", "--select-split", "train", "--sampler", "generator"),
        ("--start", "image,flip:0.1", "--rule", "hebbian", "--digits", "1,7", "--quench"),
        ("--start", "flip:0.4", "--temperature", "0.5:0.1:geometric", "--score", "signed"),
        ("--dynamics", "glauber", "--no-exclude-samples", "--samples", "3", "--criterion", "0.9"),
    ],
    ids=" ".join,
)
def test_a_selection_is_the_recall_of_its_seeds(
    run_hopcli: RunHopcli, flags: tuple[str, ...]
) -> None:
    run = [*SMALL, *flags, "--seed", "5", "--selection-seed", "20"]
    assert run_hopcli(*run).code == 0
    rows = _table("selections")
    assert rows["selection_seed"].unique().tolist() == [20, 21, 22]
    assert rows["seed"].nunique() == 3
    for selection, own in rows.groupby("selection"):
        seeds = own.iloc[0]
        recall = ["recall", *SMALL[1:4], *SMALL[6:], *flags, "--out", f"r{selection}"]
        recall += ["--selection-seed", str(seeds["selection_seed"]), "--seed", str(seeds["seed"])]
        if "flip:0.4" not in flags:
            recall += ["--test-images", "same"]
        assert run_hopcli(*recall).code == 0
        accuracy = _table("accuracy", Path(f"r{selection}")).iloc[:-1]
        assert own["label"].tolist() == accuracy["label"].tolist()
        assert own["recalled"].tolist() == accuracy["recalled"].tolist()
        assert own["n"].tolist() == accuracy["n"].tolist()
    assert rows["accuracy"].nunique() > 2


def test_the_tables_have_a_row_for_each_label_and_source(found: VarianceResult) -> None:
    assert tuple(found.tables) == TABLES
    errors = found.tables["errors"]
    names = [*DIGITS, "overall"]
    assert errors["label"].tolist() == np.repeat(names, 8).tolist()
    assert errors["source"].tolist() == [*SOURCES, "total"] * 12
    assert errors["test_images"].tolist() == np.tile(np.repeat(["same", "fresh"], 4), 6).tolist()
    components = found.tables["components"]
    assert components["label"].tolist() == np.repeat(names, 3).tolist()
    assert components["source"].tolist() == [*SOURCES] * 6
    assert found.tables["accuracy"]["label"].tolist() == names
    assert found.tables["best_worst"]["label"].tolist() == DIGITS
    ranks = found.tables["ranks"]
    assert ranks["label"].tolist() == np.repeat(DIGITS, 5).tolist()
    assert ranks["rank"].tolist() == [1, 2, 3, 4, 5] * 5


def _parts(found: VarianceResult, label: object) -> Components:
    """The components of a label, or of all."""
    counts = found.recalled
    if label != "overall":
        counts = counts[:, [DIGITS.index(str(label))]]
    return Components.of(counts, 3)


def test_components_are_those_of_the_images_that_were_recalled(found: VarianceResult) -> None:
    assert found.recalled.shape == (8, 5, 20)
    assert set(np.unique(found.recalled)) == {0, 1, 2, 3}
    rates = found.recalled.sum(axis=2) / 60
    assert found.tables["selections"]["accuracy"].tolist() == pytest.approx(rates.ravel().tolist())
    for label, own in found.tables["components"].groupby("label"):
        parts = _parts(found, label)
        expected = [parts.groups, parts.units, parts.trials]
        columns = own[["variance", "variance_ci_low", "variance_ci_high"]]
        assert columns.to_numpy() == pytest.approx(np.array(expected))
        cut = np.maximum(own["variance"], 0)
        assert own["share"].tolist() == pytest.approx((cut / cut.sum()).tolist())


def test_errors_are_those_of_an_accuracy_as_it_is_asked_for() -> None:
    settings = {"selections": 8, "tests": 20, "repeats": 3}
    found = _variance(**settings, accuracy_tests=50, accuracy_repeats=4)
    usual = _variance(**settings)
    assert found.tables["components"].equals(usual.tables["components"])
    for label, own in found.tables["errors"].groupby("label"):
        parts = _parts(found, label)
        for images, units in (("same", 50), ("fresh", 200)):
            sd = own[own["test_images"] == images].set_index("source")
            variances = {
                "selection": parts.groups.variance,
                "images": parts.units.variance / units,
                "thermal": parts.trials.variance / 200,
            }
            for source, expected in variances.items():
                assert sd["sd"][source] == pytest.approx(np.sqrt(max(expected, 0)))
            total = sum(variances.values())
            assert sd["sd"]["total"] ** 2 == pytest.approx(max(total, 0))
            assert sd["share"]["total"] == 1
            assert sd["share"][:3].sum() == pytest.approx(1)
            assert (sd["sd_ci_low"] <= sd["sd"]).all()
            assert (sd["sd"] <= sd["sd_ci_high"]).all()
            assert sd["sd_ci_high"]["images"] ** 2 == pytest.approx(parts.units.high / units)
            assert sd["sd_ci_low"]["thermal"] ** 2 == pytest.approx(parts.trials.low / 200)


def test_what_is_measured_as_it_is_run_varies_as_it_was_seen_to(found: VarianceResult) -> None:
    """The total of as many tests and repeats is the variance between the selections itself."""
    same = _variance(selections=8, tests=20, repeats=3, accuracy_tests=20, accuracy_repeats=3)
    errors = same.tables["errors"]
    total = errors[(errors["test_images"] == "same") & (errors["source"] == "total")]
    accuracy = found.tables["accuracy"]
    assert total["sd"].tolist() == pytest.approx(accuracy["accuracy_sd"].tolist())


def test_mean_accuracies_and_their_intervals(found: VarianceResult) -> None:
    table = found.tables["accuracy"].set_index("label")
    rates = found.recalled.sum(axis=2) / 60
    for place, label in enumerate([*DIGITS, "overall"]):
        own = rates.mean(axis=1) if label == "overall" else rates[:, place]
        row = table.loc[label]
        assert row["selections"] == 8
        assert row["accuracy"] == pytest.approx(own.mean())
        assert row["accuracy_sd"] == pytest.approx(own.std(ddof=1))
        assert row["accuracy_sem"] == pytest.approx(own.std(ddof=1) / np.sqrt(8))
        units = 100 if label == "overall" else 20
        assert tuple(row[-2:]) == pytest.approx(draws_interval(own, units))


def test_ranks_are_those_of_the_accuracies_and_ties_share(run_hopcli: RunHopcli) -> None:
    """Of few tests many tie; here the ranks are counted one by one."""
    run = [*VARIANCE, "--selections", "12", "--tests", "4", "--repeats", "2"]
    assert run_hopcli(*run).code == 0
    rows = _table("selections")
    n = len(DIGITS)
    expected = np.zeros((n, n))
    tied = 0
    for _, own in rows.groupby("selection"):
        recalled = own["recalled"].tolist()
        ordered = sorted(recalled, reverse=True)
        for place, number in enumerate(recalled):
            ranks = [rank for rank, other in enumerate(ordered) if other == number]
            expected[place, ranks] += 1 / len(ranks)
            assert own["rank"].iloc[place] == np.mean(ranks) + 1
            tied += len(ranks) > 1
    assert tied > 5, "this test is of ties"
    found = _table("ranks")
    assert found["fraction"].to_numpy().reshape(n, n) == pytest.approx(expected / 12)
    bounds = [exact_interval(total, 12) for total in expected.ravel()]
    assert found[["ci_low", "ci_high"]].to_numpy() == pytest.approx(np.array(bounds))
    table = _table("best_worst")
    for end, column in (("best", 0), ("worst", n - 1)):
        assert table[end].tolist() == pytest.approx((expected[:, column] / 12).tolist())
        bounds = [exact_interval(total, 12) for total in expected[:, column]]
        columns = table[[f"{end}_ci_low", f"{end}_ci_high"]]
        assert columns.to_numpy() == pytest.approx(np.array(bounds))
        assert table[end].sum() == pytest.approx(1)
    by_rank = (expected @ np.arange(1, n + 1)) / 12
    assert table["rank_mean"].tolist() == pytest.approx(by_rank.tolist())


def test_one_is_recalled_best_and_selection_matters_most() -> None:
    """The study's table, over 12 selections: the draw of the samples moves it most of all."""
    found = _variance(selections=12)
    ranked = found.tables["best_worst"].set_index("label")
    assert ranked["best"]["1"] > 0.9
    assert ranked["best_ci_low"]["1"] > ranked["best_ci_high"].drop("1").max()
    errors = found.tables["errors"]
    same = errors[errors["test_images"] == "same"].pivot(
        index="label", columns="source", values="sd"
    )
    for digit in ("3", "0", "4"):
        assert 0.05 < same["selection"][digit] < 0.14
        assert 0.03 < same["images"][digit] < 0.05
        assert 0.004 < same["thermal"][digit] < 0.009
        assert same["total"][digit] > same["selection"][digit]
    assert same["images"]["1"] < 0.02


def test_a_cold_start_from_the_pattern_itself_has_no_variance() -> None:
    found = _variance(selections=3, tests=5, repeats=2, start="pattern", temperature=0.0)
    assert (found.recalled == 2).all()
    components = found.tables["components"]
    assert (components["variance"] == 0).all()
    assert (components["variance_ci_low"] == 0).all()
    assert (components["variance_ci_high"] > 0).all()
    assert components["share"].isna().all()
    ranked = found.tables["best_worst"]
    assert ranked["best"].tolist() == ranked["worst"].tolist() == [pytest.approx(0.2)] * 5


def test_without_noise_and_chance_a_repeat_adds_nothing() -> None:
    found = _variance(selections=4, tests=30, repeats=3, dynamics="async", order="fixed", sweeps=3)
    assert set(np.unique(found.recalled)) == {0, 3}
    components = found.tables["components"].set_index(["label", "source"])
    thermal = components.xs("thermal", level="source")
    assert (thermal["variance"] == 0).all()
    assert (thermal["variance_ci_high"] > 0).all()
    assert components["variance"]["3", "images"] > 0.05


def test_images_are_other_ones_in_each_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were they the same, what images add would be in no selection's difference."""
    seen: list[set[int]] = []

    def watched(*arguments: Any) -> Any:
        trials = draw_trials(*arguments)
        rows = np.arange(len(trials))
        index = trials.bank(rows).source_index.reshape(3, -1)
        assert (index == index[0]).all(), "the same in each repeat"
        seen.append(set(index[0].tolist()))
        return trials

    monkeypatch.setattr("hopcli.experiments.variance.draw_trials", watched)
    plan = experiments.plan(VarianceConfig(selections=4, tests=50, repeats=3))
    assert len(plan.inputs["patterns"]) == 64
    unlike = seen[-4:]
    assert max(len(a & b) for k, a in enumerate(unlike) for b in unlike[:k]) < 15


def test_threads_and_seeds(found: VarianceResult) -> None:
    settings = {"selections": 8, "tests": 20, "repeats": 3}
    again = _variance(threads=1, **settings)
    assert all(table.equals(again.tables[name]) for name, table in found.tables.items())
    for changed in ({"seed": 2}, {"selection_seed": 10}, {"samples": 19}):
        other = _variance(**settings, **changed)
        assert not np.array_equal(other.recalled, found.recalled)
    more = _variance(**{**settings, "selections": 9})
    assert np.array_equal(more.recalled[:8], found.recalled)


def test_what_is_printed(run_hopcli: RunHopcli) -> None:
    done = run_hopcli(*[word for word in SMALL if word != "--quiet"])
    assert done.code == 0
    head, *rows = done.out.splitlines()
    names = [f"sd_{source} %" for source in (*SOURCES, "total")]
    assert head.split() == " ".join(["label", "accuracy %", *names, "best %", "worst %"]).split()
    assert [row.split()[0] for row in rows[:6]] == [*DIGITS, "overall"]
    errors = _table("errors")
    overall = errors[(errors["label"] == "overall") & (errors["test_images"] == "same")]
    printed = [f"{100 * sd:.1f}" for sd in overall["sd"]]
    assert rows[5].split()[2:] == [*printed, "-", "-"]


def test_a_selection_that_cannot_be_made_is_refused_by_its_seed(run_hopcli: RunHopcli) -> None:
    """Of two pictures of a label one is stored in some selections; here one is the other's."""
    Path("two.txt").write_text("##..\n\n####\n", encoding="utf-8")
    same = ["--dataset", "text:two.txt", "--start", "flip:0.1", "--samples", "1"]
    assert run_hopcli(*SMALL, *same).code == 0
    dataset = write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))
    message = run_hopcli(*SMALL, "--dataset", dataset, "--tests", "2").refused()
    assert message.startswith("--tests must be at most 0, the images labelled")
    Path("same.txt").write_text("##..\n\n##..\n", encoding="utf-8")
    message = run_hopcli(*SMALL, "--dataset", "text:same.txt", *same[2:]).refused()
    assert message.startswith("selection seed 9: ")


def test_what_some_selection_cannot_do_is_refused_before_any_is_run(
    run_hopcli: RunHopcli,
) -> None:
    """The samples of the first selection leave 939 images of the "6", those of another fewer."""
    run = [*VARIANCE, "--split", "test", "--tests", "939"]
    message = run_hopcli(*run, "--selections", "40").refused()
    assert "--tests must be at most 938, the images labelled '6' not used" in message
    assert not Path("results").exists()


def test_the_manifest_has_the_resolved_settings(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*SMALL).code == 0
    config = read_manifest(OUT, "variance")["config"]
    assert config["digits"] == DIGITS
    assert config["temperature"] == 0.2
    assert config["attempts_per_sweep"] == 392
    assert config["exclude_samples"] is True
    assert (config["selection_seed"], config["seed"]) == (9, 1)
    resolved = VarianceConfig.from_values({"selections": 3})
    assert dataclasses.replace(resolved, tests=9).recall(2, 7).selection_seed == 11


def test_two_labels_are_compared_selection_by_selection(found: VarianceResult) -> None:
    """Against SciPy's paired t-test of the accuracies in the table of selections."""
    table = found.tables["differences"]
    assert len(table) == 10
    wide = found.tables["selections"].pivot(index="selection", columns="label", values="accuracy")
    for _, row in table.iterrows():
        test = stats.ttest_rel(wide[row["label"]], wide[row["other"]])
        low, high = test.confidence_interval(0.95)
        gaps = wide[row["label"]] - wide[row["other"]]
        assert row["difference"] == pytest.approx(gaps.mean())
        assert row["difference_sem"] == pytest.approx(gaps.sem())
        assert row["p"] == pytest.approx(test.pvalue, rel=1e-6)
        bounds = np.clip([low, high], -1, 1)
        assert row[["difference_ci_low", "difference_ci_high"]].tolist() == pytest.approx(
            bounds.tolist()
        )
    assert np.all(table["p_holm"] >= table["p"])


def test_the_findings_contain_the_numbers_of_the_tables(found: VarianceResult) -> None:
    spread, worst = found.notes["findings"]
    errors = found.tables["errors"]
    own = errors[(errors["test_images"] == "same") & (errors["source"] == "selection")].iloc[:5]
    most = own.iloc[int(own["sd"].to_numpy().argmax())]
    assert f"{100 * most['sd']:.1f}" in spread
    assert f"label {most['label']}," in spread
    ranked = found.tables["best_worst"].set_index("label")["worst"].sort_values()
    assert f"{ranked.index[-1]} in {100 * ranked.iloc[-1]:.1f}" in worst
    first, second = re.findall(r"of ([0-9]) less that of ([0-9])", worst)[0]
    rates = found.tables["accuracy"].set_index("label")["accuracy"]
    assert f"{100 * (rates[first] - rates[second]):+.1f} +- " in worst
    alone = _variance(selections=3, tests=4, repeats=2, sweeps=5, digits=("3",))
    assert len(alone.notes["findings"]) == 1
    assert alone.tables["differences"].empty


def test_over_draws_the_digits_of_the_study_cannot_be_told_apart_at_the_bottom() -> None:
    """The 3 less the 4 is -0.8 +- 1.4 points, over 100 selections."""
    folder = Path(__file__).parent.parent / "results" / "variance"
    rows = _table("selections", folder).pivot(index="selection", columns="label", values="accuracy")
    gaps = 100 * (rows["3"] - rows["4"])
    assert gaps.mean() == pytest.approx(-0.8, abs=0.05)
    assert gaps.sem() == pytest.approx(1.4, abs=0.1)
    worst = _table("best_worst", folder).set_index("label")["worst"]
    assert [worst["4"], worst["3"]] == [0.365, 0.34]
    spread = rows.std(ddof=1)
    published = pd.Series({"3": 81, "6": 76, "1": 98, "0": 76, "4": 69}) / 100
    pulls = ((published - rows.mean()) / spread)[["3", "6", "1", "0", "4"]]
    assert pulls.tolist() == pytest.approx([1.2, -0.1, 0, -0.1, -0.2], abs=0.06)
