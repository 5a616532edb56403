"""The texts of the page, in one JSON file per language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hopcli.errors import DataError

_HERE = Path(__file__).parent
_LARGEST = 1_000_000  # bytes


def languages(file: Path | None = None) -> dict[str, dict[str, Any]]:
    """Read the texts of all languages.

    Parameters
    ----------
    file : Path, optional
        JSON file of a further language, with the keys of ``texts.en.json``. The language
        code is the part of its name before ``.json`` and after any other dot
        (``texts.fr.json``, ``fr.json``).

    Returns
    -------
    dict of str to dict
        Texts by key, for each language code.

    Raises
    ------
    DataError
        If the file cannot be read, or lacks a key.
    """
    codes = ("en", "de")
    known = {code: _read(_HERE / f"texts.{code}.json") for code in codes}
    if file is None:
        return known
    code = file.stem.rpartition(".")[2]
    if not (code.isascii() and code.replace("-", "").isalnum() and 2 <= len(code) <= 12):
        raise DataError(f"{file}: must be named after its language, such as texts.fr.json")
    words = _read(file)
    for key, text in known["en"].items():
        if not _fits(words.get(key), text):
            raise DataError(f"{file}: {key!r} must be {_kind(text)}; texts.en.json has it")
    return {**known, code: {key: words[key] for key in known["en"]}}


def _kind(text: Any) -> str:
    return "an object with the same keys" if isinstance(text, dict) else "a text"


def _fits(value: Any, text: Any) -> bool:
    """Return whether a value has the same structure as the English text."""
    if isinstance(text, dict):
        return isinstance(value, dict) and all(_fits(value.get(key), text[key]) for key in text)
    if isinstance(text, list):
        return isinstance(value, list) and len(value) == len(text) and all(map(_fits, value, text))
    return isinstance(value, str)


def _read(file: Path) -> dict[str, Any]:
    """Read a JSON object."""
    rule = "must be a JSON object of texts"
    try:
        if file.stat().st_size > _LARGEST:
            raise DataError(f"{file}: {rule}, found more than {_LARGEST:,} bytes")
        words = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file}: {rule}; cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{file}: {rule}, found other data") from None
    if not isinstance(words, dict):
        raise DataError(f"{file}: {rule}, found {type(words).__name__}")
    return words
