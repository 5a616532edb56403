"""Execution of a run: settings that change no number and are in no hash."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import Any

from hopcli import kinds
from hopcli.config import notations
from hopcli.config.base import Config, Settings, setting
from hopcli.values import RefusedError

_MOST_FRAMES = 1000  # of a trial in an animation, one per sweep
_ANIMATION = re.compile(r"(?!\.)[^/\\\x00-\x1f\x7f]{1,195}\.(gif|png|webp|mp4)")
_WIDTH = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?(in|cm|mm|pt)")
_UNITS = {"in": 1.0, "cm": 2.54, "mm": 25.4, "pt": 72.27}  # in an inch
_NARROWEST, _WIDEST = 2.0, 20.0
_OF_PICTURES = {"figures", "figure_format", "figure_style", "width", "tex_fonts", "kind"}
_FIGURE = re.compile(r"(accuracy|confusion|gallery(-[0-9]+)?|stored|trace)\.png")


def animation_name() -> kinds.Kind:
    """Make a kind for a bare file name whose suffix is a format of moving pictures."""
    rule = (
        "must be a file name that ends in .gif, .webp, .png or .mp4, of at most 200 characters, "
        "without a folder or control characters"
    )

    def check(value: Any) -> str:
        if not isinstance(value, str) or not _ANIMATION.fullmatch(value):
            raise RefusedError(rule)
        if _FIGURE.fullmatch(value):
            raise RefusedError(f"must not be {value}, a picture of the run")
        return value

    schema = {"type": "string", "pattern": r"\.(gif|png|webp|mp4)$", "maxLength": 200}
    return kinds.Kind("FILE.gif", check, schema=schema)


def width() -> kinds.Kind:
    """Make a kind for a width of figures, such as ``3.4in``, ``86mm`` or ``246pt``."""
    rule = "must be a number with in, cm, mm or pt, of 2 to 20 inches, such as 3.4in"

    def check(value: Any) -> str:
        if not isinstance(value, str) or not _WIDTH.fullmatch(value):
            raise RefusedError(rule)
        if not _NARROWEST <= inches(value) <= _WIDEST:
            raise RefusedError(rule)
        return value

    schema = {"type": "string", "pattern": f"^{_WIDTH.pattern}$"}
    return kinds.Kind("WIDTH", check, schema=schema)


def inches(width: str) -> float:
    """Return a width in inches; a point is one of TeX, 1/72.27 inch.

    Examples
    --------
    >>> inches("3.4in"), round(inches("85mm"), 4)
    (3.4, 3.3465)
    """
    return float(width[:-2]) / _UNITS[width[-2:]]


def trials_named(name: str) -> int:
    """Return the number of trials of each label in an animation: 1, or N for x.N.gif.

    Examples
    --------
    >>> trials_named("boats.gif"), trials_named("boats.3.gif")
    (1, 3)
    """
    found = re.search(r"\.([1-9])\.[a-z]+$", name)
    return int(found[1]) if found else 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Execution(Settings):
    """Settings of drawing."""

    figures: bool = setting(kinds.switch(), True, "Output: Draw the pictures, or only tables.")
    figure_format: str = setting(
        kinds.choice(("png", "svg", "pdf")), "png", "Output: File format of the pictures."
    )

    figure_style: str = setting(
        kinds.choice(("screen", "paper")),
        "screen",
        "Output: Pictures with title and caption; or, for print, without: 300 dpi, the caption in "
        "a text file beside each.",
    )

    width: str | None = setting(
        width(),
        None,
        "Output: Width of the pictures (in, cm, mm or pt), such as 3.4in for a column; text then "
        "has 8 points.",
        shown_default="as wide as the content",
    )
    tex_fonts: bool = setting(
        kinds.switch(), False, "Output: Draw with serif fonts that match a TeX document."
    )

    @property
    def pictures(self) -> dict[str, Any]:
        """Settings of the pictures, by name."""
        return {name: value for name, value in self.to_dict().items() if name in _OF_PICTURES}

    @property
    def form(self) -> dict[str, Any]:
        """Form of the pictures, see :class:`hopcli.plots.figure.Form`."""
        return {
            "style": self.figure_style,
            "width": None if self.width is None else inches(self.width),
            "tex_fonts": self.tex_fonts,
            "kind": getattr(self, "kind", None),
        }

    @property
    def draws(self) -> bool:
        """True if anything is drawn."""
        return self.figures

    def check_with(self, config: Config) -> None:
        """Check that a configuration allows this execution.

        Raises
        ------
        SettingError
            If it does not.
        """
        del config
        names = [name for name in self.settings() if name in _OF_PICTURES - {"figures"}]
        self.refuse_changes(names, "has no effect without figures", not self.figures)


@dataclass(frozen=True, eq=False, kw_only=True)
class ThreadedExecution(Execution):
    """The same, for runs in the compiled loop."""

    threads: int | None = setting(
        kinds.integer(1),
        None,
        "Run: Number of threads; no result depends on it.",
        shown_default="one per core",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class RecallExecution(ThreadedExecution):
    """The same, for runs that can be drawn sweep by sweep."""

    animate: str | None = setting(
        animation_name(),
        None,
        "Output: Draw a trial of each label, side by side, into this file in the results folder: "
        ".gif, .webp, .png or, with ffmpeg, .mp4. NAME.3.gif shows three trials of each label, and "
        "so on up to 9; ten trials at most are drawn.",
    )
    animate_every: int | str | None = setting(
        notations.attempts(),
        None,
        "Output: Attempts between the frames of the animation, such as N/10.",
        shown_default="a sweep",
    )
    kind: str | None = setting(
        kinds.choice(("rows", "bars")),
        None,
        "Output: Draw the accuracy in rows beside the patterns, or as bars.",
        shown_default="bars beside published values, else rows",
    )
    keep: tuple[str, ...] | None = setting(
        kinds.choices(("trials",)),
        None,
        "Output: Keep trials.csv too, a row per trial; all else is made from counts.",
    )

    @property
    def draws(self) -> bool:
        """True if anything is drawn."""
        return self.figures or self.animate is not None

    def check_with(self, config: Config) -> None:
        """Check that a configuration can be animated, if requested."""
        super().check_with(config)
        rule = "has no effect without animate"
        self.refuse_changes(["animate_every"], rule, self.animate is None)
        if self.animate is None:
            return
        from hopcli.config.recall import RecallConfig

        assert isinstance(config, RecallConfig)
        rule = f"must be at most {_MOST_FRAMES} with animate"
        config.refuse("sweeps", rule, config.sweeps > _MOST_FRAMES)
        self.refuse("animate", "must be off with replay_authors", config.replay_authors)
        rule = "has no effect with dynamics 'sync', which moves all sites at once"
        self.refuse_changes(["animate_every"], rule, config.dynamics == "sync")
        has_no_writer = self.animate.endswith(".mp4") and shutil.which("ffmpeg") is None
        self.refuse("animate", "needs ffmpeg for .mp4; install it, or use .webp", has_no_writer)
