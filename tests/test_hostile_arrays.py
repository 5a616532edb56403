"""Arrays of a run folder from elsewhere: any type and shape, with hashes that fit them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns
from test_figures_weights import write_patterns

from hopcli.errors import DataError
from hopcli.patterns import read_patterns
from hopcli.results.folder import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import RunHopcli
    from numpy.typing import NDArray


def changed(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """What may be in its place."""
    yield array[:0] if array.ndim else np.array([])
    yield np.array(1)
    yield np.zeros((0, 5, 0))
    yield np.concatenate([array, array]) if array.ndim else array.reshape(1, 1, 1)
    for value in (np.inf, np.nan, -5, 0, 2**62, 1j, "<b>$x\x1b"):
        yield np.full(array.shape, value)


@pytest.fixture
def select(run_hopcli: RunHopcli) -> RunHopcli:
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))
    data = ["--dataset", "text:five.txt", "--samples", "1"]
    assert run_hopcli("select", *data, "--out", "a", "--no-figures").code == 0
    return run_hopcli


@pytest.mark.parametrize("shape", [(-6, -7), (0, 42), (6.0, 7.0), (np.inf, 1), (42,), (6, 7, 1)])
def test_a_picture_has_a_height_and_a_width(select: RunHopcli, shape: tuple[float, ...]) -> None:
    with np.load("a/patterns.npz") as archive:
        arrays = dict(archive)
    assert read_patterns(Path("a/patterns.npz")).shape == (6, 7)
    np.savez("b.npz", **{**arrays, "shape": np.array(shape)})
    with pytest.raises(DataError):
        read_patterns(Path("b.npz"))
    assert select("show", "b.npz").refused().startswith("b.npz: ")


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_every_array_of_a_run_may_be_anything(select: RunHopcli, step: int) -> None:
    manifest = Path("a/select.json")
    whole = json.loads(manifest.read_text(encoding="utf-8"))
    with np.load("a/patterns.npz") as archive:
        arrays = dict(archive)
    cases = [(name, wrong) for name, array in arrays.items() for wrong in changed(array)]
    refused = 0
    for name, wrong in cases[::step]:
        np.savez("a/patterns.npz", **{**arrays, name: wrong})
        outputs = {**whole["outputs"], "patterns.npz": sha256_of(Path("a/patterns.npz"))}
        manifest.write_text(json.dumps({**whole, "outputs": outputs}), encoding="utf-8")
        for command in (["plot", "a", "--out", "p", "--dpi", "20"], ["report", "a"]):
            done = select(*command, "-q")
            refused += done.code == 2
            assert (done.code, done.err.count("\n")) in ((0, 0), (2, 1)), (name, wrong)
    assert len(cases) > 60
    assert refused > len(cases) / step / 3
