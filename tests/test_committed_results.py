"""The committed results are what the program makes, and the README quotes them rightly."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from readme_verdicts import block, read_claims_table, written

from hopcli import experiments, results
from hopcli.catalogue import CATALOGUE, entry
from hopcli.claims.reading import read_claims
from hopcli.config import Config, Execution, read_config
from hopcli.config.files import find_claims
from hopcli.data.study import AUTHORS_RECALL
from hopcli.grids.grid import Grid, read_grid, shown
from hopcli.results.folder import sha256_of
from hopcli.results.tables import read_table

if TYPE_CHECKING:
    from conftest import RunHopcli

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"
PAPER = ("select", "paper", "paper-as-run", "figure1", "figure1-as-run", "figure1-cold-start")


GRIDS = ("phase", "stored")


def _parts_of(name: str) -> tuple[Config, Execution]:
    values = read_config(ROOT / "configs" / f"{name}.toml")
    config, execution = entry(values.pop("command")).read(values)
    return config, execution


@pytest.mark.parametrize("name", PAPER)
def test_a_run_makes_the_committed_tables_byte_for_byte(name: str, tmp_path: Path) -> None:
    config, execution = _parts_of(name)
    manifest = json.loads((RESULTS / name / f"{config.command}.json").read_text())
    plan = experiments.plan(config)
    assert manifest["config"] == json.loads(json.dumps(plan.config.to_dict()))
    result = plan.run(execution, experiments.no_progress)
    results.save(
        tmp_path, plan.config, result, inputs=plan.inputs, execution=execution, duration=0.0
    )
    made = json.loads((tmp_path / f"{config.command}.json").read_text())
    assert made["key"] == manifest["key"]
    files = [name for name in made["outputs"] if not name.endswith(".npz")]  # zlib differs
    assert files
    for file in files:
        assert made["outputs"][file] == manifest["outputs"][file], file
        if file != "trials.csv":  # one row a trial: too long to be kept
            assert (tmp_path / file).read_bytes() == (RESULTS / name / file).read_bytes()


def test_every_configuration_has_its_results() -> None:
    """And each can be loaded, and lists the pictures that its command draws."""
    for path in sorted((ROOT / "configs").glob("*.toml")):
        if path.stem in GRIDS:
            continue
        config, _ = _parts_of(path.stem)
        loaded = results.load(RESULTS / path.stem)
        assert loaded.config.command == config.command
        outputs = loaded.manifest["outputs"]
        drawn = CATALOGUE[config.command].figures(loaded.config, loaded.result)
        assert {f"{name}.png" for name in drawn} == {n for n in outputs if n.endswith(".png")}
        for file in set(outputs) - {"trials.csv"}:
            assert (RESULTS / path.stem / file).is_file(), f"{path.stem}/{file}"


def _grid_of(name: str) -> Grid:
    return read_grid(read_config(ROOT / "configs" / f"{name}.toml"))


def _grid_table(name: str) -> pd.DataFrame:
    manifest = results.read_manifest(RESULTS / name, "grid")  # its files are as it says
    assert manifest["config"] == json.loads(json.dumps(_grid_of(name).to_dict()))
    return read_table(manifest, "grid")


@pytest.mark.parametrize(
    ("name", "places"), [("phase", (0, 40, 97, 225, 246)), ("stored", (0, 100, 269))]
)
def test_cells_of_the_committed_grids_are_what_the_program_makes(
    name: str, places: tuple[int, ...]
) -> None:
    grid, table = _grid_of(name), _grid_table(name)
    points = [point for point in grid.points() if point.place in places]
    assert len(points) == len(places)
    for point in points:
        config, _ = grid.read(point)
        made = experiments.run(config).tables["accuracy"]
        keys = zip(grid.names, map(shown, point.values), strict=True)
        there = table[np.all([table[key] == value for key, value in keys], axis=0)]
        written = [
            frame[made.columns].to_csv(float_format="%.10g", index=False) for frame in (made, there)
        ]
        assert written[0] == written[1], point.values


def test_the_committed_grids_are_whole() -> None:
    for name in GRIDS:
        grid, table = _grid_of(name), _grid_table(name)
        points = {tuple(map(shown, point.values)) for point in grid.points()}
        assert set(table[list(grid.names)].itertuples(index=False, name=None)) == points
    assert {path.name for path in (RESULTS / "stored").glob("*.*")} >= {
        *("grid.csv", "grid.json", "grid.png", "over_selection_seed.csv")
    }


def test_the_readme_tells_what_the_committed_grids_do() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    phase = _grid_table("phase")
    overall = phase[phase["label"] == "overall"]

    def rate(rule: str, images: str, temperature: float) -> float:
        cell = (overall["rule"] == rule) & (overall["source_indices"] == images)
        return float(overall["accuracy"][cell & (overall["temperature"] == temperature)].item())

    hebbian = overall[(overall["rule"] == "hebbian") & (overall["source_indices"] != "0:1:1")]
    assert hebbian["accuracy"].max() == 0
    assert "Hebb's rule recalls two stored images and none of three or more" in text
    assert rate("storkey", "0:2:1", 0.1) == 1
    assert f"Storkey's all of three, of five {100 * rate('storkey', '0:4:1', 0.1):.0f} %" in text
    inverse = [100 * rate("pseudo-inverse", f"0:{n - 1}:1", 0.1) for n in (100, 200, 300)]
    assert (
        f"of 100, 200 and 300 images {inverse[0]:.0f}, {inverse[1]:.0f} and {inverse[2]:.0f} %"
        in text
    )
    stored = pd.read_csv(RESULTS / "stored" / "over_selection_seed.csv", dtype={"digits": str})
    ten = stored[(stored["digits"].str.count(",") == 9) & (stored["label"] == "overall")]
    five, twenty, eighty = 100 * ten.set_index("samples")["accuracy"]
    assert f"With ten digits {five:.0f}, {twenty:.0f} and {eighty:.0f} % are recalled" in text


def _quoted(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def test_the_readme_quotes_the_committed_tables() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = {cells[0]: cells for cells in map(_quoted, re.findall(r"^\| .*\|$", text, re.M))}
    published = pd.read_csv(AUTHORS_RECALL)
    for column, name in ((2, "paper"), (3, "paper-as-run")):
        table = pd.read_csv(RESULTS / name / "accuracy.csv").set_index("label")
        for label in ("3", "6", "1", "0", "4"):
            accuracy, sd = 100 * table.loc[label, ["accuracy", "sd_repeats"]].astype(float)
            assert rows[label][column] == f"{accuracy:.1f} ± {sd:.1f}"
            assert rows[label][1].startswith(f"{published[label].mean():.0f} ±")
        overall = 100 * table.loc["overall", ["accuracy", "sd_labels"]].astype(float)
        cell = next(cells[column] for label, cells in rows.items() if label.startswith("overall"))
        assert cell == f"{overall['accuracy']:.1f} ± {overall['sd_labels']:.1f}"


def _of_the_four(name: str) -> pd.DataFrame:
    table = pd.read_csv(RESULTS / name / "temperature_scan.csv", dtype={"label": str})
    return table[table["label"] == "4"].set_index("temperature")


def _table(run: str, name: str) -> pd.DataFrame:
    texts = dict.fromkeys(("label", "stored", "measure", "classifier", "other", "order"), str)
    return pd.read_csv(RESULTS / run / f"{name}.csv", dtype=texts)


def _row(run: str, name: str, **cell: object) -> pd.Series[Any]:
    table = _table(run, name)
    return table[np.all([table[key] == value for key, value in cell.items()], axis=0)].iloc[0]


def _points(row: pd.Series[Any], name: str) -> str:
    """A difference in percentage points, with its interval."""
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_ci_low", "_ci_high"))
    return f"{value:.1f} points ({low:.1f} to {high:.1f})".replace("-", "\N{MINUS SIGN}")


def sentences() -> list[str]:
    """What the README says of the six commands, from their committed tables."""
    settling = _row("relax", "settling", label="overall")
    relaxed = _table("relax", "relaxation")
    overall = relaxed[relaxed["label"] == "overall"].set_index("sweep")["accuracy"] * 100

    def sd(source: str) -> float:
        row = _row("variance", "errors", label="4", test_images="same", source=source)
        return float(100 * row["sd"])

    def often(label: str, what: str) -> float:
        return float(100 * _row("variance", "best_worst", label=label)[what])

    def named(classifier: str) -> float:
        return float(
            100 * _row("compare", "classifiers", classifier=classifier, label="overall")["accuracy"]
        )

    nearest = -_row("compare", "pairs", other="overlap")[
        ["difference", "difference_ci_high", "difference_ci_low"]
    ].astype(float)
    medoid, random = (
        _row("compare", "selectors", samples=20, selector=name) for name in ("medoid", "random")
    )
    shape = _table("consistency", "consistency").set_index("label")
    within, contrast = (
        _row("consistency", "correlation", stored="half", measure=name)
        for name in ("within", "contrast")
    )
    crossing = _row("critical", "critical", what="Binder crossing")
    known, unknown = (_row("fit-sweeps", "estimate", order=name) for name in ("known", "unknown"))
    return [
        (
            f"half of the images have settled after {settling['median']:.0f} sweeps of N/2, nine "
            f"tenths after {settling['p90']:.0f}"
        ),
        (
            f"{overall[10]:.1f} % are recalled after the 10 sweeps that the study ran, "
            f"{overall[20]:.1f} % after the 20 that it states, {overall[500]:.1f} % in the end"
        ),
        (
            f"has an SD of {sd('total'):.1f} points: {sd('selection'):.1f} from the draw of the "
            f"samples that the patterns are selected from, {sd('images'):.1f} from the images, "
            f"{sd('thermal'):.1f} from thermal noise"
        ),
        (
            f'The "1" is recalled best in {often("1", "best"):.0f} % of the selections, the "4" '
            f'worst in {often("4", "worst"):.1f} %, the "3" in {often("3", "worst"):.1f} %'
        ),
        (
            f"the dynamics name {named('dynamics'):.1f} % rightly, the nearest stored pattern "
            f"{named('overlap'):.1f} %: they cost {100 * nearest.iloc[0]:.1f} points "
            f"({100 * nearest.iloc[1]:.1f} to {100 * nearest.iloc[2]:.1f})"
        ),
        f"Logistic regression on the same 100 samples names {named('logistic-samples'):.1f} %",
        (
            f"the medoid {'+' if medoid['difference'] > 0 else ''}{_points(medoid, 'difference')}, "
            f"a random sample {_points(random, 'difference')}"
        ),
        (
            f'The "1" varies least, the "{shape["within"].idxmin()!s}" most; the "4" is number '
            f"{shape['within_rank']['4']} of ten"
        ),
        (
            f"ranks correlate by {within['spearman']:.2f} (p = {within['p']:.2g}), with what "
            f"images of a digit share less what they share with others by "
            f"{contrast['spearman']:.2f} "
            f"(p = {contrast['p']:.1g})"
        ),
        (
            f"cross at T = {crossing['value']:.3f} ({crossing['ci_low']:.3f} to "
            f"{crossing['ci_high']:.3f}); exactly it is {crossing['exact']:.3f} for these two sizes"
        ),
        (
            f"{known['sweeps']:.0f} sweeps ({known['sweeps_ci_low']:.0f} to "
            f"{known['sweeps_ci_high']:.0f}) with the order of the sites known, "
            f"{unknown['sweeps']:.0f} ({unknown['sweeps_ci_low']:.0f} to "
            f"{unknown['sweeps_ci_high']:.0f}) with any"
        ),
    ]


@pytest.mark.parametrize("number", range(11))
def test_the_readme_says_of_each_command_what_its_tables_do(number: int) -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert sentences()[number] in text


def test_the_readme_leads_with_the_committed_verdicts() -> None:
    """`python tests/readme_verdicts.py` writes the block from the table."""
    assert written() == block(read_claims_table())
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.index("end of verdicts") < text.index("## Install")


EXPLAINED_BY = {
    "accuracies": "images fixed, the authors' images, 10 sweeps",
    "plus-minus-order": "the same site order in all repeats",
    "new-examples": "the same 100 images in all repeats, in the same site order",
    "figure-1-rule": "Hebbian rule",
    "figure-1-patterns": "images 9 and 56",
}


def test_explanations_are_named_where_the_text_fails() -> None:
    made = read_claims_table().drop_duplicates("id").set_index("id")["explained_by"]
    assert made[made != ""].to_dict() == EXPLAINED_BY


@pytest.mark.parametrize(
    ("claim", "condition", "column", "value", "error"),
    [
        # An independent simulation, with one trial per image, gave 39 on 5 and ln BF = 21; with
        # four trials the error of the run is smaller, and both are larger.
        ("accuracies", "text", "statistic", 44, 6),
        ("accuracies", "authors", "statistic", 4.7, 0.6),
        ("accuracies", "authors", "p", 0.45, 0.08),
        ("accuracies", "authors", "ln_bayes", 23, 3),
    ],
)
def test_the_verdicts_rest_on_these_numbers(
    claim: str, condition: str, column: str, value: float, error: float
) -> None:
    made = read_claims_table().drop_duplicates(["id", "role"]).set_index(["id", "role"])
    found: Any = made.loc[(claim, condition), column]
    assert float(found) == pytest.approx(value, abs=error)


@pytest.mark.parametrize(
    ("claim", "condition", "pulls"),
    [
        ("accuracies", "text", [1.7, -1.1, -3.2, -3.6, -3.5]),
        ("accuracies", "authors", [-0.1, -1.1, 0.0, -0.3, 1.8]),
        ("accuracies-any-draw", "text", [1.2, -0.1, 0.0, -0.1, -0.2]),
    ],
)
def test_the_published_accuracies_have_these_pulls(
    claim: str, condition: str, pulls: list[float]
) -> None:
    made = read_claims_table().drop_duplicates(["id", "role"]).set_index(["id", "role"])
    found: Any = made.loc[(claim, condition), "pulls"]
    np.testing.assert_allclose([float(pull) for pull in found.split()], pulls, atol=0.45)


def test_the_committed_verdicts_are_whole() -> None:
    manifest = results.read_manifest(RESULTS / "reproduce", "reproduce")
    claims = read_claims(find_claims("study"))
    made = pd.read_csv(RESULTS / "reproduce" / "claims.csv", keep_default_na=False)
    sides = [(claim.id, one.label) for claim in claims.claims for one in claim.conditions]
    assert list(zip(made["id"], made["condition"], strict=True)) == sides
    assert set(manifest["runs"]) == set(claims.used())
    assert manifest["claims_sha256"] == sha256_of(claims.path)


CHEAP = ("selection", "storkey-code", "four-by-four", "stability", "inverse")


def test_verdicts_that_cost_little_are_what_the_program_makes(
    run_hopcli: RunHopcli, tmp_path: Path
) -> None:
    run = ("reproduce", "--only", ",".join(CHEAP), "--out", str(tmp_path / "out"))
    assert run_hopcli(*run).code == 0
    made, there = (
        pd.read_csv(folder / "claims.csv", keep_default_na=False, dtype=str).set_index("id")
        for folder in (tmp_path / "out", RESULTS / "reproduce")
    )
    # Holm's correction is by what else is tested.
    alone = [name for name in made.columns if not name.endswith("p_holm") and name != "reason"]
    chosen = list(dict.fromkeys(made.index))
    assert set(chosen) == set(CHEAP)
    assert made.loc[chosen, alone].to_csv() == there.loc[chosen, alone].to_csv()


def test_the_readme_tells_figure_1_as_the_committed_scans_do() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    cold = _of_the_four("figure1-cold-start")
    run, exact, field = (cold[name] for name in ("overlap_abs", "exact", "mean_field"))
    assert f"at T = 0.4 |m| is {run[0.4]:.3f}, in equilibrium, where" in text
    assert f"take turns, {exact[0.4]:.3f}. At 0.9 it is {run[0.9]:.3f}" in text
    assert f"equilibrium ({exact[0.9]:.3f}) explains and mean field ({field[0.9]:.3f})" in text
    assert abs(run[0.9] - exact[0.9]) < 2 * cold["overlap_abs_sem"][0.9]

    one_plus_q, one_minus_q = results.load(RESULTS / "figure1-as-run").result.ordering
    assert f"ends at 1 + q = {one_plus_q:.2f}," in text
    assert f"is 1 \N{MINUS SIGN} q = {one_minus_q:.2f}," in text
    as_run = _of_the_four("figure1-as-run")
    short = (as_run["exact"] - as_run["overlap_abs"]) / as_run["overlap_abs_sem"]
    assert short.index[short > 3].tolist() == [1.2, 1.3]
    assert "At 1.2 and 1.3 the 30 sweeps have not relaxed" in text


def test_the_readme_says_what_the_committed_benchmark_does() -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    table = pd.read_csv(RESULTS / "benchmarks" / "ratios.csv").set_index(["job", "peer"])
    took = table["ours"].groupby("job").first()
    assert f"an attempt takes {took['large']:.1f} ns there, {took['paper']:.1f} ns with the" in text
    assert f"recall takes {took['paper']:.1f} ns on one core" in text
    for peer, words in (
        ("straightforward class loop", "times less than in a plain compiled loop"),
        ("dwave-samplers", "times less than with dwave-samplers"),
    ):
        assert f"{table['ratio']['paper', peer]:.0f} {words}" in text
    assert f"a million trials take {took['million-memory']:.0f} MB" in text
    assert f"5,000 trials, takes {took['cell']:.0f} ms beyond its loop" in text


def test_every_picture_and_link_of_the_readme_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_readme_shows_every_command_and_only_options_there_are() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"hopcli ([a-z-]+)((?: [^`\n#|]*)?)", text)
    commands = {*CATALOGUE, "run", "data", "show", "plot", "grid", "check", "runs", "diff"}
    commands |= {"report", "reproduce"}
    assert commands <= {command for command, _ in shown}
    for command, rest in shown:
        if command in CATALOGUE:
            known = {f"--{name.replace('_', '-')}" for name in CATALOGUE[command].settings}
            options = set(re.findall(r"(?<!\S)--[a-z-]+", rest))
            assert options <= known | {
                "--config",
                "--out",
                "--overwrite",
                "--again",
                "--format",
                "--quiet",
                "--help",
            }, rest
