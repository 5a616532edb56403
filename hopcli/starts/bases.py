"""Bases of starting states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hopcli.errors import SettingError
from hopcli.records import Spins, np
from hopcli.starts.words import Arguments, Bank, Base, one_fraction, word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns

NO_SOURCE = -1
"""Source index of a start that is not an image of the data set."""


# --- reading -----------------------------------------------------------------------------


def _chance_of_up(texts: list[str]) -> Arguments:
    return one_fraction(texts) if texts else (0.5,)


def _two_labels(texts: list[str]) -> Arguments:
    first, second, *rest = texts
    if not first or not second or rest not in ([], ["fill"]):
        raise ValueError(texts)
    return tuple(texts)


def _path(texts: list[str]) -> Arguments:
    path = ":".join(texts)  # a path may contain colons
    if not path:
        raise ValueError(texts)
    return (path,)


def _path_and_treatment(texts: list[str]) -> Arguments:
    """Read a path, then a threshold and ``invert`` if they are given."""
    from hopcli.datasets.thresholds import THRESHOLDS, is_threshold

    *path, last = texts
    words: list[int | str] = []
    if path and last == "invert":
        words, (*path, last) = [last], path
    level = int(last) if last.isdecimal() else last
    if path and (last in THRESHOLDS or is_threshold(level)):
        return (*_path(path), level, *words)
    return (*_path([*path, last]), *words)


def _text_file(arguments: Arguments) -> Path:
    from hopcli.datasets.texts import find_text

    return find_text(Path(arguments[0]))


# --- available states ------------------------------------------------------------------


def _images_of(labels: Sequence[str], dataset: Dataset) -> Bank:
    pool = np.flatnonzero(np.isin(dataset.labels, labels))
    return Bank(dataset.labels[pool], pool, dataset.states, pool)


def _images(dataset: Dataset, patterns: Patterns, _: Arguments, __: int) -> Bank:
    return _images_of(patterns.labels, dataset)


def _digit(dataset: Dataset, patterns: Patterns, _: Arguments, target: int) -> Bank:
    return _images_of([patterns.labels[target]], dataset)


def _patterns(_: Dataset, patterns: Patterns, __: Arguments, ___: int) -> Bank:
    label, row = np.array(patterns.labels), np.arange(len(patterns.labels))
    return Bank(label, patterns.source_index, patterns.xi, row)


def _target(dataset: Dataset, patterns: Patterns, _: Arguments, target: int) -> Bank:
    return _patterns(dataset, patterns, (), target).take(np.array([target]))


def _states_of(source: str) -> Callable[[Dataset, Patterns, Arguments, int], Bank]:
    def fill(dataset: Dataset, patterns: Patterns, arguments: Arguments, _: int) -> Bank:
        from hopcli.datasets import load_dataset

        given = load_dataset(f"{source}:{arguments[0]}")
        return _of_file(source, arguments, given, dataset, patterns)

    return fill


def _pictures(dataset: Dataset, patterns: Patterns, arguments: Arguments, _: int) -> Bank:
    """Return pictures, treated as those of the data set unless the arguments say otherwise."""
    from hopcli.datasets import Size, load_dataset

    path, *words = arguments
    stored = dataset.request if dataset.name.startswith("images:") else {}
    threshold, invert = stored.get("threshold"), stored.get("invert", False)
    if words:
        threshold = next((word for word in words if word != "invert"), None)
        invert = "invert" in words
    height, width = dataset.shape
    size = Size(width, height, stored.get("crop", False))
    given = load_dataset(f"images:{path}", threshold=threshold, size=size, invert=invert)
    return _of_file("images", arguments, given, dataset, patterns)


def _of_file(
    name: str, arguments: Arguments, given: Dataset, dataset: Dataset, patterns: Patterns
) -> Bank:
    """Return the states of a file; any pattern counts for states without a name."""
    start = word(BASES[name], arguments)
    if given.n_sites != dataset.n_sites:
        rule = f"must hold states of {dataset.n_sites} sites, not {given.n_sites}"
        raise SettingError("start", rule, start)
    named = given.is_named
    places = np.array([f"start {place}" for place in range(1, len(given) + 1)])
    labels = np.where(named, given.labels, places)
    taken = {*places[~named].tolist()} & {*patterns.labels, *given.labels[named].tolist()}
    if taken:
        rule = f"must name its states, as {min(taken)!r} is the name of another one or of a pattern"
        raise SettingError("start", rule, start)
    return Bank(labels, np.full(len(given), NO_SOURCE), given.spins, np.arange(len(given)))


def _made_of(name: str, arguments: Arguments, patterns: Patterns, states: Spins) -> Bank:
    label = word(BASES[name], arguments)
    if label in patterns.labels:  # otherwise trials would be scored against that pattern
        rule = "cannot be used as a stored pattern has that name: give the pattern another one"
        raise SettingError("start", rule, label)
    return Bank(np.array([label]), np.array([NO_SOURCE]), states, None)


def _any(_: Dataset, patterns: Patterns, arguments: Arguments, __: int) -> Bank:
    return _made_of("random", arguments, patterns, patterns.xi)


def _all(_: Dataset, patterns: Patterns, arguments: Arguments, __: int) -> Bank:
    return _made_of("majority", arguments, patterns, patterns.xi)


def _two(_: Dataset, patterns: Patterns, arguments: Arguments, __: int) -> Bank:
    names = arguments[:2]
    if not set(names) <= set(patterns.labels):
        rule = f"must blend stored labels ({', '.join(patterns.labels)})"
        raise SettingError("start", rule, word(BASES["blend"], arguments))
    pair = [patterns.labels.index(name) for name in names]
    return _made_of("blend", arguments, patterns, patterns.xi[pair])


# --- one state -------------------------------------------------------------------------


def _random(states: Spins, arguments: Arguments, rng: np.random.Generator) -> Spins:
    return np.where(rng.random(states.shape[1]) < arguments[0], 1, -1).astype(np.int8)


def _many_random(count: int, n_sites: int, arguments: Arguments, rng: np.random.Generator) -> Spins:
    if arguments == (0.5,):
        from hopcli.patterns import random_spins

        return random_spins(rng, count, n_sites)
    return np.where(rng.random((count, n_sites)) < arguments[0], 1, -1).astype(np.int8)


def _sign_of_sum(states: Spins, arguments: Arguments, rng: np.random.Generator) -> Spins:
    """Return the sign of the sum; where the sum is 0, a random spin, or 0 in a blend."""
    state = np.sign(states.sum(axis=0, dtype=np.int64)).astype(np.int8)
    if len(arguments) != 2:
        empty = np.flatnonzero(state == 0)
        state[empty] = np.where(rng.random(len(empty)) < 0.5, 1, -1)
    return state


BASES: dict[str, Base] = {
    base.name: base
    for base in (
        Base("image", "", "images of the stored labels", _images, are_images=True),
        Base("pattern", "", "the stored patterns", _patterns),
        Base(
            "random",
            "[:P_UP]",
            "random spins, +1 with probability P_UP",
            _any,
            _random,
            _chance_of_up,
            unwritten=(0.5,),
            all_at_once=_many_random,
        ),
        Base("majority", "", "the sign of their sum", _all, _sign_of_sum),
        Base(
            "blend",
            ":A:B[:fill]",
            "two patterns where they agree; elsewhere 0, or random with fill",
            _two,
            _sign_of_sum,
            _two_labels,
            leaves_zeros=lambda arguments: len(arguments) == 2,
        ),
        Base(
            "text",
            ":FILE",
            "states drawn in a text file, each scored against the stored pattern of its name, "
            "or without a name against all",
            _states_of("text"),
            read=_path,
            file=_text_file,
        ),
        *(
            Base(
                source,
                ":FILE",
                f"the same, from a {source} file",
                _states_of(source),
                read=_path,
                file=lambda arguments: Path(arguments[0]),
            )
            for source in ("csv", "npy", "npz")
        ),
        Base(
            "images",
            ":PATH[:THRESHOLD][:invert]",
            "pictures of a folder, or one, resized to the patterns and scored in the same way; "
            "threshold and inversion are those of --dataset images:DIR unless given",
            _pictures,
            read=_path_and_treatment,
            file=lambda arguments: Path(arguments[0]),
        ),
        Base("target", "", "the target pattern", _target, needs_target=True),
        Base(
            "digit",
            "",
            "random images of the target's label",
            _digit,
            are_images=True,
            needs_target=True,
        ),
    )
}
"""Bases of starting states, by name."""
