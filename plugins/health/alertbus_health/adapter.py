"""A notice for the health service: a FHIR R4 message Bundle, or a transaction for a record system that is said to take one.

The same notice gives the same bytes: every `urn:uuid:` is a version 5 UUID over the notice's id. Only the bus's own marks, never personal
data, stand outside the body.
"""

from collections.abc import Mapping, Sequence

import orjson

from alertbus.plugin import CONTRACT, Message, Notice, ReceiptGiven
from alertbus.plugin.fhir import MEDIA_TYPE
from alertbus.plugin.fhir_answers import read_fhir_answer
from alertbus_health import codes
from alertbus_health.health_settings import HealthSettings
from alertbus_health.message_bundle import message_bundle
from alertbus_health.told import ToldToHealth
from alertbus_health.transaction_bundle import fits_a_transaction, transaction_bundle


class HealthAdapter:
    """`ods` gives agencies' ODS codes by their name on the bus; one without is addressed by that name. `transaction` names agencies that
    are sent a transaction: all but what concerns a record that no NHS number finds, which goes as a message to them too.
    """

    name = "health"
    sector = "health"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)

    def __init__(self, *, ods: Mapping[str, str] | None = None, transaction: Sequence[str] = ()) -> None:
        self._settings = HealthSettings(ods=dict(ods or {}), transaction=frozenset(transaction))

    @classmethod
    def of(cls, settings: HealthSettings) -> "HealthAdapter":
        return cls(ods=settings.ods, transaction=tuple(settings.transaction))

    def render(self, notice: Notice) -> Message:
        told = ToldToHealth(notice)
        as_transaction = self._settings.takes_transactions(notice.obligation.agency) and fits_a_transaction(told)
        bundle = (transaction_bundle if as_transaction else message_bundle)(told, self._settings)
        return Message(
            media_type=MEDIA_TYPE,
            body=orjson.dumps(bundle),
            filename=f"{notice.id}.json",
            headers={
                "x-alertbus-bundle": str(bundle["type"]),
                "x-alertbus-deed": notice.deed.value,
                "x-alertbus-priority": codes.priority(notice).code,
            },
        )

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        return read_fhir_answer(raw)
