"""What an agency's system says in its reply to a message, read by its plugin: a 200 may hold a refusal (FHIR R4 $process-message).

A status alone says that something took the message; the plugin says what its system made of it. A reply that the plugin cannot read leaves
the status standing, and is noted: nobody takes it for a yes that was said.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from enum import StrEnum

import structlog

from alertbus.delivery.outcome import Outcome, Reply, Trouble
from alertbus.delivery.receipts import understood
from alertbus.model.errors import NotUnderstood, PluginFault
from alertbus.model.receipt import Stage
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import Adapter, ReceiptReader

_LEFT_BEHIND = 2
"""After so many replies on which it hung, an adapter's `parse_receipt` is not called again: each keeps a thread."""

_READ_WITHIN_S = 2.0
"""Chosen: reading some kilobytes takes milliseconds, and the message's lane waits meanwhile."""

_JSON = "application/json"

log = structlog.stdlib.get_logger(__name__)


class Remark(StrEnum):
    """What is noted of a message that was accepted by its status alone. Stable: it stands in the ledger and in receipts."""

    NOT_READ = "reply_not_read"
    """The plugin could not read the reply, or it is too long, or in a form that the plugin does not speak."""
    OF_ANOTHER = "reply_to_another_message"
    """It names a message that is not this one."""


class Replies:
    """Judges what came back by what was said, not by the status alone."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._hung: Counter[str] = Counter()

    async def judged(self, outcome: Outcome, sector: str, idempotency_key: str) -> Outcome:
        """Give the outcome as the sector's plugin reads the reply; the same where there is none, or no plugin that reads any."""
        adapter, reply = self._plugins.adapter_for(sector), outcome.reply
        if reply is None or outcome.trouble is not None or not isinstance(adapter, ReceiptReader):
            return outcome
        said = await self._said(adapter, reply, idempotency_key)
        if isinstance(said, Remark):
            log.warning("an agency's reply says nothing that counts", sector=sector, notice_id=idempotency_key, reason=said.value)
            return replace(outcome, remark=said)
        return replace(outcome, trouble=said)

    async def _said(self, adapter: Adapter, reply: Reply, idempotency_key: str) -> Trouble | Remark | None:
        """What the reply says; None if it agrees with the status."""
        if reply.body is None or not speaks(adapter, reply.media_type) or self._hung[adapter.name] >= _LEFT_BEHIND:
            return Remark.NOT_READ
        try:
            given = await understood(adapter, reply.body, _READ_WITHIN_S, self._plugins)
        except (NotUnderstood, PluginFault) as fault:
            self._hung[adapter.name] += isinstance(fault.__cause__, asyncio.TimeoutError)
            return Remark.NOT_READ
        if given.idempotency_key and given.idempotency_key.casefold() != idempotency_key.casefold():
            return Remark.OF_ANOTHER
        return {Stage.REFUSED: Trouble.REFUSED_IN_REPLY, Stage.FAILED: Trouble.BUSY}.get(given.stage)


def speaks(adapter: Adapter, media_type: str) -> bool:
    """Whether a reply of that media type may be one of the adapter's: one of its formats, JSON to one that speaks a kind of JSON, or a type
    that says nothing.
    """
    essence = media_type.partition(";")[0].strip().casefold()
    formats = {name.partition(";")[0].strip().casefold() for name in adapter.formats}
    json = any(name == _JSON or name.endswith("+json") for name in formats)
    return essence in {"", "application/octet-stream", *formats} or (json and (essence == _JSON or essence.endswith("+json")))
