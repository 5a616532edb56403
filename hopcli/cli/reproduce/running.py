"""Making the runs that claims need, and publishing the verdicts."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hopcli import results
from hopcli.claims.judging import VERDICTS
from hopcli.claims.reading import read_claims
from hopcli.claims.table import short, table, wrapped
from hopcli.claims.verdicts import judge
from hopcli.cli.lines import listen, print_lines
from hopcli.cli.progress import bar
from hopcli.cli.reproduce.runs import PreparedRun, prepare
from hopcli.cli.tables import print_table
from hopcli.config.base import nearest
from hopcli.config.files import find_claims
from hopcli.grids.export import write_table
from hopcli.printing import terminal
from hopcli.results.files import written
from hopcli.results.folder import files_in, publish_run, sha256_of, writing
from hopcli.results.provenance import source_commit, versions
from hopcli.results.tables import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from hopcli.claims.claim import Claims
    from hopcli.claims.verdicts import Judged

__all__ = ["Asked", "reproduce"]

_MANIFEST = "reproduce"
_TABLE, _REPORT = "claims.csv", "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for.

    Parameters
    ----------
    against : str
        File of claims, or name of one that is shipped.
    only : tuple of str
        Claims that are wanted; empty for all.
    quick, overwrite, again, quiet : bool
        As the flags.
    out : Path or None
        Folder.
    form : str
        What is printed.
    """

    against: str
    only: tuple[str, ...] = ()
    quick: bool = False
    out: Path | None = None
    overwrite: bool = False
    again: bool = False
    quiet: bool = False
    form: str = "table"

    def folder(self, claims: Claims) -> Path:
        """Where results go."""
        if self.out is not None:
            return self.out
        parts = ["reproduce", *([] if self.against == "study" else [claims.path.stem])]
        parts += ["quick"] * self.quick + ["some"] * bool(self.only)
        return Path("results") / "-".join(parts)


def reproduce(asked: Asked) -> int:
    """Make what is missing of the runs, come to verdicts, write and print them.

    Returns
    -------
    int
        Exit code 0.

    Raises
    ------
    HopcliError
        If something is refused, as far as possible before anything runs.
    """
    listen(quiet=asked.quiet)
    claims = _chosen(read_claims(find_claims(asked.against)), asked.only)
    out = asked.folder(claims)
    results.check_writable(out)
    runs = prepare(claims, asked, out / "runs")
    with results.locked(out, _MANIFEST):
        _make_all(runs, quiet=asked.quiet)
        judged = judge(claims, runs)
        made = table(judged, {name: run.told for name, run in runs.items()})
        files = _publish(out, claims, judged, made, runs)
    if not asked.quiet:
        _say(out, judged, made, files, asked.form)
    return 0


def _chosen(claims: Claims, only: Sequence[str]) -> Claims:
    """The claims that are wanted."""
    known = [claim.id for claim in claims.claims]
    for name in only:
        if name not in known:
            rule = f"must name claims of {claims.path} ({', '.join(known)})"
            raise click.UsageError(f"--only {rule}{nearest(name, known)}, found {name!r:.80}")
    if not only:
        return claims
    return dataclasses.replace(
        claims, claims=tuple(claim for claim in claims.claims if claim.id in only)
    )


def _make_all(runs: Mapping[str, PreparedRun], *, quiet: bool) -> None:
    """Make every run that is not finished; each is kept as soon as it is."""
    finished = 0
    try:
        with bar(
            total=len(runs), unit="run", leave=False, disable=None if not quiet else True
        ) as steps:
            for name, run in runs.items():
                steps.set_postfix_str(name)
                run.make()
                finished += 1
                steps.update()
    except KeyboardInterrupt:
        finished += any(one.place == run.folder for one in written)
        raise KeyboardInterrupt(
            f"{finished} of {len(runs)} runs are finished and kept: the same command goes on there"
        ) from None


def _publish(
    out: Path,
    claims: Claims,
    judged: Sequence[Judged],
    made: pd.DataFrame,
    runs: Mapping[str, PreparedRun],
) -> list[Path]:
    """Write verdicts, report and manifest, unless they are there as they would be written."""
    from hopcli.cli.reproduce.page import page

    with writing(out, _MANIFEST) as stage:
        write_table(made, stage / _TABLE, "csv")
        (stage / _REPORT).write_text(page(claims, judged, runs), encoding="utf-8")
        names = files_in(stage)
        outputs = {name: sha256_of(stage / name) for name in names}
        if not _is_there(out, outputs):
            manifest = {
                "command": _MANIFEST,
                "claims": str(claims.path.name),
                "claims_sha256": sha256_of(claims.path),
                "runs": {name: run.key for name, run in runs.items()},
                "versions": versions(),
                "source_commit": source_commit(),
                "tables": {"claims": columns_of(made)},
                "outputs": outputs,
            }
            publish_run(stage, out, _MANIFEST, manifest)
    return [out / name for name in (*names, f"{_MANIFEST}.json")]


def _is_there(out: Path, outputs: Mapping[str, str]) -> bool:
    try:
        return bool(results.read_manifest(out, _MANIFEST)["outputs"] == outputs)
    except OSError:
        return False


def _say(
    out: Path, judged: Sequence[Judged], made: pd.DataFrame, files: Sequence[Path], form: str
) -> None:
    """Print the verdicts and where the files are."""
    if form == "json":
        rows = json.loads(made.to_json(orient="records"))
        said = {"command": _MANIFEST, "out": str(out), "table": rows}
        click.echo(json.dumps({**said, "files": [path.name for path in files]}))
        return
    if form != "table":
        print_table(short(made, ids=False), form)
        return
    click.echo(wrapped(short(made, ids=True)))
    counts = {name: sum(one.verdict == name for one in judged) for name in VERDICTS}
    click.echo(
        "\n" + textwrap.fill("; ".join(f"{n} {name}" for name, n in counts.items() if n), 80)
    )
    print_lines(terminal(f"{out}/  {' '.join(path.name for path in files)}"))
