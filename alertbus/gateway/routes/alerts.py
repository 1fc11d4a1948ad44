"""`/v1/alerts`: stating an alert, as JSON or as a CloudEvent, and asking what became of it."""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle import queries
from alertbus.chronicle.answers import AlertStatus, ObligationStatus
from alertbus.chronicle.item_queries import ItemsAsked, items_owed
from alertbus.chronicle.senders_view import NOTHING_TO_SAY, SendersView, senders_view
from alertbus.gateway.bodies import read, read_data, read_json
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.gateway.problems import WrongMediaType
from alertbus.gateway.straight import StraightRoute
from alertbus.intake.alerts import Accepted
from alertbus.intake.callers import Caller
from alertbus.model.alert import Alert
from alertbus.model.calendar import day_alone
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.gaps import gaps
from alertbus.model.item import ANSWER

router = APIRouter(prefix="/v1/alerts", tags=["alerts"], route_class=StraightRoute)

_ALERT = {"schema": {"$ref": "#/components/schemas/Alert"}}
_EVENT = {"schema": {"$ref": "#/components/schemas/CloudEvent"}}


@router.post(
    "",
    status_code=202,
    summary="State an alert",
    responses=answers(413, 415, also={200: {"description": "This statement was accepted before; there is no second effect"}}),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": _ALERT, "application/cloudevents+json": _EVENT},
        }
    },
)
async def state_alert(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """Accept one alert, given as JSON or as a CloudEvent (structured, or binary with `ce-*` headers).

    202 is sent once the broker has it on disk. The same `(source, id)` again is 200 with the same id. `to_complete` lists what a police
    notice does not say, with what to do: it is told meanwhile, and an amendment completes it.
    """
    try:
        alert = _alert_in(request.headers, await request.body())
        caller.must_state(alert, gateway.policy)
        caller.must_not_hide(alert)
        [accepted] = await gateway.intake.alerts.accept([alert], several=False)
    except InvalidInput:
        gateway.counts.alerts.labels("refused").inc()
        raise
    gateway.counts.alerts.labels(outcome(accepted)).inc()
    headers = {"Location": f"/v1/alerts/{accepted.id}"}
    body: dict[str, Any] = {"id": accepted.id}
    if missing := gaps(alert):
        body["to_complete"] = [gap.model_dump() for gap in missing]  # told meanwhile; the sender is asked to amend it
    if accepted.differs:
        body["differs"] = True  # nothing changed; the sender should know that it said something else than before
    return JSONResponse(body, 200 if accepted.repeated else 202, headers)


@router.get("/{alert_id}", summary="What became of an alert", responses=answers(404))
async def alert_status(alert_id: str, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """The alert's statements, and every obligation of the caller's agency with its receipts and its notice.

    Found by the bus's id, or by its source's own within what the caller may see. Who holds cases sees the obligations of every agency on
    them, and why somebody must look at it. Who stated it and works with the children of the case sees in `held_by` which others have it,
    who answered and who is asked next, and in `later` what their own agency has been told of the family since (OOH-07, HYP-09). Who stated
    it and is on no case learns that it was accepted, and never whether anybody in it is known.
    """
    status, sight = await _projected(alert_id, gateway, caller), caller.sight
    senders = await _senders_view(status, gateway, caller)
    if status.obligations or status.cases or senders is not NOTHING_TO_SAY:
        await gateway.intake.audited.note(AuditedDeed.ALERT_OPENED, caller, about=[status.alert_id], reason="opened the alert")
    notices = [await _notice(one, gateway) for one in status.obligations if caller.acts_for(one.agency)]
    stated = sight.of_source(status.source)
    if not stated and any(one["do_not_reveal_source"] for one in (*notices, *map(dict, status.obligations))):
        status = _by_the_day(status)
    answer = status.model_dump(mode="json", exclude={"obligations", "alert_id"})
    answer |= {"id": status.alert_id, **await _owed(status, gateway, caller), "notices": notices}
    answer |= senders.model_dump(mode="json")
    if notices and not (stated or sight.everything or any(map(sight.of_case, status.cases))):
        answer |= _as_told(notices[-1])
    return JSONResponse(answer)


def outcome(accepted: Accepted) -> str:
    return "differs" if accepted.differs else "repeated" if accepted.repeated else "accepted"


_NO_ALERT = "no such alert; give the id that the bus answered with"
_PATIENCE_S = 2.0


async def _projected(alert_id: str, gateway: Gateway, caller: Caller) -> AlertStatus:
    """Ask the chronicle, and wait for it a moment if it does not show yet what was just accepted here."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        try:
            return await queries.alert_status(gateway.engine, alert_id, now=gateway.now(), sight=caller.sight)
        except NotFound:
            if asyncio.get_running_loop().time() > deadline or not await gateway.intake.alerts.knows(alert_id):
                raise NotFound(_NO_ALERT) from None
        await asyncio.sleep(0.05)


async def _senders_view(status: AlertStatus, gateway: Gateway, caller: Caller) -> SendersView:
    """For whoever stated it, unless they see every obligation of it anyway."""
    sight = caller.sight
    if caller.agency is None or sight.everything or not sight.of_source(status.source):
        return NOTHING_TO_SAY
    first = status.statements[0].accepted_at
    return await senders_view(gateway.engine, status.alert_id, caller.agency, accepted_at=first, now=gateway.now())


async def _owed(status: AlertStatus, gateway: Gateway, caller: Caller) -> dict[str, Any]:
    """The obligations, each with who is asked `next` and whether nobody is left; and in `items` the clocks that the alert started."""
    found = await items_owed(
        gateway.engine, gateway.policy, caller.item_sight(), ItemsAsked.ALL, alert_id=status.alert_id, now=gateway.now(), limit=500
    )
    by_id = {one.id: one for one in found}
    obligations = []
    for owed in status.obligations:
        item = by_id.get(owed.id)
        next_ = item and item.next and item.next.model_dump(mode="json")
        obligations.append(owed.model_dump(mode="json") | {"next": next_, "unowned": item is not None and item.unowned})
    clocks = [one.model_dump(mode="json") for one in found if one.rule != ANSWER]
    return {"obligations": obligations, "items": clocks}


async def _notice(owed: ObligationStatus, gateway: Gateway) -> dict[str, Any]:
    item = await queries.obligation(gateway.engine, owed.id, now=gateway.now())
    return item.notice.model_dump(mode="json", by_alias=True)


def _as_told(notice: Mapping[str, Any]) -> dict[str, str]:
    """Give kind and source as the agency's own notice has them: it may withhold both (decision 0017)."""
    return {name: notice["obligation"][name] for name in ("kind", "source", "source_id")}


def _by_the_day(status: AlertStatus) -> AlertStatus:
    """The status without the minutes at which it happened and was recorded, which would tell who the source is (NOT-01)."""
    said = (
        one.model_copy(update={"occurred_at": day_alone(one.occurred_at), "recorded_at": day_alone(one.recorded_at)})
        for one in status.statements
    )
    return status.model_copy(update={"statements": tuple(said)})


def _alert_in(headers: Mapping[str, str], body: bytes) -> Alert:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/cloudevents+json":
        return _structured(body)
    if media_type and not (media_type == "application/json" or media_type.endswith("+json")):
        raise WrongMediaType("send application/json, or a CloudEvent as application/cloudevents+json")
    if "ce-specversion" in headers:
        return _from_event({name[3:]: value for name, value in headers.items() if name.startswith("ce-")}, body)
    return read(Alert, body)


def _structured(body: bytes) -> Alert:
    event = read_json(body)
    if not isinstance(event, dict):
        raise InvalidInput([Fault("", "a CloudEvent: an object", "model_type")])
    _check_event(event)
    if "data_base64" in event:
        try:
            data = read_json(base64.b64decode(str(event["data_base64"]), validate=True))
        except (binascii.Error, InvalidInput):
            raise InvalidInput([Fault("data_base64", "an alert as JSON, in base64", "malformed_json")]) from None
    elif "data" in event:
        data = event["data"]
    else:
        raise InvalidInput([Fault("data", "an alert", "missing")])
    return read_data(Alert, _filled(data, event), prefix="data")


def _from_event(event: Mapping[str, str], body: bytes) -> Alert:
    _check_event(event)
    return read_data(Alert, _filled(read_json(body), event))


def _check_event(event: Mapping[str, Any]) -> None:
    faults = []
    if event.get("specversion") != "1.0":
        faults.append(Fault("specversion", "1.0", "cloudevent"))
    faults += [
        Fault(name, f"the CloudEvent's {name}", "missing")
        for name in ("id", "source", "type")
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if faults:
        raise InvalidInput(faults)


def _filled(data: Any, event: Mapping[str, Any]) -> Any:
    """Take an alert's `id` and `source` from its envelope, unless it has its own."""
    if not isinstance(data, dict):
        return data
    return {"id": event["id"], "source": event["source"]} | data
