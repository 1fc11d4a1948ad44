"""Each word has one form on its topic: topic, key, headers and value are pinned, byte for byte, and every older form is still read."""

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker.record import Record
from alertbus.model import events, identity, item, team
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case, CasePerson, Link
from alertbus.model.events import AlertReachedCase, MessageKept, ReviewReason
from alertbus.model.identifiers import Identifier
from alertbus.model.identity import PersonMerged, PersonPointer, PersonSplit, ReviewDecided, ReviewOutcome
from alertbus.model.item import Item, ItemState, ItemStep, StepKind
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.model.screening import Clue, Revealed
from alertbus.model.team import Member, Team
from alertbus.plugin.kit.samples import sample_notice
from alertbus.wire import records
from alertbus.wire.reading import UNKNOWN_TYPE, understand
from alertbus.wire.words import DELIVERY, STREAM, TABLE, words

ROOT = Path(__file__).parents[2]
GOLDEN: Mapping[str, Any] = json.loads((ROOT / "tests/data/records/golden.json").read_text(encoding="utf-8"))

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
ALERT = Alert.model_validate(
    {
        "id": "A-1",
        "source": "police.northants",
        "kind": "threat_to_staff",
        "occurred_at": "2026-01-05T11:00:00Z",
        "recorded_at": "2026-01-05T11:30:00Z",
        "subjects": [{"person": {"key": "partner"}}],
        "narrative": [{"text": 'Said "he" would follow twice.', "said_by": "public", "observed_first_hand": False}],
        "severity": "high",
    }
)
STATED = AcceptedAlert.of(ALERT, AT)
FOUND = STATED.with_people((("person-1",),))
AGAIN = FOUND.model_copy(update={"people_version": 7, "people_since": {"person-1": AT}, "claimed": ("",)})
NAMED = Revealed(clue=Clue.NAME, where="narrative[0]", person_ids=("person-2",))
TELLING = FOUND.model_copy(update={"reveals": (NAMED, Revealed(clue=Clue.CALLER, where="narrative[0]"))})
RELEASED = events.WordsDecided(case_id="case-1", alert_id="a-1", statement_id="s-1", released=True, at=AT)
NUMBERS = tuple(PersonPointer(identifier=Identifier(system="prison_number", value=value)) for value in ("G7574EC", "B6273AG"))
PLACES = (PersonPointer(case_id="case-1", key="partner"), PersonPointer(alert_id="a-1", entry=0))
DECIDED = ReviewDecided(id="r-1", outcome=ReviewOutcome.SAME, at=AT, by="A. Duty", person_id="person-1")
CASE = Case(
    id="case-1",
    version=2,
    known_at=AT,
    people=(CasePerson(key="partner", label="Partner", person_ids=("person-1",)),),
    links=(Link(person="partner", relation="ex-partner"),),
)
OTHERS = CASE.model_copy(
    update={"people": (CasePerson(key="partner", label="Partner", person_ids=("person-1", "person-2"), joined_at={"person-2": AT}),)}
)
NOTICE = sample_notice()
OF_NOTICE = {"notice_id": "n-1", "obligation_id": "o-1", "alert_id": "a-1", "case_id": "case-1", "agency": "school"}
ANSWER = Receipt(id="r-1", stage=Stage.ACKNOWLEDGED, at=AT, by="HV One", role="health visitor", intent=Intent.ACTING, **OF_NOTICE)
COPY = Receipt(id="r-2", stage=Stage.COPIED, at=AT, channel="inbox", **OF_NOTICE)
ABOUT: Any = {"case_id": "case-1", "alert_id": "a-1", "obligation_id": "o-1", "agency": "school"}
ANSWERED = events.Answered(receipt_id="r-1", by="HV One", intent=Intent.PASSING_ON, to="HV Two", at=AT, **ABOUT)
NOT_DELIVERED = events.NotDelivered(notice_id="n-1", role="designated_safeguarding_lead", reason="unreachable", at=AT, **ABOUT)
SUSPENDED = events.ItemDecided(
    case_id="case-1", item_id="i-1", decision=events.ItemDecision.SUSPENDED, reason="closed_doors", by="A. Manager", at=AT
)
ESCALATED = events.ItemEscalated(
    case_id="case-1", item_id="i-1", alert_id="a-1", by="Hazel Visitor", agency="health_visiting", seen=AT, at=AT
)
MISSED = Item(
    id="i-1",
    case_id="case-1",
    rule="visit_same_day",
    title="A visit the same day",
    agency="childrens_social_care",
    role="social_worker",
    kind="missing_child_incident",
    alert_id="a-1",
    source_id="A-1",
    opened_at=AT - timedelta(days=1),
    due=AT - timedelta(hours=12),
    state=ItemState.MISSED,
    reason="unknown",
    steps=(ItemStep(kind=StepKind.NEXT, role="team_manager", at=AT),),
    unowned=True,
    policy_version="2026-11-29.3",
    at=AT,
)
DUTY_TEAM = Team(id="school.duty", agency="school", name="Duty team", members=(Member(name="A. Duty"),), version=3, known_at=AT)
KEPT = MessageKept(ref="m-1", source="hmpps", received_at=AT, media_type="text/plain", reason="not_understood", digest="d", body=b"bm8=")

