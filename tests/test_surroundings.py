"""Environment of hopcli: variables of libraries, shell completion, caches of loops."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import BashComplete
from conftest import CHECKOUT, UNPRIVILEGED

from hopcli.cli import cli

DATA = ["--dataset", "drawings", "--size", "8x8", "-q", "--out", "run"]
SILENT: Any = {"capture_output": True, "text": True}
PICTURE = ["-m", "hopcli", "weights", *DATA]


def _python(arguments: list[str], environment: Mapping[str, str], **variables: str | None) -> Any:
    """Run Python with variables of the environment set, or without those that are None."""
    env = {n: value for n, value in {**environment, **variables}.items() if value is not None}
    return subprocess.run([sys.executable, *arguments], env=env, check=False, **SILENT)


def test_settings_of_matplotlib(empty_folder: Path, child_environment: Mapping[str, str]) -> None:
    Path("own.rc").write_text("font.size: 40\nsavefig.format: svg\nbackend: nonsense\n", "utf-8")
    Path("damaged.rc").write_bytes(b"\xff\xfe\x00: \n")
    pictures = set()
    for variables in (
        {"MPLBACKEND": "module://nowhere.backend", "MATPLOTLIBRC": "own.rc"},
        dict.fromkeys(("MPLBACKEND", "MPLCONFIGDIR"), "/dev/null/none")
        | {"MATPLOTLIBRC": "damaged.rc", "HOME": None, "SOURCE_DATE_EPOCH": str(10**20)},
    ):
        done = _python([*PICTURE, "--again"], child_environment, **variables)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), variables
        pictures.add(Path("run/weights.png").read_bytes())
    assert len(pictures) == 1


def test_damaged_settings_of_libraries(
    empty_folder: Path, child_environment: Mapping[str, str]
) -> None:
    Path("matplotlibrc").write_bytes(b"\xff\xfe\x00: \n")
    done = _python(PICTURE, child_environment)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "matplotlibrc" in done.stderr
    Path("matplotlibrc").unlink()
    recall = ["-m", "hopcli", "recall", "--start", "flip:0.1", *DATA]
    done = _python(recall, child_environment, NUMBA_NUM_THREADS="x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "NUMBA_NUM_THREADS" in done.stderr
    assert "File" not in done.stderr
    assert not Path("run").exists()


# --- completion


LINES = [
    # what is typed, what is offered, and what is not
    ("tem", {"temperature-scan"}, {"recall"}),
    ("recall --rule ", {"covariance", "hebbian", "pseudo-inverse", "storkey"}, {"mnist"}),
    ("recall --config pa", {"paper", "paper-as-run", "patience.toml"}, {"figure1", "notes.txt"}),
    ("run figure1-", {"figure1-as-run"}, {"figure1", "paper"}),
    ("recall --dataset d", {"digits", "drawings"}, {"mnist"}),
    ("recall --dataset im", {"images:"}, {"mnist"}),
    ("capacity --rule storkey,heb", {"storkey,hebbian"}, {"pseudo-inverse"}),
    ("attractors --rule hebbian,", {"hebbian,storkey"}, {"hebbian,hebbian"}),
    ("recall --order f", {"fixed"}, {"random"}),
    ("recall --patterns not", {"not"}, set()),
]


@pytest.mark.parametrize(("line", "offered", "kept_back"), LINES)
def test_completion(empty_folder: Path, line: str, offered: set[str], kept_back: set[str]) -> None:
    for name in ("patience.toml", "notes.txt"):
        Path(name).touch()
    *done, last = line.split(" ")
    items = BashComplete(cli, {}, "hopcli", "_HOPCLI_COMPLETE").get_completions(done, last)
    words = {item.value for item in items}
    assert words >= offered
    assert not words & kept_back
    assert {item.type for item in items} == {"file" if "--patterns" in line else "plain"}


# --- compiled loops come out of numba's cache without numba's compiler


_LOOP = """
import sys
import numba
import numpy as np
from hopcli._loading import compiled

@compiled
def total(values):
    scratch = np.empty(len(values))
    found = 0.0
    for i in range(len(values)):
        scratch[i] = 2 * values[i]
        found += scratch[i]
    return found

print(total(np.arange(4.0)), sum(total.stats.cache_hits.values()))
print("scipy.linalg" in sys.modules, total(np.arange(4)))
"""
COMPILED, LOADED = ["12.0", "0", "True", "12.0"], ["12.0", "1", "False", "12.0"]


def _run_loop(folder: Path, before: str = "", **variables: str) -> list[str]:
    """Return the output of the loop's program, with its cache in a folder, after other code."""
    script = folder / "loop.py"
    script.write_text(_LOOP, encoding="utf-8")
    code = f"{UNPRIVILEGED}{before}\nimport runpy; runpy.run_path({str(script)!r})"
    variables = {"NUMBA_CACHE_DIR": str(folder), "NUMBA_DISABLE_JIT": "0"} | variables
    done = _python(["-c", code], os.environ, **variables)
    assert done.returncode == 0, done.stderr
    found: list[str] = done.stdout.split()
    return found


def test_what_is_cached_loads_without_the_compiler_and_all_else_compiles(tmp_path: Path) -> None:
    assert _run_loop(tmp_path) == COMPILED
    # Loaded; then both kinds of numbers are in the cache, and the second is loaded too.
    assert _run_loop(tmp_path) == LOADED
    for data in tmp_path.rglob("*.2.nbc"):
        data.unlink()  # so the second is compiled after the first was loaded
    assert _run_loop(tmp_path) == LOADED


