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
from alertbus.plugin.kit.receipt_damage import contradictions, encodings_declared
from alertbus.plugin.kit.receipt_files import READS, nearest
from alertbus.plugin.kit.receipt_texts import holds, rekeyed, renamed, stand_in
from alertbus.plugin.kit.source_values import leaks
from alertbus.plugin.protocols import Adapter, ReceiptGiven, UnreadableMessage
from alertbus.plugin.receipt_rules import NAMES_ITS_MESSAGE, NO_SUCH_KEY, faults_of_receipt, in_words

_CANARY = "Quillfeather 01632 960777"
_SOMEBODY = "Q. Quillfeather"
_OTHER = "5f0c1c9e-7a41-4d0e-9d0b-6f3a2b1c4d5e"
"""A key that no sample has."""
_NOT_TAKEN = frozenset({Stage.REFUSED, Stage.FAILED})

ReceiptOutcome = ReceiptGiven | UnreadableMessage


class ReceiptCrashed(Broken):
    """`parse_receipt` raised something else than `UnreadableMessage`, or gave something else than `ReceiptGiven`."""


def samples_are_read(adapter: Adapter, receipts: Sequence[bytes], wanted: str = "") -> None:
    """Each is read, and as something that the gateway takes: what it refuses there leaves the alert unanswered."""
    if not hasattr(adapter, READS):
        _must_mean_none(adapter, receipts)
        return
    where = wanted or "for `alertbus plugin check` put some into samples/<the adapter's name>/"
    must(receipts, f"no sample receipts: set `receipts`, or {where}" if "`receipts`" not in where else f"no sample receipts: {where}")
    for what, raw in _numbered(receipts):
        given = _outcome(adapter, raw, what)
        if isinstance(given, UnreadableMessage):
            raise Broken(
                f"{what}: refused ({in_words(given.faults)[:160]}). Read it, or take it away: each sample is an answer of the system"
            )
        faults = faults_of_receipt(given)
        must(not faults, f"{what}: read as `{given.stage}`, and the gateway refuses that (422). Expected in {in_words(faults)}")
        nameless = given.stage in NAMES_ITS_MESSAGE and not given.idempotency_key
        must(not nameless, f"{what}: read as `{given.stage}` with an empty key, and the gateway refuses that (404): {NO_SUCH_KEY}")


