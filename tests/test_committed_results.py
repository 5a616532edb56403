"""The committed results are what the program makes, and the README quotes them rightly."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from hopcli import experiments
from hopcli.config import CONFIGS, Config, read_config
from hopcli.plots import FIGURES
from hopcli.results import save_run

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"
PAPER = ("select", "paper", "paper-as-run", "figure1", "figure1-as-run", "figure1-equilibrium")


def _config_of(name: str) -> Config:
    values = read_config(ROOT / "configs" / f"{name}.toml")
    return CONFIGS[values.pop("command")].from_values(values)


@pytest.mark.parametrize("name", PAPER)
def test_a_run_makes_the_committed_tables_byte_for_byte(name: str, tmp_path: Path) -> None:
    config = _config_of(name)
    manifest = json.loads((RESULTS / name / f"{config.command}.json").read_text())
    assert manifest["config"] == json.loads(json.dumps(config.to_dict()))
    save_run(tmp_path, config, experiments.run(config), 0.0)
    made = json.loads((tmp_path / f"{config.command}.json").read_text())["outputs"]
    tables = [file for file in made if file.endswith(".csv")]
    assert tables
    for file in tables:
        assert made[file] == manifest["outputs"][file], file
        if file != "trials.csv":  # one row a trial: too long to be kept
            assert (tmp_path / file).read_bytes() == (RESULTS / name / file).read_bytes()


def test_every_configuration_has_its_results() -> None:
    """And each lists the pictures that its command draws."""
    for path in sorted((ROOT / "configs").glob("*.toml")):
        config = _config_of(path.stem)
        manifest = json.loads((RESULTS / path.stem / f"{config.command}.json").read_text())
        assert manifest["command"] == config.command
        assert config.command in FIGURES
        pictures = [file for file in manifest["outputs"] if file.endswith(".png")]
        assert pictures
        for file in set(manifest["outputs"]) - {"trials.csv"}:
            assert (RESULTS / path.stem / file).is_file(), f"{path.stem}/{file}"


def _quoted(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def test_the_readme_quotes_the_committed_tables() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = {cells[0]: cells for cells in map(_quoted, re.findall(r"^\| .*\|$", text, re.M))}
    published = pd.read_csv(ROOT / "tests" / "reference" / "authors_recall.csv")
    for column, name in ((2, "paper"), (3, "paper-as-run")):
        table = pd.read_csv(RESULTS / name / "accuracy.csv").set_index("label")
        for label in ("3", "6", "1", "0", "4"):
            accuracy, sd = 100 * table.loc[label, ["accuracy", "sd"]].astype(float)
            assert rows[label][column] == f"{accuracy:.1f} ± {sd:.1f}"
            assert rows[label][1].startswith(f"{published[label].mean():.0f} ±")
        overall = 100 * table.loc["overall", ["accuracy", "sd"]].astype(float)
        cell = next(cells[column] for label, cells in rows.items() if label.startswith("overall"))
        assert cell == f"{overall['accuracy']:.1f} ± {overall['sd']:.1f}"


def test_every_picture_and_link_of_the_readme_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_readme_shows_every_command_and_only_options_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"hopcli ([a-z-]+)((?: [^`\n#|]*)?)", text)
    commands = {*CONFIGS, "run", "data", "show"}
    assert commands <= {command for command, _ in shown}
    for command, rest in shown:
        if command in CONFIGS:
            known = {f"--{name.replace('_', '-')}" for name in CONFIGS[command].settings()}
            options = set(re.findall(r"(?<!\S)--[a-z-]+", rest))
            assert options <= known | {"--config", "--out", "--quiet", "--help"}, rest
