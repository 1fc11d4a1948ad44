"""A notice as the body of Hackney's cautionary-alert API: POST to raise one, PATCH to end it; or as the event that says
the same (STANDARDS section 7).

The person in it is never named: a landlord needs to know which door, not who. `personDetails` is required by the
API, so it holds an opaque id and a fixed sentence. Headers say which route the body is for; they hold no personal
data.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from alertbus.plugin import CONTRACT, Address, Message, Notice
from alertbus.plugin.wording import is_over, step_word
from alertbus.plugin.writing import as_page
from alertbus_housing.caution import CODES, Caution, Code, caution, description, reference
from alertbus_housing.events import event_of
from alertbus_housing.source import CREATED, ENDED

MEDIA_TYPE = "application/json"
SCHEMA_NAME = "housing-cautionary-alert.v1"
CREATE = "POST api/v1/cautionary-alerts"
END = "PATCH api/v1/cautionary-alerts/alerts/{alertId}/end-alert"
"""`alertId` is the landlord's own, given in answer to the POST; the alert is found by `assureReference`."""

NOT_NAMED = "Not named: call the duty team"
LONGEST_ADDRESS = 255
FLAG_MARKS = ("Staff safety: ", "o not visit alone", "o lone visits", "a flag stands")
"""The sentences of a landlord's screen that say what a flag says. The end of an alert has no screen: a header says that a flag stands."""

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:alertbus:housing")


class HousingForm(StrEnum):
    CALL = "call"
    """The body of a call of the API."""
    EVENT = "event"
    """The event that the API publishes after the call."""


class HousingAdapter:
    """`codes` replaces the landlord's code for any caution; the rest keep Hackney's. `form="event"` is for landlords whose
    systems listen to events, and `events` names those that do, by their names on the bus.
    """

    name = "housing"
    sector = "housing"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)
    flag_marks: Sequence[str] = FLAG_MARKS

    def __init__(
        self,
        *,
        codes: Mapping[Caution, Code] | None = None,
        form: HousingForm | str = HousingForm.CALL,
        events: Collection[str] = (),
    ) -> None:
        self._codes, self._form, self._events = {**CODES, **(codes or {})}, HousingForm(form), frozenset(events)

    def render(self, notice: Notice) -> Message:
        ends = is_over(notice)
        body: dict[str, Any] = (
            {"endDate": _moment(notice.ended_at or notice.recorded_at)} if ends else _alert(notice, self._codes[caution(notice)])
        )
        route = END if ends else CREATE
        if self._form is HousingForm.EVENT or notice.obligation.agency in self._events:
            body, route = event_of(notice, body, _not_named(notice), ends=ends), ENDED if ends else CREATED
        return Message(
            media_type=MEDIA_TYPE,
            body=as_page(body, indent=1),
            filename=f"{notice.id}.json",
            headers=_headers(notice, route),
        )


def _alert(notice: Notice, code: Code) -> dict[str, Any]:
    """`incidentDescription` stands first: it is all that most officers see."""
    asset = _asset(notice)
    return {
        "incidentDescription": description(notice),
        "incidentDate": _incident_date(notice),
        "assureReference": reference(notice),
        "alert": {"code": code.code, "description": code.description},
        **({"assetDetails": asset} if asset else {}),
        "personDetails": _not_named(notice),
    }


def _not_named(notice: Notice) -> dict[str, str]:
    return {"id": str(uuid5(_NAMESPACE, notice.obligation.case_id)), "name": NOT_NAMED}


def _incident_date(notice: Notice) -> str:
    """In the past without reading a clock: a release may "occur" on a day to come, but is recorded today. Where the
    source must not be revealed, the day alone: the minute may be known to one caller only (STANDARDS section 9).
    """
    happened = min(notice.occurred_at, notice.recorded_at).astimezone(UTC)
    return _moment(happened.replace(hour=0, minute=0, second=0) if notice.do_not_reveal_source else happened)


def _asset(notice: Notice) -> dict[str, str] | None:
    """Choose the door: the first address with a UPRN, the children's before anybody else's, else the first with
    anything. A household that somebody at liberty puts at risk never has that person's own address.
    """
    released = notice.obligation.kind in {"prisoner_release", "unlawfully_at_large"}
    others = [p for p in notice.people if not (released and p.role == "subject")]
    addresses = [a for person in (*notice.children, *others) for a in person.addresses]
    chosen = next((a for a in addresses if a.uprn), next(iter(addresses), None))
    if chosen is None:
        return None
    asset = {"uprn": chosen.uprn, "fullAddress": _full_address(chosen)}
    return {field: value for field, value in asset.items() if value} or None


def _full_address(address: Address) -> str:
    """Whole, or the postcode alone where the API has no room or would take it for markup: half an address is another one."""
    whole = ", ".join(part.strip() for part in (*address.lines, address.postcode or "") if part.strip())
    fits = len(whole) <= LONGEST_ADDRESS and not set(whole) & set("<>")
    return whole if fits else "" if set(address.postcode or "") & set("<>") else address.postcode or ""


def _headers(notice: Notice, route: str) -> dict[str, str]:
    headers = {
        "x-alertbus-route": route,
        "x-alertbus-schema": SCHEMA_NAME,
        "x-alertbus-deed": notice.deed.value,
        "x-alertbus-assure-reference": reference(notice),
    }
    if step := step_word(notice):
        headers["x-alertbus-step"] = step
    if notice.obligation.due:
        headers["x-alertbus-due"] = notice.obligation.due.isoformat()
    if notice.obligation.exercise:
        headers["x-alertbus-exercise"] = notice.obligation.exercise
    if notice.flag:
        headers["x-alertbus-caution"] = "a flag stands"
    if notice.do_not_reveal_source:
        headers["x-alertbus-handling"] = "do-not-reveal-source"
    return headers


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
