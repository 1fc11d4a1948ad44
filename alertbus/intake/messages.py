"""Raw messages in a source's own format: read by its plugin behind an error boundary, and never dropped in silence.

Understood and it raises alerts: accepted. Understood and it raises none: ignored, with the rule that says so. Not understood: the message
is kept as it came, a human is asked, and only then the sender is told what to mend. Where the plugin broke or hangs, the sender has nothing
to mend: it is kept in the same way with the plugin named, and they are asked to send it again later.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from alertbus.intake.alerts import Accepted, AlertIntake
from alertbus.intake.ignored import count_ignored
from alertbus.intake.junk_allowance import JunkAllowance
from alertbus.intake.publisher import Publisher
from alertbus.intake.source_calls import AGAIN_AFTER_S, SourceAway, SourceBroke, SourceCalls, set_aside
from alertbus.intake.tables import raw as raw_table
from alertbus.intake.who import WhoIsWhoIntake
from alertbus.model import ids
from alertbus.model.alert import Alert
from alertbus.model.errors import Fault, InvalidInput, NotFound, NotUnderstood, TooLarge, TooMany
from alertbus.model.events import MessageKept, ReviewReason
from alertbus.model.gaps import Gap, gaps
from alertbus.plugin import Headers, Ignored, Source, Stated
from alertbus.plugin.manager import Plugins
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, upsert
from alertbus.wire import records

log = structlog.get_logger("alertbus.gateway")

PLUGIN_FAULT = "plugin_fault"
"""Why a message was kept that its plugin broke on. Stable: it stands on the topic and in the database."""

LARGEST_RAW = 650_000
"""Bytes of a raw message: in base64 it must fit a Kafka record. A larger one is not kept: the bus is no place for scanned files."""


class NotRead(NotUnderstood):
    """A message that could not be read. `faults` say where; it is kept for review under `ref`."""

    def __init__(self, faults: Sequence[Fault], ref: str) -> None:
        self.faults, self.ref = tuple(faults), ref
        super().__init__(f"{len(self.faults)} fault(s). The message is kept for review as {ref}.")


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """What became of a message: the alerts it raised, or the reason why it raises none.

    `linked` counts its statements that people are one, or are not; `linked_before` those of them that had been accepted before.
    """

    accepted: tuple[Accepted, ...] = ()
    history: tuple[str, ...] = ()
    """The ids of those alerts that tell nobody now, too old or so stated by their source: whoever joins a case later may hear of them."""
    ignored: str | None = None
    linked: int = 0
    linked_before: int = 0
    to_complete: tuple[tuple[str, Gap], ...] = ()
    """What the alerts do not say and should, each with its alert's id: its sender is asked for it."""


