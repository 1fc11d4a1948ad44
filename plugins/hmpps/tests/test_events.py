"""The table of event types: every one that is published has one outcome and one reason, and what nobody has thought of says so."""

from collections import Counter

import pytest
from alertbus_hmpps import events
from alertbus_hmpps.events import EVENTS, row_for
from alertbus_hmpps.harmless import IN_COMMUNITY, IN_PRISON
from alertbus_hmpps.links import LINKING
from alertbus_hmpps.outcomes import BY_POLICE, NOT_YET_KNOWN, UNDECIDED, Outcome
from alertbus_hmpps.tellings import TELLINGS
from hypothesis import given
from hypothesis import strategies as st

from plugins.hmpps.tests.messages import DATA, event, parse, reason

PUBLISHED = (DATA / "event-types.txt").read_text(encoding="utf-8").split()
"""The types that the specifications of HMPPS name."""

MATTERS = [
    "person.temporary-absence.overdue",
    *(f"person.temporary-absence.{deed}" for deed in ("started", "scheduled", "completed")),
    "person.temporary-absence-authorisation.approved",
    "restricted-patients.patient.removed",
    "restricted-patients.patient.added",
    "prison-offender-events.prisoner.merged",
    "prison-offender-events.prisoner.booking.moved",
    "probation-case.merge.completed",
    "probation-case.unmerge.completed",
    "probation-case.prison-identifier.added",
    "create-and-vary-a-licence.licence.activated",
    "create-and-vary-a-licence.variation.activated",
    *(f"create-and-vary-a-licence.{sort}-licence.activated" for sort in ("hdc", "prrd", "time-served")),
    "calculate-release-dates.prisoner.changed",
    "prison-offender-events.prisoner.sentence-dates-changed",
    *(f"release-date-adjustments.adjustment.{deed}" for deed in ("inserted", "updated", "deleted")),
    "prison-offender-events.prisoner.fixed-term-recall.changed",
    *(f"probation-case.address.{deed}" for deed in ("created", "updated", "deleted")),
    *(f"approved-premises.person.{deed}" for deed in ("arrived", "not-arrived", "departed")),
    "accommodation.cas3.person.departed",
    *(f"prison-offender-events.prisoner.person-restriction.{deed}" for deed in ("upserted", "deleted")),
    "prison-offender-events.prisoner.restriction.changed",
    *(f"prison-offender-events.visitor.restriction.{deed}" for deed in ("upserted", "deleted")),
    *(f"prison-offender-events.prisoner.contact-{deed}" for deed in ("added", "approved")),
    *(f"person.alert.{deed}" for deed in ("created", "updated", "inactive", "deleted")),
    *(f"probation-case.mappa-information.{deed}" for deed in ("created", "updated", "deleted")),
    *(f"probation-case.mappa-export.{deed}" for deed in ("created", "terminated")),
    *(f"prison-recall.recommendation.{deed}" for deed in ("consideration", "deleted", "management-oversight", "managementOversight")),
    "assessment.summary.produced",
    "risk.flag.tier.change",
]
"""Types whose events change, or might be thought to change, what is safe for a child."""


def test_every_published_type_has_a_row() -> None:
    assert len(PUBLISHED) > 200
    assert [name for name in PUBLISHED if row_for(name) is UNDECIDED] == []


@pytest.mark.parametrize("kind", MATTERS)
def test_no_type_that_matters_is_not_yet_known(kind: str) -> None:
    assert row_for(kind).outcome is not Outcome.UNDECIDED


def test_no_type_has_two_rows() -> None:
    parts = (events.TOLD, LINKING, events.HELD_BACK, IN_PRISON, IN_COMMUNITY)

    assert [name for name, count in Counter(name for part in parts for name in part).items() if count > 1] == []


def test_every_reason_completes_its_sentence() -> None:
    for name, row in EVENTS.items():
        assert row.reason.strip() == row.reason, name
        assert row.outcome is Outcome.TOLD or not row.reason.endswith("."), name
        assert row.outcome is not Outcome.UNDECIDED, name


def test_told_is_whatever_has_a_rule_and_nothing_else() -> None:
    ruled = {*events.RELEASES, *events.RECEPTIONS, *events.RECALLS, *events.REGISTRATIONS, *events.PRISON_ALERTS, *TELLINGS}

    assert {name for name, row in EVENTS.items() if row.outcome is Outcome.TOLD} == ruled
    assert {name for name, row in EVENTS.items() if row.outcome is Outcome.LINKS_PEOPLE} == set(LINKING)


@pytest.mark.parametrize("kind", [name for name, row in EVENTS.items() if row.outcome in {Outcome.HARMLESS, Outcome.HELD_BACK}])
def test_what_raises_nothing_says_which_and_why(kind: str) -> None:
    row = EVENTS[kind]

    assert reason({"eventType": kind}) == f"{row.outcome} because {row.reason}"


def test_the_words_by_which_the_unknown_is_counted_are_stable() -> None:
    assert NOT_YET_KNOWN == "not yet known:"


@given(st.text(min_size=1, max_size=40).filter(lambda name: row_for(name) is UNDECIDED))
def test_a_type_that_nobody_has_thought_of_says_so_and_is_not_repeated(kind: str) -> None:
    assert reason({"eventType": kind}) == "not yet known: this event type has no row in the plugin's table; nothing was raised"


@pytest.mark.parametrize(
    ("kind", "because"),
    [
        ("probation-case.mappa-level.changed", BY_POLICE),
        ("prison-recall.recommendation.decided", "word of a recall before the arrest would warn him"),
    ],
)
def test_a_new_type_of_a_family_that_is_held_back_is_held_back(kind: str, because: str) -> None:
    assert reason({"eventType": kind}).startswith(f"held back because {because}")


def test_in_a_batch_what_nobody_has_thought_of_comes_first() -> None:
    batch = [{"eventType": "prison-visit.booked"}, {"eventType": "owl.sent"}, {"eventType": "owl.returned"}]

    said = reason(batch)

    assert said.startswith(NOT_YET_KNOWN)
    assert said.count(NOT_YET_KNOWN) == 1
    assert "harmless because a visit in prison" in said


def test_an_unknown_type_beside_a_release_hides_nothing() -> None:
    release = event("prison-offender-events.prisoner.released", additionalInformation={"reason": "RELEASED"})

    assert isinstance(parse([{"eventType": "owl.sent"}, release]), list)
