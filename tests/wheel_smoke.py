"""Try a hopcli that was installed from its wheel, away from the checkout.

``make wheel`` runs this with the Python of the environment that holds the wheel; nothing
but what the wheel asks for is needed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COMMITTED = Path(__file__).resolve().parent.parent / "results" / "paper"
TOO_LONG = "trials.csv"  # one row a trial: not kept with the results

COMMANDS = (
    "--version",
    "data verify",
    "notebooks -q",
    "select -q",
    "run paper -q",
    "run results/paper/recall.json -q",
    "plot results/paper --figure-format svg -q",
    "grid run paper --set tests=5 --set temperature=0.1:0.3:0.1 --out results/grid -q",
    "grid plot results/grid --figure-format svg -q",
    "diff results/paper results/paper",
    "check results -q",
    "report results --out results/report.html -q",
    "reproduce --only six-sites,stability,selection -q",
    "recall --dataset drawings --start flip:0.1 --dynamics async --no-figures -q",
    "live --lesson --out results/live.html -q",
)

IN_PYTHON = """
import hopcli
from sklearn.datasets import load_digits
run = hopcli.run("paper")
run.save("from-python")
assert hopcli.read("from-python")["accuracy"].between(0, 1).all()
memory = hopcli.store(hopcli.select("mnist").take("36104"))
assert memory.recall("flip:0.1", seed=1).recalled.all()
assert "srcdoc" in hopcli.live(memory)._repr_html_()
X, y = load_digits(return_X_y=True)
assert hopcli.HopfieldClassifier(threshold=7, random_state=1).fit(X, y).score(X, y) > 0.5
"""


def main() -> None:
    """Run the commands in an empty folder, and compare the tables of ``paper``."""
    found = importlib.util.find_spec("hopcli")
    assert found is not None, "hopcli is not installed"
    assert found.origin is not None
    assert Path(found.origin).is_relative_to(sys.prefix), f"not the installed one: {found.origin}"
    loops = Path(found.origin).parent.rglob("*.run_chains-*.nbc")
    assert len(list(loops)) == 3, "the loops were not compiled"
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            run(command, Path(folder))
        results = Path(folder) / "results"
        pictures = ("paper/gallery.svg", "grid/grid.svg", "report.html", "live.html")
        verdicts = "reproduce-some/claims.csv"
        made = ("select/patterns.npz", "paper/recall.json", verdicts, *pictures)
        for file in made:
            assert (results / file).is_file(), f"not written: {file}"
        compare(results / "paper")
        print("from Python", flush=True)  # noqa: T201
        call([sys.executable, "-W", "error", "-c", IN_PYTHON], Path(folder))
        compare(Path(folder) / "from-python")
        manifest = json.loads((results / "paper/recall.json").read_text(encoding="utf-8"))
        if (COMMITTED.parent.parent / ".git").exists():
            assert manifest["source_commit"], "the wheel does not say which commit it is from"


def run(command: str, folder: Path) -> None:
    """Run the installed command."""
    print(f"hopcli {command}", flush=True)  # noqa: T201
    call([str(Path(sys.prefix) / "bin" / "hopcli"), *command.split()], folder)


def call(words: list[str], folder: Path) -> None:
    """Run a program in a folder, without what would lead Python elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    subprocess.run(words, cwd=folder, env=kept, check=True)


def compare(folder: Path) -> None:
    """Compare tables with the committed ones, byte for byte."""
    names = sorted(path.name for path in COMMITTED.glob("*.csv") if path.name != TOO_LONG)
    assert len(names) >= 4, f"only {names} in {COMMITTED}"
    for name in names:
        same = (folder / name).read_bytes() == (COMMITTED / name).read_bytes()
        assert same, f"{name}: not what is committed in {COMMITTED}"
    print(f"as committed: {' '.join(names)}")  # noqa: T201


if __name__ == "__main__":
    main()
