"""What an adversary types and leaves lying about: one short line, in no time, and no traceback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import RunHopcli, SpawnHopcli

LONG = "a" * 300
SMALL = ["recall", "--tests", "2", "--repeats", "1", "--no-figures", "-q"]

NO_EFFECT = [
    # flags, the setting that is blamed
    ("--source-indices 9,56 --samples 30", "--samples"),
    ("--source-indices 9,56 --selection-seed 3", "--selection-seed"),
    ("--source-indices 9,56 --sampler generator", "--sampler"),
    ("--patterns p.npz --samples 30", "--samples"),
    ("--patterns p.npz --selection-seed 3", "--selection-seed"),
    ("--start random --test-images same", "--test-images"),
    ("--start flip:0.1 --no-exclude-samples", "--exclude-samples"),
]


@pytest.mark.parametrize(("flags", "setting"), NO_EFFECT)
def test_a_setting_without_effect_is_refused(
    run_hopcli: RunHopcli, flags: str, setting: str
) -> None:
    message = run_hopcli(*SMALL, *flags.split()).refused()
    assert message.startswith(f"{setting} has no effect")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "flags", ["--dataset digits", "--split test", "--threshold 3", "--invert", "--size 8x8"]
)
def test_random_patterns_have_no_data(run_hopcli: RunHopcli, flags: str) -> None:
    message = run_hopcli("capacity", *flags.split()).refused()
    assert message.startswith(f"{flags.split()[0]} has no effect with patterns random")


@pytest.mark.parametrize(
    "name", ["..gif", ".gif", "a/b.gif", "a\\b.gif", "a\0.gif", f"{LONG}.gif", "a.mp4", ""]
)
def test_a_name_that_no_animation_can_have_is_refused(run_hopcli: RunHopcli, name: str) -> None:
    message = run_hopcli(*SMALL, "--animate", name).refused()
    assert message.startswith("--animate must be a file name")
    assert len(message) < 300


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"seed = 0x{'f' * 9000}", "mine.toml: seed must be a whole number >= 0 and of at most"),
        (f"tests = {'9' * 4000}", "mine.toml: tests must"),
        (f"tests = 0x{'f' * 9000}", "mine.toml: tests must"),
        (f"{'.'.join(['a'] * 3000)} = 1", "mine.toml: a is not a setting"),
        (f"[{'.'.join(['a'] * 3000)}]\nb = 1", "mine.toml: a is not a setting"),
        (f"tests = {'[' * 900}{']' * 900}", "mine.toml: "),
        (f"dataset = '{LONG * 20}'", "mine.toml: dataset must be a text of at most 4096"),
        (f"rule = '{LONG * 20}'", "mine.toml: rule must be one of"),
        ("# x\n" * 300_000, "mine.toml: must be a TOML file of at most 1,000,000 bytes"),
    ],
    ids=lambda text: text[:30],
)
def test_endless_files_are_told_in_a_line(run_hopcli: RunHopcli, content: str, words: str) -> None:
    Path("mine.toml").write_text(content + "\n", encoding="utf-8")
    message = run_hopcli("recall", "--config", "mine.toml").refused()
    assert message.startswith(words)
    assert len(message) < 400
    assert not Path("results").exists()


@pytest.mark.parametrize("command", [["run", "f.toml"], [*SMALL, "--config", "f.toml"]])
def test_a_pipe_is_no_configuration(run_hopcli: RunHopcli, command: list[str]) -> None:
    os.mkfifo("f.toml")
    assert run_hopcli(*command).refused() == "f.toml: must be a configuration file, is no file"


def test_a_pipe_holds_no_thresholds(run_hopcli: RunHopcli) -> None:
    os.mkfifo("f.txt")
    assert run_hopcli(*SMALL, "--theta", "f.txt").refused().startswith("f.txt: must hold 784")


def test_a_name_too_long_for_a_file_is_no_configuration(run_hopcli: RunHopcli) -> None:
    message = run_hopcli(*SMALL, "--config", LONG).refused()
    assert "no such file, nor a configuration" in message
    assert len(message) < 200


def test_all_images_a_thousand_million_times_is_too_much(run_hopcli: RunHopcli) -> None:
    message = run_hopcli(*SMALL[:1], "--tests", "all", "--repeats", "1000000000").refused()
    assert message.startswith("--repeats must give at most 20,000,000 trials of 30,456 images")


@pytest.mark.parametrize(
    "flags",
    [
        f"--out {LONG}",
        f"--patterns {LONG}.npz",
        f"--dataset idx:{LONG}",
        f"--dataset images:{LONG}",
        f"--dataset npz:{LONG}",
        f"--theta {LONG}",
        f"--start text:{LONG}",
    ],
    ids=lambda flags: flags[:16],
)
def test_a_name_too_long_for_a_file_is_told_in_a_line(run_hopcli: RunHopcli, flags: str) -> None:
    message = run_hopcli(*SMALL, *flags.split()).refused()
    assert "aaaaaaaaaaaa" in message
    assert "too long" in message
    assert len(message) <= 410
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("flags", ["--figure-format svg", "--figure-style paper"])
def test_pictures_that_are_not_drawn_have_no_look(run_hopcli: RunHopcli, flags: str) -> None:
    message = run_hopcli(*SMALL, *flags.split()).refused()
    assert message.startswith(f"{flags.split()[0]} has no effect without figures")


def test_the_first_run_says_that_it_compiles(
    spawn_hopcli: SpawnHopcli, child_environment: dict[str, str], tmp_path: Path
) -> None:
    """A run that finds the loops compiled has nothing to say; a damaged cache is no error."""
    cache = tmp_path / "cache"
    child_environment["NUMBA_CACHE_DIR"] = str(cache)
    try:
        first = spawn_hopcli(*SMALL[:-1], "--out", "a")
        again = spawn_hopcli(*SMALL[:-1], "--out", "b")
        for file in cache.rglob("*.nb?"):  # damaged, it is compiled once more
            file.write_bytes(file.read_bytes()[:100])
        mended = spawn_hopcli(*SMALL[:-1], "--out", "c")
    finally:
        del child_environment["NUMBA_CACHE_DIR"]
    compiling = "hopcli: compiling the loops, once: some ten seconds\n"
    assert [done.code for done in (first, again, mended)] == [0, 0, 0]
    assert [done.err for done in (first, again, mended)] == [compiling, "", compiling]
