"""``hopcli fit-sweeps``: tables made with known sweeps, the authors' own, and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from conftest import few_and_many

from hopcli import experiments
from hopcli.config import FitSweepsConfig, RecallConfig, ThreadedExecution
from hopcli.data.study import authors_recall
from hopcli.experiments.fit_sweeps import FitSweepsResult, _first_sites, _moments
from hopcli.experiments.inputs import gather
from hopcli.experiments.replays import Replays
from hopcli.experiments.stock import Stock
from hopcli.experiments.trials import authors_sites, authors_trials
from hopcli.results import load

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

LABELS = ("3", "6", "1", "0", "4")
SMALL: dict[str, Any] = {
    "tests": 30,
    "sweeps": tuple(range(7, 18)),
    "replays": 15,
    "orders": 15,
}


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock()


def _made(stock: Stock, sweeps: int, tests: int = 30) -> tuple[Replays, NDArray[np.int32]]:
    """The runs of the authors, and the sites of so many sweeps."""
    config = RecallConfig(replay_authors=True, sweeps=sweeps, tests=tests)
    inputs = gather(config, stock)
    resolved = config.resolve(inputs.facts)
    patterns = inputs.patterns(config, resolved.digits, stock)
    trials = authors_trials(resolved, inputs.dataset, patterns)
    starts = inputs.dataset.spins[trials.starts.source_index]
    own = np.repeat(np.arange(5), tests)
    couplings = stock.couple(resolved, patterns, resolved.rule, resolved.theta)
    replays = Replays(couplings, starts, own, resolved.attempts_per_sweep, 0.2, 0.99)
    return replays, authors_sites(resolved, inputs.dataset, patterns)


def _table(replays: Replays, sites: NDArray[Any], repeats: int, seed: int) -> pd.DataFrame:
    """Percentages of a table of some repeats, all in this order of the sites."""
    seeds = np.random.SeedSequence([99, seed]).spawn(repeats)
    hits = [replays.of_order(sites, 1, own, lambda: None).reshape(5, -1) for own in seeds]
    return pd.DataFrame([100 * own.mean(axis=1) for own in hits], columns=LABELS)


def _fit(stock: Stock, table: pd.DataFrame, path: Path, seed: int) -> FitSweepsResult:
    table.to_csv(path, index=False)
    config = FitSweepsConfig(table=str(path), seed=seed, **SMALL)
    one = ThreadedExecution(threads=1)  # the chains are few, and several would wait for each other
    result: Any = experiments.plan(config, stock).run(one, lambda *_: None)
    assert isinstance(result, FitSweepsResult)
    return result


def _in_interval(result: FitSweepsResult, order: str, sweeps: int) -> bool:
    table = result.tables["likelihood"]
    return bool(
        table[(table["order"] == order) & (table["sweeps"] == sweeps)]["in_interval"].iloc[0]
    )


@few_and_many("n_tables", 2, 5)
def test_the_intervals_hold_the_number_of_sweeps_that_made_a_table(
    stock: Stock, tmp_path: Path, n_tables: int
) -> None:
    """Tables in the authors' order, and in random ones."""
    true = 11
    replays, sites = _made(stock, true)
    held = {"known": 0, "unknown": 0}
    widths: dict[str, list[int]] = {"known": [], "unknown": []}
    rng = np.random.default_rng(true)
    for seed in range(n_tables):
        drawn = rng.integers(784, size=sites.shape, dtype=np.uint32)
        for order, own in (("known", sites), ("unknown", drawn)):
            fit = _fit(stock, _table(replays, own, 6, seed), tmp_path / "table.csv", seed)
            held[order] += _in_interval(fit, order, true)
            estimate = fit.tables["estimate"].set_index("order")
            low, high = estimate["sweeps_ci_low"], estimate["sweeps_ci_high"]
            widths[order].append(int(high[order]) - int(low[order]))
            assert low[order] <= estimate["sweeps"][order] <= high[order]
    assert min(held.values()) >= n_tables - 1
    assert np.median(widths["known"]) <= 1
    assert 0 < np.mean(widths["unknown"]) < 10


