"""``hopcli diff``: which settings and which numbers of two runs differ."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import files_below
from test_cli_plot import make

from hopcli.results.folder import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import RunHopcli

A, B = Path("a"), Path("b")
HEBBIAN = ("--rule", "hebbian", "--no-figures")
RECALL = ("--start", "flip:0.3", "--tests", "5", "--repeats", "2", "--temperature", "0")
BARE = (*RECALL, "--no-figures")


def edit(folder: Path, command: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest."""
    path = folder / f"{command}.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def write(folder: Path, command: str, name: str, content: bytes) -> None:
    """Write a file of a run as if it had been made so."""
    (folder / name).write_bytes(content)
    edit(folder, command, lambda m: m["outputs"].update({name: sha256_of(folder / name)}))


def test_a_run_does_not_differ_from_itself(run_hopcli: RunHopcli) -> None:
    """Nor do its pictures, its threads and the time it took matter, nor how it is named."""
    make(run_hopcli, "recall", *BARE, out=A)
    make(run_hopcli, "recall", *RECALL, "--threads", "1", out=B)
    before = files_below(Path())
    tables = "accuracy.csv, repeats.csv, confusion.csv, outcomes.csv, gallery.csv, recall.npz"
    done = run_hopcli("diff", "a", "b")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"A: a/recall.json\nB: b/recall.json\n\nthe same bytes: {tables}\n"
    assert run_hopcli("diff", "a/recall.json", "b") == done
    said = json.loads(run_hopcli("diff", "a", "b", "--format", "json").out)
    assert (said["a"], said["b"], said["same"]) == ("a/recall.json", "b/recall.json", True)
    assert [file["file"] for file in said["files"]] == tables.split(", ")
    assert files_below(Path()) == before


def test_one_setting_is_named_with_both_values(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *BARE, out=A)
    make(run_hopcli, "recall", *BARE, "--sweeps", "1", out=B)
    done = run_hopcli("diff", "a", "b")
    assert (done.code, done.err) == (1, "")
    assert "\n\nsettings  A   B\nsweeps    20  1\n\n" in done.out
    assert "inputs" not in done.out
    assert "versions" not in done.out
    said = json.loads(run_hopcli("diff", "a", "b", "--format", "json").out)
    assert (said["same"], said["inputs"]) == (False, [])
    assert said["settings"] == [{"name": "sweeps", "a": 20, "b": 1}]


