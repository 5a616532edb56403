"""``hopcli plot``: the pictures of finished runs again, or an error and no change."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import numpy as np
import pytest
from conftest import files_below
from PIL import Image
from shell import SMALL_RUNS, Files, Shell, change, commands, read_json

WEIGHTS = "weights --rule hebbian --pixel 1,3"
STORKEY = "weights --rule storkey"
BARE = f"{WEIGHTS} --no-figures"
ANIMATED = f"recall {SMALL_RUNS['recall']} --animate run.gif"
BEGINS = {".svg": b"<?xml", ".pdf": b"%PDF-", ".png": b"\x89PNG", ".gif": b"GIF8"}


def below(folder: str) -> Files:
    return files_below(Path(folder))


def pictures(files: Files) -> Files:
    """Return the files that are pictures, by suffix and by content."""
    drawn = {name: files[name] for name in files if Path(name).suffix in BEGINS}
    for name, content in drawn.items():
        assert (content or b"").startswith(BEGINS[Path(name).suffix])
    return drawn


def outputs(manifest: str) -> set[str]:
    """The files that a manifest lists; each has the hash listed."""
    listed: dict[str, str] = read_json(manifest)["outputs"]
    for name, sha256 in listed.items():
        assert hashlib.sha256(Path(manifest).with_name(name).read_bytes()).hexdigest() == sha256
    return set(listed)


@pytest.mark.parametrize("command", commands("capacity"))
def test_deleted_pictures_come_back_to_the_byte(shell: Shell, command: str) -> None:
    before = shell.make_small(command)
    drawn = pictures(before)
    for name in drawn:
        Path("out", name).unlink()
    assert shell.run("plot out").out == f"out/  {' '.join(sorted(drawn))}\n"
    assert below("out") == before
    assert outputs(f"out/{command}.json") == set(before) - {f"{command}.json"}


def test_pictures_come_back_in_the_format_of_their_run(shell: Shell) -> None:
    before = shell.make(f"{WEIGHTS} --figure-format svg")
    for name in pictures(before):
        Path("out", name).unlink()
    shell.run("plot out")
    assert {Path(name).suffix for name in pictures(below("out"))} == {".svg"}
    assert below("out") == before


def test_another_format_is_added_and_the_run_stays(shell: Shell) -> None:
    before, name = shell.make_small("recall"), "recall.json"
    old = read_json(f"out/{name}")
    done = shell.run("plot out --figure-format svg --quiet")
    assert (done.out, done.err) == ("", "")
    after = below("out")
    added = set(pictures(after)) - set(before)
    assert added == {f"{Path(each).stem}.svg" for each in pictures(before)}
    assert outputs(f"out/{name}") == set(after) - {name}
    assert {**{each: after[each] for each in before}, name: None} == {**before, name: None}
    assert {**read_json(f"out/{name}"), "outputs": None} == {**old, "outputs": None}


def test_an_animation_is_drawn_again_by_any_name(shell: Shell) -> None:
    before = shell.make(ANIMATED)
    Path("out/run.gif").unlink()
    shell.run("plot out")
    assert below("out") == before
    folder, *drawn = shell.run("plot out --out deep/elsewhere").out.split()
    assert below("out") == before
    assert below(folder) == pictures(before)
    assert (Path(folder).parts, {*drawn}) == (("deep", "elsewhere"), {*pictures(before)})
    shell.run("plot out --animate other.gif")
    after = below("out")
    assert set(after) - set(before) == {"other.gif"}
    assert after["other.gif"] == before["run.gif"]
    assert {"run.gif", "other.gif"} < outputs("out/recall.json")
    shell.run("report out --out page.html")
    content = base64.b64encode(before["run.gif"] or b"").decode()
    assert f"data:image/gif;base64,{content}" in Path("page.html").read_text(encoding="utf-8")


def test_dpi_sets_the_size_in_pixels(shell: Shell) -> None:
    """In the folder itself the picture replaces the old one, made at 150."""
    shell.make(WEIGHTS)
    sizes = []
    for flags in ("", "--dpi 50"):
        shell.run(f"plot out {flags}")
        with Image.open("out/weights.png") as image:
            sizes.append(np.array(image.size))
    assert np.abs(sizes[0] - 3 * sizes[1]).max() <= 3
    assert "weights.png" in outputs("out/weights.json")


def test_runs_drawn_into_one_folder_have_the_names_of_theirs(shell: Shell) -> None:
    shell.make(WEIGHTS, "a/one")
    shell.make(STORKEY, "b/one")
    shell.make_small("select", "two")
    before = below("")
    for folders, names in {
        "a/one two two/": "one-weights.png two-patterns.png",
        "a/one b/one two": "a-one-weights.png b-one-weights.png two-patterns.png",
    }.items():
        assert shell.run(f"plot {folders} --out figures").out == f"figures/  {names}\n"
    assert below("figures") == {
        "one-weights.png": before["a/one/weights.png"],
        "a-one-weights.png": before["a/one/weights.png"],
        "b-one-weights.png": before["b/one/weights.png"],
        "two-patterns.png": before["two/patterns.png"],
    }
    assert below("").items() > before.items()


def test_the_pictures_of_another_run_are_not_replaced(shell: Shell) -> None:
    """Then no other picture is drawn either; a picture without a run may be replaced."""
    shell.make(WEIGHTS)
    shell.make(STORKEY, "other")
    shell.refuse("plot out --out other", names="other: weights.png")
    shell.refuse("plot out --out other --overwrite", names="other:")
    shell.refuse("plot out --overwrite", names="--overwrite")
    before = below("other")
    for _ in range(2):  # plot replaces its own pictures
        done = shell.run("plot out --figure-format svg --out other")
        assert done.out.split() == ["other/", "weights.svg"]
    assert below("other").items() > before.items()


def test_a_grid_is_drawn_into_a_file_of_any_format(shell: Shell) -> None:
    """Another picture is replaced only on request."""
    before = shell.make("grid run --command weights --set rule=hebbian,storkey --no-figures")
    shell.run("grid plot out")
    for name, head in {"a.png": b"\x89PNG", "b.svg": b"<?xml", "c.pdf": b"%PDF"}.items():
        drawn = Path(shell.run(f"grid plot out --out new/{name}").out.rstrip())
        assert drawn == Path("new", name)
        assert drawn.read_bytes().startswith(head)
    assert Path("new/a.png").read_bytes() == Path("out/grid.png").read_bytes()
    other = "grid plot out --out new/a.png --figure-style paper"
    shell.refuse(other, names="new/a.png --overwrite")
    shell.run(f"{other} --overwrite")
    shell.refuse("grid plot out --out out/grid.png --x rule", names="grid.png")
    for flag in ("--animate a.gif", "--kind bars"):
        shell.refuse(f"plot out {flag}", names=f"out: {flag.split()[0]}")
    assert below("out").keys() - {"grid.png"} == before.keys()
    assert set(below("new")) == {"a.png", "b.svg", "c.pdf"}


def test_nothing_in_another_folder_is_replaced_unless_it_is_wished(shell: Shell) -> None:
    """Neither a picture nor the caption beside it."""
    shell.make(BARE)
    shell.make(f"{STORKEY} --no-figures", "other")
    other = "plot other --dpi 40 --out print"
    shell.run("plot out --dpi 40 --out print")
    shell.refuse(other, names="print/weights.png")
    Path("print/weights.png").unlink()
    shell.run("plot out --figure-style paper --figure-format pdf --out print")
    shell.refuse(other, names="print/weights.txt")
    shell.run(f"{other} --overwrite")
    assert set(below("print")) == {"weights.pdf", "weights.png"}


def test_what_cannot_be_drawn_is_refused_before_any_picture(shell: Shell) -> None:
    for folder in ("out", "renamed", "damaged"):
        shell.make(BARE, folder)
    change("renamed/weights.json", lambda m: m["config"].update(voxel=m["config"].pop("pixel")))
    Path("damaged/weights.npz").unlink()
    Path("empty").mkdir()
    for flags, names in {
        "empty": "empty:",
        "out empty": "empty:",
        "renamed": "weights.json: voxel",
        "damaged --out new": "damaged/weights.npz:",
        "out --animate run.gif": "out: --animate",
        "out --out five.txt": "five.txt",
    }.items():
        shell.refuse(f"plot {flags}", names=names)
