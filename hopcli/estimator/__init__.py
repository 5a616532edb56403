"""Associative memory as an estimator of scikit-learn.

Binarising, choosing prototypes and seeding chains have a file each; storing and recalling
are left to :mod:`hopcli.rules` and :mod:`hopcli.dynamics`. Loads scikit-learn.
"""

from __future__ import annotations

from hopcli.estimator.classifier import HopfieldClassifier

__all__ = ["HopfieldClassifier"]
