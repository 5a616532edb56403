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

DATA = ["--dataset", "drawings", "--size", "8x8", "-q", "--out", "run"]
PICTURE = ["-m", "hopcli", "weights", *DATA]
RUN = ["-m", "hopcli", "recall", *DATA, "--start", "flip:0.1", "--tests", "2", "--repeats", "1"]
RUN += ["--no-figures"]


def _python(
    arguments: list[str], environment: Mapping[str, str], **variables: str | None
) -> subprocess.CompletedProcess[str]:
    """Run Python with variables of the environment set, or without those that are None."""
    together = {**environment, **variables}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={name: value for name, value in together.items() if value is not None},
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
        {
            "MPLBACKEND": "nonsense",
            "MATPLOTLIBRC": "damaged.rc",
            "MPLCONFIGDIR": "/dev/null/none",
            "HOME": None,
            "SOURCE_DATE_EPOCH": str(10**20),
        },
    ):
        done = _python([*PICTURE, "--again"], child_environment, **variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), variables
        pictures.add(Path("run/weights.png").read_bytes())
    assert len(pictures) == 1


def test_a_damaged_matplotlibrc_here_is_refused_before_the_run(
    empty_folder: Path, child_environment: Mapping[str, str]
) -> None:
    Path("matplotlibrc").write_bytes(b"\xff\xfe\x00: \n")
    done = _python(PICTURE, child_environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "matplotlibrc" in done.stderr
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NUMBA_NUM_THREADS", "0"),
        ("NUMBA_CPU_FEATURES", "abc"),
        ("PANDAS_FUTURE_INFER_STRING", "abc"),
        *(
            pytest.param(name, value, marks=pytest.mark.slow)
            for name, value in (
                ("NUMBA_NUM_THREADS", "abc"),
                ("NUMBA_DISABLE_JIT", "abc"),
                ("NUMBA_CACHE_LOCATOR_CLASSES", "Nonsense"),
                ("NUMPY_MADVISE_HUGEPAGE", "abc"),
            )
        ),
    ],
)
def test_a_variable_that_a_library_cannot_use_is_named(
    empty_folder: Path, child_environment: Mapping[str, str], name: str, value: str
) -> None:
    """Or the library of this version does not read it, and the run is made."""
    done = _python(RUN, child_environment, **{name: value})
    if done.returncode:
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert f"{name}:" in done.stderr
        assert not Path("run").exists()
    else:
        assert done.stderr == ""
        assert not name.startswith("NUMBA")


_BARS = """
import io, os
from hopcli.cli.progress import bar
for name, value in (
    ("MININTERVAL", "abc"),
    ("NCOLS", "abc"),
    ("BAR_FORMAT", "{nonsense}"),
    ("COLOUR", "nonsense"),
    ("DISABLE", "1"),
):
    if os.fork() == 0:
        os.environ["TQDM_" + name] = value
        out = io.StringIO()
        shown = bar(total=3, file=out)
        shown.update(2)
        shown.refresh()
        shown.close()
        print(name, len(out.getvalue()) > 0, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""


def test_a_bar_is_drawn_without_the_variables_that_it_cannot_use(
    child_environment: Mapping[str, str],
) -> None:
    done = _python(["-c", _BARS], child_environment)
    assert done.returncode == 0, done.stderr
    drawn = dict(line.split() for line in done.stdout.splitlines())
    usable = ("MININTERVAL", "NCOLS", "BAR_FORMAT", "COLOUR")
    assert drawn == {**dict.fromkeys(usable, "True"), "DISABLE": "False"}


def test_a_bar_has_the_settings_of_its_caller() -> None:
    out = io.StringIO()
    with bar(total=7, file=out) as shown:
        shown.update(7)
    assert "7/7" in out.getvalue()
