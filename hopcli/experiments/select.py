"""Select a prototype pattern for each label by the overlap loss [ZG eq. 5]."""

from __future__ import annotations

import dataclasses
import functools

from hopcli.config import Execution, SelectConfig
from hopcli.datasets import Dataset
from hopcli.experiments import Plan, Progress, Result, Stock
from hopcli.experiments.preparation import prepare
from hopcli.patterns import Patterns, draw_samples, select
from hopcli.records import Ints
from hopcli.tables import Table, columns

TABLES = (
    Table(
        "patterns",
        columns(
            "label: text, source_index: integer, loss: integer, same_label_term: integer, "
            "other_label_term: integer, n_samples: integer",
            key="label",
            loss={"axis": "overlap loss of the pattern (dimensionless)"},
        ),
        headline="loss",
    ),
)
"""Table of a selection."""


class SelectResult(Result):
    """Result of a selection.

    Table ``patterns`` (label, source_index, loss, same_label_term, other_label_term,
    n_samples) and array file ``patterns``.
    """

    @functools.cached_property
    def patterns(self) -> Patterns:
        """Selected patterns."""
        return Patterns.from_arrays(self.arrays["patterns"])


def plan(config: SelectConfig, stock: Stock) -> Plan:
    """Plan to select the sample with the lowest loss for each label.

    Parameters
    ----------
    config : SelectConfig
        The configuration.
    stock : Stock
        Stock of data sets.

    Returns
    -------
    Plan
        Its run reports no progress, as the work is one matrix product, and returns a
        :class:`SelectResult`.
    """
    prepared = prepare(config, stock)
    labels = prepared.facts.labels  # all compete, whichever are requested

    def drawn() -> tuple[Dataset, Ints]:
        dataset = prepared.dataset
        return dataset, draw_samples(dataset, labels, config.samples, config.seed, config.sampler)

    drawn()  # refuses an impossible draw now

    def work(execution: Execution, progress: Progress) -> SelectResult:
        del execution, progress
        dataset, samples = drawn()
        every, losses = select(dataset, labels, samples)
        digits = prepared.config.digits
        patterns = every.take(digits)
        rows = [labels.index(label) for label in digits]
        best = losses.loss[rows].argmin(axis=1)
        table = TABLES[0].of(
            {
                "label": patterns.labels,
                "source_index": patterns.source_index,
                "loss": losses.loss[rows, best],
                "same_label_term": losses.same_label[rows, best],
                "other_label_term": losses.other_label[rows, best],
                "n_samples": samples.shape[1],
            }
        )
        result = prepared.result([table])
        return dataclasses.replace(result, arrays={"patterns": patterns.to_arrays()})

    return prepared.plan(work)
