"""Where the watchdog's alerts arrive: the arrival is noted, and an outside dead man's switch is told that the way is open.

When that call stops coming, the outside service wakes somebody: it is the one alarm that does not depend on the bus. So it is not made
either while something has lain in the unowned queue for too long: that everybody was asked and nobody by name has answered must wake
somebody, too. A service that can be told of a failure is, at an address of its own.

The call carries nothing but its address, which is a secret. That it fails changes nothing for delivery: the next alert calls again. The
ledger keeps one row of the watchdog, the latest, so that a year of alerts takes no more room than a minute.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import aiohttp
import structlog
from sqlalchemy import Connection, select

from alertbus.delivery.channels.webhook import address
from alertbus.delivery.ledger.endings import forget
from alertbus.delivery.ledger.shared_transactions import SharedTransactions
from alertbus.delivery.ledger.tables import watchdog_arrival
from alertbus.delivery.outcome import ACCEPTED, Outcome
from alertbus.model.errors import BusError
from alertbus.model.notice import Message
from alertbus.sql.engine import upsert

_LIMIT_S = 5.0
"""How long the outside service may take. Chosen: a tenth of the shortest interval that makes sense."""

_SUCCESS = 2

log = structlog.stdlib.get_logger(__name__)


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class DeadmanSwitch:
    """The outside switch: where it is called, and when it must fire. `url` None: arrivals are only noted."""

    url: str | None = None
    fail_url: str | None = None
    """Called in its place while nobody owns something; None: nothing is called then."""
    unowned: Callable[[], Awaitable[bool]] = _never
    """Whether something has been in the unowned queue for too long."""


class DeadmanChannel:
    """Accepts every message."""

    name = "deadman"

    def __init__(
        self, transactions: SharedTransactions, now: Callable[[], datetime], session: aiohttp.ClientSession, switch: DeadmanSwitch
    ) -> None:
        self._transactions, self._now, self._session, self._switch = transactions, now, session, switch

    async def send(self, message: Message, agency: str) -> Outcome:
        arrived_at = self._now()
        await self._transactions.write(lambda connection: _note(connection, agency, message.idempotency_key, arrived_at))
        if self._switch.url is not None:
            url = await self._chosen()
            if url is not None:
                await self._call(url)
        return ACCEPTED

    async def _chosen(self) -> str | None:
        """Where to call now. Whether something lies unowned may be unknown: then all is not known to be well, and no call says so."""
        try:
            unowned = await self._switch.unowned()
        except BusError as fault:
            log.warning("it is not known whether somebody must be woken, and the dead man's switch is not called", code=fault.code)
            return None
        if not unowned:
            return self._switch.url
        log.error("everybody was asked and nobody by name has answered: the dead man's switch is to fire; see deploy/runbooks/unowned.md")
        return self._switch.fail_url

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
