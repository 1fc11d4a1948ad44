"""A call to the helpline as a concern. Who called is never asked: whether they wish not to be named, and the helpline's own reference, are
asked last, sent, and kept nowhere here (ANO-01, NOT-01). Pure.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from fastapi.datastructures import FormData

from alertbus.desk.sending.form_parts import (
    MOST_PEOPLE,
    NUMBERS,
    Fields,
    ShownPart,
    at_fields,
    day_shown,
    fields_of,
    numbered,
    one_more,
    people_typed,
    person_shown,
    shown_entries,
    text,
    without,
)
from alertbus.desk.sending.send_form import Stating
from alertbus.desk.sending.written_days import DAY_WANTED, TIME_WANTED, day_written, time_written
from alertbus.desk.visitor import Visitor
from alertbus.model.alert import Alert
from alertbus.model.case import UK, in_uk
from alertbus.policy.caller_hints import hints_at_caller
from alertbus.policy.policy import Policy

CALL_KIND = "nspcc_concern"

_KNOWN = re.compile(r"on|at|danger|said|keep|persons|person-(?:1[01]|\d)-(?:part|given|family|called|born|address|postcode|system|number)")
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,40}")
_TELEPHONE = re.compile(r"(?<!\d)(?:\+44|0044|0)[\s()-]{0,3}(?:\d[\s()-]{0,3}){9,10}(?!\d)")
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}\.[A-Za-z]{2,}")


class CallForm:
    """The helpline's form: for the agency to which the policy leaves this kind, and for no other."""

    name = "nspcc"
    title = "A call to the helpline"
    hint = "What a caller told about a child. Who called stays with you: no page asks for it."
    template = "send/nspcc.html"
    named_by_content = False
    asks_last = True

    def may(self, visitor: Visitor, policy: Policy) -> bool:
        return CALL_KIND in policy.may_state and policy.lets_state(visitor.at, CALL_KIND)

    def fields(self, form: FormData) -> Fields:
        return fields_of(form, _KNOWN)

    def changed(self, typed: Fields, do: str) -> tuple[Fields, str] | None:
        """Give the form with a person more or less; None for another button."""
        if do == "add-person":
            return one_more(typed, "person", MOST_PEOPLE)
        if re.fullmatch(r"drop-person-\d{1,2}", do):
            return without(typed, "person", int(do.rpartition("-")[2]), MOST_PEOPLE)
        return None

    def doubts(self, typed: Mapping[str, str]) -> Fields:
        """Words from which somebody may work out who called: they wait for a person's decision, and the caller's safety hangs on it."""
        if text(typed, "keep") or not hints_at_caller(text(typed, "said")):
            return {}
        words = "From these words somebody may work out who called. If they stay, they go to nobody until a person has decided about them."
        return {"said": words}

    def alert(self, typed: Mapping[str, str], last: Mapping[str, str], stating: Stating) -> Alert:
        """Give the alert. Raises `FormFaults`; those of the last page begin with `last-`."""
        faults: Fields = {}
        people, where = people_typed(typed, faults)
        called = _moment(typed, stating.now, faults)
        if text(typed, "danger") not in {"yes", "no"}:
            faults["danger"] = "Choose whether a child is in danger now."
        said = typed.get("said", "")
        if not said.strip():
            faults["said"] = "Write what the caller said."
        elif _TELEPHONE.search(said) or _EMAIL.search(said):
            faults["said"] = "Take out the telephone number or e-mail address: this bus never takes how to reach a caller."
        referrer = _referrer(last, faults)
        stated: dict[str, Any] = {
            "id": stating.reference,
            "source": stating.visitor.at,
            "kind": CALL_KIND,
            "occurred_at": called,
            "recorded_at": max(stating.written_at, called),
            "severity": "critical" if text(typed, "danger") == "yes" else "high",
            "narrative": [{"text": said, "said_by": "public", "observed_first_hand": False}] if said.strip() else [],
            "referrer": referrer,
            **people,
        }
        return stating.alert(stated, lambda found: at_fields(found, where, _field_at), faults)

    def shown(self, typed: Mapping[str, str], policy: Policy) -> list[ShownPart]:  # noqa: ARG002  as every form has it
        """The answers, as they are checked before they are sent: nothing of the caller is among them."""
        day = day_written(text(typed, "on"))
        rows = [
            ("In the caller's words", typed.get("said", "")),
            ("When the call came", ", ".join(part for part in (day_shown(day) or text(typed, "on"), text(typed, "at")) if part)),
            ("A child in danger now", {"yes": "Yes", "no": "No"}.get(text(typed, "danger"), "")),
        ]
        return [*(person_shown(typed, number) for number in numbered(typed, "person")), ShownPart("The call", tuple(rows), "said")]

    def values(self, typed: Mapping[str, str], visitor: Visitor, policy: Policy) -> dict[str, Any]:  # noqa: ARG002  as every form has it
        """What the form's template shows beside what was typed."""
        return {"people": shown_entries(typed, "person", MOST_PEOPLE), "numbers": NUMBERS}


def _moment(typed: Mapping[str, str], now: datetime, faults: Fields) -> datetime:
    day, at = day_written(text(typed, "on"), in_uk(now).date()), time()
    if day is None:
        faults["on"] = f"Write when the call came, as {DAY_WANTED}. Today and yesterday will do."
    if written := text(typed, "at"):
        found = time_written(written)
        if found is None:
            faults["at"] = f"Write the time as {TIME_WANTED}, or leave it out."
        at = found or at
    called = datetime.combine(day or in_uk(now).date(), at, UK)
    if called > now and not {"on", "at"} & faults.keys():
        faults["on"] = "This day or time has not come yet. Write when the call came."
    return called


def _referrer(last: Mapping[str, str], faults: Fields) -> dict[str, Any]:
    """What the bus takes of the caller: nothing by which anybody is known."""
    anonymous, reference = text(last, "last-anonymous"), text(last, "last-reference")
    if anonymous not in {"yes", "no"}:
        faults["last-anonymous"] = "Choose whether the caller asked not to be named."
    opaque = _REFERENCE.fullmatch(reference) and any(one.isdigit() for one in reference) and not _TELEPHONE.search(reference)
    if reference and not opaque:
        faults["last-reference"] = (
            "Give your own reference, in letters, figures and hyphens with a figure in it: no name, no telephone number."
        )
        reference = ""
    return {"anonymous": anonymous != "no", "reference": reference or None}


def _field_at(path: str) -> str:
    return {"occurred_at": "on", "recorded_at": "on", "referrer.reference": "last-reference"}.get(
        path, "said" if path.startswith("narrative") else "person-0-given"
    )