@pytest.fixture(scope="module")
def authors() -> FitSweepsResult:
    config = FitSweepsConfig(sweeps=(9, 10, 11, 20), replays=30, orders=30)
    result: FitSweepsResult = experiments.run(config)
    return result


def test_the_authors_made_ten_sweeps_and_not_twenty(authors: FitSweepsResult) -> None:
    estimate = authors.tables["estimate"].set_index("order")
    assert estimate["sweeps"].tolist() == [10, 10]
    assert (estimate["p"] > 0.05).all(), "and that fits"
    assert estimate["dof"].tolist() == [49, 49]
    for order in ("known", "unknown"):
        assert _in_interval(authors, order, 10)
        assert not _in_interval(authors, order, 20)
    assert not _in_interval(authors, "known", 9)
    assert not _in_interval(authors, "known", 11)


# As STUDY has it: an independent simulation, 200 repeats.
@pytest.mark.parametrize(
    ("order", "sweeps", "percent"),
    [
        ("known", 10, (81.0, 76.5, 98.0, 76.1, 68.2)),
        ("known", 20, (84.9, 77.4, 96.9, 79.9, 75.2)),
        ("unknown", 10, (80.4, 74.5, 96.8, 78.0, 68.6)),
        ("unknown", 20, (83.0, 77.5, 97.4, 80.5, 73.8)),
    ],
)
def test_accuracies_are_those_of_an_independent_simulation(
    authors: FitSweepsResult, order: str, sweeps: int, percent: tuple[float, ...]
) -> None:
    table = authors.tables["expected"]
    own = table[(table["order"] == order) & (table["sweeps"] == sweeps)]
    assert own["label"].tolist() == [*LABELS]
    assert own["published"].to_numpy() == pytest.approx(authors_recall().mean() / 100)
    # 30 replays, or 30 orders of two, against 200 repeats of one order each.
    noise = np.hypot(own["sd_noise"] / np.sqrt(30), own["sd_order"] / np.sqrt(30))
    error = 100 * np.hypot(noise, np.hypot(own["sd_noise"], own["sd_order"]) / np.sqrt(200))
    assert np.all(np.abs(100 * own["accuracy"] - np.array(percent)) < 3.5 * error + 0.1)
    if order == "known":
        assert (own["sd_order"] == 0).all()
    else:
        assert own["sd_order"].between(0.003, 0.03).all()


@few_and_many("orders", 20, 60)
def test_the_spread_of_repeats_is_what_the_replays_say(stock: Stock, orders: int) -> None:
    """By two runs of some orders, and by many repeats of many orders."""
    replays, _ = _made(stock, 10, tests=40)
    rng = np.random.default_rng(6)
    counts = np.array(
        [
            [
                replays.of_order(sites, 1, seed, lambda: None).reshape(5, -1).sum(axis=1)
                for seed in np.random.SeedSequence(order).spawn(6)
            ]
            for order in range(orders)
            for sites in [rng.integers(784, size=(200, 3920), dtype=np.uint32)]
        ]
    )
    wider = np.sqrt(60 / orders)
    within = counts.var(axis=1, ddof=1).mean(axis=0)
    between = counts.mean(axis=1).var(axis=0, ddof=1) - within / 6
    seeds = tuple(np.random.SeedSequence(7).spawn(2))
    recalled = replays.of_random_orders((5, 10), orders, (seeds[0], seeds[1]), lambda _: None)
    mean, own_between, own_within = (
        values[0] for values in _moments(recalled[1], np.ones((1, orders)), 5)
    )
    total = np.sqrt(between + within)
    assert np.all(np.abs(mean - counts.mean(axis=(0, 1))) < 4 * total * np.sqrt(2 / orders))
    assert own_within == pytest.approx(within, rel=0.3 * wider, abs=0.1)
    assert own_between.sum() == pytest.approx(between.sum(), rel=0.35 * wider)


