"""From raw bytes to HMPPS events: out of every envelope in which a queue hands them over, however often their text was encoded.

Read are: the event alone; SNS (`Message`); an SQS message (`Body`); what Lambda is called with (`body`, `Sns`); batches
(`Records`, `Messages`, or a bare array); and any of them inside another. No URL in a message is ever fetched, and no
signature is checked: whoever subscribed to the topic has done so already.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from alertbus.plugin import UnreadableMessage
from alertbus.plugin.forms import WHOLE, read_json

_DEEPEST = 12
"""Layers of envelope and encoding. A batch of SQS around SNS around text encoded twice is eight."""
_WRAPPERS = ("Message", "Body", "body", "Sns")
_BATCHES = ("Records", "Messages", "records", "messages")
_CONFIRMATIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
_PLACEHOLDER = re.compile(r"\{[A-Za-z][\w-]*\}")


@dataclass(frozen=True, slots=True)
class Opened:
    """One event, out of its envelopes. `at` is where it lay, for paths; `attributes` are its envelopes', in whichever of three spellings;
    `sent` is when the innermost envelope says that it was sent, in its own form.
    """

    body: Mapping[str, object]
    at: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    sent: object = None
    subscription: bool = False

    def path(self, *parts: str) -> str:
        return ".".join(part for part in (self.at, *parts) if part)

    def get(self, *parts: str) -> object:
        value: object = self.body
        for part in parts:
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def text(self, *parts: str) -> str | None:
        value = self.get(*parts)
        return value.strip() or None if isinstance(value, str) else None


@dataclass(slots=True)
class Contents:
    """All that a message holds: the events in their order, and the faults of the parts that hold none, each with the part's path."""

    events: list[Opened] = field(default_factory=list)
    unreadable: list[UnreadableMessage] = field(default_factory=list)


def open_message(raw: bytes) -> Contents:
    """Open every envelope of a message. A part that cannot be opened is a fault of its own and does not hide the others."""
    contents = Contents()
    _open_part(raw, Opened({}), 0, contents)
    return contents


def placeholders(opened: Opened) -> list[str]:
    """Paths of values that a template left unfilled, such as `{createdDate}`."""
    return [path for path, text in _texts(opened.body, opened.at) if _PLACEHOLDER.fullmatch(text)]


def _open_part(value: object, around: Opened, depth: int, contents: Contents) -> None:
    try:
        _open(value, around, depth, contents)
    except UnreadableMessage as unreadable:
        contents.unreadable.append(unreadable)


def _open(value: object, around: Opened, depth: int, contents: Contents) -> None:
    """Open one layer. `around` holds what the layers outside it say; its body is not used."""
    at = around.at or WHOLE
    if depth > _DEEPEST:
        raise UnreadableMessage((at, f"an event in at most {_DEEPEST} layers of envelope and encoding"))
    if isinstance(value, bytes | str):
        text = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        _open(read_json(text, at), around, depth + 1, contents)
    elif isinstance(value, list):
        if not value:
            raise UnreadableMessage((at, "at least one event: this list is empty"))
        for index, part in enumerate(value):
            _open_part(part, replace(around, at=f"{around.at}[{index}]"), depth + 1, contents)
    elif isinstance(value, Mapping):
        _open_object(value, around, depth, contents)
    else:
        raise UnreadableMessage((at, "a JSON object: one event, or one envelope around it"))


def _open_object(value: Mapping[str, object], around: Opened, depth: int, contents: Contents) -> None:
    sent = _first(value, "Timestamp", "timestamp") or _sent_to_queue(value) or around.sent
    here = Opened(value, around.at, {**around.attributes, **_attributes(value)}, sent)
    notified = value.get("Type") == "Notification" or "eventType" not in value
    inside = next((key for key in (*_WRAPPERS, *_BATCHES) if key in value and notified), None)
    if inside is None:
        contents.events.append(here)
        return
    if value.get("Type") in _CONFIRMATIONS:
        contents.events.append(replace(here, subscription=True))
        return
    within = replace(here, at=here.path(inside))
    if inside in _BATCHES and not isinstance(value[inside], list):
        raise UnreadableMessage((within.at, "a list of messages"))
    _open(value[inside], within, depth + 1, contents)


def _attributes(envelope: Mapping[str, object]) -> dict[str, str]:
    """Read {Type, Value} of SNS, {DataType, StringValue} of SQS, or a bare string: all three are sent."""
    given = next((envelope[key] for key in ("MessageAttributes", "messageAttributes") if envelope.get(key)), None)
    found = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        text: object = value
        if isinstance(value, Mapping):
            text = next((value[key] for key in ("Value", "StringValue", "stringValue") if key in value), None)
        if isinstance(text, str):
            found[str(name)] = text
    return found


def _sent_to_queue(envelope: Mapping[str, object]) -> object:
    """When a queue took the message: SQS says it among its own attributes, in milliseconds since 1970."""
    given = next((envelope[key] for key in ("Attributes", "attributes") if isinstance(envelope.get(key), Mapping)), {})
    return _first(given, "SentTimestamp") if isinstance(given, Mapping) else None


def _first(value: Mapping[str, object], *keys: str) -> object:
    return next((value[key] for key in keys if value.get(key)), None)


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]")
