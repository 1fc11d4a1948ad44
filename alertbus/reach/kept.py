"""What a case's state keeps of items and answers: words, and no rules. Each is one entry of a mapping, written when it changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from alertbus.model.alert import Action
from alertbus.model.base import Count, Moment, Word
from alertbus.model.briefing import BriefedHandover
from alertbus.model.events import ItemDecided
from alertbus.model.notice import Obligation
from alertbus.model.receipt import Intent
from alertbus.model.sensitivity import Sensitivity as S


class CaseFact(Word):
    """Of a statement that reached the case, what the rules for items can ask: its kind, its times, who it is about, and the details that
    the rules name, by path.
    """

    statement_id: Annotated[str, S.ROUTING]
    alert_id: Annotated[str, S.ROUTING]
    source_id: Annotated[str, S.ROUTING]
    agency: Annotated[str, S.ROUTING]
    """Who stated it, as the alert gives its source."""
    kind: Annotated[str, S.ROUTING]
    action: Annotated[Action, S.ROUTING] = Action.RAISED
    occurred_at: Annotated[Moment, S.ROUTING]
    recorded_at: Annotated[Moment, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]
    """When it counts."""
    told_at: Annotated[Moment, S.ROUTING]
    """When the first statement of its alert counted."""
    subjects: Annotated[tuple[str, ...], S.ROUTING] = ()
    """The ids of the people it is about, but for those it names as the family's children."""
    children: Annotated[tuple[str, ...], S.ROUTING] = ()
    since: Annotated[Mapping[str, Moment], S.ROUTING] = Field(default_factory=dict)
    """Of a person found later, from when on it is about them."""
    people_version: Annotated[Count, S.ROUTING] = 0
    exercise: Annotated[str | None, S.ROUTING] = None
    by_day: Annotated[bool, S.ROUTING] = False
    """The minute at which it happened must stay unknown: a child or an anonymous caller is the source (NOT-01)."""
    said: Annotated[dict[str, Any], S.PLAN] = Field(default_factory=dict)

    @property
    def happened_at(self) -> datetime:
        """When it happened: nothing can be said to have happened later than it was said."""
        return min(self.occurred_at, self.at)

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Earlier before later, and a fixed order for what happened in one moment."""
        return (self.happened_at, self.recorded_at, self.alert_id)


class DecisionsOnItem(Word):
    """Everything that people decided about one item."""

    made: Annotated[tuple[ItemDecided, ...], S.ROUTING] = ()


class Answer(Word):
    """What a named person answered to an obligation, as far as it decides who is asked next."""

    receipt_id: Annotated[str, S.ROUTING]
    by: Annotated[str, S.ROUTING]
    to: Annotated[str | None, S.ROUTING] = None
    intent: Annotated[Intent, S.ROUTING]
    acted: Annotated[bool, S.ROUTING] = False
    at: Annotated[Moment, S.ROUTING]


class NotReached(Word):
    """A notice of an obligation that reached nobody: which, for which role, why and when delivery said so."""

    notice_id: Annotated[str, S.ROUTING]
    role: Annotated[str, S.ROUTING]
    reason: Annotated[str, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]


class EscalationAsked(Word):
    """That a named person had the next of a chain told: when, and who had been told last as they saw it (`ItemEscalated`)."""

    by: Annotated[str, S.ROUTING]
    agency: Annotated[str, S.ROUTING]
    seen: Annotated[Moment, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]


class Answers(Word):
    """Everything that was heard of one obligation: answers, by receipt; those taken back, of which may be heard first; what reached nobody;
    and who had the next of its chain told. Of an item of a rule, that alone. In the order of their times, whatever the order of arrival.
    """

    alert_id: Annotated[str, S.ROUTING]
    given: Annotated[tuple[Answer, ...], S.ROUTING] = ()
    undone: Annotated[tuple[str, ...], S.ROUTING] = ()
    not_delivered: Annotated[tuple[NotReached, ...], S.ROUTING] = ()
    escalated: Annotated[tuple[EscalationAsked, ...], S.ROUTING] = ()
    heard: Annotated[Moment, S.ROUTING]
    """The latest moment of which it was heard: while the alert is not here, it may yet arrive for a short while after that."""

    @property
    def stands(self) -> tuple[Answer, ...]:
        """The answers that were not taken back."""
        return tuple(answer for answer in self.given if answer.receipt_id not in self.undone) if self.undone else self.given


class OwnObligation(Word):
    """An obligation that the bus made itself: by a lapse, a briefing, a handover. Kept while somebody may still be asked because of it.

    The texts hold nothing about a family: whoever is asked next reads the case.
    """

    obligation: Annotated[Obligation, S.ROUTING]
    title: Annotated[str, S.ROUTING]
    summary: Annotated[str, S.ROUTING]
    action: Annotated[str, S.ROUTING]
    chain: Annotated[tuple[str, ...], S.ROUTING] = ()
    rule: Annotated[str, S.ROUTING]
    """The rule of the item, or `briefing`."""
    recipient: Annotated[str | None, S.ROUTING] = None
    """The person it is for, where it is one worker's or manager's."""
    covers: Annotated[tuple[str, ...], S.ROUTING] = ()
    """Of a briefing: the arrivals that it tells of, so that a later one the same day is told as an amendment."""
    amended: Annotated[bool, S.ROUTING] = False
    """Of a briefing: it was given more than once."""
    handover: Annotated[BriefedHandover | None, S.ROUTING] = None
    """Of a briefing: how the case came to its reader."""
    partner: Annotated[str | None, S.ROUTING] = None
    """The obligation that is over when this one is answered: that of the agency which hands over (END-03)."""
    ended_at: Annotated[Moment | None, S.ROUTING] = None
    """When it was over without an answer: what was due has been recorded, or the agency has left."""


class OverAlert(Word):
    """An alert that has left the case's state because it is over, and may come again (`comes_again`)."""

    until: Annotated[Moment, S.ROUTING]
    """When nobody can bring it any more."""
    whole: Annotated[str, S.UNCLASSIFIED]
    """All of it and of what was heard of it, as JSON."""
