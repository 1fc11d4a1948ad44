"""What is asked about flags: whether one that stands still should, and whether to set one. The machine sets none and ends none."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.broker.record import Record
from alertbus.directory.directory import Directory
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.events import AlertAboutPerson, ReviewNeeded, ReviewReason
from alertbus.policy.load import load_policy
from alertbus.reach.proposals import proposes_flag
from alertbus.reach.reduce_person import EMPTY, reduce_person
from alertbus.reach.standing import asked_at
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from alertbus.stream.stages import Identify
from alertbus.wire import records
from tests.story import Arrived
from tests.unit.test_person_stage import Collected, written_for

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
HIM, HER, CHILD = "p-one", "p-two", "p-child"


def stated(kind: str, days: float = 0, people: tuple[str, ...] = (HIM,), **said: Any) -> AcceptedAlert:
    at = T0 + timedelta(days=days)
    body = {"id": kind, "source": "police", "kind": kind, "occurred_at": at, "recorded_at": at}
    body |= {"subjects": [{"person": {"label": "He"}} for _ in people], "children": [{"label": "Child"}]}
    return AcceptedAlert.of(Alert.model_validate({**body, **said}), at).with_people((*((one,) for one in people), (CHILD,)))


def proposed(*said: AcceptedAlert, about: str = HIM) -> bool:
    """Whether the last of the statements proposes a flag on that person, when they came in this order."""
    state = EMPTY
    for statement in said:
        event = AlertAboutPerson(person_id=about, alert=statement)
        state = reduce_person(state, event, POLICY)[0]
    return proposes_flag(event, state, POLICY)


@pytest.mark.parametrize("kind", ["threat_to_staff", "risk_to_staff"])
def test_vpf_05_not_23_a_threat_by_somebody_without_a_flag_proposes_one(kind: str) -> None:
    assert proposed(stated(kind))
    assert proposed(stated(kind), stated(kind, 3, action="amended", id="later", amends=kind))
    assert not proposed(stated("ppn"))


FLAG = stated("violent_person_flag", -400)


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        pytest.param([FLAG], False, id="a flag stands"),
        pytest.param([FLAG, stated("violent_person_flag", -1, action="withdrawn")], True, id="the flag was withdrawn"),
        pytest.param([stated("violent_person_flag", -400, review_on="2025-06-01")], False, id="not_23: its review date is long past"),
        pytest.param([stated("violent_person_flag", 1)], True, id="a flag that was stated afterwards"),
        pytest.param([stated("threat_to_staff", -1, id="T-0")], True, id="an earlier threat is no flag"),
        pytest.param([stated("unlawfully_at_large", -1)], True, id="nor is being at large"),
    ],
)
def test_vpf_05_a_flag_that_stands_needs_no_proposal(before: list[AcceptedAlert], asked: bool) -> None:
    assert proposed(*before, stated("threat_to_staff")) is asked


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"severity": "low"}, id="vpf_08: below the line"),
        pytest.param({"history": True}, id="int_10: history"),
        pytest.param({"action": "withdrawn"}, id="a withdrawal"),
        pytest.param({"subjects": [{"role": "victim", "person": {"label": "She"}}]}, id="whom it happened to"),
    ],
)
def test_nobody_is_asked_for_a_flag_where_there_is_nothing_to_ask(said: dict[str, Any]) -> None:
    assert not proposed(stated("threat_to_staff", **said))


def test_vpf_05_each_subject_is_asked_about_and_no_child_nor_anybody_who_is_meant_no_more() -> None:
    both = stated("threat_to_staff", people=(HIM, HER))

    assert {who: proposed(both, about=who) for who in (HIM, HER, CHILD, "p-else")} == {HIM: True, HER: True, CHILD: False, "p-else": False}


def questions(made: list[Record]) -> list[ReviewNeeded]:
    found = [ReviewNeeded.model_validate_json(record.value or b"") for record in made if record.topic == topics.REVIEW]
    return [one for one in found if one.reason in {ReviewReason.FLAG_PROPOSED, ReviewReason.FLAG_REVIEW_DUE}]


async def test_vpf_05_the_stage_asks_once_of_an_alert_whatever_is_stated_of_it() -> None:
    first, later = stated("threat_to_staff"), stated("threat_to_staff", 1, action="amended", id="later", amends="threat_to_staff")

    asked = questions(await written_for(*(r for said in (first, first, later) for r in records.alert_about_people(said, [HIM]))))

    assert {(one.alert_id, one.person_ids, one.source) for one in asked} == {(first.alert_id, (HIM,), "police")}
    assert len({one.id for one in asked}) == 1


@pytest.mark.parametrize(
    ("said", "at"),
    [
        pytest.param(stated("violent_person_flag", review_on="2026-05-18"), datetime(2026, 5, 17, 23, tzinfo=UTC), id="in summer time"),
        pytest.param(stated("violent_person_flag", review_on="2020-01-01"), T0, id="a date gone by: at once"),
        pytest.param(stated("threat_to_staff", review_on="2026-12-01"), datetime(2026, 12, 1, tzinfo=UTC), id="a threat"),
        pytest.param(stated("violent_person_flag"), None, id="no date"),
        pytest.param(stated("ppn", review_on="2026-05-18"), None, id="no flag: its date ends it"),
        pytest.param(stated("violent_person_flag", action="withdrawn", review_on="2026-05-18"), None, id="withdrawn"),
    ],
)
def test_not_23_somebody_is_asked_on_the_day_and_the_flag_stands_meanwhile(said: AcceptedAlert, at: datetime | None) -> None:
    assert asked_at(said, POLICY.kind_rule(said.alert.kind)) == at


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    made = make_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    async with made.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield made
    await made.dispose()


async def test_not_23_the_question_stands_on_the_topic_with_its_day_as_soon_as_the_flag_is_stated(engine: Database) -> None:
    collected = Collected()
    stage = Identify(Directory(engine), POLICY, lambda: collected)
    said = stated("violent_person_flag", review_on=date(2026, 5, 18))
    record = records.alert_accepted(said)

    await stage({0: [Arrived(record.topic, 0, 0, record.key, record.value, record.headers)]})

    [asked] = questions(collected.records)
    assert (asked.reason, asked.at) == (ReviewReason.FLAG_REVIEW_DUE, datetime(2026, 5, 17, 23, tzinfo=UTC))
    assert (asked.alert_id, asked.statement_id, asked.source) == (said.alert_id, said.statement_id, "police")
