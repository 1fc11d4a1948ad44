"""`/families/{case_id}`: how one family's case stands, for any agency that is active on it. Every opening is audited by name."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from alertbus.desk.briefing_parts import warnings
from alertbus.desk.desk import desk_of
from alertbus.desk.family_words import family_called, linked_adults, owed_lines, told_alerts, visits_due
from alertbus.model.errors import NotFound
from alertbus.model.rights import Right
from alertbus.serving.family_shown import FamilyReader

router = APIRouter(prefix="/families/{case_id}", include_in_schema=False)


@router.get("")
async def family(case_id: str, request: Request) -> Response:
    """The page. What the visitor's agency may not see of it is not there, and named by class."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    reader = FamilyReader(desk.database, desk.intake, desk.policy, desk.now)
    glass = None
    try:
        opened = await reader.open(case_id, visitor.caller, by=visitor.name)
    except NotFound:
        glass = await desk.glass.held(visitor, "case", case_id)
        if glass is None:
            raise
        opened = await reader.through_glass(case_id, visitor.caller, by=visitor.name)
    now, status = desk.now(), opened.status
    return desk.shown(
        request,
        visitor,
        "family.html",
        opened=opened,
        glass=glass,
        standing=status,
        name=family_called(status.children),
        warnings=warnings(status.flags),
        visits=visits_due(opened.items, now) if status.flags else [],
        adults=linked_adults(status, now),
        owed=owed_lines(opened.items, status, {kind: rule.title for kind, rule in desk.policy.kinds.items()}, now),
        told=told_alerts(opened.told),
    )
