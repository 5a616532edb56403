"""Selection by the overlap loss, and patterns that come from files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import random_patterns
from hypothesis import given
from hypothesis import strategies as st

from hopcli.config import Facts, TemperatureScanConfig
from hopcli.datasets import Dataset
from hopcli.errors import SettingError
from hopcli.experiments.preparation import hashes
from hopcli.experiments.stock import read_thresholds
from hopcli.patterns import (
    Patterns,
    draw_samples,
    images_as_patterns,
    overlap_loss,
    read_patterns,
    select,
)

DIGITS = tuple("0123456789")


def _dataset(labels: str, n_sites: int = 12) -> Dataset:
    spins = random_patterns(1, len(labels), n_sites)
    return Dataset("small", spins, np.array(list(labels)), (3, n_sites // 3), 0, "0" * 64)


def _patterns(**changed: object) -> Patterns:
    parts: dict[str, object] = {"xi": random_patterns(0, 3, 12), "labels": ("a", "b", "a")}
    parts |= {"source_index": np.array([5, 1, 7]), "sample_index": np.array([1, 5, 6, 7])}
    parts |= {"shape": (3, 4), "dataset": "small", "dataset_sha256": "f" * 64}
    return Patterns(**(parts | changed))  # type: ignore[arg-type]


# --- the loss


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5), st.integers(1, 9))
def test_the_loss_is_equation_5(seed: int, labels: int, samples: int, n_sites: int) -> None:
    spins = random_patterns(seed, labels * samples, n_sites).reshape(labels, samples, n_sites)
    losses = overlap_loss(spins)
    dots = np.einsum("asi,bri->asbr", spins.astype(int), spins.astype(int)) ** 2
    for a, s in np.ndindex(labels, samples):
        others = sum(int(dots[a, s, b].sum()) for b in range(labels) if b != a)
        same = int(dots[a, s, a].sum()) - int(dots[a, s, a, s])
        assert losses.other_label[a, s] == others
        assert losses.same_label[a, s] == same
        assert losses.loss[a, s] == others - samples * same


# Sums of squares pass 2^24 at once; an odd number beyond 2^24 is an element of C P.
@pytest.mark.parametrize(("labels", "samples", "n_sites"), [(2, 20, 65_536), (1, 65_801, 255)])
def test_the_loss_is_exact_where_float32_is_not(labels: int, samples: int, n_sites: int) -> None:
    losses = overlap_loss(np.ones((labels, samples, n_sites), np.int8))
    assert np.all(losses.other_label == (labels - 1) * samples * n_sites**2)
    assert np.all(losses.same_label == (samples - 1) * n_sites**2)


# --- the draw and the choice


def test_select_takes_the_sample_with_the_lowest_loss(mnist: Dataset) -> None:
    labels = ("1", "7", "9")
    samples = draw_samples(mnist, labels, 30, 4, "generator")
    patterns, losses = select(mnist, labels, samples)
    assert patterns.labels == labels
    for row in range(3):
        best = int(np.flatnonzero(samples[row] == patterns.source_index[row])[0])
        assert losses.loss[row, best] == losses.loss[row].min()
        assert np.array_equal(patterns.xi[row], mnist.spins[samples[row, best]])
    assert np.array_equal(patterns.sample_index, np.unique(samples))
    assert (patterns.dataset, patterns.dataset_sha256) == ("mnist:train", mnist.sha256)


@pytest.mark.parametrize("sampler", ["legacy", "generator"])
def test_samples_have_their_label_and_depend_on_the_seed(mnist: Dataset, sampler: str) -> None:
    np.random.seed(1)  # noqa: NPY002 - the global generator, which must be left alone
    drawn = draw_samples(mnist, DIGITS, 20, 3, sampler)
    assert drawn.shape == (10, 20)
    assert all(set(mnist.labels[drawn[d]]) == {str(d)} for d in range(10))
    assert np.array_equal(drawn, draw_samples(mnist, DIGITS, 20, 3, sampler))
    assert not np.array_equal(drawn, draw_samples(mnist, DIGITS, 20, 4, sampler))
    assert np.random.random() == np.random.RandomState(1).random_sample()  # noqa: NPY002


def test_the_legacy_sampler_is_choice_label_by_label(mnist: Dataset) -> None:
    stream = np.random.RandomState(9)
    for label, drawn in zip(DIGITS, draw_samples(mnist, DIGITS, 20, 9), strict=True):
        expected = stream.choice(np.flatnonzero(mnist.labels == label), 20)
        assert np.array_equal(drawn, expected)


def test_only_the_legacy_sampler_may_repeat_an_image() -> None:
    dataset = _dataset("aaaaabbbbb")
    distinct = draw_samples(dataset, ("a", "b"), 5, 0, "generator")
    assert sorted(distinct[0]) == [0, 1, 2, 3, 4]
    assert draw_samples(dataset, ("a", "b"), 50, 0, "legacy").shape == (2, 50)
    for labels, setting, words in (("ab", "samples", "5 .* 'a', found 6"), ("ac", "digits", "'c'")):
        with pytest.raises(SettingError, match=words) as error:
            draw_samples(dataset, tuple(labels), 6, 0, "generator")
        assert error.value.setting == setting


# --- the record


def test_images_as_patterns_keep_the_order_asked_for() -> None:
    dataset = _dataset("abc")
    patterns = images_as_patterns(dataset, np.array([2, 0]))
    assert patterns.labels == ("c", "a")
    assert np.array_equal(patterns.xi, dataset.spins[[2, 0]])
    assert patterns.sample_index.tolist() == [0, 2]
    for wrong in (3, 2**40):
        with pytest.raises(SettingError, match=f" 3,.* {wrong}$") as error:
            images_as_patterns(dataset, np.array([0, wrong]))
        assert error.value.setting == "source_indices"


def test_take_orders_by_label() -> None:
    patterns = _patterns(labels=("a", "b", "c"))
    taken = patterns.take(["c", "a"])
    assert taken.labels == ("c", "a")
    assert taken.source_index.tolist() == [7, 5]
    assert np.array_equal(taken.xi, patterns.xi[[2, 0]])
    assert np.array_equal(taken.sample_index, patterns.sample_index)
    with pytest.raises(SettingError, match=r"a, b, c.*'d'") as error:
        patterns.take(["a", "d"])
    assert error.value.setting == "digits"


NONE: dict[str, Any] = {"xi": np.ones((0, 12), np.int8), "labels": (), "source_index": np.zeros(0)}
WRONG_XI = [np.zeros((3, 12), np.int8), np.ones(12, np.int8), np.full((3, 12), -128, np.int8)]
WRONG: list[tuple[dict[str, Any], str]] = [({"xi": xi}, "xi") for xi in WRONG_XI]
WRONG += [({"labels": ("a", "b")}, "3"), ({"source_index": np.array([1])}, "3"), (NONE, "0")]
WRONG += [({"shape": shape}, "12") for shape in ((4, 4), (-3, -4))]
WRONG += [({"xi": np.ones((3, 12))}, "int8")]


@pytest.mark.parametrize(("changed", "words"), WRONG)
def test_patterns_check_their_parts(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _patterns(**changed)


# --- files


def test_patterns_come_back_from_a_file(tmp_path: Path) -> None:
    patterns, path = _patterns(labels=("a", "ü b", "4")), tmp_path / "patterns.npz"
    np.savez_compressed(path, **patterns.to_arrays())  # type: ignore[arg-type]
    again = read_patterns(path)
    assert (again.labels, again.shape) == (patterns.labels, patterns.shape)
    assert again.dataset_sha256 == patterns.dataset_sha256
    for name in ("xi", "source_index", "sample_index"):
        assert np.array_equal(getattr(again, name), getattr(patterns, name))
        assert getattr(again, name).dtype == getattr(patterns, name).dtype


# --- edges: small numbers, ties


IMAGES = Dataset("small", random_patterns(1, 4, 12), np.array([*"abac"]), (3, 4), 0, "0" * 64)
PATTERNS = images_as_patterns(IMAGES, np.array([0, 1, 2]))


def test_the_last_pattern_of_a_label_is_the_last() -> None:
    assert PATTERNS.labels == ("a", "b", "a")
    assert (PATTERNS.last("a"), PATTERNS.last("b")) == (2, 1)
    facts = Facts("small", (3, 4), ("a", "b", "a"), chosen=True)
    resolved = TemperatureScanConfig(source_indices=(0, 1, 2)).resolve(facts)
    assert (resolved.digits, resolved.target) == (("a", "b"), "a")


def test_hashes_depend_on_samples_and_thresholds(tmp_path: Path) -> None:
    """The images that patterns were selected from are not tested."""
    others = replace(PATTERNS, sample_index=np.array([0, 1, 2, 3]))
    assert others.sha256 != PATTERNS.sha256
    assert replace(others, sample_index=PATTERNS.sample_index).sha256 == PATTERNS.sha256
    found = []
    for name, last in (("one", 0.5), ("other", 0.6), ("copy", 0.5)):
        (tmp_path / name).write_text(f"{'0 ' * 11}{last}")
        found.append(hashes(IMAGES, PATTERNS, read_thresholds(str(tmp_path / name), 12)))
    assert found[0] != found[1]
    assert found[0] == found[2]
