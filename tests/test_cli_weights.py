"""``hopcli weights`` against the dense N x N matrix."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import random_patterns, stored, write_patterns
from numpy.typing import NDArray
from shell import Shell, Table, table

from hopcli.network import Network
from hopcli.rules import RULES, store
from hopcli.theory import spectrum

Spins = NDArray[np.int8]

FIVE = ["3", "6", "1", "0", "4"]


def weights(shell: Shell, flags: str) -> Table:
    shell.run(f"weights --no-figures --quiet --overwrite --out out {flags}")
    return table("out/weights.csv")


def _assert_same(found: Table, network: Network) -> None:
    """Compare a table with its definitions on the N x N matrix."""
    w, theta = network.dense(), network.theta[network.site_class]
    norms = np.sqrt((w**2).sum(axis=1))
    for (_, row), x in zip(found.iterrows(), network.xi.astype(float), strict=True):
        aligned = x * (w @ x - theta)
        unstable = int(np.sum(aligned < -1e-9))
        assert (row["fixed_point"], row["unstable_sites"]) == (unstable == 0, unstable)
        expected = {
            "min_field": aligned.min(),
            "mean_field": aligned.mean(),
            "min_stability": (aligned / norms).min(),
            "max_crosstalk": (1 - aligned / aligned.mean()).max(),
        }
        assert row[list(expected)].to_dict() == pytest.approx(expected, rel=1e-8, abs=1e-9)


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
def test_the_tables_of_five_digits(shell: Shell, five: Spins, rule: str) -> None:
    found = weights(shell, f"--rule {rule} --pixel 27,27")
    network = store(five, rule)
    assert found["label"].tolist() == FIVE
    assert found["source_index"].tolist() == [21607, 25559, 7411, 39155, 28089]
    _assert_same(found, network)
    values = table("out/spectrum.csv")
    assert values["multiplicity"].sum() == 784
    every = np.repeat(values["eigenvalue"].to_numpy(), values["multiplicity"].to_numpy())
    assert abs(every.sum()) < 1e-6, "W has no trace"
    if rule == "hebbian":  # the others are compared at small N
        direct = np.linalg.eigvalsh(network.dense())[::-1]
        np.testing.assert_allclose(every, direct, rtol=1e-9, atol=2e-9)
        assert not found["fixed_point"].any()
        assert np.all(found["max_crosstalk"] > 1)
    if rule == "pseudo-inverse":
        assert found["unstable_sites"].tolist() == [0] * 5
        # W with its diagonal is a projector of rank five: h_i = xi_i (1 - W_ii).
        assert found["mean_field"].tolist() == pytest.approx([1 - 5 / 784] * 5)


@pytest.mark.parametrize("rule", ["hebbian", "storkey", "pseudo-inverse"])
@pytest.mark.parametrize("theta", ["0", "0.3", "theta.txt"])
def test_the_tables_of_random_patterns(shell: Shell, rule: str, theta: str) -> None:
    xi = random_patterns(3, 6, 48)
    write_patterns("random.txt", xi, (6, 8))
    per_site = np.round(np.random.default_rng(1).normal(0, 0.5, 48), 6)
    np.savetxt("theta.txt", per_site)
    found = weights(shell, f"--dataset text:random.txt --rule {rule} --theta {theta}")
    assert found["label"].tolist() == ["1", "2", "3", "4", "5", "6"]
    _assert_same(found, store(xi, rule, per_site if theta == "theta.txt" else float(theta)))
