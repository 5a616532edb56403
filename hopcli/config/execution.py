"""How a run is carried out: what changes no number of it, and is in no hash."""

from __future__ import annotations

from dataclasses import dataclass

from hopcli.config import kinds, notations
from hopcli.config.base import Config, Settings, setting
from hopcli.config.recall import RecallConfig
from hopcli.errors import SettingError

__all__ = ["Execution", "RecallExecution", "ThreadedExecution"]

_MOST_FRAMES = 1000  # of an animation, one a sweep


@dataclass(frozen=True, eq=False, kw_only=True)
class Execution(Settings):
    """What is drawn, and how."""

    figures: bool = setting(kinds.switch(), True, "Output", "Draw the pictures, or only tables.")
    figure_format: str = setting(
        kinds.choice(("png", "svg", "pdf")), "png", "Output", "File format of the pictures."
    )

    figure_style: str = setting(
        kinds.choice(("screen", "paper")),
        "screen",
        "Output",
        "Pictures with title and caption; or, for print, without: 300 dpi, the caption in a text "
        "file beside each.",
    )

    @property
    def draws(self) -> bool:
        """Whether anything is drawn."""
        return self.figures

    def check_with(self, config: Config) -> None:
        """Check that a configuration can be carried out like this.

        Raises
        ------
        SettingError
            If not.
        """
        del config
        for name in ("figure_format", "figure_style"):
            value = getattr(self, name)
            if not self.figures and value != type(self).default_of(name):
                raise SettingError(name, "has no effect without figures", value)


@dataclass(frozen=True, eq=False, kw_only=True)
class ThreadedExecution(Execution):
    """The same, for what runs in the compiled loop."""

    threads: int | None = setting(
        kinds.integer(1),
        None,
        "Run",
        "Threads; no result depends on them.",
        shown_default="one a core",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class RecallExecution(ThreadedExecution):
    """The same, for runs that can be looked at sweep by sweep."""

    animate: str | None = setting(
        notations.gif_name(),
        None,
        "Output",
        "Draw the first trial sweep by sweep into this GIF in the results folder.",
    )

    @property
    def draws(self) -> bool:
        """Whether anything is drawn."""
        return self.figures or self.animate is not None

    def check_with(self, config: Config) -> None:
        """Check that a configuration can be animated, if it is to be."""
        super().check_with(config)
        if self.animate is None:
            return
        assert isinstance(config, RecallConfig)
        if config.sweeps > _MOST_FRAMES:
            rule = f"must be at most {_MOST_FRAMES} with animate"
            raise SettingError("sweeps", rule, config.sweeps)
        if config.replay_authors:
            raise SettingError("animate", "must be off with replay_authors", self.animate)