def _must_mean_none(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    """An adapter that reads no receipts has no method that was meant for it, and no samples."""
    near = nearest(adapter)
    must(not near, f"the adapter has a method `{near}`, which the bus never calls, and no `{READS}`. Rename the one, if it is meant")
    first = next(iter(_numbered(receipts)), ("", b""))[0]
    more = f" and {len(receipts) - 1} more" if len(receipts) > 1 else ""
    must(not receipts, f"{first}{more}: sample receipts, and the adapter has no method `{READS}`. Write it, or take them away")


def needs_only_the_receipt(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    for what, raw in _known(adapter, receipts):
        first = _tried(adapter, raw)
        with listened(deep=True) as heard, contextlib.suppress(Exception):
            adapter.parse_receipt(raw)  # type: ignore[attr-defined]
        must(not heard.characters, f"{what}: {heard}")
        must(shown(_tried(adapter, raw)) == shown(first), f"{what} reads differently the second time")
        how = _touched(adapter.parse_receipt, raw)  # type: ignore[attr-defined]
        must(not how, f"{what}: {how}")


def answers_the_right_message(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    """The key is one that the receipt names, and another when it names another; or none, and it answers the request it came back on."""
    for what, raw in _known(adapter, receipts):
        given = _tried(adapter, raw)
        if not isinstance(given, ReceiptGiven) or not given.idempotency_key:
            continue
        key = given.idempotency_key
        must(holds(key, raw) or key.encode() in raw, f"{what}: the key of its message does not stand in it")
        other = _tried(adapter, rekeyed(key, raw, _OTHER))
        named = other.idempotency_key if isinstance(other, ReceiptGiven) else _OTHER
        must(named == _OTHER, f"{what}: with another message's key in it, it still answers the first")


def names_who_is_named(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    """Whoever answers stands in the receipt, and so does whoever it is passed on to; where somebody else stands there, it is they."""
    for what, raw in _known(adapter, receipts):
        given = _tried(adapter, raw)
        for field in ("by", "to") if isinstance(given, ReceiptGiven) else ():
            name = getattr(given, field)
            if not name:
                continue
            must(stand_in(name, raw), f"{what}: who stands in `{field}` does not stand in the receipt")
            changed = renamed(name, raw)
            other = _tried(adapter, changed)
            follows = not isinstance(other, ReceiptGiven) or stand_in(getattr(other, field) or "", changed)
            must(follows, f"{what}: with somebody else's name in it, `{field}` is still the first")


def survives_damage(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    known = _known(adapter, receipts)
    for raw in (*damage.HOSTILE, *damage.GARBAGE) if known else ():
        _outcome(adapter, raw, "hostile bytes")
    for what, raw in known:
        spoilt = (*damage.spoiled(raw), *damage.bytes_lost(raw), *damage.lines_spoiled(raw), *encodings_declared(raw))
        for where, damaged in spoilt:
            _outcome(adapter, damaged, f"{what} with {where}")
    _refuses_two_answers(adapter, known)


def _refuses_two_answers(adapter: Adapter, known: Sequence[tuple[str, bytes]]) -> None:
    """A receipt with one field twice, of which each alone says something else, is no answer: whichever is taken may be the wrong one."""
    for what, raw in known:
        first = _tried(adapter, raw)
        for place in contradictions(raw, [other for _, other in known], _others(first)):
            second = _tried(adapter, place.instead)
            if not isinstance(first, ReceiptGiven) or not isinstance(second, ReceiptGiven) or _answer(first) == _answer(second):
                continue
            for both in place.both:
                read = _outcome(adapter, both, f"{what} with {place.where} twice")
                must(
                    isinstance(read, UnreadableMessage),
                    f"{what} with {place.where} twice, with two values: one of them is taken. Refuse it",
                )


def _others(given: ReceiptOutcome | None) -> dict[str, str]:
    """What else might stand in the place of the key and of a name."""
    if not isinstance(given, ReceiptGiven):
        return {}
    values = {given.idempotency_key: _OTHER, given.by or "": _SOMEBODY, given.to or "": _SOMEBODY}
    return {value: other for value, other in values.items() if value}


def _answer(given: ReceiptGiven) -> tuple[object, ...]:
    return given.idempotency_key, given.stage, given.by, given.intent, given.to


def refuses_garbage(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    for raw in (b"", *damage.GARBAGE) if _known(adapter, receipts) else ():
        must(not isinstance(_tried(adapter, raw), ReceiptGiven), "bytes that are no receipt are read as an answer")


def says_where(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    known = _known(adapter, receipts)
    hostile = [("hostile bytes", raw) for raw in (*damage.HOSTILE, *damage.GARBAGE)] if known else []
    spoilt = [(f"{what} with {where}", bad) for what, raw in known for where, bad in damage.spoiled(raw)]
    for what, raw in [*hostile, *spoilt]:
        found = _tried(adapter, raw)
        if isinstance(found, UnreadableMessage):
            must(found.faults, f"{what}: refused, and no fault says where")
            must(all(fault.path.strip() for fault in found.faults), f"{what}: refused, and the path of a fault is empty")
            must(all(fault.expected.strip() for fault in found.faults), f"{what}: refused, and a fault does not say what was expected")
        elif found is not None:
            late = faults_of_receipt(found)
            must(not late, f"{what}: read as `{found.stage}`, so the gateway refuses it in words of its own ({in_words(late)})")


def refusals_are_bare(adapter: Adapter, receipts: Sequence[bytes]) -> None:
    """A system that refuses a message often quotes it: neither a refusal nor the note of a message not taken may repeat its words."""
    for name, raw in _known(adapter, receipts):
        for place in damage.places(raw):
            for value in (_CANARY, [_CANARY], {"value": _CANARY}):
                what = f"{name} with something else in {place.where}"
                found = _tried(adapter, place.put(value))
                if isinstance(found, UnreadableMessage):
                    must(not leaks(everything_said_by(found) + repr(found.faults), [_CANARY]), f"{what}: the refusal repeats it")
                elif isinstance(found, ReceiptGiven) and found.stage in _NOT_TAKEN:
                    must(not leaks(found.note or "", [_CANARY]), f"{what}: the note repeats it, of a message that was not taken")


def shown(outcome: ReceiptOutcome | None) -> str:
    """An outcome as text, to be compared and never shown."""
    return repr(outcome.faults) if isinstance(outcome, UnreadableMessage) else repr(outcome)


def _known(adapter: Adapter, receipts: Sequence[bytes]) -> Sequence[tuple[str, bytes]]:
    return _numbered(receipts) if hasattr(adapter, READS) else ()


def _numbered(receipts: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Each by the name of its file, where it has one."""
    return [(getattr(raw, "name", "") or f"receipt {number}", bytes(raw)) for number, raw in enumerate(receipts)]


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
