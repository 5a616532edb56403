"""The figure of ``hopcli relax``: every line is that of its label and quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from test_plots import FIVE, LONG, Boxes, Run, renamed, run, texts, with_arrays, words

from hopcli.config import RelaxConfig
from hopcli.config.relax import round_sweeps
from hopcli.plots.files import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = ["3", "6", "1", "0", "4", "overall"]


@pytest.fixture(scope="module")
def relaxed() -> Run:
    return run(RelaxConfig(source_indices=FIVE, tests=9, repeats=2, sweeps=60))


@pytest.fixture(scope="module")
def alone() -> Run:
    """One label, one start: no standard error anywhere; N attempts a sweep."""
    return run(
        RelaxConfig(source_indices=FIVE[:1], tests=1, repeats=1, sweeps=12, attempts_per_sweep="N")
    )


@pytest.fixture(scope="module")
def many() -> Run:
    """Drawings of 128 x 128, started from themselves: no sweeps of the study."""
    return run(
        RelaxConfig(
            dataset="drawings",
            start="pattern,flip:0.2",
            tests=2,
            repeats=1,
            sweeps=5000,
            dynamics="async",
            order="permutation",
            until_stable=True,
        )
    )


def long(relaxed: Run) -> Run:
    """The same, had labels been called otherwise."""
    new = dict(zip(LABELS, LONG, strict=False))
    named = renamed(relaxed, LONG)
    labels = named.result.arrays["relax"]["trials.label"]
    return with_arrays(named, {"trials.label": np.array([new[label] for label in labels])})


def panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.axison]


def figure(run: Run) -> Picture:
    (drawn,) = run.figures().values()
    assert isinstance(drawn, Picture)
    return drawn


def test_every_line_is_that_of_its_label(relaxed: Run) -> None:
    tables = relaxed.result.tables
    accuracy, overlap, energy, settled = panels(figure(relaxed))
    table = tables["relaxation"]
    looks = set()
    for ax, name, scale in (
        (accuracy, "accuracy", 100),
        (overlap, "overlap", 1),
        (energy, "energy", 1 / 784),
    ):
        curves = [line for line in ax.lines if len(np.asarray(line.get_xdata())) > 20]
        assert len(curves) == len(LABELS)
        for line, label in zip(curves, LABELS, strict=True):
            own = table[table["label"] == label]
            assert np.asarray(line.get_xdata()).tolist() == own["sweep"].tolist()
            np.testing.assert_allclose(np.asarray(line.get_ydata()), scale * own[name])
            looks.add((label, to_hex(line.get_color())))
    assert len(looks) == len(LABELS)
    steps = [line for line in settled.lines if line.get_drawstyle() == "steps-post"]
    for line, label in zip(steps[:5], LABELS, strict=False):
        after = relaxed.result.settled(label)
        expected = [100 * np.mean((after >= 0) & (after <= sweep)) for sweep in range(31)]
        np.testing.assert_allclose(np.asarray(line.get_ydata()), expected)
    last = np.asarray(steps[5].get_ydata())
    settling = tables["settling"].set_index("label")
    assert last[-1] == pytest.approx(100 * settling["settled"]["overall"])
    assert settling["median"]["overall"] == np.argmax(last >= 50)


def test_bars_are_the_intervals_and_errors_of_the_table(relaxed: Run) -> None:
    accuracy, overlap, energy, settled = panels(figure(relaxed))
    table = relaxed.result.tables["relaxation"]
    assert not settled.containers
    for ax, name, scale in (
        (accuracy, "", 100),
        (overlap, "overlap", 1),
        (energy, "energy", 1 / 784),
    ):
        for container, label in zip(ax.containers, LABELS, strict=True):
            assert isinstance(container, ErrorbarContainer)
            own = table[(table["label"] == label) & table["sweep"].isin(round_sweeps(60))]
            ends = np.array(container.lines[2][0].get_segments())
            low, high = own["ci_low"], own["ci_high"]
            if name:
                low, high = own[name] - own[f"{name}_sem"], own[name] + own[f"{name}_sem"]
            assert ends[:, 0, 0].tolist() == round_sweeps(60)
            np.testing.assert_allclose(ends[:, 0, 1], scale * low, atol=1e-7)
            np.testing.assert_allclose(ends[:, 1, 1], scale * high, atol=1e-7)


def test_the_sweeps_of_the_study_are_marked_in_its_attempts(
    relaxed: Run, alone: Run, many: Run
) -> None:
    for one, places in ((relaxed, [10, 20]), (alone, [5, 10]), (many, [])):
        for axes in panels(figure(one)):
            dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
            assert [float(np.asarray(line.get_xdata())[0]) for line in dotted] == places
        assert ("the study ran" in words(figure(one))) == bool(places)


def test_the_caption_says_what_bars_are_and_what_was_run(relaxed: Run, alone: Run) -> None:
    said = " ".join(figure(relaxed).caption.split())
    for part in (
        "90 trials",
        "training images",
        "95 % interval for",
        "SEM over images",
        "(60)",
        "metropolis, T = 0.2, 392 = N/2 attempts a sweep",
        "≥ 0.99",
    ):
        assert part in said
    assert "1 trial from" in figure(alone).caption.lower()
    assert "784 = N attempts" in figure(alone).caption


def test_a_label_alone_is_its_own_mean(alone: Run) -> None:
    assert "mean over labels" not in words(figure(alone))
    assert len(panels(figure(alone))[0].containers) == 1


@pytest.mark.parametrize("name", ["relaxed", "alone", "many", "long"])
def test_nothing_overlaps_or_is_cut_off(name: str, request: pytest.FixtureRequest) -> None:
    one = (
        long(request.getfixturevalue("relaxed"))
        if name == "long"
        else request.getfixturevalue(name)
    )
    page, written, _ = (boxes := Boxes.of(figure(one))).page, boxes.texts, boxes.pictures
    for k, (text, box) in enumerate(written):
        assert page.x0 <= box.x0, text.get_text()
        assert box.x1 <= page.x1, text.get_text()
        assert page.y0 <= box.y0, text.get_text()
        assert box.y1 <= page.y1, text.get_text()
        for other, found in written[:k]:
            assert not box.overlaps(found), (text.get_text(), other.get_text())
    assert len(texts(figure(one))) > 30


def test_trials_that_never_settle_count_too(relaxed: Run) -> None:
    settled = relaxed.result.arrays["relax"]["trials.settled"].copy()
    settled[:] = 3
    settled[::3] = -1
    changed = with_arrays(relaxed, {"trials.settled": settled})
    (*_, axes) = panels(figure(changed))
    steps = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    for line, label in zip(steps[:5], LABELS, strict=False):
        share = np.mean(changed.result.settled(label) >= 0)
        assert 0 < share < 1
        assert np.asarray(line.get_ydata())[-1] == pytest.approx(100 * share)
