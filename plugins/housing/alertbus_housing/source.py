"""One event of a landlord's register in, one alert out: a caution on somebody at an address warns everybody who may
visit, and its end takes the warning back.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NoReturn

from alertbus.plugin import (
    Action,
    Alert,
    Details,
    Flag,
    Headers,
    Ignored,
    Narrative,
    Severity,
    Subject,
    UnreadableMessage,
)
from alertbus.plugin.forms import read_form, read_json
from alertbus.plugin.wording import UK
from alertbus_housing.landlord import CautionEvent, RegisteredCaution, day_of

CREATED = "CautionaryAlertCreatedEvent"
ENDED = "CautionaryAlertEndedEvent"
OWN_SYSTEM = "alertbus"
"""`sourceSystem` of the events that the bus itself writes."""

KINDS: Mapping[str, str | None] = {"CV": "violent_person_flag", "VA": "threat_to_staff", "DIS": None}
"""Hackney's codes with the kind of alert that each is; None for a code that warns of nobody. A landlord gives its own."""

_SEVERITIES = {"violent_person_flag": Severity.HIGH}
_DATA = "eventData.newData"


class HousingCautions:
    """The source `housing`. `kinds` is the landlord's own list of codes, each with the kind of alert that it is, or None; `source` is whose
    register it is, such as `housing.hackney`.
    """

    name = "housing"

    def __init__(self, *, kinds: Mapping[str, str | None] | None = None, source: str = "housing") -> None:
        self._kinds, self._source = dict(KINDS if kinds is None else kinds), source

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        whole, raw = _opened(raw)
        if not isinstance(whole, dict) or not isinstance(kind := whole.get("eventType"), str):
            raise UnreadableMessage(("eventType", f"the type of an event: {CREATED} or {ENDED}"))
        if kind not in {CREATED, ENDED}:
            return Ignored("an event of another type than the creation or the end of a cautionary alert raises nothing")
        if whole.get("sourceSystem") == OWN_SYSTEM:
            return Ignored("a caution that the bus itself sent: it is not stated again")
        return self._stated(read_form(CautionEvent, raw))

    def _stated(self, event: CautionEvent) -> list[Alert] | Ignored:
        caution, ends = event.event_data.new_data, event.event_type == ENDED
        if caution.code not in self._kinds:
            known = ", ".join(sorted(self._kinds))
            raise UnreadableMessage((f"{_DATA}.code", f"a code that this landlord's list has ({known}); add it with the kind that it is"))
        if (kind := self._kinds[caution.code]) is None:
            return Ignored("a caution of this code is about a property, and warns of nobody")
        if caution.is_active is False and not ends:
            return Ignored("a caution that is not active warns of nobody")
        person = caution.person()
        if not person.name and not person.addresses:
            raise UnreadableMessage((f"{_DATA}.personName", "whom the caution is about, or the address or UPRN of a property"))
        return [_alert(event, kind, self._source, Subject(person=person), ends=ends)]


def _alert(event: CautionEvent, kind: str, source: str, subject: Subject, *, ends: bool) -> Alert:
    """The landlord's own id of the caution names the alert: so its end finds it. The words are the landlord's; nothing is graded here."""
    caution = event.event_data.new_data
    until = _day(caution.end_date, "endDate") if caution.end_date else None
    happened = _moment(caution, event.date_time) if not ends else _end(until, event.date_time)
    details: dict[str, Any] = {} if ends or not _text(caution.caution_on_system) else {"precautions": (_text(caution.caution_on_system),)}
    words = "" if ends else _text(caution.reason)
    return Alert(
        id=caution.alert_id.lower(),
        source=source,
        kind=kind,
        action=Action.WITHDRAWN if ends else Action.RAISED,
        occurred_at=happened,
        recorded_at=event.date_time,
        subjects=(subject,),
        narrative=(Narrative(text=words),) if words else (),
        severity=_SEVERITIES.get(kind, Severity.MEDIUM),
        review_on=None if ends else until,
        details=Details(flag=Flag(**details)) if details else Details(),
    )


def _moment(caution: RegisteredCaution, told: datetime) -> datetime:
    """When it happened: the day that the landlord gives, from its beginning; without one, when the event was told."""
    if not caution.date_of_incident:
        return told
    return datetime.combine(_day(caution.date_of_incident, "dateOfIncident"), time(0), UK)


def _end(until: date | None, told: datetime) -> datetime:
    return told if until is None else min(told, datetime.combine(until, time(0), UK))


def _day(text: str, field: str) -> date:
    found = day_of(text)
    return found if found is not None else _no_day(field)


def _no_day(field: str) -> NoReturn:
    raise UnreadableMessage((f"{_DATA}.{field}", "a day that exists, as DD/MM/YYYY or YYYY-MM-DD"))


def _text(words: str | None) -> str:
    return words if words and words.strip() else ""


def _opened(raw: bytes) -> tuple[object, bytes]:
    """Take the event out of the envelope in which Amazon SNS delivers it, if it stands in one."""
    whole = read_json(raw)
    if isinstance(whole, dict) and whole.get("Type") == "Notification" and isinstance(inner := whole.get("Message"), str):
        try:
            raw = inner.encode()
        except UnicodeEncodeError:
            raw = b""
        return read_json(raw, "Message"), raw
    return whole, raw
