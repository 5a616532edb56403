"""The rules, their stops and their errors; what a result must not depend on."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hopcli import dynamics
from hopcli.dynamics import (
    DYNAMICS,
    ORDERS,
    RAN,
    STABLE,
    TIES,
    TWO_CYCLE,
    Dynamics,
    FinalStates,
    Order,
    jobs,
)
from hopcli.errors import SettingError
from hopcli.observables import class_sums, local_fields
from hopcli.storage import Couplings, store
from hopcli.streams import splitmix64

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def network(n_sites: int = 61, p: int = 4, rule: str = "pseudo-inverse") -> Couplings:
    rng = np.random.default_rng(n_sites)
    return store(rng.choice(np.array([-1, 1], np.int8), (p, n_sites)), rule)


def starts(n_chains: int, n_sites: int) -> NDArray[np.int8]:
    return np.random.default_rng(3).choice(np.array([-1, 1], np.int8), (n_chains, n_sites))


def run(couplings: Couplings, spins: NDArray[np.int8], **settings: Any) -> FinalStates:
    defaults: dict[str, Any] = {
        "seeds": dynamics.chain_seeds(np.random.SeedSequence(5), len(spins)),
        "temperatures": 0.3,
        "sweeps": 6,
        "attempts_per_sweep": couplings.n_sites,
    }
    return dynamics.run(couplings, spins, **(defaults | settings))


def pair(coupling: float) -> Couplings:
    """Two sites of two classes."""
    return Couplings(
        "by hand",
        np.array([0, 1], np.int32),
        np.array([[1], [-1]], np.int8),
        np.array([[0.0, coupling], [coupling, 0.0]]),
        np.zeros(2),
    )


@pytest.mark.parametrize("name", DYNAMICS)
@pytest.mark.parametrize("order", ORDERS)
def test_result_depends_on_its_chain_alone(name: str, order: str) -> None:
    couplings = network()
    spins = starts(23, 61)
    kept = spins.copy()
    whole = run(couplings, spins, dynamics=name, order=order, threads=1)
    assert np.array_equal(spins, kept)
    for threads in (2, 3):
        again = run(couplings, spins, dynamics=name, order=order, threads=threads, record=True)
        assert np.array_equal(again.spins, whole.spins)
        assert np.array_equal(again.status, whole.status)
    seeds = dynamics.chain_seeds(np.random.SeedSequence(5), 23)
    part = run(couplings, spins[7:9], dynamics=name, order=order, seeds=seeds[7:9])
    assert np.array_equal(part.spins, whole.spins[7:9])
    assert not np.array_equal(whole.spins, spins)


@pytest.mark.parametrize("name", DYNAMICS)
def test_waiting_does_not_depend_on_recording(name: str) -> None:
    """Long and cold: nearly all of it is waited for."""
    couplings = network()
    spins = starts(20, 61)
    settings = {"dynamics": name, "temperatures": 0.15, "sweeps": 200}
    plain, recorded = (run(couplings, spins, record=r, **settings) for r in (False, True))
    assert np.array_equal(plain.spins, recorded.spins)
    assert plain.class_sums is None
    assert recorded.class_sums is not None


def test_chunks_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK_ATTEMPTS", 61 * 6 * 2)
    done: list[int] = []
    chunked = run(network(), starts(9, 61), threads=2, progress=done.append)
    assert done[0] == 0
    assert sorted(done) == [0, 1, 2, 2, 2, 2]
    assert np.array_equal(chunked.spins, run(network(), starts(9, 61), threads=1).spins)


def test_one_thread_that_is_not_the_main_one_is_the_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No interrupt reaches it; the main one must hear of it while the loop runs."""
    monkeypatch.setattr(jobs, "CHUNK_ATTEMPTS", 61 * 6 * 4)
    threads: set[int] = set()
    quietly = jobs._quietly

    def watched(do: Callable[[slice], None], chunk: slice) -> None:
        threads.add(threading.get_ident())
        quietly(do, chunk)

    monkeypatch.setattr(jobs, "_quietly", watched)
    done: list[int] = []

    def work() -> tuple[int, FinalStates]:
        found = run(network(), starts(9, 61), threads=1, progress=done.append)
        return threading.get_ident(), found

    with ThreadPoolExecutor(1) as pool:
        own, found = pool.submit(work).result()
        assert threads == {own}
        assert done == [0, 4, 4, 1]

        def stop(_: int) -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            pool.submit(run, network(), starts(9, 61), threads=1, progress=stop).result()
    threads.clear()
    again = run(network(), starts(9, 61), threads=1)
    assert threading.get_ident() not in threads
    assert np.array_equal(again.spins, found.spins)


