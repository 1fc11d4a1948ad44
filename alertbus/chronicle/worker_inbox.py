"""The inbox of one person: what their agency owes an answer to and they answer for, their own or in somebody's place; and what others
answered for them while they were away.

Whose an obligation is changes with every absence, so no row holds it. It is worked out of whom the notices name, by whoever asks.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from alertbus.chronicle import tables
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.inbox_order import InboxPlace, page, states_asked
from alertbus.chronicle.queries import items_of
from alertbus.chronicle.views import AT_ONCE, answered, is_overdue
from alertbus.model.notice import Deed
from alertbus.sql.database import Database

_owed = tables.obligation.c
_told = tables.notice.c
_ASKED = (Deed.DELIVER.value, Deed.AMEND.value, Deed.ESCALATE.value)


@dataclass(frozen=True, slots=True)
class AskedOf:
    """Whom an obligation is asked of: a role of an agency, and the person named for it, if anybody."""

    agency: str
    role: str
    named: str | None
    exercise: str | None


Theirs = Callable[[AskedOf], bool]
"""Whether it is asked of the person whose inbox it is."""


async def inbox_of_worker(
    engine: Database,
    agency: str | None,
    state: str | None,
    exercise: str | None,
    theirs: Theirs,
    *,
    now: datetime,
    limit: int,
    after: str | None,
) -> list[InboxItem]:
    """List the obligations that are theirs, in the order of the inbox, of which they are a part. The rest is as in `queries.inbox`."""
    asked, seen = states_asked(state), None if after is None else InboxPlace.at(after)

    def found(connection: Connection) -> list[InboxItem]:
        place, mine = seen, list[str]()
        while len(mine) < limit:
            some = page(connection, agency, asked, exercise, now=now, limit=AT_ONCE, after=place)
            mine += _of(connection, some, theirs)
            if len(some) < AT_ONCE:
                break
            place = _place(connection, some[-1], now)
        return items_of(connection, mine[:limit], now)

    return await answered(engine, found)


async def answered_meanwhile(
    engine: Database, agency: str, theirs: Theirs, since: datetime, until: datetime, *, now: datetime
) -> list[InboxItem]:
    """List what is theirs and was answered in that time, by whomever, the earliest answer first. Real obligations only."""
    query = (
        select(_owed.id)
        .where(_owed.agency == agency, _owed.exercise.is_(None), _owed.acknowledged_at >= since, _owed.acknowledged_at <= until)
        .order_by(_owed.acknowledged_at, _owed.id)
    )

    def found(connection: Connection) -> list[InboxItem]:
        return items_of(connection, _of(connection, list(connection.execute(query).scalars()), theirs), now)

    return await answered(engine, found)


def _of(connection: Connection, obligations: Sequence[str], theirs: Theirs) -> list[str]:
    """Give those of them that are asked of the person: first, in the latest step, or because somebody passed it on to them."""
    mine: set[str] = set()
    for start in range(0, len(obligations), AT_ONCE):
        some = obligations[start : start + AT_ONCE]
        mine |= {id_ for id_, asked in _asked_of(connection, some) if theirs(asked)}
    return [one for one in obligations if one in mine]


def _asked_of(connection: Connection, some: Sequence[str]) -> Iterator[tuple[str, AskedOf]]:
    columns = (_owed.id, _owed.agency, _owed.exercise, _owed.role, _owed.passed_to)
    owed = {row.id: row for row in connection.execute(select(*columns).where(_owed.id.in_(some)))}
    for row in owed.values():
        if row.passed_to is not None:
            yield row.id, AskedOf(row.agency, row.role, row.passed_to, row.exercise)
    told = select(_told.obligation_id, _told.deed, _told.body).where(_told.obligation_id.in_(some), _told.deed.in_(_ASKED))
    latest: dict[tuple[str, bool], bytes] = {}
    for notice in connection.execute(told.order_by(_told.position)):
        latest[notice.obligation_id, notice.deed == Deed.ESCALATE.value] = notice.body
    for (id_, _), body in latest.items():
        said = orjson.loads(body)
        yield id_, AskedOf(owed[id_].agency, said["obligation"]["role"], said.get("recipient"), owed[id_].exercise)


def _place(connection: Connection, obligation: str, now: datetime) -> InboxPlace:
    row = connection.execute(select(tables.obligation).where(_owed.id == obligation)).one()
    return InboxPlace(is_overdue(row.state, row.due, now), row.severity_rank, row.since, row.id)