_OTHER_NUMBA = """
from numba.core import caching, options
caching.Cache.whole, caching.Cache.load_overload = caching.Cache._load_overload, (
    lambda self, sig, context: context.refresh() or self.whole(sig, context)
)
del caching.Cache._load_overload, options.DefaultOptions._nrt
from hopcli._loading import known
assert not known("_nrt")
"""


def test_a_numba_of_other_names_loads_in_its_own_way(tmp_path: Path) -> None:
    assert _run_loop(tmp_path, _OTHER_NUMBA) == COMPILED
    assert _run_loop(tmp_path, _OTHER_NUMBA)[:2] == LOADED[:2]


def test_loops_compiled_at_installation(tmp_path: Path) -> None:
    package, home = tmp_path / "package", tmp_path / "home"
    package.mkdir()
    usual = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": str(home)}
    assert _run_loop(package, **usual) == COMPILED
    assert not home.exists()
    (package / "__pycache__").chmod(0o555)
    assert _run_loop(package, **usual) == LOADED
    other = usual | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    assert _run_loop(package, **other) == COMPILED  # for another processor
    assert _run_loop(package, **other) == LOADED
    assert list(home.rglob("*.nbi"))
    for kind in ("nbi", "nbc"):
        for file in home.rglob(f"*.{kind}"):
            file.write_bytes(b"damaged")
        assert _run_loop(package, **other) == COMPILED
        assert _run_loop(package, **other) == LOADED


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_or_read_costs_its_compilation_alone(tmp_path: Path) -> None:
    """The disk is full, or files are there that only another user may read."""
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    assert _run_loop(tmp_path, full) == COMPILED
    assert _run_loop(tmp_path) == COMPILED
    for path in tmp_path.rglob("*.nb?"):
        path.chmod(0)
    assert _run_loop(tmp_path) == COMPILED


# --- nothing may be written

_RECALL = """
import sys
from hopcli.cli import main
main(["recall", "--tests", "1", "--repeats", "1", "--sweeps", "2", "--out", sys.argv[1]])
"""


def _in_a_package_of_another(tmp_path: Path, code: str, *arguments: str, **environment: str) -> Any:
    """Run code with a package, a home and a place of work that may only be read."""
    package, home, work = (tmp_path / name for name in ("site/hopcli", "home", "work"))
    kernels = package / "_kernels"
    for folder in (kernels, home, work):
        folder.mkdir(parents=True, exist_ok=True)
    for path in [*(CHECKOUT / "hopcli").iterdir(), *(CHECKOUT / "hopcli/_kernels").iterdir()]:
        link = package / path.relative_to(CHECKOUT / "hopcli")
        if path.name != "__pycache__" and not link.exists():
            link.symlink_to(path)
    for folder in (kernels, package, home):
        folder.chmod(0o555)
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "LANG")}
    kept |= {"PYTHONPATH": str(package.parent), "PYTHONSAFEPATH": "1"} | environment
    program = [sys.executable, "-c", f"{UNPRIVILEGED}{code}", *arguments]
    try:
        return subprocess.run(program, cwd=work, env=kept, check=False, **SILENT)
    finally:
        for folder in (package, kernels, home):
            folder.chmod(0o755)


PRINT_CACHE = """
from hopcli._kernels import fields as k
print(k.__file__, k.run_chains.stats.cache_path)
"""
CACHES: list[tuple[dict[str, str], str | None]] = [
    ({"HOME": "{home}", "XDG_CACHE_HOME": "relative"}, None),
    ({"HOME": "{work}"}, ".cache"),
    ({"HOME": "~"}, None),
    ({"HOME": "{home}/none"}, None),
    ({"HOME": "{home}", "XDG_CACHE_HOME": "{work}/xdg"}, "xdg"),
    ({"HOME": "{home}", "NUMBA_CACHE_DIR": "{work}/numba"}, "numba"),
]


@pytest.mark.parametrize(
    ("environment", "cache"),
    [*CACHES[:2], *(pytest.param(*case, marks=pytest.mark.slow) for case in CACHES[2:])],
    ids=str,
)
def test_cache_folders(tmp_path: Path, environment: dict[str, str], cache: str | None) -> None:
    places = {name: str(tmp_path / name) for name in ("home", "work")}
    given = {name: text.format(**places) for name, text in environment.items()}
    done = _in_a_package_of_another(tmp_path, PRINT_CACHE, **given)
    assert (done.returncode, done.stderr) == (0, "")
    source, where = done.stdout.split()
    kernels = tmp_path.joinpath("site", "hopcli", "_kernels")
    assert Path(source) == kernels / "fields.py"
    if cache is None:
        assert Path(where) == kernels / "__pycache__"
        assert list((tmp_path / "work").iterdir()) == []
    else:
        assert Path(where).is_relative_to(tmp_path / "work" / cache)


@pytest.mark.slow
def test_without_a_cache_a_run_compiles_and_says_so_once(tmp_path: Path) -> None:
    done = _in_a_package_of_another(tmp_path, _RECALL, "a", HOME=str(tmp_path / "home"))
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert sum("NUMBA_CACHE_DIR" in line for line in lines) == 1
    assert all(line.startswith("hopcli: ") for line in lines)
    assert (tmp_path / "work/a/recall.json").is_file()
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["a"]
