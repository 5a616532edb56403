"""Tables that are too long for the memory, stored as blocks of rows."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
import weakref
from collections.abc import Iterator, Mapping

from hopcli.errors import ResultError
from hopcli.tables import Columns

_IN_MEMORY = 32_000_000  # bytes; more go to a file without a name, deleted with the process


class Blocks:
    """Table in blocks of rows, in constant memory."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def append(self, block: Columns) -> None:
        """Add rows at the end.

        Raises
        ------
        ResultError
            If there is no space for the rows.
        """
        try:
            pickle.dump(block, self._file)
        except OSError as error:
            folder, reason = tempfile.gettempdir(), error.strerror or error
            raise ResultError(f"{folder}: cannot keep the rows of a table: {reason}") from None

    def __iter__(self) -> Iterator[Columns]:
        """Return the blocks in order."""
        self._file.seek(0)
        with contextlib.suppress(EOFError):
            while True:
                yield pickle.load(self._file)


class BlockTables(Mapping[str, Columns]):
    """Tables, some of them in blocks that are joined on access.

    Parameters
    ----------
    whole : mapping of str to Columns
        Tables by name.
    blocks : mapping of str to Blocks
        The other tables, which come last.
    """

    def __init__(self, whole: Mapping[str, Columns], blocks: Mapping[str, Blocks]) -> None:
        self._whole = whole
        self.blocks = blocks

    def __getitem__(self, name: str) -> Columns:
        if name in self._whole:
            return self._whole[name]
        return Columns.joined(self.blocks[name])

    def __iter__(self) -> Iterator[str]:
        return iter([*self._whole, *self.blocks])

    def __len__(self) -> int:
        return len(self._whole) + len(self.blocks)
