"""How a case stands, for any agency that is active on it: the plan, since when, by whose word, who holds it and how to reach them, consent,
and when each child was last seen (STA-02, END-08). Each reader is told what the policy lets it see, and that there is more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from pydantic import AwareDatetime
from sqlalchemy import func, select

from alertbus.chronicle import tables
from alertbus.chronicle.case_people import case_people
from alertbus.chronicle.chronology import statements_on
from alertbus.chronicle.reviews import words_released
from alertbus.chronicle.views import latest_case, view
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Word
from alertbus.model.briefing import BriefedFlag, BriefedHolder, BriefedLink
from alertbus.model.case import Case, Episode, Involvement, Level, Spell, in_uk
from alertbus.model.details import Details
from alertbus.model.errors import NotFound
from alertbus.model.notice import ConsentStanding, NoticePerson
from alertbus.model.on_case import said_here
from alertbus.model.screening import revealed_to
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.policy import Policy
from alertbus.policy.recipient import recipient_of
from alertbus.policy.sight import Sight
from alertbus.reach.roster import BEGINNING, FOREVER
from alertbus.reach.standing import StandingAlert
from alertbus.reach.standing_facts import (
    ConsentSaid,
    StatusSaid,
    begun,
    consent_on,
    consents_with,
    open_episodes,
    plan_name,
    plan_of,
    status_changes,
    unended,
)
from alertbus.sql.database import Database, Transaction

CASE_FILE, STATEMENT = "case_file", "statement"
CLOSED = frozenset({"closed", "no_further_action", "ended"})
"""Statuses in which nobody holds the case."""
NO_CASE = "no such case, or none that your agency is active on"


class StatusChanged(Word):
    """A change of status as it was stated. `reason` and `basis` are absent while the words wait for somebody's decision."""

    to: str
    since: date
    stated_on: date
    source: str
    reference: str
    """The sender's own id for it."""
    reason: str | None = None
    basis: str | None = None


class HolderNow(Word):
    """Who holds the case: the agency, and by name the worker, the team and the manager of the day, as far as the case file says."""

    agency: str
    worker: str | None = None
    team: str | None = None
    manager: str | None = None


class ChildSeen(Word):
    """When a child was last seen by anybody who said so, and how. `on` None: nobody has stated that it was."""

    child: str
    called: str
    on: date | None = None
    by: str | None = None
    how: str | None = None
    alone: bool = False
    last_not_seen: date | None = None


class EpisodeGap(Word):
    """A plan of which nobody has said when it ended, though another followed it (STA-10)."""

    plan: str
    since: str | None = None
    followed_by: str
    followed_on: str | None = None


class CaseStatus(Word):
    """How a case stands. What the reader may not see is absent, and its class is named in `withheld`."""

    case_id: str
    as_of: AwareDatetime
    exercise: str | None = None
    open: bool | None = None
    """Whether the agency that holds it works with the family now; None: nobody has said."""
    status: str | None = None
    since: date | None = None
    said_in: str | None = None
    """`statement`: a change of status says so; `case_file`: nobody stated one, and the case holder's own record does."""
    authority: str | None = None
    """Whose word it is."""
    reference: str | None = None
    plans: tuple[str, ...] = ()
    """The plans that are open by the case file."""
    planned: StatusChanged | None = None
    """A change that was stated for a day to come."""
    consent: ConsentStanding | None = None
    holder: HolderNow | None = None
    contact: str | None = None
    last_seen: tuple[ChildSeen, ...] = ()
    changes: tuple[StatusChanged, ...] = ()
    mismatch: str | None = None
    """What the statement and the case file say differently."""
    gaps: tuple[EpisodeGap, ...] = ()
    flags: tuple[BriefedFlag, ...] = ()
    """The warnings that stand, as a briefing of the reader's agency on that day would give them; so are the four that follow."""
    children: tuple[NoticePerson, ...] = ()
    people: tuple[NoticePerson, ...] = ()
    links: tuple[BriefedLink, ...] = ()
    """The adults who are linked to the case; who it is stands in `people`, by `ref`."""
    on_case: tuple[BriefedHolder, ...] = ()
    """Which agencies are on it, and who answers for them."""
    before: tuple[BriefedHolder, ...] = ()
    """Who held it before: in the reader's own service, and for who holds cases in every service (TUR-08, TUR-09)."""
    withheld: tuple[str, ...] = ()


