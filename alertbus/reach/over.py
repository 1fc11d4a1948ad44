"""Why what an agency was told is over for it: taken back by the sender, never about its case, or no longer its own. Pure."""

from datetime import datetime
from typing import NamedTuple

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case
from alertbus.model.notice import Deed
from alertbus.reach.join import Decision
from alertbus.reach.roster import FOREVER, roster


class Over(NamedTuple):
    """Why something is over for an agency, and since when; `by` is the statement that says so, None when none does."""

    deed: Deed
    at: datetime
    by: AcceptedAlert | None = None


def over(told: Decision, standing: AcceptedAlert, case: Case, until: datetime) -> Over:
    """Why what was told by a decision is owed no longer, as the alert's `standing` statement and the case now have it: the sender withdrew
    it; or it is about somebody else; or else the agency's own part, or the link, has ended. `until` stands in for a day that nobody gave.
    """
    deed = deed_of_end(told, standing, case)
    match deed:
        case Deed.WITHDRAW:
            return Over(deed, standing.alert.recorded_at, standing)
        case Deed.NO_LONGER_YOURS:
            return Over(deed, min(until, _left_at(told, case) or until))
        case _:
            return Over(deed, until)


def deed_of_end(told: Decision, statement: AcceptedAlert, case: Case) -> Deed:
    """What a statement by which nothing is owed any more says of what was told: that it is taken back; that it was about somebody else, if
    the person through whom it was told is not meant or not on the case; or only that it stands for others now.
    """
    assert told.exposure is not None
    if statement.alert.action is Action.WITHDRAWN:
        return Deed.WITHDRAW
    meant = {person_id for person_ids in statement.people for person_id in person_ids}.intersection(told.exposure.person_ids)
    linked = any(not tie.person_ids.isdisjoint(meant) for tie in roster(case).ties)
    return Deed.NO_LONGER_YOURS if linked else Deed.CORRECT


def _left_at(told: Decision, case: Case) -> datetime | None:
    """When the agency's part on the case ended, or else the link through which it was told; None if neither has a day."""
    assert told.exposure is not None
    known = roster(case)
    posts = [post.end for post in known.posts if post.involvement.agency == told.agency]
    ties = [tie.end for tie in known.ties if not tie.person_ids.isdisjoint(told.exposure.person_ids)]
    lasts = (max(found, default=FOREVER) for found in (posts, ties))
    return next((last for last in lasts if last < FOREVER), None)
