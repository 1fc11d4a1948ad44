"""An item: something on a case that somebody owes by a time (DESIGN section 15). What people state opens and closes it, never the bus."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from alertbus.model.base import Moment, Word
from alertbus.model.sensitivity import Sensitivity as S

ANSWER = "answer"
"""The rule of an obligation's answer: it stands on every kind of alert, and not among the policy's `items`."""


class ItemState(StrEnum):
    """Where an item stands. Shown to practitioners; values are stable. The clock of an item is met, missed or open (DESIGN section 12)."""

    OPEN = "open"
    """Owed, and its time has not passed."""
    MET = "met"
    """Recorded within its time."""
    MISSED = "missed"
    """Its time has passed without a record. One that was recorded later stays missed, with `closed_at`."""
    SUSPENDED = "suspended"
    """A person has stopped its clock, with a reason."""
    VOID = "void"
    """What opened it was withdrawn, or is not about this case: nothing is owed, and nothing was."""


class StepKind(StrEnum):
    """Why somebody is told of something that is owed. In the order in which it happens."""

    REMINDER = "reminder"
    """Whoever owes it, before or when its time passes."""
    RELEASE_NEAR = "release_near"
    """Whoever was told of a release, some days before it. It asks for nothing."""
    OUT_OF_HOURS = "out_of_hours"
    """The desk that is open, because the one who owes it is not there."""
    OPENING = "opening"
    """Whoever owes it, when their day begins, with the earlier delivery shown."""
    NEXT = "next"
    """The next person of the chain."""
    ESCALATED = "escalated"
    """The next person of the chain, because a named person who saw that it is late had it brought to them (CLK-12)."""
    NOT_DELIVERED = "not_delivered"
    """The next person at once: the agency's system did not take the notice."""
    DUTY_LEAD = "duty_lead"
    """The last person by role."""
    UNOWNED = "unowned"
    """Nobody has answered: the queue that shouts."""


class ItemStep(Word):
    """One step: what for, to which role of the owning agency (None for the unowned queue), and when."""

    kind: Annotated[StepKind, S.ROUTING]
    """What the step is for: a reminder, or that the next of the chain is told."""
    role: Annotated[str | None, S.ROUTING] = None
    """The role that it is for; None for the queue of what nobody answers for."""
    at: Annotated[Moment, S.ROUTING]
    """When the step was due."""
    by: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    """Who escalated it, and for which agency: with `escalated`, and only then."""
    by_agency: Annotated[str | None, S.ROUTING] = None
    """The agency of whoever escalated it."""
    asked_again: Annotated[Moment | None, S.ROUTING] = None
    """Since when it is asked again, because an answer has run out, was passed on, or was not enough for who escalated it. What was answered
    before that does not count any more. None while it is asked for the first time.
    """


class Item(Word):
    """An item as it stands at `at`: on `items`, whole, whenever it changes; the latest of an id is the item.

    Of an obligation's answer (`rule` is `answer`) there is an item from the first step on, and its id is the obligation's.
    """

    type: ClassVar[str] = "uk.alertbus.item.changed.v1"
    id: Annotated[str, S.ROUTING]
    case_id: Annotated[str, S.ROUTING]
    rule: Annotated[str, S.ROUTING] = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    title: Annotated[str, S.ROUTING]
    agency: Annotated[str, S.ROUTING]
    role: Annotated[str, S.ROUTING]
    kind: Annotated[str, S.ROUTING]
    """The kind of the alert that opened it; `lapse` where the case itself did."""
    alert_id: Annotated[str | None, S.ROUTING] = None
    source_id: Annotated[str | None, S.ROUTING] = None
    """The sender's own id for the alert that opened it; None where the case itself did."""
    obligation_id: Annotated[str | None, S.ROUTING] = None
    """The obligation that its lapse made, or its escalation before that, to which people answer; of an answer, its own id."""
    child: Annotated[str | None, S.ROUTING] = None
    """The key of the child that it is about, where the rule has one clock for each."""
    opened_at: Annotated[Moment, S.ROUTING]
    due: Annotated[Moment | None, S.ROUTING] = None
    state: Annotated[ItemState, S.ROUTING] = ItemState.OPEN
    closed_at: Annotated[Moment | None, S.ROUTING] = None
    closed_by: Annotated[str | None, S.ROUTING] = None
    """The sender's own id of the statement that closed it; of an answer, the id of the receipt."""
    reason: Annotated[str | None, S.ROUTING] = None
    """Why it lapsed, by a code of the policy's list; `unknown` until a person says (CLK-14). None before it has."""
    suspended_at: Annotated[Moment | None, S.ROUTING] = None
    steps: Annotated[tuple[ItemStep, ...], S.ROUTING] = ()
    """Who was told, in order."""
    next: Annotated[ItemStep | None, S.ROUTING] = None
    """Who is told next, and when; None when nobody is."""
    unowned: Annotated[bool, S.ROUTING] = False
    """Every step is taken and nobody by name has answered."""
    cite: Annotated[tuple[str, ...], S.ROUTING] = ()
    policy_version: Annotated[str, S.ROUTING]
    exercise: Annotated[str | None, S.ROUTING] = None
    at: Annotated[Moment, S.ROUTING]

    @property
    def overdue_since(self) -> datetime | None:
        """Since when it is late; None while it is not, and once it is closed."""
        return self.due if self.state is ItemState.MISSED and self.closed_at is None else None
