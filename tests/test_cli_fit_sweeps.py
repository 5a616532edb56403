"""``hopcli fit-sweeps``: tables made with known sweeps, and the authors' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import experiment, few_and_many
from numpy.typing import NDArray
from shell import Shell, read_json, table

from hopcli import experiments
from hopcli.config import FitSweepsConfig, RecallConfig, ThreadedExecution
from hopcli.experiments.fit_sweeps import _first_sites, _moments
from hopcli.experiments.preparation import prepare
from hopcli.experiments.stock import Stock
from hopcli.experiments.trials import authors_sites, authors_trials
from hopcli.study import AUTHORS_RECALL
from hopcli.study.replays import Replays

LABELS = ["3", "6", "1", "0", "4"]
ORDERS = 30
"""Replays, and orders of two replays, of each number of sweeps."""


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock()


def _made(stock: Stock, sweeps: int, tests: int = 30) -> tuple[Replays, NDArray[np.uint32]]:
    """The runs of the authors, and the sites of so many sweeps."""
    config = RecallConfig(replay_authors=True, sweeps=sweeps, tests=tests)
    prepared = prepare(config, stock)
    resolved, dataset, patterns = prepared.config, prepared.dataset, prepared.patterns
    trials = authors_trials(resolved, dataset, patterns)
    starts = dataset.spins[trials.starts.source_index]
    own = np.repeat(np.arange(5), tests)
    replays = Replays(prepared.network(), starts, own, resolved.attempts_per_sweep, 0.2, 0.99)
    return replays, authors_sites(resolved, dataset, patterns)


def _write(path: Path, replays: Replays, sites: NDArray[Any], seed: int) -> None:
    """Write a table of six repeats, in percent, all in this order of the sites."""
    seeds = np.random.SeedSequence([99, seed]).spawn(6)
    hits = [replays.of_order(sites, 1, own, lambda: None).reshape(5, -1) for own in seeds]
    rows = [100 * own.mean(axis=1) for own in hits]
    pd.DataFrame(rows, columns=LABELS).to_csv(path, index=False)


def _fit(stock: Stock, **settings: Any) -> dict[str, pd.DataFrame]:
    """Tables of a fit; its chains are few, and several threads would wait for each other."""
    plan = experiments.plan(FitSweepsConfig.from_values(settings), stock)
    return dict(plan.run(ThreadedExecution(threads=1), experiments.no_progress).tables)


def _inside(likelihood: pd.DataFrame, order: str) -> set[int]:
    """Numbers of sweeps in the interval."""
    own = likelihood[(likelihood["order"] == order) & likelihood["in_interval"]]
    return set(own["sweeps"])


@few_and_many("n_tables", 2, 5)
def test_intervals_hold_the_sweeps_of_a_table(stock: Stock, tmp_path: Path, n_tables: int) -> None:
    """Tables in the authors' order, and in random ones."""
    path = tmp_path / "table.csv"
    replays, sites = _made(stock, 11)
    held, widened = {"known": 0, "unknown": 0}, 0
    widths: dict[str, list[int]] = {"known": [], "unknown": []}
    rng = np.random.default_rng(11)
    small: Any = {"tests": 30, "sweeps": tuple(range(9, 14)), "replays": 12, "orders": 12}
    for seed in range(n_tables):
        drawn = rng.integers(784, size=sites.shape, dtype=np.uint32)
        for order, own in (("known", sites), ("unknown", drawn)):
            _write(path, replays, own, seed)
            tables = _fit(stock, table=str(path), seed=seed, **small)
            held[order] += 11 in _inside(tables["likelihood"], order)
            row: Any = tables["estimate"].set_index("order").loc[order]
            assert row["sweeps_ci_low"] <= row["sweeps"] <= row["sweeps_ci_high"]
            widths[order].append(int(row["sweeps_ci_high"] - row["sweeps_ci_low"]))
            fits = tables["likelihood"].query("order == 'unknown'")
            estimate: Any = tables["estimate"].set_index("order").loc["unknown"]
            lack, limit = -2 * fits["relative"], 3.841459 * estimate["overdispersion"]
            reached = lack - 2 * 1.645 * fits["relative_error"] <= limit
            assert fits["in_interval"].tolist() == reached.tolist()
            widened += int(np.sum(reached & (lack > limit)))
    assert min(held.values()) >= n_tables - 1
    assert widened  # by the error of the finite number of orders
    assert np.median(widths["known"]) <= 1
    assert 0 < np.mean(widths["unknown"]) < 10