def test_an_interrupt_stops_the_work() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(network(), starts(64, 61), sweeps=100_000, temperatures=2.0, progress=interrupt)


@pytest.mark.parametrize("name", DYNAMICS)
@pytest.mark.parametrize(("n_sites", "p"), [(1, 1), (2, 1), (64, 1)])
def test_small_networks_run(name: str, n_sites: int, p: int) -> None:
    couplings = network(n_sites, p)
    outcome = run(couplings, starts(4, n_sites), dynamics=name, temperatures=0.0)
    assert set(np.unique(outcome.spins)) <= {-1, 1}


@pytest.mark.parametrize("name", ["metropolis", "glauber", "async"])
def test_until_stable_stops_at_a_fixed_point(name: str) -> None:
    couplings = network()
    outcome = run(
        couplings, starts(30, 61), dynamics=name, temperatures=0.0, sweeps=100,
        until_stable=True, record=True,
    )  # fmt: skip
    assert np.all(outcome.status == STABLE)
    assert np.all(outcome.sweeps < 100)
    assert np.all(outcome.spins * local_fields(outcome.spins, couplings) >= -1e-9)
    assert outcome.class_sums is not None
    for c, sweeps in enumerate(outcome.sweeps):
        rows = outcome.class_sums[c]
        assert np.all(rows[sweeps:] == rows[sweeps])
        # Stopping only shortens: as many sweeps without it end the same.
    full = run(couplings, starts(30, 61), dynamics=name, temperatures=0.0, sweeps=100)
    assert np.array_equal(full.spins, outcome.spins)
    assert np.all(full.sweeps == 100)
    assert np.all(full.status == STABLE)


def test_a_warm_chain_is_never_called_stable() -> None:
    outcome = run(network(), starts(5, 61), temperatures=[0, 0, 0, 0, 0, 0.2], until_stable=True)
    assert np.all(outcome.status == RAN)
    assert np.all(outcome.sweeps == 6)


def test_sync_finds_the_cycle_of_an_antiferromagnetic_pair() -> None:
    spins = np.array([[1, 1], [1, -1]], np.int8)
    outcome = run(pair(-1.0), spins, dynamics="sync", sweeps=9, record=True)
    assert outcome.status.tolist() == [TWO_CYCLE, STABLE]
    assert outcome.sweeps.tolist() == [2, 1]
    assert outcome.spins.tolist() == [[-1, -1], [1, -1]]
    assert outcome.class_sums is not None
    assert outcome.class_sums[0, :4].tolist() == [[1, 1], [-1, -1], [1, 1], [-1, -1]]


@pytest.mark.parametrize("tie", TIES)
@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_sync_step_is_the_sign_of_the_fields(tie: str, rule: str) -> None:
    couplings = network(40, 2, rule)
    spins = starts(25, 40)
    spins[:, ::3] = 0
    for _ in range(3):
        fields = local_fields(spins, couplings)
        at_tie = spins if tie == "keep" else np.full_like(spins, {"up": 1, "down": -1}[tie])
        expected = np.where(np.abs(fields) <= 1e-9, at_tie, np.sign(fields))
        spins = run(couplings, spins, dynamics="sync", sweeps=1, tie=tie).spins
        assert np.array_equal(spins, expected)


@pytest.mark.parametrize("tie", TIES)
def test_ties_of_the_sign_rule(tie: str) -> None:
    """Site 0 ties; site 1 then goes against it, or ties too."""
    couplings = pair(-1.0)
    outcome = run(
        couplings, np.zeros((1, 2), np.int8), dynamics="async", order="fixed", sweeps=1, tie=tie
    )
    assert outcome.spins[0, 0] == {"keep": 0, "up": 1, "down": -1}[tie]
    if tie != "keep":
        assert outcome.spins[0, 1] == -outcome.spins[0, 0]
    assert outcome.status[0] == STABLE


