"""An invented county to measure with: families with seven agencies each, and alerts about their adults. Everybody in it is made up."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from alertbus.broker.record import Record
from alertbus.directory.case_claims import claims_of
from alertbus.directory.rebuild_claims import ClaimedVersion, write_claims
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database
from alertbus.wire import records

AGENCIES = ("childrens_social_care", "gp", "health_visiting", "school", "midwifery", "nursery", "hospital")
"""Seven, so that one alert owes seven notices: the fan-out of DESIGN section 13."""

PREFIX = "bench-"
"""Every case's id begins so."""

NARRATIVE = "Invented for measuring. " * 20
"""480 characters. Chosen: about the paragraph that a police officer or a teacher writes."""


def case_of(number: int) -> Case:
    """The family with this number: one linked adult, seven agencies."""
    return Case.model_validate(
        {
            "id": case_id(number),
            "people": [{"key": "adult", "label": "Adult", "identifiers": [{"system": "crn", "value": crn(number)}]}],
            "links": [{"person": "adult", "relation": "parent"}],
            "involvements": [{"agency": agency} for agency in AGENCIES],
        }
    )


def alert_about(family: int, kind: str = "other") -> Alert:
    """An alert no other run has sent, about this family's adult."""
    return Alert.model_validate(
        {
            "id": f"{family}-{uuid4()}",
            "source": "police.bench",
            "kind": kind,
            "occurred_at": "2026-11-18T14:05:00Z",
            "recorded_at": "2026-11-18T15:00:00Z",
            "subjects": [{"person": {"identifiers": [{"system": "crn", "value": crn(family)}]}}],
            "narrative": [{"text": NARRATIVE}],
        }
    )


def case_id(number: int) -> str:
    return f"{PREFIX}{number:06}"


def crn(number: int) -> str:
    return f"X{number + 1:06}"


def accepted(count: int, families: int, at: datetime) -> list[Record]:
    """Records of so many alerts as the gateway would write them, each about the adult whose turn it is."""
    return [records.alert_accepted(AcceptedAlert.of(alert_about(number % families), at)) for number in range(count)]


async def settle(engine: Database, families: int, at: datetime) -> list[Record]:
    """Make the families known to the directory, in one transaction. Returns the records that the gateway would write about them."""
    told: list[Record] = []
    async with engine.begin() as connection:
        for number in range(families):
            snapshot = case_of(number).with_implied_links()
            people = tuple(person.model_copy(update={"person_ids": (str(uuid4()),)}) for person in snapshot.people)
            case = snapshot.model_copy(update={"people": people}).learned(None, at)
            await write_claims(connection, [ClaimedVersion(case.id, at, claims_of(case, at, IdentityRules()))])
            told += told_of(case, at)
    return told


def told_of(case: Case, at: datetime) -> Sequence[Record]:
    """The records by which the reducers learn of the first version of a case."""
    return [records.case_changed(case, at), *records.links_changed(case, (), at)]
