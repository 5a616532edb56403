"""Fixtures of many tests: the data set, networks, and ways to run the command line."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unittest import mock

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # workers share the cores; read by numpy

import hypothesis
import numpy as np
import pytest
from live_pages import NARROW, WIDE, Seen

from hopcli import dynamics, experiments
from hopcli.catalogue import CATALOGUE
from hopcli.cli import main
from hopcli.config import RecallConfig
from hopcli.datasets import Dataset, load_dataset
from hopcli.errors import SettingError
from hopcli.experiments.trials import Block, Counts, Tally
from hopcli.livepage import gather_contents, languages, page
from hopcli.rules import RULES, store
from hopcli.starts import Bank
from hopcli.tables import Columns
from hopcli.taxonomy import OUTCOMES, Classified, Scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray
    from playwright.sync_api import Browser
    from shell import Shell

    from hopcli.dynamics import FinalStates
    from hopcli.network import Network

CHECKOUT = Path(__file__).resolve().parent.parent

# A shell starts background jobs with ^C ignored, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test is timed, on a busy machine neither.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")

UNPRIVILEGED = """
import ctypes, os
if os.geteuid() == 0:  # root may write anywhere; without its capabilities it may not
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0
"""
"""Code for a child process, after which file permissions hold even for root."""


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once, before workers do so at the same time or a command says so.

    All find them in numba's cache on disk, the child processes of a test too.
    """
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        xi = np.ones((1, 2), np.int8)
        seeds = dynamics.chain_seeds(np.random.SeedSequence(0), 1)
        dynamics.run(store(xi), xi, seeds=seeds, temperatures=0.0, sweeps=1, attempts_per_sweep=1)


def pytest_collection_finish() -> None:
    """Collect garbage less often, and not among permanent objects, to save time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@dataclass(frozen=True)
class Finished:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    def refused(self) -> str:
        """Return the message of a refusal: one line on stderr, nothing on stdout, exit code 2."""
        assert (self.code, self.out) == (2, ""), self
        assert self.err.startswith("hopcli: "), self
        assert self.err.count("\n") == 1, self
        assert self.err.endswith("\n"), self
        return self.err.removeprefix("hopcli: ").rstrip("\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


RunHopcli = Callable[..., Finished]
SpawnHopcli = Callable[..., Finished]


@pytest.fixture(scope="session", autouse=True)
def _shipped_data_is_loaded_once() -> Iterator[None]:
    """Keep the included data sets between runs in this process."""
    kept = functools.lru_cache(4)(load_dataset)

    def load(spec: str, **settings: Any) -> Dataset:
        is_shipped = spec in ("mnist", "digits") and settings["threshold"] in (None, 0)
        return kept(spec, **settings) if is_shipped else load_dataset(spec, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hopcli.experiments.stock.load_dataset", load)
        yield


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """All of the 60,000 training images."""
    return load_dataset("mnist")


@pytest.fixture(scope="session")
def five(mnist: Dataset) -> NDArray[np.int8]:
    """The five patterns of the study: 3, 6, 1, 0, 4."""
    return mnist.spins[[21607, 25559, 7411, 39155, 28089]]


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is also the working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


def last_of_each(arguments: Sequence[str]) -> list[str]:
    """Keep the last of options with a value, for tests that add to a line of others."""
    kept: list[str] = []
    for word in arguments:
        own = word.startswith("--") and word not in ("--set", "--keep")
        if own and word in kept:
            place = kept.index(word)
            if place + 1 < len(kept) and not kept[place + 1].startswith("-"):
                del kept[place : place + 2]
        kept.append(word)
    return kept


def call(*arguments: str, whole: bool = False) -> Finished:
    """Run the command line in this process; its signal handlers remain."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as exit_,
    ):
        main(list(arguments) if whole else last_of_each(arguments))
    code = exit_.value.code
    assert isinstance(code, int)
    return Finished(code, out.getvalue(), err.getvalue())


@pytest.fixture
def run_hopcli(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunHopcli]:
    """Run the command line in this process, in an empty folder, as on an idle machine."""
    monkeypatch.setattr("hopcli.cli.lines._clock", lambda: 0.0)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def made_runs() -> dict[str, Path]:
    """Folders of finished runs, by the lines that made them."""
    return {}


