"""Channels of a plugin's own: how a message goes to an agency's system, and what comes back. Public, as `alertbus.plugin` is.

A transport is chosen by an operator as the channel of an agency. The bus opens it when delivery starts, gives it one message at a time in
threads that nothing else uses, and treats it as it treats its own channels: the same limits, circuit, retries and receipts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol, get_args, runtime_checkable

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from alertbus.model.notice import Message
from alertbus.secret_files import RULE, text_of, with_secrets


class TransportSettings(BaseModel):
    """What an operator sets for one agency, under `settings`. Inherit it, and give each field a `description`: an operator who sets it
    wrongly is told that, and never what was found.

    A field `x` that is a `SecretStr` is never written down there: the operator gives `x_file`, the path of a file that only its owner can
    read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _takes_secrets_from_their_files(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, dict) or info.context is not FROM_AN_OPERATOR:
            return given
        secret = [name for name, known in cls.model_fields.items() if is_secret(known.annotation)]
        if written := sorted(name for name in secret if name in given):
            name = written[0]
            raise PydanticCustomError(RULE, f"{name}: a secret stands in a file of its own; give {name}_file, the path of it")
        filled = with_secrets(given, dict.fromkeys(secret, text_of))
        return {name: value for name, value in filled.items() if name not in {f"{one}_file" for one in secret}}


FROM_AN_OPERATOR: dict[str, Any] = {}
"""The context in which the bus reads settings: secrets come from files then. A test of a plugin may give them as they are."""


def is_secret(annotation: object) -> bool:
    """Whether a field of that type holds a secret."""
    return annotation is SecretStr or any(one is SecretStr for one in get_args(annotation))


class Hindrance(StrEnum):
    """Why a message did not get through and may later. Values are stable: they stand in the ledger and in receipts."""

    UNREACHABLE = "unreachable"
    CUT = "connection_cut"
    SLOW = "too_slow"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    NOT_LET_IN = "not_let_in"
    """It refused us, not the message: a wrong password, a mailbox that is not ours. Tried five times, then given up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """It has the message. `handed_over`: a carrier has, and the agency's system has not spoken yet. `reply` is what that wrote back, for
    the adapter's `parse_receipt`.
    """

    handed_over: bool = False
    reply: bytes | None = field(default=None, repr=False)
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """It will never take this message. `unsendable`: it cannot be put on this channel at all."""

    unsendable: bool = False


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It may be taken later: for as long as it takes, at growing intervals, or after the time that the other side asked for."""

    why: Hindrance = Hindrance.UNREACHABLE
    after: timedelta | None = None


SendOutcome = Taken | NotTaken | TryAgain
"""What came of one message."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What an agency's system sent us by this channel: an acknowledgement, for `parse_receipt` of the adapter of that sector. `key` is the
    channel's own name for it, by which it is confirmed once the bus has it.
    """

    key: str
    raw: bytes = field(repr=False)
    sector: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """The agency's system has fetched a message that had been handed over."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The carrier has given up a message that had been handed over. `key` is the channel's own name for its report, empty where tracking
    says so.
    """

    idempotency_key: str
    key: str = ""


@runtime_checkable
class OpenTransport(Protocol):
    """One agency's way. `send` is plain and synchronous, and called by several threads at once, as many as `at_once` says.

    It may have, besides:
    `collect()`, giving a sequence of `Letter` and `GivenUp`: what has come; the same again until it is confirmed;
    `confirm(key)`, called once the bus has it for good;
    `track(keys)`, giving `Arrived` or `GivenUp` by idempotency key for those messages, handed over before, of which it knows more;
    `close()`.
    """

    def send(self, message: Message, agency: str) -> SendOutcome: ...


@runtime_checkable
class Collecting(Protocol):
    """A way by which something comes back."""

    def collect(self) -> Sequence[Letter | GivenUp]: ...

    def confirm(self, key: str) -> None: ...


@runtime_checkable
class Tracking(Protocol):
    """A way that knows what became of a message that was handed over."""

    def track(self, keys: Sequence[str]) -> Mapping[str, Arrived | GivenUp]: ...


@runtime_checkable
class Transport(Protocol):
    """A channel as a plugin offers it. `name` is what an operator writes as `channel`. `limit_s` (20) and `every_s` (60) may stand beside:
    the seconds that one call may take where the operator does not say, and those between two looks for what has come back.
    """

    name: str
    contract: int
    settings: type[TransportSettings]

    def open(self, settings: Any) -> OpenTransport: ...
