"""Comparison of two runs: settings, inputs, versions, tables and arrays that differ.

:mod:`hopcli.results.values` compares the values of tables and arrays.
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


class Pair(NamedTuple):
    """Entry in which the manifests of two runs differ.

    Attributes
    ----------
    name : str
        Name of the entry.
    values : dict of str to object
        Its values in ``"a"`` and in ``"b"``, in JSON form; without a missing one.
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
        Descriptions of parts that only one of the two contains.
    values : tuple of Values
        The columns or arrays in both, if the files are not byte-identical.
    same : bool
        Whether the files are byte-identical.
    """

    file: str
    lacks: tuple[str, ...] = ()
    values: tuple[Values, ...] = ()
    same: bool = False


class Comparison(NamedTuple):
    """Differences between two runs.

    Attributes
    ----------
    settings, inputs, versions : tuple of Pair
        Entries in which the manifests differ. Versions do not count as a difference.
    files : tuple of Compared
        Tables and files of arrays.
    """

    settings: tuple[Pair, ...]
    inputs: tuple[Pair, ...]
    versions: tuple[Pair, ...]
    files: tuple[Compared, ...]

    @property
    def same(self) -> bool:
        """True if settings, inputs and results are equal."""
        return not self.settings and not self.inputs and all(one.same for one in self.files)


def open_runs(a: Path, b: Path) -> tuple[Manifest, Manifest]:
    """Read the manifests of two runs of one command.

    Parameters
    ----------
    a, b : Path
        Folders, or manifests in folders.

    Raises
    ------
    ResultError
        If there is no such run, or the runs belong to different commands.
    """
    of_a, of_b = _manifest(a), _manifest(b)
    if of_a.name != of_b.name:
        raise ResultError(f"{b}: contains a run of {of_b.stem}, but {a} one of {of_a.stem}")
    return open_manifest(of_a), open_manifest(of_b)


def _manifest(path: Path) -> Path:
    """Return the path of a run's manifest, given its folder or the manifest."""
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
        If a table or file of arrays differs from its manifest.
    """
    settings, inputs, versions = (
        tuple(_pairs(_said(a)[what], _said(b)[what])) for what in ("settings", "inputs", "versions")
    )
    return Comparison(settings, inputs, versions, tuple(_files(a, b)))


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Pair]:
    """Return the entries in which two mappings differ."""
    for name in {**a, **b}:
        values = {side: one[name] for side, one in (("a", a), ("b", b)) if name in one}
        if len(values) < 2 or values["a"] != values["b"]:
            yield Pair(name, values)


def _files(a: Manifest, b: Manifest) -> Iterator[Compared]:
    """Compare all tables and files of arrays."""
    for name in dict.fromkeys((*_numbers_of(a), *_numbers_of(b))):
        here = [side for side, run in (("A", a), ("B", b)) if _is_there(run, name)]
        if len(here) == 2:
            yield _file(a, b, name)
        elif name == BULKY:
            yield Compared(name, (f"kept in {here[0]} alone" if here else "left out",), same=True)
        else:
            yield Compared(name, (f"only in {here[0]}",))


def _numbers_of(run: Manifest) -> list[str]:
    """Return the tables and the files of arrays of a run."""
    arrays = [name for name in run["outputs"] if name.endswith(".npz")]
    return [*(f"{name}.csv" for name in run["tables"]), *arrays]


def _is_there(run: Manifest, name: str) -> bool:
    """Return whether a run has a file; a table of trials is optional."""
    if name == BULKY and not run.file(name).exists():
        return False
    return name in run["outputs"]


def _file(a: Manifest, b: Manifest, name: str) -> Compared:
    """Compare a file that exists in both runs."""
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
    """Spell the values in A and in B as on the command line, or as JSON if these are equal."""
    spell = CATALOGUE[command].show if command in CATALOGUE else lambda _, value: show(value)
    texts = {side.upper(): spell(pair.name, value) for side, value in pair.values.items()}
    if len(texts) > len(set(texts.values())):
        texts = {side.upper(): json.dumps(value) for side, value in pair.values.items()}
    return {"A": NONE, "B": NONE, **texts}


def rows_of(found: Comparison, command: str) -> list[dict[str, Any]]:
    """Return all differences as rows of one table, one per setting or column of a table.

    Parameters
    ----------
    found : Comparison
        The differences.
    command : str
        The command of the runs.

    Returns
    -------
    list of dict
        Texts by :data:`COLUMNS`, without those that do not apply.
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
"""Text for a value that is missing on one side."""

COLUMNS = ("of", "name", "A", "B", "n", "n_differ", "largest", "where")
"""Columns of the table of differences."""
