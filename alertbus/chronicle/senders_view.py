"""What became of an alert, for the agency that stated it: who has it, by name and state, and what has been told of the family since.

An agency that works with the children of a case is told of whoever is linked there; so it may know which others have its alert, and who
answered (OOH-07, HYP-09). Whoever is not on the case learns nothing by which to tell whether anybody is known (DESIGN section 17): their
view is empty, as it is of an alert about somebody whom nobody knows.
"""

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime
from sqlalchemy import Connection, and_, or_, select

from alertbus.chronicle import tables
from alertbus.chronicle.tables import ObligationState
from alertbus.chronicle.views import AT_ONCE, answered, is_overdue
from alertbus.model.base import Word
from alertbus.model.item import Item, ItemStep
from alertbus.model.notice import Notice
from alertbus.model.receipt import Intent
from alertbus.sql.database import Database

REFERRAL_STATES = frozenset({"case_status_change", "worker_change", "involvement_started", "meeting", "conference_outcome"})
"""The kinds that say how far a family's matter has come: received, allocated, meeting set, outcome (HYP-09)."""


class HeldElsewhere(Word):
    """One agency role that was told of the alert, and how far that has come."""

    agency: str
    role: str
    state: ObligationState
    overdue: bool
    since: AwareDatetime
    due: AwareDatetime | None
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    acknowledged_intent: Intent | None = None
    passed_to: str | None = None
    accepted: bool | None = None
    acted_by: str | None = None
    acted_at: AwareDatetime | None = None
    next: ItemStep | None = None
    """Who is asked next, and when, while nobody there has answered."""
    unowned: bool = False


class ToldSince(Word):
    """What the sender's own agency has been told of the case since, in the words of its own notice."""

    kind: str
    title: str
    at: AwareDatetime
    obligation_id: str


class SendersView(Word):
    """Both, the oldest first."""

    held_by: tuple[HeldElsewhere, ...] = ()
    later: tuple[ToldSince, ...] = ()


NOTHING_TO_SAY = SendersView()

_owed, _on = tables.obligation.c, tables.case_agency.c


async def senders_view(engine: Database, alert_id: str, agency: str, *, accepted_at: datetime, now: datetime) -> SendersView:
    """Give what `agency`, which stated the alert, may know of it."""

    def found(connection: Connection) -> SendersView:
        cases = _cases_of(connection, alert_id, agency, now)
        if not cases:
            return NOTHING_TO_SAY
        return SendersView(
            held_by=tuple(_held(connection, alert_id, agency, cases, now)), later=tuple(_told(connection, agency, cases, accepted_at))
        )

    return await answered(engine, found)


def _cases_of(connection: Connection, alert_id: str, agency: str, now: datetime) -> list[str]:
    """The cases that it reached on which the agency works with the children, all of them. An exercise has a time of its own."""
    here = and_(or_(_on.begins.is_(None), _on.begins <= now), or_(_on.ends.is_(None), _on.ends >= now))
    reached = select(tables.alert_case.c.case_id).where(tables.alert_case.c.alert_id == alert_id)
    told = select(_owed.case_id).where(_owed.alert_id == alert_id)
    query = (
        select(_on.case_id)
        .where(_on.agency == agency, _on.children, _on.serves.is_(None), or_(_on.exercise.is_not(None), here))
        .where(_on.case_id.in_(reached.union(told)))
        .distinct()
        .order_by(_on.case_id)
    )
    return list(connection.execute(query).scalars())


def _held(connection: Connection, alert_id: str, agency: str, cases: Sequence[str], now: datetime) -> list[HeldElsewhere]:
    """Of the other agencies that work with the children: who acts for an adult is not named to anybody by this."""
    found: list[HeldElsewhere] = []
    for start in range(0, len(cases), AT_ONCE):
        some = cases[start : start + AT_ONCE]
        works_there = select(_on.case_id).where(_on.case_id == _owed.case_id, _on.agency == _owed.agency, _on.children).exists()
        query = (
            select(tables.obligation, tables.item.c.body)
            .join(tables.item, tables.item.c.id == _owed.id, isouter=True)
            .where(_owed.alert_id == alert_id, _owed.agency != agency, _owed.case_id.in_(some), works_there)
            .order_by(_owed.since, _owed.case_id, _owed.agency, _owed.role)
        )
        for row in connection.execute(query):
            item = None if row.body is None else Item.model_validate_json(row.body)
            said = {name: getattr(row, name) for name in HeldElsewhere.model_fields if name not in {"overdue", "next", "unowned"}}
            asked = {"next": item.next, "unowned": item.unowned} if item is not None else {}
            found.append(HeldElsewhere(**said, overdue=is_overdue(row.state, row.due, now), **asked))
    return found


def _told(connection: Connection, agency: str, cases: Sequence[str], since: datetime) -> list[ToldSince]:
    found: list[ToldSince] = []
    for start in range(0, len(cases), AT_ONCE):
        query = (
            select(tables.notice.c.body, _owed.since, _owed.state)
            .join(tables.obligation, tables.notice.c.notice_id == _owed.notice_id)
            .where(_owed.agency == agency, _owed.case_id.in_(cases[start : start + AT_ONCE]), _owed.kind.in_(sorted(REFERRAL_STATES)))
            .where(_owed.since >= since, _owed.state != ObligationState.WITHDRAWN.value)
            .order_by(_owed.since, _owed.id)
        )
        for row in connection.execute(query):
            notice = Notice.model_validate_json(row.body)
            found.append(ToldSince(kind=notice.obligation.kind, title=notice.title, at=row.since, obligation_id=notice.obligation.id))
    return found
