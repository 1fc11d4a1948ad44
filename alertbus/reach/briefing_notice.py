"""From an obligation of the bus's own to the notice that briefs its reader: cover, summary in plain words, and the sections. Pure."""

from collections.abc import Iterator
from datetime import datetime

from alertbus.model import ids
from alertbus.model.briefing import KIND, BriefedHandover, Briefing
from alertbus.model.case import in_uk
from alertbus.model.name_in_words import begun, name_in_words, recipient_in_words
from alertbus.model.notice import ConsentStanding, Deed, Notice
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.policy import Policy
from alertbus.reach.briefing_sections import BriefingSections
from alertbus.reach.kept import OwnObligation
from alertbus.reach.newcomers import BRIEFING
from alertbus.reach.occasions import CHANGES, HANDOVER, Occasion
from alertbus.reach.reduce_case import CaseState

_PAST_HOLDER = "Everything before is in the chronology of the case, word for word."
_PAST = "What happened before is in the case holder's chronology, and what your agency was told is in its inbox: ask the contact given."


def title_of(one: Occasion, handover: BriefedHandover | None, policy: Policy) -> str:
    """What the notice is called."""
    match one.rule:
        case "handover" if handover is not None:
            return "A change of worker needs a manager's eye"
        case "successor":
            return "Handover from another agency" if not one.leaves else "Your handover to another agency"
        case "changes":
            return "Several workers change at once"
        case _:
            return policy.kind_rule(KIND).title


def briefing_notice(state: CaseState, kept: OwnObligation, one: Occasion, policy: Policy) -> Notice:
    """The notice as its agency may see it on the day of the latest of the arrivals that it covers."""
    case, owing = state.case, kept.obligation
    assert case is not None
    sections = BriefingSections(state, case, policy, owing.agency, one.at)
    sight = sections.sight
    briefing = _briefing(sections, kept, one, policy)
    flag, consent = next(iter(briefing.flags), None), sections.consent()
    acts = sight.full(Sensitivity.ACTION)
    return Notice(
        id=ids.notice_id(owing.id, "\x1e".join(kept.covers)),
        deed=Deed.AMEND if kept.amended else Deed.DELIVER,
        obligation=owing,
        recipient=kept.recipient or _worker(sections, kept),
        because=f"{_because(kept, one)} → you, {recipient_in_words(owing.agency, owing.role)}",
        flag=f"{flag.title.upper()}{f' ({flag.grade})' if flag.grade else ''}: {flag.action}" if flag else None,
        rule=kept.rule,
        sector=sight.recipient.sector,
        title=kept.title,
        occurred_at=owing.since,
        recorded_at=one.at,
        summary=" ".join(summary(briefing, kept, consent)),
        action=kept.action if acts else "",
        contact=case.contact if acts else None,
        children=() if one.leaves else sections.children(),
        people=() if one.leaves else tuple(seen for _, seen in sections.adults),
        case_status=None if one.leaves else sections.case_status(),
        consent=None if one.leaves else consent,
        lawful_basis=policy.lawful_basis.get(sight.recipient.sector, policy.lawful_basis["default"]),
        policy_version=policy.version,
        withheld=tuple(sorted(sight.withheld)),
        briefing=briefing,
    )


def _briefing(sections: BriefingSections, kept: OwnObligation, one: Occasion, policy: Policy) -> Briefing:
    sight = sections.sight
    handover = kept.handover
    if handover is not None and not sight.plan():
        handover = handover.model_copy(update={"critical": (), "consent_withdrawn": False})
    if one.leaves:  # it hears that its handover is open, and nothing of the family
        return Briefing(day=in_uk(one.at).date(), arrived=_arrived(kept), handover=handover)
    return Briefing(
        day=in_uk(one.at).date(),
        arrived=_arrived(kept),
        flags=tuple(sections.flags()),
        handover=handover if sight.full(Sensitivity.ACTION) else None,
        plans=tuple(sections.plans()),
        links=tuple(sections.links()),
        open=tuple(sections.open()),
        stands=tuple(sections.stands()),
        changes=tuple(sections.changes(policy.briefings.changes_within_days)),
        others=tuple(sections.others()),
        before=tuple(sections.before()),
        past=_PAST_HOLDER if policy.holds_cases(kept.obligation.agency) else _PAST,
    )


def _arrived(kept: OwnObligation) -> tuple[str, ...]:
    """What made it necessary, in words of the bus: who exactly stands in the sections."""
    if kept.rule != BRIEFING:
        return (kept.rule,)
    return tuple(dict.fromkeys(mark.partition(" ")[0] for mark in kept.covers))


