"""What an adversary types and leaves lying about: one short line, in no time, and no traceback."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bad_inputs import Tried, tried_settings
from bad_inputs_grids import lay_grids
from bad_inputs_lying import damage_runs, lay_about
from conftest import UNPRIVILEGED, call
from numba.core.caching import _CacheLocator

from hopcli import _kernels
from hopcli.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
        *((f"{'.'.join(['a'] * n)} = 1", "mine.toml: must have keys") for n in (5000, 100_000)),
        *((f"{'. '.join(['a', 'a.b.'] * n)}a = 1", "mine.toml: ") for n in (99, 100_000)),
        (f"[{'.'.join(['a'] * 3000)}]\nb = 1", "mine.toml: must have keys"),
        (f"{'.'.join(['a'] * 51)} = 1", "mine.toml: must have keys"),
        (f"{'.'.join(['a'] * 50)} = 1", "mine.toml: a is not a setting"),
        (f"rule = '{'.'.join(['a'] * 90)}'", "mine.toml: rule must be one of"),
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
    rule = "must give at most 1,000,000,000 trials, with 30,456 in each"
    assert message.startswith(f"--repeats {rule}")


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


def test_a_run_says_that_it_compiles_and_then_nothing(
    spawn_hopcli: SpawnHopcli, child_environment: dict[str, str], tmp_path: Path
) -> None:
    """And what is damaged in numba's cache is compiled once more."""
    assert call(*SMALL, "--out", "here").code == 0
    whole: dict[str, bytes] = {
        file.name: file.read_bytes()
        for file in Path(_kernels.run_chains.stats.cache_path).glob("_kernels.*.nb?")  # type: ignore[attr-defined]
    }
    locate: Any = _CacheLocator.get_suitable_cache_subpath
    cache = tmp_path / "cache" / locate(_kernels.__file__)
    cache.mkdir(parents=True)
    for name, content in whole.items():
        (cache / name).write_bytes(content[:100])
    child_environment["NUMBA_CACHE_DIR"] = str(tmp_path / "cache")
    try:
        first = spawn_hopcli(*SMALL[:-1], "--out", "a")
        again = spawn_hopcli(*SMALL[:-1], "--out", "b")
    finally:
        del child_environment["NUMBA_CACHE_DIR"]
    assert {file.stat().st_size > 100 for file in cache.iterdir()} == {True}  # it was that cache
    assert [done.code for done in (first, again)] == [0, 0]
    # A slow machine may be told besides how long it takes.
    said = [re.sub("hopcli: this takes about .*\n", "", done.err) for done in (first, again)]
    assert said == ["hopcli: compiling the loops, once: some ten seconds\n", ""]


# --- every setting, every kind of bad value -------------------------------------------------

TRIED = list(tried_settings())
WRITTEN = [
    tuple(line.split("  =>  "))
    for line in (
        Path(__file__).with_name("bad_inputs.txt").read_text(encoding="utf-8")
    ).splitlines()
    if "  =>  " in line
]
COMPARE = ["compare", "--dataset", "digits", "--split", "train", "--tests", "5", "--out", "out"]
RECALL = [*SMALL, "--dataset", "text:five.txt", "--start", "pattern", "--out", "out"]
RULES = ("must", "has no effect")
SHARE = 8  # one value in so many is tried in a grid
LONGEST = 420  # characters of a message


