"""A family's page in plain words: what the reader may call it, where somebody is, what is owed and who is next. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.case_status import CaseStatus
from alertbus.chronicle.item_sight import ItemShown
from alertbus.chronicle.tables import ANSWERED
from alertbus.desk.in_words import agency, day, moment, role, span
from alertbus.model.briefing import BriefedLink
from alertbus.model.custody import Custody, CustodyState
from alertbus.model.item import ANSWER
from alertbus.model.notice import NoticePerson
from alertbus.plugin.sections import called_in_words

_CUSTODY: Mapping[CustodyState, str] = MappingProxyType(
    {
        CustodyState.IN_CUSTODY: "In prison",
        CustodyState.AT_LIBERTY: "Not in prison",
        CustodyState.UNLAWFULLY_AT_LARGE: "Unlawfully at large",
    }
)


@dataclass(frozen=True, slots=True)
class LinkedAdult:
    """Somebody who is linked to the children, as far as the reader may know them."""

    called: str
    link: BriefedLink
    custody: str
    """Where they are, by whose word; empty where nothing was stated or may be known."""


@dataclass(frozen=True, slots=True)
class OwedLine:
    """Something that is owed by a time: by whom, and who is asked next. `due` is said of the earliest, where several owe an answer."""

    what: str
    due: str
    overdue: bool
    who: tuple[str, ...]
    next: tuple[str, ...]
    child: str | None = None


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert that the reader's agency was told, whatever number of its roles were asked."""

    item: InboxItem
    stands: tuple[str, ...]
    overdue: bool


def family_called(children: Sequence[NoticePerson]) -> str:
    """What the reader may call the family: its children, as the reader may name them; else that it is a family."""
    named = list(dict.fromkeys(map(called_in_words, children)))
    if not named:
        return "A family"
    first, rest = named[:3], len(named) - 3
    if rest > 0:
        return f"{', '.join(first)} and {rest} more"
    return " and ".join(filter(None, (", ".join(first[:-1]), first[-1])))


def linked_adults(status: CaseStatus, now: datetime) -> list[LinkedAdult]:
    """Who is linked, in the order of the case file."""
    people = {one.ref: _adult_called(one) for one in status.people}
    return [LinkedAdult(people.get(one.ref, "an adult"), one, custody_line(one.custody, now)) for one in status.links]


def _adult_called(person: NoticePerson) -> str:
    """By name, where the reader may know it; else as the case calls them, or by what they are to the children."""
    return (person.name.full if person.name else "") or person.label or called_in_words(person)


def custody_line(custody: Custody | None, now: datetime) -> str:
    """Where somebody is, since when and by whose word; and a release that lies ahead."""
    if custody is None or custody.state is CustodyState.NOT_STATED:
        return ""
    since = f" since {day(custody.since, now)}" if custody.since else ""
    source = f", as {agency(custody.source)} stated" if custody.source else ""
    stated = f" {day(custody.stated_on, now)}" if custody.source and custody.stated_on else ""
    ahead = ""
    if custody.release_on:
        sure = {True: "confirmed", False: "not confirmed", None: "not stated whether confirmed"}[custody.release_confirmed]
        ahead = f". Release on {day(custody.release_on, now)} ({sure})"
    return f"{_CUSTODY[custody.state]}{since}{source}{stated}{ahead}"


def owed_lines(items: Iterable[ItemShown], status: CaseStatus, titles: Mapping[str, str], now: datetime) -> list[OwedLine]:
    """What is open, the longest overdue first, and who is asked next while nobody answers. The answers to one alert are one line. `titles`:
    what each kind is called.
    """
    children = {one.ref: called_in_words(one) for one in status.children}
    groups: dict[str, list[ItemShown]] = {}
    for one in items:
        groups.setdefault(f"{ANSWER} {one.alert_id}" if one.rule == ANSWER and one.alert_id else one.id, []).append(one)
    return [
        OwedLine(
            what=_what(some[0], titles),
            due=_due(some[0], now),
            overdue=some[0].overdue,
            who=tuple(dict.fromkeys(f"{agency(one.agency)} ({role(one.role)})" for one in some)),
            next=tuple(dict.fromkeys(filter(None, (_next(one, now, alone=len(some) == 1) for one in some)))),
            child=children.get(some[0].child or ""),
        )
        for some in groups.values()
    ]


def _what(one: ItemShown, titles: Mapping[str, str]) -> str:
    if one.rule != ANSWER:
        return one.title
    return f"An answer: {titles.get(one.kind, one.title) if one.kind else one.title}"


def visits_due(items: Iterable[ItemShown], now: datetime) -> list[str]:
    """Who has a visit to make: where a warning stands, they may go together (VPF-09)."""
    owed = [one for one in items if "visit" in one.rule and one.due is not None]
    return list(dict.fromkeys(f"{agency(one.agency)}, due {moment(one.due, now)}" for one in owed))


def told_alerts(told: Iterable[InboxItem]) -> list[ToldAlert]:
    """What the reader's own agency was told, an alert once, with how far its answers have come."""
    by_alert: dict[str, list[InboxItem]] = {}
    for item in told:
        by_alert.setdefault(item.obligation.alert_id, []).append(item)
    return [
        ToldAlert(some[0], tuple(dict.fromkeys(map(_told_state, some))), any(one.overdue for one in some)) for some in by_alert.values()
    ]


def _told_state(item: InboxItem) -> str:
    if item.state in ANSWERED:
        done = f"{item.acknowledged_by} is acting on it" if item.acknowledged_by else "It is over"
        return f"{item.acted_by} said what was done" if item.acted_by else done
    return "Waits for an answer, and is overdue" if item.overdue else "Waits for an answer"


def _due(one: ItemShown, now: datetime) -> str:
    if one.suspended_at is not None:
        return f"Its clock stands still since {moment(one.suspended_at, now)}"
    if one.due is None:
        return "No time is set, or it is not yours to know"
    if one.overdue:
        return f"Overdue by {span(now - one.due)}" if one.due < now else f"Overdue since {moment(one.due, now)}"
    if one.due < now:
        return f"Was due {moment(one.due, now)}"
    return f"Within {span(one.due - now)}" if one.due - now < timedelta(days=2) else f"By {moment(one.due, now)}"


def _next(one: ItemShown, now: datetime, *, alone: bool) -> str:
    """Who is asked next, and when; with the agency, where several owe it."""
    whose = "" if alone else f"{agency(one.agency)}: "
    if one.unowned:
        return f"{whose}everybody was asked, and nobody is left to ask"
    return (
        ""
        if one.next is None
        else f"{whose}{role(one.next.role) or 'nobody is left to ask, and an alarm goes off'}, {moment(one.next.at, now)}"
    )
