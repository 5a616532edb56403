"""The rules of the house, read off the syntax tree and off a fresh process."""

from __future__ import annotations

import ast
import graphlib
import itertools
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import SpawnHopcli

PACKAGE = CHECKOUT / "hopcli"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("numba", "pandas", "matplotlib", "sklearn")


MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "_version": set(),
    "records": set(),
    "streams": set(),
    "losses": {"errors"},
    "printing": set(),
    "markup": {"printing"},
    "observables": set(),
    "statistics": {"records"},
    "_kernels": {"_loading"},
    "_loading": {"errors"},
    "theory": {"observables", "waiting"},
    "waiting": set(),
    "data": {"errors"},
    "datasets": {"data", "errors", "markup", "printing", "records"},
    "patterns": {"datasets", "errors", "losses", "markup", "printing", "records", "streams"},
    "starts": {"datasets", "errors", "patterns", "records"},
    "kinds": {"errors"},
    "storage": {"errors", "kinds", "records", "waiting"},
    "dynamics": {"errors", "records", "observables", "streams", "_kernels"},
    "taxonomy": {"errors", "records", "observables", "dynamics", "storage"},
    "scoring": {"records", "taxonomy"},
    "estimator": {
        *("dynamics", "errors", "observables", "scoring", "storage", "streams", "taxonomy")
    },
    "config": {"catalogue", "datasets", "errors", "kinds", "storage", "dynamics", "starts"},
    "catalogue": {"errors"},
    "results": {"_version", "catalogue", "datasets", "errors", "printing", "statistics", "streams"},
    "claims": {
        *("catalogue", "config", "data", "errors", "experiments", "observables", "results"),
        *("statistics", "storage"),
    },
    "plots": {"catalogue", "errors", "grids", "printing", "theory"},
    "runs": {
        *("catalogue", "claims", "config", "dynamics", "errors", "experiments", "grids"),
        *("plots", "printing", "report", "results"),
    },
    "report": {
        "kinds",
        "_version",
        *("catalogue", "claims", "config", "errors", "grids", "plots", "printing", "results"),
    },
}
"""What each room may import at run time; records that only name types are free."""

ONLY = {
    "click": {"cli", "docs"},  # docs only names the type of a command
    "numba": {"_kernels", "_loading"},
    "matplotlib": {"api", "plots"},  # api only names the type of a figure
    "jinja2": {"report"},
}

EDGE = {"api", "claims", "cli", "plots", "report", "results", "runs"}
"""Rooms that an experiment knows nothing of."""


def _room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def _imports(path: Path, *, types_too: bool = False) -> set[str]:
    """Dotted names that a file imports, those for type checking left out."""
    names: set[str] = set()
    stack: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test) and not types_too:
            stack += node.orelse
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        stack += ast.iter_child_nodes(node)
    return names


def _rooms_imported(path: Path) -> set[str]:
    rooms = {name.split(".")[1] for name in _imports(path) if name.startswith("hopcli.")}
    return rooms - {_room(path), "__version__"}


def _named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_there_are_files_to_look_at() -> None:
    assert {"storage", "cli", "experiments", "datasets"} <= {_room(path) for path in FILES}


def test_a_room_imports_only_what_it_may() -> None:
    for path in FILES:
        found = _rooms_imported(path)
        if _room(path) in MAY_IMPORT:
            assert found <= MAY_IMPORT[_room(path)], _named(path)
        elif _room(path) == "experiments":
            assert not found & EDGE, _named(path)
        elif _room(path) == "api":
            assert not found & {"claims", "cli"}, _named(path)


@pytest.mark.parametrize("package", ONLY)
def test_one_room_each_for_click_numba_and_matplotlib(package: str) -> None:
    rooms = {
        _room(path)
        for path in FILES
        if package in {name.split(".")[0] for name in _imports(path, types_too=True)}
    }
    assert rooms <= ONLY[package]
    assert rooms


