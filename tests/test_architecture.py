"""Rules of the architecture, checked in the syntax tree and in a fresh process."""

from __future__ import annotations

import ast
import graphlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click import Context
from conftest import CHECKOUT
from shell import table

from hopcli.catalogue import CATALOGUE
from hopcli.cli import cli
from hopcli.results import read_manifest
from hopcli.results.provenance import WITHOUT_NUMBERS

if TYPE_CHECKING:
    from conftest import SpawnHopcli

PACKAGE = CHECKOUT / "hopcli"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"numba", "pandas", "matplotlib", "sklearn"}

LAYERS = """\
_loading _version endings errors printing records values waiting
observables streams
_kernels catalogue data kinds markup
datasets network statistics
dynamics taxonomy
patterns rules tables theory
estimator results starts study
config
claims experiments
grids livepage
plots
report
runs
api cli
__init__ __main__ docs
"""
"""Rooms: each may import at run time from lines above its own; imports for types are free."""

MAY_NOT_IMPORT = {"experiments": {"results"}, "api": {"claims"}}

ONLY = {
    "click": {"cli", "docs"},  # docs only names the type of a command
    "numba": {"_loading"},
    "matplotlib": {"api", "plots"},  # api only names the type of a figure
    "jinja2": {"livepage", "report"},
    "pandas": {"api", "tables"},  # where a caller asks for a DataFrame
    "random": set(),  # ruff finds the legacy generator of numpy
}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def _imports(path: Path, types_too: bool = False) -> set[str]:
    """Dotted names that a file imports, those for type checking left out."""
    names: set[str] = set()
    stack: list[ast.AST] = [_tree(path)]
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


def test_a_room_imports_only_from_the_layers_above() -> None:
    layers = {room: n for n, line in enumerate(LAYERS.splitlines()) for room in line.split()}
    assert layers.keys() == {_room(path) for path in FILES}
    for path in FILES:
        room, found = _room(path), _rooms_imported(path)
        assert max((layers[other] for other in found), default=-1) < layers[room], path
        assert not found & MAY_NOT_IMPORT.get(room, set()), path


def test_no_file_names_another_in_a_circle() -> None:
    """Also for imports of types."""
    parts = {path: ("hopcli", *path.relative_to(PACKAGE).with_suffix("").parts) for path in FILES}
    files = {".".join(names).removesuffix(".__init__"): path for path, names in parts.items()}
    graph: dict[str, set[str]] = {}
    for module in files.keys() - {"hopcli"}:
        names = _imports(files[module], True)
        found = {name if name in files else name.rpartition(".")[0] for name in names}
        graph[module] = (found & files.keys()) - {module}
    graphlib.TopologicalSorter(graph).prepare()


def test_one_room_each_for_some_packages() -> None:
    imported = {
        (name.split(".")[0], _room(path)) for path in FILES for name in _imports(path, True)
    }
    for package, rooms in ONLY.items():
        assert {room for name, room in imported if name == package} == rooms, package


def test_every_docstring_begins_with_a_verb_or_a_noun() -> None:
    words = {"what", "whether", "how", "where", "which", "if", "who", "when", "why"}
    found = []
    for path in FILES:
        for node in ast.walk(_tree(path)):
            match node:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found += [path] * (text.split(maxsplit=1)[0].lower() in words)
    assert not found


def test_every_module_is_one_room_with_a_docstring() -> None:
    forbidden = {"utils", "util", "helpers", "common", "misc", "tools"}
    assert not {path.stem for path in FILES} & forbidden
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 600, path
        assert ast.get_docstring(_tree(path)), path


LOADED = """
import sys
from hopcli.cli import main
for line in sys.argv[1:]:
    try:
        main(line.split())
    except SystemExit as end:
        assert end.code == 0, (line, end.code)
print(*sys.modules)
"""
HELPED = """
import os
command = sys.argv.pop()
sys.argv += [f"{command} -h", f"{command} --help", "-h", "--help", "--version"]
"""
COMPLETED = """
import os
words = ["hopcli", *command.split(), "--"]
os.environ["_HOPCLI_COMPLETE"] = "bash_complete"
os.environ.update(COMP_WORDS=" ".join(words), COMP_CWORD=str(len(words) - 1))
sys.argv = ["", ""]
"""
LIGHT = {*HEAVY, "numpy", "scipy", "jinja2", "PIL", "tqdm"}


