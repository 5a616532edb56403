"""The notebooks run in any folder without a warning, with the committed outputs."""

from __future__ import annotations

import json
import operator
import re
from pathlib import Path

import notebooks
import pytest

PATHS = sorted(notebooks.FOLDER.glob("*.ipynb"))
MOST_BYTES = 400_000
MACHINE = re.compile(r"/(home|root|tmp|Users|work)/")
SHORTEST = "own-pictures"

STEM = operator.attrgetter("stem")
SOME = [p if p.stem == SHORTEST else pytest.param(p, marks=pytest.mark.slow) for p in PATHS]


# The kernel's sockets and the loop of asyncio complain of themselves when they are closed.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("path", SOME, ids=STEM)
def test_runs_and_shows_what_is_committed(path: Path) -> None:
    # A cell that fails raises; whatever it shows else is compared, warnings too.
    assert notebooks.shown(notebooks.executed(path)) == notebooks.shown(notebooks.read(path))


@pytest.mark.parametrize("path", PATHS, ids=STEM)
def test_is_committed_run_and_tidy(path: Path) -> None:
    notebook = notebooks.read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 4
    assert {output.get("name") for output in outputs} <= {None, "stdout"}
    assert not any(output.output_type == "error" for output in outputs)
    assert sorted(notebook.metadata) == ["kernelspec", "language_info"]
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert path.stat().st_size < MOST_BYTES
    text = json.dumps([*notebooks.shown(notebook), *(cell.source for cell in notebook.cells)])
    assert not MACHINE.search(text)