def test_heat_bath_breaks_a_tie_by_lot() -> None:
    outcome = run(
        pair(0.0), np.ones((4_000, 2), np.int8), dynamics="glauber", temperatures=0.0, order="fixed"
    )
    assert np.all(np.abs(np.mean(outcome.spins, axis=0)) < 4 / np.sqrt(4_000))


def test_empty_sites_are_filled() -> None:
    couplings = network()
    outcome = run(couplings, np.zeros((6, 61), np.int8), dynamics="glauber", order="permutation")
    assert np.all(outcome.spins != 0)


@pytest.mark.parametrize("name", DYNAMICS)
def test_a_limit_of_k_sweeps_ends_where_k_sweeps_end(name: str) -> None:
    """Row k of a long run is the end of a run of k sweeps, and each sweep moves something."""
    couplings = network(200, 30, "hebbian")
    spins = starts(12, 200)
    settings = {"dynamics": name, "temperatures": 0.6 * DYNAMICS[name].stochastic}
    full = run(couplings, spins, sweeps=4, record=True, **settings)
    assert full.class_sums is not None
    assert full.class_sums.shape[1] == 5
    assert np.all(np.any(np.diff(full.class_sums, axis=1), axis=(0, 2)))
    for k in range(5):
        part = run(couplings, spins, sweeps=k, **settings)
        assert np.array_equal(class_sums(part.spins, couplings), full.class_sums[:, k])
        assert np.all(part.sweeps == np.minimum(full.sweeps, k))


@pytest.mark.parametrize("name", ["metropolis", "glauber", "async"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_chain_stops_after_the_first_sweep_that_leaves_it_stable(name: str, order: str) -> None:
    """Not one sweep later, nor earlier: with fewer it is not stable, but for none at all."""
    couplings = network()
    spins = np.concatenate([couplings.xi[:1], starts(30, 61)])
    settings = {"dynamics": name, "temperatures": 0.0, "order": order}
    stopped = run(couplings, spins, sweeps=50, until_stable=True, **settings)
    assert stopped.sweeps[0] == 1  # it was stable, and had its sweep
    assert stopped.sweeps.max() > 1
    first = np.zeros(31, np.int64)
    for k in range(1, 51):
        part = run(couplings, spins, sweeps=k, **settings)
        first[(first == 0) & (part.status == STABLE)] = k
    assert np.array_equal(stopped.sweeps, first)


def test_no_sweeps_change_nothing() -> None:
    spins = starts(3, 61)
    for name in DYNAMICS:
        outcome = run(network(), spins, dynamics=name, sweeps=0, record=True)
        assert np.array_equal(outcome.spins, spins)
        assert np.all(outcome.sweeps == 0)


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"dynamics": "swendsen-wang"}, "dynamics"),
        ({"order": "sorted"}, "order"),
        ({"tie": "left"}, "tie"),
        ({"tie": "up"}, "tie"),  # Metropolis decides a tie by itself
        ({"temperatures": -0.1}, "temperatures"),
        ({"temperatures": float("nan")}, "temperatures"),
        ({"temperatures": [0.1, 0.2]}, "temperatures"),
        ({"sweeps": -1}, "sweeps"),
        ({"attempts_per_sweep": 0}, "attempts_per_sweep"),
        ({"attempts_per_sweep": 60, "order": "permutation"}, "attempts_per_sweep"),
        ({"attempts_per_sweep": 60, "order": "fixed"}, "attempts_per_sweep"),
        ({"seeds": np.zeros(4, np.uint64)}, "seeds"),
        ({"seeds": np.zeros(5, np.int64)}, "seeds"),
        ({"threads": 0}, "threads"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingError) as caught:
        run(network(), starts(5, 61), **settings)
    assert caught.value.setting == setting


def test_wrong_spins_are_named() -> None:
    couplings = network()
    wrong: list[Any] = [starts(5, 60), starts(5, 61)[0], 2 * starts(5, 61), 0.5 * starts(5, 61)]
    for spins in wrong:
        with pytest.raises(SettingError, match="spins must"):
            run(couplings, spins, seeds=np.zeros(5, np.uint64))
    with pytest.raises(SettingError, match="nothing to flip"):
        run(couplings, np.zeros((1, 61), np.int8))


