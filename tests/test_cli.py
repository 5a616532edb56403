"""The command line as a whole: help, refusals, quiet, pipes, terminals, signals, bytes."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, UNPRIVILEGED, Finished, files_below

import hopcli
from hopcli import streams
from hopcli.catalogue import CATALOGUE
from hopcli.cli import cli
from hopcli.cli.execute import print_summary
from hopcli.cli.progress import Watch, shown
from hopcli.config import SelectConfig, kinds
from hopcli.config.base import setting
from hopcli.experiments import Plan, Summary
from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli, SpawnHopcli

    from hopcli.experiments import Result

COMMANDS = cli.list_commands(click.Context(cli))
QUICK = ["recall", "--tests", "3", "--repeats", "2", "--no-figures"]
CONTROL = re.compile(r"[^\n\x20-\x7e\x80-\U0010ffff]")


# --- help ------------------------------------------------------------------------------


def test_help_lists_every_command(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("--help")
    assert (done.code, done.err) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^  {command}\s", done.out, re.MULTILINE)
    assert set(CATALOGUE) <= set(COMMANDS)
    assert "_HOPCLI_COMPLETE=bash_source" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_manual_with_an_example(run_hopcli: RunHopcli, command: str) -> None:
    done = run_hopcli(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"Usage: hopcli {command}" in done.out
    assert re.search(rf"^ +hopcli {command}( |$)", done.out, re.MULTILINE)
    assert run_hopcli(command, "-h") == done
    assert not CONTROL.search(done.out)


@pytest.mark.parametrize("command", CATALOGUE)
def test_every_setting_is_a_flag_with_its_default(run_hopcli: RunHopcli, command: str) -> None:
    text = " ".join(run_hopcli(command, "--help").out.split())
    for name in CATALOGUE[command].settings:
        assert "--" + name.replace("_", "-") in text
    assert "[default: mnist]" in text
    assert "[default: results/<config name, or the command>;" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"hopcli {command}" in (CHECKOUT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", CATALOGUE)
def test_every_example_of_the_help_can_be_typed(run_hopcli: RunHopcli, command: str) -> None:
    """Its flags and shipped names are accepted; --tests 0 or the like would be refused."""
    text = run_hopcli(command, "--help").out
    examples = re.findall(rf"^ +hopcli {command}((?: .*)?)$", text, re.MULTILINE)
    assert examples
    for example in examples:
        end = run_hopcli(command, *example.split(), "--threshold", "256").refused()
        assert end.startswith("--threshold")


def test_a_help_group_of_a_new_setting_is_shown(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(frozen=True, eq=False, kw_only=True)
    class Wider(SelectConfig):
        """Choose."""

        shoes: int = setting(kinds.integer(1), 3, "Dancing", "Shoes to wear.")

    monkeypatch.setattr("hopcli.config.select.SelectConfig", Wider)
    done = run_hopcli("select", "--help")
    assert (done.code, done.err) == (0, "")
    groups = re.findall(r"^(\w+) options:$", done.out, re.MULTILINE)
    assert groups == ["Data", "Selection", "Dancing", "Output"]
    assert "--shoes INTEGER" in done.out


def test_version(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("--version")
    assert (done.code, done.err) == (0, "")
    assert hopcli.__version__ in done.out


def test_no_command_shows_the_help_as_an_error(run_hopcli: RunHopcli) -> None:
    done = run_hopcli()
    assert (done.code, done.out) == (2, "")
    assert "Usage: hopcli" in done.err


def test_python_m_hopcli_is_the_same_program(spawn_hopcli: SpawnHopcli) -> None:
    done = spawn_hopcli("--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: hopcli ")
    assert spawn_hopcli("recall", "--tests", "0").refused().startswith("--tests must be")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_installed(
    empty_folder: Path, child_environment: dict[str, str], shell: str
) -> None:
    code = "from hopcli.cli import main; main()"
    words = {"_HOPCLI_COMPLETE": f"{shell}_complete", "COMP_WORDS": "hopcli recall --rule h"}
    environment = {**child_environment, **words, "COMP_CWORD": "h" if shell == "fish" else "3"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert "hebbian" in done.stdout
    assert "storkey" not in done.stdout


# --- refusals --------------------------------------------------------------------------

HUGE = "9" * 23
BAD_FLAGS: list[tuple[str, str]] = [
    # arguments, what the message must name
    ("selct", "'selct'"),
    ("selct", "'select'"),
    ("temperature_scan", "'temperature-scan'"),
    ("--foo", "--foo"),
    ("recall --temprature 0.2", "--temperature"),
    ("recall extra", "extra"),
    ("recall --temperature", "--temperature"),
    ("recall --temperature -1", "--temperature"),
    ("recall --temperature nan", "nan"),
    ("recall --temperature 1e400", "--temperature"),
    ("recall --temperature 0,2", "'0,2'"),
    ("recall --criterion 0", "--criterion"),
    ("recall --criterion nan", "--criterion"),
    ("recall --criterion 1.01", "1.01"),
    ("recall --tests 0", "--tests"),
    ("recall --tests -5", "-5"),
    ("recall --tests many", "'many'"),
    (f"recall --tests {HUGE}", "--tests"),
    ("recall --repeats 0", "--repeats"),
    ("recall --sweeps 1.5", "'1.5'"),
    (f"recall --sweeps {HUGE}", "--sweeps"),
    ("recall --attempts-per-sweep N/0", "'N/0'"),
    (f"recall --attempts-per-sweep {HUGE}", "--attempts-per-sweep"),
    (f"recall --attempts-per-sweep {HUGE}N", "--attempts-per-sweep"),
    ("recall --digits ,", "--digits"),
    ("recall --digits 3,3", "twice"),
    ("recall --digits 3,11", "'11'"),
    ("recall --rule hebian", "hebbian"),
    ("recall --seed -1", "--seed"),
    ("recall --selection-seed 4294967296", "--selection-seed"),
    ("recall --threads 0", "--threads"),
    ("recall --samples 0", "--samples"),
    (f"recall --samples {HUGE}", "--samples"),
    ("recall --samples 100000 --sampler generator", "--samples"),
    ("recall --threshold 256", "--threshold"),
    ("recall --threshold 255", "independent"),
    ("recall --dataset mnits", "mnist"),
    ("recall --dataset idx:nowhere", "nowhere"),
    ("recall --dataset npz:.", "."),
    ("recall --dataset digits --split test", "--split"),
    ("recall --split validation", "'validation'"),
    ("recall --patterns none.npz", "none.npz"),
    ("recall --patterns .", "folder"),
    ("recall --patterns a.toml", "a.toml"),
    ("recall --patterns eight.npz", "8 x 8"),
    ("recall --source-indices 1,x", "--source-indices"),
    ("recall --source-indices 60000", "60000"),
    (f"recall --source-indices {HUGE}", "--source-indices"),
    ("recall --source-indices -1", "--source-indices"),
    ("recall --source-indices 1,1", "twice"),
    ("recall --source-indices 1,2 --patterns eight.npz", "together"),
    ("recall --source-indices 9,56 --digits 3,4", "4,0"),
    ("recall --figure-format jpeg", "'jpeg'"),
    ("recall --out a.toml", "a.toml"),
    ("recall --out a.toml/below", "a.toml"),
    ("recall --config none.toml", "none.toml"),
    ("recall --config papper", "'paper'"),
    ("recall --config folder", "folder"),
    ("recall --config figure1", "temperature-scan"),
    ("recall --config paper-as-run --test-images fresh", "--test-images"),
    ("recall --config paper-as-run --exclude-samples", "--exclude-samples"),
    ("recall --config paper-as-run --tests all", "--tests"),
    ("temperature-scan --temperatures 1:0:0.1", "'1:0:0.1'"),
    ("temperature-scan --temperatures 0.1:1.9:0", "--temperatures"),
    ("temperature-scan --temperatures 0:1e9:1e-9", "--temperatures"),
    ("temperature-scan --temperatures 1,1", "--temperatures"),
    ("temperature-scan --target 7", "'7'"),
    ("temperature-scan --start warm", "'warm'"),
    ("select --digits 11", "'11'"),
    (f"select --digits 1 --samples {HUGE}", "--samples"),
    ("run", "CONFIG"),
    ("run none.toml", "none.toml"),
    ("run folder", "folder"),
]


@pytest.fixture
def odd_files(empty_folder: Path) -> Path:
    """A folder with a configuration, a folder and patterns of 8 x 8 pixels."""
    (empty_folder / "a.toml").write_text("tests = 1\n")
    (empty_folder / "folder").mkdir()
    np.savez(
        empty_folder / "eight.npz",
        xi=np.ones((1, 64), np.int8),
        labels=np.array(["4"]),
        source_index=np.array([0]),
        shape=np.array([8, 8]),
        sample_index=np.array([0]),
        dataset=np.array("digits"),
        dataset_sha256=np.array("0" * 64),
    )
    return empty_folder


@pytest.mark.parametrize(("line", "words"), BAD_FLAGS, ids=lambda text: text[:60])
def test_a_bad_flag_is_one_line_and_nothing_is_written(
    run_hopcli: RunHopcli, odd_files: Path, line: str, words: str
) -> None:
    before = files_below(odd_files)
    message = run_hopcli(*line.split()).refused()
    assert words in message
    assert len(message) < 400
    assert not CONTROL.search(message)
    assert files_below(odd_files) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["recall", "--temperature", ""],
        ["recall", "--digits", ""],
        ["recall", "--dataset", ""],
        ["recall", "--patterns", ""],
        ["recall", "--config", ""],
        ["recall", "--out", "", "--tests", "1", "--repeats", "1", "--no-figures"],
        ["recall", "--seed", "9" * 5000],
        ["recall", "--attempts-per-sweep", "9" * 5000],
        ["recall", "--rule", "x" * 5000],
        ["recall", "--rule", "a\nb\x1b[31m"],
        ["recall", "--dataset", "npz:a\x1b[31m"],
        ["recall", "--config", "a\x1b[31m"],
        ["recall", "--patterns", "a\x00b"],
        ["recall", "--digits", "\udcff", "--no-figures"],
    ],
    ids=lambda arguments: " ".join(map(repr, arguments))[:50],
)
def test_empty_endless_and_unprintable_values_are_one_line(
    run_hopcli: RunHopcli, arguments: list[str]
) -> None:
    message = run_hopcli(*arguments).refused()
    value = arguments[2].partition("\x1b")[0].strip("npz:").replace("\0", "\\x00")
    assert arguments[1] in message or value in message
    assert len(message) < 600
    assert not CONTROL.search(message)
    assert list(Path().iterdir()) == []


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
from hopcli.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "line",
    [
        f"recall --repeats {HUGE}",
        "recall --repeats 1000000000",
        "recall --sweeps 1000000000000 --tests 1",
        "recall --replay-authors --digits 4 --tests 1000000",
        "temperature-scan --repeats 1000000000",
        "select --digits 1 --samples 30000000",
    ],
)
def test_what_no_memory_can_hold_is_one_line(spawn_hopcli: SpawnHopcli, line: str) -> None:
    """In 6 GB, and before a CPU second or twenty are spent on it."""
    spawn_hopcli(*line.split(), "--no-figures", code=LIMITED).refused()
    assert list(Path().iterdir()) == []


BAD_FILES: list[tuple[str, str]] = [
    ('tests = "5"', "tests"),
    ("tests = 5.0", "5.0"),
    ("tests = true", "tests"),
    ("tests = [5]", "[5]"),
    ("tests = 0", "tests"),
    ('temperature = "cold"', "'cold'"),
    ("temperature = true", "temperature"),
    ("temperature = nan", "nan"),
    (f"temperature = 1{'0' * 400}", "temperature"),
    ("temprature = 1", "'temperature'"),
    ("source-indices = [1]", "'source_indices'"),
    ("xyzzy = 1", "xyzzy"),
    ('"" = 1', "''"),
    ('"a\\u001b[31m" = 1', "is not a setting"),
    ("[recall]\ntests = 1", "recall"),
    ("[temperature]\nx = 1", "temperature"),
    ("digits = []", "digits"),
    ("digits = [3, [6]]", "digits"),
    ("digits = [3, {a = 6}]", "digits"),
    ("digits = [3, true]", "digits"),
    ('digits = [3, "3"]', "twice"),
    ("digits = 2020-01-01", "digits"),
    ("rule = 3", "rule"),
    ('rule = ["hebbian"]', "rule"),
    ('rule = "hebian"', "'hebian'"),
    ("command = 3", "command"),
    ('command = "select"', "'select'"),
    ("quiet = true", "quiet"),
    ('out = "x"', "out"),
    ("threads = 0", "threads"),
    ('figures = "no"', "figures"),
    ("figures = 0", "figures"),
    ("source_indices = [9.0]", "source_indices"),
    ("source_indices = [70000]", "70000"),
    ('source_indices = [9]\npatterns = "x"', "together"),
    ("patterns = 3", "patterns"),
    ("tests = ", "TOML"),
    ("tests = 1\ntests = 1", "TOML"),
    ("seed = 1979-05-27T07:32:00Z", "seed"),
    ('dataset = "mnist\\u0000"', "dataset"),
    ("threshold = -1", "threshold"),
]


@pytest.mark.parametrize(("content", "words"), BAD_FILES, ids=lambda text: repr(text)[:50])
def test_a_bad_file_is_one_line_with_its_name(
    run_hopcli: RunHopcli, content: str, words: str
) -> None:
    Path("mine.toml").write_text(content + "\n", encoding="utf-8")
    message = run_hopcli("recall", "--config", "mine.toml").refused()
    assert message.startswith("mine.toml: ")
    assert words in message
    assert len(message) < 600
    assert not CONTROL.search(message)
    assert not Path("results").exists()


def test_a_file_that_may_not_be_read_is_one_line(
    empty_folder: Path, spawn_hopcli: SpawnHopcli
) -> None:
    code = f"{UNPRIVILEGED}\nfrom hopcli.cli import main\nimport sys\nmain(sys.argv[1:])"
    for name, flag in (("secret.toml", "--config"), ("secret.npz", "--patterns")):
        (empty_folder / name).write_text("tests = 1\n")
        (empty_folder / name).chmod(0)
        message = spawn_hopcli("recall", flag, name, code=code).refused()
        assert message.startswith(f"{name}: cannot be read")
        assert "ermission denied" in message


def test_a_defect_keeps_its_traceback(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what a user can cause is one line; a mistake of ours is not hidden."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hopcli.experiments.plan", fail)
    with pytest.raises(ZeroDivisionError):
        run_hopcli(*QUICK)
    assert not Path("results").exists()


# --- files and flags -------------------------------------------------------------------


def test_flags_win_over_the_file(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text("tests = 2\nrepeats = 1\ntemperature = 0.3\nfigures = true\n")
    flags = ["--temperature", "0.1", "--no-figures", "-q"]
    assert run_hopcli("recall", "--config", "mine.toml", *flags).code == 0
    (folder,) = Path("results").iterdir()
    manifest = read_manifest(folder, "recall")
    config = manifest["config"]
    assert (config["tests"], config["temperature"]) == (2, 0.1)
    assert manifest["execution"]["figures"] is False


def test_a_flag_can_repair_a_file(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text("tests = 0\nrepeats = 1\nfigures = false\n")
    assert run_hopcli("recall", "--config", "mine.toml", "--tests", "2", "-q").code == 0


def test_a_wrong_flag_is_not_blamed_on_the_file(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text("tests = 2\n")
    message = run_hopcli("recall", "--config", "mine.toml", "--tests", "0").refused()
    assert message.startswith("--tests must be")


def test_results_go_where_asked_or_by_name(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text("tests = 2\nrepeats = 1\nfigures = false\n")
    run_hopcli(*QUICK, "-q")
    run_hopcli("recall", "--config", "mine.toml", "-q")
    run_hopcli("recall", "--config", "mine.toml", "-q", "--out", "else/where")
    found = sorted(str(path.parent) for path in Path().rglob("recall.json"))
    assert found == ["else/where", "results/mine", "results/recall"]


SMALL = "tests = 2\nrepeats = 1\nfigures = false\n"


def test_flags_that_change_a_file_never_write_to_its_folder(run_hopcli: RunHopcli) -> None:
    """But to one that the key of the run names; threads, pictures and the like change nothing."""
    Path("mine.toml").write_text(SMALL)
    mine = ["recall", "--config", "mine.toml", "-q"]
    assert run_hopcli(*mine).code == 0
    before = files_below(Path("results/mine"))
    for flags in (["--temperature", "0.4"], ["--seed", "2", "--tests", "2"]):
        assert run_hopcli(*mine, *flags).code == 0
    others = [path for path in Path("results").iterdir() if path.name != "mine"]
    for path in others:
        key = read_manifest(path, "recall")["key"]
        assert path.name == f"mine-{key[:8]}"
    assert len(others) == 2
    assert files_below(Path("results/mine")) == before
    for flags in (["--tests", "2"], ["--threads", "1"], ["--temperature", "0.2", "--seed", "1"]):
        assert run_hopcli(*mine, *flags).code == 0
    assert len(list(Path("results").iterdir())) <= 4  # the last says what is the default anyway
    assert files_below(Path("results/mine")) == before
    assert run_hopcli(*mine, "--temperature", "0.4", "--out", "here").code == 0
    assert read_manifest(Path("here"), "recall")["config"]["temperature"] == 0.4


def test_another_run_is_not_overwritten_unasked(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*QUICK, "-q").code == 0
    before = files_below(Path())
    line = (
        "results/recall: holds another run of recall (temperature is 0.2 there, 0.4 here); "
        "give --out another folder, or --overwrite to replace it"
    )
    for flags in ([], ["--again"], ["-q"]):
        assert run_hopcli(*QUICK, "--temperature", "0.4", *flags).refused() == line
    assert files_below(Path()) == before
    assert run_hopcli(*QUICK, "--temperature", "0.4", "--overwrite", "-q").code == 0
    assert read_manifest(Path("results/recall"), "recall")["config"]["temperature"] == 0.4
    # A run of another command stands beside it.
    assert run_hopcli("select", "--out", "results/recall", "--no-figures", "-q").code == 0


def test_what_a_run_reads_makes_it_another_too(run_hopcli: RunHopcli) -> None:
    run_hopcli("select", "-q", "--no-figures")
    run = [*QUICK, "-q", "--patterns", "results/select/patterns.npz"]
    assert run_hopcli(*run).code == 0
    run_hopcli("select", "-q", "--no-figures", "--seed", "3", "--overwrite")
    message = run_hopcli(*run).refused()
    assert "results/recall: holds another run" in message
    assert "what is read for patterns has changed" in message


def test_what_is_no_manifest_is_not_overwritten_unasked(run_hopcli: RunHopcli) -> None:
    manifest = Path("results/recall/recall.json")
    manifest.parent.mkdir(parents=True)
    manifest.write_text('{"notes": "mine"}')
    assert "recall.json: must be a manifest" in run_hopcli(*QUICK).refused()
    assert manifest.read_text() == '{"notes": "mine"}'
    assert run_hopcli(*QUICK, "--overwrite", "-q").code == 0
    read_manifest(manifest.parent, "recall")


@pytest.fixture
def count_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands whose runs were made, one after the other."""
    made: list[str] = []
    run = Plan.run

    def counted(self: Plan, *arguments: Any) -> Result:
        made.append(self.config.command)
        return run(self, *arguments)

    monkeypatch.setattr(Plan, "run", counted)
    return made


