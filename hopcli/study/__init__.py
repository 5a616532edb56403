"""The study [ZG] that is reproduced: its published numbers, replays of its authors' runs.

Another study is another folder of this kind, and a file of claims.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AUTHORS_RECALL", "FIGURE1", "authors_recall", "figure1"]

_HERE = Path(__file__).parent

AUTHORS_RECALL = _HERE / "authors_recall.csv"
"""The authors' raw table of recall."""

FIGURE1 = _HERE / "figure1_digitised.csv"
"""Their figure 1, read off."""


def authors_recall() -> pd.DataFrame:
    """Percent recalled in each of the authors' ten repeats.

    Returns
    -------
    DataFrame of int
        A row a repeat, a column a label, in the order in which they were stored; 0 to 100.
    """
    import pandas as pd

    return pd.read_csv(AUTHORS_RECALL, index_col="repeat")


def figure1() -> pd.DataFrame:
    """The curve of the published figure 1.

    Returns
    -------
    DataFrame of float
        ``temperature`` (k_B = 1) and ``overlap``, the mean |m| with the stored "4", each
        +- 0.005.
    """
    import pandas as pd

    return pd.read_csv(FIGURE1)
