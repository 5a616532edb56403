"""A single run: planned, made in its folder or loaded from it, drawn, compared."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import endings, experiments, results
from hopcli.errors import HopcliError, ResultError, renamed
from hopcli.results.files import check_made
from hopcli.results.folder import uninterrupted
from hopcli.results.manifest import OF_DAMAGE
from hopcli.results.parts import KeptParts, discard_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hopcli.config import Config, Execution
    from hopcli.experiments import Parts, Plan, Result
    from hopcli.experiments.stock import Stock
    from hopcli.results import Loaded
    from hopcli.runs.requests import Request

_log = logging.getLogger(__name__)


if TYPE_CHECKING:
    Watch = Callable[[float], AbstractContextManager[Any]]
    """Opens a progress display for a run of at least some seconds; it has `tell(done, total)`."""


class Job(NamedTuple):
    """A planned run.

    Attributes
    ----------
    request : Request
        The requested run.
    plan : Plan
        Its plan.
    key : str
        Its key.
    out : Path
        Its folder.
    is_finished : bool
        Whether the folder already contains it; pictures may be missing.
    seconds : float
        Duration of the planning.
    """

    request: Request
    plan: Plan
    key: str
    out: Path
    is_finished: bool
    seconds: float


class Outcome(NamedTuple):
    """A run that is finished.

    Attributes
    ----------
    result : Result
        Tables, arrays and notes.
    files : list of Path
        Files that were written now.
    is_new : bool
        Whether the run was made now; otherwise it was already finished.
    is_drawn : bool
        Whether requested pictures were missing.
    failure : Exception or None
        Error that prevented the pictures.
    """

    result: Any
    files: list[Path]
    is_new: bool
    is_drawn: bool
    failure: Exception | None = None


def plan(request: Request, stock: Stock | None = None) -> Job:
    """Plan a run, and raise an error before anything is made if it is impossible.

    Parameters
    ----------
    request : Request
        The run.
    stock : Stock, optional
        Data and couplings that several runs share.

    Raises
    ------
    HopcliError
        If the run cannot be made, or its folder cannot be written.
    """
    results.check_writable(request.out)
    if request.execution.draws:
        from hopcli import plots  # noqa: F401  # an import that fails is reported now
    began = time.perf_counter()
    _log.debug("reading data and patterns")
    with renamed(request.name_of):
        planned = experiments.plan(request.config, stock or request.stock)
    config = planned.config
    key = results.key(config.command, config.to_dict(), planned.inputs)
    out = request.folder(key)
    if request.wishes.out is None:
        check_made(out)
    results.check_writable(out)
    stored = results.same_run(out, config, planned.inputs, replace=request.wishes.overwrite)
    is_finished = _stays(stored, request.execution, again=request.wishes.again)
    return Job(request, planned, key, out, is_finished, time.perf_counter() - began)


def _stays(stored: Loaded | None, execution: Execution, *, again: bool) -> bool:
    if stored is None or again:
        return False
    return not results.lacks(stored.result, stored.manifest, execution)


def do(job: Job, watch: Watch | None = None) -> Outcome:
    """Make a planned run in its folder, or only the files that a finished run lacks.

    Parameters
    ----------
    job : Job
        The run.
    watch : callable
        Opens a display of progress.

    Raises
    ------
    HopcliError
        If it cannot be made, or the folder cannot be written.
    """
    wishes = job.request.wishes
    return publish(
        job.out,
        job.plan.config,
        job.plan.inputs,
        job.request.execution,
        lambda: _work(job, watch),
        overwrite=wishes.overwrite,
        again=wishes.again,
    )


def publish(
    out: Path,
    config: Config,
    inputs: Mapping[str, str],
    execution: Execution,
    work: Callable[[], tuple[Result, list[Path]]],
    *,
    overwrite: bool = False,
    again: bool = False,
) -> Outcome:
    """Write a run into its folder, or only the files that a finished run lacks.

    Parameters
    ----------
    out : Path
        The folder.
    config : Config
        The resolved configuration.
    inputs : mapping of str to str
        SHA-256 of the data and files that the run reads.
    execution : Execution
        Requested pictures and tables.
    work : callable
        Saves the run in the folder; returns its result and files.
    overwrite, again : bool
        Replace another run; repeat a finished one.

    Raises
    ------
    ResultError
        If another run is there, another process is writing, or the folder cannot be written.
    """
    command = config.command
    with results.locked(out):
        stored = results.same_run(out, config, inputs, replace=overwrite)
        if stored is None or not _stays(stored, execution, again=again):
            is_new, draws = True, execution.draws
            endings.expect(out, pictures=draws, earlier=bool(results.finished_in(out)))
            result, files = work()
        else:
            is_new, draws = False, results.is_undrawn(out, stored.manifest, execution)
            endings.expect(out, pictures=draws, finished=True)
            result, files = stored.result, []
        discard_parts(out)
        failure = None
        if draws:
            _log.debug("drawing the pictures")
            from hopcli import plots

            try:
                draw = functools.partial(plots.draw, config, result, execution)
                files += results.save_pictures(out, command, draw, execution=execution)
            except (HopcliError, MemoryError) as error:
                failure = error
    return Outcome(result, files, is_new, draws, failure)


def _work(job: Job, watch: Watch | None) -> tuple[Result, list[Path]]:
    """Make a run and save it; parts of a stopped one are kept."""
    planned, execution = job.plan, job.request.execution
    began = time.perf_counter() - job.seconds
    _log.debug("running %s", job.out.name)
    with _kept_parts(job) as parts:
        result = make(planned, execution, watch, parts)
        files = results.save(
            job.out,
            planned.config,
            result,
            inputs=planned.inputs,
            execution=execution,
            duration=time.perf_counter() - began,
            given=job.request.config,
        )
    return result, files


def make(
    planned: Plan, execution: Execution, watch: Watch | None = None, parts: Parts | None = None
) -> Result:
    """Make a planned run; nothing is written.

    Parameters
    ----------
    planned : Plan
        Its plan.
    execution : Execution
        Its threads.
    watch : callable
        Opens a display of progress.
    parts : mapping, optional
        Finished parts of the run.
    """
    least = planned.least_seconds(getattr(execution, "threads", None))
    if parts:
        least *= 1 - len(parts) / planned.n_parts
    with watch(least) if watch else contextlib.nullcontext() as watching:
        tell = experiments.no_progress if watching is None else watching.tell
        return planned.run(execution, tell, parts)


@contextlib.contextmanager
def _kept_parts(job: Job) -> Iterator[Parts | None]:
    """Read the parts of a stopped run, and keep those of this run if it is stopped too."""
    n_parts = job.plan.n_parts
    if not n_parts:
        yield None
        return
    parts = KeptParts(job.out, job.key, n_parts)
    n_earlier = len(parts)
    if parts:
        missing = f"part {n_earlier + 1} of {n_parts}" if n_earlier < n_parts else "the end"
        _log.info("continues at %s: finished parts are kept", missing)
    try:
        yield parts
    except BaseException as error:
        if n_earlier and isinstance(error, OF_DAMAGE):
            rule = f"contains parts of another run ({type(error).__name__})"
            raise ResultError(f"{parts.path}: {rule}: remove this file") from None
        with uninterrupted():
            parts.write()
            if parts.n_written:
                kept = f"{parts.n_written} of {n_parts} parts are kept"
                endings.keep(job.out, f"{kept}: the same command continues there")
        raise


def compare(job: Job) -> tuple[str | None, dict[str, bool]]:
    """Compare a finished run with the run that it repeats.

    Returns
    -------
    changed : str or None
        The first setting or input that differs.
    same : dict of str to bool
        Whether each table is byte-identical; empty for a run that repeats none.
    """
    repeats, config = job.request.repeats, job.plan.config
    if repeats is None:
        return None, {}
    changed = results.difference(repeats, config, job.plan.inputs)
    now = results.open_manifest(job.out / f"{config.command}.json")["outputs"]
    names = [f"{name}.csv" for name in repeats["tables"]]
    return changed, {name: now.get(name) == repeats["outputs"].get(name) for name in names}
