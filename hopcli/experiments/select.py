"""Select a prototype pattern for each label by the overlap loss [ZG eq. 5]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from hopcli.experiments import Progress, Result, no_progress
from hopcli.experiments.inputs import load_data
from hopcli.patterns import Patterns, draw_samples, select

if TYPE_CHECKING:
    from hopcli.config import SelectConfig

__all__ = ["SelectResult", "run"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SelectResult(Result):
    """The selected patterns, beside the table of their losses."""

    patterns: Patterns


def run(config: SelectConfig, progress: Progress = no_progress) -> SelectResult:
    """Select the sample with the lowest loss for each label.

    Parameters
    ----------
    config : SelectConfig
        What to do.
    progress : callable
        Not told anything: the work is one matrix product.

    Returns
    -------
    SelectResult
        Table ``patterns`` (label, source_index, loss, same_label_term,
        other_label_term, n_samples) and array file ``patterns``.
    """
    del progress
    dataset = load_data(config)
    labels = config.digits or dataset.label_names
    samples = draw_samples(dataset, labels, config.samples, config.seed, config.sampler)
    patterns, losses = select(dataset, labels, samples)
    best = losses.loss.argmin(axis=1)
    rows = range(len(labels))
    table = pd.DataFrame(
        {
            "label": patterns.labels,
            "source_index": patterns.source_index,
            "loss": losses.loss[rows, best],
            "same_label_term": losses.same_label[rows, best],
            "other_label_term": losses.other_label[rows, best],
            "n_samples": samples.shape[1],
        }
    )
    return SelectResult(
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        tables={"patterns": table},
        arrays={"patterns": patterns.to_arrays()},
        patterns=patterns,
    )
