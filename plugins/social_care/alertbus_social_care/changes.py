"""What a notice changes on an open case, element by element, in the words of the census.

Only the elements, and no `Message` of their own: a whole one would need the day and the source of the referral, which the case system has
and the bus does not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from alertbus.plugin import Notice, in_uk
from alertbus.plugin.wording import section
from alertbus_social_care.census import closure_code
from alertbus_social_care.referral import children_of

CHILD_PROTECTION = frozenset({"child_protection", "child_protection_plan"})
CHILD_IN_NEED = frozenset({"child_in_need", "child_in_need_plan"})
CLOSED = "closed"

ASK_REASON = "Why the case was closed: nobody has stated it by its code (RC1 to RC9). Their own words, if any, stand in `stated`."
ASK_CATEGORY = "The category of abuse: nobody has stated it to us."


@dataclass(frozen=True, slots=True)
class Change:
    """One element and its value; None where it is for somebody to complete, and `why` says what is asked. `children` by `ref`, or all."""

    element: str
    value: str | None
    why: str | None = None
    children: tuple[str, ...] = ()


def changes(notice: Notice) -> list[Change]:
    """Give what is to be recorded on the open case. Nothing of what has ended: that a statement was taken back does not say what holds."""
    if notice.deed.ends or notice.briefing is not None:
        return []
    of_kind = _OF_KIND.get(notice.obligation.kind)
    return [*of_kind(notice)] if of_kind else []


def _status(notice: Notice) -> Iterator[Change]:
    stated = section(notice, "status_change")
    to, day = stated.get("to"), _day(notice, stated.get("effective"))
    if to == CLOSED:
        code = closure_code(stated.get("reason"))
        yield Change("CINclosureDate", day)
        yield Change("ReasonForClosure", code, None if code else ASK_REASON)
    elif to in CHILD_PROTECTION:
        yield from _plan_begins(day)
    elif to in CHILD_IN_NEED:
        yield Change("CINPlanStartDate", day)


def _conference(notice: Notice) -> Iterator[Change]:
    stated = section(notice, "conference")
    which, outcome, day = stated.get("type"), stated.get("outcome"), _day(notice)
    if which == "initial":
        yield Change("DateOfInitialCPC", day)
    if which == "review":
        yield Change("CPPreviewDate", day)
        if outcome in CHILD_IN_NEED:
            yield Change("CPPendDate", day)
    elif outcome in CHILD_PROTECTION:
        yield from _plan_begins(day)


def _meeting(notice: Notice) -> Iterator[Change]:
    stated = section(notice, "meeting")
    if stated.get("type") == "strategy" and stated.get("s47") is True and stated.get("state") in {None, "held"}:
        yield Change("S47ActualStartDate", _day(notice))


def _plan_begins(day: str) -> Iterator[Change]:
    yield Change("CPPstartDate", day)
    yield Change("InitialCategoryOfAbuse", None, ASK_CATEGORY)
    yield Change("LatestCategoryOfAbuse", None, ASK_CATEGORY)


def _day(notice: Notice, effective: object = None) -> str:
    """The day in the United Kingdom on which it happened, or from which it holds where that is stated."""
    try:
        return date.fromisoformat(str(effective)).isoformat()
    except ValueError:
        return in_uk(notice.occurred_at).date().isoformat()


def _birth(notice: Notice) -> Iterator[Change]:
    return (Change("PersonBirthDate", p.born.isoformat(), children=(p.ref,)) for p in children_of(notice) if p.born)


def _death(notice: Notice) -> Iterator[Change]:
    return (Change("PersonDeathDate", p.died.isoformat(), children=(p.ref,)) for p in children_of(notice) if p.died)


_OF_KIND: Mapping[str, Callable[[Notice], Iterator[Change]]] = {
    "case_status_change": _status,
    "conference_outcome": _conference,
    "meeting": _meeting,
    "birth": _birth,
    "death": _death,
}
