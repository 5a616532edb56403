"""Where stored patterns rest, and what that makes of the criterion; the quench; two splits."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns

from hopcli import experiments
from hopcli.config import Facts, RecallConfig, RecallExecution
from hopcli.errors import SettingError
from hopcli.experiments.resting import Resting, forgotten, rest
from hopcli.observables import local_fields
from hopcli.patterns import Patterns
from hopcli.plots.rows import what_was_run
from hopcli.storage import store
from hopcli.taxonomy import fixed_points

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

FIVE = (21607, 25559, 7411, 39155, 28089)  # the patterns of the study
FACTS = Facts("mnist:train", (28, 28), tuple("0123456789"))


def _resting(mean: list[float], sd: list[float], nearest: float = 1.0) -> Resting:
    names = tuple("abc"[: len(mean)])
    shares = np.full(len(mean), 1.0)
    shares[-1] = nearest
    return Resting(names, np.array(mean), np.array(sd), shares)


def _recall(**settings: Any) -> Any:
    values: dict[str, Any] = {"source_indices": FIVE, "tests": 20, "repeats": 2, **settings}
    return experiments.run(RecallConfig(**values), RecallExecution(keep=("trials",)))


@pytest.mark.parametrize("temperature", [0.3, 0.4, 0.6])
def test_patterns_rest_where_the_mean_field_says(temperature: float) -> None:
    """Few patterns by the pseudo-inverse rule: every site on its own, m = tanh(m / T)."""
    m = 1.0
    for _ in range(1000):
        m = math.tanh(m / temperature)
    sd = math.sqrt((1 - m * m) / 784)  # of so many independent sites
    found = _recall(temperature=temperature).notes["resting"]
    assert list(found) == ["3", "6", "1", "0", "4"]
    means = [pattern["overlap"] for pattern in found.values()]
    assert np.mean(means) == pytest.approx(m, abs=4 * 1.5 * sd / math.sqrt(250) + 0.001)
    spread = math.sqrt(np.mean([pattern["sd"] ** 2 for pattern in found.values()]))
    assert 0.8 * sd < spread < 1.7 * sd  # sites pull at each other: a little more


def test_a_warning_comes_with_both_numbers_where_a_pattern_rests_too_low() -> None:
    notes = _recall(temperature=0.4).notes
    (said,) = notes["warnings"]
    assert "m = 0.98" in said
    assert "0.99" in said
    assert len(notes["topics"]) == 1
    assert _recall(temperature=0.2).notes["warnings"] == []
    assert _recall(temperature=0.4, criterion=0.9).notes["warnings"] == []


def test_three_standard_deviations_are_the_border() -> None:
    assert _resting([0.995, 1.0], [0.001, 0.0]).below(0.99) is None
    assert _resting([1.0, 0.995], [0.0, 0.002]).below(0.99) == 1
    assert _resting([1.0, 0.995], [0.0, 0.002]).told(1) == "0.995 ± 0.002"
    assert _resting([0.99], [0.0]).below(0.99) is None  # exactly at it, without noise
    assert _resting([0.9899], [0.0]).below(0.99) == 0


def test_a_pattern_strays_if_more_than_one_run_in_twenty_ends_nearer_to_another() -> None:
    assert _resting([1.0, 1.0], [0.0, 0.0], 0.95).strays is None
    assert _resting([1.0, 1.0], [0.0, 0.0], 0.94).strays == 1
    assert not _resting([1.0, 1.0], [0.0, 0.0], 0.94).clears(0.5)
    assert _resting([1.0, 1.0], [0.0, 0.0], 0.94).of(["a"]).clears(0.5)
    assert _resting([1.0, 1.0], [0.0, 0.0], 0.94).of([]).clears(0.5)


def test_the_automatic_criterion_is_four_standard_deviations_below() -> None:
    assert _resting([1.0], [0.0]).automatic == 0.99
    assert _resting([0.98, 0.99], [0.005, 0.01]).automatic == pytest.approx(0.95)
    assert _resting([0.98765], [0.01]).automatic == 0.9476  # rounded down
    assert _resting([0.5], [0.0]).automatic == 0.5
    assert _resting([0.499], [0.0]).automatic is None


def test_an_automatic_criterion_counts_what_stays_on_its_pattern() -> None:
    """From the patterns themselves nearly all, where 0.99 calls four of five lost."""
    start: dict[str, Any] = {"start": "pattern", "temperature": 0.4, "tests": 100, "repeats": 2}
    low = _recall(**start).tables["accuracy"]["accuracy"].iloc[-1]
    plan = experiments.plan(RecallConfig(source_indices=FIVE, criterion="auto", **start))
    assert plan.config.to_dict()["criterion"] < 0.97
    result = plan.run(RecallExecution(), experiments.no_progress)
    assert low < 0.3
    assert result.tables["accuracy"]["accuracy"].iloc[-1] > 0.995
    assert result.notes["criterion"] == "auto"
    assert result.notes["warnings"] == []
    # The number it came to makes the same run.
    again = experiments.run(plan.config)
    assert again.tables["accuracy"].equals(result.tables["accuracy"])
    assert again.notes["resting"] == result.notes["resting"]


def test_an_automatic_criterion_is_resolved_to_a_number() -> None:
    config = RecallConfig(criterion="auto")
    assert config.resolve(FACTS).criterion == 0.99
    measured = Facts("mnist:train", (28, 28), tuple("0123456789"), criterion=0.95)
    assert config.resolve(measured).criterion == 0.95
    assert RecallConfig(criterion=0.8).resolve(measured).criterion == 0.8


def test_a_quenched_run_ends_in_a_fixed_point() -> None:
    """The same states as without it, after sign updates; so noise is gone, and not the basin."""
    warm: dict[str, Any] = {"temperature": 0.4, "tests": 10, "criterion": 0.9}
    plain, quenched = _recall(**warm), _recall(**warm, quench=True)
    couplings = store(quenched.patterns.xi)
    ends = quenched.gallery.end
    assert fixed_points(ends, couplings).all()
    # Noise leaves none but by chance.
    assert fixed_points(plain.gallery.end, couplings).mean() < 0.2
    assert np.array_equal(plain.gallery.start, quenched.gallery.start)
    own = plain.tables["trials"]["overlap_own"].to_numpy()
    after = quenched.tables["trials"]["overlap_own"].to_numpy()
    assert np.all(after[own > 0.95] == 1)  # near a pattern it falls into it
    assert not set(quenched.tables["trials"]["outcome"]) & {"unsettled"}
    assert quenched.notes["resting"]["3"] == {"overlap": 1.0, "sd": 0.0}


def test_a_quench_lowers_the_energy_at_each_step_to_where_every_field_agrees() -> None:
    result = _recall(rule="hebbian", temperature=0.5, quench=True, tests=5)
    couplings = store(result.patterns.xi, "hebbian")
    ends = result.gallery.end
    assert np.all(local_fields(ends, couplings) * ends >= -1e-9)


def test_a_quench_that_would_do_nothing_is_refused() -> None:
    cold = RecallConfig(dynamics="async", until_stable=True, quench=True)
    with pytest.raises(SettingError, match="quench has no effect with until_stable"):
        cold.check()


def test_an_animation_ends_with_the_quench() -> None:
    config = RecallConfig(
        source_indices=FIVE, tests=1, repeats=1, sweeps=4, temperature=0.4, quench=True
    )
    result = experiments.run(config, RecallExecution(animate="a.gif"))
    assert result.frames.states.shape == (5, 6, 784)
    assert result.frames.sweep.tolist() == [0, 1, 2, 3, 4, -1]
    assert fixed_points(result.frames.states[:, -1], store(result.patterns.xi)).all()
    assert np.array_equal(result.frames.states[:, 0], result.gallery.start)


def test_the_captions_say_what_was_done() -> None:
    texts = {}
    cases: dict[str, dict[str, Any]] = {
        "plain": {},
        "quench": {"quench": True},
        "auto": {"criterion": "auto", "temperature": 0.3},
    }
    for name, settings in cases.items():
        values: dict[str, Any] = {"source_indices": FIVE, "tests": 3, "repeats": 1, **settings}
        plan: Any = experiments.plan(RecallConfig(**values))
        result = plan.run(RecallExecution(), experiments.no_progress)
        texts[name] = what_was_run(plan.config, result)
    assert "sign updates" not in texts["plain"]
    assert "sign updates" in texts["quench"]
    assert "Criterion: at most 4 SD" in texts["auto"]
    assert "Criterion" not in texts["plain"] + texts["quench"]


def test_a_schedule_from_above_the_critical_temperature_is_said_to_forget() -> None:
    annealed = _recall(temperature="2:0.1:geometric").notes["warnings"]
    assert annealed == [forgotten(2.0, 1.0)]
    assert ("T = 2," in annealed[0], " 1" in annealed[0]) == (True, True)
    assert _recall(temperature="0.8:0.1:geometric").notes["warnings"] == []
    assert _recall(temperature="1:2:linear").notes["warnings"][0].startswith("at T = 2 ")


def test_a_few_of_many_patterns_are_enough() -> None:
    xi = random_patterns(3, 250, 50)
    index = np.arange(250)
    patterns = Patterns(xi, tuple(map(str, index)), index, (5, 10), index, "mine", "0" * 64)
    seen: list[NDArray[np.int8]] = []

    def relax(spins: NDArray[np.int8], number: NDArray[np.int64], of: int) -> NDArray[np.int8]:
        assert of == 1000
        assert np.all(np.diff(number) == 1)
        seen.append(spins)
        flipped = spins.copy()
        flipped[number % 10 == 0, :5] *= -1
        return flipped

    found = rest(patterns, relax, signed=True)
    assert len(found.name) == 100
    assert (found.name[0], found.name[-1]) == ("0", "249")
    assert found.mean.tolist() == pytest.approx([0.98] * 100)
    assert found.sd.tolist() == pytest.approx([np.std([0.8, *[1.0] * 9], ddof=1)] * 100)
    assert rest(patterns, lambda spins, _, __: -spins, signed=True).mean.max() == -1
    assert rest(patterns, lambda spins, _, __: -spins, signed=False).mean.min() == 1


SMALL = ["recall", "--tests", "5", "--repeats", "1", "--no-figures", "-q", "--out", "out"]


def test_patterns_come_from_the_split_that_is_tested_unless_another_is_named(
    run_hopcli: RunHopcli,
) -> None:
    indices: dict[str, list[int]] = {}
    for flags in ("", "--split test", "--split test --select-split train"):
        out = f"out{len(indices)}"
        assert run_hopcli(*SMALL, *flags.split(), "--out", out).code == 0
        with np.load(f"{out}/recall.npz") as arrays:
            indices[flags] = arrays["patterns.source_index"].tolist()
            name = str(arrays["patterns.dataset"])
        config = json.loads(Path(f"{out}/recall.json").read_text(encoding="utf-8"))["config"]
        assert name == f"mnist:{config['select_split']}"
    assert indices[""] == list(FIVE)
    assert indices["--split test --select-split train"] == list(FIVE)
    assert indices["--split test"] != list(FIVE)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--criterion auto --temperature 1.3", "--criterion"),
        ("--criterion automatic", "--criterion 0 1"),
        ("--criterion 0", "--criterion 0 1"),
        ("--patterns p.npz --select-split test", "--select-split effect"),
        ("--dataset digits --select-split test", "digits"),
        ("--dynamics async --until-stable --quench", "--quench effect"),
    ],
)
def test_what_makes_no_sense_is_refused(run_hopcli: RunHopcli, flags: str, words: str) -> None:
    refusal = run_hopcli(*SMALL, *flags.split()).refused()
    for piece in words.split():
        assert piece in refusal
    assert not Path("out").exists()
