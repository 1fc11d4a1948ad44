"""Does what the bus did agree with what it should have done? Read from Kafka, and worked out again from scratch.

Imports nothing of `alertbus.reach`: who is owed what comes from `scratch`, so that a fault there cannot hide itself.
Run it when the bus is quiet, because what is under way counts as a difference.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alertbus.chronicle import tables
from alertbus.chronicle.evidence import Evidence, gather
from alertbus.chronicle.scratch import NEVER, Due, obligations_from_scratch, stands_until, withdrawals
from alertbus.chronicle.views import same_exercise, view
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.notice import Deed, Notice
from alertbus.policy.policy import Policy


class Reconciliation(Word):
    """What does not agree. All are obligation ids, but `unidentified`, which are statements of alerts."""

    difference: int
    """How many obligations and alerts stand in any of the lists but `undelivered`."""
    owed: int
    """How many obligations there should be."""
    missing: tuple[str, ...] = ()
    """Owed, corrected or withdrawn, and no notice says so."""
    extra: tuple[str, ...] = ()
    """Nobody owes anything, and a notice, the chronicle or the ledger says otherwise."""
    unrecorded: tuple[str, ...] = ()
    """A notice stands and the chronicle does not show it."""
    unledgered: tuple[str, ...] = ()
    """A notice stands that delivery never took up."""
    unreceipted: tuple[str, ...] = ()
    """Delivery is done with a notice, and no receipt says so."""
    unidentified: tuple[str, ...] = ()
    """An alert was accepted, and neither its persons nor a question for review came out of it."""
    undelivered: tuple[str, ...] = ()
    """Not yet with its agency, and still tried, or never taken up. Late by itself is not a difference."""


async def reconcile(
    bootstrap: str, engine: AsyncEngine, policy: Policy, exercise: str | None = None, *, now: datetime | None = None
) -> Reconciliation:
    """Compare what is owed at `now` with notices, chronicle, ledger and receipts: of reality, or of one exercise.

    `now` None is this moment, or in an exercise the latest that its alerts and ticks have reached. Holds all it has
    read in memory.
    """
    evidence = await gather(bootstrap, exercise)
    async with view(engine) as connection:
        owed_ids = select(tables.obligation.c.id).where(same_exercise(tables.obligation.c.exercise, exercise))
        recorded = set((await connection.execute(owed_ids)).scalars())
        ledger = await _ledger(connection)
    return compare(evidence, policy, now or (evidence.clock if exercise else datetime.now(UTC)), recorded, ledger)


Ledger = Mapping[str, tuple[str, str]]
"""By notice: its obligation, and where delivery is with it."""


def compare(evidence: Evidence, policy: Policy, now: datetime, recorded: set[str], ledger: Ledger | None) -> Reconciliation:
    """Judge the evidence. `recorded` are the chronicle's obligations; `ledger` None is a bus without delivery."""
    judge = _Judge(evidence, policy, now)
    owner = {notice_id: one for one, notices in evidence.notices.items() for notice_id in notices}
    missing = {one for one, due in judge.owed.items() if judge.is_missing(one, due)}
    extra = {one for one in evidence.notices if one not in judge.owed and judge.is_extra(one)}
    extra |= recorded - evidence.notices.keys()
    unrecorded = evidence.notices.keys() - recorded
    unledgered: set[str] = set()
    unreceipted: set[str] = set()
    late: set[str] = set()
    if ledger is not None:
        unledgered = {one for notice_id, one in owner.items() if notice_id not in ledger}
        extra |= {one for notice_id, (one, _) in ledger.items() if notice_id not in evidence.all_notice_ids}
        for notice_id in owner.keys() & ledger.keys():
            one, state = ledger[notice_id]
            if state in _STILL_TRIED:
                late.add(one)
            elif state in _DONE and notice_id not in evidence.receipted:
                unreceipted.add(one)
    unidentified = {
        statement_id
        for statement_id, statement in evidence.accepted.items()
        if statement_id not in evidence.identified and statement.alert_id not in evidence.questions
    }
    return Reconciliation(
        difference=len(missing | extra | unrecorded | unledgered | unreceipted) + len(unidentified),
        owed=len(judge.owed),
        missing=tuple(sorted(missing)),
        extra=tuple(sorted(extra)),
        unrecorded=tuple(sorted(unrecorded)),
        unledgered=tuple(sorted(unledgered)),
        unreceipted=tuple(sorted(unreceipted)),
        unidentified=tuple(sorted(unidentified)),
        undelivered=tuple(sorted(late | unledgered)),
    )


