"""Small files that ship with hopcli, each compared with its hash before it is read."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from hopcli.data import SHIPPED_SHA256
from hopcli.datasets.grey import check_file, reading
from hopcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_shipped"]


def check_shipped(path: Path) -> None:
    """Compare a file with its hash if it is one that ships with hopcli.

    Raises
    ------
    DataError
        If it is missing or differs.
    """
    expected = SHIPPED_SHA256.get(path.parent, {}).get(path.name)
    if expected is None:
        return
    check_file(path)
    with reading(path):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise DataError(
            f"{path}: must have SHA-256 {expected}, found {found}; install hopcli again"
        )
