"""What a change of status must say; its sender is told in words of what is missing, and of what is no status (STA-03, STA-04)."""

from collections.abc import Iterator

from alertbus.model.alert import Action, Alert
from alertbus.model.errors import Fault

KIND = "case_status_change"

_NOT_YET = ("considering", "considered", "under_consideration", "thinking", "proposed", "proposing", "maybe", "possible")
"""How a word begins that says what somebody has in mind. The list is ours."""

_ENDS = frozenset(
    {"closed", "closing", "no_further_action", "ended", "step_down", "stepped_down", "early_help", "universal", "universal_services"}
)
"""Statuses by which children's social care works with the family no more: they need a reason and a basis. The list is ours."""


def status_faults(alert: Alert) -> Iterator[Fault]:
    """Name what is wrong with the status that an alert states."""
    change = alert.details.status_change
    where, to = ("details.status_change.to", change.to) if change else ("details.status", alert.details.status)
    if to is None or (change is None and alert.kind != KIND):
        return
    if alert.kind != KIND:
        yield Fault(
            "details.status_change", f"nothing, or the kind `{KIND}`: only that changes the status of a case", "not_a_status_change"
        )
    word = to.strip().lower().replace(" ", "_")
    if word.startswith(_NOT_YET):
        expected = "a status that the case has, or will have on a day; what is only being considered is stated as a meeting or as `other`"
        yield Fault(where, expected, "not_a_status")
    if word.removesuffix("_plan") in _ENDS and alert.action is not Action.WITHDRAWN:
        yield from _unsaid(change.reason if change else None, "reason", "why the case is closed or stepped down, in a sentence")
        yield from _unsaid(change.basis if change else None, "basis", "on what basis: the decision or the law, and whose decision it was")


def _unsaid(stated: str | None, field: str, expected: str) -> Iterator[Fault]:
    if not (stated or "").strip():
        yield Fault(f"details.status_change.{field}", expected, "missing")
