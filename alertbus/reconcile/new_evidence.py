"""Step 3 of the incremental reconciliation: what is new goes into the memory, and every alert it touches is due to be judged.

A record touches the alert that it is about; a version of a case touches the alerts of everybody who is or was on it; a
row of the ledger touches its alert. How far was read is written in the last transaction of what was read together.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy import case as when

from alertbus.broker.record import Received
from alertbus.reconcile import tables
from alertbus.reconcile.evidence import (
    BEGINNING,
    AboutAlert,
    AlertEvidence,
    CaseTicked,
    CaseVersion,
    StatementAccepted,
    StatementIdentified,
    finding_of,
    written_at,
)
from alertbus.reconcile.memory import REALITY, alerts_known, case_row, insert_new, note_reached, packed, pieces
from alertbus.sql.database import Transaction
from alertbus.sql.engine import UtcDateTime, upsert


@dataclass(slots=True)
class Findings:
    """The findings of some records, sorted by what they are about. Collected outside the transaction, which then is short."""

    about_alerts: dict[str, list[tuple[AboutAlert, datetime]]] = field(default_factory=lambda: defaultdict(list))
    versions: list[tuple[CaseVersion, datetime]] = field(default_factory=list)
    ticks: dict[str, datetime] = field(default_factory=dict)
    reached: dict[tuple[str, int], int] = field(default_factory=dict)
    """The offset to come next, by topic and partition."""

    def take(self, record: Received) -> None:
        """Add one record. Those of one partition must come in their order."""
        self.reached[record.topic, record.partition] = record.offset + 1
        match finding_of(record):
            case None:
                pass
            case CaseVersion() as version:
                self.versions.append((version, written_at(record)))
            case CaseTicked(case_id, at):
                self.ticks[case_id] = max(at, self.ticks.get(case_id, at))
            case finding:
                self.about_alerts[finding.alert_id].append((finding, written_at(record)))


async def take_in_the_rest(connection: Transaction, findings: Findings) -> None:
    """Write to the memory which cases ticked, and how far these reach, once all that they say of alerts and of versions is written."""
    await _take_in_ticks(connection, findings.ticks)
    await note_reached(connection, findings.reached)


async def touch(connection: Transaction, alerts: Mapping[str, tuple[datetime, str | None]]) -> None:
    """Make alerts due that the ledger or the chronicle speaks of, known or not: each with when, and its exercise."""
    nothing = packed(AlertEvidence(""))
    rows = [_row(alert_id, of or REALITY, nothing, at) for alert_id, (at, of) in sorted(alerts.items())]
    await insert_new(connection, tables.alert, rows)
    touched = [{"touched": alert_id, "moment": at} for alert_id, (at, _) in sorted(alerts.items())]
    await _make_due(connection, tables.alert.c.alert_id == bindparam("touched"), touched)


async def take_in_alerts(connection: Transaction, about: Mapping[str, Sequence[tuple[AboutAlert, datetime]]]) -> None:
    """Write to the memory what is said of these alerts. What it has already changes nothing, but these are judged once more."""
    known = await alerts_known(connection, about.keys())
    rows: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    clocks: dict[str, datetime] = {}
    for alert_id, findings in about.items():
        evidence = known.get(alert_id, AlertEvidence(alert_id))
        if evidence is None:  # forgotten: an exercise long over
            continue
        for finding, at in findings:
            evidence.add(finding)
            evidence.touched_at = max(evidence.touched_at, at)
            if isinstance(finding, StatementIdentified):
                people += [{"person_id": i, "alert_id": alert_id} for ids in finding.statement.people for i in ids]
            if isinstance(finding, StatementAccepted) and finding.exercise:
                clocks[finding.exercise] = max(finding.at, clocks.get(finding.exercise, finding.at))
        rows.append(_row(alert_id, evidence.exercise or REALITY, packed(evidence), evidence.touched_at))
    if rows:
        changed = upsert(tables.alert, connection.dialect.name, update=["exercise", "dossier", "stirred", "due"])
        await connection.execute(changed, rows)
    await insert_new(connection, tables.alert_person, people)
    await _advance(connection, clocks)


def _row(alert_id: str, exercise: str, evidence: bytes, touched_at: datetime) -> dict[str, Any]:
    return {"alert_id": alert_id, "exercise": exercise, "dossier": evidence, "stirred": touched_at, "due": True, "owed": 0, "tried": 0}


async def take_in_versions(connection: Transaction, versions: Sequence[tuple[CaseVersion, datetime]]) -> None:
    """Write these versions of cases to the memory, and make the alerts due of everybody who is or was on them."""
    await insert_new(connection, tables.case_version, (case_row(version.case) for version, _ in versions))
    on_case = {(i, version.case_id) for version, _ in versions for person in version.case.people for i in person.person_ids}
    await insert_new(connection, tables.case_person, ({"person_id": i, "case_id": case_id} for i, case_id in sorted(on_case)))
    alerts = (
        select(tables.alert_person.c.alert_id)
        .join(tables.case_person, tables.case_person.c.person_id == tables.alert_person.c.person_id)
        .where(tables.case_person.c.case_id == bindparam("touched"))
    )
    latest: dict[str, datetime] = {}
    for version, at in versions:
        latest[version.case_id] = max(at, latest.get(version.case_id, at))
    touched = [{"touched": case_id, "moment": at} for case_id, at in latest.items()]
    await _make_due(connection, tables.alert.c.alert_id.in_(alerts), touched)
    await _meet_ticks(connection, {version.case_id: version.case.exercise or REALITY for version, _ in versions})


async def _make_due(connection: Transaction, which: Any, touched: Sequence[Mapping[str, Any]]) -> None:
    moment = bindparam("moment", type_=UtcDateTime)
    later = when((tables.alert.c.stirred < moment, moment), else_=tables.alert.c.stirred)
    statement = update(tables.alert).where(which, tables.alert.c.dossier.is_not(None)).values(due=True, stirred=later)
    if touched:
        await connection.execute(statement, list(touched))


async def _take_in_ticks(connection: Transaction, ticks: Mapping[str, datetime]) -> None:
    """Move the clocks of exercises; keep a tick whose case is not known yet; reality has the world's clock."""
    of = await _exercises(connection, ticks.keys())
    clocks: dict[str, datetime] = {}
    for case_id, exercise in of.items():
        if exercise:
            clocks[exercise] = max(ticks[case_id], clocks.get(exercise, BEGINNING))
    await _advance(connection, clocks)
    waiting = [{"case_id": case_id, "at": at} for case_id, at in sorted(ticks.items()) if case_id not in of]
    if waiting:
        await connection.execute(upsert(tables.tick, connection.dialect.name, update=["at"], newer="at"), waiting)


