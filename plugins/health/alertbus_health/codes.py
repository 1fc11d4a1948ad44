"""Code systems and the table from a kind of alert to a Flag's code and a Communication's priority (STANDARDS
sections 3.2 and 15).

SNOMED CT is licensed: no concept may be added here beyond the few that public NHS pages quote.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alertbus.plugin import Notice, Severity
from alertbus.plugin.fhir import Priority
from alertbus.plugin.wording import is_over

SNOMED = "http://snomed.info/sct"

# The bus's own systems, beside those of `alertbus.plugin.fhir`.
DEED = "urn:alertbus:deed"
CASE_ID = "urn:alertbus:case"
NOTICE_ID = "urn:alertbus:notice"


@dataclass(frozen=True, slots=True)
class FlagCode:
    """The content of Flag.code. Without a `snomed` concept, the words alone."""

    text: str
    snomed: str | None = None

    def concept(self) -> dict[str, Any]:
        if self.snomed is None:
            return {"text": self.text}
        return {"coding": [{"system": SNOMED, "code": self.snomed, "display": self.text}], "text": self.text}


STAFF_SAFETY = FlagCode("Staff safety alert")  # no SNOMED concept for it was verified
CHILD_CONCERN = FlagCode("Child is cause for safeguarding concern", "836881000000105")
UNBORN_CONCERN = FlagCode("Unborn child is cause for safeguarding concern", "878111000000109")
UNBORN_ON_PLAN = FlagCode("Unborn child subject to child protection plan", "818901000000100")

KINDS: Mapping[str, FlagCode] = {
    "violent_person_flag": STAFF_SAFETY,
    "threat_to_staff": STAFF_SAFETY,
    "concealed_pregnancy_concern": UNBORN_CONCERN,
} | dict.fromkeys(
    (
        "ppn",
        "domestic_abuse_incident",
        "prisoner_release",
        "prisoner_recall",
        "unlawfully_at_large",
        "risk_to_children",
        "nspcc_concern",
        "school_concern",
        "missing_child_incident",
        "restraining_order_breach",
        "drug_intelligence",
    ),
    CHILD_CONCERN,
)
"""A kind that is not here (a meeting, a new worker, a birth, a death) puts no Flag on a child's record: it is told,
not flagged.
"""

ENDED_BY_A_PERSON = frozenset({"violent_person_flag", "threat_to_staff", "unlawfully_at_large"})
"""Kinds whose Flag no date ends: it stands until the agency that stated it says that it does not (NOT-23)."""

PLANS: Mapping[str, FlagCode] = {
    "child_protection_plan": FlagCode("Subject to child protection plan", "342191000000101"),
    "looked_after": FlagCode("Looked after child", "764841000000100"),
    "looked_after_child": FlagCode("Looked after child", "764841000000100"),
    "unborn_child_protection_plan": UNBORN_ON_PLAN,
}
PLAN_OVER = frozenset({"child_in_need_plan", "early_help", "closed"})
"""Statuses under which a child is on no protection plan: they end the plan's Flag. Any other (an enquiry, say) may
go with one.
"""

STATUS_KINDS = frozenset({"case_status_change", "conference_outcome"})


def status_of(notice: Notice) -> str | None:
    """Give the status the alert states; `case_status` may be older than the alert, so it answers only for a change
    of status.
    """
    stated = notice.details.get("status")
    if stated is None and notice.obligation.kind == "case_status_change":
        stated = notice.case_status
    return str(stated) if stated is not None else None


def flag_code(notice: Notice) -> FlagCode | None:
    """Choose what to flag, or None when this kind puts nothing on a record."""
    kind = notice.obligation.kind
    status = status_of(notice)
    if kind in STATUS_KINDS:
        if status in PLAN_OVER:
            return FlagCode("Child protection plan or looked after")
        return PLANS.get(status or "")
    code = KINDS.get(kind)
    if code is UNBORN_CONCERN and PLANS.get(notice.case_status or "") is UNBORN_ON_PLAN:
        return UNBORN_ON_PLAN
    return code


def ends_flag(notice: Notice) -> bool:
    """Say whether the Flag ends: because what was told is over, by a recall to prison, or at the end of a plan."""
    over = notice.obligation.kind in STATUS_KINDS and status_of(notice) in PLAN_OVER
    return is_over(notice) or over


def priority(notice: Notice) -> Priority:
    """Take the higher of what the kind and the severity ask. Hostility of low severity asks for nothing at once (VPF-08)."""
    code = KINDS.get(notice.obligation.kind)
    below_the_line = notice.obligation.kind == "threat_to_staff" and notice.obligation.severity is Severity.LOW
    by_kind = Priority.ROUTINE if code is None or below_the_line else Priority.STAT if code is STAFF_SAFETY else Priority.URGENT
    return by_kind.at_least(notice)