BUILT: Mapping[str, Callable[[], Record]] = {
    "alert accepted": lambda: records.alert_accepted(STATED),
    "alert about a person": lambda: records.alert_about_people(FOUND, ["person-1"])[0],
    "alert about a person found anew": lambda: records.alert_about_people(AGAIN, ["person-1"])[0],
    "identify again": lambda: records.identify_again(FOUND, 7),
    "person revised": lambda: records.person_revised(events.PersonRevised(person_id="person-1", version=7, at=AT)),
    "person merged": lambda: records.about_who_is_who(PersonMerged(id="m-1", source="prison.hmpps", at=AT, people=NUMBERS)),
    "person split": lambda: records.about_who_is_who(PersonSplit(id="m-1", source="front_door", at=AT, people=PLACES, by="A. Duty")),
    "review decided": lambda: records.review_decided(DECIDED, "a-1"),
    "case whose people are others": lambda: records.case_changed(OTHERS, AT),
    "alert reached a case": lambda: records.alert_reached_case(AlertReachedCase(case_id="case-1", via="person-1", alert=FOUND)),
    "case changed": lambda: records.case_changed(CASE, AT),
    "link changed": lambda: records.links_changed(CASE, (), AT)[0],
    "link gone": lambda: records.links_changed(CASE, ("person-2",), AT)[1],
    "case recorded": lambda: records.case_recorded(CASE, AT),
    "tick": lambda: records.ticked("case-1", AT - timedelta(days=1), AT),
    "words decided": lambda: records.words_decided(RELEASED),
    "alert about a person whose words name others": lambda: records.alert_about_people(TELLING, ["person-1"])[0],
    "review of held words": lambda: records.review_of_words(TELLING, "case-1", TELLING.reveals),
    "answered": lambda: records.answered(ANSWERED),
    "not delivered": lambda: records.not_delivered(NOT_DELIVERED),
    "item decided": lambda: records.item_decided(SUSPENDED),
    "item escalated": lambda: records.item_escalated(ESCALATED),
    "item changed": lambda: records.item_changed(MISSED),
    "team recorded": lambda: records.team_recorded(DUTY_TEAM, AT),
    "notice owed": lambda: records.notice_record(NOTICE, by=STREAM),
    "notice redriven": lambda: records.notice_redriven("n-1", b"school/case-1", AT, records.content(NOTICE), entry_id="q-1", attempt=3),
    "receipt of an answer": lambda: records.receipt_given(ANSWER, by="/alertbus/gateway"),
    "receipt of a copy": lambda: records.receipt_given(COPY, by=DELIVERY),
    "review of a message": lambda: records.review_needed("m-1", ReviewReason.NOT_UNDERSTOOD, AT, source="hmpps", raw_ref="m-1"),
    "review of a statement": lambda: records.review_of_statement(STATED, ReviewReason.UNSURE_MATCH, ("person-1", "person-2")),
    "review of a flag": lambda: records.review_of_flag(STATED, AT + timedelta(days=90)),
    "a flag proposed": lambda: records.flag_proposed(STATED, "person-1"),
    "message kept": lambda: records.message_kept(KEPT),
    "record quarantined": lambda: records.record_quarantined(
        key=b"k", subject="t/0/1", event_id="q-1", at=AT, data=b"\xff", marks={"errorclass": "ValidationError"}, by=STREAM
    ),
    "audit recorded": lambda: records.audit_recorded("operations", "ab12", AT, b'{"number":1}'),
}


