"""Review items as the chronicle tells them: what is open, whose it is, and that decisions may arrive in any order and twice."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from alertbus.broker import topics
from alertbus.broker.envelope import Envelope
from alertbus.chronicle import queries, tables
from alertbus.chronicle.projector import TOPICS, WORDS, apply, fact_of, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.chronicle.reviews import INTEGRATION, ReviewState, owner_of, proposals_about, review_item, review_items
from alertbus.model.alert import AcceptedAlert
from alertbus.model.errors import NotFound
from alertbus.model.events import ReviewNeeded, ReviewReason
from alertbus.model.identity import PersonMerged, PersonPointer, ReviewDecided, ReviewOutcome
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, reading
from alertbus.wire.reading import Understood
from alertbus.wire.words import TABLE
from tests.story import LATER, T0, Arrived, Log, accepted, hours

UNSURE = ReviewNeeded(id="r-1", reason=ReviewReason.UNSURE_MATCH, at=T0, alert_id="a-1", person_ids=("p", "c-1", "c-2"), source="police")


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    made = make_engine(url)
    await make_tables(made)
    yield made
    await made.dispose()


async def put(engine: Database, records: Sequence[Arrived]) -> None:
    async with engine.begin() as connection:
        await apply(connection, read(records), starts={(r.topic, r.partition) for r in records})


def decided(outcome: ReviewOutcome, hour: float, by: str = "Jo Okafor") -> ReviewDecided:
    return ReviewDecided(id="r-1", outcome=outcome, at=hours(hour), by=by, person_id="c-1" if outcome is ReviewOutcome.SAME else None)


def test_whom_an_alert_is_about_and_whom_its_words_may_reach_is_the_front_doors_to_decide_and_what_a_system_sent_is_integrations() -> None:
    assert {reason for reason in ReviewReason if owner_of(reason, "mash") == "mash"} == {
        ReviewReason.UNSURE_MATCH,
        ReviewReason.NOBODY_LINKED,
        ReviewReason.KEY_UNKNOWN,
        ReviewReason.FLAG_REVIEW_DUE,
        ReviewReason.FLAG_PROPOSED,
        ReviewReason.WORDS_HELD,
    }


def test_not_23_who_stated_a_flag_is_asked_whether_it_stands() -> None:
    assert owner_of(ReviewReason.FLAG_REVIEW_DUE, "mash", "police.northants") == "police"
    assert owner_of(ReviewReason.FLAG_PROPOSED, "mash", "police.northants") == "mash"
    assert {owner_of(reason, "mash") for reason in ReviewReason} == {"mash", INTEGRATION}


async def test_an_item_is_open_until_it_is_decided_and_open_again_when_that_is_taken_back(engine: Database) -> None:
    log = Log()
    log.review(UNSURE)
    await put(engine, log.records)
    waiting = await review_item(engine, "r-1", hours(2), "mash")
    log.decided(decided(ReviewOutcome.SAME, 3), "a-1")
    await put(engine, log.records)
    closed = await review_item(engine, "r-1", hours(4), "mash")
    log.decided(decided(ReviewOutcome.REOPENED, 5, by="A. N. Other"), "a-1")
    await put(engine, log.records)
    again = await review_item(engine, "r-1", hours(6), "mash")

    assert (waiting.state, waiting.owner, waiting.age_s, waiting.outcome) == (ReviewState.OPEN, "mash", 7200, None)
    assert (waiting.in_question, waiting.candidates, waiting.key) == ("p", ("c-1", "c-2"), "a-1")
    assert (closed.state, closed.outcome, closed.by, closed.decided_at) == (ReviewState.DECIDED, ReviewOutcome.SAME, "Jo Okafor", hours(3))
    assert (again.state, again.by, again.at) == (ReviewState.OPEN, "A. N. Other", T0)


async def test_decisions_in_any_order_and_before_their_item_leave_the_latest(engine: Database) -> None:
    steps = [decided(ReviewOutcome.DIFFERENT, 1), decided(ReviewOutcome.REOPENED, 2), decided(ReviewOutcome.SAME, 3)]
    for number, order in enumerate(permutations(steps)):
        log = Log()
        for step in (*order, *order):
            log.decided(step.model_copy(update={"id": f"r-{number}"}), "a-1")
        log.review(UNSURE.model_copy(update={"id": f"r-{number}"}))
        async with engine.begin() as connection:
            await connection.execute(tables.progress.delete())
        await put(engine, log.records)

        assert (await review_item(engine, f"r-{number}", LATER, "mash")).outcome is ReviewOutcome.SAME


async def test_a_list_is_oldest_first_by_state_and_reason_and_goes_on_after_the_last_seen(engine: Database) -> None:
    log = Log()
    for hour in (3, 1, 2):
        log.review(ReviewNeeded(id=f"n-{hour}", reason=ReviewReason.NOT_UNDERSTOOD, at=hours(hour), source="hmpps", raw_ref=f"m-{hour}"))
    log.review(UNSURE)
    log.decided(decided(ReviewOutcome.SEEN, 4), "a-1")
    log.review(ReviewNeeded(id="c", reason=ReviewReason.UNSURE_MATCH, at=hours(9), person_ids=("p", "q"), detail="case case-1"))
    await put(engine, log.records)

    first = await review_items(engine, LATER, "mash", limit=2)
    rest = await review_items(engine, LATER, "mash", after=first[-1])
    closed = await review_items(engine, LATER, "mash", state=ReviewState.DECIDED)
    unsure = await review_items(engine, LATER, "mash", state=None, reasons=[ReviewReason.UNSURE_MATCH])

    assert [item.id for item in first + rest] == ["n-1", "n-2", "n-3", "c"]
    assert ([item.id for item in closed], [item.id for item in unsure]) == (["r-1"], ["r-1", "c"])
    assert (rest[-1].case_id, rest[-1].key, first[0].key, first[0].owner) == ("case-1", "case-1", "m-1", INTEGRATION)


async def test_status_counts_what_is_open_by_reason_and_names_the_oldest_and_leaves_exercises_out(engine: Database) -> None:
    log = Log()
    drill = accepted(exercise="drill")
    log.alert(drill)
    log.review(UNSURE.model_copy(update={"id": "drill", "alert_id": drill.alert_id, "at": T0 - timedelta(days=9)}))
    log.review(UNSURE)
    log.decided(decided(ReviewOutcome.DIFFERENT, 1), "a-1")
    for hour in (5, 2):
        log.review(ReviewNeeded(id=f"k-{hour}", reason=ReviewReason.UNKNOWN_KIND, at=hours(hour), alert_id="a-2"))
    await put(engine, log.records)

    real, rehearsed = await queries.status(engine, hours(6)), await queries.status(engine, hours(6), "drill")

    assert (real.review, real.review_by_reason) == (2, {ReviewReason.UNKNOWN_KIND: 2})
    assert real.oldest_review is not None
    assert (real.oldest_review.id, real.oldest_review.age_s) == ("k-2", 4 * 3600)
    assert (rehearsed.review, (await review_item(engine, "drill", LATER, "mash")).exercise) == (1, "drill")


async def test_an_item_nobody_asked_about_is_not_found_and_says_where_to_look(engine: Database) -> None:
    with pytest.raises(NotFound, match="alertbus review list"):
        await review_item(engine, "none", LATER, "mash")


@pytest.mark.parametrize("type_", sorted({t for t in TABLE if TABLE[t].topic in TOPICS} - {type_ for _, type_ in WORDS}))
def test_a_word_of_the_bus_that_says_nothing_to_the_chronicle_does_not_count_as_unreadable(type_: str) -> None:
    record = Arrived(TABLE[type_].topic, 0, 0, b"k", b"{}", ())
    elsewhere = Arrived(topics.RECEIPTS, 0, 0, b"k", b"{}", ())
    envelope = Envelope(type=type_, source="/test", id="1", time=T0, subject="x", data=b"{}")

    assert fact_of(Understood(record, envelope)).table is None
    assert fact_of(Understood(elsewhere, envelope)).table is tables.unreadable


async def test_that_people_are_one_is_no_row_of_the_chronicle_and_no_fault(engine: Database) -> None:
    log = Log()
    people = tuple(PersonPointer(case_id=f"case-{n}", key="m") for n in (1, 2))
    log.add(topics.REVIEW, "k", PersonMerged.type, PersonMerged(id="m", source="mash", at=T0, people=people))
    await put(engine, log.records)

    async with reading(engine) as connection:
        assert (await connection.execute(select(tables.unreadable))).all() == []


async def listed(engine: Database, hour: float, **wanted: Any) -> list[str]:
    return [item.id for item in await review_items(engine, hours(hour), "mash", **wanted)]


def of_flag(reason: ReviewReason, said: AcceptedAlert, hour: float, id_: str, *people: str) -> ReviewNeeded:
    return ReviewNeeded(
        id=id_,
        reason=reason,
        at=hours(hour),
        alert_id=said.alert_id,
        source=said.alert.source,
        statement_id=said.statement_id,
        person_ids=people,
    )


async def test_not_23_nobody_is_asked_of_a_flag_before_its_date_and_then_who_stated_it_until_somebody_has_looked(
    engine: Database,
) -> None:
    log = Log()
    flag = accepted("F-1", source="police.northants")
    log.alert(flag)
    log.review(of_flag(ReviewReason.FLAG_REVIEW_DUE, flag, 10, "due"))
    await put(engine, log.records)

    assert (await listed(engine, 9.9), await listed(engine, 9.9, state=None)) == ([], [])
    assert (await queries.status(engine, hours(9.9))).review == 0
    assert (await queries.alert_status(engine, flag.alert_id, now=hours(9.9))).review == ()
    assert await listed(engine, 10) == ["due"]
    assert (await queries.status(engine, hours(10))).review_by_reason == {ReviewReason.FLAG_REVIEW_DUE: 1}
    assert (await queries.alert_status(engine, flag.alert_id, now=hours(10))).review == ("flag_review_due",)
    assert (await review_item(engine, "due", hours(10), "mash")).owner == "police"
    for agency, theirs in (("police", ["due"]), ("police.northants", ["due"]), ("police.other", []), ("pol", []), ("school", [])):
        assert await listed(engine, 10, stated_by=agency) == theirs

    log.decided(decided(ReviewOutcome.SEEN, 11).model_copy(update={"id": "due"}), flag.alert_id)
    await put(engine, log.records)

    assert (await listed(engine, 12), await listed(engine, 12, state=ReviewState.DECIDED)) == ([], ["due"])


@pytest.mark.parametrize(
    ("reason", "action", "asked"),
    [
        (ReviewReason.FLAG_REVIEW_DUE, "amended", []),
        (ReviewReason.FLAG_REVIEW_DUE, "withdrawn", []),
        (ReviewReason.FLAG_PROPOSED, "amended", ["asked"]),
        (ReviewReason.FLAG_PROPOSED, "withdrawn", []),
    ],
)
async def test_not_23_nobody_is_asked_of_what_was_withdrawn_nor_of_a_review_date_that_was_changed(
    engine: Database, reason: ReviewReason, action: str, asked: list[str]
) -> None:
    log = Log()
    first, later = accepted("F-1"), accepted("F-1", hours(1), action=action)
    log.review(of_flag(reason, first, 2, "asked", "p"))
    await put(engine, log.records)
    assert await listed(engine, 4) == ["asked"]  # the chronicle has not read the statement yet

    log.alert(later)
    log.alert(first)
    await put(engine, log.records)
    assert await listed(engine, 4) == asked


async def test_vpf_05_a_flag_is_proposed_once_for_a_person_until_somebody_has_decided(engine: Database) -> None:
    log = Log()
    threats = [accepted(f"T-{n}", hours(n)) for n in range(3)]
    for n, threat in enumerate(threats):
        log.alert(threat)
        log.review(of_flag(ReviewReason.FLAG_PROPOSED, threat, n, f"r-{n}", "p"))
    log.review(of_flag(ReviewReason.FLAG_PROPOSED, threats[0], 0, "another", "q"))
    await put(engine, log.records)

    assert await listed(engine, 5) == ["another", "r-0"]
    assert (await queries.status(engine, hours(5))).review == 2
    assert [item.id for item in await proposals_about(engine, "p", hours(5), "mash")] == ["r-0", "r-1", "r-2"]

    for outcome, open_then in ((ReviewOutcome.SEEN, ["another", "r-1"]), (ReviewOutcome.REOPENED, ["another", "r-0"])):
        hour = 6 if outcome is ReviewOutcome.SEEN else 7
        log.decided(decided(outcome, hour).model_copy(update={"id": "r-0"}), threats[0].alert_id)
        await put(engine, log.records)
        assert await listed(engine, 9) == open_then
