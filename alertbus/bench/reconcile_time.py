"""What a reconciliation costs: full, from nothing, and each minute, on a bus with a history.

    python bench/reconcile.py [--alerts 10000] [--new 100] [--cases 500] [--database postgresql://...]

Writes that many alerts with all that a bus writes about each (nine records: statement, person, case, three notices, three receipts),
their ledger and their chronicle, to a local Kafka of its own and to SQLite or the empty database given. Then each run is a process of its
own, so that its peak memory is its own. Prints one JSON object; seconds are those of the run, without starting Python.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import Producer, Record
from alertbus.broker.topics import ensure_topics
from alertbus.chronicle import tables as chronicle
from alertbus.delivery.ledger.tables import ledger
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.events import ALERT_ACCEPTED, CASE_RECORDED, NOTICE_OWED, RECEIPT_GIVEN, AlertAboutPerson, AlertReachedCase
from alertbus.model.notice import Notice, Receipt, Stage
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.policy.load import load_policy
from alertbus.reconcile.full import reconcile
from alertbus.reconcile.incremental import reconcile_incrementally
from alertbus.reconcile.results import latest_run
from alertbus.settings import load_settings
from alertbus.sql.engine import make_engine, migrate

AGENCIES = ("gp", "health_visiting", "school")
POLICY = load_policy()
BATCH = 500
"""Alerts written together."""


def record(topic: str, key: str, type_: str, word: Word) -> Record:
    data = word.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    headers, value = encode(type=type_, source="/bench", id=str(uuid4()), time=datetime.now(UTC), subject="bench", data=data)
    return Record(topic, key.encode(), value, headers)


def case_of(number: int, at: datetime) -> Case:
    return Case.model_validate(
        {
            "id": f"bench-{number}",
            "version": 1,
            "known_at": at,
            "people": [{"key": "adult", "person_ids": [f"p-{number}"]}],
            "links": [{"person": "adult", "relation": "parent"}],
            "involvements": [{"agency": agency} for agency in AGENCIES],
        }
    )


def alert_of(case: int, at: datetime) -> AcceptedAlert:
    alert = Alert.model_validate(
        {
            "id": str(uuid4()),
            "source": "police.bench",
            "kind": "other",
            "occurred_at": at,
            "recorded_at": at,
            "subjects": [{"person": {"label": "Adult"}}],
            "narrative": [{"text": "Invented for measuring. " * 20}],
        }
    )
    return AcceptedAlert.of(alert, at).with_people(((f"p-{case}",),))


def notices_of(alert: AcceptedAlert, case_id: str) -> Iterator[Notice]:
    for agency in AGENCIES:
        role = POLICY.roles(alert.alert.kind, agency)[0]
        one = ids.obligation_id(alert.alert_id, case_id, agency, role)
        yield sample_notice(
            id=ids.notice_id(one, alert.statement_id),
            obligation=sample_obligation(
                id=one, alert_id=alert.alert_id, case_id=case_id, agency=agency, role=role, since=alert.at, kind=alert.alert.kind
            ),
        )


def written(alert: AcceptedAlert, case_id: str, notices: list[Notice]) -> Iterator[Record]:
    yield record(topics.ALERTS, alert.alert_id, ALERT_ACCEPTED, alert.with_people(()))
    person = alert.people[0][0]
    yield record(topics.PERSON_EVENTS, person, AlertAboutPerson.type, AlertAboutPerson(person_id=person, alert=alert))
    yield record(topics.CASE_EVENTS, case_id, AlertReachedCase.type, AlertReachedCase(case_id=case_id, via=person, alert=alert))
    for notice in notices:
        owed = notice.obligation
        yield record(topics.NOTICES, f"{owed.agency}/{case_id}", NOTICE_OWED, notice)
        receipt = Receipt(
            id=ids.receipt_id(notice.id, "accepted"),
            notice_id=notice.id,
            obligation_id=owed.id,
            alert_id=owed.alert_id,
            case_id=case_id,
            agency=owed.agency,
            stage=Stage.ACCEPTED,
            at=alert.at,
        )
        yield record(topics.RECEIPTS, case_id, RECEIPT_GIVEN, receipt)


def ledger_row(notice: Notice, at: datetime) -> dict[str, Any]:
    owed = notice.obligation
    row = {"notice_id": notice.id, "obligation_id": owed.id, "sector": notice.sector, "deed": notice.deed, "lane": owed.agency}
    row |= {name: getattr(owed, name) for name in ("alert_id", "case_id", "agency", "role")}
    row |= {"notice": b"", "aside": False, "state": "accepted", "attempts": 1, "receipt_pending": False}
    return row | {"recorded_at": at, "done_at": at}


def chronicle_row(notice: Notice) -> dict[str, Any]:
    owed = notice.obligation
    row = {name: getattr(owed, name) for name in ("id", "alert_id", "case_id", "agency", "role", "kind", "severity", "since", "cause")}
    return row | {"severity_rank": 2, "notice_id": notice.id, "state": "accepted"}


async def fill(bootstrap: str, engine: AsyncEngine, alerts: int, cases: int) -> None:
    producer = Producer(bootstrap)
    await producer.start()
    for start in range(0, alerts, BATCH):
        out: list[Record] = []
        told: list[Notice] = []
        at = datetime.now(UTC)
        for number in range(start, min(start + BATCH, alerts)):
            alert, case_id = alert_of(number % cases, at), f"bench-{number % cases}"
            notices = list(notices_of(alert, case_id))
            told += notices
            out += written(alert, case_id, notices)
        await producer.send_all(out)
        async with engine.begin() as connection:
            await connection.execute(insert(ledger), [ledger_row(notice, at) for notice in told])
            await connection.execute(insert(chronicle.obligation), [chronicle_row(notice) for notice in told])
    await producer.stop()


async def phase(name: str, bootstrap: str, url: str) -> dict[str, Any]:
    """One run in this process."""
    engine = make_engine(url)
    try:
        began, cpu = time.perf_counter(), time.process_time()
        if name == "full":
            found = await reconcile(bootstrap, engine, POLICY)
            answer: dict[str, Any] = {"difference": found.difference, "owed": found.owed}
        else:
            await reconcile_incrementally(bootstrap, engine, POLICY)
            ended = await latest_run(engine)
            assert ended is not None
            answer = ended.model_dump(mode="json", include={"difference", "owed", "records", "judged"})
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    finally:
        await engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return answer | {"s": round(took, 2), "cpu_s": round(cpu, 2), "peak_mib": round(peak / 1024)}


async def apart(name: str, bootstrap: str, url: str) -> dict[str, Any]:
    environment = os.environ | {"BENCH_DATABASE": url}  # not on the command line: it may hold a password
    child = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--phase", name, "--bootstrap", bootstrap, env=environment, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    answer: dict[str, Any] = json.loads(out)
    return answer


async def main(alerts: int, new: int, cases: int, database: str | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="alertbus-bench-") as folder:
        kafka = LocalKafka(Path(folder) / "kafka")
        await kafka.start()
        url = load_settings(database_url=database or f"sqlite:///{folder}/bench.db").sqlalchemy_url
        await migrate(url)
        engine = make_engine(url)
        try:
            await ensure_topics(kafka.bootstrap)
            producer = Producer(kafka.bootstrap)
            await producer.start()
            at = datetime.now(UTC) - timedelta(days=1)
            snapshots = [case_of(number, at) for number in range(cases)]
            await producer.send_all([record(topics.CASES, case.id, CASE_RECORDED, case) for case in snapshots])
            await producer.stop()
            await fill(kafka.bootstrap, engine, alerts, cases)
            answer: dict[str, Any] = {"alerts": alerts, "new": new, "cases": cases, "database": engine.dialect.name}
            answer["load"] = round(os.getloadavg()[0], 1)
            answer["full"] = await apart("full", kafka.bootstrap, url)
            answer["from_nothing"] = await apart("follow", kafka.bootstrap, url)
            await fill(kafka.bootstrap, engine, new, cases)
            answer["minute"] = await apart("follow", kafka.bootstrap, url)
            answer["quiet_minute"] = await apart("follow", kafka.bootstrap, url)
        finally:
            await engine.dispose()
            await kafka.stop()
    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--new", type=int, default=100)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--database")
    parser.add_argument("--phase", help=argparse.SUPPRESS)
    parser.add_argument("--bootstrap", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        print(json.dumps(asyncio.run(phase(options.phase, options.bootstrap, os.environ["BENCH_DATABASE"]))))
    else:
        print(json.dumps(asyncio.run(main(options.alerts, options.new, options.cases, options.database))))
