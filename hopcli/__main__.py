"""Start the command line, as ``hopcli`` or ``python -m hopcli``.

Signals are handled before anything is imported, and the process ends as soon as the command
ends. So an interrupt at any moment prints one line.
"""

from __future__ import annotations

import gc
import os
import signal
import sys

_GARBAGE = 20_000
"""New objects between two garbage collections: at 700, as usual, they are a tenth of a run."""

_BLAS_WAIT = "10"
"""Threads of OpenBLAS look for more work in 2^10 cycles, not 2^26 (20 ms), which delay the
loop: a million trials took 50 % longer. No number depends on it."""

_ROOM = 1 << 16
"""Stack of the first function, in values: for it Python reserves a megabyte, half of which is left
for the calls inside. With its usual 16 kB, Python 3.11 maps new memory in each call that happens
to cross the end of a reserve: up to a fifth of a run."""

_DRAWING = {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
"""Settings for pictures in files: they do not depend on the caller's matplotlib settings, such
as the backend of a notebook whose cell runs the command."""

_EARLY = b"hopcli: interrupted; nothing was written\n"


def _stop(*_: object) -> None:
    """End the process while the program is still being imported."""
    os.write(2, _EARLY)
    os._exit(130)


def start() -> None:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(_GARBAGE)
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", _BLAS_WAIT)  # read when numpy is imported
    os.environ.update(_DRAWING)  # read when matplotlib is imported
    os.environ.pop("SOURCE_DATE_EPOCH", None)  # for libraries that write dates; no file has any
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell may ignore it
        signal.signal(signal.SIGINT, _stop)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the starting process
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        # A name that is not UTF-8, or not of the terminal's letters, is printed with escapes.
        getattr(sys, name).reconfigure(errors="backslashreplace")
    from hopcli.cli import main

    try:
        main()
    except SystemExit as end:
        code = end.code
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # the reader is gone; main has handled it
                continue
        # Everything is written. Signals would interrupt the rest of Python's exit.
        os._exit(code if isinstance(code, int) else int(code is not None))


start.__code__ = start.__code__.replace(co_stacksize=_ROOM)

if __name__ == "__main__":
    start()
