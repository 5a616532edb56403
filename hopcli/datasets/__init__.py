"""Sources of patterns and test images: one registry of sources, one record.

In the order of the flow: requests and readable files (:mod:`hopcli.datasets.grey`), a reader for
each format, grey images (:mod:`hopcli.datasets.grey`), spins (:mod:`hopcli.datasets.thresholds`),
a :class:`~hopcli.datasets.Dataset`. :mod:`hopcli.patterns` chooses among the images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.datasets.grey import SPLITS, NoSuchPartError, Request, Size
from hopcli.datasets.sources import SOURCES, Source, default_threshold, parse_spec, spec_of
from hopcli.records import exported

if TYPE_CHECKING:
    from hopcli.datasets.dataset import (
        Dataset,
        content_hash,
        dataset_of,
        grey_images,
        image_array,
        load_dataset,
    )
    from hopcli.datasets.mnist import HashCheck, embedded_files, verify_embedded
else:
    __getattr__ = exported(
        __name__,
        {
            "dataset": "Dataset content_hash dataset_of grey_images image_array load_dataset",
            "mnist": "HashCheck embedded_files verify_embedded",
        },
    )

__all__ = [
    "SOURCES",
    "SPLITS",
    "Dataset",
    "HashCheck",
    "NoSuchPartError",
    "Request",
    "Size",
    "Source",
    "content_hash",
    "dataset_of",
    "default_threshold",
    "embedded_files",
    "grey_images",
    "image_array",
    "load_dataset",
    "parse_spec",
    "spec_of",
    "verify_embedded",
]
