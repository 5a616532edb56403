"""Comparison of two runs: settings, inputs, versions, tables and arrays that differ.

:mod:`hopcli.results.tables` compares the values of tables and arrays.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hopcli.catalogue import CATALOGUE
from hopcli.errors import ResultError
from hopcli.results import BULKY, open_manifest
from hopcli.results.listing import MANIFESTS, settings_of
from hopcli.results.manifest import Manifest, command_in, understood
from hopcli.results.tables import compare_arrays, compare_tables, read_table
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


ENTRIES = ("settings", "inputs", "versions")
"""Parts of a manifest that are compared; versions do not count as a difference."""

COLUMNS = ("of", "name", "A", "B", "n", "n_differ", "largest", "where")
"""Columns of the table of differences."""

NONE = "(none)"
"""Text for a value that is missing on one side."""


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


def compare(a: Manifest, b: Manifest) -> dict[str, Any]:
    """Compare two runs.

    Parameters
    ----------
    a, b : Manifest
        Manifests of the runs.

    Returns
    -------
    dict
        Paths ``a`` and ``b``; ``same``; the names of :data:`ENTRIES`, each with a list of
        entries that differ (``name``, and its value in ``a`` and ``b``); and ``files``. Each
        file has ``file`` (its name), ``lacks`` (descriptions of parts that only one run
        contains), ``values`` (the :class:`~hopcli.results.tables.Values` that differ) and
        ``same`` (true for the same bytes).

    Raises
    ------
    ResultError
        If a table or file of arrays differs from its manifest.
    """
    entries = [(settings_of(run), run.get("inputs", {}), run["versions"]) for run in (a, b)]
    pairs = {name: [*_pairs(*sides)] for name, *sides in zip(ENTRIES, *entries, strict=True)}
    files = [*_files(a, b)]
    same = not pairs["settings"] and not pairs["inputs"] and all(file["same"] for file in files)
    return {"a": str(a.path), "b": str(b.path), "same": same, **pairs, "files": files}


def _pairs(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the entries in which two mappings differ."""
    for name in {**a, **b}:
        values = {side: run[name] for side, run in (("a", a), ("b", b)) if name in run}
        if len(values) < 2 or values["a"] != values["b"]:
            yield {"name": name, **values}


def _files(a: Manifest, b: Manifest) -> Iterator[dict[str, Any]]:
    """Compare all tables and files of arrays; a table of trials is optional."""
    for name in dict.fromkeys((*_numbers_of(a), *_numbers_of(b))):
        here = [
            side
            for side, run in (("A", a), ("B", b))
            if name in run["outputs"] and (name != BULKY or run.file(name).exists())
        ]
        if len(here) == 2:
            lacks, values, same = _file(a, b, name)
        elif name == BULKY:
            lacks, values = (f"kept in {here[0]} alone" if here else "left out",), ()
            same = True
        else:
            lacks, values, same = (f"only in {here[0]}",), (), False
        yield {"file": name, "lacks": lacks, "values": values, "same": same}


def _numbers_of(run: Manifest) -> list[str]:
    """Return the tables and the files of arrays of a run."""
    arrays = [name for name in run["outputs"] if name.endswith(".npz")]
    return [*(f"{name}.csv" for name in run["tables"]), *arrays]


def _file(a: Manifest, b: Manifest, name: str) -> tuple[Any, Any, bool]:
    """Compare a file that exists in both runs."""
    files = [run.check(name) for run in (a, b)]
    if a["outputs"][name] == b["outputs"][name]:
        return (), (), True
    with understood(" and ".join(map(str, files)), "compared"):
        if name.endswith(".npz"):
            return *compare_arrays(*files), False
        ours, theirs = (read_table(run, name.removesuffix(".csv")) for run in (a, b))
        return *compare_tables(ours, theirs), False


def command_of(run: Manifest) -> str:
    """Return the command of a run, or of the runs of a grid."""
    return str(run["config"].get("command", run.command))


def spelt_sides(pair: Mapping[str, Any], command: str) -> dict[str, str]:
    """Spell the values in A and in B as on the command line, or as JSON if these are equal."""
    spell = CATALOGUE[command].show if command in CATALOGUE else lambda _, value: show(value)
    values = {side.upper(): pair[side] for side in "ab" if side in pair}
    texts = {side: spell(pair["name"], value) for side, value in values.items()}
    if len(texts) > len(set(texts.values())):
        texts = {side: json.dumps(value) for side, value in values.items()}
    return {"A": NONE, "B": NONE, **texts}


def rows_of(found: Mapping[str, Any], command: str) -> list[dict[str, Any]]:
    """Return all differences as rows of one table, one per setting or column of a table.

    Parameters
    ----------
    found : mapping
        The differences, as of :func:`compare`.
    command : str
        The command of the runs.

    Returns
    -------
    list of dict
        Texts by :data:`COLUMNS`, without those that do not apply.
    """
    rows: list[dict[str, Any]] = [
        {"of": name, "name": pair["name"], **spelt_sides(pair, command)}
        for name in ENTRIES
        for pair in found[name]
    ]
    for file in found["files"]:
        of = {"of": file["file"]}
        rows += [{**of, "name": lack} for lack in file["lacks"]]
        for values in file["values"]:
            cells = {name: str(getattr(values, name)) for name in ("name", "n", "n_differ")}
            largest = "" if values.largest is None else f"{values.largest:.10g}"
            sides = dict(zip("AB", map(str, values.pair), strict=True))
            rows.append({**of, **cells, **sides, "largest": largest, "where": values.where})
    return rows
