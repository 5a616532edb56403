"""``hopcli diff``: settings and numbers in which two runs differ."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import call, files_below
from shell import CONTROL, Shell, change, read_json

from hopcli.results.comparing import NONE, spelt_sides
from hopcli.results.manifest import sha256_of

WEIGHTS = "weights --rule hebbian --no-figures"
SELECT = "select --samples 1 --no-figures"
RECALL = "recall --start flip:0.3 --tests 5 --repeats 2 --temperature 0"
BARE = f"{RECALL} --no-figures"
GRID = "grid run --command weights --no-figures --set rule=hebbian"


def rewrite(path: str, content: bytes) -> None:
    """Write a file of a run as if the run had made it."""
    file = Path(path)
    file.write_bytes(content)
    (manifest,) = file.parent.glob("*.json")
    change(manifest, lambda m: m["outputs"].update({file.name: sha256_of(file)}))


def both(shell: Shell, line: str) -> None:
    """Make a run in two folders."""
    for folder in "ab":
        shell.make(line, folder)


def diff(shell: Shell, runs: str = "a b") -> tuple[dict[str, Any], str]:
    """Compare two runs; return what JSON says of them, and the lines."""
    before = files_below(Path())
    said = json.loads(call("diff", *runs.split(), "--format", "json").out)
    done = shell.run("diff", *runs.split(), code=0 if said["same"] else 1)
    assert done.err == ""
    assert not CONTROL.search(done.out)
    assert files_below(Path()) == before
    return said, done.out


def differing(said: dict[str, Any]) -> dict[str, Any]:
    """The files that differ, with what one side lacks or whose values differ."""
    return {file["file"]: file for file in said["files"] if not file["same"] or file["lacks"]}


def test_pictures_threads_and_how_a_run_is_named_make_no_difference(shell: Shell) -> None:
    shell.make(BARE, "a")
    shell.make(f"{RECALL} --threads 1", "b")
    said, out = diff(shell)
    files = ["accuracy.csv", "repeats.csv", "confusion.csv", "outcomes.csv", "gallery.csv"]
    assert [file["file"] for file in said["files"]] == [*files, "recall.npz"]
    assert (said["a"], said["b"], differing(said)) == ("a/recall.json", "b/recall.json", {})
    assert out.splitlines()[:2] == ["A: a/recall.json", "B: b/recall.json"]
    assert out.endswith(f": {', '.join([*files, 'recall.npz'])}\n")
    assert diff(shell, "a/recall.json b")[1] == out


def test_settings_are_named_with_both_values(shell: Shell) -> None:
    shell.make(BARE, "a")
    shell.make(f"{BARE} --sweeps 1", "b")
    said, out = diff(shell)
    assert said["settings"] == [{"name": "sweeps", "a": 20, "b": 1}]
    assert (said["inputs"], said["versions"]) == ([], [])
    assert ["sweeps", "20", "1"] in [line.split() for line in out.splitlines()]
    # Settings of another version differ even if no number does; none steers the terminal.
    change("b/recall.json", lambda m: m["config"].update(colour="\x1b[31m" + "x" * 100))
    row = ["colour", "(none)", f"\\x1b[31m{'x' * 52}..."]
    assert row in [line.split() for line in diff(shell)[1].splitlines()]


def test_inputs_are_a_difference_and_versions_are_none(shell: Shell) -> None:
    both(shell, WEIGHTS)
    change("b/weights.json", lambda m: m["versions"].update(numpy="1.0"))
    said, _ = diff(shell)
    numpy = read_json("a/weights.json")["versions"]["numpy"]
    assert said["versions"] == [{"name": "numpy", "a": numpy, "b": "1.0"}]
    assert said["same"]
    change("b/weights.json", lambda m: m["inputs"].update(dataset="f" * 64))
    said, _ = diff(shell)
    assert not said["same"]
    assert [(row["name"], row["b"]) for row in said["inputs"]] == [("dataset", "f" * 64)]


def test_one_number_is_found_with_its_row(shell: Shell) -> None:
    both(shell, BARE)
    head, *rows = Path("a/accuracy.csv").read_text().splitlines()
    cells = rows[1].split(",")
    place = head.split(",").index("accuracy")
    label, old = cells[0], cells[place]
    cells[place] = f"{float(old) / 2 + 0.01:.10g}"
    rows[1] = ",".join(cells)
    rewrite("b/accuracy.csv", "\n".join([head, *rows, ""]).encode())
    said, out = diff(shell)
    assert list(differing(said)) == ["accuracy.csv"]
    (values,) = differing(said)["accuracy.csv"]["values"]
    assert (values["name"], values["n_differ"], values["n"]) == ("accuracy", 1, len(rows))
    assert values["largest"] == pytest.approx(abs(float(old) - float(cells[place])))
    (line,) = [line for line in out.splitlines() if line.startswith("  accuracy: ")]
    assert f" {label} ({old}, {cells[place]})" in line


def test_rows_and_files_of_one_alone_are_named(shell: Shell) -> None:
    both(shell, WEIGHTS)
    first, _, *rest = Path("a/weights.csv").read_bytes().splitlines(keepends=True)
    rewrite("b/weights.csv", b"".join([first, *rest]))
    Path("b/weights.npz").unlink()
    change("b/weights.json", lambda m: (m["outputs"].pop("weights.npz"), m["arrays"].clear()))
    said, out = diff(shell)
    same = {name: file["same"] for name, file in differing(said).items()}
    assert same == {"weights.csv": False, "weights.npz": False}
    lacks = [line for line in out.splitlines() if line.startswith("  ")]
    assert [re.findall(r"\b(\d|[AB])\b", line) for line in lacks] == [["1", "5", "A"], ["A"]]
    assert out.endswith(": spectrum.csv\n")
    # Other bytes of the same values are a difference too.
    both(shell, WEIGHTS)
    head, rows = Path("a/spectrum.csv").read_bytes().split(b"\n", 1)
    rewrite("b/spectrum.csv", head + b"\n" + rows.replace(b",", b",+"))
    file = differing(diff(shell)[0])["spectrum.csv"]
    assert (file["same"], file["lacks"], file["values"]) == (False, [], [])


def test_trials_that_one_alone_has_kept_are_no_difference(shell: Shell) -> None:
    shell.make(BARE, "a")
    shell.make(f"{BARE} --keep trials", "b")
    for _ in range(2):
        said, _ = diff(shell)
        assert (said["same"], list(differing(said))) == (True, ["trials.csv"])
        Path("b/trials.csv").unlink(missing_ok=True)
    assert diff(shell, "b b")[0]["same"]


def test_two_grids_are_compared(shell: Shell) -> None:
    shell.make(f"{GRID},storkey", "a")
    shell.make(f"{GRID},pseudo-inverse", "b")
    out = diff(shell)[1]
    row = ["grid.rule", "hebbian,storkey", "hebbian,pseudo-inverse"]
    assert row in [line.split() for line in out.splitlines()]
    lacks = [line for line in out.splitlines() if "of 10 rows" in line]
    assert [line.split()[0] for line in lacks] == ["5", "5"]
    shell.make(WEIGHTS)
    shell.refuse("diff a out", names="out: grid")


def test_runs_that_cannot_be_compared_are_refused(shell: Shell) -> None:
    for name in ("a", "damaged", "odd"):
        shell.make(WEIGHTS, name)
    shell.make(SELECT)
    Path("damaged/weights.csv").write_text("label\n")
    change("odd/weights.json", lambda m: m["tables"].update(weights=["a: colour"]))
    rewrite("odd/weights.csv", b"a\nred\n")
    for runs, names in {
        "nowhere a": "nowhere:",
        "a a/weights.csv": "a/weights.csv:",
        "a damaged": "damaged/weights.csv: SHA-256",
        "a odd": "odd/weights.json:",
        "a out": "out: weights select",
    }.items():
        shell.refuse(f"diff {runs}", names=names)


def test_sides_that_read_the_same_are_spelt_as_json() -> None:
    sides = {"name": "digits", "a": ["3", "6"], "b": "3,6"}
    assert spelt_sides(sides, "recall") == {"A": '["3", "6"]', "B": '"3,6"'}
    assert spelt_sides({"name": "size", "b": [28, 28]}, "recall") == {"A": NONE, "B": "28x28"}
