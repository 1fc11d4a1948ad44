"""An agency system's own acknowledgement, read by its plugin and matched to what we sent by the idempotency key."""

from collections.abc import Callable, Sequence
from datetime import datetime

from alertbus.delivery.ledger.ledger import Ledger
from alertbus.model import ids
from alertbus.model.errors import Fault, NotFound, NotUnderstood, PluginFault, told_class
from alertbus.model.receipt import ANSWERS, Receipt
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.echoes import WITHHELD, plain_fault, repeats
from alertbus.plugin.lanes import LaneFull
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import Adapter, ReceiptGiven, ReceiptReader, UnreadableMessage
from alertbus.plugin.receipt_rules import NO_SUCH_KEY, faults_of_receipt


def _anybody(_: str) -> bool:
    return True


class ReceiptNotRead(NotUnderstood):
    """An acknowledgement that its plugin cannot read, with what it expected and where."""

    def __init__(self, adapter: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"adapter '{adapter}': {'; '.join(f'{one.path}: {one.expected}' for one in faults)}")


async def parse(
    adapter: Adapter,
    raw: bytes,
    ledger: Ledger,
    now: datetime,
    *,
    may_answer: Callable[[str], bool] = _anybody,
    limit_s: float = 5.0,
    plugins: Plugins | None = None,
) -> Receipt:
    """Give the receipt; publishing it is the caller's. The same acknowledgement read again gives the same id.

    `NotUnderstood` for what the plugin cannot read or what does not amount to a receipt; `NotFound` for a message that
    we did not send to a system of this adapter's sector, or to an agency for which the caller `may_answer`: nobody learns that another
    agency's message exists; `PluginFault` when the plugin breaks.
    """
    given = await understood(adapter, raw, limit_s, plugins or Plugins({}))
    entry = await ledger.find(given.idempotency_key)
    if entry is None or entry.sector != adapter.sector or not may_answer(entry.agency):
        raise NotFound(f"adapter '{adapter.name}': {NO_SUCH_KEY}")
    if faults := faults_of_receipt(given):
        raise ReceiptNotRead(adapter.name, faults)
    detail = ""
    if given.stage in ANSWERS:  # two people may each answer one message
        parts = (given.by or "", given.role or "", given.intent or "", given.note or "")
        detail = "\x1f".join(parts if given.to is None else (*parts, given.to))
    return Receipt(
        id=ids.receipt_id(entry.notice_id, given.stage, detail),
        notice_id=entry.notice_id,
        obligation_id=entry.obligation_id,
        alert_id=entry.alert_id,
        case_id=entry.case_id,
        agency=entry.agency,
        stage=given.stage,
        at=now,
        by=given.by,
        role=given.role,
        intent=given.intent,
        note=given.note,
        to=given.to,
    )


async def understood(adapter: Adapter, raw: bytes, limit_s: float, plugins: Plugins) -> ReceiptGiven:
    """Give what the adapter reads in its system's words, in its own lane. Raises `NotUnderstood`, or `PluginFault` with a `TimeoutError`
    for its cause when it takes longer than the limit, or would be called while other calls of it hang.
    """
    if not isinstance(adapter, ReceiptReader):
        raise NotUnderstood(f"adapter '{adapter.name}' reads no acknowledgements; acknowledge on the desk")
    given: object = None
    fault: NotUnderstood | PluginFault | None = None
    late: TimeoutError | None = None
    try:
        given = await plugins.call(adapter, _read, adapter, raw, plugins.owner_of(adapter), limit_s=limit_s)
    except ReceiptNotRead as unread:
        fault = unread
    except LaneFull as full:
        late = TimeoutError() if full.hangs else None
        fault = PluginFault(f"adapter '{adapter.name}': parse_receipt {'hangs' if full.hangs else 'has more to read than it can now'}")
    except TimeoutError:
        late = TimeoutError()
        fault = PluginFault(f"adapter '{adapter.name}': parse_receipt took longer than {limit_s:.0f} s")
    except PluginBroke as broke:
        fault = PluginFault(f"adapter '{adapter.name}': parse_receipt raised {broke}")
    if fault is None and not isinstance(given, ReceiptGiven):
        fault = PluginFault(f"adapter '{adapter.name}': parse_receipt returned {told_class(type(given))}, not ReceiptGiven")
    if fault is not None:
        raise fault from late  # never from what the plugin raised: its words may quote the message
    assert isinstance(given, ReceiptGiven)
    return given


def _read(adapter: ReceiptReader, raw: bytes, plugin: str) -> object:
    """Give what the plugin gives. Raises `ReceiptNotRead` for what it cannot read, in words that repeat nothing of the message."""
    given, faults = _asked(adapter, raw, plugin)
    if not faults:
        return given
    if repeats(_in_words(faults), raw, lambda other: _said_of(adapter, other, plugin)):
        faults = (Fault("$", WITHHELD, "not_understood"),)
    raise ReceiptNotRead(getattr(adapter, "name", plugin), faults)


def _asked(adapter: ReceiptReader, raw: bytes, plugin: str) -> tuple[object, tuple[Fault, ...]]:
    try:
        return behind_boundary(adapter.parse_receipt, raw, plugin=plugin), ()
    except UnreadableMessage as unreadable:
        unread = tuple(map(plain_fault, unreadable.faults))
        return None, unread or (Fault("$", "an acknowledgement that this plugin can read", "not_understood"),)


def _said_of(adapter: ReceiptReader, raw: bytes, plugin: str) -> str:
    try:
        return _in_words(_asked(adapter, raw, plugin)[1])
    except PluginBroke:
        return ""


def _in_words(faults: Sequence[Fault]) -> str:
    return "\n".join(f"{one.path} {one.expected}" for one in faults)