async def _meet_ticks(connection: Transaction, cases: Mapping[str, str]) -> None:
    clocks: dict[str, datetime] = {}
    for some in pieces(sorted(cases)):
        theirs = tables.tick.c.case_id.in_(some)
        for row in (await connection.execute(select(tables.tick).where(theirs))).all():
            if exercise := cases[row.case_id]:
                clocks[exercise] = max(row.at, clocks.get(exercise, BEGINNING))
        await connection.execute(delete(tables.tick).where(theirs))
    await _advance(connection, clocks)


async def _exercises(connection: Transaction, cases: Collection[str]) -> dict[str, str]:
    """By case, its exercise; of the cases that are known."""
    found: dict[str, str] = {}
    version = tables.case_version.c
    for some in pieces(sorted(cases)):
        query = select(version.case_id, version.exercise).where(version.case_id.in_(some)).distinct()
        found |= {row.case_id: row.exercise for row in await connection.execute(query)}
    return found


async def _advance(connection: Transaction, clocks: Mapping[str, datetime]) -> None:
    rows = [{"exercise": name, "clock": at, "woken_to": BEGINNING, "owed": 0} for name, at in sorted(clocks.items())]
    if rows:
        await connection.execute(upsert(tables.exercise, connection.dialect.name, update=["clock"], newer="clock"), rows)
