"""What somebody finds who comes back: from when to when they were away, and what of theirs was answered meanwhile (TUR-05, TUR-15)."""

from datetime import datetime, timedelta
from typing import NamedTuple

from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.worker_inbox import answered_meanwhile
from alertbus.intake.intake import Intake
from alertbus.model.errors import NotFound
from alertbus.serving.inbox_shown import names_or_falls_to
from alertbus.staff.covering import AwayTime, Inquiry, last_absence
from alertbus.staff.staffing import Staffing

JUST = timedelta(days=14)
"""For how long somebody is told that they were away (ours): two weeks of work, in which they find out what became of theirs."""


class AnsweredMeanwhile(NamedTuple):
    """A person's last absence, and what of theirs was answered in it, by whomever, the earliest first."""

    away: AwayTime
    items: list[InboxItem]


async def answered_while_away(intake: Intake, agency: str, worker: str, now: datetime) -> AnsweredMeanwhile:
    """Look it up for the person of that `ref`. What was not answered is in their inbox again. Raises `NotFound` for who was never away."""
    staffing = await intake.teams.book.fresh()
    away = last_absence(staffing, agency, worker, now)
    if away is None:
        raise NotFound("no absence of that person has begun, by what the teams of your agency say")
    theirs = names_or_falls_to(worker, Inquiry(staffing, now, intake.policy))
    return AnsweredMeanwhile(away, await answered_meanwhile(intake.engine, agency, theirs, away.since, away.until, now=now))


def just_returned(staffing: Staffing, agency: str, worker: str, now: datetime) -> AwayTime | None:
    """Give the last absence of the person with this `ref`, if it ended not long ago. Pure."""
    away = last_absence(staffing, agency, worker, now)
    return away if away is not None and away.over and now - away.until <= JUST else None
