"""Accuracy of the estimator, compared with methods without spins.

``make classifiers`` runs it: patterns and settings come from training data alone, accuracies
from test data that neither has seen. No table contains times, which vary.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import NearestCentroid
from threadpoolctl import threadpool_limits

from hopcli.datasets import load_dataset
from hopcli.estimator import HopfieldClassifier
from hopcli.statistics import exact_interval

FOLDER = Path(__file__).parent.parent / "results" / "classifiers"
SEED = 1
TRAINED = 10_000  # images of MNIST
SEARCHED = 3_000  # of those trained on, to search settings with
GRID: dict[str, list[Any]] = {
    "rule": ["pseudo-inverse", "hebbian", "storkey"],
    "prototypes": ["overlap-loss", "majority"],
    "n_prototypes": [1, 5, 20],
    "dynamics": ["metropolis", "async", "sync"],
}
PENALTIES = [0.001, 0.01, 0.1, 1.0]  # C of logistic regression

Split = tuple[Any, Any, Any, Any]


def spins(up: Any) -> Any:
    """Return the input of all methods: numbers -1 and +1."""
    return np.where(up, np.float32(1), np.float32(-1))


def digits() -> Split:
    """scikit-learn's digits: a quarter is for the test; pixels above 7 of 16 are ink."""
    x, y = load_digits(return_X_y=True)
    train, test, labels, truth = train_test_split(x, y, stratify=y, random_state=SEED)
    return spins(train > 7), labels, spins(test > 7), truth


def mnist() -> Split:
    """MNIST's own split, as spins by the study's threshold."""
    train, test = (load_dataset("mnist", split=split) for split in ("train", "test"))
    rows = np.random.default_rng(SEED).permutation(len(train))[:TRAINED]
    return spins(train.spins[rows] > 0), train.labels[rows], spins(test.spins > 0), test.labels


DATA = {"digits": digits, "mnist": mnist}


def study() -> HopfieldClassifier:
    """One prototype per class out of 20 samples, the pseudo-inverse rule, T = 0.2, 20 sweeps."""
    patterns: dict[str, Any] = {"prototypes": "overlap-loss", "n_prototypes": 1, "samples": 20}
    shared: dict[str, Any] = {"threshold": 0, "random_state": SEED, "n_jobs": -1}
    return HopfieldClassifier(dynamics="metropolis", **patterns, **shared)


def searched(estimator: Any, grid: dict[str, list[Any]], train: Any, labels: Any) -> Any:
    """Return the best estimator by threefold cross-validation on some training data."""
    search = GridSearchCV(estimator, grid, cv=3, error_score="raise", refit=False)
    search.fit(train[:SEARCHED], labels[:SEARCHED])
    return estimator.set_params(**search.best_params_)


def told(memory: Any) -> str:
    """The setting of a memory in words."""
    return f"{memory.n_prototypes} a class, {memory.prototypes}, {memory.rule}, {memory.dynamics}"


def methods(train: Any, labels: Any) -> list[tuple[str, str, Any]]:
    """Name, setting and estimator of each method."""
    best = searched(study().set_params(samples=None), GRID, train, labels)
    logistic = searched(LogisticRegression(max_iter=2000), {"C": PENALTIES}, train, labels)
    found = []
    for name, memory in (("study's setting", study()), ("best of a grid", best)):
        still = HopfieldClassifier(**memory.get_params()).set_params(sweeps=0)
        found.append((f"nearest prototype, {name}", told(memory), still))
        found.append((f"Hopfield, {name}", told(memory), memory))
    found.append(("nearest centroid", "mean of each class", NearestCentroid()))
    found.append(("logistic regression", f"C = {logistic.C:g}", logistic))
    return found


def measure(name: str) -> list[dict[str, Any]]:
    """A row for each method on one set of data."""
    train, labels, test, truth = DATA[name]()
    rows = []
    for method, setting, estimator in methods(train, labels):
        right = int((estimator.fit(train, labels).predict(test) == truth).sum())
        low, high = exact_interval(right, len(truth))
        row = {"dataset": name, "method": method, "setting": setting, "trained": len(labels)}
        row |= {"tested": len(truth), "correct": right, "accuracy": right / len(truth)}
        rows.append(row | {"accuracy_ci_low": low, "accuracy_ci_high": high})
    return rows


def main() -> None:
    """Measure, and write the table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    # Pixels that are the same in all images of a class are nothing to be warned of.
    warnings.filterwarnings("ignore", "self.within_class_std_dev_", UserWarning)
    with threadpool_limits(1):  # or the last digits would depend on how many there are
        table = pd.DataFrame([row for name in DATA for row in measure(name)])
    table.to_csv(FOLDER / "classifiers.csv", index=False, float_format="%.6g", lineterminator="\n")


if __name__ == "__main__":
    main()
