"""The order of an inbox, overdue first, then by severity, then the oldest, and how a page of it is found without reading the rest.

What is overdue changes by itself, so no index has this order. But what is overdue stands before what is not, and each of the two stands,
state by state, in the order of an index: a page is the first few of every state, put together. Its cost does not grow with the county.
"""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Integer, Select, String, and_, literal, or_, select, tuple_, union_all

from alertbus.chronicle import tables
from alertbus.chronicle.tables import ANSWERED, SEVERITY_RANK, ObligationState
from alertbus.model.errors import Fault, InvalidInput
from alertbus.sql.engine import UtcDateTime

OPEN = "open"
"""Given as a state: everything that still waits for its agency."""

ALL = "all"
"""Given as a state: every obligation."""

EVERYTHING = "*"
"""Given as an exercise: what is real and what is rehearsed, each item saying which it is."""

_owed = tables.obligation.c
_PLACE = (_owed.severity_rank, _owed.since, _owed.id)
_RANKS = frozenset(map(str, SEVERITY_RANK.values()))


@dataclass(frozen=True, slots=True)
class InboxPlace:
    """Where an item stands, overdue or not."""

    overdue: bool
    severity_rank: int
    since: datetime
    obligation_id: str

    @property
    def cursor(self) -> str:
        """What a caller gives back to get what follows."""
        since = self.since.isoformat().replace("+00:00", "Z")
        return f"{0 if self.overdue else 1}~{self.severity_rank}~{since}~{self.obligation_id}"

    @classmethod
    def at(cls, cursor: str) -> Self:
        """Read a cursor. Raises `InvalidInput`."""
        overdue, _, rest = cursor.partition("~")
        rank, _, rest = rest.partition("~")
        since, _, last = rest.partition("~")
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(since)
            if overdue in {"0", "1"} and rank in _RANKS and moment.tzinfo is not None and last:
                return cls(overdue == "0", int(rank), moment.astimezone(UTC), last)
        raise InvalidInput([Fault("after", "expected the cursor of an inbox item, as it was given")])


def states_asked(name: str | None) -> list[ObligationState]:
    """Give the states that somebody means by the name of one, `OPEN`, `ALL` or None, which is all. Raises `InvalidInput`."""
    if name is None or name == ALL:
        return list(ObligationState)
    if name == OPEN:
        return [state for state in ObligationState if state not in ANSWERED]
    try:
        return [ObligationState(name)]
    except ValueError:
        raise InvalidInput([Fault("state", f"expected {OPEN}, {ALL}, {', '.join(ObligationState)}")]) from None


def page(
    connection: Connection,
    agency: str | None,
    states: Collection[ObligationState],
    exercise: str | None,
    *,
    now: datetime,
    limit: int,
    after: InboxPlace | None,
) -> list[str]:
    """Give the ids of the obligations of a page, in their order. `agency` None: of all; `exercise` as `queries.inbox` has it."""
    found: list[str] = []
    for query in page_queries(agency, states, exercise, now=now, limit=limit, after=after):
        if len(found) < limit:
            found += list(connection.execute(query.limit(limit - len(found))).scalars())
    return found


def page_queries(
    agency: str | None,
    states: Collection[ObligationState],
    exercise: str | None,
    *,
    now: datetime,
    limit: int,
    after: InboxPlace | None,
) -> Iterator[Select[Any]]:
    """Give the queries that find a page: of what is overdue, then of what is not."""
    chosen = [] if agency is None else [_owed.agency == agency]
    if exercise != EVERYTHING:
        chosen.append(_owed.exercise.is_(None) if exercise is None else _owed.exercise == exercise)
    waiting = [state for state in states if state not in ANSWERED]
    if waiting and (after is None or after.overdue):
        yield _first_of_each(waiting, [*chosen, _owed.due < now], limit, after)
    if after is not None and after.overdue:
        after = None
    yield _first_of_each(states, chosen, limit, after, not_overdue=or_(_owed.due.is_(None), _owed.due >= now))


def _first_of_each(
    states: Collection[ObligationState],
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    after: InboxPlace | None,
    not_overdue: ColumnElement[bool] | None = None,
) -> Select[Any]:
    following = []
    if after is not None:
        reached = literal(after.severity_rank, Integer), literal(after.since, UtcDateTime), literal(after.obligation_id, String)
        following.append(tuple_(*_PLACE) > tuple_(*reached))
    parts = []
    for state in states:
        in_time = [] if not_overdue is None or state in ANSWERED else [not_overdue]
        first = select(*_PLACE).where(and_(*conditions, _owed.state == state.value, *in_time, *following)).order_by(*_PLACE).limit(limit)
        parts.append(select(first.subquery()))
    every = union_all(*parts).subquery()
    return select(every.c.id).order_by(every.c.severity_rank, every.c.since, every.c.id)
