"""Bad values of every kind of setting, as flags and as keys of a file.

The settings come from the catalogue, the bad values from their kinds: a new setting is
tried as it is declared, and a new kind has to say here what is bad.
"""

# ruff: noqa: RUF001 - digits of other scripts are what is tried

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hopcli.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hopcli.config import Setting

__all__ = ["Tried", "tried_settings"]

# --- as flags -----------------------------------------------------------------------------

_ENORMOUS = "9" * 5000
_NOTHING = ("", "  ", "\n")
_FOREIGN = ("é", "٣", "１", "½", "日本", "a\0b")
_NO_NUMBER = (*_NOTHING, *_FOREIGN, "x", "nan", "inf", "-inf", "1_0", "0x10", "1,2", "1 2", "--1")
_NO_INTEGER = (*_NO_NUMBER, "1.5", "1e3", "-1", _ENORMOUS, "3\n4")
_NO_REAL = (*_NO_NUMBER, "NaN", "infinity", "1e999", "-1e999", _ENORMOUS, "0,5")
_NO_NAME = (*_NOTHING, "é", "a\0b", "1", "Nope", "a,b", _ENORMOUS)
_NO_PATH = ("", "  ", "a\0b", "x" * 5000)

_FLAGS: dict[str, tuple[str, ...]] = {
    "INTEGER": _NO_INTEGER,
    "NUMBER": _NO_REAL,
    "SOURCE": (
        *(*_NO_PATH, "nope", "é:x", "MNIST", "mnist:x", "idx", "idx:", "openml:", "text:a\0b"),
        *(f"{source}:nowhere" for source in ("idx", "npz", "text", "images")),
        *("idx:..", "npz:.", "text:..", "images:a\nb", "text:/dev/zero", "npz:/dev/zero"),
    ),
    "INTEGER|otsu|mean": (*_NO_INTEGER, "256", "Otsu", "otsu,mean"),
    "WxH": (
        *("", "x", "28", "28x", "x28", "0x28", "28x0", "-1x28", "2x2x2", "28,28", "nanxnan"),
        *("1.5x2", "２８x２８", "2_8x28", f"{_ENORMOUS}x1", "é", "a\0b", "99999x99999"),
    ),
    "LABELS": ("", ",", "3,3", "3,,6", " ", "3,x", "é", "a\0b", _ENORMOUS, "3,\n"),
    "LABEL": (*_NOTHING, "x", "a\0b", _ENORMOUS),
    "FILE": (*_NO_PATH, "nowhere.npz", ".", "..", "/dev/zero", "a\nb"),
    "INDICES": (
        *("", ",", "1,1", "1,,2", "x", "-1", "1.5", "nan", "1000000000", _ENORMOUS, "1,99"),
        *("٣", "1_0,2", "é", "a\0b"),
    ),
    "NUMBER|FILE": (
        *(*_NO_PATH, "nan", "inf", "-inf", "1e999", "1e7", "-1e7", "nowhere", "é", "1_0", "１"),
        *(".", "/dev/zero", "a\nb"),
    ),
    "ATTEMPTS": (
        *("", "0", "-1", "1.5", "nan", "N/0", "0N", "N*2", "n/2", "N/", "NN", "1000000000"),
        *(_ENORMOUS, "é", "a\0b", "２N", "1_0", "+5"),
    ),
    "NUMBER|SCHEDULE": (
        *(*_NO_REAL, "-1", "1:2", "1:2:3", "0:1:geometric", "1:0:geometric", "1:2:linear:x"),
        *("nan:1:linear", "1:inf:linear", ":::", "1:2:Linear", "１:2:linear", "1_0:2:linear"),
    ),
    "START": (
        *("", "nope", "image,", "image,nope", ":", ",", ",,,", "pattern:1", "majority:2", "text:"),
        *(f"flip{argument}" for argument in ("", ":", ":2", ":-1", ":nan", ":٣", ":1_0", ":0.1,x")),
        *(f"flip-rows:{argument}" for argument in ("1.5", "-1", "999999", "1000000")),
        *(f"occlude{argument}" for argument in ("", ":top", ":middle:0.1", ":top:2", ":top:x")),
        *("random:2", "random:x", "random:", "blend:3", "blend:3:x", "blend:a:b:c", "blend::3"),
        *("text:nowhere", "text:a\0b", "text:a\nb", "é", "a\0b", "a\nb", "x" * 5000, "flip:0.1,"),
        *("image," * 3000, "flip:0.1," * 2000 + "x"),
    ),
    "INTEGER|all": (*_NO_INTEGER, "0", "All", "all,1"),
    "NUMBER|auto": (*_NO_REAL, "0", "-1", "1.5", "Auto", "auto,1"),
    "FILE.gif": (
        *("", "a", "a.mp4", ".gif", "..gif", "../a.gif", "a/b.gif", "a\\b.gif", "a\0b.gif"),
        *(
            f"{'x' * 300}.gif",
            "accuracy.png",
            "gallery-2.png",
            "a.gif\n",
            "é",
            "\n.gif",
            "a\nb.gif",
        ),
    ),
    "FIRST:LAST:STEP": (
        *("", ",", "x", "1:0:0.1", "0:1:0", "0:1:-1", "0:1", "0:1:0.1:2", "nan:1:1", "0:inf:1"),
        *("0:1:nan", "0:1e9:1e-9", "0:1:1e-99999", "1e999999:1:1", "0.2,0.1", "0.1,0.1", "-1,1"),
        *("nan", "inf", "0.1,nan", "0.1,", "é", "a\0b", _ENORMOUS, "1_0", "１", "1_0:20:1"),
    ),
    "ROW,COLUMN": (
        *("", "1", "1,", "1,2,3", "-1,1", "x,y", "1.5,2", "nan,1", "999999,0", "0,999999"),
        *(f"{_ENORMOUS},1", "１,1", "1_0,1", "é", "a\0b"),
    ),
    "NAMES": ("", ",", "nope", "hebbian,hebbian", "hebbian,x", "Hebbian", "é", "a\0b", _ENORMOUS),
    "SIZES": (
        *("", "1", "0", "-5", "20001", "10,10", "20,10", "x", "1.5", "nan", _ENORMOUS, "10,"),
        *("é", "a\0b", "1_0", "１０"),
    ),
    "SCALES": ("", "0", "-5", "33", "2,2", "2,1", "x", "1.5", "nan", _ENORMOUS, "1,", "é", "１"),
}
"""What no flag of a kind may be, by the word that stands for its value in the help."""

