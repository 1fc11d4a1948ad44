"""`/v1/briefings`: what an agency was given when it, or a worker of it, joined a case."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.gateway.routes.inbox import AgencyQuery
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.rights import Right
from alertbus.serving.briefing_opened import briefings_opened

router = APIRouter(prefix="/v1/briefings", tags=["briefings"])


@router.get("/{case_id}", summary="A newcomer's briefings on a case", responses=answers(404))
async def briefings(
    case_id: str,
    gateway: CurrentGateway,
    caller: CurrentCaller,
    agency: AgencyQuery = None,
    worker: Annotated[str | None, Query(description="only those for this worker or manager, by name", max_length=120)] = None,
) -> Response:
    """As they were given to the caller's agency, the latest first: what stands, who is linked, what is open, how to reach the others. With
    `earlier`: every event about drugs that anybody stated on the case, by day and source, however long ago.

    For any other agency, and for one that has left the case, it is 404, whether or not there is such a case.
    """
    caller.must(Right.RECEIVE)
    if caller.agency is None and agency is None:
        raise InvalidInput([Fault("agency", "the agency whose briefings are asked for", "missing")])
    found = await briefings_opened(gateway.intake, caller, case_id, worker=worker, now=gateway.now())
    return Response(found.model_dump_json(by_alias=True), media_type="application/json")
