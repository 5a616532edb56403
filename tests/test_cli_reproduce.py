"""``hopcli reproduce``: runs made once, verdicts written whole, errors found before any run."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import signal
from pathlib import Path
from threading import Event
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from conftest import call, files_below
from shell import Shell, read_json, table

from hopcli import results
from hopcli.claims.judging import VERDICTS

FOLDER = Path(__file__).with_name("claims")
CLAIMS = (FOLDER / "claims.toml").read_text(encoding="utf-8")
IDS = ["one", "stored", "grid", "over", "printed"]
NAMES = ["claims.csv", "report.html", "reproduce.json"]
LINE = "reproduce --against claims.toml --out out"


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of claims, its inputs, verdicts in out, and the printed text."""
    folder = tmp_path_factory.mktemp("reproduced")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("few", "both", "claims"):
            shutil.copy(FOLDER / f"{name}.toml", ".")
        done = call(*LINE.split())
        assert done.code == 0, done
        Path("printed").write_text(done.out, encoding="utf-8")
    return folder


@pytest.fixture
def here(shell: Shell, reproduced: Path) -> Shell:
    """A shell in a folder with claims that have their verdicts."""
    shutil.copytree(reproduced, ".", dirs_exist_ok=True)
    return shell


@pytest.fixture
def claims(here: Shell) -> Shell:
    """A shell in a folder with claims that have no verdicts yet."""
    shutil.rmtree("out")
    return here


def rewrite(name: str, old: str, new: str) -> None:
    """Change every occurrence in a file, which has it."""
    text = Path(name).read_text(encoding="utf-8")
    assert old in text
    Path(name).write_text(text.replace(old, new), encoding="utf-8")


def verdicts(folder: str = "out") -> pd.DataFrame:
    """The row of the first condition of each claim."""
    rows = pd.read_csv(f"{folder}/claims.csv", keep_default_na=False)
    return rows.drop_duplicates("id").set_index("id")


def test_claims_become_verdicts_a_report_and_runs(here: Shell) -> None:
    lines = Path("printed").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines[1:] if line[:1].strip()][:5] == IDS
    assert lines[0].split() == ["claim", "verdict", "value", "published", "p"]
    assert max(map(len, lines)) <= 80
    found = verdicts()
    assert found["verdict"]["stored"] == VERDICTS[0]
    accuracy = table("out/runs/few/accuracy.csv").set_index("label")["accuracy"]
    assert float(found["value"]["one"]) == pytest.approx(100 * accuracy["1"])
    cold = results.load("out/runs/cold").config
    assert (cold.temperature, cold.tests, cold.repeats) == (0.1, 10, 3)
    rows = pd.read_csv("out/claims.csv")
    assert rows["id"].tolist() == [IDS[0], *IDS]
    command = rows.loc[rows["condition"] == "cold", "command"].item()
    assert command.split()[1:4] == ["recall", "--config", "few.toml"]
    assert command.split()[4:] == ["--temperature", "0.1", "--tests", "10"]
    manifest = read_json("out/reproduce.json")
    assert set(manifest["runs"]) == {"few", "cold", "both"}
    for name, digest in manifest["outputs"].items():
        assert hashlib.sha256(Path("out", name).read_bytes()).hexdigest() == digest
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "<b>no tag</b>" not in page
    parts = [part for part in page.split('id="run-')[1:] if "<figure>" in part]
    assert {part.partition(".")[0] for part in parts} == {"few"}  # a claim names its picture


