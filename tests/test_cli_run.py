"""``hopcli run``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Finished, files_below

from hopcli.experiments import Plan
from hopcli.experiments.sources import load_data
from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

    from hopcli.config import DataSettings, Execution
    from hopcli.datasets import Dataset
    from hopcli.experiments import Progress, Result

RECALL = 'command = "recall"\ntests = 2\nrepeats = 1\nfigures = false\n'
SCAN = 'command = "temperature-scan"\ntemperatures = 0.5\nrepeats = 2\nfigures = false\n'.replace(
    "0.5", "[0.5]"
)


def test_each_configuration_runs_with_its_own_command(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(RECALL)
    Path("yours.toml").write_text(SCAN)
    done = run_hopcli("run", "mine.toml", "yours.toml")
    assert (done.code, done.err) == (0, "")
    assert read_manifest(Path("results/mine"), "recall")["config"]["tests"] == 2
    assert read_manifest(Path("results/yours"), "temperature-scan")["config"]["repeats"] == 2


def test_run_and_the_command_itself_do_the_same(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(RECALL)
    run_hopcli("run", "mine.toml", "--out", "a", "-q")
    run_hopcli("recall", "--config", "mine.toml", "--out", "b", "-q")
    for path in Path("a").glob("*.csv"):
        assert path.read_bytes() == (Path("b") / path.name).read_bytes()


def test_a_shipped_name_is_enough(run_hopcli: RunHopcli) -> None:
    assert run_hopcli("run", "select", "-q").code == 0
    assert read_manifest(Path("results/select"), "select")["seed"] == 9


def test_all_files_are_checked_before_the_first_is_run(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(RECALL)
    Path("wrong.toml").write_text('command = "recall"\ntests = 0\n')
    message = run_hopcli("run", "mine.toml", "wrong.toml").refused()
    assert message.startswith("wrong.toml: tests ")
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('command = "recall"\ndigits = ["3", "x"]\n', "wrong.toml: digits must name labels"),
        ('command = "recall"\ntests = 70000\n', "5822"),
        ('command = "temperature-scan"\ntarget = 7\n', "wrong.toml: target must be a stored"),
        ('command = "weights"\npixel = [40, 0]\n', "wrong.toml: pixel must be"),
        ('command = "recall"\nstart = "blend:3:7:fill"\n', "wrong.toml: start must blend"),
        ('command = "recall"\ntheta = "none.txt"\n', "none.txt: "),
        ('command = "recall"\nthreshold = 255\n', "independent patterns"),
        ('command = "capacity"\npatterns = "images"\ndataset = "drawings"\n', "loads must ask"),
    ],
)
def test_what_only_the_data_can_tell_is_found_before_the_first_is_run(
    run_hopcli: RunHopcli, content: str, words: str
) -> None:
    Path("mine.toml").write_text(RECALL)
    Path("wrong.toml").write_text(content)
    assert words in run_hopcli("run", "mine.toml", "wrong.toml").refused()
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("stopped", "message"), [(1, "nothing was written"), (2, "results/mine is finished")]
)
def test_an_interrupt_says_what_there_is(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch, stopped: int, message: str
) -> None:
    Path("mine.toml").write_text(RECALL)
    Path("yours.toml").write_text(SCAN)
    runs, run = [0], Plan.run

    def interrupt(self: Plan, execution: Execution, progress: Progress, *parts: Any) -> Result:
        runs[0] += 1
        if runs[0] == stopped:
            raise KeyboardInterrupt
        return run(self, execution, progress, *parts)

    monkeypatch.setattr(Plan, "run", interrupt)
    done = run_hopcli("run", "mine.toml", "yours.toml")
    assert done.code == 130
    assert done.err.lstrip("\n").startswith(f"hopcli: interrupted; {message}")
    assert Path("results").exists() == (stopped == 2)
    if stopped == 2:
        read_manifest(Path("results/mine"), "recall")
        assert not Path("results/yours").exists()


def test_the_same_line_goes_on_where_it_was_interrupted(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.toml").write_text(RECALL)
    Path("yours.toml").write_text(SCAN)
    made: list[str] = []
    run = Plan.run

    def interrupt_second(
        self: Plan, execution: Execution, progress: Progress, *parts: Any
    ) -> Result:
        made.append(self.config.command)
        if len(made) == 2:
            raise KeyboardInterrupt
        return run(self, execution, progress, *parts)

    monkeypatch.setattr(Plan, "run", interrupt_second)
    assert run_hopcli("run", "mine.toml", "yours.toml", "-q").code == 130
    done = run_hopcli("run", "mine.toml", "yours.toml")
    assert (done.code, done.err) == (0, "")
    assert "results/mine/  finished before, not run again" in done.out
    assert made == ["recall", "temperature-scan", "temperature-scan"]


def test_a_run_that_may_not_be_overwritten_is_found_before_the_first_is_run(
    run_hopcli: RunHopcli,
) -> None:
    Path("mine.toml").write_text(RECALL)
    Path("yours.toml").write_text(SCAN)
    assert run_hopcli("run", "yours.toml", "-q").code == 0
    Path("yours.toml").write_text(SCAN.replace("0.5", "0.6"))
    message = run_hopcli("run", "mine.toml", "yours.toml").refused()
    assert message.startswith("results/yours: holds another run of temperature-scan")
    assert "temperatures is [0.5] there, [0.6] here" in message
    assert not Path("results/mine").exists()
    assert run_hopcli("run", "mine.toml", "yours.toml", "--overwrite", "-q").code == 0
    config = read_manifest(Path("results/yours"), "temperature-scan")["config"]
    assert config["temperatures"] == [0.6]


def _edit(path: Path, **settings: object) -> None:
    manifest = json.loads(path.read_text())
    manifest["config"].update(settings)
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize("content", [RECALL, SCAN, 'command = "weights"\nfigures = false\n'])
def test_a_run_is_repeated_from_its_manifest(run_hopcli: RunHopcli, content: str) -> None:
    Path("mine.toml").write_text(content)
    assert run_hopcli("run", "mine.toml", "-q").code == 0
    before = files_below(Path("results/mine"))
    (name,) = (name for name in before if name.endswith(".json"))
    done = run_hopcli("run", f"results/mine/{name}")
    assert (done.code, done.err) == (0, "")
    tables = {path for path in before if path.endswith(".csv")}
    said = {line.split()[1] for line in done.out.splitlines() if line.startswith("same ")}
    assert said == tables
    assert "DIFFERS" not in done.out
    after = files_below(Path("results/mine-again"))
    assert {path: after[path] for path in tables} == {path: before[path] for path in tables}
    assert files_below(Path("results/mine")) == before
    assert run_hopcli("run", f"results/mine/{name}", "--out", "here", "-q") == Finished(0, "", "")
    assert set(files_below(Path("here"))) == set(before)


def test_a_repetition_that_differs_is_exit_code_1(run_hopcli: RunHopcli) -> None:
    """As when code, versions or data have changed; here the manifest has."""
    Path("mine.toml").write_text(RECALL)
    run_hopcli("run", "mine.toml", "-q")
    path = Path("results/mine/recall.json")
    _edit(path, seed=2)
    done = run_hopcli("run", str(path), "--out", "here")
    assert done.code == 1
    assert "DIFFERS  gallery.csv" in done.out
    assert done.err.startswith("hopcli: here: not the run that was to be repeated: ")
    quiet = run_hopcli("run", str(path), "--out", "here", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (1, "", done.err)
    _edit(path, seed=1)
    assert run_hopcli("run", str(path), "--out", "here").refused().startswith("here: holds another")


def test_a_repetition_says_which_file_has_changed(run_hopcli: RunHopcli) -> None:
    Path("theta.txt").write_text("0.1 " * 784)
    Path("mine.toml").write_text(RECALL + 'theta = "theta.txt"\n')
    run_hopcli("run", "mine.toml", "-q")
    Path("theta.txt").write_text("0.9 " * 784)
    done = run_hopcli("run", "results/mine/recall.json", "-q")
    assert done.code == 1
    assert "warning: what is read for theta has changed" in done.err


@pytest.mark.parametrize(
    "settings", [{"voxels": 3}, {"seed": "x"}, {"tests": 0}, {"seed": None}, {"digits": None}]
)
def test_a_manifest_of_other_settings_is_refused(
    run_hopcli: RunHopcli, settings: dict[str, object]
) -> None:
    Path("mine.toml").write_text(RECALL)
    run_hopcli("run", "mine.toml", "-q")
    path = Path("results/mine/recall.json")
    _edit(path, **settings)
    message = run_hopcli("run", str(path)).refused()
    assert message.startswith(f"{path}: cannot be repeated: another version of hopcli wrote it (")
    assert not Path("results/mine-again").exists()


def test_a_manifest_that_lacks_a_setting_is_refused(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(RECALL)
    run_hopcli("run", "mine.toml", "-q")
    path = Path("results/mine/recall.json")
    manifest = json.loads(path.read_text())
    del manifest["config"]["score"]
    path.write_text(json.dumps(manifest))
    assert "it has no score" in run_hopcli("run", str(path)).refused()
    assert run_hopcli("run", "none.json").refused() == "none.json: no such file"


def test_a_manifest_says_which_patterns_were_stored(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(RECALL)
    run_hopcli("run", "mine.toml", "-q")
    manifest = read_manifest(Path("results/mine"), "recall")
    patterns = manifest["patterns"]
    assert patterns["labels"] == ["3", "6", "1", "0", "4"]
    assert patterns["source_index"] == [21607, 25559, 7411, 39155, 28089]
    assert patterns["sha256"] == manifest["inputs"]["patterns"]
    assert patterns["dataset"] == manifest["dataset"]


def test_two_runs_on_one_data_set_load_it_once(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.toml").write_text(RECALL)
    Path("yours.toml").write_text(SCAN)
    Path("theirs.toml").write_text(RECALL + "threshold = 100\n")
    loaded: list[DataSettings] = []

    def load(config: DataSettings, split: str | None) -> Dataset:
        loaded.append(config)
        return load_data(config, split)

    monkeypatch.setattr("hopcli.experiments.stock.load_data", load)
    assert run_hopcli("run", "mine.toml", "yours.toml", "theirs.toml", "-q").code == 0
    assert [config.threshold for config in loaded] == [None, 100]


def test_two_files_of_one_name_would_overwrite_each_other(run_hopcli: RunHopcli) -> None:
    Path("sub").mkdir()
    Path("mine.toml").write_text(RECALL)
    Path("sub/mine.toml").write_text(RECALL)
    before = files_below(Path())
    assert "mine" in run_hopcli("run", "mine.toml", "sub/mine.toml").refused()
    assert files_below(Path()) == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "tests = 1\n",
        'command = "recal"\n',
        "command = 3\n",
        'command = ["recall"]\n',
        'command = {name = "recall"}\n',
        'command = "run"\n',
        'command = "data"\n',
    ],
)
def test_a_file_must_name_a_command(run_hopcli: RunHopcli, content: str) -> None:
    Path("mine.toml").write_text(content)
    message = run_hopcli("run", "mine.toml").refused()
    assert message.startswith("mine.toml: command must be one of select, recall, temperature-scan")
    assert not Path("results").exists()


def test_one_folder_for_two_runs_is_refused(run_hopcli: RunHopcli) -> None:
    assert "--out" in run_hopcli("run", "paper", "select", "--out", "out").refused()
    assert not Path("out").exists()


@pytest.mark.parametrize("name", ["..toml", "...toml", ".toml"])
def test_no_name_leads_out_of_results(run_hopcli: RunHopcli, name: str) -> None:
    Path(name).write_text(RECALL)
    run_hopcli("run", name, "-q")
    assert {path.name for path in Path().iterdir()} <= {name, "results"}
    assert all(path.is_dir() for path in Path("results").glob("*"))


def test_nothing_to_run_is_refused(run_hopcli: RunHopcli) -> None:
    assert "CONFIG" in run_hopcli("run").refused()