class CaseRead(NamedTuple):
    """What the chronicle holds of a case: the file, its alerts as they stand, and the statements whose words wait."""

    case: Case
    alerts: Sequence[StandingAlert]
    held: frozenset[str]
    now: datetime


async def case_status(engine: Database, policy: Policy, case_id: str, reader: str | None, *, now: datetime) -> CaseStatus:
    """Give the status as `reader` may see it; None: whoever holds cases. Raises `NotFound` for a case on which it is not active."""
    async with view(engine) as connection:
        read = await _read(connection, case_id, now)
    return status_for(reader or policy.case_holder, read, policy, holds=reader is None)


async def _read(connection: Transaction, case_id: str, now: datetime) -> CaseRead:
    try:
        case = await latest_case(connection, case_id)
    except NotFound:
        raise NotFound(NO_CASE) from None
    said: dict[str, list[AcceptedAlert]] = defaultdict(list)
    here = {person_id for person in case.people for person_id in person.person_ids}
    for accepted, people in await statements_on(connection, case_id):
        if any(here.intersection(person_ids) for person_ids in people):
            said[accepted.alert_id].append(accepted.with_people(tuple(map(tuple, people))))
    released = await words_released(connection, case_id, set(said))
    every = [one for statements in said.values() for one in statements]
    held = {one.statement_id for one in every if revealed_to(one.reveals, case) and one.statement_id not in released}
    if case.exercise is not None:  # which has a time of its own: that of the latest that was said in it
        rehearsed = select(func.max(tables.alert.c.at)).where(tables.alert.c.exercise == case.exercise)
        now = (await connection.execute(rehearsed)).scalar_one_or_none() or now
    return CaseRead(case, [StandingAlert.with_statements(None, some, "") for some in said.values()], frozenset(held), now)


def status_for(reader: str, read: CaseRead, policy: Policy, *, holds: bool = False) -> CaseStatus:
    """The status as one agency may see it. Raises `NotFound` for an agency that is not active on the case, unless it `holds` cases."""
    case, now = read.case, read.now
    if not holds and not any(_holds_now(one, now) for one in case.involvements if one.agency == reader and one.level is Level.AGENCY):
        raise NotFound(NO_CASE)
    sight = Sight(policy.under(case.routing), recipient_of(reader, case, policy, now))
    people, kept_back = case_people(case, read.alerts, policy, reader, now, everybody=holds)
    sight.withheld |= kept_back
    found = CaseStatus(case_id=case.id, as_of=now, exercise=case.exercise, contact=case.contact if sight.full(Sensitivity.ACTION) else None)
    if sight.secret or not sight.template(Sensitivity.PLAN):
        return found.model_copy(update={**people, "withheld": tuple(sorted(sight.withheld | {Sensitivity.PLAN}))})
    plan = sight.plan()
    stood = _stood(read)
    seen = plan and sight.full(Sensitivity.CHILD_IDENTITY)
    shown = {
        **stood,
        "holder": None if sight.recipient.for_adults else _holder(case, policy.case_holder, now),
        "plans": tuple(dict.fromkeys(one.type for one in open_episodes(case, now))),
        "consent": consent_on(_consents(read.alerts), case, now),
        "last_seen": tuple(_last_seen(read, sight)) if seen else (),
        "gaps": tuple(_gaps(case)),
    }
    if not plan:  # that there is a plan and who answers for it, and not which (STANDARDS section 13)
        shown = {name: shown[name] for name in ("open", "since", "authority", "holder")}
    return found.model_copy(update={**shown, **people, "withheld": tuple(sorted(sight.withheld))})


