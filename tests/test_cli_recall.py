"""``hopcli recall``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

SMALL = ["recall", "--tests", "6", "--repeats", "2", "--no-figures", "--quiet", "--overwrite"]
SMALL += ["--keep", "trials"]
OUT = Path("results/recall")
LABELS = [3, 6, 1, 0, 4]


def _table(name: str, out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / f"{name}.csv")


def _csv_bytes(out: Path = OUT) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.csv"))}


def test_tables_agree_with_each_other(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*SMALL).code == 0
    trials, repeats = _table("trials"), _table("repeats")
    accuracy, confusion = _table("accuracy"), _table("confusion")
    assert len(trials) == 5 * 6 * 2
    assert accuracy["label"].tolist() == [*map(str, LABELS), "overall"]
    assert accuracy["n"].tolist() == [12] * 5 + [60]
    by_label = trials.groupby("label", sort=False)["recalled"]
    assert by_label.sum().tolist() == accuracy["recalled"][:5].tolist()
    assert by_label.mean().tolist() == pytest.approx(accuracy["accuracy"][:5].tolist())
    assert accuracy["recalled"][5] == trials["recalled"].sum()
    again = trials.groupby(["repeat", "label"], sort=False)["recalled"].mean()
    assert again.tolist() == pytest.approx(repeats["accuracy"].tolist())
    assert confusion["label"].tolist() == LABELS
    assert confusion.set_index("label").sum(axis=1).tolist() == [12] * 5
    inside = (accuracy["ci_low"] <= accuracy["accuracy"]) & (
        accuracy["accuracy"] <= accuracy["ci_high"]
    )
    assert inside.all()
    assert (accuracy["ci_low"] >= 0).all()
    assert (accuracy["ci_high"] <= 1).all()


def test_recalled_means_the_overlap_reaches_the_criterion(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL, "--criterion", "0.9", "--score", "signed")
    trials = _table("trials")
    assert np.array_equal(trials["recalled"], trials["overlap_own"] >= 0.9 - 1e-9)
    run_hopcli(*SMALL, "--criterion", "0.9", "--score", "abs")
    trials = _table("trials")
    assert np.array_equal(trials["recalled"], trials["overlap_own"].abs() >= 0.9 - 1e-9)


def test_an_overlap_exactly_at_the_criterion_counts(run_hopcli: RunHopcli) -> None:
    """At T = 0 many end in their pattern; criterion 1 asks for every one of 784 spins."""
    run_hopcli(*SMALL, "--temperature", "0", "--sweeps", "100", "--criterion", "1")
    trials = _table("trials")
    assert np.array_equal(trials["recalled"], trials["overlap_own"].abs() == 1)
    assert trials["recalled"].sum() > 10


def test_rates_are_percent_on_screen_and_fractions_in_files(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("recall", "--tests", "4", "--repeats", "2", "--no-figures")
    assert done.code == 0
    assert "%" in done.out
    accuracy = _table("accuracy")
    for label, rate in zip(accuracy["label"], accuracy["accuracy"], strict=True):
        row = next(line for line in done.out.splitlines() if line.split()[:1] == [label])
        assert f"{100 * rate:.1f}" in row.split()


def test_another_seed_is_another_run(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL, "--seed", "1")
    before = _table("trials")
    run_hopcli(*SMALL, "--seed", "2")
    assert before["source_index"].tolist() != _table("trials")["source_index"].tolist()


def test_more_repeats_only_add_trials(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL)
    two = _table("trials")
    run_hopcli(*SMALL, "--repeats", "3")
    pd.testing.assert_frame_equal(_table("trials")[: len(two)], two)


@pytest.mark.parametrize(("flag", "distinct"), [("same", 6), ("fresh", 12)])
def test_images_are_the_same_in_every_repeat_or_fresh(
    run_hopcli: RunHopcli, flag: str, distinct: int
) -> None:
    run_hopcli(*SMALL, "--test-images", flag)
    trials = _table("trials")
    for label in LABELS:
        assert trials.loc[trials["label"] == label, "source_index"].nunique() == distinct


def test_images_that_took_part_in_the_selection_are_kept_out(run_hopcli: RunHopcli) -> None:
    run_hopcli("select", "--no-figures", "-q")
    with np.load("results/select/patterns.npz") as arrays:
        used = set(arrays["sample_index"].tolist())
    whole = ["recall", "--digits", "1,0", "--tests", "all", "--repeats", "1", "--sweeps", "1"]
    whole += ["--no-figures", "-q", "--keep", "trials"]
    run_hopcli(*whole)
    without = set(_table("trials")["source_index"])
    run_hopcli(*whole, "--no-exclude-samples", "--overwrite")
    every = set(_table("trials")["source_index"])
    assert len(every) == 6742 + 5923
    assert every - without == every & used
    assert every & used


def test_a_file_of_patterns_is_as_good_as_selecting_them(run_hopcli: RunHopcli) -> None:
    run_hopcli("select", "--no-figures", "-q")
    run_hopcli(*SMALL, "--out", "anew")
    run_hopcli(*SMALL, "--out", "file", "--patterns", "results/select/patterns.npz")
    assert _csv_bytes(Path("anew")) == _csv_bytes(Path("file"))


def test_given_images_are_stored(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL, "--source-indices", "9,56")
    assert _table("accuracy")["label"].tolist() == ["4", "0", "overall"]
    trials = _table("trials")
    assert set(trials["label"]) == {0, 4}
    assert not set(trials["source_index"]) & {9, 56}


def test_the_manifest_names_what_was_stored(run_hopcli: RunHopcli) -> None:
    """Also where images were given and not labels; and it runs again by itself."""
    run_hopcli(*SMALL, "--source-indices", "9,56")
    manifest = read_manifest(OUT, "recall")
    config = manifest["config"]
    assert (config["digits"], config["source_indices"]) == (["4", "0"], [9, 56])
    assert config["attempts_per_sweep"] == 392
    assert manifest["inputs"]["dataset"] == manifest["dataset"]["sha256"]
    run_hopcli(*SMALL, "--source-indices", "56,9", "--out", "other")
    other = read_manifest(Path("other"), "recall")
    assert other["inputs"]["patterns"] != manifest["inputs"]["patterns"]
    assert other["key"] != manifest["key"]


def test_a_key_does_not_depend_on_how_a_run_is_made(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL, "--threads", "1", "--out", "a")
    run_hopcli(*SMALL, "--threads", "2", "--animate", "a.gif", "--out", "b")
    run_hopcli(*SMALL, "--digits", "3,6,1,0,4", "--attempts-per-sweep", "392", "--out", "c")
    run_hopcli(*SMALL, "--seed", "2", "--out", "d")
    a, b, c, d = (read_manifest(Path(name), "recall")["key"] for name in "abcd")
    assert a == b == c != d


def test_a_file_of_thresholds_is_in_the_key(run_hopcli: RunHopcli) -> None:
    keys = []
    for value in (0.01, 0.02):
        Path("theta.txt").write_text("\n".join([str(value)] * 784))
        run_hopcli(*SMALL, "--theta", "theta.txt")
        keys.append(read_manifest(OUT, "recall")["key"])
    assert keys[0] != keys[1]
    text = _csv_bytes()
    np.savez("theta.npz", theta=np.full((28, 28), 0.02))
    run_hopcli(*SMALL, "--theta", "theta.npz")
    assert _csv_bytes() == text
    np.savez("theta.npz", theta=np.array(["a"] * 784))
    assert "theta.npz" in run_hopcli(*SMALL, "--theta", "theta.npz").refused()


def test_two_patterns_of_one_label_are_both_its_own(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*SMALL, "--source-indices", "9,2,56").code == 0  # "4", "4", "0"
    accuracy = _table("accuracy")
    assert accuracy["label"].tolist() == ["4", "0", "overall"]
    assert accuracy["n"].tolist() == [12, 12, 24]


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--rule", "hebbian"], 0),
        (["--temperature", "0"], 0),
        (["--temperature", "1e-320"], 0),
        (["--temperature", "1e300"], 0),
        (["--threshold", "128"], 0),
        (["--dataset", "digits"], 0),
        (["--split", "test"], 0),
        (["--split", "all"], 0),
        (["--seed", str(2**200)], 0),
        (["--attempts-per-sweep", "N/99999"], 0),
        (["--digits", "4"], 0),
        (["--threads", "5000"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_odd_but_possible_is_done(
    run_hopcli: RunHopcli, flags: list[str], code: int
) -> None:
    done = run_hopcli(*SMALL, *flags)
    assert (done.code, done.out, done.err) == (code, "", "")
    read_manifest(OUT, "recall")


def test_very_hot_nothing_is_recalled_very_cold_a_pattern_stays(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL, "--temperature", "1e300")
    hot = _table("trials")
    assert not hot["recalled"].any()
    assert hot["overlap_own"].abs().mean() < 0.2


def test_the_default_draws_its_pictures(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("recall", "--tests", "3", "--repeats", "2")
    assert done.code == 0
    names = set(read_manifest(OUT, "recall")["outputs"])
    assert {"accuracy.png", "confusion.png", "gallery.png"} <= names
    assert {"accuracy.csv", "repeats.csv", "confusion.csv", "gallery.csv"} <= names
    assert "trials.csv" not in names, "is kept where it is asked for"


def test_more_images_than_there_are_is_refused(run_hopcli: RunHopcli) -> None:
    message = run_hopcli("recall", "--tests", "6112", "--no-figures").refused()
    assert "--tests" in message
    assert "at most 5822" in message
    assert "'4'" in message
    assert not Path("results").exists()


def test_trials_are_kept_where_they_are_asked_for(run_hopcli: RunHopcli) -> None:
    """And a finished run that has not kept them is made again, to the same numbers."""
    run = ["recall", "--tests", "4", "--repeats", "2", "--no-figures", "--quiet"]
    assert run_hopcli(*run).code == 0
    without = _csv_bytes()
    assert "trials.csv" not in without
    assert run_hopcli(*run, "--keep", "trials").code == 0
    kept = _csv_bytes()
    assert len(_table("trials")) == 5 * 4 * 2
    assert {**without, "trials.csv": kept["trials.csv"]} == kept
    assert run_hopcli(*run).code == 0
    assert _csv_bytes() == kept
    message = run_hopcli(*run, "--keep", "everything").refused()
    assert message.startswith("--keep must list one or more of trials, none twice, found")
