"""The contents of a page: patterns, thresholds, settings and test images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hopcli.config import Facts, RecallConfig
from hopcli.config.groups import PatternSettings
from hopcli.config.notations import temperatures
from hopcli.datasets import Dataset, default_threshold
from hopcli.errors import DataError, PatternError, SettingError
from hopcli.experiments.preparation import Prepared, prepare
from hopcli.experiments.stock import Stock
from hopcli.experiments.trials import draw_trials
from hopcli.network import Network, Quadratic, Wired
from hopcli.network.classes import site_classes
from hopcli.patterns import Patterns
from hopcli.records import Spins, np
from hopcli.rules import RULES, store
from hopcli.study.published import read_published

PATTERN_SETTINGS = tuple(PatternSettings.settings())
"""Settings that decide which patterns are stored, in the order of the command line."""

_MOST_CLASSES = 4096
_MOST_SITES = 1 << 16
_MOST_GIVEN = 512  # classes: 2.8 MB of couplings
_PUBLISHED_TESTS = 100  # images behind each of the authors' percentages


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Data of a page.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    couplings : Network
        The network, with its rule and thresholds.
    parameters : mapping of str to object
        Parameters of the rule.
    settings : RecallConfig
        Dynamics, temperature, sweeps, criterion and seed at the beginning.
    images : ndarray of int8, shape (n, N)
        Test images, values -1 or +1.
    labels : tuple of str, length n
        Their labels.
    flags : tuple of str or None
        Flags that store the same patterns; None if no flags can.
    python : str
        Python expression that makes the patterns; empty if there is none.
    published : mapping of str to float
        Percentage recalled that the authors published, by label.
    """

    patterns: Patterns
    couplings: Network
    parameters: dict[str, Any]
    settings: RecallConfig
    images: Spins
    labels: tuple[str, ...]
    flags: tuple[str, ...] | None
    python: str
    published: dict[str, float]

    def __post_init__(self) -> None:
        n_sites, n_classes = self.couplings.n_sites, self.couplings.n_classes
        if n_sites > _MOST_SITES:
            rule = f"must have at most {_MOST_SITES:,} pixels for a page (try a smaller size)"
            raise DataError(f"patterns: {rule}, found {n_sites:,}")
        if n_classes > _MOST_CLASSES:
            rule = f"must have at most {_MOST_CLASSES:,} site classes for a page"
            raise DataError(f"patterns: {rule} (store fewer), found {n_classes:,}")

    def resolved(self) -> dict[str, Any]:
        """Initial settings in the form that the page uses."""
        held = self.patterns
        facts = Facts(held.dataset, held.shape, tuple(dict.fromkeys(held.labels)))
        given = {"digits": None, "patterns": None, "source_indices": None}
        full = RecallConfig(**{**self.settings.values(), **given}).resolve(facts)
        theta = np.unique(self.couplings.theta)
        return {
            "rule": self.couplings.rule,
            "kept": False,
            "dynamics": full.dynamics,
            "order": full.order or "random",
            "tie": full.tie,
            "attempts": full.attempts_per_sweep if full.order == "random" else held.xi.shape[1],
            "T": temperatures(full.temperature, full.sweeps)[0],
            "theta": float(theta[0]) if len(theta) == 1 else 0.0,
            "seed": str(full.seed),
            "sweeps": full.sweeps,
            "criterion": full.criterion,
        }


