"""Selection by the overlap loss, and patterns that come from files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import random_patterns
from hypothesis import given
from hypothesis import strategies as st

from hopcli.datasets import Dataset
from hopcli.errors import DataError, SettingError
from hopcli.patterns import (
    Patterns,
    draw_samples,
    images_as_patterns,
    overlap_loss,
    random_spins,
    read_patterns,
    select,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DIGITS = tuple("0123456789")


def _dataset(labels: list[str], n_sites: int = 12) -> Dataset:
    spins = random_patterns(1, len(labels), n_sites)
    return Dataset("small", spins, np.array(labels), (3, n_sites // 3), 0, "0" * 64)


def _patterns(**changed: object) -> Patterns:
    parts: dict[str, object] = {
        "xi": random_patterns(0, 3, 12),
        "labels": ("a", "b", "a"),
        "source_index": np.array([5, 1, 7]),
        "shape": (3, 4),
        "sample_index": np.array([1, 5, 6, 7]),
        "dataset_sha256": "f" * 64,
        "dataset": "small",
    }
    return Patterns(**(parts | changed))  # type: ignore[arg-type]


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5), st.integers(1, 9))
def test_the_loss_is_equation_5(seed: int, labels: int, samples: int, n_sites: int) -> None:
    spins = random_patterns(seed, labels * samples, n_sites).reshape(labels, samples, n_sites)
    losses = overlap_loss(spins)
    for a in range(labels):
        for s in range(samples):
            dots = [
                [int(spins[a, s].astype(int) @ spins[b, r]) ** 2 for r in range(samples)]
                for b in range(labels)
            ]
            others = sum(sum(row) for b, row in enumerate(dots) if b != a)
            same = sum(dots[a]) - dots[a][s]
            assert losses.other_label[a, s] == others
            assert losses.same_label[a, s] == same
            assert losses.loss[a, s] == others - samples * same


def test_the_loss_is_exact_where_float32_sums_are_not() -> None:
    """Sums of squares pass 2^24 at once: 2 x 20 alike pictures of 65,536 pixels."""
    spins = np.ones((2, 20, 65_536), np.int8)
    losses = overlap_loss(spins)
    assert np.all(losses.other_label == 20 * 2**32)
    assert np.all(losses.same_label == 19 * 2**32)


def test_the_loss_is_exact_where_moments_in_float32_are_not() -> None:
    """An odd number beyond 2^24 is an element of C P: 65,801 alike pictures of 255 pixels."""
    losses = overlap_loss(np.ones((1, 65_801, 255), np.int8))
    assert np.all(losses.same_label == 65_800 * 255**2)
    assert np.all(losses.other_label == 0)


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
    assert patterns.dataset_sha256 == mnist.sha256


def test_a_single_label_has_no_competitors(mnist: Dataset) -> None:
    samples = draw_samples(mnist, ("5",), 10, 4)
    _, losses = select(mnist, ("5",), samples)
    assert not losses.other_label.any()


def test_500_samples_of_ten_digits_are_no_problem(mnist: Dataset) -> None:
    samples = draw_samples(mnist, DIGITS, 500, 4, "generator")
    patterns, losses = select(mnist, DIGITS, samples)
    assert patterns.labels == DIGITS
    # One loss again, by other means.
    image = mnist.spins[samples[3, 77]].astype(np.int64)
    dots = mnist.spins[samples].astype(np.int64) @ image
    expected = np.sum(dots**2) - np.sum(dots[3] ** 2)
    assert losses.other_label[3, 77] == expected


@pytest.mark.parametrize("sampler", ["legacy", "generator"])
def test_samples_have_their_label_and_depend_on_the_seed(mnist: Dataset, sampler: str) -> None:
    drawn = draw_samples(mnist, DIGITS, 20, 3, sampler)
    assert drawn.shape == (10, 20)
    assert all(set(mnist.labels[drawn[d]]) == {str(d)} for d in range(10))
    assert np.array_equal(drawn, draw_samples(mnist, DIGITS, 20, 3, sampler))
    assert not np.array_equal(drawn, draw_samples(mnist, DIGITS, 20, 4, sampler))


def test_the_legacy_sampler_is_choice_label_by_label(mnist: Dataset) -> None:
    stream = np.random.RandomState(9)
    for label, drawn in zip(DIGITS, draw_samples(mnist, DIGITS, 20, 9), strict=True):
        expected = stream.choice(np.flatnonzero(mnist.labels == label), 20)
        assert np.array_equal(drawn, expected)


def test_only_the_legacy_sampler_may_repeat_an_image() -> None:
    dataset = _dataset(["a"] * 5 + ["b"] * 5)
    distinct = draw_samples(dataset, ("a", "b"), 5, 0, "generator")
    assert sorted(distinct[0]) == [0, 1, 2, 3, 4]
    repeated = draw_samples(dataset, ("a", "b"), 50, 0, "legacy")
    assert repeated.shape == (2, 50)
    with pytest.raises(SettingError, match=r"samples must be at most the 5 images .*'a', found 6"):
        draw_samples(dataset, ("a", "b"), 6, 0, "generator")


def test_drawing_leaves_the_global_generator_alone(mnist: Dataset) -> None:
    np.random.seed(1)  # noqa: NPY002
    draw_samples(mnist, DIGITS, 5, 9)
    random_spins(np.random.default_rng(0), 3, 5)
    after = np.random.random()  # noqa: NPY002
    assert after == np.random.RandomState(1).random_sample()


def test_an_unknown_label_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"a, b.*'c'"):
        draw_samples(_dataset(["a", "b"]), ("a", "c"), 1, 0)


@pytest.mark.parametrize("wrong", [10, 2**40])
def test_an_image_that_is_not_there_cannot_be_a_pattern(wrong: int) -> None:
    with pytest.raises(SettingError, match=f"source_indices must be below 2, .* found {wrong}"):
        images_as_patterns(_dataset(["a", "b"]), np.array([0, wrong]))


def test_images_as_patterns_keep_the_order_asked_for() -> None:
    dataset = _dataset(["a", "b", "c"])
    patterns = images_as_patterns(dataset, np.array([2, 0]))
    assert patterns.labels == ("c", "a")
    assert np.array_equal(patterns.xi, dataset.spins[[2, 0]])
    assert patterns.sample_index.tolist() == [0, 2]


def test_take_orders_by_label() -> None:
    patterns = _patterns(labels=("a", "b", "c"))
    taken = patterns.take(["c", "a"])
    assert taken.labels == ("c", "a")
    assert taken.source_index.tolist() == [7, 5]
    assert np.array_equal(taken.xi, patterns.xi[[2, 0]])
    assert np.array_equal(taken.sample_index, patterns.sample_index)
    with pytest.raises(SettingError, match=r"digits must .*a, b, c.*found 'd'"):
        patterns.take(["a", "d"])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"xi": np.zeros((3, 12), np.int8)}, "-1 and"),
        ({"xi": np.ones((3, 12))}, "int8"),
        ({"xi": np.ones(12, np.int8)}, "shape"),
        ({"xi": np.full((3, 12), -128, np.int8)}, "-1 and"),
        ({"labels": ("a", "b")}, "3 patterns need as many labels"),
        ({"source_index": np.array([1])}, "3 patterns need as many"),
        ({"shape": (4, 4)}, "12 pixels"),
        ({"xi": np.ones((0, 12), np.int8), "labels": (), "source_index": np.zeros(0)}, "one"),
    ],
)
def test_patterns_check_their_parts(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _patterns(**changed)


def test_patterns_cannot_be_changed() -> None:
    patterns = _patterns()
    with pytest.raises(ValueError, match="read-only"):
        patterns.xi[0, 0] = 1


def _save(path: Path, **changed: NDArray[np.generic] | None) -> Path:
    arrays = {**_patterns().to_arrays(), **changed}
    np.savez_compressed(path, **{k: v for k, v in arrays.items() if v is not None})  # type: ignore[arg-type]
    return path


def test_patterns_come_back_from_a_file(tmp_path: Path) -> None:
    patterns = _patterns(labels=("a", "ü b", "4"))
    path = tmp_path / "patterns.npz"
    np.savez_compressed(path, **patterns.to_arrays())  # type: ignore[arg-type]
    again = read_patterns(path)
    assert (again.labels, again.shape) == (patterns.labels, patterns.shape)
    assert again.dataset_sha256 == patterns.dataset_sha256
    for name in ("xi", "source_index", "sample_index"):
        assert np.array_equal(getattr(again, name), getattr(patterns, name))
        assert getattr(again, name).dtype == getattr(patterns, name).dtype


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"xi": None}, "must hold an array 'xi', found labels, source_index"),
        ({"labels": None}, "must hold an array 'labels', found xi, source_index"),
        ({"shape": np.array([3])}, "must be a patterns.npz, whole"),
        ({"shape": np.array([5, 5])}, "must be a patterns.npz, whole"),
        ({"xi": np.zeros((3, 12), np.int8)}, "must be a patterns.npz, whole"),
        ({"xi": np.ones((3, 12))}, "must be a patterns.npz, whole"),
        ({"labels": np.array(["a"])}, "must be a patterns.npz, whole"),
        (
            {"labels": np.array([{"pickled": 1}] * 3, dtype=object)},
            "labels: cannot be read (arrays of Python objects are refused)",
        ),
        ({"source_index": np.array(["x", "y", "z"])}, "must be a patterns.npz, whole"),
        ({"source_index": np.array(3)}, "must be a patterns.npz, whole"),
    ],
)
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, changed: dict[str, NDArray[np.generic] | None], words: str
) -> None:
    path = _save(tmp_path / "patterns.npz", **changed)
    with pytest.raises(DataError) as error:
        read_patterns(path)
    assert str(error.value).startswith(f"{path}: {words}")
    assert "\n" not in str(error.value)


def test_any_damage_to_a_file_is_noticed_or_harmless(tmp_path: Path) -> None:
    """Cut short at many places, or a byte flipped: DataError, or the same patterns."""
    whole = _save(tmp_path / "patterns.npz").read_bytes()
    expected = hashlib.sha256(_patterns().xi.tobytes()).digest()
    path = tmp_path / "damaged.npz"
    refused = 0
    damaged = [whole[:n] for n in range(0, len(whole), 97)]
    damaged += [whole[:n] + bytes([whole[n] ^ 0x55]) + whole[n + 1 :] for n in range(0, 1000, 13)]
    for data in damaged:
        path.write_bytes(data)
        try:
            found = read_patterns(path)
        except DataError:
            refused += 1
        else:
            assert hashlib.sha256(found.xi.tobytes()).digest() == expected
    assert refused > len(damaged) / 2


def test_a_plain_npy_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "xi.npy"
    np.save(path, np.ones((2, 4), np.int8))
    with pytest.raises(DataError, match=r"xi.npy: cannot be read \(File is not a zip file\)"):
        read_patterns(path)


def test_a_missing_file_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.npz: no such file"):
        read_patterns(tmp_path / "none.npz")
    with pytest.raises(DataError, match="is a folder"):
        read_patterns(tmp_path)


def test_random_spins_are_fair_and_of_either_sign() -> None:
    spins = random_spins(np.random.default_rng(0), 200, 784)
    assert spins.dtype == np.int8
    assert set(np.unique(spins)) == {-1, 1}
    assert abs(spins.mean()) < 4 / np.sqrt(200 * 784)