def as_written(record: Record) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "key": record.key.decode(),
        "headers": [[name, value.decode()] for name, value in record.headers],
        "value": (record.value or b"").decode("latin-1"),
    }


@dataclass
class Stood:
    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    timestamp: int = 0
    partition: int = 0
    offset: int = 0


def stood(name: str) -> Stood:
    found = GOLDEN[name]
    headers = [(header, value.encode()) for header, value in found["headers"]]
    return Stood(found["topic"], found["key"].encode(), found["value"].encode("latin-1"), headers)


@pytest.mark.parametrize("name", BUILT)
def test_a_word_stands_on_its_topic_byte_for_byte_as_it_always_has(name: str) -> None:
    assert as_written(BUILT[name]()) == GOLDEN[name]


@pytest.mark.parametrize("name", GOLDEN)
def test_every_form_that_ever_stood_on_a_topic_is_read(name: str) -> None:
    """Those that nobody writes any more among them: receipts as delivery wrote them, and copies as they were told at first."""
    found = understand(stood(name), words(*TABLE))

    assert found.error is None
    assert found.type in TABLE


def test_a_receipt_in_delivery_s_old_form_is_the_receipt_in_today_s() -> None:
    old = understand(stood("receipt of delivery, older"), words(events.RECEIPT_GIVEN)).word
    now = records.receipt_given(old, by=DELIVERY)

    assert old == understand(Stood(now.topic, now.key, now.value or b"", list(now.headers)), words(events.RECEIPT_GIVEN)).word
    assert b"null" not in (now.value or b"")


def test_a_copy_told_of_in_the_old_form_is_read_as_a_copy() -> None:
    old = understand(stood("receipt of a copy, older"), words(events.RECEIPT_GIVEN)).word

    assert (old.stage, old.channel, old.detail) == (Stage.COPIED, "inbox", None)


def test_every_type_of_event_stands_in_the_table_and_has_a_golden_record() -> None:
    types = {text for name, text in vars(events).items() if name.isupper() and isinstance(text, str)}
    models = [one for words_of in (events, identity, item, team) for one in vars(words_of).values()]
    types |= {found for kind in models if isinstance(kind, type) and isinstance(found := getattr(kind, "type", None), str)}

    assert types == set(TABLE)
    assert {dict(found["headers"])["ce_type"] for found in GOLDEN.values()} == types


@given(st.binary(max_size=200), st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=40)), max_size=8), st.sampled_from([*TABLE]))
def test_reading_never_raises_whatever_a_record_holds(value: bytes, headers: list[tuple[str, bytes]], type_: str) -> None:
    record = Stood(TABLE[type_].topic, b"\xff", value, headers)

    assert understand(record, words(*TABLE)).fault is not None


def test_a_type_that_was_not_asked_for_has_no_word_and_says_so() -> None:
    found = understand(stood("tick"), words(events.ALERT_ACCEPTED))

    assert (found.word, found.error, found.fault) == (None, None, UNKNOWN_TYPE)


def test_nobody_but_the_wire_builds_or_reads_an_envelope() -> None:
    outside = [path for path in (ROOT / "alertbus").rglob("*.py") if path.relative_to(ROOT / "alertbus").parts[0] not in {"wire", "broker"}]
    found = [
        f"{path.relative_to(ROOT)}: {alias.name}"
        for path in outside
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "alertbus.broker.envelope"
        for alias in node.names
    ]

    assert found == []


def test_the_lane_of_a_notice_is_spelled_in_one_place() -> None:
    spelled = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "alertbus").rglob("*.py")
        if path.name != "notice.py" and any(text in path.read_text(encoding="utf-8") for text in ("agency}/{", "agency + '/'"))
    ]

    assert spelled == []
