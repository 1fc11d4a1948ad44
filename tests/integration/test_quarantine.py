"""Quarantine on a whole bus: poison of every kind in every topic that is consumed, redrives, and not a word of what an entry holds."""

import asyncio
import contextlib
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import CursorResult

from alertbus.audit.chain import AuditRecord
from alertbus.broker import topics
from alertbus.broker.access import client_arguments
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import encode
from alertbus.broker.groups import GROUPS
from alertbus.broker.jars import find_java
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.broker.topics import partition_counts
from alertbus.cli.main import app, guarded
from alertbus.delivery.ledger.tables import ledger
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.base import Word
from alertbus.model.case import Link
from alertbus.model.events import ALERT_ACCEPTED, NOTICE_OWED, AlertAboutPerson, CaseChanged, LinkChanged, Tick
from alertbus.operations.progress import pending
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings
from alertbus.sql.engine import make_engine

pytestmark = pytest.mark.kafka

CANARY = "Canary-Mother-of-Northfield"
SECRET = "whsec_" + "c2FmZWd1YXJkaW5nLXNhZmVndWFyZGluZy0xMjM0"
CONSUMED = {
    topics.ALERTS: ALERT_ACCEPTED,
    topics.PERSON_EVENTS: AlertAboutPerson.type,
    topics.CASE_EVENTS: CaseChanged.type,
    topics.NOTICES: NOTICE_OWED,
}
PERSON = ("--by", "A. Person", "--reason", "the cause is mended")