def _configurations(command: str) -> set[str]:
    """Return the modules of the configurations that a command's own is made from."""
    found, new = set[str](), {command.replace("-", "_")}
    while new:
        found |= new
        names = {n for each in new for n in _imports(PACKAGE / "config" / f"{each}.py")}
        new = {n.split(".")[2] for n in names if n.startswith("hopcli.config.")} - found
        new = {each for each in new if (PACKAGE / "config" / f"{each}.py").is_file()}
    return found


@pytest.mark.parametrize("command", [*cli.list_commands(Context(cli)), "grid run", "grid table"])
def test_help_and_completion_load_little(spawn_hopcli: SpawnHopcli, command: str) -> None:
    code = f"import sys{HELPED}{LOADED}{COMPLETED}{LOADED}"
    done = spawn_hopcli(command, code=code)
    assert done.code == 0, done.err
    assert "plain,--help" in done.out
    loaded = {*done.out.splitlines()[-1].split()}
    assert not LIGHT & loaded
    if command in CATALOGUE:
        configurations = {f"hopcli.config.{entry.module}" for entry in CATALOGUE.values()}
        own = {f"hopcli.config.{module}" for module in _configurations(command)}
        assert loaded & configurations <= own


def test_heavy_packages_load_only_where_they_work(spawn_hopcli: SpawnHopcli) -> None:
    done = spawn_hopcli("data", "select --no-figures -q", code=LOADED)
    assert done.code == 0, done.err
    loaded = {*done.out.splitlines()[-1].split()}
    assert "hopcli" in loaded
    assert not HEAVY & loaded


def test_what_is_declared_loads_without_what_works(spawn_hopcli: SpawnHopcli) -> None:
    modules = ["hopcli.rules", "hopcli.dynamics", "hopcli.config"]
    done = spawn_hopcli(code=f"import sys, {', '.join(modules)}; print(*sys.modules)")
    assert {*modules} <= {*done.out.split()}, done.err
    assert not LIGHT & {*done.out.split()}


def test_whatever_an_experiment_imports_is_a_room_that_computes() -> None:
    rooms, new = {"experiments"}, {"experiments"}
    while new:
        new = {room for path in FILES if _room(path) in new for room in _rooms_imported(path)}
        new -= rooms
        rooms |= new
    assert {"statistics", "starts", "dynamics"} <= rooms
    assert not {*WITHOUT_NUMBERS} & rooms
    assert {*WITHOUT_NUMBERS} < {path.name for path in PACKAGE.iterdir() if path.is_dir()}


# --- one entry each: a file of code and a line in its registry


NEW_ENTRIES = """
import sys
from dataclasses import dataclass
import numpy as np
import hopcli
from hopcli.cli import main
from hopcli.datasets import SOURCES, Source
from hopcli.datasets.grey import GreyImages
from hopcli.dynamics import DYNAMICS
from hopcli.kinds import integer, number
from hopcli.network import Quadratic
from hopcli.rules import RULES, Parameter, Rule
from hopcli.starts import BASES
from hopcli.starts.bases import Bank
from hopcli.starts.words import Base

def learn(task, *, damping):
    return Quadratic(task.columns @ task.columns.T / task.n_sites / (1 + damping))

damping = Parameter(number(0), 1.0, "By how much the couplings are damped.")
RULES["damped"] = Rule("damped", "damped sum", learn, {"damping": damping})

def stripes(request):
    rows = np.array([[255, 0] * 8, [255, 255, 0, 0] * 4], np.uint8)
    return GreyImages(rows, np.array(["a", "b"]), (4, 4))

SOURCES["stripes"] = Source("stripes", "two patterns of stripes", stripes)

def all_up(dataset, patterns, arguments, target):
    up = np.ones((1, patterns.xi.shape[1]), np.int8)
    return Bank(np.array(patterns.labels[:1]), np.array([-1]), up, np.zeros(1, np.int64))

BASES["up"] = Base("up", "", "all sites up", all_up)
DYNAMICS["sign"] = DYNAMICS["async"].__class__(
    "sign", "as async", {"keep": "SIGN_KEEP"}, ("fixed",), stochastic=False, allows_zero=True
)

import hopcli.config.recall as declared  # which reads the registries
from hopcli.config.base import setting

@dataclass(frozen=True, eq=False, kw_only=True)
class Louder(declared.RecallConfig):
    loudness: int = setting(integer(1, 9), 3, "Network: How loud.")

declared.RecallConfig = Louder
xi = np.array([[1, 1, 1, -1], [1, -1, 1, 1]], np.int8)
for rule, given in (("hebbian", {}), ("damped", {}), ("damped", {"damping": 3.0})):
    print(hopcli.store(xi, rule, **given).energy(xi)[0])
print(hopcli.HopfieldClassifier("damped").fit(xi, [0, 1]).couplings_.dense().max())
print(hopcli.store("stripes", "hebbian").recall("up", dynamics="sign", sweeps=3).overlaps.max())
line = "recall --dataset stripes --rule damped --dynamics sign --start up --tests 1 --repeats 1"
line += " -q --no-figures --out r"
for flags in ("-1", "3 --loudness 10", "3 --order random", "3 --loudness 4"):
    try:
        main(f"{line} --damping {flags}".split())
    except SystemExit as end:
        print(end.code)
"""


