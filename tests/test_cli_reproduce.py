"""``hopcli reproduce``: runs made once, verdicts written whole, what is wrong refused first."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from hopcli import results
from hopcli.claims.judging import VERDICTS
from hopcli.errors import ResultError

if TYPE_CHECKING:
    from conftest import RunHopcli, SpawnHopcli

CONFIG = """
command = "recall"
digits = [1, 4]
tests = 20
repeats = 3
"""
GRID = """
command = "recall"
digits = [1, 4]
tests = 5
repeats = 2
[grid]
temperature = [0.1, 0.2]
[plot]
over = "temperature"
"""
CLAIMS = """
title = "Mine"
[runs.few]
config = "few.toml"
quick = { repeats = 2 }
[runs.cold]
config = "few.toml"
set = { temperature = 0.1, tests = 10 }
[runs.both]
config = "both.toml"

[[claims]]
id = "one"
text = "All images of a 1 are recalled."
place = "page 1"
published = 100
percent = true
unit = "%"
test = "above"
bound = 50
picture = "few"
[[claims.conditions]]
label = "as the text says"
role = "text"
value = "few / accuracy[label=1] / accuracy"
error = "images"
[[claims.conditions]]
label = "cold"
role = "authors"
value = "cold / accuracy[label=1] / accuracy"
error = "images"

[[claims]]
id = "stored"
text = "These are stored."
place = "page 2"
published = ["1", "4", "overall"]
test = "the_same"
[[claims.conditions]]
label = "as the text says"
role = "text"
value = "few / accuracy / label"

[[claims]]
id = "grid"
text = "Cold is at most a little better."
place = "page 3"
published = 0
test = "below"
bound = 0.9
note = "<b>no tag</b>"
[[claims.conditions]]
label = "as the text says"
role = "text"
value = "both / accuracy[temperature=0.1, label=1] / accuracy - both / accuracy[temperature=0.2, label=1] / accuracy"
error = "images"

[[claims]]
id = "over"
text = "Nor is their mean."
place = "page 3"
published = 0
test = "above"
bound = 0.2
[[claims.conditions]]
label = "as the text says"
role = "text"
value = "both / over[label=1] / accuracy"
error = "thermal"

