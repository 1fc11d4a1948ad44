"""A notice as a FHIR R4 message in the form of BaRS's scene safety: a Flag of category SS on each door, and a Communication for people.

BaRS has no event for a standing warning: each of its own asks for care for a patient, and a message must never send a crew anywhere. So the
event is the bus's own, and there is neither a ServiceRequest nor an Encounter. Who a child is is never read: the Patient has an NHS number.
"""

from collections.abc import Mapping, Sequence

import orjson

from alertbus.plugin import CONTRACT, Message, Notice, ReceiptGiven
from alertbus.plugin.fhir import MEDIA_TYPE
from alertbus.plugin.fhir_answers import read_fhir_answer
from alertbus_ambulance.warning_bundle import SceneWarning, urgency

FINAL = frozenset({"not-supported", "invalid", "structure", "required", "value", "invariant", "code-invalid", "too-long", "business-rule"})
"""FHIR issue types after which the same message can only be refused again. Whatever else is wrong is tried again: somebody may mend it."""


class AmbulanceAdapter:
    """`ods` gives agencies' ODS codes by their name on the bus; one without is addressed by that name."""

    name = "ambulance"
    sector = "ambulance"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)

    def __init__(self, *, ods: Mapping[str, str] | None = None) -> None:
        self._ods = dict(ods or {})

    def render(self, notice: Notice) -> Message:
        return Message(
            media_type=MEDIA_TYPE,
            body=orjson.dumps(SceneWarning(notice, self._ods).bundle()),
            filename=f"{notice.id}.json",
            headers={"x-alertbus-deed": notice.deed.value, "x-alertbus-priority": urgency(notice).code},
        )

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        return read_fhir_answer(raw, FINAL.__contains__)
