"""What has changed among the obligations since somebody last looked: by the number of the change, and by what has become overdue since.

Nobody has to remember what they were shown, nor to read what is open: the cost is that of what is new.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, String, literal, select, tuple_

from alertbus.chronicle import queries, tables
from alertbus.chronicle.answers import InboxItem
from alertbus.model.errors import DatabaseUnavailable

AT_MOST = 100
"""Items that one look reads. Chosen: some half a megabyte in memory; what is left is read by the next look."""

_owed = tables.obligation.c


class Change(NamedTuple):
    """Which change of which obligation; later ones are greater."""

    number: int
    obligation_id: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How far somebody has seen: the last change, and until when what is due was looked at."""

    change: Change
    moment: datetime


@dataclass(frozen=True, slots=True)
class NewsItem:
    """An obligation that has changed, with its change; None where all that has changed is that it is overdue."""

    item: InboxItem
    change: Change | None

    def told_by(self, seen: Seen) -> bool:
        """Whether somebody who has seen so far has seen this."""
        if self.change is not None:
            return self.change <= seen.change
        due = self.item.obligation.due
        return due is not None and due < seen.moment


@dataclass(frozen=True, slots=True)
class News:
    """What has changed, in its order, how far that goes, and whether there is more."""

    items: tuple[NewsItem, ...]
    seen: Seen
    more: bool = False


def from_now_on(connection: Connection, now: datetime) -> Seen:
    """Give the point from which on everything that changes is news."""
    return Seen(_latest(connection), now)


def news_since(connection: Connection, seen: Seen, now: datetime, wanted: Callable[[str], bool]) -> News:
    """Give what has changed for the agencies that are `wanted`, the oldest change first, then what has become overdue. In one view.

    Raises `DatabaseUnavailable` where the chronicle was made anew and has not come so far: nobody knows what is news.
    """
    latest = _latest(connection)
    if latest < seen.change:
        raise DatabaseUnavailable("the chronicle was made anew since this was asked for; ask again, from the beginning")
    later = tuple_(_owed.changed, _owed.id) > tuple_(literal(seen.change.number), literal(seen.change.obligation_id, String))
    query = select(_owed.changed, _owed.id, _owed.agency).where(later).order_by(_owed.changed, _owed.id)
    rows = connection.execute(query.limit(AT_MOST)).all()
    more = len(rows) == AT_MOST
    moment = seen.moment if more else max(now, seen.moment)
    changed = {row.id: Change(row.changed, row.id) for row in rows if wanted(row.agency)}
    told: dict[str, Change | None] = {**changed}
    if moment > seen.moment:
        became_due = tables.UNANSWERED, _owed.due >= seen.moment, _owed.due < moment
        for row in connection.execute(select(_owed.id, _owed.agency).where(*became_due).order_by(_owed.due, _owed.id)):
            if wanted(row.agency):
                told.setdefault(row.id, None)
    items = queries.items_of(connection, list(told), now)
    found = tuple(NewsItem(item, told[item.obligation.id]) for item in items)
    return News(found, Seen(Change(*rows[-1][:2]) if more else latest, moment), more)


def _latest(connection: Connection) -> Change:
    row = connection.execute(select(_owed.changed, _owed.id).order_by(_owed.changed.desc(), _owed.id.desc()).limit(1)).one_or_none()
    return Change(0, "") if row is None else Change(row.changed, row.id)
