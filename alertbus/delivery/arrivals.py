"""Notices arriving from their topic are written into the ledger before their offset moves; what cannot be read is kept.

A record that is no notice goes to quarantine with its coordinates, and only then does its offset move. Trouble with the
broker or the database is raised as it is: the worker ends with nothing committed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from alertbus.broker.producer import Producer
from alertbus.broker.record import Received
from alertbus.model import watchdog
from alertbus.model.events import NOTICE_OWED
from alertbus.model.notice import Notice
from alertbus.quarantine.entry import poisoned
from alertbus.sql.apart import is_refusal
from alertbus.wire.reading import Understood, moment, understand
from alertbus.wire.words import DELIVERY, word_on

log = structlog.stdlib.get_logger(__name__)


class Recorder(Protocol):
    """The ledger, or what records in it and sends on: see `Ledger` for both."""

    async def record(self, notices: Sequence[Notice], now: datetime, *, bodies: Sequence[bytes]) -> object: ...

    async def reopen(self, refused_at: Mapping[str, int], now: datetime) -> list[str]: ...


class Arrivals:
    """Has batches of records written into the ledger, each notice as the bytes that came."""

    def __init__(self, recorder: Recorder, producer: Producer, now: Callable[[], datetime]) -> None:
        self._recorder = recorder
        self._producer = producer
        self._now = now

    async def __call__(self, records: Sequence[Received]) -> None:
        """Return when every record is in the ledger or in quarantine."""
        notices: list[Understood] = []
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
            notices.append(found)
            if found.refused_at is not None:
                redriven[notice.id] = found.refused_at
        try:
            await self._record(notices)
        except Exception as fault:
            if not is_refusal(fault):
                raise
            poison += await self._record_singly(notices)
        if redriven:
            await self._reopen(redriven)
        if poison:
            await self._quarantine(poison)

    async def _record(self, notices: Sequence[Understood]) -> None:
        if notices:
            await self._recorder.record([found.word for found in notices], self._now(), bodies=[found.data for found in notices])

    async def _reopen(self, redriven: Mapping[str, int]) -> None:
        opened = await self._recorder.reopen(redriven, self._now())
        for notice_id, attempt in redriven.items():
            log.info("a refused notice was redriven", notice_id=notice_id, attempt=attempt, outcome=_OPENED[notice_id in opened])

    async def _record_singly(self, notices: Sequence[Understood]) -> list[tuple[Received, str]]:
        refused: list[tuple[Received, str]] = []
        for found in notices:
            try:
                await self._record([found])
            except Exception as fault:
                if not is_refusal(fault):
                    raise
                refused.append((found.record, type(fault).__name__))
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