@pytest.fixture(scope="module")
def authors() -> dict[str, pd.DataFrame]:
    """Tables of a fit to the authors' own."""
    run = experiment("fit-sweeps", sweeps=(9, 10, 20), replays=ORDERS, orders=ORDERS)
    return dict(run.tables)


def test_the_authors_made_ten_sweeps_and_not_twenty(authors: dict[str, pd.DataFrame]) -> None:
    estimate = authors["estimate"].set_index("order")
    assert estimate["sweeps"].tolist() == [10, 10]
    assert (estimate["p"] > 0.05).all()
    assert estimate["dof"].tolist() == [49, 49]
    assert _inside(authors["likelihood"], "known") == {10}
    assert {10} <= _inside(authors["likelihood"], "unknown") <= {9, 10}


# As STUDY has it: an independent simulation, 200 repeats.
PERCENT = [
    ("known", 10, [81.0, 76.5, 98.0, 76.1, 68.2]),
    ("known", 20, [84.9, 77.4, 96.9, 79.9, 75.2]),
    ("unknown", 10, [80.4, 74.5, 96.8, 78.0, 68.6]),
    ("unknown", 20, [83.0, 77.5, 97.4, 80.5, 73.8]),
]


@pytest.mark.parametrize(("order", "sweeps", "percent"), PERCENT)
def test_accuracies_are_those_of_an_independent_simulation(
    authors: dict[str, pd.DataFrame], order: str, sweeps: int, percent: list[float]
) -> None:
    own = authors["expected"].query("order == @order and sweeps == @sweeps")
    assert own["label"].tolist() == LABELS
    published = pd.read_csv(AUTHORS_RECALL, index_col="repeat").mean() / 100
    assert own["published"].to_numpy() == pytest.approx(published)
    # So many replays, or orders of two, against 200 repeats of one order each.
    noise = np.hypot(own["sd_noise"], own["sd_order"])
    error = 100 * noise * np.sqrt(1 / ORDERS + 1 / 200)
    assert np.all(np.abs(100 * own["accuracy"] - np.array(percent)) < 3.5 * error + 0.1)
    assert own["sd_order"].between(*((0, 0) if order == "known" else (0.003, 0.03))).all()


def test_two_orders_have_the_unbiased_variance() -> None:
    """An image that one order recalls twice and the other never: 1/2, not 1/4."""
    recalled = np.array([[[1], [1]], [[0], [0]]], bool)
    moments = _moments(recalled, np.ones((1, 2)), 1)
    assert [values.tolist() for values in moments] == [[[0.5]], [[0.5]], [[0.0]]]


def test_fewer_sweeps_are_the_first_part_of_more(stock: Stock) -> None:
    """Of the authors' stream of sites; and of runs in a random order, sweep by sweep."""
    _, few = _made(stock, 3)
    replays, many = _made(stock, 8)
    assert np.array_equal(_first_sites(many.astype(np.uint32), 3 * 392), few)
    first, second = np.random.SeedSequence(1).spawn(2)
    each, last = (
        replays.of_random_orders(sweeps, 5, (first, second), lambda _: None).mean(axis=(1, 2, 3))
        for sweeps in ((1, 2, 4, 8), (8,))
    )
    assert each[-1] == pytest.approx(last[0], abs=0.03)
    assert (np.diff(each) >= 0).all()
    assert each[0] == 0 < each[2] < each[3]


def test_a_table_of_one_repeat_and_the_key_of_a_run(shell: Shell) -> None:
    """The key depends on the values of a file; columns are in the order of storing."""
    texts = {"a": "repeat,6,3\n0,76,81\n", "b": "6,3\n76.0,81\n\n", "c": "6,3\n76,82\n"}
    keys = []
    for name, text in texts.items():
        Path(f"{name}.csv").write_text(text)
        few = "--sweeps 2,3 --replays 2 --orders 2 -q"
        shell.run(f"fit-sweeps --table {name}.csv {few} --out {name}")
        keys.append(read_json(f"{name}/fit-sweeps.json")["inputs"]["table"])
        assert table(f"{name}/estimate.csv")["dof"].tolist() == [1, 1]
        assert table(f"{name}/expected.csv")["label"].unique().tolist() == ["6", "3"]
        assert Path(name, "fit_sweeps.png").is_file()
    assert keys[0] == keys[1] != keys[2]
