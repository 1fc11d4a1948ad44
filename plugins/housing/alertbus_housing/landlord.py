"""The events of a landlord's own register of cautionary alerts, in the shape of Hackney's API (STANDARDS section 7).

Only what warns others is read: who the officer was, and the landlord's own numbers for a person, are not.
"""

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from alertbus.plugin import Address, Moment, Name, Person
from alertbus.plugin.forms import Form

_Text = Annotated[str, Field(max_length=255)]
_DAY = r"^(\d{4}-\d\d-\d\d([T ].*)?|\d{1,2}/\d{1,2}/\d{4})$"


class _OfALandlord(Form):
    """A part of an event: a landlord's system adds fields at any time, and those that are not read here are none of ours."""

    model_config = ConfigDict(extra="ignore")


class RegisteredCaution(_OfALandlord):
    """One cautionary alert of the register, as an event carries it: `eventData.newData`."""

    alert_id: Annotated[str, Field(alias="alertId", pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
    code: Annotated[str, Field(min_length=1, max_length=10)]
    caution_on_system: Annotated[_Text | None, Field(alias="cautionOnSystem")] = None
    reason: Annotated[str | None, Field(max_length=4000)] = None
    date_of_incident: Annotated[str | None, Field(alias="dateOfIncident", pattern=_DAY, max_length=40)] = None
    person_name: Annotated[str | None, Field(alias="personName", max_length=100)] = None
    door_number: Annotated[_Text | None, Field(alias="doorNumber")] = None
    address: _Text | None = None
    neighbourhood: _Text | None = None
    uprn: Annotated[str | None, Field(pattern=r"^([0-9]{1,12})?$")] = None
    is_active: Annotated[bool | None, Field(alias="isActive")] = None
    end_date: Annotated[str | None, Field(alias="endDate", pattern=_DAY, max_length=40)] = None

    def person(self) -> Person:
        """Whom the caution is about. A landlord writes one name and does not say which part is which, so it stands whole."""
        whole = " ".join((self.person_name or "").split())
        place = Address(uprn=self.uprn or None, lines=self._lines())
        return Person(
            name=Name(family=whole) if whole else None,
            addresses=(place,) if place.uprn or place.lines else (),
        )

    def _lines(self) -> tuple[str, ...]:
        door, street, area = (" ".join((part or "").split()) for part in (self.door_number, self.address, self.neighbourhood))
        first = street if street == door or street.startswith(f"{door} ") else f"{door} {street}".strip()
        return tuple(filter(None, (first, area)))


class EventData(_OfALandlord):
    new_data: Annotated[RegisteredCaution, Field(alias="newData")]


class CautionEvent(_OfALandlord):
    """The envelope, as far as it is read."""

    event_type: Annotated[str, Field(alias="eventType", max_length=100)]
    date_time: Annotated[Moment, Field(alias="dateTime")]
    event_data: Annotated[EventData, Field(alias="eventData")]


def day_of(text: str) -> date | None:
    """Read a day as a landlord's system writes it: `20/11/2026`, or ISO 8601 with or without a time. None if there is no such day."""
    try:
        if "/" in text:
            day, month, year = map(int, text.split("/"))
            return date(year, month, day)
        return datetime.fromisoformat(text[:10]).date()
    except ValueError:
        return None