def test_a_finished_run_is_not_run_again(run_hopcli: RunHopcli, count_runs: list[str]) -> None:
    first = run_hopcli(*QUICK)
    before = files_below(Path())
    second = run_hopcli(*QUICK)
    assert (second.code, second.err, count_runs) == (0, "", ["recall"])
    table, said = second.out.rsplit("\n\n", 1)
    assert table == first.out.rsplit("\n\n", 1)[0]
    assert said == "results/recall/  finished before, not run again\n"
    assert run_hopcli(*QUICK, "-q") == Finished(0, "", "")
    assert files_below(Path()) == before
    third = run_hopcli(*QUICK, "--again")
    assert (third.out, count_runs) == (first.out, ["recall"] * 2)


@pytest.mark.parametrize("name", ["accuracy.csv", "trials.csv", "recall.npz"])
def test_what_is_no_more_whole_is_run_again(
    run_hopcli: RunHopcli, count_runs: list[str], name: str
) -> None:
    kept = [*QUICK, "--keep", "trials", "-q"]
    run_hopcli(*kept)
    before = files_below(Path("results/recall"))
    path = Path("results/recall") / name
    path.write_bytes(path.read_bytes() + b" ")
    assert run_hopcli(*kept).code == 0
    path.unlink()
    assert run_hopcli(*kept).code == 0
    assert len(count_runs) == 3
    after = files_below(Path("results/recall"))
    assert {**after, "recall.json": None} == {**before, "recall.json": None}


