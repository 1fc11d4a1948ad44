"""Where a prisoner is, as prison and probation have stated it: in custody or at liberty, since when, by whose word (PRI-05, PRI-06). Pure.

Nobody is in prison because nothing was said: without a movement the answer is "not stated" (NOT-11).
"""

from collections.abc import Collection, Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from alertbus.model.alert import MOVEMENTS, AcceptedAlert, Action
from alertbus.model.base import Word
from alertbus.model.case import in_uk
from alertbus.model.sensitivity import Sensitivity as S

RELEASE, AT_LARGE = "prisoner_release", "unlawfully_at_large"


class CustodyState(StrEnum):
    """Where somebody is. Shown to practitioners; values are stable."""

    IN_CUSTODY = "in_custody"
    AT_LIBERTY = "at_liberty"
    UNLAWFULLY_AT_LARGE = "unlawfully_at_large"
    NOT_STATED = "not_stated"


class Movement(Word):
    """One statement that somebody left prison, is to leave it, or is back there. `day` is when that happens; `withdrawn`: taken back,
    and is kept so that it does not count again when it is read again.
    """

    alert_id: Annotated[str, S.ROUTING]
    person_ids: Annotated[tuple[str, ...], S.ROUTING] = ()
    kind: Annotated[str, S.ROUTING]
    day: Annotated[date, S.ACTION]
    stated_on: Annotated[date, S.ROUTING]
    source: Annotated[str, S.ROUTING]
    """The agency that stated it."""
    confirmed: Annotated[bool | None, S.ROUTING] = None
    withdrawn: Annotated[bool, S.ROUTING] = False

    @classmethod
    def stated_by(cls, statement: AcceptedAlert) -> Self | None:
        """The movement of a statement's subjects; None for a statement of another kind."""
        alert = statement.alert
        if alert.kind not in MOVEMENTS:
            return None
        release = alert.details.release
        dated = release.date if alert.kind == RELEASE and release else None
        return cls(
            alert_id=statement.alert_id,
            person_ids=tuple(sorted({one for ids in statement.people[: len(alert.subjects)] for one in ids})),
            kind=alert.kind,
            day=dated or in_uk(alert.occurred_at).date(),
            stated_on=in_uk(alert.recorded_at).date(),
            source=alert.agency,
            confirmed=release.confirmed if release else None,
            withdrawn=alert.action is Action.WITHDRAWN,
        )


class Custody(Word):
    """Where somebody is on a day, and a release that lies ahead. `since` and `source` are those of the movement that says so."""

    state: Annotated[CustodyState, S.OFFENCE] = CustodyState.NOT_STATED
    """In custody, at liberty, unlawfully at large, or not stated."""
    since: Annotated[date | None, S.OFFENCE] = None
    """The day of the movement that says so."""
    stated_on: Annotated[date | None, S.OFFENCE] = None
    """The day on which that was stated."""
    source: Annotated[str | None, S.OFFENCE] = None
    """The agency that stated it."""
    release_on: Annotated[date | None, S.ACTION] = None
    """A release that lies ahead."""
    release_confirmed: Annotated[bool | None, S.ACTION] = None
    """Whether that day is sure; None: not stated."""


def custody_on(day: date, movements: Iterable[Movement], person_ids: Collection[str]) -> Custody:
    """Where the person with these ids is on that day: by the movement that happened last until then, of two of one day by the one stated
    later. A recall ends a release that was stated before it for a later day (PRI-05); a release ahead says that somebody is in custody.
    """
    stated = [one for one in movements if not one.withdrawn and not set(one.person_ids).isdisjoint(person_ids)]
    recalls = [one.day for one in stated if not MOVEMENTS[one.kind] and one.day <= day]
    theirs = [one for one in stated if one.kind != RELEASE or not any(one.stated_on < recalled <= one.day for recalled in recalls)]
    happened = max((one for one in theirs if one.day <= day), key=_order, default=None)
    ahead = (one for one in theirs if one.kind == RELEASE and one.day > day)
    next_release = min(ahead, key=lambda one: (one.day, one.alert_id), default=None)
    known = happened or next_release
    if known is None:
        return Custody()
    inside = happened is None or not MOVEMENTS[happened.kind] or (next_release is not None and next_release.stated_on > happened.day)
    out = CustodyState.UNLAWFULLY_AT_LARGE if known.kind == AT_LARGE else CustodyState.AT_LIBERTY
    return Custody(
        state=CustodyState.IN_CUSTODY if inside else out,
        since=happened.day if happened and not (inside and MOVEMENTS[happened.kind]) else None,
        stated_on=known.stated_on,
        source=known.source,
        release_on=next_release.day if next_release else None,
        release_confirmed=next_release.confirmed if next_release else None,
    )


def _order(one: Movement) -> tuple[date, date, str]:
    return (one.day, one.stated_on, one.alert_id)


def is_under_one(born: date | None, day: date) -> bool:
    """True if a child whose birthday is known is alive to be less than a year old on that day (PRI-06); the age is ours."""
    return born is not None and born <= day < _a_year_after(born)


def _a_year_after(born: date) -> date:
    try:
        return born.replace(year=born.year + 1)
    except ValueError:  # the 29th of February
        return date(born.year + 1, 3, 1)
