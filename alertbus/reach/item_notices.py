"""What is told because of an item: that it will be due, that it was not recorded in time, and to whom. Pure.

Such a notice says which rule, on which of its reader's cases, and when it was due; of the family it says nothing. Who reads it looks at the
case.
"""

from collections.abc import Iterator
from datetime import datetime

from alertbus.model import ids
from alertbus.model.alert import Severity
from alertbus.model.briefing import LAPSE, OWN_SOURCE
from alertbus.model.case import Case, Involvement, Scope, in_uk
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.name_in_words import name_in_words, recipient_in_words
from alertbus.model.notice import Content, Deed, Notice, Obligation
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.item_rules import Informed
from alertbus.policy.policy import UNKNOWN_SECTOR, Policy
from alertbus.reach.item_clocks import Worked
from alertbus.reach.kept import OwnObligation
from alertbus.reach.raised_early import escalation_step, raised_id
from alertbus.reach.roster import roster

_SCOPES = {Informed.CASE_AGENCIES: Scope.CHILDREN_CASE, Informed.PLAN_PARTNERS: Scope.PLAN_PARTNER}


def lapse_obligation(work: Worked, policy: Policy) -> OwnObligation | None:
    """The obligation of the first who is told of a lapse; None where nobody is."""
    item, rule = work.item, work.rule
    if work.lapse is None or item.obligation_id is None or item.due is None:
        return None
    asked_for = (rule.next_within or policy.escalation.next_within).after(work.lapse.at, policy.bank_holidays)
    return OwnObligation(
        obligation=_obligation(work, item.obligation_id, item.agency, rule.tells[0], work.lapse.at, asked_for),
        title=f"Not recorded in time: {rule.title}",
        summary=f"{rule.title}: due by {_day(item.due)}, and no record of it has come.",
        action="Say what has been done, or do it and record it. If it could not be done, say why.",
        chain=rule.tells,
        rule=item.rule,
        ended_at=work.lapse.ended_at,
    )


def lapse_notices(work: Worked, own: OwnObligation, case: Case, policy: Policy) -> Iterator[Notice]:
    """The notices of a lapse: to the first who must answer, and to everybody else who is to know of it and owes no answer."""
    owed, item = own.obligation, work.item
    step = ItemStep(kind=StepKind.NEXT, role=owed.role, at=owed.since)
    because = f"{recipient_in_words(item.agency, item.role)} owed it on this case → you, {recipient_in_words(owed.agency, owed.role)}"
    yield _notice(owed, own.title, because, own.summary, own.action, policy, step).model_copy(update={"chain": own.chain})
    for agency in _informed(work, owed.since, case, policy):
        known = policy.agency(agency)
        shown = policy.share(known.sector, Sensitivity.PLAN) in {Content.FULL, Content.SUMMARY}
        told = _obligation(work, ids.not_reached_id(owed.id, agency), agency, known.role, owed.since, None)
        what = work.rule.title if shown else "Something that was to be done on this case"
        because = f"you, {recipient_in_words(agency, known.role)}, work on this case, and it was due there"
        yield _notice(
            told,
            f"Not recorded in time: {what}" if shown else "Something on this case was not recorded in time",
            because,
            f"{what}: due by {_day(item.due)}, and no record of it has come." if item.due else what,
            "Ask the contact what holds now. You may raise it with the case holder at any time.",
            policy,
        )


def raised_obligation(work: Worked, policy: Policy) -> OwnObligation | None:
    """The obligation of the first of the chain, to whom somebody has an item brought before it has lapsed; None where nobody has."""
    item, rule, raised = work.item, work.rule, work.raised
    if raised is None:
        return None
    by = raised.by
    asked_for = (rule.next_within or policy.escalation.next_within).after(by.at, policy.bank_holidays)
    due = f": due by {_day(item.due)}, and no record of it has come yet" if item.due is not None else ": no record of it has come yet"
    return OwnObligation(
        obligation=_obligation(work, raised_id(item.id), item.agency, rule.tells[0], by.at, asked_for),
        title=f"Escalated to you: {rule.title}",
        summary=f"{rule.title}{due}. {by.by} ({name_in_words(by.agency)}) has had this brought to you.",
        action="See that it is done and recorded, or say why it cannot be.",
        chain=rule.tells,
        rule=item.rule,
        ended_at=raised.ended_at,
    )


