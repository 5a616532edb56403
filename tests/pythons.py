"""Run the study's tests and the wheel under every Python found: ``make pythons``.

The script searches the PATH and pyenv's root for one Python per version of the
classifiers in pyproject.toml. A version without an interpreter is listed, but is not a failure.

    python tests/pythons.py build/packages/hopcli-0.1.0-py3-none-any.whl
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
TESTS = ("tests/test_study.py", "tests/test_kernels.py", "tests/test_rules.py")
NEEDED = ("pytest", "pytest-xdist", "hypothesis", "jsonschema")


def versions() -> list[str]:
    """Return the versions that the classifiers name, such as ``"3.12"``."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [line.rsplit(" ", 1)[1] for line in project["classifiers"] if "Python :: 3." in line]
    return sorted(names, key=lambda name: int(name.split(".")[1]))


def interpreter(version: str) -> str | None:
    """Return the path of a working interpreter of a version, None if there is none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    below = sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    for candidate in (f"python{version}", *map(str, below)):
        code = "import sys; print(sys.executable)"
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            return subprocess.check_output([candidate, "-c", code], text=True).strip()
    return None


def try_out(python: str, version: str, wheel: str) -> int:
    """Install the wheel in a new environment, try it and run the study's tests."""
    place = CHECKOUT / "build" / f"python{version}"
    own = place / "bin" / "python"
    steps: tuple[list[str | Path], ...] = (
        [python, "-m", "venv", "--clear", place],
        [own, "-m", "pip", "install", "--quiet", wheel, *NEEDED],
        [own, CHECKOUT / "tests" / "wheel_smoke.py"],
        # The classes of newer packages may warn; the numbers are what is compared.
        [own, "-P", "-m", "pytest", "-n", "2", "-o", "filterwarnings=default", *TESTS],
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(place / "numba")}
    for step in steps:
        code = subprocess.run(step, cwd=CHECKOUT, env=environment, check=False).returncode
        if code:
            return code
    return 0


def main(wheel: str) -> None:
    """Try every version, print a line for each; exit code 1 if one fails."""
    ends = {}
    for version in versions():
        python = interpreter(version)
        code = None if python is None else try_out(python, version, wheel)
        ends[version] = {None: "not found", 0: "passed"}.get(code, "failed")
    for version, end in ends.items():
        sys.stdout.write(f"Python {version}: {end}\n")
    sys.exit("failed" in ends.values())


if __name__ == "__main__":
    main(sys.argv[1])
