"""Parameters of an estimator: ranges, parameters of the storage rules, and random numbers."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from hopcli.errors import SettingError
from hopcli.estimator.prototypes import CHOICES
from hopcli.kinds import checked, choice, integer, number, switch
from hopcli.records import NDArray, Seeds, Spins
from hopcli.rules import RULES
from hopcli.streams import Legacy, seed_word, splitmix64

OF_RULES: dict[str, Any] = {
    name: parameter.default
    for rule in RULES.values()
    for name, parameter in rule.parameters.items()
}
"""Parameters of all storage rules, and their defaults."""

F = TypeVar("F", bound="Callable[..., None]")

_MOST = 2**31 - 1
_MOST_PROTOTYPES = 10_000
_KINDS = {
    "n_prototypes": integer(1, _MOST),
    "repeats": integer(1, 1_000_000),
    "samples": integer(1, _MOST),
    "attempts_per_sweep": integer(1, 10**9 - 1),
    "sweeps": integer(0, 10_000_000),
    "n_jobs": integer(-_MOST, _MOST),
    "signed": switch(),
    "criterion": number(0, 1, above=True),
}
_MAY_BE_NONE = ("samples", "attempts_per_sweep", "n_jobs")


def with_parameters_of_rules(init: F) -> F:
    """Add the parameters of rules to the signature that scikit-learn reads."""
    signature = inspect.signature(init)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [inspect.Parameter(name, keyword, default=value) for name, value in OF_RULES.items()]
    parameters = [*list(signature.parameters.values())[:-1], *own]
    init.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return init


def check_parameters(estimator: Any) -> None:
    """Refuse parameters that are out of their range, or of another type.

    Parameters
    ----------
    estimator : HopfieldClassifier
        Its parameters are attributes.

    Raises
    ------
    SettingError
        If a parameter is refused.
    """
    if isinstance(estimator.prototypes, str):
        checked(choice(CHOICES), "prototypes", estimator.prototypes)
    for name, kind in _KINDS.items():
        value = getattr(estimator, name)
        if value is not None or name not in _MAY_BE_NONE:
            checked(kind, name, value)


def check_count(name: str, n: int) -> None:
    """Refuse too many classes or prototypes for the memory of their overlaps.

    Raises
    ------
    SettingError
        If there are more than 10,000; the message names the parameter `name`.
    """
    if n > _MOST_PROTOTYPES:
        raise SettingError(
            name, f"must give at most {_MOST_PROTOTYPES:,} classes and prototypes", n
        )


def united(labels: NDArray[Any], of: NDArray[Any]) -> NDArray[Any]:
    """Return the sorted classes of samples and of given prototypes, without repeats.

    Parameters
    ----------
    labels, of : ndarray
        Classes of the samples and of the prototypes.

    Raises
    ------
    SettingError
        If they are of two types, have no order, or contain NaN.
    """
    is_text = [array.dtype.kind in "US" for array in (labels, of)]
    with contextlib.suppress(TypeError):  # values without an order
        found: NDArray[Any] = np.unique(np.concatenate([labels, of]))
        if is_text[0] == is_text[1] and np.all(found == found):  # NaN equals nothing
            return found
    raise SettingError("prototype_labels", "must be labels of the type of y", of.tolist())


_WORD = 2**63 - 1


def entropy(random_state: Any) -> int:
    """Return one whole number from scikit-learn's random_state.

    Parameters
    ----------
    random_state : None, int, numpy.random.Generator or numpy.random.RandomState
        None: another number every time. An integer: itself. A generator: a number drawn from
        it, which advances it.

    Raises
    ------
    SettingError
        If it is of another type.
    """
    if random_state is None:
        return int(np.random.default_rng().integers(_WORD))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(_WORD))
    if isinstance(random_state, Legacy):
        return int(random_state.randint(_WORD, dtype=np.int64))
    return int(checked(integer(0), "random_state", random_state))


def seeds_of(spins: Spins, sequence: np.random.SeedSequence, repeats: int) -> Seeds:
    """Return seeds for the chains of each sample.

    Parameters
    ----------
    spins : ndarray of int8, shape (n_samples, N)
        The starts, values -1 or +1.
    sequence : numpy.random.SeedSequence
        The stream; not changed.
    repeats : int
        Chains per sample.

    Returns
    -------
    ndarray of uint64, shape (n_samples, repeats)
        The seeds of a sample depend only on its spins and the stream.
    """
    key = seed_word(sequence).to_bytes(8, "little")
    words = b"".join(
        hashlib.blake2b(row.tobytes(), digest_size=8, key=key).digest()
        for row in np.packbits(spins > 0, axis=1)
    )
    own = np.frombuffer(words, dtype="<u8").astype(np.uint64)
    counters = np.arange(1, repeats + 1, dtype=np.uint64)
    return splitmix64(own[:, None], counters)