def raised_notice(work: Worked, own: OwnObligation, policy: Policy) -> Notice:
    """The notice of that, once for each item."""
    item, owed, raised = work.item, own.obligation, work.raised
    assert raised is not None
    who = f"{raised.by.by} ({name_in_words(raised.by.agency)})"
    because = f"{who} escalated what {recipient_in_words(item.agency, item.role)} owes on this case → you, {name_in_words(owed.role)}"
    notice = _notice(owed, own.title, because, own.summary, own.action, policy, escalation_step(owed.role, raised.by))
    return notice.model_copy(update={"chain": own.chain, "id": ids.escalation_id(owed.id, "raised", owed.role)})


def early_notices(work: Worked, policy: Policy) -> Iterator[Notice]:
    """What is told before an item's time has passed: what is asked of whoever owes it and their manager, or a reminder. No answer to it is
    owed.
    """
    item, rule, at = work.item, work.rule, work.warned_at
    if at is None or item.due is None:
        return
    because = f"{recipient_in_words(item.agency, item.role)} owes it on this case"
    summary = f"{rule.title}: due by {_day(item.due)}, and no record of it has come yet."
    title = f"To be done: {rule.title}" if rule.asks else f"Due soon: {rule.title}"
    early = ids.lapse_id(item.id, f"before {item.due.isoformat()}")
    for role in (item.role, *rule.tells[:1]) if rule.asks else (item.role,):
        owed = _obligation(work, ids.lapse_id(early, role), item.agency, role, at, None)
        step = ItemStep(kind=StepKind.REMINDER, role=role, at=at)
        yield _notice(owed, title, because, summary, rule.asks or "Do it, and record it.", policy, step)


def _obligation(work: Worked, own_id: str, agency: str, role: str, since: datetime, due: datetime | None) -> Obligation:
    item = work.item
    return Obligation(
        id=own_id,
        alert_id=item.alert_id or item.id,
        case_id=item.case_id,
        agency=agency,
        role=role,
        kind=LAPSE,
        severity=Severity.HIGH,
        source=OWN_SOURCE,
        source_id=item.id,
        since=since,
        due=due,
        exercise=item.exercise,
    )


def _notice(owed: Obligation, title: str, because: str, summary: str, action: str, policy: Policy, step: ItemStep | None = None) -> Notice:
    sector = policy.agency(owed.agency).sector
    return Notice(
        id=ids.escalation_id(owed.id, owed.since.isoformat(), owed.role),
        deed=Deed.ESCALATE,
        obligation=owed,
        sector=sector,
        title=title,
        because=because,
        occurred_at=owed.since,
        recorded_at=owed.since,
        summary=summary,
        action=action,
        step=step,
        lawful_basis=policy.lawful_basis.get(sector, policy.lawful_basis["default"]),
        policy_version=policy.version,
        rule=LAPSE,
    )


def _informed(work: Worked, at: datetime, case: Case, policy: Policy) -> list[str]:
    """Who else hears of it: those of the rule's groups who are there at that time. Nobody who acts for an adult, and no agency that the
    policy does not know, is among them.
    """
    informs, fact = work.rule.informs, work.opened.fact
    source = case.agency_stating(fact.agency) if fact is not None and Informed.SOURCE in informs else None
    scopes = {_SCOPES[one] for one in informs if one in _SCOPES}
    found = {
        one.agency
        for post in roster(case).posts
        if post.start <= at <= post.end
        for one in (post.involvement,)
        if one.agency != work.item.agency and _may_know(one, policy)
        if one.scope in scopes or one.agency == source or (Informed.CASE_HOLDER in informs and policy.holds_cases(one.agency))
    }
    return sorted(found)


def _may_know(one: Involvement, policy: Policy) -> bool:
    known = policy.agency(one.agency)
    return one.scope is not Scope.ADULT_LINKED and not known.acts_for_adults and known.sector != UNKNOWN_SECTOR


def _day(moment: datetime) -> str:
    local = in_uk(moment)
    day = f"{local.day} {local:%B %Y}"
    return day if (local.hour, local.minute) == (23, 59) else f"{local:%H:%M} on {day}"
