"""A report for auditors as CSV and as a page. Pure."""

import csv
import functools
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from alertbus.chronicle.audit_reports import AuditReport, Cell
from alertbus.chronicle.formats import harmless_cell

if TYPE_CHECKING:
    from jinja2 import Template


def report_as_csv(report: AuditReport) -> str:
    """Every row for a spreadsheet, without the summary; no cell is run as a formula."""
    return lines_as_csv(report.columns, report.rows)


def lines_as_csv(columns: Sequence[str], lines: Iterable[Sequence[Cell]]) -> str:
    """A table for a spreadsheet; no cell is run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for row in lines:
        writer.writerow(["" if cell is None else harmless_cell(str(cell)) for cell in row])
    return out.getvalue()


def report_as_html(report: AuditReport) -> str:
    """Write one page that needs nothing else: the summary first, then every row. Whatever stands in it is escaped."""
    return _report_page().render(report=report)


@functools.cache
def _report_page() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = PackageLoader("alertbus.chronicle")
    pages = Environment(loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template("audit_report.html.j2")
