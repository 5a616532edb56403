"""Results as one HTML page: claims, settings, results, and commands that repeat the runs.

A page is one self-contained HTML file: it includes its pictures, loads nothing and contains no
scripts. Templates make it from values (:class:`Section`, rows of claims), so its numbers
equal those in the tables. The same values give the same bytes.
"""

from hopcli.report.page import page, write, write_report
from hopcli.report.sections import Section, section, sections_in

__all__ = [
    "Section",
    "page",
    "section",
    "sections_in",
    "write",
    "write_report",
]
