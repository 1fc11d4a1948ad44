"""How long it takes to get everything back: an invented county's records straight into the topics, then `alertbus audit rebuild`.

    python bench/rebuild.py --events 1000000 [--families 100] [--database postgresql://...] [--keep FOLDER]

The records are those the bus would have written, put there by its own producer: per family one case with seven agencies,
and alerts about its adult, one in ten amended and one in twenty withdrawn; of each notice that it was accepted by the
built-in inbox, and of one in three that somebody acknowledged it. `--families` are made by the bus's own reducers; the
others are their copies under other ids, because a million would take the reducers longer than everything else. A copy's
ids are not those that the reconciler would compute, so with copies the rebuild leaves it out; without (0: no copies) it
reconciles. The rebuild is the real command in a process of its own, and the peak of memory that process's. Everybody is
made up.
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psutil

from alertbus.broker import topics
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import Producer, Record
from alertbus.broker.topics import ensure_topics
from alertbus.delivery.arrivals import receipt_record
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action, Alert, Severity
from alertbus.model.case import Case
from alertbus.model.events import NOTICE_OWED, AlertAboutPerson, CaseChanged, LinkChanged
from alertbus.model.notice import Intent, Notice, Receipt, Stage
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.reach import reduce_case as case_reducer
from alertbus.reach import reduce_person as person_reducer
from alertbus.reach.notices import notice_for
from alertbus.reach.reduce_case import reduce_case
from alertbus.reach.reduce_person import reduce_person
from alertbus.stream.stages import record
from alertbus.wire import records

AGENCIES = ("childrens_social_care", "gp", "health_visiting", "school", "midwifery", "nursery", "hospital")
KINDS = ("threat_to_staff", "ppn", "school_concern", "domestic_abuse_incident", "non_engagement", "other")
ALERTS_EACH = 8
AMENDED, WITHDRAWN, ACKNOWLEDGED = 0.1, 0.05, 1 / 3
AT_ONCE = 5_000
UUID_FORM = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
BEGAN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Family:
    """One case and its adult, told to the topics as the gateway, the stages and delivery would have."""

    def __init__(self, number: int, policy: Policy) -> None:
        self._chance = random.Random(number)
        self._number, self._policy = number, policy
        self._person_id = str(UUID(int=self._chance.getrandbits(128), version=4))
        self._person, self._case = person_reducer.EMPTY, case_reducer.EMPTY
        self._at = BEGAN + timedelta(seconds=number)

    def story(self) -> Iterator[Record]:
        yield from self._opened()
        for number in range(ALERTS_EACH):
            said = self._alert(number)
            yield from self._stated(said)
            if self._chance.random() < AMENDED:
                amended = {"action": Action.AMENDED, "severity": Severity.HIGH}
                yield from self._stated(said.model_copy(update=amended))
            if self._chance.random() < WITHDRAWN:
                yield from self._stated(said.model_copy(update={"action": Action.WITHDRAWN}))

    def _opened(self) -> Iterator[Record]:
        snapshot = Case.model_validate(
            {
                "id": f"family-{self._number}",
                "people": [{"key": "adult", "label": "Adult", "identifiers": [{"system": "crn", "value": self._crn}]}],
                "links": [{"person": "adult", "relation": "parent"}],
                "involvements": [{"agency": agency} for agency in AGENCIES],
            }
        ).with_implied_links()
        people = tuple(person.model_copy(update={"person_ids": (self._person_id,)}) for person in snapshot.people)
        case = snapshot.model_copy(update={"people": people}).learned(None, self._at)
        links = LinkChanged(person_id=self._person_id, case_id=case.id, version=1, links=case.links)
        self._case, _ = reduce_case(self._case, CaseChanged(case=case), self._policy)
        self._person, _ = reduce_person(self._person, links, self._policy)
        yield records.case_changed(case, self._at)
        yield from records.links_changed(case, (), self._at)
        yield from records.people_recorded(case, self._at)
        yield records.case_recorded(case, self._at)

    def _stated(self, said: Alert) -> Iterator[Record]:
        self._at += timedelta(minutes=7)
        accepted = AcceptedAlert.of(said, self._at, None if said.action is Action.RAISED else self._at - timedelta(minutes=7))
        yield records.alert_accepted(accepted)
        about = AlertAboutPerson(person_id=self._person_id, alert=accepted.with_people(((self._person_id,),)))
        event_id = ids.event_id(about.type, accepted.statement_id, self._person_id)
        yield record(topics.PERSON_EVENTS, self._person_id, about.type, event_id, self._at, _json(about))
        self._person, arrivals = reduce_person(self._person, about, self._policy)
        for arrival in arrivals:
            event_id = ids.event_id(arrival.type, arrival.alert.statement_id, arrival.case_id, arrival.via)
            yield record(topics.CASE_EVENTS, arrival.case_id, arrival.type, event_id, self._at, _json(arrival))
            before = self._case
            self._case, owed = reduce_case(before, arrival, self._policy)
            for one in owed:
                notice = notice_for(one, before, self._case, self._policy)
                key = f"{one.obligation.agency}/{one.obligation.case_id}"
                yield record(topics.NOTICES, key, NOTICE_OWED, notice.id, one.at, _json(notice), subject=one.obligation.id)
                yield receipt_record(_receipt(notice, Stage.ACCEPTED, self._at))
                if self._chance.random() < ACKNOWLEDGED:
                    yield records.receipt_given(_receipt(notice, Stage.ACKNOWLEDGED, self._at + timedelta(hours=1)))

    def _alert(self, number: int) -> Alert:
        return Alert.model_validate(
            {
                "id": f"{self._number}-{number}",
                "source": "police.bench",
                "kind": self._chance.choice(KINDS),
                "occurred_at": self._at - timedelta(hours=2),
                "recorded_at": self._at - timedelta(hours=1),
                "subjects": [{"person": {"identifiers": [{"system": "crn", "value": self._crn}]}}],
                "narrative": [{"text": "Invented for measuring. " * 20}],
            }
        )

    @property
    def _crn(self) -> str:
        return f"X{self._number:06}"


def _json(word: AlertAboutPerson | Notice | object) -> bytes:
    return word.model_dump_json(by_alias=True, exclude_defaults=True).encode()  # type: ignore[attr-defined]


def _receipt(notice: Notice, stage: Stage, at: datetime) -> Receipt:
    owed = notice.obligation
    answered = {"by": "Worker One", "intent": Intent.ACTING} if stage is Stage.ACKNOWLEDGED else {}
    return Receipt(
        id=ids.receipt_id(notice.id, stage),
        notice_id=notice.id,
        obligation_id=owed.id,
        alert_id=owed.alert_id,
        case_id=owed.case_id,
        agency=owed.agency,
        stage=stage,
        at=at,
        **answered,
    )


def families(originals: int) -> Iterator[list[Record]]:
    """One after the other for ever: so many originals (0: nothing else), then their copies."""
    policy = load_policy(None)
    made: list[list[Record]] = []
    for number in itertools.count():
        if originals and number >= originals:
            yield list(copied(made[number % originals], number % originals, number))
        else:
            story = list(Family(number, policy).story())
            if originals:
                made.append(story)
            yield story


def copied(story: Sequence[Record], original: int, number: int) -> Iterator[Record]:
    """The same story of another family: every id is another one, always the same for the same."""
    plain = {b"family-%d" % original: b"family-%d" % number, b"X%06d" % original: b"X%06d" % number}
    pattern = re.compile(UUID_FORM + b"|" + b"|".join(re.escape(known) + rb"(?![0-9])" for known in plain))

    def other(found: re.Match[bytes]) -> bytes:
        return plain.get(found[0]) or str(UUID(bytes=hashlib.md5(b"%d" % number + found[0]).digest(), version=4)).encode()

    for one in story:
        headers = [(name, pattern.sub(other, text)) for name, text in one.headers]
        yield Record(one.topic, pattern.sub(other, one.key), pattern.sub(other, one.value), headers)


async def fill(bootstrap: str, events: int, originals: int) -> Counter[str]:
    """Write at least so many records, whole families; count them by topic."""
    written: Counter[str] = Counter()
    batch: list[Record] = []
    producer = Producer(bootstrap)
    await producer.start()
    for story in families(originals):
        batch += story
        written.update(one.topic for one in story)
        if len(batch) > AT_ONCE:
            await producer.send_all(batch)
            batch = []
        if written.total() >= events:
            break
    await producer.send_all(batch)
    await producer.stop()
    return written


def measured(environment: dict[str, str], *words: str) -> dict[str, float]:
    """Run the command; its answer, its wall-clock seconds, and the most memory it and its children held at once, in MB."""
    began = time.monotonic()
    command = [sys.executable, "-m", "alertbus", "audit", "rebuild", "--json", *words]
    process = psutil.Popen(command, env=environment, stdout=subprocess.PIPE)
    most = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            most = max(most, sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]))
        time.sleep(0.1)
    assert process.stdout is not None
    answer = json.loads(process.stdout.read())
    return answer | {"seconds": round(time.monotonic() - began, 1), "peak_mb": round(most / 1e6), "exit": process.returncode}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--families", type=int, default=100, help="made by the reducers; 0: all of them")
    parser.add_argument("--database", help="a postgresql:// address; SQLite in a temporary folder without it")
    parser.add_argument("--keep", type=Path, help="a folder for the broker's records, filled once and measured again and again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alertbus-rebuild-") as temporary:
        folder = given.keep or Path(temporary)
        broker = LocalKafka(folder)
        await broker.start()
        try:
            await ensure_topics(broker.bootstrap, 12)
            noted = folder / "written.json"
            if not noted.exists():
                noted.write_text(json.dumps(await fill(broker.bootstrap, given.events, given.families)))
            written: dict[str, int] = json.loads(noted.read_text())
            environment = os.environ | {"ALERTBUS_BOOTSTRAP_SERVERS": broker.bootstrap, "ALERTBUS_DATA_DIR": f"{temporary}/data"}
            if given.database:
                environment["ALERTBUS_DATABASE_URL"] = given.database
            found = await asyncio.to_thread(measured, environment, *(["--no-reconcile"] if given.families else []))
            total = sum(written.values())
            found |= {"events": total, "per_s": round(total / found["seconds"]), "written": written}
            print(json.dumps(found, indent=1))
        finally:
            await broker.stop()


if __name__ == "__main__":
    asyncio.run(main())
