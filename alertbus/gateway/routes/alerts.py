"""`/v1/alerts`: stating an alert, as JSON or as a CloudEvent, and asking what became of it."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.chronicle.answers import ObligationStatus
from alertbus.gateway.bodies import read, read_data, read_json
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.gateway.problems import WrongMediaType
from alertbus.gateway.straight import StraightRoute
from alertbus.intake.alerts import Accepted
from alertbus.model.alert import Alert
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.gaps import gaps
from alertbus.serving.alert_opened import AlertOpener, OpenedAlert

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
    notice does not say, and words that only judge, with what to do: it is told meanwhile, and an amendment completes it.
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
    opened = await AlertOpener(gateway.engine, gateway.intake, gateway.policy, gateway.now).open(alert_id, caller)
    answer = opened.status.model_dump(mode="json", exclude={"obligations", "alert_id"})
    answer |= {
        "id": opened.status.alert_id,
        "obligations": [_owed(one, opened) for one in opened.status.obligations],
        "items": [one.model_dump(mode="json") for one in opened.clocks],
        "notices": [one.notice.model_dump(mode="json", by_alias=True) for one in opened.told],
    }
    return JSONResponse(answer | opened.senders.model_dump(mode="json"))


def outcome(accepted: Accepted) -> str:
    return "differs" if accepted.differs else "repeated" if accepted.repeated else "accepted"


def _owed(one: ObligationStatus, opened: OpenedAlert) -> dict[str, Any]:
    """An obligation with who is asked `next`, and whether nobody is left."""
    item = opened.owed.get(one.id)
    next_ = item and item.next and item.next.model_dump(mode="json")
    return one.model_dump(mode="json") | {"next": next_, "unowned": item is not None and item.unowned}


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
