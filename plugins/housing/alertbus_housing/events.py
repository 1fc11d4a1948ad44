"""A notice as the events of a register of cautionary alerts, for a landlord whose systems listen to events instead of taking calls."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from alertbus.plugin import Notice, in_uk
from alertbus_housing.caution import reference
from alertbus_housing.source import CREATED, ENDED, OWN_SYSTEM

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:alertbus:housing-event")


def event_of(notice: Notice, body: Mapping[str, Any], person: Mapping[str, str], *, ends: bool) -> dict[str, Any]:
    """Put what a call would say into the event that says it. The alert keeps its id from its creation to its end; no person and no user is
    named, and `sourceSystem` says that it is ours, so that a register which sends it back is not heard as a landlord.
    """
    alert_id = str(uuid5(_NAMESPACE, reference(notice)))
    asset, code = (body.get(name, {}) for name in ("assetDetails", "alert"))
    known = {
        "reason": body.get("incidentDescription"),
        "alertId": alert_id,
        "address": asset.get("fullAddress"),
        "uprn": asset.get("uprn"),
        "dateOfIncident": f"{in_uk(min(notice.occurred_at, notice.recorded_at)):%d/%m/%Y}" if not ends else None,
        "code": code.get("code"),
        "cautionOnSystem": code.get("description"),
        "personName": person["name"],
        "mmhid": person["id"],
        "assureReference": reference(notice),
        "isActive": not ends,
        "endDate": body.get("endDate"),
    }
    return {
        "eventData": {"newData": known},
        "id": str(uuid5(_NAMESPACE, notice.id)),
        "eventType": ENDED if ends else CREATED,
        "sourceDomain": "CautionaryAlert",
        "sourceSystem": OWN_SYSTEM,
        "version": "v1",
        "correlationId": str(uuid5(_NAMESPACE, notice.obligation.alert_id)),
        "dateTime": (notice.ended_at or notice.recorded_at).isoformat(),
        "entityId": person["id"],
        "user": {"name": OWN_SYSTEM},
    }
