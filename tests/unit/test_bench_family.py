"""The records a bench writes are those the bus writes: seven notices for an alert, and a copied family shares no id with its original."""

import re
from datetime import UTC, datetime, timedelta

from alertbus.bench import county
from alertbus.bench.family import Family, notice_records, receipts
from alertbus.bench.rebuild_time import copied, stories
from alertbus.broker import topics
from alertbus.broker.record import Record
from alertbus.model.alert import Action
from alertbus.model.notice import Deed
from alertbus.policy.load import load_policy

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def ids_in(records: list[Record]) -> set[bytes]:
    return {found for record in records for found in UUID.findall(record.key + (record.value or b""))}


def family() -> Family:
    opened = Family(3, load_policy())
    opened.opened(AT)
    return opened


def test_one_alert_causes_a_record_for_each_stage_and_a_notice_for_each_agency() -> None:
    caused = family().stated(county.alert_about(3), AT)

    assert [record.topic for record in caused.records] == [topics.ALERTS, topics.PERSON_EVENTS, topics.CASE_EVENTS]
    assert {notice.obligation.agency for notice in caused.notices} == set(county.AGENCIES)
    assert {record.topic for record in notice_records(caused.notices)} == {topics.NOTICES}


def test_an_alert_that_is_withdrawn_is_taken_back_from_everybody_who_was_told() -> None:
    told, alert = family(), county.alert_about(3)
    raised = told.stated(alert, AT)
    withdrawn = told.stated(alert.model_copy(update={"action": Action.WITHDRAWN}), AT + timedelta(minutes=7))

    assert {notice.obligation.id for notice in withdrawn.notices} == {notice.obligation.id for notice in raised.notices}
    assert {notice.deed for notice in withdrawn.notices} == {Deed.WITHDRAW}


def test_a_notice_has_a_receipt_of_acceptance_and_a_second_one_only_where_somebody_answered() -> None:
    notice = family().stated(county.alert_about(3), AT).notices[0]

    assert len(list(receipts(notice, AT))) == 1
    assert len(list(receipts(notice, AT, answered_at=AT + timedelta(hours=1)))) == 2


def test_a_copied_family_says_the_same_under_ids_of_its_own() -> None:
    story = next(stories())
    copy = list(copied(story, 0, 123))

    original_ids, copied_ids = ids_in(story), ids_in(copy)
    assert [record.topic for record in copy] == [record.topic for record in story]
    assert len(copied_ids) == len(original_ids)
    assert copied_ids.isdisjoint(original_ids)
    assert not any(county.crn(0).encode() in (record.value or b"") for record in copy)
    assert copy == list(copied(story, 0, 123))
