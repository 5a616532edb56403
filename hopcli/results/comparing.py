"""Two runs side by side: which settings, inputs, versions, tables and arrays differ.

Values of tables and arrays are left to :mod:`hopcli.results.values`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.catalogue import CATALOGUE
from hopcli.errors import ResultError
from hopcli.results import BULKY, open_manifest
from hopcli.results.listing import settings_of
from hopcli.results.manifest import command_in, understood
from hopcli.results.places import MANIFESTS
from hopcli.results.tables import read_table
from hopcli.results.values import compare_arrays, compare_tables
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hopcli.results.manifest import Manifest
    from hopcli.results.values import Values

__all__ = [
    "COLUMNS",
    "Compared",
    "Comparison",
    "Pair",
    "command_of",
    "compare",
    "open_runs",
    "rows_of",
    "spelt_sides",
]


class Pair(NamedTuple):
    """Something that the manifests of two runs say differently.

    Attributes
    ----------
    name : str
        Its name.
    values : dict of str to object
        What it is in ``"a"`` and in ``"b"``, as JSON has it; left out where it is not.
    """

    name: str
    values: dict[str, Any]


class Compared(NamedTuple):
    """A table or a file of arrays of two runs.

    Attributes
    ----------
    file : str
        Its name.
    lacks : tuple of str
        What only one of the two has, in words.
    values : tuple of Values
        The columns or arrays that both have, if the files differ by a byte.
    same : bool
        Whether the bytes are the same.
    """

    file: str
    lacks: tuple[str, ...] = ()
    values: tuple[Values, ...] = ()
    same: bool = False


class Comparison(NamedTuple):
    """What differs between two runs.

    Attributes
    ----------
    settings, inputs, versions : tuple of Pair
        What the manifests say differently. Versions alone make no difference.
    files : tuple of Compared
        Tables and files of arrays.
    """

    settings: tuple[Pair, ...]
    inputs: tuple[Pair, ...]
    versions: tuple[Pair, ...]
    files: tuple[Compared, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs that was asked for, read or found."""
        return not self.settings and not self.inputs and all(one.same for one in self.files)


def open_runs(a: Path, b: Path) -> tuple[Manifest, Manifest]:
    """Read the manifests of two runs of one command.

    Parameters
    ----------
    a, b : Path
        Each a folder, or a manifest in one.

    Raises
    ------
    ResultError
        If there is no such run, or the two are of different commands.
    """
    of_a, of_b = _manifest(a), _manifest(b)
    if of_a.name != of_b.name:
        raise ResultError(f"{b}: must hold a run of {of_a.stem} as {a}, has one of {of_b.stem}")
    return open_manifest(of_a), open_manifest(of_b)


def _manifest(path: Path) -> Path:
    """Return the manifest of a run, given its folder or itself."""
    if not path.is_file():
        return path / f"{command_in(path)}.json"
    if path.name not in MANIFESTS:
        raise ResultError(f"{path}: must be a folder, or a manifest such as recall.json")
    return path


def _said(run: Manifest) -> dict[str, dict[str, Any]]:
    """Return the settings, inputs and versions of a manifest."""
    return {
        "settings": settings_of(run),
        "inputs": dict(run.get("inputs", {})),
        "versions": dict(run["versions"]),
    }


def compare(a: Manifest, b: Manifest) -> Comparison:
    """Compare two runs.

    Parameters
    ----------
    a, b : Manifest
        Manifests of the runs.

    Raises
    ------
    ResultError
        If a table or file of arrays is not what its manifest says.
    """
    settings, inputs, versions = (
        tuple(_pairs(_said(a)[what], _said(b)[what])) for what in ("settings", "inputs", "versions")
    )
    return Comparison(settings, inputs, versions, tuple(_files(a, b)))


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Pair]:
    """What two mappings do not have alike."""
    for name in {**a, **b}:
        values = {side: one[name] for side, one in (("a", a), ("b", b)) if name in one}
        if len(values) < 2 or values["a"] != values["b"]:
            yield Pair(name, values)


def _files(a: Manifest, b: Manifest) -> Iterator[Compared]:
    """Every table and file of arrays."""
    for name in dict.fromkeys((*_numbers_of(a), *_numbers_of(b))):
        here = [side for side, run in (("A", a), ("B", b)) if _is_there(run, name)]
        if len(here) == 2:
            yield _file(a, b, name)
        elif name == BULKY:
            yield Compared(name, (f"kept in {here[0]} alone" if here else "left out",), same=True)
        else:
            yield Compared(name, (f"only in {here[0]}",))


def _numbers_of(run: Manifest) -> list[str]:
    """The tables and the files of arrays of a run."""
    arrays = [name for name in run["outputs"] if name.endswith(".npz")]
    return [*(f"{name}.csv" for name in run["tables"]), *arrays]


def _is_there(run: Manifest, name: str) -> bool:
    """Whether a run has a file; a table of trials may have been left out."""
    if name == BULKY and not run.file(name).exists():
        return False
    return name in run["outputs"]


def _file(a: Manifest, b: Manifest, name: str) -> Compared:
    """Compare a file that both have."""
    files = [run.check(name) for run in (a, b)]
    if a["outputs"][name] == b["outputs"][name]:
        return Compared(name, same=True)
    with understood(" and ".join(map(str, files)), "compared"):
        if name.endswith(".npz"):
            return Compared(name, *compare_arrays(*files))
        table = name.removesuffix(".csv")
        ours, theirs = (read_table(run, table) for run in (a, b))
        return Compared(name, *compare_tables(ours, theirs))


def command_of(run: Manifest) -> str:
    """Return the command of a run, or of the runs of a grid."""
    return str(run["config"].get("command", run.command))


def spelt_sides(pair: Pair, command: str) -> dict[str, str]:
    """Spell what differs in A and in B as flags have it, as JSON if the two read the same."""
    spell = CATALOGUE[command].show if command in CATALOGUE else lambda _, value: show(value)
    texts = {side.upper(): spell(pair.name, value) for side, value in pair.values.items()}
    if len(texts) > len(set(texts.values())):
        texts = {side.upper(): json.dumps(value) for side, value in pair.values.items()}
    return {"A": NONE, "B": NONE, **texts}


def rows_of(found: Comparison, command: str) -> list[dict[str, Any]]:
    """All that differs as rows of one table: a setting, or a column of a table, a row.

    Parameters
    ----------
    found : Comparison
        What differs.
    command : str
        The command of the runs.

    Returns
    -------
    list of dict
        Texts by :data:`COLUMNS`; what does not apply is not there.
    """
    rows: list[dict[str, Any]] = [
        {"of": what, "name": pair.name, **spelt_sides(pair, command)}
        for what in ("settings", "inputs", "versions")
        for pair in getattr(found, what)
    ]
    for file in found.files:
        rows += [{"of": file.file, "name": lack} for lack in file.lacks]
        rows += [
            {
                "of": file.file,
                "name": values.name,
                **{side: str(value) for side, value in zip("AB", values.pair, strict=True)},
                "n": str(values.n),
                "n_differ": str(values.n_differ),
                "largest": "" if values.largest is None else f"{values.largest:.10g}",
                "where": values.where or "",
            }
            for values in file.values
        ]
    return rows


NONE = "(none)"
"""Stands for the side that lacks what the other one has."""

COLUMNS = ("of", "name", "A", "B", "n", "n_differ", "largest", "where")
"""Of the table of all that differs."""