# Words of the delivery room's `ledger.state`, which this room may not import.
_STILL_TRIED = frozenset({"waiting", "leased", "failed"})
_DONE = frozenset({"sent", "accepted", "refused"})


async def _ledger(connection: AsyncConnection) -> Ledger | None:
    if not await connection.run_sync(lambda c: inspect(c).has_table("ledger")):
        return None
    rows = await connection.execute(text("SELECT notice_id, obligation_id, state FROM ledger"))
    return {row.notice_id: (row.obligation_id, row.state) for row in rows}


class _Judge:
    """Whether notices agree with what is owed, allowing for what was known when.

    The latest version of a case says what is owed. An older one may excuse: a correction that came when the alert was
    already over reaches nobody, and takes nothing back, because the bus keeps only what can still cause something.
    """

    def __init__(self, evidence: Evidence, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._notices = evidence.notices
        self._versions = evidence.cases
        statements = list(evidence.identified.values())
        self._withdrawn = withdrawals(statements)
        self._alerts: dict[str, list[AcceptedAlert]] = defaultdict(list)
        for statement in statements:
            self._alerts[statement.alert_id].append(statement)
        latest = {case_id: versions[-1] for case_id, versions in self._versions.items()}
        self.owed = obligations_from_scratch(statements, latest, policy, now)
        self._times = self._times_told(latest)

    def is_missing(self, one: str, due: Due) -> bool:
        told = _without_chasing(self._notices.get(one))
        withdrawn_at = self._withdrawn.get(due.alert_id)
        if not told:
            return not self._came_too_late(one, due)
        if withdrawn_at is not None and due.since <= withdrawn_at <= self._now:
            return all(notice.deed is not Deed.WITHDRAW for notice in told)
        if told[-1].deed is Deed.WITHDRAW:
            return True
        said = [notice for notice in told if notice.deed is not Deed.WITHDRAW]
        return len(said) < self._times[one] and not self._came_too_late(one, due)

    def is_extra(self, one: str) -> bool:
        told = _without_chasing(self._notices.get(one))
        if not told or told[-1].deed is Deed.WITHDRAW:
            return False
        obligation = told[-1].obligation
        versions = self._versions.get(obligation.case_id, [])
        owing = [self._owes(one, obligation.alert_id, version) for version in versions]
        if True not in owing:
            return True
        after = versions[len(owing) - owing[::-1].index(True) :]
        if not after:  # owed by the latest version, only later than now: a clock has run ahead
            return obligation.since <= self._now
        dropped_at = after[0].known_at
        return dropped_at is not None and dropped_at <= self._over(obligation.alert_id)

    def _came_too_late(self, one: str, due: Due) -> bool:
        first = next((v for v in self._versions[due.case_id] if self._owes(one, due.alert_id, v)), None)
        if first is None or first.known_at is None or first.known_at <= due.since:
            return False
        return first.known_at > self._over(due.alert_id)

    def _owes(self, one: str, alert_id: str, version: Case) -> bool:
        return one in obligations_from_scratch(self._alerts[alert_id], {version.id: version}, self._policy, NEVER)

    def _over(self, alert_id: str) -> datetime:
        said = (s for s in self._alerts[alert_id] if s.alert.action is not Action.WITHDRAWN)
        withdrawn_at = self._withdrawn.get(alert_id)
        return max(stands_until(s, self._policy, withdrawn_at) for s in said)

    def _times_told(self, latest: Mapping[str, Case]) -> Counter[str]:
        """Count the notices each obligation must have at the least: one for each statement that it is owed (CHR-12)."""
        times: Counter[str] = Counter()
        for statements in self._alerts.values():
            taken_back = [s for s in statements if s.alert.action is Action.WITHDRAWN]
            for statement in statements:
                if statement not in taken_back and len(statements) - len(taken_back) > 1:
                    times.update(obligations_from_scratch([statement, *taken_back], latest, self._policy, self._now).keys())
        return times


def _without_chasing(notices: Mapping[str, Notice] | None) -> list[Notice]:
    """Give what was told, corrected and taken back, in the order written; an escalation owes nothing of its own."""
    return [notice for notice in (notices or {}).values() if notice.deed is not Deed.ESCALATE]
