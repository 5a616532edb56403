"""The state of the folders that a command writes, to report when it fails or is stopped.

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

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NO_PICTURES = 3
"""Exit code of a run whose tables and manifest are in place, but not its pictures."""

_NAMED = 3  # folders that are named


@dataclass
class _State:
    """State of a folder or file: its run is finished, a picture is missing, and so on."""

    finished: bool = False
    undrawn: bool = False
    earlier: bool = False
    kept: str = ""


_states: dict[Path, _State] = {}


def begin() -> None:
    """Forget the folders of an earlier command of this process."""
    _states.clear()


def expect(folder: Path, *, pictures: bool, finished: bool = False, earlier: bool = False) -> None:
    """Note that a run is about to be made, or drawn, in a folder that is locked for it.

    Parameters
    ----------
    folder : Path
        The folder.
    pictures : bool
        Pictures of the run are to be drawn.
    finished : bool
        The run is finished; only its pictures may be missing.
    earlier : bool
        The folder holds an earlier run, which this one replaces.
    """
    _states[folder] = _State(finished, pictures, earlier)


def wrote(place: Path, *, drawn: bool = False) -> None:
    """Note that a run, or the pictures of one, are in a folder now, or that a file is written."""
    state = _states.setdefault(place, _State())
    state.finished, state.undrawn = True, state.undrawn and not drawn


def keep(folder: Path, text: str) -> None:
    """Note the parts of an unfinished run that are kept."""
    _states.setdefault(folder, _State()).kept = text


def is_finished(folder: Path) -> bool:
    """Return whether a run has been finished in a folder."""
    return folder in _states and _states[folder].finished


def _lacking() -> list[Path]:
    return [place for place, state in _states.items() if state.finished and state.undrawn]


def truth() -> str:
    """Describe what is written by now, in a clause or more; empty if nothing is."""
    import shlex

    lacking = _lacking()
    whole = [place for place, state in _states.items() if state.finished and not state.undrawn]
    kept = [state.kept for state in _states.values() if state.kept and not state.finished]
    clauses = [f"{_listed(whole)} finished"] if whole else []
    for folder in lacking:
        again = shlex.join(["hopcli", "plot", str(folder)])
        clauses.append(f"{folder} is finished without its pictures: `{again}` draws them")
    if clauses and not (lacking or kept):
        kept = ["nothing else was written"]
    earlier = [place for place, state in _states.items() if state.earlier]
    if not (clauses or kept) and earlier:
        return f"the earlier results in {earlier[-1]} are unchanged"
    return ", ".join([*clauses, *kept])


def code_of(code: int) -> int:
    """Return the exit code of a failure: another one where a finished run lacks its pictures."""
    return NO_PICTURES if _lacking() else code


def _listed(places: list[Path]) -> str:
    named = " and ".join(str(place) for place in places[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    return f"{named}{more} {'is' if len(places) == 1 else 'are'}"
