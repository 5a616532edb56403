"""Conveniences of Python: indexing, samples, figures, files, tables without the row overall."""

from __future__ import annotations

import re
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import hopcli

IMAGES = hopcli.load(np.arange(6)[:, None] % [2, 3, 5, 7] > 0, labels=[*"abacba"])
PATTERNS = hopcli.store(IMAGES[1:4], "hebbian").patterns


@pytest.mark.parametrize(
    ("which", "rows"),
    [
        (slice(1, 4), [1, 2, 3]),
        ([5, 0], [5, 0]),
        (np.array([True, False, False, False, False, True]), [0, 5]),
        ("b", [1, 4]),
        (["c", "a"], [3, 0, 2, 5]),
    ],
)
def test_a_part_of_a_data_set_has_its_images(which: Any, rows: list[int]) -> None:
    part = IMAGES[which]
    np.testing.assert_array_equal(part.spins, IMAGES.spins[rows])
    assert part.labels.tolist() == IMAGES.labels[rows].tolist()
    assert len(part) == len(rows)
    assert part.sha256 != IMAGES.sha256
    again = hopcli.store(IMAGES, "hebbian").patterns[which]
    np.testing.assert_array_equal(again.xi, part.spins)
    assert (again.labels, len(again)) == (tuple(part.labels), len(rows))
    assert again.source_index.tolist() == rows


def test_a_number_gives_a_picture() -> None:
    for record, states in ((IMAGES, IMAGES.spins), (PATTERNS, PATTERNS.xi)):
        np.testing.assert_array_equal(record[-1], states[-1].reshape(2, 2))
        assert len([*record]) == len(record) == len(states)
        nowhere: tuple[Any, ...] = (6, [], np.zeros(len(record), bool))
        for wrong in nowhere:
            with pytest.raises(IndexError):
                record[wrong]
        with pytest.raises(hopcli.SettingError, match="'d'"):
            record["d"]


def test_a_sample_is_drawn_without_replacement() -> None:
    assert sorted(IMAGES.sample(6, seed=3).labels) == sorted(IMAGES.labels)
    assert IMAGES.sample(3, seed=3).sha256 == IMAGES.sample(3, seed=3).sha256
    assert len({IMAGES.sample(3, seed=seed).sha256 for seed in range(9)}) > 3
    for n in (0, 7):
        with pytest.raises(hopcli.SettingError, match=r"^n .*6"):
            IMAGES.sample(n)


def test_final_states_are_drawn_and_saved(empty_folder: Path) -> None:
    end = hopcli.store(PATTERNS, "hebbian").recall("flip:0.25", tests=2)
    for suffix in (".csv", ".npz", ".png", ".svg", ".gif", ".webp"):
        assert end.save(f"end{suffix}", 3) == Path(f"end{suffix}")
    written = pd.read_csv("end.csv", dtype={"label": str})
    pd.testing.assert_frame_equal(written, end.table, check_dtype=False)
    with np.load("end.npz") as arrays:
        np.testing.assert_array_equal(arrays["spins"], end.spins)
        assert arrays["shape"].tolist() == [2, 2]
    with Image.open("end.gif") as moving:
        assert moving.n_frames >= 3  # type: ignore[attr-defined]
    assert end.animate(3).gif == Path("end.gif").read_bytes()
    assert len(end.figure(2).axes[0].images) == 4
    assert hopcli.plot(end) is not None
    with pytest.raises(hopcli.SettingError, match=r"^path .*npz.*txt"):
        end.save("end.txt")
    assert not Path("end.txt").exists()


def test_a_table_has_the_row_overall_only_if_asked_for() -> None:
    run = hopcli.recall(digits="36", tests=2, repeats=1, temperature=0.1)
    assert run["accuracy"] is run.tables["accuracy"]
    assert run["accuracy"].label.tolist() == ["3", "6"]
    assert (run.overall.label.item(), run.overall.n.item()) == ("overall", 4)
    assert run.summary.label.tolist() == ["3", "6", "overall"]
    assert [*run] == [*run.tables]
    first, *others = repr(run.tables).splitlines()
    assert re.findall(r"\w+", first)[:3] == ["accuracy", "2", "rows"]
    assert [name for name in run["accuracy"].columns if name not in first] == []
    assert len(others) == len(run.tables) - 1
    with pytest.raises(hopcli.SettingError, match="'accuracy', found 'acuracy'"):
        run["acuracy"]


def test_runs_grids_and_folders_are_drawn() -> None:
    paper = CHECKOUT / "results" / "paper"
    run = hopcli.recall(digits="36", tests=1, repeats=1, temperature=0.1)
    assert hopcli.plot(run) is run.figures["accuracy"]
    for what in (paper, run):
        drawn: Any = hopcli.plot(what, "confusion", style="paper", width=3.4)
        assert drawn.form[:2] == ("paper", 3.4)
        assert drawn.get_figwidth() == pytest.approx(3.4)
    assert len(hopcli.plot(CHECKOUT / "results" / "phase").axes)
    with pytest.raises(hopcli.SettingError, match=r"^name .*'accuracy'"):
        hopcli.plot(paper, "acuracy")
    with pytest.raises(hopcli.SettingError):
        hopcli.plot(3)  # type: ignore[arg-type]
    with pytest.raises(hopcli.SettingError, match=r"^style .*paper"):
        hopcli.plot(paper, style="print")


def test_a_grid_as_labelled_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    vary = {"digits, tests": [["36", 1], ["361", 2]], "seed": [1, 2]}
    cells = hopcli.grid("recall", vary=vary, repeats=1, temperature=0.1)
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match="pip install xarray"):
        cells.to_xarray()
    dataset = types.SimpleNamespace(from_dataframe=lambda frame: frame)
    fake: Any = types.SimpleNamespace(__name__="", __version__="9999.0", Dataset=dataset)
    monkeypatch.setitem(sys.modules, "xarray", fake)
    found = cells.to_xarray()
    assert found.index.names == ["digits", "seed", "label"]
    assert found.tests.groupby("digits").first().to_dict() == {"36": 1, "361": 2}
    assert found.accuracy.size == 10
    assert cells.to_xarray("outcomes").index.names == ["digits", "seed", "row"]


def test_a_search_warns_once() -> None:
    images, labels = load_digits(n_class=4, return_X_y=True)
    hot = hopcli.HopfieldClassifier(dynamics="metropolis", random_state=1, sweeps=2)
    search = GridSearchCV(hot, {"temperature": [5.0, 9.0]}, cv=2)
    for fit in (search.fit, hot.set_params(temperature=5.0).fit):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            fit(images[:80], labels[:80])
        assert [one.category for one in told] == [hopcli.HopcliWarning]
