"""Types of event that become one alert by themselves, whatever is in them: one row each, with what a reader is told, in our words.

The events carry no names, addresses or dates: they say that something happened, and a reader has to ask whoever knows more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from alertbus.plugin import Action, Severity

PRISON, PROBATION = "prison.hmpps", "probation.hmpps"

AT_LARGE = "unlawfully_at_large"
AT_LARGE_PRECAUTION = "unlawfully at large: treat as at liberty; if seen, call the police, do not approach"
CONTACT_CHANGED = "prisoner_contact_change"


@dataclass(frozen=True, slots=True)
class Series:
    """The statements about one thing, such as one temporary absence: each begins with what raises it, and the alert's id is made of
    `name` and of the number that the event gives in `field` of `additionalInformation`.
    """

    name: str
    field: str = "id"
    needed: bool = True
    """False: an event without the number is told all the same, and nothing later ends it; one that would end it then ends nothing."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one type of event becomes."""

    kind: str
    words: str
    """What happened and whom to ask, in our words: it stands in the narrative, before the source's."""
    source: str
    severity: Severity = Severity.MEDIUM
    action: Action = Action.RAISED
    series: tuple[Series, ...] = ()
    """The alerts it is about; more than one only when it ends them. None: an alert of its own, that nothing later amends."""
    condition: str | None = None
    """Of a release: what a reader should know of it."""
    dated: bool = False
    """Of a release: the event's day is the day he came out."""
    nobody: str | None = None
    """Why it is harmless when it names nobody whom the bus could find; None: then it is refused."""


_ABSENCE, _PLANNED, _OVERDUE = Series("temporary absence"), Series("planned temporary absence"), Series("overdue temporary absence")
_AUTHORISED = Series("authorised temporary absence")
_DEPARTURE = Series("departure from transitional accommodation", "bookingId")
_STAY = Series("stay at approved premises", "applicationId", needed=False)

_BACK = Telling("prisoner_release", "The person is back in prison from a temporary absence.", PRISON, Severity.MEDIUM, Action.WITHDRAWN)
_PLAN = Telling(
    "prisoner_release",
    "A temporary absence from prison is planned. The prison's offender management unit knows when and where.",
    PRISON,
    condition="temporary, due back; planned, the prison knows the day",
)
_OFF = Telling("prisoner_release", "The planned temporary absence from prison does not take place.", PRISON, action=Action.WITHDRAWN)

_ABSENCES: Mapping[str, Telling] = {
    "person.temporary-absence.overdue": Telling(
        AT_LARGE,
        "The person did not come back to prison from a temporary absence.",
        PRISON,
        Severity.CRITICAL,
        series=(_OVERDUE,),
    ),
    "person.temporary-absence.started": Telling(
        "prisoner_release",
        "The person is out of prison on a temporary absence and is due back. Until when, and where, the prison's offender management unit "
        "knows.",
        PRISON,
        Severity.HIGH,
        series=(_ABSENCE,),
        condition="temporary, due back",
        dated=True,
    ),
    "person.temporary-absence.completed": replace(_BACK, series=(_PLANNED, _ABSENCE, _OVERDUE)),
    "person.temporary-absence.scheduled": replace(_PLAN, series=(_PLANNED,)),
    "person.temporary-absence.rescheduled": replace(_PLAN, series=(_PLANNED,), action=Action.AMENDED),
    "person.temporary-absence.resumed": replace(_PLAN, series=(_PLANNED,), action=Action.AMENDED),
    **dict.fromkeys(
        (f"person.temporary-absence.{ended}" for ended in ("cancelled", "denied", "expired", "paused", "unscheduled")),
        replace(_OFF, series=(_PLANNED,)),
    ),
    "person.temporary-absence-authorisation.approved": replace(_PLAN, series=(_AUTHORISED,)),
    "person.temporary-absence-authorisation.resumed": replace(_PLAN, series=(_AUTHORISED,), action=Action.AMENDED),
    **dict.fromkeys(
        (f"person.temporary-absence-authorisation.{ended}" for ended in ("cancelled", "deferred", "denied", "expired", "paused")),
        replace(_OFF, series=(_AUTHORISED,)),
    ),
}

