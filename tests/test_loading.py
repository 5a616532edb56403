"""Compiled loops come out of numba's cache without numba's compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CHECKOUT, UNPRIVILEGED

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

print(
    total(np.arange(4.0)),
    sum(total.stats.cache_hits.values()),
    "scipy.linalg" in sys.modules,
    total(np.arange(4)),
)
"""
COMPILED, LOADED = ["12.0", "0", "True", "12.0"], ["12.0", "1", "False", "12.0"]


def _run_loop(folder: Path, before: str = "") -> list[str]:
    """What the loop's program prints, its cache in a folder, after some other code."""
    script = folder / "loop.py"
    script.write_text(_LOOP, encoding="utf-8")
    code = f"{UNPRIVILEGED}{before}\nimport runpy; runpy.run_path({str(script)!r})"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder), "NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


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


def _in_a_package_of_another(
    tmp_path: Path, code: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run code with a package, a home and a place of work that may only be read."""
    package, home, work = (tmp_path / name for name in ("site/hopcli", "home", "work"))
    for folder in (package, home, work):
        folder.mkdir(parents=True, exist_ok=True)
    for path in (CHECKOUT / "hopcli").iterdir():
        if path.name != "__pycache__" and not (package / path.name).exists():
            (package / path.name).symlink_to(path)
    for folder in (package, home):
        folder.chmod(0o555)
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LD_LIBRARY_PATH", "LANG")}
    try:
        return subprocess.run(
            [sys.executable, "-c", f"{UNPRIVILEGED}{code}", *arguments],
            cwd=work,
            env=kept | {"PYTHONPATH": str(package.parent), "PYTHONSAFEPATH": "1"} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    finally:
        for folder in (package, home):
            folder.chmod(0o755)


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({"HOME": "~"}, None),
        ({"HOME": "{home}", "XDG_CACHE_HOME": "relative"}, None),
        ({"HOME": "{home}", "NUMBA_CACHE_DIR": "{home}/none"}, None),
        ({"HOME": "{home}", "XDG_CACHE_HOME": "{work}/xdg"}, "xdg"),
        ({"HOME": "{work}"}, ".cache"),
        *(
            pytest.param(given, cache, marks=pytest.mark.slow)
            for given, cache in (
                ({"HOME": "{home}"}, None),
                ({"HOME": "{home}/none"}, None),
                ({"HOME": "{home}", "XDG_CACHE_HOME": ""}, None),
                ({"HOME": "{home}", "XDG_CACHE_HOME": "{home}/none"}, None),
                ({"HOME": "{home}", "NUMBA_CACHE_DIR": "{work}/numba"}, "numba"),
            )
        ),
    ],
    ids=str,
)
def test_without_a_folder_for_the_cache_nothing_is_cached(
    tmp_path: Path, environment: dict[str, str], cache: str | None
) -> None:
    places = {name: str(tmp_path / name) for name in ("home", "work")}
    given = {name: text.format(**places) for name, text in environment.items()}
    code = "from hopcli import _kernels as k; print(k.__file__, k.run_chains.stats.cache_path)"
    done = _in_a_package_of_another(tmp_path, code, **given)
    assert (done.returncode, done.stderr) == (0, "")
    source, where = done.stdout.split()
    assert source == str(tmp_path / "site/hopcli/_kernels.py")
    if cache is None:
        assert where == "None"
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
