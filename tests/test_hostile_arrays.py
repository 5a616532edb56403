"""Arrays of a run folder from elsewhere: any type and shape, with hashes that fit them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from conftest import few_and_many, random_patterns
from test_figures_weights import write_patterns

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


@few_and_many("n_cases", 10, 77)
def test_every_array_of_a_run_may_be_anything(run_hopcli: RunHopcli, n_cases: int) -> None:
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))
    data = ["--dataset", "text:five.txt", "--samples", "1"]
    assert run_hopcli("select", *data, "--out", "a", "--no-figures").code == 0
    manifest, file = Path("a/select.json"), Path("a/patterns.npz")
    whole = json.loads(manifest.read_text(encoding="utf-8"))
    with np.load(file) as archive:
        arrays = dict(archive)
    cases = [(name, wrong) for name, array in arrays.items() for wrong in changed(array)]
    assert len(cases) == 77
    refused = 0
    for name, wrong in cases[:: len(cases) // n_cases]:
        np.savez(file, **{**arrays, name: wrong})
        outputs = {**whole["outputs"], "patterns.npz": sha256_of(file)}
        manifest.write_text(json.dumps({**whole, "outputs": outputs}), encoding="utf-8")
        for command in (["plot", "a", "--out", "p", "--dpi", "20"], ["report", "a"]):
            done = run_hopcli(*command, "-q")
            refused += done.code == 2
            assert (done.code, done.err.count("\n")) in ((0, 0), (2, 1)), (name, wrong)
    assert refused > n_cases / 3
