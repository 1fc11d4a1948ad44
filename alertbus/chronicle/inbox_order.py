"""The order of an inbox, overdue first, then by severity, then the oldest, and how a page of it is found without reading the rest.

What is overdue changes by itself, so no index has this order. But what is overdue stands before what is not, and each of the two stands,
state by state, in the order of an index: a page is the first few of every state, put together. Its cost does not grow with the county.
"""

import contextlib
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Integer, Select, String, and_, bindparam, or_, select, tuple_, union_all

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
    def within(self) -> tuple[int, datetime, str]:
        """Its place among those that are overdue, or among those that are not."""
        return self.severity_rank, self.since, self.obligation_id

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
    states: Sequence[ObligationState],
    exercise: str | None,
    *,
    now: datetime,
    limit: int,
    after: InboxPlace | None,
    kind: str | None = None,
) -> list[str]:
    """Give the ids of the obligations of a page, in their order. `agency` None: of all; `exercise` as `queries.inbox` has it; `kind` as
    the agency was told it, None for every kind.
    """
    given = {"agency": agency, "exercise": exercise, "now": now, "kind": kind}
    narrowed = (agency is not None, None if exercise is None else exercise != EVERYTHING)
    waiting = tuple(state for state in states if state not in ANSWERED)
    found: list[str] = []
    for overdue, some in ((True, waiting), (False, tuple(states))):
        passed = after is not None and after.overdue < overdue
        if not some or passed or len(found) == limit:
            continue
        follows = after is not None and after.overdue == overdue
        place = {"rank": after.severity_rank, "since": after.since, "last": after.obligation_id} if after is not None and follows else {}
        query = _first_of_each(some, *narrowed, overdue=overdue, follows=follows, of_kind=kind is not None)
        found += connection.execute(query, {**given, **place, "number": limit - len(found)}).scalars()
    return found


@functools.lru_cache(maxsize=256)
def _first_of_each(
    states: Sequence[ObligationState], of_one: bool, rehearsed: bool | None, *, overdue: bool, follows: bool, of_kind: bool
) -> Select[Any]:
    """The query for the first few of every state, put together: of one agency or of all; real (`rehearsed` None), of one exercise (True) or
    of everything (False); overdue or not; from the beginning, or what follows a place; of one kind or of every.
    """
    conditions: list[ColumnElement[bool]] = []
    if of_one:
        conditions.append(_owed.agency == bindparam("agency", type_=String))
    if rehearsed is None:
        conditions.append(_owed.exercise.is_(None))
    elif rehearsed:
        conditions.append(_owed.exercise == bindparam("exercise", type_=String))
    if of_kind:
        conditions.append(_owed.kind == bindparam("kind", type_=String))
    if follows:
        reached = bindparam("rank", type_=Integer), bindparam("since", type_=UtcDateTime), bindparam("last", type_=String)
        conditions.append(tuple_(*_PLACE) > tuple_(*reached))
    now, number = bindparam("now", type_=UtcDateTime), bindparam("number", type_=Integer)
    in_time = or_(_owed.due.is_(None), _owed.due >= now)
    parts = []
    for state in states:
        due = [_owed.due < now] if overdue else [] if state in ANSWERED else [in_time]
        first = select(*_PLACE).where(and_(*conditions, _owed.state == state.value, *due)).order_by(*_PLACE).limit(number)
        parts.append(select(first.subquery()))
    every = union_all(*parts).subquery()
    return select(every.c.id).order_by(every.c.severity_rank, every.c.since, every.c.id).limit(number)
