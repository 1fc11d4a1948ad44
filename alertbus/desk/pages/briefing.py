"""`/briefings/{case}`: what a newcomer is given on the first day, on one page, with its answer; then the rest. Audited by name."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from alertbus.chronicle import queries
from alertbus.chronicle.briefings_given import BriefingGiven, BriefingsGiven
from alertbus.desk.briefing_parts import after_the_people, before_the_people, warnings
from alertbus.desk.cards import asked_item, family_name
from alertbus.desk.chooser import chooser
from alertbus.desk.desk import desk_of
from alertbus.desk.flash import Flash
from alertbus.desk.in_words import dated
from alertbus.desk.visitor import Visitor
from alertbus.model.case import CASE_ID
from alertbus.model.rights import Right
from alertbus.model.team import worker_ref
from alertbus.serving.briefing_opened import briefings_opened

router = APIRouter(prefix="/briefings/{case_id}", include_in_schema=False)


@router.get("")
async def briefing(
    case_id: Annotated[str, Path(pattern=CASE_ID)],
    request: Request,
    of: Annotated[str | None, Query(max_length=80)] = None,
    done: Annotated[str | None, Query(max_length=130)] = None,
) -> Response:
    """The reader's own, else the latest of their agency; `of` is the obligation of another, `done` the answer just given."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    found = await briefings_opened(desk.intake, visitor.caller, case_id, now=desk.now(), by=visitor.name)
    given = _chosen(found, visitor, of)
    item = await queries.obligation(desk.database, given.obligation_id, now=desk.now())
    item = desk.inbox.addressed(item, await desk.intake.teams.book.fresh(), desk.now())
    briefed = given.notice.briefing
    assert briefed is not None
    return desk.shown(
        request,
        visitor,
        "briefing.html",
        case_id=case_id,
        asked=asked_item(item, visitor, desk.now()),
        notice=given.notice,
        family=family_name([given.notice]),
        warnings=warnings(briefed.flags),
        first=before_the_people(given.notice, briefed),
        then=after_the_people(given.notice, briefed),
        past=briefed.past,
        earlier=found.earlier,
        path=[step.strip() for step in dated(given.notice.because).split("→")],
        others=[one for one in found.briefings if one is not given],
        flash=await Flash.of(desk, visitor, done),
        colleagues=await chooser(desk, visitor),
        back="briefing",
    )


def _chosen(found: BriefingsGiven, visitor: Visitor, of: str | None) -> BriefingGiven:
    """The one that was asked for, else the latest of the reader's own, else the latest: there is at least one."""
    asked = [one for one in found.briefings if one.obligation_id == of]
    own = [one for one in found.briefings if one.worker is not None and worker_ref(visitor.at, one.worker) == visitor.ref]
    return (asked or own or [*found.briefings])[0]
