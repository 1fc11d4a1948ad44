"""What each obligation stands on: its notices and receipts, kept a while in memory, so that what arrives later is derived without reading
them again.

What is held is believed only where it must be right. It is all that the database holds of an obligation at one state of the progress. While
the progress stands as this process left it, nobody else has written. Where others have since an obligation was last looked at, the number
of its notices and receipts decides: they are only ever added, so that as many as are held are the same ones. Where progress has gone back,
nothing is believed.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, union_all

from alertbus.broker.record import Partition
from alertbus.chronicle import tables
from alertbus.chronicle.asked_rows import AskedRow, AskedRows
from alertbus.chronicle.derive import NoticeHead, ReceiptHead, derive_obligation, make_storable
from alertbus.sql.compiled import CompiledStatement

ObligationRow = dict[str, Any]
Said = Mapping[str, Sequence[NoticeHead | ReceiptHead]]
"""By obligation, what is newly said of it: each is in the database already, and was not before this transaction."""

_AT_ONCE = 500  # ids in one query; both databases allow some 32,000
_LIMIT = 5_000
"""Obligations held. Chosen: seven seconds of 100 alerts/s for seven agencies, whose receipts come within one; some 15 MB."""


@dataclass(slots=True)
class KnownObligation:
    """All notices, in the order they were written, and all receipts of one obligation; and its row in the database, if there is one."""

    notices: list[NoticeHead] = field(default_factory=list)
    receipts: list[ReceiptHead] = field(default_factory=list)
    row: ObligationRow | None = None
    asked: AskedRows = frozenset()
    """Of whom it is asked, as the database has it."""
    others: int = 0
    """How often others had written when this was last known to be all there is."""

    def __len__(self) -> int:
        return len(self.notices) + len(self.receipts)

    def add(self, said: Sequence[NoticeHead | ReceiptHead]) -> None:
        for one in said:
            if isinstance(one, NoticeHead):
                self.notices.append(one)
            else:
                self.receipts.append(one)
        if len(self.notices) > 1:
            self.notices.sort(key=lambda notice: (notice.position, notice.id))

    def derived(self) -> ObligationRow | None:
        """Give the row as it must be; None for an obligation of which no notice has been read yet."""
        if not self.notices:
            return None
        row = derive_obligation(self.notices, self.receipts).row
        make_storable(row)
        return row


class RecentObligations:
    """The obligations that were written of lately; the longest ago is forgotten first. For a process's transactions, one after another."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._known: OrderedDict[str, KnownObligation] = OrderedDict()
        self._as_of: Mapping[Partition, int] | None = {}
        self._others = 0

    def __len__(self) -> int:
        return len(self._known)

    def begin(self, progress: Mapping[Partition, int]) -> None:
        """A transaction begins at this progress. One that does not come to `end` leaves nothing that is believed."""
        as_of, self._as_of = self._as_of, None
        if as_of != progress:
            self._others += 1
        if as_of is None or any(progress.get(where, 0) < reached for where, reached in as_of.items()):
            self._known.clear()

    def end(self, progress: Mapping[Partition, int]) -> None:
        """All is written, up to this progress: what is held is right while the database stands there, whether or not this commits."""
        while len(self._known) > self._limit:
            self._known.popitem(last=False)
        self._as_of = progress

    def with_new(self, connection: Connection, said: Said, *, all_new: bool) -> Sequence[KnownObligation]:
        """Give these obligations with what is newly said of them. Without `all_new` some of it may have been in the database before."""
        doubtful = {one for one in said if one not in self._known or self._known[one].others != self._others}
        counted = _counts(connection, doubtful) if all_new and doubtful else {}
        read_again = [one for one in said if not all_new or (one in doubtful and counted[one] != len(self._held(one)) + len(said[one]))]
        for one in read_again:
            self._known.pop(one, None)
        if read_again:
            self._known |= stored(connection, read_again)
        for one in said.keys() - set(read_again):
            self._held(one).add(said[one])
        found = [self._held(one) for one in said]
        for known in found:
            known.others = self._others
        return found

    def _held(self, obligation_id: str) -> KnownObligation:
        found = self._known.setdefault(obligation_id, KnownObligation())
        self._known.move_to_end(obligation_id)
        return found


def stored(connection: Connection, obligation_ids: Sequence[str]) -> dict[str, KnownObligation]:
    """Read these obligations from the database."""
    found: dict[str, KnownObligation] = defaultdict(KnownObligation)
    shown, given, owed = tables.notice.c, tables.receipt.c, tables.obligation
    whom = [tables.asked.c[name] for name in AskedRow._fields]
    heads = (given.obligation_id, *(given[name] for name in ReceiptHead.__slots__))
    for start in range(0, len(obligation_ids), _AT_ONCE):
        some = obligation_ids[start : start + _AT_ONCE]
        written = select(shown.obligation_id, shown.body, shown.position).where(shown.obligation_id.in_(some))
        for obligation_id, body, position in connection.execute(written.order_by(shown.position, shown.notice_id)):
            found[obligation_id].notices.append(NoticeHead.read(body, position))
        for row in connection.execute(select(*heads).where(given.obligation_id.in_(some))).mappings():
            found[row["obligation_id"]].receipts.append(ReceiptHead.of(dict(row)))
        for row in connection.execute(select(owed).where(owed.c.id.in_(some))).mappings():
            found[row["id"]].row = dict(row)
        for asked in connection.execute(select(*whom).where(tables.asked.c.obligation_id.in_(some))):
            found[asked.obligation_id].asked |= {AskedRow(*asked)}
    return found


_ASKED: BindParameter[str] = bindparam("obligations", expanding=True)
_TOLD = CompiledStatement(
    union_all(*(select(told.c.obligation_id).where(told.c.obligation_id.in_(_ASKED)) for told in (tables.notice, tables.receipt)))
)


def _counts(connection: Connection, obligation_ids: Collection[str]) -> Counter[str]:
    """How many notices and receipts there are of each."""
    return Counter(obligation_id for (obligation_id,) in _TOLD.run(connection, {"obligations": list(obligation_ids)}))
