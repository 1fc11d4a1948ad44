"""What stands of a case's status and of consent to its plan, by what was stated. Pure.

A `case_status_change` is the event that changes the status, and nothing else does (STA-03). The snapshot's `status` and `episodes` are the
case holder's own record: they say how the case stands where no such statement was ever made, and where both say something and differ, both
are shown. Consent is a dated state of one plan; where nobody has stated it, it is not stated (ENG-03).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, NamedTuple

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Moment, Word
from alertbus.model.case import Case, Episode, Spell, begins, in_uk
from alertbus.model.notice import NOT_SAID_OF_CONSENT, ConsentStanding
from alertbus.model.on_case import said_here
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.reach.roster import BEGINNING, FOREVER
from alertbus.reach.standing import StandingAlert

STATUS_CHANGE = "case_status_change"
"""The only kind that changes a status."""

KEPT = 12
"""Statements about consent that a case's state keeps, the latest. Chosen: a withdrawal of the latest finds the one before it, and the state
does not grow."""

_PLANS = frozenset({"child_in_need", "child_protection", "looked_after", "early_help"})
"""Of these a child has one at a time: where another follows, the one before has ended, whether or not anybody wrote down when."""


class ConsentSaid(Word):
    """One statement about consent to a plan, as a case's state keeps it. `people` are the directory's ids of whom it is about."""

    plan: Annotated[str, S.PLAN]
    state: Annotated[str, S.PLAN]
    by: Annotated[str | None, S.PLAN] = None
    people: Annotated[tuple[str, ...], S.ROUTING] = ()
    source: Annotated[str, S.ROUTING]
    on: Annotated[date, S.PLAN]
    at: Annotated[Moment, S.ROUTING]
    statement_id: Annotated[str, S.ROUTING]

    @property
    def order(self) -> tuple[date, datetime, str]:
        """Of two, the one that is later in this order stands: the one about the later day."""
        return self.on, self.at, self.statement_id


class StatusSaid(NamedTuple):
    """One change of the case's status as it was stated: to what, from which day, by whom, why and on what basis."""

    to: str
    since: date
    stated_on: date
    source: str
    source_id: str
    statement_id: str
    reason: str | None = None
    basis: str | None = None


class Unended(NamedTuple):
    """An episode that another one followed, and of which nobody has said when it ended (STA-10)."""

    episode: Episode
    followed_by: Episode


def plan_name(stated: str) -> str:
    """A plan by one name: `child_in_need_plan` and `child_in_need` are one."""
    return stated.strip().lower().replace(" ", "_").removesuffix("_plan")


def consents_with(consents: Mapping[str, ConsentSaid], alert: StandingAlert) -> Mapping[str, ConsentSaid]:
    """What is kept by alert, with what this one says of consent as it now stands; the same where it says and said nothing of it."""
    said = alert.standing
    stated = None if said.alert.action is Action.WITHDRAWN else said.alert.details.consent
    alert_id = said.alert_id
    if stated is None:
        return {name: one for name, one in consents.items() if name != alert_id} if alert_id in consents else consents
    one = ConsentSaid(
        plan=stated.plan,
        state=stated.state,
        by=stated.by,
        people=tuple(sorted({person_id for person_ids in said.people for person_id in person_ids})),
        source=said.alert.source,
        on=_day(said.alert.occurred_at),
        at=said.at,
        statement_id=said.statement_id,
    )
    if consents.get(alert_id) == one:
        return consents
    return dict(sorted({**consents, alert_id: one}.items(), key=lambda entry: entry[1].order)[-KEPT:])


def consent_on(consents: Mapping[str, ConsentSaid], case: Case, at: datetime) -> ConsentStanding:
    """How consent to the case's plan stands at a moment: to the plan that is open then, else to the one that was spoken of last."""
    here = [one for one in consents.values() if one.on <= _day(at) and _is_here(one, case)]
    last = max(here, key=lambda one: one.order, default=None)
    plan = plan_of(case, at) or (last.plan if last else None)
    of_it = [one for one in here if plan is not None and plan_name(one.plan) == plan_name(plan)]
    said = max(of_it, key=lambda one: one.order, default=None)
    if said is None:
        return ConsentStanding(plan=plan, state=NOT_SAID_OF_CONSENT)
    return ConsentStanding(plan=plan, state=said.state, since=said.on, source=said.source)


def plan_of(case: Case, at: datetime) -> str | None:
    """The plan by the holder's own record: of the episodes that are open then and are plans, the one that began last; else the status."""
    plans = [one for one in open_episodes(case, at) if plan_name(one.type) in _PLANS]
    return max(plans, key=begun).type if plans else case.status


def begun(spell: Spell) -> datetime:
    """When it began by what was stated, however late the bus heard of it."""
    return begins(spell.from_) if spell.from_ is not None else BEGINNING


def open_episodes(case: Case, at: datetime) -> list[Episode]:
    return [one for one in case.episodes if (begun(one)) <= at <= (one.until or FOREVER)]


def status_changes(alerts: Iterable[StandingAlert], case: Case) -> list[StatusSaid]:
    """Every change of status that stands, the earliest first. What was withdrawn is none, and no other kind is one (STA-03)."""
    standing = [alert.standing for alert in alerts if alert.kind == STATUS_CHANGE]
    found = [(said.at, change) for said in standing if said.alert.action is not Action.WITHDRAWN and (change := _change(said, case))]
    return [change for _, change in sorted(found, key=lambda entry: (entry[1].since, entry[0], entry[1].statement_id))]


def _change(said: AcceptedAlert, case: Case) -> StatusSaid | None:
    details, on = said_here(said, case), _day(said.alert.occurred_at)
    stated = details.status_change
    to = stated.to if stated else details.status
    if to is None:
        return None
    return StatusSaid(
        to=to,
        since=(stated.effective if stated else None) or on,
        stated_on=on,
        source=said.alert.source,
        source_id=said.alert.amends or said.alert.id,
        statement_id=said.statement_id,
        reason=stated.reason if stated else None,
        basis=stated.basis if stated else None,
    )


def unended(case: Case) -> list[Unended]:
    """The episodes that another one of the same children followed and that have no end: a gap in the record (STA-10)."""
    open_ended = ((one, [other for other in case.episodes if _follows(other, one)]) for one in case.episodes if one.to is None)
    return [Unended(one, min(later, key=begun)) for one, later in open_ended if later]


def _follows(other: Episode, one: Episode) -> bool:
    names = {plan_name(other.type), plan_name(one.type)}
    same = len(names) == 1 or names <= _PLANS
    of_the_same = not one.children or not other.children or not set(one.children).isdisjoint(other.children)
    return same and of_the_same and (begun(other)) > (begun(one))


def _is_here(one: ConsentSaid, case: Case) -> bool:
    """False where it names somebody who gave or withdrew it, and that is nobody of this case."""
    if one.by is None:
        return True
    return any(person.key == one.by and not set(person.person_ids).isdisjoint(one.people) for person in case.people)


def _day(moment: datetime) -> date:
    return in_uk(moment).date()
