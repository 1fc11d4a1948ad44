"""From raw bytes to one HMPPS event: out of its SNS and SQS envelopes, however often its text was encoded.

No URL in a message is ever fetched, and no signature is checked: whoever subscribed to the topic has done so already.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alertbus.plugin import UnreadableMessage
from alertbus.plugin.forms import WHOLE, read_json

_DEEPEST = 6
"""SQS around SNS around text encoded twice is four."""
_WRAPPERS = ("Message", "Body")
_PLACEHOLDER = re.compile(r"\{[A-Za-z][\w-]*\}")


@dataclass(frozen=True, slots=True)
class Opened:
    """The event inside all envelopes. `at` is where it lay, for paths; `attributes` are the envelope's, in whichever of three spellings."""

    body: Mapping[str, object]
    at: str
    attributes: Mapping[str, str]
    sent: str | None
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

    @property
    def digest(self) -> str:
        return digest(json.dumps(self.body, sort_keys=True, separators=(",", ":")))


def digest(*parts: str) -> str:
    """Hash into an opaque id of 32 hex digits: what went in may be a person's number."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def open_message(raw: bytes) -> Opened:
    """Open every envelope. Raises `UnreadableMessage` at the path where something else than an object stands."""
    value = read_json(raw)
    at, sent = "", None
    attributes: dict[str, str] = {}
    for _ in range(_DEEPEST):
        if isinstance(value, str):
            value = read_json(value.encode("utf-8", "surrogatepass"), at or WHOLE)
            continue
        if not isinstance(value, Mapping):
            raise UnreadableMessage((at or WHOLE, "a JSON object: one event, or one envelope around it"))
        notified = value.get("Type") == "Notification" or "eventType" not in value
        wrapper = next((w for w in _WRAPPERS if w in value and notified), None)
        attributes |= _attributes(value)
        sent = _first_text(value, "Timestamp", "timestamp") or sent
        if wrapper is None:
            return Opened(value, at, attributes, sent)
        if _first_text(value, "Type") in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
            return Opened({}, at, attributes, sent, subscription=True)
        at = f"{at}.{wrapper}" if at else wrapper
        value = value[wrapper]
    raise UnreadableMessage((at or WHOLE, f"an event in at most {_DEEPEST} layers of envelope and encoding"))


def placeholders(opened: Opened) -> list[str]:
    """Paths of values that a template left unfilled, such as `{createdDate}`."""
    return [path for path, text in _texts(opened.body, opened.at) if _PLACEHOLDER.fullmatch(text)]


def _attributes(envelope: Mapping[str, object]) -> dict[str, str]:
    """Read {Type, Value} of SNS, {DataType, StringValue} of SQS, or a bare string: all three are sent."""
    given = envelope.get("MessageAttributes") or envelope.get("messageAttributes")
    found = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        text: object = value
        if isinstance(value, Mapping):
            text = next((value[key] for key in ("Value", "StringValue", "stringValue") if key in value), None)
        if isinstance(text, str):
            found[str(name)] = text
    return found


def _first_text(value: Mapping[str, object], *keys: str) -> str | None:
    return next((text for key in keys if isinstance(text := value.get(key), str) and text), None)


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]")
