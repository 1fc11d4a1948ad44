"""The built-in inbox, for agencies without a system of their own and as a fallback: a message in it is a row in the database."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from alertbus.delivery.ledger.shared_transactions import SharedTransactions
from alertbus.delivery.ledger.tables import inbox_message, ledger
from alertbus.delivery.outcome import ACCEPTED, Outcome, Trouble
from alertbus.model.notice import Message
from alertbus.sql.engine import upsert


class InboxChannel:
    """A second arrival under one key is accepted and changes nothing."""

    name = "inbox"

    def __init__(self, transactions: SharedTransactions, now: Callable[[], datetime]) -> None:
        self._transactions = transactions
        self._now = now

    async def send(self, message: Message, agency: str) -> Outcome:
        return (await self.send_all([(message, agency)]))[0]

    async def send_all(self, messages: Sequence[tuple[Message, str]]) -> list[Outcome]:
        """All in one transaction, so that hundreds cost one write to the disk."""
        keys = [message.idempotency_key for message, _ in messages]
        owed = select(ledger.c.notice_id, ledger.c.case_id, ledger.c.obligation_id, ledger.c.alert_id)
        received_at = self._now()

        def work(connection: Connection) -> list[Outcome]:
            known: dict[str, Any] = {row.notice_id: row for row in connection.execute(owed.where(ledger.c.notice_id.in_(keys))).all()}
            rows = [
                row_of(message, agency, known[message.idempotency_key], received_at)
                for message, agency in messages
                if message.idempotency_key in known
            ]
            if rows:
                connection.execute(upsert(inbox_message, connection.dialect.name), rows)
            return [ACCEPTED if key in known else Outcome(Trouble.UNSENDABLE) for key in keys]

        return await self._transactions.write(work)


def row_of(message: Message, agency: str, owed: Any, received_at: datetime) -> dict[str, Any]:
    """Give a message's row in the inbox. `owed` is its notice's row in the ledger."""
    return {
        "idempotency_key": message.idempotency_key,
        "agency": agency,
        "case_id": owed.case_id,
        "obligation_id": owed.obligation_id,
        "alert_id": owed.alert_id,
        "media_type": message.media_type,
        "body": message.body,
        "filename": message.filename,
        "headers": dict(message.headers),
        "received_at": received_at,
    }
