"""The Python of the README runs as it stands there, and does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import CHECKOUT

import hopcli


def _block(heading: str) -> str:
    """The Python of a section of the README."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return "".join(re.findall("```python\n(.*?)```", section, flags=re.DOTALL))


def test_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    block = _block("From Python")
    with pytest.warns(hopcli.HopcliWarning, match=r"^at T = 0\.3 the stored pattern"):
        exec(compile(block, "README.md", "exec"), names)
    assert len(names["mnist"]) == 60_000
    assert names["memory"].rule == "storkey"
    assert names["patterns"].labels == ("3", "6", "1", "0", "4")
    np.testing.assert_allclose(names["end"].energy, names["memory"].energy(names["end"].spins))
    run, table = names["run"], names["table"]
    assert {path.name for path in Path("warm").iterdir()} >= {"recall.json", "accuracy.png"}
    np.testing.assert_allclose(table["accuracy"], run.tables["accuracy"]["accuracy"])
    assert set(table["temperature"]) == {0.3}
    assert set(names["cells"].table["rule"]) == {"hebbian", "storkey"}
    stated = re.findall(r"scores\.mean\(\) +# (.*)", block)
    assert stated == [f"{names['scores'].mean():.3f}"]


def test_experiments_as_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the comments beside them are what comes out."""
    monkeypatch.chdir(CHECKOUT)  # a finished run is loaded
    names: dict[str, Any] = {}
    block = _block("Development")
    exec(compile(block, "README.md", "exec"), names)
    assert names["plan"].config.digits == ("3", "6", "1", "0", "4")
    assert f"# {names['plan'].config.digits}" in block
    assert len(names["result"].tables["accuracy"]) == 6
