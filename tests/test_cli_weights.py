"""``hopcli weights`` against the dense N x N matrix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import random_patterns, stored
from numpy.typing import NDArray

from hopcli.storage import RULES, Couplings, store
from hopcli.theory import spectrum

if TYPE_CHECKING:
    from conftest import RunHopcli

Spins = NDArray[np.int8]

OUT = Path("results/weights")
FIVE = ["3", "6", "1", "0", "4"]
WEIGHTS = ["weights", "--no-figures", "--quiet", "--overwrite"]


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(OUT / f"{name}.csv", dtype={"label": str})


def _write_patterns(path: Path, xi: Spins, shape: tuple[int, int]) -> None:
    pictures = np.where(xi > 0, "#", ".").reshape(len(xi), *shape)
    text = "\n\n".join("\n".join("".join(row) for row in picture) for picture in pictures)
    path.write_text(text + "\n", encoding="utf-8")


def _direct(network: Couplings) -> pd.DataFrame:
    """The table by its definitions, on the N x N matrix."""
    w = network.dense()
    theta = network.theta[network.site_class]
    rows = []
    for x in network.xi.astype(float):
        aligned = x * (w @ x - theta)
        rows.append(
            {
                "fixed_point": bool(np.all(aligned >= -1e-9)),
                "unstable_sites": int(np.sum(aligned < -1e-9)),
                "min_field": aligned.min(),
                "mean_field": aligned.mean(),
                "min_stability": (aligned / np.sqrt((w**2).sum(axis=1))).min(),
                "max_crosstalk": (1 - aligned / aligned.mean()).max(),
            }
        )
    return pd.DataFrame(rows)


def _assert_same(found: pd.DataFrame, network: Couplings) -> None:
    direct = _direct(network)
    for column in direct:
        if column in ("fixed_point", "unstable_sites"):
            assert found[column].tolist() == direct[column].tolist()
        else:
            assert found[column].tolist() == pytest.approx(
                direct[column].tolist(), rel=1e-8, abs=1e-9
            )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("p", "n_sites"), [(1, 2), (1, 9), (2, 30), (4, 64), (20, 100)])
def test_the_spectrum_is_that_of_the_dense_matrix(rule: str, p: int, n_sites: int) -> None:
    network = stored(random_patterns(8, p, n_sites), rule, kappa=0.1)
    values, multiplicities = spectrum(network)
    assert multiplicities.sum() == n_sites
    assert np.all(np.diff(values) < 0)
    direct = np.linalg.eigvalsh(network.dense())[::-1]
    np.testing.assert_allclose(np.repeat(values, multiplicities), direct, rtol=0, atol=2e-9)


@pytest.mark.parametrize("rule", RULES)
def test_the_tables_of_five_digits(run_hopcli: RunHopcli, five: Spins, rule: str) -> None:
    assert run_hopcli(*WEIGHTS, "--rule", rule).code == 0
    network = store(five, rule)
    table = _table("weights")
    assert table["label"].tolist() == FIVE
    assert table["source_index"].tolist() == [21607, 25559, 7411, 39155, 28089]
    _assert_same(table, network)
    values = _table("spectrum")
    assert values["multiplicity"].sum() == 784
    direct = np.linalg.eigvalsh(network.dense())[::-1]
    found = np.repeat(values["eigenvalue"].to_numpy(), values["multiplicity"].to_numpy())
    np.testing.assert_allclose(found, direct, rtol=1e-9, atol=2e-9)
    assert abs(found.sum()) < 1e-6, "W has no trace"


def test_hebbian_holds_no_digit_and_the_pseudo_inverse_all(run_hopcli: RunHopcli) -> None:
    run_hopcli(*WEIGHTS, "--rule", "hebbian")
    hebbian = _table("weights")
    assert not hebbian["fixed_point"].any()
    assert np.all(hebbian["unstable_sites"] > 0)
    assert np.all(hebbian["max_crosstalk"] > 1)
    run_hopcli(*WEIGHTS, "--rule", "pseudo-inverse")
    table = _table("weights")
    assert table["fixed_point"].all()
    assert table["unstable_sites"].tolist() == [0] * 5
    # W with its diagonal is a projector of rank five: h_i = xi_i (1 - W_ii).
    assert table["mean_field"].tolist() == pytest.approx([1 - 5 / 784] * 5)


def test_the_perceptron_sits_as_firmly_as_asked(run_hopcli: RunHopcli) -> None:
    for kappa in ("0.5", "2"):
        assert run_hopcli(*WEIGHTS, "--rule", "perceptron", "--kappa", kappa).code == 0
        table = _table("weights")
        assert table["fixed_point"].all()
        assert table["min_stability"].min() >= float(kappa) - 1e-9


@pytest.mark.parametrize("rule", ["hebbian", "storkey", "pseudo-inverse"])
@pytest.mark.parametrize("theta", [None, "0.3", "theta.txt"])
def test_the_tables_of_random_patterns(run_hopcli: RunHopcli, rule: str, theta: str | None) -> None:
    xi = random_patterns(3, 6, 48)
    _write_patterns(Path("random.txt"), xi, (6, 8))
    per_site = np.round(np.random.default_rng(1).normal(0, 0.5, 48), 6)
    np.savetxt("theta.txt", per_site)
    thresholds = per_site if theta == "theta.txt" else float(theta or 0)
    run = [*WEIGHTS, "--dataset", "text:random.txt", "--rule", rule]
    assert run_hopcli(*run, *(["--theta", theta] if theta else [])).code == 0
    table = _table("weights")
    assert table["label"].tolist() == ["1", "2", "3", "4", "5", "6"]
    _assert_same(table, store(xi, rule, thresholds))


def test_normalise_scales_the_spectrum(run_hopcli: RunHopcli) -> None:
    found = {}
    for divisor in ("N", "p", "none"):
        assert run_hopcli(*WEIGHTS, "--rule", "hebbian", "--normalise", divisor).code == 0
        found[divisor] = _table("spectrum")["eigenvalue"].to_numpy()
    assert found["none"][0] == pytest.approx(784 * found["N"][0], rel=1e-8)
    assert found["none"][0] == pytest.approx(5 * found["p"][0], rel=1e-8)


def test_dependent_patterns_are_refused_in_one_line(run_hopcli: RunHopcli) -> None:
    Path("same.txt").write_text("#.\n\n.#\n", encoding="utf-8")
    message = run_hopcli(*WEIGHTS, "--dataset", "text:same.txt").refused()
    assert "linearly independent" in message
    assert "1 and 2" in message
    assert not Path("results").exists()


def test_patterns_that_cannot_be_learnt_are_refused_in_one_line(run_hopcli: RunHopcli) -> None:
    run = [*WEIGHTS, "--rule", "perceptron", "--kappa", "50", "--epochs", "3"]
    message = run_hopcli(*run).refused()
    for number in ("kappa = 50", "5 patterns", "3 epochs"):
        assert number in message


@pytest.mark.parametrize(
    ("pixel", "words"),
    [
        ("28,0", "--pixel 28 '28,0'"),
        ("0,28", "--pixel 28 '0,28'"),
        ("14", "--pixel 0"),
        ("-1,3", "--pixel 0"),
        ("a,b", "--pixel 0 'a,b'"),
        ("1,2,3", "--pixel 0"),
    ],
)
def test_a_pixel_must_lie_in_the_picture(run_hopcli: RunHopcli, pixel: str, words: str) -> None:
    refusal = run_hopcli(*WEIGHTS, f"--pixel={pixel}").refused()
    for piece in words.split():
        assert piece in refusal


def test_the_last_pixel_lies_in_the_picture(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*WEIGHTS, "--pixel", "27,27").code == 0
