"""`/v1/audit`: who did what, through which system, and when. For auditors."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed, AuditRecord
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.model.rights import Right

router = APIRouter(prefix="/v1/audit", tags=["operations"])


@router.get("", summary="Who did what", responses=answers())
async def audit(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    about: Annotated[str | None, Query(description="only what is about this case, alert, obligation or review item", max_length=80)] = None,
    deed: Annotated[AuditedDeed | None, Query(description="only deeds of this kind")] = None,
    before: Annotated[AwareDatetime | None, Query(description="only what was done before this moment, as `next` gives it")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The latest first. It shows what stands; whether it is unaltered, `alertbus audit verify` says."""
    caller.must(Right.AUDIT)
    await gateway.intake.audited.note(AuditedDeed.AUDIT_READ, caller, about=[], reason="read the audit")
    found = [one for one in await trail.records(gateway.bootstrap) if _wanted(one, about, deed, before)]
    found.sort(key=lambda one: (one.at, one.chain, one.number), reverse=True)
    last = found[limit - 1].at if len(found) > limit else None
    page = [one for one in found if last is None or one.at >= last]  # all of one moment, or the next page would pass over some
    following = last.isoformat() if last is not None and len(found) > len(page) else None
    return JSONResponse({"items": [one.model_dump(mode="json") for one in page], "next": following})


def _wanted(one: AuditRecord, about: str | None, deed: AuditedDeed | None, before: datetime | None) -> bool:
    return (about is None or about in one.about) and (deed is None or one.deed is deed) and (before is None or one.at < before)
