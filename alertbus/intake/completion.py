"""Every answer that has a receipt reaches its case: what was cut short between the two is completed, by whichever gateway looks next.

So is what was answered before cases were told at all: after an upgrade nothing that was answered is asked for again. A receipt holds all
that the case hears, so that nothing is asked of whoever answered.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from alertbus.chronicle.told_answers import untold_answers
from alertbus.intake.publisher import Publisher
from alertbus.model.events import Answered
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.sql.database import Database
from alertbus.wire import records

LOOK_S = 5.0
"""Seconds between two looks. Chosen: a step is taken after hours, and one call too many is soon taken back."""

GRACE = timedelta(seconds=4)
"""How long an answer may stand untold before it is completed. Chosen: the gateway that was answered writes to the case within milliseconds,
and the chronicle reads it in less than a second; to write it twice is harmless."""

AGAIN = timedelta(minutes=10)
"""When an answer that the chronicle still calls untold is written once more: until then the chronicle may just be behind."""

AT_ONCE = 5_000
"""Answers looked at in one turn, so that an upgrade with a county's answers leaves room for what is said now."""

log = structlog.get_logger("alertbus.gateway")


def as_the_case_hears_it(receipt: Receipt) -> Answered:
    """Give what a case hears of a person's answer: what was said stays in the receipt, what the person will do goes to the case."""
    assert receipt.by is not None
    return Answered(
        case_id=receipt.case_id,
        alert_id=receipt.alert_id,
        obligation_id=receipt.obligation_id,
        agency=receipt.agency,
        receipt_id=receipt.id,
        by=receipt.by,
        intent=receipt.intent or Intent.ACTING,
        to=receipt.to,
        acted=receipt.stage is Stage.ACTED,
        undoes=receipt.undoes,
        at=receipt.at,
    )


class AnswerCompletion:
    """One gateway's part. Any number may do it at once: the same answer is the same event."""

    def __init__(self, engine: Database, publisher: Publisher, now: Callable[[], datetime]) -> None:
        self._engine, self._publisher, self._now = engine, publisher, now
        self._due: dict[str, datetime] = {}
        """By receipt, from when on it is to be written, if it is untold then."""

    async def complete(self) -> int:
        """Tell cases of the answers of which they have not heard since the last look; give how many."""
        now = self._now()
        written = sum(at > now + GRACE for at in self._due.values())
        found = await untold_answers(self._engine, AT_ONCE + written)
        self._due = {one.id: self._due.get(one.id, now + GRACE) for one in found}
        late = [one for one in found if self._due[one.id] <= now]
        if late:
            await self._publisher.send(*(records.answered(as_the_case_hears_it(receipt)) for receipt in late))
            self._due |= dict.fromkeys((receipt.id for receipt in late), now + AGAIN)
            log.info("answers are told to their cases", answers=len(late))
        return len(late)
