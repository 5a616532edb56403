"""Cells on the workers of a Dask scheduler; only this process writes their results."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import platform
import re
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.data import MNIST_FILE
from hopcli.errors import ResultError, SettingError
from hopcli.grids.cells import code_version, make_all
from hopcli.grids.engine import Engine
from hopcli.results.manifest import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Client

_ANSWERS = 5.0  # seconds in which a running scheduler answers
_ALONE = 30.0  # seconds without any worker before giving up


class Program(NamedTuple):
    """Program of a machine: the code, Python, and the hash of the embedded MNIST."""

    hopcli: str
    python: str
    data: str


def program() -> Program:
    """Return the program of this machine."""
    return Program(code_version(), platform.python_version(), sha256_of(MNIST_FILE))


@contextlib.contextmanager
def dask_engine(address: str) -> Iterator[Engine]:
    """Provide the workers of a scheduler as an executor of the standard library.

    Parameters
    ----------
    address : str
        Address of the scheduler, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``. The latter uses
        the certificates of Dask's own configuration, ``distributed.comm.tls``.

    Raises
    ------
    SettingError
        If distributed is not installed, no scheduler answers, it has no workers, or one of
        them runs another program.
    ResultError
        If the scheduler, or the last worker, is lost.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError
    except ImportError:
        rule = "needs the package distributed: install hopcli[dask]"
        raise SettingError("dask", rule, address) from None
    if "://" in address and not address.startswith(("tcp://", "tls://")):
        raise SettingError("dask", "must be written tcp://HOST:PORT or tls://HOST:PORT", address)
    _silence()
    why = _why_no_scheduler(address)
    if not why:
        try:
            client = Client(address, timeout=_ANSWERS, set_as_default=False)
        except Exception as error:
            why = _first_line(error)
    if why:
        rule = f"must be the address of a Dask scheduler that answers ({why})"
        raise SettingError("dask", rule, address)
    try:
        n_workers = _check_workers(client, address)
        # Each call is different: otherwise Dask would return the stored result of the same cell.
        executor = client.get_executor(pure=False)
        yield Engine(
            executor,
            make_all,
            n_workers,
            chunks=True,
            check=_watch(client, address),
            form=lambda planned: planned.task,
        )
    except KilledWorker as error:
        raise ResultError(
            f"--dask {address}: a cell has lost worker after worker: {error}"
        ) from None
    except (CommClosedError, FutureCancelledError, CancelledError) as error:
        raise _lost(address, type(error).__name__) from None
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            client.close(timeout=1)


def _why_no_scheduler(address: str) -> str:
    """Identify the program at an address; return an empty text for a scheduler.

    A client itself waits without end for a peer that accepts the connection and sends nothing,
    and trusts the message sizes of any other peer.
    """
    from distributed.comm import connect
    from distributed.core import send_recv
    from distributed.security import Security

    async def ask() -> Any:
        comm = await connect(address, timeout=_ANSWERS, deserialize=False, **own)
        try:
            return await send_recv(comm, op="identity", reply=True)
        finally:
            comm.abort()

    try:
        own = Security().get_connection_args("client")
        if address.startswith("tls:") and own["ssl_context"] is None:
            return "tls:// needs certificates in Dask's configuration, distributed.comm.tls"
        found = asyncio.run(asyncio.wait_for(ask(), _ANSWERS))
    except TimeoutError:
        return f"no answer within {_ANSWERS:g} s"
    except OSError as error:
        return f"no answer: {_first_line(error.__cause__ or error)}"
    except Exception as error:  # for bytes that are no message
        return f"another program answers there: {_first_line(error)}"
    kind = found.get("type") if isinstance(found, dict) else None
    return "" if kind == "Scheduler" else f"another program answers there: {kind!r:.40}"


def _first_line(error: BaseException) -> str:
    text = re.sub(r"^in <[^\n]*?>: ", "", str(error))  # the object in which it occurred
    return text.partition("\n")[0] or type(error).__name__


def _silence() -> None:
    """Silence the logs of distributed about lost connections; hopcli reports them in one line."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("asyncio", "distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _lost(address: str, why: str) -> ResultError:
    return ResultError(f"--dask {address}: the scheduler is gone ({why})")


def _check_workers(client: Client, address: str) -> int:
    """Refuse workers with another program; return the number of cells that they make at once."""
    threads: dict[str, int] = client.nthreads()
    if not threads:
        raise SettingError("dask", "must be a scheduler that has workers, has none", address)
    own = program()
    for worker, found in sorted(client.run(program, on_error="return").items()):
        if isinstance(found, BaseException):
            rule = f"has a worker without this hopcli ({worker}: {found})"
            raise SettingError("dask", rule, address)
        for name, local, remote in zip(Program._fields, own, found, strict=True):
            if local != remote:
                rule = f"has a worker with another {name} ({worker}: {remote}, here {local})"
                raise SettingError("dask", rule, address)
    return sum(threads.values())


def _watch(client: Client, address: str) -> Callable[[], None]:
    """Return a function that raises an error once the scheduler or the last worker is lost."""
    alone_since = math.inf

    def check() -> None:
        nonlocal alone_since
        if client.status != "running":
            raise _lost(address, f"connection {client.status}")
        if client.scheduler_info().get("workers"):
            alone_since = math.inf
            return
        alone_since = min(alone_since, time.monotonic())
        if time.monotonic() - alone_since > _ALONE:
            raise ResultError(f"--dask {address}: has no workers left")

    return check
