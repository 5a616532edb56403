"""Texts of captions: the run and its protocol, with formatted numbers."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hopcli.config import DataSettings, RecallConfig, StorageSettings
    from hopcli.experiments import Result
    from hopcli.experiments.recall import RecallResult
    from hopcli.patterns import Patterns

MOST_LABELS = 50
"""Largest number of labels in a figure; the tables contain all."""


def count(n: int, noun: str) -> str:
    """Return a number of things: ``"1 repeat"``, ``"10 repeats"``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: float, digits: int = 4) -> str:
    """Return a number with this many significant digits."""
    return minus(f"{value:.{digits}g}")


def minus(text: str) -> str:
    """Replace hyphens in a number by minus signs."""
    return text.replace("-", "\N{MINUS SIGN}")


def quoted(label: str) -> str:
    """Quote a label that is a number: "trial 1 of 3" would mean one of three trials."""
    return f"“{label}”" if label.isdecimal() else label


def dataset_name(dataset: str) -> str:
    """Return the data set without the folders of its path."""
    source, colon, argument = dataset.partition(":")
    return f"{source}{colon}{PurePath(argument).name}"


def images(config: DataSettings, result: Result) -> str:
    """Name the images of a run by their split, if the data set has splits."""
    has_splits = result.dataset == f"{config.dataset}:{config.split}"
    kind = {"train": "training ", "test": "test "}.get(config.split, "")
    return f"{kind if has_splits else ''}images"


def starts(config: Any, result: Any) -> str:
    """Name the starting states, in the plural."""
    return images(config, result) if str(config.start) == "image" else "starts"


def size(shape: tuple[int, int]) -> str:
    """Return the number of spins of a picture (height, width)."""
    height, width = shape
    return f"N = {width} \N{MULTIPLICATION SIGN} {height} = {width * height:,} spins"


def network(config: StorageSettings, patterns: Patterns) -> str:
    """Describe the network: rule, p, N, data, and its threshold unless that is 0."""
    theta = config.theta
    value = number(theta) if isinstance(theta, float) else "from a file"
    return (
        f"{config.rule.capitalize()} rule, p = {count(len(patterns.labels), 'pattern')} of "
        f"{size(patterns.shape)} ({dataset_name(patterns.dataset)})"
        f"{'' if theta == 0 else f', threshold {value}'}"
    )


def protocol(config: Any, patterns: Patterns) -> str:
    """Describe network, temperature (if it is a setting), update rule, sweeps and attempts."""
    temperature = getattr(config, "temperature", None)
    over = "" if isinstance(temperature, float) else " over the sweeps"
    shown = number(temperature) if isinstance(temperature, float) else temperature
    attempts, n_sites = config.attempts_per_sweep, patterns.xi.shape[1]
    named = {n_sites: " = N", n_sites // 2: " = N/2"}.get(attempts, "")
    return (
        f"{network(config, patterns)}; {'' if temperature is None else f'T = {shown}{over}, '}"
        f"{'at most ' if config.until_stable else ''}"
        f"{count(config.sweeps, f'{config.dynamics} sweep')} of {attempts:,}{named} attempts"
    )


def criterion(config: Any) -> str:
    """Return the condition under which a trial counts as recalled."""
    return f"{'|m|' if config.score == 'abs' else 'm'} ≥ {number(config.criterion)}"


def cut_labels(n_labels: int) -> str:
    """Return a sentence if not all labels are drawn, otherwise ""."""
    if n_labels <= MOST_LABELS:
        return ""
    return f" Only the first {MOST_LABELS} of {n_labels:,} labels are drawn."


# --- recall ------------------------------------------------------------------------------


def own_pattern(result: RecallResult) -> str:
    """Name the pattern that a trial must reach to count as recalled."""
    stored = set(result.patterns.labels)
    labels = set(result.columns["confusion"]["label"].tolist())
    if labels <= stored:
        return "their own pattern"
    return (
        "a stored pattern"
        if labels.isdisjoint(stored)
        else "their own pattern (without one, any stored pattern)"
    )


def what_was_run(config: RecallConfig, result: RecallResult) -> str:
    """Describe a recall in two sentences: network and dynamics, then the tests."""
    base, *changes = str(config.start).split(",")
    named = ", ".join((images(config, result) if config.start.uses_images else base, *changes))
    auto = result.notes.get("criterion") == "auto"
    return (
        f"{protocol(config, result.patterns)}"
        f"{', then sign updates until stable' if config.quench else ''}"
        f"{'' if str(config.start) == 'image' else f', started from {named}'}. "
        f"{_tests(config, result)}."
        f"{' Criterion: at most 4 SD below where stored patterns rest.' if auto else ''}"
        f"{cut_labels(len(result.columns['confusion']))}"
    )


def _tests(config: RecallConfig, result: RecallResult) -> str:
    repeats = count(config.repeats, "repeat")
    if config.tests == "all":
        return f"All {images(config, result)} of each label, {repeats}"
    of_authors = "of the authors' " if config.replay_authors else ""
    kind = f"{of_authors}{starts(config, result)[:-1]}"
    tests = f"{count(int(config.tests), kind)} a label, {repeats}"
    if config.repeats == 1 or str(config.start) != "image":
        return tests
    same = config.test_images == "same"
    return f"{tests} with {'the same images' if same else 'fresh images in each'}"