[[claims]]
id = "printed"
text = "Recalled: 98 % of a 1, 70 % of a 4."
place = "page 4"
published = { 1 = 98, 4 = 70 }
plus_minus = { 1 = 1, 4 = 4 }
percent = true
unit = "%"
test = "printed"
images = 20
repeats = 3
[[claims.conditions]]
label = "as the text says"
role = "text"
value = "few / accuracy / accuracy"
error = "images"
resample = "trials"
"""  # noqa: E501


IDS = ["one", "stored", "grid", "over", "printed"]


@pytest.fixture
def here(empty_folder: Path) -> Path:
    """A folder with a file of claims and what it needs."""
    for name, text in (("few", CONFIG), ("both", GRID), ("claims", CLAIMS)):
        (empty_folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return empty_folder


def _bytes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _table(folder: Path) -> pd.DataFrame:
    """The row of the first condition of each claim."""
    rows = pd.read_csv(folder / "claims.csv", keep_default_na=False, dtype=str)
    return rows.drop_duplicates("id").set_index("id")


def test_claims_become_verdicts_a_report_and_runs(here: Path, run_hopcli: RunHopcli) -> None:
    done = run_hopcli("reproduce", "--against", "claims.toml")
    assert done.code == 0, done
    out = here / "results" / "reproduce-claims"
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[1:] if line[:1].strip()][:5] == IDS
    assert max(map(len, lines[:-1])) <= 80
    table = _table(out)
    assert set(table["verdict"]) <= set(VERDICTS)
    assert table.loc["stored", "verdict"] == VERDICTS[0]
    accuracy = results.load(out / "runs" / "few").result.tables["accuracy"].set_index("label")
    assert float(str(table.loc["one", "value"])) == pytest.approx(
        100 * accuracy.loc["1", "accuracy"]
    )
    cold = results.load(out / "runs" / "cold").config
    assert (cold.temperature, cold.tests, cold.repeats) == (0.1, 10, 3)
    rows = pd.read_csv(out / "claims.csv", keep_default_na=False)
    assert rows["id"].tolist() == [IDS[0], *IDS]
    command = rows.loc[rows["condition"] == "cold", "command"].item()
    assert command == "hopcli recall --config few.toml --temperature 0.1 --tests 10"
    manifest = json.loads((out / "reproduce.json").read_text(encoding="utf-8"))
    assert set(manifest["runs"]) == {"few", "cold", "both"}
    for name, digest in manifest["outputs"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "All images of a 1 are recalled." in page
    assert "<b>no tag</b>" not in page
    assert page.count("<svg") >= 1


def test_a_second_run_makes_nothing_and_changes_no_byte(
    here: Path, run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ("reproduce", "--against", "claims.toml", "--out", "out")
    first = run_hopcli(*line)
    before = _bytes(here)
    monkeypatch.setattr("hopcli.runs.single.make", lambda *_: pytest.fail("run again"))
    second = run_hopcli(*line)
    assert (second.code, second.out) == (0, first.out)
    assert _bytes(here) == before


def test_verdicts_are_held_to_their_manifest(here: Path, run_hopcli: RunHopcli) -> None:
    run = ("reproduce", "--against", "claims.toml", "--out", "out", "--only", "stored")
    assert run_hopcli(*run).code == 0
    whole = run_hopcli("check", "out")
    assert (whole.code, whole.out.split(": ")[1]) == (0, "all as their manifests say\n")
    table = here / "out" / "claims.csv"
    table.write_text(
        table.read_text(encoding="utf-8").replace("reproduced", "refuted"), encoding="utf-8"
    )
    done = run_hopcli("check", "out")
    assert done.code == 1
    assert done.out.startswith("out/claims.csv: must have SHA-256")
    assert run_hopcli(*run).code == 0  # which writes them anew
    assert run_hopcli("check", "out").code == 0


def test_threads_and_quiet_change_no_byte_of_the_verdicts(
    here: Path, run_hopcli: RunHopcli
) -> None:
    assert run_hopcli("reproduce", "--against", "claims.toml", "--out", "a").code == 0
    (here / "few.toml").write_text(CONFIG + "threads = 1\n", encoding="utf-8")
    done = run_hopcli("reproduce", "--against", "claims.toml", "--out", "b", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (here / "a/claims.csv").read_bytes() == (here / "b/claims.csv").read_bytes()


def test_only_some_claims_need_only_their_runs(here: Path, run_hopcli: RunHopcli) -> None:
    run = ("reproduce", "--against", "claims.toml", "--only", "stored")
    assert run_hopcli(*run).code == 0
    out = here / "results" / "reproduce-claims-some"
    assert [path.name for path in (out / "runs").iterdir()] == ["few"]
    assert pd.read_csv(out / "claims.csv")["id"].tolist() == ["stored"]


def test_quick_is_rougher_and_elsewhere(here: Path, run_hopcli: RunHopcli) -> None:
    run = ("reproduce", "--against", "claims.toml", "--quick", "--only", "one")
    assert run_hopcli(*run).code == 0
    out = here / "results" / "reproduce-claims-quick-some"
    assert results.load(out / "runs" / "few").config.repeats == 2
    assert results.load(out / "runs" / "cold").config.repeats == 3


def test_claims_can_be_about_runs_that_are_there(here: Path, run_hopcli: RunHopcli) -> None:
    """Single runs and grids, found from where the file of claims is."""
    assert run_hopcli("run", "few.toml", "both.toml").code == 0
    text = CLAIMS.replace('config = "few.toml"\nquick = { repeats = 2 }', 'folder = "results/few"')
    text = text.replace('config = "both.toml"', 'folder = "results/both"')
    (here / "claims.toml").write_text(text, encoding="utf-8")
    before = _bytes(here / "results" / "few")
    run = ("reproduce", "--against", "claims.toml", "--only", "stored,grid,over", "--out", "out")
    done = run_hopcli(*run)
    assert done.code == 0, done
    assert not (here / "out" / "runs").exists()
    assert _bytes(here / "results" / "few") == before
    table = _table(here / "out")
    grid = pd.read_csv(here / "results/both/grid.csv", dtype={"label": str})
    one = grid[grid["label"] == "1"].set_index("temperature")["accuracy"]
    assert float(str(table.loc["grid", "value"])) == pytest.approx(one[0.1] - one[0.2])
    assert float(str(table.loc["over", "value"])) == pytest.approx(one.mean())


@pytest.mark.parametrize(
    ("file", "before", "after", "says"),
    [
        ("claims", "accuracy[label=1] / accuracy", "accuracy[label=1] / acuracy", "'acuracy'"),
        ("claims", "few / accuracy / label", "few / accuracies / label", "'accuracies'"),
        ("claims", "both / over", "both / overall", "'overall'"),
        ("claims", 'config = "both.toml"', 'config = "none.toml"', "none.toml: no such file"),
        ("claims", "temperature = 0.1", "temperture = 0.1", "the nearest is 'temperature'"),
        ("claims", "temperature = 0.1", "temperature = -1", "runs.cold: temperature must be"),
        ("few", "tests = 20", "tests = 20000", "tests must be at most"),
        ("few", 'command = "recall"', 'command = "recal"', "must be one of select, recall"),
        ("claims", 'resample = "trials"', 'resample = "selections"', "'selection'"),
        ("claims", 'resample = "trials"', 'resample = "moments"', "'accuracy_sd'"),
        ("claims", "images = 20", 'images = 20\nby = "digit"', "'digit'"),
        ("both", "temperature = [0.1, 0.2]", "temperature = [0.1, -1]", "must be"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(
    here: Path, run_hopcli: RunHopcli, file: str, before: str, after: str, says: str
) -> None:
    path = here / f"{file}.toml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    said = run_hopcli("reproduce", "--against", "claims.toml", "--out", "out").refused()
    assert says in said
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--only", "on"), "--only must name claims of"),
        (("--only", ""), "--only must name claims of"),
        (("--against", "studdy"), "the nearest is 'study'"),
        (("--against", "."), "must be a list of claims file, is a folder"),
        (("--format", "xml"), "'xml' is not one of"),
        (("--out", "claims.toml"), "must be a folder to write to"),
    ],
)
def test_flags_are_refused(
    here: Path, run_hopcli: RunHopcli, flags: tuple[str, ...], says: str
) -> None:
    before = _bytes(here)
    said = run_hopcli("reproduce", "--against", "claims.toml", *flags).refused()
    assert says in said
    assert _bytes(here) == before


def test_another_run_in_the_folder_is_not_replaced_unasked(
    here: Path, run_hopcli: RunHopcli
) -> None:
    line = ("reproduce", "--against", "claims.toml", "--out", "out", "--only", "one")
    assert run_hopcli(*line).code == 0
    (here / "few.toml").write_text(CONFIG.replace("20", "10"), encoding="utf-8")
    before = _bytes(here / "out")
    assert "--overwrite to replace it" in run_hopcli(*line).refused()
    assert _bytes(here / "out") == before
    assert run_hopcli(*line, "--overwrite").code == 0
    assert results.load(here / "out/runs/few").config.tests == 10


def test_an_interrupt_keeps_the_runs_that_are_finished(
    here: Path, run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def interrupted(self: object) -> None:
        if made:
            raise KeyboardInterrupt
        made.append(self)
        original(self)  # type: ignore[arg-type]

    from hopcli.cli.reproduce.runs import SingleRun

    original = SingleRun.make
    monkeypatch.setattr(SingleRun, "make", interrupted)
    line = ("reproduce", "--against", "claims.toml", "--out", "out")
    done = run_hopcli(*line)
    assert done.code == 130
    assert "interrupted; 1 of 3 runs are finished and kept: the same command goes on" in done.err
    assert (here / "out/runs/few/recall.json").is_file()
    assert not (here / "out/claims.csv").exists()
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert run_hopcli(*line).code == 0
    assert (here / "out/claims.csv").is_file()


def test_a_report_that_fails_leaves_the_earlier_one(
    here: Path, run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ("reproduce", "--against", "claims.toml", "--out", "out", "--only", "one,stored")
    assert run_hopcli(*line).code == 0
    before = _bytes(here / "out")

    def fails(*_: object) -> None:
        raise ResultError("no paper")

    monkeypatch.setattr("hopcli.cli.reproduce.page.page", fails)
    text = (here / "claims.toml").read_text(encoding="utf-8").replace("bound = 50", "bound = 60")
    (here / "claims.toml").write_text(text, encoding="utf-8")
    assert run_hopcli(*line).refused().startswith("no paper")
    assert _bytes(here / "out") == before


def test_what_is_printed_for_scripts(here: Path, run_hopcli: RunHopcli) -> None:
    line = ("reproduce", "--against", "claims.toml", "--out", "out")
    assert run_hopcli(*line).code == 0
    said = json.loads(run_hopcli(*line, "--format", "json").out)
    assert [row["id"] for row in said["table"]] == [IDS[0], *IDS]
    assert said["files"] == ["claims.csv", "report.html", "reproduce.json"]
    markdown = run_hopcli(*line, "--format", "markdown").out.splitlines()
    assert markdown[0] == "| claim | published | found | verdict |"
    assert len(markdown) == 2 + len(IDS) + 1


def test_nothing_is_drawn_in_a_pipe_and_the_study_is_the_default(
    here: Path, spawn_hopcli: SpawnHopcli
) -> None:
    del here
    done = spawn_hopcli("reproduce", "--only", "six-sites,four-by-four")
    assert done.code == 0, done
    assert "\r" not in done.err
    assert "2 reproduced" in done.out
    assert Path("results/reproduce-some/claims.csv").is_file()


SECOND = """
title = "Another study"
[runs.text]
config = "few.toml"
[runs.program]
folder = "finished"
[[claims]]
id = "recall"
text = "Of the images of a 1 and a 4 these shares are recalled."
place = "table 1"
published = { 1 = PRINTED, 4 = PRINTED }
percent = true
unit = "%"
test = "printed"
images = 20
repeats = 3
[[claims.conditions]]
label = "as the text says"
role = "text"
value = "text / accuracy / accuracy"
error = "images"
resample = "trials"
[[claims.conditions]]
label = "as the program ran it"
role = "authors"
value = "program / repeats / accuracy"
error = "thermal"
resample = "repeats"
"""


def test_a_second_study_with_a_finished_run_is_judged_by_the_same_rules(
    here: Path, run_hopcli: RunHopcli
) -> None:
    """At T = 0.9 no image is recalled, at 0.2 most are: 0 % is found by the program alone."""
    flags = ["--temperature", "0.9", "--tests", "20", "--repeats", "3", "--digits", "1,4"]
    assert run_hopcli("recall", *flags, "--out", "finished", "-q").code == 0
    verdicts = []
    for printed in ("0", "50"):
        (here / "second.toml").write_text(SECOND.replace("PRINTED", printed), encoding="utf-8")
        assert run_hopcli("reproduce", "--against", "second.toml", "--out", printed).code == 0
        verdicts.append(_table(here / printed)["verdict"]["recall"])
    assert verdicts == [VERDICTS[3], VERDICTS[4]]
    (here / "second.toml").write_text(SECOND.replace("finished", "nowhere"), encoding="utf-8")
    refused = run_hopcli("reproduce", "--against", "second.toml", "--out", "no")
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)
    assert not (here / "no").exists()
