"""An item that a person has brought to the next of its chain before it has lapsed, because they saw that it will (CLK-12). Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from alertbus.model import ids
from alertbus.model.item import ItemStep, StepKind
from alertbus.reach.item_times import first_without
from alertbus.reach.kept import EscalationAsked


class RaisedEarly(NamedTuple):
    """That a person who saw that an item will be late had it brought to the first who would be told of its lapse (CLK-12). `ended_at`: when
    it was recorded, or lapsed, which asks the same people; None before that.
    """

    by: EscalationAsked
    ended_at: datetime | None


def raised_id(item_id: str) -> str:
    """The obligation of whoever an item is brought to before it has lapsed: once for each item, whoever is first to do it."""
    return ids.lapse_id(item_id, "raised")


def escalation_step(role: str, asked: EscalationAsked) -> ItemStep:
    return ItemStep(kind=StepKind.ESCALATED, role=role, at=asked.at, by=asked.by, by_agency=asked.agency)


def first_before(
    end: datetime,
    since: datetime,
    escalated: Iterable[EscalationAsked],
    recorded: list[tuple[datetime, datetime]],
    told_at: datetime | None,
) -> EscalationAsked | None:
    """The first to escalate from one moment on and before another, at a time at which it was not recorded. Whoever was told of one already
    (`told_at`) keeps that: one that is read later and dated before it, by another clock, has nobody told again.
    """
    found = [one for one in escalated if since <= one.at < end and first_without(one.at, recorded) == one.at]
    return next((one for one in found if one.at == told_at), found[0] if found else None)