@pytest.fixture(scope="module")
def lying_about(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of everything that can be wrong with a file, and of a few good ones."""
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
def stands(lying_about: Path) -> dict[str, tuple[int, int]]:
    """How that folder stood when it was last looked at, to begin with as it was laid."""
    return _standing(lying_about)


@pytest.fixture
def refusal(
    run_hopcli: RunHopcli,
    lying_about: Path,
    stands: dict[str, tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., str]]:
    """Try something in that folder; what is said, or what is wrong with the answer."""
    monkeypatch.chdir(lying_about)

    def attempt(*arguments: str) -> str:
        done = run_hopcli(*arguments)
        said = done.err.removeprefix("hopcli: ")
        one_line = done.err.count("\n") == 1 and done.err.endswith("\n") and said != done.err
        if done.code != 2 or done.out or not one_line or len(said) > LONGEST:
            return f"not a refusal in one line: {done}"
        return said

    yield attempt
    before = stands.copy()
    stands.clear()  # so that one test fails, not all that follow
    stands.update(_standing(lying_about))
    assert stands == before


def _standing(folder: str | Path) -> dict[str, tuple[int, int]]:
    """Kind and time of everything below a folder; its files are too large to be read.

    It is asked for thousands of times, which `Path.rglob` makes slow.
    """
    found: dict[str, tuple[int, int]] = {}
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


def _id(tried: object) -> str:
    return f"{tried.command} {tried.setting}" if isinstance(tried, Tried) else ascii(tried)


NUMBERED = pytest.mark.parametrize(
    "number", range(len(TRIED)), ids=lambda number: _id(TRIED[number])
)


@NUMBERED
def test_no_flag_takes_a_bad_value(refusal: Callable[..., str], number: int) -> None:
    """One half of the values, the other half as keys; `make torture` tries all as both."""
    check_flags(refusal, TRIED[number], TRIED[number].flags[number % 2 :: 2])


def check_flags(refusal: Callable[..., str], tried: Tried, flags: Sequence[str]) -> None:
    """Bad values as those of a flag."""
    others = {"capacity": ["capacity", "--out", "out"], "recall": RECALL, "compare": COMPARE}
    usual = [tried.command, "--dataset", "text:five.txt", "--out", "out"]
    flag = f"--{tried.setting.replace('_', '-')}"
    for text in flags:
        said = refusal(*others.get(tried.command, usual), f"{flag}={text}")
        named = said.startswith(tuple(f"{flag} {rule}" for rule in RULES)) and ", found " in said
        assert named or (_file_in(text) and said.startswith(_file_in(text))), (text, said)


def _file_in(text: str) -> str:
    """The file that a value names, as messages show it; empty if it is none."""
    path = text.removeprefix(f"{text.partition(':')[0]}:")
    return f"{' '.join(path.split())}: ".replace("\0", "\\x00") if path.strip() else ""


@NUMBERED
def test_no_key_takes_a_bad_value(refusal: Callable[..., str], tmp_path: Path, number: int) -> None:
    check_keys(refusal, tmp_path / "f.toml", TRIED[number], TRIED[number].keys[1 - number % 2 :: 2])


def check_keys(refusal: Callable[..., str], file: Path, tried: Tried, keys: Sequence[str]) -> None:
    """Bad values as those of a key in a file."""
    for value in keys:
        file.write_text(f"command = '{tried.command}'\n{tried.setting} = {value}\n", "utf-8")
        said = refusal("run", str(file), "--out", "out")
        named = said.startswith(tuple(f"{file}: {tried.setting} {rule}" for rule in RULES))
        assert named, (value, said)
        assert ", found " in said, (value, said)


@NUMBERED
def test_no_grid_takes_a_bad_value(
    refusal: Callable[..., str], tmp_path: Path, number: int
) -> None:
    """A sample, for each command others of the values; `make torture` tries all."""
    tried, share = TRIED[number], slice(number % SHARE, None, SHARE)
    check_in_grids(refusal, tmp_path / "f.toml", tried, tried.keys[share], tried.flags[share])


def check_in_grids(
    refusal: Callable[..., str], file: Path, tried: Tried, keys: Sequence[str], flags: Sequence[str]
) -> None:
    """Bad values as those of a key of a grid, in a file and from the shell."""
    none = "grid must have a cell that can be run, none of its "
    for value in keys:
        text = f"command = '{tried.command}'\n[grid]\n{tried.setting} = [{value}]\n"
        file.write_text(text, "utf-8")
        said = refusal("grid", "run", str(file), "--out", "out").removeprefix(f"{file}: ")
        name = f"grid.{tried.setting}"
        fixed = said.startswith(f"{name} cannot vary {tried.setting}, which changes no number")
        known = said.startswith((f"{name} must", f"{none}1 can: {tried.setting}="))
        assert fixed or (known and ", found " in said), (value, said)
    vary = "rule=hebbian,storkey" if tried.command == "weights" else "seed=1,2"
    usual = ["grid", "run", "--command", tried.command, "--out", "out", "--set", vary]
    if tried.command == "compare" and tried.setting != "split":
        usual += ["--set", "split=train"]  # a file has no other
    first = f"{none}2 can: {vary.partition(',')[0]}: "
    for text in filter(_is_one_value, flags):
        said = refusal(*usual, "--set", f"{tried.setting}={text}")
        rules = tuple(f"{first}{tried.setting} {rule}" for rule in RULES)
        named = said.startswith((f"--set {tried.setting} must", *rules)) and ", found " in said
        assert named or said.startswith(f"{first}{_file_in(text)}"), (text, said)


def _is_one_value(text: str) -> bool:
    """Whether a text is no list or range of values that are good each, nor another in a shell."""
    stripped = text.strip()
    return not set(",;:") & set(text.partition(":")[2] or text) and stripped in (text, "")


@pytest.mark.parametrize(("line", "answer"), WRITTEN, ids=_id)
def test_what_an_adversary_types(refusal: Callable[..., str], line: str, answer: str) -> None:
    said = refusal(*_words(line))
    if answer.startswith("..."):
        assert answer[3:] in said
    else:
        assert said.startswith(answer)


def _words(line: str) -> list[str]:
    """The arguments of a written line."""
    words = shlex.split(line)
    words = [word.replace("\\0", "\0").replace("\\n", "\n") for word in words]
    return [*RECALL, *words[1:]] if words[0] == "RECALL" else words


IN_EARNEST = [
    ("recall --tests 0", "--tests must be a whole number >= 1, or all, found 0"),
    ("run pipe.json", "pipe.json: must be a file"),
    ("run secret.toml", "secret.toml: cannot be read: Permission denied"),
    ("show text:secret.txt", "secret.txt: cannot be read"),
    ("select --out closed/in", "closed/in: must be a folder to write to, closed is not writable"),
    ("plot pipe.json", "pipe.json: must hold a finished run"),
]


@pytest.mark.parametrize(("line", "answer"), IN_EARNEST)
def test_a_process_of_its_own_says_the_same(
    spawn_hopcli: SpawnHopcli, line: str, answer: str
) -> None:
    """And finds what is forbidden, as root in this process would not."""
    for name in ("secret.toml", "secret.txt"):
        Path(name).touch(0o000)
    Path("closed").mkdir(0o555)
    os.mkfifo("pipe.json")
    code = f"{UNPRIVILEGED}\nfrom hopcli.__main__ import start\nstart()"
    before = _standing(Path())
    assert spawn_hopcli(*line.split(), code=code).refused().startswith(answer)
    assert _standing(Path()) == before


def _started_with(run: str) -> str:
    """The program, its commands replaced by a function ``run``."""
    return (
        f"import signal, time, hopcli.cli as c\n{run}c.cli.main = run\n"
        "from hopcli.__main__ import start\nstart()\n"
    )


@pytest.mark.parametrize(
    ("sent", "code", "said"), [("SIGINT", 130, "hopcli: interrupted\n"), ("SIGTERM", 143, "")]
)
def test_a_signal_that_a_library_makes_another_error_of_is_a_signal_still(
    spawn_hopcli: SpawnHopcli, sent: str, code: int, said: str
) -> None:
    """As the import of a compiled module does."""
    run = (
        "def run(**_):\n"
        "    try:\n"
        f"        signal.raise_signal(signal.{sent})\n"
        "    except BaseException as error:\n"
        "        raise ImportError('initialization failed') from error\n"
    )
    done = spawn_hopcli(code=_started_with(run))
    assert (done.code, done.out, done.err) == (code, "", said)


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [("SIGINT", 130, "hopcli: interrupted; nothing was written\n"), ("SIGTERM", 143, "")],
)
def test_a_signal_that_meets_a_destructor_comes_again(
    spawn_hopcli: SpawnHopcli, sent: str, code: int, said: str
) -> None:
    """Nothing can be raised there: neither a traceback is left nor the signal lost."""
    run = (
        "class Callback:\n"
        "    def __del__(self):\n"
        f"        signal.raise_signal(signal.{sent})\n"
        "def run(**_):\n"
        "    Callback()\n"
        "    for _ in range(100):\n"
        "        time.sleep(0.1)\n"
    )
    done = spawn_hopcli(code=_started_with(run))
    assert (done.code, done.out, done.err) == (code, "", said)


def test_a_disk_without_room_for_a_lock_keeps_none(run_hopcli: RunHopcli) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        message = run_hopcli(*SMALL, "--out", "out").refused()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert message == "out: cannot be written: File too large"
    assert list(Path().iterdir()) == []
