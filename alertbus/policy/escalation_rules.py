"""Who is asked, and when, while nobody by name has answered (DESIGN section 15).

Every number here is ours: neither the review nor a statute sets one.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Self

from pydantic import Field, model_validator

from alertbus.model.base import Word
from alertbus.model.calendar import add_working_days, is_working_day
from alertbus.model.case import UK, in_uk
from alertbus.policy.within import Within


class EscalationRules(Word):
    """What holds for every kind that does not say otherwise."""

    remind_at: float = Field(default=0.5, gt=0, le=1)
    """The part of an answer's time after which the one who owes it is reminded."""
    next_within: Within = Within(working_days=1)
    """How long each person of a chain has before the next one is asked; a kind may say otherwise."""
    duty_lead: str = "duty_lead"
    """The role that is asked last, after every chain; an agency may have another."""
    undo_minutes: int = Field(default=5, ge=0, le=60)
    """For how long whoever answered may take the answer back."""
    unowned_within: Within = Within(minutes=15)
    """How long something may lie in the unowned queue before the dead man's switch is no longer told that all is well."""


class OutOfHours(Word):
    """When an agency's day teams are there, by UK time on working days, and which desk answers at other times (OOH-01)."""

    role: str
    opens: time
    closes: time

    @model_validator(mode="after")
    def _a_day(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("`closes` lies after `opens` on the same day")
        return self

    def open_at(self, moment: datetime, bank_holidays: frozenset[date]) -> bool:
        """Whether the day teams are there. `bank_holidays`: those that the policy adds to the calendar's own."""
        local = in_uk(moment)
        return self.opens <= local.time() < self.closes and is_working_day(local.date(), bank_holidays)

    def opening(self, moment: datetime, bank_holidays: frozenset[date]) -> datetime:
        """The first moment from this one on at which the day teams are there: this one, if they are."""
        if self.open_at(moment, bank_holidays):
            return moment
        local = in_uk(moment)
        today = local.time() < self.opens and is_working_day(local.date(), bank_holidays)
        day = local.date() if today else add_working_days(local.date(), 1, bank_holidays)
        return max(moment, datetime.combine(day, self.opens, UK))  # on the calendar's last day there is no other


class TeamChain(Word):
    """The chain of one team of an agency, in place of the kind's (PPN-13): at least two people above whoever was asked."""

    chain: tuple[str, ...] = Field(min_length=2)


TeamChains = Mapping[str, TeamChain]
"""By the name of the team, as cases write it (`involvements[].team`)."""
