"""The rules for an adapter's `parse_receipt`, one function each. An adapter without it keeps them all."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from alertbus.model.receipt import Intent, Stage
from alertbus.plugin.kit import damage
from alertbus.plugin.kit.calling import OutOfBounds, call, listened
from alertbus.plugin.kit.conformance import Broken, everything_said_by, must
from alertbus.plugin.kit.fences import world_closed
from alertbus.plugin.kit.source_values import leaks
from alertbus.plugin.protocols import Adapter, ReceiptGiven, UnreadableMessage

_CANARY = "Quillfeather 01632 960777"
_OTHER = "5f0c1c9e-7a41-4d0e-9d0b-6f3a2b1c4d5e"
"""A key that no sample has."""
_NOT_TAKEN = frozenset({Stage.REFUSED, Stage.FAILED})

ReceiptOutcome = ReceiptGiven | UnreadableMessage


class ReceiptCrashed(Broken):
    """`parse_receipt` raised something else than `UnreadableMessage`, or gave something else than `ReceiptGiven`."""


def samples_are_read(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    if not hasattr(adapter, "parse_receipt"):
        return
    must(receipts, "no sample receipts: set `receipts`, or for `alertbus plugin check` put some into samples/<the adapter's name>/")
    found = [_outcome(adapter, raw, f"receipt {number}") for number, raw in enumerate(receipts)]
    must(any(isinstance(each, ReceiptGiven) for each in found), "no sample receipt is one that it can read")


def needs_only_the_receipt(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    for number, raw in enumerate(_known(adapter, receipts)):
        first = _tried(adapter, raw)
        with listened(deep=True) as heard, contextlib.suppress(Exception):
            adapter.parse_receipt(raw)  # type: ignore[attr-defined]
        must(not heard.characters, f"receipt {number}: {heard}")
        must(shown(_tried(adapter, raw)) == shown(first), f"receipt {number} reads differently the second time")
        how = _touched(adapter.parse_receipt, raw)  # type: ignore[attr-defined]
        must(not how, f"receipt {number}: {how}")


def answers_the_right_message(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    """The key is one that the receipt names, and another when it names another; or none, and it answers the request it came back on."""
    for number, raw in enumerate(_known(adapter, receipts)):
        given = _tried(adapter, raw)
        if not isinstance(given, ReceiptGiven) or not given.idempotency_key:
            continue
        key = given.idempotency_key.encode()
        must(key in raw, f"receipt {number}: the key of its message does not stand in it")
        other = _tried(adapter, raw.replace(key, _OTHER.encode()))
        named = other.idempotency_key if isinstance(other, ReceiptGiven) else _OTHER
        must(named == _OTHER, f"receipt {number}: with another message's key in it, it still answers the first")


def survives_damage(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    known = _known(adapter, receipts)
    for raw in (*damage.HOSTILE, *damage.GARBAGE) if known else ():
        _outcome(adapter, raw, "hostile bytes")
    for number, raw in enumerate(known):
        for where, damaged in (*damage.spoiled(raw), *damage.bytes_lost(raw), *damage.lines_spoiled(raw)):
            _outcome(adapter, damaged, f"receipt {number} with {where}")


def refuses_garbage(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    for raw in (b"", *damage.GARBAGE) if _known(adapter, receipts) else ():
        must(not isinstance(_tried(adapter, raw), ReceiptGiven), "bytes that are no receipt are read as an answer")


def says_where(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    known = _known(adapter, receipts)
    hostile = [("hostile bytes", raw) for raw in (*damage.HOSTILE, *damage.GARBAGE)] if known else []
    whole = [(f"receipt {number}", raw) for number, raw in enumerate(known)]
    spoilt = [(f"{what} with {where}", bad) for what, raw in whole for where, bad in damage.spoiled(raw)]
    for what, raw in [*hostile, *whole, *spoilt]:
        refused = _tried(adapter, raw)
        if isinstance(refused, UnreadableMessage):
            must(refused.faults, f"{what}: refused, and no fault says where")
            must(all(fault.path.strip() for fault in refused.faults), f"{what}: refused, and the path of a fault is empty")
            must(all(fault.expected.strip() for fault in refused.faults), f"{what}: refused, and a fault does not say what was expected")


def refusals_are_bare(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    """A system that refuses a message often quotes it: neither a refusal nor the note of a message not taken may repeat its words."""
    for number, raw in enumerate(_known(adapter, receipts)):
        for place in damage.places(raw):
            for value in (_CANARY, [_CANARY], {"value": _CANARY}):
                what = f"receipt {number} with something else in {place.where}"
                found = _tried(adapter, place.put(value))
                if isinstance(found, UnreadableMessage):
                    must(not leaks(everything_said_by(found) + repr(found.faults), [_CANARY]), f"{what}: the refusal repeats it")
                elif isinstance(found, ReceiptGiven) and found.stage in _NOT_TAKEN:
                    must(not leaks(found.note or "", [_CANARY]), f"{what}: the note repeats it, of a message that was not taken")


def shown(outcome: ReceiptOutcome | None) -> str:
    """An outcome as text, to be compared and never shown."""
    return repr(outcome.faults) if isinstance(outcome, UnreadableMessage) else repr(outcome)


def _known(adapter: Adapter, receipts: Sequence[bytes]) -> Sequence[bytes]:
    return receipts if hasattr(adapter, "parse_receipt") else ()


def _outcome(adapter: Any, raw: bytes, what: str) -> ReceiptOutcome:
    raised = ""
    try:
        given = call(adapter.parse_receipt, raw)
    except UnreadableMessage as unreadable:
        return unreadable
    except OutOfBounds as stopped:
        raise OutOfBounds(f"{what}: {stopped}") from None
    except Broken as broken:
        raised = str(broken).removeprefix("raised ")
    except Exception as error:  # noqa: BLE001  whatever it raises is the finding
        raised = type(error).__name__
    if raised:
        raise ReceiptCrashed(f"{what}: parse_receipt raised {raised}, not UnreadableMessage")
    if not isinstance(given, ReceiptGiven):
        raise ReceiptCrashed(f"{what}: parse_receipt gave {type(given).__name__}, not ReceiptGiven")
    typed = isinstance(given.idempotency_key, str) and isinstance(given.stage, Stage) and isinstance(given.intent, Intent | None)
    if not typed or not all(isinstance(each, str | None) for each in (given.by, given.role, given.note, given.to)):
        raise ReceiptCrashed(f"{what}: a field of what parse_receipt gave is not of its type")
    return given


def _tried(adapter: Adapter, raw: bytes) -> ReceiptOutcome | None:
    try:
        return _outcome(adapter, raw, "a receipt")
    except ReceiptCrashed:
        return None


def _touched(function: Callable[[bytes], object], raw: bytes) -> str:
    def closed() -> None:
        with world_closed(), contextlib.suppress(Exception):
            function(raw)

    logging.disable()
    try:
        call(closed)
    except OutOfBounds:
        raise
    except Broken as broken:
        return str(broken)
    finally:
        logging.disable(logging.NOTSET)
    return ""
