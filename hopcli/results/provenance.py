"""Provenance of a result: versions of the packages, and the commit of the source.

In a checkout git gives the commit; in a built package it is in a file. The build, which writes
that file, runs this module alone, so it needs only the standard library.
"""

from __future__ import annotations

import functools
import hashlib
import re
import subprocess
import sys
from pathlib import Path

WITHOUT_NUMBERS = (
    *("api", "claims", "cli", "docs", "estimator", "grids"),
    *("livepage", "notebooks", "plots", "report", "runs"),
)
"""Modules without effect on the numbers of a run; the hash of the code excludes them."""

_PACKAGES = ("numpy", "scipy", "numba", "pandas", "matplotlib", "scikit-learn", "pillow")
"""Packages that may affect numbers or pictures."""

_TOP = Path(__file__).resolve().parents[2]
_WRITTEN = "hopcli/SOURCE_COMMIT"
"""File with the commit in a built package, relative to the parent of the package."""


def versions() -> dict[str, str]:
    """Return the versions of hopcli, its random streams, Python and packages."""
    from hopcli import streams
    from hopcli._version import __version__

    return {
        "hopcli": __version__,
        "streams": str(streams.VERSION),
        "python": ".".join(map(str, sys.version_info[:3])),
        **{name: text for name in _PACKAGES if (text := _installed(name)) is not None},
    }


@functools.cache
def _installed(package: str) -> str | None:
    """Return the version of a package; None if it is not installed."""
    from importlib import metadata

    try:
        text = metadata.distribution(package).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        return None
    found = re.search(r"^Version: *(\S+)", text, re.MULTILINE)  # a tenth of the time of a parser
    return found[1] if found else None


def code_digest(package: Path = _TOP / "hopcli") -> str:
    """Compute the SHA-256 of all modules that compute, without :data:`WITHOUT_NUMBERS`.

    Parameters
    ----------
    package : Path
        Folder of the package.
    """
    found = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in WITHOUT_NUMBERS:
            found.update(path.read_bytes())
    return found.hexdigest()


def source_commit(top: Path = _TOP) -> str | None:
    """Return the commit of the package, with ``+modified`` if it was edited since.

    Parameters
    ----------
    top : Path
        Parent folder of the package. The result is None if it is not a checkout and was not
        built from one.
    """
    written = top / _WRITTEN
    if (top / ".git").exists():
        return _of_checkout(top)
    return written.read_text(encoding="ascii").strip() if written.is_file() else None


@functools.cache
def own_commit() -> str | None:
    """Return the commit of the code that runs, which git is asked for once."""
    return source_commit()


def _of_checkout(top: Path) -> str | None:

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
