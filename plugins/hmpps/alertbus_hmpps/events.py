"""Every type of event that HMPPS publishes, with its outcome and reason: one table, in parts by what the events are about.

The names are those of the HMPPS domain event specifications (ministryofjustice/hmpps-domain-events, June 2026: 216 types), of the
list that its integration API offers to partners, and of the older NOMIS events. A name that is not here is not yet known.
"""

from collections.abc import Mapping

from alertbus_hmpps.harmless import IN_COMMUNITY, IN_PRISON
from alertbus_hmpps.links import LINKING
from alertbus_hmpps.outcomes import BY_POLICE, DIED, UNDECIDED, EventRow, Outcome, rows
from alertbus_hmpps.tellings import TELLINGS

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

TOLD: Mapping[str, EventRow] = {
    **dict.fromkeys(RELEASES, EventRow(Outcome.TOLD, "somebody left prison; `movements` says which ways of leaving are a release")),
    **dict.fromkeys(RECEPTIONS, EventRow(Outcome.TOLD, "somebody entered prison; `movements` says which ways are a recall")),
    **dict.fromkeys(RECALLS, EventRow(Outcome.TOLD, "probation recalled somebody to prison")),
    **dict.fromkeys(REGISTRATIONS, EventRow(Outcome.TOLD, "probation's register changed; `registers` says what each type becomes")),
    **dict.fromkeys(PRISON_ALERTS, EventRow(Outcome.TOLD, "a prison alert changed; `registers` says what each code becomes")),
    **{name: EventRow(Outcome.TOLD, telling.words) for name, telling in TELLINGS.items()},
}

_TIPS_OFF = "word of a recall before the arrest would warn him: enforcement.recall.raised tells of it when it is made"

HELD_BACK: Mapping[str, EventRow] = {
    **rows(
        Outcome.HELD_BACK,
        BY_POLICE,
        "probation-case.mappa-information.created probation-case.mappa-information.updated probation-case.mappa-information.deleted "
        "probation-case.mappa-export.created probation-case.mappa-export.terminated",
    ),
    **rows(
        Outcome.HELD_BACK,
        _TIPS_OFF,
        "prison-recall.recommendation.consideration prison-recall.recommendation.deleted prison-recall.recommendation.started "
        "prison-recall.recommendation.management-oversight prison-recall.recommendation.managementOversight",
    ),
    **rows(Outcome.HELD_BACK, DIED, "prison-offender-events.prisoner.died prisoner-offender-search.prisoner.died"),
}

_FAMILIES: Mapping[str, EventRow] = {
    "probation-case.mappa-": EventRow(Outcome.HELD_BACK, BY_POLICE),
    "prison-recall.": EventRow(Outcome.HELD_BACK, _TIPS_OFF),
}
"""Beginnings of names of which any is held back: a new one among them must not read as something that nobody has thought of."""

EVENTS: Mapping[str, EventRow] = {
    **TOLD,
    **{name: EventRow(Outcome.LINKS_PEOPLE, link.words) for name, link in LINKING.items()},
    **HELD_BACK,
    **IN_PRISON,
    **IN_COMMUNITY,
}


def row_for(kind: str) -> EventRow:
    """The row of a type of event; `UNDECIDED` when it has none."""
    return EVENTS.get(kind) or next((row for start, row in _FAMILIES.items() if kind.startswith(start)), UNDECIDED)
