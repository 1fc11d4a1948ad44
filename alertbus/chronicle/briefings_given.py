"""The briefings of an agency on a case, as they were given to it, and what came before that of the same sort (INT-09)."""

from datetime import date, datetime

from pydantic import AwareDatetime
from sqlalchemy import select

from alertbus.chronicle import tables
from alertbus.chronicle.chronology import chronology_of
from alertbus.chronicle.tables import ObligationState
from alertbus.chronicle.views import latest_case, view
from alertbus.model.alert import Action
from alertbus.model.base import Word
from alertbus.model.briefing import KIND
from alertbus.model.case import Case, Level, in_uk
from alertbus.model.errors import NotFound
from alertbus.model.notice import Notice
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.policy import Audience, Policy
from alertbus.policy.recipient import must_not_learn, recipient_of
from alertbus.policy.sight import Sight
from alertbus.sql.database import Database

_NONE = "no briefing of this agency on such a case; it is given on the day on which the agency, or a worker of it, joins"


class BriefingGiven(Word):
    """One briefing: the latest notice of it, and how far its answer has come."""

    obligation_id: str
    worker: str | None
    since: AwareDatetime
    state: ObligationState
    acknowledged_by: str | None
    notice: Notice


class EarlierEvent(Word):
    """Something that was stated of the case before, as far as the agency may know it: what, when and by which agency."""

    kind: str
    title: str
    day: date
    source: str | None
    """None where it must not be told."""


class BriefingsGiven(Word):
    """What `GET /v1/briefings/{case}` answers."""

    case_id: str
    briefings: tuple[BriefingGiven, ...]
    """The latest first."""
    earlier: tuple[EarlierEvent, ...] = ()
    """Every event about drugs that anybody stated, by its day, however long ago: it stands for newcomers only for a time (INT-09)."""


async def briefings_given(
    engine: Database, policy: Policy, agency: str, case_id: str, *, worker: str | None, now: datetime
) -> BriefingsGiven:
    """Give the briefings of an agency that is on the case, or of one worker of it. Raises `NotFound` for any other agency, whether or not
    there is such a case, and for whoever has left it (END-11).
    """
    owed, notice = tables.obligation.c, tables.notice.c
    given_to = select(owed.id, owed.state, owed.acknowledged_by, notice.body).join(tables.notice, notice.obligation_id == owed.id)
    query = given_to.where(owed.case_id == case_id, owed.agency == agency, owed.kind == KIND)
    found: dict[str, BriefingGiven] = {}
    async with view(engine) as connection:
        rows = (await connection.execute(query.order_by(notice.position))).all()
        case = await latest_case(connection, case_id) if rows else None
    for row in rows:
        given = Notice.model_validate_json(row.body)
        if given.briefing is not None and worker in {None, given.recipient}:
            found[row.id] = BriefingGiven(
                obligation_id=row.id,
                worker=given.recipient,
                since=given.obligation.since,
                state=row.state,
                acknowledged_by=row.acknowledged_by,
                notice=given,
            )
    if case is None or not found or not _is_there(case, agency, now):
        raise NotFound(_NONE)
    latest_first = sorted(found.values(), key=lambda one: (one.since, one.obligation_id), reverse=True)
    return BriefingsGiven(case_id=case_id, briefings=tuple(latest_first), earlier=await _earlier(engine, policy, agency, case, now))


def _is_there(case: Case, agency: str, now: datetime) -> bool:
    """In an exercise whoever was ever there: its days are not ours."""
    posts = [one for one in case.involvements if one.level is Level.AGENCY and one.agency == agency]
    if case.exercise is not None:
        return bool(posts)
    return any((one.since is None or one.since <= now) and (one.until is None or now <= one.until) for one in posts)


async def _earlier(engine: Database, policy: Policy, agency: str, case: Case, now: datetime) -> tuple[EarlierEvent, ...]:
    """For who works with the children and may know of such a thing. What was taken back is left out."""
    ruling = policy.under(case.routing)
    sight = Sight(ruling, recipient_of(agency, case, ruling, now))
    kinds = {
        kind
        for kind, rule in ruling.kinds.items()
        if rule.narrative is Sensitivity.SUBSTANCE
        and Audience.CASE_AGENCIES in ruling.audience(kind)
        and sight.tells(kind)
        and not must_not_learn(agency, kind, case, ruling)
    }
    if sight.recipient.for_adults or not kinds:
        return ()
    entries = await chronology_of(engine, case.id)
    withdrawn = {one.alert_id for one in entries if one.action is Action.WITHDRAWN}
    return tuple(
        EarlierEvent(
            kind=one.kind,
            title=ruling.kind_rule(one.kind).title,
            day=in_uk(one.occurred_at).date(),
            source=None if one.do_not_reveal_source or ruling.kind_rule(one.kind).hide_source else one.source,
        )
        for one in entries
        if one.kind in kinds and one.action is Action.RAISED and one.alert_id not in withdrawn
    )