def gather_contents(config: RecallConfig, tests: int) -> Contents:
    """Load the data set, select patterns and store them, as a configuration says.

    Parameters
    ----------
    config : RecallConfig
        Selection of the patterns, storage rule, and initial settings.
    tests : int
        Largest number of test images per label, >= 0.

    Raises
    ------
    SettingError
        If settings contradict each other or the data.
    DataError
        If a file is unusable, or the patterns are too large for a page.
    PatternError
        If the rule cannot store the patterns.
    """
    stock = Stock()
    if config.file is not None and not stock.patterns(config.file).dataset.startswith("mnist"):
        config = config.with_values(start="pattern")  # needs no data set
    prepared = prepare(config, stock)
    resolved, patterns = prepared.config, prepared.patterns
    couplings = prepared.network()
    images, labels = _test_images(prepared, tests if config.needs_images else 0)
    defaults = {"dataset", "digits"}
    changed = {name for name in PATTERN_SETTINGS if _is_changed(config, name)}
    python, published = "", {}
    if changed <= defaults and patterns.dataset.startswith("mnist"):
        python = f'hopcli.select("{config.dataset}").take({list(patterns.labels)!r})'
        if all(len(label) == 1 for label in patterns.labels):
            python = f'hopcli.select("{config.dataset}").take("{"".join(patterns.labels)}")'
        if patterns.labels == RecallConfig.default_digits:
            published = _published(patterns.labels)
    known, flags = config.parameters(resolved.rule), _flags(config)
    return Contents(patterns, couplings, known, config, images, labels, flags, python, published)


def contents_of(
    patterns: Patterns,
    couplings: Network,
    parameters: Mapping[str, Any],
    settings: RecallConfig,
    images: Dataset | None = None,
) -> Contents:
    """Make the contents of a page from a network in Python and its test images.

    If the rule with these parameters does not produce the couplings, the page uses the couplings
    unchanged, under the rule name "given".

    Raises
    ------
    DataError
        If the images have another size, or the patterns are too large for a page.
    """
    if images is not None and images.n_sites != couplings.n_sites:
        rule = f"must have {couplings.n_sites:,} sites as the stored patterns have"
        raise DataError(f"images: {rule}, found {images.n_sites:,}")
    spins = np.empty((0, couplings.n_sites), np.int8) if images is None else images.spins
    labels = () if images is None else tuple(images.labels.tolist())
    if isinstance(settings.order, tuple):
        raise SettingError("order", "must be a name for a page", settings.order)
    if isinstance(couplings.hamiltonian, Wired):
        raise DataError("memory: must have symmetric couplings without a diagonal for a page")
    learnt = RULES.get(couplings.rule)
    known = {} if learnt is None else learnt.complete(parameters)
    if learnt is None or not _makes(couplings, known):
        couplings, known = _as_given(couplings), {}
    return Contents(patterns, couplings, known, settings, spins, labels, None, "", {})


def _as_given(couplings: Network) -> Network:
    """Return the same network in the site classes of the page, for couplings without a rule."""
    theta = couplings.thresholds
    site_class, columns, class_theta = site_classes(couplings.xi, theta)
    pairs = np.unique(np.stack([site_class, couplings.site_class]), axis=1)
    if len(class_theta) > _MOST_GIVEN:
        rule = f"must have at most {_MOST_GIVEN:,} site classes where no rule makes the couplings"
        raise DataError(f"memory: {rule}, found {len(class_theta):,}")
    if pairs.shape[1] > len(class_theta):
        rule = "must have equal couplings on sites with equal values in all patterns"
        raise DataError(f"memory: {rule}; store its patterns with a rule")
    between = couplings.J[np.ix_(pairs[1], pairs[1])]
    return Network("given", site_class, columns, Quadratic(between), class_theta)


def _makes(couplings: Network, parameters: dict[str, Any]) -> bool:
    """Return whether the rule of a network reproduces its couplings."""
    theta = couplings.thresholds
    try:
        made = store(couplings.xi, couplings.rule, theta, **parameters)
    except PatternError:
        return False
    same = np.array_equal(made.site_class, couplings.site_class)
    return same and np.allclose(made.J, couplings.J, atol=1e-12)


def _is_changed(config: RecallConfig, name: str) -> bool:
    """Return whether a setting differs from its default."""
    value = getattr(config, name, None)
    if name == "threshold" and value == default_threshold(config.dataset):
        return False
    return bool(value != config.settings()[name].default) and value not in (None, False)


