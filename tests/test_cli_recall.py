"""``hopcli recall`` and ``hopcli select``: which images are stored, and which are tested."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from shell import Shell, read_json, table

import hopcli

ONE, TWO = 7411, 38406  # of figure 2 of the paper
SMALL = "recall --tests 6 --repeats 2 --no-figures --quiet --overwrite --keep trials"


def recall(shell: Shell, flags: str = "", out: str = "out") -> pd.DataFrame:
    """Run a small recall; return its trials."""
    shell.run(f"{SMALL} {flags} --out {out}")
    return table(f"{out}/trials.csv")


def tables(out: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(out).glob("*.csv")}


def test_images_that_took_part_in_the_selection_are_kept_out(shell: Shell) -> None:
    shell.run("select --no-figures -q --out selected")
    with np.load("selected/patterns.npz") as arrays:
        used = set(arrays["sample_index"].tolist())
    whole = "--digits 1,0 --tests all --repeats 1 --sweeps 1"
    without = set(recall(shell, whole)["source_index"])
    every = set(recall(shell, f"{whole} --no-exclude-samples")["source_index"])
    assert len(every) == 6742 + 5923
    assert every - without == every & used
    assert every & used
    # A file of patterns is as good as selecting them.
    recall(shell, out="anew")
    recall(shell, "--patterns selected/patterns.npz", out="file")
    assert tables("anew") == tables("file")


def test_given_images_are_stored_and_named(shell: Shell) -> None:
    """Also two of one label, which are both its own."""
    for indices, n_patterns in (("9,2,56", 3), ("9,56", 2)):  # "4", "4", "0"
        trials = recall(shell, f"--source-indices {indices}")
        accuracy = table("out/accuracy.csv")
        assert accuracy["label"].tolist() == ["4", "0", "overall"]
        assert accuracy["n"].tolist() == [12, 12, 24]
        assert not set(trials["source_index"]) & {9, 56}
        assert len(read_json("out/recall.json")["patterns"]["labels"]) == n_patterns
    manifest = read_json("out/recall.json")
    names = ["digits", "source_indices", "attempts_per_sweep"]
    assert [manifest["config"][name] for name in names] == [["4", "0"], [9, 56], 392]
    assert manifest["inputs"]["dataset"] == manifest["dataset"]["sha256"]


def test_all_ten_digits_compete_whichever_are_listed(shell: Shell) -> None:
    """1 and 2 are those of figure 2, also where they are stored for a recall."""
    shell.run("select --no-figures -q --out out --digits 12")
    assert table("out/patterns.csv")["source_index"].tolist() == [ONE, TWO]
    assert hopcli.select("mnist", "12").source_index.tolist() == [ONE, TWO]
    shell.run("recall --digits 12 --tests 1 --repeats 1 --no-figures -q --out recall")
    with np.load("recall/recall.npz") as arrays:
        assert arrays["patterns.source_index"].tolist() == [ONE, TWO]
