"""Run the notebooks included in hopcli, and write their outputs into them.

``make notebooks`` does so after a change of a notebook, or of what it shows.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "hopcli" / "notebooks"

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_TOO_LONG = 300  # seconds a cell may take: the first one may have to compile


def read(path: Path) -> Any:
    """Read a committed notebook."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def executed(path: Path) -> Any:
    """Run a notebook in an empty folder; return it with the new outputs."""
    notebook = read(path)
    with tempfile.TemporaryDirectory() as folder:
        where: dict[str, Any] = {
            "kernel_name": "python3",
            "resources": {"metadata": {"path": folder}},
        }
        client = NotebookClient(notebook, timeout=_TOO_LONG, record_timing=False, **where)
        # Neither bars nor the settings of whoever runs it are to be seen.
        settings = {"IPYTHONDIR": folder, "JUPYTER_CONFIG_DIR": folder, "TQDM_DISABLE": "1"}
        client.execute(env={**os.environ, **settings})
        left = sorted(p.name for p in Path(folder).iterdir() if p.name not in _OF_IPYTHON)
        assert not left, f"{path.name} leaves {left} behind"
    notebook.metadata = nbformat.from_dict(_METADATA)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


_OF_IPYTHON = ("profile_default", "migrated", "README")


def shown(notebook: Any) -> list[list[str]]:
    """Return the output of each code cell as text; pictures as a placeholder."""
    return [
        [_as_text(output) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _as_text(output: Any) -> str:
    if output.output_type == "stream":
        return f"{output.name}: {output.text}"
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    data = {**output.data, **{kind: "" for kind in output.data if kind.startswith("image/")}}
    text = "\n".join(f"{kind}: {data[kind]}" for kind in sorted(data))
    return re.sub(r"data:image/png;base64,[\w+/=]+", "", text)


def main() -> None:
    """Run every notebook and write it anew."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        nbformat.write(executed(path), path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