def _flags(config: RecallConfig) -> tuple[str, ...]:
    """Return the command-line flags that store the same patterns."""
    known, words = type(config).settings(), []
    for name in PATTERN_SETTINGS:
        if name in known and _is_changed(config, name):
            kind = known[name].kind
            words += kind.words(name, kind.plain(getattr(config, name)))
    return tuple(words)


def _test_images(prepared: Prepared[RecallConfig], tests: int) -> tuple[Spins, tuple[str, ...]]:
    """Return the first test images per label that a recall with the same seed draws."""
    dataset, patterns = prepared.dataset, prepared.patterns
    labels = dict.fromkeys(patterns.labels)
    present = [label for label in labels if label in dataset.label_names]
    while tests > 0 and len(present) == len(labels):
        config = replace(prepared.config, tests=tests, repeats=1)
        try:
            trials = draw_trials(config, dataset, patterns, prepared.streams.tests)
        except SettingError:
            tests -= 1  # some label has fewer images
            continue
        bank = trials.bank(np.arange(len(trials)))
        return bank.states[bank.row], tuple(bank.label.tolist())
    return np.empty((0, dataset.n_sites), np.int8), ()


def _published(labels: tuple[str, ...]) -> dict[str, float]:
    """Return the percentage of images per label that the authors recalled, over all repeats."""
    known = tuple(map(str, range(10)))
    table = read_published(None, _PUBLISHED_TESTS, known)
    means = (100 * table.counts.mean(axis=0) / _PUBLISHED_TESTS).tolist()
    by_label = dict(zip(table.labels, means, strict=True))
    return {label: round(mean, 2) for label, mean in by_label.items() if label in labels}


_HERE = Path(__file__).parent
_LARGEST = 1_000_000  # bytes


def languages(file: Path | None = None) -> dict[str, dict[str, Any]]:
    """Read the texts of all languages.

    Parameters
    ----------
    file : Path, optional
        JSON file of a further language, with the keys of ``texts.en.json``. The language
        code is the part of its name before ``.json`` and after any other dot
        (``texts.fr.json``, ``fr.json``).

    Returns
    -------
    dict of str to dict
        Texts by key, for each language code.

    Raises
    ------
    DataError
        If the file cannot be read, or lacks a key.
    """
    codes = ("en", "de")
    known = {code: _read(_HERE / f"texts.{code}.json") for code in codes}
    if file is None:
        return known
    code = file.stem.rpartition(".")[2]
    if not (code.isascii() and code.replace("-", "").isalnum() and 2 <= len(code) <= 12):
        raise DataError(f"{file}: must be named after its language, such as texts.fr.json")
    words = _read(file)
    for key, text in known["en"].items():
        if not _fits(words.get(key), text):
            raise DataError(f"{file}: {key!r} must be {_kind(text)}; texts.en.json has it")
    return {**known, code: {key: words[key] for key in known["en"]}}


def _kind(text: Any) -> str:
    return "an object with the same keys" if isinstance(text, dict) else "a text"


def _fits(value: Any, text: Any) -> bool:
    """Return whether a value has the same structure as the English text."""
    if isinstance(text, dict):
        return isinstance(value, dict) and all(_fits(value.get(key), text[key]) for key in text)
    if isinstance(text, list):
        return isinstance(value, list) and len(value) == len(text) and all(map(_fits, value, text))
    return isinstance(value, str)


def _read(file: Path) -> dict[str, Any]:
    """Read a JSON object."""
    rule = "must be a JSON object of texts"
    try:
        if file.stat().st_size > _LARGEST:
            raise DataError(f"{file}: {rule}, found more than {_LARGEST:,} bytes")
        words = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file}: {rule}; cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{file}: {rule}, found other data") from None
    if not isinstance(words, dict):
        raise DataError(f"{file}: {rule}, found {type(words).__name__}")
    return words