def test_replay_checks_its_sites() -> None:
    couplings = network()
    seeds = dynamics.chain_seeds(np.random.SeedSequence(5), 2)
    for sites in (np.full((2, 4), 61), np.full((2, 4), -1), np.zeros((3, 4), int)):
        with pytest.raises(SettingError, match="sites must"):
            dynamics.replay(couplings, starts(2, 61), sites=sites, seeds=seeds, temperature=0.2)


@pytest.mark.parametrize("until_stable", [True, False])
@pytest.mark.parametrize("name", DYNAMICS)
def test_class_sums_of_the_ends_are_those_of_the_states(name: str, until_stable: bool) -> None:
    couplings = network()
    temperature = 0.0 if until_stable else 0.5
    ran = run(
        couplings,
        starts(20, 61),
        dynamics=name,
        temperatures=temperature,
        until_stable=until_stable,
    )
    assert np.array_equal(ran.ends, class_sums(ran.spins, couplings))
    assert ran.ends.dtype == np.int32


def test_seeds_are_the_same_in_any_block_of_chains() -> None:
    sequence = np.random.SeedSequence(8)
    seeds = dynamics.chain_seeds(sequence, 9)
    assert np.array_equal(dynamics.chain_seeds(sequence, 3), seeds[:3])
    assert np.array_equal(dynamics.chain_seeds(sequence, 4, first=5), seeds[5:])
    assert len(set(seeds.tolist())) == 9


def test_seeds_are_numbers_of_splitmix64() -> None:
    """The first three of seed 1234567, as its reference implementation prints them."""
    first = splitmix64(np.uint64(1234567), np.arange(1, 4, dtype=np.uint64))
    assert first.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_final_states_own_their_arrays() -> None:
    spins, sweeps, status = starts(2, 5), np.ones(2, np.int64), np.zeros(2, np.uint8)
    sums = np.ones((2, 3), np.int32)
    ends = FinalStates(spins, sweeps, status, sums, None)
    spins[...] = sweeps[...] = sums[...] = 0
    assert ends.spins.all()
    assert ends.sweeps.all()
    assert ends.ends.all()
    ran = run(network(), starts(2, 61), record=True)
    for array in (ran.spins, ran.sweeps, ran.status, ran.ends, ran.class_sums):
        assert array is not None
        assert not array.flags.writeable


@pytest.mark.parametrize("name", DYNAMICS)
def test_entries_name_orders_and_ties_that_there_are(name: str) -> None:
    rule = DYNAMICS[name]
    assert rule.name == name
    assert set(rule.codes) <= set(TIES)
    assert set(rule.orders) <= set(ORDERS)
    assert rule.order == (rule.orders[0] if rule.orders else "")
    for tie in TIES:
        if tie in rule.codes:
            run(network(), starts(1, 61), dynamics=name, tie=tie)
        else:
            with pytest.raises(SettingError, match=f"tie must be one of .* under {name}"):
                run(network(), starts(1, 61), dynamics=name, tie=tie)


@pytest.mark.parametrize(
    ("old", "tie", "changed"),
    [
        ("async", "keep", {}),
        ("async", "up", {"codes": {"up": "SIGN_UP"}}),
        ("sync", "down", {"codes": {"down": "SIGN_DOWN"}}),
        ("glauber", "keep", {}),
        ("metropolis", "keep", {"stochastic": False}),
    ],
)
def test_a_new_dynamics_runs_as_it_says(
    monkeypatch: pytest.MonkeyPatch, old: str, tie: str, changed: dict[str, Any]
) -> None:
    """By its own loop and code, whatever its name and whether it has noise."""
    new = dataclasses.replace(DYNAMICS[old], name="new", **changed)
    monkeypatch.setitem(DYNAMICS, "new", new)
    couplings, spins = network(rule="hebbian"), starts(9, 61)
    temperature = 0.4 * new.stochastic
    found = run(couplings, spins, dynamics="new", tie=tie, temperatures=temperature)
    expected = run(couplings, spins, dynamics=old, tie=tie, temperatures=temperature)
    assert np.array_equal(found.spins, expected.spins)
    assert not np.array_equal(found.spins, spins)
    for other in set(TIES) - set(new.codes):
        with pytest.raises(SettingError, match="tie must be one of"):
            run(couplings, spins, dynamics="new", tie=other)


