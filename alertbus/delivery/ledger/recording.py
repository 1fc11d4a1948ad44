"""Recording: what has arrived is written once, and what may go out at once is written as leased already.

A notice that is handed on in this way is neither looked up nor read again before it is sent. Which lanes are empty is asked within the
transaction: whoever records keeps all other recorders and settlers out meanwhile (`Lock.ALONE`), so the answer holds until the commit,
however many workers share the ledger.

Each function runs inside a transaction that its caller has opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, null, select, text, union_all

from alertbus.delivery.ledger import endings, turns
from alertbus.delivery.ledger.rows import LEASED_COLUMNS, NEW_ROW_COLUMNS, Leased, new_row
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.model.notice import Notice
from alertbus.sql.compiled import CompiledStatement


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice to be recorded, and its JSON as it arrived."""

    word: Notice
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandOn:
    """Who takes what is recorded and due, and of which notices, by id: those for which its agencies have room."""

    owner: str
    notices: frozenset[str]


NOBODY = HandOn("", frozenset())


def record(
    connection: Connection, arrived: Sequence[NewNotice], now: datetime, patience: timedelta, hand_on: HandOn
) -> tuple[list[Leased], bool]:
    """Write what is not yet here, in the order given; give what is leased by that, and whether anything else has become due.

    What ends something is never leased here: whether anything of it was sent is looked up once it stands in the ledger.
    """
    held = _held(connection, arrived)
    ending = {one.word.obligation.id for one in arrived if one.word.deed.ends}
    rows: list[dict[str, Any]] = []
    leased: list[Leased] = []
    due = False
    for one in arrived:
        notice = one.word
        if notice.id in held.notices:
            continue
        held.notices.add(notice.id)
        row = new_row(notice, one.body, now, patience)
        rows.append(row)
        owed = notice.obligation
        if own_lane := held.own_lanes.get(owed.id):
            row["lane"], row["aside"] = own_lane, True
        if row["lane"] in held.busy:
            continue
        held.busy.add(row["lane"])
        row["next_attempt_at"] = now
        if notice.id in hand_on.notices and owed.id not in ending:
            row |= {"state": LedgerState.LEASED.value, "attempts": 1, "lease_owner": hand_on.owner}
            leased.append(Leased(**{name: row[name] for name in _LEASED}, word=notice))
        else:
            due = True
    if rows:
        _INSERT.execute(connection, rows)
    if ending:
        for one in arrived:
            if one.word.deed.ends:
                endings.cancel_unsent(connection, one.word, now)
        due |= turns.promote(connection, {row["lane"] for row in rows}, now)
    return leased, due


@dataclass(frozen=True, slots=True)
class _Held:
    """What the ledger holds of what has arrived."""

    notices: set[str]
    busy: set[str]
    """Lanes with something open."""
    own_lanes: Mapping[str, str]
    """Obligations that were moved to a lane of their own, which has something open by that."""


def _held(connection: Connection, arrived: Iterable[NewNotice]) -> _Held:
    words = [one.word for one in arrived]
    owed = [word.obligation for word in words]
    asked = {
        "notices": [word.id for word in words],
        "lanes": list({one.lane for one in owed}),
        "obligations": list({one.id for one in owed}),
    }
    found: dict[str, dict[str, str]] = {"known": {}, "busy": {}, "aside": {}}
    for what, name, lane in _HELD.run(connection, asked):
        found[what][name] = lane
    own_lanes = found["aside"]
    return _Held(set(found["known"]), {*found["busy"], *own_lanes.values()}, own_lanes)


_HELD = CompiledStatement(
    union_all(
        select(literal_column("'known'"), ledger.c.notice_id, null()).where(ledger.c.notice_id.in_(bindparam("notices", expanding=True))),
        select(literal_column("'busy'"), ledger.c.lane, null())
        .where(ledger.c.done_at.is_(None), ledger.c.lane.in_(bindparam("lanes", expanding=True)))
        .distinct(),
        select(literal_column("'aside'"), ledger.c.obligation_id, ledger.c.lane)
        .where(text("aside"), ledger.c.done_at.is_(None), ledger.c.obligation_id.in_(bindparam("obligations", expanding=True)))
        .distinct(),
    )
)

_INSERT = CompiledStatement(ledger.insert().inline(), NEW_ROW_COLUMNS)

_LEASED = tuple(column.name for column in LEASED_COLUMNS)
