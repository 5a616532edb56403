"""``hopcli plot``: the pictures of finished runs again, or none and nothing changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import files_below, random_patterns
from PIL import Image
from test_figures_weights import write_patterns
from test_plots import MAGIC, NAMES

from hopcli import results
from hopcli.catalogue import CATALOGUE

if TYPE_CHECKING:
    from conftest import RunHopcli

FLAGS = {
    "select": "--samples 3",
    "recall": "--digits 1,2 --start pattern,flip:0.2 --tests 3 --repeats 3 --sweeps 9 "
    "--temperature 0.1 --trace",
    "temperature-scan": "--temperatures 0.3:1.5:0.6 --repeats 7 --sweeps 5",
    "weights": "--rule hebbian --pixel 1,3",
    "attractors": "--rule hebbian,storkey --starts 70",
    "capacity": "--patterns images --loads 0.05,0.11 --draws 3",
    "critical": "--temperatures 0.5:1.5:0.5 --chains 5 --sweeps 20",
    "compare": "--dataset digits --split train --digits 1,2,3 --tests 6 --training 20 "
    "--selector-samples 2,5 --selections 3 --selector-tests 4 --candidates 2 --tuning 3 --sweeps 3",
    "variance": "--start flip:0.2 --selections 3 --tests 4 --repeats 2",
    "consistency": "--dataset digits --selections 3 --tests 5 --sweeps 3",
    "fit-sweeps": "--dataset digits --sweeps 1,2 --replays 2 --orders 2",
    "relax": "--start flip:0.2 --tests 3 --repeats 3 --sweeps 6",
}
ANIMATED = [*FLAGS["recall"].split(), "--animate", "run.gif"]
OUT = Path("out")

Files = dict[str, bytes | None]


def make(run_hopcli: RunHopcli, command: str, *flags: str, out: Path = OUT) -> Files:
    """Make a run into a folder; give its files."""
    dataset = write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))
    wanted = flags or tuple(FLAGS[command].split())
    data = () if "--dataset" in wanted else ("--dataset", dataset)
    done = run_hopcli(command, *data, *wanted, "--out", str(out))
    assert (done.code, done.err) == (0, ""), done
    return files_below(out)


def pictures(files: Files) -> set[str]:
    return {name for name in files if Path(name).suffix in (".png", ".svg", ".pdf", ".gif")}


def of(command: str, kind: str = "png") -> set[str]:
    """The names of the pictures of a run as FLAGS make it."""
    names = NAMES[command] | ({"trace"} if command == "recall" else set())
    return {f"{name}.{kind}" for name in names}


def listed(folder: Path, command: str) -> dict[str, str]:
    """The files that a manifest lists, with the hash of each; they are such."""
    outputs: dict[str, str] = json.loads((folder / f"{command}.json").read_text())["outputs"]
    for name, sha256 in outputs.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
    return outputs


@pytest.mark.parametrize("command", CATALOGUE)
def test_deleted_pictures_come_back_and_another_format_is_added(
    run_hopcli: RunHopcli, command: str
) -> None:
    """The same bytes, and the run stays as it was."""
    before = make(run_hopcli, command)
    assert pictures(before) == of(command)
    for name in of(command):
        (OUT / name).unlink()
    done = run_hopcli("plot", "out")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"out/  {' '.join(sorted(of(command)))}\n"
    assert files_below(OUT) == before
    assert set(listed(OUT, command)) == set(before) - {f"{command}.json"}

    loaded = results.load(OUT)
    done = run_hopcli("plot", "out", "--figure-format", "svg", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    after = files_below(OUT)
    assert set(after) - set(before) == of(command, "svg")
    for name in of(command, "svg"):
        content = after.pop(name)
        assert content is not None
        assert content.startswith(MAGIC["svg"])
    manifest = f"{command}.json"
    assert {**after, manifest: None} == {**before, manifest: None}
    assert of(command) | of(command, "svg") < set(listed(OUT, command))
    again = results.load(OUT)
    assert again.config.to_dict() == loaded.config.to_dict()
    for name, table in loaded.result.tables.items():
        assert again.result.tables[name].equals(table)
    old, new = (json.loads(files[manifest] or b"") for files in (before, after))
    assert {**old, "outputs": None} == {**new, "outputs": None}


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_a_run_that_asked_for_a_format_is_drawn_again_in_it(
    run_hopcli: RunHopcli, kind: str
) -> None:
    flags = (*FLAGS["temperature-scan"].split(), "--figure-format", kind)
    before = make(run_hopcli, "temperature-scan", *flags)
    assert pictures(before) == of("temperature-scan", kind)
    assert run_hopcli("plot", "out").code == 0
    assert files_below(OUT) == before


def test_a_run_without_pictures_gets_them(run_hopcli: RunHopcli) -> None:
    with_pictures = make(run_hopcli, "weights")
    flags = (*FLAGS["weights"].split(), "--no-figures")
    assert not pictures(make(run_hopcli, "weights", *flags, out=Path("bare")))
    assert run_hopcli("plot", "bare").code == 0
    assert files_below(Path("bare"))["weights.png"] == with_pictures["weights.png"]
    assert "weights.png" in listed(Path("bare"), "weights")


def test_an_animation_comes_back_too_and_can_be_had_by_another_name(
    run_hopcli: RunHopcli,
) -> None:
    before = make(run_hopcli, "recall", *ANIMATED)
    assert "run.gif" in pictures(before)
    (OUT / "run.gif").unlink()
    assert run_hopcli("plot", "out").code == 0
    assert files_below(OUT) == before
    assert run_hopcli("plot", "out", "--animate", "other.gif").code == 0
    after = files_below(OUT)
    assert set(after) - set(before) == {"other.gif"}
    assert after["other.gif"] == before["run.gif"]
    assert {"run.gif", "other.gif"} < set(listed(OUT, "recall"))


def test_out_takes_the_pictures_and_leaves_the_run_alone(run_hopcli: RunHopcli) -> None:
    before = make(run_hopcli, "recall", *ANIMATED)
    done = run_hopcli("plot", "out", "--out", "deep/elsewhere")
    assert done.code == 0
    assert done.out.startswith("deep/elsewhere/  ")
    assert files_below(OUT) == before
    found = files_below(Path("deep/elsewhere"))
    assert set(found) == of("recall") | {"run.gif"}
    assert found == {name: before[name] for name in found}


def test_the_pictures_of_another_run_are_not_replaced(run_hopcli: RunHopcli) -> None:
    """Nor is any other drawn then; a picture that no run there has is welcome."""
    make(run_hopcli, "weights")
    make(run_hopcli, "select")
    other = Path("other")
    make(run_hopcli, "weights", "--rule", "storkey", out=other)
    holds = "other: holds a run of weights with a weights.png of its own"
    check_refused(run_hopcli, "out", "--out", "other", holds=holds)
    before = files_below(other)
    flags = ("--figure-format", "svg", "--out", "other")
    for _ in range(2):  # what plot itself has put there, it may put there again
        done = run_hopcli("plot", "out", *flags)
        assert (done.code, done.out) == (0, "other/  patterns.svg weights.svg\n")
    assert files_below(other).items() > before.items()


def test_dpi_sets_the_size_in_pixels(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights")
    sizes = {}
    for dpi in (50, 100, 300):
        folder = Path(f"at {dpi}")
        flags = ("--dpi", str(dpi), "--out", str(folder))
        assert run_hopcli("plot", "out", *flags).code == 0
        with Image.open(folder / "weights.png") as image:
            sizes[dpi] = image.size
    with Image.open(OUT / "weights.png") as image:
        at_150 = image.size
    for dpi, size in sizes.items():
        assert size == pytest.approx([side * dpi / 150 for side in at_150], abs=1)
    assert run_hopcli("plot", "out", "--dpi", "50", "--quiet").code == 0
    with Image.open(OUT / "weights.png") as image:
        assert image.size == sizes[50], "in the folder itself it takes the place of the old one"
    listed(OUT, "weights")


def test_every_run_of_every_folder_is_drawn(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", out=Path("one"))
    make(run_hopcli, "capacity", out=Path("one"))
    make(run_hopcli, "select", out=Path("two"))
    before = files_below(Path())
    drawn = ["one/weights.png", "one/capacity.png", "two/patterns.png"]
    for name in drawn:
        Path(name).unlink()
    done = run_hopcli("plot", "one", "two")
    assert done.code == 0
    assert done.out == "one/  weights.png\none/  capacity.png\ntwo/  patterns.png\n"
    assert files_below(Path()) == before


def test_a_run_passed_on_without_its_trials_is_drawn(run_hopcli: RunHopcli) -> None:
    before = make(run_hopcli, "recall", *FLAGS["recall"].split(), "--keep", "trials")
    (OUT / "trials.csv").unlink()
    for name in of("recall"):
        (OUT / name).unlink()
    assert run_hopcli("plot", "out").code == 0
    del before["trials.csv"]
    assert files_below(OUT) == before


def check_refused(run_hopcli: RunHopcli, *arguments: str, holds: str) -> None:
    """A refusal in one line that says this, with no file or folder changed."""
    before = files_below(Path())
    assert holds in run_hopcli("plot", *arguments).refused()
    assert files_below(Path()) == before


def test_a_folder_without_a_run_is_refused_before_any_picture(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", "--no-figures")
    Path("empty").mkdir()
    check_refused(run_hopcli, "empty", holds="empty: must hold a finished run")
    check_refused(run_hopcli, "nowhere", "--out", "new", holds="nowhere: must hold a finished run")
    check_refused(run_hopcli, "five.txt", holds="five.txt: must hold a finished run")
    check_refused(run_hopcli, "out", "empty", holds="empty: must hold a finished run")


@pytest.mark.parametrize("name", ["weights.csv", "spectrum.csv", "weights.npz"])
def test_a_changed_or_missing_table_is_refused(run_hopcli: RunHopcli, name: str) -> None:
    content = make(run_hopcli, "weights", "--no-figures")[name]
    assert content is not None
    (OUT / name).write_bytes(content.replace(b"1", b"2", 1))
    check_refused(run_hopcli, "out", holds=f"out/{name}: must have SHA-256")
    check_refused(run_hopcli, "out", "--out", "new", holds=f"out/{name}: must have SHA-256")
    make(run_hopcli, "weights", "--no-figures", out=Path("good"))
    check_refused(run_hopcli, "good", "out", holds=f"out/{name}: must have SHA-256")
    (OUT / name).unlink()
    check_refused(run_hopcli, "out", holds="found no file")


def test_frames_that_were_not_kept_are_refused(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *FLAGS["recall"].split(), "--no-figures")
    holds = "out: must have kept the frames of a trial: run it with --animate"
    check_refused(run_hopcli, "out", "--animate", "run.gif", holds=holds)
    make(run_hopcli, "weights", "--no-figures", out=Path("other"))
    holds = "other: must have kept the frames"
    check_refused(run_hopcli, "other", "--animate", "run.gif", "--out", "new", holds=holds)


@pytest.mark.parametrize(
    ("flags", "holds"),
    [
        (["--figure-format", "gif"], "--figure-format"),
        (["--dpi", "19"], "--dpi"),
        (["--dpi", "1201"], "--dpi"),
        (["--animate", "run.mp4"], "--animate"),
        (["--animate", "../run.gif"], "--animate"),
        (["--out", "five.txt"], "five.txt"),
        (["--out", ""], "--out"),
    ],
)
def test_flags_that_cannot_be_are_refused(
    run_hopcli: RunHopcli, flags: list[str], holds: str
) -> None:
    make(run_hopcli, "weights", "--no-figures")
    check_refused(run_hopcli, "out", *flags, holds=holds)


def test_a_manifest_that_is_no_more_readable_is_refused(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", "--no-figures")
    path = OUT / "weights.json"
    manifest: dict[str, Any] = json.loads(path.read_text())
    del manifest["config"]["pixel"]
    manifest["config"]["voxel"] = [1, 2, 3]
    path.write_text(json.dumps(manifest))
    check_refused(run_hopcli, "out", holds="weights.json: cannot be loaded")
    path.write_text("{")
    check_refused(run_hopcli, "out", holds="weights.json: cannot be read")


def test_several_runs_are_told_apart_by_the_names_of_their_folders(
    run_hopcli: RunHopcli,
) -> None:
    make(run_hopcli, "weights", out=Path("a/one"))
    make(run_hopcli, "weights", "--rule", "storkey", out=Path("b/one"))
    make(run_hopcli, "select", out=Path("two"))
    drawn = {name: files_below(Path(name)) for name in ("a/one", "b/one", "two")}
    done = run_hopcli("plot", "a/one", "two", "two/", "--out", "figures")
    assert done.out == "figures/  one-weights.png two-patterns.png\n"
    done = run_hopcli("plot", "a/one", "b/one", "two", "--out", "figures")
    assert done.out == "figures/  a-one-weights.png b-one-weights.png two-patterns.png\n"
    found = files_below(Path("figures"))
    assert found["a-one-weights.png"] == found["one-weights.png"] == drawn["a/one"]["weights.png"]
    assert found["b-one-weights.png"] == drawn["b/one"]["weights.png"]
    assert found["two-patterns.png"] == drawn["two"]["patterns.png"]
    assert drawn == {name: files_below(Path(name)) for name in drawn}


def test_a_grid_and_a_run_are_drawn_into_one_folder(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights")
    sets = ["dataset=text:five.txt", "seed=1,2", "starts=20"]
    flags = [word for text in sets for word in ("--set", text)]
    grid = ["grid", "run", "--command", "attractors", *flags, "--out", "many", "--quiet"]
    assert run_hopcli(*grid).code == 0
    done = run_hopcli("plot", "many", "out", "--out", "figures")
    assert (done.code, done.out) == (0, "figures/  many-grid.png out-weights.png\n")
    found = files_below(Path("figures"))
    assert found["many-grid.png"] == files_below(Path("many"))["grid.png"]
    assert run_hopcli("plot", "many", "--out", "elsewhere").out == "elsewhere/  grid.png\n"
    holds = "many: holds a run of grid with a grid.png"
    other = ["grid", "run", "--command", "attractors", *flags[:-2], "--set", "starts=30"]
    assert run_hopcli(*other, "--out", "more", "--quiet").code == 0
    check_refused(run_hopcli, "more", "--out", "many", holds=holds)


def test_nothing_in_another_folder_is_replaced_unless_it_is_wished(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights")
    other = make(run_hopcli, "weights", "--rule", "storkey", out=Path("other"))
    assert run_hopcli("plot", "out", "--out", "figures").code == 0
    check_refused(run_hopcli, "other", "--out", "figures", holds="figures/weights.png")
    assert run_hopcli("plot", "other", "--out", "figures", "--overwrite").code == 0
    assert files_below(Path("figures")) == {"weights.png": other["weights.png"]}
    paper = ["--figure-style", "paper", "--figure-format", "pdf", "--out", "print"]
    assert run_hopcli("plot", "out", *paper).code == 0
    assert set(files_below(Path("print"))) == {"weights.pdf", "weights.txt"}
    # The caption beside it would be that of the other run.
    check_refused(run_hopcli, "other", "--out", "print", holds="print/weights.txt")
    assert run_hopcli("plot", "other", "--out", "print", "--overwrite").code == 0
    assert set(files_below(Path("print"))) == {"weights.pdf", "weights.png"}
    check_refused(run_hopcli, "out", "--overwrite", holds="--overwrite")
    check_refused(run_hopcli, "out", "--out", "other", "--overwrite", holds="other: holds a run")
