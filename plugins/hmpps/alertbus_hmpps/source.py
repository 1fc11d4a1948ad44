"""One HMPPS message in; alerts, who is who, or a reason out: decided by the tables of this plugin, from the message alone."""

from alertbus.plugin import Headers, Ignored, Stated, UnreadableMessage
from alertbus_hmpps import events, rules
from alertbus_hmpps.documents import recognised
from alertbus_hmpps.envelope import Opened, open_message, placeholders
from alertbus_hmpps.links import LINKING, link
from alertbus_hmpps.outcomes import NOT_YET_KNOWN
from alertbus_hmpps.statements import DISAGREES, Event, happened
from alertbus_hmpps.tellings import TELLINGS

_MOST_FAULTS = 100
"""Faults told of one message; a batch may hold thousands."""
_CONFIRM = "an SNS subscription message: confirm it at the topic by hand; nothing is fetched"


class Hmpps:
    """The source `hmpps`: domain events of prison and probation, bare or in their envelopes."""

    name = "hmpps"

    def parse(self, raw: bytes, headers: Headers) -> list[Stated] | Ignored:  # noqa: ARG002  nothing in them is needed
        """Read one message: one event, or a batch of them. A batch of which any part cannot be read is refused whole, so that it is
        kept; parts that raise nothing may stand beside others that do.

        Raises `UnreadableMessage` with the faults of every part, each with its path.
        """
        contents = open_message(raw)
        stated: dict[str, Stated] = {}
        reasons: list[str] = []
        faults = [fault for unreadable in contents.unreadable for fault in unreadable.faults]
        for opened in contents.events:
            try:
                outcome = _read(opened)
            except UnreadableMessage as unreadable:
                faults += unreadable.faults
                continue
            if isinstance(outcome, Ignored):
                reasons.append(outcome.reason)
            else:
                stated |= {one.model_dump_json(): one for one in outcome}  # a batch may hold one event twice
        if faults:
            raise UnreadableMessage(*faults[:_MOST_FAULTS])
        return [*stated.values()] or Ignored("; ".join(_each_once(reasons)))


def _each_once(reasons: list[str]) -> list[str]:
    """Each reason once; what nobody has thought of first, so that the whole begins with the words by which it is counted."""
    return sorted(dict.fromkeys(reasons), key=lambda reason: not reason.startswith(NOT_YET_KNOWN))


def _read(opened: Opened) -> list[Stated] | Ignored:
    if opened.subscription:
        return Ignored(_CONFIRM)
    if (document := recognised(opened.body)) is not None:
        return Ignored(document)
    try:
        unfilled = placeholders(opened)
    except RecursionError:
        unfilled = None
    if unfilled is None:
        raise UnreadableMessage((opened.path("eventType"), "an event whose fields are not nested hundreds deep"))
    if unfilled:
        raise UnreadableMessage(*((path, "a value: this is a template that was never filled in") for path in unfilled))
    event = Event(_event_type(opened), opened)
    outcome = _decide(event)
    if isinstance(outcome, Ignored):
        return Ignored(outcome.reason + DISAGREES) if event.disagrees else outcome
    return outcome


def _event_type(opened: Opened) -> str:
    """Take the type inside; the envelope's attribute only when there is none inside."""
    inside = opened.get("eventType")
    if inside is None and "eventType" in opened.attributes and opened.at:
        return opened.attributes["eventType"]
    if not isinstance(inside, str) or not inside:
        raise UnreadableMessage((opened.path("eventType"), "the event's type as text"))
    return inside


def _decide(event: Event) -> list[Stated] | Ignored:
    """Decide by the type. A type with a rule is `told` or `links people` in the table; every other is ignored with its reason there."""
    kind = event.kind
    outcome: list[Stated] | Ignored
    if kind in events.RELEASES:
        outcome = rules.release(event)
    elif kind in events.RECEPTIONS:
        outcome = rules.reception(event)
    elif kind in events.RECALLS:
        outcome = rules.recall(event)
    elif kind in events.REGISTRATIONS:
        outcome = rules.entry(event, events.REGISTRATIONS[kind], rules.REGISTER)
    elif kind in events.PRISON_ALERTS:
        outcome = rules.entry(event, events.PRISON_ALERTS[kind], rules.PRISON_ALERT)
    elif kind in TELLINGS:
        outcome = rules.told(event, TELLINGS[kind])
    elif kind in LINKING:
        outcome = [link(kind, event.opened, happened(event.opened))]
    else:
        outcome = events.row_for(kind).ignored()
    return outcome
