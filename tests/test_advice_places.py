"""Advice about folders, files and interrupted work: followed as it is printed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from advice import commands_in, draw, options_in, two_bars
from PIL import Image
from test_cli_reproduce import CLAIMS

from hopcli.experiments.recall_tables import accuracy_table
from hopcli.grids import cells
from hopcli.results.parts import KeptParts

if TYPE_CHECKING:
    from conftest import Finished, RunHopcli
    from numpy.typing import NDArray

    from hopcli.experiments.tally import Counts

BARS = ["recall", "--dataset", "text:p.txt", "--start", "flip:0.1", "--tests", "2"]
BARS += ["--repeats", "1"]
QUIET = [*BARS, "--no-figures"]
MINE = 'command = "recall"\ndataset = "text:p.txt"\nstart = "flip:0.1"\ntests = 2\nrepeats = 1\n'


def _fails(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def _interrupts(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


# --- pictures --------------------------------------------------------------------------------


def test_pictures_of_two_runs_go_where_the_refusal_says(run_hopcli: RunHopcli) -> None:
    two_bars()
    for name, seed in (("a", "1"), ("b", "2")):
        assert run_hopcli(*QUIET, "--seed", seed, "--out", name).code == 0
    assert run_hopcli("plot", "a", "--out", "d").code == 0
    message = run_hopcli("plot", "b", "--out", "d").refused()
    ways = options_in(message, "plot", "other")
    assert [way[0] for way in ways] == ["--out", "--overwrite"]
    shutil.copytree("d", "kept")
    assert run_hopcli("plot", "b", "--out", "d", *ways[1]).code == 0
    assert run_hopcli("plot", "b", *ways[0]).code == 0
    assert run_hopcli("plot", "a", "b", "--out", "together").code == 0  # with one command
    Path("kept/accuracy.png").unlink()  # a caption is left
    for way in options_in(run_hopcli("plot", "b", "--out", "kept").refused(), "plot", "third"):
        assert run_hopcli("plot", "b", "--out", "kept", *way).code in (0, 2)


def test_pictures_do_not_go_into_the_folder_of_another_run(run_hopcli: RunHopcli) -> None:
    two_bars()
    for name, seed in (("a", "1"), ("b", "2")):
        assert run_hopcli(*BARS, "--seed", seed, "--out", name).code == 0
    ((name, folder),) = options_in(run_hopcli("plot", "a", "--out", "b").refused(), "plot", "c")
    assert run_hopcli("plot", "a", name, folder).code == 0
    assert Path("c/accuracy.png").exists()


def test_pictures_that_failed_are_drawn_by_the_command_named(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_bars()
    with monkeypatch.context() as full:
        full.setattr("hopcli.plots.draw", _fails)
        failed = run_hopcli(*BARS, "--out", "a run")
    assert failed.code == 3
    (words,) = re.findall(r"`hopcli plot '(.*)'`", failed.err)
    assert not Path(words, "accuracy.png").exists()
    assert run_hopcli("plot", words).code == 0
    assert Path(words, "accuracy.png").exists()


def test_overwrite_of_pictures_has_a_folder(run_hopcli: RunHopcli) -> None:
    two_bars()
    assert run_hopcli(*QUIET, "--out", "r").code == 0
    message = run_hopcli("plot", "r", "--overwrite").refused()
    (name,) = re.findall(r"without (--\w+)", message)
    assert run_hopcli("plot", "r", "--overwrite", name, "o").code == 0


# --- interrupted, locked, damaged ------------------------------------------------------------


def _goes_on(run: RunHopcli, *command: str, interrupted: Finished) -> None:
    """Check that an interrupted run names the same command, and that it ends well."""
    assert interrupted.code == 130
    assert "same command" in interrupted.err.rstrip().rpartition("\n")[2]
    assert run(*command).code == 0


def test_an_interrupted_run_goes_on_with_the_same_command(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = "capacity --rule hebbian --sizes 20 --loads 0.1,0.2 --draws 2 --no-figures"
    command = [*small.split(), "--tests", "2", "--threads", "1"]
    assert run_hopcli(*command, "--out", "whole").code == 0
    original = KeptParts.__setitem__

    def second(parts: KeptParts, number: int, part: NDArray[np.float64]) -> None:
        original(parts, number, part)
        if len(parts) == 2:
            _interrupts()

    with monkeypatch.context() as stop:
        stop.setattr(KeptParts, "__setitem__", second)
        interrupted = run_hopcli(*command, "--out", "r")
    _goes_on(run_hopcli, *command, "--out", "r", interrupted=interrupted)
    assert Path("r/capacity.csv").read_bytes() == Path("whole/capacity.csv").read_bytes()


def test_an_interrupted_grid_goes_on_with_the_same_command(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_bars()
    grid = f"{MINE}[grid]\ntemperature = [0.1, 0.2, 0.3]\n"
    Path("grid.toml").write_text(grid, encoding="utf-8")
    command = ["grid", "run", "grid.toml", "--no-figures", "--threads", "1"]
    assert run_hopcli(*command, "--out", "whole").code == 0
    original, made = cells.make, []

    def second(*given: Any, **more: Any) -> Any:
        made.append(1)
        if len(made) == 2:
            _interrupts()
        return original(*given, **more)

    with monkeypatch.context() as stop:
        stop.setattr("hopcli.grids.engine.make", second)
        interrupted = run_hopcli(*command, "--out", "g")
    _goes_on(run_hopcli, *command, "--out", "g", interrupted=interrupted)
    for name in ("g", "whole"):
        assert run_hopcli("grid", "table", name, "--out", f"{name}.csv").code == 0
    assert Path("g.csv").read_bytes() == Path("whole.csv").read_bytes()


def test_where_another_process_writes_another_folder_is_taken(run_hopcli: RunHopcli) -> None:
    two_bars()
    Path("r").mkdir()
    lock = os.open("r/.hopcli-recall.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert "another folder" in run_hopcli(*QUIET, "--out", "r").refused()
    assert run_hopcli(*QUIET, "--out", "other").code == 0
    os.close(lock)  # the other has ended
    assert run_hopcli(*QUIET, "--out", "r").code == 0


def test_a_run_too_large_for_memory_fits_with_fewer_trials(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_bars()

    def small_machine(counts: Counts, *given: Any, **more: Any) -> Any:
        if counts.trials.sum() > 8:
            raise MemoryError
        return accuracy_table(counts, *given, **more)

    monkeypatch.setattr("hopcli.experiments.recall.accuracy_table", small_machine)
    assert "trials" in run_hopcli(*QUIET, "--repeats", "5", "--out", "r").refused()
    assert run_hopcli(*QUIET, "--repeats", "2", "--out", "r").code == 0


# --- names -----------------------------------------------------------------------------------


def test_configurations_of_one_folder_are_given_names_of_their_own(run_hopcli: RunHopcli) -> None:
    two_bars()
    for folder in ("x", "y"):
        Path(folder).mkdir()
        Path(folder, "mine.toml").write_text(MINE, encoding="utf-8")
    clash = run_hopcli("run", "x/mine.toml", "y/mine.toml").refused()
    assert "results/mine" in clash
    Path("y/mine.toml").rename("y/other.toml")
    assert run_hopcli("run", "x/mine.toml", "y/other.toml").code == 0
    refused = run_hopcli("run", "x/mine.toml", "y/other.toml", "--out", "r").refused()
    assert "--out" in refused
    assert run_hopcli("run", "x/mine.toml", "--out", "r").code == 0


def test_a_claim_with_a_typo_and_the_options_of_claims(run_hopcli: RunHopcli) -> None:
    two_bars()
    Path("few.toml").write_text(MINE, encoding="utf-8")
    text = CLAIMS.partition("[runs.cold]")[0] + '[[claims]]\nid = "one"\n'
    text += 'text = "All."\nplace = "1"\npublished = 100\npercent = true\nunit = "%"\n'
    text += 'test = "above"\nbound = 50\npicture = "few"\n[[claims.conditions]]\n'
    text += 'label = "as the text says"\nrole = "text"\n'
    text += 'value = "few / accuracy[label=a] / accuracy"\nerror = "images"\n'
    Path("claims.toml").write_text(text, encoding="utf-8")
    asked = ["reproduce", "--against", "claims.toml", "--out", "o", "--only"]
    message = run_hopcli(*asked, "oen").refused()
    (near,) = re.findall(r"did you mean '?(\w+)|nearest is '?(\w+)", message) or [("", "")]
    listed = re.findall(r"claims\.toml \(([^)]*)\)", message)[0].split(", ")
    assert listed == ["one"]
    assert run_hopcli(*asked, "".join(near) or listed[0]).code == 0


def test_labels_that_tables_use_are_left_out(run_hopcli: RunHopcli) -> None:
    draw("p.txt", {"overall": ["##..", "##.."], "a": ["####", "...."], "b": ["#.#.", "#.#."]})
    message = run_hopcli(*QUIET).refused()
    assert "--digits" in message
    assert run_hopcli(*QUIET, "--digits", "a,b").code == 0
    Path("p.txt").write_text(Path("p.txt").read_text(encoding="utf-8").replace("overall", "c"))
    assert run_hopcli(*QUIET, "--out", "renamed").code == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", "1,0,1,0\n0,1,1,0\n1,1,0,0\n1,0,0,0\n"),
        ("line.csv", "1,0,0,0,1,1,0,1\n"),
        ("bits.txt", "110000110\n101010101\n"),
    ],
)
def test_a_size_where_lines_may_be_pictures(run_hopcli: RunHopcli, name: str, content: str) -> None:
    Path(name).write_text(content, encoding="utf-8")
    source = f"{'csv' if name.endswith('csv') else 'text'}:{name}"
    asked = ["weights", "--rule", "hebbian", "--dataset", source, "--no-figures"]
    before = run_hopcli(*asked, "--out", "before")
    (way,) = options_in(before.err, "weights")
    way = [text.replace("WIDTHxHEIGHT", "2x2") or "2x2" for text in way]
    after = run_hopcli(*asked, *way, "--out", "after")
    assert (after.code, after.err) == (0, "")
    sizes = [
        np.load(f"{folder}/weights.npz")["patterns.xi"].shape for folder in ("before", "after")
    ]
    assert sizes[0] != sizes[1]


def test_selections_enough_for_an_interval(run_hopcli: RunHopcli) -> None:
    small = ["--digits", "0,1,2,3", "--dataset", "digits", "--samples", "5", "--no-figures"]
    asked = ["consistency", *small, "--tests", "2", "--sweeps", "2"]
    before = run_hopcli(*asked, "--selections", "5", "--out", "before")
    ways = [way for way in options_in(before.err, "consistency") if way[0] == "--selections"]
    assert ways == [["--selections", "30"]]
    assert run_hopcli(*asked, *ways[0], "--out", "after").err == ""


def test_an_array_of_many_goes_in_as_npy(run_hopcli: RunHopcli) -> None:
    images = (np.arange(32).reshape(2, 4, 4) * 7 % 3 > 0).astype(np.uint8)
    np.savez("two.npz", first=images, second=images)
    asked = ["weights", "--rule", "hebbian", "--no-figures", "--dataset"]
    (source,) = re.findall(r"(npy:)FILE", run_hopcli(*asked, "npz:two.npz").refused())
    np.save("one.npy", np.load("two.npz")["first"])
    assert run_hopcli(*asked, f"{source}one.npy").code == 0
    np.savez("named.npz", x_train=images, y_train=["a", "b"])
    assert run_hopcli(*asked, "npz:named.npz", "--out", "named").code == 0


def test_text_in_another_encoding_is_read_when_saved_as_utf_8(run_hopcli: RunHopcli) -> None:
    content = "é:\n##\n..\n\nb:\n#.\n#.\n"
    Path("p.txt").write_text(content, encoding="latin-1")
    asked = ["weights", "--rule", "hebbian", "--no-figures", "--dataset", "text:p.txt"]
    assert "UTF-8" in run_hopcli(*asked).refused()
    Path("p.txt").write_text(content, encoding="utf-8")
    assert run_hopcli(*asked).code == 0


def test_notebooks_lie_where_jupyter_is_told_to_look(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("notebooks", "my notes")
    (folder,) = re.findall(r"jupyter lab '(.*)' ", done.out)
    assert len(list(Path(folder).glob("*.ipynb"))) == 3


def test_images_are_shown_by_the_command_named(run_hopcli: RunHopcli) -> None:
    two_bars()
    for command in commands_in(run_hopcli("data", "text:p.txt").out):
        assert run_hopcli(*command).code == 0


@pytest.mark.parametrize("name", ["r", "r/accuracy.csv", "g/.hopcli-grid.lock", "g/grid.sqlite"])
def test_what_is_in_the_way_is_removed(run_hopcli: RunHopcli, name: str) -> None:
    two_bars()
    Path("grid.toml").write_text(f"{MINE}[grid]\ntemperature = [0.1, 0.2]\n", encoding="utf-8")
    of_grid = ["grid", "run", "grid.toml", "--no-figures", "--out", "g"]
    command = of_grid if name.startswith("g/") else [*QUIET, "--out", "r"]
    place = Path(name)
    place.parent.mkdir(exist_ok=True)
    if name == "r":
        place.symlink_to("nowhere")
    else:
        place.mkdir()
    refused = run_hopcli(*command).refused()
    assert name in refused
    place.unlink() if name == "r" else place.rmdir()
    assert run_hopcli(*command).code == 0


def test_a_start_and_a_pattern_of_one_name_are_told_apart(run_hopcli: RunHopcli) -> None:
    draw("p.txt", {"majority": ["##", ".."], "b": ["#.", "#."], "c": ["##", "##"]})
    asked = [*QUIET[:3], "--start", "majority", "--tests", "2", "--repeats", "1", "--no-figures"]
    asked += ["--rule", "hebbian"]
    assert "majority" in run_hopcli(*asked).refused()
    Path("p.txt").write_text(Path("p.txt").read_text("utf-8").replace("majority", "a"), "utf-8")
    assert run_hopcli(*asked).code == 0


def test_a_relaxation_whose_start_has_undecided_sites(run_hopcli: RunHopcli) -> None:
    two_bars()
    asked = ["relax", *QUIET[1:3], "--sweeps", "4", "--tests", "2", "--repeats", "1"]
    message = run_hopcli(*asked, "--no-figures", "--start", "blend:a:b").refused()
    (more,) = re.findall(r"add (:\w+)", message)
    assert run_hopcli(*asked, "--no-figures", "--start", f"blend:a:b{more}").code == 0


def test_a_picture_too_large_is_read_with_a_size(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hopcli.datasets.pictures.MAX_PIXELS", 100)
    Path("p").mkdir()
    for name, turned in (("a", 0), ("b", 1)):
        half = np.where(np.arange(20) < 10, 0, 255)[None].repeat(20, axis=0)
        Image.fromarray(np.rot90(half, turned).astype(np.uint8)).save(f"p/{name}.png")
    asked = ["weights", "--dataset", "images:p", "--no-figures"]
    assert "size" in run_hopcli(*asked).refused()
    assert run_hopcli(*asked, "--size", "8x8").code == 0


def test_a_defect_in_a_cell_is_shown_by_the_command_named(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_bars()
    Path("grid.toml").write_text(f"{MINE}[grid]\ntemperature = [0.1, 0.2]\n", encoding="utf-8")
    monkeypatch.setattr("hopcli.experiments.recall.accuracy_table", None)
    made = ["grid", "run", "grid.toml", "--no-figures", "--threads", "1", "--out", "g"]
    assert run_hopcli(*made).code == 1
    status = run_hopcli("grid", "status", "g")
    (command,) = set(re.findall(r"hopcli (\w+) would", status.out))
    with pytest.raises(TypeError):
        run_hopcli(command, *QUIET[1:])


def test_hot_and_cold_starts_agree_after_the_sweeps_named(run_hopcli: RunHopcli) -> None:
    asked = ["critical", "--dataset", "digits", "--no-figures", "--chains", "20", "--scales", "2,3"]
    asked += ["--temperatures", "0.7:0.96:0.05"]
    before = run_hopcli(*asked, "--sweeps", "20", "--out", "before")
    (way,) = [way for way in options_in(before.err, "critical") if way[0] == "--sweeps"]
    after = run_hopcli(*asked, *way, "--out", "after")
    assert (after.code, after.err) == (0, "")
