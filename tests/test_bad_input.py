"""Hostile input: one short line, quickly, and no traceback."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from bad_inputs import Tried, tried_settings
from bad_inputs_lying import damage_runs, lay_about, lay_grids
from conftest import UNPRIVILEGED, RunHopcli, SpawnHopcli, call
from PIL import Image
from shell import Shell, written

from hopcli.catalogue import CATALOGUE

Refusal = Callable[..., str]
Standing = dict[str, tuple[int, int]]

SMALL = ["recall", "--tests", "2", "--repeats", "1", "--no-figures", "-q"]
RECALL = [*SMALL, "--dataset", "text:five.txt", "--start", "pattern", "--out", "out"]
COMPARE = ["compare", "--dataset", "digits", "--split", "train", "--tests", "5", "--out", "out"]

TRIED = list(tried_settings())
WRITTEN = written("bad_inputs.txt")
BOTH = "  &  "  # between the names that a message must have
FAST = [each for number, each in enumerate(WRITTEN) if BOTH in each[1] or number % 8 == 0]
RULES = ("must", "has no effect")
LONGEST = 420  # characters of a message
NO_REFUSAL = "no refusal in one line"


@pytest.fixture(scope="module")
def lying_about(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all kinds of defective files, and a few good ones."""
    folder = tmp_path_factory.mktemp("lying")
    lay_about(folder)
    with contextlib.chdir(folder):
        for command in ("recall --tests 2 --repeats 2 --start pattern", "select", "weights"):
            name, *flags = command.split()
            flags += ["--dataset", "text:five.txt", "--no-figures", "--out", name, "-q"]
            assert call(name, *flags).code == 0
        damage_runs(folder)
    lay_grids(folder)
    return folder


@pytest.fixture(scope="module")
def stands(lying_about: Path) -> Standing:
    """State of that folder at the last look, initially as made."""
    return _standing(lying_about)


@pytest.fixture
def refusal(
    run_hopcli: RunHopcli, lying_about: Path, stands: Standing, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Refusal]:
    """Run a command in that folder; return its message, or the defect of the answer."""
    monkeypatch.chdir(lying_about)

    def attempt(*arguments: str) -> str:
        done = run_hopcli(*arguments)
        said = done.err.removeprefix("hopcli: ")
        one_line = done.err.count("\n") == 1 and done.err.endswith("\n") and said != done.err
        if done.code != 2 or done.out or not one_line or len(said) > LONGEST:
            return f"{NO_REFUSAL}: {done}"
        return said

    yield attempt
    before = stands.copy()
    stands.clear()  # so that one test fails, not all that follow
    stands.update(_standing(lying_about))
    assert stands == before


def _standing(folder: str | Path) -> Standing:
    """Kind and time of everything below a folder; its files are too large to be read.

    It is called thousands of times; `Path.rglob` would be slow.
    """
    found: Standing = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            stat = entry.stat(follow_symlinks=False)
            is_folder = entry.is_dir(follow_symlinks=False)
            found[entry.path] = (stat.st_mode, 0 if is_folder else stat.st_mtime_ns)
            if is_folder:
                found |= _standing(entry.path)
    return found


def test_there_is_something_of_every_kind_of_bad_input() -> None:
    commands = {line.split()[0] for line, _ in WRITTEN} | {"recall"}
    others = "run plot report reproduce check runs diff show data schema deps grid"
    assert commands >= {*CATALOGUE, *others.split()}
    assert len(WRITTEN) > 400
    assert sum(len(tried.flags) + len(tried.keys) for tried in TRIED) > 5000


# --- every setting, every kind of bad value -------------------------------------------------


def _id(tried: object) -> str:
    return f"{tried.command} {tried.setting}" if isinstance(tried, Tried) else ascii(tried)


FIRST = {tried.setting: number for number, tried in reversed(list(enumerate(TRIED)))}
OF_A_KIND = {tried.flags: number for number, tried in reversed(list(enumerate(TRIED)))}


@pytest.mark.parametrize("number", sorted(FIRST.values()), ids=lambda number: _id(TRIED[number]))
def test_no_setting_takes_a_bad_value(refusal: Refusal, tmp_path: Path, number: int) -> None:
    """As a flag, as a key and in a grid; `make torture` tries all values of all commands."""
    tried, file = TRIED[number], tmp_path / "f.toml"
    step = 6 if number in OF_A_KIND.values() else 23
    shares = [slice((number + channel) % step, None, step) for channel in range(3)]
    check_flags(refusal, tried, tried.flags[shares[0]])
    check_keys(refusal, file, tried, tried.keys[shares[1]])
    check_in_grids(refusal, file, tried, tried.keys[shares[2].start :: 2 * step])


def check_flags(refusal: Refusal, tried: Tried, flags: Sequence[str]) -> None:
    """Try bad values of a flag."""
    others = {"capacity": ["capacity", "--out", "out"], "recall": RECALL, "compare": COMPARE}
    usual = [tried.command, "--dataset", "text:five.txt", "--out", "out"]
    flag = f"--{tried.setting.replace('_', '-')}"
    words = [*others.get(tried.command, usual)]
    if flag in words:
        place = words.index(flag)
        del words[place : place + 2]
    for text in flags:
        said = refusal(*words, f"{flag}={text}")
        named = said.startswith(tuple(f"{flag} {rule}" for rule in RULES)) and ", found " in said
        assert named or (_file_in(text) and said.startswith(_file_in(text))), (text, said)


