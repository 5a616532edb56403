"""``hopcli data``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from hopcli.datasets import SOURCES

if TYPE_CHECKING:
    from conftest import RunHopcli

    from hopcli.datasets import Dataset


def test_every_source_is_listed(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("data")
    assert (done.code, done.err) == (0, "")
    words = done.out.split()
    assert all(source.usage in words for source in SOURCES.values())


def test_digits_of_mnist_are_counted_part_by_part(run_hopcli: RunHopcli, mnist: Dataset) -> None:
    lines = [line.split() for line in run_hopcli("data").out.splitlines()]
    for label, train, test in (
        ("0", "5,923", "980"),
        ("1", "6,742", "1,135"),
        ("5", "5,421", "892"),
    ):
        assert [label, train, test] in lines
    assert ["total", "60,000", "10,000"] in lines
    assert any(mnist.sha256 in line for line in lines)


def test_another_data_set_is_counted(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("data", "--dataset", "digits")
    assert "1,797" in done.out
    assert "8 x 8" in done.out


def test_pictures_of_different_shapes_are_counted_at_a_size(run_hopcli: RunHopcli) -> None:
    """As the refusal advises; the other options for the data are those of the other commands."""
    Path("pictures").mkdir()
    rng = np.random.default_rng(1)
    for name, shape in (("a", (8, 6)), ("b", (5, 9))):
        grey = rng.integers(0, 256, shape, np.uint8)
        Image.fromarray(grey).save(f"pictures/{name}.png")
    command = ("data", "--dataset", "images:pictures")
    assert "(or give a size), found 9 x 5" in run_hopcli(*command).refused()
    said = [
        "".join(run_hopcli(*command, "--size", "6x4", *others).out.splitlines()[-2:])
        for others in ((), ("--crop",), ("--invert",), ("--threshold", "140"))
    ]
    assert all("images:pictures: 6 x 4 pixels" in line for line in said)
    assert len(set(said)) == 4


def test_the_embedded_file_is_what_was_published(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("data", "verify")
    assert (done.code, done.err) == (0, "")
    assert "BROKEN" not in done.out
    # SHA-256 of the four unpacked files, as published with many mirrors of MNIST.
    assert "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" in done.out
    assert done.out.count("idx") >= 4
    assert "ok      drawings/boat.png  e0b9df30" in done.out
    assert "ok      texts/4x4.txt  9a2f0165" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dataset", "mnits"], "--dataset must be one of mnist"),
        (["--dataset", "idx:nowhere"], "nowhere"),
        (["--dataset", "idx:"], "--dataset must be written idx:DIR"),
        (["--dataset", f"npz:{'x' * 4000}"], "File name too long"),
        (["--dataset", f"images:{'x' * 4000}"], "File name too long"),
        (["--dataset", "text:a\0b"], "a\\x00b"),
        (["--dataset", "digits", "verify"], "--dataset has no effect on verify, found 'digits'"),
        (["--dataset", "mnist", "verify"], "--dataset has no effect on verify"),
        (["--threshold", "9", "verify"], "--threshold has no effect on verify, found '9'"),
        (["--invert", "verify"], "--invert has no effect on verify"),
        (["--size", "8x8"], "--size must be left out"),
        (["--size", "8"], "--size must be"),
        (["--crop"], "--crop has no effect without size"),
        (["--threshold", "300"], "--threshold must be"),
        (["--datset", "mnist"], "--dataset"),
        (["verfy"], "verfy"),
    ],
)
def test_what_is_not_there_is_refused(
    run_hopcli: RunHopcli, arguments: list[str], words: str
) -> None:
    assert words in run_hopcli("data", *arguments).refused()
    assert list(Path().iterdir()) == []


def test_scripts_get_json(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("data", "--format", "json")
    (line,) = done.out.splitlines()
    said = json.loads(line)
    assert "mnist" in said["sources"]
    train, test = said["parts"]
    assert (train["name"], train["shape"], sum(train["images"].values())) == (
        "mnist:train",
        [28, 28],
        60_000,
    )
    assert test["images"]["0"] == 980
