"""A network that stores patterns, in Python, and runs from given states."""

from __future__ import annotations

import functools
import os
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hopcli import observables
from hopcli.api.data import Real, Whole, as_patterns, given
from hopcli.api.recalled import Recalled
from hopcli.config import Facts, RecallConfig, ThreadedExecution
from hopcli.datasets import Dataset
from hopcli.datasets.grey import as_spins
from hopcli.errors import DataError, HopcliWarning, PatternError, SettingError
from hopcli.experiments.stock import read_thresholds, read_weights
from hopcli.experiments.trials import Trials, check_trials
from hopcli.markup import pictures
from hopcli.patterns import Patterns
from hopcli.printing import terminal
from hopcli.records import ArrayLike, NDArray, np
from hopcli.rules import RULES, as_thresholds
from hopcli.rules import store as couple
from hopcli.starts import NO_SOURCE, Bank, Start, fill_bank
from hopcli.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopcli.network import Network


def store(
    patterns: Patterns | Dataset | str | os.PathLike[str] | Mapping[str, ArrayLike] | ArrayLike,
    rule: str = "pseudo-inverse",
    *,
    theta: float | str | os.PathLike[str] | ArrayLike = 0.0,
    weights: str | os.PathLike[str] | ArrayLike | None = None,
    self_coupling: bool = False,
    **parameters: str | Real,
) -> Memory:
    """Store patterns in a network.

    Parameters
    ----------
    patterns : Patterns, Dataset, path, mapping or array-like
        Patterns of :func:`hopcli.select`; images of :func:`hopcli.load`, one pattern each; a
        patterns.npz, or a source such as ``"images:DIR"``; pictures by name; or pictures, shape
        (p, height, width) or (p, N), of booleans, spins -1 and +1, or grey values (whole numbers
        0..255 or floats 0..1), of which those above 0 become +1.
    rule : str
        ``"pseudo-inverse"``, ``"hebbian"``, ``"storkey"``, ``"perceptron"`` or ``"covariance"``.
    theta : float, array-like or path
        Threshold of all sites or of each, shape (N,) or that of a picture; or a file of them.
    weights : array-like of float, shape (N, N), or path, optional
        Couplings to use instead of a rule; W_ij is that of the field on site i to spin j. They
        need not be symmetric, and the diagonal counts. The patterns only name the states.
    self_coupling : bool
        Keep the diagonal W_ii of the rule.
    **parameters
        Parameters of the rule: ``normalise`` (Hebbian), ``kappa`` and ``epochs`` (perceptron),
        ``activity`` (covariance).

    Returns
    -------
    Memory
        The network.

    Raises
    ------
    SettingError
        If the rule or a parameter is unknown, or a value is impossible.
    PatternError
        If the rule cannot store these patterns.
    SizeError
        If the network does not fit into the free memory.
    DataError
        If the argument contains no patterns, or a file cannot be read.

    Warns
    -----
    HopcliWarning
        If an array (p, N) has p >= N, as for one picture, or for patterns in columns.

    Examples
    --------
    >>> bars = {"left": [[1, 0], [1, 0]], "top": [[1, 1], [0, 0]]}
    >>> memory = store(bars, rule="hebbian")
    >>> memory
    Memory(hebbian: left, top; N = 4 sites in K = 4 classes)
    >>> memory.overlaps(bars["left"]).tolist()
    [[1.0, 0.0]]
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HopcliWarning)
        held = as_patterns(patterns)
    n_sites = held.xi.shape[1]
    if isinstance(theta, str | os.PathLike):
        thresholds: Any = read_thresholds(os.fspath(theta), n_sites)
    else:
        thresholds = as_thresholds(theta).reshape(-1)
        if thresholds.size not in (1, n_sites):
            rule_of = f"must be one number, or {n_sites} of them, one per site"
            raise SettingError("theta", rule_of, thresholds.size)
        thresholds = thresholds if thresholds.size > 1 else thresholds[0]
    own = RULES[rule].parameters if isinstance(rule, str) and rule in RULES else {}
    known = given(RecallConfig, **{k: v for k, v in parameters.items() if k in own})
    complete = {**parameters, **known}
    if isinstance(weights, str | os.PathLike):
        weights = read_weights(os.fspath(weights), n_sites)
    how: Any = {"weights": weights, "self_coupling": self_coupling}
    try:
        made = couple(held.xi, rule, thresholds, **how, **complete)
    except PatternError as error:
        raise PatternError(str(caught[0].message if caught else error)) from None
    for each in caught:
        warnings.warn(each.message, each.category, stacklevel=2)
    return Memory(held, made, complete)


@dataclass(frozen=True, eq=False)
class Memory:
    """Network with stored patterns.

    Made by :func:`hopcli.store`. States are spins -1 and +1, or booleans, of shape (N,),
    (n, N) or (n, height, width).

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    couplings : Network
        The couplings between its site classes.
    parameters : mapping of str to object
        Parameters of the rule that differ from its defaults.
    """

    patterns: Patterns
    couplings: Network
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        size = f"N = {self.n_sites:,} sites in K = {self.couplings.n_classes:,} classes"
        names = ", ".join(map(terminal, self.patterns.names[:10]))
        more = ", ..." if len(self.patterns.names) > 10 else ""
        return f"Memory({self.rule}: {names}{more}; {size})"

    def _repr_html_(self) -> str:
        """Draw the stored patterns, for notebooks."""
        held = self.patterns
        return pictures(held.xi, held.shape, held.names, repr(self))

    @property
    def rule(self) -> str:
        """Name of the rule that stored the patterns."""
        return self.couplings.rule

    @property
    def n_sites(self) -> int:
        """Number of spins N."""
        return self.couplings.n_sites

    @functools.cached_property
    def weights(self) -> NDArray[np.float64]:
        """N x N matrix W of the paper, float64, zero diagonal; it takes 8 N^2 bytes."""
        return self.couplings.dense()

    def overlaps(self, states: ArrayLike | Dataset | Patterns) -> NDArray[np.float64]:
        """Return overlaps m = S . xi / N [ZG eq. 1], float64, shape (n, p), -1..1."""
        return observables.overlaps(self._states(states), self.couplings.xi)

    def energy(self, states: ArrayLike | Dataset | Patterns) -> NDArray[np.float64]:
        """Return H = -1/2 sum_i!=j W_ij S_i S_j + sum_i theta_i S_i [ZG eq. 4], float64, (n,)."""
        return observables.energy(self._states(states), self.couplings)

    def fields(self, states: ArrayLike | Dataset | Patterns) -> NDArray[np.float64]:
        """Return local fields h_i = sum_j W_ij S_j, float64, shape (n, N)."""
        return observables.local_fields(self._states(states), self.couplings)

    def recall(
        self,
        start: ArrayLike | Dataset | Patterns | str,
        *,
        labels: ArrayLike | None = None,
        tests: Whole = 1,
        repeats: Whole = 1,
        temperature: Real | str | None = None,
        sweeps: Whole | None = None,
        seed: Whole | None = None,
        dynamics: str | None = None,
        gamma: Real | None = None,
        order: str | Sequence[int] | None = None,
        tie: str | None = None,
        attempts_per_sweep: Whole | str | None = None,
        until_stable: bool | None = None,
        quench: bool | None = None,
        criterion: Real | str | None = None,
        score: str | None = None,
        threads: Whole | None = None,
    ) -> Recalled:
        """Run the network from given states and return the final states.

        Arguments and numbers equal those of ``hopcli recall``: the trials of the command, in its
        order and with its seed, end in the same states here.

        Parameters
        ----------
        start : array-like, Dataset, Patterns or str
            States; images; patterns; or a start, as on the command line: ``"flip:0.25"`` (the
            stored patterns with a quarter of their sites flipped) or ``"random"``.
        labels : array-like of int or str, optional
            Label of each state of an array. A state with the label of a stored pattern counts as
        recalled only there, and only if no other pattern is nearer. A state without such a
        label counts at any pattern. Images of a Dataset without given labels have none here.
        tests : int
            Number of each start that is a text, >= 1.
        repeats : int
            Number of times that all are repeated, >= 1.
        temperature : float or str, optional
            T with k_B = 1, or a schedule ``"FIRST:LAST:geometric"``; by default 0.2.
        sweeps : int, optional
            By default 20.
        seed : int, optional
            By default 1.
        dynamics : str, optional
            ``"metropolis"`` (by default), ``"glauber"``, ``"async"`` or ``"sync"``.
        gamma : float, optional
            Steepness of the sigmoid, instead of T = 2 / gamma.
        order, tie, attempts_per_sweep, until_stable, quench : optional
            See ``hopcli recall --help``.
        criterion : float or "auto", optional
            Smallest overlap of a recalled state; by default 0.99.
        score : {"abs", "signed"}, optional
            Count inverses as recalled (``"abs"``, the default) or not.
        threads : int, optional
            By default one per core; results do not depend on them.

        Returns
        -------
        Recalled
            The final states and what they are.

        Raises
        ------
        SettingError
            If a setting is impossible, by itself or together with others.
        DataError
            If the array is no array of states, or of another size.

        Examples
        --------
        >>> memory = store({"a": [[1, 1, 1], [0, 0, 0]], "b": [[1, 0, 1], [0, 1, 0]]})
        >>> end = memory.recall([[1, 1, 1, 1, -1, -1]], dynamics="async", temperature=0)
        >>> end.overlaps.tolist(), end.outcome.tolist(), end.nearest.tolist()
        ([[1.0, 0.3333333333333333]], ['pattern'], ['a'])
        """
        words = given(
            RecallConfig,
            tests=tests,
            repeats=repeats,
            temperature=temperature,
            sweeps=sweeps,
            seed=seed,
            dynamics=dynamics,
            gamma=gamma,
            order=order,
            tie=tie,
            attempts_per_sweep=attempts_per_sweep,
            until_stable=until_stable,
            quench=quench,
            criterion=criterion,
            score=score,
            start=start if isinstance(start, str) else None,
        )
        config = RecallConfig(**words)
        bank = self._bank(start, config, labels)
        how = ThreadedExecution(**given(ThreadedExecution, threads=threads))
        return self._run(config, bank, how.threads)

    def _run(self, config: RecallConfig, bank: Bank, threads: int | None) -> Recalled:
        """Run every trial, in the order of the command."""
        # The run imports numba and pandas, which storing and viewing patterns do not need.
        from hopcli.experiments.cautions import decided
        from hopcli.experiments.recall import scored
        from hopcli.experiments.relaxation import Relaxation

        held = self.patterns
        facts = Facts(held.dataset, held.shape, tuple(dict.fromkeys(held.labels)))
        config.check()
        resolved = config.resolve(facts)
        check_trials(resolved, len(set(bank.label.tolist())), len(bank))
        trials = Trials.of(bank, len(bank), resolved.repeats, lambda _, place: place)
        relaxation = Relaxation(
            resolved, self.couplings, held, trials, Streams(resolved.seed), threads=threads
        )
        relaxation = decided(relaxation, config)
        rows = np.arange(len(trials))
        final = relaxation.run(rows)
        return Recalled(relaxation, final, scored(relaxation, rows, final))

    def _bank(
        self,
        start: ArrayLike | Dataset | Patterns | str,
        config: RecallConfig,
        labels: ArrayLike | None,
    ) -> Bank:
        """Return the starts of the trials, one entry per trial."""
        held = self.patterns
        if isinstance(start, str):
            if labels is not None:
                raise SettingError("labels", "has no effect on a start that is a text")
            assert isinstance(config.start, Start)  # the setting has read it
            if config.start.uses_images:
                rule = "must be the images themselves, or their Dataset"
                raise SettingError("start", rule, start)
            bank = fill_bank(config.start, held.as_dataset(), held)
            check_trials(config, len(held.names), len(bank) * int(config.tests))
            return bank.take(np.repeat(np.arange(len(bank)), int(config.tests)))
        if config.tests != 1:
            rule = "has no effect on given states; repeat them with repeats"
            raise SettingError("tests", rule, config.tests)
        states = self._states(start)
        rows = np.arange(len(states))
        source = rows if isinstance(start, Dataset) else np.full(len(states), NO_SOURCE)
        if isinstance(start, Dataset):
            names = np.where(start.is_named, start.labels, "")
        elif isinstance(start, Patterns):
            names, source = np.array(start.labels), start.source_index
        else:
            names = np.full(len(states), "")
        if labels is not None:
            names = np.asarray(labels).astype(np.str_).reshape(-1)
            if len(names) != len(states):
                raise SettingError("labels", f"must be {len(states)}, one per state", len(names))
        return Bank(names, source, states, rows)

    def _states(self, states: ArrayLike | Dataset | Patterns) -> NDArray[np.int8]:
        """Convert states to spins, int8, shape (n, N)."""
        if isinstance(states, Dataset):
            spins = states.spins
        elif isinstance(states, Patterns):
            spins = states.xi
        else:
            spins = _as_states(np.asarray(states), self.n_sites)
        if spins.shape[1] != self.n_sites:
            height, width = self.patterns.shape
            rule = f"must have {width} x {height} pixels, as the stored patterns"
            raise DataError(f"states: {rule}, found {spins.shape[1]:,} sites")
        return spins


def _as_states(values: NDArray[Any], n_sites: int) -> NDArray[np.int8]:
    """Convert an array of states, or of one, to spins."""
    if values.size == 0 or values.size % n_sites:
        raise DataError(f"states: must have {n_sites:,} sites, found shape {values.shape}")
    flat = values.reshape(-1, n_sites)
    spins = as_spins(flat)
    if spins is not None:
        return spins
    if flat.dtype.kind in "iuf" and np.all(np.isin(flat, (-1, 0, 1))):
        whole = np.ascontiguousarray(flat, dtype=np.int8)
        # Without -1, 0 and 1 are a picture; with -1, 0 is an undecided site.
        return whole if np.any(whole < 0) else (2 * whole - 1).astype(np.int8)
    raise DataError(
        "states: must be booleans, 0 and 1, or spins; convert grey values with "
        "hopcli.load([state], threshold='otsu').spins"
    )
