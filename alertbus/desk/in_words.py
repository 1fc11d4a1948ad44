"""How pages write moments, agencies and states: plain words, in the time of the United Kingdom. Pure."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from alertbus.model.case import in_uk
from alertbus.model.name_in_words import begun, name_in_words
from alertbus.plugin.wording import agency_in_words, plain

_SHORT = timedelta(minutes=1)
_MANY = 48
_DAY = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])")

SEVERITIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"critical": ("Critical", "red"), "high": ("High", "orange"), "medium": ("Medium", "yellow"), "low": ("Low", "grey")}
)
"""How grave its sender calls it: the word, and the colour of its tag."""

WITHHELD: Mapping[str, str] = MappingProxyType(
    {
        "child_identity": "who the children are",
        "adult_identity": "who the adults are",
        "identity": "who somebody is",
        "nhs_number": "NHS numbers",
        "upn": "pupil numbers",
        "address": "addresses",
        "threat": "what was threatened",
        "offence": "offences",
        "plan": "the children's plan",
        "conference": "what a conference decided",
        "child_health": "the children's health",
        "substance": "drugs and alcohol",
        "observation": "what somebody saw or said",
        "child_voice": "the children's own words",
        "action": "what others were asked to do",
        "referrer": "who told",
        "unclassified": "information that nobody has classified yet",
        "words_held": "words that a person must look at first",
    }
)
"""What was left out of a notice, by class (`model.sensitivity`), as a reader without the words of the bus is told of it."""

RULINGS: Mapping[str, str] = MappingProxyType(
    {
        "works_with_children": "It works with the children",
        "in_the_plan": "It has a part in the plan",
        "acts_for_subject": "It works with the person whom the alert is about",
        "front_door": "It is the front door",
        "ended_lately": "Its work with the family ended lately",
        "other_unit": "Another part of it said this",
        "is_the_source": "It said this itself",
        "not_involved_then": "It did not work with the family at that time",
        "kind_not_for_them": "It is not told of this kind",
        "acts_for_somebody_else": "It works with somebody else on the case",
        "must_not_learn": "It must not learn of this, by a restriction on the case",
        "history": "It was on record before, and told to nobody",
        "nobody_linked": "Nobody of the alert is linked to the case",
        "withdrawn": "It was taken back",
        "case_changed": "It was told; the case has changed since",
    }
)
"""Why an agency is told or not (`reach.join.Ruling`, `operations.explaining`)."""

SAID_BY: Mapping[str, str] = MappingProxyType(
    {"child": "a child", "parent": "a parent", "professional": "a professional", "public": "a member of the public"}
)


def moment(at: datetime | None, now: datetime | None = None) -> str:
    """`Mon 23 Nov, 09:00`; the year where it is not this one; the day alone where the minute is not told (NOT-01)."""
    if at is None:
        return "not stated"
    local = in_uk(at)
    if local.timetz().replace(tzinfo=None) == time():
        return day(local.date(), now)
    return f"{day(local.date(), now)}, {local:%H:%M}"


def dated(words: str) -> str:
    """Sentences of the bus's own with their days written as people write them: `since 2026-02-01` as `since Sun 1 Feb 2026`."""
    return _DAY.sub(lambda found: _as_written(found[0]), words)


def _as_written(iso: str) -> str:
    try:
        return day(date.fromisoformat(iso))
    except ValueError:  # it looks like a day and is none
        return iso


def clock(at: datetime) -> str:
    """`09:05`, of a moment that is near."""
    return f"{in_uk(at):%H:%M}"


def to_the_second(at: datetime) -> str:
    """`Mon 23 Nov, 09:05:07`, for whoever follows what takes seconds."""
    local = in_uk(at)
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M:%S}"


def age(seconds: float) -> str:
    """`12 s`, `3 minutes`: how long something has waited."""
    return f"{int(seconds)} s" if timedelta(seconds=seconds) < _SHORT else span(timedelta(seconds=seconds))


def day(on: date | None, now: datetime | None = None) -> str:
    """`Mon 23 Nov`, with the year where it is not this one."""
    if on is None:
        return "not stated"
    year = "" if now is not None and in_uk(now).year == on.year else f" {on.year}"
    return f"{on:%a} {on.day} {on:%b}{year}"


def span(length: timedelta) -> str:
    """`40 minutes`, `2 hours`, `3 days`: the largest unit that says it, rounded down."""
    if length < _SHORT:
        return "less than a minute"
    minutes = int(length.total_seconds() // 60)
    for size, word in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        number = minutes // size
        if number >= 1 and not (word == "day" and minutes < _MANY * 60):
            return f"{number} {word}{'' if number == 1 else 's'}"
    return "less than a minute"


def agency(name: str) -> str:
    """`police.northants` as `Police (northants)`; what stands for an agency that may not be named as `a partner agency`."""
    if name == "alertbus":
        return "a partner agency"
    sector, _, part = name.partition(".")
    words = agency_in_words(sector)
    words = begun(words)
    return f"{words} ({part})" if part else words


def role(name: str | None) -> str:
    """A role in plain words."""
    return "" if name is None else name_in_words(name)


def number_name(system: str) -> str:
    """What people call a number: `NHS number`, `PNC`."""
    return _NUMBERS.get(system, plain(system))


_NUMBERS = {"nhs_number": "NHS number", "pnc": "PNC", "crn": "CRN", "upn": "pupil number", "cro": "CRO", "noms": "prison number"}
