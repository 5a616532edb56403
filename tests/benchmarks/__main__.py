"""Race hopcli against other programs: `make bench`, or with --only and --quick to try."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from benchmarks import ratios, report, scaling
from benchmarks.timing import FULL, QUICK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.timing import Effort


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the jobs and the axes that are asked for, and write what they gave."""
    asked = _asked(arguments)
    whole = not (asked.only or asked.quick)
    folder = asked.out or Path("results" if whole else "build") / "benchmarks"
    # One thread each: also the matrix products before a loop.
    with threadpool_limits(1):
        measured = measure(asked.only or [*ratios.JOBS, *scaling.AXES], asked.effort)
    report.write(folder, *measured)
    sys.stdout.write(f"{folder}/\n")


def measure(
    names: Sequence[str], effort: Effort
) -> tuple[list[ratios.Ratio], list[ratios.Round], list[scaling.Point]]:
    """Run jobs and axes by their names."""
    found: list[ratios.Ratio] = []
    rounds: list[ratios.Round] = []
    points: list[scaling.Point] = []
    for name in names:
        began = time.perf_counter()
        if name in scaling.AXES:
            points += scaling.measure(scaling.AXES[name], effort)
        else:
            for job in ratios.JOBS[name](effort):
                of_job, turns = ratios.run(job, effort)
                found += of_job
                rounds += turns
                for ratio in of_job:
                    _tell(_line(ratio))
        _tell(f"{name}: done in {time.perf_counter() - began:.0f} s")
    return found, rounds, points


def _line(ratio: ratios.Ratio) -> str:
    asked = f", asked {ratio.target}: {ratio.reached}" if ratio.target else ""
    return f"{ratio.job}, {ratio.peer}: {ratio.ratio:.3g}{asked}"


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    names = [*ratios.JOBS, *scaling.AXES]
    parser.add_argument(
        "--only",
        action="append",
        choices=names,
        metavar="NAME",
        help=f"a job or an axis, can be repeated: {', '.join(names)}",
    )
    parser.add_argument(
        "--quick",
        dest="effort",
        action="store_const",
        const=QUICK,
        default=FULL,
        help="a fiftieth of the work: to see that it runs, the times mean little",
    )
    parser.add_argument(
        "--out", type=Path, help="folder [default: results/benchmarks; build/benchmarks for parts]"
    )
    asked = parser.parse_args(arguments)
    asked.quick = asked.effort is QUICK
    return asked


if __name__ == "__main__":
    main()