def test_no_drawer_for_odds_and_ends() -> None:
    words = {"utils", "util", "helpers", "common", "misc", "tools"}
    assert not {path.stem for path in FILES} & words


def test_every_module_is_one_room_with_a_docstring() -> None:
    for path in FILES:
        # The compiled loop is cached by the age of its file, so its parts must share one.
        most = 820 if path.name == "_kernels.py" else 400
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= most, _named(path)
        assert ast.get_docstring(ast.parse(text)), _named(path)


def test_nothing_touches_the_global_generator() -> None:
    """numpy.random is used for its classes only, and RandomState in streams alone."""
    for path in FILES:
        allowed = {"Generator", "SeedSequence", "default_rng", "BitGenerator", "Philox"}
        if path.name == "streams.py":
            allowed |= {"RandomState"}
        assert not any(name.split(".")[0] == "random" for name in _imports(path)), _named(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in (
                "np.random",
                "numpy.random",
            ):
                assert node.attr in allowed, _named(path)


def test_no_room_imports_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        graph.setdefault(_room(path), set()).update(_rooms_imported(path))
    _check_order(graph)


def test_no_file_names_another_in_a_circle() -> None:
    """Types too: whoever reads a file need not know what reads it."""
    files = {_dotted(path): path for path in FILES}
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        names = _imports(path, types_too=True) if module != "hopcli" else set()
        graph[module] = {
            found
            for name in names
            for found in (name if name in files else name.rpartition(".")[0],)
            if found in files
        } - {module}
    _check_order(graph)


def _dotted(path: Path) -> str:
    parts = ("hopcli", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def _check_order(graph: dict[str, set[str]]) -> None:
    try:
        tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(" > ".join(error.args[1]))


@pytest.mark.parametrize("module", ["hopcli.storage", "hopcli.dynamics", "hopcli.config"])
def test_what_is_declared_loads_without_what_works(spawn_hopcli: SpawnHopcli, module: str) -> None:
    done = spawn_hopcli(code=f"import sys, {module}; print(*sys.modules)")
    assert done.code == 0, done.err
    assert module in done.out.split()
    assert not {"numba", "pandas", "scipy", "matplotlib", "sklearn"} & set(done.out.split())


LOADED = """
import sys
from hopcli.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    ("arguments", "without"),
    [
        *itertools.product(
            [
                ["--help"],
                ["--version"],
                ["select", "--help"],
                ["recall", "--help"],
                ["temperature-scan", "--help"],
                ["run", "--help"],
                ["check", "--help"],
                ["report", "--help"],
                ["runs", "--help"],
                ["diff", "--help"],
            ],
            [HEAVY],
        ),
        (["select", "--no-figures", "-q"], ("numba", "matplotlib", "sklearn")),
        (["data"], ("numba", "matplotlib", "sklearn", "pandas")),
    ],
    ids=lambda value: " ".join(value),
)
def test_heavy_packages_load_only_where_they_work(
    spawn_hopcli: SpawnHopcli, arguments: list[str], without: tuple[str, ...]
) -> None:
    done = spawn_hopcli(*arguments, code=LOADED)
    assert done.code == 0, done.err
    loaded = done.out.splitlines()[-1].split()
    assert loaded[0] == "LOADED"
    assert "hopcli" in loaded
    assert not set(without) & set(loaded)


def test_whatever_an_experiment_imports_is_in_the_code_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hopcli.grids import cells

    left_out: set[str] = set()

    def digest(without: tuple[str, ...]) -> str:
        left_out.update(without)
        return "0" * 12

    monkeypatch.setattr(cells, "code_digest", digest)
    cells.code_version.__wrapped__()
    rooms, new = {"experiments"}, {"experiments"}
    while new:
        new = {room for path in FILES if _room(path) in new for room in _rooms_imported(path)}
        new -= rooms
        rooms |= new
    assert {"statistics", "starts", "dynamics"} <= rooms
    assert left_out
    assert not left_out & rooms
