"""Tables: columns declared once, and the numbers of a run as arrays in such columns.

An experiment declares its tables beside its code. Files and their order, printed percentages,
intervals, axis texts and the list of files in a manual come from the declarations. How tables
are written and read is left to :mod:`hopcli.results`.
"""

from hopcli.tables.columns import Column, columns, ends_of, estimate
from hopcli.tables.table import Columns, DataFrames, Estimate, Made, Table, kind_of, listing

__all__ = [
    "Column",
    "Columns",
    "DataFrames",
    "Estimate",
    "Made",
    "Table",
    "columns",
    "ends_of",
    "estimate",
    "kind_of",
    "listing",
]