def test_a_setting_differs_even_where_no_number_does(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", *HEBBIAN, out=A)
    shutil.copytree(A, B)
    edit(B, "weights", lambda m: m["config"].update(colour="red"))  # as of another version
    done = run_hopcli("diff", "a", "b")
    assert (done.code, done.err) == (1, "")
    assert "\n\nsettings  A       B\ncolour    (none)  red\n\nthe same bytes: " in done.out
    said = json.loads(run_hopcli("diff", "b", "a", "--format", "json").out)
    assert said["settings"] == [{"name": "colour", "a": "red"}]


def test_no_setting_steers_the_terminal_and_a_long_one_is_cut(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", *HEBBIAN, out=A)
    shutil.copytree(A, B)
    edit(B, "weights", lambda m: m["config"].update(rule="\x1b[31m" + "x" * 100))
    done = run_hopcli("diff", "a", "b")
    assert done.code == 1
    assert f"\nrule      hebbian  \\x1b[31m{'x' * 52}...\n" in done.out


def test_inputs_and_versions_are_named_but_versions_are_no_difference(
    run_hopcli: RunHopcli,
) -> None:
    make(run_hopcli, "weights", *HEBBIAN, out=A)
    shutil.copytree(A, B)
    edit(B, "weights", lambda m: m["versions"].update(numpy="1.0", numba="9.9"))
    done = run_hopcli("diff", "a", "b")
    assert done.code == 0
    numpy = json.loads((A / "weights.json").read_text())["versions"]["numpy"]
    rows = [line.split() for line in done.out.splitlines()]
    assert ["versions", "A", "B"] in rows
    assert ["numpy", numpy, "1.0"] in rows
    assert ["numba", "(none)", "9.9"] in rows or "numba" in (A / "weights.json").read_text()
    edit(B, "weights", lambda m: m["inputs"].update(dataset="f" * 64))
    done = run_hopcli("diff", "a", "b")
    assert done.code == 1
    assert f"  {'f' * 57}...\n" in done.out or f"  {'f' * 60}" in done.out


def test_one_number_is_found_with_its_row(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *BARE, out=A)
    shutil.copytree(A, B)
    head, *rows = (A / "accuracy.csv").read_text().splitlines()
    cells = rows[1].split(",")
    place = head.split(",").index("accuracy")
    other = f"{float(cells[place]) / 2 + 0.01:.10g}"
    label, old = cells[0], cells[place]
    cells[place] = other
    rows[1] = ",".join(cells)
    write(B, "recall", "accuracy.csv", "\n".join([head, *rows, ""]).encode())
    done = run_hopcli("diff", "a", "b")
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    at = lines.index("accuracy.csv")
    by = f"{abs(float(old) - float(other)):.6g}"
    start = (
        f"  accuracy: 1 of {len(rows)} differ by up to {by} at label = {label} ({old}, {other}); "
    )
    assert lines[at + 1].startswith(start)
    assert lines[at + 1].endswith("95 % intervals")
    assert lines[at + 2] == ""
    assert lines[at + 3].startswith("the same bytes: repeats.csv, ")
    assert len(lines) == at + 4


def test_rows_and_files_of_one_alone_are_told(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", *HEBBIAN, out=A)
    shutil.copytree(A, B)
    lines = (A / "weights.csv").read_bytes().splitlines(keepends=True)
    write(B, "weights", "weights.csv", b"".join([lines[0], *lines[2:]]))
    (B / "weights.npz").unlink()
    edit(B, "weights", lambda m: m["outputs"].pop("weights.npz"))
    edit(B, "weights", lambda m: m["arrays"].clear())
    done = run_hopcli("diff", "a", "b")
    assert (done.code, done.err) == (1, "")
    rest = done.out.partition("\n\n")[2].splitlines()
    assert rest == [
        "weights.csv",
        f"  1 of {len(lines) - 1} rows only in A",
        "",
        "weights.npz",
        "  only in A",
        "",
        "the same bytes: spectrum.csv",
    ]


def test_other_bytes_of_the_same_values_are_a_difference(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", *HEBBIAN, out=A)
    shutil.copytree(A, B)
    content = (A / "spectrum.csv").read_bytes()
    write(B, "weights", "spectrum.csv", content.replace(b"\n", b"\r\n"))
    done = run_hopcli("diff", "a", "b")
    assert done.code == 1
    assert "spectrum.csv\n  other bytes, the same values\n" in done.out


def test_trials_that_one_alone_has_kept_are_no_difference(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *BARE, out=A)
    make(run_hopcli, "recall", *BARE, "--keep", "trials", out=B)
    done = run_hopcli("diff", "a", "b")
    assert (done.code, done.err) == (0, "")
    assert "\n\ntrials.csv\n  kept in B alone\n\n" in done.out
    (B / "trials.csv").unlink()
    assert "\n\ntrials.csv\n  left out\n\n" in run_hopcli("diff", "a", "b").out
    assert run_hopcli("diff", "b", "b").code == 0


def test_two_grids_are_compared(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", *HEBBIAN)
    for name, rules in (("a", "hebbian,storkey"), ("b", "hebbian,pseudo-inverse")):
        given = ["--set", "dataset=text:five.txt", "--set", f"rule={rules}", "--no-figures"]
        flags = ["--command", "weights", *given, "--out", name, "-q"]
        assert run_hopcli("grid", "run", *flags).code == 0
    done = run_hopcli("diff", "a", "b")
    assert (done.code, done.err) == (1, "")
    row = ["grid.rule", "hebbian,storkey", "hebbian,pseudo-inverse"]
    assert row in [line.split() for line in done.out.splitlines()]
    assert "grid.csv\n  5 of 10 rows only in A\n  5 of 10 rows only in B\n" in done.out
    shutil.copytree("a", "c")
    edit(Path("c"), "grid", lambda m: m["config"].update(plot={"map": True}))
    assert run_hopcli("diff", "a", "c").code == 0  # however it is drawn
    assert run_hopcli("diff", "a", "out").refused().startswith("out: must hold a run of grid too")


def test_of_several_runs_one_has_to_be_named(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", *HEBBIAN, out=A)
    make(run_hopcli, "select", "--samples", "1", "--no-figures", out=A)
    shutil.copytree(A, B)
    message = run_hopcli("diff", "a", "b").refused()
    assert message == "a: must be told by --command which run, has runs of select, weights"
    done = run_hopcli("diff", "a", "b", "--command", "weights")
    assert done.code == 0
    assert done.out.startswith("A: a/weights.json\nB: b/weights.json\n")
    (B / "select.json").unlink()
    assert run_hopcli("diff", "a", "b") == done  # there is but one that both have
    message = run_hopcli("diff", "a", "b", "--command", "select").refused()
    assert message == "b: must hold a run of select, has one of weights"
    assert run_hopcli("diff", "a/weights.json", "b").code == 0


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a", "nowhere"), "nowhere: must hold a finished run, has no manifest of one"),
        (("nowhere", "a"), "nowhere: must hold a finished run, has no manifest of one"),
        (("a", "five.txt"), "five.txt: must be a folder, or a manifest such as recall.json"),
        (("a", "a/weights.csv"), "a/weights.csv: must be a folder, or a manifest such as"),
        (("a", "damaged"), "damaged/weights.csv: must have SHA-256 "),
        (("damaged", "a"), "damaged/weights.csv: must have SHA-256 "),
        (("a", "broken"), "broken/weights.json: cannot be read"),
        (("a", "older"), "older/weights.json: "),
        (("a", "odd"), "odd/weights.json: "),
        (("a", "named"), "a/weights.csv and named/weights.csv: "),
        (("a", "out"), "out: must hold a run of weights too, has one of select"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_line(
    run_hopcli: RunHopcli, names: tuple[str, str], words: str
) -> None:
    make(run_hopcli, "weights", *HEBBIAN, out=A)
    make(run_hopcli, "select", "--samples", "1", "--no-figures")
    for name in ("damaged", "broken", "older", "odd", "named"):
        shutil.copytree("a", name)
    Path("damaged/weights.csv").write_text("label\n")
    Path("broken/weights.json").write_text("{")
    edit(Path("older"), "weights", lambda m: m.update(tables=None))
    edit(Path("odd"), "weights", lambda m: m["tables"].update(weights=["a: colour"]))
    edit(Path("named"), "weights", lambda m: m["tables"].update(weights=["b: text"]))
    for name in ("odd", "named"):
        write(Path(name), "weights", "weights.csv", b"a\nred\n")
    before = files_below(Path())
    assert run_hopcli("diff", *names).refused().startswith(words)
    assert files_below(Path()) == before
