"""What the case holder answers to an alert goes back to whoever stated it, without being asked (HYP-09, OOH-07). Pure.

That somebody by name acts on a referral, has passed it on, or has taken an answer back, is told to the agency that stated it: by a notice
of the bus's own, that asks for nothing and says nothing of the family. How the matter comes on after that (allocated, a meeting set, an
outcome) is stated by alerts of their own, and told to it like to everybody on the case.
"""

from datetime import datetime

from alertbus.model import ids
from alertbus.model.alert import Action, Severity
from alertbus.model.briefing import OWN_SOURCE, WHO_HAS_IT
from alertbus.model.case import Case, Scope, in_uk
from alertbus.model.events import Answered
from alertbus.model.name_in_words import begun, name_in_words, recipient_in_words
from alertbus.model.notice import Deed, Notice, Obligation
from alertbus.model.receipt import Intent
from alertbus.policy.policy import UNKNOWN_SECTOR, Policy
from alertbus.reach.askings import askings_of
from alertbus.reach.kept import Answer
from alertbus.reach.reduce_case import CaseEvent, CaseState
from alertbus.reach.roster import roster
from alertbus.reach.standing import StandingAlert


def told_to_its_sender(after: CaseState, event: CaseEvent, policy: Policy) -> list[Notice]:
    """What an answer makes known to the agency that stated the alert; the same again for an answer that is repeated."""
    if not isinstance(event, Answered) or after.case is None or not policy.holds_cases(event.agency):
        return []
    alert, heard = after.alerts.get(event.alert_id), after.answers.get(event.obligation_id)
    if alert is None or heard is None or not policy.kind_rule(alert.kind).tells_sender or alert.standing.alert.action is Action.WITHDRAWN:
        return []
    wanted = event.undoes or event.receipt_id
    answer = next((one for one in heard.given if one.receipt_id == wanted), None)
    if answer is None or (event.undoes is None and event.receipt_id in heard.undone):
        return []
    at = answer.at if event.undoes is None else heard.heard
    sender = after.case.agency_stating(alert.standing.alert.source)
    if sender == event.agency or not _works_there(sender, at, after.case, policy):
        return []
    role = _role(alert, event.obligation_id, after.case, policy)
    by = f"{name_in_words(event.agency)}{f' ({name_in_words(role)})' if role else ''}"
    said = _taken_back(answer) if event.undoes else _answered(answer)
    return [_notice(f"{begun(by)}: {said}, {_when(at)}.", sender, at, event.receipt_id, alert, after.case, policy)]


def _works_there(agency: str, at: datetime, case: Case, policy: Policy) -> bool:
    """True for an agency that works with all the children of the case at that time: as for what it may ask of its alert."""
    if policy.agency(agency).acts_for_adults or policy.agency(agency).sector == UNKNOWN_SECTOR:
        return False
    there = (post.involvement for post in roster(case).posts if post.start <= at <= post.end)
    return any(one.agency == agency and one.scope is not Scope.ADULT_LINKED and not one.children for one in there)


def _role(alert: StandingAlert, obligation_id: str, case: Case, policy: Policy) -> str | None:
    asked = (askings[0].obligation for askings in askings_of(alert, case, policy))
    return next((one.role for one in asked if one.id == obligation_id), None)


def _answered(answer: Answer) -> str:
    if answer.acted:
        return f"{answer.by} has acted on it"
    if answer.intent is Intent.PASSING_ON:
        return f"{answer.by} has passed it on to {answer.to}, and somebody is asked until one of them acts"
    if answer.intent is Intent.NOT_OURS:
        return f"{answer.by} says that it is not theirs; a person looks at that, and meanwhile they are asked on"
    return f"{answer.by} acts on it"


def _taken_back(answer: Answer) -> str:
    return f"the answer of {answer.by} was taken back, and they are asked again unless somebody else acts"


def _notice(said: str, sender: str, at: datetime, receipt_id: str, alert: StandingAlert, case: Case, policy: Policy) -> Notice:
    own, agency, rule = alert.standing.alert, policy.agency(sender), policy.kind_rule(WHO_HAS_IT)
    owed = Obligation(
        id=ids.own_id(case.id, sender, agency.role, WHO_HAS_IT, receipt_id),
        alert_id=alert.standing.alert_id,
        case_id=case.id,
        agency=sender,
        role=agency.role,
        kind=WHO_HAS_IT,
        severity=Severity.LOW,
        source=OWN_SOURCE,
        source_id=own.amends or own.id,
        since=at,
        exercise=case.exercise,
    )
    return Notice(
        id=ids.notice_id(owed.id, receipt_id),
        deed=Deed.DELIVER,
        obligation=owed,
        sector=agency.sector,
        title=rule.title,
        because=f"you stated {own.amends or own.id} → you, {recipient_in_words(sender, agency.role)}",
        occurred_at=at,
        recorded_at=at,
        summary=said,
        action=rule.action,
        contact=case.contact,
        lawful_basis=policy.lawful_basis.get(agency.sector, policy.lawful_basis["default"]),
        policy_version=policy.version,
        rule=WHO_HAS_IT,
    )


def _when(at: datetime) -> str:
    local = in_uk(at)
    return f"{local:%H:%M} on {local.day} {local:%B %Y}"
