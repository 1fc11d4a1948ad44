"""A change of worker as somebody stated it: whether a pack came with it, whether the moment is critical, and whom that concerns. Pure.

It is described and never judged: that a worker changes during an enquiry is said to the manager, who decides what follows (NOT-07).
"""

from collections.abc import Iterator
from datetime import datetime

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.briefing import BriefedHandover
from alertbus.model.calendar import add_working_days
from alertbus.model.case import Case, Level, in_uk
from alertbus.model.item import ItemState
from alertbus.policy.policy import Policy
from alertbus.reach.facts import standing
from alertbus.reach.newcomers import begun_first
from alertbus.reach.reduce_case import CaseState
from alertbus.reach.roster import BEGINNING, FOREVER, roster
from alertbus.reach.standing_facts import consent_on, open_episodes

ENQUIRY, CONFERENCE_DUE, AFTER_CONFERENCE = (
    "a section 47 enquiry is open",
    "an initial child protection conference is due",
    "an initial child protection conference was held less than {days} working days ago",
)
_CONFERENCE_ITEM, _ENQUIRY_EPISODE, _OUTCOME = "initial_conference", "s47_enquiry", "conference_outcome"
_WITHDRAWN = frozenset({"withdrawn", "refused"})


def handover_of(statement: AcceptedAlert, at: datetime, state: CaseState, policy: Policy) -> BriefedHandover | None:
    """What a statement says of a handover, with what the case says of its moment (`at`); None if it states none."""
    stated = statement.alert.details.handover
    if stated is None:
        return None
    return BriefedHandover(
        role=stated.role,
        from_=stated.from_,
        to=stated.to,
        pack=stated.pack,
        interim=stated.interim,
        day=in_uk(at).date(),
        critical=tuple(critical_moment(state, policy, at)),
        consent_withdrawn=state.case is not None and consent_on(state.consents, state.case, at).state in _WITHDRAWN,
    )


def managers_told(handover: BriefedHandover, case: Case, agency: str, at: datetime) -> Iterator[str | None]:
    """Which managers hear of a handover, by name where the case names them: both if no pack came or nobody said so, else the one who takes
    it over, and only where the moment is critical or the family has withdrawn its consent (TUR-01, TUR-03, ENG-04).
    """
    day = in_uk(at).date()
    there = [one for one in roster(case).named.get(agency, ()) if one.level is Level.MANAGER and one.worker and (one.from_ or one.to)]
    on_the_day = [o for o in there if in_uk(o.since or BEGINNING).date() <= day <= in_uk(o.until or FOREVER).date()]
    in_order = sorted(on_the_day, key=begun_first)
    named = list(dict.fromkeys(one.worker for one in in_order))
    accepting = named[-1] if named else None
    if handover.pack is not True:
        yield from ([named[0], accepting] if len(named) > 1 else [accepting])
    elif handover.critical or handover.consent_withdrawn:
        yield accepting


def critical_moment(state: CaseState, policy: Policy, at: datetime) -> Iterator[str]:
    """Why a change of worker at that moment is one at a critical moment (TUR-03)."""
    conference = any(
        one.rule == _CONFERENCE_ITEM
        and one.state is not ItemState.VOID
        and one.opened_at <= at
        and (one.closed_at is None or at < one.closed_at)
        for one in state.items.values()
    )
    day = in_uk(at).date()
    enquiry = state.case is not None and any(one.type == _ENQUIRY_EPISODE for one in open_episodes(state.case, at))
    if conference or enquiry:
        yield ENQUIRY
    if conference:
        yield CONFERENCE_DUE
    days = policy.briefings.conference_working_days
    held = [in_uk(occurred).date() for occurred in _initial_conferences(state) if occurred <= at]
    if any(day <= add_working_days(one, days, policy.bank_holidays) for one in held):
        yield AFTER_CONFERENCE.format(days=days)


def _initial_conferences(state: CaseState) -> Iterator[datetime]:
    for alert in state.alerts.values():
        said = alert.standing.alert
        conference = said.details.conference
        if alert.kind == _OUTCOME and said.action is not Action.WITHDRAWN and conference and conference.type == "initial":
            yield said.occurred_at
    for fact in standing(state.facts.values()):
        if fact.kind == _OUTCOME and fact.said.get("conference.type") == "initial":
            yield fact.occurred_at
