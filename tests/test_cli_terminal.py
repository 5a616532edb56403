"""Output on a terminal, in a pipe, and after an interrupt."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tqdm
from conftest import RunHopcli, SpawnHopcli, Terminal, files_below
from PIL import Image
from shell import Shell, read_json

import hopcli
from hopcli.cli.lines import Watch
from hopcli.experiments import Plan, Result
from hopcli.waiting import interruptibly

QUICK = "recall --dataset digits --temperature 0.1 --tests 3 --repeats 2 --no-figures --out out"
MANIFEST = Path("out/recall.json")


class Eager(tqdm.tqdm):  # type: ignore[type-arg]
    """A bar that neither waits nor spares updates."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "delay": 0, "mininterval": 0})


@pytest.fixture
def on_terminal(run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Run with stderr on a terminal, where each look at the clock takes a second."""
    monkeypatch.setattr("tqdm.tqdm", Eager)
    monkeypatch.setattr("hopcli.cli.lines._clock", itertools.count().__next__)

    def run(line: str) -> str:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(Terminal()) as terminal,
            pytest.raises(SystemExit, match="0"),
        ):
            hopcli.cli.main(line.split())
        return terminal.getvalue()

    return run


def test_a_terminal_gets_a_bar_that_goes_away(on_terminal: Callable[[str], str]) -> None:
    output = on_terminal(QUICK)
    assert re.search(r"%\|.*\d+/30 \[", output)
    assert output.split("\r")[-1].strip() == ""
    assert on_terminal(f"{QUICK} --quiet --again") == ""


def test_a_terminal_shows_the_step(on_terminal: Callable[[str], str], shell: Shell) -> None:
    """Beside the bar, or where it would be; nothing stays, and a pipe gets nothing."""
    small = "--dataset digits --selections 3 --tests 2 --sweeps 1 --no-figures"
    for line, steps in {
        "recall --digits 1 --start pattern --tests 2 --repeats 1 --out a": "data a pictures",
        f"consistency {small} --out b": "data b 3/3.*label",
        "report b": "b b",
    }.items():
        output = re.sub("hopcli: warning: .*\n", "", on_terminal(line))
        assert re.search(".*\r.*".join(steps.split()), output, re.DOTALL), line
        assert output.split("\r")[-1].strip() == ""
    assert "\r" not in shell.run("report b").err


FULL = "standard output: "


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("hopcli --nope 2>&-", 2, ""),
        (f"hopcli {QUICK} | true", 0, ""),
        ("PYTHONUNBUFFERED=1 hopcli --version >/dev/full", 2, FULL),
        (f"hopcli {QUICK} >/dev/full", 2, FULL),
    ],
)
def test_output_that_cannot_be_written_loses_no_run(
    empty_folder: Path, child_environment: dict[str, str], line: str, code: int, message: str
) -> None:
    """Closed streams and a reader that leaves are no error; a full disk has code 2."""
    typed = ["sh", "-c", line.replace("hopcli", f"{sys.executable} -m hopcli")]
    done = subprocess.run(typed, env=child_environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, "Error" in done.stderr) == (code, "", False)
    # A busy machine may be told besides that it compiles.
    assert message in done.stderr
    assert MANIFEST.is_file() == (QUICK in line)


def test_each_warning_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Plan.run

    def warn(self: Plan, *arguments: Any) -> Result:
        result = run(self, *arguments)
        return replace(result, notes={**result.notes, "warnings": ["far off", "a\nb\x1b[31m"]})

    monkeypatch.setattr(Plan, "run", warn)
    done = shell.run(QUICK)
    assert done.err == "hopcli: warning: far off\nhopcli: warning: a b\\x1b[31m\n"
    assert "overall" in done.out
    assert read_json(MANIFEST)["notes"]["warnings"][0] == "far off"
    quiet = shell.run(f"{QUICK} --out quiet --quiet")
    assert (quiet.out, quiet.err) == ("", "")
    assert Path("quiet/accuracy.csv").is_file()


# --- what takes long -------------------------------------------------------------------


SPEEDS: list[tuple[list[tuple[float, int]], list[str]]] = [
    # (seconds, steps done) one after the other, of 1000
    ([(9.0, 1), (1.0, 10), (1.0, 10)], ["2 min"]),  # the first loads the loops
    ([(0.5, 1), (0.5, 1), (0.5, 1), (0.5, 1)], ["8 min"]),
    ([(30.0, 1)], ["8 h"]),
    ([(30.0, 0), (0.1, 5), (1.0, 50)], []),  # 30 s of compiling
    ([(30.0, 0), (0.0, 0), (1.0, 10)], ["2 min"]),
    ([(0.1, 100)] * 10, []),
    ([(9.0, 1), (1.0, 500), (1.0, 499)], []),
    ([(9.0, 1), (20.0, 800)], []),  # 5 s are left
    ([(0.2, 1)] * 4, []),
]


def test_a_long_run_is_announced_once_by_its_speed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr("hopcli.cli.lines._clock", lambda: clock[0])
    for (steps, expected), quiet in itertools.product(SPEEDS, (False, True)):
        with Watch(0.0, quiet=quiet) as watch:
            for seconds, done in steps:
                clock[0] += seconds
                watch.tell(done, 1000)
        out, err = capsys.readouterr()
        wanted = [] if quiet else expected
        assert (out, re.findall(r"about (.*)\n", err), err.count("\n")) == ("", wanted, len(wanted))


def test_a_long_run_is_announced_by_its_work(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Plan, "run", stop)
    # 5 digits x 100 tests x 10 repeats x 20 sweeps x 392 attempts of 1.5 ns are 0.06 s.
    for line, expected in {
        "recall --threads 1": [],
        "recall --threads 1 --sweeps 20000": ["59 s"],
        "temperature-scan --config figure1 --threads 2 --sweeps 200000": ["2 min"],
        "attractors --starts 1000000": [],
    }.items():
        err = shell.run(line, code=130).err
        assert re.findall(r"least (.*)\n", err) == expected
        assert len(re.findall("^hopcli: ", err, re.MULTILINE)) == 1 + len(expected)


# --- signals ---------------------------------------------------------------------------


def test_a_long_run_stops_and_writes_nothing(
    shell: Shell, child_environment: dict[str, str]
) -> None:
    """Inside the compiled loop, which would last for hours; other signals: test_endings.py."""
    shell.make("recall --start pattern --no-figures", "results/recall")
    before = files_below(Path())
    program = (
        "import contextlib, hopcli.dynamics.sites as sites, hopcli.__main__ as main\n"
        "@contextlib.contextmanager\n"
        "def loading(text):\n    yield\n    print('running', flush=True)\n"
        "sites.announced = loading\nmain.start()\n"
    )
    endless = "recall --sweeps 1000000 --temperature 0.9 --no-figures --overwrite"
    command = [sys.executable, "-c", program, *endless.split(), "--out", "results/recall"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=child_environment, text=True, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "running\n"
        time.sleep(0.3)  # most often inside the loop then
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=300)
        finally:
            child.kill()
    assert (child.returncode, out) == (130, "")
    # A terminal shows ^C on a line of its own; the expected time and compiling may come before.
    lines = [line for line in err.splitlines() if not re.search("^$| least |compiling", line)]
    assert [line[:8] for line in lines] == ["hopcli: "]
    assert files_below(Path()) == before


# --- calls that nothing interrupts


def test_an_interrupt_does_not_wait_for_the_call() -> None:
    let_go = threading.Event()

    def stubborn() -> None:
        with contextlib.suppress(KeyboardInterrupt):  # which would be in the main thread
            os.kill(os.getpid(), signal.SIGINT)
            let_go.wait(60)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            interruptibly(stubborn)
    finally:
        let_go.set()
        signal.signal(signal.SIGINT, before)


def test_a_call_in_another_thread_returns_and_raises_the_same() -> None:
    assert interruptibly(max, 3, 5) == 5
    with pytest.raises(ZeroDivisionError):
        interruptibly(divmod, 1, 0)
    assert interruptibly(threading.get_ident) != threading.get_ident()
    with ThreadPoolExecutor(1) as pool:  # no interrupt reaches such a thread
        pair = pool.submit(lambda: (threading.get_ident(), interruptibly(threading.get_ident)))
        assert len(set(pair.result())) == 1


def test_a_warning_is_printed_once(shell: Shell) -> None:
    """The folder is read for the patterns and again for the starts."""
    Path("own").mkdir()
    Image.fromarray(np.eye(6, dtype=np.uint8) * 255).save("own/line.png")
    Path("own/notes.txt").write_text("no picture")
    line = "recall --dataset images:own --start images:own --tests 1 --repeats 1 --no-figures"
    assert shell.run(line).err.count("notes.txt") == 1


def test_an_interrupt_in_a_destructor_ends_the_command(spawn_hopcli: SpawnHopcli) -> None:
    """Python prints an exception there with a traceback, and goes on."""
    program = (
        "import os, signal, hopcli.cli as cli\n"
        "class Mortal:\n    def __del__(self):\n        os.kill(os.getpid(), signal.SIGINT)\n"
        "def run(arguments):\n    Mortal()\n    print('on')\n    return 0\n"
        "cli._run = run\ncli.main([])\n"
    )
    done = spawn_hopcli(code=program)
    assert (done.code, done.out, done.err.count("\n")) == (130, "", 1)
