"""To whom a notice is addressed when it is sent: the person who answers then, and why it is they, by what their agency's teams say.

What stands on the topic and in the ledger names whom the case names. Only the message differs, and only where the agency has teams.
"""

from collections.abc import Callable
from datetime import datetime

import structlog

from alertbus.model.notice import Notice
from alertbus.policy.policy import Policy
from alertbus.staff.answering import answering
from alertbus.staff.staffing import Staffing
from alertbus.staff.team_book import TeamBook

log = structlog.stdlib.get_logger(__name__)


class Addressing:
    """Addresses each notice by the teams as they stand in the book. It reads nothing else, and may be called from any thread."""

    def __init__(self, book: TeamBook, policy: Policy, now: Callable[[], datetime]) -> None:
        self._book, self._policy, self._now = book, policy, now

    def __call__(self, notice: Notice) -> Notice:
        found = addressed(notice, self._book.staffing, self._policy, self._now())
        if found.answering is not None and found.recipient is None and found.answering.desk is None:
            owed = notice.obligation
            log.warning("nobody answers: see `alertbus teams who`", agency=owed.agency, role=owed.role, notice_id=notice.id)
        return found


def addressed(notice: Notice, staffing: Staffing, policy: Policy, at: datetime) -> Notice:
    """Give the notice with who answers at that moment, the desk where no person does, and the trail. Where there are no teams it is
    addressed as it is, and says when the day teams are there again if they are not (PPN-07).

    A rehearsed notice is looked up at its own moment, among the teams of its exercise: an exercise has a time of its own.
    """
    owed = notice.obligation
    moment = at if owed.exercise is None else notice.step.at if notice.step else owed.since
    found = answering(staffing, owed.agency, owed.role, notice.recipient, moment, policy, exercise=owed.exercise)
    if staffing.of(owed.agency, owed.exercise) is None:
        return notice.model_copy(update={"answering": found}) if found.trail else notice
    return notice.model_copy(update={"recipient": found.who or found.desk, "answering": found})
