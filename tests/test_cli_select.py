"""``hopcli select``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import hopcli
from hopcli.patterns import read_patterns
from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

    from hopcli.datasets import Dataset

SELECTED = [39155, 7411, 38406, 21607, 28089, 38060, 25559, 55147, 52050, 49358]
OUT = Path("results/select")


def test_the_default_is_figure_2_of_the_paper(run_hopcli: RunHopcli, mnist: Dataset) -> None:
    done = run_hopcli("select")
    assert (done.code, done.err) == (0, "")
    assert all(str(index) in done.out for index in SELECTED)
    files = {path.name for path in OUT.iterdir()}
    assert files == {"patterns.csv", "patterns.npz", "patterns.png", "select.json"}
    assert all(name in done.out for name in files)
    table = pd.read_csv(OUT / "patterns.csv")
    assert list(table.columns) == [
        "label",
        "source_index",
        "loss",
        "same_label_term",
        "other_label_term",
        "n_samples",
    ]
    assert table["source_index"].tolist() == SELECTED
    assert set(table["n_samples"]) == {20}
    loss = table["other_label_term"] - 20 * table["same_label_term"]
    assert table["loss"].tolist() == loss.tolist()
    patterns = read_patterns(OUT / "patterns.npz")
    assert patterns.labels == tuple("0123456789")
    assert np.array_equal(patterns.xi, mnist.spins[SELECTED])
    assert read_manifest(OUT, "select")["dataset"]["sha256"] == mnist.sha256


def test_pictures_come_in_other_formats_or_not_at_all(run_hopcli: RunHopcli) -> None:
    assert run_hopcli("select", "--figure-format", "svg", "-q").code == 0
    assert {path.suffix for path in OUT.iterdir()} == {".csv", ".npz", ".svg", ".json"}
    assert run_hopcli("select", "--no-figures", "-q", "--again").code == 0
    assert {path.suffix for path in OUT.iterdir()} == {".csv", ".npz", ".json"}


def test_digits_are_kept_in_the_order_asked_for(run_hopcli: RunHopcli) -> None:
    run_hopcli("select", "--no-figures", "--digits", "9,1", "--samples", "50", "--seed", "3")
    table = pd.read_csv(OUT / "patterns.csv")
    assert table["label"].tolist() == [9, 1]
    assert set(table["n_samples"]) == {50}


@pytest.mark.parametrize("flags", [["--seed", "10"], ["--samples", "21"], ["--threshold", "100"]])
def test_every_setting_matters(run_hopcli: RunHopcli, flags: list[str]) -> None:
    run_hopcli("select", "--no-figures")
    before = (OUT / "patterns.csv").read_bytes()
    run_hopcli("select", "--no-figures", "--overwrite", *flags)
    assert (OUT / "patterns.csv").read_bytes() != before


def test_500_samples_without_replacement(run_hopcli: RunHopcli) -> None:
    flags = ["--samples", "500", "--sampler", "generator"]
    assert run_hopcli("select", "--no-figures", *flags).code == 0
    patterns = read_patterns(OUT / "patterns.npz")
    assert len(patterns.sample_index) == 5000


def test_eight_by_eight_digits(run_hopcli: RunHopcli) -> None:
    assert run_hopcli("select", "--no-figures", "--dataset", "digits").code == 0
    assert read_patterns(OUT / "patterns.npz").shape == (8, 8)


@pytest.mark.parametrize(
    ("select", "recall"),
    [
        ([], []),
        (["--samples", "7", "--seed", "4"], ["--samples", "7", "--selection-seed", "4"]),
        (["--sampler", "generator"], ["--sampler", "generator"]),
    ],
)
def test_recall_stores_the_patterns_that_select_lists(
    run_hopcli: RunHopcli, select: list[str], recall: list[str]
) -> None:
    """All ten digits compete, whichever are listed: 1 and 2 are those of figure 2."""
    assert run_hopcli("select", "--digits", "12", *select, "--no-figures", "-q").code == 0
    listed = read_patterns(OUT / "patterns.npz")
    run = ["recall", "--digits", "12", *recall, "--tests", "1", "--repeats", "1", "--no-figures"]
    assert run_hopcli(*run, "-q").code == 0
    with np.load("results/recall/recall.npz") as arrays:
        assert arrays["patterns.source_index"].tolist() == listed.source_index.tolist()
        assert np.array_equal(arrays["patterns.xi"], listed.xi)
        assert np.array_equal(arrays["patterns.sample_index"], listed.sample_index)
    if not select:
        assert listed.source_index.tolist() == [SELECTED[1], SELECTED[2]]
        assert hopcli.select("mnist", "12").source_index.tolist() == [SELECTED[1], SELECTED[2]]
        table = pd.read_csv(OUT / "patterns.csv").set_index("label")
        assert run_hopcli("select", "--no-figures", "-q", "--overwrite").code == 0
        every = pd.read_csv(OUT / "patterns.csv").set_index("label")
        pd.testing.assert_frame_equal(table, every.loc[[1, 2]])