@pytest.mark.parametrize(
    ("made_by", "version", "now"),
    [("hopcli", "0.0.9", hopcli.__version__), ("streams", "1", str(streams.VERSION))],
)
def test_the_run_of_another_version_is_run_again(
    run_hopcli: RunHopcli, count_runs: list[str], made_by: str, version: str, now: str
) -> None:
    run_hopcli(*QUICK, "-q")
    path = Path("results/recall/recall.json")
    manifest = json.loads(path.read_text())
    manifest["versions"][made_by] = version
    path.write_text(json.dumps(manifest))
    assert run_hopcli(*QUICK, "-q").code == 0
    assert len(count_runs) == 2
    assert read_manifest(path.parent, "recall")["versions"][made_by] == now


def test_only_missing_pictures_of_a_finished_run_are_drawn(
    run_hopcli: RunHopcli, count_runs: list[str]
) -> None:
    drawn = [*QUICK[:-1]]
    assert run_hopcli(*drawn, "-q").code == 0
    folder = Path("results/recall")
    before = files_below(folder)
    (folder / "accuracy.png").unlink()
    done = run_hopcli(*drawn)
    line = "results/recall/  finished before, not run again; drawn: "
    assert f"\n{line}accuracy.png confusion.png gallery.png\n" in done.out
    assert files_below(folder) == before
    done = run_hopcli(*drawn, "--figure-format", "svg")
    assert f"\n{line}accuracy.svg confusion.svg gallery.svg\n" in done.out
    assert {path.name for path in folder.glob("*.*g")} == {
        f"{name}.{kind}" for name in ("accuracy", "confusion", "gallery") for kind in ("png", "svg")
    }
    assert count_runs == ["recall"]
    read_manifest(folder, "recall")


