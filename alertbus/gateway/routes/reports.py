"""`/v1/reports`: the reports of recommendation B, by team and agency and never by worker. For managers, auditors and operators."""

import re
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from alertbus.chronicle.report_pages import lines_as_csv
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.model.errors import Fault, InvalidInput
from alertbus.serving.reports_shown import ReportAsked, report_fields

router = APIRouter(prefix="/v1/reports", tags=["operations"])

_EXERCISE = r"[A-Za-z0-9_-]{1,60}"


@router.get("", summary="Which reports there are for the caller", responses=answers())
async def reports(gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """Their names."""
    return JSONResponse({"items": list(gateway.reports.names(caller))})


@router.get(
    "/{name}",
    summary="One report",
    responses=answers(
        404, also={200: {"description": "The summary by team or agency", "content": {"application/json": {}, "text/csv": {}}}}
    ),
)
async def report(
    name: str,
    gateway: CurrentGateway,
    caller: CurrentCaller,
    since: Annotated[date | None, Query(alias="from", description="the first day; twelve months before `to`, if not given")] = None,
    until: Annotated[date | None, Query(alias="to", description="the last day; today, if not given")] = None,
    exercise: Annotated[str | None, Query(description="an exercise instead of reality", max_length=60)] = None,
    form: Annotated[str, Query(alias="format", description="json, or csv of the summary", max_length=10)] = "json",
) -> Response:
    """A manager has the numbers of the own agency; an auditor and an operator those of all, for whole months that are over and without
    small numbers (1 to 7 as `fewer than 8`, others to the nearest 5); who holds every case also each line, in `rows`.
    """
    if form not in {"json", "csv"}:
        raise InvalidInput([Fault("format", "one of json, csv", "enum")])
    if exercise is not None and not re.fullmatch(_EXERCISE, exercise):
        raise InvalidInput([Fault("exercise", "letters, digits, _ and -, at most 60", "string_pattern_mismatch")])
    shown = await gateway.reports.show(ReportAsked(name, since, until, exercise), caller)
    if form == "csv":
        return Response(lines_as_csv(shown.columns, shown.lines), media_type="text/csv; charset=utf-8")
    return JSONResponse(report_fields(shown))
