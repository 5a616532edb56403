"""Associative memory as an estimator of scikit-learn.

Binarising, choosing prototypes and seeding chains have a file each. :mod:`hopcli.rules` stores
the patterns, :mod:`hopcli.dynamics` recalls them. This room imports scikit-learn.
"""

from __future__ import annotations

from hopcli.estimator.classifier import HopfieldClassifier

__all__ = ["HopfieldClassifier"]
