"""What an agency's system would receive, shown on an invented case: for `alertbus plugin render`, its gallery, and `alertbus plugin run`.

The notice is made as the bus makes it: by the policy, for the first agency of the adapter's sector, no fuller than that agency may see it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from alertbus.gateway.bodies import read
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case, CasePerson, Involvement, Link
from alertbus.model.details import Details
from alertbus.model.ids import notice_id, obligation_id
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed, Notice, Obligation
from alertbus.plugin.kit.samples import FLAG, minimal_notice, sample_alert, sample_briefing
from alertbus.policy.minimise import Bodies, cover_for
from alertbus.policy.policy import Policy
from alertbus.policy.reason_path import path_to
from alertbus.policy.recipient import recipient_of
from alertbus.policy.sight import Sight
from alertbus.reach.notices import flag_line

AT = datetime(2026, 1, 1, tzinfo=UTC)
"""The moment of every preview: the same input gives the same bytes on any day."""

EXERCISE = "rehearsal"
FLAG_KIND = "violent_person_flag"
BRIEFING = "briefing"

_SAID: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "violent_person_flag": {"flag": {"precautions": ["Visit in pairs"], "grade": "threat"}},
        "threat_to_staff": {"flag": {"precautions": ["Visit in pairs"], "grade": "threat"}},
        "prisoner_release": {"release": {"date": "2026-01-12", "confirmed": True}},
        "domestic_abuse_incident": {"incident": {"reference": "INC-1", "children_present": True}},
        "meeting": {"meeting": {"type": "strategy", "state": "planned"}},
        "conference_outcome": {"conference": {"type": "initial", "outcome": "child_protection_plan"}},
    }
)
"""Kind → what an invented alert of it states in fields, where without them it would say little."""


@dataclass(frozen=True, slots=True)
class ShownAs:
    """What of an alert is to be shown: which deed, under a standing flag or not (None: as the bus would), as an exercise or for real."""

    deed: Deed = Deed.DELIVER
    flag: bool | None = None
    exercise: bool = False


def alert_of(raw: bytes) -> Alert:
    """Read an alert's JSON. Raises `InvalidInput` for what is no alert, with every fault."""
    return read(Alert, raw)


def notice_of(raw: bytes) -> Notice:
    """Read a notice's JSON. Raises `InvalidInput` for what is no notice, with every fault."""
    return read(Notice, raw)


def invented(kind: str) -> Alert:
    """An alert of that kind about an invented adult and child, with what such an alert is likely to state."""
    return sample_alert(kind=kind, details=Details.model_validate(_SAID.get(kind, {})))


def agency_of(sector: str, policy: Policy) -> str:
    """The first agency of the sector; where the policy has none, one that is named after it, which the policy then does not know."""
    return next((name for name, entry in policy.agencies.items() if entry.sector == sector), sector)


def bare(kind: str, sector: str, wanted: ShownAs) -> Notice:
    """A notice in which everything that may be absent is."""
    exercise = EXERCISE if wanted.exercise else None
    ended = {"ended_at": AT} if wanted.deed.ends else {}
    return minimal_notice(kind=kind, deed=wanted.deed, sector=sector, exercise=exercise, flag=FLAG if wanted.flag else None, **ended)


def briefed(sector: str, wanted: ShownAs) -> Notice:
    """What a newcomer is given, with every section: as the kit has it, not minimised for the sector."""
    exercise = EXERCISE if wanted.exercise else None
    return sample_briefing(deed=wanted.deed, sector=sector, exercise=exercise, **({"flag": None} if wanted.flag is False else {}))


def previewed(alert: Alert, sector: str, policy: Policy, wanted: ShownAs) -> Notice:
    """The alert as an agency of the sector is told of it. Everybody named in it is taken to be on one invented case."""
    stated = alert.model_copy(update={"exercise": EXERCISE}) if wanted.exercise else alert
    agency = agency_of(sector, policy)
    case = case_of(stated, agency)
    people = tuple(p.person_ids for p in case.people)
    accepted = AcceptedAlert.of(stated, AT).with_people(people)
    obligation, step = _owed(stated, case, agency, policy, wanted.deed)
    sight = Sight(policy, recipient_of(agency, case, policy, AT, source=stated.source))
    cover = cover_for(
        notice_id(obligation.id, accepted.statement_id),
        wanted.deed,
        obligation,
        sight,
        path=path_to(case, case.links[0], sight),
        ruling="preview",
        flag=_flag(stated, policy, sight, wanted),
        ended_at=AT if wanted.deed.ends else None,
        step=step,
    )
    body, _ = Bodies(accepted, case, policy, over=wanted.deed if wanted.deed.ends else None).for_recipient(sight.recipient)
    return Notice.of(cover, body)


def case_of(alert: Alert, agency: str, *, id_: str = "preview") -> Case:
    """An invented case on which everybody stands whom the alert names, and on which the agency works."""
    everybody = (*alert.subjects, *alert.children)
    people = tuple(
        CasePerson.model_validate({**entry.person.model_dump(), "key": entry.person.key or f"person-{n}", "person_ids": [f"{id_}-{n}"]})
        for n, entry in enumerate(everybody)
    )
    return Case(
        id=id_,
        people=people,
        children=tuple(p.key for p in people[len(alert.subjects) :]),
        links=tuple(Link(person=p.key, relation="as the case says") for p in people),
        involvements=(Involvement(agency=agency, from_=date(2020, 1, 1)),),
        contact="the case's duty number",
        exercise=alert.exercise,
    )


def _owed(alert: Alert, case: Case, agency: str, policy: Policy, deed: Deed) -> tuple[Obligation, ItemStep | None]:
    """What the agency owes; where an answer is chased, by the first role that is asked next."""
    rule = policy.kind_rule(alert.kind)
    role, step = policy.roles(alert.kind, agency)[0], None
    if deed is Deed.ESCALATE:
        role = next(iter(rule.chain), role)
        step = ItemStep(kind=StepKind.NEXT, role=role, at=AT)
    obligation = Obligation(
        id=obligation_id(alert.alert_id, case.id, agency, role),
        alert_id=alert.alert_id,
        case_id=case.id,
        agency=agency,
        role=role,
        kind=alert.kind,
        severity=alert.severity,
        source=alert.source,
        source_id=alert.id,
        since=AT,
        due=policy.due(alert.kind, AT, alert.severity),
        exercise=alert.exercise,
    )
    return obligation, step


def _flag(alert: Alert, policy: Policy, sight: Sight, wanted: ShownAs) -> str | None:
    """The line that comes first: the alert's own, where its kind is a flag; one that stands beside it, where that is asked for."""
    own = policy.kind_rule(alert.kind)
    if wanted.flag is False or (wanted.flag is None and (wanted.deed.ends or not own.flag)):
        return None
    kind = alert.kind if own.flag and not wanted.deed.ends else FLAG_KIND
    flagged = alert if kind == alert.kind else invented(kind)
    return flag_line(policy.kind_rule(kind), flagged) if sight.tells(kind) else None
