"""Configuration files: the user's own and those that come with hopcli."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hopcli.errors import DataError, io_errors
from hopcli.values import nearest

_LARGEST = 1_000_000  # bytes of a configuration
_DEEPEST = 50  # parts of a key; a parser's time grows with the square of their number
_TOKEN = re.compile(
    r"""
    \"{3} (?: \\. | [^\\] )*? (?: \"{3,5} | \\?\Z ) | '{3} .*? (?: '{3,5} | \Z )
    | \" (?: \\. | [^"\\\n] )* \"? | ' [^'\n]* '? | \# [^\n]*
    """,
    re.DOTALL | re.VERBOSE,
)
"""A TOML text or comment; an unterminated one extends to the end."""
_DOTTED = re.compile(r"[\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*")
_LONGEST_NAME = 80  # characters of a name in a message
_PLACES = {"configuration": "configs", "list of claims": "configs/claims"}


def shipped_configs(kind: str = "configuration") -> dict[str, Path]:
    """Return the configurations, or lists of claims, that come with hopcli, by name."""
    here, place = Path(__file__).parent.parent, _PLACES[kind]
    folders = (here / place, here.parent / place)  # in a wheel; in a checkout
    folder = next((f for f in folders if f.is_dir()), folders[0])
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_config(name: str, kind: str = "configuration", also: Iterable[str] = ()) -> Path:
    """Return a file: that of a path, or the one of this name that comes with hopcli.

    Parameters
    ----------
    name : str
        Path or name.
    kind : {"configuration", "list of claims"}
        What the file contains.
    also : iterable of str
        Other names that the caller takes, for the hint at the nearest.

    Raises
    ------
    DataError
        If neither a file nor one that comes with hopcli has this name.
    """
    path, shipped = Path(name), shipped_configs(kind)
    with io_errors(name, kind=DataError):
        try:
            exists, is_file = path.exists(), path.is_file()
        except PermissionError:
            raise
        except (OSError, ValueError):  # such as a name that is too long
            exists = is_file = False
    if is_file:
        return path
    if name in shipped:
        return shipped[name]
    if exists:
        is_folder = "a folder" if path.is_dir() else "no file"
        raise DataError(f"{name or repr(name)}: must be a {kind} file, is {is_folder}")
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."
    raise DataError(
        f"{shown or repr(name)}: no such file, nor a {kind} that comes with hopcli"
        f"{nearest(name, [*shipped, *also])}"
    )


def read_config(path: Path) -> dict[str, Any]:
    """Read the keys and values of a TOML file, without checking them.

    Raises
    ------
    DataError
        If the file cannot be read or is not TOML.
    """
    import tomllib

    with io_errors(path, kind=DataError):
        n_bytes = path.stat().st_size
        if n_bytes > _LARGEST:
            rule = f"must be a TOML file of at most {_LARGEST:,} bytes"
            raise DataError(f"{path}: {rule}, found {n_bytes:,}")
        content = path.read_bytes()
    try:
        text = content.decode()
        if _depth(text) > _DEEPEST:
            raise ValueError(f"it must have keys of at most {_DEEPEST} parts")
        return tomllib.loads(text)
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a TOML file: it is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a TOML file: {error}") from None


def _depth(text: str) -> int:
    """Return the number of parts of the longest dotted key, or of a text that looks like one."""
    bare = _TOKEN.sub("q", text)
    return 1 + max((found[0].count(".") for found in _DOTTED.finditer(bare)), default=0)
