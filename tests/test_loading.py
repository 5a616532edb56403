"""Compiled loops come out of numba's cache without numba's compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LOOP = """
import sys
import numba
import numpy as np
from hopcli._loading import load_alone

@numba.njit(cache=True)
def total(values):
    scratch = np.empty(len(values))
    found = 0.0
    for i in range(len(values)):
        scratch[i] = 2 * values[i]
        found += scratch[i]
    return found

assert load_alone(total) is total
print(
    total(np.arange(4.0)),
    sum(total.stats.cache_hits.values()),
    "scipy.linalg" in sys.modules,
    total(np.arange(4)),
)
"""


def test_what_is_cached_loads_without_the_compiler_and_all_else_compiles(tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text(_LOOP, encoding="utf-8")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "0"}

    def found() -> list[str]:
        done = subprocess.run(
            [sys.executable, script], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert found() == ["12.0", "0", "True", "12.0"]  # compiled
    # Loaded; then both kinds of numbers are in the cache, and the second is loaded too.
    assert found() == ["12.0", "1", "False", "12.0"]
    for data in tmp_path.rglob("*.2.nbc"):
        data.unlink()  # so the second is compiled after the first was loaded
    assert found() == ["12.0", "1", "False", "12.0"]
