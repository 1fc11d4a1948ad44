"""Notices arriving from their topic are written into the ledger before their offset moves; what cannot be read is kept.

A record that is no notice goes to quarantine with its coordinates, and only then does its offset move. Trouble with the
broker or the database is raised as it is: the worker ends with nothing committed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog

from alertbus.broker.producer import Producer
from alertbus.broker.record import Received
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.model import watchdog
from alertbus.model.events import NOTICE_OWED
from alertbus.model.notice import Notice
from alertbus.quarantine.entry import poisoned
from alertbus.sql.apart import is_refusal
from alertbus.wire.reading import moment, understand
from alertbus.wire.words import DELIVERY, word_on

log = structlog.stdlib.get_logger(__name__)


class Arrivals:
    """Writes batches of records into the ledger. `wake` is called when there is something new in it."""

    def __init__(self, ledger: Ledger, producer: Producer, now: Callable[[], datetime], wake: Callable[[], None]) -> None:
        self._ledger = ledger
        self._producer = producer
        self._now = now
        self._wake = wake

    async def __call__(self, records: Sequence[Received]) -> None:
        """Return when every record is in the ledger or in quarantine."""
        notices: list[tuple[Received, Notice]] = []
        poison: list[tuple[Received, str]] = []
        redriven: dict[str, int] = {}
        for record in records:
            found = understand(record, word_on(record.topic, NOTICE_OWED))
            if found.fault is not None:
                poison.append((record, found.fault))
                continue
            notice: Notice = found.word
            if watchdog.is_reserved(exercise=notice.obligation.exercise) and watchdog.is_late(notice.obligation.since, self._now()):
                log.info("a watchdog alert came too late to say anything", notice_id=notice.id)
                continue
            notices.append((record, notice))
            if found.refused_at is not None:
                redriven[notice.id] = found.refused_at
        self._wake()  # so that leasing joins the transaction that records
        try:
            await self._ledger.record([notice for _, notice in notices], self._now())
        except Exception as fault:
            if not is_refusal(fault):
                raise
            poison += await self._record_singly(notices)
        if redriven:
            await self._reopen(redriven)
        if poison:
            await self._quarantine(poison)
        self._wake()

    async def _reopen(self, redriven: Mapping[str, int]) -> None:
        opened = await self._ledger.reopen(redriven, self._now())
        for notice_id, attempt in redriven.items():
            log.info("a refused notice was redriven", notice_id=notice_id, attempt=attempt, outcome=_OPENED[notice_id in opened])

    async def _record_singly(self, notices: Sequence[tuple[Received, Notice]]) -> list[tuple[Received, str]]:
        refused: list[tuple[Received, str]] = []
        for record, notice in notices:
            try:
                await self._ledger.record([notice], self._now())
            except Exception as fault:
                if not is_refusal(fault):
                    raise
                refused.append((record, type(fault).__name__))
        return refused

    async def _quarantine(self, poison: Sequence[tuple[Received, str]]) -> None:
        for record, error in poison:
            log.error(
                "a record was put in quarantine",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=error,
            )
        await self._producer.send_all([poisoned(record, error, by=DELIVERY, at=moment(record.timestamp)) for record, error in poison])


_OPENED = {True: "sent_again", False: "overtaken_or_sent_again_before"}
