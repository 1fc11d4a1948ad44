"""One referral in, one `nspcc_concern` out: the words verbatim, the caller not at all (ANO-01, CON-01, NOT-01)."""

import re
from typing import Any

from alertbus.plugin import (
    Alert,
    Details,
    Headers,
    Ignored,
    Narrative,
    Referrer,
    SaidBy,
    Severity,
    Subject,
    UnreadableMessage,
)
from alertbus.plugin.forms import fields, read_form, read_json, schema_of
from alertbus_nspcc.referral import Referral

SCHEMA = "nspcc-referral.v1"

_WHO_CALLED = re.compile(
    r"referr?er|caller_?\w+|informant|reporter|reported_?by|phone|telephone|mobile|e_?mail|relationship|contact",
    re.IGNORECASE,
)


class Nspcc:
    """The source `nspcc`: referrals of the helpline."""

    name = "nspcc"

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        _refuse_who_called(raw)
        referral = read_form(Referral, raw)
        details: dict[str, Any] = {}
        if referral.concern.themes:
            details["themes"] = referral.concern.themes
        return [
            Alert(
                id=referral.referral_id,
                source="nspcc.helpline",
                kind="nspcc_concern",
                occurred_at=referral.received_at,
                recorded_at=referral.received_at,
                subjects=tuple(Subject(role=adult.role, person=adult.person()) for adult in referral.adults),
                children=tuple(Subject(role="child", person=child.person()) for child in referral.children),
                narrative=(Narrative(text=referral.concern.words, said_by=_speaker(referral), observed_first_hand=False),),
                severity=Severity.CRITICAL if referral.immediate_danger else Severity.HIGH,
                details=Details.model_validate(details),
                referrer=Referrer(anonymous=referral.caller.anonymous, reference=referral.caller.reference),
            )
        ]


def _speaker(referral: Referral) -> SaidBy:
    return SaidBy.PROFESSIONAL if referral.caller.professional else SaidBy.PUBLIC


def schema() -> dict[str, Any]:
    """Give the JSON Schema of a referral, as published in `schemas/nspcc-referral.v1.json`."""
    return schema_of(Referral, SCHEMA)


def _refuse_who_called(raw: bytes) -> None:
    """Refuse a field that says who called or how to reach them, wherever it stands, before anything else is read."""
    found = [path for key, path in fields(read_json(raw)) if _WHO_CALLED.fullmatch(key)]
    if found:
        raise UnreadableMessage(*((path, "nothing: the bus never takes who made a call (ANO-01)") for path in found))