def test_fewer_sweeps_are_the_first_part_of_more(stock: Stock) -> None:
    """Of the authors' stream of sites; and of runs in a random order, sweep by sweep."""
    _, few = _made(stock, 3)
    replays, many = _made(stock, 8)
    assert np.array_equal(_first_sites(many.astype(np.uint32), 3 * 392), few)
    seeds = tuple(np.random.SeedSequence(1).spawn(2))
    one, other = (
        replays.of_random_orders(sweeps, 5, (seeds[0], seeds[1]), lambda _: None).mean(axis=(1, 2))
        for sweeps in ((1, 2, 4, 8), (8,))
    )
    assert one[-1].mean() == pytest.approx(other[0].mean(), abs=0.03)
    assert (np.diff(one.mean(axis=1)) >= 0).all(), "the more sweeps, the more is recalled"
    assert one[0].mean() == 0 < one[2].mean() < one[3].mean()


def test_a_number_of_sweeps_is_fitted_as_it_is_alone(tmp_path: Path, stock: Stock) -> None:
    """With the same seed: the replays of the first number do not depend on the others."""
    config = FitSweepsConfig(tests=100, sweeps=(10,), replays=5, orders=2)
    alone = experiments.plan(config, stock).run(ThreadedExecution(), experiments.no_progress)
    more = FitSweepsConfig(tests=100, sweeps=(10, 12), replays=5, orders=2)
    both = experiments.plan(more, stock).run(ThreadedExecution(threads=1), experiments.no_progress)
    one, other = (fit.tables["likelihood"].iloc[0] for fit in (alone, both))
    assert one["log_likelihood"] == other["log_likelihood"]


def test_a_table_of_one_repeat_and_the_key_of_a_run(run_hopcli: RunHopcli) -> None:
    """What is in a file counts, not its name; the order of the columns is that of storing."""
    Path("one.csv").write_text("repeat,6,3\n0,76,81\n")
    Path("two.csv").write_text("6,3\n76.0,81\n\n")
    Path("other.csv").write_text("6,3\n76,82\n")
    flags = ["--sweeps", "5,10", "--replays", "3", "--orders", "4", "-q"]
    keys = []
    for name in ("one", "two", "other"):
        assert run_hopcli("fit-sweeps", "--table", f"{name}.csv", *flags, "--out", name).code == 0
        run = load(name)
        keys.append(run.manifest["inputs"]["table"])
        assert run.result.tables["estimate"]["dof"].tolist() == [1, 1]
        assert run.result.tables["expected"]["label"].unique().tolist() == ["6", "3"]
        assert Path(name, "fit_sweeps.png").is_file()
    assert keys[0] == keys[1] != keys[2]


TABLES = {
    "empty": "",
    "head": "3,6\n",
    "letters": "3,6\n81,x\n",
    "parts": "3,6\n81,76.5\n",
    "more": "3,6\n81,101\n",
    "short": "3,6\n81,76\n79\n",
    "label": "3,11\n81,76\n",
    "twice": "3,3\n81,76\n",
    "none": "repeat\n1\n",
    "binary": "\0\1",
}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--table gone.csv", "gone.csv"),
        ("--table .", ".:"),
        ("--table empty", "empty"),
        ("--table head", "head"),
        ("--table letters", "letters 2 100 'x'"),
        ("--table parts", "parts 2 100 '76.5'"),
        (
            "--table parts --tests 30",
            "parts 2 30 '81'",
        ),
        ("--table more", "more 2 100 '101'"),
        ("--table short", "short 3 2 1"),
        ("--table label", "label 0 1 2 3 4 5 6 7 8 9"),
        ("--table twice", "twice"),
        ("--table none", "none"),
        ("--table binary", "binary: must "),
        ("--sweeps 0:3:1", "--sweeps 1"),
        ("--sweeps 1.5", "--sweeps 1"),
        ("--sweeps 3,2", "--sweeps 1"),
        ("--sweeps x", "--sweeps 1"),
        ("--sweeps 9000", "--tests 100 000"),
        ("--replays 1", "--replays 2"),
        ("--orders 1", "--orders 2"),
    ],
)
def test_refusals(run_hopcli: RunHopcli, flags: str, message: str) -> None:
    for name, text in TABLES.items():
        Path(name).write_text(text)
    refusal = run_hopcli("fit-sweeps", *flags.split(), "--out", "out").refused()
    for piece in message.split():
        assert piece in refusal
    assert not Path("out").exists()
