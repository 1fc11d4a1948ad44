"""Who is on a case and linked to it, and which warnings stand, as one agency may see it today (LNK-07, TUR-07, TUR-08, VPF-12). Pure.

It is what a briefing of that agency would say today, by the same sections and therefore by the same minimisation: nobody sees more here
than they would be briefed of.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alertbus.model.case import Case, Level
from alertbus.model.custody import Movement
from alertbus.model.notice import NoticePerson
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.policy import Policy
from alertbus.reach.briefing_sections import BriefingSections
from alertbus.reach.reduce_case import CaseState
from alertbus.reach.standing import StandingAlert


def case_people(
    case: Case, alerts: Sequence[StandingAlert], policy: Policy, agency: str, at: datetime, *, everybody: bool
) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Give the fields by name, and the classes of which something was left out. `everybody`: the reader holds cases, and is told of earlier
    workers of every agency.
    """
    by_id = {alert.standing.alert_id: alert for alert in alerts}
    moved = {name: movement for name, alert in by_id.items() if (movement := Movement.stated_by(alert.standing)) is not None}
    sections = BriefingSections(CaseState(case=case, now=at, alerts=by_id, movements=moved), case, policy, agency, at)
    sight = sections.sight
    shown: dict[str, Any] = {"flags": tuple(sections.flags())}
    if not _told_of_the_family(sections):
        return shown, frozenset(sight.withheld)
    before = list(sections.before())
    if everybody:
        others = {one.agency for one in case.involvements if one.level is not Level.AGENCY} - {agency}
        before += [one for name in sorted(others) for one in sections.before(name)]
    shown |= {
        "children": _children(sections),
        "people": tuple(seen for _, seen in sections.adults),
        "links": tuple(sections.links()),
        "on_case": (*sections.ours(), *sections.others()),
        "before": tuple(before),
    }
    return shown, frozenset(sight.withheld)


def children_listed(case: Case, policy: Policy, agency: str, at: datetime) -> tuple[NoticePerson, ...]:
    """The children of a case as the agency may name them in a list; nobody, for one that acts for an adult."""
    sections = BriefingSections(CaseState(case=case, now=at), case, policy, agency, at)
    return _children(sections) if _told_of_the_family(sections) else ()


def _told_of_the_family(sections: BriefingSections) -> bool:
    """False for who acts for an adult, or houses one: such an agency is told whom to ring, and warnings."""
    return not sections.sight.recipient.for_adults and sections.sight.template(Sensitivity.PLAN)


def _children(sections: BriefingSections) -> tuple[NoticePerson, ...]:
    return tuple(one.model_copy(update={"addresses": (), "identifiers": ()}) for one in sections.children())
