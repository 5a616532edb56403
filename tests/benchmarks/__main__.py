"""Race hopcli against other programs: `make bench`, or with --only and --quick to try."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks import cluster, ratios, report, scaling, waits
from benchmarks.measuring import FULL, QUICK, Effort, Row

JOBS = {**ratios.JOBS, **waits.JOBS, **cluster.JOBS}
NAMES = [*JOBS, *scaling.AXES]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the requested jobs and axes, and write the measurements."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=NAMES, help="repeat for several")
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the work, to try")
    parser.add_argument("--whole", action="store_true", help="only a grid of 100,000 cells, once")
    parser.add_argument("--out", type=Path, help="[default: results/benchmarks, build/ for parts]")
    asked = parser.parse_args(arguments)
    of_all = not (asked.only or asked.quick)
    folder = asked.out or Path("results" if of_all else "build") / "benchmarks"
    effort = QUICK if asked.quick else FULL
    if asked.whole:
        report.write_tables(folder, whole=cluster.whole(effort))
    else:
        # One thread each: also the matrix products before a loop.
        with threadpool_limits(1):
            measured = measure(asked.only or NAMES, effort)
        report.write(folder, **measured)
    sys.stdout.write(f"{folder}/\n")


def measure(names: Sequence[str], effort: Effort) -> dict[str, list[Row]]:
    """Run jobs and axes by their names: rows of ratios.csv, rounds.csv and scaling.csv."""
    found: dict[str, list[Row]] = {"ratios": [], "rounds": [], "scaling": []}
    for name in names:
        began = time.perf_counter()
        if name in scaling.AXES:
            found["scaling"] += scaling.measure(scaling.AXES[name], effort)
        else:
            for job in JOBS[name](effort):
                of_job, turns = ratios.run(job, effort)
                found["ratios"] += of_job
                found["rounds"] += turns
                for row in of_job:
                    line = "{job}, {peer}: {ratio:.3g} {target} {reached}\n"
                    sys.stderr.write(line.format(**row))
        sys.stderr.write(f"{name}: done in {time.perf_counter() - began:.0f} s\n")
    return found


if __name__ == "__main__":
    main()
