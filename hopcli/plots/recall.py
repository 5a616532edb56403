"""The figures of ``hopcli recall``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.plots.accuracy import accuracy_figure
from hopcli.plots.confusion import confusion_figure
from hopcli.plots.gallery import gallery_figure
from hopcli.plots.page import styled
from hopcli.plots.trace import trace_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult

__all__ = ["recall_figures"]


@styled
def recall_figures(config: RecallConfig, result: RecallResult) -> dict[str, Figure]:
    """The figures ``accuracy``, ``confusion``, ``gallery`` and, if traced, ``trace``."""
    figures = {
        "accuracy": accuracy_figure(config, result),
        "confusion": confusion_figure(config, result),
        "gallery": gallery_figure(config, result),
    }
    if "trace" in result.tables:
        figures["trace"] = trace_figure(config, result)
    return figures
