"""Of whom an answer to an obligation is asked: a role of its agency, and the person named for it, if anybody, as rows by which what one
person answers for is found.

An obligation is asked of whoever was named first, of whoever its latest step names, and of whoever it was passed on to. Who answers in
their place changes with every absence, and stands in no row: it is worked out of these by whoever asks (`worker_inbox`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Self

import orjson
from sqlalchemy import Connection, bindparam

from alertbus.chronicle import tables
from alertbus.chronicle.derive import NoticeHead, make_storable
from alertbus.model.notice import Deed
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.engine import upsert

_asked = tables.asked


@dataclass(frozen=True, slots=True)
class AskedOf:
    """Whom an obligation is asked of: a role of an agency, and the person named for it, if anybody."""

    agency: str
    role: str
    named: str | None
    exercise: str | None

    @classmethod
    def read(cls, agency: str, whom: str) -> Self:
        """Take it from a row."""
        exercise, role, named = orjson.loads(whom)
        return cls(agency, role, named, exercise)

    @property
    def whom(self) -> str:
        """The column of that name: all but the agency in one text, so that those who are asked of anything are found one after another."""
        return orjson.dumps([self.exercise, self.role, self.named]).decode()


class AskedRow(NamedTuple):
    """A row of `chronicle_asked`: of whom it is asked, and where it stands in an inbox."""

    obligation_id: str
    agency: str
    whom: str
    waits: bool
    severity_rank: int
    since: datetime
    due: datetime | None


AskedRows = frozenset[AskedRow]


def asked_of(notices: Sequence[NoticeHead], row: dict[str, Any]) -> AskedRows:
    """Give the rows of an obligation: `notices` are all of it, in the order they were written, `row` is its own, as it stands."""
    latest: dict[bool, tuple[str, str | None]] = {}
    for notice in notices:
        if notice.deed in _ASKING:
            latest[notice.deed is Deed.ESCALATE] = (notice.obligation.role, notice.recipient)
    people = {*latest.values()} | ({(row["role"], row["passed_to"])} if row["passed_to"] is not None else set())
    place = (row["state"] not in tables.ANSWERED, row["severity_rank"], row["since"], row["due"])
    found = set()
    for role, named in people:
        texts = {"agency": row["agency"], "role": role, "named": named, "exercise": row["exercise"]}
        make_storable(texts)
        found.add(AskedRow(row["id"], texts["agency"], AskedOf(**texts).whom, *place))
    return frozenset(found)


_ASKING = frozenset({Deed.DELIVER, Deed.AMEND, Deed.ESCALATE})
_WRITE = CompiledStatement(partial(upsert, _asked, update=[one.name for one in _asked.columns if not one.primary_key]))
_REMOVE = CompiledStatement(_asked.delete().where(_asked.c.obligation_id == bindparam("obligation_id"), _asked.c.whom == bindparam("whom")))


def write_asked(connection: Connection, before: Iterable[AskedRow], now: Iterable[AskedRow]) -> None:
    """Write the rows that are new or have changed, and remove those of whom it is asked no more."""
    stood, stands = set(before), set(now)
    kept = {(row.obligation_id, row.whom) for row in stands}
    if gone := [row._asdict() for row in stood - stands if (row.obligation_id, row.whom) not in kept]:
        _REMOVE.execute(connection, gone)
    if new := [row._asdict() for row in stands - stood]:
        _WRITE.execute(connection, new)