def summary(briefing: Briefing, kept: OwnObligation, consent: ConsentStanding | None) -> Iterator[str]:
    """The first page, in plain words: what is there, counted and by its dates. It is made of the sections, and says nothing beside them."""
    yield _opening(briefing, kept)
    yield from _of_handover(briefing.handover)
    if briefing.flags:
        yield f"{_count(len(briefing.flags), 'warning')} about the safety of staff {_stand(len(briefing.flags))}: read first."
    for plan in briefing.plans:
        yield f"Plan: {name_in_words(plan.type)}{f', since {plan.since}' if plan.since else ''}."
    if consent is not None:
        yield f"Consent: {name_in_words(consent.state)}{f' on {consent.since}' if consent.since else ''}."
    if briefing.links:
        yield f"{_count(len(briefing.links), 'adult')} linked to the case."
    if briefing.stands:
        yield f"{_count(len(briefing.stands), 'alert')} {_stand(len(briefing.stands))}, from {briefing.stands[0].day} on."
    if briefing.open:
        late = sum(item.overdue for item in briefing.open)
        yield f"{_count(len(briefing.open), 'thing')} open, {late} overdue."
    if briefing.before:
        last = briefing.before[-1]
        yield f"Held before in your service by {last.name}{f' until {last.until}' if last.until else ''}."
    yield briefing.past


def _opening(briefing: Briefing, kept: OwnObligation) -> str:
    match kept.rule:
        case "handover":
            return "A worker on this case has changed."
        case "successor":
            return "An agency has left this case and hands over to its successor. Until that has answered, the handover is open for both."
        case "changes":
            return "Workers of two or more agencies on this case changed within a short time. Make sure that nothing falls between them."
        case _ if briefing.arrived == ("link",):
            return "Somebody was linked to this case."
        case _:
            return "You are new to this case. This is what stands on it today."


def _of_handover(handover: BriefedHandover | None) -> Iterator[str]:
    if handover is None:
        return
    who = " to ".join(name_in_words(one) for one in (handover.from_, handover.to) if one)
    yield f"{begun(name_in_words(handover.role))}: {who}, {handover.day}{', to hold it for a time' if handover.interim else ''}."
    if handover.pack is not True:
        yield ("It was stated that no handover pack came." if handover.pack is False else "Whether a handover pack came is not stated.")
    if handover.critical:
        yield f"This is a critical moment: {'; '.join(handover.critical)}."
    if handover.consent_withdrawn:
        yield "The family has withdrawn its consent to the plan."


def taken_over(kept: OwnObligation, at: datetime, receipt_id: str, policy: Policy) -> Notice:
    """That the handover of an agency which left has been answered: it is over for both. It says nothing about the family."""
    owing, agency = kept.obligation, policy.agency(kept.obligation.agency)
    to = name_in_words(kept.handover.to) if kept.handover and kept.handover.to else "the other agency"
    return Notice(
        id=ids.notice_id(owing.id, receipt_id, withdrawn_by="answered"),
        deed=Deed.NO_LONGER_YOURS,
        obligation=owing,
        because=f"your handover to {to} → you, {recipient_in_words(owing.agency, owing.role)}",
        rule=kept.rule,
        ended_at=at,
        sector=agency.sector,
        title=kept.title,
        occurred_at=owing.since,
        recorded_at=at,
        summary=f"Your handover was answered by {to}.",
        lawful_basis=policy.lawful_basis.get(agency.sector, policy.lawful_basis["default"]),
        policy_version=policy.version,
    )


def _worker(sections: BriefingSections, kept: OwnObligation) -> str | None:
    """Whom the case names for the agency on that day; nobody where a manager is meant."""
    return None if kept.rule in {HANDOVER, CHANGES} else sections.worker()


def _because(kept: OwnObligation, one: Occasion) -> str:
    day = in_uk(one.at).date()
    match kept.rule:
        case "handover":
            return f"a change of worker on {day}"
        case "successor":
            return f"an agency left this case on {day} and hands over"
        case "changes":
            return f"changes of worker at two or more agencies by {day}"
        case _ if set(_arrived(kept)) == {"link"}:
            return f"somebody was linked to this case on {day}"
        case _:
            return f"you joined this case on {in_uk(kept.obligation.since).date()}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _stand(number: int) -> str:
    return "stands" if number == 1 else "stand"
