"""Plant bugs, one at a time, and see which test notices: ``make mutants``.

tests/mutants.toml lists the bugs. Each replaces one expression or statement of one function in
a copy of the checkout, found in its syntax tree. The tests that should notice run first, the
whole suite only if they do not. A table says which test did; more
than MAY_SURVIVE survivors are a failure.

    python tests/mutants.py [WORD...]    only the bugs whose file or effect has such a word
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
MAY_SURVIVE = 2
AT_ONCE = 2
MOST_SECONDS = 1200.0  # a bug may make a run endless, which is noticed too
LEFT_OUT = (".git", ".venv*", "build", "dist", ".*_cache", ".hypothesis")
OF_MUTANTS = "tests/test_mutants.py"  # would notice every bug, by its text


class Mutant(NamedTuple):
    """A bug.

    Attributes
    ----------
    breaks : str
        The effect of the bug.
    file : str
        The file below ``hopcli/``.
    function : str
        Dotted name of the function or class in it, empty for the module itself.
    old, new : str
        The expression or statement that is replaced, which must occur once, and its successor.
    tests : str
        The files that should notice: ``"study cli_run"`` for tests/test_study.py and so on.
    """

    breaks: str
    file: str
    function: str
    old: str
    new: str
    tests: str

    @property
    def name(self) -> str:
        """The bug in one line."""
        return f"{self.file}: {self.breaks}"

    @property
    def first(self) -> list[str]:
        """The test files that should notice."""
        return [f"tests/test_{word}.py" for word in self.tests.split()]

    def applied(self, checkout: Path = CHECKOUT) -> str:
        """Return the code of the file with the bug in it.

        Raises
        ------
        ValueError
            If there is no such function, or it does not contain the old code once.
        """
        tree = ast.parse((checkout / "hopcli" / self.file).read_text(encoding="utf-8"))
        scopes: list[ast.AST] = [tree]
        for part in filter(None, self.function.split(".")):
            inside = (node for scope in scopes for node in ast.walk(scope))
            scopes = [node for node in inside if getattr(node, "name", "") == part][:1]
        nodes = (node for scope in scopes for node in ast.walk(scope))
        statement = ast.parse(self.old).body[0]
        kinds = (type(statement), type(getattr(statement, "value", statement)))
        found = [n for n in nodes if isinstance(n, kinds) and ast.unparse(n) == self.old]
        if len(found) != 1:
            raise ValueError(f"{self.name}: {len(found)} places instead of 1")
        return ast.unparse(ast.fix_missing_locations(_Planting(found[0], self.new).visit(tree)))


class _Planting(ast.NodeTransformer):
    """Replacement of one node by other code."""

    def __init__(self, old: ast.AST, new: str) -> None:
        self.old = old
        self.new: list[Any] = [*ast.parse(new).body]

    def visit(self, node: ast.AST) -> Any:
        if node is not self.old:
            return self.generic_visit(node)
        is_value = isinstance(node, ast.expr) and isinstance(self.new[0], ast.Expr)
        return self.new[0].value if is_value else self.new


def read_mutants() -> tuple[Mutant, ...]:
    """Read the list of bugs."""
    text = (Path(__file__).parent / "mutants.toml").read_text(encoding="utf-8")
    return tuple(Mutant(**bug) for bug in tomllib.loads(text)["bugs"])


MUTANTS = read_mutants()


def copy_to(folder: Path) -> Path:
    """Copy the checkout, file times and all, so that compiled loops stay valid."""
    copy = folder / "checkout"
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return copy


def python_for(copy: Path) -> Path:
    """An environment like this one, but with the package of the copy."""
    place = copy.parent / "environment"
    venv.create(place, symlinks=True)
    base = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", base))
    # Lists of other environments are not read there: an editable install stays away.
    lines = f"{copy}\n{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n"
    (packages / "copy.pth").write_text(lines, encoding="utf-8")
    python = Path(sysconfig.get_path("scripts", "venv", base)) / "python"
    command = python.with_name("hopcli")
    command.write_text(f"#!/bin/sh\nexec '{python}' -m hopcli \"$@\"\n", encoding="utf-8")
    command.chmod(0o755)
    return python


def first_failure(python: Path, copy: Path, tests: list[str]) -> str:
    """Run tests until one fails, and name it; empty if none does."""
    flags = ["-x", "--no-header", "--color=no", "-p", "no:cacheprovider", f"--ignore={OF_MUTANTS}"]
    try:
        quiet: Any = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        command: list[Any] = [python, "-m", "pytest", *flags, *tests]
        done = subprocess.run(command, cwd=copy, check=False, timeout=MOST_SECONDS, **quiet)
    except subprocess.TimeoutExpired:
        return f"not done after {MOST_SECONDS:.0f} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if not lines:
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return lines[0].split(" ", 1)[1].split(" - ")[0]


def try_out(mutant: Mutant) -> tuple[str, float]:
    """Plant a bug in a fresh copy, run the tests, and return the first failure and the time."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_to(Path(folder))
        python = python_for(copy)
        (copy / "hopcli" / mutant.file).write_text(mutant.applied(copy), encoding="utf-8")
        killer = first_failure(python, copy, mutant.first) or first_failure(python, copy, [])
    return killer, time.monotonic() - began


def main(words: list[str]) -> None:
    """Try the bugs, print the table."""
    chosen = [m for m in MUTANTS if not words or any(word in m.name for word in words)]
    for mutant in chosen:
        mutant.applied()  # all must apply, before the first is tried
    with tempfile.TemporaryDirectory() as folder:  # where a test fails anyway, it tells nothing
        copy = copy_to(Path(folder))
        failure = first_failure(python_for(copy), copy, [f"--numprocesses={AT_ONCE}"])
    if failure:
        raise SystemExit(f"without a bug there fails {failure}")
    survivors = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for mutant, (killer, seconds) in zip(chosen, pool.map(try_out, chosen), strict=True):
            survivors += not killer
            print(f"{mutant.name}\n    {killer or 'SURVIVED'} ({seconds:.0f} s)", flush=True)  # noqa: T201
    print(f"{len(chosen)} bugs, {survivors} survived")  # noqa: T201
    sys.exit(survivors > MAY_SURVIVE)


if __name__ == "__main__":
    main(sys.argv[1:])