def test_frames_that_a_finished_run_has_not_kept_make_it_run_again(
    run_hopcli: RunHopcli, count_runs: list[str]
) -> None:
    animated = [*QUICK, "-q", "--animate", "run.gif"]
    run_hopcli(*QUICK, "-q")
    assert run_hopcli(*animated).code == 0
    assert len(count_runs) == 2
    gif = Path("results/recall/run.gif")
    content = gif.read_bytes()
    gif.unlink()
    assert run_hopcli(*animated).code == 0
    assert run_hopcli(*animated[:-1], "other.gif").code == 0
    assert gif.read_bytes() == gif.with_name("other.gif").read_bytes() == content
    assert len(count_runs) == 2


def test_a_manifest_can_be_run_again_to_the_byte(run_hopcli: RunHopcli) -> None:
    """The configuration in it is the whole of it: as TOML it gives the same tables."""
    run_hopcli(*QUICK, "-q", "--seed", "5", "--rule", "hebbian")
    config = json.loads(Path("results/recall/recall.json").read_text())["config"]
    lines = [f"{key} = {json.dumps(value)}" for key, value in config.items() if value is not None]
    Path("again.toml").write_text("\n".join(['command = "recall"', *lines]))
    done = run_hopcli("run", "again.toml", "-q")
    assert (done.code, done.err) == (0, "")
    tables = sorted(Path("results/recall").glob("*.csv"))
    assert len(tables) >= 4
    for path in tables:
        assert (Path("results/again") / path.name).read_bytes() == path.read_bytes()


