"""The shapes a plugin's objects must have: an adapter speaks to an agency's system, a source reads what one sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from alertbus.model.alert import Alert
from alertbus.model.errors import Fault
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.model.notice import Message, Notice
from alertbus.model.receipt import Intent, Stage

Stated = Alert | PersonMerged | PersonSplit
"""What a source's message may state: an alert; or that numbers are one person's, or are not."""

Headers = Mapping[str, str]
"""The headers of a message, by name in lower case."""


MOST_STATEMENTS = 500
"""That one message may make. Chosen: the children of a whole year of a large school in one file. A source refuses what has more."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that was understood and raises nothing. `reason` is a stable sentence for the sender: the rule, and no personal data."""

    reason: str


class UnreadableMessage(ValueError):
    """Raised by a source for what it cannot read: the sender gets every fault (422) and the message is kept in review.

    `faults` say where and what was expected, never what was found.
    """

    def __init__(self, *faults: Fault | tuple[str, str]) -> None:
        self.faults = tuple(f if isinstance(f, Fault) else Fault(path=f[0], expected=f[1]) for f in faults)
        super().__init__("; ".join(f"{f.path}: {f.expected}" for f in self.faults))


@dataclass(frozen=True, slots=True)
class ReceiptGiven:
    """An agency system's own acknowledgement: of which message (by its idempotency key), how far it came, and who answered, if anybody."""

    idempotency_key: str
    """The notice's id, as your message held it and the receipt names it. Empty where the receipt names none: it then answers the request
    that it came back on, and says no more than `accepted`, `refused` or `failed`.
    """
    stage: Stage
    """How far the message came: see the stages below."""
    by: str | None = None
    """The person who answers, by name, as the receipt has it: two characters or more, on one line. Never a desk, a team or a system."""
    role: str | None = None
    """In which role they answer, on one line."""
    intent: Intent | None = None
    """What they will do: with `acknowledged`, see the intents below."""
    note: str | None = None
    """Of `acted`, what was done; of `not_ours`, why. Of a message that was not taken, a code that you know, never a sentence, which may
    quote it.
    """
    to: str | None = None
    """The person to whom it is passed on, somebody else than `by`: with `passing_on`, and only then."""


@runtime_checkable
class Adapter(Protocol):
    """Turns a notice into a message. `render` is pure, synchronous and deterministic: no network, file or clock.

    A verbatim excerpt is carried byte for byte or left out whole. The active flag, when the notice has one, comes first: its words, or
    where the format has no room for them one of the adapter's own sentences, which it then names in `flag_marks: Sequence[str]`. The bus
    refuses a message of a flagged notice that has neither.
    """

    name: str
    sector: str
    contract: int
    formats: Sequence[str]

    def render(self, notice: Notice) -> Message: ...


@runtime_checkable
class ReceiptReader(Protocol):
    """An adapter that can also read its system's acknowledgements."""

    def parse_receipt(self, raw: bytes) -> ReceiptGiven: ...


@runtime_checkable
class Source(Protocol):
    """Turns a message into what it states: alerts, and who is who; or says why it states nothing.

    Raises `UnreadableMessage` for a message that it cannot read.
    """

    name: str

    def parse(self, raw: bytes, headers: Headers) -> Sequence[Stated] | Ignored: ...
