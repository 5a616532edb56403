"""What the pictures call the images of a run: by their split, wherever they speak of them."""

from __future__ import annotations

from typing import Any

import pytest

from hopcli import experiments
from hopcli.catalogue import CATALOGUE
from hopcli.config import AttractorsConfig, RecallConfig, TemperatureScanConfig

FEW: dict[str, Any] = {"source_indices": (9, 56), "tests": 3, "repeats": 2}

RUNS = [
    # configuration, what its images are, what they may not be called
    (RecallConfig(**FEW), "training images", "test image"),
    (RecallConfig(**FEW, split="test"), "test images", "training image"),
    (RecallConfig(**FEW, split="all"), " images", "t images"),
    (RecallConfig(**FEW, dataset="digits"), " images", "t images"),
    (RecallConfig(**{**FEW, "split": "test", "tests": "all"}), "All test images", "training"),
    (RecallConfig(**FEW, start="image,flip:0.1"), "from training images, flip:0.1", "test image"),
    (AttractorsConfig(source_indices=(9, 56), start="image", starts=9), "training images", "test"),
    (
        TemperatureScanConfig(
            source_indices=(9, 56), split="test", start="digit", temperatures=(0.1,), repeats=2
        ),
        "random test images",
        "training",
    ),
]


def _words(config: Any) -> list[str]:
    """Title and caption of every picture."""
    plan = experiments.plan(config)
    entry = CATALOGUE[config.command]
    result = plan.run(entry.execution(), experiments.no_progress)
    figures = entry.figures(plan.config, result)
    return [f"{figure.title}. {figure.caption}" for figure in figures.values()]


@pytest.mark.parametrize(("config", "called", "not_called"), RUNS)
def test_images_are_called_by_their_split(config: Any, called: str, not_called: str) -> None:
    for said in _words(config):
        assert called in said
        assert not_called not in said.replace(called, "").lower()


def test_the_authors_tested_training_images() -> None:
    config = RecallConfig(tests=2, repeats=1, replay_authors=True)
    for said in _words(config):
        assert "2 of the authors' training" in said


def test_patterns_are_called_by_the_split_they_come_from() -> None:
    config = RecallConfig(samples=2, tests=2, repeats=1, split="test", select_split="train")
    for said in _words(config):
        assert "(mnist:train)" in said
        assert "test images" in said
