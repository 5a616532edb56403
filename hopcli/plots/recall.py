"""The figures of ``hopcli recall``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.plots.accuracy import accuracy_figure
from hopcli.plots.confusion import confusion_figure
from hopcli.plots.gallery import gallery_figures
from hopcli.plots.page import styled
from hopcli.plots.trace import trace_figure

if TYPE_CHECKING:
    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.plots.files import Picture

__all__ = ["figures"]


@styled
def figures(config: RecallConfig, result: RecallResult) -> dict[str, Picture]:
    """Draw ``accuracy``, ``confusion``, ``gallery`` and, if traced, ``trace``.

    Of many own pictures there are more pages of the gallery, ``gallery-2`` and so on.
    """
    drawn = {
        "accuracy": accuracy_figure(config, result),
        "confusion": confusion_figure(config, result),
        **gallery_figures(config, result),
    }
    if "trace" in result.tables:
        drawn["trace"] = trace_figure(config, result)
    return drawn
