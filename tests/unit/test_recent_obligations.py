"""What the chronicle remembers of recent obligations changes nothing but the reading: not what is written, in no order, with no repeat, and
whoever else writes meanwhile.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, select

from alertbus.broker.record import Partition
from alertbus.chronicle import tables
from alertbus.chronicle.projector import Fact, derive_again, read, write_facts
from alertbus.chronicle.recent_obligations import RecentObligations
from alertbus.model.notice import Deed
from alertbus.model.receipt import Intent, Stage
from alertbus.sql.engine import metadata
from tests.story import Arrived, Log, a_notice, a_receipt, accepted, hours

OBLIGATIONS = 3
PARTITIONS = 2


def a_database() -> Engine:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine, tables=tables.TABLES)
    return engine


def everything(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, without the number of the change, which goes by the clock, and without counts of nothing."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in tables.TABLES:
        columns = [column for column in table.columns if column.name != "changed"]
        found[table.name] = [tuple(row) for row in connection.execute(select(*columns).order_by(*table.primary_key))]
    found[tables.count.name] = [row for row in found[tables.count.name] if row[-1] != 0]
    return found


def from_scratch(facts: Sequence[Fact]) -> dict[str, list[tuple[Any, ...]]]:
    """All facts at once, and then each obligation once."""
    with a_database().begin() as connection:
        write_facts(connection, facts, derived=False)
        derive_again(connection, list(connection.execute(select(tables.notice.c.obligation_id).distinct()).scalars()))
        return everything(connection)


@st.composite
def some_partitions(draw: st.DrawFn) -> dict[Partition, list[Fact]]:
    """Notices and receipts of a few obligations, in any order and in any partition, some of them written twice."""
    log = Log()
    drawn = st.tuples(st.integers(0, OBLIGATIONS - 1), st.sampled_from([*Deed, *Stage]), st.integers(0, 5), st.integers(0, PARTITIONS - 1))
    said = draw(st.lists(drawn, min_size=1, max_size=25))
    again = draw(st.lists(st.sampled_from(said), max_size=5))
    ends: dict[Partition, int] = {}
    stands: dict[tuple[int, Deed | Stage, int], int] = {}
    records: list[Arrived] = []
    for owed, what, hour, drawn_partition in [*said, *again]:
        partition = stands.setdefault((owed, what, hour), drawn_partition)  # what is written twice has one key
        notice = a_notice(f"{owed}-{what}-{hour}", f"owed-{owed}", deed=what if isinstance(what, Deed) else Deed.DELIVER, since=hours(hour))
        notice = notice.model_copy(update={"recipient": (None, "R. Postholder", "Sam Field")[hour % 3]})
        if isinstance(what, Deed):
            log.notice(notice)
        else:
            log.receipt(a_receipt(notice, what, hours(hour), by="R. Postholder", intent=Intent.ACTING))
        record = log.records[-1]
        record.partition, record.offset = partition, ends.get((record.topic, partition), 0)
        ends[record.topic, partition] = record.offset + 1
        records.append(record)
    found: dict[Partition, list[Fact]] = {}
    for fact in read(records):
        found.setdefault((fact.topic, fact.partition), []).append(fact)
    return found


class Cut(Exception):
    """The database went away."""


def write_some(engine: Engine, batch: Sequence[Fact], recent: RecentObligations, cut_at: int | None) -> bool:
    """Write the batch; or, `cut_at` being the number of a statement, until there, or up to the commit where there are not as many."""
    left = cut_at

    def executed(*_: object) -> None:
        nonlocal left
        if left is not None:
            left -= 1
            if left < 0:
                raise Cut

    event.listen(engine, "before_cursor_execute", executed)
    try:
        with engine.connect() as connection:
            write_facts(connection, batch, recent=recent)
            if cut_at is None:
                connection.commit()
    except Cut:
        return False
    finally:
        event.remove(engine, "before_cursor_execute", executed)
    return cut_at is None


@settings(deadline=None)
@given(some_partitions(), st.integers(0, OBLIGATIONS), st.integers(0, 2**32))
def test_any_order_any_repeat_any_writer_and_any_crash_give_what_deriving_from_scratch_gives(
    partitions: dict[Partition, list[Fact]], limit: int, seed: int
) -> None:
    dice = random.Random(seed)
    writers = [RecentObligations(limit), RecentObligations(limit)]
    left = dict.fromkeys(partitions, 0)
    engine = a_database()
    while any(left[where] < len(facts) for where, facts in partitions.items()):
        batch: list[Fact] = []
        reached = dict(left)
        for where in dice.sample(sorted(partitions), dice.randint(1, len(partitions))):
            reached[where] = min(left[where] + dice.randint(0, 4), len(partitions[where]))
            batch += partitions[where][max(0, left[where] - dice.randint(0, 3)) : reached[where]]
        if write_some(engine, batch, dice.choice(writers), dice.choice([None, None, dice.randint(0, 7)])):
            left = reached

    with engine.connect() as connection:
        found = everything(connection)
    assert found == from_scratch([fact for facts in partitions.values() for fact in facts])


@pytest.mark.parametrize("cut_at", [pytest.param(3, id="before its progress"), pytest.param(4, id="before its commit")])
def test_what_was_remembered_of_a_write_that_did_not_come_to_be_is_not_believed(cut_at: int) -> None:
    log, engine, recent, anothers = Log(), a_database(), RecentObligations(), RecentObligations()
    notice = a_notice("n-1")
    log.notice(notice)
    log.receipt(a_receipt(notice, Stage.ACKNOWLEDGED, hours(1), by="First Reader"))
    log.receipt(a_receipt(notice, Stage.SEEN))
    log.receipt(a_receipt(notice, Stage.ACKNOWLEDGED, hours(2), by="Second Reader"))
    for record, partition, offset in zip(log.records[1:], (0, 1, 1), (0, 0, 1), strict=True):
        record.partition, record.offset = partition, offset
    owed, first, seen, second = read(log.records)

    written = [
        write_some(engine, [owed], recent, None),
        write_some(engine, [first], recent, cut_at),
        write_some(engine, [seen], anothers, None),
        write_some(engine, [second], recent, None),
    ]

    assert written == [True, False, True, True]
    with engine.connect() as connection:
        assert connection.execute(select(tables.obligation.c.acknowledged_by)).scalar_one() == "Second Reader"


def test_what_another_wrote_of_an_obligation_is_not_forgotten_over_a_write_about_something_else() -> None:
    """The write in between finds the progress changed, and goes on from there: what it did not look at is no newer by that."""
    log, engine, recent, anothers = Log(), a_database(), RecentObligations(), RecentObligations()
    first, second, other = a_notice("n-1", "owed"), a_notice("n-2", "owed", deed=Deed.AMEND, since=hours(1)), a_notice("n-3", "another")
    for notice in (first, second, other):
        log.notice(notice)
    log.receipt(a_receipt(first, Stage.ACCEPTED))
    for record, partition in zip(log.records, (0, 1, 2, 3), strict=True):
        record.partition, record.offset = partition, 0
    told, amended, another_told, accepted_ = read(log.records)

    for one, writer in ((told, recent), (amended, anothers), (another_told, recent), (accepted_, recent)):
        assert write_some(engine, [one], writer, None)

    with engine.connect() as connection:
        found = everything(connection)
    assert found == from_scratch([told, amended, another_told, accepted_])


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are run meanwhile, each by its first words."""
    said: list[str] = []

    def executed(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        said.append(" ".join(statement.partition("(")[0].split()[:5]))

    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", executed)


def put(engine: Engine, log: Log, recent: RecentObligations) -> None:
    with engine.begin() as connection:
        write_facts(connection, read(log.records), recent=recent)
    log.records.clear()


@pytest.fixture
def log() -> Log:
    return Log()


NOTICES = [a_notice(f"n-{n}", case_id=f"case-{n % 5}") for n in range(30)]


def told(log: Log) -> None:
    for n in range(3):
        log.alert(accepted(f"T-{n}"))
        log.reached(accepted(f"T-{n}"), f"case-{n}")
    for notice in NOTICES:
        log.notice(notice)


def delivered(log: Log, stage: Stage = Stage.ACCEPTED) -> None:
    for notice in NOTICES:
        log.receipt(a_receipt(notice, stage, hours(1)))


READ_PROGRESS = "SELECT topic, partition, next FROM"
WRITE_PROGRESS = "INSERT INTO chronicle_progress"
WRITE_RECEIPTS = "INSERT INTO chronicle_receipt"
COUNT = "SELECT chronicle_notice.obligation_id FROM chronicle_notice WHERE"
KNOWN_ALERTS = "SELECT chronicle_alert.statement_id, chronicle_alert.alert_id, chronicle_alert.exercise FROM"
LAST_CHANGE = "SELECT max"
KEEP_COUNTS = "INSERT INTO chronicle_count"
TOUCH = "UPDATE chronicle_obligation SET changed=? WHERE"
ANSWER = "UPDATE chronicle_obligation SET state=?, acknowledged_by=?,"


def test_alerts_with_their_notices_are_twelve_statements_and_the_receipts_six_which_read_no_notice(log: Log) -> None:
    engine, recent = a_database(), RecentObligations()
    told(log)
    with counted(engine) as statements:
        put(engine, log, recent)

    assert len(statements) == 12
    assert [one for one in statements if one.startswith("SELECT")] == [READ_PROGRESS, KNOWN_ALERTS, COUNT, LAST_CHANGE]

    delivered(log)
    with counted(engine) as statements:
        put(engine, log, recent)

    assert statements == [READ_PROGRESS, WRITE_RECEIPTS, KEEP_COUNTS, LAST_CHANGE, ANSWER, WRITE_PROGRESS]


def test_what_changes_nothing_of_an_obligation_writes_only_that_something_was_said_of_it(log: Log) -> None:
    engine, recent = a_database(), RecentObligations()
    told(log)
    delivered(log, Stage.SEEN)
    put(engine, log, recent)

    delivered(log, Stage.ACCEPTED)
    with counted(engine) as statements:
        put(engine, log, recent)

    assert statements == [READ_PROGRESS, WRITE_RECEIPTS, LAST_CHANGE, TOUCH, WRITE_PROGRESS]


def test_where_another_process_has_written_the_obligations_are_counted_and_only_those_it_wrote_of_are_read(log: Log) -> None:
    engine, recent, anothers = a_database(), RecentObligations(), RecentObligations()
    told(log)
    put(engine, log, recent)
    log.alert(accepted("T-9"))
    put(engine, log, anothers)

    delivered(log)
    with counted(engine) as statements:
        put(engine, log, recent)
    assert statements == [READ_PROGRESS, WRITE_RECEIPTS, COUNT, KEEP_COUNTS, LAST_CHANGE, ANSWER, WRITE_PROGRESS]

    log.receipt(a_receipt(NOTICES[0], Stage.SEEN, hours(2)))
    put(engine, log, anothers)
    delivered(log, Stage.ACKNOWLEDGED)
    with counted(engine) as statements:
        put(engine, log, recent)
    read_again = {"SELECT chronicle_notice.obligation_id", "SELECT chronicle_receipt.obligation_id", "SELECT chronicle_obligation.id"}
    assert {" ".join(one.replace(",", "").split()[:2]) for one in statements} >= read_again


def test_no_more_obligations_are_remembered_than_the_limit(log: Log) -> None:
    engine, recent = a_database(), RecentObligations(10)
    told(log)
    put(engine, log, recent)

    assert len(recent) == 10


def test_a_notice_with_numbers_that_are_none_is_read_again_as_it_was_read_first(log: Log) -> None:
    engine = a_database()
    notice = a_notice("n-1", details={"flag": {"grade": "GRADE"}})
    log.notice(notice)
    log.records[0].value = (log.records[0].value or b"").replace(b'"GRADE"', b"NaN")
    put(engine, log, RecentObligations())
    log.receipt(a_receipt(notice, Stage.SEEN))
    put(engine, log, RecentObligations())

    with engine.connect() as connection:
        assert connection.execute(select(tables.obligation.c.state)).scalar_one() == "seen"
