"""A source's plugin is called here, in a lane of its own, and what it says is judged: whose fault it is when a message is not read.

What the sender can mend is told the sender, in the plugin's words where they repeat nothing of the message. What is the plugin's fault is
never told a sender as theirs: they are to come again, and the message is kept for whoever mends the plugin.
"""

from collections.abc import Sequence

import structlog

from alertbus.intake.ignored import NOT_YET_KNOWN, WhyIgnored, why_ignored
from alertbus.model.alert import Alert
from alertbus.model.errors import Fault, Unavailable, told_class
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.plugin import Headers, Ignored, Source, Stated, UnreadableMessage
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.echoes import WITHHELD, plain_fault, repeats
from alertbus.plugin.lanes import LaneFull
from alertbus.plugin.manager import Plugins
from alertbus.plugin.set_aside import SetAside

log = structlog.get_logger("alertbus.gateway")

PARSE_LIMIT_S = 10.0
"""Seconds that a plugin may take for one message. Chosen: parsing takes milliseconds, and a caller waits for it."""

AGAIN_AFTER_S = 60
"""Seconds after which a sender is to come again when the plugin is at fault. Chosen: a person mends it, and then nothing waits for long."""

LONGEST_REASON = 2_000
"""Letters of the reason for which a message raises nothing. Chosen: a sentence for each event of a message that holds several."""

NOT_SAID = "the message was understood and raises nothing; its plugin's own words for why are withheld, because they repeat the message"

_STATED = (Alert, PersonMerged, PersonSplit)
_REMEMBERED = 512


class SourceAway(Unavailable):
    """The plugin of a source cannot read messages now. Nothing is known to be wrong with the message."""

    code = "source_away"

    def __init__(self, words: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(words)


def set_aside(name: str, aside: SetAside) -> SourceAway:
    """The error to raise for what a plugin that is set aside would read."""
    perhaps = "" if aside.remembered else ", which may be the one that reads this,"
    return SourceAway(
        f"nothing can be read as '{name}' now: the plugin '{aside.plugin}'{perhaps} cannot be used ({aside.reason}). Your message is still "
        "with you. Send it again later",
        AGAIN_AFTER_S,
    )


class SourceBroke(Exception):
    """The plugin broke its contract. `how` is a class or a word, and nothing of the plugin's own."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(how)


class SourceCalls:
    """Reads messages with their plugins."""

    def __init__(self, plugins: Plugins, limit_s: float = PARSE_LIMIT_S) -> None:
        self._plugins, self._limit_s = plugins, limit_s
        self._plain: set[tuple[str, str]] = set()
        """Sentences that were found to repeat nothing: a plugin's constants."""

    async def read(self, source: Source, raw: bytes, headers: Headers) -> list[Stated] | Ignored | tuple[Fault, ...]:
        """Give what the message states, why it states nothing, or what the sender should mend.

        Raises `SourceBroke` for what is the plugin's fault, and `SourceAway` where it was not asked because its lane is full.
        """
        try:
            return await self._plugins.call(source, self._judged, source, raw, headers, limit_s=self._limit_s)
        except LaneFull as full:
            if full.hangs:
                raise SourceBroke("hangs") from None
            raise SourceAway(f"source '{source.name}' has more to read than it can now; send it again", 2) from None
        except TimeoutError:
            raise SourceBroke("TimeoutError") from None

    def _judged(self, source: Source, raw: bytes, headers: Headers) -> list[Stated] | Ignored | tuple[Fault, ...]:
        """In the lane."""
        found = self._asked(source, raw, headers)
        if isinstance(found, list):
            return found
        text = _words_of(found)
        if (source.name, text) not in self._plain:
            if repeats(text, raw, lambda other: _words_of(self._asked_again(source, other, headers))):
                log.warning("the words of a source repeat the message, and are withheld", plugin=source.name)
                return _neutral(found)
            if len(self._plain) >= _REMEMBERED:
                self._plain.clear()
            self._plain.add((source.name, text))
        return found

    def _asked(self, source: Source, raw: bytes, headers: Headers) -> list[Stated] | Ignored | tuple[Fault, ...]:
        broke, found = "", None
        try:
            found = behind_boundary(_parsed, source, raw, headers, plugin=self._plugins.owner_of(source))
        except PluginBroke as error:
            broke = str(error)
        if isinstance(found, str) or broke:
            raise SourceBroke(broke or str(found))
        assert found is not None
        return found

    def _asked_again(self, source: Source, raw: bytes, headers: Headers) -> list[Stated] | Ignored | tuple[Fault, ...]:
        try:
            return self._asked(source, raw, headers)
        except SourceBroke:
            return []


def _parsed(source: Source, raw: bytes, headers: Headers) -> list[Stated] | Ignored | tuple[Fault, ...] | str:
    """Behind the boundary: what the plugin gives may be of a class of its own. A text says what is wrong with it."""
    try:
        found: object = source.parse(raw, headers)
    except UnreadableMessage as unreadable:
        faults = tuple(map(plain_fault, unreadable.faults))
        return faults or (Fault("$", "a message that this source can read", "not_understood"),)
    if isinstance(found, Ignored):
        reason = found.reason
        if not isinstance(reason, str) or not reason.strip():
            return "ignored without a reason"
        return Ignored(str(reason)) if len(reason) <= LONGEST_REASON else "ignored with a reason without end"
    if not isinstance(found, list | tuple):
        return f"returned {told_class(type(found))}"
    if not found:
        return "returned an empty list"
    strange = next((one for one in found if type(one) not in _STATED), None)
    return list(found) if strange is None else f"returned {told_class(type(strange))} in a list"


def _neutral(found: Ignored | Sequence[Fault]) -> Ignored | tuple[Fault, ...]:
    """The same outcome in the bus's words."""
    if not isinstance(found, Ignored):
        return (Fault("$", WITHHELD, "not_understood"),)
    return Ignored(f"{NOT_YET_KNOWN} {NOT_SAID}" if why_ignored(found.reason) is WhyIgnored.NOT_YET_KNOWN else NOT_SAID)


def _words_of(found: "list[Stated] | Ignored | Sequence[Fault]") -> str:
    """All that the sender would read of it."""
    if isinstance(found, Ignored):
        return found.reason
    return "\n".join(f"{one.path} {one.expected} {one.code}" for one in found if isinstance(one, Fault))