def test_a_new_rule_dynamics_source_start_or_option_is_one_entry(spawn_hopcli: SpawnHopcli) -> None:
    """In Python, as settings and as flags; energies show the rule's parameter."""
    done = spawn_hopcli(code=NEW_ENTRIES)
    assert done.code == 0, done.err
    whole, half, quarter, coupling, overlap, *codes = map(float, done.out.split())
    assert (half, quarter, coupling) == (whole / 2, whole / 4, 0.25)
    assert overlap == 0
    assert codes == [2, 2, 2, 0], done.err
    config = read_manifest(Path("r"), "recall")["config"]
    given: dict[str, object] = {"dataset": "stripes", "rule": "damped", "dynamics": "sign"}
    given |= {"damping": 3, "loudness": 4}
    assert {name: config[name] for name in given} == given


NEW_COMMAND = {
    "config": """
from dataclasses import dataclass
from hopcli import kinds
from hopcli.config.base import setting
from hopcli.config.groups import PatternSettings

@dataclass(frozen=True, eq=False, kw_only=True)
class PairsConfig(PatternSettings):
    '''Measure the overlaps between stored patterns.'''

    command = "pairs"
    tests_images = False
    shift: float = setting(kinds.number(0, 1), 0.0, "Pairs: Number to add.")
""",
    "experiments": """
import numpy as np
from hopcli.experiments import Result
from hopcli.experiments.preparation import prepare
from hopcli.tables import Table, columns

TABLES = (Table("pairs", columns("label: text, place: integer, m", key="label place"), "m"),)

class PairsResult(Result):
    pass

def plan(config, stock):
    prepared = prepare(config, stock)

    def work(execution, progress):
        xi, labels = prepared.patterns.xi.astype(float), prepared.patterns.labels
        m = xi @ xi.T / xi.shape[1] + prepared.config.shift
        rows = [(name, k, m[j, k]) for j, name in enumerate(labels) for k in range(len(labels))]
        rows = rows[: 0 if prepared.config.shift == 1 else None]
        return prepared.result([TABLES[0].rows(rows)])

    return prepared.plan(work)
""",
    "main": """
import sys
from hopcli.catalogue import CATALOGUE, SECTIONS, Entry
CATALOGUE["pairs"] = Entry("pairs", "Measure overlaps.")
SECTIONS["Look inside"]["pairs"] = "Measure overlaps."
import hopcli.config
hopcli.config.__path__.append("config")
import hopcli.experiments
hopcli.experiments.__path__.append("experiments")
from hopcli.cli import main
for line in sys.argv[1:]:
    try:
        main(line.split())
    except SystemExit as end:
        print("ended", end.code)
""",
}


def test_a_new_command_is_two_files_and_an_entry(spawn_hopcli: SpawnHopcli) -> None:
    """Its table is drawn as declared, by itself and over a grid."""
    for room in ("config", "experiments"):
        Path(room).mkdir()
        Path(room, "pairs.py").write_text(NEW_COMMAND[room], encoding="utf-8")
    own = "--dataset text:3x3 --out"
    lines = [f"pairs {own} a", "pairs --shift 2", f"pairs --shift 0.5 {own} b", "run a/pairs.json"]
    lines += [
        "plot a --out c",
        f"pairs --shift 1 {own} d",
        "grid run pairs --set dataset=text:3x3 --set shift=0,0.5 --out g",
    ]
    done = spawn_hopcli(*lines, code=NEW_COMMAND["main"])
    assert re.findall("ended ([0-9]+)", done.out) == [*"0200000"], done.err
    assert {path.name for path in Path("a").iterdir()} == {
        f"pairs.{s}" for s in ("csv", "png", "json")
    }
    first, second = (table(f"{folder}/pairs.csv")["m"] for folder in "ab")
    assert first[0] == 1
    assert (second - first).round(9).unique() == [0.5]
    assert Path("c/pairs.png").read_bytes() == Path("a/pairs.png").read_bytes()
    assert len(table("g/grid.csv")) == 2 * len(first)
    assert Path("g/grid.png").is_file()