class MessageIntake:
    """Reads raw messages with their plugins. The same message again has the same outcome and no second effect."""

    def __init__(
        self,
        engine: Database,
        publisher: Publisher,
        alerts: AlertIntake,
        people: WhoIsWhoIntake,
        plugins: Plugins,
        now: Callable[[], datetime],
    ) -> None:
        self._engine, self._publisher, self._alerts, self._people = engine, publisher, alerts, people
        self._plugins, self._now = plugins, now
        self._calls = SourceCalls(plugins)
        self._allowance = JunkAllowance()

    def source(self, plugin: str) -> Source:
        """Give the source. Raises `NotFound`, or `SourceAway` where its plugin is set aside, or may be."""
        if plugin in self._plugins.sources:
            return self._plugins.sources[plugin]
        if (aside := self._plugins.aside_of(plugin, "source")) is not None:
            raise set_aside(plugin, aside)
        raise NotFound("no source of that name is installed; `alertbus plugin list` shows those that are")

    async def receive(
        self, plugin: str, raw: bytes, headers: Headers, authorise: Callable[[Stated], None] = lambda _: None, *, sender: str = ""
    ) -> MessageOutcome:
        """Read the message and accept its alerts. `authorise` raises for what the caller must not state.

        Raises `NotRead` once a message that cannot be read, or whose alerts are not right or too many, is kept; `TooMany` when so much of
        `sender`'s was kept lately that it is not; `SourceAway` for what is the plugin's fault; `Unavailable` if it could not be kept.
        """
        try:
            outcome = await self._calls.read(self.source(plugin), raw, headers)
        except SourceBroke as broke:
            raise await self.keep_for_plugin(plugin, raw, headers, broke.how) from None
        if isinstance(outcome, list) and len(outcome) > (most := self._plugins.rules.most_alerts):
            expected = f"at most {most} statements in one message (the policy's plugins.most_alerts); this one makes {len(outcome)}"
            outcome = (Fault("$", f"{expected}. Send it in parts", "too_many_statements"),)
        if isinstance(outcome, Ignored):
            await count_ignored(self._engine, plugin, outcome.reason, self._now())
            return MessageOutcome(ignored=outcome.reason)
        if isinstance(outcome, list):
            alerts = [one for one in outcome if isinstance(one, Alert)]
            for one in outcome:
                authorise(one)
            news = await self._alerts.as_news(alerts)
            history = tuple(dict.fromkeys(alert.alert_id for alert in news if alert.history))
            try:
                accepted = tuple(await self._alerts.accept(news)) if news else ()
                who = [one for one in outcome if not isinstance(one, Alert)]
                repeated = [await self._people.accept(one) for one in who]
                missing = tuple((alert.alert_id, gap) for alert in news for gap in gaps(alert))
                return MessageOutcome(accepted=accepted, history=history, linked=len(who), linked_before=sum(repeated), to_complete=missing)
            except InvalidInput as fault:
                outcome = fault.faults
        raise await self.keep(plugin, raw, headers, outcome, sender=sender)

    async def refuse_oversized(self, plugin: str, digest: str | None, size: int) -> TooLarge:
        """Ask a human to look into a message that was not read into memory, by its digest. Gives the error to raise."""
        self.source(plugin)
        detail = f"too_large sha256:{digest}" if digest else "too_large"
        ref = ids.event_id("raw", plugin, digest or self._now().isoformat())
        await self._publisher.send(records.review_needed(ref, ReviewReason.NOT_UNDERSTOOD, self._now(), source=plugin, detail=detail))
        return TooLarge(
            f"{size} bytes or more, at most {LARGEST_RAW}. The message was not kept; a person was asked to look into "
            "it. Send it without its enclosures."
        )

    async def keep(self, plugin: str, raw: bytes, headers: Headers, faults: Sequence[Fault], *, sender: str = "") -> NotRead | TooMany:
        """Keep the message as it came, on the broker and then in the database, and ask a human to look at it. Gives the error to raise:
        `TooMany` where so much of `sender`'s was kept lately that this one was not.
        """
        ref = await self._kept(plugin, raw, headers, faults[0].code, sender)
        if ref is None:
            return TooMany(
                "so much of yours that nobody can read was kept within the hour that this message was not: it is still with you. Mend what "
                "is wrong with them, as the answers to the earlier ones said, and send it again"
            )
        return NotRead(faults, ref)

    async def keep_for_plugin(self, plugin: str, raw: bytes, headers: Headers, how: str) -> SourceAway:
        """Keep a message on which its plugin broke, up to the same bound for each plugin. Gives the error to raise."""
        log.warning("a source plugin broke", plugin=plugin, error=how)
        ref = await self._kept(plugin, raw, headers, PLUGIN_FAULT, f"plugin {plugin}", of_plugin=True)
        kept = f"It is kept as {ref}, and a person is asked to mend the plugin" if ref else "So many are kept already that it is not"
        return SourceAway(
            f"the plugin that reads this for '{plugin}' is out of order. Nothing is known to be wrong with your message. {kept}. "
            "Send it again later",
            AGAIN_AFTER_S,
        )

    async def _kept(self, plugin: str, raw: bytes, headers: Headers, reason: str, sender: str, *, of_plugin: bool = False) -> str | None:
        """Give the reference; None where so much was kept that this was not."""
        digest = hashlib.sha256(raw).hexdigest()
        ref = ids.event_id("raw", plugin, digest)
        if not self._allowance.takes(sender, ref, len(raw), self._now()):
            return None
        kept = MessageKept(
            ref=ref,
            source=plugin,
            received_at=self._now(),
            media_type=headers.get("content-type", "")[:100],
            body=base64.b64encode(raw),
            reason=reason[:60],
            digest=digest,
        )
        await self._publisher.send(records.message_kept(kept))
        with database_faults():
            async with self._engine.begin() as connection:
                await connection.execute(upsert(raw_table, connection.dialect.name), [row_of(kept)])
        detail = PLUGIN_FAULT if of_plugin else None
        asked = records.review_needed(ref, ReviewReason.NOT_UNDERSTOOD, self._now(), source=plugin, raw_ref=ref, detail=detail)
        await self._publisher.send(asked)
        return ref


def row_of(kept: MessageKept) -> dict[str, object]:
    """Give the row in which a kept message can be looked at."""
    return {**kept.model_dump(exclude={"body"}), "body": kept.body}