_HOSPITAL: Mapping[str, Telling] = {
    "restricted-patients.patient.removed": Telling(
        "prisoner_release",
        "The person is no longer detained in a secure hospital. The event does not say whether at liberty or back in prison: treat as "
        "at liberty, and ask the prison.",
        PRISON,
        Severity.HIGH,
        condition="discharged from secure hospital",
        dated=True,
    ),
    "restricted-patients.patient.added": Telling(
        "other",
        "The person is detained in a secure hospital: a release told earlier is over. Ask the prison before you change a plan.",
        PRISON,
        Severity.LOW,
    ),
}

_MOVED = Telling(
    "other", "The person's address changed: ask the probation practitioner where the person lives now, and who lives there.", PROBATION
)
_LICENCE = Telling(
    "other",
    "Licence conditions began or changed, such as where the person may go and whom they may meet: ask the probation practitioner.",
    PROBATION,
)
_CURFEW = replace(
    _LICENCE,
    words="A licence with a home detention curfew began or changed: the person must be at one address at night, which may be a family's. "
    "Ask the probation practitioner where, who lives there, and whom the person may meet.",
    severity=Severity.HIGH,
)
_DEPARTED = Telling(
    "other",
    "The person left the accommodation given to them and may not be where they were to be: ask the probation practitioner where they live.",
    PROBATION,
    Severity.HIGH,
)

_AT_HOME: Mapping[str, Telling] = {
    "probation-case.address.created": _MOVED,
    "probation-case.address.updated": _MOVED,
    "probation-case.address.deleted": _MOVED,
    "create-and-vary-a-licence.licence.activated": _LICENCE,
    "create-and-vary-a-licence.variation.activated": _LICENCE,
    "create-and-vary-a-licence.prrd-licence.activated": _LICENCE,
    "create-and-vary-a-licence.time-served-licence.activated": _LICENCE,
    "create-and-vary-a-licence.hdc-licence.activated": _CURFEW,
    "approved-premises.person.not-arrived": Telling(
        "other",
        "The person did not arrive at the approved premises where they must live, and is not where they were to be: ask the probation "
        "practitioner where they are.",
        PROBATION,
        Severity.HIGH,
        series=(_STAY,),
    ),
    "approved-premises.person.arrived": Telling(
        "other",
        "The person has arrived at the approved premises where they must live.",
        PROBATION,
        Severity.LOW,
        Action.WITHDRAWN,
        (_STAY,),
        nobody="it names nobody whom a case could name",
    ),
    "approved-premises.person.departed": replace(_DEPARTED, severity=Severity.MEDIUM),
    "accommodation.cas3.person.departed": replace(_DEPARTED, series=(_DEPARTURE,)),
    "accommodation.cas3.person.departed.updated": replace(_DEPARTED, series=(_DEPARTURE,), action=Action.AMENDED),
}

_CONTACT = Telling(
    CONTACT_CHANGED,
    "Somebody became a contact of the person in prison, or was approved to visit: ask the prison whether a child comes with them.",
    PRISON,
    Severity.LOW,
)
_RESTRICTION = replace(
    _CONTACT, words="A restriction on the person's contact in prison was made, changed or taken away: ask the prison who may meet whom."
)
_OF_VISITOR = replace(_RESTRICTION, nobody="it names a visitor by a number that only the prison knows, and nobody whom a case could name")

_CONTACTS: Mapping[str, Telling] = {
    "prison-offender-events.prisoner.contact-added": _CONTACT,
    "prison-offender-events.prisoner.contact-approved": _CONTACT,
    "prison-offender-events.prisoner.person-restriction.upserted": _RESTRICTION,
    "prison-offender-events.prisoner.person-restriction.deleted": _RESTRICTION,
    "prison-offender-events.prisoner.restriction.changed": _RESTRICTION,
    "prison-offender-events.visitor.restriction.upserted": _OF_VISITOR,
    "prison-offender-events.visitor.restriction.deleted": _OF_VISITOR,
}

TELLINGS: Mapping[str, Telling] = {**_ABSENCES, **_HOSPITAL, **_AT_HOME, **_CONTACTS}
