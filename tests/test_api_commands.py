"""The commands as functions: the same words, the same numbers, the same files."""

from __future__ import annotations

import dataclasses
import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunHopcli, files_below
from shell import Shell

from hopcli import catalogue, results
from hopcli.api import commands
from hopcli.api.commands import run
from hopcli.api.running import Run
from hopcli.datasets import load_dataset
from hopcli.errors import DataError, HopcliWarning, ResultError, SettingError
from hopcli.patterns import read_patterns

SMALL: dict[str, Any] = {"digits": "3,6", "tests": 3, "repeats": 2, "sweeps": 3, "temperature": 0.1}
FLAGS = "--digits 3,6 --tests 3 --repeats 2 --sweeps 3 --temperature 0.1"


def recall(**settings: Any) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HopcliWarning)
        made: Run = run("recall", **{**SMALL, **settings})
    return made


def contents(folder: str) -> dict[str, Any]:
    """Return the files of a run, with the manifest except times."""
    files = files_below(Path(folder))
    manifest = json.loads(files["recall.json"] or b"")
    assert manifest.pop("duration_seconds") > 0
    versions = manifest.pop("versions")  # of what has been loaded by then
    assert {"hopcli", "streams", "python", "numpy"} <= set(versions)
    return {**files, "recall.json": manifest}


def test_every_command_is_a_function_that_says_its_settings() -> None:
    modules = {one.module for one in catalogue.CATALOGUE.values()}
    assert set(vars(commands)["__all__"]) == {"run", *modules} - {"select"}
    for entry in catalogue.FUNCTIONS:
        function = getattr(commands, entry.module)
        parameters = inspect.signature(function).parameters
        assert list(parameters)[:-1] == list(entry.settings)
        assert function.__name__ == entry.module
        assert all(f"\n{setting} : " in function.__doc__ for setting in entry.settings)
        given = {k: p.default for k, p in parameters.items() if p.default is not None}
        config, _ = entry.read(given)  # what is shown as a default is one
        assert config.to_dict() == entry.config().to_dict()


def test_a_saved_run_is_what_the_command_writes(run_hopcli: RunHopcli) -> None:
    flags = "--animate a.gif --keep trials --figure-format svg --figure-style paper --threads 1"
    assert run_hopcli("recall", *f"{FLAGS} {flags} --out cli".split()).code == 0
    run = recall(threads=1, animate="a.gif", keep="trials")
    files = run.save("api", figure_format="svg", figure_style="paper")
    assert contents("api") == contents("cli")
    assert {path.name for path in files} == files_below(Path("cli")).keys()


def test_pictures_of_another_format_or_none(empty_folder: Path) -> None:
    with pytest.raises(SettingError, match=r"figure_format .*png, svg, pdf"):
        recall().save("other", figure_format="bmp")
    assert not Path("other").exists()
    assert recall(figure_format="svg").save("plain", figures=False)[-1].name == "recall.json"
    assert not list(Path("plain").glob("*.svg"))


def test_a_value_is_the_same_however_python_has_it() -> None:
    arrays = {"digits": np.array([3, 6]), "tests": np.int64(3), "sweeps": np.uint8(3)}
    others = {"repeats": "2", "temperature": np.float64(0.1), "until_stable": np.bool_(False)}
    plain, other = recall(), recall(**arrays, **others)
    assert other.config.to_dict() == plain.config.to_dict()
    assert other.tables["accuracy"].equals(plain.tables["accuracy"])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"temprature": 0.3}, "temprature .*temperature"),
        ({"sweeps": np.float64(2.5)}, "sweeps .*10000000, found 2"),
        ({"dataset": np.ones((2, 4))}, "dataset "),
        ({"patterns": np.ones((2, 4))}, "patterns "),
        ({"digits": [3, 17]}, "digits .*mnist"),
    ],
)
def test_what_is_wrong_is_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingError, match=f"^{named}"):
        recall(**settings)


def test_settings_go_on_top_of_a_file_or_a_manifest(empty_folder: Path) -> None:
    Path("mine.toml").write_text('command = "recall"\ntemperature = 0.1\nsweeps = 3\ntests = 3\n')
    made = run(Path("mine.toml"), sweeps=2, digits="3,6", repeats=1)
    assert (made.config.temperature, made.config.sweeps) == (0.1, 2)  # type: ignore[attr-defined]
    with pytest.raises(SettingError, match=r"hopcli\.grid"):
        run("phase")
    with pytest.raises(DataError, match="file"):
        run("papr")
    first = recall()
    first.save("one", figures=False)
    again = run("one/recall.json")
    assert again.config.to_dict() == first.config.to_dict()
    assert again.tables["accuracy"].equals(first.tables["accuracy"])
    assert run("one/recall.json", seed=2).config.seed == 2  # type: ignore[attr-defined]


def test_another_run_stays_unless_it_is_to_be_replaced(shell: Shell) -> None:
    recall().save("out", figures=False)
    before, other = files_below(Path("out")), recall(seed=2)
    with pytest.raises(ResultError, match="recall"):
        other.save("out", figures=False)
    assert recall().save("out", figures=False) == []  # the same is there
    assert files_below(Path("out")) == before
    other.save("out", figures=False, overwrite=True)
    assert results.load("out").config.seed == 2
    shell.run(f"recall {FLAGS} --seed 2 --no-figures --out out")


def test_given_patterns_are_stored_and_named(run_hopcli: RunHopcli) -> None:
    chosen = run("select", digits="3,6")
    chosen.save("chosen", figures=False)
    assert chosen.patterns is not None
    given = recall(patterns=chosen.patterns)
    filed = recall(patterns=Path("chosen/patterns.npz"))
    name = f"python:{chosen.patterns.sha256[:12]}"
    assert given.config.to_dict()["patterns"] == name
    assert given.tables["accuracy"].equals(filed.tables["accuracy"])
    assert given.inputs == filed.inputs
    assert read_patterns(Path("chosen/patterns.npz")).sha256 == chosen.patterns.sha256
    given.save("given", figures=False)
    assert "Python" in run_hopcli("run", "given/recall.json").refused()


def test_a_loaded_data_set_is_named_and_not_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    named = recall(dataset="digits", split="all", threshold=7, tests=2)
    loaded = load_dataset("digits", split="all", threshold=7)
    words = {"dataset": "digits", "split": "all", "threshold": 7}
    loaded = dataclasses.replace(loaded, request=words)
    monkeypatch.setattr("hopcli.experiments.stock.load_data", lambda *_: pytest.fail("loaded"))
    given = recall(dataset=loaded, tests=2)
    assert given.config.to_dict() == named.config.to_dict()
    assert given.inputs == named.inputs
    with pytest.raises(SettingError, match="split"):
        recall(dataset=loaded, split="train")
    with pytest.raises(SettingError, match="dataset"):
        recall(dataset=dataclasses.replace(loaded, request={}))


def test_a_run_says_what_it_is() -> None:
    with pytest.warns(HopcliWarning) as told:
        made = run("recall", **{**SMALL, "temperature": 0.45, "criterion": 0.99, "sweeps": 20})
    assert told[0].filename == __file__
    assert made.warnings == tuple(str(one.message) for one in told)
    accuracy = made.overall.accuracy.item()
    for part in ("recall", "digits=3,6", "temperature=0.45", f"accuracy {accuracy:.4g}"):
        assert part in repr(made)
    assert made._repr_html_().count("<tr") == len(made.summary) + 1
    assert set(made.figures) == {"accuracy", "confusion", "gallery"}
    assert made.figures["accuracy"]._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
