"""The page of a memory, in Python."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hopcli.api.data import Real, Whole, given
from hopcli.api.memory import Memory, store
from hopcli.config import RecallConfig

if TYPE_CHECKING:
    import os

    from hopcli.datasets import Dataset

_HEIGHT = 900  # pixels in a notebook


@dataclass(frozen=True, slots=True, repr=False)
class Live:
    """Page on which memory can be watched; made by :func:`hopcli.live`.

    A notebook shows it. :meth:`save` writes it to a file.

    Parameters
    ----------
    html : str
        The page.
    """

    html: str

    def __repr__(self) -> str:
        return f"Live({len(self.html.encode()):,} bytes of HTML)"

    def _repr_html_(self) -> str:
        """Show the page in a frame of its own, for notebooks."""
        source = html.escape(self.html, quote=True)
        return (
            f'<iframe srcdoc="{source}" width="100%" height="{_HEIGHT}" title="hopcli live" '
            'sandbox="allow-scripts allow-downloads" '
            'style="border:0;max-width:100%"></iframe>'
        )

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the page to a file.

        Parameters
        ----------
        path : str or path
            File to write.
        overwrite : bool
            Replace a file that is no page of hopcli.

        Raises
        ------
        ResultError
            If the file cannot be written; an earlier file is then unchanged.
        """
        from hopcli.report.page import write

        write(self.html, Path(path), overwrite=overwrite)


def live(
    memory: Memory | object,
    images: Dataset | None = None,
    *,
    temperature: Real | str | None = None,
    sweeps: Whole | None = None,
    seed: Whole | None = None,
    dynamics: str | None = None,
    order: str | None = None,
    tie: str | None = None,
    attempts_per_sweep: Whole | str | None = None,
    criterion: Real | None = None,
    lesson: bool = False,
    language: str | None = None,
    texts: str | os.PathLike[str] | None = None,
) -> Live:
    """Make a page on which a memory can be watched and played with.

    The page is one self-contained HTML file. A notebook shows it in a frame.

    Parameters
    ----------
    memory : Memory or patterns
        The network of :func:`hopcli.store`, or patterns to store.
    images : Dataset, optional
        Images to test the network with, from :func:`hopcli.load`; a few hundred at most.
    temperature, sweeps, seed, dynamics, order, tie, attempts_per_sweep, criterion : optional
        Initial settings of the page, see :meth:`hopcli.Memory.recall`.
    lesson : bool
        Open with the lesson in eight steps.
    language : str, optional
        ``"en"``, ``"de"``, or that of `texts`; by default that of the browser.
    texts : str or path, optional
        JSON file of the texts of a further language.

    Returns
    -------
    Live
        The page.

    Raises
    ------
    SettingError
        If a setting is impossible.
    DataError
        If the patterns are too large for a page, or a file cannot be read.

    Examples
    --------
    >>> memory = store({"a": [[1, 1, 1], [0, 0, 0]], "b": [[1, 0, 1], [0, 1, 0]]})
    >>> page = live(memory, temperature=0.3)
    >>> page.html.startswith("<!doctype html>")
    True
    """
    from hopcli.livepage import contents_of, languages, page

    network = memory if isinstance(memory, Memory) else store(memory)  # type: ignore[arg-type]
    words = given(
        RecallConfig,
        temperature=temperature,
        sweeps=sweeps,
        seed=seed,
        dynamics=dynamics,
        order=order,
        tie=tie,
        attempts_per_sweep=attempts_per_sweep,
        criterion=criterion,
    )
    config = RecallConfig(**words)
    contents = contents_of(network.patterns, network.couplings, network.parameters, config, images)
    known = languages(None if texts is None else Path(texts))
    return Live(page(contents, known, language=language, lesson=lesson))
