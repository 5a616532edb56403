"""Build hook: write the commit of the source into a package, and compile the loops.

The loops are compiled for the processor, Python and numba of this installation, and installed
in numba's own cache beside their source. Anywhere else they are compiled at their first use.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMMIT = "hopcli/SOURCE_COMMIT"

_COMPILE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from hopcli.dynamics import chain_seeds, run
from hopcli.network import LowRank, Network, Quadratic
spins, one = np.ones((1, 1), np.int8), np.ones(1)
seeds = chain_seeds(np.random.SeedSequence(0), 1)
for pairs in (Quadratic(np.ones((1, 1))), *(LowRank(spins.astype(t), 1.0, one) for t in "bd")):
    network = Network("one site", np.zeros(1, np.int32), spins, pairs, one)
    run(network, spins, seeds=seeds, temperatures=0.0, sweeps=1, attempts_per_sweep=1)
"""

_TIMEOUT = 600  # seconds


class InstallHook(BuildHookInterface):  # type: ignore[misc]  # hatchling has no types here
    """Build hook; a wheel built from an sdist keeps the commit of the sdist."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; an editable installation keeps the loops in the checkout."""
        top = Path(self.root)
        if version == "editable":
            self._compile(top)
            return
        self._made = Path(tempfile.mkdtemp(prefix="hopcli-build-"))
        include = build_data["force_include"]
        provenance = runpy.run_path(str(top / "hopcli" / "results" / "provenance.py"))
        commit = provenance["source_commit"](top)
        if commit is not None and not (top / _COMMIT).is_file():
            file = self._made / "SOURCE_COMMIT"
            file.write_text(commit + "\n", encoding="ascii")
            include[str(file)] = _COMMIT
        if self.target_name == "wheel":
            ignore = shutil.ignore_patterns("__pycache__", "*.npz")
            shutil.copytree(top / "hopcli", self._made / "hopcli", ignore=ignore)
            self._compile(self._made)
            for file in sorted(self._made.rglob("*.nb[ci]")):
                include[str(file)] = file.relative_to(self._made).as_posix()

    def _compile(self, top: Path) -> None:
        """Compile the loops of a package into its cache; if that fails, they are compiled later."""
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT")
        }
        command = [sys.executable, "-c", _COMPILE, str(top)]
        try:
            subprocess.run(
                command, env=environment, check=True, capture_output=True, timeout=_TIMEOUT
            )
        except (OSError, subprocess.SubprocessError) as error:
            last = (getattr(error, "stderr", None) or str(error).encode()).decode(errors="replace")
            reason = last.strip().splitlines()[-1:]
            self.app.display_warning(f"The first run compiles the loops: {''.join(reason)}")

    def finalize(self, *_: object) -> None:
        """Remove the temporary files."""
        if hasattr(self, "_made"):
            shutil.rmtree(self._made, ignore_errors=True)


def get_build_hook() -> type[InstallHook]:
    """Return the hook of hatchling."""
    return InstallHook