# --- as keys of a file -----------------------------------------------------------------------

_DATE = "1979-05-27"
_HUGE = ("9" * 4000, "-" + "9" * 4000, "0x" + "f" * 3000)
_NO_VALUE = ("true", "''", "nan", "[]", "{}", "{ a = 1 }", _DATE)
_WHOLE = ("1.0", "1.5", "inf", "'3'", "[1]", "07:32:00", "1979-05-27T07:32:00Z", *_HUGE)
_REAL = ("'0.5'", "'x'", "'nan'", "inf", "-inf", "[0.5]", "07:32:00", *_HUGE)
_WORD = ("'  '", "1.5", '"a\\u0000b"', f"'{'y' * 5000}'")
_LIST = ("1.5", "[nan]", "[[]]", "[{}]", "[true]")

_KEYS: dict[str, tuple[str, ...]] = {
    "": ("1", "0", "'true'", "''", "nan", "1.0", "[]", "[true]", "{}", _DATE),
    "INTEGER": (*_NO_VALUE, *_WHOLE),
    "NUMBER": (*_NO_VALUE, *_REAL),
    "SOURCE": (*_NO_VALUE, *_WORD, *_HUGE, "1", "[['mnist']]", "'nope'", "'é:x'", "'idx:'"),
    "INTEGER|otsu|mean": (*_NO_VALUE, *_WHOLE, "256", "-1", "'Otsu'", "['otsu']"),
    "WxH": (
        *(*_NO_VALUE, "28", "28.0", "[28]", "[28, 28, 28]", "[0, 1]", "[1, -1]", "[1.0, 2]"),
        *("['28', '28']", "[true, true]", "[nan, 1]", "'28'", "'2８x28'", *_HUGE),
    ),
    "LABELS": (*_NO_VALUE, *_LIST, "[3, 3]", "[3, '3']", "['']", "[' ']", "'3,3'", "'3,'", "3"),
    "LABEL": (*_NO_VALUE, "' '", "1.5", "['3']"),
    "FILE": (*_NO_VALUE, *_WORD, *_LIST, "1", "[1, 1]", "[-1]", "[1000000000]", "['a']", *_HUGE),
    "INDICES": (
        *(*_NO_VALUE, *_LIST, "'1,2'", "1", "[1.5]", "[1, 1]", "[-1]", "[1000000000]", "['1']"),
        f"[{_HUGE[0]}]",
    ),
    "NUMBER|FILE": (
        *(*_NO_VALUE, "' '", '"a\\u0000b"', f"'{'y' * 5000}'", "inf", "-inf", "1e7", "[1]"),
        *_HUGE,
    ),
    "ATTEMPTS": (*_NO_VALUE, "0", "-1", "1.5", "1000000000", "'N/0'", "'０N'", "'x'", *_HUGE),
    "NUMBER|SCHEDULE": (
        *(*_NO_VALUE, "'x'", "inf", "-1", "'1:2'", "'0:1:geometric'", "'nan:1:linear'"),
        *("'1_0:1:linear'", *_HUGE),
    ),
    "START": (*_NO_VALUE, "1", "'nope'", "'flip:2'", "'flip:nan'", "'a:b:c:d'", *_HUGE),
    "INTEGER|all": (*_NO_VALUE, "0", "-1", "1.5", "'3'", "'All'", *_HUGE),
    "NUMBER|auto": (*_NO_VALUE, "0", "-1", "1.5", "inf", "'0.5'", "'Auto'", *_HUGE),
    "FILE.gif": (*_NO_VALUE, "1", "'a.mp4'", "'../a.gif'", '"a\\u0000.gif"', "'trace.png'", *_HUGE),
    "FIRST:LAST:STEP": (
        *(*_NO_VALUE, *_LIST, "[inf]", "[-1]", "['0.5']", "[0.2, 0.1]", "[0.1, 0.1]", "[[0.1]]"),
        *("'1:0:0.1'", "'0:1:0'", f"[{_HUGE[0]}]"),
    ),
    "ROW,COLUMN": (
        *(*_NO_VALUE, *_LIST, "1", "[1]", "[1, 2, 3]", "[-1, 0]", "[1.0, 1]", "['1', '1']"),
        *("[true, true]", "'1'"),
    ),
    "NAMES": (*_NO_VALUE, *_LIST, "1", "['nope']", "['hebbian', 'hebbian']", "[1]", "'nope'"),
    "SIZES": (
        *(*_NO_VALUE, *_LIST, "'10'", "1", "0", "20001", "[1]", "[10, 10]", "[20, 10]", "[10.0]"),
        *("['10']", *_HUGE),
    ),
    "SCALES": (*_NO_VALUE, *_LIST, "'1'", "0", "33", "[0]", "[2, 2]", "[2, 1]", "['1']", *_HUGE),
}
"""The same as TOML has it."""


