"""A scenario's timeline moved in time as a whole, so that one of its events is the latest news of today. Pure.

The desk is looked at today; a family whose last alert is years old would show it nothing but lapses. Every date moves by the same number of
days, so that all that lies between two events stays as it was. What had not happened by then is not there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alertbus.model.alert import Alert
from alertbus.model.case import Case
from alertbus.rehearsal.scenario import Event, Scenario

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T.+)?")
_UK = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class MovedTo:
    """`last` is the event that happens at `now`; what was before `told_from` is on record and told nobody (INT-10)."""

    last: str
    told_from: str
    now: datetime


def moved(scenario: Scenario, to: MovedTo, called: Mapping[str, str]) -> Scenario:
    """Move it. `called` gives people at work a name for the short labels that the scenario has for them."""
    ids = [event.id for event in scenario.events]
    kept = scenario.events[: ids.index(to.last) + 1]
    days = (to.now.astimezone(_UK).date() - kept[-1].day).days
    told_from = ids.index(to.told_from)
    events = tuple(_event(event, days, to, called, history=number < told_from) for number, event in enumerate(kept))
    today = kept[-1].day
    return replace(scenario, cases=tuple(_case(case, days, today, called) for case in scenario.cases), events=events)


def _event(event: Event, days: int, to: MovedTo, called: Mapping[str, str], *, history: bool) -> Event:
    body = _named(_shifted(event.alert.model_dump(mode="json", by_alias=True, exclude_defaults=True), days), called)
    day = event.day + timedelta(days=days)
    if day == to.now.astimezone(_UK).date():
        body |= {"occurred_at": to.now.isoformat(), "recorded_at": to.now.isoformat()}
    body["history"] = history or event.alert.history
    return replace(event, day=day, alert=Alert.model_validate(body))


def _case(case: Case, days: int, today: date, called: Mapping[str, str]) -> Case:
    """The case as it was known on that day: nothing of it lies ahead."""
    body = case.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for person in body["people"]:
        if _ahead(person.get("died"), today):
            del person["died"]
    for spells in ("involvements", "episodes"):
        body[spells] = [one for one in body.get(spells, ()) if not _ahead(one.get("from"), today)]
        for one in body[spells]:
            if _ahead(one.get("to"), today):
                del one["to"]
    return Case.model_validate(_named(_shifted(body, days), called))


def _named(value: Any, called: Mapping[str, str]) -> Any:
    """The same with a name wherever a label stands alone."""
    if isinstance(value, dict):
        return {name: _named(one, called) for name, one in value.items()}
    if isinstance(value, list):
        return [_named(one, called) for one in value]
    return called.get(value, value) if isinstance(value, str) else value


def _ahead(on: str | None, today: date) -> bool:
    return on is not None and date.fromisoformat(on[:10]) > today


def _shifted(value: Any, days: int) -> Any:
    """The same with every date and moment moved; words in which a date is written are left as they are."""
    if isinstance(value, dict):
        return {name: _shifted(one, days) for name, one in value.items()}
    if isinstance(value, list):
        return [_shifted(one, days) for one in value]
    if isinstance(value, str) and (found := _DATE.fullmatch(value)):
        return (date.fromisoformat(found[1]) + timedelta(days=days)).isoformat() + (found[2] or "")
    return value