def _file_in(text: str) -> str:
    """Return the file in a value, as shown in messages; empty if there is none."""
    path = text.removeprefix(f"{text.partition(':')[0]}:")
    return f"{' '.join(path.split())}: ".replace("\0", "\\x00") if path.strip() else ""


def check_keys(refusal: Refusal, file: Path, tried: Tried, keys: Sequence[str]) -> None:
    """Try bad values of a key in a file."""
    for value in keys:
        file.write_text(f"command = '{tried.command}'\n{tried.setting} = {value}\n", "utf-8")
        said = refusal("run", str(file), "--out", "out")
        named = said.startswith(tuple(f"{file}: {tried.setting} {rule}" for rule in RULES))
        assert named, (value, said)
        assert ", found " in said, (value, said)


def check_in_grids(refusal: Refusal, file: Path, tried: Tried, keys: Sequence[str]) -> None:
    """Try bad values of a key of a grid."""
    name = tried.setting
    for value in keys:
        file.write_text(f"command = '{tried.command}'\n[grid]\n{name} = [{value}]\n", "utf-8")
        said = refusal("grid", "run", str(file), "--out", "out").removeprefix(f"{file}: ")
        of_key, of_cell = said.startswith(f"grid.{name} "), f": {name}=" in said
        assert of_key or (said.startswith("grid ") and of_cell), (value, said)
        assert ", found " in said or said.startswith(f"grid.{name} cannot "), (value, said)


# --- what is typed --------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "names"), FAST, ids=_id)
def test_what_an_adversary_types(refusal: Refusal, line: str, names: str) -> None:
    """The exit code is 2, one line is printed, it names what is wrong, nothing is written."""
    check_written(refusal, line, names)


def check_written(refusal: Refusal, line: str, names: str) -> None:
    """Type a written line; the message contains its names, the one after ^ at the beginning."""
    said = refusal(*_words(line))
    assert not said.startswith(NO_REFUSAL), said
    for name in names.split(BOTH):
        found = said.startswith(name[1:]) if name[0] == "^" else name in said
        assert found, (name, said)


def _words(line: str) -> list[str]:
    """The arguments of a written line."""
    words = shlex.split(line)
    for name, letters in (("\\0", "\0"), ("\\n", "\n"), ("LONG", "a" * 300)):
        words = [word.replace(name, letters) for word in words]
    return [*RECALL, *words[1:]] if words[0] == "RECALL" else words


REFUSALS = written("refusals.txt")
REFUSED = dict.fromkeys(line.split()[0].partition("{")[0] or "run" for line, _ in REFUSALS)
"""Commands whose refusals depend on other settings or on the data."""


@pytest.fixture(scope="module")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the lines name."""
    folder = tmp_path_factory.mktemp("odd") / "files"
    shutil.copytree(Path(__file__).with_name("refused"), folder)
    with contextlib.chdir(folder):
        Path("nothing").mkdir()
        Path("pictures").mkdir()
        for name, shape in (("a", (8, 6)), ("b", (5, 9))):
            grey = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
            Image.fromarray(grey).save(f"pictures/{name}.png")
        large = np.zeros((2, 300, 300), np.uint8)
        large[0, :9] = large[1, 5:] = 255
        np.savez("large.npz", images=large, labels=np.arange(2))
        np.savez("letters.npz", theta=np.array(["a"] * 784))
        flags = "--dataset digits --digits 4 --samples 1 --no-figures -q --out selected"
        assert call("select", *flags.split()).code == 0
        Path("selected/patterns.npz").rename("eight.npz")
    return folder


@pytest.mark.parametrize("command", REFUSED)
def test_a_refusal_names_what_is_wrong(
    shell: Shell, odd_files: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(odd_files)
    for line, names in REFUSALS:
        if line.startswith("{") and command == "run":
            Path("f.toml").write_text(line[1:].replace("; ", "\n") + "\n", encoding="utf-8")
            shell.refuse("run f.toml", names=names)
        elif line.split()[0] == command:
            shell.refuse(line.replace("\\e", "\x1b"), names=names, whole=True)


IN_EARNEST = [
    ("run secret.toml", "secret.toml: "),
    ("show text:secret.txt", "secret.txt: "),
    ("select --out closed/in", "closed/in: "),
]


@pytest.mark.parametrize(("line", "name"), IN_EARNEST)
def test_a_process_says_the_same(spawn_hopcli: SpawnHopcli, line: str, name: str) -> None:
    """It also meets missing permissions, which root in this process would not."""
    for secret in ("secret.toml", "secret.txt"):
        Path(secret).touch(0o000)
    Path("closed").mkdir(0o555)
    code = f"{UNPRIVILEGED}\nfrom hopcli.__main__ import start\nstart()"
    before = _standing(Path())
    assert spawn_hopcli(*line.split(), code=code).refused().startswith(name)
    assert _standing(Path()) == before
