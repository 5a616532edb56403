"""Verdicts on claims: make the runs behind them, judge the claims, publish table and page."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import logging
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

from threadpoolctl import threadpool_limits

from hopcli import report, results
from hopcli.claims.claim import PATTERNS, Claims
from hopcli.claims.reading import read_claims
from hopcli.claims.table import (
    criterion_text,
    found_text,
    margin_text,
    published_text,
    reason,
    table,
)
from hopcli.claims.verdicts import Judged, judge
from hopcli.config import find_config
from hopcli.dynamics.jobs import processors
from hopcli.errors import SettingError
from hopcli.grids.export import write_table
from hopcli.results.files import check_made
from hopcli.results.folder import files_in, publish_new, writing
from hopcli.results.manifest import sha256_of
from hopcli.runs.behind import PreparedRun, prepare
from hopcli.values import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from hopcli.report import Section
    from hopcli.runs.requests import Wishes
    from hopcli.tables import Columns

    Watch = Callable[[Iterable[Any], int], AbstractContextManager[Iterable[Any]]]

_log = logging.getLogger(__name__)

_MANIFEST, _RUNS = "reproduce", "runs"
_TABLE, _REPORT = "claims.csv", "report.html"
_AT_ONCE = 4  # runs, which share the time that their Python code takes
_PATIENCE = 5.0  # seconds in which stopped runs end


class Verdicts(NamedTuple):
    """Published verdicts.

    Attributes
    ----------
    out : Path
        Their folder.
    judged : sequence of Judged
        A verdict for each claim.
    table : Columns
        One row per claim and condition.
    files : list of Path
        Table, page and manifest.
    """

    out: Path
    judged: Sequence[Judged]
    table: Columns
    files: list[Path]


def reproduce(
    against: str,
    wishes: Wishes,
    *,
    only: Sequence[str] = (),
    quick: bool = False,
    watch: Watch = lambda finished, _: contextlib.nullcontext(finished),
) -> Verdicts:
    """Make the runs that are missing, judge the claims, and publish table and page.

    Parameters
    ----------
    against : str
        File of claims, or the name of one included in hopcli.
    wishes : Wishes
        Wishes for all runs; `out` is the folder of the verdicts.
    only : sequence of str
        Ids of the claims; empty for all.
    quick : bool
        Use fewer repeats.
    watch : callable
        Opens an iteration over the finished runs, whose number it takes too.

    Raises
    ------
    HopcliError
        If a claim or a run is impossible, as far as possible before anything runs.
    """
    claims = _chosen(read_claims(find_config(against, "list of claims")), only)
    name = ["reproduce", *([] if against == "study" else [claims.path.stem])]
    name += ["quick"] * quick + ["some"] * bool(only)
    out = wishes.out or Path("results") / "-".join(name)
    results.check_writable(out)
    for folder in (out, out / _RUNS)[wishes.out is not None :]:
        check_made(folder)
    with threadpool_limits(1):  # two threads of the BLAS wait for each other in small products
        runs = prepare(claims, wishes._replace(out=out / _RUNS), quick=quick)
        results.check_alone(out, _MANIFEST)
        with results.locked(out):
            _make_all(runs, watch)
            gc.collect()  # pictures of the runs refer to themselves
            judged = judge(claims, runs)
            made = table(judged, {name: run.command_line for name, run in runs.items()})
            files = _publish(out, claims, judged, made, runs)
    return Verdicts(out, judged, made, files)


def _chosen(claims: Claims, only: Sequence[str]) -> Claims:
    """Select claims by their ids."""
    known = [claim.id for claim in claims.claims]
    for name in only:
        if name not in known:
            rule = f"must name claims of {claims.path} ({', '.join(known)})"
            raise SettingError("only", f"{rule}{nearest(name, known)}", name)
    if not only:
        return claims
    return dataclasses.replace(
        claims, claims=tuple(claim for claim in claims.claims if claim.id in only)
    )


def _make_all(runs: Mapping[str, PreparedRun], watch: Watch) -> None:
    """Make every unfinished run, some at a time; each is kept as soon as it is finished."""
    stop, pool = Event(), ThreadPoolExecutor(min(processors(), _AT_ONCE))
    made = {pool.submit(run.make, stop): run.folder.name for run in runs.values()}
    try:
        with watch(as_completed(made), len(made)) as finished:
            for one in finished:
                one.result()
                if names := [name for each, name in made.items() if each.running()]:
                    _log.debug("running %s", ", ".join(names))
    except BaseException as error:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        begun = [each for each in made if not each.cancelled()]
        wait(begun, _PATIENCE)
        if not isinstance(error, KeyboardInterrupt):
            raise
        n_kept = sum(each.done() and each.exception() is None for each in begun)
        raise KeyboardInterrupt(
            f"{n_kept} of {len(runs)} runs are finished and kept: the same command continues"
        ) from None
    pool.shutdown()


def _publish(
    out: Path,
    claims: Claims,
    judged: Sequence[Judged],
    made: Columns,
    runs: Mapping[str, PreparedRun],
) -> list[Path]:
    """Write verdicts, report and manifest, unless identical ones exist."""
    with writing(out) as stage:
        write_table(made, stage / _TABLE, "csv")
        (stage / _REPORT).write_text(_page(claims, judged, runs), encoding="utf-8")
        names = files_in(stage)
        if not _is_there(out, {name: sha256_of(stage / name) for name in names}):
            manifest = {
                "claims": str(claims.path.name),
                "claims_sha256": sha256_of(claims.path),
                "runs": {name: run.key for name, run in runs.items()},
                "tables": {"claims": made.heads},
            }
            publish_new(stage, out, _MANIFEST, manifest)
    return [out / name for name in (*names, f"{_MANIFEST}.json")]


def _is_there(out: Path, outputs: Mapping[str, str]) -> bool:
    try:
        return bool(results.read_manifest(out, _MANIFEST)["outputs"] == outputs)
    except OSError:
        return False


def _page(claims: Claims, judged: Sequence[Judged], runs: Mapping[str, PreparedRun]) -> str:
    """Write the page: first the claims, then the runs behind them."""
    rows = [_row(one, runs) for one in judged]
    title, sections = f"{claims.title}: verdicts", _sections(claims, runs)
    return report.page(title, sections, intro=_intro(claims), claims=rows)


def _intro(claims: Claims) -> str:
    source = f"Claims of: {claims.source}. " if claims.source else ""
    return (
        f"{source}Each claim was measured anew under one or more named conditions: the protocol "
        "that the text describes and, where it differs, the one that the authors' own program "
        "ran. A printed number is compared with the numbers that such a study would print "
        f"(simulated, with an error rate of {100 * claims.alpha:g} %). Verdicts follow from "
        "written rules; see the manual of the command.\n\n"
        "Brackets give 95 % intervals. The resolution is the difference that a test detects "
        "with a power of 80 %. Claims of one family share Holm's correction. Explanations are "
        "other hypotheses that fit where the text's protocol does not."
    )


def _row(one: Judged, runs: Mapping[str, PreparedRun]) -> dict[str, Any]:
    claim = one.claim
    names = dict.fromkeys(([claim.picture] if claim.picture else []) + list(claim.runs))
    texts = (reason(one), margin_text(claim), claim.note)
    question = PATTERNS.get(claim.patterns, "")
    return {
        "id": claim.id,
        "claim": claim.text.replace("+-", "\N{PLUS-MINUS SIGN}"),
        "place": ", ".join(filter(None, (claim.place, question))),
        "published": published_text(claim).replace("+-", "\N{PLUS-MINUS SIGN}"),
        "found": [(side.condition.label, found_text(claim, side)) for side in one.sides],
        "test": criterion_text(claim),
        "verdict": one.verdict,
        "under": one.under,
        "explained_by": one.explained_by,
        "reason": " ".join(f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text),
        "command": "\n".join(runs[name].command_line for name in names),
        "runs": list(names),
    }


_OF_MAKING = ("versions", "commit", "seconds")
"""Details that the page leaves to the manifests: it is the same for repeated runs."""


def _sections(claims: Claims, runs: Mapping[str, PreparedRun]) -> Iterator[Section]:
    """Return the sections of the runs, with pictures if a claim requests them."""
    seen = {claim.picture for claim in claims.claims}
    for name, run in runs.items():
        for section in report.sections_in(run.folder, name, loaded=run.loaded, draws=name in seen):
            details = {
                head: {name: text for name, text in rows.items() if name not in _OF_MAKING}
                for head, rows in section.details.items()
            }
            yield dataclasses.replace(section, again=run.command_line, details=details)