def test_another_process_gives_the_same_bytes(
    run_hopcli: RunHopcli, spawn_hopcli: SpawnHopcli
) -> None:
    run_hopcli(*QUICK, "-q", "--out", "here")
    done = spawn_hopcli(*QUICK, "-q", "--threads", "1", "--out", "there")
    assert (done.code, done.out, done.err) == (0, "", "")
    for path in Path("here").glob("*.csv"):
        assert (Path("there") / path.name).read_bytes() == path.read_bytes()


# --- what is printed -------------------------------------------------------------------


def test_quiet_prints_nothing_and_writes_all(run_hopcli: RunHopcli) -> None:
    for flag in ("--quiet", "-q"):
        done = run_hopcli(*QUICK, flag)
        assert (done.code, done.out, done.err) == (0, "", "")
    read_manifest(Path("results/recall"), "recall")


def test_a_pipe_gets_plain_text_and_no_bar(spawn_hopcli: SpawnHopcli) -> None:
    done = spawn_hopcli("recall", "--repeats", "30", "--no-figures")
    assert (done.code, done.err) == (0, "")
    assert not CONTROL.search(done.out)
    assert "overall" in done.out


def _on_a_terminal(arguments: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run with stderr on a terminal; give the exit code and what it showed there.

    The bar waits half a second and spares updates; here it does neither.
    """
    program = (
        "import sys, tqdm\n"
        "class Eager(tqdm.tqdm):\n"
        "    def __init__(self, *a, **k):\n"
        "        super().__init__(*a, **{**k, 'delay': 0, 'mininterval': 0})\n"
        "tqdm.tqdm = Eager\n"
        "from hopcli.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**environment, "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as child:
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                data = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
    os.close(ours)
    return child.returncode, shown.decode()


def test_a_terminal_gets_a_bar_that_goes_away(
    empty_folder: Path, child_environment: dict[str, str]
) -> None:
    code, shown = _on_a_terminal(QUICK, child_environment)
    assert code == 0
    assert "%|" in shown
    assert re.search(r"\d+/30 \[", shown)
    assert shown.split("\r")[-1].strip() == ""


def test_a_grid_has_one_bar_over_its_cells(
    empty_folder: Path, child_environment: dict[str, str]
) -> None:
    """With the cells a minute and the time left, and those that have failed."""
    Path("bad.toml").write_text(
        "command = 'recall'\ndataset = 'drawings'\nstart = 'flip:0.1'\ntests = 1\nrepeats = 1\n"
        "[grid]\nrule = ['hebbian', 'perceptron']\nepochs = [1, 1000]\nkappa = [1.0, 9.0]\n",
        encoding="utf-8",
    )
    run = ["grid", "run", "bad.toml", "--skip-impossible", "--no-figures"]
    code, shown = _on_a_terminal(run, child_environment)
    assert code == 0, shown
    assert re.search(r"\|\s*\d+/\d+ cells \[\d\d:\d\d<\d\d:\d\d, [\d,]+ cells/min\]", shown)
    assert shown.split("\r")[-1].strip() == ""


def test_quiet_draws_no_bar_on_a_terminal(
    empty_folder: Path, child_environment: dict[str, str]
) -> None:
    assert _on_a_terminal([*QUICK, "--quiet"], child_environment) == (0, "")


def test_a_reader_that_leaves_is_no_error(
    empty_folder: Path, child_environment: dict[str, str]
) -> None:
    """As in `hopcli recall | head -1`: no traceback, and the results are there."""
    with subprocess.Popen(
        [sys.executable, "-m", "hopcli", *QUICK],
        env=child_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        assert child.stderr.read() == b""
    assert child.returncode in (0, 1)
    read_manifest(Path("results/recall"), "recall")


@pytest.mark.parametrize(("command", "code"), [("--version >&-", 0), ("--nope 2>&-", 2)])
def test_streams_that_are_closed_are_no_trouble(
    child_environment: dict[str, str], command: str, code: int
) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m hopcli {command}"],
        env=child_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["--version", "schema", "data verify", " ".join(QUICK)])
def test_output_that_cannot_be_written_is_told_in_one_line(
    empty_folder: Path, child_environment: dict[str, str], command: str, unbuffered: str
) -> None:
    """With a code of its own: 1 is for what differs, and the results are there."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hopcli", *command.split()],
            env={**child_environment, "PYTHONUNBUFFERED": unbuffered},
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("hopcli: standard output: ")
    if command == " ".join(QUICK):
        assert "results/recall is finished" in done.stderr
        read_manifest(Path("results/recall"), "recall")