class Tried(NamedTuple):
    """A setting of a command, with what it may not be.

    Attributes
    ----------
    command, setting : str
        Which.
    flags : tuple of str
        Texts for its flag; none for a switch, whose flag takes no text.
    keys : tuple of str
        Values for its key, as TOML has them.
    """

    command: str
    setting: str
    flags: tuple[str, ...]
    keys: tuple[str, ...]


def tried_settings() -> Iterator[Tried]:
    """Every setting of every command."""
    for command, entry in CATALOGUE.items():
        for name, setting in entry.settings.items():
            beyond = _beyond(setting)
            flags = (*_of(setting, _FLAGS, _NO_NAME), *beyond) if setting.kind.metavar else ()
            yield Tried(command, name, flags, (*_of(setting, _KEYS, _no_choice(setting)), *beyond))


def _of(
    setting: Setting, table: dict[str, tuple[str, ...]], no_choice: tuple[str, ...]
) -> tuple[str, ...]:
    if "enum" in setting.kind.schema:
        return no_choice
    return table[setting.kind.metavar]  # a new kind: say what is bad


def _no_choice(setting: Setting) -> tuple[str, ...]:
    first = setting.kind.choices[0] if setting.kind.choices else ""
    quoted = (f"['{first}']", f"'{first},{first}'", f"'{first} '", "' '", "'é'", '"a\\u0000b"')
    return (*_NO_VALUE, *quoted, "1", "'Nope'", _HUGE[0])


def _beyond(setting: Setting) -> tuple[str, ...]:
    """Just below and above what the schema of a kind allows."""
    schema = setting.kind.schema
    bounds = []
    if "minimum" in schema:
        bounds.append(schema["minimum"] - 1)
    if "exclusiveMinimum" in schema:
        bounds += [schema["exclusiveMinimum"], schema["exclusiveMinimum"] - 1]
    if "maximum" in schema:
        bounds.append(schema["maximum"] + 1)
    return tuple(map(str, bounds))
