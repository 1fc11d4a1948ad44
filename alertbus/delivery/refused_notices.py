"""Notices that an agency's system refused for good: put into quarantine, and sent again when an operator has them redriven.

The entry is written beside the receipt that tells of the refusal, and again whenever that receipt is: its id follows
from notice and attempt. A redriven notice names the attempt at which it was refused, and the ledger opens it again only
while it stands there, so that the same redrive read twice, or done twice, sends nothing twice.
"""

from collections.abc import Sequence

from alertbus.broker.record import Record
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.plugin.manager import Plugins
from alertbus.quarantine.entry import refused
from alertbus.wire.words import DELIVERY


async def quarantine_entries(receipts: Sequence[Receipt], ledger: Ledger, plugins: Plugins) -> list[Record]:
    """Give the quarantine records that belong to these receipts: one for each notice refused for good. Repeats have the same ids."""
    records = []
    for row in await ledger.refused([receipt.notice_id for receipt in receipts if receipt.stage is Stage.REFUSED]):
        notice = Notice.model_validate_json(row.notice)
        version = plugins.made_by(plugins.adapter_for(notice.sector))
        records.append(refused(notice, row.error or "unknown", by=DELIVERY, at=row.at, attempt=row.attempts, version=version))
    return records
