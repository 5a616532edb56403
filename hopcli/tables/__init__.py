"""Tables: columns declared once, and the numbers of a run as arrays in such columns.

An experiment declares its tables beside its code. Files and their order, printed percentages,
intervals and axis texts come from the declarations. The manual of the command, in
:mod:`hopcli.config`, describes each file. How tables are written and read is left to
:mod:`hopcli.results`.
"""

from hopcli.tables.documents import Layout
from hopcli.tables.several import DataFrames, Tables
from hopcli.tables.table import Column, Columns, Estimate, Table, columns, ends_of, kind_of

__all__ = [
    "Column",
    "Columns",
    "DataFrames",
    "Estimate",
    "Layout",
    "Table",
    "Tables",
    "columns",
    "ends_of",
    "kind_of",
]
