"""Where a result comes from: versions of what has run, and the commit of the source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hopcli import __version__

__all__ = ["source_commit", "versions"]

_PACKAGES = {
    **{name: name for name in ("numpy", "scipy", "numba", "pandas", "matplotlib")},
    "scikit-learn": "sklearn",
    "pillow": "PIL",
}

_TOP = Path(__file__).resolve().parents[2]


def versions() -> dict[str, str]:
    """Versions of hopcli, of Python, and of the packages that this run has loaded."""
    loaded = {name: sys.modules.get(module) for name, module in _PACKAGES.items()}
    return {
        "hopcli": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        **{name: str(found.__version__) for name, found in loaded.items() if found is not None},
    }


def source_commit(top: Path = _TOP) -> str | None:
    """Commit of the checkout that the package runs from, ``+modified`` if it was edited.

    Parameters
    ----------
    top : Path
        Folder that holds the package; None is returned if it is no checkout.
    """
    if not (top / ".git").exists():
        return None

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", "-C", str(top), *arguments], capture_output=True, text=True, check=False
        )

    try:
        head = git("rev-parse", "--verify", "HEAD")
        if head.returncode != 0:
            return None
        edited = git("diff", "--quiet", "HEAD", "--", "hopcli").returncode != 0
    except OSError:
        return None
    return head.stdout.strip() + ("+modified" if edited else "")
