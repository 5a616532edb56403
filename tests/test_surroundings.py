"""Variables of the environment that a library reads: they do not matter, or are refused by name."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hopcli.cli.progress import bar

if TYPE_CHECKING:
    from collections.abc import Mapping

PICTURE = ["weights", "--dataset", "drawings", "--size", "8x8", "-q", "--out", "run"]
RUN = ["recall", "--dataset", "drawings", "--size", "8x8", "--start", "flip:0.1", "--tests", "2"]
RUN += ["--repeats", "1", "--no-figures", "-q", "--out", "run"]


def _spawn(
    arguments: list[str], child_environment: Mapping[str, str], **variables: str | None
) -> subprocess.CompletedProcess[str]:
    together = {**child_environment, **variables}
    environment = {name: value for name, value in together.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-m", "hopcli", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_pictures_are_the_same_whatever_matplotlib_is_set_to(
    empty_folder: Path, child_environment: Mapping[str, str]
) -> None:
    Path("own.rc").write_text("font.size: 40\nsavefig.format: svg\nbackend: nonsense\n", "utf-8")
    Path("damaged.rc").write_bytes(b"\xff\xfe\x00: \n")
    pictures = set()
    for variables in (
        {},
        {"MPLBACKEND": "module://nowhere.backend", "MATPLOTLIBRC": "own.rc"},
        {"MPLBACKEND": "nonsense", "MATPLOTLIBRC": "damaged.rc", "SOURCE_DATE_EPOCH": "abc"},
        {"MPLCONFIGDIR": "/dev/null/none", "HOME": None, "SOURCE_DATE_EPOCH": str(10**20)},
    ):
        done = _spawn([*PICTURE, "--again"], child_environment, **variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), variables
        pictures.add(Path("run/weights.png").read_bytes())
    assert len(pictures) == 1


def test_a_damaged_matplotlibrc_here_is_refused_before_the_run(
    empty_folder: Path, child_environment: Mapping[str, str]
) -> None:
    Path("matplotlibrc").write_bytes(b"\xff\xfe\x00: \n")
    done = _spawn(PICTURE, child_environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "matplotlibrc" in done.stderr
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NUMBA_NUM_THREADS", "0"),
        ("NUMBA_NUM_THREADS", "abc"),
        ("NUMBA_DISABLE_JIT", "abc"),
        ("NUMBA_CPU_FEATURES", "abc"),
        ("NUMBA_CACHE_LOCATOR_CLASSES", "Nonsense"),
        ("PANDAS_FUTURE_INFER_STRING", "abc"),
        ("NUMPY_MADVISE_HUGEPAGE", "abc"),
    ],
)
def test_a_variable_that_a_library_cannot_use_is_named(
    empty_folder: Path, child_environment: Mapping[str, str], name: str, value: str
) -> None:
    """Or the library of this version does not read it, and the run is made."""
    done = _spawn(RUN, child_environment, **{name: value})
    if done.returncode:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert f"{name}:" in done.stderr
        assert not Path("run").exists()
    else:
        assert done.stderr == ""
        assert not name.startswith("NUMBA")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TQDM_MININTERVAL", "abc"),
        ("TQDM_NCOLS", "abc"),
        ("TQDM_BAR_FORMAT", "{nonsense}"),
        ("TQDM_COLOUR", "nonsense"),
        ("TQDM_DISABLE", "1"),
    ],
)
def test_a_bar_is_drawn_without_the_variables_that_it_cannot_use(
    child_environment: Mapping[str, str], name: str, value: str
) -> None:
    code = (
        "import io, sys; from hopcli.cli.progress import bar; out = io.StringIO()\n"
        "b = bar(total=3, file=out); b.update(2); b.refresh(); b.close()\n"
        "print(len(out.getvalue()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**child_environment, name: value},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (int(done.stdout) > 0) == (name != "TQDM_DISABLE")


def test_a_bar_has_the_settings_of_its_caller() -> None:
    out = io.StringIO()
    with bar(total=7, file=out) as shown:
        shown.update(7)
    assert "7/7" in out.getvalue()


def test_without_a_folder_for_a_cache_loops_are_compiled_for_the_run(
    empty_folder: Path, child_environment: Mapping[str, str]
) -> None:
    """It is said once. Uncompiled here, as compiling takes long: what matters is what is chosen."""
    code = (
        "import logging, numba.core.caching as c, hopcli._loading as l\n"
        "logging.getLogger('hopcli').setLevel(logging.INFO)\n"
        "seen = []\n"
        "logging.getLogger('hopcli').addHandler(type('H', (logging.Handler,), "
        "{'emit': lambda self, record: seen.append(record)})())\n"
        "c.FunctionCache._impl_class._locator_classes = []\n"
        "loop = l.compiled(lambda x: x + 1, nogil=True)\n"
        "print(loop(2), len(seen), loop.stats.cache_path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=dict(child_environment),
        check=False,
    )
    assert done.stdout.split() == ["3", "1", "None"], done.stderr
    assert not any(Path().iterdir())