def test_a_second_run_changes_no_byte(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files_below(Path())
    monkeypatch.setattr("hopcli.runs.single.make", lambda *_: pytest.fail("run again"))
    assert here.run(LINE).out == Path("printed").read_text(encoding="utf-8")
    said = json.loads(here.run(f"{LINE} --format json").out)
    assert [row["id"] for row in said["table"]] == [IDS[0], *IDS]
    assert said["files"] == NAMES
    assert files_below(Path()) == before


def test_repeated_runs_change_no_byte(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do another commit, the time that the runs take, or their number at a time."""
    before = files_below(Path("out"))
    shutil.rmtree("out/runs")
    monkeypatch.setattr("hopcli.runs.verdicts.processors", lambda: 1)
    monkeypatch.setattr("hopcli.results.folder.own_commit", lambda: "ab12")
    here.run(LINE)
    assert read_json(Path("out", "runs", "few", "recall.json"))["source_commit"] == "ab12"
    after = files_below(Path("out"))
    assert [before[name] for name in NAMES] == [after[name] for name in NAMES]


def test_verdicts_are_checked_against_their_manifest(here: Shell) -> None:
    here.run("check out")
    rewrite("out/claims.csv", "reproduced", "refuted")
    assert here.run("check out", code=1).out.startswith("out/claims.csv: ")
    here.run(LINE)  # which writes them anew
    here.run("check out")


def test_some_claims_need_only_their_runs_and_quick_ones_are_elsewhere(claims: Shell) -> None:
    for flags, folder, ids, runs in (
        ("--only stored", "some", ["stored"], {"few": 3}),
        ("--only one --quick", "quick-some", ["one", "one"], {"few": 2, "cold": 3}),
    ):
        claims.run(f"reproduce --against claims.toml {flags}")
        out = Path(f"results/reproduce-claims-{folder}")
        assert pd.read_csv(out / "claims.csv")["id"].tolist() == ids
        made = {path.name: results.load(path).config for path in (out / "runs").iterdir()}
        assert {name: config.repeats for name, config in made.items()} == runs


def test_claims_can_be_about_runs_that_are_there(here: Shell) -> None:
    """Single runs and grids, found from where the file of claims is."""
    shutil.move("out/runs", "finished")
    shutil.rmtree("out")
    rewrite(
        "claims.toml", 'config = "few.toml"\nquick = { repeats = 2 }', 'folder = "finished/few"'
    )
    rewrite("claims.toml", 'config = "both.toml"', 'folder = "finished/both"')
    before = files_below(Path("finished"))
    here.run(f"{LINE} --only stored,grid,over")
    assert not Path("out/runs").exists()
    assert files_below(Path("finished")) == before
    value = verdicts()["value"]
    one = table("finished/both/grid.csv").query("label == '1'").set_index("temperature")["accuracy"]
    assert float(value["grid"]) == pytest.approx(one[0.1] - one[0.2])
    assert float(value["over"]) == pytest.approx(one.mean())


def test_errors_in_files_are_refused_before_anything_runs(claims: Shell) -> None:
    for file, old, new, names in (
        ("claims", "accuracy[label=1] / accuracy", "accuracy[label=1] / acuracy", "'acuracy'"),
        ("claims", 'config = "both.toml"', 'config = "none.toml"', "none.toml:"),
        ("claims", "temperature = 0.1", "temperture = 0.1", "'temperature'"),
        ("few", "tests = 20", "tests = 20000", "tests 20000"),
        ("few", 'command = "recall"', 'command = "recal"', "select recall 'recal'"),
        ("claims", 'resample = "trials"', 'resample = "selections"', "'selection'"),
        ("claims", "images = 20", 'images = 20\nby = "digit"', "'digit'"),
    ):
        rewrite(f"{file}.toml", old, new)
        claims.refuse(LINE, names=names)
        rewrite(f"{file}.toml", new, old)


def test_another_run_in_the_folder_is_not_replaced_unasked(here: Shell) -> None:
    rewrite("few.toml", "tests = 20", "tests = 10")
    here.refuse(f"{LINE} --only stored", names="--overwrite")
    here.run(f"{LINE} --only stored --overwrite")
    assert results.load("out/runs/few").config.tests == 10


def test_an_interrupt_keeps_the_runs_that_are_finished(claims: Shell) -> None:
    from hopcli.runs.behind import PreparedRun

    real = PreparedRun.make

    def make(run: PreparedRun, stop: Event) -> None:
        if run.folder.name == "few":
            real(run, stop)
            os.kill(os.getpid(), signal.SIGINT)  # the main thread takes it
        assert stop.wait(60)
        real(run, stop)

    two = mock.patch("hopcli.runs.verdicts.processors", return_value=2)
    with two, mock.patch.object(PreparedRun, "make", make):
        assert "1 of 3 " in claims.run(LINE, code=130).err
    finished = files_below(Path("out/runs/few"))
    assert "recall.json" in finished
    assert not Path("out/claims.csv").exists()
    claims.run(LINE)
    assert files_below(Path("out/runs/few")) == finished
    assert set(verdicts().index) == set(IDS)


def test_a_second_study_is_a_folder_and_a_file(shell: Shell) -> None:
    """One pattern of 16 sites at three temperatures: the exact sum over all states agrees."""
    shutil.copytree(FOLDER / "toy", "toy")
    k = np.arange(17)
    states, m = np.array([math.comb(16, i) for i in k]), np.abs(1 - k / 8)
    for factor, verdict in ((1.0, VERDICTS[0]), (0.9, VERDICTS[4])):
        rows = ["temperature,overlap"]
        for t in (0.5, 1, 2):
            weights = states * np.exp(8 * m**2 / t)
            rows.append(f"{t},{factor * weights @ m / weights.sum():.3f}")
        Path("toy/curve.csv").write_text("\n".join(rows))
        shell.run("reproduce --against toy/claims.toml --out out")
        assert verdicts()["verdict"].to_dict() == {"curve": verdict, "order": VERDICTS[0]}
    (command,) = set(verdicts()["command"])
    shell.run(f"{command.removeprefix('hopcli ')} --out again")
