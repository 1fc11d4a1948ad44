"""Where the watchdog's alerts arrive: the arrival is noted, and an outside dead man's switch is told that the way is open.

When that call stops coming, the outside service wakes somebody: it is the one alarm that does not depend on the bus. The
call carries nothing but its address, which is a secret. That it fails changes nothing for delivery: the next alert calls
again. The ledger keeps one row of the watchdog, the latest, so that a year of alerts takes no more room than a minute.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import aiohttp
import structlog
from sqlalchemy import Connection, select

from alertbus.delivery.channels.webhook import address
from alertbus.delivery.ledger.endings import forget
from alertbus.delivery.ledger.shared_transactions import SharedTransactions
from alertbus.delivery.ledger.tables import watchdog_arrival
from alertbus.delivery.outcome import ACCEPTED, Outcome
from alertbus.model.notice import Message
from alertbus.sql.engine import upsert

_LIMIT_S = 5.0
"""How long the outside service may take. Chosen: a tenth of the shortest interval that makes sense."""

_SUCCESS = 2

log = structlog.stdlib.get_logger(__name__)


class DeadmanChannel:
    """Accepts every message. `url` None: arrivals are only noted."""

    name = "deadman"

    def __init__(
        self, transactions: SharedTransactions, now: Callable[[], datetime], session: aiohttp.ClientSession, url: str | None
    ) -> None:
        self._transactions, self._now, self._session, self._url = transactions, now, session, url

    async def send(self, message: Message, agency: str) -> Outcome:
        arrived_at = self._now()
        await self._transactions.write(lambda connection: _note(connection, agency, message.idempotency_key, arrived_at))
        if self._url is not None:
            await self._call(self._url)
        return ACCEPTED

    async def _call(self, url: str) -> None:
        try:
            async with asyncio.timeout(_LIMIT_S), self._session.get(address(url), allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            log.warning("the dead man's switch was not reached", error=type(fault).__name__)
            return
        if status // 100 != _SUCCESS:
            log.warning("the dead man's switch did not take the call", status=status)


def _note(connection: Connection, agency: str, notice_id: str, arrived_at: datetime) -> None:
    """Note the arrival, and let the ledger forget the one before: lanes are in order, so that one is done."""
    before = connection.execute(select(watchdog_arrival.c.notice_id).where(watchdog_arrival.c.agency == agency)).scalar_one_or_none()
    if before is not None and before != notice_id:
        forget(connection, before)
    row = {"agency": agency, "notice_id": notice_id, "arrived_at": arrived_at}
    connection.execute(upsert(watchdog_arrival, connection.dialect.name, update=["notice_id", "arrived_at"]), [row])
