"""The names HMPPS uses: event types, register types of probation, alert codes of prison. One table each.

Event types are as published in the HMPPS domain event specifications and the services' own source, read in 2026.
"""

from collections.abc import Mapping
from dataclasses import dataclass

RELEASES = frozenset({"prison-offender-events.prisoner.released", "prisoner-offender-search.prisoner.released"})
RECEPTIONS = frozenset({"prison-offender-events.prisoner.received", "prisoner-offender-search.prisoner.received"})
RECALLS = frozenset({"enforcement.recall.raised"})

ADDED, UPDATED, ENDED = "added", "updated", "ended"

REGISTRATIONS: Mapping[str, str] = {
    "probation-case.registration.added": ADDED,
    "probation-case.registration.updated": UPDATED,
    "probation-case.registration.deregistered": ENDED,
    "probation-case.registration.deleted": ENDED,
}

PRISON_ALERTS: Mapping[str, str] = {
    "person.alert.created": ADDED,
    "person.alert.updated": UPDATED,
    "person.alert.inactive": ENDED,
    "person.alert.deleted": ENDED,
    "prisoner-alerts.alert-created": ADDED,  # the same four under their names of early 2024
    "prisoner-alerts.alert-updated": UPDATED,
    "prisoner-alerts.alert-inactive": ENDED,
    "prisoner-alerts.alert-deleted": ENDED,
}


@dataclass(frozen=True, slots=True)
class FlagRow:
    """The alert that a register type or alert code becomes. `precaution` is in our words, fit for every reader: it names no offence."""

    kind: str
    grade: str | None = None
    precaution: str | None = None


_TO_STAFF = "Staff safety: do not visit alone. Speak to probation before any visit."
_FROM_PRISON = "Staff safety: assaulted or threatened staff in custody. Speak to probation before any visit."
_CHILDREN = FlagRow("other")
"""No shipped kind says "risk to children"; the source's own words say it (narrative)."""

REGISTER_TYPES: Mapping[str, FlagRow] = {
    # nDelius register types; meanings from hmpps-integration-events and from public reference data of a front end
    "AV2S": FlagRow("violent_person_flag", "threat", _TO_STAFF),  # Risk to Staff
    "WEAP": FlagRow("violent_person_flag", None, _TO_STAFF),  # Weapons
    "ADVP": FlagRow("violent_person_flag", "violence", _TO_STAFF),  # Domestic Abuse Perpetrator
    "RVHR": FlagRow("other"),  # Very High Risk of Serious Harm: to whom, the event does not say
    "RHRH": FlagRow("other"),  # High Risk of Serious Harm
    "RCCO": _CHILDREN,  # Child Concerns
    "RCPR": _CHILDREN,  # Child Protection
    "RCHD": _CHILDREN,  # Risk to Children
    "CSEP": _CHILDREN,  # Child Sexual Exploitation, Perpetrator
    "ADWC": _CHILDREN,  # Barred from working with Children
    "REG15": FlagRow("other"),  # Risk to Known Adult: often the other parent
}

ALERT_CODES: Mapping[str, FlagRow] = {
    # NOMIS alert codes; descriptions from the public test data of prison-api and its consumers
    "XSA": FlagRow("violent_person_flag", "violence", _FROM_PRISON),  # Staff Assaulter
    "SA": FlagRow("violent_person_flag", "violence", _FROM_PRISON),  # Staff Assaulter
    "RST": FlagRow("violent_person_flag", "threat", _TO_STAFF),  # Risk to Staff, Community
    "RSS": FlagRow("violent_person_flag", "threat", _FROM_PRISON),  # Risk to Staff, Custody
    "RDV": FlagRow("violent_person_flag", "violence", _TO_STAFF),  # Domestic Violence Perpetrator
    "RSP": FlagRow("other"),  # Stalking Perpetrator
    "RCC": _CHILDREN,  # Risk to Children, Community
    "RCS": _CHILDREN,  # Risk to Children, Custody
    "SC": _CHILDREN,  # Risk to Children
    "RCP": _CHILDREN,  # Children on child protection register
    "C1": _CHILDREN,  # No contact with any child
    "C2": _CHILDREN,  # Written contact with children only
    "RKC": FlagRow("other"),  # Risk to Known Adult, Community
}

DISCLOSED_BY_POLICE = frozenset(
    {"MAPP", "ARSO", "ANSO", "AVIS", "SOPS", "RTAO", "SR", "SOR", "SONR", "SSHO", "PVN", "XSO", "PL1", "PL2", "PL3"}
)
"""MAPPA, sex offender and terrorism registers: police and MAPPA decide for each case who is told (STANDARDS 5)."""

_FOLLOWS = "the movement follows as prison-offender-events.prisoner.released or .received, with person and reason"
_NO_DATE = "release dates were changed, but the event names none, and nothing is fetched"
_DIARY = "a prison diary entry: no rule"
_RECORD = "a prison record was corrected: no rule"

IGNORED: Mapping[str, str] = {
    "EXTERNAL_MOVEMENT_RECORD-INSERTED": _FOLLOWS,
    "EXTERNAL_MOVEMENT_RECORD-UPDATED": _FOLLOWS,
    "OFFENDER_MOVEMENT-DISCHARGE": _FOLLOWS,
    "OFFENDER_MOVEMENT-RECEPTION": _FOLLOWS,
    "OFFENDER_BOOKING-CHANGED": _RECORD,
    "OFFENDER-UPDATED": _RECORD,
    "OFFENDER_IDENTIFIER-UPDATED": _RECORD,
    "ASSESSMENT-UPDATED": "a prison assessment was updated: the event does not say how",
    "DATA_COMPLIANCE_DELETE-OFFENDER": "a prison record was deleted by retention rules; the bus has its own",
    "APPOINTMENT_CHANGED": _DIARY,
    "SENTENCE_DATES-CHANGED": _NO_DATE,
    "calculate-release-dates.prisoner.changed": _NO_DATE,
    "prison-offender-events.prisoner.sentence-dates-changed": _NO_DATE,
    "prison-offender-events.prisoner.merged": "two prison numbers became one: correct the person in the directory",
    "prison-offender-events.prisoner.cell.move": _DIARY,
    "incentives.iep-review.inserted": "a prison incentive level: no rule",
    "incentives.iep-review.updated": "a prison incentive level: no rule",
    "incentives.iep-review.deleted": "a prison incentive level: no rule",
    "incentives.prisoner.next-review-date-changed": "a prison incentive level: no rule",
    "person.community.manager.allocated": "a probation practitioner was allocated: send it with PUT /v1/cases",
    "prisoner-offender-search.prisoner.alerts-updated": "the alert itself follows as person.alert.created or .updated",
    "create-and-vary-a-licence.licence.activated": "a licence became active: the release itself is an event of its own",
    "create-and-vary-a-licence.licence.inactivated": "a licence ended: no rule",
}

UNKNOWN = "no rule for this event type: see the tables in the plugin's README"
"""An unknown type is ignored, not refused: HMPPS publishes some 150, and adds to them. It is never repeated back."""
