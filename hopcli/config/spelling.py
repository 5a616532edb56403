"""How settings of a manifest are told to people: a value, and the values of a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.kinds import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hopcli.config.base import Setting
    from hopcli.kinds import Kind

__all__ = ["Speller", "exact", "flag_name"]


def flag_name(setting: str) -> str:
    """Return the flag of a setting: ``attempts_per_sweep`` is ``--attempts-per-sweep``."""
    return "--" + setting.replace("_", "-")


def exact(value: Any) -> str:
    """A value as a flag has it, a number with all its digits."""
    text = show(value)
    return text if not isinstance(value, float) or float(text) == value else repr(value)


@dataclass(frozen=True, slots=True)
class Speller:
    """Spells settings as flags have them, so that what differs reads differently.

    Parameters
    ----------
    unset : str
        What stands for a setting that is open.
    gap : str
        What follows a comma or semicolon.
    """

    unset: str = "-"
    gap: str = ""

    def value(self, value: Any, kind: Kind | None = None) -> str:
        """Spell a value, with what its kind has between the items of a list.

        Examples
        --------
        >>> Speller().value(["3", "6", "1"]), Speller().value([["3", "6"], ["1"]])
        ('3,6,1', '3,6;1')
        """
        if value is None:
            return self.unset
        if isinstance(value, bool):
            return "on" if value else "off"
        if not isinstance(value, list | tuple):
            return exact(value)
        if kind is not None and kind.between != ",":
            return kind.between.join(map(self.value, value))
        texts = [self.value(item) for item in value]
        return self._joined(texts, nested=any(isinstance(item, list | tuple) for item in value))

    def values(self, listed: Any, *kinds: Kind | None) -> str:
        """Spell the values that one setting has in a grid, or several that vary together.

        Examples
        --------
        >>> Speller().values([[["3", "6"], 1], [["3"], 61]], None, None)
        '[3,6;1];3,61'
        """
        if not isinstance(listed, list):
            return self.value(listed)
        if len(kinds) > 1:
            texts = [self._row(row, kinds) for row in listed]
            return self._joined(texts, nested=True)
        kind = kinds[0] if kinds else None
        has_lists = any(isinstance(value, list) for value in listed)
        nested = has_lists and (kind is None or kind.between == ",")
        return self._joined([self.value(value, kind) for value in listed], nested=nested)

    def setting(self, name: str, value: Any, known: Mapping[str, Setting]) -> str:
        """Spell a setting of a manifest by its name, ``grid.size`` for its values in a grid."""
        plain = name.removeprefix("grid.")
        kinds = [
            known[one.strip()].kind if one.strip() in known else None for one in plain.split(",")
        ]
        return self.value(value, kinds[0]) if plain == name else self.values(value, *kinds)

    def _row(self, row: Any, kinds: Iterable[Kind | None]) -> str:
        """The values of settings that vary together, at one point."""
        if not isinstance(row, list):
            return self.value(row)
        texts = [self.value(value, kind) for value, kind in zip(row, kinds, strict=False)]
        return self._joined(texts, nested=any("," in text for text in texts))

    def _joined(self, texts: list[str], *, nested: bool) -> str:
        """Texts with commas; with semicolons where they may have commas themselves."""
        if not nested and not any("," in text for text in texts):
            return f",{self.gap}".join(texts)
        alone = len(texts) == 1
        whole = [f"[{text}]" if alone or ";" in text else text for text in texts]
        return f";{self.gap}".join(whole)