@pytest.mark.parametrize(
    ("old", "changed", "words"),
    [
        ("async", {"codes": {"keep": "WOLFF"}}, "code that the loop over sites knows"),
        ("sync", {"codes": {"keep": "GLAUBER"}}, "code that the loop over all sites knows"),
        ("async", {"orders": ()}, "must have orders"),
        ("sync", {"orders": ("random",)}, "neither noise nor an order"),
        ("sync", {"stochastic": True}, "neither noise nor an order"),
        ("async", {"stochastic": True}, "SIGN_KEEP has no noise"),
        ("metropolis", {"allows_zero": True}, "must not allow sites at 0"),
        ("async", {"orders": ("fixed",)}, "order must be one of fixed under new"),
        ("async", {"codes": {}}, "tie must be one of"),
    ],
)
def test_a_new_dynamics_that_cannot_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, old: str, changed: dict[str, Any], words: str
) -> None:
    monkeypatch.setitem(DYNAMICS, "new", dataclasses.replace(DYNAMICS[old], name="new", **changed))
    with pytest.raises(SettingError, match=words):
        run(network(), starts(2, 61), dynamics="new")


def test_a_new_loop_needs_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that turns every site, and a chain ends where it says."""

    def turn_all(job: jobs.Job) -> Callable[[slice], None]:
        def run(chunk: slice) -> None:
            job.spins[chunk] *= -1
            job.sweeps[chunk] = len(job.temperatures)

        return run

    new = Dynamics("turn", "", turn_all, {"keep": ""}, (), stochastic=False, allows_zero=True)
    monkeypatch.setitem(DYNAMICS, "turn", new)
    ends = run(network(), starts(9, 61), dynamics="turn", threads=2)
    assert np.array_equal(ends.spins, -starts(9, 61))
    assert np.all(ends.sweeps == 6)


def _with_order(monkeypatch: pytest.MonkeyPatch, order: Order) -> None:
    monkeypatch.setitem(ORDERS, order.name, order)
    rule = dataclasses.replace(DYNAMICS["async"], orders=("random", order.name))
    monkeypatch.setitem(DYNAMICS, "async", rule)


@pytest.mark.parametrize("old", ORDERS)
def test_a_new_order_runs_as_it_says(monkeypatch: pytest.MonkeyPatch, old: str) -> None:
    expected = run(network(), starts(9, 61), dynamics="async", order=old)
    _with_order(monkeypatch, dataclasses.replace(ORDERS[old], name="new"))
    found = run(network(), starts(9, 61), dynamics="async", order="new")
    assert np.array_equal(found.spins, expected.spins)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order("new", "", "SPIRAL", each_once=False), "code that the loop over sites knows"),
        (Order("new", "", "GIVEN", each_once=False), "must come with its sites"),
        (Order("new", "", "FIXED", each_once=False), "must not be marked each_once = False"),
        (Order("new", "", "RANDOM", each_once=True), "must not be marked each_once = True"),
    ],
)
def test_a_new_order_that_cannot_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, order: Order, words: str
) -> None:
    _with_order(monkeypatch, order)
    with pytest.raises(SettingError, match=words):
        run(network(), starts(2, 61), dynamics="async", order="new")


def test_an_order_that_no_rule_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ORDERS, "new", dataclasses.replace(ORDERS["fixed"], name="new"))
    with pytest.raises(SettingError, match=r"order must be one of random, .* under async"):
        run(network(), starts(2, 61), dynamics="async", order="new")


def test_a_new_tie_is_refused_until_a_rule_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TIES, "new", "up, by another name")
    with pytest.raises(SettingError, match="tie must be one of keep, up, down under async"):
        run(network(), starts(2, 61), dynamics="async", tie="new")
    codes = {**DYNAMICS["async"].codes, "new": "SIGN_UP"}
    monkeypatch.setitem(DYNAMICS, "async", dataclasses.replace(DYNAMICS["async"], codes=codes))
    spins = np.zeros((1, 2), np.int8)
    settings = {"dynamics": "async", "order": "fixed", "sweeps": 1}
    assert run(pair(-1.0), spins, tie="new", **settings).spins.tolist() == [[1, -1]]