@pytest.mark.parametrize("error", [OSError(28, "full", "a.csv"), OSError(28, "full")])
def test_what_fails_elsewhere_is_not_taken_for_the_output(
    monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def failing(**_: object) -> None:
        raise error

    monkeypatch.setattr(hopcli.cli.cli, "main", failing)
    with pytest.raises(OSError, match="full"):
        hopcli.cli.main([])


def test_each_warning_of_a_result_is_one_line_before_the_table(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Plan.run

    def warn(self: Plan, *arguments: Any) -> Result:
        result = run(self, *arguments)
        return replace(result, notes={**result.notes, "warnings": ["far off", "a\nb\x1b[31m"]})

    monkeypatch.setattr(Plan, "run", warn)
    done = run_hopcli(*QUICK)
    assert done.code == 0
    assert done.err == "hopcli: warning: far off\nhopcli: warning: a b\\x1b[31m\n"
    assert "overall" in done.out
    assert read_manifest(Path("results/recall"), "recall")["notes"]["warnings"][0] == "far off"
    assert run_hopcli(*QUICK, "--out", "quiet", "-q") == Finished(0, "", "")


def test_percent_goes_by_what_a_column_is_not_by_its_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = pd.DataFrame({"label": ["a"], "sd": [0.5], "accuracy": [0.25], "fixed": [3.0]})
    print_summary(Summary(table, ("accuracy",)))
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["label", "sd", "accuracy", "%", "fixed"]
    assert row.split() == ["a", "0.5", "25.0", "3"]


# --- what takes long -------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that a run is told by, in its one element."""
    now = [0.0]
    monkeypatch.setattr("hopcli.cli.progress._clock", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        # (seconds, steps done) one after the other, of 1000
        ([(9.0, 1), (1.0, 10), (1.0, 10)], "about 2 min"),  # the first loads the loops
        ([(0.5, 1), (0.5, 1), (0.5, 1), (0.5, 1)], "about 8 min"),
        ([(30.0, 1)], "about 8 h"),
        ([(30.0, 0), (0.1, 5), (1.0, 50)], None),  # 30 s of compiling
        ([(30.0, 0), (0.0, 0), (1.0, 10)], "about 2 min"),
        ([(0.1, 100)] * 10, None),
        ([(9.0, 1), (1.0, 500), (1.0, 499)], None),
        ([(0.2, 1)] * 4, None),
    ],
)
def test_what_will_take_long_is_said_once_from_how_it_goes(
    clock: list[float],
    capsys: pytest.CaptureFixture[str],
    steps: list[tuple[float, int]],
    said: str | None,
) -> None:
    for quiet in (False, True):
        with Watch(0.0, quiet=quiet) as watch:
            for seconds, done in steps:
                clock[0] += seconds
                watch.tell(done, 1000)
        expected = "" if said is None or quiet else f"hopcli: this takes {said}\n"
        assert capsys.readouterr() == ("", expected)


def test_what_will_take_long_for_its_attempts_is_said_before_any_is_made(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Plan, "run", stop)
    # 5 digits x 100 tests x 10 repeats x 20 sweeps x 392 attempts of 1.5 ns are 0.06 s.
    for sweeps, said in ((20, ""), (20_000, "this takes at least 59 s"), (10**6, "49 min")):
        done = run_hopcli("recall", "--sweeps", str(sweeps), "--threads", "1")
        *lines, last = done.err.split("\n")[:-1]
        assert last == "hopcli: interrupted; nothing was written"
        assert said in "".join(lines)
        assert len("".join(lines)) < 60
        assert bool("".join(lines)) == bool(said)
    scan = ["temperature-scan", "--config", "figure1", "--sweeps", "200000", "--threads", "2"]
    assert "at least 2 min" in run_hopcli(*scan).err
    assert "takes" not in run_hopcli(*scan, "-q").err
    assert "takes" not in run_hopcli("attractors", "--starts", "1000000").err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(21, "21 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (1e5, "28 h")],
)
def test_times_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert shown(seconds) == text


# --- signals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["^C", "kill"]
)
def test_a_long_run_stops_at_once_and_writes_nothing(
    run_hopcli: RunHopcli, child_environment: dict[str, str], number: signal.Signals, code: int
) -> None:
    run_hopcli(*QUICK, "-q")
    before = files_below(Path())
    endless = [
        "recall",
        "--sweeps",
        "1000000",
        "--temperature",
        "0.9",
        "--no-figures",
        "--overwrite",
    ]
    program = (
        "import hopcli.dynamics.sites as sites\n"
        "load = sites._load\n"
        "def told(run):\n"
        "    load(run)\n"
        "    print('running', flush=True)\n"
        "sites._load = told\n"
        "from hopcli.__main__ import start\n"
        "start()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, *endless],
        env=child_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "running\n"
        time.sleep(0.3)  # well inside the compiled loop, which would last for hours
        child.send_signal(number)
        try:
            out, err = child.communicate(timeout=30)
        finally:
            child.kill()
    assert (child.returncode, out) == (code, "")
    assert "Traceback" not in err
    if number == signal.SIGINT:
        # The first line ends the one on which a terminal echoes ^C.
        warned, last = err.replace("\n\n", "\n").rstrip("\n").split("\n")
        assert warned.startswith("hopcli: this takes at least ")
        assert last.startswith("hopcli: interrupted")
        assert "finished" not in last
    assert files_below(Path()) == before


def test_an_interrupt_while_drawing_keeps_the_run(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hopcli.plots.draw", interrupt)
        done = run_hopcli("recall", "--tests", "2", "--repeats", "1")
    assert (done.code, done.out) == (130, "")
    assert done.err.lstrip("\n").count("\n") == 1
    assert "`hopcli plot results/recall`" in done.err
    read_manifest(Path("results/recall"), "recall")
    assert not list(Path("results/recall").glob("*.png"))
    assert run_hopcli("plot", "results/recall").code == 0
    assert len(list(Path("results/recall").glob("*.png"))) == 3