@pytest.fixture
def shell(
    run_hopcli: RunHopcli, made_runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Shell:
    """Return a shell in an empty folder, into which finished runs are copied."""
    from shell import Shell

    return Shell(made_runs, lambda: tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def child_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return an environment for child processes, with an empty home folder."""
    home = tmp_path_factory.mktemp("home")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "HOME": str(home), "MPLCONFIGDIR": str(home / "mpl"), "COLUMNS": "80"}


@pytest.fixture
def spawn_hopcli(empty_folder: Path, child_environment: dict[str, str]) -> SpawnHopcli:
    """Run ``python -m hopcli``, or given Python code, in a process of its own."""

    def spawn(*arguments: str, code: str | None = None) -> Finished:
        program = ["-m", "hopcli"] if code is None else ["-c", code]
        quiet: Any = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        command = [sys.executable, *program, *arguments]
        done = subprocess.run(command, env=child_environment, check=False, timeout=100, **quiet)
        return Finished(done.returncode, done.stdout, done.stderr)

    return spawn


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium, the system's if there is one."""
    api = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next((found for name in names if (found := shutil.which(name))), None)
    boxed = [] if os.name == "nt" or os.geteuid() else ["--no-sandbox"]
    with api.sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium here: `playwright install chromium` gets one")
        with playwright.chromium.launch(executable_path=path, args=boxed) as launched:
            yield launched


@pytest.fixture(scope="module")
def live_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of ``hopcli live`` without options."""
    path = tmp_path_factory.mktemp("live") / "page.html"
    path.write_text(page(gather_contents(RecallConfig(), 20), languages()), encoding="utf-8")
    return path


@pytest.fixture
def seen(request: pytest.FixtureRequest, browser: Browser, live_file: Path) -> Iterator[Seen]:
    """That page in a browser; a parameter gives its width and ``light`` or ``dark``.

    The browser must report no message and request no other file.
    """
    scheme: Literal["light", "dark"]
    width, scheme = getattr(request, "param", (WIDE, "light"))
    with browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        locale="en-GB",
        has_touch=width == NARROW,
        accept_downloads=True,
    ) as context:
        one = Seen(context.new_page(), live_file)
        yield one
        assert one.said == []
        asked = {url for url in one.asked if not url.startswith(("data:", "blob:"))}
        assert asked == {live_file.as_uri()}


def experiment(command: str, **settings: Any) -> Any:
    """Run the experiment of a command; return its result."""
    return experiments.run(CATALOGUE[command].config.from_values(settings))


def random_patterns(seed: int, p: int, n_sites: int) -> NDArray[np.int8]:
    """Independent patterns of -1 and +1, shape (p, n_sites)."""
    drawn = np.random.default_rng(seed).integers(0, 2, size=(p, n_sites))
    return (2 * drawn - 1).astype(np.int8)


def write_patterns(path: Path | str, xi: NDArray[np.int8], shape: tuple[int, int]) -> str:
    """Draw patterns into a text file; return the name of the data set."""
    pictures = np.where(xi > 0, "#", ".").reshape(len(xi), *shape)
    text = "\n\n".join("\n".join("".join(row) for row in picture) for picture in pictures)
    Path(path).write_text(text + "\n", encoding="utf-8")
    return f"text:{path}"


def every_state(n_sites: int) -> NDArray[np.int8]:
    """Return all states of N sites, shape (2^N, N), numbered by their bits."""
    return np.array(list(itertools.product((-1, 1), repeat=n_sites)), np.int8)


def run_chains(
    couplings: Network, spins: NDArray[np.int8], *, seed: Any = 5, **settings: Any
) -> FinalStates:
    """Run chains: by default six sweeps of N attempts at T = 0.3."""
    if "seeds" not in settings:
        settings["seeds"] = dynamics.chain_seeds(np.random.SeedSequence(seed), len(spins))
    defaults = {"temperatures": 0.3, "sweeps": 6, "attempts_per_sweep": couplings.n_sites}
    return dynamics.run(couplings, spins, **(defaults | settings))


@contextlib.contextmanager
def by_overlaps() -> Iterator[None]:
    """Store by overlaps, even few patterns on few sites."""
    with mock.patch.multiple("hopcli.network.hamiltonian", MANY=0, PER_RANK=1e-9):
        yield


def stored(xi: NDArray[np.int8], rule: str, theta: ArrayLike = 0.0, **parameters: Any) -> Network:
    """Store by any rule, with the parameters that the rule accepts."""
    kept = {name: value for name, value in parameters.items() if name in RULES[rule].parameters}
    return store(xi, rule, theta, **kept)


@contextlib.contextmanager
def refuses(setting: str, *, most: str = "", **found: object) -> Iterator[None]:
    """Expect a SettingError about a setting, with this value (`found`) and this limit."""
    with pytest.raises(SettingError) as caught:
        yield
    assert caught.value.setting == setting
    assert not most or re.search(rf"\b{most}\b", caught.value.rule), caught.value.rule
    assert not found or caught.value.found is found["found"]


def counted(
    label: NDArray[np.str_],
    best: NDArray[np.str_],
    outcome: NDArray[np.str_],
    unit: NDArray[np.int64] | None = None,
    recalled: NDArray[np.bool_] | None = None,
    *,
    size: int | None = None,
) -> Counts:
    """Return invented counts of trials per repeat; without units every trial is a unit."""
    n = len(label)
    rows, stored = np.arange(n), tuple(dict.fromkeys(best.tolist()))
    source = np.zeros(n, np.int64) if unit is None else unit
    nearest = np.array([stored.index(name) for name in best])
    hit = np.ones(n, bool) if recalled is None else recalled
    labels = tuple(dict.fromkeys(label.tolist()))
    n_units = 0 if unit is None else int(unit.max()) + 1
    each = n if size is None else size
    tally = Tally(labels, stored, each, n // each, n_units)
    bank = Bank(label, source, np.ones((1, 1), np.int8), None)
    code = np.array([OUTCOMES.index(kind) for kind in outcome])
    ends = Classified(code, nearest, np.ones((n, len(stored))))
    place = np.array([labels.index(name) for name in label])
    tally.add(Block(rows, place, bank, ends, Scores(hit, np.ones(n), nearest, code)))
    return tally.counts()


def few_and_many(name: str, few: int, many: int) -> pytest.MarkDecorator:
    """Parametrize by a number of runs: few in the fast suite, many in `make test-slow`."""
    return pytest.mark.parametrize(name, [few, pytest.param(many, marks=pytest.mark.slow)])


def least(share: float, runs: int) -> float:
    """Return the least likely fraction of runs for a true share: three SD below it."""
    return float(share - 3 * np.sqrt(share * (1 - share) / runs))


def as_columns(tables: Mapping[str, pd.DataFrame], command: str) -> dict[str, Columns]:
    """Tables of a result of a command, from DataFrames."""
    entry = CATALOGUE[command]
    return {name: Columns.of_frame(table, entry.table(name)) for name, table in tables.items()}


def files_below(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its bytes, and every folder (None)."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
