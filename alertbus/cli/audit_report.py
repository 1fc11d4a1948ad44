"""`alertbus audit report`: for a partnership's auditors, by team and never by worker (recommendation B; AUD-01 to -03, -05, -07)."""

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from alertbus.chronicle.audit_reports import AuditReport, as_fields, audit_report
from alertbus.chronicle.report_data import Period
from alertbus.chronicle.report_pages import report_as_csv, report_as_html
from alertbus.cli.output import as_it_is, as_json, rows, say
from alertbus.model.case import UK
from alertbus.run.bootstrap import now, wired


class ReportName(StrEnum):
    PPN = "ppn"
    MEETINGS = "meetings"
    CONFERENCES = "conferences"
    DELIVERIES = "deliveries"


def report_command(
    name: Annotated[ReportName, typer.Argument(help="Which report.")],
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Only what happened on this day or later.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Only what happened until this day.")] = None,
    exercise: Annotated[str | None, typer.Option(help="Report on one exercise instead of reality.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Every row, for a spreadsheet.")] = False,
    html: Annotated[bool, typer.Option("--html", help="A page that needs nothing else.")] = False,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Public Protection Notices with their five times, strategy meetings, initial conferences without a plan, or deliveries.

    Summed up by team or agency; no worker is named. Exit 3 when the database cannot be reached.
    """
    first = since.replace(tzinfo=UK) if since else None
    after = until.replace(tzinfo=UK) + timedelta(days=1) if until else None
    found = asyncio.run(_report(name, Period(first, after, exercise)))
    if json_:
        as_json(as_fields(found))
    elif csv or html:
        as_it_is((report_as_csv if csv else report_as_html)(found).encode())
    else:
        rows(found.title, found.summed_by, found.summary, empty="Nothing of the kind is on record.")
        say()
        rows(found.about, found.columns, found.rows, empty="No row.")


async def _report(name: str, period: Period) -> AuditReport:
    async with wired() as wiring:
        return await audit_report(name, wiring.engine, wiring.policy, period, now())