def _stood(read: CaseRead) -> dict[str, object]:
    """The status by the latest change that holds; where none was ever stated, by the case file."""
    case, today = read.case, in_uk(read.now).date()
    changes = status_changes(read.alerts, case)
    shown = tuple(_shown(one, read.held) for one in changes)
    holding = [one for one in changes if one.since <= today]
    planned = next((one for one in shown if one.since > today), None)
    told: dict[str, object] = {"changes": shown, "planned": planned}
    on_file = [one.type for one in open_episodes(case, read.now)]
    if not holding:
        running = _current(case, read.now)
        status = case.status or (running.type if running else None)
        said = None if status is None else plan_name(status) not in CLOSED
        since = in_uk(begun(running)).date() if running and running.from_ else None
        return told | {"open": said, "status": status, "since": since, "said_in": CASE_FILE if status else None, "authority": None}
    last = holding[-1]
    names = {plan_name(one) for one in (*on_file, *filter(None, (case.status,)))}
    differs = bool(names) and plan_name(last.to) not in names
    return told | {
        "open": plan_name(last.to) not in CLOSED,
        "status": last.to,
        "since": last.since,
        "said_in": STATEMENT,
        "authority": last.source,
        "reference": last.source_id,
        "mismatch": f"stated: {last.to}; case file: {', '.join(sorted(names))}" if differs else None,
    }


def _current(case: Case, now: datetime) -> Episode | None:
    """Of the episodes that are open the plan that began last, else the last to begin."""
    running, plan = open_episodes(case, now), plan_of(case, now)
    return max((one for one in running if one.type == plan), default=None, key=begun) or max(running, default=None, key=begun)


def _shown(said: StatusSaid, held: frozenset[str]) -> StatusChanged:
    waits = said.statement_id in held
    return StatusChanged(
        to=said.to,
        since=said.since,
        stated_on=said.stated_on,
        source=said.source,
        reference=said.source_id,
        reason=None if waits else said.reason,
        basis=None if waits else said.basis,
    )


def _consents(alerts: Iterable[StandingAlert]) -> Mapping[str, ConsentSaid]:
    kept: Mapping[str, ConsentSaid] = {}
    for alert in alerts:
        kept = consents_with(kept, alert)
    return kept


def _holder(case: Case, agency: str, now: datetime) -> HolderNow:
    """Who answers for it now: of those whom the case file names for the holding agency, the latest to start."""
    named = [one for one in case.involvements if one.agency == agency and _holds_now(one, now)]
    worker, manager = (_latest(named, level) for level in (Level.WORKER, Level.MANAGER))
    team = next((one.team for one in (worker, manager) if one and one.team), None)
    return HolderNow(agency=agency, worker=worker and worker.worker, team=team, manager=manager and manager.worker)


def _latest(named: Iterable[Involvement], level: Level) -> Involvement | None:
    of_level = [one for one in named if one.level is level and one.worker and (one.from_ or one.to)]
    return max(of_level, key=lambda one: (one.since or BEGINNING, one.worker or ""), default=None)


def _holds_now(spell: Spell, now: datetime) -> bool:
    return (spell.since or BEGINNING) <= now <= (spell.until or FOREVER)


def _last_seen(read: CaseRead, sight: Sight) -> Iterable[ChildSeen]:
    """For each child whom the reader works with, the latest contact in which it was stated to be seen."""
    contacts = [
        (one.standing, said_here(one.standing, read.case)) for one in read.alerts if one.standing.alert.action is not Action.WITHDRAWN
    ]
    contacts.sort(key=lambda pair: (pair[0].alert.occurred_at, pair[0].at))
    for key in read.case.children:
        if sight.works_with(key) and sight.lists(key):
            yield _seen(key, read.case, contacts)


def _seen(key: str, case: Case, contacts: Sequence[tuple[AcceptedAlert, Details]]) -> ChildSeen:
    met = [(said, one.contact) for said, one in contacts if one.contact and key in (*one.contact.seen, *one.contact.seen_alone)]
    missed = [said for said, one in contacts if one.contact and key in one.contact.not_seen]
    found = ChildSeen(
        child=key,
        called=case.person(key).shown,
        last_not_seen=in_uk(missed[-1].alert.occurred_at).date() if missed else None,
    )
    if not met:
        return found
    said, contact = met[-1]
    update = {"on": in_uk(said.alert.occurred_at).date(), "by": said.alert.agency, "how": contact.mode, "alone": key in contact.seen_alone}
    return found.model_copy(update=update)


def _gaps(case: Case) -> Iterable[EpisodeGap]:
    for gap in unended(case):
        begun, followed = (str(one.from_) if one.from_ else None for one in (gap.episode, gap.followed_by))
        yield EpisodeGap(plan=gap.episode.type, since=begun, followed_by=gap.followed_by.type, followed_on=followed)
