"""Jobs of large grids: the cost of one more cell for each process of a cluster."""

from __future__ import annotations

import atexit
import filecmp
import itertools
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from distributed import Client, LocalCluster

from benchmarks import measuring
from benchmarks.measuring import Effort, Row, Used, slope
from benchmarks.ratios import Job
from benchmarks.waits import IDLE, at_most

WORKERS, SHARDS = 4, 8
LIMITS = {"status": 0.1, "check": 0.1, "table": 0.1, "plot": 0.05}  # ms a cell
Turn = dict[int, tuple[Used, float]]


def _cluster(effort: Effort) -> list[Job]:
    """Measure a cell of one sweep, by the difference of a small and a large grid."""
    few, many = effort.of(200, 4), effort.of(4_000, 40)
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    for number in (few, many):
        _make(number, f"{folder}/{number}")
    turns: list[Turn] = []

    def client() -> float:
        turns.append(_run_on_workers(few, many))
        return 1e3 * slope(few, many, lambda n: turns[-1][n][0].cpu)

    def beside(read: Callable[[Used, float], float]) -> Callable[[], float]:
        """Return another quantity of the same turns, which come before."""
        again = itertools.cycle(turns)

        def measure() -> float:
            turn = next(again)
            return 1e3 * slope(few, many, lambda n: read(*turn[n]))

        return measure

    def per_cell(run: Callable[[int], Used]) -> Callable[[], float]:
        return lambda: 1e3 * slope(few, many, lambda n: run(n).cpu)

    def read(command: str) -> Callable[[], float]:
        words = ("-m", "hopcli", "grid", command)
        return per_cell(lambda n: measuring.python(*words, f"{folder}/{n}/whole"))

    def merge(number: int) -> Used:
        shards = (f"{folder}/{number}/{shard}" for shard in (1, 2))
        return measuring.hopcli("grid", "merge", *shards, "--no-figures")

    def kilobytes(number: int) -> float:
        return 1e-3 * Path(f"{folder}/{number}/whole/grid.sqlite").stat().st_size

    cells = f"{few:,} and {many:,} cells of one sweep: a cell"
    remote = f"hopcli grid run --dask, {WORKERS} local workers, {cells}"
    dry_run = per_cell(lambda n: measuring.grid(n, *IDLE, "--dry-run"))
    scheduler, memory = beside(lambda _, cpu: cpu), beside(lambda used, _: used.megabytes)
    reading = "reading all of each cell, and its checksum"
    bounds = {"status": reading, "check": reading}
    bounds["table"] = "intervals of the rates, and writing the rows"
    bounds["plot"] = "reading the table, as `grid table` does"
    sent = "planning, sending, receiving and saving in one Python"
    command, size = f"hopcli grid {{}}, {cells}, CPU", lambda: slope(few, many, kilobytes)
    return [
        at_most("cluster-client", f"{remote}, CPU of the client", "ms", client, 1, sent),
        at_most("cluster-scheduler", f"{remote}, CPU of the scheduler", "ms", scheduler),
        at_most("cluster-memory", f"{remote}, memory of the client", "kB", memory),
        at_most("cluster-plan", command.format("run --dry-run"), "ms", dry_run),
        *(
            at_most(f"cluster-{name}", command.format(name), "ms", read(name), LIMITS[name], why)
            for name, why in bounds.items()
        ),
        at_most("cluster-merge", command.format("merge, 2 shards"), "ms", per_cell(merge)),
        at_most("cluster-size", f"grid.sqlite, {cells}", "kB", size),
    ]


def _make(number: int, folder: str) -> None:
    """Make a grid in two shards, and merge them."""
    for shard in (1, 2):
        share = ("--shard", f"{shard}/2", "--quiet", "--out", f"{folder}/{shard}")
        measuring.python("-m", "hopcli", *measuring.grid_of(number), *IDLE, *share)
    whole = ("--no-figures", "--quiet", "--out", f"{folder}/whole")
    measuring.python("-m", "hopcli", "grid", "merge", f"{folder}/1", f"{folder}/2", *whole)


def _run_on_workers(*numbers: int) -> Turn:
    """Run grids: resources of each client, and processor time of the scheduler."""
    turn = {}
    with _cluster_of_workers() as cluster:
        address = ("--dask", cluster.scheduler_address)
        measuring.grid(numbers[0], *IDLE, *address)  # each worker imports hopcli
        for number in numbers:
            began = time.process_time()  # of this process, where the scheduler runs
            used = measuring.grid(number, *IDLE, *address)
            turn[number] = used, time.process_time() - began
    return turn


def whole(effort: Effort) -> list[Row]:
    """Run one large grid on workers, and in shards: resources of each process.

    Raises
    ------
    AssertionError
        If the two tables differ.
    """
    seeds = effort.of(1_000, 4)
    varied = ("--set", "temperature=0.01:1:0.01", "--set", f"seed=1:{seeds}:1")
    rows: list[Row] = []

    def note(part: str, used: Used) -> None:
        rows.append({"part": part, "cells": 100 * seeds, **used._asdict()})
        sys.stderr.write(f"{rows[-1]}\n")

    def grid(command: str, *arguments: str, part: str = "") -> None:
        note(part or command, measuring.python("-m", "hopcli", "grid", command, *arguments))

    with tempfile.TemporaryDirectory() as folder:
        make = ("paper", *varied, *IDLE, "--no-figures", "--quiet", "--out")
        remote, merged = f"{folder}/workers", f"{folder}/merged"
        with _cluster_of_workers() as cluster, Client(cluster) as client:
            before = _used(client)
            address = ("--dask", cluster.scheduler_address)
            grid("run", *make, remote, *address, part="client")
            for part, used in _used(client).items():
                spent = used.seconds - before[part].seconds, used.cpu - before[part].cpu
                note(part, Used(*spent, used.megabytes))
        for command in ("status", "check", "table"):
            grid(command, remote)
        grid("plot", remote, "--over", "seed")
        shards = [f"{folder}/{number}" for number in range(1, SHARDS + 1)]
        shares = [f"{number}/{SHARDS}" for number in range(1, SHARDS + 1)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for its process

            def run(shard: str, share: str) -> Used:
                words = ("-m", "hopcli", "grid", "run", *make, shard, "--shard", share)
                return measuring.python(*words)

            for share, used in zip(shares, pool.map(run, shards, shares), strict=True):
                note(f"shard {share}", used)
        grid("merge", *shards, "--no-figures", "--quiet", "--out", merged)
        assert filecmp.cmp(f"{remote}/grid.csv", f"{merged}/grid.csv", shallow=False)
    return rows


def _used(client: Client) -> dict[str, Used]:
    """Return the resources of the scheduler, which is this process, and of all its workers."""
    of_workers = list(client.run(resource.getrusage, resource.RUSAGE_SELF).values())
    found = {"scheduler": [resource.getrusage(resource.RUSAGE_SELF)], "workers": of_workers}
    return {
        part: Used(
            time.perf_counter(),
            sum(one.ru_utime + one.ru_stime for one in every),
            max(one.ru_maxrss for one in every) * measuring.OF_PEAK,
        )
        for part, every in found.items()
    }


def _cluster_of_workers() -> LocalCluster:
    return LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=":0")


JOBS: dict[str, Callable[[Effort], list[Job]]] = {"cluster": _cluster}
"""Makers of the jobs of each name, which also warm them up."""
