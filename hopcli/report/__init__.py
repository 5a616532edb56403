"""Results as one page: what was claimed, what was asked, what was found, and how to have it again.

A page is one HTML file that needs nothing else: pictures are drawn into it, nothing is
loaded, and nothing runs in it. It is made of values (:class:`Section`, :class:`ClaimRow`) by
templates, so what it says of a number is what the tables say; the same values are the same
bytes.
"""

from hopcli.report.claims import VERDICTS, ClaimRow
from hopcli.report.files import write
from hopcli.report.page import page, write_report
from hopcli.report.sections import Section, section, sections_in

__all__ = [
    "VERDICTS",
    "ClaimRow",
    "Section",
    "page",
    "section",
    "sections_in",
    "write",
    "write_report",
]
