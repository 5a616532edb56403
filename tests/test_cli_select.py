"""``hopcli select``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from shell import Shell, read_json, table

import hopcli
from hopcli.datasets import Dataset
from hopcli.patterns import read_patterns

SELECTED = [39155, 7411, 38406, 21607, 28089, 38060, 25559, 55147, 52050, 49358]
SELECT = "select --no-figures -q --overwrite --out out"


def test_the_default_is_figure_2_of_the_paper(shell: Shell, mnist: Dataset) -> None:
    done = shell.run("select --out out")
    assert done.err == ""
    files = {path.name for path in Path("out").iterdir()}
    assert files == {"patterns.csv", "patterns.npz", "patterns.png", "select.json"}
    assert all(str(source) in done.out for source in SELECTED)
    patterns = read_patterns(Path("out/patterns.npz"))
    assert patterns.labels == tuple("0123456789")
    assert np.array_equal(patterns.xi, mnist.spins[SELECTED])
    assert read_json("out/select.json")["dataset"]["sha256"] == mnist.sha256


def test_all_ten_digits_compete_whichever_are_listed(shell: Shell) -> None:
    """1 and 2 are those of figure 2, also where they are stored for a recall."""
    shell.run(f"{SELECT} --digits 12")
    assert table("out/patterns.csv")["source_index"].tolist() == SELECTED[1:3]
    assert hopcli.select("mnist", "12").source_index.tolist() == SELECTED[1:3]
    shell.run("recall --digits 12 --tests 1 --repeats 1 --no-figures -q --out recall")
    with np.load("recall/recall.npz") as arrays:
        assert arrays["patterns.source_index"].tolist() == SELECTED[1:3]
