"""Sources of patterns and test images: one registry of sources, one record.

In the order of the flow: readable files (:mod:`hopcli.datasets.files`), a reader for each
format, grey images (:mod:`hopcli.datasets.grey`), spins (:mod:`hopcli.datasets.thresholds`),
a :class:`Dataset`. :mod:`hopcli.patterns` chooses among the images.
"""

from __future__ import annotations

from hopcli.datasets.dataset import Dataset, content_hash
from hopcli.datasets.files import NoSuchPartError
from hopcli.datasets.grey import Request, Size
from hopcli.datasets.loading import SPLITS, dataset_of, image_array, load_dataset
from hopcli.datasets.mnist import HashCheck, embedded_files, verify_embedded
from hopcli.datasets.sources import SOURCES, Source, default_threshold, parse_spec, spec_of

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
    "image_array",
    "load_dataset",
    "parse_spec",
    "spec_of",
    "verify_embedded",
]
