"""``hopcli notebooks``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import RunHopcli

SHIPPED = Path(__file__).parent.parent / "hopcli" / "notebooks"
NAMES = ["own-pictures.ipynb", "phase-diagram.ipynb", "study.ipynb"]


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_copies_them_and_says_how_to_open_them(run_hopcli: RunHopcli, empty_folder: Path) -> None:
    done = run_hopcli("notebooks")
    assert (done.code, done.err) == (0, "")
    *listed, how = done.out.splitlines()
    assert listed == [f"notebooks/{name}" for name in NAMES]
    assert "jupyter lab notebooks" in how
    copied = _contents(empty_folder / "notebooks")
    assert sorted(copied) == NAMES
    assert copied == {name: (SHIPPED / name).read_bytes() for name in NAMES}


def test_adds_what_is_missing_in_any_folder(run_hopcli: RunHopcli, empty_folder: Path) -> None:
    run_hopcli("notebooks", "a/b")
    copied = _contents(empty_folder / "a/b")
    (empty_folder / "a/b" / NAMES[1]).unlink()
    done = run_hopcli("notebooks", "a/b")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("(was there)") == 2
    assert f"a/b/{NAMES[1]}\n" in done.out
    assert _contents(empty_folder / "a/b") == copied


def test_quiet_prints_nothing(run_hopcli: RunHopcli, empty_folder: Path) -> None:
    assert run_hopcli("notebooks", "-q") == run_hopcli("notebooks", "--quiet")
    assert run_hopcli("notebooks", "--quiet").out == ""
    assert sorted(_contents(empty_folder / "notebooks")) == NAMES


def test_a_changed_one_stays_and_nothing_is_copied(
    run_hopcli: RunHopcli, empty_folder: Path
) -> None:
    mine = empty_folder / "notebooks" / NAMES[2]
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    done = run_hopcli("notebooks")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"hopcli: notebooks/{NAMES[2]}: has been changed, and is not overwritten; "
        "name another FOLDER\n"
    )
    assert _contents(mine.parent) == {NAMES[2]: b"mine"}


def test_a_file_is_no_folder(run_hopcli: RunHopcli, empty_folder: Path) -> None:
    (empty_folder / "notebooks").write_bytes(b"mine")
    done = run_hopcli("notebooks")
    assert (done.code, done.out) == (2, "")
    assert done.err == "hopcli: notebooks: cannot be written: it is no folder\n"
    assert (empty_folder / "notebooks").read_bytes() == b"mine"
