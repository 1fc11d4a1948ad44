"""How items are written: of each id the record that stands last, counted as it stands."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, Self

import orjson
from sqlalchemy import Connection, bindparam, select

from alertbus.chronicle import tables
from alertbus.chronicle.kept_counts import Counted, OneCounted, count_changes
from alertbus.model.item import ANSWER, Item, ItemState, StepKind
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.engine import upsert

ItemRow = dict[str, Any]

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Where nobody said by when: after everything that has a time."""

_at = tables.item.c
_COLUMNS = [column.name for column in tables.item.columns if not column.primary_key]
_WRITE = CompiledStatement(partial(upsert, tables.item, update=_COLUMNS, newer="position"))
_KNOWN = (_at.id, _at.position, _at.rule, _at.state, _at.open, _at.overdue, _at.exercise)
_STANDING = CompiledStatement(select(*_KNOWN, _at.unowned_since.is_not(None)).where(_at.id.in_(bindparam("ids", expanding=True))))


class OwnedBy(NamedTuple):
    """Which role of its agency owes an item, and in which exercise."""

    exercise: str | None
    role: str

    @classmethod
    def read(cls, owner: str) -> Self:
        """Take it from a row."""
        return cls(*orjson.loads(owner))

    @property
    def owner(self) -> str:
        """The column of that name."""
        return orjson.dumps([*self]).decode()


def item_row(item: Item, body: bytes, position: int) -> ItemRow:
    """The row of an item, from its record at this offset."""
    is_open = item.closed_at is None and item.state not in {ItemState.MET, ItemState.VOID}
    return {
        "id": item.id,
        "case_id": item.case_id,
        "agency": item.agency,
        "owner": OwnedBy(item.exercise, item.role).owner,
        "rule": item.rule,
        "alert_id": item.alert_id,
        "state": item.state,
        "due_or_never": item.due or NEVER,
        "open": is_open,
        "overdue": item.overdue_since is not None,
        "unowned_since": _unowned_since(item) if is_open and item.unowned else None,
        "exercise": item.exercise,
        "body": body,
        "position": position,
    }


def _unowned_since(item: Item) -> datetime:
    return max((step.at for step in item.steps if step.kind is StepKind.UNOWNED), default=item.at)


def write_items(connection: Connection, rows: Sequence[ItemRow]) -> int:
    """Write the items of these rows, the last of each, and count what they change. Give how many are new or changed.

    For whoever holds the chronicle's lock. An item's records are all in one partition, so that a later one has the higher offset.
    """
    latest: dict[str, ItemRow] = {}
    for row in rows:
        if row["id"] not in latest or row["position"] > latest[row["id"]]["position"]:
            latest[row["id"]] = row
    standing = {found[0]: found[1:] for found in _STANDING.run(connection, {"ids": list(latest)})}
    new = [row for row in latest.values() if row["id"] not in standing or row["position"] > standing[row["id"]][0]]
    if not new:
        return 0
    before = [counted for row in new if row["id"] in standing for counted in _as_counted(*standing[row["id"]][1:])]
    after = [counted for row in new for counted in _counted(row)]
    count_changes(connection, before, after)
    _WRITE.execute(connection, new)
    return len(new)


def _counted(row: ItemRow) -> Iterator[OneCounted]:
    return _as_counted(row["rule"], row["state"], row["open"], row["overdue"], row["exercise"], row["unowned_since"] is not None)


def _as_counted(rule: str, state: str, is_open: bool, overdue: bool, exercise: str | None, unowned: bool) -> Iterator[OneCounted]:
    """What an item counts for; flags as the database gives them."""
    clock = {ItemState.MET.value: Counted.CLOCKS_MET, ItemState.MISSED.value: Counted.CLOCKS_MISSED}.get(state) if rule != ANSWER else None
    found = {Counted.ITEMS_OPEN: is_open, Counted.ITEMS_OVERDUE: overdue, Counted.ITEMS_UNOWNED: unowned}
    return ((counted, exercise) for counted in [*(name for name, holds in found.items() if holds), *filter(None, [clock])])
