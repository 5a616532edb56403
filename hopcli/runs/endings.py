"""The end of a command that failed or was stopped: what is true in its folders, and the exit code.

This is the one place that says so. It goes by what has been published, which
:mod:`hopcli.results.files` notes at the moment of it, and by what a command has said that it
was asked for and keeps.

====  ===================================================================================
code  meaning
====  ===================================================================================
0     done
1     done, with a difference or a failure that was printed
2     refused or failed; earlier results are unchanged
3     finished without pictures: tables and manifest are in place
130   interrupted
143   terminated
====  ===================================================================================
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from hopcli.results.files import written

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NO_PICTURES", "begin", "code_of", "expect", "keep", "truth"]

NO_PICTURES = 3
"""Exit code of a run whose tables and manifest are in place, but not its pictures."""

_NAMED = 3  # folders that are named
_due: dict[Path, str] = {}
_there: list[Path] = []
_earlier: list[Path] = []
_kept: dict[Path, str] = {}


def begin() -> None:
    """Forget what an earlier command of this process has done."""
    for known in (written, _there, _earlier):
        known.clear()
    _due.clear()
    _kept.clear()


def expect(folder: Path, command: str, *, pictures: bool, finished: bool = False) -> None:
    """Say that a run is about to be made, or drawn, in a folder that is locked for it.

    Parameters
    ----------
    folder : Path
        The folder.
    command : str
        Its command.
    pictures : bool
        Whether pictures are to be drawn of it.
    finished : bool
        Whether the run is there, and only its pictures may be missing.
    """
    if pictures:
        _due[folder] = command
    if finished:
        _there.append(folder)
    elif os.path.lexists(folder / f"{command}.json"):
        _earlier.append(folder)


def keep(folder: Path, text: str) -> None:
    """Say what of an unfinished run is kept, which the same command goes on with."""
    _kept[folder] = text


def truth() -> str:
    """What is true by now, in a clause or more; empty if nothing was written."""
    runs = [*_there, *(one.place for one in written if one.command and not one.drawn)]
    lacking = [folder for folder in dict.fromkeys(runs) if _lacks_pictures(folder)]
    whole = [folder for folder in dict.fromkeys(runs) if folder not in lacking]
    others = dict.fromkeys(one.place for one in written if one.place not in runs)
    clauses = [f"{_listed(whole)} finished"] if whole else []
    clauses += [_undrawn(folder) for folder in lacking]
    clauses += [f"{_listed([*others])} written"] if others else []
    kept = [text for folder, text in _kept.items() if folder not in runs]
    if clauses and not (lacking or kept):
        kept = ["nothing else was written"]
    if not (clauses or kept) and _earlier:
        return f"the earlier results in {_earlier[-1]} are unchanged"
    return ", ".join([*clauses, *kept])


def code_of(code: int) -> int:
    """The exit code of a failure: another one where a run is in place and lacks its pictures."""
    return NO_PICTURES if any(map(_lacks_pictures, _due)) else code


def _lacks_pictures(folder: Path) -> bool:
    """Whether a run is in place whose pictures are asked for and are not."""
    ours = [one for one in written if one.place == folder and one.command == _due.get(folder)]
    is_there = bool(ours) or (folder in _there and folder in _due)
    return is_there and not any(one.drawn for one in ours)


def _undrawn(folder: Path) -> str:
    again = shlex.join(["hopcli", "plot", str(folder)])
    return f"{folder} is finished without its pictures: `{again}` draws them"


def _listed(places: list[Path]) -> str:
    named = " and ".join(str(place) for place in places[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"{named}{more} {'is' if len(places) == 1 else 'are'}"
