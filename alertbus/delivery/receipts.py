"""An agency system's own acknowledgement, read by its plugin and matched to what we sent by the idempotency key."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from alertbus.delivery.ledger.ledger import Ledger
from alertbus.model import ids
from alertbus.model.errors import NotFound, NotUnderstood, PluginFault
from alertbus.model.notice import ANSWERS, Receipt
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.protocols import Adapter, ReceiptGiven, ReceiptReader, UnreadableMessage


def _anybody(_: str) -> bool:
    return True


async def parse(
    adapter: Adapter, raw: bytes, ledger: Ledger, now: datetime, *, may_answer: Callable[[str], bool] = _anybody, limit_s: float = 5.0
) -> Receipt:
    """Give the receipt; publishing it is the caller's. The same acknowledgement read again gives the same id.

    `NotUnderstood` for what the plugin cannot read or what does not amount to a receipt; `NotFound` for a message that
    we did not send to a system of this adapter's sector, or to an agency for which the caller `may_answer`: nobody learns that another
    agency's message exists; `PluginFault` when the plugin breaks.
    """
    given = await understood(adapter, raw, limit_s)
    entry = await ledger.find(given.idempotency_key)
    if entry is None or entry.sector != adapter.sector or not may_answer(entry.agency):
        raise NotFound(f"adapter '{adapter.name}': no message under that idempotency key; quote the one it came with")
    detail = ""
    if given.stage in ANSWERS:  # two people may each answer one message
        parts = (given.by or "", given.role or "", given.intent or "", given.note or "")
        detail = "\x1f".join(parts if given.to is None else (*parts, given.to))
    try:
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
    except ValidationError:
        pass  # raised below, so that what was found is not chained
    raise NotUnderstood(
        f"adapter '{adapter.name}': expected an acknowledgement with who gives it (at most 120 characters) and what "
        "they will do, and a note when it is not theirs or when it says what was done"
    )


async def understood(adapter: Adapter, raw: bytes, limit_s: float) -> ReceiptGiven:
    """Give what the adapter reads in its system's words. Raises `NotUnderstood`, or `PluginFault` with a `TimeoutError` for its cause when
    it takes longer than the limit.
    """
    if not isinstance(adapter, ReceiptReader):
        raise NotUnderstood(f"adapter '{adapter.name}' reads no acknowledgements; acknowledge on the desk")
    given: object = None
    fault: NotUnderstood | PluginFault | None = None
    late: TimeoutError | None = None
    try:
        async with asyncio.timeout(limit_s):
            given = await asyncio.to_thread(behind_boundary, adapter.parse_receipt, raw)
    except UnreadableMessage as unreadable:
        fault = NotUnderstood(f"adapter '{adapter.name}': {unreadable}")
    except TimeoutError:
        late = TimeoutError()
        fault = PluginFault(f"adapter '{adapter.name}': parse_receipt took longer than {limit_s:.0f} s")
    except PluginBroke as broke:
        fault = PluginFault(f"adapter '{adapter.name}': parse_receipt raised {broke}")
    if fault is None and not isinstance(given, ReceiptGiven):
        fault = PluginFault(f"adapter '{adapter.name}': parse_receipt returned {type(given).__name__}, not ReceiptGiven")
    if fault is not None:
        raise fault from late  # never from what the plugin raised: its words may quote the message
    assert isinstance(given, ReceiptGiven)
    return given