class System:
    """An agency's system: says `status` to whatever it is sent, and remembers under which key it came."""

    def __init__(self) -> None:
        self.status = 400
        self.keys: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}
        await reader.readexactly(int(headers["content-length"]))
        self.keys.append(headers["webhook-id"])
        writer.write(f"HTTP/1.1 {self.status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[tuple[System, str]]:
    system = System()
    server = await asyncio.start_server(system.serve, "127.0.0.1", 0)
    yield system, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    server.close()


@pytest.fixture(scope="module")
def settings_of_the_bus(system: tuple[System, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERTBUS_CHANNELS", json.dumps({"housing": {"channel": "webhook", "url": system[1], "secret": SECRET}}))
        yield


@pytest.fixture(scope="module")
async def bus(settings_of_the_bus: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    settings = load_settings(data_dir=tmp_path_factory.mktemp("bus"), http_port=any_port("127.0.0.1"), partitions=4)
    supervisor = Supervisor(settings, lambda _: None)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


@pytest.fixture
async def producer(bus: Supervisor) -> AsyncIterator[Producer]:
    producer = Producer(bus.bootstrap)
    await producer.start()
    yield producer
    await producer.stop()


async def until(condition: Callable[[], Awaitable[Any]], limit_s: float = 90.0) -> Any:
    async with asyncio.timeout(limit_s):
        while not (found := await condition()):  # noqa: ASYNC110  it is in Kafka, in a database or in a process
            await asyncio.sleep(0.1)
    return found


async def command(bus: Supervisor, *words: str, code: int = 0, user: str = "a.person") -> str:
    """What the command says; its exit code must be `code`. In a thread of ours: a process each would take seconds to begin."""
    out, err = io.StringIO(), io.StringIO()

    def run() -> int:
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.setenv("ALERTBUS_BOOTSTRAP_SERVERS", bus.bootstrap)
            patch.setenv("ALERTBUS_DATA_DIR", str(bus.settings.data_dir))
            patch.setenv("ALERTBUS_HTTP_PORT", str(bus.settings.http_port))
            patch.setenv("LOGNAME", user)
            return guarded(lambda: app(list(words)))

    ended = await asyncio.to_thread(run)
    said = out.getvalue() + err.getvalue()
    assert ended == code, said
    assert CANARY not in said
    return out.getvalue()


async def listed(bus: Supervisor, *words: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(await command(bus, "quarantine", "list", "--json", *words))
    return entries


async def ends(bus: Supervisor) -> dict[TopicPartition, int]:
    """How far every topic of ours reaches."""
    counts = await partition_counts(bus.bootstrap)
    places = [TopicPartition(spec.name, n) for spec in topics.TOPICS for n in range(counts[spec.name])]
    consumer = AIOKafkaConsumer(**client_arguments(bus.bootstrap), enable_auto_commit=False)
    await consumer.start()
    try:
        return dict(await consumer.end_offsets(places))
    finally:
        await consumer.stop()


async def quiet(bus: Supervisor) -> bool:
    return not any(group.pending for group in (await pending(bus.bootstrap)).values())


def poison_for(topic: str, type_: str) -> dict[str, Record]:
    """Every way in which a record can be no word of ours, each with the canary in all places that a stranger can write."""
    headers, _ = encode(type=type_, source="/test", id="event-1", time=datetime.now(UTC), subject="subject-1", data=b"")
    other, _ = encode(type="uk.alertbus.canary.sung.v9", source="/test", id="event-1", time=datetime.now(UTC), subject="s", data=b"")
    key, said = f"{CANARY}/{topic}".encode(), json.dumps({"name": CANARY}).encode()
    stamped = {"timestamp_ms": 0}
    return {
        "no headers": Record(topic, key, said),
        "headers of a stranger": Record(topic, key, said, [("note", CANARY.encode())]),
        "another type": Record(topic, key, said, other),
        "an older CloudEvents": Record(topic, key, said, [(n, b"0.3" if n == "ce_specversion" else v) for n, v in headers]),
        "no JSON": Record(topic, key, CANARY.encode(), headers),
        "bytes that are no text": Record(topic, b"\xff\xfe" + key, b"\xff" + said, headers),
        "not the word": Record(topic, key, said, headers),
        "nothing": Record(topic, key, b"", headers),
        "no key and a time long ago": Record(topic, b"", said, headers, partition=0, **stamped),
        "very large": Record(topic, key, b'"' + CANARY.encode() * 34_000 + b'"', headers),
    }


def words_that_cannot_be_decided() -> list[Record]:
    """Words of ours, each whole, that a stage cannot decide all the same; and, first, the link that makes the last of them so."""
    at = datetime.now(UTC)
    person = {"person": {"label": CANARY, "identifiers": [{"system": "nhs_number", "value": "9990000018"}]}}
    said = {"id": "huge", "source": "police", "kind": "other", "occurred_at": at, "recorded_at": at, "subjects": [person]}
    small = AcceptedAlert.of(Alert.model_validate(said), at).with_people((("p-1",),))
    huge = AcceptedAlert.of(Alert.model_validate(said | {"details": {"more": CANARY * 36_900}}), at)
    nowhere = LinkChanged(person_id="p-1", case_id=f"{CANARY} is no id", version=1, links=(Link(person="p-1", relation="mother"),))

    def word(topic: str, key: str, type_: str, value: Word) -> Record:
        headers, data = encode(
            type=type_, source="/test", id="event-1", time=at, subject="s", data=value.model_dump_json(by_alias=True).encode()
        )
        return Record(topic, key.encode(), data, headers)

    about = AlertAboutPerson(person_id="p-1", alert=small)
    return [
        word(topics.PERSON_EVENTS, "p-1", LinkChanged.type, nowhere),
        word(topics.ALERTS, huge.alert_id, ALERT_ACCEPTED, huge),
        word(topics.PERSON_EVENTS, "p-2", AlertAboutPerson.type, about),
        word(topics.CASE_EVENTS, "case-2", Tick.type, Tick(case_id="case-1", since=at, at=at)),
        word(topics.PERSON_EVENTS, "p-1", AlertAboutPerson.type, about),
    ]


async def test_poison_of_every_kind_in_every_topic_that_is_consumed_lies_in_quarantine_once_though_it_came_again(
    bus: Supervisor, producer: Producer
) -> None:
    poison = [record for topic, type_ in CONSUMED.items() for record in poison_for(topic, type_).values()]
    link, *undecidable = words_that_cannot_be_decided()
    poison += undecidable
    await producer.send_all([link, *poison])
    before = await until(lambda: _when(listed(bus), lambda found: len(found) >= len(poison)))
    await until(lambda: quiet(bus))

    for child in bus.children:
        if child.name in {"stream", "delivery"}:
            os.kill(child.process.pid, signal.SIGKILL)
            child.process.wait()
    await until(lambda: _rewound(bus))  # as if they had died before they could commit
    written = sum([1 async for _ in read_all(bus.bootstrap, [topics.QUARANTINE])])
    await bus._look()
    await until(lambda: quiet(bus))
    again = sum([1 async for _ in read_all(bus.bootstrap, [topics.QUARANTINE])])
    after = await listed(bus)

    assert again >= written + len(poison), "nothing came again: the test shows nothing"
    assert after == before
    assert len(after) == len(poison)
    assert {entry["from"].split("/")[0] for entry in after} == set(CONSUMED)
    assert {entry["disposition"] for entry in after} == {"poison"}
    assert len({entry["entry"] for entry in after}) == len({entry["from"] for entry in after}) == len(poison)
    for entry in after[:3]:
        assert entry["from"] in await command(bus, "quarantine", "show", entry["id"])
    for path in (bus.settings.data_dir / "logs").glob("*.log"):
        assert CANARY not in path.read_text(encoding="utf-8")


async def test_what_is_no_entry_of_ours_is_listed_by_its_place_alone(bus: Supervisor, producer: Producer) -> None:
    await producer.send_all([Record(topics.QUARANTINE, CANARY.encode(), CANARY.encode(), [("ce_subject", CANARY.encode())])])

    [stranger] = [entry for entry in await listed(bus) if entry["entry"] is None]

    assert {name: value for name, value in stranger.items() if value} == {
        "id": stranger["id"],
        "error": "NoEntryOfOurs",
        "bytes": len(CANARY),
    }
    assert "no_entry_of_ours" in await command(bus, "quarantine", "redrive", stranger["id"], *PERSON, code=1)


async def test_a_notice_the_database_refused_flows_once_the_cause_is_mended_and_a_second_redrive_does_nothing(bus: Supervisor) -> None:
    await sql(bus, "CREATE TRIGGER refuse BEFORE INSERT ON ledger WHEN NEW.agency = 'gp' BEGIN SELECT RAISE(ABORT, 'refused'); END")
    await tell(bus, "ash", "gp")
    [entry] = await until(lambda: listed(bus, "--cause", "IntegrityError"))
    assert (entry["from"].split("/")[0], entry["disposition"], entry["attempt"]) == (topics.NOTICES, "poison", 1)
    assert await inbox(bus, "gp", "accepted") == []
    await until(lambda: quiet(bus))

    stood = await ends(bus)
    assert "put_back" in await command(bus, "quarantine", "redrive", entry["id"], "--dry-run")
    assert await ends(bus) == stood

    await sql(bus, "DROP TRIGGER refuse")
    await command(bus, "quarantine", "redrive", entry["id"], *PERSON)
    [item] = await until(lambda: inbox(bus, "gp", "accepted"))
    await until(lambda: quiet(bus))

    stood = await ends(bus)
    assert "already put back" in await command(bus, "quarantine", "redrive", "--cause", "IntegrityError", *PERSON)
    assert await ends(bus) == stood

    await command(bus, "quarantine", "redrive", entry["id"], "--again", *PERSON)
    await until(lambda: quiet(bus))
    [still] = await inbox(bus, "gp", "accepted")
    assert still["receipts"] == item["receipts"]
    assert await sql(bus, "SELECT COUNT(*) FROM inbox_message WHERE agency = 'gp'") == 1
    [shown] = await listed(bus, entry["id"])
    assert (shown["redriven"]["by"], shown["redriven"]["reason"]) == ("A. Person", "the cause is mended")


async def test_a_redriven_record_that_is_still_poison_is_a_new_entry_at_its_next_attempt(bus: Supervisor, producer: Producer) -> None:
    lot = await listed(bus, "--cause", "poison")
    one = next(entry for entry in lot if entry["from"].startswith(topics.ALERTS) and entry["bytes"] > 1_000)
    await command(bus, "quarantine", "redrive", one["id"], *PERSON)

    more = await until(lambda: _when(listed(bus, "--cause", "poison"), lambda found: len(found) > len(lot)))

    [second] = [entry for entry in more if entry["entry"] not in {known["entry"] for known in lot}]
    assert (second["attempt"], second["error"], second["bytes"]) == (2, one["error"], one["bytes"])
    [first] = await listed(bus, one["id"])
    assert first["redriven"] is not None


async def test_a_notice_refused_for_good_is_in_quarantine_and_is_sent_again_once_when_redriven(
    bus: Supervisor, system: tuple[System, str]
) -> None:
    agency = system[0]
    await tell(bus, "birch", "housing")
    entry, *_ = await until(lambda: listed(bus, "--agency", "housing", "--cause", "refused"))
    first = agency.keys[0]  # what follows is the escalation of it, refused as well or not yet
    assert (entry["error"], entry["attempt"], entry["from"]) == ("refused", 1, f"{topics.NOTICES}/notice/{first}")
    assert entry["version"].startswith("housing ")
    assert agency.keys.count(first) == 1
    assert CANARY.encode() in b"".join(await values(bus, topics.QUARANTINE)), "an entry that holds nothing shows nothing either"

    agency.status = 200
    await command(bus, "quarantine", "redrive", entry["id"], *PERSON)
    await until(lambda: _accepted(bus, first))
    assert agency.keys.count(first) == 2

    await command(bus, "quarantine", "redrive", entry["id"], "--again", *PERSON)
    await until(lambda: quiet(bus))
    assert await sql(bus, f"SELECT attempts FROM {ledger.name} WHERE notice_id = '{first}'") == 2
    assert agency.keys.count(first) == 2


async def test_every_redrive_stands_in_the_audit_with_who_when_which_and_why_and_the_chain_holds(bus: Supervisor) -> None:
    said = json.loads(await command(bus, "audit", "verify", "--json"))
    audited = [AuditRecord.model_validate_json(value) for value in await values(bus, topics.AUDIT)]
    records = [record for record in audited if record.deed.value.startswith("redrive")]

    assert (said["breaks"], said["records"]) == ([], len(audited))
    assert [record.deed.value for record in records] == ["redrive_begun", "redrive_done"] * (len(records) // 2)
    assert {record.by for record in records} == {"A. Person"}
    assert any(place.startswith(f"{topics.NOTICES}/notice/") for record in records for place in record.places)


async def test_audit_verify_says_where_the_chain_breaks_and_exits_1(bus: Supervisor, producer: Producer) -> None:
    last = [value for value in await values(bus, topics.AUDIT) if b"A. Person" in value][-1]
    await producer.send_all([Record(topics.AUDIT, b"operations", last.replace(b"A. Person", b"Nobody At"))])

    said = await command(bus, "audit", "verify", code=1)

    assert said.startswith("chain operations: altered at alertbus.audit/")


@pytest.mark.parametrize(
    "words",
    [
        ("redrive", *PERSON),
        ("redrive", "--all", "--by", "A. Person"),
        ("redrive", "--all", "--by", "root", "--reason", "x"),
        ("redrive", "--all", "--by", "A. Person", "--reason", "x" * 501),
        ("redrive", "3-20..10", *PERSON),
        ("list", CANARY.lower()),
    ],
)
async def test_wrong_usage_is_said_and_exits_2(bus: Supervisor, words: tuple[str, ...]) -> None:
    await command(bus, "quarantine", *words, code=2)


async def test_nothing_chosen_exits_1_and_an_account_without_a_person_must_say_who(bus: Supervisor) -> None:
    await command(bus, "quarantine", "redrive", "--agency", "nobody", *PERSON, code=1)
    await command(bus, "quarantine", "redrive", "--all", "--reason", "x", code=2, user="root")
    await command(bus, "quarantine", "show", "3-999999", code=1)


# --- what the tests ask of the bus ------------------------------------------------------------------------------------


async def _when(asked: Awaitable[Any], holds: Callable[[Any], bool]) -> Any:
    found = await asked
    return found if holds(found) else None


async def _accepted(bus: Supervisor, notice_id: str) -> bool:
    return bool(await sql(bus, f"SELECT state FROM {ledger.name} WHERE notice_id = '{notice_id}'") == "accepted")


async def _rewound(bus: Supervisor) -> bool:
    """Put the groups of stream and delivery back to the beginning; the broker lets nobody while it believes in a member."""
    counts = await partition_counts(bus.bootstrap)
    for group in ("alertbus-stream", "alertbus-delivery"):
        places = [TopicPartition(topic, n) for topic in GROUPS[group] for n in range(counts[topic])]
        consumer = AIOKafkaConsumer(**client_arguments(bus.bootstrap), group_id=group, enable_auto_commit=False)
        consumer.assign(places)
        await consumer.start()
        try:
            await consumer.commit(dict.fromkeys(places, 0))
        except KafkaError:
            return False
        finally:
            await consumer.stop()
    return True


async def values(bus: Supervisor, topic: str) -> list[bytes]:
    found = [(r.timestamp, r.partition, r.offset, r.value or b"") async for r in read_all(bus.bootstrap, [topic])]
    return [value for *_, value in sorted(found)]


async def sql(bus: Supervisor, statement: str) -> Any:
    engine = make_engine(bus.settings.sqlalchemy_url)
    try:
        return await engine.write(lambda connection: _answer(connection.exec_driver_sql(statement)))
    finally:
        await engine.dispose()


async def inbox(bus: Supervisor, agency: str, stage: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=bus.url) as client:
        answer = await client.get("/v1/inbox", params={"agency": agency, "limit": "500"})
        return [item for item in answer.json()["items"] if stage in {receipt["stage"] for receipt in item["receipts"]}]


async def tell(bus: Supervisor, case: str, agency: str) -> None:
    """Make one notice for the agency, of an alert that names the canary."""
    people = [{"key": f"{case}-child", "label": CANARY}, {"key": f"{case}-adult", "label": CANARY}]
    snapshot = {
        "id": case,
        "people": people,
        "children": [f"{case}-child"],
        "links": [{"person": f"{case}-adult", "relation": "mother"}],
        "involvements": [{"agency": agency}],
    }
    alert = {
        "id": f"{case}-1",
        "source": "police.northants",
        "kind": "threat_to_staff",
        "occurred_at": "2026-11-18T14:05:00Z",
        "recorded_at": "2026-11-18T15:00:00Z",
        "subjects": [{"person": {"key": f"{case}-adult"}}],
        "narrative": [{"text": CANARY}],
    }
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as client:
        for answer in (await client.put(f"/v1/cases/{case}", json=snapshot), await client.post("/v1/alerts", json=alert)):
            assert answer.is_success, answer.text


def _answer(found: CursorResult[Any]) -> Any:
    return found.scalar_one() if found.returns_rows else None
