"""Print the oldest allowed versions of all dependencies, for ``make oldest``."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

FLOOR = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\w.]+)(,.*)?")


def pins(pyproject: str) -> list[str]:
    """Return pip's constraints: the oldest allowed version of each dependency.

    A dependency with a floor in several places gets one pin for each; pip refuses those that
    differ. What is tied to one version has no floor, and no pin.
    """
    project = tomllib.loads(pyproject)["project"]
    optional = project["optional-dependencies"].values()
    found = {*project["dependencies"], *(one for extra in optional for one in extra)}
    floors = filter(None, map(FLOOR.fullmatch, found))
    return sorted({f"{floor['name']}=={floor['version']}" for floor in floors})


if __name__ == "__main__":
    path = Path(__file__).parent.parent / "pyproject.toml"
    sys.stdout.write("\n".join(pins(path.read_text(encoding="utf-8"))) + "\n")
